"""Money given back that a source keeps in a column beside the order: as a row of its own, once for each order.

The queries are for DuckDB and Spark alike.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from crmlib.engine import MONEY
from crmlib.shop.preset_columns import WHOLE

if TYPE_CHECKING:
    from crmlib.engine import Table
    from crmlib.shop.ledger import Ledger

__all__ = ["refunds_as_rows"]


def refunds_as_rows(lines: Table, returns: Table | None, ledger: Ledger) -> Table:
    """Return lines with a negative row for what was given back of each order, in place of the column ``refunded``.

    One value, on one line or on each, is the order's; several values of one order are of its lines, and are added.
    No more goes back than the order cost, and what stands in rows of its own, too, goes back once.

    Parameters
    ----------
    lines
        From `crmlib.shop.lines.lines`.
    returns
        Money given back that the source keeps in a table, if any.
    ledger
        Where findings go.
    """
    columns = [name for name in lines.columns if name != "refunded"]
    if len(columns) == len(lines.columns):
        return lines
    engine = lines.engine
    plain = f"select {', '.join(columns)} from {lines.name}"
    if not engine.rows(f"select count(*) from {lines.name} where refunded <> 0")[0][0]:
        return engine.table(plain)
    due = engine.computed(_due(lines, returns))
    beyond, twice = f"bought > 0 and refunded > bought and refunded < {WHOLE}", "back > 0 and bought > 0"
    findings = engine.rows(
        "select count(*), sum(least(refunded, bought)), "
        "count(*) filter (where several), sum(refunded) filter (where several), "
        f"count(*) filter (where {beyond}), sum(refunded - bought) filter (where {beyond}), "
        f"count(*) filter (where {twice}), sum(least(back, refunded)) filter (where {twice}), "
        f"count(*) filter (where bought = 0), sum(refunded) filter (where bought = 0 and refunded < {WHOLE}) "
        f"from {due.name}"
    )[0]
    sentences = (
        ("orders with a refund in a column of its own: netted", False),
        ("orders whose lines have different refunds: added", True),
        ("orders given back for more than they cost by the column of refunds: the rest is dropped", True),
        ("orders whose refund stands in a column and in rows of its own: taken once", True),
        ("refunds of orders that are not there: dropped", True),
    )
    for (sentence, aloud), rows, amount in zip(sentences, findings[::2], findings[1::2], strict=True):
        ledger.note(sentence, rows, amount, aloud=aloud)
    ours = {
        "customer_id": "customer_id",
        "order_id": "order_id",
        "order_ts": "order_ts",
        "amount": f"cast(back - least(refunded, bought) as {MONEY})",
    }
    # no product: it is the order's money, whichever of its lines it was paid back for
    row = ", ".join(f"{ours.get(name, 'null')} as {name}" for name in columns)
    picked = ", ".join(f"line.{name}" for name in columns)
    rows = engine.table(
        f"select {picked} from {lines.name} as line left join {due.name} as due "
        "on line.customer_id = due.customer_id and line.order_id = due.order_id where due.order_id is null "
        # a row that only tells of the refund, later than its order, is no line of it
        "or (due.bought > 0 and not (line.amount = 0 and line.refunded is not null and line.order_ts > due.bought_ts)) "
        f"union all select {row} from {due.name} where bought > 0 and least(refunded, bought) > back"
    )
    return engine.computed(rows)


def _due(lines: Table, returns: Table | None) -> Table:
    """Return each order with a refund: what was bought, what goes back by rows of their own, and by the column."""
    rows = f"select customer_id, order_id, order_ts, amount, nullif(abs(refunded), 0) as refunded from {lines.name}"
    if returns is not None:
        rows += f" union all select customer_id, order_id, order_ts, amount, null from {returns.name}"
    one = "min(refunded) = max(refunded)"
    return lines.engine.table(
        "select customer_id, order_id, min(order_ts) as bought_ts, "
        "min(case when refunded is not null then order_ts end) as order_ts, "
        f"case when {one} then max(refunded) else sum(refunded) end as refunded, not {one} as several, "
        "sum(case when amount > 0 then amount else 0 end) as bought, "
        "sum(case when amount < 0 then -amount else 0 end) as back "
        f"from ({rows}) as every_row group by customer_id, order_id having max(refunded) is not null"
    )
