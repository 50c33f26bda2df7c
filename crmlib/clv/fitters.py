"""The models of `crmlib.clv` in one place: lifetimes' five under lifetimes' names, and one for contracts."""

from __future__ import annotations

from crmlib.clv.bg import BetaGeoFitter, ModifiedBetaGeoFitter
from crmlib.clv.bgbb import BetaGeoBetaBinomFitter
from crmlib.clv.bootstrap import Bootstrap, bootstrap, cltv_interval
from crmlib.clv.cohorts import fit_by
from crmlib.clv.collapse import collapse, combine
from crmlib.clv.discounted import cltv, dert, discounted_purchases
from crmlib.clv.gamma_gamma import GammaGammaFitter
from crmlib.clv.pareto import ParetoNBDFitter
from crmlib.clv.problems import ConvergenceError
from crmlib.clv.sbg import ShiftedBetaGeoFitter
from crmlib.clv.store import load, save

__all__ = [
    "BetaGeoBetaBinomFitter",
    "BetaGeoFitter",
    "Bootstrap",
    "ConvergenceError",
    "GammaGammaFitter",
    "ModifiedBetaGeoFitter",
    "ParetoNBDFitter",
    "ShiftedBetaGeoFitter",
    "bootstrap",
    "cltv",
    "cltv_interval",
    "collapse",
    "combine",
    "dert",
    "discounted_purchases",
    "fit_by",
    "load",
    "save",
]
