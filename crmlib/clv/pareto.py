"""Pareto/NBD: customers buy at their own rate and leave at a moment of their own, bought or not.

Every customer has a purchase rate (gamma distributed with r and alpha) and a rate of leaving (gamma
distributed with s and beta). With x purchases, the last at t_x, seen until T, the likelihood is, up to a
factor of x and the parameters,

    exp A(T) + exp A(t_x) g(x, t_x) - exp A(T) g(x, T),      A(t) = -(r+x) log(alpha+t) - s log(beta+t)

alive at T; or left after t_x, but not after T. `g` is in `crmlib.clv.death`; it depends on x and one time
only, so a million customers need it some ten thousand times.

Sources: Schmittlein, Morrison and Colombo (1987), "Counting your customers", Management Science 33, 1-24;
Fader and Hardie (2005), http://brucehardie.com/notes/009/, equations (18), (36) and (41).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

import numpy as np
from scipy.special import digamma, gammaln, polygamma

from crmlib.clv import peer
from crmlib.clv.death import log_g, moments
from crmlib.clv.discounted import rest_pareto
from crmlib.clv.fitting import Fitting, like
from crmlib.clv.gammas import log_rise
from crmlib.clv.questions import ForecastsPurchases, check_history, check_horizon
from crmlib.clv.unique_rows import Levels, pairs, unique_rows
from crmlib.errors import ModelError

if TYPE_CHECKING:
    from crmlib.arrays import Floats
    from crmlib.clv.fitting import Likelihood
    from crmlib.clv.unique_rows import Rows

__all__ = ["ParetoNBDFitter", "likelihood", "log_alive", "purchases_if_alive"]

BLOCK = 1 << 14


def likelihood(rows: Rows) -> Likelihood:
    """Return the log-likelihood of unique rows as a function of (r, alpha, s, beta), with derivatives by their logs.

    Parameters
    ----------
    rows
        Columns frequency (x), recency (t_x) and T.
    """
    x, t_x, T = (rows.columns[name].column for name in ("frequency", "recency", "T"))
    w = rows.weights
    distinct = pairs(np.concatenate((x, x)), np.concatenate((t_x, T)))
    n, t = distinct.first, distinct.second
    early, late = np.split(distinct.place, 2)
    blocks = [slice(begin, begin + BLOCK) for begin in range(0, len(rows), BLOCK)]
    frequency = rows.columns["frequency"]
    per_x = np.bincount(frequency.codes, w, minlength=frequency.distinct.size)
    used = np.flatnonzero(per_x)
    counts, per_x = frequency.distinct[used], per_x[used]

    def of(parameters: Floats) -> tuple[float, Floats, Floats]:
        r = float(parameters[0])
        died = moments(n, t, parameters)
        alive, alive_1, alive_2 = _alive_term(n, t, parameters)
        left = alive + died.log
        died_1, seen_1 = np.ascontiguousarray(died.first.T), np.ascontiguousarray(alive_1.T)
        of_alive, of_left = np.zeros(n.size), np.zeros(n.size)
        value, hessian = 0.0, np.zeros((4, 4))
        for block in blocks:
            i, k, weight = early[block], late[block], w[block]
            now = alive[k]
            since = left[i] - now
            largest = np.maximum(since, 0.0)
            none = np.exp(-largest)
            began, ended = np.exp(since - largest), none * np.exp(died.log[k])
            shares = 1 / (none + began - ended)
            value += float(np.einsum("i,i", weight, now + largest - np.log(shares)))
            none, began, ended = none * shares, began * shares, ended * shares
            slopes = none[:, None] * seen_1[k] + began[:, None] * died_1[i] - ended[:, None] * died_1[k]
            hessian -= np.einsum("ni,nj->ij", weight[:, None] * slopes, slopes)
            of_alive += np.bincount(k, weight * none, minlength=n.size)
            of_left += np.bincount(i, weight * began, minlength=n.size)
            of_left -= np.bincount(k, weight * ended, minlength=n.size)
        gradient = alive_1 @ of_alive + died.first @ of_left
        hessian += np.einsum("ijn,n->ij", alive_2, of_alive) + np.einsum("ijn,n->ij", died.second, of_left)

        # the factor outside: Γ(r+x)/Γ(r)
        value += float(per_x @ log_rise(r, counts))
        by_r = r * float(per_x @ (digamma(r + counts) - digamma(r)))
        gradient[0] += by_r
        hessian[0, 0] += by_r + r**2 * float(per_x @ (polygamma(1, r + counts) - polygamma(1, r)))
        return value, gradient, hessian

    return of


def _alive_term(x: Floats, t: Floats, parameters: Floats) -> tuple[Floats, Floats, Floats]:
    """Return A(t), its gradient by the parameters' logs, and the Hessian of exp A over exp A.

    r log alpha + s log beta, which stand outside A in the formula above, are taken in: large parameters then leave
    small differences exact.
    """
    r, alpha, s, beta = parameters
    log_alpha, log_beta = np.log1p(t / alpha), np.log1p(t / beta)
    since_alpha, since_beta = t / (alpha + t), t / (beta + t)
    share_alpha, share_beta = alpha / (alpha + t), beta / (beta + t)
    first = np.array([-r * log_alpha, r * since_alpha - x * share_alpha, -s * log_beta, s * since_beta])
    second = first[:, None, :] * first[None, :, :]
    second[0, 0] += first[0]
    second[0, 1] += r * since_alpha
    second[1, 0] += r * since_alpha
    second[1, 1] -= (r + x) * share_alpha * since_alpha
    second[2, 2] += first[2]
    second[2, 3] += first[3]
    second[3, 2] += first[3]
    second[3, 3] -= s * share_beta * since_beta
    return first[0] - x * np.log(alpha + t) + first[2], first, second


def log_alive(x: Floats, t_x: Floats, T: Floats, parameters: Floats) -> Floats:
    """Return the log of the probability to be alive at T, for columns of one length.

    Examples
    --------
    >>> import numpy as np
    >>> parameters = np.array([0.5533, 10.5778, 0.6062, 11.6669])
    >>> np.exp(log_alive(np.array([26.0]), np.array([30.86]), np.array([31.0]), parameters)).round(4).tolist()
    [0.9979]
    """
    r, alpha, s, beta = parameters

    def at(t: Floats) -> tuple[Floats, Floats]:
        distinct = pairs(x, t)
        log = log_g(distinct.first, distinct.second, parameters)
        scale = -(r + distinct.first) * np.log(alpha + distinct.second) - s * np.log(beta + distinct.second)
        return distinct.spread(log + scale), distinct.spread(scale)

    left_early, _ = at(t_x)
    left_late, alive = at(T)
    since = left_early - alive
    largest = np.maximum(since, 0.0)
    none = np.exp(-largest)
    log = -largest - np.log(none * -np.expm1(left_late - alive) + np.exp(since - largest))
    return np.asarray(np.minimum(log, 0.0))  # at the limits of r and s rounding would pass 1 by a millionth


def purchases_if_alive(t: Any, x: Any, T: Any, parameters: Floats) -> Floats:
    """Return the purchases expected within t periods from a customer who is alive at T.

    Equation (41) of Fader and Hardie's note without the probability to be alive, written so that s = 1 is no
    exception.

    Examples
    --------
    >>> import numpy as np
    >>> parameters = np.array([0.5533, 10.5778, 0.6062, 11.6669])
    >>> round(float(purchases_if_alive(52, 26, 31, parameters)), 3)
    25.51
    """
    r, alpha, s, beta = parameters
    later = np.log1p(t / (beta + np.asarray(T, dtype=float)))
    lasting = later if s == 1 else -np.expm1(-(s - 1) * later) / (s - 1)
    return np.asarray((r + np.asarray(x, dtype=float)) * (beta + T) / (alpha + T) * lasting)


class ParetoNBDFitter(ForecastsPurchases, peer.ParetoNBDFitter):  # type: ignore[misc]
    """Pareto/NBD, with lifetimes' names and our optimiser; with standard errors, which lifetimes has not.

    Parameters
    ----------
    penalizer_coef
        Weight of the squared parameters (alpha and beta scaled by the oldest customer's age) beside the
        negative log-likelihood of all customers together: lifetimes' convention for this model, a customer's
        mean for others.

    Examples
    --------
    >>> model = ParetoNBDFitter().with_params({"r": 0.5533, "alpha": 10.5778, "s": 0.6062, "beta": 11.6669})
    >>> round(model.predict(52, 26, 30.86, 31), 3)
    25.456
    """

    parameter_names = ("r", "alpha", "s", "beta")
    _timed = ("alpha", "beta")

    def _likelihood(self, rows: Rows) -> Likelihood:
        return likelihood(rows)

    def _penalty(self, rows: Rows) -> float:
        return self.penalizer_coef / rows.customers

    def fit(  # noqa: PLR0917 - lifetimes' order of arguments
        self,
        frequency: Any,
        recency: Any = None,
        T: Any = None,
        weights: Any = None,
        iterative_fitting: int = 1,
        initial_params: Any = None,
        verbose: bool = False,  # noqa: FBT001, FBT002 - lifetimes' signature
        tol: float = 1e-7,
        index: Any = None,
        fit_method: str = "Newton",
        maxiter: int = 200,
        *,
        start: Fitting | None = None,
        period: str | None = None,
        **_kwargs: Any,
    ) -> Self:
        """Fit the model to customers, or to unique rows with weights.

        Parameters
        ----------
        frequency, recency, T, weights, verbose, tol, index, start, period
            As in `BetaGeoFitter.fit`.
        iterative_fitting
            Fit from so many first points, spread around the usual one, and keep the best.
        initial_params
            Where the search begins: r, alpha / max(T), s, beta / max(T), not their logs (lifetimes'
            convention).
        fit_method
            Taken and ignored: the method is Newton's.
        maxiter
            The largest number of steps.

        Returns
        -------
        self

        Raises
        ------
        ModelError
            When the data cannot be used, or the arguments contradict each other.
        ConvergenceError
            When no optimum was found; the message says what to do.

        Examples
        --------
        >>> model = ParetoNBDFitter(penalizer_coef=0.1).fit(
        ...     [0, 1, 2, 5], [0, 10, 20, 35], [39, 39, 39, 39], weights=[60, 20, 12, 8]
        ... )
        >>> bool(model.predict(39, 5, 35, 39) > model.predict(39, 1, 10, 39))
        True
        """
        del fit_method
        if iterative_fitting <= 0:
            raise ModelError("iterative_fitting must be at least 1: it is how often the model is fitted.")
        if iterative_fitting > 1 and initial_params is not None:
            raise ModelError("iterative_fitting and initial_params exclude each other: every fit would begin alike.")
        if initial_params is not None:
            first = np.asarray(initial_params, dtype=float)
            if not (first > 0).all():
                raise ModelError("initial_params must be above 0: they are r, alpha / max(T), s, beta / max(T).")
            initial_params = np.log(first)
        data = self._read(frequency, {"recency": recency, "T": T}, weights, index, period)
        rows = unique_rows(data.columns, data.weights)
        options: dict[str, Any] = {"start": start, "tol": tol, "verbose": verbose, "max_steps": int(maxiter)}
        self.fit_rows(rows, initial_params=initial_params, **options)
        rng = np.random.default_rng(0)
        for _ in range(iterative_fitting - 1):
            other = type(self)(self.penalizer_coef)
            other.fit_rows(rows, initial_params=rng.normal(0.1, 0.5, 4), **options | {"start": None})
            if other._negative_log_likelihood_ < self._negative_log_likelihood_:
                self.__dict__.update(other.__dict__)
        self._negative_log_likelihood_ *= rows.customers  # lifetimes' convention: of all, not of one
        self.data = data.to_pandas()
        return self

    def conditional_expected_number_of_purchases_up_to_time(self, t: Any, frequency: Any, recency: Any, T: Any) -> Any:
        """Return the purchases expected within the next t periods, given a customer's history.

        Parameters
        ----------
        t
            Length of the time ahead, in periods of the fit.
        frequency, recency, T
            The customers' histories.
        """
        check_horizon(t)
        if np.ndim(t) == 0:
            expected = self.sum_of_purchases([float(t)], [1.0], frequency, recency, T)
        else:
            expected = self.alive_at(frequency, recency, T) * purchases_if_alive(t, frequency, T, self.parameters())
        return like(expected, frequency, recency, T, t)

    def conditional_probability_alive(self, frequency: Any, recency: Any, T: Any) -> Any:
        """Return the probability that a customer with this history is still alive at T."""
        return like(self.alive_at(frequency, recency, T), frequency, recency, T)

    def conditional_probability_alive_matrix(
        self, max_frequency: int | None = None, max_recency: int | None = None
    ) -> Floats:
        """Return P(alive) for every recency (row) and frequency (column) of customers aged `max_recency`.

        Parameters
        ----------
        max_frequency, max_recency
            The last column and row; the largest frequency and T of the fit by default.
        """
        frequency = np.arange((max_frequency or self.largest("frequency", "max_frequency")) + 1)
        end = max_recency or self.largest("T", "max_recency")
        return self._alive(frequency[None, :], np.arange(end + 1)[:, None], end)

    def expected_number_of_purchases_up_to_time(self, t: Any) -> Any:
        """Return the repeat purchases expected from a new customer within t periods of the first purchase."""
        check_horizon(t)
        return like(purchases_if_alive(t, 0.0, 0.0, self.parameters()), t)

    def generate_new_data(self, size: int = 1) -> Any:
        """Return customers simulated by the fitted model, watched as long as those of the fit (lifetimes' method)."""
        return peer.generate_data.pareto_nbd_model(self.fitted_data()["T"].to_numpy(), *self.parameters(), size=size)

    def alive_at(self, frequency: Any, recency: Any, T: Any) -> Floats:
        """Return `conditional_probability_alive` as an array of the inputs' common shape, and without a warning."""
        check_history(frequency, recency, T)
        return self._alive(frequency, recency, T)

    def _alive(self, frequency: Any, recency: Any, T: Any) -> Floats:
        columns = np.broadcast_arrays(*(np.asarray(values, dtype=float) for values in (frequency, recency, T)))
        if not columns[0].size:
            return np.zeros(columns[0].shape)
        x, t_x, T = (column.ravel() for column in columns)
        return np.asarray(np.exp(log_alive(x, t_x, T, self.parameters()))).reshape(columns[0].shape)

    def sum_of_purchases(
        self, times: list[float], factors: list[float], frequency: Any, recency: Any, T: Any
    ) -> Floats:
        """Return the sum of factors times the purchases expected up to each time.

        Parameters
        ----------
        times, factors
            Lengths of time ahead, in periods of the fit, and what the purchases up to each count.
        frequency, recency, T
            The customers' histories.
        """
        check_history(frequency, recency, T)
        r, alpha, s, beta = self.parameters()
        x, T = np.asarray(frequency, dtype=float), np.asarray(T, dtype=float)
        if not T.size:
            return np.zeros(T.shape)
        ages = Levels.of(T.ravel())
        together = np.zeros(ages.distinct.shape)
        for t, factor in zip(times, factors, strict=True):  # in x the expectation is a straight line through -r
            together += factor * purchases_if_alive(t, 1 - r, ages.distinct, np.array([r, alpha, s, beta]))
        return np.asarray(self._alive(x, recency, T) * (r + x) * together[ages.codes].reshape(T.shape))

    def rest_if_alive(self, force: float, x: Floats, T: Floats) -> Floats:
        """Return all purchases to come of customers alive at T, discounted at a force of interest per period.

        Parameters
        ----------
        force
            Of interest, per period of the fit.
        x, T
            The customers' frequency and age.
        """
        return rest_pareto(force, x, T, self.parameters())

    @staticmethod
    def _log_A_0(params: Any, freq: Any, recency: Any, age: Any) -> Any:  # noqa: N802 - lifetimes' name
        """Return lifetimes' log A_0, stable for frequent buyers: its other methods build on it."""
        parameters = np.array(params, dtype=float)
        r, alpha, s, beta = parameters
        x, t_x, T = np.broadcast_arrays(*(np.asarray(v, dtype=float) for v in (freq, recency, age)))

        def left(t: Floats) -> Floats:
            log = log_g(x.ravel(), t.ravel(), parameters).reshape(x.shape)
            return np.asarray(log - (r + x) * np.log(alpha + t) - s * np.log(beta + t))

        early, late = left(t_x), left(T)
        with np.errstate(divide="ignore"):  # t_x = T: nobody can have left in between
            difference = early + np.log(-np.expm1(np.minimum(late - early, 0)))
        return np.log(r + s + x) - np.log(s) + difference

    @staticmethod
    def _conditional_log_likelihood(params: Any, freq: Any, rec: Any, T: Any) -> Any:
        """Return the customers' log-likelihoods, stable for frequent buyers."""
        r, alpha, s, beta = params
        x, T = np.asarray(freq, dtype=float), np.asarray(T, dtype=float)
        log_a_0 = ParetoNBDFitter._log_A_0(params, x, rec, T)
        alive = -(r + x) * np.log(alpha + T) - s * np.log(beta + T)
        either = np.logaddexp(alive, np.log(s) + log_a_0 - np.log(r + s + x))
        return gammaln(r + x) - gammaln(r) + r * np.log(alpha) + s * np.log(beta) + either
