"""Marks as files: tables for people, and the forms that Moodle and Canvas take in.

What a person has still to read is an empty cell, never a zero, and a grade that depends on it is not handed on.
"""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Any

import pandas as pd

from crmlib.csv_out import defused, write_csv

if TYPE_CHECKING:
    from pathlib import Path

    from crmlib.grading.results.gradebook import Gradebook

__all__ = ["canvas_table", "export", "marks_table", "moodle_table", "questions_table"]

_STUDENTS = """
select st.student_id, st.name, st.email, st.section, st.moodle_id, st.canvas_id, st.login, st.enrolled,
       coalesce(r.status, s.status) as status, s.reason, s.file, s.submitted_at, s.late_days, s.late_share,
       s.sandbox, s.suspicions,
       r.earned, r.points, r.out_of, r.open
from students st left join submissions s on s.student_id = st.student_id and s.exercise = ?
     left join results r on r.student_id = st.student_id and r.exercise = ?
where st.enrolled or r.student_id is not null
order by st.student_id
"""
_STATES = ("full", "part", "none", "not_answered", "to_read")
_COMMONEST = 3


def marks_table(book: Gradebook, exercise: str) -> pd.DataFrame:
    """Give the table of marks: one row a student, those who handed in nothing as well.

    Parameters
    ----------
    book
        The gradebook.
    exercise
        Its name.

    Returns
    -------
    pandas.DataFrame
        Who, a column of points a question (empty: not read yet), what lateness left, whether that is final, what is
        still to be looked at, and what happened.
    """
    questions = [question["id"] for question in book.exercise(exercise)["questions"]]
    query = "select * from final_marks where exercise = ?"
    marks = {
        (row["student_id"], row["question"]): None if row["open"] and row["decided"] is None else row["points"]
        for row in book.rows(query, (exercise,))
    }
    rows = []
    for student in book.rows(_STUDENTS, (exercise, exercise)):
        handed_in = student["suspicions"] is not None
        rows.append(
            {
                **{key: student[key] for key in ("student_id", "name", "email", "section")},
                "status": _status(student),
                **{question: marks.get((student["student_id"], question)) for question in questions},
                "earned": student["earned"],
                "late_days": student["late_days"],
                "points": student["points"],
                "out_of": student["out_of"],
                "final": {None: "", 0: "yes"}.get(student["open"], "no"),
                "to_review": student["open"],
                "suspicions": len(json.loads(student["suspicions"])) if handed_in else None,
                "submitted_at": student["submitted_at"],
                "file": student["file"],
                "sandbox": student["sandbox"],
                "what_happened": student["reason"],
            }
        )
    return pd.DataFrame(rows)


def moodle_table(book: Gradebook, exercise: str) -> pd.DataFrame:
    """Give marks as Moodle's grade import takes them (Grades > Import > CSV file).

    Students are mapped by ``ID number`` or ``Email address``; who handed in nothing, or whose answers are still to be
    read, keeps an empty grade.

    Parameters
    ----------
    book
        The gradebook.
    exercise
        Its name.
    """
    title = book.exercise(exercise)["title"]
    comments = _comments(book, exercise)
    return pd.DataFrame(
        {
            "Identifier": f"Participant {student['moodle_id']}" if student["moodle_id"] else "",
            "ID number": "" if student["student_id"] == student["email"] else student["student_id"],
            "Full name": student["name"],
            "Email address": student["email"],
            title: _final(student),
            "Feedback comments": comments.get(student["student_id"], ""),
        }
        for student in book.rows(_STUDENTS, (exercise, exercise))
        if student["enrolled"]
    )


def canvas_table(book: Gradebook, exercise: str) -> pd.DataFrame:
    """Give marks as Canvas's gradebook takes them (Grades > Import), its row of points possible first.

    Who handed in nothing, or whose answers are still to be read, keeps an empty grade.

    Parameters
    ----------
    book
        The gradebook.
    exercise
        Its name.
    """
    about = book.exercise(exercise)
    empty = {"Student": "", "ID": "", "SIS User ID": "", "SIS Login ID": "", "Section": ""}
    rows: list[dict[str, Any]] = [{**empty, "Student": "    Points Possible", about["title"]: about["points"]}]
    rows += [
        {
            "Student": student["name"],
            "ID": student["canvas_id"],
            "SIS User ID": "" if student["student_id"] in _not_sis(student) else student["student_id"],
            "SIS Login ID": student["login"] or student["email"],
            "Section": student["section"],
            about["title"]: _final(student),
        }
        for student in book.rows(_STUDENTS, (exercise, exercise))
        if student["enrolled"]
    ]
    return pd.DataFrame(rows)


def export(book: Gradebook, exercise: str, folder: Path) -> list[Path]:
    """Write marks.csv, questions.csv, moodle.csv and canvas.csv; no cell of theirs is a formula for a spreadsheet.

    Parameters
    ----------
    book
        The gradebook.
    exercise
        Its name.
    folder
        Where to.
    """
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    tables = {"marks": marks_table, "questions": questions_table, "moodle": moodle_table, "canvas": canvas_table}
    for name, table in tables.items():
        path = folder / f"{name}.csv"
        write_csv(table(book, exercise).astype(object), path)
        written.append(path)
    return written


def _status(student: dict[str, Any]) -> str:
    if student["status"] is None:
        return "not handed in"
    return str(student["status"]) if student["enrolled"] else f"{student['status']}, not in the roster"


def _final(student: dict[str, Any]) -> float | None:
    """Give a grade that can be handed on: none while a person has still to read something of it."""
    points: float | None = None if student["open"] else student["points"]
    return points


def _not_sis(student: dict[str, Any]) -> set[str]:
    """Give what is Canvas's own, and no number of the institution's, where that was taken for the id."""
    return {student["login"], student["canvas_id"], student["email"]}


def _comments(book: Gradebook, exercise: str) -> dict[str, str]:
    lines: dict[str, list[str]] = {}
    query = "select student_id, question, comment from said where exercise = ? order by number"
    for row in book.rows(query, (exercise,)):
        place = f"{row['question']}: " if row["question"] else ""
        lines.setdefault(row["student_id"], []).append(f"{place}{row['comment']}")
    texts = {student: "\n".join(each) for student, each in lines.items()}
    # people read these: a word keeps a text from being a formula as well as an apostrophe does
    return {student: text if defused(text) == text else f"Comment: {text}" for student, text in texts.items()}


def questions_table(book: Gradebook, exercise: str) -> pd.DataFrame:
    """Give the class by question: the shares of those who have handed in, and the commonest findings.

    Parameters
    ----------
    book
        The gradebook.
    exercise
        Its name.

    Returns
    -------
    pandas.DataFrame
        A row a question: how many handed in, which shares earned all points, a part, none, gave no answer, or are still
        to be read; and the three commonest findings, with how many they are about.
    """
    query = "select * from final_marks where exercise = ? and answer <> '-' order by student_id"
    marks: dict[str, list[dict[str, Any]]] = {}
    for row in book.rows(query, (exercise,)):
        marks.setdefault(row["question"], []).append(row)
    rows = []
    for question in book.exercise(exercise)["questions"]:
        own = marks.get(question["id"], [])
        states = Counter(_state(row) for row in own)
        findings = Counter(
            text
            for row in own
            if _state(row) in {"part", "none"}
            for text in dict.fromkeys(json.loads(row["findings"]))
        )
        common = sorted(findings.items(), key=lambda pair: (-pair[1], pair[0]))[:_COMMONEST]
        shares = {state: round(states[state] / len(own), 3) if own else None for state in _STATES}
        listed = {f"finding_{at + 1}": "" for at in range(_COMMONEST)}
        listed |= {f"finding_{at}": f"{count} x {text}" for at, (text, count) in enumerate(common, start=1)}
        about = {"question": question["id"], "title": question["title"], "kind": question["kind"]}
        rows.append({**about, "points": question["points"], "students": len(own), **shares, **listed})
    return pd.DataFrame(rows)


def _state(row: dict[str, Any]) -> str:
    if row["answer"] == "none" and row["decided"] is None:
        return "not_answered"
    if row["open"]:
        return "to_read"
    return "full" if row["points"] >= row["out_of"] else "part" if row["points"] > 0 else "none"
