"""Each customer's history as three numbers, computed where the orders are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from crmlib import engine
from crmlib.days import as_day, until
from crmlib.errors import CrmlibError, SchemaError
from crmlib.shop.required import require

if TYPE_CHECKING:
    from datetime import date
    from typing import TypeVar

    import pandas as pd

    Frame = TypeVar("Frame", pd.DataFrame, engine.Table)

__all__ = ["PERIOD_DAYS", "Period", "days_of", "early_spend", "holdout", "summarize"]

Period = Literal["D", "W"]
#: Days in a period. Weeks run from Monday to Sunday.
PERIOD_DAYS: dict[str, int] = {"D": 1, "W": 7}


def summarize(orders: Frame, *, as_of: date | str, period: Period = "D") -> Frame:
    """Summarise each customer's purchases, as ``lifetimes.utils.summary_data_from_transaction_data`` defines it.

    Parameters
    ----------
    orders
        customer_id, order_ts, amount; one row an order. Several in one period are one purchase.
    as_of
        The last day that counts, and the end of T (lifetimes' ``observation_period_end``).
    period
        ``"D"`` days or ``"W"`` weeks (Monday to Sunday): the unit of recency and T.

    Returns
    -------
    pandas.DataFrame or Table
        customer_id; frequency, the periods with a purchase after the first; recency, from the first purchase to the
        last; T, from the first purchase to as_of; monetary_value, the mean spend of the repeat periods (0 without);
        period, the unit of recency and T: it travels with the table, so that models and values keep to it.
        Where lifetimes counts a whole last week even if as_of falls within it, orders after as_of never count here.

    Raises
    ------
    SchemaError
        A column is missing, or nobody had bought by that day.

    Examples
    --------
    >>> import pandas as pd
    >>> orders = pd.DataFrame({
    ...     "customer_id": ["ann", "ann", "bob"],
    ...     "order_ts": pd.to_datetime(["2024-01-01", "2024-01-11", "2024-01-03"]),
    ...     "amount": [20.0, 30.0, 10.0],
    ... })
    >>> summarize(orders, as_of="2024-01-31")
      customer_id  frequency  recency     T  monetary_value period
    0         ann        1.0     10.0  30.0            30.0      D
    1         bob        0.0      0.0  28.0             0.0      D
    """
    require(orders, "orders", ("customer_id", "order_ts", "amount"))
    day = as_day(as_of)
    found = engine.run(
        "clv_summary", tables={"orders": orders}, as_of=day, until=until(day), period_days=days_of(period)
    )
    if not len(found):
        raise SchemaError(f"orders: nobody had bought by {day}. Choose a later as_of.")
    return found


def holdout(orders: Frame, *, calibration_end: date | str, observation_end: date | str, period: Period = "D") -> Frame:
    """Split each customer's history in two: what a model may see, and what it is judged by.

    Parameters
    ----------
    orders
        As for `summarize`.
    calibration_end
        The last day that the model may see.
    observation_end
        The last day that it is judged by.
    period
        As for `summarize`.

    Returns
    -------
    pandas.DataFrame or Table
        customer_id; frequency_cal, recency_cal, T_cal, monetary_value_cal, the summary at calibration_end;
        frequency_holdout, the periods with a purchase afterwards; monetary_value_holdout, the mean spend of those;
        spend_holdout, their sum; duration_holdout, periods from one end to the other; frequency_last_period, the
        purchases in the last stretch of the calibration of that length. Only who had bought by calibration_end.

    Raises
    ------
    CrmlibError
        The ends are in the wrong order, or nobody had bought by calibration_end.

    Examples
    --------
    >>> import pandas as pd
    >>> orders = pd.DataFrame({
    ...     "customer_id": ["ann", "ann", "bob"],
    ...     "order_ts": pd.to_datetime(["2024-01-01", "2024-02-11", "2024-01-03"]),
    ...     "amount": [20.0, 30.0, 10.0],
    ... })
    >>> split = holdout(orders, calibration_end="2024-01-31", observation_end="2024-02-29")
    >>> split[["customer_id", "frequency_cal", "T_cal", "frequency_holdout", "spend_holdout"]]
      customer_id  frequency_cal  T_cal  frequency_holdout  spend_holdout
    0         ann            0.0   30.0                1.0           30.0
    1         bob            0.0   28.0                0.0            0.0
    """
    require(orders, "orders", ("customer_id", "order_ts", "amount"))
    seen, end = as_day(calibration_end), as_day(observation_end)
    if end <= seen:
        raise CrmlibError(f"The observation ends on {end}, which is not after the calibration's end, {seen}.")
    found = engine.run(
        "clv_holdout",
        tables={"orders": orders},
        calibration_end=seen,
        calibration_until=until(seen),
        observation_end=end,
        until=until(end),
        period_days=days_of(period),
    )
    if not len(found):
        raise SchemaError(f"orders: nobody had bought by {seen}. Choose a later calibration_end.")
    return found


def early_spend(orders: Frame, *, as_of: date | str, days: float) -> Frame:
    """Return what each customer's first day brought, and what came within so many days of it.

    Parameters
    ----------
    orders
        customer_id, order_ts, amount.
    as_of
        The last day that counts.
    days
        How far from the first day to look; a customer who came later than that before as_of has not had all of them.

    Returns
    -------
    pandas.DataFrame or Table
        customer_id, first_amount, early_amount; the first day is part of both. Money in the shop's currency.

    Examples
    --------
    >>> import pandas as pd
    >>> orders = pd.DataFrame({
    ...     "customer_id": ["ann", "ann", "ann"],
    ...     "order_ts": pd.to_datetime(["2024-01-01", "2024-01-31", "2024-02-01"]),
    ...     "amount": [20.0, 30.0, 5.0],
    ... })
    >>> early_spend(orders, as_of="2024-03-31", days=30)
      customer_id  first_amount  early_amount
    0         ann          20.0          50.0
    """
    require(orders, "orders", ("customer_id", "order_ts", "amount"))
    return engine.run("clv_early_spend", tables={"orders": orders}, until=until(as_day(as_of)), days=float(days))


def days_of(period: str) -> int:
    """Return how many days a period has."""
    if period not in PERIOD_DAYS:
        raise CrmlibError(f"period={period!r} is not known. Use 'D' for days or 'W' for weeks.")
    return PERIOD_DAYS[period]
