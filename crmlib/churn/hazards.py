"""What makes customers leave sooner: Cox's regression, whether its answer exists, and whether it holds at all ages."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from crmlib.arguments import read_floats
from crmlib.churn.survival import check_times, curve
from crmlib.errors import CrmlibError, ModelError, ModelWarning
from crmlib.regression import encode, in_direction, join_names, require_rank, separating

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike

    from crmlib.arrays import Bools, Floats

__all__ = ["cox"]

_WHAT = "Cox regression"
_Z = 1.959963984540054  # 95 %
_DRIFTS = 0.05
_STRAINED = 1.0
"""An effect, or its error, of so many standard deviations: perhaps the search went on and on, and no optimum exists."""
_FEW = 1000  # customers: looking for a separation costs nothing
_NEARLY = 0.95
_FEWEST = 10  # ends: fewer say nothing of how an effect changes


def cox(
    days: ArrayLike, left_us: ArrayLike, covariates: pd.DataFrame, *, split: Sequence[float] | None = None
) -> pd.DataFrame:
    """Estimate by how much each covariate speeds leaving up (Cox, 1972), and check that it does so at all ages alike.

    Parameters
    ----------
    days, left_us
        As for `kaplan_meier`.
    covariates
        One row a customer, known on the first day: what came later would leak. Categories become one column for each
        level but the first. Rows with a missing value (empty text as well) are left out.
    split
        Ages at which effects may change: ``[180]`` gives a ratio for what happens up to day 180, and one for later.

    Returns
    -------
    pandas.DataFrame
        One row a covariate: hazard_ratio for one unit more (above 1: leaves sooner), low, high (95 %), p_value;
        drift and drift_p_value: the correlation of its effect with time (scaled Schoenfeld residuals against 1 - the
        Kaplan-Meier share; Grambsch and Therneau, 1994); changes_at: the age at which the effect changes most, where
        drift_p_value is below 0.05. The ratio is then a mean over ages that holds at none of them, and a warning says
        where to split. Ties by Efron's method.

        With `split`, one row a covariate and span of ages (``up to 180``, ``over 180``), and change_p_value: whether
        luck alone would make its ratios differ so much between the spans.

    Raises
    ------
    ModelError
        Nobody left; a covariate does not vary, is made up of others, or has hundreds of levels; or no finite ratio
        exists, for all who left at some age stood at one end of a covariate (separation).

    Warns
    -----
    ModelWarning
        An effect changes with age.

    Examples
    --------
    >>> days, left = [5, 8, 12, 20, 25, 30, 40, 50, 60, 60], [1, 1, 1, 1, 1, 0, 1, 0, 1, 0]
    >>> cox(days, left, pd.DataFrame({"first order": [9, 40, 15, 33, 21, 50, 18, 47, 30, 60]}))["hazard_ratio"].round(2)
    covariate
    first order    0.92
    Name: hazard_ratio, dtype: float64
    """
    time, event, _ = check_times(days, left_us, None)
    if len(covariates) != len(time):
        raise CrmlibError(f"cox: {len(covariates)} rows of covariates for {len(time)} customers.")
    design = encode(covariates, f"{_WHAT}, covariates", separator="_")
    table, time, event = design.numbers, time[design.rows], event[design.rows]
    if not event.any():
        raise ModelError(f"{_WHAT}: nobody left. Take a longer history.")
    if split is not None:
        return _by_age(table, time, event, _ages(split, time))
    result = _estimate(table, time, event, _WHAT)
    drifting = result["changes_at"].dropna()
    if len(drifting):
        name, age = str(drifting.index[0]), float(drifting.iloc[0])
        warnings.warn(
            f"{_WHAT}: the effect of {join_names([str(covariate) for covariate in drifting.index])} changes with age, "
            f"so its ratio is a mean over ages. Ask for one before and one after: cox(..., split=[{age:g}]) "
            f"({name!r} changes most on day {age:g}).",
            ModelWarning,
            stacklevel=2,
        )
    return result


def _ages(split: Sequence[float], time: Floats) -> list[float]:
    """Return the ages to split at, in order, or say what is wrong with them."""
    ages = sorted({float(age) for age in np.atleast_1d(read_floats(split, "cox, split"))})
    if not ages or not all(0 < age < time.max() for age in ages):
        raise CrmlibError(f"cox: split={list(ages)} are ages in days above 0 and below the longest, {time.max():g}.")
    return ages


def _by_age(table: pd.DataFrame, time: Floats, event: Bools, ages: list[float]) -> pd.DataFrame:
    """Fit each span of ages by itself: who was still there at its beginning, up to its end."""
    from scipy.stats import chi2

    parts = []
    for begin, end in zip([-np.inf, *ages], [*ages, np.inf], strict=True):
        there = time > begin
        name = f"up to {end:g}" if begin < 0 else f"over {begin:g}" + (f" to {end:g}" if np.isfinite(end) else "")
        left = event[there] & (time[there] <= end)
        if not left.any():
            raise ModelError(f"{_WHAT}: nobody left at the ages {name}. Split elsewhere.")
        own = table[there].reset_index(drop=True)
        part = _estimate(own, np.minimum(time[there], end), left, f"{_WHAT}, ages {name}")
        parts.append(part.assign(ages=name).set_index("ages", append=True))
    logs = np.array([np.log(part["hazard_ratio"]) for part in parts])
    weights = np.array([(2 * _Z / (np.log(part["high"]) - np.log(part["low"]))) ** 2 for part in parts])
    mean = (weights * logs).sum(axis=0) / weights.sum(axis=0)
    change = chi2.sf((weights * (logs - mean) ** 2).sum(axis=0), len(parts) - 1)
    result = pd.concat([part.assign(change_p_value=change) for part in parts])
    order = [(name, part.index[0][1]) for name in table.columns for part in parts]
    return result.loc[order]


def _estimate(table: pd.DataFrame, time: Floats, event: Bools, what: str) -> pd.DataFrame:
    """Fit, after the check that there is an answer, and look whether it holds at all ages."""
    from statsmodels.duration.hazard_regression import PHReg

    watched = time >= time[event].min()  # who was last seen before anybody left is compared with nobody
    table, time, event = table[watched].reset_index(drop=True), time[watched], event[watched]
    require_rank(table, what)
    values = table.to_numpy(dtype=float)
    scale = values.std(axis=0)
    standard = (values - values.mean(axis=0)) / scale
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # whether there is an optimum is looked at below, and said in words
        try:
            fitted = PHReg(time, standard, status=event.astype(int), ties="efron").fit(disp=0)
            effect, error = np.asarray(fitted.params), np.asarray(fitted.bse)
        except np.linalg.LinAlgError as problem:  # the curvature is rounding where the likelihood rises for ever
            _require_optimum(table, standard, time, event, what)
            raise ModelError(f"{what}: no ratio is found: too few left for these columns. Leave some out.") from problem
    strained = ~(np.isfinite(error) & (error < _STRAINED) & (np.abs(effect) < _STRAINED))
    if strained.any() or len(time) <= _FEW:
        _require_optimum(table, standard, time, event, what)
    per_unit, half = effect / scale, _Z * error / scale
    drift, drift_p, changes_at = _drift(fitted, time, event)
    return pd.DataFrame(
        {
            "hazard_ratio": np.exp(per_unit), "low": np.exp(per_unit - half), "high": np.exp(per_unit + half),
            "p_value": np.asarray(fitted.pvalues), "drift": drift, "drift_p_value": drift_p,
            "changes_at": np.where((drift_p < _DRIFTS) & (event.sum() >= _FEWEST), changes_at, np.nan),
        },
        index=pd.Index(table.columns, name="covariate"),
    )  # fmt: skip


def _differences(values: Floats, time: Floats, event: Bools) -> Any:
    """Return what must not be below 0 in a direction in which the partial likelihood never falls.

    That is each leaver's value less the largest among those still there. The largest is a variable of its own at each
    age at which somebody left, so that there is a row a customer and not one a pair.
    """
    from scipy.sparse import csr_matrix, hstack, vstack

    ages = np.unique(time[event])
    latest = np.searchsorted(ages, time, side="right") - 1  # the last such age at which the customer was there
    size, count = len(time), len(ages)
    own = csr_matrix((np.ones(size), (np.arange(size), latest)), shape=(size, count))
    leavers = np.flatnonzero(event)
    steps = csr_matrix(
        (np.repeat([1.0, -1.0], count - 1), (np.tile(np.arange(count - 1), 2), np.r_[: count - 1, 1:count])),
        shape=(count - 1, count),
    )
    width = values.shape[1]
    return vstack(
        [
            hstack([csr_matrix(-values), own]),
            hstack([csr_matrix(values[leavers]), -own[leavers]]),
            hstack([csr_matrix((count - 1, width)), steps]),
        ],
        format="csr",
    )


def _require_optimum(table: pd.DataFrame, standard: Floats, time: Floats, event: Bools, what: str) -> None:
    """Refuse a partial likelihood that rises for ever: first column by column, for all together takes long."""
    direction = None
    for column, values in enumerate(standard.T):
        for sign in (1.0, -1.0):
            if direction is None and _always_highest(sign * values, time, event):
                direction = np.zeros(standard.shape[1])
                direction[column] = sign
    if direction is None and standard.shape[1] > 1:
        found = separating(_differences(standard, time, event))
        direction = None if found is None else found[: standard.shape[1]]
    if direction is None:
        return
    names = in_direction(table, direction)
    if len(names) == 1:
        end = "highest" if direction[list(table.columns).index(names[0])] > 0 else "lowest"
        how = f"at every age those who left had the {end} value of {names[0]!r} among those still there"
    else:
        how = f"{join_names(names)} together part those who left from those who stayed"
    raise ModelError(
        f"{what}: no finite ratio exists, for {how}. Compare groups by kaplan_meier and log_rank, which need no ratio; "
        "or leave the column out."
    )


def _always_highest(values: Floats, time: Floats, event: Bools) -> bool:
    """Say whether each leaver had the highest value of all who were still there."""
    order = np.argsort(-time, kind="stable")
    highest = np.maximum.accumulate(values[order])
    latest = np.searchsorted(-time[order], -time[event], side="right") - 1  # the last one still there at that age
    return bool((values[event] >= highest[latest]).all())


def _drift(fitted: object, time: Floats, event: Bools) -> tuple[Floats, Floats, Floats]:
    """Correlate each effect with time: the score test of Grambsch and Therneau, one covariate at a time.

    Also returned is the age by which the residuals, added up, are about as far from 0 as they get.
    """
    from scipy.stats import chi2

    residuals = np.asarray(fitted.schoenfeld_residuals)[event]  # type: ignore[attr-defined]
    variance = np.asarray(fitted.cov_params())  # type: ignore[attr-defined]
    count = len(residuals)
    points, share, *_ = curve(time, event)
    # the share just before each end, so that time runs from 0
    before = np.append(1.0, share)[np.searchsorted(points, time[event], side="left")]
    clock = (1 - before) - (1 - before).mean()
    scaled = residuals @ variance * count
    spread = (scaled - scaled.mean(axis=0)).std(axis=0) * clock.std() * count
    drift = np.divide(clock @ scaled, spread, out=np.zeros(len(variance)), where=spread > 0)
    ages, place = np.unique(time[event], return_inverse=True)
    total = (clock**2).sum()
    if total == 0:  # all left on one day
        return drift, np.ones(len(variance)), np.full(len(variance), np.nan)
    p_values = np.asarray(chi2.sf((clock @ scaled) ** 2 / (count * np.diag(variance) * total), 1))
    by_age = np.zeros((len(ages), len(variance)))
    np.add.at(by_age, place, scaled - scaled.mean(axis=0))
    gap = np.abs(np.cumsum(by_age, axis=0))[:-1]
    farthest = ages[(gap >= _NEARLY * gap.max(axis=0)).argmax(axis=0)]
    return drift, p_values, farthest
