"""A simulated shop goes on under a plan of contacts: what comes of it beside doing nothing, and beside the best known.

It knows the truth that `crmlib.synth` keeps of its customers, and must not be asked by anything that a shop's own
analysis rests on.
"""

from __future__ import annotations

from crmlib.futures.compare import Comparison, compare
from crmlib.futures.outcome import Outcome
from crmlib.futures.parameters import FutureParameters
from crmlib.futures.plans import oracle, reference_plans
from crmlib.futures.present import Present, present
from crmlib.futures.simulate import future, outcome

__all__ = [
    "Comparison",
    "FutureParameters",
    "Outcome",
    "Present",
    "compare",
    "future",
    "oracle",
    "outcome",
    "present",
    "reference_plans",
]
