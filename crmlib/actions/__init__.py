"""From segments and signals to what is done: sequences, queues, messages, exports.

>>> from crmlib.actions import sequence
>>> sequence("welcome").steps[0].template
'welcome'
"""

from __future__ import annotations

from crmlib.actions.exports import Export, export, export_format
from crmlib.actions.gates import Gated, gate
from crmlib.actions.messages import Message, MessageError, render
from crmlib.actions.plans import Costs, Plan, Targeting, read_plan
from crmlib.actions.queueing import Queue, queue
from crmlib.actions.recipients import recipients
from crmlib.actions.rendering import Rendered, write_messages
from crmlib.actions.sequences import (
    READY_MADE,
    Cap,
    Condition,
    Offer,
    Sequence,
    Step,
    Trigger,
    read_sequence,
    sequence,
)
from crmlib.actions.targets import check_plan, observable
from crmlib.customers.consent import GROUNDS, WHY

__all__ = [
    "GROUNDS",
    "READY_MADE",
    "WHY",
    "Cap",
    "Condition",
    "Costs",
    "Export",
    "Gated",
    "Message",
    "MessageError",
    "Offer",
    "Plan",
    "Queue",
    "Rendered",
    "Sequence",
    "Step",
    "Targeting",
    "Trigger",
    "check_plan",
    "export",
    "export_format",
    "gate",
    "observable",
    "queue",
    "read_plan",
    "read_sequence",
    "recipients",
    "render",
    "sequence",
    "write_messages",
]
