"""When things happen: the weight of each day for demand and arrivals, and the hours of a day."""

from __future__ import annotations

import datetime as dt
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from crmlib.arrays import Bools, Floats, Ints
    from crmlib.synth.parameters import ShopParameters

__all__ = ["Calendar", "arrivals", "clock", "demand", "peak"]

# Assumption: Italian retail of home goods, month by month around 1; August is slow, November and December peak.
_MONTH = np.array([0.92, 0.88, 0.95, 0.97, 1.05, 0.93, 0.90, 0.72, 0.96, 1.04, 1.30, 1.38])
_WEEKDAY = np.array([1.06, 1.02, 1.00, 0.98, 0.94, 0.92, 1.08])  # Monday first
_GIFT_PERIODS = (((11, 22), (12, 20), 1.8), ((2, 8), (2, 14), 1.3), ((5, 1), (5, 10), 1.6))
# Share of the day's traffic by hour. Nothing falls between two and three at night, which clocks skip once a year.
_HOUR = np.array(
    [8, 3, 0, 1, 1, 2, 5, 14, 28, 40, 48, 50, 48, 52, 50, 46, 46, 50, 56, 62, 76, 88, 68, 30],
    dtype=np.float64,
)


class Calendar:
    """The days of a simulation, counted from its start.

    Examples
    --------
    >>> calendar = Calendar(dt.date(2024, 7, 1), 730)
    >>> calendar.day(dt.date(2024, 7, 11))
    10
    """

    def __init__(self, start: dt.date, days: int) -> None:
        self.start = start
        self.days = days
        self.epoch = (start - dt.date(1970, 1, 1)).days * 86_400
        dates = [start + dt.timedelta(days=day) for day in range(days)]
        self.month_day = np.array([(date.month, date.day) for date in dates], dtype=np.int64).reshape(-1, 2)
        self.weekday = np.array([date.weekday() for date in dates], dtype=np.int64)

    def day(self, date: dt.date) -> int:
        """Return the number of a date's day."""
        return (date - self.start).days

    def within(self, first: tuple[int, int], last: tuple[int, int]) -> Bools:
        """Tell the days between two (month, day) of the same year, both included."""
        code = self.month_day[:, 0] * 100 + self.month_day[:, 1]
        return (code >= first[0] * 100 + first[1]) & (code <= last[0] * 100 + last[1])

    def seconds(self, time: Floats) -> Ints:
        """Wall-clock seconds since 1970 of times in days, by the hours of `clock`; infinity gives -1."""
        finite = np.isfinite(time)
        whole = np.floor(np.where(finite, time, 0.0))
        of_day = clock(np.where(finite, time, 0.0) - whole)
        return np.where(finite, self.epoch + whole.astype(np.int64) * 86_400 + of_day, -1)


@cache
def _hours() -> tuple[Floats, Floats]:
    share = np.concatenate([[0.0], np.cumsum(_HOUR / _HOUR.sum())])
    return share.astype(np.float64), np.arange(25, dtype=np.float64) * 3600


def clock(fraction: Floats) -> Ints:
    """Map the fraction of a day to a second of the day, busy in the evening, and keep the order of events.

    The map is monotone, so a Poisson process stays one from day to day and order within a day is kept.

    Examples
    --------
    >>> (clock(np.array([0.0, 0.5, 0.999])) // 3600).tolist()
    [0, 16, 23]
    """
    share, seconds = _hours()
    return np.minimum(np.interp(fraction, share, seconds), 86_399).astype(np.int64)


def demand(parameters: ShopParameters, calendar: Calendar) -> Floats:
    """Return the weight of each day for each persona's purchases; about 1 on a mean day, exactly 1 in `clean`."""
    if not parameters.seasonal:
        return np.ones((len(parameters.personas), calendar.days))
    # The mean of a common year is 1, so that a rate is in orders per mean day.
    day = _day_weights(calendar) / _day_weights(Calendar(dt.date(2025, 1, 1), 365)).mean()
    strength = np.array([persona.season for persona in parameters.personas])[:, None]
    weights: Floats = np.maximum(1.0 + strength * (day[None, :] - 1.0), 0.05)
    return weights


def _day_weights(calendar: Calendar) -> Floats:
    day: Floats = _MONTH[calendar.month_day[:, 0] - 1] * _WEEKDAY[calendar.weekday]
    for first, last, factor in _GIFT_PERIODS:
        day = np.where(calendar.within(first, last), day * factor, day)
    return day


def peak(calendar: Calendar) -> Bools:
    """Tell the days on which parcels are late more often: 22 November to 23 December."""
    return calendar.within((11, 22), (12, 23))


def arrivals(rng: np.random.Generator, parameters: ShopParameters, calendar: Calendar, days: int, count: int) -> Floats:
    """Draw when people come in, in days: more as the shop grows, and more in the season."""
    weights = 1.0 + parameters.growth * np.arange(days) / days
    shares = np.array([persona.share for persona in parameters.personas])
    weights = weights * (shares @ demand(parameters, calendar)[:, :days]) ** 0.5
    edges = np.concatenate([[0.0], np.cumsum(weights)])
    times: Floats = np.interp(rng.random(count) * edges[-1], edges, np.arange(days + 1))
    return np.minimum(times, days - 1e-9)
