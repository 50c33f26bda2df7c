"""BG/NBD and MBG/NBD: customers buy at their own rate and may drop out after a purchase.

Every customer has a purchase rate (gamma distributed with r and alpha) and a dropout probability (beta
distributed with a and b). In BG/NBD a customer may drop out after each repeat purchase, so somebody who never
bought again is alive for certain; in MBG/NBD already after the first purchase, so one-time buyers may be
gone.

Sources of the formulas: Fader, Hardie and Lee (2005), "Counting your customers the easy way", Marketing
Science 24, 275-284, section 7 of the working paper for the likelihood, equation (10) for the expectation;
Batislam, Denizel and Filiztekin (2007) and Wagner and Hoppe (2008) for MBG/NBD.
"""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
from scipy.special import expit, hyp2f1

from crmlib.clv import peer
from crmlib.clv.beta_points import beta_points
from crmlib.clv.bg_likelihood import likelihood
from crmlib.clv.discounted import rest_geometric
from crmlib.clv.fitting import Fitting, like
from crmlib.clv.unique_rows import blocks, pairs, unique_rows
from crmlib.errors import ModelWarning

if TYPE_CHECKING:
    from crmlib.clv.fitting import Likelihood
    from crmlib.clv.unique_rows import FloatArray, Rows

__all__ = ["BetaGeoFitter", "ModifiedBetaGeoFitter", "purchases_if_alive"]


def purchases_if_alive(t: Any, x: Any, T: Any, parameters: FloatArray) -> FloatArray:
    """Return the purchases expected within t periods from a customer who is alive at T, for BG/NBD.

    Equation (10) of Fader, Hardie and Lee (2005) without its denominator, which is the probability to be
    alive. Its hypergeometric function grows beyond all numbers for frequent buyers; two Pfaff transformations
    bring it to (1-z)^(a-1) 2F1(a+b-1-r, a-1; a+b+x-1; z) with z = t / (alpha+T+t), which stays between 0 and
    1 and converges the faster the larger x is. At a = 1 the formula is 0/0; the mean of its two neighbours
    stands in. MBG/NBD is the same with b + 1 for b.

    Examples
    --------
    >>> round(float(purchases_if_alive(39, 2, 38.86, np.array([0.2426, 4.4135, 0.7929, 2.4258]))), 4)
    1.6872
    """
    r, alpha, a, b = parameters
    if abs(a - 1) < NEAR_ONE:
        above, below = (purchases_if_alive(t, x, T, np.array([r, alpha, 1 + side, b])) for side in _BESIDE)
        return (above + below) / 2
    t, x, T = np.asarray(t, dtype=float), np.asarray(x, dtype=float), np.asarray(T, dtype=float)
    if a > HARDLY_DIFFERENT:
        return _if_hardly_different(t / (alpha + T), x, parameters)
    z = t / (alpha + T + t)
    remaining = np.exp((a - 1) * np.log1p(-z)) * hyp2f1(a + b - 1 - r, a - 1, a + b + x - 1, z)
    return np.asarray((a + b + x - 1) / (a - 1) * (1 - remaining))


def _if_hardly_different(u: FloatArray, x: FloatArray, parameters: FloatArray) -> FloatArray:
    """Return the mean of (1 - (1 + u p)^-(r+x)) / p over the dropout probability p, beta distributed (a, b+x)."""
    r, _, a, b = parameters
    u, x = np.broadcast_arrays(u, x)
    counts, where = np.unique(x.ravel(), return_inverse=True)
    points, weights = (table[where] for table in beta_points(a, b + counts))
    terms = -np.expm1(-(r + x.reshape(-1, 1)) * np.log1p(u.reshape(-1, 1) * points)) / points
    return np.asarray((weights * terms).sum(axis=1).reshape(x.shape))


HARDLY_DIFFERENT = 50.0
"""Beyond this a, customers' dropout probabilities are so alike that a dozen points carry their mean."""
LARGEST_EXPONENT = 700.0
NEAR_ONE = 1e-5
FEW = 1_500
"""To look for distinct pairs among fewer customers costs more than it saves."""
_BESIDE = (2 * NEAR_ONE, -2 * NEAR_ONE)


class _Geometric(Fitting):
    """What BG/NBD and MBG/NBD share: everything but the first chance to drop out."""

    parameter_names = ("r", "alpha", "a", "b")
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
            perhaps weights: a pandas table, anything with `.to_pandas()`, or a table of an engine, which is collapsed
            there.
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
            ``maxiter`` limits the steps; other options of scipy's optimisers mean nothing here and are
            ignored.

        Returns
        -------
        self
            With `params_`, `standard_errors_`, `variance_matrix_`, `confidence_intervals_`, `summary`,
            `data`, `rows_`.

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
        ...     {"frequency": [0, 1, 2, 5], "recency": [0, 10, 20, 35], "T": 39, "weights": [60, 20, 12, 8]}
        ... )
        >>> model = BetaGeoFitter(penalizer_coef=0.01).fit(rows)
        >>> bool(model.predict(39, 5, 35, 39) > model.predict(39, 1, 10, 39))
        True
        """
        data = self._read(frequency, {"recency": recency, "T": T}, weights, index, period)
        rows = unique_rows(data.columns, data.weights)
        steps = int(kwargs.get("maxiter", 200))
        self.fit_rows(rows, initial_params=initial_params, start=start, tol=tol, verbose=verbose, max_steps=steps)
        self.data = data.to_pandas()
        return self

    def predict(self, t: Any, frequency: Any, recency: Any, T: Any) -> Any:
        """Return the purchases expected within t periods: `conditional_expected_number_of_purchases_up_to_time`."""
        return self.conditional_expected_number_of_purchases_up_to_time(t, frequency, recency, T)

    def conditional_expected_number_of_purchases_up_to_time(self, t: Any, frequency: Any, recency: Any, T: Any) -> Any:
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
        1.2259
        """
        if np.ndim(t) == 0:
            expected = self.sum_of_purchases([float(t)], [1.0], frequency, recency, T)
        else:
            parameters = self._with_first_chance()
            expected = self.alive_at(frequency, recency, T) * purchases_if_alive(t, frequency, T, parameters)
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
        return np.atleast_1d(self.alive_at(frequency, recency, T))

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
        return self.alive_at(frequency[None, :], np.arange(end + 1)[:, None], end)

    def expected_number_of_purchases_up_to_time(self, t: Any) -> Any:
        """Return the repeat purchases expected from a new customer within t periods of the first purchase."""
        zero = np.zeros(np.shape(t))
        return like(self.alive_at(zero, zero, zero) * purchases_if_alive(t, zero, zero, self._with_first_chance()), t)

    def _teach(self, frequency: Any) -> None:
        """Nothing needs saying about MBG/NBD's one-time buyers."""

    def _with_first_chance(self) -> FloatArray:
        return np.asarray(self.parameters() + np.array([0.0, 0.0, 0.0, self._shift]))

    def _log_odds(self, x: FloatArray, T: FloatArray) -> FloatArray:
        """Return the part of the log-odds to be gone that recency has no part in; -inf where nobody can be."""
        r, alpha, a, b = self.parameters()
        if self._shift:
            return np.asarray(np.log(a / (b + x)) + (r + x) * np.log(alpha + T))
        chances = np.where(x > 0, b + x - 1, 1.0)
        return np.where(x > 0, np.log(a / chances) + (r + x) * np.log(alpha + T), -np.inf)

    def alive_at(self, frequency: Any, recency: Any, T: Any) -> FloatArray:
        """Return `conditional_probability_alive` as an array of the inputs' common shape, and without a warning."""
        r, alpha, _, _ = self.parameters()
        x, t_x, T = (np.asarray(values, dtype=float) for values in (frequency, recency, T))
        return np.asarray(expit((r + x) * np.log(alpha + t_x) - self._log_odds(x, T)))

    def sum_of_purchases(
        self, times: list[float], factors: list[float], frequency: Any, recency: Any, T: Any
    ) -> FloatArray:
        """Return the sum of factors times the purchases expected up to each time.

        All but recency's part is computed once per distinct frequency and T, whatever the number of times.
        """
        r, alpha, _, _ = self.parameters()
        parameters = self._with_first_chance()
        x, t_x, T = (np.asarray(values, dtype=float) for values in (frequency, recency, T))

        def if_alive(x: FloatArray, T: FloatArray) -> FloatArray:
            together = np.zeros(np.broadcast_shapes(np.shape(x), np.shape(T)))
            for t, factor in zip(times, factors, strict=True):
                together += factor * purchases_if_alive(t, x, T, parameters)
            return together

        if x.ndim != 1 or x.shape != T.shape or x.size * len(times) < FEW:
            return np.asarray(if_alive(x, T) * self.alive_at(x, t_x, T))
        distinct = pairs(x, T)
        purchases = distinct.table(if_alive(distinct.first, distinct.second))
        log_odds = distinct.table(self._log_odds(distinct.first, distinct.second))
        expected = np.empty(x.size)
        for block in blocks(x.size):
            pair = distinct.key[block]
            gone = log_odds.take(pair) - (r + x[block]) * np.log(alpha + t_x[block])
            # exp of an infinity is seven times slower than exp of a number
            gone = np.exp(np.clip(gone, -LARGEST_EXPONENT, LARGEST_EXPONENT))
            expected[block] = purchases.take(pair) / (1 + gone)
        return expected

    def rest_if_alive(self, force: float, x: FloatArray, T: FloatArray) -> FloatArray:
        """Return all purchases to come of customers alive at T, discounted at a force of interest per period."""
        return rest_geometric(force, x, T, self._with_first_chance())


class BetaGeoFitter(_Geometric, peer.BetaGeoFitter):  # type: ignore[misc]
    """BG/NBD, with lifetimes' names and our optimiser.

    A customer who never bought again cannot have dropped out yet in this model: the probability to be alive
    is 1.

    Parameters
    ----------
    penalizer_coef
        Weight of the squared parameters (alpha scaled by the oldest customer's age) beside the mean negative
        log-likelihood of a customer, as in lifetimes.

    Examples
    --------
    >>> model = BetaGeoFitter().with_params({"r": 0.2426, "alpha": 4.4135, "a": 0.7929, "b": 2.4258})
    >>> round(model.expected_number_of_purchases_up_to_time(39), 3)
    1.195
    """

    _shift = 0

    def generate_new_data(self, size: int = 1) -> Any:
        """Return customers simulated by the fitted model, watched as long as those of the fit (lifetimes' method)."""
        return peer.generate_data.beta_geometric_nbd_model(self.data["T"].to_numpy(), *self.parameters(), size=size)

    def _teach(self, frequency: Any) -> None:
        frequency = np.asarray(frequency)
        if frequency.size > 1 and not self.__dict__.get("_taught") and (frequency == 0).any():
            self._taught = True  # once per model
            warnings.warn(
                f"{int((frequency == 0).sum())} of these {frequency.size} customers bought once only, and "
                "BG/NBD gives each of them P(alive) = 1: in this model a customer can drop out only after a "
                "repeat purchase. Do not read it as loyalty. ModifiedBetaGeoFitter (MBG/NBD) and "
                "ParetoNBDFitter let one-time buyers "
                "drop out as well.",
                ModelWarning,
                stacklevel=3,
            )


class ModifiedBetaGeoFitter(_Geometric, peer.ModifiedBetaGeoFitter):  # type: ignore[misc]
    """MBG/NBD, with lifetimes' names and our optimiser: customers may drop out after the first purchase already.

    Parameters
    ----------
    penalizer_coef
        As in `BetaGeoFitter`.

    Examples
    --------
    >>> model = ModifiedBetaGeoFitter().with_params({"r": 0.525, "alpha": 6.183, "a": 0.891, "b": 1.614})
    >>> model.conditional_probability_alive([0, 2], [0, 30.43], [38.86, 38.86]).round(3).tolist()
    [0.39, 0.706]
    """

    _shift = 1

    def generate_new_data(self, size: int = 1) -> Any:
        """Return customers simulated by the fitted model, watched as long as those of the fit (lifetimes' method)."""
        return peer.generate_data.modified_beta_geometric_nbd_model(
            self.data["T"].to_numpy(), *self.parameters(), size=size
        )
