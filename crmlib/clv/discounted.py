"""What the purchases to come are worth today: over a number of months, or for ever.

A month is 30.4375 days, a twelfth of 365.25. Purchases of a month are discounted as if made at its end, as
lifetimes and the literature do. Discounted expected residual transactions (DERT) count all purchases to come,
each discounted continuously to the moment it is made.

Source: Fader, Hardie and Lee (2005), "RFM and CLV: using iso-value curves for customer base analysis",
Journal of Marketing Research 42, 415-430; for BG/NBD the same integral over that model's rate of purchases.
"""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.special import hyp2f1

from crmlib.arguments import read_number
from crmlib.clv.beta_points import beta_points
from crmlib.clv.death import half_line
from crmlib.clv.dropout_means import discounted_rate, trusted
from crmlib.clv.fitting import like
from crmlib.clv.inputs import SEASON
from crmlib.clv.unique_rows import pairs
from crmlib.errors import ModelError, ModelWarning

if TYPE_CHECKING:
    from crmlib.arrays import Floats
    from crmlib.clv.fitting import Fitting

__all__ = [
    "DAYS_PER_MONTH",
    "PERIODS",
    "cltv",
    "dert",
    "discounted_purchases",
    "monthly",
    "rest_geometric",
    "rest_pareto",
]

DAYS_PER_MONTH = 30.4375
"""Days in a month."""
_WHOLE = 1e-9  # of an opportunity: 12 months hold 12 of them, one a month
HARDLY_DIFFERENT = 50.0
"""Beyond this a, means over the dropout probability are sums over a dozen points."""
PERIODS = {"H": 1 / 24, "D": 1.0, "W": 7.0, "M": DAYS_PER_MONTH}
"""Days in a period of each name."""


def _month(model: Fitting, period: str | None) -> float:
    """Return the length of a month in the model's periods."""
    known = model.period_
    if known is not None and period is not None and known != period:
        warnings.warn(
            f"The {type(model).__name__} was fitted to recency and T in periods of {known!r}, the question "
            f"says {period!r}. The fit is believed: a month is {DAYS_PER_MONTH / PERIODS[known]:.4g} of its periods. "
            "If the histories "
            f"asked about are in {period!r}, summarise them with period={known!r} first.",
            ModelWarning,
            stacklevel=4,
        )
    name = known or period
    if name is None:
        raise ModelError(
            'How long is a period? Say period="D" or "W" here, or when fitting: a month is 30.4375 days or 4.348 weeks.'
        )
    if name == SEASON:
        raise ModelError(
            f"The {type(model).__name__} was fitted on a season's clock, where months differ: which are ahead? Ask "
            "crmlib.clv.value(..., season=, as_of=)."
        )
    if name not in PERIODS:
        raise ModelError(f"The period {name!r} is not known: there are {', '.join(PERIODS)}.")
    return DAYS_PER_MONTH / PERIODS[name]


def _require_continuous(model: Any) -> None:
    """Refuse a model whose periods are no length of time, and name its own way."""
    model.require_fit()
    if not hasattr(model, "sum_of_purchases"):
        own = [name for name in ("discounted_purchases", "expected_residual_lifetime") if hasattr(model, name)]
        hint = f" Its own way is {type(model).__name__}.{own[0]}(..., discount_rate=...)." if own else ""
        if "discounted_purchases" in own:
            hint += " Or say months_apart: how many months lie between two opportunities, such as 12 for yearly ones."
        raise ModelError(f"A {type(model).__name__} counts opportunities or renewals, not months.{hint}")


def _apart(model: Any, months_apart: float) -> float:
    """Return the months between two opportunities, or refuse the question."""
    model.require_fit()
    if "n_periods" not in getattr(model, "_columns", ()):
        raise ModelError(f"months_apart is for opportunities; a {type(model).__name__} has a period: leave it out.")
    if not 0 < read_number(months_apart, "months_apart", error=ModelError) < np.inf:
        raise ModelError(f"months_apart={months_apart!r}: how many months lie between two opportunities, above 0.")
    return float(months_apart)


def _check_rate(discount_rate: float) -> None:
    if not -1 < read_number(discount_rate, "discount_rate", error=ModelError) < np.inf:
        raise ModelError(f"discount_rate is {discount_rate}: it is a share per month, such as 0.01 for 1 %.")


def monthly(months: int, discount_rate: float) -> list[float]:
    """Return the weight of the purchases expected up to the end of each month.

    The purchases of month i are those up to its end less those up to its beginning, times its discount.
    """
    discounts = (1 + discount_rate) ** -np.arange(1.0, months + 2)
    discounts[-1] = 0.0
    return list(discounts[:-1] - discounts[1:])


def discounted_purchases(
    model: Any,
    frequency: Any,
    recency: Any,
    T: Any,
    *,
    months: int = 12,
    discount_rate: float = 0.01,
    period: str | None = None,
    months_apart: float | None = None,
) -> Any:
    """Return the purchases expected in the months ahead, each month's discounted from its end.

    Parameters
    ----------
    model
        A fitted `BetaGeoFitter`, `ModifiedBetaGeoFitter` or `ParetoNBDFitter`.
    frequency, recency, T
        The customers' histories, in periods of the fit.
    months
        How many whole months ahead.
    discount_rate
        Per month.
    period
        "D" or "W", where the model was not told when it was fitted.
    months_apart
        For a `BetaGeoBetaBinomFitter` (whose T is the number of opportunities): how many months lie between two
        opportunities. Each is discounted from its own day, the next one lying so many months ahead.

    Returns
    -------
    A Series where one was given, an array, or a number.

    Raises
    ------
    ModelError
        When the period is not known, or an argument has no meaning.

    Warns
    -----
    ModelWarning
        When `period` is not that of the fit.

    Examples
    --------
    >>> from crmlib.clv import BetaGeoFitter
    >>> model = BetaGeoFitter().with_params({"r": 0.2426, "alpha": 4.4135, "a": 0.7929, "b": 2.4258})
    >>> round(discounted_purchases(model, 2, 30.43, 38.86, months=12, period="W"), 3)
    1.472
    """
    if read_number(months, "months", error=ModelError) != np.floor(float(months)) or not 1 <= months < np.inf:
        raise ModelError(f"months must be a whole number of at least 1, not {months}.")
    _check_rate(discount_rate)
    if months_apart is not None:
        periods = int(np.floor(months / _apart(model, months_apart) + _WHOLE))
        rate = (1 + discount_rate) ** months_apart - 1
        return model.discounted_purchases(frequency, recency, T, discount_rate=rate, periods=periods)
    _require_continuous(model)
    month = _month(model, period)
    times = [month * number for number in range(1, int(months) + 1)]
    expected = model.sum_of_purchases(times, monthly(int(months), discount_rate), frequency, recency, T)
    return like(expected, frequency, recency, T)


def cltv(  # noqa: PLR0917 - a customer's history, in its usual order
    model: Any,
    spend: Any,
    frequency: Any,
    recency: Any,
    T: Any,
    monetary_value: Any,
    *,
    months: int = 12,
    discount_rate: float = 0.01,
    period: str | None = None,
) -> Any:
    """Return what each customer's purchases of the months ahead are worth today.

    Parameters
    ----------
    model, frequency, recency, T, months, discount_rate, period
        As in `discounted_purchases`.
    spend
        A fitted `GammaGammaFitter`.
    monetary_value
        Mean spend per repeat purchase; 0 for customers without any, who are expected to spend the mean of
        all.

    Returns
    -------
    In the unit of `monetary_value`: a Series where one was given, an array, or a number.

    Examples
    --------
    >>> from crmlib.clv import BetaGeoFitter, GammaGammaFitter
    >>> model = BetaGeoFitter().with_params({"r": 0.2426, "alpha": 4.4135, "a": 0.7929, "b": 2.4258})
    >>> spend = GammaGammaFitter().with_params({"p": 6.2488, "q": 3.7446, "v": 15.4477})
    >>> round(cltv(model, spend, 2, 30.43, 38.86, 22.35, months=12, period="W"), 2)
    36.3
    """
    options: dict[str, Any] = {"months": months, "discount_rate": discount_rate, "period": period}
    purchases = discounted_purchases(model, frequency, recency, T, **options)
    expected = spend.conditional_expected_average_profit(np.asarray(frequency), np.asarray(monetary_value))
    return purchases * expected


def dert(
    model: Any,
    frequency: Any,
    recency: Any,
    T: Any,
    *,
    discount_rate: float = 0.01,
    period: str | None = None,
    months_apart: float | None = None,
) -> Any:
    """Return the discounted expected residual transactions: all purchases to come, discounted to today.

    Parameters
    ----------
    model, frequency, recency, T, period, months_apart
        As in `discounted_purchases`.
    discount_rate
        Per month and above 0; continuous discounting at log(1 + discount_rate) a month.

    Returns
    -------
    A Series where one was given, an array, or a number.

    Examples
    --------
    >>> from crmlib.clv import ParetoNBDFitter
    >>> model = ParetoNBDFitter().with_params({"r": 0.5533, "alpha": 10.5778, "s": 0.6062, "beta": 11.6669})
    >>> monthly = 1.15 ** (1 / 12) - 1  # 15 % a year
    >>> round(dert(model, 2, 30.43, 38.86, discount_rate=monthly, period="W"), 3)
    6.514
    """
    if not read_number(discount_rate, "discount_rate", error=ModelError) > 0:
        raise ModelError(f"discount_rate is {discount_rate}: without discount all purchases to come may be endless.")
    if months_apart is not None:
        rate = (1 + discount_rate) ** _apart(model, months_apart) - 1
        return model.discounted_purchases(frequency, recency, T, discount_rate=rate)
    _require_continuous(model)
    force = float(np.log1p(discount_rate)) / _month(model, period)
    alive = model.alive_at(frequency, recency, T)
    x, ages = np.broadcast_arrays(np.asarray(frequency, dtype=float), np.asarray(T, dtype=float))
    distinct = pairs(x.ravel(), ages.ravel())
    rest = distinct.spread(model.rest_if_alive(force, distinct.first, distinct.second)).reshape(x.shape)
    return like(alive * rest, frequency, recency, T)


def rest_pareto(force: float, x: Floats, T: Floats, parameters: Floats) -> Floats:
    """Return the DERT of customers alive at T under Pareto/NBD.

    The rate of purchases falls like ((beta+T)/(beta+T+t))^s; with z = δ (beta+T) the discounted sum is the
    confluent hypergeometric function of the literature, as ∫ exp(-ζ) (1 + ζ/z)^-s dζ / z.
    """
    r, alpha, s, beta = parameters
    ages, where = np.unique(T, return_inverse=True)
    z = force * (beta + ages)
    sums = half_line(lambda zeta: np.exp(-s * np.log1p(zeta / z)))
    return np.asarray((r + x) / (alpha + T) * (sums / force)[where])


def rest_geometric(force: float, x: Floats, T: Floats, parameters: Floats) -> Floats:
    """Return the DERT of customers alive at T under BG/NBD (under MBG/NBD with b + 1 for b).

    A customer's rate at time t ahead is (r+x)/(alpha+T) (1+u)^-a 2F1(a, a+b-r-1; a+b+x; u/(1+u)), with u =
    t/(alpha+T).
    """
    r, alpha, a, b = parameters
    if a > HARDLY_DIFFERENT:
        counts, where = np.unique(x, return_inverse=True)
        points, weights = (table[where] for table in beta_points(a, b + counts))
        scale = points / (force * (alpha + T))[:, None]
        power = -(r + x + 1)[:, None]
        sums = half_line(lambda zeta: (weights * np.exp(power * np.log1p(zeta * scale))).sum(axis=1))
        return np.asarray((r + x) / (alpha + T) * sums / force)

    if not trusted(parameters):
        return np.asarray((r + x) / (alpha + T) * discounted_rate(1 / (force * (alpha + T)), r + x, a, b + x) / force)

    def rate(zeta: Floats) -> Floats:
        u = zeta / (force * (alpha + T))
        return np.asarray(np.exp(-a * np.log1p(u)) * hyp2f1(a, a + b - r - 1, a + b + x, u / (1 + u)))

    sums = half_line(rate)
    lost = ~np.isfinite(sums)
    if lost.any():
        sums[lost] = discounted_rate(1 / (force * (alpha + T[lost])), r + x[lost], a, b + x[lost])
    return np.asarray((r + x) / (alpha + T) * sums / force)
