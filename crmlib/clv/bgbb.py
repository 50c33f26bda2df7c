"""BG/BB: purchases at fixed opportunities (a yearly appeal, a weekly market), each taken or not.

A customer alive takes an opportunity with an own probability (beta distributed with alpha and beta) and drops
out at the beginning of one with an own probability (beta with gamma and delta).

Source: Fader, Hardie and Shang (2010), "Customer-base analysis in a discrete-time noncontractual setting",
Marketing Science 29, 1086-1108, equation (5).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

import numpy as np
from scipy.special import betaln, digamma, polygamma

from crmlib.clv import peer
from crmlib.clv.fitting import Fitting
from crmlib.clv.optimise import in_logs
from crmlib.clv.unique_rows import unique_rows
from crmlib.errors import ModelError

if TYPE_CHECKING:
    from crmlib.clv.fitting import Likelihood
    from crmlib.clv.unique_rows import FloatArray, IntArray, Rows

__all__ = ["BetaGeoBetaBinomFitter", "likelihood", "log_beta_slopes"]


def log_beta_slopes(a: FloatArray, b: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the gradient (2, ...) and the Hessian (2, 2, ...) of log B(a, b).

    Examples
    --------
    >>> import numpy as np
    >>> first, second = log_beta_slopes(np.ones(1), np.ones(1))  # B(a, 1) = 1 / a
    >>> first[0].round(12).tolist(), second[0, 0].round(12).tolist()
    ([-1.0], [1.0])
    """
    both, both_1 = digamma(a + b), polygamma(1, a + b)
    first = np.array([digamma(a) - both, digamma(b) - both])
    second = np.array([[polygamma(1, a) - both_1, -both_1], [-both_1, polygamma(1, b) - both_1]])
    return first, second


def _histories(t_x: IntArray, n: IntArray) -> tuple[IntArray, IntArray, IntArray]:
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
    total = rows.customers

    def of(parameters: FloatArray) -> tuple[float, FloatArray, FloatArray]:
        alpha, beta, gamma, delta = parameters
        ends = ((alpha + taken, beta + k - taken), (gamma + 1 - alive, delta + k))
        log = betaln(*ends[0]) + betaln(*ends[1])
        largest = np.maximum.reduceat(log, begins)
        share = np.exp(log - largest[row])
        mass = np.add.reduceat(share, begins)
        share /= mass[row]
        value = float(w @ (largest + np.log(mass)))
        slopes = np.empty((4, row.size))
        gradient, hessian = np.zeros(4), np.zeros((4, 4))
        expected = w[row] * share
        for at, (a, b) in zip((slice(0, 2), slice(2, 4)), ends, strict=True):
            slopes[at], second = log_beta_slopes(a, b)
            hessian[at, at] += second @ expected
        hessian += np.einsum("in,jn,n->ij", slopes, slopes, expected)
        by_row = np.add.reduceat(slopes * share, begins, axis=1)
        gradient += by_row @ w
        hessian -= np.einsum("in,jn,n->ij", by_row, by_row, w)
        for at, (a, b) in zip((slice(0, 2), slice(2, 4)), ((alpha, beta), (gamma, delta)), strict=True):
            first, second = log_beta_slopes(np.array(a), np.array(b))
            value -= total * float(betaln(a, b))
            gradient[at] -= total * first
            hessian[at, at] -= total * second
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

    def generate_new_data(self, size: int = 1) -> Any:
        """Return customers simulated by the fitted model, with as many opportunities as those of the fit had."""
        opportunities = np.repeat(self.data["n_periods"].to_numpy(), self.data["weights"].to_numpy(dtype=int))
        return peer.generate_data.beta_geometric_beta_binom_model(opportunities, *self.parameters(), size=size)

    @staticmethod
    def _loglikelihood(params: Any, x: Any, tx: Any, T: Any) -> Any:
        """Return the customers' log-likelihoods: lifetimes' other methods build on it."""
        alpha, beta, gamma, delta = params
        x, t_x, n = np.broadcast_arrays(*(np.asarray(values, dtype=np.int64) for values in (x, tx, T)))
        row, k, begins = _histories(t_x.ravel(), n.ravel())
        taken = x.ravel()[row]
        log = betaln(alpha + taken, beta + k - taken) + betaln(gamma + (k < n.ravel()[row]), delta + k)
        largest = np.maximum.reduceat(log, begins)
        mass = np.add.reduceat(np.exp(log - largest[row]), begins)
        return (largest + np.log(mass) - betaln(alpha, beta) - betaln(gamma, delta)).reshape(x.shape)
