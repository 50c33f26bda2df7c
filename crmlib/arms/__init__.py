"""Two arms compared within strata: one test and interval for shares, counts and spend that few events do not break.

>>> import numpy as np
>>> from crmlib import arms
>>> sums = arms.sums_of(np.repeat([1.0, 0.0, 0.0], [10, 250, 40]), np.repeat([True, False], [260, 40]))
>>> round(float(arms.p_value(sums)[0]), 2)
0.18
"""

from __future__ import annotations

from crmlib.arms.score import corrected_z, difference, interval, p_value, standard_error
from crmlib.arms.strata import Strata, in_strata, unequal_shares
from crmlib.arms.sums import Sums, sums_of

__all__ = [
    "Strata",
    "Sums",
    "corrected_z",
    "difference",
    "in_strata",
    "interval",
    "p_value",
    "standard_error",
    "sums_of",
    "unequal_shares",
]
