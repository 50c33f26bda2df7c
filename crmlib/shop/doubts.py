"""What looks wrong in a shop's rows and may be right: said with its money, and left as it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crmlib.days import until

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

    from crmlib.engine import Table
    from crmlib.shop.ledger import Ledger

__all__ = ["doubt_late_returns", "doubt_lines", "doubt_numbers"]

#: Lines of one order so many days apart are of two.
_APART = 90


def doubt_lines(rows: Table, ledger: Ledger) -> None:
    """Say where rows that tell nothing of products repeat an order whole, as rows of two files do.

    Parameters
    ----------
    rows
        Order lines.
    ledger
        Where it is said.
    """
    if {"product_id", "quantity", "unit_price"} & set(rows.columns):
        return
    repeated = (
        "select count(*) - 1 as more, (count(*) - 1) * max(amount) as money "
        f"from {rows.name} where amount > 0 group by customer_id, order_id, order_ts, amount having count(*) > 1"
    )
    count, amount = rows.engine.rows(f"select sum(more), sum(money) from ({repeated}) as repeated")[0]
    ledger.note(
        "rows that repeat another's customer, order, time and amount: added. If they are doubled, say so: "
        "policy={'orders': {'duplicate_rows': 'drop'}}",
        count or 0,
        amount,
        aloud=True,
    )


def doubt_numbers(totals: Table, ledger: Ledger) -> None:
    """Say where one order number was used twice, long apart.

    Parameters
    ----------
    totals
        Orders, with the time of the last line bought as ``last_ts``.
    ledger
        Where it is said.
    """
    count, amount, example = totals.engine.rows(
        f"select count(*), sum(amount), min(order_id) from {totals.name} "
        f"where day_index(last_ts) - day_index(order_ts) > {_APART}"
    )[0]
    ledger.note(
        f"orders whose lines are more than {_APART} days apart, such as {example!r}: one order each. If their numbers "
        "were used twice, make them differ",
        count,
        amount,
        aloud=True,
    )


def doubt_late_returns(tables: Iterable[Table | None], as_of: date, ledger: Ledger) -> None:
    """Say which money was given back after the day that was derived from the orders: it lowers none of them yet.

    Parameters
    ----------
    tables
        Order lines and returns, of any day.
    as_of
        The day.
    ledger
        Where it is said.
    """
    for rows in tables:
        if rows is None:
            continue
        count, amount, last = rows.engine.rows(
            f"select count(*), sum(amount), max(order_ts) from {rows.name} "
            f"where amount < 0 and order_ts >= {rows.engine.moment(until(as_of))}"
        )[0]
        if count:
            way = f"To count it, look on a later day: as_of={str(last.date())!r}"
            ledger.note(f"money given back after {as_of}: not counted yet. {way}", count, amount, aloud=True)
