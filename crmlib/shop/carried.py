"""Who bought and when, where only some of an order's lines say so: facts of the order, carried to its other lines.

The queries are for DuckDB and Spark alike.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crmlib.engine import Table

__all__ = ["carried"]


def carried(lines: Table, names: Sequence[str]) -> Table:
    """Return lines with what they lack from the other lines of their order, where these agree on who bought.

    Parameters
    ----------
    lines
        With a source's own order ids.
    names
        Which of ``customer_id`` and ``order_ts`` are to be filled.
    """
    engine = lines.engine
    orders = engine.table(
        "select order_id, min(customer_id) as customer_id, min(order_ts) as order_ts "
        f"from {lines.name} where order_id is not null group by order_id "
        "having min(customer_id) = max(customer_id) and "
        "min(case when customer_id is null or order_ts is null then 0 else 1 end) = 0"
    )
    picked = ", ".join(
        f"coalesce(line.{name}, facts.{name}) as {name}" if name in names else f"line.{name}" for name in lines.columns
    )
    return engine.table(
        f"select {picked} from {lines.name} as line left join {orders.name} as facts on line.order_id = facts.order_id"
    )
