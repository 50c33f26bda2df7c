"""Gamma-Gamma: what a customer spends per purchase, learnt from few purchases without believing them too much.

A customer's spend per purchase is gamma distributed with shape p and an own scale, and scales differ between
customers by another gamma distribution (q, v). A customer's expected spend lies between the own average and
the mean of all, the nearer to the own the more purchases there were. Frequency and spend must be independent.

Source of the formulas: Fader and Hardie (2013), "The Gamma-Gamma model of monetary value",
http://www.brucehardie.com/notes/025/, equations (1a) and (5).
"""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import pandas as pd
from scipy.special import digamma, gammaln, polygamma

from crmlib.clv import peer
from crmlib.clv.discounted import monthly
from crmlib.clv.fitting import LOG_LIMIT, Fitting, like
from crmlib.clv.gammas import log_rise
from crmlib.clv.optimise import in_logs
from crmlib.clv.unique_rows import unique_rows
from crmlib.errors import ModelError, ModelWarning

if TYPE_CHECKING:
    from crmlib.arrays import Floats
    from crmlib.clv.fitting import Likelihood
    from crmlib.clv.unique_rows import Rows

__all__ = ["GammaGammaFitter", "likelihood"]

ALIKE = 100.0
"""Beyond this p, what a customer spends hardly varies, and p times a difference of logs would be rounding error."""
CORRELATED = 0.3
"""Beyond this correlation of frequency and spend, the model's independence is no longer a harmless simplification."""


def likelihood(rows: Rows) -> Likelihood:
    """Return the log-likelihood of unique rows as a function of (p, q, v), with derivatives by their logs.

    Of a row's terms only (p x + q) log(1 + v/(x m)) mixes spend with the parameters; the rest is summed once, or
    once per distinct x.

    Parameters
    ----------
    rows
        Columns frequency (x) and monetary_value (m, the mean spend per repeat purchase).
    """
    frequency, monetary = rows.columns["frequency"], rows.columns["monetary_value"]
    w = rows.weights
    x = frequency.distinct[frequency.codes]
    wx = w * x
    log_m = np.log(np.maximum(monetary.distinct, np.finfo(float).tiny))[monetary.codes]
    spent = x * monetary.distinct[monetary.codes]
    log_spent = np.log(x) + log_m
    per_x = np.bincount(frequency.codes, w, minlength=frequency.distinct.size)
    used = np.flatnonzero(per_x)
    counts, per_x = frequency.distinct[used], per_x[used]
    total = rows.customers
    constant = -float(np.einsum("i,i", w, log_m))
    w_spent, wx_spent = float(np.einsum("i,i", w, log_spent)), float(np.einsum("i,i", wx, log_spent))

    def of(parameters: Floats) -> tuple[float, Floats, Floats]:
        p, q, v = parameters
        inverse = 1 / (spent + v)
        if p > ALIKE:
            beyond = np.log1p(v / spent)
            w_log, wx_log = w_spent + np.einsum("i,i", w, beyond), np.einsum("i,i", wx, beyond)
        else:  # a log takes a fifth of the time of a log1p
            log = np.log(spent + v)
            w_log, wx_log = np.einsum("i,i", w, log), np.einsum("i,i", wx, log) - wx_spent
        w_1, wx_1 = np.einsum("i,i", w, inverse), np.einsum("i,i", wx, inverse)
        w_2, wx_2 = np.einsum("i,i,i", w, inverse, inverse), np.einsum("i,i,i", wx, inverse, inverse)
        px = p * counts
        more = digamma(px + q)
        more_1 = polygamma(1, px + q)
        value = float(per_x @ log_rise(px, q))
        value += total * (q * np.log(v) - gammaln(q)) + constant - p * wx_log - q * w_log
        gradient = np.array(
            [
                per_x @ (counts * (more - digamma(px))) - wx_log,
                per_x @ more + total * (np.log(v) - digamma(q)) - w_log,
                total * q / v - p * wx_1 - q * w_1,
            ]
        )
        p_p = per_x @ (counts**2 * (more_1 - polygamma(1, px)))
        p_q = per_x @ (counts * more_1)
        q_q = per_x @ more_1 - total * polygamma(1, q)
        q_v = total / v - w_1
        v_v = p * wx_2 + q * w_2 - total * q / v**2
        hessian = np.array([[p_p, p_q, -wx_1], [p_q, q_q, q_v], [-wx_1, q_v, v_v]])
        return float(value), *in_logs(parameters, gradient, hessian)

    return of


class GammaGammaFitter(Fitting, peer.GammaGammaFitter):  # type: ignore[misc]
    """Gamma-Gamma, with lifetimes' names and our optimiser.

    Parameters
    ----------
    penalizer_coef
        Weight of the squared parameters beside the mean negative log-likelihood of a customer, as in
        lifetimes.

    Examples
    --------
    >>> model = GammaGammaFitter().with_params({"p": 6.2488, "q": 3.7446, "v": 15.4477})
    >>> round(model.conditional_expected_average_profit(2, 22.35), 2)
    24.66
    """

    parameter_names = ("p", "q", "v")
    _columns = ("frequency", "monetary_value")
    _time_columns = ()

    def _likelihood(self, rows: Rows) -> Likelihood:
        return likelihood(rows)

    def _typical_spend(self, rows: Rows) -> float:
        monetary = rows.columns["monetary_value"]
        return float(rows.weights @ monetary.distinct[monetary.codes] / rows.customers)

    def _first_guess(self, rows: Rows) -> Floats:
        return np.log([2.0, 3.0, self._typical_spend(rows)])

    def limits(self, rows: Rows) -> tuple[Floats, Floats]:
        """Return the smallest and the largest logs of p, q, v: v is measured by the mean spend."""
        centre = np.log([1.0, 1.0, self._typical_spend(rows)])
        lower = centre - LOG_LIMIT
        if self._q_constraint:
            lower[1] = 0.0
        return lower, centre + LOG_LIMIT

    def _scale_of(self, rows: Rows) -> float:  # noqa: ARG002 - spend has no time
        return 1.0

    def fit(  # noqa: PLR0917 - lifetimes' order of arguments
        self,
        frequency: Any,
        monetary_value: Any = None,
        weights: Any = None,
        initial_params: Any = None,
        verbose: bool = False,  # noqa: FBT001, FBT002 - lifetimes' signature
        tol: float = 1e-7,
        index: Any = None,
        q_constraint: bool = False,  # noqa: FBT001, FBT002 - lifetimes' signature
        *,
        start: Fitting | None = None,
        **kwargs: Any,
    ) -> Self:
        """Fit the model to repeat buyers, or to unique rows with weights.

        Parameters
        ----------
        frequency
            Repeat purchases, at least 1; or, alone, a table with frequency, monetary_value and perhaps
            weights. Of a table of an engine, those who bought again for money are taken, and collapsed there.
        monetary_value
            Mean spend per repeat purchase, above 0.
        weights, initial_params, verbose, tol, index, start, **kwargs
            As in `BetaGeoFitter.fit`; initial_params are the logs of p, q, v.
        q_constraint
            Keep q at or above 1, below which the model has no mean.

        Returns
        -------
        self

        Raises
        ------
        ModelError
            When a customer has no repeat purchase or no positive spend, or all spend the same.

        Warns
        -----
        ModelWarning
            When q is 1 or less, and when frequency and spend are correlated: once per fit.

        Examples
        --------
        >>> model = GammaGammaFitter().fit([4, 9, 12, 7, 9, 6], [9.0, 30, 21, 60, 14, 25])
        >>> bool(model.conditional_expected_average_profit(1, 60.0) < 60)
        True
        """
        data = self._read(frequency, {"monetary_value": monetary_value}, weights, index, None)
        self._check_spend(data.columns["frequency"], data.columns["monetary_value"])
        self._q_constraint = q_constraint
        rows = unique_rows(data.columns, data.weights)
        steps = int(kwargs.get("maxiter", 200))
        self.fit_rows(rows, initial_params=initial_params, start=start, tol=tol, verbose=verbose, max_steps=steps)
        self.data = data.to_pandas()[["monetary_value", "frequency", "weights"]]
        self._teach(rows)
        return self

    def conditional_expected_average_profit(self, frequency: Any = None, monetary_value: Any = None) -> Any:
        """Return the spend per purchase to be expected from each customer.

        Equation (5): the weighted mean of the customer's own average and the mean of all, p v / (q - 1).

        Parameters
        ----------
        frequency, monetary_value
            The customers' histories, or a table with both; those of the fit where not given. A customer without repeat
            purchases is expected to spend what customers spend on average.

        Raises
        ------
        ModelError
            A history is none; or the model has no mean for a customer (q is 1 or less, and purchases are few).
        """
        if monetary_value is None and isinstance(frequency, pd.DataFrame):
            frequency, monetary_value = (frequency[name] for name in self._columns)
        if monetary_value is None:
            monetary_value = self.fitted_data()["monetary_value"]
        if frequency is None:
            frequency = self.fitted_data()["frequency"]
        p, q, v = self.parameters()
        x, m = np.asarray(frequency, dtype=float), np.asarray(monetary_value, dtype=float)
        _check_question(x, m)
        endless = p * x + q <= 1
        if endless.any():
            raise ModelError(
                f"{int(np.sum(endless))} of {endless.size} customers have no expected spend: q is {q:.3g}, and at 1 or "
                "less the model's spend has no mean for customers with few purchases. A few very large "
                "orders do this: look at them, and fit without them, or give a penalizer_coef (0.001 first)."
            )
        # (5) with both weights over one denominator: without purchases it is the mean of all
        return like((p * v + p * x * m) / (p * x + q - 1), frequency, monetary_value)

    def customer_lifetime_value(  # noqa: PLR0917 - lifetimes' order of arguments
        self,
        transaction_prediction_model: Any,
        frequency: Any,
        recency: Any,
        T: Any,
        monetary_value: Any,
        time: int = 12,
        discount_rate: float = 0.01,
        freq: str = "D",
    ) -> Any:
        """Return lifetimes' customer lifetime value: its months are 30 days or 4.345 weeks.

        Kept so that code written for lifetimes gets the same numbers; `crmlib.clv.discounted.cltv` counts
        months of 30.4375 days.

        Parameters
        ----------
        transaction_prediction_model
            A fitted model of purchases.
        frequency, recency, T, monetary_value
            The customers' histories.
        time
            Months ahead.
        discount_rate
            Per month.
        freq
            "D", "H", "M" or "W": the periods of recency and T.

        Returns
        -------
        pandas.Series
            Named clv, with the index of `frequency`.
        """
        model, args = transaction_prediction_model, (frequency, recency, T)
        if not hasattr(model, "sum_of_purchases"):
            return super().customer_lifetime_value(model, *args, monetary_value, time, discount_rate, freq)
        month = {"W": 4.345, "M": 1.0, "D": 30, "H": 30 * 24}[freq]
        spend = self.conditional_expected_average_profit(np.asarray(frequency), np.asarray(monetary_value))
        times = [month * number for number in range(1, int(time) + 1)]
        value = model.sum_of_purchases(times, monthly(int(time), discount_rate), *args) * spend
        return pd.Series(value, index=getattr(frequency, "index", None), name="clv")

    def _check_spend(self, frequency: Floats, monetary_value: Floats) -> None:
        for name, values in (("frequency", frequency), ("monetary_value", monetary_value)):
            if values.min() <= 0:
                row = int(np.argmin(values > 0))
                raise ModelError(
                    f"{name} is {values[row]:g} in row {row}: Gamma-Gamma learns from repeat buyers who "
                    "spent something. Pass these only: summary[(summary.frequency > 0) & "
                    "(summary.monetary_value > 0)]; the fitted model then predicts for all."
                )
        if monetary_value.min() == monetary_value.max():
            raise ModelError(
                f"Every customer spends {monetary_value[0]:g} on average: there is nothing to learn about "
                "how spend differs. Use this amount for everybody."
            )

    def _teach(self, rows: Rows) -> None:
        q = float(self.params_["q"])
        if q <= 1 and "q" not in self._on_limit:  # what ended on the limit has been named
            warnings.warn(
                f"q is {q:.3g}: at 1 or less the model's spend has no mean, and expected values of customers "
                "with few purchases are negative or endless. A few very large orders do this: look at them, "
                "fit with "
                "q_constraint=True, or give a penalizer_coef.",
                ModelWarning,
                stacklevel=3,
            )
        correlation = _correlation(rows)
        if abs(correlation) > CORRELATED:
            how = "more" if correlation > 0 else "less"
            warnings.warn(
                f"Frequency and spend per purchase are correlated ({correlation:.2f}): frequent buyers spend "
                f"{how} a time. Gamma-Gamma assumes that they are independent, so its values are off for the "
                "most frequent "
                "customers. Fit segments apart (fit_by), or look for business customers among them.",
                ModelWarning,
                stacklevel=3,
            )


def _check_question(x: Floats, m: Floats) -> None:
    """Refuse numbers of purchases, or mean spends, that are none."""
    for name, values in (("frequency", x), ("monetary_value", m)):
        wrong = ~((values >= 0) & (values < np.inf))
        if wrong.any():
            row = int(np.argmax(wrong))
            raise ModelError(f"{name} ({values.ravel()[row]:g}) in row {row} is missing, negative or endless.")


def _correlation(rows: Rows) -> float:
    """Return the weighted correlation of frequency and monetary value."""
    x, m = (levels.distinct[levels.codes] for levels in rows.columns.values())
    w = rows.weights / rows.customers
    x, m = x - w @ x, m - w @ m
    spread = float(np.sqrt((w @ x**2) * (w @ m**2)))
    return float(w @ (x * m)) / spread if spread > 0 else 0.0
