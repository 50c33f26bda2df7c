"""What a student's notebook hands in: answers as outputs with a mimetype of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from crmlib.grading.spec.recorded import MIMETYPE
from crmlib.grading.student import cards
from crmlib.grading.student.cards import Card, Line
from crmlib.grading.student.checks import Looked, is_started, look_at, started_ids, validated
from crmlib.words import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["answer", "hand_in"]

_NOT_STARTED = (
    "Run the cells at the top of this notebook first, for one of them starts the exercise; then run this one again."
)


def answer(question: str, value: Any, *, inputs: Iterable[Any] | None = None) -> None:
    """Hand in an answer. Called again for the same question, the last call counts.

    Parameters
    ----------
    question
        The question's id, such as ``"q1"``.
    value
        What the question asks for: a number, a text, a list or dict, an array, a table (a DataFrame, a Series, an
        Arrow table, anything with ``.to_pandas()``), a figure (its axes), a plan of contacts, or a function.
    inputs
        For a function: what it is called with, one after the other. A dict is passed as keyword arguments, a list or
        tuple as arguments, anything else as the one argument. An input at which the function fails costs that input
        only.

    Examples
    --------
    >>> from crmlib.grading import start
    >>> start("example", [{"id": "q1", "title": "A share", "kind": "scalar", "points": 1}])
    >>> answer("q1", 0.25)
    NOTE  q1 is recorded
          The number 0.25.
    >>> answer("q1", [0.25])
    WRONG q1 is recorded, but it is not right yet
          A list of 1.
        x One value is asked for; this is a list of 1.
    >>> start("", [])  # the next example is another notebook
    """
    looked = look_at(question, value, inputs)
    hand_in(question, looked, _receipt(question, looked))
    if not is_started():
        validated(question, _NOT_STARTED)


def hand_in(question: str, looked: Looked, card: Card) -> None:
    """Show a card that carries an answer along.

    Parameters
    ----------
    question
        The question's id.
    looked
        The answer.
    card
        What is said of it.
    """
    cards.show(card, {MIMETYPE: looked.payload})
    validated(question, looked.wrong[0] if looked.wrong else "")


def _receipt(question: str, looked: Looked) -> Card:
    """Say what was handed in, and at once whether it is wrong for sure."""
    lines = [Line("note", looked.shown)] if looked.shown else []
    if not is_started():
        # The answer travels all the same: a graded run has put the cell back, and no point may hang on a card.
        return Card("bad", f"{question} is refused: nobody has looked at it", (*lines, Line("bad", _NOT_STARTED)))
    if question not in started_ids():
        hint = did_you_mean(str(question), started_ids())
        return Card("bad", f"{question} is no question of this exercise", (*lines, Line("bad", hint)))
    if looked.recorded.problem:
        return Card("bad", f"{question} cannot be graded", (Line("bad", looked.recorded.problem),))
    if looked.wrong:
        more = len(looked.wrong) - 1
        rest = [Line("note", f"and {more} more: see check({question!r}, ...)")] if more else []
        heading = f"{question} is recorded, but it is not right yet"
        return Card("bad", heading, (*lines, Line("bad", looked.wrong[0]), *rest))
    return Card("note", f"{question} is recorded", (*lines, *(Line("good", text) for text in looked.right)))
