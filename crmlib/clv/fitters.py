"""The models of lifetimes, under its names.

Importing lifetimes changes the process: it hides every FutureWarning and sets a pandas option. Both are put back here,
and what its optimiser says of the points that it tries (overflow, division by zero) stays inside the fit.
"""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import numpy as np

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import lifetimes

if TYPE_CHECKING:
    from typing import Self

__all__ = ["BetaGeoFitter", "GammaGammaFitter", "ModifiedBetaGeoFitter", "ParetoNBDFitter"]


class _Quiet:
    """A fit whose trial points do not warn; whether it converged is told by lifetimes' ConvergenceError."""

    def fit(self, *args: Any, **kwargs: Any) -> Self:
        """Fit the model; see lifetimes for the arguments."""
        with np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)
            return super().fit(*args, **kwargs)  # type: ignore[misc,no-any-return]


class BetaGeoFitter(_Quiet, lifetimes.BetaGeoFitter):  # type: ignore[misc]
    """BG/NBD: buying at a steady rate; after each repeat purchase the customer may leave for good."""


class ModifiedBetaGeoFitter(_Quiet, lifetimes.ModifiedBetaGeoFitter):  # type: ignore[misc]
    """MBG/NBD: as BG/NBD, but the customer may leave after the first purchase, too."""


class ParetoNBDFitter(_Quiet, lifetimes.ParetoNBDFitter):  # type: ignore[misc]
    """Pareto/NBD: buying at a steady rate, leaving at any time."""


class GammaGammaFitter(_Quiet, lifetimes.GammaGammaFitter):  # type: ignore[misc]
    """Gamma-Gamma: the mean value of a customer's purchases, where it does not depend on how often they buy."""
