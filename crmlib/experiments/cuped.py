"""CUPED: what was known before makes the same experiment surer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from crmlib.arguments import read_floats
from crmlib.errors import CrmlibError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from crmlib.arrays import Floats

__all__ = ["Adjusted", "cuped"]


@dataclass(frozen=True)
class Adjusted:
    """An outcome with what was foreseeable taken out.

    Attributes
    ----------
    values
        One a customer, with the same mean as the outcome; compare the arms by it.
    slope
        Outcome per unit of what was known before.
    removed
        Share of the variance that is gone: the squared correlation.
    """

    values: Floats
    slope: float
    removed: float


def cuped(outcome: ArrayLike, before: ArrayLike) -> Adjusted:
    """Take out of an outcome what could be foreseen before the lot was drawn.

    ``outcome - slope * (before - mean of before)``: the arms' means are moved by the same rule, so the difference stays
    unbiased, and its variance falls by the squared correlation (Deng, Xu, Kohavi and Walker, WSDM 2013). What is
    measured after the lot, even a day, may itself be an effect: never use that.

    Parameters
    ----------
    outcome
        One number a customer, of all arms.
    before
        One number a customer, known before the lot, such as spend in the months before.

    Raises
    ------
    CrmlibError
        The two are not of one length, or a value is missing.

    Examples
    --------
    >>> adjusted = cuped([1.0, 2.0, 3.0, 4.5], [10.0, 20.0, 30.0, 40.0])
    >>> adjusted.values.mean(), round(adjusted.removed, 3)
    (np.float64(2.625), 0.989)
    """
    after, known = read_floats(outcome, "outcome"), read_floats(before, "before")
    if after.shape != known.shape or after.ndim != 1:
        raise CrmlibError(f"One number a customer is expected: outcome has {after.shape}, before {known.shape}.")
    if not (np.isfinite(after).all() and np.isfinite(known).all()):
        raise CrmlibError(
            "A value is missing or infinite; put 0, or the mean, for customers who were not there before."
        )
    centred = known - known.mean() if len(known) else known
    spread = float(centred @ centred)
    slope = float(centred @ after) / spread if spread else 0.0
    values = after - slope * centred
    total = float(((after - after.mean()) ** 2).sum()) if len(after) else 0.0
    return Adjusted(values, slope, slope**2 * spread / total if total else 0.0)
