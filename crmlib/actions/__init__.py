"""From segments and signals to what is done: sequences, queues, messages, exports."""

from __future__ import annotations

from crmlib.actions.plans import Costs, Plan, Targeting, read_plan
from crmlib.actions.sequences import Cap, Condition, Offer, Sequence, Step, Trigger, read_sequence
from crmlib.actions.targets import check_plan, observable

__all__ = [
    "Cap",
    "Condition",
    "Costs",
    "Offer",
    "Plan",
    "Sequence",
    "Step",
    "Targeting",
    "Trigger",
    "check_plan",
    "observable",
    "read_plan",
    "read_sequence",
]
