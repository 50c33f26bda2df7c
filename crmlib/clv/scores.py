"""How good were the predictions? Measured on what happened, beside guesses that need no model."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from crmlib.errors import CrmlibError
from crmlib.schema import require

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import ArrayLike, NDArray

__all__ = ["baselines", "scorecard", "top_share"]


def baselines(split: pd.DataFrame) -> dict[str, NDArray[np.float64]]:
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
    return {
        "always zero": np.zeros_like(frequency),
        "own rate": rate * duration,
        "last period": last,
        "population mean": mean_rate * duration,
    }


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
        One row a model or baseline: mae, the mean absolute error; rmse, the root of the mean squared one; bias, the
        mean of predicted minus actual (all in purchases); top_decile_share, the share of the purchases that fell on
        the tenth of the customers predicted highest.

    Raises
    ------
    CrmlibError
        A prediction has another length than the table, or is not a number.

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
            "bias": float(error.mean()),
            "top_decile_share": top_share(actual, predicted),
        }
    return pd.DataFrame.from_dict(rows, orient="index")
