"""What is expected of each customer: models of purchases and spend, and how well they foresaw the last horizon."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from crmlib.errors import ModelError, ModelWarning
from crmlib.words import counted

if TYPE_CHECKING:
    import pandas as pd

    from crmlib.arrays import Bools, Floats
    from crmlib.policy import Policy

__all__ = ["FEWEST", "LEVEL", "Forecast"]

#: Customers who ordered on two days or more, below whom no model is fitted.
FEWEST = 10
#: Of the interval of a customer's lifetime value.
LEVEL = 0.95
_STEP = 1e-4
_Z = 1.959963984540054  # the normal quantile that holds LEVEL of a distribution


@dataclass(frozen=True)
class _History:
    """Purchases of those who have bought: frequency, recency, T, in days."""

    frequency: Floats
    recency: Floats
    T: Floats

    def columns(self) -> tuple[Floats, Floats, Floats]:
        return self.frequency, self.recency, self.T


class Forecast:
    """The models of one shop, each fitted when it is first asked for.

    Parameters
    ----------
    bought
        From `crmlib.profiles.known.Known.bought`.
    rules
        Whose ``clv`` and ``churn`` say how far ahead, and what counts as gone.
    """

    def __init__(self, bought: pd.DataFrame, rules: Policy) -> None:
        self._bought, self._rules = bought, rules
        self.there: Bools = bought["orders"].notna().to_numpy()

    @cached_property
    def history(self) -> _History:
        """Of those who have bought, up to the day."""
        return _History(*(self._column(name)[self.there] for name in ("frequency", "recency", "age")))

    @cached_property
    def purchases(self) -> Any:
        """MBG/NBD, fitted to the unique histories.

        Raises
        ------
        ModelError
            There is too little to learn from.
        """
        return _fitted(self.history)

    @cached_property
    def spend(self) -> Any:
        """Gamma-Gamma, fitted to those who bought again for money.

        Raises
        ------
        ModelError
            There is too little to learn from.
        """
        from crmlib import clv

        frequency, value = self.history.frequency, self._column("monetary_value")[self.there]
        again = (frequency > 0) & (value > 0)
        if again.sum() < FEWEST:
            raise ModelError(
                f"{counted(int(again.sum()), 'customer')} bought again for money; a model of spend needs {FEWEST}"
            )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ModelWarning)  # what is not settled is said beside the interval
            return clv.GammaGammaFitter().fit(frequency[again], value[again])

    def alive(self) -> Floats:
        """Return the probability that each customer is one still; missing for those who never bought."""
        return self._spread(self.purchases.alive_at(*self.history.columns()))

    def expected_purchases(self) -> Floats:
        """Return the purchases expected over the policy's horizon."""
        from crmlib.clv import DAYS_PER_MONTH

        days = self._rules.clv.horizon_months * DAYS_PER_MONTH
        return self._spread(self.purchases.predict(days, *self.history.columns()))

    def expected_spend(self) -> Floats:
        """Return the spend expected of a purchase."""
        return self._spread(self._each(self.spend))

    def cltv(self) -> Floats:
        """Return the margin of the purchases to come, discounted: as `crmlib.clv.value` reckons."""
        worth = self._rules.margin_of("clv") * self._each(self.spend) * self._discounted(self.purchases)
        return self._spread(worth)

    def interval(self) -> tuple[Floats, Floats]:
        """Return the interval of each customer's expected lifetime value, as sure as the models' parameters are.

        By the delta method on the parameters' logs, which costs two looks for each parameter where a bootstrap takes
        hundreds of fits. It covers the parameters, not what a customer will really do, nor a change of times.

        Raises
        ------
        ModelError
            The parameters are not settled by these customers.
        """
        for model in (self.purchases, self.spend):
            if model.unsettled_:
                raise ModelError(f"the customers do not settle {' and '.join(model.unsettled_)} of the models")
        spread = _variance(self.purchases, self._discounted) + _variance(self.spend, self._each)
        if not np.isfinite(spread).all():
            raise ModelError("the models' parameters have no error that could be told")
        reach = np.exp(_Z * np.sqrt(np.maximum(spread, 0.0)))
        worth = self._rules.margin_of("clv") * self._each(self.spend) * self._discounted(self.purchases)
        return self._spread(worth / reach), self._spread(worth * reach)

    def risk(self) -> Floats:
        """Return the probability that no order comes within the policy's horizon; missing for those who left already.

        A customer who is still one and keeps buying at a rate drawn from the gamma distribution that the history leaves
        orders nothing in t days with probability ((alpha + T) / (alpha + T + t)) ** (r + frequency).
        """
        gone = self._column("days_since_order")[self.there] >= self._rules.churn.active_days
        return self._spread(np.where(gone, np.nan, self._no_order(self.purchases, self.history)))

    def quality(self) -> dict[str, Any]:
        """Return how well the risk was foreseen at the cut-off, a horizon before the day.

        Returns
        -------
        dict
            customers (active at the cut-off), left (the share of those who then ordered nothing), expected (the share
            that the model expected), auc, brier, and brier_alike, that of giving everybody the share that left.

        Raises
        ------
        ModelError
            There was too little to learn from at the cut-off, or all did the same.
        """
        from sklearn.metrics import roc_auc_score

        then = self._column("frequency_then") >= 0
        history = _History(*(self._column(f"{name}_then")[then] for name in ("frequency", "recency", "age")))
        left = (self._column("days_ahead")[then] == 0).astype(float)
        risk = self._no_order(_fitted(history, start=self.purchases), history)
        active = history.T - history.recency < self._rules.churn.active_days
        left, risk = left[active], risk[active]
        if len(left) < FEWEST or left.min() == left.max():
            raise ModelError("too few customers, or all did the same, in the days since the cut-off")
        share = left.mean()
        return {
            "customers": int(active.sum()),
            "left": float(share),
            "expected": float(risk.mean()),
            "auc": float(roc_auc_score(left, risk)),
            "brier": float(np.mean((risk - left) ** 2)),
            "brier_alike": float(share * (1 - share)),
        }

    def _column(self, name: str) -> Floats:
        return self._bought[name].to_numpy(dtype=float, na_value=np.nan)

    def _spread(self, values: Any) -> Floats:
        result = np.full(len(self.there), np.nan)
        result[self.there] = values
        return result

    def _each(self, model: Any) -> Floats:
        value = self._column("monetary_value")[self.there]
        # who bought again for nothing tells nothing of spend: as somebody without a repeat purchase
        frequency = np.where(value > 0, self.history.frequency, 0.0)
        each = model.conditional_expected_average_profit(frequency, np.where(value > 0, value, 0.0))
        return np.asarray(each, dtype=float)

    def _discounted(self, model: Any) -> Floats:
        from crmlib.clv import discounted_purchases

        rules = self._rules.clv
        monthly = (1 + rules.annual_discount) ** (1 / 12) - 1
        months = {"months": rules.horizon_months, "discount_rate": monthly, "period": "D"}
        return np.asarray(discounted_purchases(model, *self.history.columns(), **months), dtype=float)

    def _no_order(self, model: Any, history: _History) -> Floats:
        r, alpha = (float(model.params_[name]) for name in ("r", "alpha"))
        frequency, _, T = history.columns()
        days = float(self._rules.churn.horizon_days)
        silent = np.exp(-(r + frequency) * np.log1p(days / (alpha + T)))
        result: Floats = 1 - model.alive_at(*history.columns()) * (1 - silent)
        return result


def _fitted(history: _History, start: Any = None) -> Any:
    """Fit the model of purchases."""
    from crmlib import clv

    again = int((history.frequency > 0).sum())
    if again < FEWEST:
        raise ModelError(
            f"{counted(again, 'customer')} ordered on two days or more; a model of purchases needs {FEWEST}"
        )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ModelWarning)  # what is not settled is said beside the interval
        return clv.ModifiedBetaGeoFitter().fit(*history.columns(), period="D", start=start)


def _variance(model: Any, answer: Any) -> Floats:
    """Return the variance of the log of an answer that the errors of a model's parameters make."""
    names = list(model.parameter_names)
    at = model.parameters()
    slopes = []
    for place, name in enumerate(names):
        moved = [
            np.log(answer(model.with_params({**dict(zip(names, at, strict=True)), name: at[place] * np.exp(step)})))
            for step in (-_STEP, _STEP)
        ]
        slopes.append((moved[1] - moved[0]) / (2 * _STEP))
    gradient = np.array(slopes)
    matrix = model.variance_matrix_.to_numpy() / np.outer(at, at)
    variance: Floats = np.einsum("ic,ij,jc->c", gradient, matrix, gradient)
    return variance
