"""Gradient boosting of what a model of purchases gets wrong, learnt from earlier splits of the calibration.

Trees alone cannot look further ahead than they were shown, and 39 weeks hold no outcome of 39 weeks. So they learn a
*factor*: by how much customers with such a history bought more or less than a base model expected, over the time that
could be watched. The base model carries the time ahead; the trees bring what it does not know: the pace of late, the
last gap, the spend. With a Poisson loss, actual / expected as the target and expected as the weight, this is a Poisson
regression with the base model's prediction as its offset.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

import numpy as np

from crmlib.clv.protocol import PredictsSpend
from crmlib.errors import ModelError

if TYPE_CHECKING:
    import pandas as pd

    from crmlib.arrays import Floats
    from crmlib.clv.protocol import Model

__all__ = ["FEATURES", "GradientBoosting"]

#: What the trees see of a customer: columns of the summary.
FEATURES = ("frequency", "recency", "silence", "last_gap", "bought_recently", "bought_lately", "mean_spend")
SMALLEST = 1e-6


class GradientBoosting:
    """Scikit-learn's gradient boosting, alone or on top of another model.

    Parameters
    ----------
    base
        A model by the protocol, not yet fitted, whose predictions are corrected. Without one, trees predict the rate
        of purchases, and the time ahead only stretches it.
    seed
        Of the trees.
    **options
        Of `sklearn.ensemble.HistGradientBoostingRegressor`, in place of ours: few small trees, leaves of 200 customers.

    Examples
    --------
    >>> GradientBoosting(seed=1).fit([])
    Traceback (most recent call last):
    crmlib.errors.ModelError: Gradient boosting learns from outcomes: ...
    """

    def __init__(self, base: Model | None = None, *, seed: int = 1, **options: Any) -> None:
        self.base: Any = base
        self._learnt_from: Any = None
        ours = {"max_iter": 100, "learning_rate": 0.05, "max_leaf_nodes": 6, "min_samples_leaf": 200}
        self.options = {"loss": "poisson", "early_stopping": False, "random_state": seed} | ours | options

    def fit(self, summary: pd.DataFrame) -> Self:  # noqa: ARG002 - the protocol's signature
        """Refuse: a summary alone holds no outcomes."""
        raise ModelError(
            "Gradient boosting learns from outcomes: fit_past(summary, past) takes earlier splits of the calibration. "
            "clv.rolling and clv.compare make them."
        )

    def fit_past(self, summary: pd.DataFrame, past: pd.DataFrame) -> Self:
        """Fit the base model to the summary, and the trees to what it gets wrong on earlier splits.

        Parameters
        ----------
        summary, past
            As for `crmlib.clv.protocol.LearnsFromPast`.

        Raises
        ------
        ModelError
            Nobody bought anything in the past's outcomes.
        """
        if self._learnt_from is past:  # shared with an average, which has fitted it already
            return self
        if not past["purchases_ahead"].any():
            raise ModelError("Nobody bought in the earlier splits of the calibration: use a longer one.")
        if self.base is not None:
            self.base.fit(summary)
        self._learnt_from = past
        self._purchases = self._trees(past, "purchases_ahead", self._base(past, past["periods_ahead"].to_numpy()))
        self._spend = self._trees(past, "spend_ahead", self._base_spend(past, past["periods_ahead"].to_numpy()))
        return self

    def predict(self, summary: pd.DataFrame, duration: float) -> Floats:
        """Return how often each customer will buy.

        Parameters
        ----------
        summary, duration
            As for `Model.predict`.
        """
        purchases: Floats = self._base(summary, duration) * self._factor(self._purchases, summary)
        return purchases

    def predict_spend(self, summary: pd.DataFrame, duration: float) -> Floats:
        """Return how much each customer will spend.

        Parameters
        ----------
        summary, duration
            As for `Model.predict`.
        """
        spend: Floats = self._base_spend(summary, duration) * self._factor(self._spend, summary)
        return spend

    def _trees(self, past: pd.DataFrame, outcome: str, expected: Floats) -> Any:
        from sklearn.ensemble import HistGradientBoostingRegressor

        factor = past[outcome].to_numpy().clip(0) / expected
        trees = HistGradientBoostingRegressor(**self.options)
        return trees.fit(past[list(FEATURES)].to_numpy(), factor, sample_weight=expected)

    @staticmethod
    def _factor(trees: Any, summary: pd.DataFrame) -> Floats:
        return np.asarray(trees.predict(summary[list(FEATURES)].to_numpy()), dtype=float)

    def _base(self, summary: pd.DataFrame, duration: Any) -> Floats:
        if self.base is None:
            return np.full(len(summary), duration, dtype=float)
        return np.asarray(np.maximum(self.base.predict(summary, duration), SMALLEST), dtype=float)

    def _base_spend(self, summary: pd.DataFrame, duration: Any) -> Floats:
        if isinstance(self.base, PredictsSpend):
            return np.asarray(np.maximum(self.base.predict_spend(summary, duration), SMALLEST), dtype=float)
        return self._base(summary, duration)
