"""The gradebook: students, submissions, marks, comments, overrides with who and when, in one SQLite file.

What the computer marked and what a person decided stand in tables of their own, and nothing a person entered is ever
changed or removed by grading anew. The view ``results`` says what counts.

>>> with Gradebook(":memory:") as book:
...     book.results("03_rfm")
[]
"""

from __future__ import annotations

import datetime as dt
import json
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from crmlib.errors import GradingError
from crmlib.grading.results.database import opened, transaction
from crmlib.grading.results.entries import Mark, Result, Row
from crmlib.grading.results.ledger import Ledger
from crmlib.grading.results.schema import NOTHING_HANDED_IN
from crmlib.words import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from crmlib.grading.spec.roster import Roster

__all__ = ["Gradebook", "Mark", "Result", "Row"]


class Gradebook:
    """A gradebook; use it as a context.

    Parameters
    ----------
    path
        The file, made if need be; ``":memory:"`` for none.
    """

    def __init__(self, path: Path | str) -> None:
        self._db = opened(path)
        self._ledger = Ledger(None if str(path) == ":memory:" else Path(path).with_name("decisions.csv"))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._db.close()

    def enrol(self, roster: Roster) -> None:
        """Write down the class; who has left the roster stays, marked as not enrolled.

        Parameters
        ----------
        roster
            The students.
        """
        with transaction(self._db):
            if roster.students:
                self._db.execute("update students set enrolled = 0")
            self._db.executemany(
                "insert into students values (?, ?, ?, ?, ?, ?, 1, ?) on conflict (student_id) do update set "
                "name = excluded.name, email = excluded.email, section = excluded.section, "
                "moodle_id = excluded.moodle_id, canvas_id = excluded.canvas_id, enrolled = 1, login = excluded.login",
                [
                    (s.student_id, s.name, s.email, s.section, s.moodle_id, s.canvas_id, s.login)
                    for s in roster.students
                ],
            )

    def open_exercise(
        self,
        name: str,
        title: str,
        questions: Sequence[dict[str, Any]],
        deadline: dt.datetime | None,
        *,
        folder: str = "",
        digest: str = "",
        zone: str = "UTC",
    ) -> None:
        """Write down an exercise.

        Parameters
        ----------
        name, title
            Its names.
        questions
            Dicts of id, title, kind and points.
        deadline
            When it is due.
        folder, digest
            Where the exercise is, and what identifies it.
        zone
            In which times are shown.
        """
        points = sum(q["points"] for q in questions)
        values = (name, title, points, _iso(deadline), json.dumps(list(questions)), folder, digest, zone)
        with transaction(self._db):
            self._db.execute("insert or replace into exercises values (?, ?, ?, ?, ?, ?, ?, ?)", values)

    def write(self, exercise: str, rows: Iterable[Row], *, enrolled: bool, now: dt.datetime) -> None:
        """Write down submissions and their marks, in place of what the computer had marked before.

        Parameters
        ----------
        exercise
            Its name.
        rows
            One a student.
        enrolled
            Whether students that the gradebook does not know are of the class: True where there is no roster.
        now
            When they were graded.
        """
        with transaction(self._db):
            for row in rows:
                self._db.execute(
                    "insert into students (student_id, enrolled) values (?, ?) on conflict do nothing",
                    (row.student_id, int(enrolled)),
                )
                lists = (json.dumps(row.notes, ensure_ascii=False), json.dumps(row.suspicions, ensure_ascii=False))
                self._db.execute(
                    f"insert or replace into submissions values ({', '.join('?' * 16)})",
                    (
                        *(exercise, row.student_id, row.file, row.digest, _iso(row.submitted_at), row.late_days),
                        *(row.late_share, row.status, row.reason, row.seconds, row.sandbox, row.containment, *lists),
                        *(_iso(now), row.choice),
                    ),
                )
                self._db.execute("delete from marks where exercise = ? and student_id = ?", (exercise, row.student_id))
                self._db.executemany(
                    "insert into marks values (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                    [
                        (
                            *(exercise, row.student_id, m.question, m.points, m.out_of, int(m.needs_review)),
                            *(json.dumps(m.findings, ensure_ascii=False), m.answer, m.text),
                        )
                        for m in row.marks
                    ],
                )

    def keep_only(self, exercise: str, students: Collection[str]) -> list[str]:
        """Take out the submissions of everybody else; what people decided on them stays on record.

        Parameters
        ----------
        exercise
            Its name.
        students
            Whose submissions there are.

        Returns
        -------
        list of str
            Whose were taken out.
        """
        rows = self._db.execute("select student_id from submissions where exercise = ? order by 1", (exercise,))
        gone = [student for (student,) in rows if student not in students]
        with transaction(self._db):
            for table in ("submissions", "marks"):
                self._db.executemany(
                    f"delete from {table} where exercise = ? and student_id = ?",
                    [(exercise, student) for student in gone],
                )
        return gone

    def suspect(self, exercise: str, suspicions: Mapping[str, Sequence[str]]) -> None:
        """Add what a person should look at, found by comparing submissions.

        Parameters
        ----------
        exercise
            Its name.
        suspicions
            Student to what there is, in plain words.
        """
        with transaction(self._db):
            for student, more in suspicions.items():
                where = (exercise, student)
                row = self._db.execute(
                    "select suspicions from submissions where exercise = ? and student_id = ?", where
                ).fetchone()
                if row is not None:
                    both = json.dumps(list(dict.fromkeys([*json.loads(row[0]), *more])), ensure_ascii=False)
                    self._db.execute(
                        "update submissions set suspicions = ? where exercise = ? and student_id = ?", (both, *where)
                    )

    def override(
        self,
        exercise: str,
        student_id: str,
        question: str,
        points: float | None,
        *,
        reason: str,
        who: str,
        now: dt.datetime,
        kind: str = "",
        answer: str | None = None,
    ) -> None:
        """Set a mark by hand. What was there before stays on record.

        Parameters
        ----------
        exercise, student_id, question
            Which mark; an empty question is the whole submission.
        points
            From 0 to what the question is worth; None to excuse, or to take a mark back.
        reason, who, now
            Why, by whom, when.
        kind
            ``bonus`` for more than the question is worth, ``excused``, ``retract``; otherwise a mark, or a total.
        answer
            What identifies the answer that was read; the one of now by default.

        Raises
        ------
        GradingError
            There is no such mark, or it cannot be that many points.
        """
        kind = kind or ("mark" if question else "total")
        self.check(exercise, student_id, question, points, kind=kind)
        now_answer, text = self.answer(exercise, student_id, question)
        read = now_answer if answer is None else answer
        text = text if read == now_answer else ""
        values = (exercise, student_id, question, kind, points, reason, who, _iso(now), read, text)
        with transaction(self._db):
            self._db.execute("insert into overrides values (null, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", values)
        entry = kind if points is None else f"{points!r} bonus" if kind == "bonus" else f"{points!r}"
        signed = {"who": who, "at": _iso(now) or ""}
        self._ledger.add(exercise, student_id, question, points=entry, answer_id=read, **signed)

    def answer(self, exercise: str, student_id: str, question: str) -> tuple[str, str]:
        """Give what identifies the answer to a question (or a whole submission) as it now is, and its text."""
        where = (exercise, student_id)
        if question:
            row = self._db.execute(
                "select answer, text from marks where exercise = ? and student_id = ? and question = ?",
                (*where, question),
            ).fetchone()
        else:
            row = self._db.execute(
                "select digest, '' from submissions where exercise = ? and student_id = ?", where
            ).fetchone()
        return (NOTHING_HANDED_IN, "") if row is None else (row[0], row[1])

    def check(self, exercise: str, student_id: str, question: str, points: float | None, *, kind: str = "mark") -> None:
        """Make sure that a mark is there, or that the student is of the class, and that it can be that many points.

        Parameters
        ----------
        exercise, student_id, question
            Which mark; an empty question is the whole submission.
        points
            From 0 to what the question is worth; None for none.
        kind
            See `override`.

        Raises
        ------
        GradingError
            It is not, or cannot.
        """
        students = [row[0] for row in self._db.execute("select student_id from students order by 1")]
        about = self.exercise(exercise)
        worth = {one["id"]: one["points"] for one in about["questions"]} | {"": about["points"]}
        if student_id not in students or question not in worth:
            hint = (
                did_you_mean(student_id, students)
                if student_id not in students
                else did_you_mean(question, filter(None, worth))
            )
            raise GradingError(f"The gradebook has no mark of {student_id!r} for {question!r} in {exercise}. {hint}")
        if kind == "excused" and question:
            raise GradingError(f"{student_id}, {question}: excused is the whole submission; leave the question empty.")
        if points is None:
            return
        most = math.inf if kind == "bonus" else worth[question]
        if not 0 <= points <= most or math.isinf(points):
            raise GradingError(
                f"{student_id}, {question or 'the whole submission'}: {points:g} points are not between 0 and "
                f"{worth[question]:g}. For more, begin the comment with the word bonus."
            )

    def comment(
        self, exercise: str, student_id: str, question: str, comment: str, *, who: str, now: dt.datetime
    ) -> None:
        """Write a comment that the student will read, in place of an earlier one; both stay on record.

        Parameters
        ----------
        exercise, student_id, question
            On what; an empty question is the whole submission.
        comment
            Plain text; nothing takes the earlier one back.
        who, now
            By whom, when.
        """
        if self.comment_on(exercise, student_id, question) == comment:
            return  # a review file that is taken back twice says everything once
        values = (
            exercise,
            student_id,
            question,
            comment,
            who,
            _iso(now),
            self.answer(exercise, student_id, question)[0],
        )
        with transaction(self._db):
            self._db.execute("insert into comments values (null, ?, ?, ?, ?, ?, ?, ?)", values)
        self._ledger.add(
            exercise, student_id, question, points="", comment=comment or "retract", who=who, at=_iso(now) or ""
        )

    def comment_on(self, exercise: str, student_id: str, question: str) -> str:
        """Give the comment that counts; empty where there is none."""
        row = self._db.execute(
            "select comment from last_comments where exercise = ? and student_id = ? and question = ?",
            (exercise, student_id, question),
        ).fetchone()
        return "" if row is None else str(row[0])

    def settle(self, exercise: str, student_id: str, suspicion: str, *, basis: str, who: str, now: dt.datetime) -> None:
        """Settle a suspicion: it comes back when what it rests on changes.

        Parameters
        ----------
        exercise, student_id, suspicion
            Which, in its words.
        basis
            What identifies the files that it rests on.
        who, now
            By whom, when.
        """
        values = (exercise, student_id, suspicion, basis, who, _iso(now))
        with transaction(self._db):
            self._db.execute("insert into settled values (null, ?, ?, ?, ?, ?, ?)", values)
        self._ledger.add(
            exercise, student_id, "", points="settled", comment="", why=suspicion, answer_id=basis, who=who,
            at=_iso(now) or "",
        )  # fmt: skip

    def results(self, exercise: str) -> list[Result]:
        """Give what counts for each student who handed in, or was marked by hand.

        Parameters
        ----------
        exercise
            Its name.
        """
        rows = self._db.execute("select * from results where exercise = ? order by student_id", (exercise,))
        return [Result(*row) for row in rows]

    def rows(self, query: str, values: Sequence[Any] = ()) -> list[dict[str, Any]]:
        """Ask the gradebook anything, in SQL.

        Parameters
        ----------
        query
            One select.
        values
            For its question marks.
        """
        cursor = self._db.execute(query, values)
        names = [column[0] for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor]

    def exercise(self, name: str) -> dict[str, Any]:
        """Give an exercise as it was written down.

        Parameters
        ----------
        name
            Its name.

        Raises
        ------
        GradingError
            The gradebook does not have it.
        """
        found = self.rows("select * from exercises where exercise = ?", (name,))
        if not found:
            raise GradingError(f"The gradebook has no exercise {name!r}: grade it first.")
        return found[0] | {"questions": json.loads(found[0]["questions"])}


def _iso(moment: dt.datetime | None) -> str | None:
    return None if moment is None else moment.astimezone(dt.UTC).isoformat(timespec="seconds")
