"""What can be said of an answer at once, without knowing what is right: its kind, its columns, types and bounds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

from crmlib.errors import ExerciseError
from crmlib.grading.kinds.grids import described
from crmlib.grading.kinds.registry import hold_to_rules, kind_of, problems
from crmlib.grading.spec.questions import Question
from crmlib.grading.spec.recorded import parse
from crmlib.grading.student import cards
from crmlib.grading.student.cards import Card, Line
from crmlib.grading.student.encoding import encode
from crmlib.words import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from crmlib.grading.spec.recorded import Answer

__all__ = ["check", "receipt", "start", "started_question"]


@dataclass
class _Open:
    """The exercise whose notebook this Python runs."""

    name: str = ""
    questions: tuple[Question, ...] = ()


_open = _Open()


def start(exercise: str, questions: Sequence[Any]) -> None:
    """Say which questions this notebook asks; the cell that calls it is written by `crmlib release`.

    Parameters
    ----------
    exercise
        The exercise's name.
    questions
        What each question asks for, never what is right.

    Raises
    ------
    ExerciseError
        The cell was changed and cannot be read any more.
    """
    try:
        asked = msgspec.convert(list(questions), tuple[Question, ...])
        for question in asked:
            hold_to_rules(question)
    except (msgspec.ValidationError, ExerciseError) as error:
        raise ExerciseError(
            f"The cell that starts the exercise was changed ({error}): take it from a fresh copy."
        ) from None
    _open.name, _open.questions = exercise, asked


def check(question: str, value: Any, *, inputs: Iterable[Any] | None = None) -> None:
    """Look at an answer before it is handed in: kind, shape, columns, types, units and bounds.

    It does not know what is right. An answer that passes can be wrong; one that does not pass is wrong for sure.

    Parameters
    ----------
    question, value, inputs
        As for `crmlib.grading.answer`.

    Raises
    ------
    ExerciseError
        There is no such question, or the value cannot be recorded.

    Examples
    --------
    >>> start("example", [{"id": "q1", "title": "A share", "kind": "scalar", "points": 1,
    ...                    "value": {"least": 0, "most": 1, "unit": "a share from 0 to 1"}}])
    >>> check("q1", 34.2)
    WRONG q1: A share
          The number 34.2.
        x the answer: 34.2 is above 1; it is counted in a share from 0 to 1.
    >>> start("", [])  # the next example is another notebook
    """
    asked = started_question(question)
    recorded = parse(encode(question, value, inputs=inputs))
    wrong = problems(asked, recorded)
    lines = [Line("note", _sentence(described(recorded))), *(Line("bad", one) for one in wrong)]
    if not wrong:
        lines.append(Line("good", kind_of(asked).passed))
    cards.show(Card("bad" if wrong else "good", f"{question}: {asked.title}", tuple(lines)))


def receipt(recorded: Answer) -> Card:
    """Give the card that says what was handed in, and at once whether it is of the wrong kind.

    Parameters
    ----------
    recorded
        The answer as whoever grades will read it.
    """
    name, lines = recorded.question, [Line("note", _sentence(described(recorded)))]
    asked = next((one for one in _open.questions if one.id == name), None)
    if recorded.problem:
        return Card("bad", f"{name} cannot be graded", (Line("bad", recorded.problem),))
    if asked is None and _open.questions:
        hint = did_you_mean(name, (one.id for one in _open.questions))
        return Card("bad", f"{name} is no question of this exercise", (*lines, Line("bad", hint)))
    wrong = [] if asked is None else problems(asked, recorded)
    if wrong:
        more = [Line("note", f"and {len(wrong) - 1} more: see check({name!r}, ...)")] if len(wrong) > 1 else []
        return Card("bad", f"{name} is recorded, but it is not right yet", (*lines, Line("bad", wrong[0]), *more))
    return Card("good", f"{name} is recorded", tuple(lines))


def started_question(question: str) -> Question:
    """Give a question of the exercise that this notebook has started.

    Parameters
    ----------
    question
        Its id.

    Raises
    ------
    ExerciseError
        No exercise was started, or it has no such question.
    """
    if not _open.questions:
        raise ExerciseError("Run the cells at the top of this notebook first: one of them starts the exercise.")
    for one in _open.questions:
        if one.id == question:
            return one
    ids = [one.id for one in _open.questions]
    raise ExerciseError(f"This exercise has no question {question!r}. {did_you_mean(str(question), ids)}")


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}."
