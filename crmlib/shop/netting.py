"""Orders from order lines: summed, net of returns, as the policy says; all that is dropped or changed is counted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crmlib.engine import MONEY, Table
from crmlib.errors import SchemaError
from crmlib.shop.doubts import doubt_lines, doubt_numbers
from crmlib.shop.matching import placed

if TYPE_CHECKING:
    from crmlib import policy
    from crmlib.shop.ledger import Ledger

__all__ = ["orders"]

_LIMIT = 10**14  # what MONEY holds


def orders(rows: Table, returns: Table | None, rules: policy.Orders, ledger: Ledger) -> Table:
    """Sum lines to orders, net returns, and apply the policy to zero amounts and same-day orders.

    Parameters
    ----------
    rows
        From `crmlib.shop.lines.lines`, up to the day the shop is looked at.
    returns
        customer_id, order_id, order_ts (of the return) and amount (negative) of money given back, if the source
        keeps it apart.
    rules
        What counts as an order.
    ledger
        Where findings go.

    Returns
    -------
    Table
        customer_id, order_id, order_ts, amount.
    """
    engine = rows.engine
    read, own = len(rows), rows
    if returns is not None:
        picked = "select customer_id, order_id, order_ts, amount from"
        rows = engine.table(f"{picked} {rows.name} union all {picked} {returns.name}")
    back, back_amount = engine.rows(f"select count(*), sum(amount) from {rows.name} where amount < 0")[0]
    if back and rules.returns == "ignore":
        ledger.note("rows of money given back: left out", back, back_amount, aloud=True)
        rows = engine.table(f"select * from {rows.name} where amount >= 0")
    elif back:
        ledger.note("rows of money given back: netted", back, back_amount, aloud=True)
    totals = engine.query("order_totals", {"lines": rows})
    summed = max(0, read - len(totals))
    ledger.note("lines summed into orders", summed)
    if summed:
        doubt_lines(own, ledger)
        doubt_numbers(totals, ledger)
    if engine.rows(f"select count(*) from {totals.name} where amount < 0")[0][0]:
        totals = _netted(totals, ledger)
    kept = _kept(totals, rules, ledger)
    if rules.same_day == "merge":
        merged = engine.query("order_same_day", {"orders": kept})
        ledger.note("orders merged with another of the same customer and day", len(kept) - len(merged))
        return merged
    return kept


def _netted(totals: Table, ledger: Ledger) -> Table:
    engine = totals.engine
    netted = placed(totals, ledger)
    unplaced, unplaced_amount, over, over_amount = engine.rows(
        "select count(*) filter (where unplaced < 0 and bought = 0), sum(unplaced) filter (where bought = 0), "
        "count(*) filter (where unplaced < 0 and bought = 1), sum(unplaced) filter (where bought = 1) "
        f"from {netted.name}"
    )[0]
    ledger.note("returns with no order before them: dropped", unplaced, unplaced_amount, aloud=True)
    ledger.note("orders given back for more than they cost: the rest is dropped", over, over_amount, aloud=True)
    names = ("customer_id", "order_id", "order_ts", "amount", "gave_back")
    columns = ", ".join(
        f"cast(o.{name} as decimal(38, 4)) as {name}" if name == "amount" else f"o.{name}" for name in names
    )
    return engine.table(
        f"select {columns} from {netted.name} as o where is_return = 0 union all "
        f"select {columns} from {totals.name} as o left join "
        f"(select distinct customer_id from {totals.name} where amount < 0) as returners "
        "on o.customer_id = returners.customer_id where returners.customer_id is null"
    )


def _kept(totals: Table, rules: policy.Orders, ledger: Ledger) -> Table:
    """Leave out what the policy does not count as a purchase."""
    engine = totals.engine
    returned, free, largest = engine.rows(
        "select count(*) filter (where amount = 0 and gave_back = 1), "
        "count(*) filter (where amount = 0 and gave_back = 0), "
        f"max(amount) from {totals.name}"
    )[0]
    if largest is not None and largest >= _LIMIT:
        raise SchemaError(f"An order sums up to {largest:,}: amounts must stay below {_LIMIT:,}. Mend the amounts.")
    ledger.note(f"orders given back whole: {'kept at 0' if rules.fully_returned == 'keep' else 'dropped'}", returned)
    ledger.note(f"orders of amount 0: {'kept' if rules.zero_amount == 'keep' else 'dropped'}", free)
    conditions = [
        *(["not (amount = 0 and gave_back = 1)"] if rules.fully_returned == "drop" else []),
        *(["not (amount = 0 and gave_back = 0)"] if rules.zero_amount == "drop" else []),
    ]
    return engine.table(
        f"select customer_id, order_id, order_ts, cast(amount as {MONEY}) as amount "
        f"from {totals.name} where {' and '.join(conditions) or 'true'}"
    )
