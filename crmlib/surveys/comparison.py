"""Compare two Net Promoter Scores: is the difference more than chance would give.

>>> nps_difference([10] * 40 + [7] * 30 + [2] * 30, [10] * 50 + [7] * 30 + [2] * 20).verdict
'could be chance'
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from crmlib.arguments import read_number
from crmlib.errors import CrmlibError, ModelError
from crmlib.surveys.nps import adjusted
from crmlib.surveys.scales import Scale, answered, checked, scale_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from crmlib.arrays import Ints

__all__ = ["Difference", "answers_needed", "nps_difference"]

_POINTS = 100.0
_TIE = 1e-9


@dataclass(frozen=True)
class Difference:
    """How far two scores lie apart, and whether chance could do that.

    Attributes
    ----------
    difference
        The score of `a` less that of `b`, in points.
    standard_error
        In points, of the adjusted scores.
    interval
        Low and high, in points. It is the adjusted Wald's for either method.
    p_value
        How often chance alone would give a difference as large, in either direction.
    confidence
        Of the interval; 1 less this is where `verdict` draws the line.
    n
        Answers in `a` and in `b`.
    """

    difference: float
    standard_error: float
    interval: tuple[float, float]
    p_value: float
    confidence: float
    n: tuple[int, int]

    @property
    def verdict(self) -> str:
        """``more than chance`` or ``could be chance``."""
        return "more than chance" if self.p_value < 1 - self.confidence else "could be chance"


def nps_difference(
    a: Iterable[Any],
    b: Iterable[Any],
    *,
    scale: str = "nps_0_10",
    method: Literal["z", "permutation"] = "z",
    confidence: float = 0.95,
    averaged: bool = False,
    repeats: int = 10_000,
    seed: int = 1,
) -> Difference:
    """Compare the Net Promoter Scores of two separate groups of customers.

    Parameters
    ----------
    a, b
        Answers, one a customer, and no customer in both: the tests take answers as independent.
    scale, averaged
        As for `crmlib.surveys.nps`; the same for both. Answers from two scales do not compare.
    method
        ``z``: both scores adjusted as for their intervals, the difference over its standard error (J. Lewis and
        J. Sauro, "How to Statistically Compare Two Net Promoter Scores", MeasuringU 2020). ``permutation``: the
        answers are dealt to the two groups again at random; it assumes no distribution.
    confidence
        Of the interval and the verdict.
    repeats, seed
        Of the permutation.

    Returns
    -------
    Difference

    Raises
    ------
    SchemaError
        As for `crmlib.surveys.nps`.
    ModelError
        A group has no answer.

    Examples
    --------
    >>> found = nps_difference([10] * 60 + [2] * 40, [10] * 40 + [2] * 60, method="permutation")
    >>> found.difference, found.verdict
    (40.0, 'more than chance')
    """
    from scipy.special import ndtr, ndtri

    asked = scale_of(scale)
    counts = np.array(
        [_counts(x, asked, averaged=averaged, label=name) for name, x in (("a", a), ("b", b))], dtype=np.int64
    )
    size = counts.sum(axis=1)
    shares = (counts[:, 2] - counts[:, 0]) / size
    middles, errors = adjusted(counts[:, 2], counts[:, 0], size)
    error = float(np.hypot(*errors))
    middle = float(middles[0] - middles[1])
    if method == "z":
        p_value = 2 * float(ndtr(-abs(middle) / error))
    elif method == "permutation":
        p_value = _permuted(counts, abs(float(shares[0] - shares[1])), repeats, seed)
    else:
        raise CrmlibError(f"method={method!r} is not known. Use 'z' or 'permutation'.")
    half = float(ndtri((1 + confidence) / 2)) * error
    return Difference(
        difference=_POINTS * float(shares[0] - shares[1]),
        standard_error=_POINTS * error,
        interval=(_POINTS * max(middle - half, -2.0), _POINTS * min(middle + half, 2.0)),
        p_value=p_value,
        confidence=confidence,
        n=(int(size[0]), int(size[1])),
    )


def answers_needed(
    points: float, *, promoters: float, detractors: float, confidence: float = 0.95, population: int | None = None
) -> int:
    """Return how many answers an interval of a given half-width needs.

    Parameters
    ----------
    points
        The half-width that is wanted, in points of NPS.
    promoters, detractors
        Shares of 1 that are expected.
    confidence
        Of the interval.
    population
        How many customers there are, for a statement about *these* customers: few of few are soon most of them. Not
        given, the statement is about customers like them.

    Returns
    -------
    int
        The least n whose adjusted Wald interval is no wider.

    Raises
    ------
    ModelError
        The shares or the width make no sense.

    Examples
    --------
    >>> answers_needed(5, promoters=0.45, detractors=0.25)
    1011
    >>> answers_needed(5, promoters=0.45, detractors=0.25, population=1200)
    549
    """
    from scipy.special import ndtri

    points, promoters, detractors = (
        read_number(value, name, error=ModelError)
        for name, value in (("points", points), ("promoters", promoters), ("detractors", detractors))
    )
    if not (0 <= promoters <= 1 and 0 <= detractors <= 1 and promoters + detractors <= 1 and points > 0):
        raise ModelError("promoters and detractors are shares that add up to 1 at most, and points is above 0.")
    z = float(ndtri((1 + confidence) / 2))
    low, high = 0, 1
    while z * float(adjusted(promoters * high, detractors * high, high)[1]) * _POINTS > points:
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        wide = z * float(adjusted(promoters * middle, detractors * middle, middle)[1]) * _POINTS > points
        low, high = (middle, high) if wide else (low, middle)
    if population is None:
        return high
    if population != int(population) or population < 1:
        raise ModelError(f"population={population!r} is a number of customers, 1 or more.")
    return min(int(np.ceil(high / (1 + (high - 1) / population) - 1e-9)), int(population))


def _counts(scores: Iterable[Any], asked: Scale, *, averaged: bool, label: str) -> Ints:
    marks = checked(scores, asked.lowest, asked.highest, averaged=averaged, label=label)
    kind = np.digitize(marks[answered(marks, label)], [asked.passive_from, asked.promoter_from])
    return np.bincount(kind, minlength=3)


def _permuted(counts: Ints, seen: float, repeats: int, seed: int) -> float:
    """Deal all answers again: how many of each kind fall to `a` is a draw from a multivariate hypergeometric."""
    rng = np.random.default_rng(seed)
    everyone, size = counts.sum(axis=0), counts.sum(axis=1)
    dealt = rng.multivariate_hypergeometric(everyone, int(size[0]), size=repeats, method="marginals")
    rest = everyone - dealt
    apart = (dealt[:, 2] - dealt[:, 0]) / size[0] - (rest[:, 2] - rest[:, 0]) / size[1]
    # the deal that was seen is one of them, so that p is never 0
    return float((1 + (np.abs(apart) >= seen - _TIE).sum()) / (1 + repeats))
