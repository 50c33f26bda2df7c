"""What a comparison needs of its customers: how many, and the sums of their outcomes, squares and cubes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import ArrayLike

    from crmlib.arrays import Bools, Floats

__all__ = ["Kind", "Sums", "sums_of"]

#: ``shares``: outcomes of 0 and 1; ``amounts``: counts or spend, from 0; ``numbers``: any, such as adjusted outcomes.
Kind = Literal["shares", "amounts", "numbers"]


@dataclass(frozen=True)
class Sums:
    """Sums by comparison (rows) and stratum (columns), the treated arm's before the control's.

    Attributes
    ----------
    kind
        Of the outcome: how its variance hangs on its mean.
    customers, totals, squares, cubes
        A pair each: treated, control.
    """

    kind: Kind
    customers: tuple[Floats, Floats]
    totals: tuple[Floats, Floats]
    squares: tuple[Floats, Floats]
    cubes: tuple[Floats, Floats]

    def rows(self, chosen: Bools) -> Sums:
        """Return some of the comparisons."""
        return _each(self, lambda sums: sums[chosen])

    def reshaped(self, comparisons: int, strata: int) -> Sums:
        """Return the same sums as so many comparisons of so many strata.

        Parameters
        ----------
        comparisons, strata
            How many of each there are.
        """
        return _each(self, lambda sums: sums.reshape(comparisons, strata))

    @property
    def weights(self) -> Floats:
        """Share of the customers in each stratum, over those strata that have both arms."""
        size = np.where(np.minimum(*self.customers) > 0, self.customers[0] + self.customers[1], 0.0)
        total = size.sum(axis=-1, keepdims=True)
        weights: Floats = np.divide(size, total, out=np.zeros_like(size), where=total > 0)
        return weights

    @property
    def events(self) -> Floats:
        """Return the events that a smaller arm expects without an effect, each stratum's added up.

        An event is a buyer, or as many buyers as would spread as much as these (Kish's effective number).
        """
        total, squares = both(self.totals), both(self.squares)
        size = self.customers[0] + self.customers[1]
        number = np.divide(total**2, squares, out=np.zeros_like(size), where=squares > 0)
        share = np.divide(np.minimum(*self.customers), size, out=np.zeros_like(size), where=size > 0)
        events: Floats = (number * share).sum(axis=-1)
        return events


def _each(sums: Sums, change: Callable[[Floats], Floats]) -> Sums:
    pairs = (sums.customers, sums.totals, sums.squares, sums.cubes)
    return Sums(sums.kind, *((change(treated), change(control)) for treated, control in pairs))


def sums_of(
    outcome: ArrayLike, treated: ArrayLike, stratum: ArrayLike | None = None, *, count: int | None = None
) -> Sums:
    """Add up one comparison.

    Parameters
    ----------
    outcome
        One number per customer.
    treated
        True for the treated arm.
    stratum
        Number of each customer's stratum, from 0; one stratum by default.
    count
        How many strata there are; as many as have customers by default.
    """
    values, arm = np.asarray(outcome, dtype=float), np.asarray(treated, dtype=bool)
    strata = np.zeros(len(values), dtype=np.int64) if stratum is None else np.asarray(stratum, dtype=np.int64)
    number = int(strata.max(initial=0)) + 1 if count is None else count

    def added(power: int) -> tuple[Floats, Floats]:
        sides: list[Floats] = [
            np.asarray(np.bincount(strata[side], values[side] ** power, number)[None, :], dtype=np.float64)
            for side in (arm, ~arm)
        ]
        return sides[0], sides[1]

    return Sums(kind_of(values), added(0), added(1), added(2), added(3))


def both(pair: tuple[Floats, Floats]) -> Floats:
    """Return the arms together."""
    return pair[0] + pair[1]


def kind_of(values: Floats) -> Kind:
    """Return what kind of outcome these are."""
    if ((values == 0) | (values == 1)).all():
        return "shares"
    return "amounts" if (values >= 0).all() else "numbers"
