"""From segments and signals to what is done: sequences, queues, messages, exports.

>>> from crmlib.actions import sequence
>>> sequence("welcome").steps[0].template
'welcome'
"""

from __future__ import annotations

from crmlib.actions.exports import Export, export
from crmlib.actions.gates import Gated, gate
from crmlib.actions.messages import Message, MessageError, render
from crmlib.actions.permissions import GROUNDS, WHY
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

__all__ = [
    "GROUNDS",
    "READY_MADE",
    "WHY",
    "Cap",
    "Condition",
    "Export",
    "Gated",
    "Message",
    "MessageError",
    "Offer",
    "Queue",
    "Rendered",
    "Sequence",
    "Step",
    "Trigger",
    "export",
    "gate",
    "queue",
    "read_sequence",
    "recipients",
    "render",
    "sequence",
    "write_messages",
]
