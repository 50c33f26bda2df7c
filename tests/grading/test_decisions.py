"""What a person decides: on which answer, how it is undone, and where it is kept."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest

from crmlib.errors import GradingError
from crmlib.grading.kinds.own import load_exercise
from crmlib.grading.marking import graded as results
from crmlib.grading.results import exports, feedback, review
from crmlib.grading.results.grade import check_gradebook
from crmlib.grading.results.gradebook import Gradebook, Mark, Row
from crmlib.grading.spec.roster import Roster, Student
from tests.grading.test_gradebook_exports import graded

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from crmlib.grading.spec.exercise import Exercise

NOW = dt.datetime(2026, 12, 3, 12, 0, tzinfo=dt.UTC)
CLASS = Roster(
    tuple(
        Student(student_id=name, name=called, email=f"{name}@example.org")
        for name, called in (("s01", "Ada Byron"), ("s02", "Bea"), ("s03", "Carl"), ("s04", "Grace Hopper"))
    )
)
QUESTIONS = [{"id": "q1", "title": "How many", "kind": "scalar", "points": 4.0},
             {"id": "q2", "title": "Which", "kind": "table", "points": 21.0},
             {"id": "w1", "title": "Why", "kind": "written", "points": 5.0}]  # fmt: skip


def handed_in(student: str, essay: str = "An essay.", code: str = "n = 1", q1: float = 4.0, **changes: Any) -> Row:
    wrong = () if q1 == 4.0 else ("too many",)
    marks = (
        Mark("q1", q1, 4.0, False, wrong, f"a{len(code)}" if code else "none", code),
        Mark("q2", 21.0, 21.0, False, (), "aq2", "t = 2"),
        Mark("w1", 0.0, 5.0, bool(essay), (), f"a{len(essay)}" if essay else "none", essay),
    )
    values: dict[str, Any] = dict.fromkeys(("reason", "notes", "suspicions"), ())
    values |= {"student_id": student, "file": f"{student}/x.ipynb", "digest": essay + code, "submitted_at": NOW}
    values |= {"late_days": 0, "late_share": 1.0, "status": "finished", "reason": "", "seconds": 1.0}
    values |= {"sandbox": "zygote", "containment": "zygote: all", "marks": marks}
    return Row(**values | changes)


@pytest.fixture
def book(tmp_path: Path) -> Iterator[Gradebook]:
    with Gradebook(tmp_path / "gradebook.sqlite") as opened:
        opened.enrol(CLASS)
        opened.open_exercise("03_rfm", "RFM", QUESTIONS, NOW)
        opened.write("03_rfm", [handed_in("s01"), handed_in("s02"), handed_in("s03")], enrolled=False, now=NOW)
        yield opened


@pytest.fixture
def take(book: Gradebook, tmp_path: Path) -> Callable[..., int]:
    def enter(*lines: str, who: str = "ada") -> int:
        path = tmp_path / "d.csv"
        path.write_text("\n".join(["student_id,question,points,comment", *lines]) + "\n", encoding="utf-8")
        return review.enter(book, "03_rfm", review.take(path), who=who, now=NOW)

    return enter


def result(book: Gradebook, student: str) -> Any:
    return next((one for one in book.results("03_rfm") if one.student_id == student), None)


def table(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline="")))


def moodle(book: Gradebook) -> dict[str, Any]:
    rows = exports.moodle_table(book, "03_rfm").astype(object)
    return {row["ID number"]: None if row["RFM"] != row["RFM"] else row["RFM"] for _, row in rows.iterrows()}


@pytest.fixture(scope="module")
def exercise() -> Exercise:
    return load_exercise("03_rfm")


# --- a mark belongs to the answer that was read


def test_a_mark_is_open_again_when_its_answer_has_changed(
    book: Gradebook, take: Callable[..., int], exercise: Exercise, tmp_path: Path
) -> None:
    take("s01,w1,4.5,Good: says what is not known", "s03,q1,4,oral", "s02,w1,3,")
    assert (result(book, "s01").points, result(book, "s01").open) == (29.5, 0)
    book.write("03_rfm", [handed_in("s01", "I have deleted my essay, sorry.")], enrolled=False, now=NOW)
    book.write("03_rfm", [handed_in("s03", code="", q1=0.0)], enrolled=False, now=NOW)
    book.write("03_rfm", [handed_in("s02")], enrolled=False, now=NOW)  # the same again
    assert (result(book, "s01").points, result(book, "s01").open) == (29.5, 1)
    assert (result(book, "s03").points, result(book, "s03").open) == (25.0, 2)  # q1, and w1 which nobody has read
    assert (result(book, "s02").points, result(book, "s02").open) == (28.0, 0)
    assert moodle(book) == {"s01": None, "s02": 28.0, "s03": None, "s04": None}
    listed = {(one.student_id, one.question): one for one in review.items(book, exercise, tmp_path)}
    essay = listed["s01", "w1"]
    assert (essay.earlier_points, essay.earlier_comment) == (4.5, "Good: says what is not known")
    assert (essay.earlier_answer, essay.answer) == ("An essay.", "I have deleted my essay, sorry.")
    assert "has changed since ada gave 4.5 points" in essay.why
    assert listed["s03", "q1"].earlier_answer == "n = 1"
    assert ("s02", "w1") not in listed
    # what was said of the old essay is not said of the new one; a new decision settles it
    assert book.rows("select comment from said where student_id = 's01'") == []
    take("s01,w1,1,Write one")
    assert (result(book, "s01").points, result(book, "s01").open) == (26.0, 0)
    # and the old text, handed in once more, is another answer again
    book.write("03_rfm", [handed_in("s01")], enrolled=False, now=NOW)
    assert result(book, "s01").open == 1


def test_a_list_that_is_older_than_the_answer_marks_nothing_for_good(
    book: Gradebook, exercise: Exercise, tmp_path: Path
) -> None:
    review.write(book, exercise, tmp_path, tmp_path / "review")
    filled = (tmp_path / "review" / "review.csv").read_text(encoding="utf-8-sig")
    form = (tmp_path / "review" / "review.ipynb").read_text(encoding="utf-8")
    book.write("03_rfm", [handed_in("s01", "Another.")], enrolled=False, now=NOW)
    rows = table(filled)
    (tmp_path / "old.csv").write_text(
        "student_id,question,points,comment,answer_id\n"
        + "".join(f"{row['student_id']},{row['question']},4,,{row['answer_id']}\n" for row in rows),
        encoding="utf-8",
    )
    (tmp_path / "old.ipynb").write_text(form.replace("points =", "points = 4"), encoding="utf-8")
    for name in ("old.csv", "old.ipynb"):
        review.enter(book, "03_rfm", review.take(tmp_path / name), who="ada", now=NOW)
        assert {one.student_id: one.open for one in book.results("03_rfm")} == {"s01": 1, "s02": 0, "s03": 0}


# --- what was filled in is never lost


@pytest.mark.slow
def test_what_is_filled_in_stays_until_it_is_taken(book: Gradebook, exercise: Exercise, tmp_path: Path) -> None:
    out = tmp_path / "review"
    review.write(book, exercise, tmp_path, out)
    path, form = out / "review.csv", out / "review.ipynb"
    rows = table(path.read_text(encoding="utf-8-sig"))
    assert len(rows) == 3
    for number, row in enumerate(rows):
        row |= {"points": str(number), "comment": f"Read, {row['student_id']}"}
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    form.write_text(form.read_text(encoding="utf-8").replace("points =", "points = 2"), encoding="utf-8")
    # the list is written anew, also for a new essay of s01
    review.write(book, exercise, tmp_path, out)
    book.write("03_rfm", [handed_in("s01", "Another.")], enrolled=False, now=NOW)
    for _ in range(2):
        review.write(book, exercise, tmp_path, out)
        again = table(path.read_text(encoding="utf-8-sig"))
        assert sorted(row["comment"] for row in again if row["comment"]) == [f"Read, s0{n}" for n in (1, 2, 3)]
        assert form.read_text(encoding="utf-8").count("points = 2") == 3
    # an entry for the old essay stands apart, and the new one is still to be read
    mine = [row for row in again if row["student_id"] == "s01"]
    assert [(row["answer"], row["points"]) for row in mine] == [("Another.", ""), ("", "0")]
    assert review.enter(book, "03_rfm", review.take(path), who="ada", now=NOW) == 3
    review.write(book, exercise, tmp_path, out)
    again = table(path.read_text(encoding="utf-8-sig"))
    assert [(row["student_id"], row["points"]) for row in again] == [("s01", "")]
    assert result(book, "s01").open == 1


def test_a_list_that_cannot_be_read_is_moved_aside(book: Gradebook, exercise: Exercise, tmp_path: Path) -> None:
    out = tmp_path / "review"
    review.write(book, exercise, tmp_path, out)
    (out / "review.csv").write_text("student_id,question,points,comment\ns01,w1,good,\n", encoding="utf-8")
    review.write(book, exercise, tmp_path, out)
    assert "good" in (out / "review-unread-1.csv").read_text(encoding="utf-8")
    assert len(table((out / "review.csv").read_text(encoding="utf-8-sig"))) == 3


def test_an_entry_that_says_the_same_of_a_new_answer_is_another_entry(
    book: Gradebook, take: Callable[..., int], exercise: Exercise, tmp_path: Path
) -> None:
    take("s01,w1,4,")
    book.write("03_rfm", [handed_in("s01", "Another.", suspicions=("odd",))], enrolled=False, now=NOW)
    path = tmp_path / "review" / "review.csv"
    for _ in range(3):
        review.write(book, exercise, tmp_path, path.parent)
        rows = table(path.read_text(encoding="utf-8-sig"))
        mine = [row for row in rows if row["student_id"] == "s01"]
        if any(row["points"] for row in mine):
            assert [row["points"] for row in mine] == ["4", "settled"]
        for row in mine:
            row["points"] = "4" if row["question"] else "settled"
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, rows[0])
            writer.writeheader()
            writer.writerows(rows)
    assert review.enter(book, "03_rfm", review.take(path), who="ada", now=NOW) == 2
    assert result(book, "s01").open == 0
    assert not [one for one in review.items(book, exercise, tmp_path) if one.student_id == "s01"]


# --- the gradebook is not the only place


def test_a_gradebook_that_is_gone_is_told_and_its_decisions_come_back(
    book: Gradebook, take: Callable[..., int], tmp_path: Path
) -> None:
    take("s01,w1,4.5,=1+1", "s02,w1,3,- well done", "s03,q1,6,bonus: by word of mouth", "s04,w1,2,oral")
    take("s02,w1,retract,retract", "s03,,20,", "s04,,excused,")
    before = [tuple(one) for one in book.results("03_rfm")]
    assert book.rows("select who, at from overrides limit 1") == [{"who": "ada", "at": "2026-12-03T12:00:00+00:00"}]
    book.__exit__(None, None, None)
    (tmp_path / ".work" / "graded").mkdir(parents=True)
    check_gradebook(tmp_path, "03_rfm")
    with pytest.raises(GradingError, match="holds the marks of 03_rfm: give 90_light a folder of its own"):
        check_gradebook(tmp_path, "90_light")
    (tmp_path / ".work" / "graded" / "s01.json").write_text("{}", encoding="utf-8")
    check_gradebook(tmp_path, "03_rfm")
    (tmp_path / "gradebook.sqlite").write_bytes(b"")
    with pytest.raises(GradingError, match=r"gradebook.sqlite is empty, and results of an earlier run"):
        check_gradebook(tmp_path, "03_rfm")
    (tmp_path / "gradebook.sqlite").unlink()
    with pytest.raises(GradingError, match=r"gradebook.sqlite is missing"):
        check_gradebook(tmp_path, "03_rfm")
    ledger = (tmp_path / "decisions.csv").read_text(encoding="utf-8-sig")
    assert not [cell for row in table(ledger) for cell in row.values() if cell[:1] in {"=", "+", "-"} and len(cell) > 1]
    (tmp_path / "new").mkdir()
    with Gradebook(tmp_path / "new" / "gradebook.sqlite") as new:
        new.enrol(CLASS)
        new.open_exercise("03_rfm", "RFM", QUESTIONS, NOW)
        new.write("03_rfm", [handed_in("s01"), handed_in("s02"), handed_in("s03")], enrolled=False, now=NOW)
        review.enter(new, "03_rfm", review.take(tmp_path / "decisions.csv"), who="bob", now=NOW + dt.timedelta(days=9))
        assert [tuple(one) for one in new.results("03_rfm")] == before
        assert new.comment_on("03_rfm", "s01", "w1") == "=1+1"
        assert {row["who"] for row in new.rows("select who from overrides")} == {"ada"}
    assert (tmp_path / "new" / "decisions.csv").read_text(encoding="utf-8-sig") == ledger


def test_a_gradebook_of_an_older_crmlib_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "gradebook.sqlite"
    with closing(sqlite3.connect(path)) as db:
        db.executescript("""
            create table students (student_id text primary key, name text not null default '',
              email text not null default '', section text not null default '', moodle_id text not null default '',
              canvas_id text not null default '', enrolled integer not null default 1) strict;
            create table exercises (exercise text primary key, title text not null, points real not null,
              deadline text, questions text not null) strict;
            create table submissions (exercise text not null references exercises,
              student_id text not null references students, file text not null, digest text not null,
              submitted_at text, late_days integer not null, late_share real not null, status text not null,
              reason text not null, seconds real not null, sandbox text not null, containment text not null,
              notes text not null, suspicions text not null, graded_at text not null,
              primary key (exercise, student_id)) strict;
            create table marks (exercise text not null, student_id text not null, question text not null,
              points real not null, out_of real not null, needs_review integer not null, findings text not null,
              primary key (exercise, student_id, question)) strict;
            create table overrides (number integer primary key, exercise text not null, student_id text not null,
              question text not null, points real not null, reason text not null, who text not null,
              at text not null) strict;
            create table comments (number integer primary key, exercise text not null, student_id text not null,
              question text not null, comment text not null, who text not null, at text not null) strict;
            create view decided as select * from overrides; create view final_marks as select * from marks;
            create view results as select * from submissions;
            insert into students (student_id, name) values ('s01', 'Ada');
            insert into exercises values ('03_rfm', 'RFM', 30, null, '[{"id": "w1", "points": 5.0}]');
            insert into submissions values ('03_rfm', 's01', 'f', 'd', null, 0, 1.0, 'finished', '', 1.0, 'none', '',
              '[]', '[]', '2026');
            insert into marks values ('03_rfm', 's01', 'w1', 0.0, 5.0, 1, '[]');
            insert into overrides values (1, '03_rfm', 's01', 'w1', 3.0, 'review', 'ada', '2026');
            insert into comments values (1, '03_rfm', 's01', 'w1', 'Good', 'ada', '2026');
            pragma user_version = 1;""")
    for _ in range(2):
        with Gradebook(path) as book:
            assert [(one.points, one.open) for one in book.results("03_rfm")] == [(3.0, 0)]
            assert book.rows("select comment from said") == [{"comment": "Good"}]


# --- what a teacher can do


@pytest.mark.parametrize(
    ("lines", "student", "wanted"),
    [
        (["s04,w1,3,oral"], "s04", ("not handed in, marked by hand", 3.0, 30.0, 0)),
        (["s04,,12,on paper"], "s04", ("not handed in, marked by hand", 12.0, 30.0, 0)),
        (["s04,,excused,"], "s04", ("excused", None, 30.0, 0)),
        (["s04,,,excused"], "s04", ("excused", None, 30.0, 0)),
        (["s04,w1,3,oral", "s04,w1,retract,"], "s04", None),
        (["s03,,20,"], "s03", ("finished", 20.0, 30.0, 0)),
        (["s03,,20,", "s03,,RETRACT,"], "s03", ("finished", 25.0, 30.0, 1)),
        (["s03,,excused,"], "s03", ("excused", None, 30.0, 0)),
        (["s03,q1,6,bonus"], "s03", ("finished", 27.0, 30.0, 1)),
        (["s03,,35,Bonus for help"], "s03", ("finished", 35.0, 30.0, 0)),
        (["s03,q1,1,", "s03,q1,retract,"], "s03", ("finished", 25.0, 30.0, 1)),
        (["s03,w1,'2,5',"], "s03", None),
    ],
)
def test_a_line_decides(book: Gradebook, take: Callable[..., int], lines: list[str], student: str, wanted: Any) -> None:
    if "'" in lines[0]:
        with pytest.raises(GradingError, match="no number of points, and none of the words"):
            take(*lines)
        return
    assert take(*lines) == len(lines)
    one = result(book, student)
    assert (one if one is None else (one.status, one.points, one.out_of, one.open)) == wanted
    assert len(book.rows("select * from overrides")) == len(lines)  # all of it stays on record


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("s03,q1,6,", "6 points are not between 0 and 4. For more, begin the comment with the word bonus"),
        ("s03,q1,6,no bonus here", "not between 0 and 4"),
        ("s03,,31,", "the whole submission: 31 points are not between 0 and 30"),
        ("s03,q1,-1,bonus", "not between"),
        ("s03,q1,inf,bonus", "not between"),
        ("s03,q1,nan,bonus", "not between"),
        ("s03,q1,excused,", "leave the question empty"),
        ("S3,q1,1,", "no mark of 'S3' for 'q1' in 03_rfm. Did you mean 's03'"),
        ("s03,q9,1,", "There are: q1, q2, w1."),
    ],
)
def test_a_line_that_decides_nothing_is_told(
    book: Gradebook, take: Callable[..., int], line: str, message: str
) -> None:
    with pytest.raises(GradingError, match=message):
        take("s01,w1,1,Good", line)
    assert book.rows("select * from overrides") == book.rows("select * from comments") == []


def test_a_comment_takes_the_place_of_the_earlier_one(book: Gradebook, take: Callable[..., int]) -> None:
    take("s02,,,You copied this from Ada!", "s02,w1,,Clear")
    take("s02,,,Sorry - my mistake")
    assert exports.moodle_table(book, "03_rfm")["Feedback comments"].tolist()[1] == "w1: Clear\nSorry - my mistake"
    take("s02,,,retract", "s02,w1,,retract")
    assert exports.moodle_table(book, "03_rfm")["Feedback comments"].tolist()[1] == ""
    assert len(book.rows("select * from comments")) == 5


def test_a_comment_that_begins_like_a_formula_reaches_its_student_as_it_is(
    book: Gradebook, take: Callable[..., int], tmp_path: Path
) -> None:
    take("s02,,,- well done", "s03,,,Well done")
    exports.export(book, "03_rfm", tmp_path)
    texts = [row["Feedback comments"] for row in table((tmp_path / "moodle.csv").read_text(encoding="utf-8-sig"))]
    assert texts == ["", "Comment: - well done", "Well done", ""]


def test_a_suspicion_is_settled_until_what_it_rests_on_changes(
    book: Gradebook, exercise: Exercise, tmp_path: Path
) -> None:
    alike = "the code is like that of s02 (100%)"

    def listed() -> list[str]:
        items = review.items(book, exercise, tmp_path)
        return [one.why for one in items if one.kind in {"suspicion", "choice"}]

    def again(**changes: Any) -> None:
        row = handed_in("s01", suspicions=(alike, "odd"), choice="2 files were handed in", **changes)
        book.write("03_rfm", [row], enrolled=False, now=NOW)

    again()
    assert listed() == ["2 files were handed in", alike, "odd"]
    review.write(book, exercise, tmp_path, tmp_path / "review")
    rows = table((tmp_path / "review" / "review.csv").read_text(encoding="utf-8-sig"))
    lines = [
        f'{row["student_id"]},,settled,,"{row["why"]}",{row["answer_id"]}' for row in rows if row["why"] in listed()[:2]
    ]
    path = tmp_path / "settled.csv"
    path.write_text("\n".join(["student_id,question,points,comment,why,answer_id", *lines]), encoding="utf-8")
    assert review.enter(book, "03_rfm", review.take(path), who="ada", now=NOW) == 2
    assert listed() == ["odd"]
    again()
    assert listed() == ["odd"]
    book.write("03_rfm", [handed_in("s02", code="n = 22")], enrolled=False, now=NOW)  # the other file changes
    assert listed() == [alike, "odd"]
    again(code="n = 33")
    assert len(listed()) == 3
    path.write_text("student_id,question,points,comment\ns01,,settled,\n", encoding="utf-8")
    review.enter(book, "03_rfm", review.take(path), who="ada", now=NOW)
    assert listed() == ["2 files were handed in"]


# --- who is there, and what is handed on


def test_a_submission_that_is_withdrawn_leaves_no_mark_and_its_decisions_on_record(
    book: Gradebook, take: Callable[..., int]
) -> None:
    take("s02,w1,3,Good", "s02,,,Come and see me")
    assert book.keep_only("03_rfm", {"s01", "s03"}) == ["s02"]
    assert result(book, "s02") is None
    marks = exports.marks_table(book, "03_rfm").set_index("student_id")
    assert marks.loc["s02", "status"] == "not handed in"
    assert moodle(book)["s02"] is None
    assert exports.moodle_table(book, "03_rfm")["Feedback comments"].tolist()[1] == ""
    assert len(book.rows("select * from overrides")) == 1
    book.write("03_rfm", [handed_in("s02")], enrolled=False, now=NOW)
    assert (result(book, "s02").points, result(book, "s02").open) == (28.0, 0)  # the same file comes back


def test_who_was_marked_by_hand_and_then_hands_in_is_read_again(book: Gradebook, take: Callable[..., int]) -> None:
    take("s04,w1,3,oral")
    book.write("03_rfm", [handed_in("s04")], enrolled=False, now=NOW)
    assert (result(book, "s04").points, result(book, "s04").open) == (28.0, 1)


def test_unread_is_never_a_zero(book: Gradebook, take: Callable[..., int]) -> None:
    take("s02,w1,0,I have read it")
    late = handed_in("s03", "", late_days=1, late_share=0.9)
    book.write("03_rfm", [late], enrolled=False, now=NOW)
    assert moodle(book) == {"s01": None, "s02": 25.0, "s03": 22.5, "s04": None}
    canvas = exports.canvas_table(book, "03_rfm")
    assert canvas["RFM"].isna().tolist() == [False, True, False, False, True]
    marks = exports.marks_table(book, "03_rfm").set_index("student_id").astype(object)
    assert marks["w1"].isna().tolist() == [True, False, False, True]
    assert marks["final"].tolist() == ["no", "yes", "yes", ""]


def test_a_page_says_what_is_certain(book: Gradebook, take: Callable[..., int], exercise: Exercise) -> None:
    marks = tuple(
        Mark(q.id, 0.0 if q.kind == "written" else q.points, q.points, q.kind == "written", (), "a", "text")
        for q in exercise.questions
    )
    questions = [{"id": q.id, "title": q.title, "kind": q.kind, "points": q.points} for q in exercise.questions]
    book.open_exercise("03_rfm", exercise.title, questions, NOW, zone="Europe/Rome")
    half = dt.datetime(2026, 12, 1, 19, 15, tzinfo=dt.UTC)
    row = handed_in("s01", marks=marks, late_share=0.9, late_days=1, submitted_at=half)
    book.write("03_rfm", [row, handed_in("s02", marks=marks)], enrolled=False, now=NOW)
    about = {"status": "finished", "troubles": [], "points": []}
    page = feedback.page(book, exercise, graded(exercise, "s01", **about))
    assert "22.5 of 25 points so far" in page
    assert "5 points are still to be read" in page
    assert "handed in 2026-12-01 20:15 (Europe/Rome)" in page
    assert "25 of 25 points so far" in feedback.page(book, exercise, graded(exercise, "s02", **about))
    take("s01,w1,5,", "s02,,20,")
    assert "27 of 30 points" in feedback.page(book, exercise, graded(exercise, "s01", **about))
    page = feedback.page(book, exercise, graded(exercise, "s02", **about))
    assert "20 of 30 points" in page
    assert "set by your teacher" in page


def test_a_mark_by_hand_hides_no_help(book: Gradebook, take: Callable[..., int], exercise: Exercise) -> None:
    questions = [{"id": q.id, "title": q.title, "kind": q.kind, "points": q.points} for q in exercise.questions]
    book.open_exercise("03_rfm", exercise.title, questions, NOW)
    marks = tuple(Mark(q.id, 0.0, q.points, False, (f"wrong in {q.id}",)) for q in exercise.questions)
    book.write("03_rfm", [handed_in("s03", marks=marks)], enrolled=False, now=NOW)
    first, second = exercise.questions[0], exercise.questions[1]
    take(f"s03,{first.id},0.5,half", f"s03,{second.id},{second.points},all")
    page = feedback.page(book, exercise, graded(exercise, "s03"))
    section = page.partition(f'id="{first.id}"')[2].partition("</section>")[0]
    assert f"wrong in {first.id}" in section
    assert "Hint 1" in section
    assert f"wrong in {second.id}" not in page


def test_the_class_by_question(book: Gradebook) -> None:
    rows = [handed_in("s01", q1=0.0), handed_in("s02", q1=1.0), handed_in("s03", code="", essay="", q1=0.0)]
    book.write("03_rfm", rows, enrolled=False, now=NOW)
    by_question = exports.questions_table(book, "03_rfm").set_index("question")
    shares: Any = by_question[["full", "part", "none", "not_answered", "to_read"]]
    third = round(1 / 3, 3)
    assert shares.loc["q1"].tolist() == [0, third, third, third, 0]
    assert shares.loc["w1"].tolist() == [0, 0, 0, third, round(2 / 3, 3)]
    assert by_question.loc["q1", "finding_1"] == "2 x too many"
    assert by_question.loc["q2", "full"] == 1
    book.keep_only("03_rfm", set())
    assert exports.questions_table(book, "03_rfm")["students"].tolist() == [0, 0, 0]


def test_decisions_are_the_same_after_any_detour(book: Gradebook, take: Callable[..., int]) -> None:
    """Undone and done again, a decision counts as if it had been made once."""
    once = ["s01,w1,4,Good", "s02,,20,", "s03,q1,6,bonus", "s04,w1,2,oral"]
    take(*once)
    straight = [tuple(one) for one in book.results("03_rfm")]
    take("s01,w1,retract,retract", "s02,,retract,", "s03,q1,0,", "s04,,excused,")
    take("s04,,retract,", *once)
    assert [tuple(one) for one in book.results("03_rfm")] == straight
    assert json.loads(json.dumps(straight)) == [list(one) for one in straight]


def test_a_result_of_an_older_crmlib_is_read(tmp_path: Path) -> None:
    (tmp_path / "s.json").write_text(
        json.dumps({"key": "k", "student_id": "s", "file": "f", "digest": "d", "status": "finished", "reason": "",
                    "seconds": 1, "containment": "", "points": []}), encoding="utf-8")  # fmt: skip
    one = results.load(tmp_path / "s.json")
    assert one is not None
    assert (one.runs, one.cut) == ([], 0)
