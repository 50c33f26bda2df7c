"""A class's secret varies the task: what is published, or was another class's, is worth little."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from crmlib.errors import ExerciseError
from crmlib.grading.authoring.drawn import EDITION, class_edition, released_edition, write_edition
from crmlib.grading.authoring.editions import reference_notebook, student_notebook
from crmlib.grading.authoring.paper import faults_on_paper
from crmlib.grading.authoring.release import release
from crmlib.grading.kinds.own import load_exercise
from crmlib.grading.results.grade import grade
from crmlib.grading.spec.exercise import Exercise, exercise_names
from crmlib.grading.spec.tasks import TaskParameter, draw, fill_in, rotation
from tests.grading.light_exercise import light_class

if TYPE_CHECKING:
    from pathlib import Path

VARIED = [name for name in exercise_names() if load_exercise(name).tasks]
TASKS = [
    TaskParameter(name="limit", choices=(50, 80, 120), words=("fifty", "eighty", "120")),
    TaskParameter(name="which", choices=("first", "last")),
]


@given(st.binary(min_size=32, max_size=32), st.integers(2, 6))
def test_a_class_never_gets_the_public_task(secret: bytes, options: int) -> None:
    chosen = draw(TASKS, secret, "03_rfm")
    assert chosen == draw(TASKS, secret, "03_rfm")
    assert 1 <= chosen["limit"] <= 2
    assert chosen["which"] == 1
    assert 1 <= rotation(secret, "03_rfm", "z1", options) < options


def test_classes_differ() -> None:
    drawn = {json.dumps(draw(TASKS, bytes([number]) * 32, "03_rfm")) for number in range(20)}
    assert len(drawn) == 2
    assert len({rotation(bytes([number]) * 32, "03_rfm", "z1", 4) for number in range(20)}) == 3


@pytest.mark.parametrize(
    ("text", "message"),
    [("x > TASKS.limt", "Did you mean 'limit'"), ("WORDS.Limit", "names no parameter under")],
)
def test_a_parameter_that_is_not_declared_is_named(text: str, message: str) -> None:
    with pytest.raises(ExerciseError, match=message):
        fill_in(text, TASKS, {"limit": 0, "which": 0})


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"name": "Limit", "choices": (1, 2)}, "a name is small letters"),
        ({"name": "limit", "choices": (1,)}, "two different choices at least"),
        ({"name": "limit", "choices": (1, 1)}, "two different choices at least"),
        ({"name": "limit", "choices": (1, 2), "words": ("one",)}, "words for each of its 2 choices"),
    ],
)
def test_a_parameter_that_varies_nothing_is_refused(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(ExerciseError, match=message):
        TaskParameter(**fields)


@pytest.mark.slow
@pytest.mark.parametrize("name", VARIED)
def test_an_edition_says_what_it_asks_in_every_place(name: str, tmp_path: Path) -> None:
    exercise = load_exercise(name)
    moves = {question.id: 1 for question in exercise.questions if question.options}
    assert len(exercise.tasks) >= 6
    for number in range(max(len(task.choices) for task in exercise.tasks)):
        chosen = {task.name: min(number, len(task.choices) - 1) for task in exercise.tasks}
        edition = write_edition(exercise, chosen, moves if number else {}, tmp_path / str(number))
        texts = [path.read_text(encoding="utf-8") for path in edition.folder.iterdir() if path.suffix != ".md"]
        assert not any("TASKS." in text or "WORDS." in text for text in texts)
        assert list(faults_on_paper(edition)) == []
        is_public = json.dumps(student_notebook(edition)) == json.dumps(student_notebook(exercise))
        assert is_public == (number == 0)


def right_texts(exercise: Exercise) -> dict[str, str]:
    """Give the text behind the letter of each quiz question's solution."""
    cells = {cell["id"]: "".join(cell["source"]) for cell in reference_notebook(exercise)["cells"]}
    return {
        question.id: question.options[cells[f"{question.id}-work"].split('"')[1]]
        for question in exercise.questions
        if question.options
    }


@pytest.mark.slow
@pytest.mark.parametrize("name", exercise_names())
def test_options_move_and_the_right_one_stays_right(name: str, tmp_path: Path) -> None:
    exercise = load_exercise(name)
    edition = class_edition(exercise, b"k" * 32, tmp_path)
    assert right_texts(edition) == right_texts(exercise)
    for question in exercise.questions:
        if question.options:
            moved = edition.question(question.id).options
            assert list(moved) == list(question.options)
            assert sorted(moved.values()) == sorted(question.options.values())
            assert all(moved[letter] != text for letter, text in question.options.items())
    before = {path: path.read_bytes() for path in edition.folder.iterdir()}
    again = class_edition(exercise, b"k" * 32, tmp_path)
    assert {path: path.read_bytes() for path in again.folder.iterdir()} == before
    assert released_edition(exercise, tmp_path).folder == edition.folder
    assert released_edition(exercise, None) is exercise


def varied(folder: Path) -> Exercise:
    """Write the light exercise with a task that varies."""
    place, _, _ = light_class(folder, 0)
    toml, source = place / "exercise.toml", place / "exercise.py"
    tasks = '[[tasks]]\nname = "how"\nchoices = ["sum", "max"]\nwords = ["all", "the largest"]\n'
    tasks += '[[tasks]]\nname = "more"\nchoices = [0, 1, 7]\n[[questions]]\nid = "q1"'
    toml.write_text(toml.read_text().replace('[[questions]]\nid = "q1"', tasks), encoding="utf-8")
    text = source.read_text().replace('["amount"].sum()', '["amount"].agg(TASKS.how)')
    text = text.replace("n = len(orders)", "n = len(orders) + TASKS.more").replace("# ## 1", "# ## 1, and WORDS.more")
    source.write_text(text, encoding="utf-8")
    return load_exercise(place)


@pytest.mark.slow
def test_the_published_solution_is_worth_little_in_a_class(tmp_path: Path) -> None:
    exercise = varied(tmp_path)
    given_: dict[str, Any] = {"jobs": 1, "sandbox": "none", "console": Console(file=io.StringIO())}
    done = release(str(exercise.folder), tmp_path / "week", **given_)
    edition = load_exercise(done.instructor / EDITION / exercise.name)
    handed = tmp_path / "handed-in"
    for student, notebook in {"pub": reference_notebook(exercise), "own": reference_notebook(edition)}.items():
        (handed / student).mkdir(parents=True)
        (handed / student / "x.ipynb").write_text(json.dumps(notebook), encoding="utf-8")
    grade(handed, exercise=str(exercise.folder), out=tmp_path / "marks", release=done.instructor, **given_)
    lines = (tmp_path / "marks/exports/marks.csv").read_text(encoding="utf-8").splitlines()
    points = {line.split(",")[0]: line for line in lines[1:]}
    assert ",3.0," in points["own"] or ",3," in points["own"]
    assert ",0.0," in points["pub"] or ",0," in points["pub"]
