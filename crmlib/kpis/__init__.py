"""Key performance indicators: one function each, with numerator, denominator, window, unit and interval.

All are asked in one way: of a shop, for the days after `previous` up to `as_of`, under a policy that says what counts.

>>> from crmlib import kpis, open_shop
>>> shop = open_shop("cdnow-sample")
Opened cdnow-sample: ...
>>> kpis.average_order_value(shop, "1998-06-30", "1998-03-31")
average_order_value 35.05 (interval 32.09 to 38.00; 17,980.54 of 513)
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from crmlib.kpis.acquisition import cac, cac_by_channel, database_growth, new_customers
from crmlib.kpis.board import dashboard
from crmlib.kpis.changes import changed
from crmlib.kpis.decomposition import PARTS, growth, revenue_growth
from crmlib.kpis.figures import FIGURES, Figure, figure, figure_names, in_order
from crmlib.kpis.interaction import (
    RATES,
    campaigns,
    click_rate,
    open_rate,
    read_rate,
    reader_conversion,
    unsubscribe_rate,
)
from crmlib.kpis.kpi import FAMILIES, Kpi
from crmlib.kpis.lifetime import cltv
from crmlib.kpis.period import Period
from crmlib.kpis.redemptions import code_account, redemptions
from crmlib.kpis.retention import churn_rate, repeat_purchase_rate, retention_rate
from crmlib.kpis.segments import average_order_value, by_segment, movements, quantity_per_order, revenue

__all__ = [
    "FAMILIES",
    "KPIS",
    "PARTS",
    "RATES",
    "Figure",
    "Kpi",
    "Period",
    "average_order_value",
    "by_segment",
    "cac",
    "cac_by_channel",
    "campaigns",
    "changed",
    "churn_rate",
    "click_rate",
    "cltv",
    "code_account",
    "dashboard",
    "database_growth",
    "figure",
    "figure_names",
    "growth",
    "movements",
    "new_customers",
    "open_rate",
    "quantity_per_order",
    "read_rate",
    "reader_conversion",
    "redemptions",
    "repeat_purchase_rate",
    "retention_rate",
    "revenue",
    "revenue_growth",
    "unsubscribe_rate",
]

#: Every key figure that comes with crmlib, family by family.
KPIS: tuple[str, ...] = in_order(FIGURES.built_in.values())

if not TYPE_CHECKING:

    def __getattr__(name: str) -> Figure:
        """Find a figure of crmlib that is registered in a family's file and not listed here."""
        try:
            return FIGURES.built_in[name]
        except KeyError:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}") from None
