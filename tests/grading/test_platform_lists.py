"""Lists of learning platforms, in their own forms: as rosters, as times, and there and back."""

from __future__ import annotations

import csv
import datetime as dt
import io
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest

from crmlib.errors import GradingError
from crmlib.grading.collecting.collect import collect
from crmlib.grading.collecting.times import moment_of, read_times
from crmlib.grading.results import exports
from crmlib.grading.results.gradebook import Gradebook
from crmlib.grading.spec.roster import Roster, Student, read_roster
from crmlib.grading.spec.rules import Late, Rules, check_extensions, lateness, read_rules
from crmlib.grading.spec.worksheet import joined
from tests.grading.test_decisions import QUESTIONS, handed_in

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

ROME = ZoneInfo("Europe/Rome")
NOW = dt.datetime(2026, 12, 3, 12, 0, tzinfo=dt.UTC)
CANVAS = """Student,ID,SIS User ID,SIS Login ID,Section,Quiz (12)
    Points Possible,,,,,12
"Byron, Ada",7701,s01,ada@example.org,A,
"Student, Test",7799,,abc,A,
"""
PARTICIPANTS = (
    "First name,Last name,ID number,Email address\nAda,Byron,{},ada@example.org\nBea,Cole,{},bea@example.org\n"
)
WORKSHEET = (
    "Identifier,Full name,Email address,Status,Grade,Maximum Grade,Grade can be changed,Last modified (submission)\n"
    'Participant 123456,Ada Byron,ada@example.org,Submitted,,30,Yes,"{}"\n'
    "Participant 123457,Bea Cole,bea@example.org,No submission,,30,Yes,-\n"
)
CLASS = Roster(
    (
        Student(student_id="s01", name="Ada Byron", email="Ada@example.org", moodle_id="9"),
        Student(student_id="s02", name="Bea Cole", email="bea@example.org", moodle_id="123456"),
    )
)


@pytest.fixture
def file(tmp_path: Path) -> Callable[[str], Path]:
    def write(text: str) -> Path:
        path = tmp_path / "list.csv"
        path.write_text(text, encoding="utf-8-sig")
        return path

    return write


def told(path: Path) -> list[tuple[str, str, str, str]]:
    return [
        (one.student_id, one.canvas_id or one.moodle_id, one.email, one.section) for one in read_roster(path).students
    ]


def test_canvas_gradebook_is_a_roster_with_and_without_its_first_row(file: Callable[[str], Path]) -> None:
    without = "\n".join(line for line in CANVAS.splitlines() if "Points Possible" not in line)
    posting = CANVAS.replace("    Points", ",,,,,Manual Posting\n    Points")
    for text, left_out in ((CANVAS, 2), (without, 1), (posting, 3), (CANVAS.replace(",", ";").replace("; ", ", "), 2)):
        path = file(text)
        assert told(path) == [("s01", "7701", "ada@example.org", "A")]
        notes = read_roster(path).notes
        assert len(notes) == left_out
        assert "test student" in notes[-1]


def test_canvas_numbers_come_back_where_they_were(file: Callable[[str], Path]) -> None:
    for sis, login, back in (
        ("s01", "ada@example.org", ("7701", "s01", "ada@example.org")),
        ("s01", "abyron", ("7701", "s01", "abyron")),
        ("", "abyron", ("7701", "", "abyron")),  # no number of the institution's: the login is the id
        ("", "", ("7701", "", "")),
    ):
        path = file(CANVAS.replace("s01,ada@example.org", f"{sis},{login}").replace(",abc", ",abc" if login else ","))
        with Gradebook(":memory:") as book:
            roster = read_roster(path)
            book.enrol(roster)
            book.open_exercise("03_rfm", "RFM", QUESTIONS, NOW)
            book.write("03_rfm", [handed_in(roster.students[0].student_id, "")], enrolled=False, now=NOW)
            row = exports.canvas_table(book, "03_rfm").iloc[1]
        assert tuple(row[["ID", "SIS User ID", "SIS Login ID"]]) == back
        assert (row["Student"], row["Section"], row["RFM"]) == ("Byron, Ada", "A", 25.0)


def test_canvas_export_is_read_back_as_the_class_it_came_from(file: Callable[[str], Path], tmp_path: Path) -> None:
    first = read_roster(file(CANVAS))
    with Gradebook(":memory:") as book:
        book.enrol(first)
        book.open_exercise("03_rfm", "RFM", QUESTIONS, NOW)
        exports.export(book, "03_rfm", tmp_path / "exports")
    assert read_roster(tmp_path / "exports" / "canvas.csv").students == first.students
    rows = list(csv.reader(io.StringIO((tmp_path / "exports" / "canvas.csv").read_text(encoding="utf-8-sig"))))
    assert rows[0] == ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", "RFM"]
    assert rows[1] == ["    Points Possible", "", "", "", "", "30.0"]


def test_moodle_participants_without_numbers_go_by_their_address(file: Callable[[str], Path]) -> None:
    path = file(PARTICIPANTS.format("", ""))
    assert [one.student_id for one in read_roster(path).students] == ["ada@example.org", "bea@example.org"]
    assert "e-mail address is the student_id" in read_roster(path).notes[0]
    assert [one.student_id for one in read_roster(file(PARTICIPANTS.format("s1", "s2"))).students] == ["s1", "s2"]
    with pytest.raises(GradingError, match=r"row 3: the student_id is empty.*whole column is empty"):
        read_roster(file(PARTICIPANTS.format("s1", "")))
    with Gradebook(":memory:") as book:
        book.enrol(read_roster(file(PARTICIPANTS.format("", ""))))
        book.open_exercise("03_rfm", "RFM", QUESTIONS, NOW)
        moodle = exports.moodle_table(book, "03_rfm")
    assert moodle[["ID number", "Email address"]].to_numpy().tolist() == [
        ["", "ada@example.org"],
        ["", "bea@example.org"],
    ]


def test_moodles_worksheet_is_a_roster_and_joins_one(file: Callable[[str], Path]) -> None:
    path = file(WORKSHEET.format("Wednesday, 2 December 2026, 9:59 AM"))
    students = read_roster(path).students
    assert [(one.moodle_id, one.name, one.email) for one in students] == [
        ("123456", "Ada Byron", "ada@example.org"),
        ("123457", "Bea Cole", "bea@example.org"),
    ]
    # the numbers of another assignment are gone: they would name somebody else in this one
    assert [one.moodle_id for one in joined(CLASS, path).roster.students] == ["123456", "123457"]
    stranger = WORKSHEET.format("-") + "Participant 5,Eve Adams,eve@example.org,,,,,-\n"
    assert (
        "row 4: Participant 5 Eve Adams eve@example.org is not in the roster" in joined(CLASS, file(stranger)).notes[0]
    )
    nameless = "Identifier,Full name,Last modified (submission)\nParticipant 7,Bea Cole,-\n"
    assert [one.moodle_id for one in joined(CLASS, file(nameless)).roster.students] == ["", "7"]
    twice = WORKSHEET.format("-") + "Participant 5,Ada Byron,ada@example.org,,,,,-\n"
    with pytest.raises(GradingError, match="row 4: row 2 is s01's as well"):
        joined(CLASS, file(twice))


def test_what_the_worksheet_says_is_late_is_late(file: Callable[[str], Path], tmp_path: Path) -> None:
    rules = Rules(
        exercise="03_rfm", deadline=dt.datetime.fromisoformat("2026-12-01T23:59+01:00"), late=Late(per_day=0.1)
    )
    times = read_times(file(WORKSHEET.format("Wednesday, 2 December 2026, 9:59 AM")), ROME, CLASS)
    (tmp_path / "in" / "Ada Byron_123456_assignsubmission_file_").mkdir(parents=True)
    (tmp_path / "in" / "Ada Byron_123456_assignsubmission_file_" / "x.ipynb").write_text("{}", encoding="utf-8")
    roster = joined(CLASS, tmp_path / "list.csv").roster
    (one,) = collect(tmp_path / "in", tmp_path / "out", roster, timezone="Europe/Rome", times=times)
    assert one.student_id == "s01"  # and not s02, whose number was so in another assignment
    assert lateness(one.submitted_at, rules.due("s01"), rules.late) == (1, 0.9)


@pytest.mark.parametrize(
    "text",
    ["mercredi 2 décembre 2026, 09:59", "02/12/26, 09:59", "Monday, 2 December 2026, 9:59 AM", "2 May 2026, 13:59 PM",
     "31 November 2026, 9:59 AM", "yesterday", "2026-12-02"],
)  # fmt: skip
def test_a_time_that_is_not_certain_is_told_by_its_row(file: Callable[[str], Path], text: str) -> None:
    with pytest.raises(GradingError, match=r"row 2: .* is no time that can be read for certain"):
        read_times(file(WORKSHEET.format(text)), ROME, CLASS)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("Wednesday, 2 December 2026, 9:59 AM", "2026-12-02T09:59+01:00"),
        ("Wednesday, December 2, 2026, 12:00 AM", "2026-12-02T00:00+01:00"),
        ("2 December 2026, 12:00 PM", "2026-12-02T12:00+01:00"),
        ("mercoledì, 2 dicembre 2026, 21:59", "2026-12-02T21:59+01:00"),
        ("2026-12-02T09:59", "2026-12-02T09:59+01:00"),
        ("2026-12-02T09:59:00Z", "2026-12-02T10:59+01:00"),
        ("2026-12-02 09:59:00.5 UTC", "2026-12-02T10:59:00.500000+01:00"),
        ("Wednesday, 1 July 2026, 9:59 AM", "2026-07-01T09:59+02:00"),
    ],
)
def test_times_are_read_in_the_class_zone(text: str, moment: str) -> None:
    assert moment_of(text, ROME) == dt.datetime.fromisoformat(moment)


def test_a_table_of_times_goes_by_any_sign_of_a_student(file: Callable[[str], Path], tmp_path: Path) -> None:
    roster = Roster((Student(student_id="s01", email="ada@example.org", canvas_id="77", moodle_id="5"),))
    for heading, key in (("student_id", "S01"), ("email", "ada@example.org"), ("user_id", "77"), ("Moodle ID", "5")):
        times = read_times(file(f"{heading},submitted_at\n{key},2026-12-02T09:59Z\n"), dt.UTC, roster)
        assert times.by_student == {"s01": dt.datetime(2026, 12, 2, 9, 59, tzinfo=dt.UTC)}
    for text, message in (
        ("student_id,submitted_at\ns09,2026-12-02T09:59Z\n", r"row 2: the roster has no student with student_id 's09'"),
        ("student_id,submitted_at\ns01,soon\n", "row 2: file"),
        ("student_id,when\ns01,soon\n", "submitted_at are needed"),
    ):
        with pytest.raises(GradingError, match=message):
            read_times(file(text), dt.UTC, roster)
    assert not tmp_path.joinpath("submissions.csv").exists()


# --- what the instructor writes counts, or is told


def test_an_extension_of_nobodys_is_told() -> None:
    rules = Rules(exercise="03_rfm", extensions={"S6": NOW})
    with pytest.raises(GradingError, match=r"\[extensions\] names 'S6'.*Did you mean 's6'"):
        check_extensions(rules, ["s5", "s6"], "rules.toml")
    check_extensions(rules, ["S6"], "rules.toml")
    check_extensions(rules, [], "rules.toml")  # without a roster nobody can be told from anybody


def test_a_day_is_over_at_its_end(tmp_path: Path) -> None:
    path = tmp_path / "rules.toml"
    path.write_text(
        'exercise = "x"\ntimezone = "Europe/Rome"\ndeadline = 2026-12-01\n[extensions]\ns1 = 2026-12-08\n',
        encoding="utf-8",
    )
    rules = read_rules(path)
    assert [str(rules.due(name)) for name in ("s0", "s1")] == ["2026-12-01 23:59:59+01:00", "2026-12-08 23:59:59+01:00"]
    path.write_text('exercise = "x"\ndeadline = 23:59:00\n', encoding="utf-8")
    with pytest.raises(GradingError, match="cannot be read"):
        read_rules(path)


@pytest.mark.parametrize(
    ("zone", "deadline", "shown"),
    [
        ("Europe/Rome", "2026-12-01T23:59+01:00", "Europe/Rome"),
        ("UTC", "2026-12-01T23:59+01:00", "UTC+01:00"),
        ("UTC", "2026-12-01T23:59-03:30", "UTC-03:30"),
        ("UTC", "2026-12-01T23:59", "UTC"),
        ("UTC", "2026-12-01T23:59Z", "UTC"),
        ("UTC", None, "UTC"),
    ],
)
def test_times_are_shown_in_the_zone_of_the_class(zone: str, deadline: str | None, shown: str) -> None:
    moment = None if deadline is None else dt.datetime.fromisoformat(deadline)
    assert Rules(exercise="x", timezone=zone, deadline=moment).zone == shown
