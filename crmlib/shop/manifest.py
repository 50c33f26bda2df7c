"""What a report stands on: which rows, from where, read how. Written beside each run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from datetime import datetime

    from crmlib.engine import Table
    from crmlib.shop import Shop

__all__ = ["checksum", "manifest"]


def checksum(orders: Table) -> str:
    """Return what identifies a set of orders, in whichever order they come.

    The lower halves of the orders' MD5 are summed, so an order that is there twice counts twice. It finds accidents;
    it is no seal against somebody who wants to deceive.

    Parameters
    ----------
    orders
        ``shop.orders``.

    Examples
    --------
    >>> from crmlib import open_shop
    >>> checksum(open_shop("cdnow-sample").orders)
    Opened cdnow-sample: ...
    '00000d...'
    """
    return _identified(orders)[-1]


def _identified(orders: Table) -> tuple[int, datetime, datetime, str]:
    """Return how many orders there are, the time of the first and the last, and their checksum."""
    # the engines' own hashes would be ten times as fast, and others in their next versions
    found = orders.engine.query("order_checksum", {"orders": orders})
    count, first, last, total = orders.engine.rows(f"select orders, first_ts, last_ts, checksum from {found.name}")[0]
    return count, first, last, f"{int(total or 0):024x}"


def manifest(shop: Shop) -> dict[str, Any]:
    """Say which rows a shop stands on.

    Parameters
    ----------
    shop
        From `crmlib.open_shop`.

    Returns
    -------
    dict
        source (without password), rows_read, orders, currency, first_order, last_order, checksum, as_of, policy.
        ``rows_read`` counts what came from the source: where `as_of` is given, later days may have stayed there.
        All else is of the orders, and the same whatever was left out.
    """
    count, first, last, total = _identified(shop.orders)
    found = dict(shop.quality()[["finding", "rows"]].itertuples(index=False, name=None))
    return {
        "source": shop.source,
        "rows_read": int(found.get("rows read", count)),
        "orders": count,
        "currency": shop.currency,
        "first_order": first.isoformat(),
        "last_order": last.isoformat(),
        "checksum": total,
        "as_of": shop.as_of.isoformat(),
        "policy": msgspec.to_builtins(shop.policy),
    }
