"""The Net Promoter Score: the share of promoters less the share of detractors, in points from -100 to 100.

Its interval is the adjusted Wald's: three answers are added, a quarter of them promoters and a quarter detractors, and
then the usual normal interval is taken. B. Rocks, "Interval Estimation for the 'Net Promoter Score'", The American
Statistician 70 (2016), recommends variations of it beside an iterative score test; J. Lewis and J. Sauro published the
worked example below ("How to Compute a Confidence Interval for the Net Promoter Score", MeasuringU).

>>> nps([10] * 95 + [8] * 95 + [3] * 60)
NPS 14.0 (95 % interval 4.3 to 23.4; 250 answers: 95 promoters, 95 passives, 60 detractors)
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd

from crmlib.errors import CrmlibError, ModelError, ModelWarning, SchemaError
from crmlib.surveys.scales import answered, checked, scale_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import ArrayLike, NDArray

    from crmlib.arrays import Bools, Floats

__all__ = ["NPS", "nps", "nps_by"]

Method = Literal["adjusted_wald", "bootstrap"]
#: What the adjusted Wald interval adds: answers, and promoters and detractors among them.
ADDED, ADDED_EACH = 3.0, 0.75
_POINTS = 100.0
_REPEATS = 10_000
_CELLS = 4_000_000  # of the bootstrap's table at a time


@dataclass(frozen=True, repr=False)
class NPS:
    """A Net Promoter Score and how sure it is.

    Attributes
    ----------
    score
        Points from -100 to 100; of weighted answers where weights were given.
    promoters, passives, detractors
        How many answers; never weighted.
    n
        Answers in all.
    missing
        Rows without an answer; they count nowhere.
    standard_error
        In points.
    interval
        Low and high, in points.
    confidence
        Of the interval.
    effective_n
        How many unweighted answers would be as sure (Kish); n without weights.
    """

    score: float
    promoters: int
    passives: int
    detractors: int
    n: int
    missing: int
    standard_error: float
    interval: tuple[float, float]
    confidence: float
    effective_n: float

    def __repr__(self) -> str:
        low, high = self.interval
        return (
            f"NPS {self.score:.1f} ({_POINTS * self.confidence:g} % interval {low:.1f} to {high:.1f}; "
            f"{self.n:,} answer{'s' * (self.n != 1)}: {self.promoters:,} promoters, {self.passives:,} passives, "
            f"{self.detractors:,} detractors)"
        )

    def row(self) -> dict[str, float]:
        """Return it as a row of a table: score, low, high, n, promoters, passives, detractors."""
        low, high = self.interval
        counts = {name: getattr(self, name) for name in ("n", "promoters", "passives", "detractors")}
        return {"score": self.score, "low": low, "high": high, **counts}


def nps(
    scores: Iterable[Any],
    *,
    scale: str = "nps_0_10",
    weights: ArrayLike | None = None,
    method: Method = "adjusted_wald",
    confidence: float = 0.95,
    averaged: bool = False,
    seed: int = 1,
) -> NPS:
    """Compute the Net Promoter Score.

    Parameters
    ----------
    scores
        Answers to "how likely are you to recommend us?", one a customer (see `crmlib.surveys.one_per_customer`).
        What is missing is left out and counted.
    scale
        ``nps_0_10`` or ``nps_1_10``: what was asked. Nothing is rescaled.
    weights
        One for each row of `scores`, such as those of `crmlib.surveys.response_weights`: at least 0.
    method
        ``adjusted_wald``; or ``bootstrap``, which draws the answers again, 10,000 times, and takes quantiles.
    confidence
        Of the interval.
    averaged
        Whether marks between two whole ones are allowed, for means of one customer's answers. 8.5 has not reached 9,
        so it is passive; 6.5 has not reached 7, so it is a detractor.
    seed
        Of the bootstrap.

    Returns
    -------
    NPS
        With weights the interval rests on the effective number of answers, and the standard error is that of a
        ratio, with the weights taken as known.

    Raises
    ------
    SchemaError
        An answer is off the scale or no number; the message names its row.
    ModelError
        There is no answer.

    Warns
    -----
    ModelWarning
        The bootstrap of answers that are all of one kind: it cannot know that others exist.

    Examples
    --------
    >>> result = nps([10, 9, 9, 7, 8, 3])
    >>> round(result.score, 1), result.promoters, result.detractors
    (33.3, 3, 1)
    >>> nps([0, 10], scale="nps_1_10")
    Traceback (most recent call last):
    crmlib.errors.SchemaError: scores, row 0: 0 is off the scale from 1 to 10. ...
    """
    asked = scale_of(scale)
    if not 0 < confidence < 1:
        raise CrmlibError(f"confidence={confidence!r} is a share between 0 and 1, such as 0.95.")
    marks = checked(scores, asked.lowest, asked.highest, averaged=averaged)
    there = answered(marks)
    weight = _weights(weights, there)
    kind = np.digitize(marks[there], [asked.passive_from, asked.promoter_from]) - 1  # -1, 0, 1
    detractors, passives, promoters = (int((kind == which).sum()) for which in (-1, 0, 1))
    share_up, share_down = np.average(kind == 1, weights=weight), np.average(kind == -1, weights=weight)
    share = float(share_up - share_down)
    squares = sum(float((weight[kind == which] ** 2).sum()) * (which - share) ** 2 for which in (-1, 0, 1))
    error = float(np.sqrt(squares) / weight.sum())
    effective = float(weight.sum() ** 2 / (weight**2).sum())
    if method == "adjusted_wald":
        low, high = adjusted_wald(effective * share_up, effective * share_down, effective, confidence)
    elif method == "bootstrap":
        low, high = _bootstrap(kind, weight, confidence, seed)
    else:
        raise CrmlibError(f"method={method!r} is not known. Use 'adjusted_wald' or 'bootstrap'.")
    return NPS(
        score=_POINTS * share,
        promoters=promoters,
        passives=passives,
        detractors=detractors,
        n=len(kind),
        missing=int((~there).sum()),
        standard_error=_POINTS * error,
        interval=(_POINTS * float(low), _POINTS * float(high)),
        confidence=confidence,
        effective_n=effective,
    )


def nps_by(
    scores: Iterable[Any],
    groups: Iterable[Any],
    *,
    scale: str = "nps_0_10",
    weights: ArrayLike | None = None,
    confidence: float = 0.95,
    averaged: bool = False,
) -> pd.DataFrame:
    """Compute the Net Promoter Score of each group.

    Parameters
    ----------
    scores, scale, weights, confidence, averaged
        As for `nps`.
    groups
        The group of each answer; answers without a group are left out.

    Returns
    -------
    pandas.DataFrame
        score, low, high (points), n, promoters, passives, detractors; one row a group, in the order of the groups.
        A group without an answer has a score of NaN and the interval from -100 to 100.

    Examples
    --------
    >>> nps_by([10, 9, 3, 10], ["web", "web", "app", "app"])[["score", "n"]]
         score  n
    app    0.0  2
    web  100.0  2
    """
    asked = scale_of(scale)
    marks = checked(scores, asked.lowest, asked.highest, averaged=averaged)
    group = groups.reset_index(drop=True) if isinstance(groups, pd.Series) else pd.Series(list(groups), dtype=object)
    if len(group) != len(marks):
        raise SchemaError(f"groups: {len(group)} for {len(marks)} answers. Give one for each row.")
    weight = np.ones(len(marks)) if weights is None else np.asarray(weights, dtype=float)
    rows: dict[Any, dict[str, float]] = {}
    for name, members in group.groupby(group, observed=True):
        places = members.index.to_numpy()
        if np.isnan(marks[places]).all():
            rows[name] = {"score": np.nan, "low": -_POINTS, "high": _POINTS}
            continue
        one = nps(marks[places], scale=scale, weights=weight[places], confidence=confidence, averaged=averaged)
        rows[name] = one.row()
    if not rows:
        raise ModelError("scores: there is no answer that has a group.")
    table = pd.DataFrame.from_dict(rows, orient="index")
    counts = ["n", "promoters", "passives", "detractors"]
    table = table.reindex(columns=["score", "low", "high", *counts])
    return table.fillna(dict.fromkeys(counts, 0)).astype(dict.fromkeys(counts, int))


def adjusted_wald(
    promoters: ArrayLike, detractors: ArrayLike, n: ArrayLike, confidence: float = 0.95
) -> tuple[Any, Any]:
    """Return low and high of the adjusted Wald interval, as shares between -1 and 1; arrays in, arrays out.

    The answers that are added draw the interval to the middle. With one or two answers they would draw it off the
    estimate, so it reaches there at least.
    """
    from scipy.special import ndtri

    middle, error = adjusted(promoters, detractors, n)
    half = ndtri((1 + confidence) / 2) * error
    up, down, size = (np.asarray(count, dtype=float) for count in (promoters, detractors, n))
    share = np.divide(up - down, size, out=np.array(middle, dtype=float), where=size > 0)
    return np.maximum(np.minimum(middle - half, share), -1), np.minimum(np.maximum(middle + half, share), 1)


def adjusted(promoters: ArrayLike, detractors: ArrayLike, n: ArrayLike) -> tuple[Any, Any]:
    """Return the adjusted share and its standard error."""
    size = np.asarray(n, dtype=float) + ADDED
    up, down = ((np.asarray(count, dtype=float) + ADDED_EACH) / size for count in (promoters, detractors))
    return up - down, np.sqrt((up + down - (up - down) ** 2) / size)


def _bootstrap(kind: NDArray[np.integer[Any]], weight: Floats, confidence: float, seed: int) -> Sequence[float]:
    if len(set(kind.tolist())) == 1:
        warnings.warn(
            "All answers are of one kind, so every draw is the same and the interval a point. That is not certainty: "
            "use method='adjusted_wald'.",
            ModelWarning,
            stacklevel=3,
        )
    rng = np.random.default_rng(seed)
    cells, place = np.unique(np.column_stack([kind, weight]), axis=0, return_inverse=True)
    chance = np.bincount(place) / len(kind)  # alike answers are drawn as one cell: three without weights
    drawn = np.empty(_REPEATS)
    at_once = max(1, _CELLS // len(cells))
    for start in range(0, _REPEATS, at_once):
        part = drawn[start : start + at_once]
        draws = rng.multinomial(len(kind), chance, size=len(part))
        total = draws @ cells[:, 1]
        part[:] = np.divide(draws @ (cells[:, 0] * cells[:, 1]), total, out=np.zeros(len(part)), where=total > 0)
    low, high = np.quantile(drawn, [(1 - confidence) / 2, (1 + confidence) / 2])
    return float(low), float(high)


def _weights(weights: ArrayLike | None, there: Bools) -> Floats:
    if weights is None:
        return np.ones(int(there.sum()))
    given = np.asarray(weights, dtype=float)
    if given.shape != there.shape:
        raise SchemaError(f"weights: {given.size} for {there.size} answers. Give one for each row.")
    wrong = there & ~(np.isfinite(given) & (given >= 0))
    if wrong.any():
        row = int(wrong.argmax())
        raise SchemaError(f"weights, row {row}: {given[row]} is no weight. A weight is a number of at least 0.")
    if not given[there].sum() > 0:
        raise SchemaError("weights: they add up to 0. At least one answer must count.")
    return given[there]
