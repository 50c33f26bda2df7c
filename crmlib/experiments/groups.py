"""Do alike customers react alike? Uplift by group, and how much of the response lies between groups."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from crmlib import arms
from crmlib import policy as policies
from crmlib.arguments import read_floats
from crmlib.errors import CrmlibError
from crmlib.p_values import adjust
from crmlib.shop.required import require

if TYPE_CHECKING:
    from crmlib.policy import Policy

__all__ = ["Alikeness", "heterogeneity", "homogeneity", "uplift_by"]

_STEPS = 3  # towards a common difference; the weights hardly hang on it
_COLUMNS = ["group", "contacted", "control", "difference", "low", "high", "p_value", "events", "error"]


def uplift_by(
    seen: pd.DataFrame,
    group: str,
    *,
    outcome: str = "window_orders",
    fewest: int = 30,
    strata: str | None = "campaign_id",
    policy: Policy | str | dict[str, Any] | None = None,
) -> pd.DataFrame:
    """Read what contact added, persona by persona or segment by segment, each against its own control.

    Arms are compared within each campaign, and by the test of `crmlib.churn.arm_difference`, which few buyers in a
    small control group do not break.

    Parameters
    ----------
    seen
        From `crmlib.churn.experiments`, with the column `group`. The group must have been known before the contact.
    group
        Column of the groups; customers without one are left out.
    outcome
        ``window_orders`` or ``window_spend``.
    fewest
        Groups with an arm of fewer customers are left out: their interval would say nothing. Customers of campaigns
        that have one arm only in a group do not count.
    strata
        The column within whose values arms are compared, where the table has it; as for `arm_difference`.
    policy
        `experiments.alpha` and `experiments.correction`.

    Returns
    -------
    pandas.DataFrame
        One row a group, the largest difference first: group, contacted, control (customers), difference, low, high,
        p_value, events, error, p_adjusted. Intervals are of level 1 - alpha / number of groups (Bonferroni): with ten
        groups and plain ones, a group that stands out by luck is what you expect to see. events: how many a smaller
        arm expects without an effect; below 5, a wide interval is all that the group can say. error: the standard
        error if all groups reacted alike, for `heterogeneity`.

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
    require(seen, "the experiment", [group, "contacted", outcome], may_be_empty=[group])
    rules = policies.load(policy).experiments
    known = seen.dropna(subset=[group])
    names, sums = _by_group(known, group, outcome, strata)
    both = np.minimum(*sums.customers) > 0  # strata of which a group has both arms
    sizes = np.stack([np.where(both, side, 0.0).sum(axis=1) for side in sums.customers], axis=1).astype(np.int64)
    large = sizes.min(axis=1) >= max(fewest, 2)
    if not large.any():
        raise CrmlibError(f"{group}: no group has {fewest} customers in both arms. Take fewer, larger groups.")
    sums = sums.rows(large)
    low, high = arms.interval(sums, 1 - rules.alpha / int(large.sum()))
    columns = (np.array(names, dtype=object)[large], *sizes[large].T, arms.difference(sums), low, high,
               arms.p_value(sums), sums.events, arms.standard_error(sums, _common(sums)))  # fmt: skip
    table = pd.DataFrame(dict(zip(_COLUMNS, columns, strict=True))).infer_objects()
    table["p_adjusted"] = adjust(table["p_value"], rules.correction)
    return table.sort_values("difference", ascending=False, kind="stable", ignore_index=True)


def _by_group(known: pd.DataFrame, group: str, outcome: str, strata: str | None) -> tuple[list[Any], arms.Sums]:
    """Return the groups' names, and their sums by stratum: a row per group."""
    parts = arms.in_strata(known, outcome, strata)
    codes, levels = pd.factorize(known[group], sort=True)
    # each group's stratum is a stratum of its own, laid out as a table
    count = len(parts.names)
    whole = arms.sums_of(parts.outcome, parts.treated, codes * count + parts.number, count=len(levels) * count)
    return list(levels), whole.reshaped(len(levels), count)


def _common(sums: arms.Sums) -> float:
    """Return the difference of all groups, were it one: each weighs by its error under that very difference."""
    gaps, common = arms.difference(sums), 0.0
    for _ in range(_STEPS):
        variance = arms.standard_error(sums, common) ** 2
        weights = np.divide(1.0, variance, out=np.zeros_like(variance), where=variance > 0)
        common = float(weights @ gaps / weights.sum()) if weights.sum() else 0.0
    return common


def heterogeneity(table: pd.DataFrame, *, policy: Policy | str | dict[str, Any] | None = None) -> dict[str, float]:
    """Say whether groups differ in what contact does to them by more than chance.

    Cochran's Q and I squared (Higgins and Thompson, Statistics in Medicine 21, 2002), by statsmodels; the groups are
    what studies are in a meta-analysis. It asks whether the effect differs, which no comparison of p-values does: one
    group may have passed 5 % and another not, with the same effect. Groups in which nobody ordered say nothing here,
    and do not count.

    Parameters
    ----------
    table
        From `uplift_by`, whose ``error`` is that of groups that all react alike; of any other table, the width of its
        intervals is taken for it.
    policy
        The one that `uplift_by` was given, for the level of such intervals.

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
    if "error" in table:
        errors = table["error"].to_numpy(dtype=float)
        table, errors = table[errors > 0], errors[errors > 0]
        if len(table) < 2:  # noqa: PLR2004 - a difference needs two
            raise CrmlibError("Fewer than two groups ordered at all, so they cannot be compared.")
    else:
        level = 1 - policies.load(policy).experiments.alpha / len(table)
        errors = (table["high"] - table["low"]).to_numpy() / (2 * norm.ppf((1 + level) / 2))
        if not (errors > 0).all():
            raise CrmlibError("A group's interval has no width: nobody differs in it, so it cannot be weighed.")
    result = combine_effects(table["difference"].to_numpy(), errors**2)
    q, groups = float(result.q), len(table)
    spread = max(0.0, 1 - (groups - 1) / q) if q else 0.0
    return {"q": q, "groups": float(groups), "p_value": float(chi2.sf(q, groups - 1)), "i_squared": spread}


@dataclass(frozen=True)
class Alikeness:
    """How alike the customers of a group are.

    Attributes
    ----------
    eta_squared
        Share of the variance that lies between the groups; above 0 by chance alone, more so with many small groups.
    epsilon_squared
        The same less what chance brings (Kelley 1935): about 0 where the groups say nothing, and below it by bad luck.
    icc
        Intraclass correlation, of two customers of one group: the variance *of the groups' means* by that plus the
        variance within. It weighs all groups alike, however many customers they have, so it is no eta squared less
        luck: with few groups it is the larger of the two. 1: all of a group react alike; 0 or less: they are as unlike
        as people of different groups.
    low, high
        Interval of the intraclass correlation.
    ceiling
        Eta squared if all customers of a group were the same and only luck parted them, for counts (orders by Poisson's
        law about the group's mean): 1 is out of reach for counts. Missing for outcomes that are no counts.
    groups, customers
        How many.
    level
        Of the interval.
    """

    eta_squared: float
    epsilon_squared: float
    icc: float
    low: float
    high: float
    ceiling: float
    groups: int
    customers: int
    level: float


def homogeneity(
    table: pd.DataFrame, group: str, outcome: str, *, policy: Policy | str | dict[str, Any] | None = None
) -> Alikeness:
    """Say how much of the variance of a response lies between groups, and how much within.

    One-way analysis of variance: eta squared, epsilon squared, and the intraclass correlation ICC(1,1) with its F
    interval (Shrout and Fleiss, Psychological Bulletin 86, 1979). Groups of unequal size count with their mean size
    after Searle (Variance Components, 1992); the interval is then an approximation.

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
    >>> round(found.eta_squared, 3), round(found.epsilon_squared, 3), round(found.icc, 3)
    (0.941, 0.912, 0.939)
    """
    from scipy.stats import f

    require(table, "the responses", [group, outcome], may_be_empty=[group])
    alpha = policies.load(policy).experiments.alpha
    read_floats(table[outcome], outcome, finite=True)
    known = table[[group, outcome]].dropna().astype({outcome: float})
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
    counts = bool(((values >= 0) & (values == np.floor(values))).all())
    # by Poisson's law the variance within a group is its mean
    ceiling = between / (between + float(values.sum())) if counts else float("nan")
    epsilon_squared = (between - (k - 1) * within_mean) / total
    return Alikeness(between / total, epsilon_squared, correlation(ratio), low, high, ceiling, k, n, 1 - alpha)
