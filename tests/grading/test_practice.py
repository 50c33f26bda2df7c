"""Practice editions, from outside: a notebook that runs, worked solutions, and never a shop that counts."""

from __future__ import annotations

import json
import math
import re
from typing import TYPE_CHECKING, Any

import nbformat
import numpy as np
import pytest
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import norm

from crmlib.commands.main import main
from crmlib.grading.authoring.editions import practice_notebook, source_cells, student_notebook
from crmlib.grading.authoring.practice import SHOP, practice_seed
from crmlib.grading.kinds.own import load_exercise
from crmlib.grading.marking.shops import hidden_seeds
from crmlib.grading.spec.exercise import Exercise, exercise_names
from crmlib.grading.spec.variants import seed_of
from crmlib.grading.student.cases import at_worked_case
from crmlib.sources.catalogue import SOURCES

from .light_exercise import light_class

if TYPE_CHECKING:
    from pathlib import Path


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, ["practice", *map(str, arguments)])


@pytest.fixture
def light(tmp_path: Path) -> Path:
    return light_class(tmp_path, 0)[0]


@pytest.fixture(params=exercise_names())
def exercise(request: pytest.FixtureRequest) -> Exercise:
    return load_exercise(request.param)


def text_of(notebook: dict[str, Any]) -> str:
    return json.dumps(notebook, ensure_ascii=False)


def test_the_command_writes_what_one_can_start_with(light: Path, tmp_path: Path) -> None:
    ended = run(light, "--out", tmp_path / "own")
    assert (ended.exit_code, ended.exception) == (0, None)
    assert sorted(path.name for path in (tmp_path / "own").iterdir()) == ["90_light.ipynb", "README.md", SHOP]
    notebook = nbformat.read(tmp_path / "own" / "90_light.ipynb", as_version=4)  # type: ignore[no-untyped-call]
    nbformat.validate(notebook)
    parameters = next(cell for cell in notebook.cells if "parameters" in cell.metadata.get("tags", []))
    assert f'source: str = "./{SHOP}"' in parameters.source
    assert f"jupyter lab {tmp_path / 'own' / '90_light.ipynb'}" in ended.output


def test_work_is_never_overwritten(light: Path, tmp_path: Path) -> None:
    run(light, "--out", tmp_path / "own")
    mine = tmp_path / "own" / "90_light.ipynb"
    mine.write_text("my work", encoding="utf-8")
    again = run(light, "--out", tmp_path / "own")
    assert again.exit_code == 2
    assert "your work may be in it" in again.output
    assert mine.read_text(encoding="utf-8") == "my work"


def test_a_folder_of_somebody_elses_is_left_alone(light: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    other = tmp_path / "practice" / "90_light"
    other.mkdir(parents=True)
    (other / "letter.txt").write_text("mine", encoding="utf-8")
    for options in ((), ("--out", other)):
        ended = run(light, *options)
        assert ended.exit_code == 2
        assert "is not empty: it holds letter.txt" in ended.output
    assert [path.name for path in other.iterdir()] == ["letter.txt"]


def test_an_exercise_that_is_not_there_is_told_with_the_nearest_name() -> None:
    ended = run("03_rfn")
    assert ended.exit_code == 2
    assert "Did you mean '03_rfm'?" in ended.output


def test_the_shop_holds_no_truth_and_has_the_name_of_no_known_one(light: Path, tmp_path: Path) -> None:
    run(light, "--out", tmp_path / "own")
    assert SHOP not in SOURCES
    assert not any("truth" in path.name for path in (tmp_path / "own").rglob("*"))


def test_each_question_has_a_worked_solution_or_an_explanation(exercise: Exercise) -> None:
    cells = practice_notebook(exercise)["cells"]
    worked = {cell["id"].removesuffix("-worked") for cell in cells if cell["id"].endswith("-worked")}
    start = next("".join(cell["source"]) for cell in cells if cell["id"] == "start")
    for question in exercise.questions:
        if question.options:
            assert question.explanation
            assert repr(question.explanation) in start
        else:
            assert question.id in worked
    for cell in cells:
        if cell["id"].endswith("-worked"):
            assert re.match(r"<details>.*</details>$", "".join(cell["source"]), re.DOTALL)


def test_a_graded_edition_holds_neither(exercise: Exercise) -> None:
    graded = text_of(student_notebook(exercise))
    assert "A worked solution" not in graded
    for question in exercise.questions:
        assert not question.explanation or json.dumps(question.explanation, ensure_ascii=False)[1:-1] not in graded


def test_a_practice_notebook_is_the_students_but_for_what_is_folded_away(exercise: Exercise) -> None:
    student = {cell["id"]: cell for cell in student_notebook(exercise)["cells"]}
    cells = [cell for cell in practice_notebook(exercise)["cells"] if not cell["id"].endswith("-worked")]
    assert [cell["id"] for cell in cells] == list(student)
    assert all(cell == student[cell["id"]] for cell in cells if cell["id"] != "start")


@pytest.mark.slow
@given(st.binary(min_size=32, max_size=32), st.text(max_size=8), st.integers(1, 5))
def test_nobody_is_graded_on_the_practice_shop(secret: bytes, student: str, turn: int) -> None:
    exercise = load_exercise("03_rfm")
    graded = {seed_of(secret, exercise.name, whose, student) for whose in ("student", "instructor")}
    graded |= {shop.seed for shop in hidden_seeds(exercise, secret, count=3, turn=turn)}
    assert practice_seed(exercise) not in graded


@pytest.mark.parametrize("name", exercise_names())
def test_options_of_a_quiz_are_of_like_length(name: str) -> None:
    for question in load_exercise(name).questions:
        lengths = [len(option) for option in question.options.values()]
        if lengths:
            assert max(lengths) <= max(1.35 * min(lengths), min(lengths) + 8), (question.id, lengths)


def test_the_longest_option_is_no_sign_of_the_right_one() -> None:
    longest = total = 0
    for name in exercise_names():
        exercise = load_exercise(name)
        solutions = {cell["question"]: cell["source"] for cell in source_cells(exercise) if cell["role"] == "solution"}
        for question in exercise.questions:
            if question.options:
                right = len(question.options[solutions[question.id].split('"')[1]])
                longest += all(len(text) < right for text in question.options.values() if len(text) != right) and (
                    [len(text) for text in question.options.values()].count(right) == 1
                )
                total += 1
    assert longest <= total / 4  # as chance would have it


@pytest.mark.parametrize("name", exercise_names())
def test_every_stub_shows_the_check_of_what_is_handed_in(name: str) -> None:
    cells = source_cells(load_exercise(name))
    handed = {cell["question"]: cell["source"] for cell in cells if cell["role"] == "answer"}
    for cell in cells:
        if cell["role"] == "stub" and (call := re.match(r'answer\("(q\d+)", (\w+)', handed[cell["question"]])):
            assert f'# check("{call[1]}", {call[2]})' in cell["source"]


CASES = [
    (name, question.id)
    for name in exercise_names()
    for question in load_exercise(name).questions
    if question.case is not None
]


@pytest.mark.parametrize(("name", "question"), CASES)
def test_the_solution_is_right_at_its_worked_case(name: str, question: str) -> None:
    exercise = load_exercise(name)
    cells = [cell for cell in source_cells(exercise) if cell["question"] == question]
    names: dict[str, Any] = {"np": np, "math": math, "norm": norm, "dotless": ["gmail.example"]}
    exec(next(cell["source"] for cell in cells if cell["role"] == "solution"), names)  # noqa: S102 - our own solution
    handed = re.match(r"answer\(\"\w+\", (\w+)", next(cell["source"] for cell in cells if cell["role"] == "answer"))
    assert handed
    said, is_right = at_worked_case(exercise.question(question), names[handed[1]])
    assert is_right, said
    wrong, is_wrong_right = at_worked_case(exercise.question(question), lambda *_: None)
    assert not is_wrong_right, wrong


def test_each_function_that_hangs_on_no_shop_has_a_worked_case() -> None:
    functions = {
        (name, question.id)
        for name in exercise_names()
        for question in load_exercise(name).questions
        if question.kind == "function"
    }
    assert functions - set(CASES) == {("04_cltv", "q3")}  # what it gives follows from the fitted model
