"""The way of a class through the command, with an exercise that is quick: kill and resume, a cluster, refusals."""

from __future__ import annotations

import datetime as dt
import importlib
import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from io import StringIO
from typing import TYPE_CHECKING, Any

import pytest
from rich.console import Console

from crmlib.errors import GradingError
from crmlib.grading.authoring.release import release
from crmlib.grading.kinds.own import load_exercise
from crmlib.grading.results.grade import GRADEBOOK, grade
from crmlib.grading.spec.rules import Rules, rules_text
from crmlib.grading.spec.variants import EVERYBODY, new_secret, seal
from tests.grading.light_exercise import light_class

if TYPE_CHECKING:
    from pathlib import Path

CRMLIB = [sys.executable, "-m", "crmlib"]


def totals(out: Path) -> dict[str, float]:
    with closing(sqlite3.connect(out / GRADEBOOK)) as db:
        return dict(db.execute("select student_id, points from results").fetchall())


def written(console: Console) -> str:
    assert isinstance(console.file, StringIO)
    return console.file.getvalue()


def words(exercise: Path, submissions: Path, out: Path, *more: str) -> list[str]:
    return [*CRMLIB, "grade", str(submissions), "--exercise", str(exercise), "--out", str(out), *more]


@pytest.mark.slow
@pytest.mark.needs("bwrap")
def test_killed_in_the_middle_and_resumed(tmp_path: Path) -> None:
    exercise, submissions, truth = light_class(tmp_path, 6)
    out = tmp_path / "marks"
    run = subprocess.Popen(
        words(exercise, submissions, out, "--jobs", "1"),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    results = out / ".work" / "graded"
    while len(list(results.glob("s*.json"))) < 2 and run.poll() is None:
        time.sleep(0.1)
    os.killpg(run.pid, signal.SIGKILL)
    run.wait()
    kept = len(list(results.glob("s*.json")))
    assert 2 <= kept < 6
    done = Console(file=StringIO())
    grade(submissions, exercise=str(exercise), out=out, jobs=1, resume=True, console=done)
    assert f"{kept} kept from the earlier run" in written(done)
    assert totals(out) == truth
    # a changed submission is graded anew, the others are kept
    (submissions / "s000" / "x.ipynb").write_bytes((submissions / "s002" / "x.ipynb").read_bytes())
    done = Console(file=StringIO())
    grade(submissions, exercise=str(exercise), out=out, jobs=1, resume=True, console=done)
    assert "5 kept" in written(done)
    assert totals(out) == truth | {"s000": 2.0}


@pytest.mark.full  # tests/suite/test_sweep.py loses a worker of a cluster, too
@pytest.mark.needs("bwrap", "python:distributed")
def test_a_cluster_that_loses_a_worker_grades_everybody(tmp_path: Path) -> None:
    distributed: Any = importlib.import_module("distributed")
    exercise, submissions, truth = light_class(tmp_path, 6)
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, host="127.0.0.1", dashboard_address=None, silence_logs=50
    ) as cluster:
        pids = [worker.pid for worker in cluster.workers.values()]
        run = subprocess.Popen(
            words(exercise, submissions, tmp_path / "marks", "--scheduler", cluster.scheduler_address),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        results = tmp_path / "marks" / ".work" / "graded"
        while len(list(results.glob("s*.json"))) < 2 and run.poll() is None:
            time.sleep(0.1)
        os.kill(pids[0], signal.SIGKILL)
        said, _ = run.communicate()
    assert run.returncode == 0, said
    assert totals(tmp_path / "marks") == truth


@pytest.mark.full
@pytest.mark.needs("bwrap")
def test_a_release_is_the_same_again_and_each_has_a_shop_of_their_own(tmp_path: Path) -> None:
    exercise, _, _ = light_class(tmp_path, 0)
    (tmp_path / "roster.csv").write_text("student_id,name\ns1,Ada\ns2,Bea\n", encoding="utf-8")
    given: dict[str, Any] = {"roster": tmp_path / "roster.csv", "jobs": 1, "console": Console(file=StringIO())}
    students = release(str(exercise), tmp_path / "week", **given).students
    before = {path: path.read_bytes() for path in students.rglob("*") if path.is_file()}
    notebook = json.loads((students / "s1" / "90_light.ipynb").read_text(encoding="utf-8"))
    sources = ["".join(cell["source"]) for cell in notebook["cells"]]
    assert any('source: str = "./shop"' in source for source in sources)
    assert not any(".sum()" in source for source in sources)
    assert (students / "s1/shop/orders.parquet").read_bytes() != (students / "s2/shop/orders.parquet").read_bytes()
    assert not list(students.rglob("truth"))
    solutions = json.loads((tmp_path / "week/instructor/90_light.ipynb").read_text(encoding="utf-8"))
    assert [o for c in solutions["cells"] for o in c.get("outputs", []) if "image/png" in o.get("data", {})]
    assert any(".sum()" in "".join(cell["source"]) for cell in solutions["cells"])
    secret = (tmp_path / "week/instructor/secret.key").read_text(encoding="ascii").strip()
    assert not any(secret.encode() in content for content in before.values())
    # somebody joins, and the others' files stay as they are
    (tmp_path / "roster.csv").write_text("student_id,name\ns1,Ada\ns3,Cleo\ns2,Bea\n", encoding="utf-8")
    again = Console(file=StringIO(), width=200)
    due = dt.datetime(2026, 12, 1, 23, 59, tzinfo=dt.UTC)
    release(str(exercise), tmp_path / "week", **given | {"console": again, "deadline": due})
    assert "rules.toml says no deadline; --deadline is not taken: change it there." in written(again)
    after = {path: path.read_bytes() for path in students.rglob("*") if path.is_file()}
    assert {path: after[path] for path in before} == before
    assert (students / "s3.zip") in after


@pytest.mark.slow
@pytest.mark.needs("bwrap")
def test_a_copy_is_told_and_gains_nothing(tmp_path: Path) -> None:
    place, submissions, truth = light_class(tmp_path, 8)
    exercise = load_exercise(place)
    secret = new_secret(tmp_path / "instructor" / "secret.key")
    rules = Rules(exercise=exercise.name)
    (tmp_path / "instructor" / "rules.toml").write_text(rules_text(rules), encoding="utf-8")
    said: dict[str, Any] = {
        "s000": {"student": "s000", "seal": seal(secret, exercise.name, "s000")},
        "s001": {"student": EVERYBODY, "seal": seal(secret, exercise.name, EVERYBODY)},
        "s002": {"student": "s000", "seal": seal(secret, exercise.name, "s000")},  # a copy
        "s003": {"student": "s003", "seal": seal(secret, exercise.name, "s000")},  # a copy with another name on it
        "s004": {"student": "s004", "seal": seal(secret, "03_rfm", "s004")},  # the entry of another exercise
        "s005": {"student": EVERYBODY, "seal": "\u00e8" * 32},
        "s006": {"student": ["s006"], "seal": {}},
        "s007": "s007",
    }
    for student, claim in said.items():
        path = submissions / student / "x.ipynb"
        notebook = json.loads(path.read_text(encoding="utf-8"))
        path.write_text(json.dumps(notebook | {"metadata": {"crmlib": claim}}), encoding="utf-8")
    console = Console(file=StringIO())
    out, instructor = tmp_path / "marks", tmp_path / "instructor"
    grade(submissions, exercise=str(place), out=out, release=instructor, jobs=1, console=console)
    assert totals(out) == truth  # a person decides what a copy is worth
    with closing(sqlite3.connect(out / GRADEBOOK)) as db:
        told = dict(db.execute("select student_id, suspicions from submissions").fetchall())
    assert told["s000"] == told["s001"] == "[]"
    assert "released to 's000', not to this student" in told["s002"]
    for student in ("s003", "s004", "s005"):
        assert "its seal is not that of this release" in told[student]
    for student in ("s006", "s007"):
        assert "to whom the notebook was released is gone" in told[student]
    review = (out / "review" / "review.csv").read_text(encoding="utf-8-sig")
    assert all(f"{student},,suspicion" in review for student in list(said)[2:])
    pages = [(out / "feedback" / f"{student}.html").read_text(encoding="utf-8") for student in said]
    assert not any("released" in page for page in pages)  # what it looks like is between the instructor and them
    # without the release the seals cannot be told: the names in them still are
    again = out.with_name("again")
    for student in list(said)[4:]:
        (submissions / student / "x.ipynb").unlink()
    grade(submissions, exercise=str(place), out=again, jobs=1, console=console)
    with closing(sqlite3.connect(again / GRADEBOOK)) as db:
        told = dict(db.execute("select student_id, suspicions from submissions").fetchall())
    assert [student for student, words in told.items() if words != "[]"] == ["s002"]


def test_nothing_starts_where_it_cannot(tmp_path: Path) -> None:
    exercise, submissions, _ = light_class(tmp_path, 1)
    given: dict[str, Any] = {"out": tmp_path / "marks", "sandbox": "none", "console": Console(file=StringIO())}
    with pytest.raises(GradingError, match="There is no folder"):
        grade(tmp_path / "nothing", exercise=str(exercise), **given)
    with pytest.raises(GradingError, match="There is no secret"):
        grade(submissions, exercise=str(exercise), release=tmp_path / "week", **given)


@pytest.mark.slow
def test_without_a_sandbox_the_gradebook_says_so(tmp_path: Path) -> None:
    exercise, submissions, truth = light_class(tmp_path, 1)
    (submissions / "s000" / "again.ipynb").write_text("{", encoding="utf-8")
    grade(
        submissions,
        exercise=str(exercise),
        out=tmp_path / "marks",
        sandbox="none",
        jobs=1,
        console=Console(file=StringIO()),
    )
    assert totals(tmp_path / "marks") == truth
    with closing(sqlite3.connect(tmp_path / "marks" / GRADEBOOK)) as db:
        sandbox, notes = db.execute("select sandbox, notes from submissions").fetchone()
    assert sandbox == "none"
    assert "2 files were handed in" in notes
