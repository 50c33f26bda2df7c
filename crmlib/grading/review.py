"""What a person must decide: written out as a table and as a notebook form, and taken back from either.

A form holds text of students' in Markdown cells, fenced so that none of it is markup, and one raw cell for each mark.
"""

from __future__ import annotations

import csv
import io
import json
import re
import tomllib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec
import pandas as pd

from crmlib.csv_out import write_csv
from crmlib.errors import GradingError
from crmlib.grading import graded as results
from crmlib.grading.nbgrader import fenced
from crmlib.suite.files import json_text, write_whole

if TYPE_CHECKING:
    import datetime as dt
    from pathlib import Path

    from crmlib.grading.exercise import Exercise
    from crmlib.grading.gradebook import Gradebook

__all__ = ["Decision", "Item", "enter", "items", "take", "write"]

_COLUMNS = ("student_id", "question", "kind", "out_of", "automatic", "points", "comment", "answer", "why", "rubric")
_ID = re.compile(r"# (?P<student>\S+) (?P<question>\S+): 0 to ")
_MOST_BYTES = 50_000_000


@dataclass(frozen=True)
class Item:
    """Something that a person must look at.

    Attributes
    ----------
    student_id, question
        Where; an empty question is the whole submission.
    kind
        ``written``, ``figure``, ``answer`` or ``suspicion``.
    out_of, automatic
        What it may earn, and what the computer gave.
    why
        What to look for.
    answer
        What the student wrote.
    pictures
        As parts of a page.
    rubric
        What earns the points.
    """

    student_id: str
    question: str
    kind: str
    out_of: float | None
    automatic: float | None
    why: str
    answer: str
    pictures: tuple[str, ...]
    rubric: str


@dataclass(frozen=True)
class Decision:
    """What a person decided."""

    student_id: str
    question: str
    points: float | None
    comment: str


def items(book: Gradebook, exercise: Exercise, folder: Path) -> list[Item]:
    """List what a person must look at: written answers, figures, suspicions; what is decided is not listed.

    Parameters
    ----------
    book
        The gradebook.
    exercise
        The exercise.
    folder
        Of the results.
    """
    found = []
    kinds = {question.id: question.kind for question in exercise.questions}
    query = "select * from final_marks where exercise = ? and open order by question, student_id"
    for row in book.rows(query, (exercise.name,)):
        student, question = row["student_id"], row["question"]
        one = results.load(folder / f"{student}.json")
        pictures = () if one is None else tuple(p.uri() for p in one.pictures if p.question == question)
        kind = kinds.get(question, "answer")
        found.append(
            Item(
                student,
                question,
                kind if kind in {"written", "figure"} else "answer",
                row["out_of"],
                row["automatic"],
                " ".join(json.loads(row["findings"])),
                "" if one is None else one.written.get(question, "").strip(),
                pictures,
                exercise.rubrics.get(question, "").strip(),
            )
        )
    query = "select student_id, suspicions from submissions where exercise = ? order by student_id"
    for row in book.rows(query, (exercise.name,)):
        found += [
            Item(row["student_id"], "", "suspicion", None, None, suspicion, "", (), "")
            for suspicion in json.loads(row["suspicions"])
        ]
    return found


def write(book: Gradebook, exercise: Exercise, folder: Path, out: Path) -> list[Item]:
    """Write ``review.csv`` and ``review.ipynb``: the same list, each with room for points and a comment.

    Parameters
    ----------
    book
        The gradebook.
    exercise
        The exercise.
    folder
        Of the results.
    out
        Where to.
    """
    listed = items(book, exercise, folder)
    out.mkdir(parents=True, exist_ok=True)
    rows = [{**{name: getattr(one, name, "") for name in _COLUMNS}, "points": "", "comment": ""} for one in listed]
    write_csv(pd.DataFrame(rows, columns=list(_COLUMNS)).astype(object), out / "review.csv")
    write_whole(out / "review.ipynb", json_text(_form(exercise, listed)))
    return listed


def _form(exercise: Exercise, listed: list[Item]) -> dict[str, Any]:
    title = (
        f"# {exercise.title}: what a person must decide\n\nWrite the points behind `points =`, and what the student "
        "should read into `comment`. Leave empty what you have not decided. Save, then: "
        "`crmlib grade review OUT --take review.ipynb --who NAME`."
    )
    cells = [_cell("markdown", title, "title")]
    for number, one in enumerate(listed):
        lines = [f"## {one.student_id}, {one.question or 'the submission'} ({one.kind})", ""]
        lines += [f"What earns the points: {one.rubric}", ""] if one.rubric else []
        lines += ["Noticed:", fenced(one.why), ""] if one.why else []
        lines += ["The answer:", fenced(one.answer), ""] if one.answer else []
        cell = _cell("markdown", "\n".join(lines), f"item-{number:04d}")
        cell["attachments"] = {}
        for at, uri in enumerate(one.pictures):
            cell["attachments"][f"figure-{at}.png"] = {"image/png": uri.partition(",")[2]}
            cell["source"] += f"\n![figure {at + 1}](attachment:figure-{at}.png)"
        cells.append(cell)
        if one.question:
            text = f'# {one.student_id} {one.question}: 0 to {one.out_of:g}\npoints =\ncomment = ""'
            cells.append(_cell("raw", text, f"mark-{number:04d}"))
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    return {"nbformat": 4, "nbformat_minor": 5, "metadata": kernel, "cells": cells}


def _cell(kind: str, source: str, name: str) -> dict[str, Any]:
    return {"cell_type": kind, "id": name, "metadata": {}, "source": source}


def take(path: Path) -> list[Decision]:
    """Read the decisions out of a table or a form that a person filled in.

    Parameters
    ----------
    path
        ``review.csv`` or ``review.ipynb``, as a spreadsheet or JupyterLab saved it.

    Raises
    ------
    GradingError
        It cannot be read, or a number cannot; the message names the row or the cell.
    """
    try:
        content = path.read_bytes()
        if len(content) > _MOST_BYTES:
            raise GradingError(f"{path} takes {len(content) / 1e6:,.0f} MB: that is no list of marks.")
        return _from_form(path, content) if path.suffix == ".ipynb" else _from_csv(path, content)
    except (OSError, UnicodeDecodeError) as error:
        raise GradingError(f"{path} cannot be read: {error}. Save it as UTF-8.") from None


def _from_csv(path: Path, content: bytes) -> list[Decision]:
    text = content.decode("utf-8-sig")
    heading = text.partition("\n")[0]
    rows = csv.DictReader(io.StringIO(text), delimiter=max(",;\t", key=heading.count))
    if missing := {"student_id", "question", "points", "comment"} - set(rows.fieldnames or ()):
        raise GradingError(f"{path} lacks the column {', '.join(sorted(missing))}.")
    decided = []
    for number, row in enumerate(rows, start=2):
        points, comment = (row["points"] or "").strip(), (row["comment"] or "").strip()
        if points or comment:
            place = f"{path}, row {number}"
            decided.append(Decision(row["student_id"], row["question"], _points(points, place), comment))
    return decided


def _from_form(path: Path, content: bytes) -> list[Decision]:
    try:
        notebook = msgspec.json.decode(content)
        cells = [cell for cell in notebook["cells"] if cell["cell_type"] == "raw"]
        texts = [cell["source"] if isinstance(cell["source"], str) else "".join(cell["source"]) for cell in cells]
    except (msgspec.MsgspecError, KeyError, TypeError) as error:
        raise GradingError(f"{path} is no notebook that `crmlib grade review` wrote: {error}.") from None
    decided = []
    for text in texts:
        found = _ID.match(text)
        if found is None:
            continue
        place = f"{path}, the mark of {found['student']} for {found['question']}"
        body = re.sub(r"(?m)^points\s*=\s*$", "", text)
        try:
            entry = tomllib.loads(body)
        except tomllib.TOMLDecodeError as error:
            raise GradingError(f'{place} cannot be read ({error}): write points = 2.5 and comment = "...".') from None
        comment = str(entry.get("comment", "")).strip()
        if "points" in entry or comment:
            points = _points(str(entry.get("points", "")), place)
            decided.append(Decision(found["student"], found["question"], points, comment))
    return decided


def _points(text: str, place: str) -> float | None:
    if not text:
        return None
    try:
        return float(text.replace(",", "."))
    except ValueError:
        raise GradingError(f"{place}: {text!r} is no number of points.") from None


def enter(book: Gradebook, exercise: str, decided: list[Decision], *, who: str, now: dt.datetime) -> int:
    """Enter decisions into the gradebook: all of them, or, where one is not valid, none.

    Parameters
    ----------
    book
        The gradebook.
    exercise
        Its name.
    decided
        From `take`.
    who, now
        Who decided, and when it is entered.

    Returns
    -------
    int
        How many marks were set.
    """
    for one in decided:
        if one.points is not None:
            book.check(exercise, one.student_id, one.question, one.points)
    for one in decided:
        if one.points is not None:
            book.override(exercise, one.student_id, one.question, one.points, reason="review", who=who, now=now)
        if one.comment:
            book.comment(exercise, one.student_id, one.question, one.comment, who=who, now=now)
    return sum(one.points is not None for one in decided)
