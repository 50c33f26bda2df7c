"""Late submissions: how late, and what that leaves of the points."""

from __future__ import annotations

import datetime as dt
import math
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from crmlib.grading.rules import Late

__all__ = ["Lateness", "lateness"]


class Lateness(NamedTuple):
    """How late a submission is.

    Attributes
    ----------
    days
        Begun days after the deadline; 0 is on time.
    share
        What is left of the points, from 0 to 1.
    """

    days: int = 0
    share: float = 1.0


def lateness(submitted: dt.datetime | None, due: dt.datetime | None, late: Late) -> Lateness:
    """Say what a submission's time means for its points.

    Parameters
    ----------
    submitted
        When it arrived; where that is not known it counts as on time.
    due
        When it was due; None where nothing can be late. Both carry a zone.
    late
        The rules.

    Examples
    --------
    >>> from crmlib.grading.rules import Late
    >>> due = dt.datetime(2026, 12, 1, 23, 59, tzinfo=dt.UTC)
    >>> lateness(due + dt.timedelta(minutes=10), due, Late())
    Lateness(days=0, share=1.0)
    >>> lateness(due + dt.timedelta(hours=30), due, Late(per_day=0.1))
    Lateness(days=2, share=0.8)
    """
    if submitted is None or due is None or submitted - due <= dt.timedelta(minutes=late.grace_minutes):
        return Lateness()
    # aware datetimes differ by what a clock has measured, whatever summer time did meanwhile
    days = math.ceil((submitted.astimezone(dt.UTC) - due.astimezone(dt.UTC)) / dt.timedelta(days=1))
    if days > late.most_days:
        return Lateness(days, 0.0)
    return Lateness(days, round(max(0.0, 1 - late.per_day * days), 10))
