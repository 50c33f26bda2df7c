"""Whether a ranking finds those whom a contact moves: judged on lots that it has not seen, without knowing the truth.

A customer shows one outcome only, so no single one can be judged. But among those ranked highest some were contacted
and some were not, by lot: what the contacted ordered more is the gain of contacting them.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from crmlib import arms
from crmlib.arguments import check_level, read_floats
from crmlib.churn.uplift import UpliftModel
from crmlib.errors import CrmlibError

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Protocol

    from numpy.typing import ArrayLike

    from crmlib.arms import Strata
    from crmlib.arrays import Floats, Ints

    class Model(Protocol):
        """Whatever learns from experiments and scores customers."""

        def fit(self, seen: pd.DataFrame, /) -> object:
            """Learn."""

        def predict(self, features: pd.DataFrame, /) -> pd.Series:
            """Score: more is contacted first."""


__all__ = ["UpliftCurve", "leave_one_campaign_out", "uplift_curve"]


@dataclass(frozen=True)
class UpliftCurve:
    """What contacting customers in the order of a ranking would have brought.

    Attributes
    ----------
    table
        contacted (share, from 0 to 1); customers; gain: extra orders (or spend) from contacting them; low, high: its
        interval, for this share alone; chance: the gain from as many customers by lot; chance_low, chance_high: the
        band in which the curves of rankings by lot lie, from end to end; truth, where it was given.
    area
        Between the curve and chance, per customer (Qini): the mean over all shares contacted of gain minus chance.
    area_low, area_high
        Band of the area of rankings by lot.
    p_value
        How often a ranking by lot has such an area, or one further from 0.
    level
        Of all intervals and bands.
    """

    table: pd.DataFrame
    area: float
    area_low: float
    area_high: float
    p_value: float
    level: float


def uplift_curve(
    score: ArrayLike,
    seen: pd.DataFrame,
    outcome: str = "window_orders",
    *,
    steps: int = 20,
    level: float = 0.95,
    lots: int = 500,
    truth: ArrayLike | None = None,
    strata: str | None = "campaign_id",
    seed: int = 1,
) -> UpliftCurve:
    """Judge a ranking by what randomised campaigns show: the cumulative gain, beside the order of a lot.

    The score must not have been learnt from these very lots: a model remembers who happened to order, and flatters
    itself. Keep the last campaign back, or use `leave_one_campaign_out`.

    Parameters
    ----------
    score
        One per customer of `seen`; more is contacted first. Customers of one score come in any order, so they count as
        their mean.
    seen
        From `experiments`. Several campaigns are compared within themselves; customers of campaigns with one arm only
        are left out.
    outcome
        ``window_orders`` or ``window_spend``.
    steps
        At so many equal shares of the customers.
    level
        Of the intervals and bands.
    lots
        How many rankings by lot the bands are made of.
    truth
        What contacting each customer brings, where a simulation knows it.
    strata
        As for `arm_difference`.
    seed
        Of the lots.

    Raises
    ------
    CrmlibError
        A score is missing, or fewer than two customers of each arm can be compared.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> seen = pd.DataFrame({"moved": rng.random(4000), "contacted": rng.integers(0, 2, 4000)})
    >>> seen["window_orders"] = rng.poisson(0.1 + 0.2 * seen["contacted"] * seen["moved"])
    >>> curve = uplift_curve(seen["moved"], seen, steps=4)
    >>> curve.table[["customers", "gain", "chance"]].round(0)
       customers   gain  chance
    0          0    0.0     0.0
    1       1000  184.0   113.0
    2       2000  361.0   225.0
    3       3000  408.0   338.0
    4       4000  450.0   450.0
    >>> curve.p_value < 0.05
    True
    """
    check_level(level)
    for name, number in (("steps", steps), ("lots", lots)):
        if number != int(number) or number < 1:
            raise CrmlibError(f"{name}={number!r} is a whole number from 1 on.")
    scores = read_floats(score, "score")
    if scores.shape != (len(seen),) or np.isnan(scores).any():
        raise CrmlibError(f"score: expected a number for each of {len(seen)} customers.")
    parts = arms.in_strata(seen, outcome, strata)
    used = parts.used
    if min((used & parts.treated).sum(), (used & ~parts.treated).sum()) < 2:  # noqa: PLR2004 - as in arm_difference
        raise CrmlibError("The lots have fewer than two customers in an arm: no ranking can be judged by them.")
    gains, order = _gains(parts)[used], np.argsort(-scores[used], kind="stable")
    size = len(gains)
    cuts = np.unique(np.round(np.linspace(0, size, steps + 1)).astype(np.int64))
    gain = _running(_tied(gains, scores[used])[order], cuts)
    share = cuts / size
    table = pd.DataFrame({"contacted": share, "customers": cuts, "gain": gain})
    # the interval's own middle may differ a little, as strata weigh by those ranked so far: its reach is what counts
    below, above = _reaches(parts, np.flatnonzero(used)[order], cuts, level)
    table["low"], table["high"] = gain - below, gain + above
    table["chance"] = share * gain[-1]
    drawn = _by_lot(gains, cuts, lots, seed)
    reach = _reach(drawn, level)
    table["chance_low"], table["chance_high"] = table["chance"] - reach, table["chance"] + reach
    if truth is not None:
        true = read_floats(truth, "truth")
        if true.shape != (len(seen),):
            raise CrmlibError(f"truth: expected a number for each of {len(seen)} customers.")
        table["truth"] = _running(_tied(true[used], scores[used])[order], cuts)
    area = float(np.trapezoid(gain - table["chance"], share)) / size
    areas = np.trapezoid(drawn, share, axis=1) / size
    low, high = (float(end) for end in np.quantile(areas, [(1 - level) / 2, (1 + level) / 2]))
    p_value = (1 + int((np.abs(areas) >= abs(area)).sum())) / (1 + lots)
    return UpliftCurve(table, area, low, high, p_value, level)


def _gains(parts: Strata) -> Floats:
    """Return what each customer adds to the estimated gain, were all of them contacted; alone it means nothing.

    The outcome, less the mean of its stratum, divided by the chance of the arm it was seen in: its mean is the gain.
    """
    share = parts.share
    count = len(parts.names)
    means = [np.bincount(parts.number[side], parts.outcome[side], count)
             / np.maximum(np.bincount(parts.number[side], minlength=count), 1)
             for side in (parts.treated, ~parts.treated)]  # fmt: skip
    middle = (means[0] + means[1]) / 2
    around = parts.outcome - middle[parts.number]
    with np.errstate(divide="ignore"):
        gains: Floats = np.where(parts.treated, around / share, -around / (1 - share))
    return gains


def _tied(values: Floats, scores: Floats) -> Floats:
    """Return each value as the mean of those with its score."""
    tied: Floats = pd.Series(values).groupby(scores).transform("mean").to_numpy()
    return tied


def _running(values: Floats, cuts: Ints) -> Floats:
    running: Floats = np.append(0.0, np.cumsum(values))[cuts]
    return running


def _reaches(parts: Strata, ranked: Ints, cuts: Ints, level: float) -> tuple[Floats, Floats]:
    """Return how far the interval of the gain from the first so many reaches, below and above."""
    whole = parts.sums

    def so_far(values: Floats) -> tuple[Floats, Floats]:
        """Add up the first so many by stratum, treated and control."""
        sides = []
        for side in (parts.treated, ~parts.treated):
            rows = np.zeros((len(cuts), whole.weights.shape[1]))
            for index, (start, end) in enumerate(pairwise(cuts), start=1):
                part = ranked[start:end]
                chosen = part[side[part]]
                rows[index] = rows[index - 1] + np.bincount(parts.number[chosen], values[chosen], rows.shape[1])
            sides.append(rows)
        return sides[0], sides[1]

    powers = [parts.outcome**power for power in range(4)]
    sums = arms.Sums(whole.kind, *(so_far(power) for power in powers))
    low, high = arms.interval(sums, level)
    middle = arms.difference(sums)
    both = np.minimum(*sums.customers).max(axis=1) > 0
    # with one arm only nothing is known yet
    below, above = (np.where(both, cuts * reach, np.inf) for reach in (middle - low, high - middle))
    below[0] = above[0] = 0.0
    return below, above


def _by_lot(gains: Floats, cuts: Ints, lots: int, seed: int) -> Floats:
    """Return the distance of rankings by lot from the straight line, a row per lot."""
    rng = np.random.default_rng(seed)
    rows = np.array([_running(rng.permutation(gains), cuts) for _ in range(lots)])
    distance: Floats = rows - cuts / len(gains) * rows[:, -1:]
    return distance


def _reach(drawn: Floats, level: float) -> Floats:
    """Return how far from chance a band reaches that holds the share `level` of these curves from end to end."""
    spread: Floats = drawn.std(axis=0)
    inside = spread > 0
    if not inside.any():
        return spread
    furthest = (np.abs(drawn[:, inside]) / spread[inside]).max(axis=1)
    reach: Floats = np.quantile(furthest, level) * spread
    return reach


def leave_one_campaign_out(seen: pd.DataFrame, model: Callable[[], Model] = UpliftModel) -> pd.Series:
    """Score the customers of each campaign by a model that learnt from all others.

    A shop with few campaigns need not give one up to judge by: every lot is judged once, by scores that have not seen
    it.
    Customers stand in several campaigns, so a later one may tell of an earlier; where that matters, learn from what was
    over and judge by the last.

    Parameters
    ----------
    seen
        From `experiments`, with two campaigns at least.
    model
        Makes a new model.

    Raises
    ------
    CrmlibError
        There is one campaign only.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> seen = pd.DataFrame({"campaign_id": np.repeat(["a", "b"], 2000), "x": rng.integers(0, 2, 4000).astype(float),
    ...                      "contacted": rng.integers(0, 2, 4000)})
    >>> seen["window_orders"] = rng.poisson(0.2 + 0.3 * seen["x"] * seen["contacted"])
    >>> score = leave_one_campaign_out(seen)
    >>> uplift_curve(score, seen).p_value < 0.05
    True
    """
    campaigns: list[Any] = list(seen["campaign_id"].unique()) if "campaign_id" in seen else []
    if len(campaigns) < 2:  # noqa: PLR2004 - one to learn from, one to judge by
        raise CrmlibError("Leaving a campaign out takes two campaigns at least, in a column campaign_id.")
    score = pd.Series(np.nan, index=seen.index, name="uplift")
    for campaign in campaigns:
        own = seen["campaign_id"] == campaign
        learner = model()
        learner.fit(seen[~own])
        score[own] = learner.predict(seen[own])
    return score
