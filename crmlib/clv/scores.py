"""How good were the predictions? Measured on what happened, beside guesses that need no model."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from crmlib.errors import CrmlibError
from crmlib.shop.required import require

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import ArrayLike

    from crmlib.arrays import Floats

__all__ = ["BASELINES", "baselines", "poisson_deviance", "scorecard", "top_share"]

#: Guesses that need no model.
BASELINES = ("always zero", "own rate", "last period", "population mean")
_NOTHING = 1e-6  # purchases: who predicts none and meets one is wrong by much, and not by infinity


def baselines(split: pd.DataFrame) -> dict[str, Floats]:
    """Predict the holdout's purchases without a model.

    Parameters
    ----------
    split
        From `crmlib.clv.holdout`.

    Returns
    -------
    dict
        ``always zero``; ``own rate``, the customer's repeat purchases per period so far, going on; ``last period``, the
        same number as in the last stretch of that length; ``population mean``, everyone at the average rate.
    """
    frequency, age, duration, last = (
        split[name].to_numpy(dtype=float)
        for name in ("frequency_cal", "T_cal", "duration_holdout", "frequency_last_period")
    )
    rate = np.divide(frequency, age, out=np.zeros_like(age), where=age > 0)
    mean_rate = frequency.sum() / age.sum() if age.sum() > 0 else 0.0
    guesses = (np.zeros_like(frequency), rate * duration, last, mean_rate * duration)
    return dict(zip(BASELINES, guesses, strict=True))


def poisson_deviance(actual: ArrayLike, predicted: ArrayLike) -> Floats:
    """Return each customer's Poisson deviance: the error for counts, which is smallest for who predicts the mean.

    Parameters
    ----------
    actual
        What each customer did.
    predicted
        What was predicted; less than a millionth counts as that.

    Examples
    --------
    >>> poisson_deviance([0, 2], [1, 2]).tolist()
    [2.0, 0.0]
    """
    done, mean = np.asarray(actual, dtype=float), np.maximum(np.asarray(predicted, dtype=float), _NOTHING)
    log = np.log(np.where(done > 0, done, 1.0) / np.where(done > 0, mean, 1.0))
    deviance: Floats = 2 * (done * log - (done - mean))
    return deviance


def top_share(actual: ArrayLike, predicted: ArrayLike, share: float = 0.1) -> float:
    """Return which share of what happened fell on the customers predicted highest.

    Parameters
    ----------
    actual
        What each customer did.
    predicted
        What was predicted; equal predictions share their places, so the order of rows does not matter.
    share
        How many of the customers, of 1.

    Examples
    --------
    >>> top_share([9, 1, 0, 0, 0, 0, 0, 0, 0, 0], [5, 4, 3, 2, 1, 0, 0, 0, 0, 0])
    0.9
    >>> top_share([9, 1], [1, 1], share=0.5)
    0.5
    """
    done = np.asarray(actual, dtype=float)
    levels, group = np.unique(-np.asarray(predicted, dtype=float), return_inverse=True)
    size = np.bincount(group, minlength=len(levels))
    mean = np.bincount(group, weights=done, minlength=len(levels)) / size
    places = share * len(done)
    taken = np.clip(places - (np.cumsum(size) - size), 0, size)
    return float((taken * mean).sum() / done.sum()) if done.sum() else float("nan")


def scorecard(split: pd.DataFrame, predictions: Mapping[str, ArrayLike]) -> pd.DataFrame:
    """Judge predictions of the holdout's purchases, beside baselines that need no model.

    Parameters
    ----------
    split
        From `crmlib.clv.holdout`.
    predictions
        Purchases in the holdout by model: one number a customer, in the rows' order.

    Returns
    -------
    pandas.DataFrame
        One row a model or baseline: mae, the mean absolute error; rmse, the root of the mean squared one; deviance, the
        mean Poisson deviance, the measure for counts; bias, the mean of predicted minus actual (mae, rmse and bias in
        purchases); top_decile_share, the share of the purchases that fell on the tenth of the customers predicted
        highest. `crmlib.clv.verdict` names the winner, baselines among the candidates.

    Raises
    ------
    CrmlibError
        A prediction has another length than the table, or is not a number.

    Notes
    -----
    The mean absolute error rewards who predicts the median: where most customers buy nothing, ``always zero`` can
    win by it. The squared one rewards the mean, which is what revenue adds up from, and so does the deviance, in which
    a customer who buys forty times weighs less. A baseline that wins is a finding.

    Examples
    --------
    >>> split = pd.DataFrame({
    ...     "frequency_cal": [0.0, 2.0], "T_cal": [30.0, 20.0], "duration_holdout": 10.0,
    ...     "frequency_last_period": [0.0, 1.0], "frequency_holdout": [0.0, 2.0],
    ... })
    >>> scorecard(split, {"half": [0.5, 0.5]})[["mae", "bias"]].round(2)
                     mae  bias
    half             1.0  -0.5
    always zero      1.0  -1.0
    own rate         0.5  -0.5
    last period      0.5  -0.5
    population mean  1.0  -0.6
    """
    require(
        split,
        "split",
        ("frequency_cal", "T_cal", "duration_holdout", "frequency_last_period", "frequency_holdout"),
    )
    actual = split["frequency_holdout"].to_numpy(dtype=float)
    rows = {}
    clash = sorted(set(predictions) & set(BASELINES))
    if clash:
        raise CrmlibError(f"{clash[0]!r} is the name of a baseline: give the model another, or both count as one.")
    for name, prediction in {**predictions, **baselines(split)}.items():
        predicted = np.asarray(prediction, dtype=float)
        if predicted.shape != actual.shape:
            raise CrmlibError(f"{name}: {predicted.size} predictions for {actual.size} customers.")
        if not np.isfinite(predicted).all():
            raise CrmlibError(f"{name}: {np.count_nonzero(~np.isfinite(predicted))} predictions are not numbers.")
        error = predicted - actual
        rows[name] = {
            "mae": float(np.abs(error).mean()),
            "rmse": float(np.sqrt((error**2).mean())),
            "deviance": float(poisson_deviance(actual, predicted).mean()),
            "bias": float(error.mean()),
            "top_decile_share": top_share(actual, predicted),
        }
    return pd.DataFrame.from_dict(rows, orient="index")
