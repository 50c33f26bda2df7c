"""Means over customers' dropout probabilities that hold at every parameter a fit can end on.

The hypergeometric functions of BG/NBD lose their digits, or end in NaN, where a parameter is huge or tiny. Here the
mean of a falling function g over Beta(a, c) is integrated by parts,

    E g(p) = g(1) + ∫ -g'(p) F(p) dp,       F the distribution function of Beta(a, c),

so that every term is positive and nothing cancels; with p = 1 / (1 + exp(-w)) the trapezoidal rule is exact to some
ten digits. It costs a hundred times a hypergeometric function, so it is asked only where that one cannot be trusted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.special import betainc, expit

if TYPE_CHECKING:
    from collections.abc import Callable

    from crmlib.arrays import Floats

__all__ = ["discounted_rate", "mean_purchases", "trusted"]

_DEPTH = 28.0
"""What lies farther out than exp(-28) of the integrand's height is left off."""
_STEP = 0.125
_LOG_STEP = 0.4
_LAST = 4.0
"""exp(-exp(4)) is nothing."""
_LARGE = 1000.0
_VANISHING = 1e-3
_BLOCK = 256


def trusted(parameters: Floats) -> bool:
    """Say whether hypergeometric functions of these parameters (r, alpha, a, b) keep their digits.

    Compared with the integral at random parameters they do, to 1e-8, while r and b stay below a thousand; a + b - 1
    must not vanish, nor both a and b.
    """
    r, _, a, b = parameters
    return bool(r <= _LARGE and b <= _LARGE and abs(a + b - 1) > _VANISHING and a + b > _VANISHING)


def mean_purchases(u: Floats, n: Floats, a: float, c: Floats) -> Floats:
    """Return the mean of (1 - (1 + u p)^-n) / p over p from Beta(a, c), elementwise.

    Examples
    --------
    >>> u, n, c = np.array([1.0]), np.array([1.0]), np.array([1.0])
    >>> mean_purchases(u, n, 1.0, c).round(10).tolist()  # ∫ 1 / (1 + p) dp
    [0.6931471806]
    """

    def slope(p: Floats, u: Floats, n: Floats) -> Floats:
        """Return -p g'(p): (1 - (1+y)^-n (1 + n y/(1+y))) / p with y = u p, without cancellation."""
        y = u * p
        z = y / (1 + y)
        q = n * z
        return np.asarray(-np.expm1(-(n * _log_less(-z, y) + _log_less(q, None))) / p)

    return _mean(-np.expm1(-n * np.log1p(u)), slope, u, n, a, c)


def _log_less(x: Floats, over: Floats | None) -> Floats:
    """Return x - log(1 + x), exactly where x is small too; log(1 + x) is -log(1 + over) where that is given."""
    s = x / (2 + x)
    square = s * s
    series = s * x - 2 * s * square * (
        1 / 3 + square * (1 / 5 + square * (1 / 7 + square * (1 / 9 + square * (1 / 11 + square / 13))))
    )
    whole = x - np.log1p(x) if over is None else x + np.log1p(over)
    return np.where(np.abs(x) < 0.3, series, whole)  # noqa: PLR2004 - six terms then carry all digits


def discounted_rate(k: Floats, n: Floats, a: float, c: Floats) -> Floats:
    """Return the mean of ∫ exp(-ζ) (1 + k p ζ)^-(n+1) dζ over p from Beta(a, c), elementwise.

    Examples
    --------
    >>> one = np.ones(1)
    >>> discounted_rate(1e-9 * one, one, 1.0, one).round(6).tolist()
    [1.0]
    """

    def slope(p: Floats, k: Floats, power: Floats) -> Floats:
        y = k * p
        return np.asarray(power * y * _laplace(2, y, power + 1))

    return _mean(_laplace(1, k, n + 1), slope, k, n + 1, a, c)


def _laplace(order: int, y: Floats, power: Floats) -> Floats:
    """Return ∫ ζ^(order-1) exp(-ζ) (1 + y ζ)^-power dζ, by the trapezoidal rule over log ζ."""
    steep = float(np.log1p((y * power).max()))
    total = np.zeros(np.broadcast_shapes(y.shape, power.shape))
    for log in np.arange(-steep - _DEPTH / order, _LAST, _LOG_STEP):
        zeta = float(np.exp(log))
        total += zeta**order * np.exp(-zeta - power * np.log1p(y * zeta))
    return np.asarray(_LOG_STEP * total)


def _mean(  # noqa: PLR0917 - a mean, of what, and over what
    last: Floats, slope: Callable[[Floats, Floats, Floats], Floats], scale: Floats, n: Floats, a: float, c: Floats
) -> Floats:
    """Return the last value plus the integral of slope (1-p) F(p) dw, whose slope bends about p = 1 / (scale n)."""
    if not scale.size:
        return last
    w = np.arange(-np.log1p(float((scale * np.maximum(n, 1)).max())) - _DEPTH, _DEPTH, _STEP)
    p, rest = expit(w), expit(-w)
    counts, place = np.unique(c, return_inverse=True)
    weights = _STEP * rest * betainc(a, counts[:, None], p)
    result = np.empty(scale.shape)
    for begin in range(0, scale.size, _BLOCK):
        block = slice(begin, begin + _BLOCK)
        heights = slope(p, scale[block, None], n[block, None])
        result[block] = last[block] + (heights * weights[place[block]]).sum(axis=1)
    return result
