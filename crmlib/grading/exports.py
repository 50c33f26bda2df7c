"""Marks as files: a table for people, and the forms that Moodle and Canvas take in."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pandas as pd

from crmlib.csv_out import write_csv

if TYPE_CHECKING:
    from pathlib import Path

    from crmlib.grading.gradebook import Gradebook

__all__ = ["canvas_table", "export", "marks_table", "moodle_table"]

_STUDENTS = """
select st.student_id, st.name, st.email, st.section, st.moodle_id, st.canvas_id, st.enrolled,
       s.status, s.reason, s.file, s.submitted_at, s.late_days, s.late_share, s.sandbox, s.suspicions,
       r.earned, r.points, r.out_of, r.open
from students st left join submissions s on s.student_id = st.student_id and s.exercise = ?
     left join results r on r.student_id = st.student_id and r.exercise = s.exercise
where st.enrolled or s.student_id is not null
order by st.student_id
"""


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
        Who, a column of points a question, what lateness left, what is still to be looked at, and what happened.
    """
    questions = [question["id"] for question in book.exercise(exercise)["questions"]]
    marks = {
        (row["student_id"], row["question"]): row["points"]
        for row in book.rows("select student_id, question, points from final_marks where exercise = ?", (exercise,))
    }
    rows = []
    for student in book.rows(_STUDENTS, (exercise,)):
        handed_in = student["status"] is not None
        rows.append(
            {
                **{key: student[key] for key in ("student_id", "name", "email", "section")},
                "status": _status(student),
                **{question: marks.get((student["student_id"], question)) for question in questions},
                "earned": student["earned"],
                "late_days": student["late_days"],
                "points": student["points"],
                "out_of": student["out_of"],
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

    Students are mapped by ``ID number`` or ``Email address``; who handed in nothing keeps an empty grade.

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
            "ID number": student["student_id"],
            "Full name": student["name"],
            "Email address": student["email"],
            title: student["points"],
            "Feedback comments": comments.get(student["student_id"], ""),
        }
        for student in book.rows(_STUDENTS, (exercise,))
        if student["enrolled"]
    )


def canvas_table(book: Gradebook, exercise: str) -> pd.DataFrame:
    """Give marks as Canvas's gradebook takes them (Grades > Import), its row of points possible first.

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
            "SIS User ID": student["student_id"],
            "SIS Login ID": student["email"],
            "Section": student["section"],
            about["title"]: student["points"],
        }
        for student in book.rows(_STUDENTS, (exercise,))
        if student["enrolled"]
    ]
    return pd.DataFrame(rows)


def export(book: Gradebook, exercise: str, folder: Path) -> list[Path]:
    """Write marks.csv, moodle.csv and canvas.csv; no cell of theirs is a formula for a spreadsheet.

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
    for name, table in (("marks", marks_table), ("moodle", moodle_table), ("canvas", canvas_table)):
        path = folder / f"{name}.csv"
        write_csv(table(book, exercise).astype(object), path)
        written.append(path)
    return written


def _status(student: dict[str, Any]) -> str:
    if student["status"] is None:
        return "not handed in"
    return str(student["status"]) if student["enrolled"] else f"{student['status']}, not in the roster"


def _comments(book: Gradebook, exercise: str) -> dict[str, str]:
    said: dict[str, list[str]] = {}
    query = "select student_id, question, comment from comments where exercise = ? order by number"
    for row in book.rows(query, (exercise,)):
        place = f"{row['question']}: " if row["question"] else ""
        said.setdefault(row["student_id"], []).append(f"{place}{row['comment']}")
    return {student: "\n".join(lines) for student, lines in said.items()}
