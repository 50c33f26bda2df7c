"""What can be said of an answer at once: its form, what follows from the student's shop, and one worked case."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import msgspec

from crmlib.errors import CrmlibError, ExerciseError
from crmlib.grading.kinds.function import Function
from crmlib.grading.kinds.grids import described
from crmlib.grading.kinds.registry import hold_to_rules, kind_of, problems
from crmlib.grading.spec.questions import Question
from crmlib.grading.spec.recorded import REFUSED, VERSION, parse
from crmlib.grading.student import cards
from crmlib.grading.student.cards import Card, Line
from crmlib.grading.student.cases import at_worked_case
from crmlib.grading.student.encoding import encode
from crmlib.grading.student.known import Facts, against_facts, identified
from crmlib.notebook.recording import running_shell
from crmlib.words import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from crmlib.grading.spec.recorded import Answer

__all__ = [
    "Looked",
    "asked_or_none",
    "check",
    "facts",
    "is_started",
    "look_at",
    "start",
    "started_ids",
    "started_question",
    "validated",
]


@dataclass
class _Open:
    """The exercise whose notebook this Python runs."""

    name: str = ""
    questions: tuple[Question, ...] = ()
    facts: dict[str, Facts] = field(default_factory=dict)


_open = _Open()


@dataclass(frozen=True)
class Looked:
    """An answer, and what can be said of it.

    Attributes
    ----------
    payload
        What travels in the output.
    recorded
        The answer as whoever grades will read it.
    wrong
        What is wrong for sure: sentences.
    right
        What is right for sure: a worked case.
    """

    payload: dict[str, Any]
    recorded: Answer
    wrong: tuple[str, ...]
    right: tuple[str, ...] = ()

    @property
    def shown(self) -> str:
        """What was recorded, as a sentence; empty where nothing can be."""
        if self.recorded.kind == "none":
            return ""
        asked = asked_or_none(self.recorded.question)
        text = described(self.recorded) if asked is None else kind_of(asked).summary(self.recorded)
        return f"{text[:1].upper()}{text[1:]}."


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
    _open.name, _open.questions, _open.facts = exercise, asked, {}


def facts(
    question: str,
    *,
    keys: Iterable[Any] | None = None,
    totals: Mapping[str, Any] | None = None,
    row: Mapping[str, Any] | None = None,
    budget: float | None = None,
    seen: Any = None,
) -> None:
    """Say what follows from the shop and is no secret, so that `check` can hold an answer to it.

    A given cell of the notebook calls it, with what every student could count. It is no answer, and nothing is graded
    by it.

    Parameters
    ----------
    question
        The question's id.
    keys
        What the rows of a table are for: the ids of its key column, each as often as it likes; tuples where the key
        has several columns.
    totals
        Column to what it adds up to.
    row
        One worked row, its key among it.
    budget, seen
        Of a plan: the most that it may spend, and the table of customers that it is for.

    Raises
    ------
    ExerciseError
        The exercise has no such question, or a column is not among the question's.

    Examples
    --------
    >>> start("example", [{"id": "q1", "title": "Spend", "kind": "table", "points": 1, "key": ["customer_id"],
    ...                    "fields": {"customer_id": {"type": "text"}, "spend": {}}}])
    >>> facts("q1", keys=["a", "b", "b"], totals={"spend": 30})
    >>> import pandas as pd
    >>> check("q1", pd.DataFrame({"customer_id": ["a"], "spend": [30.0]}))
    WRONG q1: Spend
          A table with 1 row and 2 columns.
        x 1 of 2 rows are missing, such as customer_id b: one row for each customer_id is asked for.
    >>> start("", [])  # the next example is another notebook
    """
    if not is_started():
        return  # a given cell must go on; `answer` says what to do
    asked = started_question(question)
    for name in (*(totals or {}), *(row or {})):
        if name not in asked.fields:
            raise ExerciseError(
                f"facts({question!r}, ...): {name!r} is not asked for. {did_you_mean(name, asked.fields)}"
            )
    _open.facts[question] = Facts(
        keys=None if keys is None else tuple(dict.fromkeys(map(identified, keys))),
        totals={name: float(total) for name, total in (totals or {}).items()},
        row={name: _as_recorded(value) for name, value in (row or {}).items()},
        budget=budget,
        seen=seen,
    )


def check(question: str, value: Any, *, inputs: Iterable[Any] | None = None) -> None:
    """Look at an answer before it is handed in: kind, shape, columns, types, units and bounds.

    It does not know what is right, but for what follows from the shop and one worked case. An answer that passes can
    be wrong; one that does not pass is wrong for sure.

    Parameters
    ----------
    question, value, inputs
        As for `crmlib.grading.answer`.

    Raises
    ------
    ExerciseError
        There is no such question, or the notebook's first cells have not run.

    Examples
    --------
    >>> start("example", [{"id": "q1", "title": "A share", "kind": "scalar", "points": 1,
    ...                    "value": {"least": 0, "most": 1, "unit": "a share from 0 to 1"}}])
    >>> check("q1", 34.2)
    WRONG q1: A share
          The number 34.2.
        x the answer: 34.2 is above 1; it is counted in a share from 0 to 1.
    >>> check("q1", 0.342)
    NOTE  q1: A share
          The number 0.342.
          The form is as asked: kind, type and bounds. Whether it is right, grading will say.
    >>> start("", [])  # the next example is another notebook
    """
    asked = started_question(question)
    looked = look_at(question, value, inputs)
    lines = [Line("note", looked.shown)] if looked.shown else []
    lines += [Line("bad", sentence) for sentence in looked.wrong]
    if not looked.wrong:
        lines.append(Line("note", kind_of(asked).passed))
    lines += [Line("good", sentence) for sentence in looked.right]
    cards.show(Card("bad" if looked.wrong else "note", f"{question}: {asked.title}", tuple(lines)))


def look_at(question: str, value: Any, inputs: Iterable[Any] | None) -> Looked:
    """Record an answer, and say of it what can be said; nothing that a student hands in makes it fail.

    Parameters
    ----------
    question, value, inputs
        As for `crmlib.grading.answer`.
    """
    asked = asked_or_none(question)
    try:
        if asked is not None and isinstance(kind_of(asked), Function) and callable(value) and inputs is None:
            inputs = _inputs_of(question, value)
        payload = encode(question, value, inputs=inputs)
    except CrmlibError as error:
        payload = _refused(question, str(error))
    except Exception as error:  # noqa: BLE001 - a value may be of any class, and each of its methods may fail
        payload = _refused(question, f"It cannot be recorded ({type(error).__name__}: {error}).")
    recorded = parse(payload)
    if recorded.problem or asked is None:
        return Looked(payload, recorded, (recorded.problem,) if recorded.problem else ())
    wrong = problems(asked, recorded)
    if isinstance(value, (set, frozenset)) and asked.row_order == "same":
        wrong.append("A set has no order, and the order counts here: hand in a list.")
    right: list[str] = []
    if not wrong:
        wrong, right = against_facts(asked, recorded, _open.facts.get(question, Facts()))
    if callable(value) and asked.case is not None:
        at_case, is_right = at_worked_case(asked, value)
        (right if is_right else wrong).append(at_case)
    return Looked(payload, recorded, tuple(wrong), tuple(right))


def validated(question: str, problem: str) -> None:
    """Fail the cell where nbgrader validates the notebook: its button says of every cell that does not, that it passes.

    Parameters
    ----------
    question
        The question's id.
    problem
        What is wrong with its answer; empty for nothing.

    Raises
    ------
    ExerciseError
        Something is, and nbgrader's Validate runs this notebook.
    """
    if problem and os.environ.get("NBGRADER_VALIDATING"):
        raise ExerciseError(f"{question}: {problem}")


def is_started() -> bool:
    """Say whether the cell that starts the exercise has run."""
    return bool(_open.questions)


def asked_or_none(question: str) -> Question | None:
    """Give a question of the exercise that this notebook has started; None where there is none of that id.

    Parameters
    ----------
    question
        Its id.
    """
    return next((one for one in _open.questions if one.id == question), None)


def started_ids() -> list[str]:
    """Give the ids of the started exercise's questions."""
    return [one.id for one in _open.questions]


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
    if not is_started():
        raise ExerciseError("Run the cells at the top of this notebook first: one of them starts the exercise.")
    asked = asked_or_none(question)
    if asked is None:
        hint = did_you_mean(str(question), started_ids())
        raise ExerciseError(f"This exercise has no question {question!r}. {hint}")
    return asked


def _inputs_of(question: str, function: Any) -> Iterable[Any]:
    """Give the inputs to try a function on: a parameter of the notebook holds them under the question's name."""
    shell = running_shell()
    names = vars(sys.modules["__main__"]) if shell is None else shell.user_ns
    inputs: Iterable[Any] | None = names.get(f"{question}_inputs")
    if inputs is None:
        called = getattr(function, "__name__", "function")
        raise ExerciseError(
            f"{question} is a function, and {question}_inputs is not there: run the cell with the parameters at the "
            f'top, or say what it is called with, check("{question}", {called}, inputs=[...]).'
        )
    return inputs


def _as_recorded(value: Any) -> Any:
    """Bring a value of the shop into the form that recorded ones have."""
    return parse(encode("row", value)).value


def _refused(question: Any, why: str) -> dict[str, Any]:
    return {"version": VERSION, "question": question, "kind": REFUSED, "value": why}
