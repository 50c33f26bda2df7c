"""A shop whose truth is known: simulated customers, their traces as a real shop has them, and what really happened.

>>> from crmlib.synth import make_shop
>>> make_shop(customers=100, seed=1, until="2024-12-31", tables=["orders"]).rows["orders"] > 60
True
"""

from __future__ import annotations

from crmlib.synth.future_compare import Comparison, compare
from crmlib.synth.future_outcome import Outcome
from crmlib.synth.future_parameters import FutureParameters
from crmlib.synth.future_plans import oracle, reference_plans
from crmlib.synth.future_present import Present, present
from crmlib.synth.future_run import future, outcome
from crmlib.synth.parameters import ShopParameters, preset
from crmlib.synth.reading import has_truth, read_truth
from crmlib.synth.shop import MakeResult, make_shop

__all__ = [
    "Comparison",
    "FutureParameters",
    "MakeResult",
    "Outcome",
    "Present",
    "ShopParameters",
    "compare",
    "future",
    "has_truth",
    "make_shop",
    "oracle",
    "outcome",
    "present",
    "preset",
    "read_truth",
    "reference_plans",
]
