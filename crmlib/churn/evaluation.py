"""How good a probability of leaving is: as a probability (Brier, log loss, calibration), as a ranking (lift, gain)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from crmlib.errors import CrmlibError
from crmlib.intervals import wilson

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import ArrayLike

    from crmlib.arrays import Floats


__all__ = ["calibration", "gains", "scorecard"]


def scorecard(actual: ArrayLike, predictions: Mapping[str, ArrayLike] | pd.DataFrame) -> pd.DataFrame:
    """Judge several predictions of the same customers.

    Parameters
    ----------
    actual
        1 for who left, 0 for who stayed.
    predictions
        Probabilities of leaving by name.

    Returns
    -------
    pandas.DataFrame
        One row a prediction, the least Brier score first:

        - brier: mean squared distance to what happened; log_loss (natural logarithm, probabilities kept off 0 and 1 by
          1e-6); for both, less is better;
        - calibration_gap: mean distance, over tenths of the customers, of the probability told and the share that left;
        - average_precision, roc_auc: the ranking; chance gives the share that left, and 0.5;
        - lift_10: how many times as many leave among the tenth told likeliest as among all.

    Examples
    --------
    >>> scorecard([1, 0, 1, 0], {"sharp": [0.9, 0.2, 0.8, 0.1], "flat": [0.5] * 4})[["brier", "roc_auc"]]
           brier  roc_auc
    sharp  0.025      1.0
    flat   0.250      0.5
    """
    from sklearn.metrics import average_precision_score, brier_score_loss, log_loss, roc_auc_score

    left = _outcomes(actual)
    if len(np.unique(left)) == 1:
        raise CrmlibError("Everybody left, or nobody did: there is nothing to tell apart. Choose another horizon.")
    rows = {}
    for name in predictions:
        chance = _chances(str(name), predictions[str(name)], len(left))
        table = calibration(left, chance)
        curve = gains(left, chance)
        rows[str(name)] = {
            "brier": brier_score_loss(left, chance),
            "log_loss": log_loss(left, np.clip(chance, 1e-6, 1 - 1e-6)),
            "calibration_gap": float(
                np.average((table["predicted"] - table["actual"]).abs(), weights=table["customers"])
            ),
            "average_precision": average_precision_score(left, chance),
            "roc_auc": roc_auc_score(left, chance),
            "lift_10": float(np.interp(0.1, curve["contacted"], curve["found"])) / 0.1,
        }
    return pd.DataFrame(rows).T.sort_values("brier", kind="stable")


def calibration(actual: ArrayLike, predicted: ArrayLike, *, groups: int = 10, level: float = 0.95) -> pd.DataFrame:
    """Compare what was told with what happened, in groups of customers who were told about the same.

    Parameters
    ----------
    actual
        1 for who left, 0 for who stayed.
    predicted
        Their probabilities of leaving.
    groups
        How many; equal probabilities stay together, so there may be fewer.
    level
        Of the intervals.

    Returns
    -------
    pandas.DataFrame
        One row a group, the least likely first: customers, predicted (mean), actual (share that left), low, high (its
        Wilson interval).

    Examples
    --------
    >>> calibration([0, 0, 1, 1], [0.1, 0.1, 0.6, 0.9], groups=2)[["customers", "predicted", "actual"]]
       customers  predicted  actual
    0          2       0.10     0.0
    1          2       0.75     1.0
    """
    left = _outcomes(actual)
    chance = _chances("predicted", predicted, len(left))
    edges = np.unique(np.quantile(chance, np.linspace(0, 1, groups + 1)[1:-1]))
    group = np.searchsorted(edges, chance, side="left")
    table = pd.DataFrame({"predicted": chance, "actual": left}).groupby(group)
    found = table.mean()
    size, hits = table.size(), table["actual"].sum().astype(int)
    found.insert(0, "customers", size)
    found[["low", "high"]] = [wilson(of, n, level) for of, n in zip(hits, size, strict=True)]
    return found.reset_index(drop=True)


def gains(actual: ArrayLike, predicted: ArrayLike) -> pd.DataFrame:
    """Say which share of those who left is found by contacting the likeliest first.

    Customers told the same are contacted in any order: their steps are joined by a straight line, its mean.

    Parameters
    ----------
    actual
        1 for who left, 0 for who stayed.
    predicted
        What ranks them; more is likelier.

    Returns
    -------
    pandas.DataFrame
        contacted (share of all customers), found (share of those who left), lift = found / contacted (missing at 0).

    Examples
    --------
    >>> gains([1, 0, 0, 1], [0.9, 0.5, 0.5, 0.1])
       contacted  found      lift
    0       0.00    0.0       NaN
    1       0.25    0.5  2.000000
    2       0.75    0.5  0.666667
    3       1.00    1.0  1.000000
    """
    left = _outcomes(actual)
    score = np.asarray(predicted, dtype=float)
    steps = pd.DataFrame({"score": score, "left": left}).groupby("score")["left"].agg(["size", "sum"]).iloc[::-1]
    contacted = np.append(0, steps["size"].cumsum()) / len(left)
    found = np.append(0, steps["sum"].cumsum()) / max(left.sum(), 1)
    lift = np.divide(found, contacted, out=np.full(len(found), np.nan), where=contacted > 0)
    return pd.DataFrame({"contacted": contacted, "found": found, "lift": lift})


def _outcomes(actual: ArrayLike) -> Floats:
    left = np.asarray(actual, dtype=float)
    if not len(left) or not np.isin(left, (0.0, 1.0)).all():
        raise CrmlibError("actual: expected 1 for who left and 0 for who stayed, and at least one of them.")
    return left


def _chances(name: str, predicted: ArrayLike, customers: int) -> Floats:
    chance = np.asarray(predicted, dtype=float)
    if chance.shape != (customers,):
        raise CrmlibError(f"{name}: {chance.size} probabilities for {customers} customers.")
    wrong = ~((chance >= 0) & (chance <= 1))
    if wrong.any():
        raise CrmlibError(f"{name}, row {wrong.argmax()}: {chance[wrong][0]} is no probability (0 to 1).")
    return chance
