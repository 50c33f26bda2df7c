"""Two arms compared, by shares or by means; several arms against one control."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from crmlib import policy as policies
from crmlib.errors import CrmlibError
from crmlib.schema import require

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from crmlib.policy import Policy

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
    everybody did it, where the textbook's normal interval fails.

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
    from scipy.stats import norm
    from statsmodels.stats.proportion import confint_proportions_2indep

    alpha = policies.load(policy).experiments.alpha
    for name, count, total in zip(("treated", "control"), successes, totals, strict=True):
        if not 0 <= count <= total or total < 1:
            raise CrmlibError(
                f"{name}: {count} of {total} is no share; an arm needs customers, and at most all did it."
            )
    share, other = (count / total for count, total in zip(successes, totals, strict=True))
    low, high = confint_proportions_2indep(
        successes[0], totals[0], successes[1], totals[1], method="newcomb", compare="diff", alpha=alpha
    )
    pooled = sum(successes) / sum(totals)
    error = np.sqrt(pooled * (1 - pooled) * (1 / totals[0] + 1 / totals[1]))
    # nobody or everybody in both arms: no difference, and nothing to doubt it
    p_value = float(2 * norm.sf(abs(share - other) / error)) if error else 1.0
    return Difference(share, other, share - other, float(low), float(high), p_value, 1 - alpha)


def means(treated: ArrayLike, control: ArrayLike, *, policy: Policy | str | dict[str, Any] | None = None) -> Difference:
    """Compare two means: Welch's interval and test, which do not ask for equal variances.

    Spend has a long tail, so ask for hundreds of customers an arm before trusting it.

    Parameters
    ----------
    treated, control
        One number a customer, those who bought nothing included as 0.
    policy
        `experiments.alpha` gives the level.

    Raises
    ------
    CrmlibError
        An arm has fewer than two customers, or a value is missing.

    Examples
    --------
    >>> found = means([5.0, 6.0, 9.0, 8.0], [1.0, 2.0, 4.0, 3.0])
    >>> found.difference, round(found.low, 2), round(found.high, 2)
    (4.5, 1.69, 7.31)
    """
    from scipy.stats import t
    from statsmodels.stats.weightstats import CompareMeans, DescrStatsW

    alpha = policies.load(policy).experiments.alpha
    arms = [np.asarray(values, dtype=float) for values in (treated, control)]
    for name, values in zip(("treated", "control"), arms, strict=True):
        if len(values) < 2:  # noqa: PLR2004 - a variance needs two
            raise CrmlibError(f"{name}: {len(values)} customers are too few to compare; a variance needs two.")
        if not np.isfinite(values).all():
            raise CrmlibError(f"{name}: a value is missing or infinite; who bought nothing counts as 0.")
    one, two = (float(values.mean()) for values in arms)
    if all(values.var() == 0 for values in arms):
        return Difference(one, two, one - two, one - two, one - two, float(one == two), 1 - alpha)
    both = CompareMeans(*(DescrStatsW(values) for values in arms))
    p_value = 2 * t.sf(abs(one - two) / both.std_meandiff_separatevar, both.dof_satt())
    low, high = both.tconfint_diff(alpha=alpha, usevar="unequal")
    return Difference(one, two, one - two, float(low), float(high), float(p_value), 1 - alpha)


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
        There is no control, or no other arm.
    SchemaError
        A column is missing, or a value; who did nothing counts as 0.

    Examples
    --------
    >>> seen = pd.DataFrame({"arm": ["A"] * 50 + ["B"] * 50 + ["control"] * 50,
    ...                      "bought": [1] * 10 + [0] * 40 + [1] * 20 + [0] * 30 + [1] * 8 + [0] * 42})
    >>> compare(seen, "bought")[["arm", "difference", "p_value", "p_adjusted"]].round(3)
      arm  difference  p_value  p_adjusted
    0   A        0.04    0.603       0.603
    1   B        0.24    0.008       0.015
    """
    from statsmodels.stats.multitest import multipletests

    require(table, "the experiment", [arm, outcome])
    rules = policies.load(policy).experiments
    values = table[outcome].astype(float)
    arms = sorted(name for name in table[arm].unique() if name != control)
    if control not in set(table[arm]) or not arms:
        raise CrmlibError(f"{arm}: expected {control!r} and at least one other arm, found {sorted(set(table[arm]))}.")
    of_control = values[table[arm] == control].to_numpy()
    each = {"experiments": {"alpha": rules.alpha / len(arms)}}
    shares = bool(values.isin([0, 1]).all())
    rows = []
    for name in arms:
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
    return told.assign(p_adjusted=multipletests(told["p_value"], alpha=rules.alpha, method=rules.correction)[1])
