"""A shop whose truth is known: simulated customers, their traces as a real shop has them, and what really happened.

>>> from crmlib.synth import make_shop
>>> make_shop(customers=100, seed=1, until="2024-12-31", tables=["orders"]).rows["orders"] > 60
True
"""

from __future__ import annotations

from crmlib.synth.parameters import ShopParameters, preset
from crmlib.synth.reading import has_truth, read_truth
from crmlib.synth.shop import MakeResult, make_shop

__all__ = [
    "MakeResult",
    "ShopParameters",
    "has_truth",
    "make_shop",
    "preset",
    "read_truth",
]
