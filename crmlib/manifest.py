"""What a report stands on: which rows, from where, read how. Written beside each run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from crmlib.engine import quote

if TYPE_CHECKING:
    from crmlib.engine import Table
    from crmlib.shop import Shop

__all__ = ["checksum", "manifest"]

#: An order as text that any engine and any later version can spell again; 31 is ASCII's unit separator.
_SPELLED = (
    "concat_ws(chr(31), customer_id, order_id, cast(epoch_us(cast(order_ts as timestamp)) as varchar), "
    "cast(cast(amount * 10000 as hugeint) as varchar))"
)


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
    # the engine's own hash would be ten times as fast, and another one in its next version
    text = f"select coalesce(sum(md5_number_lower({_SPELLED})), 0) from {quote(orders.name)}"
    return f"{orders.engine.rows(text)[0][0]:024x}"


def manifest(shop: Shop) -> dict[str, Any]:
    """Say which rows a shop stands on.

    Parameters
    ----------
    shop
        From `crmlib.open_shop`.

    Returns
    -------
    dict
        source (without password), rows_read, orders, first_order, last_order, checksum, as_of, policy. ``rows_read``
        counts what came from the source, or from the cache: where `as_of` is given, later days may have stayed there.
        All else is of the orders, and the same whatever was left out.
    """
    table = shop.orders
    count, first, last = table.engine.rows(f"select count(*), min(order_ts), max(order_ts) from {quote(table.name)}")[0]
    found = dict(shop.quality()[["finding", "rows"]].itertuples(index=False, name=None))
    return {
        "source": shop.source,
        "rows_read": int(found.get("rows read", count)),
        "orders": count,
        "first_order": first.isoformat(),
        "last_order": last.isoformat(),
        "checksum": checksum(table),
        "as_of": shop.as_of.isoformat(),
        "policy": msgspec.to_builtins(shop.policy),
    }
