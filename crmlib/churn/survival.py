"""How long customers stay: lifetimes, survival curves by group, and what lengthens or shortens them.

A customer has left when a silence first reaches a number of days, and leaves *on that day*, not on the day of the last
order. So whether somebody has left by a day is known on that day, and who is still silent for less is censored.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from crmlib import engine
from crmlib import policy as policies
from crmlib.churn.observed import as_known_on, day_of, nobody
from crmlib.days import until
from crmlib.errors import CrmlibError, ModelError

if TYPE_CHECKING:
    from datetime import date

    from numpy.typing import ArrayLike, NDArray

    from crmlib.policy import Policy
    from crmlib.shop import Shop

    Floats = NDArray[np.float64]

__all__ = ["LogRank", "cox", "kaplan_meier", "lifetimes", "log_rank", "median_lifetime"]


def lifetimes(
    shop: Shop,
    *,
    silence_days: int | None = None,
    as_of: date | str | None = None,
    policy: Policy | str | dict[str, Any] | None = None,
) -> pd.DataFrame:
    """Return how long each customer has stayed, and whether the end was seen.

    Parameters
    ----------
    shop
        Its orders.
    silence_days
        The silence that means having left; the policy's ``churn.active_days`` by default.
    as_of
        The last day that counts; the shop's own by default.
    policy
        The shop's own by default.

    Returns
    -------
    pandas.DataFrame
        customer_id; first_ts (day of the first order), first_amount (spent on it); days from it to the moment when a
        silence first reached silence_days, with left_us = 1, or to the day itself, with left_us = 0.

    Examples
    --------
    >>> import pandas as pd
    >>> from crmlib import open_shop
    >>> sales = pd.DataFrame({
    ...     "customer_id": ["ann", "ann", "bob"], "order_ts": ["2024-01-01", "2024-01-21", "2024-03-01"], "amount": 10,
    ... })
    >>> lifetimes(open_shop(sales, as_of="2024-03-31"), silence_days=60)[["customer_id", "days", "left_us"]]
    Opened dataframe: ...
      customer_id  days  left_us
    0         ann  80.0        1
    1         bob  30.0        0
    """
    rules = policies.load(policy or shop.policy).churn
    day = day_of(shop, as_of)
    shop = as_known_on(shop, day)
    silence = rules.active_days if silence_days is None else silence_days
    tables = {"orders": shop.orders}
    found = engine.run("churn_lifetimes", tables=tables, as_of=day, until=until(day), silence=silence).to_pandas()
    if found.empty:
        raise nobody(day)
    found.insert(1, "first_ts", pd.to_datetime(found.pop("first_day"), unit="D"))
    return found.sort_values("customer_id", ignore_index=True)


def kaplan_meier(days: ArrayLike, left_us: ArrayLike, *, by: ArrayLike | None = None) -> pd.DataFrame:
    """Estimate which share of the customers is still there after so many days (Kaplan and Meier, 1958).

    Parameters
    ----------
    days
        How long each was seen.
    left_us
        1 if the end was seen, 0 if the customer was still there (censored).
    by
        A group for each customer; who has none (missing) is left out.

    Returns
    -------
    pandas.DataFrame
        group (``all`` without groups), days, at_risk, share, low, high (95 %, on the log-log scale); from day 0.

    Examples
    --------
    >>> kaplan_meier([5, 10, 10, 20], [1, 1, 0, 0])[["days", "at_risk", "share"]]
       days  at_risk  share
    0   0.0        4   1.00
    1   5.0        4   0.75
    2  10.0        3   0.50
    3  20.0        1   0.50
    """
    from sksurv.nonparametric import kaplan_meier_estimator

    time, event, group = _checked(days, left_us, by)
    parts = []
    for name in sorted(set(group), key=str):
        own = group == name
        if event[own].any():
            points, share, (low, high) = kaplan_meier_estimator(event[own], time[own], conf_type="log-log")
        else:  # nobody left: certain of nothing but that
            points = np.unique(time[own])
            share, low, high = (np.ones(len(points)) for _ in range(3))
        risk = (time[own][:, None] >= points[None, :]).sum(axis=0) if len(points) else np.zeros(0, dtype=int)
        part = pd.DataFrame({"days": points, "at_risk": risk, "share": share, "low": low, "high": high})
        start = pd.DataFrame({"days": [0.0], "at_risk": [int(own.sum())], "share": 1.0, "low": 1.0, "high": 1.0})
        part = pd.concat([start, part[part["days"] > 0]]) if len(points) and points[0] > 0 else part
        parts.append(part.assign(group=name))
    table = pd.concat(parts, ignore_index=True)
    return table[["group", "days", "at_risk", "share", "low", "high"]]


def median_lifetime(curve: pd.DataFrame) -> pd.Series:
    """Return the day by which half of each group has left; missing where more than half still stay.

    Parameters
    ----------
    curve
        From `kaplan_meier`.

    Examples
    --------
    >>> median_lifetime(kaplan_meier([5, 10, 10, 20], [1, 1, 0, 0])).to_dict()
    {'all': 10.0}
    """
    half = curve[curve["share"] <= 0.5 + 1e-12].groupby("group")["days"].min()
    return half.reindex(sorted(curve["group"].unique(), key=str))


@dataclass(frozen=True)
class LogRank:
    """Whether groups leave at different speeds.

    Attributes
    ----------
    chi_square, degrees, p_value
        Of the test.
    table
        One row a group: customers, left (seen), expected (had all groups one speed).
    """

    chi_square: float
    degrees: int
    p_value: float
    table: pd.DataFrame


def log_rank(days: ArrayLike, left_us: ArrayLike, by: ArrayLike) -> LogRank:
    """Test whether groups leave at the same speed (Mantel, 1966).

    Parameters
    ----------
    days, left_us
        As for `kaplan_meier`.
    by
        A group for each customer; who has none is left out.

    Raises
    ------
    ModelError
        There is only one group, or nobody left.

    Examples
    --------
    >>> found = log_rank([1, 2, 3, 10, 11, 12], [1] * 6, ["a"] * 3 + ["b"] * 3)
    >>> round(found.chi_square, 2), found.degrees
    (5.05, 1)
    """
    from sksurv.compare import compare_survival

    time, event, group = _checked(days, left_us, by)
    if len(set(group)) == 1 or not event.any():
        raise ModelError("A log-rank test needs two groups, and somebody who left.")
    outcome = np.array(list(zip(event, time, strict=True)), dtype=[("left", bool), ("days", float)])
    chi_square, p_value, table, _ = compare_survival(outcome, group.astype(str), return_stats=True)
    shown = table.reset_index().set_axis(["group", "customers", "left", "expected", "statistic"], axis=1)
    return LogRank(float(chi_square), len(shown) - 1, float(p_value), shown.drop(columns="statistic"))


def cox(days: ArrayLike, left_us: ArrayLike, covariates: pd.DataFrame) -> pd.DataFrame:
    """Estimate by how much each covariate speeds leaving up (Cox, 1972), and check that it does so at all ages alike.

    Parameters
    ----------
    days, left_us
        As for `kaplan_meier`.
    covariates
        One row a customer, known on the first day: what came later would leak. Categories become one column for each
        level but the first. Rows with a missing value are left out.

    Returns
    -------
    pandas.DataFrame
        One row a covariate: hazard_ratio for one unit more (above 1: leaves sooner), low, high (95 %), p_value;
        drift and drift_p_value: the correlation of its effect with time (scaled Schoenfeld residuals against 1 - the
        Kaplan-Meier share; Grambsch and Therneau, 1994). A small drift_p_value says that the effect is not
        proportional: the ratio is then a mean over ages. Ties by Efron's method.

    Raises
    ------
    ModelError
        Nobody left, or a covariate does not vary.
    """
    from statsmodels.duration.hazard_regression import PHReg

    time, event, _ = _checked(days, left_us, None)
    table = pd.get_dummies(covariates.reset_index(drop=True), drop_first=True, dtype=float)
    if len(table) != len(time):
        raise CrmlibError(f"cox: {len(table)} rows of covariates for {len(time)} customers.")
    full = table.notna().all(axis=1).to_numpy()
    table, time, event = table[full].astype(float), time[full], event[full]
    scale = table.std(ddof=0)
    flat = [str(name) for name in table if not scale[str(name)] > 0]
    if flat or not event.any():
        why = f"the covariate {flat[0]!r} does not vary" if flat else "nobody left"
        raise ModelError(f"Cox regression: {why}. Leave it out, or take a longer history.")
    found = PHReg(time, (table - table.mean()) / scale, status=event.astype(int), ties="efron").fit(disp=0)
    effect, error = np.asarray(found.params), np.asarray(found.bse)
    per_unit, half = effect / scale.to_numpy(), 1.959963984540054 * error / scale.to_numpy()
    drift, drift_p = _drift(found, time, event)
    return pd.DataFrame(
        {
            "hazard_ratio": np.exp(per_unit), "low": np.exp(per_unit - half), "high": np.exp(per_unit + half),
            "p_value": np.asarray(found.pvalues), "drift": drift, "drift_p_value": drift_p,
        },
        index=pd.Index(table.columns, name="covariate"),
    )  # fmt: skip


def _drift(found: object, time: Floats, event: NDArray[np.bool_]) -> tuple[Floats, Floats]:
    """Correlate each effect with time: the score test of Grambsch and Therneau, one covariate at a time."""
    from scipy.stats import chi2
    from sksurv.nonparametric import kaplan_meier_estimator

    residuals = np.asarray(found.schoenfeld_residuals)[event]  # type: ignore[attr-defined]
    variance = np.asarray(found.cov_params())  # type: ignore[attr-defined]
    count = len(residuals)
    points, share = kaplan_meier_estimator(event, time)
    # the share just before each end, so that time runs from 0
    before = np.append(1.0, share)[np.searchsorted(points, time[event], side="left")]
    clock = (1 - before) - (1 - before).mean()
    scaled = residuals @ variance * count
    spread = (scaled - scaled.mean(axis=0)).std(axis=0) * clock.std() * count
    drift = np.divide(clock @ scaled, spread, out=np.zeros(len(variance)), where=spread > 0)
    total = (clock**2).sum()
    if total == 0:  # all left on one day
        return drift, np.ones(len(variance))
    return drift, np.asarray(chi2.sf((clock @ scaled) ** 2 / (count * np.diag(variance) * total), 1))


def _checked(
    days: ArrayLike, left_us: ArrayLike, by: ArrayLike | None
) -> tuple[Floats, NDArray[np.bool_], NDArray[np.object_]]:
    time, event = np.asarray(days, dtype=float), np.asarray(left_us)
    if time.ndim != 1 or time.shape != event.shape or not len(time):
        raise CrmlibError(f"survival: {time.size} durations and {event.size} ends; one of each for every customer.")
    if not (np.isfinite(time) & (time >= 0)).all():
        raise CrmlibError("survival: a duration is missing or below 0. It is counted in days from the first order.")
    if not np.isin(event.astype(float), (0.0, 1.0)).all():
        raise CrmlibError("survival: left_us is 1 where the end was seen and 0 where the customer was still there.")
    event = event.astype(bool)
    if by is None:
        return time, event, np.full(len(time), "all", dtype=object)
    group = pd.Series(np.asarray(by, dtype=object))
    known = group.notna().to_numpy()
    if not known.any():
        raise CrmlibError("survival: nobody has a group.")
    return time[known], event[known], group[known].to_numpy()
