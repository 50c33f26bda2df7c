"""Days: how ``as_of`` is said, and where the day ends."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

from crmlib.errors import CrmlibError

__all__ = ["as_day", "until"]


def as_day(day: date | str) -> date:
    """Return a day from a date, a timestamp or ISO text.

    Parameters
    ----------
    day
        Such as ``"2024-12-31"``.

    Raises
    ------
    CrmlibError
        It is not a day.

    Examples
    --------
    >>> as_day("2024-12-31")
    datetime.date(2024, 12, 31)
    """
    try:
        if isinstance(day, str):
            return datetime.fromisoformat(day).date()
        return date(day.year, day.month, day.day)  # a timestamp's day; pandas' NaT has none
    except (AttributeError, TypeError, ValueError) as error:
        raise CrmlibError(f"{day!r} is not a day. Write it as 2024-12-31.") from error


def until(day: date) -> datetime:
    """Return the first instant after a day: the exclusive bound of everything up to and including it.

    Examples
    --------
    >>> until(as_day("2024-12-31"))
    datetime.datetime(2025, 1, 1, 0, 0)
    """
    if day == date.max:
        return datetime.combine(day, time.max)
    return datetime.combine(day + timedelta(days=1), datetime.min.time())
