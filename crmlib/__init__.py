"""CRM analytics for e-commerce: from the shop's orders to segments, customer lifetime value and action.

Open a shop, then hand its tables to an analysis:

>>> import crmlib
>>> shop = crmlib.open_shop("cdnow-sample")
Opened cdnow-sample: ...
>>> crmlib.rfm.score(shop.orders, as_of=shop.as_of).to_pandas().columns.tolist()
['customer_id', 'recency_days', 'frequency', 'monetary', 'r', 'f', 'm', 'code', 'segment']

Names are imported when they are first used, so that ``import crmlib`` is quick.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from crmlib.faces import lazy
from crmlib.version import __version__ as __version__

if TYPE_CHECKING:
    from crmlib import (
        actions,
        churn,
        clv,
        concentration,
        customers,
        experiments,
        futures,
        intake,
        journey,
        kpis,
        offers,
        personas,
        plots,
        rfm,
        surveys,
        text,
    )
    from crmlib.errors import CrmlibError
    from crmlib.notebook import decide, explore, record, skip, stop_here
    from crmlib.policy import Policy
    from crmlib.shop import Shop
    from crmlib.sources import open_shop

__all__ = [
    "CrmlibError",
    "Policy",
    "Shop",
    "actions",
    "churn",
    "clv",
    "concentration",
    "customers",
    "decide",
    "experiments",
    "explore",
    "futures",
    "intake",
    "journey",
    "kpis",
    "offers",
    "open_shop",
    "personas",
    "plots",
    "record",
    "rfm",
    "skip",
    "stop_here",
    "surveys",
    "text",
]
__getattr__ = lazy(__name__, __file__)


def __dir__() -> list[str]:
    return sorted(__all__)
