"""Who stays, period by period and cohort by cohort, counted where the orders are."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, Literal

from crmlib import engine
from crmlib import policy as policies
from crmlib.days import until
from crmlib.errors import CrmlibError
from crmlib.shop.observed import day_of, nobody

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

    from crmlib.engine import Table
    from crmlib.policy import Policy
    from crmlib.shop import Shop

__all__ = ["Measure", "cohorts", "retention"]

Measure = Literal["customers", "share", "orders", "revenue"]
_MONTHS = 12
#: As many months are one whole number of 64 bits, with a few to spare.
_MOST_MONTHS = 60


def cohorts(shop: Shop, *, as_of: date | str | None = None, measure: Measure = "share") -> pd.DataFrame:
    """Follow customers by the month of their first order.

    Parameters
    ----------
    shop
        Its orders.
    as_of
        The last day that counts; the shop's own by default.
    measure
        What a cell holds: ``customers`` who bought in that month, their ``share`` of the cohort (of 1), their
        ``orders``, or their ``revenue`` (in the shop's currency).

    Returns
    -------
    pandas.DataFrame
        One row a month with first orders (a period), one column a number of months since (0 is the first month). A
        month that was not over on that day is not counted: its cell is empty. In a month that was over, nobody is 0.

    Raises
    ------
    SchemaError
        Nobody had bought by that day.

    Examples
    --------
    >>> import pandas as pd
    >>> from crmlib import open_shop
    >>> sales = pd.DataFrame({
    ...     "customer_id": ["a", "b", "a", "c"], "amount": 10,
    ...     "order_ts": ["2024-01-01", "2024-01-05", "2024-02-01", "2024-03-01"],
    ... })
    >>> cohorts(open_shop(sales, as_of="2024-03-31"))
    Opened dataframe: ...
    age        0    1    2
    cohort
    2024-01  1.0  0.5  0.0
    2024-03  1.0  NaN  NaN
    """
    import numpy as np
    import pandas as pd

    if measure not in {"customers", "share", "orders", "revenue"}:
        raise CrmlibError(f"measure={measure!r} is not known. There are: customers, share, orders, revenue.")
    day = day_of(shop, as_of)
    cells = _cells(shop.orders, day, measure)
    if cells.empty:
        raise nobody(day)
    # a month is over if the next day belongs to another
    after = day + timedelta(days=1)
    over = after.year * _MONTHS + after.month - 2
    first = int(cells["cohort"].min())
    months = np.sort(cells["cohort"].unique())
    ages = pd.RangeIndex(max(over, int(months[-1])) - first + 1, name="age")
    name = "customers" if measure == "share" else measure
    table = cells.pivot_table(index="cohort", columns="age", values=name, aggfunc="sum")
    table = table.reindex(index=months, columns=ages).astype(float)
    ripe = months[:, None] + ages.to_numpy()[None, :] <= over
    table = table.fillna(0.0).where(ripe)
    if measure == "share":
        table = table.div(table[0], axis=0)
    table.index = pd.PeriodIndex(
        [pd.Period(year=int(month) // _MONTHS, month=int(month) % _MONTHS + 1, freq="M") for month in months],
        name="cohort",
    )
    return table


def _cells(orders: Table, day: date, measure: Measure) -> pd.DataFrame:
    """Count the cells of `cohorts` that are not empty: cohort (a month's number), age, and at least the measure.

    Of customers alone, a history of a few years is counted by the customers' sets of months: half the time, or less.
    """
    end = orders.engine.moment(until(day))
    span = f"select min(order_ts), max(order_ts) from {orders.name} where order_ts < {end}"
    [(first, last)] = orders.engine.rows(span)
    if first is None or measure not in {"customers", "share"} or _month(last) - _month(first) >= _MOST_MONTHS:
        general: pd.DataFrame = engine.run("cohorts", tables={"orders": orders}, until=until(day)).to_pandas()
        return general
    months: Any = _powers(_month(first), _month(last))
    cells: pd.DataFrame = engine.run(
        "cohort_customers", tables={"orders": orders, "months": months}, first=_month(first), until=until(day)
    ).to_pandas()
    return cells


def _month(moment: date) -> int:
    """Return the number of a month, counted from year 0."""
    return moment.year * _MONTHS + moment.month - 1


def _powers(first: int, last: int) -> pa.Table:
    """Give each month a power of two, the first one 1."""
    import pyarrow as pa

    months = range(first, last + 1)
    return pa.table(
        {
            "month": pa.array(months, pa.int32()),
            "power": pa.array([1 << (month - first) for month in months], pa.int64()),
        }
    )


def retention(
    shop: Shop,
    *,
    period: Literal["month", "quarter"] = "month",
    as_of: date | str | None = None,
    policy: Policy | str | dict[str, Any] | None = None,
) -> pd.DataFrame:
    """Return the retention rate and the churn rate of each whole period.

    A customer is active on a day who ordered within the policy's ``churn.active_days`` up to it.

    Parameters
    ----------
    shop
        Its orders.
    period
        ``month`` or ``quarter``, of the calendar; those that had begun before the first order or were not over on
        the day are left out.
    as_of
        The last day that counts; the shop's own by default.
    policy
        Whose ``churn.active_days``; the shop's own by default.

    Returns
    -------
    pandas.DataFrame
        period; at_start and at_end (active customers); kept (active at both), lost, newcomers (first order in the
        period), returned (had been active before); retention_rate = kept / at_start, churn_rate = 1 - that; both
        missing where nobody was active at the start.

    Notes
    -----
    at_end = at_start - lost + newcomers + returned. The first `active_days` of a shop flatter it: nobody can be lost
    before they are over.

    Examples
    --------
    >>> from crmlib import open_shop
    >>> found = retention(open_shop("cdnow-sample"), period="quarter").set_index("period")
    Opened cdnow-sample: ...
    >>> found.loc["1998Q1", ["at_start", "kept", "lost", "retention_rate"]].round(3).tolist()
    [609.0, 457.0, 152.0, 0.75]
    """
    import pandas as pd

    rules = policies.load(policy or shop.policy).churn
    day = day_of(shop, as_of)
    orders, end = shop.orders, shop.orders.engine.moment(until(day))
    first = orders.engine.rows(f"select min(order_ts) from {orders.name} where order_ts < {end}")[0][0]
    if first is None:
        raise nobody(day)
    frequency = "M" if period == "month" else "Q"
    starting = pd.Period(first - timedelta(days=1), frequency)
    last = pd.Period(day + timedelta(days=1), frequency) - 1
    periods = pd.period_range(starting, max(last, starting), freq=frequency)
    epoch = date(1970, 1, 1)
    ends = pd.DataFrame({
        "number": range(len(periods)),
        "day": [(each.end_time.date() - epoch).days for each in periods],
    })  # fmt: skip
    tables = {"orders": shop.orders, "ends": shop.orders.engine.add(ends)}
    counts = engine.run("churn_active", tables=tables, until=until(day), active_days=rules.active_days).to_pandas()
    counts = counts.set_index("number").reindex(range(len(periods)), fill_value=0).astype("int64")
    counts["at_start"] = counts["active"].shift(fill_value=0)
    found = pd.DataFrame({
        "period": periods, "at_start": counts["at_start"], "at_end": counts["active"], "kept": counts["kept"],
        "lost": counts["at_start"] - counts["kept"], "newcomers": counts["newcomers"], "returned": counts["returned"],
    })  # fmt: skip
    found["retention_rate"] = (found["kept"] / found["at_start"]).where(found["at_start"] > 0)
    found["churn_rate"] = 1 - found["retention_rate"]
    return found.iloc[1:].reset_index(drop=True)
