"""One key figure: its value, what it was divided from, and how sure it is."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from datetime import date

__all__ = ["FAMILIES", "Family", "Kpi", "Unit"]

Family = Literal["acquisition", "retention", "interaction", "value", "growth"]
Unit = Literal["count", "share", "currency", "units", "days"]
#: The families of key figures, in the order of a customer's life.
FAMILIES: tuple[Family, ...] = ("acquisition", "retention", "interaction", "value", "growth")


@dataclass(frozen=True, repr=False)
class Kpi:
    """A key figure of one period.

    Attributes
    ----------
    kpi
        Its name.
    family
        One of `FAMILIES`.
    unit
        ``count``; ``share`` (of 1); ``currency`` (the shop's); ``units`` (pieces); ``days``.
    value
        The figure: numerator / denominator, or the numerator where there is no denominator. Missing (nan) where the
        denominator is 0.
    numerator, denominator
        What was counted or added up; the denominator of a plain count is missing (nan).
    low, high
        The interval of the value: what it might as well have been, had chance fallen otherwise.
    previous, as_of
        The period's days are those after the first and up to the second.
    """

    kpi: str
    family: Family
    unit: Unit
    value: float
    numerator: float
    denominator: float
    low: float
    high: float
    previous: date
    as_of: date

    def row(self) -> dict[str, Any]:
        """Return it as a row of a table."""
        return asdict(self)

    def __repr__(self) -> str:
        if math.isnan(self.value):
            return f"{self.kpi} is not defined from {self.previous} to {self.as_of}: nothing to divide by"
        numbers = [self._shown(each) for each in (self.value, self.low, self.high)]
        of = "" if math.isnan(self.denominator) else f"; {_plain(self.numerator)} of {_plain(self.denominator)}"
        return f"{self.kpi} {numbers[0]} (interval {numbers[1]} to {numbers[2]}{of})"

    def _shown(self, number: float) -> str:
        if self.unit == "share":
            return f"{100 * number:,.1f} %"
        return f"{number:,.0f}" if self.unit == "count" else f"{number:,.2f}"


def _plain(number: float) -> str:
    return f"{number:,.0f}" if number == round(number) else f"{number:,.2f}"
