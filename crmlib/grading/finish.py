"""What follows when all submissions are graded: likeness, feedback, files of marks, the list of what to look at."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pandas as pd

from crmlib.csv_out import write_csv
from crmlib.grading import exports, feedback, review
from crmlib.grading import graded as results
from crmlib.grading.editions import student_notebook
from crmlib.grading.similarity import alike, borrowed, code_of
from crmlib.suite.files import write_whole

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from crmlib.grading.exercise import Exercise
    from crmlib.grading.gradebook import Gradebook
    from crmlib.grading.similarity import Pair

__all__ = ["GRADED", "PRIVATE", "look_for_likeness", "publish"]

#: The folder that holds what students must not see, and in it the results.
PRIVATE = ".work"
GRADED = "graded"
_FEW = 3


def look_for_likeness(
    book: Gradebook, exercise: Exercise, students: Sequence[str], *, folder: Path, out: Path, release: Path | None
) -> None:
    """Compare submissions with each other, write ``similarity.csv``, and note suspicions in the gradebook.

    Parameters
    ----------
    book
        The gradebook.
    exercise
        The exercise.
    students
        Who was graded.
    folder
        Of the results.
    out
        Where to write.
    release
        The folder ``instructor`` of a release, which knows the right answers on each student's own shop.
    """
    sources, stored = {}, {}
    for student in students:
        if (one := results.load(folder / f"{student}.json")) is not None:
            sources[student], stored[student] = one.code, one.stored
    given = code_of([{**cell, "source": "".join(cell["source"])} for cell in student_notebook(exercise)["cells"]])
    pairs = alike(sources, given)
    rows: list[dict[str, Any]] = [
        {"first": p.first, "second": p.second, "what": "code", "likeness": p.likeness, "detail": f"{p.tokens} tokens"}
        for p in pairs
    ]
    suspicions: dict[str, list[str]] = {}
    for student, others in _alike_by_student(pairs).items():
        suspicions.setdefault(student, []).append(f"the code is like that of {_listed(others)}")
    for student, whose in borrowed(stored, _variants(release)).items():
        for other, questions in whose.items():
            said = f"stored answers to {', '.join(questions)} belong to the shop of {other}"
            suspicions.setdefault(student, []).append(said)
            rows.append(
                {"first": student, "second": other, "what": "answers", "likeness": 1.0, "detail": ", ".join(questions)}
            )
    book.suspect(exercise.name, suspicions)
    columns = ["first", "second", "what", "likeness", "detail"]
    write_csv(pd.DataFrame(rows, columns=columns).astype(object), out / "similarity.csv")


def _alike_by_student(pairs: Sequence[Pair]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for pair in pairs:  # the most alike first
        for student, other in ((pair.first, pair.second), (pair.second, pair.first)):
            found.setdefault(student, []).append(f"{other} ({pair.likeness:.0%})")
    return found


def _listed(others: list[str]) -> str:
    more = f" and {len(others) - _FEW} others" if len(others) > _FEW else ""
    return ", ".join(others[:_FEW]) + more


def _variants(release: Path | None) -> dict[str, dict[str, str]]:
    path = None if release is None else release / "variants.json"
    if path is None or not path.is_file():
        return {}
    found: dict[str, dict[str, str]] = json.loads(path.read_text(encoding="utf-8"))
    return found


def publish(book: Gradebook, exercise: Exercise, out: Path) -> None:
    """Write all that people read: feedback pages, files of marks, the list of what to look at, nbgrader's folder.

    Parameters
    ----------
    book
        The gradebook, as it now stands.
    exercise
        The exercise.
    out
        Where to write.
    """
    from crmlib.grading import nbgrader

    folder = out / PRIVATE / GRADED
    pages = out / "feedback"
    shown = set()
    for row in book.rows("select student_id from submissions where exercise = ? order by 1", (exercise.name,)):
        student = row["student_id"]
        one = results.load(folder / f"{student}.json")
        if one is None:
            continue
        write_whole(pages / f"{student}.html", feedback.page(book, exercise, one))
        shown.add(f"{student}.html")
    for old in pages.glob("*.html"):
        if old.name not in shown:
            old.unlink()
    exports.export(book, exercise.name, out / "exports")
    review.write(book, exercise, folder, out / "review")
    nbgrader.write_course(book, exercise, folder, out / "nbgrader")
