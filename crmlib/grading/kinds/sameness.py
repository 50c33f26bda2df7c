"""When two values are the same: numbers within a tolerance, everything else exactly."""

from __future__ import annotations

import datetime as dt
import math
from typing import TYPE_CHECKING, Any

from crmlib.grading.kinds.grids import UnfitError, canonical

if TYPE_CHECKING:
    from crmlib.grading.spec.questions import Field

__all__ = ["NOTHING", "alike", "comparable", "rank"]

NOTHING = object()
"""Stands for a value of another type than is asked for: it equals no value, itself included."""


def comparable(one: Field, value: Any) -> Any:
    """Give a recorded value as it is compared, `NOTHING` where it is of another type.

    Parameters
    ----------
    one
        What the value should be.
    value
        What was recorded.
    """
    try:
        return canonical(one, value)
    except UnfitError:
        return NOTHING


def alike(one: Field, theirs: Any, right: Any) -> bool:
    """Say whether two comparable values count as the same. Missing equals missing, and infinities their like.

    Parameters
    ----------
    one
        Holds the tolerances.
    theirs, right
        The student's and the reference's value, each from `comparable`.

    Examples
    --------
    >>> from crmlib.grading.spec.questions import Field
    >>> alike(Field(rtol=0.01), 1.005, 1.0), alike(Field(), float("inf"), 1.0), alike(Field(), None, None)
    (True, False, True)
    """
    if theirs is NOTHING or right is NOTHING:
        return False
    if theirs is None or right is None:
        return theirs is right
    plain = (bool, str, dt.date)
    if isinstance(right, plain) or isinstance(theirs, plain) or math.isinf(right) or math.isinf(theirs):
        return bool(theirs == right)
    return bool(abs(theirs - right) <= one.atol + one.rtol * abs(right))


def rank(value: Any) -> tuple[int, Any]:
    """Give a key that sorts comparable values of any type: numbers, text and dates, missing, the rest.

    Parameters
    ----------
    value
        From `comparable`.
    """
    if value is NOTHING:
        return 3, 0
    if value is None:
        return 2, 0
    return (0, value) if isinstance(value, (int, float)) else (1, str(value))
