"""A saved model of whichever class: the file says which."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from crmlib.clv import store
from crmlib.clv.bg import BetaGeoFitter, ModifiedBetaGeoFitter
from crmlib.clv.bgbb import BetaGeoBetaBinomFitter
from crmlib.clv.gamma_gamma import GammaGammaFitter
from crmlib.clv.pareto import ParetoNBDFitter
from crmlib.clv.sbg import ShiftedBetaGeoFitter
from crmlib.errors import ModelError

if TYPE_CHECKING:
    from os import PathLike

__all__ = ["FITTERS", "load"]

FITTERS: dict[str, type[Any]] = {
    fitter.__name__: fitter
    for fitter in (
        BetaGeoBetaBinomFitter,
        BetaGeoFitter,
        GammaGammaFitter,
        ModifiedBetaGeoFitter,
        ParetoNBDFitter,
        ShiftedBetaGeoFitter,
    )
}


def load(path: str | PathLike[str]) -> Any:
    """Read a model that `save` wrote.

    Parameters
    ----------
    path
        The file.

    Returns
    -------
    The fitter, ready to predict; `data` and `rows_` stay with whoever fitted it.

    Raises
    ------
    ModelError
        When the file is not there, is no model of crmlib, or is of a later version.
    """
    content = store.read(path)
    fitter = FITTERS.get(str(content.get("class")))
    if fitter is None:
        raise ModelError(f"{path} holds a {content.get('class')!r}; known are {', '.join(sorted(FITTERS))}.")
    return store.build(path, content, fitter)
