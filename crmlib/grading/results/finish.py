"""What follows when all submissions are graded: likeness, feedback, files of marks, the list of what to look at."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

import pandas as pd

from crmlib.csv_out import write_csv
from crmlib.files import write_whole
from crmlib.grading.authoring.editions import reference_notebook, source_cells, student_notebook
from crmlib.grading.kinds.registry import kind_of
from crmlib.grading.marking import graded as results
from crmlib.grading.marking.likeness import PUBLISHED, alike_essays, alike_runs, borrowed, code_of, runs_of
from crmlib.grading.results import exports, feedback, review
from crmlib.grading.spec.recorded import read_answers

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from crmlib.grading.marking.likeness import Pair
    from crmlib.grading.results.gradebook import Gradebook, Result
    from crmlib.grading.spec.exercise import Exercise
    from crmlib.grading.spec.questions import Question

__all__ = ["GRADED", "PRIVATE", "look_for_likeness", "publish", "publish_lists", "summary"]

#: The folder that holds what students must not see, and in it the results.
PRIVATE = ".work"
GRADED = "graded"
_FEW = 3


def look_for_likeness(
    book: Gradebook,
    exercise: Exercise,
    students: Sequence[str],
    *,
    folder: Path,
    out: Path,
    release: Path | None,
    reference: Path | None = None,
) -> None:
    """Compare submissions with each other and with the solution, write ``similarity.csv``, and note suspicions.

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
    reference
        The reference's recorded answers, as a file: they hold the model essays.
    """
    compared = {student: one for student in students if (one := _compared(folder / f"{student}.json")) is not None}
    suspicions: dict[str, list[str]] = {}
    rows: list[dict[str, Any]] = []

    def tell(pairs: Sequence[Pair], what: str, text: str, unit: str, model: str) -> None:
        for student, others in _alike_by_student(pairs, model).items():
            suspicions.setdefault(student, []).append(f"{text} {_listed(others)}")
        for pair in pairs:
            first, second = sorted((pair.first, pair.second), key=lambda name: name == PUBLISHED)
            detail = f"{pair.tokens} {unit}"
            rows.append({"first": first, "second": second, "what": what, "likeness": pair.likeness, "detail": detail})

    given = set(runs_of(_code(student_notebook(exercise))))
    runs = {student: one.runs - given for student, one in compared.items()}
    runs[PUBLISHED] = set(runs_of(_code(reference_notebook(exercise)))) - given
    tell(alike_runs(runs), "code", "the code is like", "tokens", "the published solution")
    essays = [(student, one.written) for student, one in compared.items()]
    for question in exercise.questions:
        if kind_of(question).by_person:
            texts = {student: written.get(question.id, "") for student, written in essays}
            texts[PUBLISHED] = _model(reference, question.id)
            pairs = alike_essays(texts, _asked(exercise, question))
            tell(pairs, question.id, f"the essay {question.id} is like", "runs of words", "the model essay")
    for student in [student for student, one in compared.items() if one.cut]:
        detail = f"too long to compare: {compared[student].cut:,} characters of code were left out"
        rows.append({"first": student, "second": "", "what": "code", "likeness": None, "detail": detail})
        suspicions.setdefault(student, []).append(f"the code is {detail}")
    stored = {student: one.stored for student, one in compared.items()}
    for student, whose in borrowed(stored, _variants(release)).items():
        for other, questions in whose.items():
            text = f"stored answers to {', '.join(questions)} belong to the shop of {other}"
            suspicions.setdefault(student, []).append(text)
            rows.append(
                {"first": student, "second": other, "what": "answers", "likeness": 1.0, "detail": ", ".join(questions)}
            )
    book.suspect(exercise.name, suspicions)
    columns = ["first", "second", "what", "likeness", "detail"]
    write_csv(pd.DataFrame(rows, columns=columns).astype(object), out / "similarity.csv")


class _Compared(NamedTuple):
    """What is compared of a result, which may itself hold megabytes."""

    runs: set[str]
    written: dict[str, str]
    stored: dict[str, str]
    cut: int


def _compared(path: Path) -> _Compared | None:
    one = results.load(path)
    return None if one is None else _Compared(set(one.runs), one.written, one.stored, one.cut)


def _code(notebook: dict[str, Any]) -> str:
    return code_of([{**cell, "source": "".join(cell["source"])} for cell in notebook["cells"]])


def _asked(exercise: Exercise, question: Question) -> str:
    """Give the words of a question, which every answer may repeat."""
    cells = source_cells(exercise)
    return "\n".join([question.title, *(cell["source"] for cell in cells if cell["question"] == question.id
                                        and cell["cell_type"] == "markdown")])  # fmt: skip


def _model(reference: Path | None, question: str) -> str:
    if reference is None or not reference.is_file():
        return ""
    answers = read_answers(json.loads(reference.read_text(encoding="utf-8"))[0])
    value = answers[question].value if question in answers else ""
    return value if isinstance(value, str) else ""


def _alike_by_student(pairs: Sequence[Pair], model: str) -> dict[str, list[str]]:
    alike: dict[str, list[str]] = {}
    for pair in sorted(pairs, key=lambda one: PUBLISHED not in one):  # the likeliest source, then the most alike
        for student, other in ((pair.first, pair.second), (pair.second, pair.first)):
            if student != PUBLISHED:
                name = model if other == PUBLISHED else f"that of {other}"
                alike.setdefault(student, []).append(f"{name} ({pair.likeness:.0%})")
    return alike


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
    from crmlib.grading.results import nbgrader

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
    nbgrader.write_course(book, exercise, folder, out / "nbgrader")
    publish_lists(book, exercise, out)


def publish_lists(book: Gradebook, exercise: Exercise, out: Path) -> None:
    """Write what depends on suspicions: files of marks, and the list of what to look at.

    Parameters
    ----------
    book
        The gradebook.
    exercise
        What was graded.
    out
        The folder of the marks.
    """
    exports.export(book, exercise.name, out / "exports")
    review.write(book, exercise, out / PRIVATE / GRADED, out / "review")


def summary(class_results: list[Result]) -> str:
    """Sum a class up in one line.

    Examples
    --------
    >>> from crmlib.grading.results.gradebook import Result
    >>> summary([Result("03_rfm", "s1", "", "finished", 0, 1.0, 8.0, 8.0, 10.0, 1)])
    '1 submission; median 8 of 10 points; 1 mark for a person to decide.'
    """
    import statistics

    if not class_results:
        return "No submissions."
    count, waiting = len(class_results), sum(result.open for result in class_results)
    middle = statistics.median([result.points for result in class_results if result.points is not None] or [0.0])
    marks = f"; {waiting} mark{'s' * (waiting != 1)} for a person to decide" if waiting else ""
    many = f"{count} submission{'s' * (count != 1)}"
    return f"{many}; median {middle:g} of {class_results[0].out_of:g} points{marks}."
