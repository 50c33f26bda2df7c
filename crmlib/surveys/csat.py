"""The Customer Satisfaction Score: the share of satisfied answers, right after one touchpoint.

>>> csat([5, 4, 4, 3, 1])
CSAT 60.0 % (95 % interval 23.1 to 88.2; 3 of 5 answers)
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from crmlib.errors import CrmlibError, ModelError, SchemaError
from crmlib.intervals import wilson
from crmlib.surveys.scales import answered, checked, highest_of

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["CSAT", "csat", "csat_by"]

_PERCENT = 100.0


@dataclass(frozen=True, repr=False)
class CSAT:
    """A Customer Satisfaction Score and how sure it is.

    Attributes
    ----------
    score
        Satisfied answers, in percent.
    satisfied
        How many.
    n
        Answers in all.
    missing
        Rows without an answer.
    interval
        Wilson's, low and high, in percent.
    confidence
        Of the interval.
    """

    score: float
    satisfied: int
    n: int
    missing: int
    interval: tuple[float, float]
    confidence: float

    def __repr__(self) -> str:
        low, high = self.interval
        return (
            f"CSAT {self.score:.1f} % ({_PERCENT * self.confidence:g} % interval {low:.1f} to {high:.1f}; "
            f"{self.satisfied:,} of {self.n:,} answer{'s' * (self.n != 1)})"
        )


def csat(
    scores: Iterable[Any], *, top: int = 2, scale: int | str = 5, confidence: float = 0.95, averaged: bool = False
) -> CSAT:
    """Compute the Customer Satisfaction Score.

    Parameters
    ----------
    scores
        Answers from 1 to `scale`; what is missing is left out and counted.
    top
        So many of the highest answers are satisfied ones: 4 and 5 of 5 by default.
    scale
        The highest answer, or the scale as surveys name it: ``"1-5"``, ``"1-7"``, ``"1-10"``.
    confidence
        Of the interval, which is Wilson's: it stays within 0 and 100, and is of use for few answers too (E. B.
        Wilson, Journal of the American Statistical Association 22, 1927).
    averaged
        Whether marks between two whole ones are allowed, for means of one customer's answers. 3.5 has not reached 4,
        so it is not satisfied.

    Returns
    -------
    CSAT

    Raises
    ------
    SchemaError
        An answer is off the scale or no number; the message names its row.
    ModelError
        There is no answer.

    Examples
    --------
    >>> result = csat([7, 7, 6, 2], top=3, scale=7)
    >>> result.score, result.satisfied
    (75.0, 3)
    """
    scale = highest_of(scale)
    if not isinstance(top, int | np.integer):
        raise CrmlibError(f"csat: top={top!r} is not how many answers are the satisfied ones, such as 2.")
    if not 0 < top < scale:
        raise CrmlibError(f"top={top}: so many of {scale} answers cannot be the satisfied ones.")
    marks = checked(scores, 1, scale, averaged=averaged)
    there = answered(marks)
    satisfied, n = int((marks[there] >= scale - top + 1).sum()), int(there.sum())
    low, high = wilson(satisfied, n, confidence)
    return CSAT(
        score=_PERCENT * satisfied / n,
        satisfied=satisfied,
        n=n,
        missing=int((~there).sum()),
        interval=(_PERCENT * low, _PERCENT * high),
        confidence=confidence,
    )


def csat_by(
    scores: Iterable[Any],
    groups: Iterable[Any],
    *,
    top: int = 2,
    scale: int | str = 5,
    confidence: float = 0.95,
    averaged: bool = False,
) -> pd.DataFrame:
    """Compute the Customer Satisfaction Score of each touchpoint, or of any other groups, the worst first.

    Parameters
    ----------
    scores, top, scale, confidence, averaged
        As for `csat`.
    groups
        The touchpoint of each answer; answers without one are left out.

    Returns
    -------
    pandas.DataFrame
        score, low, high (percent), n, satisfied; one row a group that has an answer.

    Examples
    --------
    >>> csat_by([5, 4, 2, 5], ["checkout", "checkout", "delivery", "delivery"])[["score", "n"]]
              score  n
    delivery   50.0  2
    checkout  100.0  2
    """
    marks = checked(scores, 1, highest_of(scale), averaged=averaged)
    group = groups.reset_index(drop=True) if isinstance(groups, pd.Series) else pd.Series(list(groups), dtype=object)
    if len(group) != len(marks):
        raise SchemaError(f"groups: {len(group)} for {len(marks)} answers. Give one for each row.")
    rows = {}
    for name, members in group[~np.isnan(marks)].groupby(group, observed=True):
        one = csat(marks[members.index.to_numpy()], top=top, scale=scale, confidence=confidence, averaged=averaged)
        low, high = one.interval
        rows[name] = {"score": one.score, "low": low, "high": high, "n": one.n, "satisfied": one.satisfied}
    if not rows:
        raise ModelError("scores: there is no answer that has a group.")
    return pd.DataFrame.from_dict(rows, orient="index").sort_values("score", kind="stable")
