"""The models of this package by the protocol of `crmlib.clv.protocol`, and averages of models."""

from __future__ import annotations

import copy
import warnings
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from crmlib.clv.gamma_gamma import GammaGammaFitter
from crmlib.clv.pareto import ParetoNBDFitter
from crmlib.clv.protocol import LearnsFromPast, PredictsSpend
from crmlib.errors import CrmlibError, ModelWarning

if TYPE_CHECKING:
    import pandas as pd

    from crmlib.arrays import Floats
    from crmlib.clv.protocol import Model

__all__ = ["Average", "BuyTillYouDie", "fit_model"]


class BuyTillYouDie:
    """A model of purchases, and Gamma-Gamma for what each purchase brings.

    Parameters
    ----------
    fitter
        A fitter of purchases, not yet fitted; Pareto/NBD where none is given.
    spend
        A fitter of spend, not yet fitted; Gamma-Gamma where none is given.

    Attributes
    ----------
    purchases_, spend_
        The fitted models.

    Examples
    --------
    >>> import pandas as pd
    >>> from crmlib.clv import BetaGeoFitter, GammaGammaFitter
    >>> rows = {"frequency": [0, 0, 3, 1, 5, 2], "recency": [0, 0, 30, 9, 8, 20], "T": [39, 30, 38, 39, 36, 30]}
    >>> summary = pd.DataFrame(rows | {"monetary_value": [0, 0, 20.0, 60, 15, 31]})
    >>> model = BuyTillYouDie(BetaGeoFitter(0.1), GammaGammaFitter(0.01)).fit(summary)
    >>> bool(model.predict(summary, 10)[2] > model.predict(summary, 10)[0])
    True
    """

    def __init__(self, fitter: Any = None, spend: Any = None) -> None:
        self.fitter = ParetoNBDFitter() if fitter is None else fitter
        self.spend = GammaGammaFitter() if spend is None else spend

    def fit(self, summary: pd.DataFrame) -> Self:
        """Fit both models; Gamma-Gamma to those who bought again for money."""
        self.purchases_ = copy.deepcopy(self.fitter).fit(summary)
        buyers = summary[(summary["frequency"] > 0) & (summary["monetary_value"] > 0)]
        with warnings.catch_warnings():
            # a comparison judges the spend by what came: how the model was strained is no news there
            warnings.simplefilter("ignore", ModelWarning)
            self.spend_ = copy.deepcopy(self.spend).fit(buyers["frequency"], buyers["monetary_value"])
        return self

    def predict(self, summary: pd.DataFrame, duration: float | Floats) -> Floats:
        """Return how often each customer will buy.

        Parameters
        ----------
        summary
            The histories.
        duration
            How far ahead; for a customer each, or one for all.
        """
        history = (summary[name].to_numpy() for name in ("frequency", "recency", "T"))
        return np.asarray(self.purchases_.predict(duration, *history), dtype=float)

    def predict_spend(self, summary: pd.DataFrame, duration: float | Floats) -> Floats:
        """Return how much each customer will spend: purchases times expected spend.

        Parameters
        ----------
        summary, duration
            As for `predict`.
        """
        columns = (summary[name].to_numpy() for name in ("frequency", "monetary_value"))
        each = self.spend_.conditional_expected_average_profit(*columns)
        return np.asarray(self.predict(summary, duration) * each, dtype=float)


class Average:
    """The mean of several models' predictions: errors that they do not share cancel in part.

    Parameters
    ----------
    *models
        Models by the protocol, not yet fitted.

    Examples
    --------
    >>> class Same:
    ...     def __init__(self, much): self.much = much
    ...     def fit(self, summary): return self
    ...     def predict(self, summary, duration): return [self.much] * len(summary)
    >>> Average(Same(1.0), Same(2.0)).fit([]).predict(["ann", "bob"], 39).tolist()
    [1.5, 1.5]
    """

    def __init__(self, *models: Model) -> None:
        if not models:
            raise CrmlibError("An Average needs models: Average(BuyTillYouDie(), GradientBoosting()).")
        self.models = models

    def fit(self, summary: pd.DataFrame) -> Self:
        """Fit each model."""
        for model in self.models:
            model.fit(summary)
        return self

    def fit_past(self, summary: pd.DataFrame, past: pd.DataFrame) -> Self:
        """Fit each model, with the past where it learns from it.

        Parameters
        ----------
        summary, past
            As for `crmlib.clv.protocol.LearnsFromPast`.
        """
        for model in self.models:
            fit_model(model, summary, past)
        return self

    def predict(self, summary: pd.DataFrame, duration: float) -> Floats:
        """Return the mean of the purchases that the models predict.

        Parameters
        ----------
        summary, duration
            As for `Model.predict`.
        """
        return _mean([model.predict(summary, duration) for model in self.models])

    def predict_spend(self, summary: pd.DataFrame, duration: float) -> Floats:
        """Return the mean of the spend predicted by the models that predict some.

        Parameters
        ----------
        summary, duration
            As for `Model.predict`.
        """
        told = [model.predict_spend(summary, duration) for model in self.models if isinstance(model, PredictsSpend)]
        return _mean(told) if told else np.full(len(summary), np.nan)


def _mean(predictions: list[Any]) -> Floats:
    return np.asarray(np.stack([np.asarray(each, dtype=float) for each in predictions]).mean(axis=0), dtype=float)


def fit_model(model: Any, summary: pd.DataFrame, past: pd.DataFrame | None) -> None:
    """Fit a model to a summary, and to the past where it learns from it and there is some.

    Parameters
    ----------
    model
        A model by the protocol.
    summary, past
        As for `crmlib.clv.protocol.LearnsFromPast`.
    """
    if past is not None and isinstance(model, LearnsFromPast):
        model.fit_past(summary, past)
    else:
        model.fit(summary)
