"""The package `lifetimes`, imported without its side effects.

Importing lifetimes 0.11.3 adds a filter that hides every `FutureWarning` of the process, and sets
``pandas.options.mode.chained_assignment``, which pandas 3 answers with a deprecation warning (an error under
``python -W error``). Both are undone here, so that using crmlib changes nothing in the caller's process.
"""

from __future__ import annotations

import warnings
from importlib import import_module
from typing import TYPE_CHECKING, Any

import pandas as pd

if TYPE_CHECKING:
    from types import ModuleType

__all__ = [
    "BaseFitter",
    "BetaGeoBetaBinomFitter",
    "BetaGeoFitter",
    "ConvergenceError",
    "GammaGammaFitter",
    "ModifiedBetaGeoFitter",
    "ParetoNBDFitter",
    "generate_data",
    "lifetimes",
]


def _import_quietly(name: str) -> ModuleType:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        option = "mode.chained_assignment"
        before = pd.get_option(option) if _is_option(option) else None
        module = import_module(name)
        if _is_option(option):
            pd.set_option(option, before)
    return module


def _is_option(name: str) -> bool:
    """Say whether this pandas has the option: pandas 4 will not."""
    try:
        pd.get_option(name)
    except KeyError:  # pandas' OptionError is a KeyError
        return False
    return True


lifetimes: Any = _import_quietly("lifetimes")
generate_data: Any = lifetimes.generate_data
BaseFitter: Any = lifetimes.BaseFitter
BetaGeoFitter: Any = lifetimes.BetaGeoFitter
ModifiedBetaGeoFitter: Any = lifetimes.ModifiedBetaGeoFitter
ParetoNBDFitter: Any = lifetimes.ParetoNBDFitter
GammaGammaFitter: Any = lifetimes.GammaGammaFitter
BetaGeoBetaBinomFitter: Any = lifetimes.BetaGeoBetaBinomFitter
ConvergenceError: Any = lifetimes.utils.ConvergenceError
