"""Shifted beta-geometric: how long contracts last, when customers say that they leave.

At each renewal a customer leaves with an own probability, beta distributed with alpha and beta. Retention
rates rise with tenure although nobody's loyalty does: those who leave easily have left.

Source: Fader and Hardie (2007), "How to project customer retention", Journal of Interactive Marketing 21,
76-90; the residual lifetime from Fader and Hardie (2010), "Customer-base valuation in a contractual setting",
Marketing Science 29, 85-93.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

import numpy as np

from crmlib.clv import peer
from crmlib.clv.fitting import Fitting, like
from crmlib.clv.gammas import log_beta_rise, slopes_of_log_beta_rise
from crmlib.clv.optimise import in_logs
from crmlib.clv.unique_rows import unique_rows
from crmlib.errors import ModelError

if TYPE_CHECKING:
    from crmlib.arrays import Floats
    from crmlib.clv.fitting import Likelihood
    from crmlib.clv.unique_rows import Rows

__all__ = ["ShiftedBetaGeoFitter", "likelihood"]

_BY_CHANCE = 1.645  # one side, 5 %
_MOST_RENEWALS = 1000
_LONGEST, _NOTHING = 1_000_000, 1e-14


def likelihood(rows: Rows) -> Likelihood:
    """Return the log-likelihood as a function of (alpha, beta), with derivatives by their logs.

    Leaving at renewal t has probability B(alpha+1, beta+t-1) / B(alpha, beta), staying beyond it B(alpha,
    beta+t) / B(alpha, beta).

    Parameters
    ----------
    rows
        Columns renewals (t) and lost (1 or 0).
    """
    t, lost, w = rows.columns["renewals"].column, rows.columns["lost"].column, rows.weights

    def of(parameters: Floats) -> tuple[float, Floats, Floats]:
        alpha, beta = parameters
        first, second = slopes_of_log_beta_rise(alpha, beta, lost, t - lost)
        value = float(w @ log_beta_rise(alpha, beta, lost, t - lost))
        return value, *in_logs(parameters, first @ w, second @ w)

    return of


class ShiftedBetaGeoFitter(Fitting, peer.BaseFitter):  # type: ignore[misc]
    """Shifted beta-geometric model of contractual retention; lifetimes has none.

    Parameters
    ----------
    penalizer_coef
        Weight of the squared parameters beside the mean negative log-likelihood of a customer.

    Examples
    --------
    Fader and Hardie's regular customers, of 1,000 at the beginning and after each of seven years:

    >>> model = ShiftedBetaGeoFitter().fit_survivors([1000, 631, 468, 382, 326, 289, 262, 241])
    >>> model.params_.round(3).to_dict()
    {'alpha': 0.704, 'beta': 1.182}
    >>> round(model.survival(12), 3)
    0.17
    """

    parameter_names = ("alpha", "beta")
    _columns = ("renewals", "lost")
    _time_columns = ()

    def __init__(self, penalizer_coef: float = 0.0) -> None:
        self.penalizer_coef = penalizer_coef

    def _likelihood(self, rows: Rows) -> Likelihood:
        return likelihood(rows)

    def _refuse_hopeless(self, rows: Rows) -> None:
        lost = rows.columns["lost"].column
        if self.penalizer_coef:
            return
        if not lost.any():
            raise ModelError("Nobody left: the model has nothing to learn about leaving. Watch for longer.")
        if lost.all() and rows.columns["renewals"].column.max() == 1:
            raise ModelError("Everybody left at the first renewal: there is no retention to model.")

    def fit(
        self,
        renewals: Any,
        lost: Any = None,
        weights: Any = None,
        *,
        initial_params: Any = None,
        start: Fitting | None = None,
        tol: float = 1e-7,
        verbose: bool = False,
        index: Any = None,
        period: str | None = None,
    ) -> Self:
        """Fit the model to contracts.

        Parameters
        ----------
        renewals
            Which renewal the customer left at (1 for the first), or how many a customer who is still there
            has seen; or, alone, a table with renewals, lost and perhaps weights. Who has seen no renewal yet
            tells nothing and may be there.
        lost
            1 (True) for a customer who left, 0 for one who is still there.
        weights
            How many customers each row stands for.
        initial_params
            The logs of alpha and beta to begin from.
        start
            A fitted model to begin from.
        tol, verbose, index, period
            As in `BetaGeoFitter.fit`.

        Returns
        -------
        self

        Raises
        ------
        ModelError
            When the data cannot be used, or nobody left.
        """
        data = self._read(renewals, {"lost": lost}, weights, index, period)
        t, gone = data.columns["renewals"], data.columns["lost"]
        if not np.isin(gone, (0.0, 1.0)).all():
            raise ModelError("lost must be 1 (True) for a customer who left and 0 (False) for one who is still there.")
        if ((gone == 1) & (t < 1)).any():
            raise ModelError("A customer can leave at the first renewal (1) at the earliest, not at 0.")
        if (t != np.floor(t)).any():
            raise ModelError("renewals are counted in whole numbers.")
        rows = unique_rows(data.columns, data.weights)
        self.fit_rows(rows, initial_params=initial_params, start=start, tol=tol, verbose=verbose)
        self.data = data.to_pandas()
        return self

    def fit_survivors(self, survivors: Any, **options: Any) -> Self:
        """Fit the model to one cohort's numbers of customers: at the beginning, and after each renewal.

        Parameters
        ----------
        survivors
            Never rising, for example ``[1000, 631, 468]``.
        **options
            As in `fit`.
        """
        counts = np.asarray(survivors, dtype=float)
        if counts.ndim != 1 or counts.size < 2 or not np.isfinite(counts).all():  # noqa: PLR2004
            raise ModelError("survivors must be two numbers or more: at the beginning, and after each renewal.")
        left = -np.diff(counts)
        if (left < 0).any() or counts[-1] < 0:
            raise ModelError(f"survivors rise from {counts[np.argmin(left)]:g}: nobody comes back in one cohort.")
        renewals = np.arange(1, counts.size)
        t, lost = np.append(renewals, renewals[-1]), np.append(np.ones(left.size), 0)
        weights = np.append(left, counts[-1])
        seen = weights > 0
        return self.fit(t[seen], lost[seen], weights[seen], **options)

    def _limit_message(self) -> str:
        alpha, beta = self.parameters()
        message = (
            f"ShiftedBetaGeoFitter: {self.unsettled_[self._on_limit[0]]}, about {alpha / (alpha + beta):.3g}, as far "
            "as these customers tell. Survival and retention hold; alpha and beta mean nothing alone and have no "
            "standard error."
        )
        if self._retention_falls():
            message += (
                " Retention falls from renewal to renewal here. The model cannot follow that (its retention never "
                "falls), so its survival is too high beyond what was seen: look for what changed, or split the cohort."
            )
        return message

    def _retention_falls(self) -> bool:
        """Say whether those who renew become fewer from renewal to renewal, by more than chance."""
        table = self.rows_
        if table["renewals"].max() > _MOST_RENEWALS:
            return False
        renewals = np.arange(1, int(table["renewals"].max()) + 1)
        left = np.array([table.loc[(table["renewals"] == t) & (table["lost"] == 1), "weights"].sum() for t in renewals])
        there = np.array([table.loc[table["renewals"] >= t, "weights"].sum() for t in renewals])
        rate = left.sum() / there.sum()
        middle = (there * renewals).sum() / there.sum()
        slope = ((renewals - middle) * (left - there * rate)).sum()
        return bool(slope > _BY_CHANCE * np.sqrt((there * (renewals - middle) ** 2).sum() * rate * (1 - rate)))

    def _flat_message(self, rows: Rows) -> str:
        alpha, beta = self.parameters()
        longest = int(rows.columns["renewals"].column.max())
        return (
            f"ShiftedBetaGeoFitter: these customers do not tell alpha and beta apart: only the retention up to renewal "
            f"{longest} is known (at the first, {beta / (alpha + beta):.3g}). What comes later is where the search "
            "happened to stop. Watch for one more renewal."
        )

    def survival(self, t: Any) -> Any:
        """Return the share of customers still there after t renewals."""
        alpha, beta = self.parameters()
        renewals = _check_renewals(t)
        return like(np.exp(log_beta_rise(alpha, beta, np.zeros_like(renewals), renewals)), t)

    def retention_rate(self, t: Any) -> Any:
        """Return the share of the customers at renewal t who renew: (beta+t-1) / (alpha+beta+t-1)."""
        alpha, beta = self.parameters()
        before = beta + _check_renewals(t, least=1.0) - 1
        return like(before / (alpha + before), t)

    def expected_residual_lifetime(self, renewals: Any, discount_rate: float = 0.1) -> Any:
        """Return the discounted number of renewals to come from a customer who has just made some.

        Parameters
        ----------
        renewals
            How many renewals the customer has made, 0 for a new one. The next one, if it comes, is one period
            away and counts 1 / (1 + discount_rate).
        discount_rate
            Per period, above 0.

        Examples
        --------
        >>> model = ShiftedBetaGeoFitter().with_params({"alpha": 1.0, "beta": 1.0})
        >>> round(model.expected_residual_lifetime(0, 0.1), 4)  # sum of 1 / (t + 1) / 1.1**t
        1.6377
        """
        if discount_rate <= 0:
            raise ModelError("discount_rate must be above 0: without discount the sum may be endless.")
        alpha, beta = self.parameters()
        n = _check_renewals(renewals)
        return like(_discounted_renewals(alpha, beta + n, 1 / (1 + discount_rate)), renewals)


def _check_renewals(renewals: Any, least: float = 0.0) -> Floats:
    """Return numbers of renewals as an array, or say what they are not."""
    counts = np.asarray(renewals, dtype=float)
    if not (np.isfinite(counts) & (counts >= least)).all():
        raise ModelError(f"renewals are numbers of {least:g} or more, and each is known: {renewals!r} is not.")
    return counts


def _discounted_renewals(alpha: float, beta: Floats, factor: float) -> Floats:
    """Return the sum over k of factor^k times the share that stays for k more renewals.

    The chance to stay is beta distributed, so the sum is the mean of f/(1-f) with f = factor x chance: a series of
    falling terms, added up until nothing is left.
    """
    total, term = np.zeros_like(beta), np.ones_like(beta)
    for k in range(_LONGEST):
        term = term * factor * (beta + k) / (alpha + beta + k)
        total += term
        if not (term * factor > _NOTHING * total * (1 - factor)).any():
            break
    return total
