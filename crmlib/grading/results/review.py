"""What a person must decide: written out as a table and as a notebook form; what was entered into either is never lost.

A form holds text of students' in Markdown cells, fenced so that none of it is markup, and one raw cell for each mark.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from crmlib.csv_out import write_csv
from crmlib.errors import GradingError
from crmlib.files import json_text, write_whole
from crmlib.grading.kinds.registry import kind_of
from crmlib.grading.marking import graded as results
from crmlib.grading.results.decisions import Decision, basis_of, enter, is_entered, take
from crmlib.grading.results.nbgrader import fenced

if TYPE_CHECKING:
    from pathlib import Path

    from crmlib.grading.results.gradebook import Gradebook
    from crmlib.grading.spec.exercise import Exercise

__all__ = ["Decision", "Item", "enter", "items", "take", "write"]

_COLUMNS = ("student_id", "question", "kind", "out_of", "automatic", "points", "comment", "answer", "why", "rubric",
            "earlier_points", "earlier_comment", "earlier_answer", "answer_id")  # fmt: skip


@dataclass(frozen=True)
class Item:
    """Something that a person must look at.

    Attributes
    ----------
    student_id, question
        Where; an empty question is the whole submission.
    kind
        ``written``, ``figure``, ``answer``, ``total``, ``choice`` or ``suspicion``.
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
    earlier_points, earlier_comment, earlier_answer
        What was decided, and on which answer, where that has changed since.
    answer_id
        What identifies the answer, or what a suspicion rests on.
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
    earlier_points: float | None = None
    earlier_comment: str = ""
    earlier_answer: str = ""
    answer_id: str = ""


def items(book: Gradebook, exercise: Exercise, folder: Path) -> list[Item]:
    """List what a person must look at: written answers, figures, answers that have changed, choices, suspicions.

    What is decided is not listed, unless it was decided on another answer.

    Parameters
    ----------
    book
        The gradebook.
    exercise
        The exercise.
    folder
        Of the results.
    """
    listed = []
    called = {question.id: kind_of(question).reviewed_as for question in exercise.questions}
    query = "select * from final_marks where exercise = ? and open order by question, student_id"
    for row in book.rows(query, (exercise.name,)):
        student, question = row["student_id"], row["question"]
        graded = results.load(folder / f"{student}.json")
        pictures = () if graded is None else tuple(p.uri() for p in graded.pictures if p.question == question)
        written = "" if graded is None else graded.written.get(question, "").strip()
        why = " ".join(json.loads(row["findings"]))
        earlier: dict[str, Any] = {}
        if row["stale"]:
            why = f"the answer has changed since {row['who']} gave {row['decided']:g} points. {why}".strip()
            comment = book.comment_on(exercise.name, student, question)
            earlier = {"points": row["decided"], "comment": comment, "answer": row["earlier"]}
        listed.append(
            Item(
                student, question, called.get(question, "answer"), row["out_of"], row["automatic"], why,
                written or row["text"], pictures, exercise.rubrics.get(question, "").strip(),
                **{f"earlier_{name}": value for name, value in earlier.items()}, answer_id=row["answer"],
            )
        )  # fmt: skip
    return listed + _totals(book, exercise) + _about_files(book, exercise)


def _totals(book: Gradebook, exercise: Exercise) -> list[Item]:
    """List totals by hand that were given for another file."""
    query = "select * from totals where exercise = ? and not fresh order by student_id"
    listed = []
    for row in book.rows(query, (exercise.name,)):
        given = "an excuse" if row["points"] is None else f"{row['points']:g} points in all"
        why = f"another file was handed in since {row['who']} gave {given}"
        comment = book.comment_on(exercise.name, row["student_id"], "")
        answer = book.answer(exercise.name, row["student_id"], "")[0]
        listed.append(
            Item(
                row["student_id"],
                "",
                "total",
                exercise.points,
                None,
                why,
                "",
                (),
                "",
                row["points"],
                comment,
                "",
                answer,
            )
        )
    return listed


def _about_files(book: Gradebook, exercise: Exercise) -> list[Item]:
    settled = {
        (row["student_id"], row["suspicion"], row["basis"])
        for row in book.rows("select * from settled where exercise = ?", (exercise.name,))
    }
    query = "select student_id, choice, suspicions from submissions where exercise = ? order by student_id"
    listed = []
    for row in book.rows(query, (exercise.name,)):
        texts = [("suspicion", text) for text in json.loads(row["suspicions"])]
        for kind, text in [*([("choice", row["choice"])] if row["choice"] else []), *texts]:
            basis = basis_of(book, exercise.name, row["student_id"], text)
            if (row["student_id"], text, basis) not in settled:
                listed.append(Item(row["student_id"], "", kind, None, None, text, "", (), "", answer_id=basis))
    return listed


def write(book: Gradebook, exercise: Exercise, folder: Path, out: Path) -> list[Item]:
    """Write ``review.csv`` and ``review.ipynb``: the same list, each with room for points and a comment.

    What somebody has filled in there and not given back yet is carried over; a file that cannot be read is moved aside.

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
    table, form = out / "review.csv", out / "review.ipynb"
    rows = _rows(listed, _waiting(book, exercise, table))
    write_csv(pd.DataFrame(rows, columns=list(_COLUMNS)).astype(object), table)
    write_whole(form, json_text(_form(exercise, listed, _waiting(book, exercise, form))))
    return listed


def _waiting(book: Gradebook, exercise: Exercise, path: Path) -> list[Decision]:
    """Give what a file holds and the gradebook does not."""
    if not path.is_file():
        return []
    try:
        return [one for one in take(path) if not is_entered(book, exercise.name, one)]
    except GradingError:
        number = 1
        while (aside := path.with_name(f"{path.stem}-unread-{number}{path.suffix}")).exists():
            number += 1
        path.rename(aside)
        return []


def _fits(one: Decision, item: Item) -> bool:
    """Whether an entry is about an item; one that was made on another answer is not."""
    if (one.student_id, one.question) != (item.student_id, item.question):
        return False
    return one.answer_id in {"", item.answer_id} and (bool(item.question) or one.why in {"", item.why})


def _rows(listed: list[Item], waiting: list[Decision]) -> list[dict[str, Any]]:
    left = list(waiting)
    rows = []
    for item in listed:
        entry = next((one for one in left if _fits(one, item)), None)
        if entry is not None:
            left.remove(entry)
        filled = {"points": entry.entry if entry else "", "comment": entry.comment if entry else ""}
        rows.append({**{name: getattr(item, name, "") for name in _COLUMNS}, **filled})
    for one in left:
        about = {"student_id": one.student_id, "question": one.question, "kind": "entered earlier", "why": one.why}
        rows.append({**about, "points": one.entry, "comment": one.comment, "answer_id": one.answer_id})
    return rows


def _form(exercise: Exercise, listed: list[Item], waiting: list[Decision]) -> dict[str, Any]:
    title = (
        f"# {exercise.title}: what a person must decide\n\nWrite the points behind `points =`, and what the student "
        "should read into `comment`. Leave empty what you have not decided. Save, then: "
        "`crmlib grade review OUT --take review.ipynb --who NAME`."
    )
    cells = [_cell("markdown", title, "title")]
    left = list(waiting)
    for number, one in enumerate(listed):
        lines = [f"## {one.student_id}, {one.question or 'the submission'} ({one.kind})", ""]
        lines += [f"What earns the points: {one.rubric}", ""] if one.rubric else []
        lines += ["Noticed:", fenced(one.why), ""] if one.why else []
        lines += ["The answer:", fenced(one.answer), ""] if one.answer else []
        lines += ["The answer that was read before:", fenced(one.earlier_answer), ""] if one.earlier_answer else []
        lines += ["What was said about it:", fenced(one.earlier_comment), ""] if one.earlier_comment else []
        cell = _cell("markdown", "\n".join(lines), f"item-{number:04d}")
        cell["attachments"] = {}
        for at, uri in enumerate(one.pictures):
            cell["attachments"][f"figure-{at}.png"] = {"image/png": uri.partition(",")[2]}
            cell["source"] += f"\n![figure {at + 1}](attachment:figure-{at}.png)"
        cells.append(cell)
        if one.question:
            entry = next((each for each in left if _fits(each, one)), None)
            if entry is not None:
                left.remove(entry)
            heading = f"# {one.student_id} {one.question}: 0 to {one.out_of:g}{_read(one.answer_id)}"
            cells.append(_cell("raw", f"{heading}\n{_filled(entry)}", f"mark-{number:04d}"))
    for number, each in enumerate(left):
        heading = f"# {each.student_id} {each.question}: 0 to -{_read(each.answer_id)}"
        cells.append(_cell("raw", f"{heading}\n{_filled(each)}", f"earlier-{number:04d}"))
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    return {"nbformat": 4, "nbformat_minor": 5, "metadata": kernel, "cells": cells}


def _read(answer_id: str) -> str:
    return f" (answer {answer_id})" if answer_id else ""


def _filled(entry: Decision | None) -> str:
    if entry is None:
        return 'points =\ncomment = ""'
    points = json.dumps(entry.entry) if entry.word else entry.entry
    return f"points = {points}".rstrip() + f"\ncomment = {json.dumps(entry.comment, ensure_ascii=False)}"


def _cell(kind: str, source: str, name: str) -> dict[str, Any]:
    return {"cell_type": kind, "id": name, "metadata": {}, "source": source}
