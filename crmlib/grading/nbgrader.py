"""A course folder that nbgrader opens: its formgrader shows what this suite has marked, and executes nothing.

nbgrader gives a grade cell the number that it finds as the cell's output, when it is told not to execute. So the
number, and what was found, are written there by the trusted side; none of a student's outputs is in these notebooks,
and their own Markdown is fenced, since formgrader would render it.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from crmlib.grading import graded as results
from crmlib.grading.editions import student_notebook
from crmlib.suite.files import json_text, write_whole

if TYPE_CHECKING:
    from pathlib import Path

    from crmlib.grading.exercise import Exercise
    from crmlib.grading.gradebook import Gradebook
    from crmlib.grading.graded import Graded

__all__ = ["fenced", "marked_notebook", "write_course"]

_CONFIG = """# Written by `crmlib grade`. In this folder:
#   nbgrader generate_assignment {name} --force
#   nbgrader autograde {name} --no-execute --force
#   nbgrader export, or `jupyter lab` and its menu Nbgrader > Formgrader
c = get_config()
c.CourseDirectory.course_id = "crmlib"
c.ClearOutput.enabled = False  # the marks are the outputs of the grade cells
c.Autograde.execute = False
c.Exchange.path_includes_course = True
"""


def write_course(book: Gradebook, exercise: Exercise, folder: Path, out: Path) -> None:
    """Write the course: the assignment, and each student's notebook with its marks.

    Parameters
    ----------
    book
        The gradebook: what counts, overrides included.
    exercise
        The exercise.
    folder
        Of the results.
    out
        Where to.
    """
    write_whole(out / "nbgrader_config.py", _CONFIG.format(name=exercise.name))
    released = student_notebook(exercise)
    write_whole(out / "source" / exercise.name / f"{exercise.name}.ipynb", json_text(released))
    query = "select student_id, submitted_at from submissions where exercise = ? order by 1"
    for row in book.rows(query, (exercise.name,)):
        student = row["student_id"]
        one = results.load(folder / f"{student}.json")
        if one is None:
            continue
        query = "select question, points, findings from final_marks where exercise = ? and student_id = ?"
        marks = {mark["question"]: mark for mark in book.rows(query, (exercise.name, student))}
        place = out / "submitted" / student / exercise.name
        write_whole(place / f"{exercise.name}.ipynb", json_text(marked_notebook(released, one, marks)))
        if row["submitted_at"]:
            write_whole(place / "timestamp.txt", f"{row['submitted_at'][:19].replace('T', ' ')}.000000 UTC\n")


def marked_notebook(released: dict[str, Any], graded: Graded, marks: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Give a student's notebook with the mark of each question as the output of its grade cell.

    Parameters
    ----------
    released
        The student's edition.
    graded
        The student's result.
    marks
        Question to ``points`` and ``findings`` (a JSON list).
    """
    given = {cell["id"]: cell for cell in released["cells"]}
    left = dict(given)
    cells: list[dict[str, Any]] = []
    for shown in graded.cells:
        known = left.pop(shown.given, None)
        if known is None:
            text = shown.source if shown.kind == "code" else fenced(shown.source)
            cells.append(_cell(shown.kind, text, f"own-{len(cells):03d}", {}))
        else:
            source = shown.source if shown.kind == "code" else "".join(known["source"])
            cells.append(_cell(shown.kind, source, known["id"], known["metadata"]))
    # nbgrader misses cells that it knows of
    cells += [
        _cell(cell["cell_type"], "".join(cell["source"]), cell["id"], cell["metadata"])
        for cell in left.values()
        if "nbgrader" in cell["metadata"]
    ]
    for cell in cells:
        mark = marks.get(cell["metadata"].get("nbgrader", {}).get("grade_id", ""))
        if mark is not None:
            cell["execution_count"] = 1
            cell["outputs"] = _outputs(mark)
    return {**{key: released[key] for key in ("nbformat", "nbformat_minor", "metadata")}, "cells": cells}


def _outputs(mark: dict[str, Any]) -> list[dict[str, Any]]:
    points = {"text/plain": f"{mark['points']:g}"}
    outputs: list[dict[str, Any]] = [
        {"output_type": "execute_result", "execution_count": 1, "metadata": {}, "data": points}
    ]
    if findings := json.loads(mark["findings"]):
        outputs.append({"output_type": "stream", "name": "stdout", "text": "\n".join(findings) + "\n"})
    return outputs


def _cell(kind: str, source: str, name: str, metadata: dict[str, Any]) -> dict[str, Any]:
    cell: dict[str, Any] = {"cell_type": kind, "id": name, "metadata": metadata, "source": source}
    return cell | {"execution_count": None, "outputs": []} if kind == "code" else cell


def fenced(text: str) -> str:
    r"""Fence a text in, so that Markdown shows it as it is.

    Parameters
    ----------
    text
        Of a student's.

    Examples
    --------
    >>> print(fenced("<b>```</b>"))
    ````text
    <b>```</b>
    ````
    """
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}text\n{text}\n{fence}"
