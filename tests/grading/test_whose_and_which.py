"""Whose a file is, and which of several is graded: by the platform's own fields and by the work, never by chance."""

from __future__ import annotations

import copy
import datetime as dt
import json
import unicodedata
import zipfile
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmlib.errors import GradingError
from crmlib.grading.collecting.choosing import Choice, by_student, changed_answers, choose, released_to
from crmlib.grading.collecting.collect import Candidate, collect, owner_of
from crmlib.grading.collecting.owners import owner
from crmlib.grading.collecting.salvage import read_sent
from crmlib.grading.kinds.own import load_exercise
from crmlib.grading.marking import graded as results
from crmlib.grading.marking.graded import Graded, Points
from crmlib.grading.marking.marking import Task
from crmlib.grading.results.gradebook import Gradebook
from crmlib.grading.results.works import Run, Work
from crmlib.grading.spec.roster import Roster, Student
from crmlib.grading.spec.rules import Rules
from crmlib.grading.spec.variants import EVERYBODY, seal
from tests.grading.test_collect_repair import RELEASED

if TYPE_CHECKING:
    from pathlib import Path

NAMES = {"s01": "Ada Byron", "s02": "Charles Babbage", "s03": "Alan Turing", "s04": "Grace Hopper"}
CLASS = Roster(tuple(Student(student_id=name, name=called) for name, called in NAMES.items()))
FEW_DIGITS = Roster(
    (
        Student(student_id="01", name="Ada Byron"),
        Student(student_id="02", name="Charles Babbage"),
        Student(student_id="03", name="Alan Turing"),
    )
)
NUMBERS = Roster((Student(student_id="123456", name="Alan Turing"), Student(student_id="654321", name="Ada Byron")))
CANVAS = Roster((Student(student_id="s01", canvas_id="77"), Student(student_id="s02", name="Ada Byron")))
TWINS = Roster((Student(student_id="a", name="Ada Byron"), Student(student_id="b", name="Byron, Ada")))
BOTH = Roster(
    (
        Student(student_id="s01", name="Ada Byron", moodle_id="11", canvas_id="77"),
        Student(student_id="s02", name="Bea Byron", moodle_id="12", canvas_id="78"),
    )
)


@pytest.mark.parametrize(
    ("roster", "place", "student"),
    [
        # the platform's own fields, and nothing of what the student has called the file
        (CLASS, "babbagecharles_88_1001_s02.ipynb", "s02"),
        (CLASS, "byronada_77_1002_s02.ipynb", "s01"),
        (CLASS, "byronada_LATE_77_1002_s02.ipynb", "s01"),
        (CLASS, "Ada Byron_99_assignsubmission_file_s02.ipynb", "s01"),
        (CLASS, "Ada Byron_99_assignsubmission_file_/s02.ipynb", "s01"),
        (CLASS, "Group A-Ada Byron_99_assignsubmission_file_/s02.ipynb", "s01"),
        (CLASS, "class.zip/byronada_77_1002_s02.zip/s02/s02.ipynb", "s01"),
        (CLASS, "Ada_Byron_99_assignsubmission_file_/s02.ipynb", "s01"),
        (CLASS, "byronada_77_1002_Charles Babbage_5_assignsubmission_file_s02.ipynb", "s01"),
        (CLASS, "lovelaceada_77_1002_s02.ipynb", None),
        (CLASS, "Eve Adams_99_assignsubmission_file_/s02/s02.ipynb", None),
        (CLASS, "Participant_99_assignsubmission_file_/s02.ipynb", None),
        (CLASS, "anon_aB3xZ_1002_s02.ipynb", None),
        (CLASS, "anon_77777_1002_s02.ipynb", None),
        (CANVAS, "anon_77_1002_x.ipynb", None),  # the number is an alias
        # numbers that look like ids
        (FEW_DIGITS, "byronada_77_345_03_rfm.ipynb", "01"),
        (FEW_DIGITS, "babbagecharles_78_346_03_rfm.ipynb", "02"),
        (FEW_DIGITS, "turingalan_79_347_03_rfm.ipynb", "03"),
        (FEW_DIGITS, "babbage/03_rfm.ipynb", None),
        (FEW_DIGITS, "group1/03_rfm.ipynb", None),
        (FEW_DIGITS, "week 03/rfm (2).ipynb", None),
        (FEW_DIGITS, "03/03_rfm.ipynb", "03"),
        (FEW_DIGITS, "03_rfm/02/x.ipynb", "02"),
        (NUMBERS, "Ada Byron_123456_assignsubmission_file/x.ipynb", "654321"),
        (NUMBERS, "rfm 123456.ipynb", "123456"),
        (CANVAS, "turingalan_1_77_x.ipynb", None),  # 77 is the number of the file
        # letters beyond a to z
        *((CANVAS, f"{name}_77_345_rfm.ipynb", "s01") for name in ("müllerada", "núñezjosé", "王小明", "group3")),
        # a number and a name that speak of two people, or of nobody
        (BOTH, "Ada Byron_11_assignsubmission_file_/x.ipynb", "s01"),
        (BOTH, "Ada Byron_12_assignsubmission_file_/x.ipynb", None),
        (BOTH, "byronada_78_1_x.ipynb", None),
        (BOTH, "byronada_79_1_x.ipynb", None),  # Canvas's number of s01 is another
        (BOTH, "Somebody Else_11_assignsubmission_file_/x.ipynb", "s01"),
        (TWINS, "byronada_77_1_x.ipynb", None),
        (TWINS, "Ada Byron/x.ipynb", None),
        # ids are compared whole, in one form
        (CLASS, "S01 /x.ipynb", "s01"),
        (CLASS, "s010.ipynb", None),
        (CLASS, "xs01.ipynb", None),
        (CLASS, "ès01.ipynb", None),
        (Roster((Student(student_id="s1"), Student(student_id="s1-2"))), "rfm s1-2.ipynb", "s1-2"),
    ],
)  # fmt: skip
def test_only_what_the_platform_says_names_the_owner(roster: Roster, place: str, student: str | None) -> None:
    whose, known, doubts = owner_of(place, roster)
    assert (whose if known else None) == student
    assert known or doubts
    assert known or whose not in {one.student_id for one in roster.students}


def test_a_family_name_may_have_two_words_and_marks_of_its_own() -> None:
    roster = Roster(
        (Student(student_id="s1", name="José Núñez de la Torre"), Student(student_id="s2", name="O'Neill, Mary-Ann"))
    )
    assert owner_of("núñezdelatorrejosé_7_8_x.ipynb", roster)[0] == "s1"
    apart = unicodedata.normalize("NFD", "núñezdelatorrejosé_7_8_x.ipynb")  # as macOS unpacks it
    assert owner_of(apart, roster)[0] == "s1"
    assert owner_of("oneillmaryann_7_8_x.ipynb", roster)[0] == "s2"


def test_without_a_roster_the_platforms_fields_are_the_name() -> None:
    nobody = Roster()
    assert owner_of("byronada_77_1002_s02.ipynb", nobody)[0] == owner_of("byronada_77_1003_b.ipynb", nobody)[0]
    assert owner_of("Ada Byron_7_assignsubmission_file_s02.ipynb", nobody)[0] != "s02"


_CHOSEN = st.text(
    st.characters(exclude_characters="/\0", exclude_categories=["Cs"]), min_size=1, max_size=20
) | st.sampled_from(
    ["s02", "s02.ipynb", "Charles Babbage", "88_1001_s02", "_88_1001_s02", "LATE_88_1_x", "x_88_assignsubmission_file_"]
)
_FORMS = st.sampled_from(
    [
        "byronada_77_1002_{}.ipynb",
        "byronada_LATE_77_1002_{}.ipynb",
        "Ada Byron_99_assignsubmission_file_{}.ipynb",
        "Ada Byron_99_assignsubmission_file_/{}/{}.ipynb",
        "all.zip/byronada_77_1002_{}.zip/{}/{}.ipynb",
    ]
)


@pytest.mark.slow
@given(_FORMS, _CHOSEN, st.booleans())
def test_no_text_of_a_students_changes_the_owner(form: str, chosen: str, numbered: bool) -> None:  # noqa: FBT001 - drawn
    numbers = {"s01": ("99", "77"), "s02": ("98", "88")} if numbered else {}
    roster = Roster(
        tuple(
            Student(student_id=name, name=called, moodle_id=numbers[name][0], canvas_id=numbers[name][1])
            if name in numbers
            else Student(student_id=name, name=called)
            for name, called in NAMES.items()
        )
    )
    assert owner_of(form.format(chosen, chosen, chosen), roster, "03_rfm")[:2] == ("s01", True)
    stranger = form.replace("byronada", "adamseve").replace("Ada Byron", "Eve Adams").replace("77_", "66_")
    stranger = stranger.replace("_99_", "_55_")
    assert not owner_of(stranger.format(chosen, chosen, chosen), roster, "03_rfm")[1]


def test_two_people_of_a_platform_for_one_student_are_refused(tmp_path: Path) -> None:
    for name in ("byronada_77_1_x.ipynb", "byronada_78_2_x.ipynb"):
        (tmp_path / name).write_text("{}", encoding="utf-8")
    with pytest.raises(GradingError, match=r"byronada_77_1_x.*byronada_78_2_x.*77.*78.*s01.*canvas_id"):
        collect(tmp_path, tmp_path / "out", CLASS)


# --- which of several


def notebook(*answers: str, claim: Any = None) -> str:
    """A notebook with answers to q1 and q2, as many as are given."""
    filled = copy.deepcopy(RELEASED)
    for name, source in zip(("q1-work", "q2-work"), answers, strict=False):
        next(cell for cell in filled["cells"] if cell["id"] == name)["source"] = source
    filled["metadata"] = {"crmlib": claim} if claim is not None else {}
    return json.dumps(filled)


def handed_in(folder: Path, files: dict[str, str], student: str = "s02") -> list[Candidate]:
    candidates = []
    for name, text in files.items():
        path = folder / name.replace("/", "-")
        path.write_text(text, encoding="utf-8")
        candidates.append(Candidate(name, path, student, known=True))
    return candidates


KEY = b"k" * 32
SEALS = {name: seal(KEY, "90_light", name) for name in ("s02", EVERYBODY)}
OWN = {"student": "s02", "seal": SEALS["s02"]}
OTHER = {"student": "s01", "seal": seal(KEY, "90_light", "s01")}
FORGED = {"student": "s02", "seal": OTHER["seal"]}
BLANK, HALF, RIGHT, LEFT = (
    notebook(),
    notebook("share = 1"),
    notebook("share = 1", "cuts = [1]"),
    notebook("", "cuts = 2"),
)


@pytest.mark.parametrize(
    ("files", "run"),
    [
        ({"a.ipynb": RIGHT, "z_original.ipynb": BLANK}, ["a.ipynb"]),
        ({"z.ipynb": RIGHT, "a_original.ipynb": BLANK}, ["z.ipynb"]),
        ({"s01/x.ipynb": RIGHT, "s01.old/x.ipynb": BLANK}, ["s01/x.ipynb"]),
        ({"a.ipynb": "{", "b.ipynb": BLANK}, ["b.ipynb"]),
        ({"a.ipynb": HALF, "b.ipynb": RIGHT}, ["b.ipynb", "a.ipynb"]),  # both are run, and the best counts
        ({"a.ipynb": RIGHT, "copy.ipynb": RIGHT}, ["a.ipynb"]),  # one content, one run
        ({"a.ipynb": notebook(claim=OWN), "b.ipynb": RIGHT}, ["a.ipynb"]),  # a valid seal beats every other
        ({"a.ipynb": notebook("s = 1", claim=OWN), "b.ipynb": notebook("a = 1", "b = 1", claim=OTHER)}, ["a.ipynb"]),
        ({"a.ipynb": notebook("s = 1", claim=OWN), "b.ipynb": notebook("a = 1", "b = 1", claim=FORGED)}, ["a.ipynb"]),
        ({"a.ipynb": RIGHT, "scratch.ipynb": json.dumps({"cells": [{"cell_type": "code", "source": f"x = {n}"}
                                                                 for n in range(40)]})}, ["a.ipynb"]),
    ],
)  # fmt: skip
def test_the_work_is_chosen_in_whatever_order_it_came(tmp_path: Path, files: dict[str, str], run: list[str]) -> None:
    candidates = handed_in(tmp_path, files)
    for order in (candidates, candidates[::-1]):
        choice = choose(by_student(order)["s02"], RELEASED, SEALS)
        assert [one.place for one in choice.run] == run
        assert {one.place for one in (*choice.run, *choice.others)} == set(files)


@pytest.mark.slow
@given(st.permutations(["a", "b", "c", "d"]))
def test_the_order_of_files_never_matters(tmp_path_factory: pytest.TempPathFactory, order: list[str]) -> None:
    folder = tmp_path_factory.mktemp("files")
    texts = {"a": RIGHT, "b": HALF, "c": BLANK, "d": LEFT}
    candidates = handed_in(folder, {f"{name}.ipynb": texts[name] for name in order})
    assert {one.place for one in choose(candidates, RELEASED, {}).run} == {"a.ipynb", "b.ipynb", "d.ipynb"}


def test_the_order_of_members_never_matters(tmp_path: Path) -> None:
    files = {"s01/03_rfm.ipynb": RIGHT, "s01.old/03_rfm.ipynb": BLANK}
    for number, names in enumerate((list(files), list(files)[::-1])):
        with zipfile.ZipFile(tmp_path / f"{number}.zip", "w") as archive:
            for name in names:
                archive.writestr(name, files[name])
        there = by_student(collect(tmp_path / f"{number}.zip", tmp_path / f"out{number}", CLASS))
        assert [one.place for one in choose(there["s01"], RELEASED, {}).run] == ["s01/03_rfm.ipynb"]


@pytest.mark.parametrize(
    ("text", "count"),
    [
        (BLANK, 0),
        (HALF, 1),
        (RIGHT, 2),
        (notebook("  ", "cuts = 1"), 1),
        (notebook("#\nshare = 1"), 1),
        ("{", 0),
        ("", 0),
    ],
)
def test_answers_that_differ_from_the_release_count(tmp_path: Path, text: str, count: int) -> None:
    path = tmp_path / "x.ipynb"
    path.write_text(text, encoding="utf-8")
    assert changed_answers(read_sent(path), RELEASED) == count


def test_a_file_of_nobodys_says_to_whom_it_was_released(tmp_path: Path) -> None:
    path = tmp_path / "x.ipynb"
    for claim, whose in ((OWN, "s02"), (FORGED, ""), ({"student": 3}, ""), ({"student": EVERYBODY, "seal": "x"}, "")):
        path.write_text(notebook(claim=claim), encoding="utf-8")
        assert released_to(path, SEALS) == whose


@pytest.mark.parametrize(("points", "statuses", "best"), [
    ((2.0, 3.0), ("finished", "finished"), 1),
    ((3.0, 2.0), ("finished", "finished"), 0),
    ((3.0, 3.0), ("timeout", "error"), 1),  # the whole run of two that earn the same
    ((3.0, 3.0), ("finished", "finished"), 0),
])  # fmt: skip
def test_the_best_run_of_several_is_graded(
    tmp_path: Path, points: tuple[float, float], statuses: tuple[str, str], best: int
) -> None:
    files = handed_in(tmp_path, {"a.ipynb": RIGHT, "b.ipynb": LEFT, "c.ipynb": BLANK})
    choice = Choice(tuple(files[:2]), (files[2],))
    tasks = tuple(
        Task(
            plan="",
            student_id="s02",
            file=file.place,
            digest="",
            path="",
            key=file.place,
            result=f"several/s02/{number}",
        )
        for number, file in enumerate(choice.run)
    )
    run = Run(load_exercise("03_rfm"), tmp_path, KEY, Rules(exercise="03_rfm"), CLASS, "none", released=False)
    for task, earned, status in zip(tasks, points, statuses, strict=True):
        one = Graded(key=task.key, student_id="s02", file=task.file, digest="", status=status, reason="", seconds=1.0,
                     containment="none", points=[Points("q1", earned, 4.0, [], needs_review=False)])  # fmt: skip
        results.save(one, run.place(task))
    graded, file, note = Work("s02", choice, tasks).best(run)
    assert file == choice.run[best]
    assert note == f"3 files were handed in; {'ab'[best]}.ipynb was graded, not {'ba'[best]}.ipynb, c.ipynb"
    assert graded.notes == [note]
    assert results.load(tmp_path / "graded" / "s02.json") == graded  # what pages are made of
    with Gradebook(":memory:") as book:
        book.open_exercise("03_rfm", "RFM", [{"id": "q1", "title": "", "kind": "scalar", "points": 4.0}], None)
        book.enrol(CLASS)
        run.enter(book, Work("s02", choice, tasks))
        assert book.rows("select choice from submissions") == [{"choice": note}]
        assert book.results("03_rfm")[0].points == max(points)


@pytest.mark.parametrize(("extension", "share"), [({}, 0.9), ({"s01": dt.datetime(2026, 12, 9, tzinfo=dt.UTC)}, 1.0)])
def test_late_without_a_time_is_not_on_time(tmp_path: Path, extension: dict[str, dt.datetime], share: float) -> None:
    (tmp_path / "byronada_LATE_77_1_x.ipynb").write_text("{}", encoding="utf-8")
    (file,) = collect(tmp_path, tmp_path / "out", CLASS)
    task = Task(plan="", student_id="s01", file=file.place, digest="", path="", key="k")
    due = dt.datetime(2026, 12, 1, tzinfo=dt.UTC)
    rules = Rules(exercise="03_rfm", deadline=due, extensions=extension)
    run = Run(load_exercise("03_rfm"), tmp_path, KEY, rules, CLASS, "none", released=False)
    one = Graded(key="k", student_id="s01", file=file.place, digest="", status="finished", reason="", seconds=1.0,
                 containment="none", points=[Points("q1", 4.0, 4.0, [], needs_review=False)])  # fmt: skip
    results.save(one, run.place(task))
    with Gradebook(":memory:") as book:
        book.open_exercise("03_rfm", "RFM", [], due)
        book.enrol(CLASS)
        run.enter(book, Work("s01", Choice((file,)), (task,)))
        (row,) = book.rows("select late_share, suspicions from submissions")
    assert row["late_share"] == share
    assert "Canvas calls it late" in row["suspicions"]


# --- the owner's time, and nobody else's


def test_a_stamp_of_a_students_own_making_says_nothing(tmp_path: Path) -> None:
    stamp = "2026-11-01 10:00:00 UTC"
    with zipfile.ZipFile(tmp_path / "class.zip", "w") as archive:
        for name in ("Ada Byron_9_assignsubmission_file_", "s02", "s03/mine.zip", "submitted/s04/03_rfm"):
            if name.endswith(".zip"):
                continue
            archive.writestr(f"{name}/x.ipynb", "{}")
            archive.writestr(f"{name}/timestamp.txt", stamp)
    (tmp_path / "s03").mkdir()
    with zipfile.ZipFile(tmp_path / "s03" / "mine.zip", "w") as archive:
        archive.writestr("x.ipynb", "{}")
        archive.writestr("timestamp.txt", stamp)
    files = {one.student_id: one for one in collect(tmp_path, tmp_path / ".out", CLASS)}
    assert {name: one.submitted_at is not None for name, one in files.items()} == {
        "s01": False,  # a file of that name in Moodle's folder is the student's
        "s02": True,
        "s03": False,  # so is one in an archive of the student's
        "s04": True,
    }
    assert files["s04"].submitted_at == dt.datetime(2026, 11, 1, 10, tzinfo=dt.UTC)
    assert owner("s02/x.ipynb", CLASS).depth == 0
