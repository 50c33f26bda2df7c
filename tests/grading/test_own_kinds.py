"""A kind of question of one's own, made outside the library: a file beside ``exercise.toml``, and nothing else."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from crmlib.errors import ExerciseError
from crmlib.grading.authoring.editions import reference_notebook, student_notebook, with_cells
from crmlib.grading.authoring.validate import validate
from crmlib.grading.kinds import own
from crmlib.grading.kinds.own import load_exercise
from crmlib.grading.kinds.registry import OWN, problems
from crmlib.grading.marking.compare import mark
from crmlib.grading.results.grade import grade
from crmlib.grading.spec.recorded import Answer, parse
from crmlib.grading.student.encoding import encode

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.slow  # new: not yet measured test by test

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "question-kinds.md"
KINDS = (
    PAGE.read_text(encoding="utf-8").partition("```python\n")[2].partition("```")[0]
)  # what people copy is what runs
TOML = """
title = "Intervals"
notebook = "03_rfm"
minutes = 5
points = 4
goals = ["estimate"]
kinds = "my_kinds.py"
[shop]
customers = 300
tables = ["orders", "customers"]
[limits]
seconds = 60
[[questions]]
id = "q1"
title = "Share of orders above 50"
kind = "estimate"
points = 4
goals = [1]
review = true
value = { unit = "a share from 0 to 1" }
hints = ["A count has a standard error."]
[questions.fields]
low = { least = 0, most = 1 }
high = { least = 0, most = 1 }
[[mistakes]]
name = "anything goes"
points = { q1 = 2 }
[mistakes.cells]
q1 = 'interval = {"low": 0.0, "high": 1.0}'
"""
SOURCE = """# %% [markdown]
# # Intervals
# %% tags=["parameters"]
source: str = "shop"  # the shop
as_of: str = ""  # the day
language: str = "en"  # labels
fast: bool = False  # less
interactive: bool = True  # buttons
# %%
import pandas as pd

from crmlib.grading import answer, check
# %%
amounts = pd.read_parquet(f"{source}/orders.parquet")["amount"].astype(float)
# %% [markdown] question="q1"
# ## 1
# %% tags=["stub"] question="q1"
raise NotImplementedError("Make interval, a dict of low and high.")
# %% tags=["solution"] question="q1"
share = (amounts > 50).mean()
error = (share * (1 - share) / len(amounts)) ** 0.5
interval = {"low": share - 2 * error, "high": share + 2 * error}
# %% tags=["answer"] question="q1"
answer("q1", interval)
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "91_intervals"
    place.mkdir()
    (place / "exercise.toml").write_text(TOML, encoding="utf-8")
    (place / "exercise.py").write_text(SOURCE, encoding="utf-8")
    (place / "my_kinds.py").write_text(KINDS, encoding="utf-8")
    return place


@pytest.fixture(autouse=True)
def _forgotten() -> Iterator[None]:
    """Leave no kind behind for other tests."""
    yield
    OWN.clear()
    own._loaded.clear()
    own._content.clear()


def recorded(value: Any) -> Answer:
    return parse(json.loads(json.dumps(encode("q1", value))))


def marked(folder: Path, value: Any) -> tuple[float, list[str], bool]:
    right = recorded({"low": 0.4, "high": 0.44})
    (question,) = mark(load_exercise(folder), [{"q1": recorded(value)}], [{"q1": right}])
    return question.points, question.findings, question.needs_review


def test_the_editions_are_built_and_the_file_stays_with_its_author(folder: Path) -> None:
    exercise = load_exercise(folder)
    cells = {cell["id"]: "".join(cell["source"]) for cell in student_notebook(exercise)["cells"]}
    assert cells["q1-work"].startswith("raise NotImplementedError(")
    assert "'kind': 'dict'" in cells["start"]  # by whose form the student's notebook checks
    assert "estimate" not in json.dumps(cells["start"])
    assert "my_kinds" not in json.dumps(cells)


def test_the_form_is_checked(folder: Path) -> None:
    (question,) = load_exercise(folder).questions
    assert problems(question, recorded([1, 2])) == [
        "An estimate (a dict of low and high) is asked for; this is a list of 2."
    ]
    assert problems(question, recorded({"low": 0.5, "high": 1.5})) == ["key high: 1.5 is above 1."]
    assert problems(question, recorded({"low": 0.5, "high": 0.4})) == ["The interval ends before it begins."]
    assert problems(question, recorded({"low": 0.4, "high": 0.5})) == []


@pytest.mark.parametrize(
    ("value", "points", "finding"),
    [
        ({"low": 0.41, "high": 0.45}, 4, ""),
        ({"low": 0.0, "high": 1.0}, 2, "The interval is wider than the data allow."),
        ({"low": 0.5, "high": 0.6}, 0, "The interval does not hold the share."),
        ({"low": float("nan"), "high": 1.0}, 0, "key low: a value is missing."),
        ({"low": "<script>", "high": 1.0}, 0, "a number is asked for, not the text '<script>'"),
        ("everything", 0, "An estimate (a dict of low and high) is asked for"),
        (None, 0, "this is None."),
    ],
)
def test_right_wrong_and_hostile_answers_are_compared(folder: Path, value: Any, points: float, finding: str) -> None:
    earned, findings, review = marked(folder, value)
    assert earned == points
    assert finding in " ".join(findings)
    assert bool(findings) == bool(finding)
    assert review


def test_the_author_is_held_to_what_the_kind_asks_for(folder: Path) -> None:
    found = validate(load_exercise(folder), shops=1, sandbox="none")
    assert found.problems == []
    assert any("[[hidden]]" in line for line in found.advice)
    toml = folder / "exercise.toml"
    toml.write_text(TOML.replace('unit = "a share from 0 to 1"', ""), encoding="utf-8")
    found = validate(load_exercise(folder), shops=1, sandbox="none")
    assert "q1: say under `value` in what it is counted." in found.problems


@pytest.mark.needs("bwrap")
def test_a_class_is_graded_and_reviewed_by_it(folder: Path, tmp_path: Path) -> None:
    right = reference_notebook(load_exercise(folder))
    wide = with_cells(right, {"q1": 'interval = {"low": 0.0, "high": 1.0}'})
    for student, notebook in {"right": right, "wide": wide}.items():
        place = tmp_path / "in" / student
        place.mkdir(parents=True)
        (place / "x.ipynb").write_text(json.dumps(notebook), encoding="utf-8")
        (place / "my_kinds.py").write_text("raise SystemExit('a student\\'s file was run')", encoding="utf-8")
    outcome = grade(tmp_path / "in", exercise=str(folder), out=tmp_path / "out", jobs=1)
    assert outcome.failed == {}
    marks = (tmp_path / "out" / "exports" / "marks.csv").read_text(encoding="utf-8")
    assert "right" in marks
    with (tmp_path / "out" / "review" / "review.csv").open(encoding="utf-8", newline="") as file:
        review = list(csv.reader(file))
    assert [row[:5] for row in review[1:] if row[1]] == [
        ["right", "q1", "estimate", "4.0", "4.0"],
        ["wide", "q1", "estimate", "4.0", "2.0"],
    ]
    page = (tmp_path / "out" / "feedback" / "wide.html").read_text(encoding="utf-8")
    assert "The interval is wider than the data allow." in page


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('name = "estimate"', 'name = "table"', "the kind 'table' is there already"),
        (
            "class Estimate(Dict)",
            "class Estimate(Missing)",
            "its kinds cannot be read. my_kinds.py, line 6: NameError",
        ),
        ("class Estimate(Dict)", "class Estimate", "holds no kind"),
        ("class Estimate(Dict):", "class Estimate(Dict)", "my_kinds.py, line 6: expected ':'. Mend the file."),
        ("class Estimate", "raise SystemExit(3)\nclass Estimate", "my_kinds.py, line 6: SystemExit: 3."),
        ("from crmlib", "from .mine import x\nfrom crmlib", "line 3: ImportError: attempted relative import"),
        ('name = "estimate"', "name = 3", "Estimate.name is 3. Use letters, digits and _"),
        (
            "class Estimate",
            "class Rough(Dict):\n    name = 'estimate'\n\nclass Estimate",
            "two kinds are called 'estimate'",
        ),
        (
            "    asked =",
            "    def __init__(self, width): ...\n    asked =",
            "Estimate() stopped: TypeError: Estimate.__init__() missing",
        ),
    ],
)
def test_a_file_of_kinds_that_cannot_be_used_is_told(folder: Path, old: str, new: str, message: str) -> None:
    path = folder / "my_kinds.py"
    path.write_text(KINDS.replace(old, new), encoding="utf-8")
    with pytest.raises(ExerciseError, match=r"my_kinds\.py") as raised:
        load_exercise(folder)
    assert message in str(raised.value)


RIGHT = "return Outcome(1.0, [])"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (RIGHT, "return 1 / 0", "my_kinds.py, line 28: ZeroDivisionError: division by zero. Estimate.compare stopped"),
        (RIGHT, "raise SystemExit", "my_kinds.py, line 28: SystemExit. Estimate.compare stopped there; mend it."),
        (RIGHT, "return 1.0", "Estimate.compare returned 1.0. Return Outcome(share, sentences)"),
        (RIGHT, "pass", "Estimate.compare returned nothing. Return Outcome(share, sentences)"),
        (RIGHT, "return Outcome(4, [])", "compare returned Outcome(share=4, findings=[]). Return Outcome(share,"),
        (RIGHT, "return Outcome(float('nan'), [])", "compare returned Outcome(share=nan, findings=[]). Return"),
        (RIGHT, "return Outcome('1', [])", "compare returned Outcome(share='1', findings=[]). Return Outcome(share,"),
        (RIGHT, "return Outcome(0.5, 'wide')", "compare returned Outcome(share=0.5, findings='wide'). Return"),
        (RIGHT, "return Outcome(0.5, None)", "compare returned Outcome(share=0.5, findings=None). Return Outcome("),
        ("        return problems\n", "", "my_kinds.py: Estimate.check returned nothing. Return a list of sentences"),
        ("        return problems\n", "        return 'bad'\n", "my_kinds.py: Estimate.check returned 'bad'. Return"),
        ("(self, question, answer, expected)", "(self, answer, expected)", "TypeError: Estimate.compare() takes 3"),
        (
            "    def validate(",
            "    def rules(self, question): ...\n    def validate(",
            "rules returned nothing.",
        ),
    ],
)
def test_no_mark_comes_of_a_kind_that_goes_wrong(folder: Path, old: str, new: str, message: str) -> None:
    assert old in KINDS
    (folder / "my_kinds.py").write_text(KINDS.replace(old, new), encoding="utf-8")
    with pytest.raises(ExerciseError, match=re.escape(message)):
        marked(folder, {"low": 0.41, "high": 0.45})


def test_an_edited_file_counts_in_the_same_session(folder: Path) -> None:
    wide = {"low": 0.0, "high": 1.0}
    assert marked(folder, wide)[0] == 2
    (folder / "my_kinds.py").write_text(KINDS.replace("Outcome(0.5", "Outcome(0.2"), encoding="utf-8")
    assert marked(folder, wide)[0] == 0.8
    assert {path.name for path in folder.iterdir()} == {"exercise.toml", "exercise.py", "my_kinds.py"}


@pytest.mark.parametrize("place", ["../my_kinds.py", "/etc/passwd", "exercise.toml", "no.py"])
def test_kinds_stand_beside_their_exercise(folder: Path, place: str) -> None:
    (folder.parent / "my_kinds.py").write_text(KINDS, encoding="utf-8")
    toml = folder / "exercise.toml"
    toml.write_text(TOML.replace('"my_kinds.py"', f'"{place}"'), encoding="utf-8")
    with pytest.raises(ExerciseError, match="must name a file of Python in the exercise's own folder"):
        load_exercise(folder)


def test_two_exercises_share_a_kind_by_the_same_file_only(folder: Path) -> None:
    load_exercise(folder)
    twin = folder.with_name("92_twin")
    twin.mkdir()
    for path in folder.iterdir():
        (twin / path.name).write_bytes(path.read_bytes())
    assert load_exercise(twin).questions == load_exercise(folder).questions
    (twin / "my_kinds.py").write_text(KINDS + "# another\n", encoding="utf-8")
    with pytest.raises(ExerciseError, match="the kind 'estimate' is there already"):
        load_exercise(twin)


def test_a_changed_file_of_kinds_changes_what_results_depend_on(folder: Path) -> None:
    before = load_exercise(folder)
    (folder / "my_kinds.py").write_text(KINDS + "# changed\n", encoding="utf-8")
    OWN.clear()
    assert repr(load_exercise(folder)) != repr(before)
