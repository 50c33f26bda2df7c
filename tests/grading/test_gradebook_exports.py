"""The gradebook and what is made of it: exports, feedback, review, likeness."""

from __future__ import annotations

import base64
import csv
import datetime as dt
import io
import json
import re
import sqlite3
import struct
import zlib
from typing import TYPE_CHECKING, Any

import pytest

from crmlib.errors import GradingError
from crmlib.grading.kinds.own import load_exercise
from crmlib.grading.marking import graded as results
from crmlib.grading.marking.explain import Trouble
from crmlib.grading.marking.graded import Graded, Picture, Points, Shown
from crmlib.grading.marking.likeness import alike, borrowed
from crmlib.grading.marking.pictures import MOST_PICTURES, pictures_in, redrawn
from crmlib.grading.results import exports, feedback, review
from crmlib.grading.results.gradebook import Gradebook, Mark, Row
from crmlib.grading.results.nbgrader import marked_notebook
from crmlib.grading.spec.roster import Roster, Student

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from crmlib.grading.spec.exercise import Exercise

NOW = dt.datetime(2026, 12, 3, 12, 0, tzinfo=dt.UTC)
HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(1)>"
ROSTER = Roster(
    (
        Student(student_id="s1", name="=HYPERLINK(1)", email="+cmd|x", section="A", moodle_id="47", canvas_id="7"),
        Student(student_id="s2", name="Bea"),
        Student(student_id="s3", name="Carl"),
    )
)


@pytest.fixture(scope="module")
def exercise() -> Exercise:
    return load_exercise("03_rfm")


def row(exercise: Exercise, student: str, points: float = 1.0, **changes: Any) -> Row:
    marks = tuple(
        Mark(q.id, 0.0 if q.kind == "written" else points, q.points, q.kind == "written", ("=1+1",))
        for q in exercise.questions
    )
    values: dict[str, Any] = {
        "student_id": student,
        "file": "@file.ipynb",
        "digest": "0",
        "submitted_at": NOW,
        "late_days": 1,
        "late_share": 0.5,
        "status": "finished",
        "reason": "",
        "seconds": 1.0,
        "sandbox": "zygote",
        "containment": "zygote: all",
        "notes": (HOSTILE,),
        "suspicions": ("looks odd",),
        "marks": marks,
    }
    return Row(**values | changes)


@pytest.fixture
def book(exercise: Exercise) -> Iterator[Gradebook]:
    with Gradebook(":memory:") as made:
        made.enrol(ROSTER)
        questions = [{"id": q.id, "title": q.title, "kind": q.kind, "points": q.points} for q in exercise.questions]
        made.open_exercise(exercise.name, exercise.title, questions, NOW)
        made.write(
            exercise.name, [row(exercise, "s1"), row(exercise, "s2", 0.0, late_share=1.0)], enrolled=False, now=NOW
        )
        made.write(exercise.name, [row(exercise, "stranger")], enrolled=False, now=NOW)
        yield made


def result(book: Gradebook, exercise: Exercise, student: str) -> Any:
    return next(one for one in book.results(exercise.name) if one.student_id == student)


def test_late_points_are_a_share_of_what_was_earned(book: Gradebook, exercise: Exercise) -> None:
    one = result(book, exercise, "s1")
    automatic = sum(q.kind != "written" for q in exercise.questions)
    assert (one.earned, one.points, one.out_of, one.open) == (automatic, automatic / 2, exercise.points, 1)


def test_a_person_decides_and_grading_anew_keeps_it(book: Gradebook, exercise: Exercise) -> None:
    before = result(book, exercise, "s1").earned
    book.override(exercise.name, "s1", "w1", 3, reason="read", who="ada", now=NOW)
    book.override(exercise.name, "s1", "w1", 4, reason="read again", who="bob", now=NOW)
    assert (result(book, exercise, "s1").earned, result(book, exercise, "s1").open) == (before + 4, 0)
    book.write(exercise.name, [row(exercise, "s1", 0.0)], enrolled=False, now=NOW)
    assert result(book, exercise, "s1").earned == 4
    history = book.rows("select points, who from overrides order by number")
    assert [(one["points"], one["who"]) for one in history] == [(3, "ada"), (4, "bob")]


@pytest.mark.parametrize(
    ("mark", "said"),
    [
        (("s1", "w1", 5.5), "not between 0 and 5"),
        (("s1", "w1", float("nan")), "not between"),
        (("s9", "w1", 1), "no mark"),
        (("s1", "q99", 1), "no mark"),
        (("s1", "w1", -1), "not between"),
    ],
)
def test_a_mark_that_cannot_be_is_refused(
    book: Gradebook, exercise: Exercise, mark: tuple[str, str, float], said: str
) -> None:
    with pytest.raises(GradingError, match=said):
        book.override(exercise.name, *mark, reason="", who="ada", now=NOW)


def test_half_a_submission_is_never_written(book: Gradebook, exercise: Exercise) -> None:
    twice = row(exercise, "s3")
    with pytest.raises(sqlite3.IntegrityError):
        book.write(exercise.name, [twice._replace(marks=(*twice.marks, twice.marks[0]))], enrolled=False, now=NOW)
    assert not book.rows("select * from submissions where student_id = 's3'")
    assert not book.rows("select * from marks where student_id = 's3'")


def test_a_file_that_is_no_gradebook_is_told(tmp_path: Path) -> None:
    path = tmp_path / "gradebook.sqlite"
    path.write_text("not a database, but long enough to be looked at as one" * 20, encoding="utf-8")
    with pytest.raises(GradingError, match="is no gradebook"):
        Gradebook(path)


def test_exports_hold_everybody_and_no_formula(book: Gradebook, exercise: Exercise, tmp_path: Path) -> None:
    book.comment(exercise.name, "s1", "q1", "=cmd|' /C calc'!A0", who="ada", now=NOW)
    written = exports.export(book, exercise.name, tmp_path)
    tables = {path.stem: list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8-sig")))) for path in written}
    assert [one["student_id"] for one in tables["marks"]] == ["s1", "s2", "s3", "stranger"]
    assert [one["status"] for one in tables["marks"]][2:] == ["not handed in", "finished, not in the roster"]
    assert [one["ID number"] for one in tables["moodle"]] == ["s1", "s2", "s3"]
    assert tables["moodle"][0]["Identifier"] == "Participant 47"
    assert tables["canvas"][0][exercise.title] == "30.0"
    assert tables["canvas"][0]["Student"].strip() == "Points Possible"
    assert tables["canvas"][-1][exercise.title] == ""  # handed in nothing: no mark, and no zero
    cells = [cell for path in written for line in csv.reader(io.StringIO(path.read_text("utf-8-sig"))) for cell in line]
    assert not [cell for cell in cells if cell[:1] in {"=", "+", "@"}]
    assert "'=HYPERLINK(1)" in cells


# --- feedback


def png(width: int = 4, height: int = 3, extra: bytes = b"") -> str:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    heading = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    rows = b"".join(b"\0" + b"\x40\x80\xc0" * width for _ in range(min(height, 8)))
    whole = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", heading) + extra + chunk(b"IDAT", zlib.compress(rows))
    return base64.b64encode(whole + chunk(b"IEND", b"")).decode()


def test_pictures_are_drawn_anew() -> None:
    hidden = b"<script>alert(1)</script>"
    text = struct.pack(">I", len(hidden)) + b"tEXt" + hidden + struct.pack(">I", zlib.crc32(b"tEXt" + hidden))
    drawn = redrawn(png(extra=text))
    assert drawn is not None
    assert drawn.startswith(b"\x89PNG")
    assert hidden not in drawn


@pytest.mark.parametrize(
    "text",
    [
        "", "!!!", "A" * 9_000_000, base64.b64encode(b"GIF89a").decode(), png(60_000, 60_000), png(0, 5),
        base64.b64encode(b"\x89PNG\r\n\x1a\n" + b"\0" * 40).decode(), png()[:60],
    ],
)  # fmt: skip
def test_what_is_no_small_picture_is_left(text: str) -> None:
    assert redrawn(text) is None


def test_pictures_are_bounded_in_number() -> None:
    output = {"output_type": "display_data", "data": {"image/png": png(), "text/html": HOSTILE}}
    cells: list[Any] = [None, {"outputs": None}, {"id": 3, "outputs": [7, {"data": 1}, *[output] * 50]}]
    assert len(list(pictures_in({"cells": cells}))) == MOST_PICTURES


def graded(exercise: Exercise, student: str = "s1", **changes: Any) -> Graded:
    values: dict[str, Any] = {
        "key": "k",
        "student_id": student,
        "file": "x.ipynb",
        "digest": "0",
        "status": "error",
        "reason": f"cell 3: {HOSTILE}",
        "seconds": 1.0,
        "containment": "zygote: all",
        "points": [Points(q.id, 0.0, q.points, [HOSTILE], False) for q in exercise.questions],
        "troubles": [Trouble("q1", f"KeyError: {HOSTILE}", ""), Trouble("<b>", HOSTILE, "")],
        "pictures": [Picture("q6", redrawn(png()) or b""), Picture('"><script>', redrawn(png()) or b"")],
        "written": {"w1": HOSTILE},
        "cells": [
            Shown("code", "answer('q1', 1)", "q1-answer"),
            Shown("markdown", f"``` {HOSTILE}", ""),
            Shown("code", "again", "q1-answer"),
        ],
    }
    return Graded(**values | changes)


def test_a_feedback_page_runs_nothing_and_says_all(book: Gradebook, exercise: Exercise) -> None:
    book.write(
        exercise.name,
        [row(exercise, "s1", marks=tuple(Mark(q.id, 0.0, q.points, False, (HOSTILE,)) for q in exercise.questions))],
        enrolled=False,
        now=NOW,
    )
    book.comment(exercise.name, "s1", "q1", HOSTILE, who="ada", now=NOW)
    page = feedback.page(book, exercise, graded(exercise))
    assert "<script" not in page
    assert "<img src=x" not in page
    assert page.count("&lt;script&gt;") >= len(exercise.questions) + 4
    assert set(re.findall(r'src="([^",]*)', page)) == {"data:image/png;base64"}
    assert "default-src 'none'" in page
    assert all(hint.split()[0] in page for q in exercise.questions for hint in q.hints)
    assert "0 of 30 points" in page


def test_an_empty_page_says_not_answered_and_what_to_do_next(book: Gradebook, exercise: Exercise) -> None:
    nothing = tuple(Mark(q.id, 0.0, q.points, False, ("Nothing was handed in.",)) for q in exercise.questions)
    book.write(exercise.name, [row(exercise, "s1", marks=nothing)], enrolled=False, now=NOW)
    stubs = [Trouble(q.id, "NotImplementedError: Make it.", "") for q in exercise.questions]
    page = feedback.page(book, exercise, graded(exercise, troubles=stubs, written={"w1": "\n"}))
    assert page.count("not answered</td>") == len(exercise.questions)
    assert "not right" not in page
    assert "NotImplementedError" not in page.partition("<table>")[2]
    assert "Answer it, for 5 points: its cell is as it was released." in page


def test_a_right_answer_gets_no_hint(book: Gradebook, exercise: Exercise) -> None:
    full = tuple(Mark(q.id, q.points, q.points, False, ()) for q in exercise.questions)
    book.write(exercise.name, [row(exercise, "s1", marks=full)], enrolled=False, now=NOW)
    page = feedback.page(book, exercise, graded(exercise, status="finished", troubles=[]))
    assert "Hint 1" not in page


# --- review


def test_decisions_come_back_from_a_table_and_from_a_form(book: Gradebook, exercise: Exercise, tmp_path: Path) -> None:
    for student in ("s1", "s2"):
        results.save(graded(exercise, student), tmp_path / f"{student}.json")
    listed = review.write(book, exercise, tmp_path, tmp_path / "review")
    assert [(one.student_id, one.kind) for one in listed][:2] == [("s1", "written"), ("s2", "written")]
    table = (tmp_path / "review" / "review.csv").read_text(encoding="utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(table)))
    rows[0] |= {"points": "3,5", "comment": "Good"}
    filled = tmp_path / "filled.csv"
    with filled.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, rows[0], delimiter=";")
        writer.writeheader()
        writer.writerows(rows)
    assert review.take(filled) == [review.Decision("s1", "w1", 3.5, "Good")]

    path = tmp_path / "review" / "review.ipynb"
    form = json.loads(path.read_text(encoding="utf-8"))
    assert not [cell for cell in form["cells"] if cell["cell_type"] == "code"]
    raw = [cell for cell in form["cells"] if cell["cell_type"] == "raw"]
    raw[1]["source"] = raw[1]["source"].replace("points =", "points = 2").replace('""', '"Say \\"why\\""')
    path.write_text(json.dumps(form), encoding="utf-8")
    decided = review.take(path)
    assert decided == [review.Decision("s2", "w1", 2.0, 'Say "why"')]

    assert review.enter(book, exercise.name, decided, who="ada", now=NOW) == 1
    assert [one.student_id for one in review.items(book, exercise, tmp_path) if one.kind == "written"] == [
        "s1",
        "stranger",
    ]


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("a.csv", "student_id,points\ns1,3\n", "lacks the column comment, question"),
        ("a.csv", "student_id,question,points,comment\ns1,w1,good,\n", "row 2: 'good' is no number"),
        ("a.ipynb", "{}", "is no notebook"),
        (
            "a.ipynb",
            '{"cells": [{"cell_type": "raw", "source": "# s1 w1: 0 to 5\\npoints = x"}]}',
            "the mark of s1 for w1",
        ),
    ],
)
def test_a_form_that_is_not_right_is_told(tmp_path: Path, name: str, text: str, said: str) -> None:
    (tmp_path / name).write_text(text, encoding="utf-8")
    with pytest.raises(GradingError, match=said):
        review.take(tmp_path / name)


def test_one_wrong_decision_enters_none(book: Gradebook, exercise: Exercise) -> None:
    decided = [review.Decision("s1", "w1", 3.0, "fine"), review.Decision("s2", "w1", 99.0, "")]
    with pytest.raises(GradingError, match="99 points"):
        review.enter(book, exercise.name, decided, who="ada", now=NOW)
    assert book.rows("select * from overrides") == []
    assert book.rows("select * from comments") == []


def test_nbgraders_notebook_holds_every_mark_once_and_nothing_of_the_students_to_render(exercise: Exercise) -> None:
    from crmlib.grading.authoring.editions import student_notebook

    marks = {q.id: {"points": 0.5, "findings": json.dumps([HOSTILE])} for q in exercise.questions}
    notebook = marked_notebook(student_notebook(exercise), graded(exercise), marks)
    named = [cell["metadata"]["nbgrader"]["grade_id"] for cell in notebook["cells"] if "nbgrader" in cell["metadata"]]
    assert len(named) == len(set(named))
    assert set(marks) <= set(named)
    outputs = [output for cell in notebook["cells"] for output in cell.get("outputs", [])]
    assert {output["output_type"] for output in outputs} == {"execute_result", "stream"}
    assert all(set(output.get("data", {"text/plain"})) == {"text/plain"} for output in outputs)
    own = next(cell for cell in notebook["cells"] if cell["cell_type"] == "markdown" and HOSTILE in cell["source"])
    assert own["source"].startswith("````text\n")


# --- likeness

CODE = """
groups = orders.groupby("customer_id")
measures = groups.agg(last=("order_ts", "max"), frequency=("order_id", "size"), monetary=("amount", "sum"))
measures["recency"] = (pd.Timestamp(shop.as_of) - measures.pop("last").dt.normalize()).dt.days
for name in measures.columns:
    if measures[name].isna().any() and name != "monetary":
        measures[name] = measures[name].fillna(0).astype(int)
table = measures.reset_index().sort_values("monetary", ascending=False).head(100)
"""


def test_renaming_and_comments_hide_nothing() -> None:
    other = CODE.replace("measures", "m").replace("groups", "g").replace('"', "'").replace("\nfor", "\n# mine\nfor")
    pairs = alike({"a": CODE, "b": other, "c": "x = 1\n" * 50}, "")
    assert [(pair.first, pair.second, pair.likeness) for pair in pairs] == [("a", "b", 1.0)]


def test_what_was_released_is_nobodys_work() -> None:
    assert alike({"a": CODE + "x = 1", "b": CODE + "y = 2"}, CODE) == []


def test_answers_of_another_variant_are_found_and_shared_ones_are_not() -> None:
    expected = {"a": {"q1": "1", "q2": "x"}, "b": {"q1": "2", "q2": "x"}, "c": {"q1": "3", "q2": "y"}}
    stored = {"a": {"q1": "1"}, "b": {"q1": "3", "q2": "y"}, "c": {"q2": "x", "q1": "9"}}
    assert borrowed(stored, expected) == {"b": {"c": ("q1", "q2")}}
