"""Two arms compared, by shares or by means; several arms against one control."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from crmlib import arms
from crmlib import policy as policies
from crmlib.arguments import read_floats
from crmlib.errors import CrmlibError, ModelWarning
from crmlib.p_values import adjust
from crmlib.shop.required import require

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from crmlib.arrays import Floats
    from crmlib.policy import Policy

_SKEW = 0.15  # of the difference: at more, simulated false alarms exceed 5 % by more than one and a half points
_EVENTS = 100  # the smaller arm's effective customers (Kish), below which its own skewness is not to be known
_EVEN = 0.4  # of the customers: values more uneven than exponential ones, of which it is half
_EQUAL = 0.8  # arms of about one size are skewed alike, and it cancels

__all__ = ["Difference", "compare", "means", "proportions"]


@dataclass(frozen=True)
class Difference:
    """What two arms differ by.

    Attributes
    ----------
    treated, control
        The share or the mean of each arm.
    difference
        Treated less control.
    low, high
        Interval of the difference.
    p_value
        How often chance alone would open such a gap, or a wider one, if there were no effect.
    level
        Of the interval.
    """

    treated: float
    control: float
    difference: float
    low: float
    high: float
    p_value: float
    level: float


def proportions(
    successes: tuple[int, int], totals: tuple[int, int], *, policy: Policy | str | dict[str, Any] | None = None
) -> Difference:
    """Compare two shares: Newcombe's interval of the difference, and the score test.

    The interval (method 10 of Newcombe, Statistics in Medicine 17, 1998) stays within -1 and 1, also where nobody or
    everybody did it, where the textbook's normal interval fails. The test is that of `crmlib.arms`, corrected for the
    skewness of few events in a small arm. The two are of different makers, so at the border they may disagree: then the
    careful one counts. Where the test sees no difference, the interval reaches 0; where the interval holds 0, the
    p-value is the one at which it would not.

    Parameters
    ----------
    successes
        How many did it: treated, control.
    totals
        Of how many: treated, control.
    policy
        `experiments.alpha` gives the level.

    Raises
    ------
    CrmlibError
        An arm is empty, or has more successes than customers.

    Examples
    --------
    >>> found = proportions((30, 20), (400, 400))
    >>> round(found.difference, 3), round(found.p_value, 3)
    (0.025, 0.144)
    """
    alpha = policies.load(policy).experiments.alpha
    successes, totals = (_counts(name, pair) for name, pair in (("successes", successes), ("totals", totals)))
    for name, count, total in zip(("treated", "control"), successes, totals, strict=True):
        if not 0 <= count <= total or total < 1:
            raise CrmlibError(
                f"{name}: {count} of {total} is no share; an arm needs customers, and at most all did it."
            )
    share, other = (count / total for count, total in zip(successes, totals, strict=True))
    low, high = _newcombe(successes, totals, alpha)
    counts, sizes = (
        (np.array([[float(treated)]]), np.array([[float(control)]])) for treated, control in (successes, totals)
    )
    p_value = float(arms.p_value(arms.Sums("shares", sizes, counts, counts, counts))[0])
    if p_value >= alpha:
        low, high = min(low, 0.0), max(high, 0.0)
    elif low <= 0 <= high:
        p_value = _where_newcombe_reaches_zero(successes, totals, alpha)
    return Difference(share, other, share - other, low, high, p_value, 1 - alpha)


def _counts(name: str, pair: tuple[int, int]) -> tuple[int, int]:
    """Return the two arms' counts as whole numbers, or refuse what is none."""
    counts = read_floats(pair, name, error=CrmlibError)
    if counts.shape != (2,) or not (counts == np.floor(counts)).all():
        raise CrmlibError(f"{name}={pair!r}: how many of the treated, and how many of the control; whole numbers.")
    return int(counts[0]), int(counts[1])


def _newcombe(successes: tuple[int, int], totals: tuple[int, int], alpha: float) -> tuple[float, float]:
    from statsmodels.stats.proportion import confint_proportions_2indep

    low, high = confint_proportions_2indep(
        successes[0], totals[0], successes[1], totals[1], method="newcomb", compare="diff", alpha=alpha
    )
    return float(low), float(high)


def _where_newcombe_reaches_zero(successes: tuple[int, int], totals: tuple[int, int], alpha: float) -> float:
    """Return the alpha from which on the interval leaves 0 out; it is at least that of an interval that holds 0."""
    least, most = alpha, 1.0
    for _ in range(40):
        middle = (least + most) / 2
        low, high = _newcombe(successes, totals, middle)
        least, most = (middle, most) if low <= 0 <= high else (least, middle)
    return most


def means(treated: ArrayLike, control: ArrayLike, *, policy: Policy | str | dict[str, Any] | None = None) -> Difference:
    """Compare two means: Welch's interval and test, which do not ask for equal variances.

    Spend has a long tail, and then it is the smaller arm that counts: a few large orders decide, and a thousand
    customers may be too few. Where the skewness of the arms is more than they can carry, a warning says so.

    Parameters
    ----------
    treated, control
        One number a customer, those who bought nothing included as 0.
    policy
        `experiments.alpha` gives the level.

    Raises
    ------
    CrmlibError
        An arm has fewer than two customers, a value is missing, or all customers of each arm are alike: then nothing
        says how much chance can do.

    Warns
    -----
    ModelWarning
        The difference is too skew for a normal interval of the level that is asked for.

    Examples
    --------
    >>> found = means([5.0, 6.0, 9.0, 8.0], [1.0, 2.0, 4.0, 3.0])
    >>> found.difference, round(found.low, 2), round(found.high, 2)
    (4.5, 1.69, 7.31)
    """
    from scipy.stats import t
    from statsmodels.stats.weightstats import CompareMeans, DescrStatsW

    alpha = policies.load(policy).experiments.alpha
    samples = [read_floats(values, name) for name, values in (("treated", treated), ("control", control))]
    for name, values in zip(("treated", "control"), samples, strict=True):
        if values.ndim != 1:
            raise CrmlibError(f"{name}: one number a customer is expected; the shape is {values.shape}.")
        if len(values) < 2:  # noqa: PLR2004 - a variance needs two
            raise CrmlibError(f"{name}: {len(values)} customers are too few to compare; a variance needs two.")
        if not np.isfinite(values).all():
            raise CrmlibError(f"{name}: a value is missing or infinite; who bought nothing counts as 0.")
    one, two = (float(values.mean()) for values in samples)
    if all(np.ptp(values) == 0 for values in samples):
        raise CrmlibError(
            f"All {len(samples[0])} treated have the value {samples[0][0]:g}, all {len(samples[1])} of the control "
            f"{samples[1][0]:g}: without any spread in an arm, nothing says how much is chance. Compare shares instead."
        )
    # in units of the largest, so that squares and fourth powers stay numbers
    unit = max(float(np.abs(values).max()) for values in samples)
    scaled = [values / unit for values in samples]
    _warn_where_too_skew(scaled)
    both = CompareMeans(*(DescrStatsW(values) for values in scaled))
    gap = float(scaled[0].mean() - scaled[1].mean())
    p_value = 2 * t.sf(abs(gap) / both.std_meandiff_separatevar, both.dof_satt())
    low, high = both.tconfint_diff(alpha=alpha, usevar="unequal")
    return Difference(one, two, one - two, float(low) * unit, float(high) * unit, float(p_value), 1 - alpha)


def _warn_where_too_skew(samples: list[Floats]) -> None:
    """Warn where the third moment of the difference moves its tails by more than the promised error rates allow."""
    spread = [values.var() / len(values) for values in samples]
    third = [((values - values.mean()) ** 3).mean() / len(values) ** 2 for values in samples]
    skew = abs(third[0] - third[1]) / sum(spread) ** 1.5
    smaller = min(samples, key=len)
    events = float(smaller.sum() ** 2 / (smaller**2).sum()) if (smaller >= 0).all() and smaller.any() else len(smaller)
    unequal = min(len(values) for values in samples) < _EQUAL * max(len(values) for values in samples)
    uneven = events < min(_EVENTS, _EVEN * len(smaller))
    if unequal and (skew > _SKEW or uneven):
        warnings.warn(
            f"The values are too skew for arms of {len(samples[0]):,} and {len(samples[1]):,} customers: the smaller "
            f"weighs as {events:,.0f} customers, so a few large values decide. Interval and p-value of the means are "
            "not to be trusted; compare the shares who bought, or cap the values at a limit set beforehand.",
            ModelWarning, stacklevel=3,
        )  # fmt: skip


def compare(
    table: pd.DataFrame,
    outcome: str,
    *,
    arm: str = "arm",
    control: str = "control",
    policy: Policy | str | dict[str, Any] | None = None,
) -> pd.DataFrame:
    """Compare each arm with the control, and correct for having asked more than once.

    Parameters
    ----------
    table
        One row a customer.
    outcome
        A column of numbers; one of 0 and 1 only is compared by shares, any other by means.
    arm
        The column that holds the arm.
    control
        The arm that the others are compared with.
    policy
        `experiments.alpha` and `experiments.correction`.

    Returns
    -------
    pandas.DataFrame
        One row an arm but the control: arm, customers, control_customers, value, control_value, difference, low,
        high, p_value, p_adjusted. The intervals are of level 1 - alpha / number of arms, so that all of them hold
        together (Bonferroni).

    Raises
    ------
    CrmlibError
        There is no control, or no other arm; or there are several campaigns (``campaign_id``), with arms of different
        shares.
    SchemaError
        A column is missing, or a value; who did nothing counts as 0.

    Examples
    --------
    >>> seen = pd.DataFrame({"arm": ["A"] * 50 + ["B"] * 50 + ["control"] * 50,
    ...                      "bought": [1] * 10 + [0] * 40 + [1] * 20 + [0] * 30 + [1] * 8 + [0] * 42})
    >>> compare(seen, "bought")[["arm", "difference", "p_value", "p_adjusted"]].round(3)
      arm  difference  p_value  p_adjusted
    0   A        0.04    0.604       0.604
    1   B        0.24    0.008       0.016
    """
    require(table, "the experiment", [arm, outcome])
    rules = policies.load(policy).experiments
    values = pd.Series(read_floats(table[outcome], outcome), index=table.index)
    others = sorted((name for name in table[arm].unique() if name != control), key=str)
    if control not in set(table[arm]) or not others:
        raise CrmlibError(
            f"{arm}: expected {control!r} and at least one other arm, found {sorted(set(table[arm]), key=str)}."
        )
    of_control = values[table[arm] == control].to_numpy()
    if "campaign_id" in table and arms.unequal_shares(table["campaign_id"], table[arm]):
        raise CrmlibError(
            f"The shares of the arms in {arm!r} differ from campaign to campaign: arms pooled over campaigns compare "
            "customers of different campaigns. Compare one campaign at a time, or all by crmlib.churn.arm_difference."
        )
    each = {"experiments": {"alpha": rules.alpha / len(others)}}
    shares = bool(values.isin([0, 1]).all())
    rows = []
    for name in others:
        own = values[table[arm] == name].to_numpy()
        if shares:
            counts = int(own.sum()), int(of_control.sum())
            found = proportions(counts, (len(own), len(of_control)), policy=each)
        else:
            found = means(own, of_control, policy=each)
        rows.append((name, len(own), len(of_control), found.treated, found.control, found.difference, found.low,
                     found.high, found.p_value))  # fmt: skip
    names = ["arm", "customers", "control_customers", "value", "control_value", "difference", "low", "high", "p_value"]
    told = pd.DataFrame(rows, columns=names)
    return told.assign(p_adjusted=adjust(told["p_value"], rules.correction))
