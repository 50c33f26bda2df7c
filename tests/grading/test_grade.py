"""The whole way, through the command: release, grade in the sandbox, kill and resume, review, nbgrader."""

from __future__ import annotations

import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from crmlib.grading.exercise import Exercise, load_exercise
from crmlib.grading.grade import GRADEBOOK
from tests.grading.simulated_class import Member, full_points, write_class, write_release

if TYPE_CHECKING:
    from collections.abc import Iterable

pytestmark = [pytest.mark.slow, pytest.mark.needs("bwrap")]
CRMLIB = [sys.executable, "-m", "crmlib.cli"]


@pytest.fixture(scope="module")
def exercise() -> Exercise:
    return load_exercise("03_rfm")


def crmlib(*words: str | Path, status: int = 0) -> str:
    done = subprocess.run([*CRMLIB, *map(str, words)], capture_output=True, text=True, check=False)
    assert done.returncode == status, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def klass(exercise: Exercise, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Member]]:
    """A class of every kind, graded by one command that was killed in the middle and resumed."""
    folder = tmp_path_factory.mktemp("class")
    truth = write_class(exercise, folder)
    words: list[str | Path] = ["grade", folder / "handed-in", "--exercise", "03_rfm", "--out", folder / "marks"]
    words += ["--release", write_release(exercise, folder), "--jobs", "2"]
    run = subprocess.Popen(
        [*CRMLIB, *map(str, words)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True
    )
    results = folder / "marks" / ".work" / "graded"
    while len(list(results.glob("s*.json"))) < 4 and run.poll() is None:
        time.sleep(0.05)
    os.killpg(run.pid, signal.SIGKILL)
    run.communicate()
    kept = len(list(results.glob("s*.json")))
    said = crmlib(*words, "--resume", status=1)
    assert f"{kept} kept from the earlier run" in said
    assert len(re.findall(r"(?m)^s\d+: \d", said)) == len(truth) - kept
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
    assert kinds["kills its kernel at the fourth question"][0] == "killed"
    assert "put back" in kinds["given cells deleted"][1]
    assert "another order" in kinds["cells in reverse order"][1]
    assert "old format" in kinds["format 3"][1]
    assert {row[2] for row in rows.values()} == {"zygote", "did not run"}
    assert not Path("/tmp/crmlib-escaped.ipynb").exists()  # noqa: S108 - what an archive tried to write


def test_nothing_hidden_is_in_what_people_get(exercise: Exercise, klass: tuple[Path, dict[str, Member]]) -> None:
    folder, truth = klass
    secret = (folder / "instructor" / "secret.key").read_text(encoding="ascii").strip()
    solution = 'groups.agg(last=("order_ts", "max")'
    assert solution in exercise.source.read_text(encoding="utf-8")
    pages = {path.name: path.read_text(encoding="utf-8") for path in (folder / "marks" / "feedback").glob("*.html")}
    assert len(pages) == len(truth)
    for page in pages.values():
        assert secret not in page
        assert solution not in page
        assert "<script" not in page
    assert (folder / "marks" / ".work").stat().st_mode & 0o077 == 0


def test_a_review_is_taken_back(klass: tuple[Path, dict[str, Member]]) -> None:
    folder, _ = klass
    before = dict(ask(folder, "select student_id, points from results"))
    filled = folder / "filled.csv"
    filled.write_text("student_id,question,points,comment\ns000,w1,4,Well argued\n", encoding="utf-8")
    said = crmlib("grade", "review", folder / "marks", "--take", filled, "--who", "ada")
    assert "1 mark entered" in said
    assert dict(ask(folder, "select student_id, points from results"))["s000"] == before["s000"] + 4
    assert "Well argued" in (folder / "marks" / "feedback" / "s000.html").read_text(encoding="utf-8")
    assert "s000,w1" not in (folder / "marks" / "review" / "review.csv").read_text(encoding="utf-8-sig")
    wrong = folder / "wrong.csv"
    wrong.write_text("student_id,question,points,comment\ns000,w1,99,\n", encoding="utf-8")
    crmlib("grade", "review", folder / "marks", "--take", wrong, status=2)


@pytest.mark.needs("bwrap", "python:nbgrader")
def test_nbgrader_shows_our_marks(klass: tuple[Path, dict[str, Member]]) -> None:
    folder, truth = klass
    course = folder / "marks" / "nbgrader"
    few = [student for student in truth if truth[student].kind in {"right", "empty file", "cells twice"}]
    commands: list[Iterable[str]] = [["generate_assignment", "03_rfm", "--force"]]
    commands += [["autograde", "03_rfm", "--no-execute", "--force", "--create", "--student", one] for one in few]
    for words in commands:
        done = subprocess.run(
            [sys.executable, "-m", "nbgrader", *words], cwd=course, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
    with closing(sqlite3.connect(course / "gradebook.db")) as db:
        query = (
            "select s.student_id, sum(g.auto_score) from grade g join submitted_notebook n on g.notebook_id = n.id "
            "join submitted_assignment s on n.assignment_id = s.id group by 1"
        )
        found = dict(db.execute(query).fetchall())
    ours = {row[0]: row[1] for row in ask(folder, "select student_id, earned from results") if row[0] in few}
    assert found == ours


def test_a_release_is_graded_right_and_tells_copies(exercise: Exercise, tmp_path: Path) -> None:
    from crmlib.grading.editions import reference_notebook

    (tmp_path / "roster.csv").write_text("student_id,name\ns1,Ada\ns2,Bea\n", encoding="utf-8")
    words: list[str | Path] = [
        "release",
        "03_rfm",
        "--out",
        tmp_path / "week",
        "--roster",
        tmp_path / "roster.csv",
        "--jobs",
        "2",
    ]
    crmlib(*words)
    archive = (tmp_path / "week" / "students" / "s1.zip").read_bytes()
    notebooks = {
        s: (tmp_path / "week" / "students" / s / "03_rfm.ipynb").read_text(encoding="utf-8") for s in ("s1", "s2")
    }
    assert "groups.agg(" not in notebooks["s1"]
    assert 'source: str = "./shop"' in notebooks["s1"]
    orders = [(tmp_path / "week" / "students" / s / "shop" / "orders.parquet").read_bytes() for s in ("s1", "s2")]
    assert orders[0] != orders[1]
    assert not list((tmp_path / "week" / "students").rglob("truth"))
    solutions = json.loads((tmp_path / "week" / "instructor" / "03_rfm.ipynb").read_text(encoding="utf-8"))
    pictures = [o for c in solutions["cells"] for o in c.get("outputs", []) if "image/png" in o.get("data", {})]
    assert pictures
    crmlib(*words)
    assert (tmp_path / "week" / "students" / "s1.zip").read_bytes() == archive

    # s2 hands in the notebook that was released to s1, solved
    solved = reference_notebook(exercise) | {"metadata": json.loads(notebooks["s1"])["metadata"]}
    for student in ("s1", "s2"):
        (tmp_path / "in" / student).mkdir(parents=True)
        (tmp_path / "in" / student / "x.ipynb").write_text(json.dumps(solved), encoding="utf-8")
    crmlib(
        *("grade", tmp_path / "in", "--exercise", "03_rfm", "--out", tmp_path / "marks", "--jobs", "2"),
        *("--release", tmp_path / "week" / "instructor"),
    )
    found = {row[0]: row[1:] for row in ask(tmp_path, "select student_id, status, suspicions from submissions")}
    assert "released to 's1'" in found["s2"][1]
    assert "released to" not in found["s1"][1]
    earned = dict(ask(tmp_path, "select student_id, earned from results"))
    assert set(earned.values()) == {sum(full_points(exercise).values())}
