"""P-values of many tests at once, adjusted for how many there are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from crmlib.arrays import Floats

__all__ = ["adjust"]


def adjust(p_values: ArrayLike, method: Literal["holm", "bonferroni", "fdr_bh"] = "holm") -> Floats:
    """Return adjusted p-values, to be compared with alpha itself.

    Parameters
    ----------
    p_values
        One per test; missing ones are no tests, and stay missing.
    method
        ``holm`` and ``bonferroni`` keep the chance that any test alarms falsely at alpha, ``fdr_bh`` (Benjamini and
        Hochberg) the share of false alarms among all.

    Raises
    ------
    ValueError
        There is no such method.

    Notes
    -----
    The same as `statsmodels.stats.multitest.multipletests`, which collects the garbage of the whole process at each
    call: half a second beside a large shop.

    Examples
    --------
    >>> [adjust([0.01, 0.04, 0.03], method).round(3).tolist() for method in ("holm", "bonferroni", "fdr_bh")]
    [[0.03, 0.06, 0.06], [0.03, 0.12, 0.09], [0.03, 0.04, 0.04]]
    """
    given = np.asarray(p_values, dtype=float)
    asked = np.flatnonzero(~np.isnan(given))
    order = asked[np.argsort(given[asked], kind="stable")]
    raw, count = given[order], len(order)
    if method == "bonferroni":
        adjusted = raw * count
    elif method == "holm":
        adjusted = np.maximum.accumulate(raw * np.arange(count, 0, -1))
    elif method == "fdr_bh":
        adjusted = np.minimum.accumulate((raw * count / np.arange(1, count + 1))[::-1])[::-1]
    else:
        raise ValueError(f"{method!r} is no way to adjust p-values: holm, bonferroni or fdr_bh.")
    result: Floats = np.full(given.shape, np.nan)
    result[order] = np.minimum(adjusted, 1.0)
    return result
