"""How sure a key figure is: the intervals that fit counts, shares, sums and ratios.

All of them take the customers (or mails) of a period as drawn from those who might as well have come.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from crmlib.intervals import wilson

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Interval", "change", "count", "mean", "ratio", "share", "total"]

Interval = tuple[float, float]
_NONE = (math.nan, math.nan)


def _z(level: float) -> float:
    from scipy.stats import norm

    return float(norm.ppf((1 + level) / 2))


def count(number: float, *, level: float) -> Interval:
    """Return Garwood's exact interval of a Poisson count.

    Parameters
    ----------
    number
        How many came.
    level
        0.95 for a 95 % interval.

    Notes
    -----
    F. Garwood, "Fiducial Limits for the Poisson Distribution", Biometrika 28 (1936). His table gives 4.80 to 18.39
    for 10.

    Examples
    --------
    >>> [round(bound, 2) for bound in count(10, level=0.95)]
    [4.8, 18.39]
    """
    from scipy.stats import chi2

    low = float(chi2.ppf((1 - level) / 2, 2 * number)) / 2 if number else 0.0
    return low, float(chi2.ppf((1 + level) / 2, 2 * number + 2)) / 2


def share(part: float, whole: float, *, level: float) -> Interval:
    """Return Wilson's interval of a share, missing where there is nothing to divide by.

    Parameters
    ----------
    part, whole
        How many of how many.
    level
        As for `count`.

    Examples
    --------
    >>> [round(bound, 4) for bound in share(81, 263, level=0.95)]
    [0.2553, 0.3662]
    """
    return wilson(int(part), int(whole), level) if whole else _NONE


def mean(total: float, squares: float, number: float, *, level: float) -> Interval:
    """Return the normal interval of a mean, from sums alone.

    Parameters
    ----------
    total, squares, number
        The sum of the values, the sum of their squares, how many there are.
    level
        As for `count`.

    Examples
    --------
    >>> [round(bound, 2) for bound in mean(6, 14, 3, level=0.95)]
    [0.87, 3.13]
    """
    if number < 2:  # noqa: PLR2004 - a variance needs two
        return _NONE
    variance = max(0.0, squares - total * total / number) / (number - 1)
    half = _z(level) * math.sqrt(variance / number)
    return total / number - half, total / number + half


def total(amount: float, squares: float, *, level: float) -> Interval:
    """Return the normal interval of a sum over as many customers as happened to come (a compound Poisson sum).

    Parameters
    ----------
    amount, squares
        The sum of the customers' amounts and of their squares, which estimates the sum's variance.
    level
        As for `count`.

    Examples
    --------
    >>> [round(bound, 2) for bound in total(70.0, 2500.0, level=0.95)]
    [-28.0, 168.0]
    """
    half = _z(level) * math.sqrt(squares)
    return amount - half, amount + half


def ratio(sums: Mapping[str, float], *, level: float) -> Interval:
    """Return the interval of a ratio of sums over customers, such as revenue by orders.

    Parameters
    ----------
    sums
        customers; total and orders, the two sums; total_squares, order_squares and products, of the customers' own.
    level
        As for `count`.

    Notes
    -----
    The variance of the residuals total - ratio x orders, customer by customer (W. G. Cochran, Sampling Techniques,
    3rd ed., 1977, section 6.3): orders of one customer are alike, and taken as independent they seem surer than they
    are.

    Examples
    --------
    >>> sums = {"customers": 2, "orders": 3, "total": 60.0,
    ...         "total_squares": 2000.0, "order_squares": 5, "products": 100}
    >>> ratio(sums, level=0.95)
    (20.0, 20.0)
    """
    customers, orders = sums["customers"], sums["orders"]
    if customers < 2:  # noqa: PLR2004 - a variance needs two
        return _NONE
    value = sums["total"] / orders
    residuals = sums["total_squares"] - 2 * value * sums["products"] + value * value * sums["order_squares"]
    half = _z(level) * math.sqrt(max(0.0, residuals) * customers / (customers - 1)) / orders
    return value - half, value + half


def change(now: tuple[float, Interval], before: tuple[float, Interval]) -> Interval:
    """Return the interval of the change of a figure, from the two figures' own intervals.

    Parameters
    ----------
    now, before
        Value and interval.

    Notes
    -----
    Square and add: G. Y. Zou and A. Donner, "Construction of confidence limits about effect measures: a general
    approach", Statistics in Medicine 27 (2008). From two Wilson intervals it is Newcombe's for the difference of two
    shares: "Interval estimation for the difference between independent proportions", Statistics in Medicine 17 (1998),
    whose 56 of 70 against 48 of 80 give 0.0524 to 0.3339. It takes the periods as independent; who buys in one
    tends to buy in the next, so it is rather too wide than too narrow.

    Examples
    --------
    >>> parts = [(56, 70), (48, 80)]
    >>> bounds = change(*((part / whole, share(part, whole, level=0.95)) for part, whole in parts))
    >>> [round(bound, 4) for bound in bounds]
    [0.0524, 0.3339]
    """
    (value, (low, high)), (earlier, (earlier_low, earlier_high)) = now, before
    gap = value - earlier
    return gap - math.hypot(value - low, earlier_high - earlier), gap + math.hypot(high - value, earlier - earlier_low)
