"""From orders to the unique rows that a model of purchases learns from, and from yesterday's to today's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from crmlib import engine
from crmlib.clv.summary import Period, days_of
from crmlib.days import as_day, until
from crmlib.errors import CrmlibError, SchemaError
from crmlib.schema import require

if TYPE_CHECKING:
    from datetime import date
    from typing import TypeVar

    import pandas as pd

    Frame = TypeVar("Frame", pd.DataFrame, engine.Table)

__all__ = ["histories", "updated_histories"]


def histories(orders: Frame, *, as_of: date | str, period: Period = "D") -> Frame:
    """Reduce orders to the unique histories of customers, each with the number of customers who have it.

    That is ``collapse(summarize(...))`` in half the time and memory, for who wants a model and no table of customers:
    amounts are not read, and nothing per customer is kept.

    Parameters
    ----------
    orders
        customer_id, order_ts; one row an order.
    as_of, period
        As for `crmlib.clv.summarize`.

    Returns
    -------
    pandas.DataFrame or Table
        frequency, recency, T, weights: what the models' ``fit`` takes.

    Raises
    ------
    SchemaError
        A column is missing, or nobody had bought by that day.

    Examples
    --------
    >>> import pandas as pd
    >>> orders = pd.DataFrame({
    ...     "customer_id": ["ann", "ann", "bob", "cyd"],
    ...     "order_ts": pd.to_datetime(["2024-01-01", "2024-01-11", "2024-01-03", "2024-01-03"]),
    ... })
    >>> histories(orders, as_of="2024-01-31")
       frequency  recency     T  weights
    0        0.0      0.0  28.0      2.0
    1        1.0     10.0  30.0      1.0
    """
    require(orders, "orders", ("customer_id", "order_ts"))
    day = as_day(as_of)
    found = engine.run(
        "clv_histories", tables={"orders": orders}, as_of=day, until=until(day), period_days=days_of(period)
    )
    if not len(found):
        raise SchemaError(f"orders: nobody had bought by {day}. Choose a later as_of.")
    return found


def updated_histories(rows: Any, orders: Frame, *, since: date | str, as_of: date | str, period: Period = "D") -> Frame:
    """Make the unique histories of one day those of a later one: only who bought meanwhile is counted anew.

    Everybody else has grown older by as many periods. It equals ``histories(orders, as_of=as_of)`` as long as nothing
    that was known at `since` has changed (no order added late, taken back whole, or mended): `crmlib.open_shop` with
    ``cache=`` says whether it has. What it can see, a history that the rows do not hold, is an error.

    Parameters
    ----------
    rows
        From `histories`, as of `since`: a table of the engine or of pandas.
    orders
        All orders, the new ones among them.
    since
        The day as of which `rows` were made.
    as_of
        The later day.
    period
        That of `rows`.

    Returns
    -------
    pandas.DataFrame or Table
        As from `histories`.

    Raises
    ------
    CrmlibError
        `as_of` is before `since`, or the rows were not made from these orders.

    Examples
    --------
    >>> import pandas as pd
    >>> orders = pd.DataFrame({
    ...     "customer_id": ["ann", "ann", "bob", "cyd"],
    ...     "order_ts": pd.to_datetime(["2024-01-01", "2024-02-11", "2024-01-03", "2024-02-03"]),
    ... })
    >>> january = histories(orders, as_of="2024-01-31")
    >>> updated_histories(january, orders, since="2024-01-31", as_of="2024-02-29")
       frequency  recency     T  weights
    0        0.0      0.0  26.0      1.0
    1        0.0      0.0  57.0      1.0
    2        1.0     41.0  59.0      1.0
    """
    require(orders, "orders", ("customer_id", "order_ts"))
    require(rows, "rows", ("frequency", "recency", "T", "weights"))
    known, day = as_day(since), as_day(as_of)
    if day < known:
        raise CrmlibError(f"as_of={day} is before since={known}: histories are updated forwards.")
    found: Frame = engine.run(
        "clv_histories_changed",
        tables={"orders": orders, "rows": rows},
        since=known,
        since_until=until(known),
        as_of=day,
        until=until(day),
        period_days=days_of(period),
    )
    wrong = _count_negative(found)
    if wrong:
        raise CrmlibError(
            f"The rows are not those of these orders as of {known}: {wrong:,} histories would count fewer than no "
            "customers. Make them anew: clv.histories(orders, as_of=...)."
        )
    return found


def _count_negative(rows: Any) -> int:
    if isinstance(rows, engine.Table):
        return int(rows.engine.rows(f"select count(*) from {rows.name} where weights < 0")[0][0])
    return int((rows["weights"] < 0).sum())
