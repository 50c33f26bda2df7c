"""A class graded twice: names that students chose, several files, a mark by hand, and what has changed in between."""

from __future__ import annotations

import csv
import io
import json
from io import StringIO
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner
from rich.console import Console

from crmlib.commands.grade import grade as command
from crmlib.errors import GradingError
from crmlib.grading.authoring.editions import reference_notebook, student_notebook, with_cells
from crmlib.grading.kinds.own import load_exercise
from crmlib.grading.results.grade import GRADEBOOK, grade
from crmlib.grading.results.gradebook import Gradebook
from crmlib.grading.spec.rules import Rules, rules_text
from crmlib.grading.spec.variants import new_secret, seal
from tests.grading.light_exercise import light_class

if TYPE_CHECKING:
    from pathlib import Path

    from crmlib.grading.results.grade import Outcome

ROSTER = "student_id,name\ns01,Ada Byron\ns02,Charles Babbage\ns03,Alan Turing\ns04,Grace Hopper\n"


def results(out: Path) -> dict[str, tuple[float | None, int]]:
    with Gradebook(out / GRADEBOOK) as book:
        return {one.student_id: (one.points, one.open) for one in book.results("90_light")}


def table(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8-sig"), newline="")))


class Handed:
    """A folder of submissions, with notebooks that are sealed as a release seals them."""

    def __init__(self, folder: Path, name: str, secret: bytes) -> None:
        self.folder, self._name, self._secret = folder, name, secret

    def put(self, place: str, notebook: dict[str, Any], student: str = "") -> None:
        sealed = {"student": student, "seal": seal(self._secret, self._name, student)}
        path = self.folder / place
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(notebook | {"metadata": {"crmlib": sealed} if student else {}}), encoding="utf-8")


def check_first(out: Path, outcome: Outcome) -> None:
    """Each file is its owner's, the best of two is graded, and what is unread is no grade."""
    assert results(out) == {"s01": (0.0, 0), "s02": (3.0, 1), "s03": (3.0, 1), "gracie": (3.0, 1)}
    assert outcome.unknown == {"gracie": "gracie/x.ipynb (the roster has no student of this name), released to s04"}
    assert out.stat().st_mode & 0o777 == 0o700
    moodle = {row["ID number"]: row["Light"] for row in table(out / "exports" / "moodle.csv")}
    assert moodle == {"s01": "0.0", "s02": "", "s03": "", "s04": ""}
    choice = next(row for row in table(out / "review" / "review.csv") if row["kind"] == "choice")
    assert choice["why"] == "2 files were handed in; s03/b.ipynb was graded, not s03/a.ipynb"


def check_second(out: Path) -> None:
    """Moved, changed and withdrawn: nothing stays that is not there, and nothing counts that was not read."""
    assert results(out) == {"s01": (0.0, 0), "s02": (4.0, 1), "s04": (3.0, 2)}
    assert sorted(path.stem for path in (out / "feedback").iterdir()) == ["s01", "s02", "s04"]
    assert sorted(path.name for path in (out / "nbgrader" / "submitted").iterdir()) == ["s01", "s02", "s04"]
    marks = {row["student_id"]: row["status"] for row in table(out / "exports" / "marks.csv")}
    assert marks == {"s01": "error", "s02": "finished", "s03": "not handed in", "s04": "finished"}
    page = (out / "feedback" / "s02.html").read_text(encoding="utf-8")
    assert "3 of 3 points so far" in page
    assert "Good" not in page
    essay = next(row for row in table(out / "review" / "review.csv") if row["student_id"] == "s02" and row["question"])
    assert (essay["earlier_points"], essay["earlier_comment"]) == ("1.0", "Good")
    assert (essay["earlier_answer"], essay["answer"]) == ("Something.", "Deleted, sorry.")


@pytest.mark.slow
@pytest.mark.needs("bwrap")
def test_a_class_that_is_graded_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place, _, _ = light_class(tmp_path, 0)
    exercise = load_exercise(place)
    instructor, out = tmp_path / "instructor", tmp_path / "marks"
    handed = Handed(tmp_path / "handed-in", exercise.name, new_secret(instructor / "secret.key"))
    (instructor / "rules.toml").write_text(rules_text(Rules(exercise=exercise.name)), encoding="utf-8")
    (instructor / "roster.csv").write_text(ROSTER, encoding="utf-8")
    right, blank = reference_notebook(exercise), student_notebook(exercise)
    handed.put("babbagecharles_88_1001_s02.ipynb", right, "s02")
    handed.put("byronada_77_1002_s02.ipynb", blank, "s01")
    handed.put("s03/a.ipynb", with_cells(right, {"q2": "spend = orders.head(3)"}))
    handed.put("s03/b.ipynb", with_cells(right, {"w1": 'words = "By hand."'}))
    handed.put("gracie/x.ipynb", right, "s04")
    given: dict[str, Any] = {"exercise": str(place), "release": instructor, "jobs": 1}
    check_first(out, grade(handed.folder, out=out, console=Console(file=StringIO()), **given))

    # a person decides; an exercise that was graded is known wherever the command is given
    decided = tmp_path / "d.csv"
    decided.write_text(
        "student_id,question,points,comment\ns02,w1,1,Good\ns03,w1,0.5,\ns04,q1,1,oral\n", encoding="utf-8"
    )
    monkeypatch.chdir(instructor)
    done = CliRunner().invoke(command, ["review", str(out), "--take", str(decided), "--who", "ada"])
    assert (done.exit_code, "3 marks entered" in done.output) == (0, True), done.output
    assert results(out)["s02"] == (4.0, 0)

    # then files move, change and go, and the folder of marks gets another name
    (handed.folder / "gracie").rename(handed.folder / "s04")
    handed.put("babbagecharles_88_1001_s02.ipynb", with_cells(right, {"w1": 'words = "Deleted, sorry."'}), "s02")
    for path in (handed.folder / "s03").iterdir():
        path.unlink()
    out = out.rename(tmp_path / "moved")
    words = ["--exercise", str(place), "--out", str(out), "--release", str(instructor)]
    done = CliRunner().invoke(command, [str(handed.folder), *words, "--jobs", "1", "--resume"])
    assert done.exit_code == 0, done.output
    for line in (
        "1 kept from the earlier run", "s02: 4 of 4, 1 to read", "taken out: gracie, s03", "Not final: 2 students",
        "s01 Ada Byron", "not finished",
    ):  # fmt: skip
        assert line in done.output
    check_second(out)

    # the only copy of human work is not replaced in silence
    (out / GRADEBOOK).write_bytes(b"")
    with pytest.raises(GradingError, match="is empty, and results of an earlier run"):
        grade(handed.folder, out=out, resume=True, console=Console(file=StringIO()), **given)
