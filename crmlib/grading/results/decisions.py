"""What a person decided: read out of a table or a form, entered into the gradebook, and written down beside it.

A line of a table has points, or one word in their place: ``retract`` takes a mark back, ``excused`` gives an empty
grade, ``settled`` closes a suspicion. Points with a comment that begins with *bonus* may be more than a question is
worth. A comment ``retract`` takes a comment back. A line without a question is about the whole submission.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
import re
import tomllib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import msgspec

from crmlib.csv_out import defused
from crmlib.errors import GradingError
from crmlib.grading.results.ledger import COLUMNS

if TYPE_CHECKING:
    from pathlib import Path

    from crmlib.grading.results.gradebook import Gradebook

__all__ = ["Decision", "basis_of", "enter", "is_entered", "take"]

WORDS = ("retract", "excused", "settled")
_ID = re.compile(r"# (?P<student>\S+) (?P<question>\S+): 0 to \S+(?: \(answer (?P<answer>\S+)\))?")
_MOST_BYTES = 50_000_000


@dataclass(frozen=True)
class Decision:
    """What a person decided.

    Attributes
    ----------
    student_id, question
        On what; an empty question is the whole submission.
    points
        None where a word stands in their place, or nothing.
    comment
        What the student reads.
    word
        One of `WORDS`, ``bonus``, or nothing.
    why
        The suspicion that is settled.
    answer_id
        What identifies the answer that was read; empty for the one of now.
    exercise, who, at
        Of which exercise, by whom and when, where the table says so.
    """

    student_id: str
    question: str
    points: float | None
    comment: str
    word: str = ""
    why: str = field(default="", compare=False)
    answer_id: str = field(default="", compare=False)
    exercise: str = field(default="", compare=False)
    who: str = field(default="", compare=False)
    at: str = field(default="", compare=False)

    @property
    def entry(self) -> str:
        """What stands in the column of points."""
        if self.points is None:
            return self.word
        return f"{self.points:g} bonus" if self.word == "bonus" else f"{self.points:g}"


def take(path: Path) -> list[Decision]:
    """Read the decisions out of a table or a form that a person filled in.

    Parameters
    ----------
    path
        ``review.csv`` or ``review.ipynb``, as a spreadsheet or JupyterLab saved it; or ``decisions.csv``.

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
    rows = csv.DictReader(io.StringIO(text, newline=""), delimiter=max(",;\t", key=heading.count))
    if missing := {"student_id", "question", "points", "comment"} - set(rows.fieldnames or ()):
        raise GradingError(f"{path} lacks the column {', '.join(sorted(missing))}.")
    decided = []
    for number, row in enumerate(rows, start=2):
        cells = {name: _undefused((row.get(name) or "").strip()) for name in COLUMNS}
        if cells["points"] or cells["comment"]:
            decided.append(_decision(cells, f"{path}, row {number}"))
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
        heading = _ID.match(text)
        if heading is None:
            continue
        place = f"{path}, the mark of {heading['student']} for {heading['question']}"
        body = re.sub(r"(?m)^points\s*=\s*$", "", text)
        try:
            entry = tomllib.loads(body)
        except tomllib.TOMLDecodeError as error:
            raise GradingError(f'{place} cannot be read ({error}): write points = 2.5 and comment = "...".') from None
        comment, points = str(entry.get("comment", "")).strip(), str(entry.get("points", "")).strip()
        if points or comment:
            answer = heading["answer"] or ""
            line = {"student_id": heading["student"], "question": heading["question"], "answer_id": answer}
            decided.append(_decision({**line, "points": points, "comment": comment}, place))
    return decided


def _decision(cells: dict[str, str], place: str) -> Decision:
    text, comment = cells["points"], cells["comment"]
    word = text.casefold() if text.casefold() in WORDS else ""
    if not text and not cells["question"] and comment.casefold() == "excused":
        word, comment = "excused", ""
    number = text.casefold().removesuffix("bonus").strip()
    points = _points(number, place) if text and not word else None
    if points is not None and (number != text.casefold() or re.match(r"bonus\b", comment, re.IGNORECASE)):
        word = "bonus"
    more = {name: cells.get(name, "") for name in ("why", "answer_id", "exercise", "who", "at")}
    return Decision(cells["student_id"], cells["question"], points, comment, word, **more)


def _points(text: str, place: str) -> float:
    try:
        return float(text.replace(",", "."))
    except ValueError:
        raise GradingError(
            f"{place}: {text!r} is no number of points, and none of the words {', '.join(WORDS)}."
        ) from None


def _undefused(text: str) -> str:
    """Take back the apostrophe that keeps a text from being a formula."""
    return text[1:] if text.startswith("'") and defused(text[1:]) == text else text


def enter(book: Gradebook, exercise: str, decided: list[Decision], *, who: str, now: dt.datetime) -> int:
    """Enter decisions into the gradebook: all of them, or, where one is not valid, none.

    Parameters
    ----------
    book
        The gradebook.
    exercise
        Its name.
    decided
        From `take`; those of another exercise are left out.
    who, now
        Who decided, and when it is entered, where the table does not say.

    Returns
    -------
    int
        How many marks were set, taken back or settled.
    """
    decided = [one for one in decided if one.exercise in {"", exercise}]
    for one in decided:
        book.check(exercise, one.student_id, one.question, one.points, kind=one.word)
    for one in decided:
        signed = {"who": one.who or who, "now": _at(one.at) or now}
        if one.word == "settled":
            _settle(book, exercise, one, signed)
        elif one.points is not None or one.word:
            answer = one.answer_id or None
            where = (exercise, one.student_id, one.question, one.points)
            book.override(*where, reason="review", kind=one.word, answer=answer, **signed)  # type: ignore[arg-type] # who and now
        if one.comment:
            text = "" if one.comment.casefold() == "retract" else one.comment
            book.comment(exercise, one.student_id, one.question, text, **signed)  # type: ignore[arg-type] # who and now
    return sum(one.points is not None or bool(one.word) for one in decided)


def _at(text: str) -> dt.datetime | None:
    try:
        return dt.datetime.fromisoformat(text)
    except ValueError:
        return None


def _settle(book: Gradebook, exercise: str, one: Decision, signed: dict[str, object]) -> None:
    query = "select suspicions from submissions where exercise = ? and student_id = ?"
    there = [
        text for row in book.rows(query, (exercise, one.student_id)) for text in msgspec.json.decode(row["suspicions"])
    ]
    for text in [one.why] if one.why else there:
        basis = one.answer_id or basis_of(book, exercise, one.student_id, text)
        book.settle(exercise, one.student_id, text, basis=basis, **signed)  # type: ignore[arg-type] # who and now


def basis_of(book: Gradebook, exercise: str, student_id: str, suspicion: str) -> str:
    """Identify what a suspicion rests on: the student's file, and those of the students that it names.

    Parameters
    ----------
    book
        The gradebook.
    exercise, student_id
        Whose work.
    suspicion
        Its sentence.
    """
    from crmlib.files import digest

    words = set(re.findall(r"[A-Za-z0-9][A-Za-z0-9._@+-]*", suspicion))
    rows = book.rows("select student_id, digest from submissions where exercise = ? order by 1", (exercise,))
    files = [row["digest"] for row in rows if row["student_id"] == student_id or row["student_id"] in words]
    return f"b{digest(suspicion, *files)[:12]}"


def is_entered(book: Gradebook, exercise: str, one: Decision) -> bool:
    """Whether the gradebook has a decision: what a file holds and this does not may be lost with the file.

    Parameters
    ----------
    book
        The gradebook.
    exercise
        Its name.
    one
        The decision.
    """
    where = (exercise, one.student_id, one.question)
    if one.word == "settled":
        query = "select suspicion, basis from settled where (exercise, student_id) = (?, ?)"
        rows = book.rows(query, where[:2])
        return any(one.why in {"", row["suspicion"]} and one.answer_id in {"", row["basis"]} for row in rows)
    if one.points is not None or one.word:
        query = (
            "select * from overrides where (exercise, student_id, question) = (?, ?, ?) order by number desc limit 1"
        )
        kind = one.word or ("mark" if one.question else "total")
        last = [(row["kind"], row["points"]) for row in book.rows(query, where) if one.answer_id in {"", row["answer"]}]
        if last != [(kind, one.points)]:
            return False
    said = "" if one.comment.casefold() == "retract" else one.comment
    return not one.comment or book.comment_on(*where) == said
