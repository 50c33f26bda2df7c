"""The integral in Pareto/NBD: the customer died at some time after t.

Pareto/NBD needs, for x purchases and a time t,

    g(x, t) = s ∫ ((alpha+t)/(alpha+τ))^(r+x) ((beta+t)/(beta+τ))^s dτ/(beta+τ),   τ from t to infinity,

a number between 0 and 1: how likely it is, relative to being alive at t, that a customer dies after t having
bought nothing more since. The literature writes it with a Gaussian hypergeometric function, 2F1, which
overflows for frequent buyers and whose derivatives are not at hand. Here the integral is computed as it
stands, after two substitutions that make it harmless for every x:

1. τ = (m+t) exp(w) - m with m the smaller of alpha and beta. The integrand then falls like an exponential, at
a rate that
   only grows with w, and its nearest singularity is π away from the path of integration.
2. w = W exp(u - exp(-u)), the double exponential substitution for such integrands: the trapezoidal rule with
   a few dozen points is exact to 13 digits, as points gather at w = 0 and thin out where nothing is left.

The derivatives by the parameters are moments of the same integrand, at the same points.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from crmlib.arrays import Floats, Ints


__all__ = ["Moments", "half_line", "log_g", "moments"]

_DEPTH = 36.0
"""The integrand is followed down to exp(-36)."""
_LARGEST = 700.0
_BLOCK = 1 << 11
"""Pairs are computed in blocks whose points stay in the processor's cache."""
_GRADES = ((0.3, 0.22), (0.03, 0.11), (0.0, 0.055))
"""The smaller (alpha+t)/(beta+t) or its inverse, the sharper the integrand bends: ratio at least, step of the rule."""


@dataclass(frozen=True)
class _Rule:
    """Points, in units of the length over which the integrand falls by a factor of e, and weights: as columns."""

    points: Floats
    weights: Floats

    @classmethod
    def of_step(cls, step: float) -> _Rule:
        u = np.arange(-3.2, 3.6, step)[:, None]
        points = np.exp(u - np.exp(-u))
        return cls(points, step * (1 + np.exp(-u)) * points)


_RULES = tuple(_Rule.of_step(step) for _, step in _GRADES)


@dataclass(frozen=True)
class Moments:
    """Log of the unscaled integral and means over its integrand, for each pair (x, t).

    Attributes
    ----------
    log
        log g(x, t).
    first
        (4, pairs): gradient of log alpha^r beta^s s ∫ (alpha+τ)^-(r+x) (beta+τ)^-(s+1) dτ by the parameters' logs.
    second
        (4, 4, pairs): Hessian of the integral over the integral itself.
    """

    log: Floats
    first: Floats
    second: Floats


def _blocks(t: Floats, parameters: Floats) -> Iterator[tuple[Ints, _Rule]]:
    """Share the pairs out among the rules, in blocks."""
    ends = np.minimum(parameters[1], parameters[3]) + t, np.maximum(parameters[1], parameters[3]) + t
    grade = np.searchsorted([-least for least, _ in _GRADES], -ends[0] / ends[1])
    for number, rule in enumerate(_RULES):
        places = np.flatnonzero(grade == number)
        for begin in range(0, places.size, _BLOCK):
            yield places[begin : begin + _BLOCK], rule


def _path(x: Floats, t: Floats, parameters: Floats, rule: _Rule) -> tuple[Floats, Floats, Floats, Floats]:
    """Return along each path log((alpha+τ)/(alpha+t)), log((beta+τ)/(beta+t)), its length, the integrand by weights.

    The integrand is that of g: s ((alpha+t)/(alpha+τ))^(r+x) ((beta+t)/(beta+τ))^s (dτ/dw) / (beta+τ).
    """
    r, alpha, s, beta = parameters
    x = x[None, :]
    near, far = (alpha + t, beta + t) if alpha < beta else (beta + t, alpha + t)
    ratio = near / far
    first_rate = r + x[0] - 1 + (s + 1) * ratio if alpha < beta else s + (r + x[0]) * ratio
    last_rate = r + s + x[0]
    # the rate grows from the first to the last, which it reaches about where exp(w) is far / near
    late = _DEPTH / last_rate - np.log(ratio) + 1
    length = np.where(first_rate * late > _DEPTH, _DEPTH / np.maximum(first_rate, _DEPTH / late), late) / _DEPTH
    w = rule.points * length
    if w[-1].max() < _LARGEST:
        grown = np.expm1(w) * ratio  # (τ - t) / far
        near_log, far_log = w, np.log1p(grown)
    else:  # beyond all numbers far + τ is τ
        near_log = w
        far_log = np.log1p(np.expm1(np.minimum(w, _LARGEST)) * ratio) + np.maximum(w - _LARGEST, 0)
    if alpha < beta:
        log_alpha, log_beta = near_log, far_log
        log_f = -(r + x - 1) * log_alpha - (s + 1) * log_beta + np.log(ratio)
    else:
        log_alpha, log_beta = far_log, near_log
        log_f = -(r + x) * log_alpha - s * log_beta
    return log_alpha, log_beta, length, rule.weights * np.exp(log_f)


def log_g(x: Floats, t: Floats, parameters: Floats) -> Floats:
    """Return log g(x, t), elementwise.

    Parameters
    ----------
    x, t
        Purchases, and the time from which on the customer may have died; one-dimensional, of one length.
    parameters
        r, alpha, s, beta.

    Examples
    --------
    >>> import numpy as np
    >>> one = np.ones(1)
    >>> np.exp(log_g(0 * one, 5 * one, np.array([1.0, 3.0, 1.0, 3.0]))).round(12).tolist()  # s / (r + s + x)
    [0.5]
    >>> np.exp(log_g(99_998 * one, 5 * one, np.array([1.0, 3.0, 1.0, 3.0]))).round(12).tolist()
    [1e-05]
    """
    result = np.empty(x.size)
    for block, rule in _blocks(t, parameters):
        _, _, length, density = _path(x[block], t[block], parameters, rule)
        result[block] = np.log(parameters[2] * length * density.sum(axis=0))
    return result


def moments(x: Floats, t: Floats, parameters: Floats) -> Moments:
    """Return log g(x, t) and the integral's first and second derivatives by the parameters' logs.

    Parameters
    ----------
    x, t, parameters
        As in `log_g`.
    """
    r, alpha, s, beta = parameters
    log = np.empty(x.size)
    first, second = np.empty((4, x.size)), np.empty((4, 4, x.size))
    for block, rule in _blocks(t, parameters):
        n, time = x[block], t[block]
        log_alpha, log_beta, length, density = _path(n, time, parameters, rule)
        mass = density.sum(axis=0)
        log[block] = np.log(s * length * mass)
        density /= mass
        by_alpha, by_beta = np.exp(-log_alpha), np.exp(-log_beta)  # (alpha+t)/(alpha+τ), (beta+t)/(beta+τ)
        # the integrand's logarithmic derivatives by log r, log alpha, log s, log beta
        slopes = (
            -r * (log_alpha + np.log1p(time / alpha)),
            r - by_alpha * ((r + n) * alpha / (alpha + time)),
            1 - s * (log_beta + np.log1p(time / beta)),
            s - by_beta * ((s + 1) * beta / (beta + time)),
        )
        mean, square = np.empty((4, block.size)), np.empty((4, 4, block.size))
        for i, slope in enumerate(slopes):
            weighted = density * slope
            mean[i] = weighted.sum(axis=0)
            for j in range(i, 4):
                square[i, j] = square[j, i] = np.einsum("nb,nb->b", weighted, slopes[j])
        # the slopes' own derivatives; alpha/(alpha+τ) is (r - slope) / (r+x), and beta/(beta+τ) likewise
        square[0, 1] += r * (n + mean[1]) / (r + n)
        square[1, 0] = square[0, 1]
        square[2, 3] += s * (1 + mean[3]) / (s + 1)
        square[3, 2] = square[2, 3]
        square[0, 0] += mean[0]
        square[2, 2] += mean[2] - 1
        alpha_2 = np.einsum("nb,nb,nb->b", density, by_alpha, by_alpha) * (alpha / (alpha + time)) ** 2
        beta_2 = np.einsum("nb,nb,nb->b", density, by_beta, by_beta) * (beta / (beta + time)) ** 2
        square[1, 1] += mean[1] - r + (r + n) * alpha_2
        square[3, 3] += mean[3] - s + (s + 1) * beta_2
        first[:, block], second[:, :, block] = mean, square
    return Moments(log, first, second)


def half_line(function: Callable[[Floats], Floats]) -> Floats:
    """Return ∫ exp(-ζ) f(ζ) dζ from 0 to infinity, for a smooth f that may vary quickly near 0.

    Examples
    --------
    >>> import numpy as np
    >>> round(float(half_line(lambda zeta: 1 / (1 + 100 * zeta))), 9)  # exp(.01) E1(.01) / 100
    0.040785114
    """
    rule = _RULES[-1]
    total: Any = 0.0
    for point, weight in zip(rule.points[:, 0], rule.weights[:, 0], strict=True):
        total = total + weight * np.exp(-point) * function(point)
    return np.asarray(total)
