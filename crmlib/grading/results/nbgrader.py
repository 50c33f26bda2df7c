"""A course folder that nbgrader opens: its formgrader shows what this suite has marked, and executes nothing.

nbgrader gives a grade cell the number that it finds as the cell's output, when it is told not to execute. So the
number, and what was found, are written there by the trusted side; none of a student's outputs is in these notebooks,
and their own Markdown is fenced, since formgrader would render it.
"""

from __future__ import annotations

import csv
import io
import json
import re
import shutil
from typing import TYPE_CHECKING, Any

from crmlib.csv_out import defused
from crmlib.files import json_text, write_whole
from crmlib.grading.authoring.editions import student_notebook
from crmlib.grading.marking import graded as results

if TYPE_CHECKING:
    from pathlib import Path

    from crmlib.grading.marking.graded import Graded
    from crmlib.grading.results.gradebook import Gradebook
    from crmlib.grading.spec.exercise import Exercise

__all__ = ["fenced", "marked_notebook", "write_course"]

_CONFIG = """# Written by `crmlib grade`. In this folder:
#   nbgrader db student import students.csv
#   nbgrader generate_assignment {name} --force
#   nbgrader autograde {name} --no-execute --force --create
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
    _write_students(book, out / "students.csv")
    query = "select student_id, submitted_at from submissions where exercise = ? order by 1"
    rows = book.rows(query, (exercise.name,))
    handed_in = {row["student_id"] for row in rows}
    for old in (out / "submitted").glob(f"*/{exercise.name}"):
        if old.parent.name not in handed_in:  # moved, renamed or withdrawn since
            shutil.rmtree(old)
            if not any(old.parent.iterdir()):
                old.parent.rmdir()
    for row in rows:
        student = row["student_id"]
        one = results.load(folder / f"{student}.json")
        if one is None:
            continue
        query = "select question, points, findings, open from final_marks where exercise = ? and student_id = ?"
        marks = {mark["question"]: mark for mark in book.rows(query, (exercise.name, student))}
        place = out / "submitted" / student / exercise.name
        write_whole(place / f"{exercise.name}.ipynb", json_text(marked_notebook(released, one, marks)))
        if row["submitted_at"]:
            write_whole(place / "timestamp.txt", f"{row['submitted_at'][:19].replace('T', ' ')}.000000 UTC\n")


def _write_students(book: Gradebook, path: Path) -> None:
    """Write the class for ``nbgrader db student import``: names are in no other file that nbgrader reads."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["id", "first_name", "last_name", "email"])  # nbgrader takes a byte order mark for a part of "id"
    for row in book.rows("select student_id, name, email from students order by 1"):
        last, comma, first = (part.strip() for part in row["name"].partition(","))
        if not comma:
            first, _, last = row["name"].rpartition(" ")
        writer.writerow([row["student_id"], *(defused(cell) for cell in (first.strip(), last.strip(), row["email"]))])
    write_whole(path, text.getvalue())


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
    findings = json.loads(mark["findings"])
    if mark.get("open"):
        findings = ["NOT FINAL: a person has still to read this answer; what stands above is no mark.", *findings]
    if findings:
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
