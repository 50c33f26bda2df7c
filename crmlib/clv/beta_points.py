"""Gauss's points for a beta distribution, for means over customers who hardly differ.

Where a and b are large, the hypergeometric functions of BG/NBD are products of numbers that overflow and underflow.
The dropout probability is then narrowly spread, and a dozen points carry its mean to all digits.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from crmlib.arrays import Floats

__all__ = ["beta_points"]

POINTS = 12


def beta_points(a: float, b: Floats) -> tuple[Floats, Floats]:
    """Return points and weights, a row for each b, with which means under Beta(a, b) are sums.

    The points are the eigenvalues of the matrix of the Jacobi polynomials' recurrence (Golub and Welsch, 1969).

    Examples
    --------
    >>> import numpy as np
    >>> points, weights = beta_points(200.0, np.array([300.0]))
    >>> round(float((points * weights).sum()), 12), round(float(weights.sum()), 12)  # a / (a + b), 1
    (0.4, 1.0)
    """
    b = np.atleast_1d(np.asarray(b, dtype=float))[:, None]
    n = np.arange(POINTS, dtype=float)
    both = 2 * n + a + b - 2
    diagonal = (1 + (a - b) * (a + b - 2) / (both * (both + 2))) / 2
    k, sums = n[1:], both[:, 1:]
    beside = np.sqrt(k * (k + b - 1) * (k + a - 1) * (k + a + b - 2) / (sums**2 * (sums + 1) * (sums - 1)))
    matrix = np.zeros((b.size, POINTS, POINTS))
    place = np.arange(POINTS)
    matrix[:, place, place] = diagonal
    matrix[:, place[1:], place[:-1]] = matrix[:, place[:-1], place[1:]] = beside
    points, vectors = np.linalg.eigh(matrix)
    return points, vectors[:, 0, :] ** 2
