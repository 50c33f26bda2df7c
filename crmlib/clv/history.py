"""Customers as a model may see them on a day, and as they went on: one query for both, so that nothing leaks."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import pandas as pd

from crmlib import engine
from crmlib.clv.summary import PERIOD_DAYS, days_of
from crmlib.days import until
from crmlib.errors import CrmlibError
from crmlib.shop.required import require

if TYPE_CHECKING:
    from crmlib.clv.summary import Period

__all__ = ["PAST_SHARES", "RECENT_DAYS", "history", "past", "span"]

RECENT_DAYS = 28
#: Where the earlier splits of a calibration lie, as shares of its length: late enough to have seen repeat purchases,
#: early enough that some follow.
PAST_SHARES = (0.5, 0.6, 0.7, 0.8)


def history(orders: pd.DataFrame | engine.Table, *, at: date, end: date, period: Period) -> pd.DataFrame:
    """Return each customer's history at the end of a day, and what was done from there up to another.

    Parameters
    ----------
    orders
        customer_id, order_ts, amount.
    at
        The last day that a model may see.
    end
        The last day that counts as ahead.
    period
        ``"D"`` or ``"W"``.

    Returns
    -------
    pandas.DataFrame
        `crmlib.clv.protocol.SEEN`, and periods_ahead, purchases_ahead, spend_ahead: these alone look past the day.
    """
    require(orders, "orders", ("customer_id", "order_ts", "amount"))
    found = engine.run(
        "clv_history",
        tables={"orders": orders},
        at=at,
        at_until=until(at),
        end=end,
        until=until(end),
        period_days=days_of(period),
        recent=RECENT_DAYS // PERIOD_DAYS[period],
    )
    return found.to_pandas() if isinstance(found, engine.Table) else found


def past(
    orders: pd.DataFrame | engine.Table, *, first: date, at: date, horizon_days: int, period: Period
) -> pd.DataFrame:
    """Return earlier splits of a calibration below each other: what a model may learn outcomes from.

    Parameters
    ----------
    orders
        customer_id, order_ts, amount.
    first, at
        The calibration's first and last day. Nothing after the last one is read.
    horizon_days
        No outcome is followed for longer than this.
    period
        ``"D"`` or ``"W"``.
    """
    days = (at - first).days
    cuts = [first + timedelta(days=round(share * days)) for share in PAST_SHARES]
    horizon = timedelta(days=horizon_days)
    tables = [history(orders, at=cut, end=min(at, cut + horizon), period=period) for cut in dict.fromkeys(cuts)]
    table = pd.concat(tables, ignore_index=True)
    return table[table["periods_ahead"] > 0].reset_index(drop=True)


def span(orders: pd.DataFrame | engine.Table) -> tuple[date, date]:
    """Return the days of the first and the last order.

    Parameters
    ----------
    orders
        order_ts.

    Raises
    ------
    CrmlibError
        There are no orders.

    Examples
    --------
    >>> import pandas as pd
    >>> span(pd.DataFrame({"order_ts": pd.to_datetime(["2024-01-05 10:00", "2024-02-01 18:30"])}))
    (datetime.date(2024, 1, 5), datetime.date(2024, 2, 1))
    """
    require(orders, "orders", ("order_ts",))
    found: Any = engine.run("order_span", tables={"orders": orders})
    row = (found.to_pandas() if isinstance(found, engine.Table) else found).iloc[0]
    if pd.isna(row["first_ts"]):
        raise CrmlibError("There are no orders.")
    return row["first_ts"].date(), row["last_ts"].date()
