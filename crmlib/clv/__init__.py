"""Customer lifetime value: summaries, models, discounted value, and how good the predictions were.

The models are those of lifetimes, under its names and with its methods, fitted faster and more carefully. A customer's
history is three numbers, counted in periods (days or weeks): frequency (purchases after the first), recency (from the
first to the last) and T (from the first to today).

>>> import crmlib
>>> from crmlib import clv
>>> shop = crmlib.open_shop("cdnow-sample")
Opened cdnow-sample: ...
>>> summary = clv.summarize(shop.orders, as_of="1997-09-30", period="D").to_pandas()
>>> model = clv.ModifiedBetaGeoFitter().fit(summary["frequency"], summary["recency"], summary["T"])
>>> list(model.params_.index)
['r', 'alpha', 'a', 'b']

Names are imported when they are first used: a summary is ready before scipy and lifetimes would be. So no module here
may be called as a function is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from crmlib.faces import lazy

if TYPE_CHECKING:
    from crmlib.clv.adapters import Average, BuyTillYouDie
    from crmlib.clv.bg import BetaGeoFitter, ModifiedBetaGeoFitter
    from crmlib.clv.bgbb import BetaGeoBetaBinomFitter
    from crmlib.clv.boosting import GradientBoosting
    from crmlib.clv.cohorts import fit_by
    from crmlib.clv.contract_table import read_contracts
    from crmlib.clv.contracts import value_contracts
    from crmlib.clv.discounted import DAYS_PER_MONTH, cltv, dert, discounted_purchases
    from crmlib.clv.fit_checks import alive_history, frequencies, tracking
    from crmlib.clv.gamma_gamma import GammaGammaFitter
    from crmlib.clv.history import span
    from crmlib.clv.loading import load
    from crmlib.clv.origins import Rolling, compare, rolling
    from crmlib.clv.pareto import ParetoNBDFitter
    from crmlib.clv.problems import ConvergenceError
    from crmlib.clv.protocol import LearnsFromPast, Model, PredictsSpend
    from crmlib.clv.resampling import Bootstrap, bootstrap, cltv_interval
    from crmlib.clv.sbg import ShiftedBetaGeoFitter
    from crmlib.clv.scores import scorecard
    from crmlib.clv.season import Season
    from crmlib.clv.store import save
    from crmlib.clv.summary import PERIOD_DAYS, early_spend, holdout, summarize
    from crmlib.clv.unique_rows import collapse, combine
    from crmlib.clv.verdicts import Verdict, verdict
    from crmlib.clv.weighted import histories
    from crmlib.clv.worth import value

__all__ = [
    "DAYS_PER_MONTH",
    "PERIOD_DAYS",
    "Average",
    "BetaGeoBetaBinomFitter",
    "BetaGeoFitter",
    "Bootstrap",
    "BuyTillYouDie",
    "ConvergenceError",
    "GammaGammaFitter",
    "GradientBoosting",
    "LearnsFromPast",
    "Model",
    "ModifiedBetaGeoFitter",
    "ParetoNBDFitter",
    "PredictsSpend",
    "Rolling",
    "Season",
    "ShiftedBetaGeoFitter",
    "Verdict",
    "alive_history",
    "bootstrap",
    "cltv",
    "cltv_interval",
    "collapse",
    "combine",
    "compare",
    "dert",
    "discounted_purchases",
    "early_spend",
    "fit_by",
    "frequencies",
    "histories",
    "holdout",
    "load",
    "read_contracts",
    "rolling",
    "save",
    "scorecard",
    "span",
    "summarize",
    "tracking",
    "value",
    "value_contracts",
    "verdict",
]

__getattr__ = lazy(__name__, __file__)


def __dir__() -> list[str]:
    return sorted(__all__)
