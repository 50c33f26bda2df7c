"""The next best offer of each customer, where order lines say what was bought."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from crmlib.profiles.known import Known

__all__ = ["next_offer"]


def next_offer(known: Known) -> dict[str, Any]:
    """Return the columns of the group offer.

    Parameters
    ----------
    known
        Whose shop's order lines are read.
    """
    from crmlib import offers

    shop, names = known.shop, ("next_offer", "next_offer_because")
    if "order_lines" not in shop.tables or "product_id" not in shop.order_lines.columns:
        known.absent("the shop has no order lines with products", *names)
        return {}
    baskets = offers.baskets(shop)
    if baskets.empty:
        known.absent("no order line names a product", *names)
        return {}
    first = {"offers": {"suggestions": 1, "most_items": known.rules.offers.most_items}}
    best = offers.next_best(baskets, policy=first).set_index("customer_id").reindex(known.index)
    return {"next_offer": best["item"], "next_offer_because": best["because"].where(best["because"] != "")}
