"""Do alike customers react alike? Uplift by group, and how much of the response lies between groups."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from crmlib import policy as policies
from crmlib.churn.uplift import arm_difference
from crmlib.errors import CrmlibError
from crmlib.schema import require

if TYPE_CHECKING:
    from crmlib.policy import Policy

__all__ = ["Alikeness", "heterogeneity", "homogeneity", "uplift_by"]

_COLUMNS = ["group", "contacted", "control", "difference", "low", "high", "p_value"]


def uplift_by(
    seen: pd.DataFrame,
    group: str,
    *,
    outcome: str = "window_orders",
    fewest: int = 30,
    policy: Policy | str | dict[str, Any] | None = None,
) -> pd.DataFrame:
    """Read what contact added, persona by persona or segment by segment, each against its own control.

    Parameters
    ----------
    seen
        From `crmlib.churn.experiments`, with the column `group`. The group must have been known before the contact.
    group
        Column of the groups; customers without one are left out.
    outcome
        ``window_orders`` or ``window_spend``.
    fewest
        Groups with an arm of fewer customers are left out: their interval would say nothing.
    policy
        `experiments.alpha` and `experiments.correction`.

    Returns
    -------
    pandas.DataFrame
        One row a group, the largest difference first: group, contacted, control (customers), difference, low, high,
        p_value, p_adjusted. Intervals are of level 1 - alpha / number of groups (Bonferroni): with ten groups and
        plain ones, a group that stands out by luck is what you expect to see.

    Raises
    ------
    CrmlibError
        No group is large enough in both arms.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> seen = pd.DataFrame({"kind": ["moved", "unmoved"] * 1000, "contacted": rng.integers(0, 2, 2000)})
    >>> seen["window_orders"] = rng.poisson(0.1 + 0.2 * seen["contacted"] * (seen["kind"] == "moved"))
    >>> uplift_by(seen, "kind")[["group", "difference", "p_adjusted"]].round(2)
         group  difference  p_adjusted
    0    moved         0.2        0.00
    1  unmoved        -0.0        0.88
    """
    from scipy.stats import norm
    from statsmodels.stats.multitest import multipletests

    require(seen, "the experiment", [group, "contacted", outcome], may_be_empty=[group])
    rules = policies.load(policy).experiments
    known = seen.dropna(subset=[group])
    sizes = pd.crosstab(known[group], known["contacted"])
    large = sizes.index[(sizes.reindex(columns=[0, 1], fill_value=0) >= max(fewest, 2)).all(axis=1)]
    if large.empty:
        raise CrmlibError(f"{group}: no group has {fewest} customers in both arms. Take fewer, larger groups.")
    level = 1 - rules.alpha / len(large)
    rows = []
    for name in large:
        found = arm_difference(known[known[group] == name], outcome, level=level)
        error = (found["high"] - found["low"]) / (2 * norm.ppf((1 + level) / 2))
        p_value = 2 * norm.sf(abs(found["difference"]) / error) if error else float(found["difference"] == 0)
        sizes_of = int(found["contacted"]), int(found["control"])
        rows.append((name, *sizes_of, found["difference"], found["low"], found["high"], p_value))
    table = pd.DataFrame(rows, columns=_COLUMNS)
    table["p_adjusted"] = multipletests(table["p_value"], alpha=rules.alpha, method=rules.correction)[1]
    return table.sort_values("difference", ascending=False, kind="stable", ignore_index=True)


def heterogeneity(table: pd.DataFrame, *, policy: Policy | str | dict[str, Any] | None = None) -> dict[str, float]:
    """Say whether groups differ in what contact does to them by more than chance.

    Cochran's Q and I squared (Higgins and Thompson, Statistics in Medicine 21, 2002), by statsmodels; the groups are
    what studies are in a meta-analysis.

    Parameters
    ----------
    table
        From `uplift_by`.
    policy
        The one that `uplift_by` was given, for the level of its intervals.

    Returns
    -------
    dict
        q, groups, p_value (chance of such a Q if all react alike), i_squared (share of the spread between groups that
        is not chance; 0 if there is none).

    Raises
    ------
    CrmlibError
        There are fewer than two groups, or one has no interval.

    Examples
    --------
    >>> table = pd.DataFrame({"difference": [0.0, 0.3], "low": [-0.1, 0.2], "high": [0.1, 0.4]})
    >>> {name: round(value, 3) for name, value in heterogeneity(table).items()}
    {'q': 22.607, 'groups': 2.0, 'p_value': 0.0, 'i_squared': 0.956}
    """
    from scipy.stats import chi2, norm
    from statsmodels.stats.meta_analysis import combine_effects

    require(table, "the groups", ["difference", "low", "high"])
    if len(table) < 2:  # noqa: PLR2004 - a difference needs two
        raise CrmlibError("Differences between groups need two groups at least.")
    level = 1 - policies.load(policy).experiments.alpha / len(table)
    errors = (table["high"] - table["low"]).to_numpy() / (2 * norm.ppf((1 + level) / 2))
    if not (errors > 0).all():
        raise CrmlibError("A group's interval has no width: nobody differs in it, so it cannot be weighed.")
    found = combine_effects(table["difference"].to_numpy(), errors**2)
    q, groups = float(found.q), len(table)
    spread = max(0.0, 1 - (groups - 1) / q) if q else 0.0
    return {"q": q, "groups": float(groups), "p_value": float(chi2.sf(q, groups - 1)), "i_squared": spread}


@dataclass(frozen=True)
class Alikeness:
    """How alike the customers of a group are.

    Attributes
    ----------
    eta_squared
        Share of the variance that lies between the groups; above 0 by chance alone, more so with many small groups.
    icc
        Intraclass correlation: the same, corrected for chance. 1: all of a group react alike; 0 or less: they are as
        unlike as people of different groups.
    low, high
        Interval of the intraclass correlation.
    groups, customers
        How many.
    level
        Of the interval.
    """

    eta_squared: float
    icc: float
    low: float
    high: float
    groups: int
    customers: int
    level: float


def homogeneity(
    table: pd.DataFrame, group: str, outcome: str, *, policy: Policy | str | dict[str, Any] | None = None
) -> Alikeness:
    """Say how much of the variance of a response lies between groups, and how much within.

    One-way analysis of variance: eta squared, and the intraclass correlation ICC(1,1) with its F interval (Shrout and
    Fleiss, Psychological Bulletin 86, 1979). Groups of unequal size count with their mean size after Searle (Variance
    Components, 1992); the interval is then an approximation.

    Parameters
    ----------
    table
        One row a customer.
    group
        Column of the groups; customers without one are left out.
    outcome
        What they did, as numbers.
    policy
        `experiments.alpha` gives the level.

    Raises
    ------
    CrmlibError
        There are fewer than two groups, as many groups as customers, or nobody differs from anybody.

    Examples
    --------
    >>> table = pd.DataFrame({"kind": list("aabb"), "orders": [0, 1, 4, 5]})
    >>> found = homogeneity(table, "kind", "orders")
    >>> round(found.eta_squared, 3), round(found.icc, 3)
    (0.941, 0.939)
    """
    from scipy.stats import f

    require(table, "the responses", [group, outcome], may_be_empty=[group])
    alpha = policies.load(policy).experiments.alpha
    known = table[[group, outcome]].dropna()
    groups = known.groupby(group, observed=True)[outcome].agg(["size", "mean"])
    size, k, n = groups["size"].to_numpy(dtype=float), len(groups), len(known)
    if k < 2 or n <= k:  # noqa: PLR2004 - a variance between groups needs two
        raise CrmlibError(f"{group}: {k} groups of {n} customers; two groups are needed, and one with two customers.")
    values = known[outcome].to_numpy(dtype=float)
    total = float(((values - values.mean()) ** 2).sum())
    between = float((size * (groups["mean"].to_numpy() - values.mean()) ** 2).sum())
    if not total:
        raise CrmlibError(f"{outcome}: all {n} customers did the same; there is no variance to take apart.")
    between_mean, within_mean = between / (k - 1), max(total - between, 0.0) / (n - k)
    mean_size = (n - (size**2).sum() / n) / (k - 1)

    def correlation(ratio: float) -> float:
        return float((ratio - 1) / (ratio + mean_size - 1)) if np.isfinite(ratio) else 1.0

    ratio = between_mean / within_mean if within_mean else np.inf
    low = correlation(ratio / f.ppf(1 - alpha / 2, k - 1, n - k))
    high = correlation(ratio * f.ppf(1 - alpha / 2, n - k, k - 1))
    return Alikeness(between / total, correlation(ratio), low, high, k, n, 1 - alpha)
