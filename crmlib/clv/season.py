"""A season that customers share: a change of the unit of time, so that every model can have it.

In November a day may hold as many purchases as two days of June. So days are measured on the season's clock, where each
lasts as long as its month is busy. Histories on that clock have no season, and a forecast asks for the clock's time.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import pandas as pd

from crmlib.arguments import read_floats, read_number
from crmlib.clv.discounted import DAYS_PER_MONTH
from crmlib.clv.inputs import SEASON
from crmlib.clv.summary import summarize
from crmlib.days import as_day
from crmlib.errors import ModelError, ModelWarning
from crmlib.shop.required import require

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from crmlib import engine
    from crmlib.arrays import Floats

__all__ = ["Season"]

MONTHS = 12
_PRIOR = 30.0  # purchases of an even month that join each month: few orders say little about a season
_SHORT = 730  # days: one year cannot tell a season from growth
_APART = 0.1  # from 1: a horizon whose days are so much busier or calmer is worth a word


@dataclass(frozen=True)
class Season:
    """How busy each month of the year is, beside the year's mean day.

    Attributes
    ----------
    weights
        Of January to December; the mean over the days of a year is 1.

    Examples
    --------
    >>> season = Season.of({11: 2.0, 12: 2.0})
    >>> round(season.ahead("2024-10-31", 61), 1), round(season.factor("2024-10-31", 61), 2)
    (104.5, 1.71)
    """

    weights: tuple[float, ...]

    @classmethod
    def of(cls, months: Mapping[int, float]) -> Season:
        """Return a season that is known: how busy some months are beside the others.

        Parameters
        ----------
        months
            Number of the month (1 to 12) to its weight; the others weigh 1.

        Raises
        ------
        ModelError
            A month is none, or a weight is not above 0.
        """
        weights = np.ones(MONTHS)
        for month, weight in months.items():
            if month not in range(1, MONTHS + 1) or not 0 < read_number(weight, "weight", error=ModelError) < np.inf:
                raise ModelError(f"Month {month!r} with the weight {weight!r}: months are 1 to 12, weights above 0.")
            weights[int(month) - 1] = float(weight)
        return cls(tuple(float(weight) for weight in weights / (weights @ _DAYS / _DAYS.sum())))

    @classmethod
    def learn(cls, orders: pd.DataFrame | engine.Table, *, as_of: date | str) -> Season:
        """Learn the months from repeat purchases, set against the customers who were there to make them.

        Whole years only, the last ones up to the day: a month's purchases by its days and customers, beside the year's.
        Customers leave unseen and newcomers are the most eager, so the comparison is within each year. A month is drawn
        towards the mean by as much as thirty purchases weigh.

        Parameters
        ----------
        orders
            customer_id and order_ts, of at least two years.
        as_of
            The last day that counts.

        Raises
        ------
        ModelError
            The orders span less than two years.
        """
        require(orders, "orders", ("customer_id", "order_ts"))
        table = orders if isinstance(orders, pd.DataFrame) else orders.to_pandas()
        day = pd.Timestamp(as_day(as_of))
        try:
            times = pd.to_datetime(table["order_ts"], format="ISO8601")
        except (TypeError, ValueError) as problem:
            raise ModelError(f"orders, column 'order_ts': {problem}. crmlib.open_shop reads any dates.") from problem
        days = times.dt.tz_localize(None).dt.normalize()
        bought = pd.DataFrame({"customer_id": table["customer_id"], "day": days})[days <= day].drop_duplicates()
        if bought.empty or (day - bought["day"].min()).days + 1 < _SHORT:
            raise ModelError("A season is learnt from two years at least: one year cannot tell it from growth.")
        years = ((day - bought["day"].min()).days + 1) // 365
        first = bought.groupby("customer_id")["day"].transform("min")
        again = bought.loc[bought["day"] > first, "day"]
        came = np.sort(bought.drop_duplicates("customer_id")["day"].to_numpy())
        rates = np.zeros((years, MONTHS))
        for year in range(years):
            since = day - pd.DateOffset(years=year + 1)
            until = day - pd.DateOffset(years=year)
            spell = pd.date_range(since + pd.Timedelta(days=1), until)
            there = np.searchsorted(came, spell.to_numpy(), side="left")
            exposed = np.bincount(spell.month - 1, there, MONTHS)
            count = np.bincount(again[(again > since) & (again <= until)].dt.month - 1, minlength=MONTHS)
            even = exposed * count.sum() / max(exposed.sum(), 1.0)
            rates[year] = (count + _PRIOR) / (even + _PRIOR)
        weights = rates.mean(axis=0)
        return cls(tuple(float(weight) for weight in weights / (weights @ _DAYS / _DAYS.sum())))

    def clock(self, days: pd.DatetimeIndex) -> Floats:
        """Return what the season's clock shows at the end of each day, counted from the end of 1999.

        Parameters
        ----------
        days
            Any days since 2000.
        """
        start = pd.Timestamp("2000-01-01")
        last = max(days.max(), start)
        if days.min() < start:
            raise ModelError(f"The season's clock begins in 2000; {days.min():%Y-%m-%d} lies before it.")
        every = pd.date_range(start, last)
        shown = np.cumsum(np.array(self.weights)[every.month - 1])
        reading: Floats = shown[(days.normalize() - start).days]
        return reading

    def summarize(self, orders: pd.DataFrame | engine.Table, *, as_of: date | str) -> pd.DataFrame:
        """Summarise histories as `crmlib.clv.summarize` does by days, with recency and T on the season's clock.

        Parameters
        ----------
        orders, as_of
            As for `crmlib.clv.summarize`.

        Returns
        -------
        pandas.DataFrame
            customer_id, frequency, recency, T, monetary_value, and ``season`` as period: the unit is the season's mean
            day. So ask a model that was fitted to it for `ahead`, never for plain days, and tell `crmlib.clv.value` and
            `crmlib.clv.tracking` the season.
        """
        result: Any = summarize(cast("Any", orders), as_of=as_of)
        table = result if isinstance(result, pd.DataFrame) else result.to_pandas()
        end = pd.Timestamp(as_day(as_of))
        first = pd.DatetimeIndex(end - pd.to_timedelta(table["T"], unit="D"))
        last = pd.DatetimeIndex(first + pd.to_timedelta(table["recency"], unit="D"))
        began = self.clock(first)
        now = self.clock(pd.DatetimeIndex([end]))[0]
        return table.assign(recency=self.clock(last) - began, T=now - began, period=SEASON)

    def ahead(self, as_of: date | str, days: float) -> float:
        """Return how long the days after a day last on the season's clock.

        Parameters
        ----------
        as_of
            The day after which they come.
        days
            How many whole days.
        """
        count = float(read_floats(days, "days", finite=True, error=ModelError))
        if count != int(count) or count < 0:
            raise ModelError(f"days={days!r} is a whole number of days, 0 or more.")
        end = pd.Timestamp(as_day(as_of))
        shown = self.clock(pd.DatetimeIndex([end, end + pd.Timedelta(days=int(count))]))
        return float(shown[1] - shown[0])

    def months_ahead(self, as_of: date | str, months: int) -> list[float]:
        """Return how long the first month after a day lasts on the season's clock, the first two, and so on.

        Parameters
        ----------
        as_of
            The day after which they come.
        months
            How many, each of 30.4375 days; a part of a day is that part of its time on the clock.
        """
        ends = DAYS_PER_MONTH * np.arange(1, months + 1)
        whole = np.arange(int(np.ceil(ends[-1])) + 1)
        shown = self.clock(pd.DatetimeIndex(pd.Timestamp(as_day(as_of)) + pd.to_timedelta(whole, unit="D")))
        return [float(end) for end in np.interp(ends, whole, shown - shown[0])]

    def factor(self, as_of: date | str, days: float) -> float:
        """Return how much busier than the year's mean day the days after a day are.

        Parameters
        ----------
        as_of, days
            As for `ahead`; at least one day.
        """
        if not read_number(days, "days", error=ModelError) >= 1:
            raise ModelError(f"days={days!r}: a factor needs a day at least.")
        return self.ahead(as_of, days) / float(days)

    def warn(self, as_of: date | str, days: float) -> None:
        """Warn where a model that knows no season would be wrong by a tenth or more over these days.

        Parameters
        ----------
        as_of, days
            As for `ahead`.

        Warns
        -----
        ModelWarning
            With the factor.
        """
        factor = self.factor(as_of, days)
        if abs(factor - 1) >= _APART:
            warnings.warn(
                f"The {days:g} days after {as_day(as_of)} hold {factor:.2f} times the purchases of as many mean days: "
                "fit to Season.summarize and ask for Season.ahead.", ModelWarning, stacklevel=2,
            )  # fmt: skip


_DAYS = np.array([31, 28.25, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31])
