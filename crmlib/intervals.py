"""Intervals of estimates that more than one analysis needs."""

from __future__ import annotations

import math

__all__ = ["wilson"]


def wilson(hits: int, n: int, confidence: float = 0.95) -> tuple[float, float]:
    """Return Wilson's interval of a share, low and high; shares of 1.

    Parameters
    ----------
    hits, n
        So many of so many.
    confidence
        Of the interval.

    Raises
    ------
    ValueError
        More hits than cases, or no case.

    Notes
    -----
    R. G. Newcombe, "Two-sided confidence intervals for the single proportion", Statistics in Medicine 17 (1998),
    works through 81 of 263: 0.2553 to 0.3662.

    Examples
    --------
    >>> tuple(round(end, 3) for end in wilson(0, 10))
    (0.0, 0.278)
    """
    from scipy.special import ndtri

    if not 0 <= hits <= n or not n:
        raise ValueError(f"{hits} of {n} is no share.")
    share, z = hits / n, float(ndtri(0.5 + confidence / 2))
    width = 2 * (n + z**2)
    middle = (2 * n * share + z**2) / width
    half = z / width * math.sqrt(4 * n * share * (1 - share) + z**2)
    return 0.0 if hits == 0 else middle - half, 1.0 if hits == n else middle + half
