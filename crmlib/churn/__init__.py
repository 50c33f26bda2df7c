"""The customer's leaving: signals, windows, prediction, survival, retention, and whom a contact changes.

>>> from crmlib import churn, open_shop
>>> shop = open_shop("cdnow-sample")
Opened cdnow-sample: ...
>>> found = churn.signals(shop)
>>> int(found["no_purchase"].sum()), len(found)
(2128, 2357)
"""

from __future__ import annotations

from crmlib.churn.actions import preventive_actions
from crmlib.churn.consent import may_contact
from crmlib.churn.evaluation import calibration, gains, scorecard
from crmlib.churn.features import OUTCOMES, examples, features, leaks, origins
from crmlib.churn.prediction import KINDS, ChurnModel, baselines, rolling
from crmlib.churn.profit import Offer, expected_profit, pays_from, profit_curve
from crmlib.churn.retention import cohorts, retention
from crmlib.churn.signals import SIGNALS, judge_signals, signals
from crmlib.churn.survival import LogRank, cox, kaplan_meier, lifetimes, log_rank, median_lifetime
from crmlib.churn.uplift import UpliftModel, arm_difference, experiments, targeting
from crmlib.churn.windows import gaps, windows

__all__ = [
    "KINDS",
    "OUTCOMES",
    "SIGNALS",
    "ChurnModel",
    "LogRank",
    "Offer",
    "UpliftModel",
    "arm_difference",
    "baselines",
    "calibration",
    "cohorts",
    "cox",
    "examples",
    "expected_profit",
    "experiments",
    "features",
    "gains",
    "gaps",
    "judge_signals",
    "kaplan_meier",
    "leaks",
    "lifetimes",
    "log_rank",
    "may_contact",
    "median_lifetime",
    "origins",
    "pays_from",
    "preventive_actions",
    "profit_curve",
    "retention",
    "rolling",
    "scorecard",
    "signals",
    "targeting",
    "windows",
]
