"""The period that a key figure is about, and the shop as it was known at its end."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from crmlib import engine
from crmlib import policy as policies
from crmlib.days import as_day, until
from crmlib.errors import CrmlibError
from crmlib.kpis.kpi import Kpi

if TYPE_CHECKING:
    from datetime import date, datetime

    from crmlib.kpis.kpi import Family, Unit
    from crmlib.kpis.uncertainty import Interval
    from crmlib.policy import Policy
    from crmlib.shop import Shop

__all__ = ["Period"]


@dataclass(frozen=True)
class Period:
    """A shop, and the days that count.

    Attributes
    ----------
    shop
        As it was known on the last day.
    previous, as_of
        The period's days are those after the first and up to the second.
    policy
        All definitions of the business.
    """

    shop: Shop
    previous: date
    as_of: date
    policy: Policy

    @classmethod
    def of(
        cls,
        shop: Shop,
        as_of: date | str | None,
        previous: date | str | None,
        policy: Policy | str | dict[str, Any] | None,
    ) -> Period:
        """Make the period that a caller names.

        Parameters
        ----------
        shop
            Whose figures.
        as_of
            The last day; the shop's own by default.
        previous
            The day before the first; the policy's ``kpis.period_days`` before the last by default.
        policy
            The shop's own by default.

        Raises
        ------
        CrmlibError
            The days are in the wrong order, or the shop is not known up to the last.
        """
        rules = policies.load(policy or shop.policy)
        last = as_day(as_of or shop.as_of)
        before = last - timedelta(days=rules.kpis.period_days) if previous is None else as_day(previous)
        if before >= last:
            raise CrmlibError(
                f"previous={str(before)!r} is not before as_of={str(last)!r}: the period's days are those after the "
                "one and up to the other."
            )
        return cls(shop if last == shop.as_of else shop.on(last), before, last, rules)

    @property
    def after(self) -> datetime:
        """The first instant of the period."""
        return until(self.previous)

    @property
    def until(self) -> datetime:
        """The first instant after it."""
        return until(self.as_of)

    @property
    def before(self) -> datetime:
        """The first instant of the equally long period before it."""
        return until(self.previous - (self.as_of - self.previous))

    def counted(self, query: str, tables: dict[str, engine.Table], **values: Any) -> dict[str, float]:
        """Return the one row that a query gives for the period.

        Parameters
        ----------
        query
            Its file.
        tables
            What stands for its tables.
        **values
            What stands for its values, beside ``after`` and ``until``.
        """
        found = engine.run(query, tables=tables, **{"after": self.after, "until": self.until, **values})
        return {str(name): float(value) for name, value in found.to_pandas().iloc[0].items()}

    def kpi(  # noqa: PLR0917 - what a figure is made of, in the order of its fields
        self, name: str, family: Family, unit: Unit, numerator: float, denominator: float, interval: Interval
    ) -> Kpi:
        """Make a key figure of this period; with a denominator that is missing (nan), the numerator is the figure.

        Parameters
        ----------
        name, family, unit, numerator, denominator, interval
            As of `Kpi`.
        """
        value = numerator
        if not math.isnan(denominator):
            value = numerator / denominator if denominator else math.nan
        low, high = (math.nan, math.nan) if math.isnan(value) else interval
        return Kpi(name, family, unit, value, numerator, denominator, low, high, self.previous, self.as_of)
