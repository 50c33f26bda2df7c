"""A plan of contacts out of an answer that may be hostile: typed, of bounded work, or refused with the reason."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import msgspec

from crmlib.actions.plans import Plan
from crmlib.errors import PolicyError
from crmlib.grading.grids import UnfitError, described

if TYPE_CHECKING:
    from crmlib.actions.sequences import Sequence
    from crmlib.grading.reading import Answer

__all__ = ["MOST_CONDITIONS", "MOST_PARTS", "MOST_SEQUENCES", "printable", "recorded_plan"]

#: What a simulated week costs time for; a plan that people understand has a tenth of it.
MOST_SEQUENCES = 20
MOST_PARTS = 200
MOST_CONDITIONS = 40  # each is looked at anew every week, on every customer
_SAID = 400


def recorded_plan(answer: Answer) -> Plan:
    """Read a plan: a `crmlib.actions.Plan` as `answer` records it, or the dict that one can be made of.

    Parameters
    ----------
    answer
        What was recorded.

    Raises
    ------
    UnfitError
        It is no plan, or one of more sequences and steps than are simulated; the message says what to change.

    Examples
    --------
    >>> from crmlib.grading.reading import Answer
    >>> recorded_plan(Answer("q1", "value", {"name": "nothing"})).sequences
    ()
    >>> recorded_plan(Answer("q1", "value", {"name": "nothing", "costs": {"email": -1}}))
    Traceback (most recent call last):
    crmlib.grading.grids.UnfitError: The plan cannot be read: Expected `float` >= 0.0 - at `$.costs.email`
    """
    if answer.kind == "none":
        raise UnfitError(answer.problem or "Nothing was handed in.")
    if answer.kind != "value" or not isinstance(answer.value, dict):
        raise UnfitError(f"A plan (crmlib.actions.Plan) is asked for; this is {described(answer)}.")
    sequences = answer.value.get("sequences", ())
    if isinstance(sequences, list) and len(sequences) > MOST_SEQUENCES:
        raise UnfitError(f"The plan has {len(sequences):,} sequences; {MOST_SEQUENCES} are simulated at most.")
    try:
        plan = msgspec.convert(answer.value, Plan)
        msgspec.json.encode(plan)  # half a character, which JSON can escape, is no text
    except (msgspec.MsgspecError, PolicyError, UnicodeError) as error:
        raise UnfitError(f"The plan cannot be read: {printable(str(error))}") from None
    _bounded(plan)
    return plan


def printable(text: str) -> str:
    """Make a sentence that may quote a student's text fit for a page: short, and of one line.

    Parameters
    ----------
    text
        The sentence.

    Examples
    --------
    >>> printable("one" + chr(10) + "two")
    'one two'
    """
    return "".join(one if one.isprintable() else " " for one in text[:_SAID])


def _bounded(plan: Plan) -> None:
    """Refuse what takes too long to simulate, or cannot be reckoned with."""
    conditions = sum(map(_conditions, plan.sequences)) + sum(len(one.conditions) for one in plan.targeting.values())
    if conditions > MOST_CONDITIONS:
        raise UnfitError(f"The plan has {conditions:,} conditions; {MOST_CONDITIONS} are simulated at most.")
    parts = sum(map(_parts, plan.sequences)) + conditions
    if parts > MOST_PARTS:
        raise UnfitError(
            f"The plan has {parts:,} steps, channels, conditions and exits; {MOST_PARTS} are simulated at most."
        )
    if len(plan.scores) > MOST_SEQUENCES:
        raise UnfitError(f"The plan has {len(plan.scores):,} tables of scores; {MOST_SEQUENCES} are enough.")
    for name, table in plan.scores.items():
        gap = next((customer for customer, score in table.items() if not math.isfinite(score)), None)
        if gap is not None:
            raise UnfitError(
                f"The plan cannot be read: scores.{name} of {printable(gap)!r} is no number. Leave out who has no "
                "score; Plan.with_scores does."
            )
    money = (plan.budget or 0.0, *msgspec.structs.astuple(plan.costs))
    if not all(map(math.isfinite, money)):
        raise UnfitError("The plan cannot be read: its budget, or one of its costs, is no number.")


def _parts(sequence: Sequence) -> int:
    steps = sequence.steps
    return len(steps) + len(sequence.exits) + sum(len(step.channels) for step in steps)


def _conditions(sequence: Sequence) -> int:
    return len(sequence.conditions) + sum(len(step.conditions) for step in sequence.steps)
