"""BG/NBD and MBG/NBD: customers buy at their own rate and may drop out after a purchase.

Every customer has a purchase rate (gamma distributed with r and alpha) and a dropout probability (beta distributed
with a and b). In BG/NBD a customer may drop out after each repeat purchase, so somebody who never bought again is
alive for certain; in MBG/NBD already after the first purchase, so one-time buyers may be gone.

Sources of the formulas: Fader, Hardie and Lee (2005), "Counting your customers the easy way", Marketing Science 24,
275-284, section 7 of the working paper for the likelihood, equation (10) for the expectation; Batislam, Denizel and
Filiztekin (2007) and Wagner and Hoppe (2008) for MBG/NBD.
"""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
from scipy.special import digamma, expit, gammaln, hyp2f1, polygamma

from crmlib.clv.collapse import pairs, unique_rows
from crmlib.clv.fitting import Fitting, like
from crmlib.clv.optimise import in_logs
from crmlib.clv.peer import lifetimes
from crmlib.errors import ModelWarning

if TYPE_CHECKING:
    from crmlib.clv.collapse import FloatArray, Rows
    from crmlib.clv.fitting import Likelihood

__all__ = ["BetaGeoFitter", "ModifiedBetaGeoFitter", "likelihood", "purchases_if_alive"]

BLOCK = 1 << 14
"""Rows are summed in blocks whose intermediate columns stay in the processor's cache."""


def likelihood(rows: Rows, shift: int) -> Likelihood:
    """Return the log-likelihood of unique rows as a function of (r, alpha, a, b), with derivatives by their logs.

    A row contributes, with c = b + x + shift - 1::

        log Γ(r+x)/Γ(r) + r log α + log B(a, b+x+shift)/B(a, b) - (r+x) log(α+T) + log(1 + exp δ)
        δ = log a - log c + (r+x) (log(α+T) - log(α+t_x))

    where the last term counts those who may have dropped out: repeat buyers only in BG/NBD. All but that term
    depend on x or T alone, and are summed over the distinct values of x and T.

    Parameters
    ----------
    rows
        Columns frequency (x), recency (t_x) and T.
    shift
        0 for BG/NBD, 1 for MBG/NBD: how many chances to drop out precede the first repeat purchase.
    """
    x, t_x, T, weights = rows.columns["frequency"], rows.columns["recency"], rows.columns["T"], rows.weights
    total = rows.customers
    per_x = np.bincount(x.codes, weights, minlength=x.values.size)
    used = np.flatnonzero(per_x)
    counts, per_x = x.values[used], per_x[used]
    place = np.zeros(x.values.size, dtype=np.int64)
    place[used] = np.arange(used.size)
    per_T = np.bincount(T.codes, weights, minlength=T.values.size)
    bought_per_T = np.bincount(T.codes, weights * x.values[x.codes], minlength=T.values.size)

    mortal = np.flatnonzero(x.values[x.codes] + shift > 0)
    row_x, row_weights = place[x.codes[mortal]], weights[mortal]
    row_t, row_T = t_x.codes[mortal], T.codes[mortal]
    blocks = [slice(begin, begin + BLOCK) for begin in range(0, mortal.size, BLOCK)]

    def of(parameters: FloatArray) -> tuple[float, FloatArray, FloatArray]:
        r, alpha, a, b = parameters
        gradient, hessian = np.zeros(4), np.zeros((4, 4))
        to_T, to_t = alpha + T.values, alpha + t_x.values
        log_T, log_t, inverse_T, inverse_t = np.log(to_T), np.log(to_t), 1 / to_T, 1 / to_t

        # terms of x alone
        more = b + counts + shift
        value = float(per_x @ (gammaln(r + counts) - gammaln(r)))
        value += float(per_x @ (gammaln(a + b) - gammaln(a + more) + gammaln(more) - gammaln(b)))
        gradient[0] = per_x @ (digamma(r + counts) - digamma(r))
        hessian[0, 0] = per_x @ (polygamma(1, r + counts) - polygamma(1, r))
        both, both_1 = digamma(a + b) - digamma(a + more), polygamma(1, a + b) - polygamma(1, a + more)
        gradient[2] = per_x @ both
        gradient[3] = per_x @ (both + digamma(more) - digamma(b))
        hessian[2, 2] = hessian[2, 3] = hessian[3, 2] = per_x @ both_1
        hessian[3, 3] = per_x @ (both_1 + polygamma(1, more) - polygamma(1, b))

        # terms of T alone
        exposure = r * per_T + bought_per_T
        value += total * r * np.log(alpha) - float(exposure @ log_T)
        gradient[0] += total * np.log(alpha) - per_T @ log_T
        gradient[1] = total * r / alpha - exposure @ inverse_T
        hessian[0, 1] = total / alpha - per_T @ inverse_T
        hessian[1, 1] = exposure @ inverse_T**2 - total * r / alpha**2

        # the chance to have dropped out, row by row
        chances = np.where(counts + shift > 0, more - 1, 1.0)  # 1 stands where nobody can have dropped out
        odds, inverse_c = np.log(a) - np.log(chances), 1 / chances
        rate = r + counts
        for block in blocks:
            i, w = row_x[block], row_weights[block]
            j, k = row_T[block], row_t[block]
            gap = log_T[j] - log_t[k]
            shrink = inverse_T[j] - inverse_t[k]
            n = rate[i]
            c = inverse_c[i]
            delta = odds[i] + n * gap
            small = np.exp(-np.abs(delta))
            value += float(np.einsum("i,i", w, np.maximum(delta, 0) + np.log1p(small)))
            gone = np.where(delta > 0, 1.0, small) / (1 + small)
            once = w * gone
            twice = once * (1 - gone)
            by_alpha = n * shrink
            slopes = (gap, by_alpha, np.full(gap.size, 1 / a), -c)
            for p, slope in enumerate(slopes):
                gradient[p] += np.einsum("i,i", once, slope)
                curved = twice * slope
                for q in range(p, 4):
                    hessian[p, q] += np.einsum("i,i", curved, slopes[q])
            hessian[0, 1] += np.einsum("i,i", once, shrink)
            hessian[1, 1] -= np.einsum("i,i,i", once, by_alpha, inverse_T[j] + inverse_t[k])
            hessian[2, 2] -= once.sum() / a**2
            hessian[3, 3] += np.einsum("i,i,i", once, c, c)
        return value, *in_logs(parameters, gradient, np.triu(hessian) + np.triu(hessian, 1).T)

    return of


def purchases_if_alive(t: Any, x: Any, T: Any, parameters: FloatArray) -> FloatArray:
    """Return the purchases expected within t periods from a customer who is alive at T, for BG/NBD.

    Equation (10) of Fader, Hardie and Lee (2005) without its denominator, which is the probability to be alive.
    Its hypergeometric function grows beyond all numbers for frequent buyers; two Pfaff transformations bring it to
    (1-z)^(a-1) 2F1(a+b-1-r, a-1; a+b+x-1; z) with z = t / (α+T+t), which stays between 0 and 1 and converges the
    faster the larger x is. At a = 1 the formula is 0/0; the mean of its two neighbours stands in. MBG/NBD is the
    same with b + 1 for b.

    Examples
    --------
    >>> round(float(purchases_if_alive(39, 2, 38.86, np.array([0.2426, 4.4135, 0.7929, 2.4258]))), 4)
    1.6874
    """
    r, alpha, a, b = parameters
    if abs(a - 1) < NEAR_ONE:
        above, below = (purchases_if_alive(t, x, T, np.array([r, alpha, 1 + side, b])) for side in _BESIDE)
        return (above + below) / 2
    t, x, T = np.asarray(t, dtype=float), np.asarray(x, dtype=float), np.asarray(T, dtype=float)
    z = t / (alpha + T + t)
    remaining = np.exp((a - 1) * np.log1p(-z)) * hyp2f1(a + b - 1 - r, a - 1, a + b + x - 1, z)
    return np.asarray((a + b + x - 1) / (a - 1) * (1 - remaining))


LARGEST_EXPONENT = 700.0
NEAR_ONE = 1e-5
_BESIDE = (2 * NEAR_ONE, -2 * NEAR_ONE)


class _Geometric(Fitting):
    """What BG/NBD and MBG/NBD share: everything but the first chance to drop out."""

    _names = ("r", "alpha", "a", "b")
    _timed = ("alpha",)
    _shift: ClassVar[int]

    def _likelihood(self, rows: Rows) -> Likelihood:
        return likelihood(rows, self._shift)

    def fit(  # noqa: PLR0917 - lifetimes' order of arguments
        self,
        frequency: Any,
        recency: Any = None,
        T: Any = None,
        weights: Any = None,
        initial_params: Any = None,
        verbose: bool = False,  # noqa: FBT001, FBT002 - lifetimes' signature
        tol: float = 1e-7,
        index: Any = None,
        *,
        start: Fitting | None = None,
        period: str | None = None,
        **kwargs: Any,
    ) -> Self:
        """Fit the model to customers, or to unique rows with weights.

        Parameters
        ----------
        frequency
            Repeat purchases of each customer; or, alone, a summary with the columns frequency, recency, T and
            perhaps weights: a pandas table or anything with `.to_pandas()`.
        recency
            Time from each customer's first to the last purchase, in periods.
        T
            Time from each customer's first purchase to the end of the observation, in periods.
        weights
            How many customers each row stands for; 1 where not given.
        initial_params
            Where the search begins: the logs of r, alpha / max(T), a, b (lifetimes' convention).
        verbose
            Print how many steps the search took.
        tol
            The largest slope of the mean log-likelihood, in the parameters' logs, at the optimum.
        index
            Labels of the rows of `data`.
        start
            A fitted model to begin from: yesterday's fit, or the fit to all customers for a segment's.
        period
            What a period is, "D" or "W", where the summary does not say so itself. Kept as `period_`.
        **kwargs
            ``maxiter`` limits the steps; other options of scipy's optimisers mean nothing here and are ignored.

        Returns
        -------
        self
            With `params_`, `standard_errors_`, `variance_matrix_`, `confidence_intervals_`, `summary`, `data`, `rows_`.

        Raises
        ------
        ModelError
            When the data cannot be used; the message names the row.
        ConvergenceError
            When no optimum was found; the message says what to do.

        Examples
        --------
        >>> import pandas as pd
        >>> rows = pd.DataFrame(
        ...     {"frequency": [0, 1, 2, 5], "recency": [0, 10, 20, 35], "T": [39, 39, 39, 39], "weights": [60, 20, 12, 8]}
        ... )
        >>> model = BetaGeoFitter(penalizer_coef=0.01).fit(rows)
        >>> bool(model.predict(39, 5, 35, 39) > model.predict(39, 1, 10, 39))
        True
        """
        data = self._read(frequency, {"recency": recency, "T": T}, weights, index, period)
        rows = unique_rows(data.columns, data.weights)
        steps = int(kwargs.get("maxiter", 200))
        self._fit_rows(rows, initial_params=initial_params, start=start, tol=tol, verbose=verbose, max_steps=steps)
        self.data = data.to_pandas()
        return self

    def predict(self, t: Any, frequency: Any, recency: Any, T: Any) -> Any:
        """Return the purchases expected within t periods: `conditional_expected_number_of_purchases_up_to_time`."""
        return self.conditional_expected_number_of_purchases_up_to_time(t, frequency, recency, T)

    def conditional_expected_number_of_purchases_up_to_time(
        self, t: Any, frequency: Any, recency: Any, T: Any
    ) -> Any:
        """Return the purchases expected within the next t periods, given a customer's history.

        Parameters
        ----------
        t
            Length of the time ahead, in periods of the fit.
        frequency, recency, T
            The customers' histories.

        Returns
        -------
        A Series where one was given, an array, or a number.

        Examples
        --------
        >>> model = BetaGeoFitter().with_params({"r": 0.2426, "alpha": 4.4135, "a": 0.7929, "b": 2.4258})
        >>> round(model.conditional_expected_number_of_purchases_up_to_time(39, 2, 30.43, 38.86), 4)
        1.226
        """
        if np.ndim(t) == 0:
            expected = self._purchases([float(t)], [1.0], frequency, recency, T)
        else:
            parameters = self._with_first_chance()
            expected = self._alive(frequency, recency, T) * purchases_if_alive(t, frequency, T, parameters)
        return like(expected, frequency, recency, T, t)

    def conditional_probability_alive(self, frequency: Any, recency: Any, T: Any) -> FloatArray:
        """Return the probability that a customer with this history is still alive at T.

        Parameters
        ----------
        frequency, recency, T
            The customers' histories.

        Returns
        -------
        numpy.ndarray
            At least one-dimensional, as in lifetimes.

        Examples
        --------
        >>> model = BetaGeoFitter().with_params({"r": 0.2426, "alpha": 4.4135, "a": 0.7929, "b": 2.4258})
        >>> model.conditional_probability_alive(2, 30.43, 38.86).round(4).tolist()
        [0.7266]
        """
        self._teach(frequency)
        return np.atleast_1d(self._alive(frequency, recency, T))

    def conditional_probability_alive_matrix(
        self, max_frequency: int | None = None, max_recency: int | None = None
    ) -> FloatArray:
        """Return P(alive) for every recency (row) and frequency (column) of customers aged `max_recency`.

        Parameters
        ----------
        max_frequency, max_recency
            Where the matrix ends; the largest frequency and T of the fit where not given.
        """
        frequency = np.arange((max_frequency or int(self.data["frequency"].max())) + 1)
        end = max_recency or int(self.data["T"].max())
        return self._alive(frequency[None, :], np.arange(end + 1)[:, None], end)

    def expected_number_of_purchases_up_to_time(self, t: Any) -> Any:
        """Return the repeat purchases expected from a new customer within t periods of the first purchase."""
        zero = np.zeros(np.shape(t))
        return like(self._alive(zero, zero, zero) * purchases_if_alive(t, zero, zero, self._with_first_chance()), t)

    def _teach(self, frequency: Any) -> None:
        """Nothing needs saying about MBG/NBD's one-time buyers."""

    def _with_first_chance(self) -> FloatArray:
        r, alpha, a, b = self._unload_params(*self._names)
        return np.array([r, alpha, a, b + self._shift])

    def _log_odds(self, x: FloatArray, T: FloatArray) -> FloatArray:
        """Return the part of the log-odds to be gone that recency has no part in; -inf where nobody can be."""
        r, alpha, a, b = self._unload_params(*self._names)
        if self._shift:
            return np.asarray(np.log(a / (b + x)) + (r + x) * np.log(alpha + T))
        chances = np.where(x > 0, b + x - 1, 1.0)
        return np.where(x > 0, np.log(a / chances) + (r + x) * np.log(alpha + T), -np.inf)

    def _alive(self, frequency: Any, recency: Any, T: Any) -> FloatArray:
        r, alpha = self._unload_params("r", "alpha")
        x, t_x, T = (np.asarray(values, dtype=float) for values in (frequency, recency, T))
        return np.asarray(expit((r + x) * np.log(alpha + t_x) - self._log_odds(x, T)))

    def _purchases(
        self, times: list[float], factors: list[float], frequency: Any, recency: Any, T: Any
    ) -> FloatArray:
        """Return the sum of factors times the purchases expected up to each time.

        All but recency's part is computed once per distinct frequency and T, whatever the number of times.
        """
        r, alpha = self._unload_params("r", "alpha")
        parameters = self._with_first_chance()
        x, t_x, T = (np.asarray(values, dtype=float) for values in (frequency, recency, T))

        def if_alive(x: FloatArray, T: FloatArray) -> FloatArray:
            together = np.zeros(np.broadcast_shapes(np.shape(x), np.shape(T)))
            for t, factor in zip(times, factors, strict=True):
                together += factor * purchases_if_alive(t, x, T, parameters)
            return together

        if x.ndim != 1 or x.shape != T.shape or not x.size:
            return if_alive(x, T) * self._alive(x, t_x, T)
        distinct = pairs(x, T)
        gone = distinct.spread(self._log_odds(distinct.first, distinct.second)) - (r + x) * np.log(alpha + t_x)
        np.exp(np.minimum(gone, LARGEST_EXPONENT, out=gone), out=gone)
        return distinct.spread(if_alive(distinct.first, distinct.second)) / (1 + gone)


class BetaGeoFitter(_Geometric, lifetimes.BetaGeoFitter):  # type: ignore[misc]
    """BG/NBD, with lifetimes' names and our optimiser.

    A customer who never bought again cannot have dropped out yet in this model: the probability to be alive is 1.

    Parameters
    ----------
    penalizer_coef
        Weight of the squared parameters (alpha scaled by the oldest customer's age) beside the mean negative
        log-likelihood of a customer, as in lifetimes.

    Examples
    --------
    >>> model = BetaGeoFitter().with_params({"r": 0.2426, "alpha": 4.4135, "a": 0.7929, "b": 2.4258})
    >>> round(model.expected_number_of_purchases_up_to_time(39), 3)
    1.045
    """

    _shift = 0

    def generate_new_data(self, size: int = 1) -> Any:
        """Return customers simulated by the fitted model, watched as long as those of the fit (lifetimes' method)."""
        return lifetimes.generate_data.beta_geometric_nbd_model(
            self.data["T"].to_numpy(), *self._unload_params(*self._names), size=size
        )

    def _teach(self, frequency: Any) -> None:
        frequency = np.asarray(frequency)
        if frequency.size > 1 and not self.__dict__.get("_taught") and (frequency == 0).any():
            self._taught = True  # once per model
            warnings.warn(
                f"{int((frequency == 0).sum())} of these {frequency.size} customers bought once only, and BG/NBD gives "
                "each of them P(alive) = 1: in this model a customer can drop out only after a repeat purchase. "
                "Do not read it as loyalty. ModifiedBetaGeoFitter (MBG/NBD) and ParetoNBDFitter let one-time buyers "
                "drop out as well.",
                ModelWarning,
                stacklevel=3,
            )


class ModifiedBetaGeoFitter(_Geometric, lifetimes.ModifiedBetaGeoFitter):  # type: ignore[misc]
    """MBG/NBD, with lifetimes' names and our optimiser: customers may drop out after the first purchase already.

    Parameters
    ----------
    penalizer_coef
        As in `BetaGeoFitter`.

    Examples
    --------
    >>> model = ModifiedBetaGeoFitter().with_params({"r": 0.525, "alpha": 6.183, "a": 0.891, "b": 1.614})
    >>> model.conditional_probability_alive([0, 2], [0, 30.43], [38.86, 38.86]).round(3).tolist()
    [0.386, 0.723]
    """

    _shift = 1

    def generate_new_data(self, size: int = 1) -> Any:
        """Return customers simulated by the fitted model, watched as long as those of the fit (lifetimes' method)."""
        return lifetimes.generate_data.modified_beta_geometric_nbd_model(
            self.data["T"].to_numpy(), *self._unload_params(*self._names), size=size
        )
