"""Intervals of estimates that more than one analysis needs."""

from __future__ import annotations

__all__ = ["wilson"]


def wilson(hits: int, n: int, confidence: float = 0.95) -> tuple[float, float]:
    """Return Wilson's interval of a share, low and high; shares of 1.

    Parameters
    ----------
    hits, n
        So many of so many.
    confidence
        Of the interval.

    Notes
    -----
    R. G. Newcombe, "Two-sided confidence intervals for the single proportion", Statistics in Medicine 17 (1998),
    works through 81 of 263: 0.2553 to 0.3662.

    Examples
    --------
    >>> tuple(round(end, 3) for end in wilson(0, 10))
    (0.0, 0.278)
    """
    from scipy.stats import binomtest

    ends = binomtest(hits, n).proportion_ci(confidence, method="wilson")
    return float(ends.low), float(ends.high)
