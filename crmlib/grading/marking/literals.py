"""Answers that stand in their cells as text: read from there where the run ended before it came to them."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from crmlib.grading.kinds.registry import kind_of
from crmlib.grading.spec.recorded import Answer

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from crmlib.grading.spec.exercise import Exercise

__all__ = ["literal_answers"]

_LONGEST = 100_000


def literal_answers(exercise: Exercise, code: Sequence[str]) -> dict[str, Answer]:
    """Read the written answers and the quiz letters of a notebook off its code, which is never run here.

    Parameters
    ----------
    exercise
        The exercise.
    code
        The code of its cells, in their order.

    Examples
    --------
    >>> from crmlib.grading.kinds.own import load_exercise
    >>> found = literal_answers(load_exercise("03_rfm"), ['z1 = "c"', 'quiz("z1", z1, interactive=interactive)'])
    >>> {name: answer.value for name, answer in found.items()}
    {'z1': 'c'}
    """
    asked = {
        question.id
        for question in exercise.questions
        if kind_of(question).by_person or kind_of(question).counts_as == "quiz"
    }
    texts: dict[str, str] = {}
    found: dict[str, Answer] = {}
    for statement in (statement for source in code for statement in _statements(source)):
        if isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name):
            name, value = statement.targets[0].id, _text(statement.value, {})
            texts = {**texts, name: value} if value is not None else {key: texts[key] for key in texts if key != name}
        elif isinstance(statement, ast.Expr) and (handed := _handed_in(statement.value)):
            question, value = handed[0], _text(handed[1], texts)
            if question in asked and value:
                found[question] = Answer(question, "value", value)
    return found


def _statements(source: str) -> Iterator[ast.stmt]:
    if len(source) > _LONGEST:
        return
    try:
        yield from ast.parse(source).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return


def _handed_in(call: ast.expr) -> tuple[str, ast.expr] | None:
    """Give the question and the value of ``answer("w1", w1)`` or ``quiz("z1", z1)``."""
    if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Name) or call.func.id not in {"answer", "quiz"}:
        return None
    match call.args:
        case [ast.Constant(value=str(question)), value]:
            return question, value
    return None


def _text(value: ast.expr, texts: Mapping[str, str]) -> str | None:
    if isinstance(value, ast.Constant) and isinstance(value.value, str):
        return value.value
    return texts.get(value.id) if isinstance(value, ast.Name) else None
