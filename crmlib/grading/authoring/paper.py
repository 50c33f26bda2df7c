"""What can be seen of an exercise before anything is run: what would mark wrongly, and what could be better."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from crmlib.files import json_text
from crmlib.grading.authoring.editions import advice_on_source, problems_in_source, source_cells, student_notebook
from crmlib.grading.kinds.registry import kind_of
from crmlib.words import counted, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterator

    from crmlib.grading.spec.exercise import Exercise

__all__ = ["advice_on_paper", "faults_on_paper"]

_FEWEST = {"graded": 3, "quiz": 5, "written": 1}
_HIDDEN = 2
_SHORT = 12
_TASKS = 6
_NEAR = 1e-6


def faults_on_paper(exercise: Exercise) -> Iterator[str]:
    """Find what would mark wrongly, or not run: such an exercise is not released.

    Parameters
    ----------
    exercise
        The exercise.

    Examples
    --------
    >>> from crmlib.grading.kinds.own import load_exercise
    >>> list(faults_on_paper(load_exercise("03_rfm")))
    []
    """
    broken = problems_in_source(exercise)
    yield from broken
    total = sum(question.points for question in exercise.questions)
    if abs(total - exercise.points) > _NEAR:
        yield f"exercise.toml says {exercise.points:g} points; its questions add up to {total:g}."
    served = {goal for question in exercise.questions for goal in question.goals}
    if beyond := sorted(served - set(range(1, len(exercise.goals) + 1))):
        yield f"There is no goal {beyond[0]}: exercise.toml lists {len(exercise.goals)}."
    for question in exercise.questions:
        yield from kind_of(question).validate(question, exercise)
    if not broken:
        yield from _in_hidden(exercise)
        yield from _given_away(exercise)


def advice_on_paper(exercise: Exercise) -> Iterator[str]:
    """Find what could be better: style, goals, hints, tried mistakes.

    Parameters
    ----------
    exercise
        The exercise.

    Examples
    --------
    >>> from crmlib.grading.kinds.own import load_exercise
    >>> list(advice_on_paper(load_exercise("03_rfm")))
    []
    """
    yield from advice_on_source(exercise)
    served = {goal for question in exercise.questions for goal in question.goals}
    for number, goal in enumerate(exercise.goals, 1):
        if number not in served:
            yield f"No question serves goal {number} ({goal})."
    if not exercise.goals:
        yield "Say under goals what a student can do afterwards."
    kinds = [kind_of(question).counts_as for question in exercise.questions]
    for what, least in _FEWEST.items():
        if kinds.count(what) < least:
            asked = counted(least, f"{what} question")
            yield f"An exercise of this suite has at least {asked}; this one has {kinds.count(what)}."
    if len(exercise.hidden) < _HIDDEN:
        yield "Give two [[hidden]]: other days or costs for the hidden shops, so that numbers of the text fit neither."
    if 0 < len(exercise.tasks) < _TASKS:
        there = len(exercise.tasks)
        yield f"Declare {_TASKS} [[tasks]] at least, so that a published solution is worth little; there are {there}."
    for question in exercise.questions:
        yield from kind_of(question).advise(question, exercise)


def _in_hidden(exercise: Exercise) -> Iterator[str]:
    names = _parameters(exercise)
    for number, hidden in enumerate(exercise.hidden, 1):
        for name in sorted(set(hidden) - names):
            yield f"[[hidden]] {number}: {name} is no parameter of the notebook. {did_you_mean(name, sorted(names))}"


def _parameters(exercise: Exercise) -> set[str]:
    cell = next(one for one in source_cells(exercise) if "parameters" in one["metadata"].get("tags", []))
    return {
        node.target.id
        for node in ast.parse(cell["source"]).body
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name)
    }


def _given_away(exercise: Exercise) -> Iterator[str]:
    """Look for solution text in the student's edition."""
    if json_text(student_notebook(exercise)) != json_text(student_notebook(exercise)):
        yield "The student's edition differs from one build to the next."
    text = "\n".join("".join(cell["source"]) for cell in student_notebook(exercise)["cells"])
    lines = {line.strip() for line in text.splitlines()}
    for cell in source_cells(exercise):
        if cell["role"] not in {"solution", "instructor"}:
            continue
        for line in cell["source"].splitlines():
            told = line.strip()
            if len(told) > _SHORT and told in lines and not re.match(r"def |import |from |#|check\(|answer\(", told):
                yield f"The student's edition holds a line of the solution of {cell['question']}: {told}"
