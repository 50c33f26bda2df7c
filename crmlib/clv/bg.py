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
from scipy.special import betainc, expit, gammaln, xlogy

from crmlib.clv import peer
from crmlib.clv.bg_likelihood import likelihood
from crmlib.clv.bg_purchases import purchases_if_alive
from crmlib.clv.discounted import rest_geometric
from crmlib.clv.fitting import Fitting, like
from crmlib.clv.gammas import log_rise
from crmlib.clv.questions import ForecastsPurchases, check_history, check_horizon
from crmlib.clv.unique_rows import blocks, pairs, unique_rows
from crmlib.errors import ModelError, ModelWarning

if TYPE_CHECKING:
    from crmlib.arrays import Floats
    from crmlib.clv.fitting import Likelihood
    from crmlib.clv.unique_rows import Rows

__all__ = ["BetaGeoFitter", "ModifiedBetaGeoFitter", "purchases_if_alive"]


LARGEST_EXPONENT = 700.0
FEW = 1_500
"""To look for distinct pairs among fewer customers costs more than it saves."""


class _Geometric(ForecastsPurchases):
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
        check_horizon(t)
        if np.ndim(t) == 0:
            expected = self.sum_of_purchases([float(t)], [1.0], frequency, recency, T)
        else:
            parameters = self._with_first_chance()
            expected = self.alive_at(frequency, recency, T) * purchases_if_alive(t, frequency, T, parameters)
        return like(expected, frequency, recency, T, t)

    def conditional_probability_alive(self, frequency: Any, recency: Any, T: Any) -> Floats:
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
    ) -> Floats:
        """Return P(alive) for every recency (row) and frequency (column) of customers aged `max_recency`.

        Parameters
        ----------
        max_frequency, max_recency
            Where the matrix ends; the largest frequency and T of the fit where not given.
        """
        frequency = np.arange((max_frequency or self.largest("frequency", "max_frequency")) + 1)
        end = max_recency or self.largest("T", "max_recency")
        return self._alive(frequency[None, :], np.arange(end + 1)[:, None], end)

    def expected_number_of_purchases_up_to_time(self, t: Any) -> Any:
        """Return the repeat purchases expected from a new customer within t periods of the first purchase."""
        check_horizon(t)
        zero = np.zeros(np.shape(t))
        return like(self._alive(zero, zero, zero) * purchases_if_alive(t, zero, zero, self._with_first_chance()), t)

    def probability_of_n_purchases_up_to_time(self, t: float, n: Any) -> Any:
        """Return the probability that a new customer makes n repeat purchases within t periods.

        Parameters
        ----------
        t
            Length of the time, in periods of the fit.
        n
            How many; a number or an array.

        Examples
        --------
        >>> model = BetaGeoFitter().with_params({"r": 0.8, "alpha": 4.4, "a": 0.79, "b": 2.43})
        >>> float(f"{model.probability_of_n_purchases_up_to_time(20, 200):.3g}")
        1.21e-20
        """
        r, alpha, a, b = self.parameters()
        counts = np.asarray(n, dtype=float)
        if not (np.isfinite(t) and t >= 0) or not (np.isfinite(counts) & (counts >= 0)).all():
            raise ModelError(f"t={t!r} and n are 0 or more: a length of time, and numbers of purchases.")
        share, last = t / (alpha + t), counts + self._shift
        stays = np.exp(log_rise(b, last) - log_rise(a + b, last))
        before = np.maximum(last, 1.0) - 1
        leaves = a / (a + b + before) * np.exp(log_rise(b, before) - log_rise(a + b, before))
        buys = np.exp(log_rise(r, counts) - gammaln(counts + 1) + r * np.log1p(-share) + xlogy(counts, share))
        # left with purchase n: the customer would have made at least so many by then
        would = np.where(counts > 0, betainc(np.maximum(counts, 1), r, share), 1.0)
        return like(stays * buys + np.where(last > 0, leaves, 0.0) * would, n)

    def _teach(self, frequency: Any) -> None:
        """Nothing needs saying about MBG/NBD's one-time buyers."""

    def _with_first_chance(self) -> Floats:
        return np.asarray(self.parameters() + np.array([0.0, 0.0, 0.0, self._shift]))

    def _log_odds(self, x: Floats, T: Floats) -> Floats:
        """Return the part of the log-odds to be gone that recency has no part in; -inf where nobody can be."""
        r, alpha, a, b = self.parameters()
        if self._shift:
            return np.asarray(np.log(a / (b + x)) + (r + x) * np.log(alpha + T))
        chances = np.where(x > 0, b + x - 1, 1.0)
        return np.where(x > 0, np.log(a / chances) + (r + x) * np.log(alpha + T), -np.inf)

    def alive_at(self, frequency: Any, recency: Any, T: Any) -> Floats:
        """Return `conditional_probability_alive` as an array of the inputs' common shape, and without a warning."""
        check_history(frequency, recency, T)
        return self._alive(frequency, recency, T)

    def _alive(self, frequency: Any, recency: Any, T: Any) -> Floats:
        r, alpha, _, _ = self.parameters()
        x, t_x, T = (np.asarray(values, dtype=float) for values in (frequency, recency, T))
        return np.asarray(expit((r + x) * np.log(alpha + t_x) - self._log_odds(x, T)))

    def sum_of_purchases(
        self, times: list[float], factors: list[float], frequency: Any, recency: Any, T: Any
    ) -> Floats:
        """Return the sum of factors times the purchases expected up to each time.

        All but recency's part is computed once per distinct frequency and T, whatever the number of times.
        """
        check_history(frequency, recency, T)
        r, alpha, _, _ = self.parameters()
        parameters = self._with_first_chance()
        x, t_x, T = (np.asarray(values, dtype=float) for values in (frequency, recency, T))

        def if_alive(x: Floats, T: Floats) -> Floats:
            together = np.zeros(np.broadcast_shapes(np.shape(x), np.shape(T)))
            for t, factor in zip(times, factors, strict=True):
                together += factor * purchases_if_alive(t, x, T, parameters)
            return together

        if x.ndim != 1 or x.shape != T.shape or x.size * len(times) < FEW:
            return np.asarray(if_alive(x, T) * self._alive(x, t_x, T))
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

    def rest_if_alive(self, force: float, x: Floats, T: Floats) -> Floats:
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
        return peer.generate_data.beta_geometric_nbd_model(
            self.fitted_data()["T"].to_numpy(), *self.parameters(), size=size
        )

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
            self.fitted_data()["T"].to_numpy(), *self.parameters(), size=size
        )
