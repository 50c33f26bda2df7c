"""What a person should look at: copies of each other, of the solution, of essays; in bounded time."""

from __future__ import annotations

import datetime as dt
import json
import time
from typing import TYPE_CHECKING, Any

import pytest

from crmlib.grading.authoring.editions import reference_notebook, student_notebook
from crmlib.grading.kinds.own import load_exercise
from crmlib.grading.marking import graded as results
from crmlib.grading.marking.likeness import MOST_CODE, alike, alike_essays, runs_of
from crmlib.grading.marking.prints import stored_prints
from crmlib.grading.results.finish import look_for_likeness
from crmlib.grading.results.gradebook import Gradebook, Mark, Row
from crmlib.grading.spec.recorded import MIMETYPE
from tests.grading.test_gradebook_exports import CODE, graded

if TYPE_CHECKING:
    from pathlib import Path

NOW = dt.datetime(2026, 12, 3, 12, 0, tzinfo=dt.UTC)
ASKED = "What of the question? " * 9
ESSAY = " ".join(f"the shop sells thing number {number} to people who like colour {number * 7}" for number in range(12))


def text_of(notebook: dict[str, Any], questions: set[str] | None = None) -> str:
    """The code of a notebook, or of the work of some questions alone."""
    cells = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    if questions is not None:
        cells = [cell for cell in cells if cell["id"].removesuffix("-work") in questions]
    return "\n\n".join("".join(cell["source"]) for cell in cells)


@pytest.mark.slow
def test_the_published_solution_is_among_the_sources() -> None:
    exercise = load_exercise("03_rfm")
    given, solution = text_of(student_notebook(exercise)), text_of(reference_notebook(exercise))
    part = text_of(reference_notebook(exercise), {"q3", "q4"})
    sources = {"solution": solution, "whole": solution, "part": given + CODE + "\n" + part}
    assert [(one.first, one.second, one.likeness) for one in alike(sources, given)] == [("solution", "whole", 1.0)]


@pytest.mark.parametrize(
    ("first", "second", "asked", "alike_"),
    [
        (ESSAY, ESSAY, "", True),
        (ESSAY, ESSAY.upper().replace(" ", "\n") + "!!", "", True),
        (ESSAY, ESSAY + " and a word of my own", "", True),
        (ESSAY, " ".join(reversed(ESSAY.split())), "", False),
        (ASKED + "I think so", ASKED + "I do not", ASKED, False),
        ("short and the same", "short and the same", "", False),
        ("", "", "", False),
    ],
)  # fmt: skip
def test_essays_are_compared_without_the_words_of_the_question(
    first: str, second: str, asked: str, alike_: bool  # noqa: FBT001 - a case
) -> None:  # fmt: skip
    assert bool(alike_essays({"a": first, "b": second}, asked)) == alike_


@pytest.mark.slow
def test_what_is_like_the_solution_or_an_essay_is_told(tmp_path: Path) -> None:
    exercise = load_exercise("03_rfm")
    reference = tmp_path / "reference.json"
    model = {MIMETYPE: {"question": "w1", "kind": "value", "value": ESSAY, "version": 1}}
    reference.write_text(json.dumps([{"cells": [{"outputs": [{"data": model}]}]}]), encoding="utf-8")
    folder = tmp_path / "graded"
    solution = text_of(reference_notebook(exercise))
    copies: dict[str, dict[str, Any]] = {
        "s1": {"runs": runs_of(solution), "written": {"w1": "Mine."}},
        "s2": {"runs": runs_of(CODE), "written": {"w1": ESSAY.replace("colour", "taste")}},
        "s4": {"runs": [], "written": {"w1": f"{ESSAY}."}},
        "s3": {"runs": [], "written": {"w1": ESSAY.replace("colour", "taste")}, "cut": 65_000_000},
    }
    with Gradebook(":memory:") as book:
        book.open_exercise(exercise.name, exercise.title, [], None)
        for student, about in copies.items():
            results.save(graded(exercise, student, **about), folder / f"{student}.json")
            mark = Mark("w1", 0.0, 5.0, needs_review=True, findings=())
            values: dict[str, Any] = dict.fromkeys(("file", "digest", "reason", "sandbox", "containment"), "")
            values |= {"submitted_at": None, "late_days": 0, "late_share": 1.0, "seconds": 0.0, "status": "finished"}
            row = Row(student_id=student, notes=(), suspicions=(), marks=(mark,), **values)
            book.write(exercise.name, [row], enrolled=True, now=NOW)
        look_for_likeness(book, exercise, list(copies), folder=folder, out=tmp_path, release=None, reference=reference)
        rows = book.rows("select student_id, suspicions from submissions order by 1")
    texts = {row["student_id"]: json.loads(row["suspicions"]) for row in rows}
    assert texts["s1"] == ["the code is like the published solution (100%)"]
    assert texts["s2"] == ["the essay w1 is like that of s3 (100%)"]
    assert texts["s4"] == ["the essay w1 is like the model essay (100%)"]
    assert texts["s3"][0] == "the essay w1 is like that of s2 (100%)"
    assert "too long to compare: 65,000,000 characters of code were left out" in texts["s3"][1]
    table = (tmp_path / "similarity.csv").read_text(encoding="utf-8-sig")
    assert "s1,(the published solution),code,1.0" in table
    assert 's3,,code,,"too long to compare' in table


@pytest.mark.slow
def test_code_without_an_end_costs_little_and_takes_nothing_away() -> None:
    """A file with sixty megabytes of code, in a class of two."""
    endless = ("raise SystemExit(" * 1000 + "\n") * (60_000_000 // 17_001)
    assert len(endless) > 59_000_000
    started = time.process_time()
    assert alike({"s01": CODE, "s02": endless}, "") == []
    assert time.process_time() - started < 5
    assert runs_of(endless) == runs_of(endless[:MOST_CODE])


@pytest.mark.slow
def test_stored_answers_without_an_end_cost_little(tmp_path: Path) -> None:
    def output(question: str, value: str) -> dict[str, Any]:
        return {"data": {MIMETYPE: {"question": question, "kind": "value", "value": value, "version": 1}}}

    cells = [{"outputs": [output(f"q{number}", "x" * 4_500_000)]} for number in range(30)]
    last = [{"outputs": [output("q1", "first")]}, {"outputs": [output("q1", "last")]}]
    (tmp_path / "x.ipynb").write_text(json.dumps({"cells": [*cells, *last]}), encoding="utf-8")
    (tmp_path / "y.ipynb").write_text(json.dumps({"cells": last[1:]}), encoding="utf-8")
    started = time.process_time()
    prints = stored_prints(tmp_path / "x.ipynb")
    assert time.process_time() - started < 3
    assert prints["q1"] == stored_prints(tmp_path / "y.ipynb")["q1"]
    assert len(prints) <= 3
