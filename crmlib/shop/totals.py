"""An order's total that stands on one of the order's lines, or on each, where a sum would count it several times.

The queries are for DuckDB and Spark alike.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from crmlib.engine import MONEY
from crmlib.errors import SchemaError
from crmlib.words import bare

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crmlib import policy
    from crmlib.engine import Table
    from crmlib.shop.facts import Place
    from crmlib.shop.ledger import Ledger

__all__ = ["stated_once", "totals_once"]

#: Names that say that the amount is the whole order's.
_WHOLE = ("ordertotal", "ordervalue", "orderamount", "grandtotal", "totaleordine", "ordertotalamount")
#: Which share of the orders of several lines must show it.
_NEARLY_ALL = 0.9
#: From which share on it is doubted.
_MANY = 0.5


def totals_once(lines: Table, place: Place, rules: policy.Orders, ledger: Ledger) -> Table:
    """Return lines whose amounts may be added: an order's total that stood on each is on the first alone.

    It is looked for where the amount's name says that it is the order's, or where quantity times price can be held
    against it. Of orders of several lines, nearly all must have one amount, not 0, on all lines; where there are
    quantities and prices, their sum must be nearer to that amount than to that of all lines.

    Parameters
    ----------
    lines
        Settled lines.
    place
        Where they come from.
    rules
        What counts as an order.
    ledger
        Where findings go.

    Raises
    ------
    SchemaError
        There are such totals, and the policy does not say what they are.
    """
    priced = {"quantity", "unit_price"} <= set(lines.columns)
    named = bare(place.found.get("amount", "")) in _WHOLE
    if "amount" not in place.found or "order_id" not in place.found or not (named or priced):
        return lines
    if rules.repeated_totals == "sum":
        return lines
    worth = "sum(quantity * unit_price)"
    nearer = f"and coalesce(abs(max(amount) - {worth}) < abs(sum(amount) - {worth}), true)" if priced else ""
    orders = (
        "select count(*) as lines, sum(amount) - max(amount) as excess, "
        f"case when min(amount) = max(amount) and max(amount) > 0 {nearer} then 1 else 0 end as repeated "
        f"from {lines.name} group by customer_id, order_id having count(*) > 1"
    )
    several, repeated, rows, excess = lines.engine.rows(
        "select count(*), sum(repeated), sum(case when repeated = 1 then lines - 1 else 0 end), "
        f"sum(case when repeated = 1 then excess else 0 end) from ({orders}) as each_order"
    )[0]
    if not several or repeated < _NEARLY_ALL * several:
        if several and named and repeated >= _MANY * several:
            finding = (
                "lines that repeat the amount of their order's others: added. If it is the order's total, mend them"
            )
            ledger.note(finding, rows, excess, aloud=True)
        return lines
    if rules.repeated_totals == "error":
        raise SchemaError(
            f"{place.column('amount')}: {repeated:,} of {several:,} orders of several lines have the same amount on "
            f"each, as the order's total has; adding them would count {excess:,.2f} too much. Say what they are: "
            "policy={'orders': {'repeated_totals': 'once'}} for totals, or 'sum' for amounts of the lines."
        )
    ledger.note("totals repeated on lines: counted once", rows, excess, aloud=True)
    once = "case when place = 1 or amount < 0 then amount else 0 end as amount"
    return _on_first_lines(lines, once, [name for name in lines.columns if name != "amount"])


def stated_once(lines: Table, place: Place, ledger: Ledger, *, once: bool) -> Table:
    """Return lines of which each order states an amount, in ``stated`` lines: once where it is known to be its total.

    Parameters
    ----------
    lines
        Checked lines, with ``stated``: whether the line says an amount.
    place
        Where they come from.
    ledger
        Where findings go.
    once
        Whether the amount is the order's.

    Raises
    ------
    SchemaError
        No line of an order states one.
    """
    engine = lines.engine
    lines = engine.computed(lines)
    silent, first = engine.rows(
        f"select count(*), min(order_id) from (select order_id from {lines.name} group by customer_id, order_id "
        "having max(case when stated then 1 else 0 end) = 0) as silent"
    )[0]
    if silent:
        more = "" if silent == 1 else f" {silent:,} orders are like that."
        raise SchemaError(
            f"{place.column('amount')}: no line of order {first!r} says an amount.{more} Write 0 where nothing was "
            "paid, or leave the order out."
        )
    columns = [name for name in lines.columns if name != "stated"]
    if not once:
        return engine.table(f"select {', '.join(columns)} from {lines.name}")
    differ, amount = engine.rows(
        "select count(*), sum(difference) from (select max(amount) - min(amount) as difference "
        f"from {lines.name} where stated and amount <> 0 group by customer_id, order_id "
        "having max(amount) > min(amount)) as differing"
    )[0]
    ledger.note("orders whose lines state different totals: the largest counts", differ, amount, aloud=True)
    total = "max(case when stated then amount end) over (partition by customer_id, order_id)"
    totals = engine.table(
        f"select {', '.join(name for name in columns if name != 'amount')}, {total} as total, "
        f"case when stated then 0 else 1 end as silent from {lines.name}"
    )
    amount_once = f"cast(case when place = 1 then coalesce(total, 0) else 0 end as {MONEY}) as amount"
    return _on_first_lines(totals, amount_once, [name for name in columns if name != "amount"], by="silent")


def _on_first_lines(lines: Table, amount: str, others: Sequence[str], *, by: str = "") -> Table:
    """Return lines with an amount that an order's first line alone may have."""
    tie = ", ".join(name for name in (by, "order_ts", "product_id", "quantity") if name in (by, *others) and name)
    first = f"row_number() over (partition by customer_id, order_id order by {tie})"
    return lines.engine.table(
        f"select {amount}, {', '.join(others)} from (select *, {first} as place from {lines.name}) as placed"
    )
