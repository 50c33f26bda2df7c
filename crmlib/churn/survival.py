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
from crmlib.arguments import read_floats
from crmlib.days import until
from crmlib.errors import CrmlibError, ModelError
from crmlib.shop.observed import as_known_on, day_of, nobody

if TYPE_CHECKING:
    from datetime import date

    from numpy.typing import ArrayLike, NDArray

    from crmlib.arrays import Bools, Floats, Ints, Objects
    from crmlib.policy import Policy
    from crmlib.shop import Shop


__all__ = ["LogRank", "check_times", "curve", "kaplan_meier", "lifetimes", "log_rank", "median_lifetime"]

_Z = 1.959963984540054  # 95 %


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
    time, event, group = check_times(days, left_us, by)
    parts = []
    for name in sorted(set(group), key=str):
        own = group == name
        if event[own].any():
            points, share, low, high = curve(time[own], event[own])
        else:  # nobody left: certain of nothing but that
            points = np.unique(time[own])
            share, low, high = (np.ones(len(points)) for _ in range(3))
        part = pd.DataFrame(
            {"days": points, "at_risk": _at_risk(time[own], points), "share": share, "low": low, "high": high}
        )
        start = pd.DataFrame({"days": [0.0], "at_risk": [int(own.sum())], "share": 1.0, "low": 1.0, "high": 1.0})
        part = pd.concat([start, part]) if points[0] > 0 else part
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
        There is only one group, nobody left, or no two groups can be compared when customers left.

    Examples
    --------
    >>> found = log_rank([1, 2, 3, 10, 11, 12], [1] * 6, ["a"] * 3 + ["b"] * 3)
    >>> round(found.chi_square, 2), found.degrees
    (5.05, 1)
    """
    from scipy.stats import chi2
    from statsmodels.duration.survfunc import survdiff

    time, event, group = check_times(days, left_us, by)
    labels = group.astype(str)
    if len(set(labels)) == 1 or not event.any():
        raise ModelError("A log-rank test needs two groups (by), and somebody who left.")
    table = _expected(time, event, labels)
    # a group that was last seen before anybody left says nothing of its speed: it is no degree of freedom, as in R
    groups = table.loc[table["expected"] > 0, "group"].to_numpy(dtype=str)
    counts = np.isin(labels, groups)
    degrees = len(groups) - 1
    try:
        chi_square, _ = survdiff(time[counts], event[counts].astype(int), labels[counts]) if degrees else (np.nan, 1.0)
    except np.linalg.LinAlgError:
        chi_square = np.nan
    if np.isnan(chi_square):
        raise ModelError("Log-rank test: whenever customers left, no other group was there, or everybody left at once.")
    return LogRank(float(chi_square), degrees, float(chi2.sf(chi_square, degrees)), table)


def curve(time: Floats, event: Bools) -> tuple[Floats, Floats, Floats, Floats]:
    """Return each day on which somebody was last seen, the share still there after it, and its limits of 95 %."""
    from statsmodels.duration.survfunc import SurvfuncRight

    fitted = SurvfuncRight(time, event.astype(int))
    # it names only days on which somebody left: before the first everybody is there, and a share holds until the next
    share, error = np.append(1.0, fitted.surv_prob), np.append(0.0, fitted.surv_prob_se)
    # log-log: nothing to either side of a share of 1, and of 0 (whose error is not known)
    inside = (share > 0) & (share < 1)
    logs = np.log(share, out=np.zeros_like(share), where=inside)
    width = np.divide(-_Z * error, share * logs, out=np.zeros_like(share), where=inside)
    points = np.unique(time)
    latest = np.searchsorted(fitted.surv_times, points, side="right")
    return points, share[latest], (share ** np.exp(width))[latest], (share ** np.exp(-width))[latest]


def _at_risk(time: Floats, points: Floats) -> Ints:
    """Return how many were still there just before each point."""
    return len(time) - np.searchsorted(np.sort(time), points, side="left")


def _expected(time: Floats, event: Bools, labels: NDArray[np.str_]) -> pd.DataFrame:
    """Count by group who left, and how many would have, had all groups one speed."""
    points, ends = np.unique(time[event], return_counts=True)
    rate = ends / _at_risk(time, points)
    rows = [
        (name, int((labels == name).sum()), int(event[labels == name].sum()),
         float(_at_risk(time[labels == name], points) @ rate))
        for name in np.unique(labels).tolist()
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=["group", "customers", "left", "expected"])


def check_times(days: ArrayLike, left_us: ArrayLike, by: ArrayLike | None) -> tuple[Floats, Bools, Objects]:
    """Return durations, ends and groups as arrays, without those who have no group; refuse what they cannot be."""
    time = read_floats(days, "survival, days", error=CrmlibError)
    event = pd.Series(list(np.asarray(left_us, dtype=object)), dtype=object)
    if time.ndim != 1 or time.shape != event.shape or not len(time):
        raise CrmlibError(f"survival: {time.size} durations and {event.size} ends; one of each for every customer.")
    if not (np.isfinite(time) & (time >= 0)).all():
        raise CrmlibError("survival: a duration is missing or below 0. It is counted in days from the first order.")
    if not event.isin([0, 1]).all():
        raise CrmlibError("survival: left_us is 1 where the end was seen and 0 where the customer was still there.")
    left = event.to_numpy(dtype=bool)
    if by is None:
        return time, left, np.full(len(time), "all", dtype=object)
    group = pd.Series(np.asarray(by, dtype=object))
    if len(group) != len(time):
        raise CrmlibError(f"survival: {len(group)} groups for {len(time)} customers; one for every customer.")
    known = group.notna().to_numpy()
    if not known.any():
        raise CrmlibError("survival: nobody has a group.")
    return time[known], left[known], group[known].to_numpy()
