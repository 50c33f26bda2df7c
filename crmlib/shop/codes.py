"""Codes redeemed in orders: a table of their own, so that orders and lines stay what they are.

The queries are for DuckDB and Spark alike.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from crmlib.engine import Table

__all__ = ["codes_apart", "with_codes"]

_COLUMN = "coupon_code"


def codes_apart(rows: Table) -> tuple[Table, Table | None]:
    """Part the codes from the rows of orders.

    Parameters
    ----------
    rows
        From `crmlib.shop.lines`.

    Returns
    -------
    tuple
        The rows without the column coupon_code; and, where they have one, customer_id, order_id, order_ts,
        coupon_code: each code of an order once, as it is written.
    """
    if _COLUMN not in rows.columns:
        return rows, None
    rest = ", ".join(name for name in rows.columns if name != _COLUMN)
    codes = rows.engine.table(
        f"select customer_id, order_id, min(order_ts) as order_ts, {_COLUMN} from {rows.name} "
        f"where {_COLUMN} is not null and {_COLUMN} <> '' and amount >= 0 group by customer_id, order_id, {_COLUMN}"
    )
    return rows.engine.table(f"select {rest} from {rows.name}"), codes


def with_codes(orders: Table, codes: Table | None, end: datetime) -> dict[str, Table]:
    """Say for each code what its order came to.

    Parameters
    ----------
    orders
        Net of returns.
    codes
        From `codes_apart`.
    end
        The first moment that does not count.

    Returns
    -------
    dict
        The table order_codes, where there are codes: customer_id, order_id, order_ts, coupon_code, amount (missing
        where the order was given back whole, and so is no order any more).
    """
    if codes is None:
        return {}
    engine = codes.engine
    return {
        "order_codes": engine.table(
            f"select codes.customer_id, codes.order_id, codes.order_ts, codes.{_COLUMN}, orders.amount "
            f"from {codes.name} as codes left join {orders.name} as orders "
            "on orders.customer_id = codes.customer_id and orders.order_id = codes.order_id "
            f"where codes.order_ts < {engine.moment(end)}"
        )
    }
