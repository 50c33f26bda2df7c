"""Experiments: what a campaign did, how sure that is, and what looking too early does to it.

>>> from crmlib import experiments
>>> found = experiments.proportions((56, 48), (70, 80))  # 56 of 70 treated, 48 of 80 control
>>> round(found.difference, 3), round(found.low, 3), round(found.high, 3)
(0.2, 0.052, 0.334)
"""

from __future__ import annotations

from crmlib.experiments.bayes import Belief, beta_binomial
from crmlib.experiments.comparison import Difference, compare, means, proportions
from crmlib.experiments.cuped import Adjusted, cuped
from crmlib.experiments.design import Mismatch, Sizes, mismatch, power, sample_size, smallest_change
from crmlib.experiments.groups import Alikeness, heterogeneity, homogeneity, uplift_by
from crmlib.experiments.sequential import aa_looks, boundaries, false_alarms, looks

__all__ = [
    "Adjusted",
    "Alikeness",
    "Belief",
    "Difference",
    "Mismatch",
    "Sizes",
    "aa_looks",
    "beta_binomial",
    "boundaries",
    "compare",
    "cuped",
    "false_alarms",
    "heterogeneity",
    "homogeneity",
    "looks",
    "means",
    "mismatch",
    "power",
    "proportions",
    "sample_size",
    "smallest_change",
    "uplift_by",
]
