"""A plan of contacts out of an answer that may be hostile: typed, of bounded work, or refused with the reason."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, ClassVar, Protocol

import msgspec

from crmlib.errors import PolicyError
from crmlib.grading.kinds.grids import Grid, UnfitError, described
from crmlib.grading.kinds.kind import Kind, Outcome
from crmlib.words import explained, printable

if TYPE_CHECKING:
    from crmlib.actions.plans import Plan
    from crmlib.actions.sequences import Sequence
    from crmlib.grading.spec.questions import Question
    from crmlib.grading.spec.recorded import Answer

__all__ = ["MOST_CONDITIONS", "MOST_PARTS", "MOST_SEQUENCES", "PlanOfContacts", "quoted", "recorded_plan"]

#: What a simulated week costs time for; a plan that people understand has a tenth of it.
MOST_SEQUENCES = 20
MOST_PARTS = 200
MOST_CONDITIONS = 40  # each is looked at anew every week, on every customer
_SAID = 400


class Future(Protocol):
    """What plans are held to on one hidden shop."""

    def judge(self, answer: Answer) -> Outcome:
        """Let a plan act, and say what came of it."""


class PlanOfContacts(Kind):
    """A plan of contacts, marked by what comes of it in futures of the hidden shop: no reference has to be near it."""

    name: ClassVar[str] = "plan"
    asked: ClassVar[str] = "A plan (crmlib.actions.Plan)"
    passed: ClassVar[str] = (
        "It can be read. crmlib.actions.check_plan says whether consent allows it; what it earns, grading will say."
    )
    by_future: ClassVar[bool] = True
    varies: ClassVar[bool] = False  # rules may well fit every shop: they have to bring something on each

    def read(self, question: Question, answer: Answer) -> Grid | None:  # noqa: ARG002 - every kind reads by its question
        """Say whether it may be a plan: its parts are read by `recorded_plan`, not as columns."""
        return Grid({}, 0, []) if answer.kind == "value" and isinstance(answer.value, dict) else None

    def check(self, question: Question, answer: Answer) -> list[str]:  # noqa: ARG002 - a plan is a plan
        """Read the plan, within bounds."""
        try:
            recorded_plan(answer)
        except UnfitError as error:
            return [str(error)]
        return []

    def summary(self, answer: Answer) -> str:
        """Say of a plan how many sequences it has, by which channels, and what it may spend."""
        try:
            plan = recorded_plan(answer)
        except UnfitError:
            return described(answer)
        count = len(plan.sequences)
        channels = {channel for sequence in plan.sequences for step in sequence.steps for channel in step.channels}
        by = f" by {', '.join(sorted(channels))}" if channels else ""
        budget = "no budget" if plan.budget is None else f"a budget of {plan.budget:,.2f}"
        return f"the plan {quoted(plan.name)!r}: {count} sequence{'s' * (count != 1)}{by}, {budget}"

    def compare(self, question: Question, answer: Answer, expected: Future) -> Outcome:  # noqa: ARG002 - the future has it
        """Let the plan act on a hidden shop.

        Parameters
        ----------
        question
            What is asked for.
        answer
            What the submission recorded.
        expected
            The future of the hidden shop.
        """
        return expected.judge(answer)


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
    >>> from crmlib.grading.spec.recorded import Answer
    >>> recorded_plan(Answer("q1", "value", {"name": "nothing"})).sequences
    ()
    >>> recorded_plan(Answer("q1", "value", {"name": "nothing", "costs": {"email": -1}}))
    Traceback (most recent call last):
    crmlib.grading.kinds.grids.UnfitError: The plan cannot be read: Expected `float` >= 0.0 - at `$.costs.email`
    """
    from crmlib.actions.plans import Plan  # a notebook that asks for no plan does without

    if answer.kind == "none":
        raise UnfitError(answer.problem or "Nothing was handed in.")
    if answer.kind != "value" or not isinstance(answer.value, dict):
        raise UnfitError(f"{PlanOfContacts.asked} is asked for; this is {described(answer)}.")
    if "name" not in answer.value:
        raise UnfitError(f"{PlanOfContacts.asked} is asked for; this dict has no name.")
    _hold_scores_to_numbers(answer.value.get("scores"))
    sequences = answer.value.get("sequences", ())
    if isinstance(sequences, list) and len(sequences) > MOST_SEQUENCES:
        raise UnfitError(f"The plan has {len(sequences):,} sequences; {MOST_SEQUENCES} are simulated at most.")
    try:
        plan = msgspec.convert(answer.value, Plan)
        msgspec.json.encode(plan)  # half a character, which JSON can escape, is no text
    except (msgspec.MsgspecError, PolicyError, UnicodeError) as error:
        raise UnfitError(f"The plan cannot be read: {quoted(explained(error, Plan))}") from None
    _bounded(plan)
    return plan


def quoted(text: str) -> str:
    """Make a sentence that may quote a student's text fit for a page: short, and of one line.

    Parameters
    ----------
    text
        The sentence.

    Examples
    --------
    >>> quoted("one" + chr(10) + "two")
    'one two'
    """
    return printable(text[:_SAID])


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
    money = (plan.budget or 0.0, *msgspec.structs.astuple(plan.costs))
    if not all(map(math.isfinite, money)):
        raise UnfitError("The plan cannot be read: its budget, or one of its costs, is no number.")


def _hold_scores_to_numbers(scores: object) -> None:
    """Name the customer whose score is no number; what is no table of scores at all, msgspec tells."""
    for name, table in scores.items() if isinstance(scores, dict) else ():
        for customer, score in table.items() if isinstance(table, dict) else ():
            if score is None or (isinstance(score, float) and not math.isfinite(score)):
                raise UnfitError(
                    f"The plan cannot be read: scores.{quoted(str(name))} of {quoted(str(customer))!r} is no number. "
                    "Leave out who has no score; Plan.with_scores does."
                )


def _parts(sequence: Sequence) -> int:
    steps = sequence.steps
    return len(steps) + len(sequence.exits) + sum(len(step.channels) for step in steps)


def _conditions(sequence: Sequence) -> int:
    return len(sequence.conditions) + sum(len(step.conditions) for step in sequence.steps)
