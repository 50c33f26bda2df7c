"""From orders to the unique rows that a model of purchases learns from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crmlib import engine
from crmlib.clv.summary import Period, days_of
from crmlib.days import as_day, until
from crmlib.errors import SchemaError
from crmlib.shop.required import require

if TYPE_CHECKING:
    from datetime import date
    from typing import TypeVar

    import pandas as pd

    Frame = TypeVar("Frame", pd.DataFrame, engine.Table)

__all__ = ["histories"]


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
        frequency, recency, T, weights, period (their unit): what the models' ``fit`` takes.

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
       frequency  recency     T  weights period
    0        0.0      0.0  28.0      2.0      D
    1        1.0     10.0  30.0      1.0      D
    """
    require(orders, "orders", ("customer_id", "order_ts"))
    day = as_day(as_of)
    found = engine.run(
        "clv_histories", tables={"orders": orders}, as_of=day, until=until(day), period_days=days_of(period)
    )
    if not len(found):
        raise SchemaError(f"orders: nobody had bought by {day}. Choose a later as_of.")
    return found
