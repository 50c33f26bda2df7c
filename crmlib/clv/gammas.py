"""Differences of log-gammas that stay exact when their argument is huge.

Where customers hardly differ, the best r, b or beta is very large. log Γ(b+x) - log Γ(b) is then a small difference of
numbers of a million, and the search sees rounding instead of the likelihood. Stirling's series, subtracted term by
term, keeps all digits.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.special import gammaln

if TYPE_CHECKING:
    from crmlib.clv.unique_rows import FloatArray

__all__ = ["log_rise"]

LARGE = 20.0


def log_rise(start: float | FloatArray, steps: float | FloatArray) -> FloatArray:
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


def _series(z: FloatArray) -> FloatArray:
    """Return what Stirling's formula lacks: 1/(12 z) - 1/(360 z^3) + 1/(1260 z^5) - 1/(1680 z^7)."""
    square = 1 / (z * z)
    return np.asarray((1 / 12 - square * (1 / 360 - square * (1 / 1260 - square / 1680))) / z)
