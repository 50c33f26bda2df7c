"""What BG/NBD and MBG/NBD expect of a customer who is alive."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.special import hyp2f1

from crmlib.clv.beta_points import beta_points
from crmlib.clv.dropout_means import mean_purchases, trusted
from crmlib.clv.unique_rows import pairs

if TYPE_CHECKING:
    from crmlib.arrays import Floats

__all__ = ["purchases_if_alive"]

CANCELLED = 1e-8
"""A difference so small has lost half its digits."""
HARDLY_DIFFERENT = 50.0
"""Beyond this a, customers' dropout probabilities are so alike that a dozen points carry their mean."""
NEAR_ONE = 1e-5
_BESIDE = (2 * NEAR_ONE, -2 * NEAR_ONE)


def purchases_if_alive(t: Any, x: Any, T: Any, parameters: Floats) -> Floats:
    """Return the purchases expected within t periods from a customer who is alive at T, for BG/NBD.

    Equation (10) of Fader, Hardie and Lee (2005) without its denominator, which is the probability to be
    alive. Its hypergeometric function grows beyond all numbers for frequent buyers; two Pfaff transformations
    bring it to (1-z)^(a-1) 2F1(a+b-1-r, a-1; a+b+x-1; z) with z = t / (alpha+T+t), which stays between 0 and
    1 and converges the faster the larger x is. At a = 1 the formula is 0/0; the mean of its two neighbours
    stands in. Where it cannot be trusted (`crmlib.clv.dropout_means.trusted`), or has cancelled, the integral that it
    solves is computed. MBG/NBD is the same with b + 1 for b.

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
    if not trusted(parameters):
        return _by_integral(t / (alpha + T), x, parameters)
    z = t / (alpha + T + t)
    gone = 1 - np.exp((a - 1) * np.log1p(-z)) * hyp2f1(a + b - 1 - r, a - 1, a + b + x - 1, z)
    purchases = np.asarray((a + b + x - 1) / (a - 1) * gone)
    lost = ~(np.abs(gone) > CANCELLED)  # also where it is no number
    if lost.any():
        u, x, lost = np.broadcast_arrays(t / (alpha + T), x, lost)
        purchases = np.broadcast_to(purchases, u.shape).copy()
        purchases[lost] = _by_integral(u[lost], x[lost], parameters)
    return purchases


def _by_integral(u: Floats, x: Floats, parameters: Floats) -> Floats:
    """Return the same mean as `_if_hardly_different`, at any a and b, for each distinct pair once."""
    r, _, a, b = parameters
    u, x = np.broadcast_arrays(u, x)
    distinct = pairs(x.ravel(), u.ravel())
    means = mean_purchases(distinct.second, r + distinct.first, a, b + distinct.first)
    return distinct.spread(means).reshape(u.shape)


def _if_hardly_different(u: Floats, x: Floats, parameters: Floats) -> Floats:
    """Return the mean of (1 - (1 + u p)^-(r+x)) / p over the dropout probability p, beta distributed (a, b+x)."""
    r, _, a, b = parameters
    u, x = np.broadcast_arrays(u, x)
    counts, where = np.unique(x.ravel(), return_inverse=True)
    points, weights = (table[where] for table in beta_points(a, b + counts))
    terms = -np.expm1(-(r + x.reshape(-1, 1)) * np.log1p(u.reshape(-1, 1) * points)) / points
    return np.asarray((weights * terms).sum(axis=1).reshape(x.shape))
