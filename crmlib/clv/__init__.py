"""Customer lifetime value: summaries, models, discounted value, and how good the predictions were.

The models are those of lifetimes, under its names. A customer's history is three numbers, counted in periods (days or
weeks): frequency (purchases after the first), recency (from the first to the last) and T (from the first to today).

>>> import crmlib
>>> from crmlib import clv
>>> shop = crmlib.open_shop("cdnow-sample")
Opened cdnow-sample: ...
>>> summary = clv.summarize(shop.orders, as_of="1997-09-30", period="D").to_pandas()
>>> model = clv.ModifiedBetaGeoFitter().fit(summary["frequency"], summary["recency"], summary["T"])
>>> list(model.params_.index)
['r', 'alpha', 'a', 'b']
"""

from __future__ import annotations

from crmlib.clv.fitters import BetaGeoFitter, GammaGammaFitter, ModifiedBetaGeoFitter, ParetoNBDFitter
from crmlib.clv.scores import scorecard
from crmlib.clv.summary import PERIOD_DAYS, holdout, summarize
from crmlib.clv.worth import DAYS_PER_MONTH, value

__all__ = [
    "DAYS_PER_MONTH",
    "PERIOD_DAYS",
    "BetaGeoFitter",
    "GammaGammaFitter",
    "ModifiedBetaGeoFitter",
    "ParetoNBDFitter",
    "holdout",
    "scorecard",
    "summarize",
    "value",
]
