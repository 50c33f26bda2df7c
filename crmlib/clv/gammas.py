"""Differences of log-gammas that stay exact when their argument is huge.

Where customers hardly differ, the best r, b or beta is very large. log Γ(b+x) - log Γ(b) is then a small difference of
numbers of a million, and the search sees rounding instead of the likelihood. Stirling's series, subtracted term by
term, keeps all digits.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.special import digamma, gammaln, polygamma

if TYPE_CHECKING:
    from crmlib.arrays import Floats

__all__ = ["log_beta_rise", "log_rise", "slopes_of_log_beta_rise"]

LARGE = 20.0


def log_rise(start: float | Floats, steps: float | Floats) -> Floats:
    """Return log Γ(start + steps) - log Γ(start): the log of start (start+1) ... (start+steps-1).

    Parameters
    ----------
    start
        Above 0; one number, or an array.
    steps
        0 or more; likewise.

    Examples
    --------
    >>> import numpy as np
    >>> np.exp(log_rise(5.0, np.array([0, 1, 2]))).round(10).tolist()
    [1.0, 5.0, 30.0]
    >>> (log_rise(1e9, np.array([1.0])) - np.log(1e9)).tolist()
    [0.0]
    """
    start, steps = np.asarray(start, dtype=float), np.asarray(steps, dtype=float)
    if start.size and start.min() < LARGE:
        return np.asarray(gammaln(start + steps) - gammaln(start))
    end = start + steps
    return np.asarray(
        steps * np.log(start) + ((end - 0.5) * np.log1p(steps / start) - steps) + (_series(end) - _series(start))
    )


def _series(z: Floats) -> Floats:
    """Return what Stirling's formula lacks: 1/(12 z) - 1/(360 z^3) + 1/(1260 z^5) - 1/(1680 z^7)."""
    square = 1 / (z * z)
    return np.asarray((1 / 12 - square * (1 / 360 - square * (1 / 1260 - square / 1680))) / z)


def log_beta_rise(a: float | Floats, b: float | Floats, more_a: Floats, more_b: Floats) -> Floats:
    """Return log B(a + more_a, b + more_b) - log B(a, b), exact where a and b are huge.

    Examples
    --------
    >>> np.exp(log_beta_rise(4e9, 6e9, np.array([1.0]), np.array([0.0]))).round(12).tolist()  # a / (a + b)
    [0.4]
    """
    return np.asarray(log_rise(a, more_a) + log_rise(b, more_b) - log_rise(a + b, more_a + more_b))


def slopes_of_log_beta_rise(a: float, b: float, more_a: Floats, more_b: Floats) -> tuple[Floats, Floats]:
    """Return the gradient (2, ...) and the Hessian (2, 2, ...) of `log_beta_rise` by a and b.

    Examples
    --------
    >>> first, _ = slopes_of_log_beta_rise(1.0, 1.0, np.array([1.0]), np.array([0.0]))  # log a / (a + b)
    >>> first[:, 0].round(12).tolist()
    [0.5, -0.5]
    """
    both, both_1 = _psi_rise(a + b, more_a + more_b)
    of_a, of_a_1 = _psi_rise(a, more_a)
    of_b, of_b_1 = _psi_rise(b, more_b)
    return np.array([of_a - both, of_b - both]), np.array([[of_a_1 - both_1, -both_1], [-both_1, of_b_1 - both_1]])


def _psi_rise(start: float, steps: Floats) -> tuple[Floats, Floats]:
    """Return the rise of digamma and of trigamma from start to start + steps."""
    end = start + steps
    if start < LARGE:
        return digamma(end) - digamma(start), polygamma(1, end) - polygamma(1, start)
    # 1/start - 1/end and its powers' differences, without subtracting what is nearly equal
    first = steps / (start * end)
    second = first * (1 / start + 1 / end)
    fourth = second * (1 / start**2 + 1 / end**2)
    third = first * (1 / start**2 + 1 / (start * end) + 1 / end**2)
    fifth = first * sum(start ** -(4 - k) * end**-k for k in range(5))
    sixth = second * (1 / start**4 + 1 / (start * end) ** 2 + 1 / end**4)
    psi = np.log1p(steps / start) + first / 2 + second / 12 - fourth / 120 + sixth / 252
    return np.asarray(psi), np.asarray(-first - second / 2 - third / 6 + fifth / 30)
