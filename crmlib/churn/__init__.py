"""The customer's leaving: signals, windows, prediction, survival, retention, and whom a contact changes.

>>> from crmlib import churn, open_shop
>>> shop = open_shop("cdnow-sample")
Opened cdnow-sample: ...
>>> found = churn.signals(shop)
>>> int(found["no_purchase"].sum()), len(found)
(2128, 2357)
"""

from __future__ import annotations

from crmlib.churn.account import account_sentence, contact_account, silence
from crmlib.churn.actions import preventive_actions
from crmlib.churn.contracts import contract_churn
from crmlib.churn.evaluation import calibration, gains, scorecard
from crmlib.churn.features import OUTCOMES, examples, features, leaks, origins
from crmlib.churn.hazards import cox
from crmlib.churn.prediction import KINDS, ChurnModel, baselines, rolling
from crmlib.churn.profit import Offer, break_even_success, expected_profit, pays_from, profit_curve
from crmlib.churn.retention import cohorts, retention
from crmlib.churn.signals import SIGNALS, judge_signals, signals
from crmlib.churn.survival import LogRank, kaplan_meier, lifetimes, log_rank, median_lifetime
from crmlib.churn.uplift import UpliftModel, arm_difference, experiments, targeting
from crmlib.churn.uplift_curve import UpliftCurve, leave_one_campaign_out, uplift_curve
from crmlib.churn.windows import gaps, windows
from crmlib.customers.consent import may_contact

__all__ = [
    "KINDS",
    "OUTCOMES",
    "SIGNALS",
    "ChurnModel",
    "LogRank",
    "Offer",
    "UpliftCurve",
    "UpliftModel",
    "account_sentence",
    "arm_difference",
    "baselines",
    "break_even_success",
    "calibration",
    "cohorts",
    "contact_account",
    "contract_churn",
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
    "leave_one_campaign_out",
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
    "silence",
    "targeting",
    "uplift_curve",
    "windows",
]
