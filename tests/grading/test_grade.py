"""A class of every kind of submission, through the command: grade in the sandbox, review, nbgrader."""

from __future__ import annotations

import os
import re
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from crmlib.grading.kinds.own import load_exercise
from crmlib.grading.results.grade import GRADEBOOK
from tests.grading.light_exercise import light_class
from tests.grading.simulated_class import Member, write_class, write_release

if TYPE_CHECKING:
    from collections.abc import Iterable

    from crmlib.grading.spec.exercise import Exercise

pytestmark = [pytest.mark.slow, pytest.mark.needs("bwrap")]
CRMLIB = [sys.executable, "-m", "crmlib"]


#: A line of each exercise's solution.
SOLUTIONS = {"90_light": 'groupby("customer_id", as_index=False)["amount"].sum()',
             "03_rfm": 'measures.pop("day")'}  # fmt: skip


@pytest.fixture(scope="module", params=["90_light", pytest.param("03_rfm", marks=pytest.mark.full)])
def exercise(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Exercise:
    name: str = request.param
    return load_exercise(light_class(tmp_path_factory.mktemp("light"), 0)[0] if name == "90_light" else name)


def crmlib(*words: str | Path, status: int = 0) -> str:
    done = subprocess.run([*CRMLIB, *map(str, words)], capture_output=True, text=True, check=False)
    assert done.returncode == status, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def klass(exercise: Exercise, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Member]]:
    """A class of every kind, graded by one command."""
    folder = tmp_path_factory.mktemp("class")
    truth = write_class(exercise, folder, mistakes=2)
    words: list[str | Path] = ["grade", folder / "handed-in", "--exercise", exercise.folder, "--out", folder / "marks"]
    said = crmlib(*words, "--release", write_release(exercise, folder), "--jobs", "2", status=1)
    assert len(re.findall(r"(?m)^s\d+: \d", said)) == len(truth)
    return folder, truth


def ask(folder: Path, query: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(folder / "marks" / GRADEBOOK)) as db:
        return db.execute(query).fetchall()


def test_every_mark_is_the_known_truth(klass: tuple[Path, dict[str, Member]]) -> None:
    folder, truth = klass
    marks: dict[str, dict[str, float]] = {}
    for student, question, points in ask(folder, "select student_id, question, points from final_marks"):
        marks.setdefault(student, {})[question] = points
    assert {student: (member.kind, marks[student]) for student, member in truth.items()} == {
        student: (member.kind, member.points) for student, member in truth.items()
    }
    totals = dict(ask(folder, "select student_id, points from results"))
    assert totals == {student: member.earned for student, member in truth.items()}


def test_what_happened_is_told(klass: tuple[Path, dict[str, Member]]) -> None:
    folder, truth = klass
    rows = {row[0]: row[1:] for row in ask(folder, "select student_id, status, notes, sandbox from submissions")}
    kinds = {truth[student].kind: row for student, row in rows.items()}
    assert kinds["empty file"][0] == "unreadable"
    assert kinds["kills its kernel at a question"][0] == "killed"
    assert "put back" in kinds["given cells deleted"][1]
    assert "another order" in kinds["cells in reverse order"][1]
    assert "old format" in kinds["format 3"][1]
    assert {row[2] for row in rows.values()} == {"zygote", "did not run"}
    assert not Path("/tmp/crmlib-escaped.ipynb").exists()  # noqa: S108 - what an archive tried to write


def test_nothing_hidden_is_in_what_people_get(exercise: Exercise, klass: tuple[Path, dict[str, Member]]) -> None:
    folder, truth = klass
    secret = (folder / "instructor" / "secret.key").read_text(encoding="ascii").strip()
    solution = SOLUTIONS[exercise.name]
    assert solution in exercise.source.read_text(encoding="utf-8")
    pages = {path.name: path.read_text(encoding="utf-8") for path in (folder / "marks" / "feedback").glob("*.html")}
    assert len(pages) == len(truth)
    for page in pages.values():
        assert secret not in page
        assert solution not in page
        assert "<script" not in page
    assert (folder / "marks" / ".work").stat().st_mode & 0o077 == 0


def test_a_review_is_taken_back(exercise: Exercise, klass: tuple[Path, dict[str, Member]], tmp_path: Path) -> None:
    folder = tmp_path  # the other tests look at marks without a review
    shutil.copytree(klass[0] / "marks", folder / "marks")
    points = exercise.question("w1").points
    # by default the exercise of the gradebook, where it is one of ours
    named: list[str | Path] = ["--exercise", exercise.folder] if exercise.name == "90_light" else []
    before = dict(ask(folder, "select student_id, points from results"))
    filled = folder / "filled.csv"
    filled.write_text(f"student_id,question,points,comment\ns000,w1,{points:g},Well argued\n", encoding="utf-8")
    said = crmlib("grade", "review", folder / "marks", *named, "--take", filled, "--who", "ada")
    assert "1 mark entered" in said
    assert dict(ask(folder, "select student_id, points from results"))["s000"] == before["s000"] + points
    assert "Well argued" in (folder / "marks" / "feedback" / "s000.html").read_text(encoding="utf-8")
    assert "s000,w1" not in (folder / "marks" / "review" / "review.csv").read_text(encoding="utf-8-sig")
    wrong = folder / "wrong.csv"
    wrong.write_text("student_id,question,points,comment\ns000,w1,99,\n", encoding="utf-8")
    crmlib("grade", "review", folder / "marks", *named, "--take", wrong, status=2)


@pytest.mark.full
@pytest.mark.needs("bwrap", "python:nbgrader")
def test_nbgrader_shows_our_marks(exercise: Exercise, klass: tuple[Path, dict[str, Member]]) -> None:
    folder, truth = klass
    course = folder / "marks" / "nbgrader"
    settings = os.environ | {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}  # it starts alembic
    few = [student for student in truth if truth[student].kind in {"right", "stub", "empty file"}]
    pattern = f"s00[{''.join(student[-1] for student in few)}]"
    commands: list[Iterable[str]] = [["generate_assignment", exercise.name, "--force"]]
    commands += [["autograde", exercise.name, "--no-execute", "--force", "--create", "--student", pattern]]
    for words in commands:
        done = subprocess.run(
            [sys.executable, "-m", "nbgrader", *words],
            cwd=course,
            env=settings,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
    with closing(sqlite3.connect(course / "gradebook.db")) as db:
        query = (
            "select s.student_id, sum(g.auto_score) from grade g join submitted_notebook n on g.notebook_id = n.id "
            "join submitted_assignment s on n.assignment_id = s.id group by 1"
        )
        found = dict(db.execute(query).fetchall())
    ours = {row[0]: row[1] for row in ask(folder, "select student_id, earned from results") if row[0] in few}
    assert len(found) == len(few)
    assert found == ours
