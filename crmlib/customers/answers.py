"""Columns of answers: which of them can be understood by their names, and where they state a permission."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

import numpy as np

from crmlib.text.consent import CHANNELS, Sense, bits, column_role

if TYPE_CHECKING:
    from crmlib.arrays import Bools
    from crmlib.customers.reading import Answers, Reading


__all__ = ["channel_of_role", "states_permission", "turn_flags", "undecided_of"]

_ANSWERS = 30  # more different answers than that are addresses


def undecided_of(reading: Reading, senses: list[tuple[str, Sense]]) -> dict[tuple[int, int], Bools]:
    """Tell for each topic where a column of answers gives no yes: a time in another column is no answer then.

    Parameters
    ----------
    reading
        The table.
    senses
        Its columns of answers, and what their names say.
    """
    result: dict[tuple[int, int], Bools] = defaultdict(lambda: np.zeros(len(reading), dtype=bool))
    for name, meaning in senses:
        if meaning.answer >= 0 and name in reading.columns:
            facts = reading.facts(name)
            if facts.states("yes", "no", "words").any():
                result[meaning.channels, meaning.purposes] |= ~facts.states("yes", "time") & ~(facts.answer > 0)
    return result


def states_permission(answers: Answers, undecided: Bools) -> Bools:
    """Tell where a column of answers states a permission.

    Parameters
    ----------
    answers
        Of one column.
    undecided
        Where another column of the same topic gives no yes.
    """
    result: Bools = answers.yes & ~answers.against & ~answers.open & (np.isnat(answers.time) | ~undecided)
    return result


def turn_flags(reading: Reading) -> None:
    """Take columns called email and phone that hold yes and no for what they are: answers by channel."""
    for role in ("email", "phone"):
        for name in list(reading.roles.get(role, ())):
            if name not in reading.columns or reading.data[name].nunique() > _ANSWERS:
                continue
            facts = reading.facts(name)
            answers = facts.states("yes", "no", "missing") | (facts.answer != 0) | facts.open
            if answers.all():
                reading.roles[role].remove(name)
                reading.roles.setdefault("", []).append(name)


def channel_of_role(name: str) -> int:
    """Return the channel of a column of flags that is called as an address is."""
    role = column_role(name)
    return bits(CHANNELS, role) if role in CHANNELS else 0
