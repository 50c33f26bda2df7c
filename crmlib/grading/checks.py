"""What can be said of an answer at once, without knowing what is right: its kind, its columns, types and bounds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

from crmlib.errors import ExerciseError
from crmlib.grading import cards
from crmlib.grading.cards import Card, Line
from crmlib.grading.grids import Grid, UnfitError, canonical, described, grid, shown, subject
from crmlib.grading.questions import Question
from crmlib.schema import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from crmlib.grading.questions import Field
    from crmlib.grading.reading import Answer

__all__ = ["check", "fields_of", "problems", "receipt", "start", "started_question"]

_ABSOLUTE = 1e-6
_LISTED = 30  # column names that a hint may choose from


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
        _open.questions = msgspec.convert(list(questions), tuple[Question, ...])
    except (msgspec.ValidationError, ExerciseError) as error:
        raise ExerciseError(
            f"The cell that starts the exercise was changed ({error}): take it from a fresh copy."
        ) from None
    _open.name = exercise


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
    from crmlib.grading.answers import encode
    from crmlib.grading.reading import parse

    asked = started_question(question)
    recorded = parse(encode(question, value, inputs=inputs))
    wrong = problems(asked, recorded)
    lines = [Line("note", _sentence(described(recorded))), *(Line("bad", one) for one in wrong)]
    if not wrong:
        lines.append(Line("good", _passed(asked)))
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


def _passed(question: Question) -> str:
    if question.kind == "table":
        return "Columns, types and bounds are as asked. Whether the values are right, grading will say."
    if question.kind in {"quiz", "written"}:
        return "It can be handed in."
    if question.kind == "plan":
        return (
            "It can be read. crmlib.actions.check_plan says whether consent allows it; what it earns, grading will say."
        )
    return "Kind, type and bounds are as asked. Whether it is right, grading will say."


def fields_of(question: Question) -> dict[str, Field]:
    """Give what each column of a question's `Grid` holds.

    Parameters
    ----------
    question
        The question.
    """
    if question.kind == "quiz":
        return {"": msgspec.structs.replace(question.value, type="text", choices=tuple(question.options))}
    if question.kind in {"text", "written"}:
        return {"": msgspec.structs.replace(question.value, type="text")}
    return question.fields or {"": question.value}


def problems(question: Question, answer: Answer) -> list[str]:
    """Find what is wrong with an answer for sure, whatever the right one is.

    Parameters
    ----------
    question
        What is asked for.
    answer
        What was recorded.

    Returns
    -------
    list of str
        Sentences for the student; none tells an expected value.
    """
    try:
        if question.kind == "plan":
            from crmlib.grading.plans import recorded_plan

            recorded_plan(answer)
            return []
        columns = grid(question, answer)
    except UnfitError as error:
        return [str(error)]
    if question.kind == "figure":
        return _in_figure(answer)
    if question.kind == "written":
        return _in_words(question, columns.columns[""][0])
    found = _in_shape(question, columns)
    if question.kind == "function":
        found += [f"{columns.places[row]}: {_sentence(said)}" for row, said in list(columns.failures.items())[:1]]
    for name, one in fields_of(question).items():
        if name in columns.columns:
            found += _in_column(question, name, one, columns)
    return found


def _in_shape(question: Question, columns: Grid) -> list[str]:
    there, wanted = list(columns.columns), list(fields_of(question))
    found = []
    for name in wanted:
        if name and name not in there:
            others = [shown(one).strip("'") for one in there[:_LISTED] if one not in wanted]
            hint = f" {did_you_mean(name, others)}" if others else ""
            found.append(f"{subject(question, name)} is missing.{hint}")
    extra = [name for name in there if name not in wanted]
    if extra and not question.extra_columns:
        found.append(f"{subject(question, shown(extra[0]))} was not asked for: take it away.")
    if question.column_order == "same" and not found and [one for one in there if one in wanted] != wanted:
        found.append(f"The columns stand in another order; it is asked for: {', '.join(wanted)}.")
    if question.kind == "list" and question.shape and columns.rows != question.shape[0]:
        found.append(f"A list of {question.shape[0]} is asked for; this has {columns.rows}.")
    if question.kind == "table" and not columns.rows:
        found.append("The table has no rows.")
    keys = [columns.columns[name] for name in question.key if name in there]
    if keys and len(keys) == len(question.key):
        found += _twice(columns, keys)
    return found


def _twice(columns: Grid, keys: list[list[Any]]) -> list[str]:
    seen: set[str] = set()
    for row, key in enumerate(zip(*keys, strict=True)):
        if repr(key) in seen:
            return [f"{columns.places[row]} stands in more than one row: one row for each is asked for."]
        seen.add(repr(key))
    return []


def _in_column(question: Question, name: str, one: Field, columns: Grid) -> list[str]:
    what, unit = subject(question, name), f"; it is counted in {one.unit}" if one.unit else ""
    values: list[Any] = []
    faults: dict[str, list[tuple[int, str]]] = {}
    for row, value in enumerate(columns.columns[name]):
        if row in columns.failures:
            continue
        try:
            fit = canonical(one, value)
        except UnfitError as error:
            faults.setdefault("type", []).append((row, str(error)))
            continue
        fault = _fault(one, fit, value)
        if fault:
            faults.setdefault(fault[0], []).append((row, fault[1]))
        values.append(fit)
    found = [_told(what, columns, rows, unit if kind == "bounds" else "") for kind, rows in faults.items()]
    whole = not faults and not columns.failures
    if whole and one.unique and (again := _repeated(values)) is not None:
        found.append(f"{what}: {shown(again)} comes more than once.")
    if whole and one.adds_up_to is not None and all(isinstance(value, (int, float)) for value in values):
        total = sum(values)
        if abs(total - one.adds_up_to) > _ABSOLUTE + one.atol * len(values):
            found.append(f"{what}: the values add up to {shown(float(total))}, not to {one.adds_up_to:g}{unit}.")
    return found


def _fault(one: Field, fit: Any, value: Any) -> tuple[str, str] | None:
    if fit is None:
        return None if one.missing else ("missing", "a value is missing")
    if one.least is not None and isinstance(fit, (int, float)) and fit < one.least:
        return "bounds", f"{shown(value)} is below {one.least:g}"
    if one.most is not None and isinstance(fit, (int, float)) and fit > one.most:
        return "bounds", f"{shown(value)} is above {one.most:g}"
    if isinstance(fit, float) and fit in {float("inf"), float("-inf")}:
        return "infinite", f"{shown(value)} is not finite"
    if one.choices and fit not in one.choices:
        return "choices", f"{shown(value)} is none of {', '.join(one.choices)}"
    return None


def _told(what: str, columns: Grid, rows: list[tuple[int, str]], unit: str) -> str:
    (row, said), count = rows[0], len(rows)
    place = f" at {columns.places[row]}" if columns.places[row] else ""
    if count == 1:
        return f"{what}{place}: {said}{unit}."
    return f"{what}: {count:,} of {columns.rows:,} values do not fit; the first is{place}: {said}{unit}."


def _repeated(values: list[Any]) -> Any:
    seen: set[Any] = set()
    for value in values:
        if value in seen:
            return value
        seen.add(value)
    return None


def _in_figure(answer: Answer) -> list[str]:
    axes: list[dict[str, Any]] = answer.value
    if not any(one["series"] for one in axes):
        return ["Nothing is drawn in these axes."]
    found = []
    if not any(one["title"].strip() for one in axes):
        found.append("The figure has no title: say what it shows.")
    missing = [name for name in ("xlabel", "ylabel") if not any(one[name].strip() for one in axes)]
    if missing:
        found.append(f"The figure has no {' and no '.join(missing)}: say what is counted, and in what.")
    return found


def _in_words(question: Question, text: str) -> list[str]:
    words = len(text.split())
    if words < question.least_words:
        return [f"{words} words are few: write {question.least_words} to {question.most_words}."]
    if words > question.most_words:
        return [f"{words:,} words are many: write {question.least_words} to {question.most_words}."]
    return []
