"""The customer's journey: who is what to the shop, how far each has come, and how people move.

>>> from crmlib import journey
>>> journey.models()["stage"].unique().tolist()
['awareness', 'consideration', 'acquisition', 'retention', 'advocacy']
"""

from __future__ import annotations

from crmlib.journey.mapping import customer_map
from crmlib.journey.movement import funnel, transitions
from crmlib.journey.three_models import FOUR_A, TYPES, models

__all__ = ["FOUR_A", "TYPES", "customer_map", "funnel", "models", "transitions"]
