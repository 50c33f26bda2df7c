"""How far off may it be? The same fit to shops that might as well have been.

A bootstrap draws as many customers as there are, with replacement, and fits again. On unique rows a draw is a
set of new weights (multinomial), and a refit starts from the fitted model: a few steps over a thousand rows.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from crmlib.clv.discounted import cltv
from crmlib.clv.optimise import minimise
from crmlib.clv.problems import ConvergenceError
from crmlib.errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Callable

    from crmlib.arrays import Floats


__all__ = ["Bootstrap", "bootstrap", "cltv_interval"]


@dataclass(frozen=True)
class Bootstrap:
    """A fitted model and its refits.

    Attributes
    ----------
    model
        The model that was fitted to the customers as they are.
    parameters
        One row per refit, one column per parameter.
    failures
        How many refits found no optimum; they are not among `parameters`.
    """

    model: Any
    parameters: pd.DataFrame
    failures: int

    def interval(self, level: float = 0.9) -> pd.DataFrame:
        """Return each parameter's estimate and the bounds that hold `level` of the refits between them.

        Parameters
        ----------
        level
            0.9 for a 90 % interval.

        Returns
        -------
        pandas.DataFrame
            A row per parameter: estimate, lower, upper.
        """
        lower, upper = _bounds(self.parameters.to_numpy(), level)
        return pd.DataFrame(
            {"estimate": self.model.params_, "lower": lower, "upper": upper}, index=self.parameters.columns
        )

    def interval_of(self, answer: Callable[[Any], Any], level: float = 0.9) -> pd.DataFrame:
        """Return the interval of any answer of the model.

        Parameters
        ----------
        answer
            A function of a fitted model that returns an array: ``lambda model: model.predict(39, x, t_x,
            T)``.
        level
            0.9 for a 90 % interval.

        Returns
        -------
        pandas.DataFrame
            A row per entry of the answer: estimate, lower, upper.
        """
        estimate = answer(self.model)
        refits = np.array([np.atleast_1d(np.asarray(answer(model), dtype=float)) for model in self.models()])
        lower, upper = _bounds(refits, level)
        index = estimate.index if isinstance(estimate, pd.Series) else None
        values = np.atleast_1d(np.asarray(estimate, dtype=float))
        return pd.DataFrame({"estimate": values, "lower": lower, "upper": upper}, index=index)

    def probability_alive(self, frequency: Any, recency: Any, T: Any, level: float = 0.9) -> pd.DataFrame:
        """Return the interval of each customer's probability to be alive.

        Parameters
        ----------
        frequency, recency, T
            The customers' histories.
        level
            Share of the refits within the interval.
        """
        return self._of_customers(lambda model, *history: model.alive_at(*history), frequency, recency, T, level=level)

    def expected_purchases(self, t: float, frequency: Any, recency: Any, T: Any, level: float = 0.9) -> pd.DataFrame:
        """Return the interval of each customer's expected purchases within t periods.

        It is the interval of the expectation: what a customer really buys varies more.

        Parameters
        ----------
        t
            Length of the time ahead, in periods of the fit.
        frequency, recency, T, level
            As for `probability_alive`.
        """
        return self._of_customers(
            lambda model, *history: model.predict(t, *history), frequency, recency, T, level=level
        )

    def models(self) -> list[Any]:
        """Return the refits as models."""
        return [self.model.with_params(row) for row in self.parameters.to_dict("records")]

    def _of_customers(self, answer: Callable[..., Any], *columns: Any, level: float) -> pd.DataFrame:
        """Ask about each distinct history once."""
        index = next((column.index for column in columns if isinstance(column, pd.Series)), None)
        histories = np.column_stack([np.atleast_1d(np.asarray(column, dtype=float)) for column in columns])
        distinct, where = np.unique(histories, axis=0, return_inverse=True)
        found = self.interval_of(lambda model: answer(model, *distinct.T), level)
        return found.iloc[where].set_axis(index if index is not None else range(len(where)))


def _bounds(refits: Floats, level: float) -> tuple[Floats, Floats]:
    if not 0 < level < 1:
        raise ModelError(f"level is {level}: say 0.9 for a 90 % interval.")
    lower, upper = np.quantile(refits, [(1 - level) / 2, (1 + level) / 2], axis=0)
    return lower, upper


def bootstrap(model: Any, refits: int = 200, *, seed: int | np.random.Generator = 0) -> Bootstrap:
    """Fit a model again to resampled customers.

    Below some hundred repeat buyers the intervals are too narrow: of 120 customers, 90 % intervals held the parameters
    in 84 to 88 % of simulated shops, and expected purchases in 81 to 89 %.

    Parameters
    ----------
    model
        Any fitter of `crmlib.clv` that was fitted in this session (a loaded model has no customers).
    refits
        How many times.
    seed
        A seed, or numpy's random generator: equal seeds give equal refits.

    Returns
    -------
    Bootstrap

    Raises
    ------
    ModelError
        When the model has no rows to draw from, or most refits fail.

    Examples
    --------
    >>> from crmlib.clv import ShiftedBetaGeoFitter
    >>> model = ShiftedBetaGeoFitter().fit_survivors([1000, 631, 468, 382, 326, 289, 262, 241])
    >>> bootstrap(model, 50, seed=1).interval(0.9).round(1).loc["alpha"].to_dict()
    {'estimate': 0.7, 'lower': 0.6, 'upper': 0.8}
    """
    if not hasattr(model, "collapsed_"):
        raise ModelError(
            "This model has no customers to draw from: it was loaded or made from parameters. Fit it first."
        )
    if getattr(model, "flat_", None):
        raise ModelError(
            f"These customers do not tell {' and '.join(model.flat_)} apart: refits would stay where the first search "
            "happened to stop, and look certain. There is no interval to give."
        )
    if refits != int(refits) or refits < 1:
        raise ModelError(f"refits={refits!r} is a whole number from 1 on.")
    rng = np.random.default_rng(seed)
    rows = model.in_scaled_time(model.collapsed_)
    customers = round(rows.customers)
    shares = rows.weights / rows.weights.sum()
    lower, upper = model.limits(rows)
    first = np.clip(np.log(model.params_.to_numpy() / model.units()), lower + 1, upper - 1)
    found, failures = [], 0
    for _ in range(refits):
        resample = rows.weighted(rng.multinomial(customers, shares).astype(float))
        try:
            found.append(minimise(model.objective_of(resample), first, lower=lower, upper=upper, tol=1e-6).x)
        except ConvergenceError:
            failures += 1
    if failures > refits / 2:
        raise ModelError(
            f"{failures} of {refits} refits found no optimum: these customers do not settle the model's "
            "parameters. Give the model a penalizer_coef (0.001 first) and fit again."
        )
    parameters = pd.DataFrame(np.exp(found) * model.units(), columns=list(model.parameter_names))
    return Bootstrap(model, parameters, failures)


def cltv_interval(  # noqa: PLR0917 - a customer's history, in its usual order
    purchases: Bootstrap,
    spend: Bootstrap,
    frequency: Any,
    recency: Any,
    T: Any,
    monetary_value: Any,
    *,
    level: float = 0.9,
    **options: Any,
) -> pd.DataFrame:
    """Return the interval of each customer's discounted CLTV, from the refits of both models.

    The two models' refits are paired as they come: Gamma-Gamma's assumption is that spend has nothing to do
    with frequency, so what one fit gets wrong says nothing about the other.

    Parameters
    ----------
    purchases, spend
        Bootstraps of the model of purchases and of Gamma-Gamma.
    frequency, recency, T, monetary_value
        The customers' histories.
    level
        0.9 for a 90 % interval.
    **options
        months, discount_rate, period: as in `cltv`.

    Returns
    -------
    pandas.DataFrame
        A row per customer: estimate, lower, upper.
    """
    history = (frequency, recency, T, monetary_value)
    index = next((column.index for column in history if isinstance(column, pd.Series)), None)
    columns = [np.atleast_1d(np.asarray(column, dtype=float)) for column in history]
    estimate = cltv(purchases.model, spend.model, *columns, **options)
    pairs = zip(purchases.models(), spend.models(), strict=False)
    refits = np.array([cltv(model, money, *columns, **options) for model, money in pairs])
    lower, upper = _bounds(refits, level)
    return pd.DataFrame({"estimate": estimate, "lower": lower, "upper": upper}, index=index)
