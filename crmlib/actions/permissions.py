"""Whether a person may be contacted: by purpose and channel, after every withdrawal, and by the rules of soft spam."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from crmlib import engine
from crmlib.churn.consent import consents_of
from crmlib.days import until
from crmlib.engine import quote
from crmlib.errors import SchemaError

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from crmlib.engine import Table
    from crmlib.policy import Policy
    from crmlib.shop import Shop

__all__ = ["GROUNDS", "WHY", "bought_category", "judge", "permissions"]

#: Why somebody is held back.
WHY = {
    "again_too_soon": "The trigger came again before the sequence may be entered again.",
    "condition": "A condition of the sequence or of the step does not hold.",
    "exited": "An event that ends the sequence came after its trigger.",
    "sent": "This very entry was sent before.",
    "expired": "It was due before the day on which it was looked at.",
    "no_consent": "The person never allowed it, and no exception covers the channel.",
    "withdrawn": "The person allowed it once and has withdrawn that, or has objected.",
    "no_contract": "There is no contract in force that a service message could be about.",
    "not_own_customer": "Soft spam goes to own customers only.",
    "no_opt_out_offered": "Soft spam needs an opt-out that was offered when the address was given.",
    "not_similar": "Soft spam is about goods similar to those that were bought.",
    "control": "Kept out at random, so that the effect can be measured.",
    "cap": "Enough contacts within the days of the policy's cap.",
    "sequence_cap": "Enough contacts within the days of the sequence's own cap.",
}
#: On what grounds somebody may be contacted.
GROUNDS = {
    "consent": "marketing consent in force",
    "soft_spam": "own customer, similar goods, opt-out offered",
    "contract": "about an order of theirs",
}


def permissions(shop: Shop, people: Table, rules: Policy) -> pd.DataFrame:
    """Look up what people allow, as it was known on the shop's day.

    Parameters
    ----------
    shop
        Its table ``consents``; without one, nobody allows anything.
    people
        customer_id, each once.
    rules
        Whose ``intake.later_grant`` says whether a permission that was given after a withdrawal counts.

    Returns
    -------
    pandas.DataFrame
        customer_id as index; ``service_email`` and so on, purpose and channel: 1 in force, 0 withdrawn, missing if it
        was never given; days_since_order.
    """
    consents = consents_of(shop, where=f"customer_id in (select customer_id from {people.name})")
    end = until(shop.as_of)
    restores = int(rules.intake.later_grant == "restores")
    in_force = engine.run("churn_consents", tables={"consents": consents}, until=end, restores=restores)
    tables = {"people": people, "in_force": in_force, "orders": shop.orders}
    found = engine.run("actions_permissions", tables=tables, as_of=shop.as_of, until=end)
    return found.to_pandas().set_index("customer_id")


def bought_category(shop: Shop, categories: tuple[str, ...]) -> set[str]:
    """Return the customers who bought something of these categories.

    Parameters
    ----------
    shop
        Its order lines and products.
    categories
        Their names.

    Raises
    ------
    SchemaError
        The shop does not say of which category a line is.
    """
    names = [name for name in shop.policy.personas.category if "products" in shop.tables]
    column = next((name for name in names if name in shop.products.columns), None)
    if column is None or "order_lines" not in shop.tables or "product_id" not in shop.order_lines.columns:
        raise SchemaError(
            f"policy contact.similar_goods = 'category' needs order_lines and products with a column "
            f"{' or '.join(shop.policy.personas.category)}, and the shop {shop.name!r} lacks them. Use 'shop'."
        )
    products = shop.products
    items = products.engine.table(f"select product_id, {quote(column)} as item from {products.name}")
    tables = {"lines": shop.order_lines, "products": items}
    bought = engine.run("personas_categories", tables=tables, until=until(shop.as_of)).to_pandas()
    return set(bought.loc[bought["item"].isin(categories), "customer_id"])


def judge(
    allowed: pd.DataFrame, purpose: str, channel: str, similar: NDArray[np.bool_], rules: Policy
) -> tuple[NDArray[np.object_], NDArray[np.object_]]:
    """Say whether each person may be contacted through a channel for a purpose.

    Parameters
    ----------
    allowed
        From `permissions`, one row a contact.
    purpose, channel
        Of the contact.
    similar
        Whether what it is about is similar to what the person bought.
    rules
        Whose ``contact`` holds the conditions of soft spam.

    Returns
    -------
    tuple
        For each row: why not (a key of `WHY`, or empty), and on what grounds (a key of `GROUNDS`, or empty).
    """
    marketing = allowed[f"marketing_{channel}"].to_numpy(dtype=float)
    why = np.full(len(allowed), "", dtype=object)
    ground = np.full(len(allowed), "consent", dtype=object)
    if purpose == "service":
        contract = allowed[f"service_{channel}"].to_numpy(dtype=float)
        why[np.isnan(contract)] = "no_contract"
        why[contract == 0] = "withdrawn"
        ground[:] = "contract"
    elif purpose == "marketing":
        why[np.isnan(marketing)] = "no_consent"
        why[marketing == 0] = "withdrawn"
    else:
        soft = allowed[f"soft_spam_{channel}"].to_numpy(dtype=float)
        silent = allowed["days_since_order"].to_numpy(dtype=float)
        longest = rules.contact.own_customer_days
        asked = np.isnan(marketing)  # whoever consented needs no exception
        ground[asked] = "soft_spam"
        why[asked & ~similar] = "not_similar"
        why[asked & np.isnan(soft)] = "no_opt_out_offered"
        why[asked & (np.isnan(silent) | (silent > (np.inf if longest is None else longest)))] = "not_own_customer"
        if channel not in rules.contact.soft_spam_channels:
            why[asked] = "no_consent"
        why[(marketing == 0) | (soft == 0)] = "withdrawn"
    ground[why != ""] = ""
    return why, ground
