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
import sqlite3
from typing import TYPE_CHECKING, Any, NamedTuple, Self

from crmlib.errors import GradingError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from crmlib.grading.roster import Roster

__all__ = ["Gradebook", "Mark", "Result", "Row"]

VERSION = 1
_SCHEMA = """
create table students (
    student_id text primary key, name text not null default '', email text not null default '',
    section text not null default '', moodle_id text not null default '', canvas_id text not null default '',
    enrolled integer not null default 1  -- 0: the roster does not have them
) strict;
create table exercises (
    exercise text primary key, title text not null, points real not null, deadline text,
    questions text not null  -- JSON: id, title, kind, points
) strict;
create table submissions (
    exercise text not null references exercises, student_id text not null references students,
    file text not null, digest text not null, submitted_at text, late_days integer not null, late_share real not null,
    status text not null, reason text not null, seconds real not null,
    sandbox text not null, containment text not null, -- 'none' and what no cgroup held are told apart
    notes text not null, suspicions text not null, graded_at text not null,
    primary key (exercise, student_id)
) strict;
create table marks (
    exercise text not null, student_id text not null, question text not null,
    points real not null, out_of real not null, needs_review integer not null, findings text not null,
    primary key (exercise, student_id, question)
) strict;
create table overrides (  -- the latest counts; none is ever removed
    number integer primary key, exercise text not null, student_id text not null, question text not null,
    points real not null, reason text not null, who text not null, at text not null
) strict;
create table comments (
    number integer primary key, exercise text not null, student_id text not null, question text not null,
    comment text not null, who text not null, at text not null
) strict;
create view decided as
    select exercise, student_id, question, points, reason, who, at from overrides
    where number in (select max(number) from overrides group by exercise, student_id, question);
create view final_marks as
    select m.exercise, m.student_id, m.question, m.out_of, m.points as automatic, m.findings,
           coalesce(d.points, m.points) as points, m.needs_review and d.points is null as open, d.who, d.at
    from marks m left join decided d using (exercise, student_id, question);
create view results as
    select s.exercise, s.student_id, st.name, s.status, s.late_days, s.late_share,
           round(sum(f.points), 4) as earned, round(sum(f.points) * s.late_share, 4) as points,
           round(sum(f.out_of), 4) as out_of, sum(f.open) as open
    from submissions s join students st using (student_id) left join final_marks f using (exercise, student_id)
    group by s.exercise, s.student_id;
"""


class Mark(NamedTuple):
    """What one question earned."""

    question: str
    points: float
    out_of: float
    needs_review: bool
    findings: tuple[str, ...]


class Row(NamedTuple):
    """What is written down of one submission.

    Attributes
    ----------
    student_id, file, digest
        Whose, where it was found, and what identifies its content.
    submitted_at, late_days, late_share
        When it came, and what lateness leaves.
    status, reason, seconds
        How its runs ended, in plain words.
    sandbox, containment
        Which sandbox held it, and what of the limits could not be had.
    notes, suspicions
        What was mended; what a person should look at.
    marks
        One a question.
    """

    student_id: str
    file: str
    digest: str
    submitted_at: dt.datetime | None
    late_days: int
    late_share: float
    status: str
    reason: str
    seconds: float
    sandbox: str
    containment: str
    notes: tuple[str, ...]
    suspicions: tuple[str, ...]
    marks: tuple[Mark, ...]


class Result(NamedTuple):
    """What counts for one student: see the view ``results``."""

    exercise: str
    student_id: str
    name: str
    status: str
    late_days: int
    late_share: float
    earned: float
    points: float
    out_of: float
    open: int


class Gradebook:
    """A gradebook; use it as a context.

    Parameters
    ----------
    path
        The file, made if need be; ``":memory:"`` for none.
    """

    def __init__(self, path: Path | str) -> None:
        try:
            # transactions are begun by hand below: each writing method is one, so a kill leaves no half of it
            self._db = sqlite3.connect(path, timeout=30, isolation_level=None)
            version = self._db.execute("pragma user_version").fetchone()[0]
            if version == 0:
                self._db.executescript(f"begin; {_SCHEMA} pragma user_version = {VERSION}; commit;")
                version = VERSION
        except sqlite3.DatabaseError as error:
            raise GradingError(f"{path} is no gradebook: {error}. Move it away, or name another --out.") from None
        if version != VERSION:
            raise GradingError(f"{path} is a gradebook of version {version}; this crmlib reads version {VERSION}.")

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
        with _Transaction(self._db):
            if roster.students:
                self._db.execute("update students set enrolled = 0")
            self._db.executemany(
                "insert into students values (?, ?, ?, ?, ?, ?, 1) on conflict (student_id) do update set "
                "name = excluded.name, email = excluded.email, section = excluded.section, "
                "moodle_id = excluded.moodle_id, canvas_id = excluded.canvas_id, enrolled = 1",
                [(s.student_id, s.name, s.email, s.section, s.moodle_id, s.canvas_id) for s in roster.students],
            )

    def open_exercise(
        self, name: str, title: str, questions: Sequence[dict[str, Any]], deadline: dt.datetime | None
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
        """
        values = (name, title, sum(q["points"] for q in questions), _iso(deadline), json.dumps(list(questions)))
        with _Transaction(self._db):
            self._db.execute("insert or replace into exercises values (?, ?, ?, ?, ?)", values)

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
        with _Transaction(self._db):
            for row in rows:
                self._db.execute(
                    "insert into students (student_id, enrolled) values (?, ?) on conflict do nothing",
                    (row.student_id, int(enrolled)),
                )
                lists = (json.dumps(row.notes, ensure_ascii=False), json.dumps(row.suspicions, ensure_ascii=False))
                self._db.execute(
                    "insert or replace into submissions values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                    (
                        *(exercise, row.student_id, row.file, row.digest, _iso(row.submitted_at), row.late_days),
                        *(row.late_share, row.status, row.reason, row.seconds, row.sandbox, row.containment, *lists),
                        _iso(now),
                    ),
                )
                self._db.execute("delete from marks where exercise = ? and student_id = ?", (exercise, row.student_id))
                self._db.executemany(
                    "insert into marks values (?, ?, ?, ?, ?, ?, ?)",
                    [
                        (
                            *(exercise, row.student_id, m.question, m.points, m.out_of, int(m.needs_review)),
                            json.dumps(m.findings, ensure_ascii=False),
                        )
                        for m in row.marks
                    ],
                )

    def suspect(self, exercise: str, suspicions: Mapping[str, Sequence[str]]) -> None:
        """Add what a person should look at, found by comparing submissions.

        Parameters
        ----------
        exercise
            Its name.
        suspicions
            Student to what there is, in plain words.
        """
        with _Transaction(self._db):
            for student, said in suspicions.items():
                where = (exercise, student)
                found = self._db.execute(
                    "select suspicions from submissions where exercise = ? and student_id = ?", where
                ).fetchone()
                if found is not None:
                    both = json.dumps(list(dict.fromkeys([*json.loads(found[0]), *said])), ensure_ascii=False)
                    self._db.execute(
                        "update submissions set suspicions = ? where exercise = ? and student_id = ?", (both, *where)
                    )

    def override(
        self, exercise: str, student_id: str, question: str, points: float, *, reason: str, who: str, now: dt.datetime
    ) -> None:
        """Set a mark by hand. What was there before stays on record.

        Parameters
        ----------
        exercise, student_id, question
            Which mark.
        points
            From 0 to what the question is worth.
        reason, who, now
            Why, by whom, when.

        Raises
        ------
        GradingError
            There is no such mark, or it cannot be that many points.
        """
        self.check(exercise, student_id, question, points)
        values = (exercise, student_id, question, points, reason, who, _iso(now))
        with _Transaction(self._db):
            self._db.execute("insert into overrides values (null, ?, ?, ?, ?, ?, ?, ?)", values)

    def check(self, exercise: str, student_id: str, question: str, points: float) -> None:
        """Make sure that a mark is there, and can be that many points.

        Parameters
        ----------
        exercise, student_id, question
            Which mark.
        points
            From 0 to what the question is worth.

        Raises
        ------
        GradingError
            It is not, or cannot.
        """
        found = self._db.execute(
            "select out_of from marks where exercise = ? and student_id = ? and question = ?",
            (exercise, student_id, question),
        ).fetchone()
        if found is None:
            raise GradingError(f"The gradebook has no mark of {student_id!r} for {question!r} in {exercise}.")
        if not 0 <= points <= found[0]:
            raise GradingError(f"{student_id}, {question}: {points:g} points are not between 0 and {found[0]:g}.")

    def comment(
        self, exercise: str, student_id: str, question: str, comment: str, *, who: str, now: dt.datetime
    ) -> None:
        """Add a comment that the student will read.

        Parameters
        ----------
        exercise, student_id, question
            On what; an empty question is the whole submission.
        comment
            Plain text.
        who, now
            By whom, when.
        """
        known = self._db.execute(
            "select 1 from comments where (exercise, student_id, question, comment) = (?, ?, ?, ?)",
            (exercise, student_id, question, comment),
        ).fetchone()
        if known is None:  # a review file that is taken back twice says everything once
            values = (exercise, student_id, question, comment, who, _iso(now))
            with _Transaction(self._db):
                self._db.execute("insert into comments values (null, ?, ?, ?, ?, ?, ?)", values)

    def results(self, exercise: str) -> list[Result]:
        """Give what counts for each student who handed in.

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


class _Transaction:
    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    def __enter__(self) -> None:
        self._db.execute("begin immediate")

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._db.execute("commit" if kind is None else "rollback")


def _iso(moment: dt.datetime | None) -> str | None:
    return None if moment is None else moment.astimezone(dt.UTC).isoformat(timespec="seconds")
