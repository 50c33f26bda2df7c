"""The editions of an exercise: the student's, the instructor's and the reference's, from one percent source.

Each is a notebook as a dict, the same every time. Cells carry nbgrader's metadata (schema version 3), so that its
tools know which cell is the student's work, and which one holds the mark.
"""

from __future__ import annotations

import ast
import functools
from html import escape
from typing import TYPE_CHECKING, Any

import msgspec

from crmlib.errors import ExerciseError
from crmlib.grading.authoring.handout import FIRST_CELL, Handout, first_cell
from crmlib.grading.kinds.registry import built_in, kind_of
from crmlib.grading.spec.tasks import fill_in, public_choices
from crmlib.suite import anatomy
from crmlib.suite.build import LANGUAGES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from crmlib.grading.spec.exercise import Exercise
    from crmlib.grading.spec.questions import Question

__all__ = [
    "advice_on_source",
    "instructor_notebook",
    "practice_notebook",
    "problems_in_source",
    "reference_notebook",
    "source_cells",
    "student_notebook",
    "with_cells",
]

_ROLES = ("stub", "solution", "answer", "instructor")
_SCHEMA = 3
_LOCKED = {"schema_version": _SCHEMA, "task": False, "locked": True, "grade": False, "solution": False}
_NOT_FOR_CHECKS = {"hints", "goals", "review", "agree", "parts", "explanation"}


def student_notebook(exercise: Exercise) -> dict[str, Any]:
    """Give the notebook that students work in: stubs for solutions, hints folded away.

    Parameters
    ----------
    exercise
        The exercise.

    Raises
    ------
    ExerciseError
        Its source breaks a rule; the message names the cell and the line.

    Examples
    --------
    >>> from crmlib.grading.kinds.own import load_exercise
    >>> notebook = student_notebook(load_exercise("03_rfm"))
    >>> sum(cell["metadata"].get("nbgrader", {}).get("points", 0) for cell in notebook["cells"])
    30.0
    """
    notebook = _notebook(exercise, leave_out={"solution", "instructor"})
    first = next(at for at, cell in enumerate(notebook["cells"]) if cell["cell_type"] == "code")
    metadata = {"nbgrader": {**_LOCKED, "grade_id": FIRST_CELL}}
    notebook["cells"].insert(first, _built("code", FIRST_CELL, metadata, first_cell(Handout())))
    return notebook


def reference_notebook(exercise: Exercise) -> dict[str, Any]:
    """Give the notebook whose recorded answers are right: the solutions, run by the trusted side.

    Parameters
    ----------
    exercise
        The exercise.
    """
    return _notebook(exercise, leave_out={"stub", "instructor"})


def instructor_notebook(exercise: Exercise) -> dict[str, Any]:
    """Give the notebook for who teaches: solutions, remarks, rubrics, and the common mistakes with what they earn.

    Parameters
    ----------
    exercise
        The exercise.
    """
    return _notebook(exercise, leave_out={"stub"}, remarks=True)


def practice_notebook(exercise: Exercise) -> dict[str, Any]:
    """Give the notebook for who learns alone: the student's, with a worked solution folded away below each question.

    Parameters
    ----------
    exercise
        The exercise.

    Examples
    --------
    >>> from crmlib.grading.kinds.own import load_exercise
    >>> cells = practice_notebook(load_exercise("03_rfm"))["cells"]
    >>> sum("A worked solution" in "".join(cell["source"]) for cell in cells)
    8
    """
    solutions = {cell["question"]: cell["source"] for cell in source_cells(exercise) if cell["role"] == "solution"}
    student = student_notebook(exercise)
    built: list[dict[str, Any]] = []
    for cell in student["cells"]:
        built.append(_starting_cell(exercise, explained=True) if cell["id"] == "start" else cell)
        question = next((one for one in exercise.questions if cell["id"] == f"{one.id}-answer"), None)
        if question is not None and not question.options:  # a quiz explains its choice itself
            built.append(_markdown(f"{question.id}-worked", _worked(exercise, question, solutions[question.id])))
    return {**student, "cells": built}


def with_cells(notebook: dict[str, Any], cells: Mapping[str, str]) -> dict[str, Any]:
    """Give a notebook in which some questions are answered otherwise.

    Parameters
    ----------
    notebook
        An edition.
    cells
        Question to the code that stands in the place of its work.
    """
    changed = {f"{question}-work": code.strip().splitlines(keepends=True) for question, code in cells.items()}
    return {
        **notebook,
        "cells": [{**cell, "source": changed.get(cell["id"], cell["source"])} for cell in notebook["cells"]],
    }


@functools.lru_cache(maxsize=32)
def _read(source: Path, changed: int) -> tuple[list[dict[str, Any]], list[str]]:  # noqa: ARG001 - the cache's key
    import jupytext

    text = source.read_text(encoding="utf-8")
    markers = [number for number, line in enumerate(text.splitlines(), 1) if line.startswith("# %%")]
    body = text[text.index("# %%") :] if markers else ""
    cells = [dict(cell) for cell in jupytext.reads(body, fmt="py:percent").cells] if body else []
    if len(cells) != len(markers):
        return [], [f"{source}: expected {len(markers)} cells, one for each '# %%', found {len(cells)}."]
    for cell, line in zip(cells, markers, strict=True):
        cell["line"] = line
        tags = cell["metadata"].get("tags", [])
        cell["role"] = next((role for role in _ROLES if role in tags), "")
        cell["question"] = cell["metadata"].get("question", "")
    return cells, []


def source_cells(exercise: Exercise) -> list[dict[str, Any]]:
    """Read the percent source: each cell with its ``line``, its ``role`` and the ``question`` it belongs to.

    Parameters
    ----------
    exercise
        The exercise.

    Raises
    ------
    ExerciseError
        The file is not there, breaks a rule, or is not in the percent format.
    """
    cells, broken = _cells(exercise)
    broken = broken or problems_in_source(exercise)
    if broken:
        raise ExerciseError(f"{exercise.name} breaks the rules of an exercise:\n" + "\n".join(broken))
    return cells


def _cells(exercise: Exercise) -> tuple[list[dict[str, Any]], list[str]]:
    try:
        cells, broken = _read(exercise.source, exercise.source.stat().st_mtime_ns)
        return fill_in(cells, exercise.tasks, public_choices(exercise.tasks)), broken
    except FileNotFoundError:
        raise ExerciseError(f"There is no {exercise.source}: an exercise has its stub and solution there.") from None


def problems_in_source(exercise: Exercise) -> list[str]:
    """Find what breaks the rules of an exercise's source.

    Each question has, in this order: a Markdown cell that asks, a stub, a solution, and a cell that hands in. A stub
    raises NotImplementedError with a sentence on what to return. What would not run on another machine is wrong, too.

    Parameters
    ----------
    exercise
        The exercise.

    Returns
    -------
    list of str
        What is wrong, with the cell and the line; empty if nothing is.
    """
    cells, broken = _cells(exercise)
    if broken:
        return broken
    found = [
        f"{exercise.source}: {message}" for question in exercise.questions for message in _in_question(question, cells)
    ]
    known = {question.id for question in exercise.questions}
    for number, cell in enumerate(cells, 1):
        place = f"{exercise.source}, cell {number}, line {cell['line']}"
        if cell["question"] and cell["question"] not in known:
            found.append(f"{place}: exercise.toml has no question {cell['question']!r}.")
        if cell["role"] in {"stub", "answer"} and not cell["question"]:
            found.append(f'{place}: say which question this is the {cell["role"]} of: question="q1".')
        if cell["metadata"].get("lang") is not None:
            found.append(f"{place}: an exercise has one language ({', '.join(LANGUAGES)} come with its notebook).")
    return [*found, *_anatomy(exercise, cells, style=False)]


def advice_on_source(exercise: Exercise) -> list[str]:
    """Find what is not in the style of the house: the suite's own exercises keep to it, yours may.

    Parameters
    ----------
    exercise
        The exercise.

    Returns
    -------
    list of str
        What could be better, with the cell and the line.

    Examples
    --------
    >>> from crmlib.grading.kinds.own import load_exercise
    >>> advice_on_source(load_exercise("03_rfm"))
    []
    """
    cells, broken = _cells(exercise)
    return [] if broken else list(_anatomy(exercise, cells, style=True))


def _anatomy(exercise: Exercise, cells: list[dict[str, Any]], *, style: bool) -> Iterator[str]:
    chosen = [(number, cell) for number, cell in enumerate(cells, 1) if cell["role"] != "stub"]
    for problem in anatomy.problems([cell for _, cell in chosen], any_shop=False):
        if problem.style == style:
            number, cell = chosen[min(problem.cell, len(chosen)) - 1]
            yield f"{exercise.source}, cell {number}, line {cell['line'] + problem.line}: {problem.message}"


def _in_question(question: Question, cells: list[dict[str, Any]]) -> Iterator[str]:
    own = [cell for cell in cells if cell["question"] == question.id and cell["role"] != "instructor"]
    order = [cell["role"] or cell["cell_type"] for cell in own]
    if order != ["markdown", "stub", "solution", "answer"]:
        yield (
            f"question {question.id} needs four cells with question={question.id!r}: Markdown that asks, then code "
            f"tagged stub, solution, answer; found {', '.join(order) or 'none'}."
        )
        return
    _, stub, solution, handed = own
    if problem := kind_of(question).stub(question, stub["source"]):
        yield f"line {stub['line']}: {problem}"
    if "NotImplementedError" in solution["source"]:
        yield f"line {solution['line']}: the solution of {question.id} is not finished."
    if not _hands_in(question, handed["source"]):
        yield f'line {handed["line"]}: this cell must call answer("{question.id}", ...) or quiz("{question.id}", ...).'


def _hands_in(question: Question, source: str) -> bool:
    try:
        calls = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)]
    except SyntaxError:
        return False
    return any(
        isinstance(call.func, ast.Name)
        and call.func.id in {"answer", "quiz"}
        and call.args
        and isinstance(call.args[0], ast.Constant)
        and call.args[0].value == question.id
        for call in calls
    )


def _notebook(exercise: Exercise, *, leave_out: set[str], remarks: bool = False) -> dict[str, Any]:
    built: list[dict[str, Any]] = []
    questions = {question.id: question for question in exercise.questions}
    for cell in source_cells(exercise):
        if cell["role"] in leave_out:
            continue
        built.append(_cell(cell, len(built) + 1, questions))
        if "parameters" in cell["metadata"].get("tags", []):
            built.append(_starting_cell(exercise))
        if remarks and cell["role"] == "answer" and (text := _remarks(exercise, questions[cell["question"]])):
            built.append(_markdown(f"{cell['question']}-remarks", text))
    return {
        "cells": built,
        "metadata": {
            "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
            "language_info": {"name": "python"},
            "crmlib": {"exercise": exercise.name},
        },
        "nbformat": 4,
        "nbformat_minor": 5,
    }


def _cell(cell: dict[str, Any], position: int, questions: dict[str, Question]) -> dict[str, Any]:
    kind, source = cell["cell_type"], cell["source"]
    question = questions.get(cell["question"])
    if question is None:
        metadata = {key: cell["metadata"][key] for key in ("tags", "mystnb") if key in cell["metadata"]}
        return _built(kind, f"{position:02d}-{kind}", metadata, source)
    if kind == "markdown":
        return _markdown(f"{question.id}-ask", f"{source}\n\n{_below(question)}")
    graded = cell["role"] == "answer"
    metadata = {"nbgrader": _nbgrader(question, graded=graded)}
    metadata |= {key: cell["metadata"][key] for key in ("mystnb",) if key in cell["metadata"]}
    return _built(kind, f"{question.id}-{'answer' if graded else 'work'}", metadata, source)


def _nbgrader(question: Question, *, graded: bool) -> dict[str, Any]:
    plain = {"schema_version": _SCHEMA, "task": False, "locked": graded, "grade": graded, "solution": not graded}
    if graded:
        return {**plain, "grade_id": question.id, "points": float(question.points), "cell_type": "code"}
    return {**plain, "grade_id": f"{question.id}-work"}


def _built(kind: str, name: str, metadata: dict[str, Any], source: str) -> dict[str, Any]:
    cell: dict[str, Any] = {
        "cell_type": kind,
        "id": name,
        "metadata": metadata,
        "source": source.splitlines(keepends=True),
    }
    return cell | ({"execution_count": None, "outputs": []} if kind == "code" else {})


def _markdown(name: str, text: str) -> dict[str, Any]:
    return _built("markdown", name, {}, text)


def _below(question: Question) -> str:
    """Say below a question what it earns, and fold its hints away."""
    points = f"{question.points:g} point{'s' * (question.points != 1)}"
    how = kind_of(question).marked_how(question)
    lines = [f"*{points}{'; ' * bool(how)}{how}.*"]
    if question.options:
        lines = [*(f"- **{letter}** {text}" for letter, text in question.options.items()), "", *lines]
    for number, hint in enumerate(question.hints, 1):
        lines += ["", f"<details><summary>Hint {number}</summary>{escape(hint, quote=False)}</details>"]
    return "\n".join(lines)


def _starting_cell(exercise: Exercise, *, explained: bool = False) -> dict[str, Any]:
    """Write the cell that tells the kernel what is asked; it holds no answer, and nothing depends on its being kept."""
    left_out = _NOT_FOR_CHECKS - {"explanation"} if explained else _NOT_FOR_CHECKS
    asked = [
        {
            key: built_in(question) if key == "kind" else value
            for key, value in msgspec.to_builtins(question).items()
            if key not in left_out
        }
        for question in exercise.questions
    ]
    lines = [
        "# This cell tells check(...) what is asked. It knows no answers. Run it, and leave it as it is.",
        "from crmlib.grading import start",
        "",
        f"start({exercise.name!r}, [",
        *(f"    {one!r}," for one in asked),
        "])",
    ]
    metadata = {"jupyter": {"source_hidden": True}, "nbgrader": {**_LOCKED, "grade_id": "start"}}
    return _built("code", "start", metadata, "\n".join(lines))


def _worked(exercise: Exercise, question: Question, solution: str) -> str:
    """Fold away a solution with what others got wrong; it is never in an edition that is graded."""
    remarks = _remarks(exercise, question)
    return "\n".join(
        [
            "<details><summary>A worked solution, for when you have tried</summary>",
            "",
            f"```python\n{solution.strip()}\n```",
            *(["", remarks] if remarks else []),
            "",
            "</details>",
        ]
    )


def _remarks(exercise: Exercise, question: Question) -> str:
    lines = []
    if question.id in exercise.rubrics:
        lines += ["**What earns the points.** " + exercise.rubrics[question.id].strip()]
    mistakes = [one for one in exercise.mistakes if question.id in one.cells]
    if mistakes:
        lines += ["", "**Common mistakes**", ""]
        lines += [
            f"- {one.name}: {one.points.get(question.id, question.points):g} of {question.points:g} points"
            for one in mistakes
        ]
    return "\n".join(lines).strip()
