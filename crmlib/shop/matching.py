"""Returns under ids of their own, against the orders they can belong to.

First those of the very amount of one earlier order, then of several in a row, then the latest orders as far as they
reach. For a customer of whom the first two would leave more money unplaced, the last does it all.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from crmlib.engine import Table
    from crmlib.shop.ledger import Ledger

__all__ = ["placed"]

_COLUMNS = "customer_id, order_id, order_ts, amount, gave_back, is_return, bought, unplaced"


def placed(totals: Table, ledger: Ledger) -> Table:
    """Return the orders and returns of customers with returns, each order with what is left of it.

    Parameters
    ----------
    totals
        Orders, and returns that are negative.
    ledger
        Which says whether orders are numbered here; where findings go.

    Returns
    -------
    Table
        customer_id, order_id, order_ts, amount, gave_back, is_return, bought (whether there was an order before), and
        unplaced (the money of a return that no order could carry).
    """
    engine, numbered = totals.engine, int(ledger.numbered)
    # whoever never gave anything back is no part of it
    totals = engine.computed(
        engine.table(
            f"select * from {totals.name} where customer_id in (select customer_id from {totals.name} where amount < 0)"
        )
    )
    latest_first = engine.computed(engine.query("order_netting", {"totals": totals}, numbered=numbered))
    singles = engine.computed(engine.query("order_exact", {"totals": totals}, numbered=numbered))
    runs = engine.query("order_runs", {"totals": _without(totals, singles)}, numbered=numbered)
    matched = engine.computed(engine.table(f"select * from {singles.name} union all select * from {runs.name}"))
    if not len(matched):
        return latest_first
    touched = engine.computed(
        engine.table(f"select * from {totals.name} where customer_id in (select customer_id from {matched.name})")
    )
    others = engine.computed(_without(touched, matched))
    rest = engine.computed(engine.query("order_netting", {"totals": others}, numbered=numbered))
    after = f"select customer_id, sum(unplaced) as unplaced from {rest.name} group by customer_id"
    better = engine.computed(
        engine.table(
            "select before.customer_id from (select customer_id, sum(unplaced) as unplaced "
            f"from {latest_first.name} group by customer_id) as before "
            f"inner join (select distinct customer_id from {matched.name}) as with_match "
            "on before.customer_id = with_match.customer_id "
            f"left join ({after}) as later on before.customer_id = later.customer_id "
            "where coalesce(later.unplaced, 0) >= before.unplaced"
        )
    )
    so = f"customer_id in (select customer_id from {better.name})"
    back, amount = engine.rows(f"select count(*), sum(amount) from {matched.name} where amount < 0 and {so}")[0]
    ledger.note(
        "returns of the very amount of an order before them, or of several in a row: netted with it", back, amount
    )
    amounts = "cast(amount as decimal(38, 4)) as amount"
    as_it_was = "0 as is_return, 1 as bought, cast(0 as decimal(38, 4)) as unplaced"
    mine = "all_of_it.customer_id = matched.customer_id and all_of_it.order_id = matched.order_id"
    return engine.table(
        f"select {_COLUMNS} from {latest_first.name} where not {so} "
        f"union all select {_COLUMNS} from {rest.name} where {so} "
        f"union all select customer_id, order_id, order_ts, {amounts}, gave_back, {as_it_was} "
        f"from {others.name} where {so} "
        f"and customer_id not in (select customer_id from {rest.name}) "
        "union all select all_of_it.customer_id, all_of_it.order_id, all_of_it.order_ts, "
        f"cast(0 as decimal(38, 4)) as amount, 1 as gave_back, {as_it_was} from {touched.name} as all_of_it "
        f"inner join {matched.name} as matched on {mine} "
        f"where all_of_it.amount > 0 and all_of_it.{so}"
    )


def _without(totals: Table, matched: Table) -> Table:
    """Leave out what was matched."""
    columns = ", ".join(f"totals.{name}" for name in totals.columns)
    return totals.engine.table(
        f"select {columns} from {totals.name} as totals left join {matched.name} as matched "
        "on totals.customer_id = matched.customer_id and totals.order_id = matched.order_id "
        "where matched.order_id is null"
    )
