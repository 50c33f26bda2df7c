"""BG/BB: purchases at fixed opportunities (a yearly appeal, a weekly market), each taken or not.

A customer alive takes an opportunity with an own probability (beta distributed with alpha and beta) and drops
out at the beginning of one with an own probability (beta with gamma and delta).

Source: Fader, Hardie and Shang (2010), "Customer-base analysis in a discrete-time noncontractual setting",
Marketing Science 29, 1086-1108, equation (5).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

import numpy as np
import pandas as pd
from scipy.special import gammaln

from crmlib.arguments import read_floats, read_number
from crmlib.clv import peer
from crmlib.clv.fitting import Fitting, like
from crmlib.clv.gammas import log_beta_rise, slopes_of_log_beta_rise
from crmlib.clv.inputs import read_summary
from crmlib.clv.optimise import in_logs
from crmlib.clv.unique_rows import unique_rows
from crmlib.errors import ModelError

if TYPE_CHECKING:
    from crmlib.arrays import Floats, Ints
    from crmlib.clv.fitting import Likelihood
    from crmlib.clv.unique_rows import Rows

__all__ = ["BetaGeoBetaBinomFitter", "likelihood"]

_DEPTH = 36.0
"""What is discounted below exp(-36) is left off."""


def _histories(t_x: Ints, n: Ints) -> tuple[Ints, Ints, Ints]:
    """List the possible ends of each row: dropped out after opportunity k from t_x to n-1, or alive at n (k = n).

    Returns the row and k of each, and where each row begins.
    """
    sizes = n - t_x + 1
    begins = np.concatenate(([0], np.cumsum(sizes)[:-1]))
    row = np.repeat(np.arange(n.size), sizes)
    return row, np.arange(row.size) - begins[row] + t_x[row], begins


def likelihood(rows: Rows) -> Likelihood:
    """Return the log-likelihood as a function of (alpha, beta, gamma, delta), with derivatives by their logs.

    Parameters
    ----------
    rows
        Columns frequency (x), recency (t_x) and n_periods (n).
    """
    x, t_x, n = (rows.columns[name].column for name in ("frequency", "recency", "n_periods"))
    w = rows.weights
    row, k, begins = _histories(t_x.astype(np.int64), n.astype(np.int64))
    taken, alive = x[row], (k == n[row]).astype(float)
    # how much the four parameters grow in each history
    more = ((taken, k - taken), (1 - alive, k.astype(float)))

    def of(parameters: Floats) -> tuple[float, Floats, Floats]:
        alpha, beta, gamma, delta = parameters
        log = log_beta_rise(alpha, beta, *more[0]) + log_beta_rise(gamma, delta, *more[1])
        largest = np.maximum.reduceat(log, begins)
        share = np.exp(log - largest[row])
        mass = np.add.reduceat(share, begins)
        share /= mass[row]
        value = float(w @ (largest + np.log(mass)))
        slopes = np.empty((4, row.size))
        gradient, hessian = np.zeros(4), np.zeros((4, 4))
        expected = w[row] * share
        for at, steps in zip((slice(0, 2), slice(2, 4)), more, strict=True):
            slopes[at], second = slopes_of_log_beta_rise(parameters[at][0], parameters[at][1], *steps)
            hessian[at, at] += second @ expected
        hessian += np.einsum("in,jn,n->ij", slopes, slopes, expected)
        by_row = np.add.reduceat(slopes * share, begins, axis=1)
        gradient += by_row @ w
        hessian -= np.einsum("in,jn,n->ij", by_row, by_row, w)
        return value, *in_logs(parameters, gradient, hessian)

    return of


class BetaGeoBetaBinomFitter(Fitting, peer.BetaGeoBetaBinomFitter):  # type: ignore[misc]
    """BG/BB, with lifetimes' names and our optimiser.

    Parameters
    ----------
    penalizer_coef
        Weight of the squared parameters beside the mean negative log-likelihood of a customer, as in
        lifetimes.

    Examples
    --------
    >>> model = BetaGeoBetaBinomFitter().with_params({"alpha": 1.2, "beta": 0.75, "gamma": 0.66, "delta": 2.78})
    >>> round(float(model.conditional_probability_alive(0, 6, 6, 6)), 3)  # gave six times of six
    1.0
    """

    parameter_names = ("alpha", "beta", "gamma", "delta")
    _columns = ("frequency", "recency", "n_periods")
    _time_columns = ()

    def _likelihood(self, rows: Rows) -> Likelihood:
        return likelihood(rows)

    def fit(  # noqa: PLR0917 - lifetimes' order of arguments
        self,
        frequency: Any,
        recency: Any = None,
        n_periods: Any = None,
        weights: Any = None,
        initial_params: Any = None,
        verbose: bool = False,  # noqa: FBT001, FBT002 - lifetimes' signature
        tol: float = 1e-7,
        index: Any = None,
        *,
        start: Fitting | None = None,
        **kwargs: Any,
    ) -> Self:
        """Fit the model to customers, or to unique rows with weights.

        Parameters
        ----------
        frequency
            Opportunities taken; or, alone, a table with frequency, recency, n_periods and perhaps weights.
        recency
            The number of the last opportunity taken, 0 for none.
        n_periods
            Opportunities there were.
        weights, initial_params, verbose, tol, index, start, **kwargs
            As in `BetaGeoFitter.fit`; initial_params are the logs of alpha, beta, gamma, delta.

        Returns
        -------
        self

        Raises
        ------
        ModelError
            When the data cannot be used.
        """
        data = self._read(frequency, {"recency": recency, "n_periods": n_periods}, weights, index, None)
        x, t_x = data.columns["frequency"], data.columns["recency"]
        if (x > t_x).any():
            at = int(np.argmax(x > t_x))
            raise ModelError(
                f"frequency ({x[at]:g}) is larger than recency ({t_x[at]:g}) in row {at}: recency is the "
                "number of the last opportunity taken, so no more than that many can have been taken."
            )
        rows = unique_rows(data.columns, data.weights)
        steps = int(kwargs.get("maxiter", 200))
        self.fit_rows(rows, initial_params=initial_params, start=start, tol=tol, verbose=verbose, max_steps=steps)
        self.data = data.to_pandas()
        return self

    def predict(self, periods: Any, frequency: Any, recency: Any = None, n_periods: Any = None) -> Any:
        """Return the opportunities that customers are expected to take among the next ones.

        Parameters
        ----------
        periods
            How many opportunities ahead.
        frequency, recency, n_periods
            The customers' histories; or, as `frequency` alone, a table with these columns.

        Examples
        --------
        >>> model = BetaGeoBetaBinomFitter().with_params({"alpha": 1.2, "beta": 0.75, "gamma": 0.66, "delta": 2.78})
        >>> round(float(model.predict(10, 4, 5, 6)), 2)
        3.62
        """
        if recency is None and n_periods is None:
            frequency, recency, n_periods = read_summary(frequency, self._columns).columns.values()
        return self.conditional_expected_number_of_purchases_up_to_time(periods, frequency, recency, n_periods)

    def conditional_expected_number_of_purchases_up_to_time(
        self, m_periods_in_future: Any, frequency: Any, recency: Any, n_periods: Any
    ) -> Any:
        """Return the opportunities that customers are expected to take among the next ones (`predict`)."""
        return self._ahead(m_periods_in_future, 1.0, frequency, recency, n_periods)

    def discounted_purchases(
        self, frequency: Any, recency: Any, n_periods: Any, *, discount_rate: float, periods: int | None = None
    ) -> Any:
        """Return the opportunities that customers are expected to take, each discounted to today.

        Parameters
        ----------
        frequency, recency, n_periods
            The customers' histories.
        discount_rate
            From one opportunity to the next; above 0 unless `periods` ends the sum. The next one counts 1 / (1 + rate).
        periods
            How many opportunities ahead; all to come where not given (DERT).

        Examples
        --------
        >>> model = BetaGeoBetaBinomFitter().with_params({"alpha": 1.2, "beta": 0.75, "gamma": 0.66, "delta": 2.78})
        >>> round(float(model.discounted_purchases(4, 5, 6, discount_rate=0.1)), 2)
        3.19
        """
        if not read_number(discount_rate, "discount_rate", error=ModelError) > (-1 if periods is not None else 0):
            raise ModelError("discount_rate must be above 0: without discount all purchases to come may be endless.")
        end = periods if periods is not None else int(np.ceil(_DEPTH / np.log1p(discount_rate)))
        return self._ahead(end, 1 / (1 + discount_rate), frequency, recency, n_periods)

    def conditional_probability_alive(
        self, m_periods_in_future: Any, frequency: Any, recency: Any, n_periods: Any
    ) -> Any:
        """Return the probability to be alive so many opportunities after the history's end.

        Parameters
        ----------
        m_periods_in_future
            How many opportunities ahead; 0 for today.
        frequency, recency, n_periods
            The customers' histories.
        """
        parameters = self.parameters()
        x, t_x, n, m = _check_question(frequency, recency, n_periods, m_periods_in_future)
        alpha, beta, gamma, delta = parameters
        log = log_beta_rise(alpha, beta, x, n - x) + log_beta_rise(gamma, delta, np.zeros_like(n), n + m)
        alive = np.exp(np.minimum(log - self._loglikelihood(parameters, x, t_x, n), 0.0))
        return like(alive, frequency, recency, n_periods, m_periods_in_future)

    def _ahead(self, periods: Any, factor: float, frequency: Any, recency: Any, n_periods: Any) -> Any:
        """Add up the chances to take each opportunity ahead, each weighted by a power of the factor.

        Term by term rather than equation (13), which is 0/0 at gamma = 1.
        """
        parameters = self.parameters()
        alpha, beta, gamma, delta = parameters
        x, t_x, n, m = _check_question(frequency, recency, n_periods, periods)
        taken = log_beta_rise(alpha, beta, x + 1, n - x) - self._loglikelihood(parameters, x, t_x, n)
        stays, total = np.exp(log_beta_rise(gamma, delta, np.zeros_like(n), n)), np.zeros(n.shape)
        weight = 1.0
        for k in range(int(m.max(initial=0))):
            stays = stays * (delta + n + k) / (gamma + delta + n + k)
            weight *= factor
            total += np.where(k < m, weight * stays, 0.0)
        return like(np.exp(taken) * total, frequency, recency, n_periods, periods)

    def expected_number_of_transactions_in_first_n_periods(self, n: int) -> pd.DataFrame:
        """Return how many of the fit's customers are expected to take 0, 1, ..., n of n opportunities.

        Parameters
        ----------
        n
            How many opportunities.

        Returns
        -------
        pandas.DataFrame
            A column model, by frequency from 0 to n.
        """
        alpha, beta, gamma, delta = self.parameters()
        if not hasattr(self, "customers_"):
            raise ModelError("This model was made from parameters: of how many customers it should tell is not known.")
        if n != int(n) or n < 0:
            raise ModelError(f"n={n!r} is a number of opportunities, 0 or more.")
        x = np.arange(int(n) + 1, dtype=float)[:, None]
        ends = x.T  # the customer was alive for so many opportunities
        size = np.maximum(ends - x, 0.0)
        ways = gammaln(np.maximum(ends, x) + 1) - gammaln(x + 1) - gammaln(size + 1)
        log = ways + log_beta_rise(alpha, beta, x, size) + log_beta_rise(gamma, delta, (ends < n).astype(float), ends)
        shares = np.where(ends >= x, np.exp(log), 0.0).sum(axis=1)
        index = pd.RangeIndex(int(n) + 1, name="frequency")
        return pd.DataFrame({"model": shares * self.customers_}, index=index)

    def generate_new_data(self, size: int = 1) -> Any:
        """Return customers simulated by the fitted model, with as many opportunities as those of the fit had."""
        opportunities = np.repeat(
            self.fitted_data()["n_periods"].to_numpy(), self.fitted_data()["weights"].to_numpy(dtype=int)
        )
        return peer.generate_data.beta_geometric_beta_binom_model(opportunities, *self.parameters(), size=size)

    @staticmethod
    def _loglikelihood(params: Any, x: Any, tx: Any, T: Any) -> Any:
        """Return the customers' log-likelihoods: lifetimes' other methods build on it."""
        alpha, beta, gamma, delta = params
        x, t_x, n = np.broadcast_arrays(*(np.asarray(values, dtype=np.int64) for values in (x, tx, T)))
        row, k, begins = _histories(t_x.ravel(), n.ravel())
        taken = x.ravel()[row]
        left = (k < n.ravel()[row]).astype(float)
        log = log_beta_rise(alpha, beta, taken, k - taken) + log_beta_rise(gamma, delta, left, k.astype(float))
        largest = np.maximum.reduceat(log, begins)
        mass = np.add.reduceat(np.exp(log - largest[row]), begins)
        return (largest + np.log(mass)).reshape(x.shape)


def _check_question(frequency: Any, recency: Any, n_periods: Any, ahead: Any) -> list[Floats]:
    """Return a history and numbers of opportunities ahead as arrays of one shape, or say what is wrong with them."""
    names = ("frequency", "recency", "n_periods", "the opportunities ahead")
    columns = [
        read_floats(values, name, error=ModelError)
        for name, values in zip(names, (frequency, recency, n_periods, ahead), strict=True)
    ]
    x, t_x, n, m = np.broadcast_arrays(*columns)
    fine = (x >= 0) & (x <= t_x) & (t_x <= n) & ((x > 0) | (t_x == 0)) & (m >= 0) & (n < np.inf) & (m < np.inf)
    fine &= (x == np.floor(x)) & (t_x == np.floor(t_x)) & (n == np.floor(n)) & (m == np.floor(m))
    if not fine.all():
        row = int(np.argmin(fine))
        told = ", ".join(f"{column.ravel()[row]:g}" for column in (x, t_x, n, m))
        raise ModelError(
            f"row {row}: frequency, recency, n_periods and the opportunities ahead are {told}. They are whole numbers: "
            "opportunities taken, the number of the last one taken (0 for none), how many there were, how many come."
        )
    return [x, t_x, n, m]
