"""From segments and signals to what is done: sequences, queues, messages, exports."""

from __future__ import annotations

from crmlib.actions.sequences import Cap, Condition, Offer, Sequence, Step, Trigger, read_sequence

__all__ = ["Cap", "Condition", "Offer", "Sequence", "Step", "Trigger", "read_sequence"]
