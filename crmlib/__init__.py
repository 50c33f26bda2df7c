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

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from crmlib import actions, churn, clv, concentration, intake, journey, personas, plots, rfm, surveys, text
    from crmlib.errors import CrmlibError
    from crmlib.policy import Policy
    from crmlib.recording import record
    from crmlib.shop import Shop, open_shop
    from crmlib.stopping import stop_here
    from crmlib.widgets import explore

__all__ = [
    "CrmlibError",
    "Policy",
    "Shop",
    "actions",
    "churn",
    "clv",
    "concentration",
    "explore",
    "intake",
    "journey",
    "open_shop",
    "personas",
    "plots",
    "record",
    "rfm",
    "stop_here",
    "surveys",
    "text",
]
__version__ = "0.1.0"

_HOME = {
    "CrmlibError": "crmlib.errors",
    "Policy": "crmlib.policy",
    "Shop": "crmlib.shop",
    "explore": "crmlib.widgets",
    "open_shop": "crmlib.shop",
    "record": "crmlib.recording",
    "stop_here": "crmlib.stopping",
}


def __getattr__(name: str) -> Any:
    if name in _HOME:
        return getattr(import_module(_HOME[name]), name)
    if name in __all__:
        return import_module(f"crmlib.{name}")
    raise AttributeError(f"module 'crmlib' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
