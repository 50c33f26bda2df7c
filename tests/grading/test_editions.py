"""Editions of every exercise: the same every time, no solution in the student's, readable by nbgrader."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import nbformat
import pytest
from click.testing import CliRunner

from crmlib.commands.main import main
from crmlib.errors import ExerciseError
from crmlib.grading.authoring.editions import instructor_notebook, reference_notebook, source_cells, student_notebook
from crmlib.grading.authoring.paper import advice_on_paper, faults_on_paper
from crmlib.grading.authoring.release import release
from crmlib.grading.authoring.validate import validate
from crmlib.grading.kinds.own import load_exercise
from crmlib.grading.spec.exercise import Exercise, exercise_names

#: Exercises of most kinds of questions, a plan among them, that are validated before a commit; .ci/run validates all
#: of them with every mistake, and `test_running` runs the solutions of all.
SOME = ("03_rfm", "09_crm_design")


@pytest.fixture(params=exercise_names())
def exercise(request: pytest.FixtureRequest) -> Exercise:
    return load_exercise(request.param)


@pytest.fixture
def new(tmp_path: Path) -> Path:
    ended = CliRunner().invoke(main, ["exercise", "new", "07_trial", "--in", str(tmp_path)])
    assert (ended.exit_code, ended.exception) == (0, None)
    return tmp_path / "07_trial"


def changed(folder: Path, file: str, old: str, new: str) -> Exercise:
    path = folder / file
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")
    return load_exercise(folder)


@pytest.mark.slow
def test_editions_are_notebooks_and_the_same_every_time(exercise: Exercise) -> None:
    for edition in (student_notebook, reference_notebook, instructor_notebook):
        first, second = edition(exercise), edition(exercise)
        assert json.dumps(first) == json.dumps(second)
        nbformat.validate(first)
        ids = [cell["id"] for cell in first["cells"]]
        assert len(ids) == len(set(ids))


def test_the_students_edition_holds_no_solution(exercise: Exercise) -> None:
    text = json.dumps(student_notebook(exercise), ensure_ascii=False)
    for cell in source_cells(exercise):
        if cell["role"] in {"solution", "instructor"}:
            assert json.dumps(cell["source"], ensure_ascii=False)[1:-1] not in text
    assert all(rubric.strip() not in text for rubric in exercise.rubrics.values())
    assert all(mistake.name not in text for mistake in exercise.mistakes)


def test_every_question_has_a_cell_that_nbgrader_grades(exercise: Exercise) -> None:
    marked = [
        cell["metadata"]["nbgrader"] for cell in student_notebook(exercise)["cells"] if "nbgrader" in cell["metadata"]
    ]
    graded = {one["grade_id"]: one["points"] for one in marked if one["grade"]}
    assert graded == {question.id: question.points for question in exercise.questions}
    assert len({one["grade_id"] for one in marked}) == len(marked)
    assert all(one["schema_version"] == 3 and one["locked"] != one["solution"] for one in marked)


def test_an_exercise_teaches_what_its_notebook_taught(exercise: Exercise) -> None:
    assert (Path("notebooks/src") / f"{exercise.notebook}.py").is_file()
    assert (exercise.folder / "README.md").is_file()
    text = "".join(student_notebook(exercise)["cells"][0]["source"])
    assert f"{exercise.minutes} minutes, {exercise.points:g} points" in text


@pytest.mark.needs("bwrap")
@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=() if name in SOME else pytest.mark.full) for name in exercise_names()]
)
def test_every_exercise_validates(name: str) -> None:
    exercise = load_exercise(name)
    found = validate(exercise, shops=1, mistakes=1)  # .ci/run tries every mistake
    classes = max((len(task.choices) for task in exercise.tasks), default=1) - 1
    assert len(found.earned) == len({"solution", "stub"}) + 1 + classes
    assert found.problems == []
    assert found.earned["stub"].startswith("0 of")


@pytest.mark.slow
def test_a_new_exercise_validates_without_a_sandbox(new: Path) -> None:
    found = validate(load_exercise(new), shops=1, mistakes=1, sandbox="none")
    assert found.problems == []
    assert found.advice == []
    assert found.earned["solution"] == "11 of 11 by the computer, 3 by a person"


def test_a_new_exercise_takes_no_folder_that_is_there(new: Path) -> None:
    ended = CliRunner().invoke(main, ["exercise", "new", "07_trial", "--in", str(new.parent)])
    assert ended.exit_code == 2
    assert "is there already" in ended.output
    ended = CliRunner().invoke(main, ["exercise", "new", "../evil", "--in", str(new.parent)])
    assert "cannot name an exercise" in ended.output


@pytest.mark.slow
@pytest.mark.needs("bwrap")
def test_a_mistake_that_earns_otherwise_is_found_before_release(new: Path) -> None:
    wrong = changed(new, "exercise.toml", 'says = ["column spend"]', 'says = ["nobody says this"]')
    wrong = changed(new, "exercise.toml", "points = { q1 = 0 }", "points = { q1 = 1 }")
    found = validate(wrong, shops=2)
    assert any("mistake 'orders instead of customers': q1 earns 0 points, not 1" in one for one in found.problems)
    assert any("nobody is told 'nobody says this'" in one for one in found.problems)
    assert len(found.problems) == 2


@pytest.mark.parametrize(
    ("file", "old", "new_text", "message"),
    [
        ("exercise.toml", "points = 14", "points = 15", "says 15 points; its questions add up to 14"),
        ("exercise.toml", "goals = [2]", "goals = [2, 9]", "There is no goal 9"),
        ("exercise.toml", 'as_of = "2026-03-31"', 'day = "2026-03-31"', "day is no parameter of the notebook"),
        ("exercise.toml", "q3_inputs = [5.0", "source = [5.0", "every [[hidden]] needs q3_inputs"),
        (
            "exercise.py",
            '# check("q1", customers)',
            'spend = orders.groupby("customer_id")["amount"].sum().reset_index(name="spend")',
            "holds a line of the solution of q2",
        ),
    ],
)
def test_what_is_wrong_on_paper_is_said(new: Path, file: str, old: str, new_text: str, message: str) -> None:
    exercise = changed(new, file, old, new_text)
    assert any(message in fault for fault in faults_on_paper(exercise))
    with pytest.raises(ExerciseError, match="would be marked wrongly, and is not released"):
        release(str(exercise.folder), new / "out")
    assert not (new / "out").exists()


@pytest.mark.parametrize(
    ("file", "old", "new_text", "message"),
    [
        ("exercise.toml", "goals = [3]", "goals = [1]", "No question serves goal 3"),
        ("exercise.toml", "[rubrics]\nw1", "[rubrics]\nq1", "w1 is marked by a person"),
        ("exercise.toml", 'kind = "quiz"', 'kind = "text"', "at least 5 quiz questions; this one has 0."),
        ("exercise.toml", 'hints = ["Group the orders by customer."]\n', "", "q2 has no hints"),
        ("exercise.py", "  # show buttons", "", "the parameter 'interactive' needs a comment"),
        ("exercise.py", "import open_shop", "import open_shop\n" + 16 * "# long\n", "at most 15 lines in a code cell"),
    ],
)
def test_house_style_is_advice(new: Path, file: str, old: str, new_text: str, message: str) -> None:
    exercise = changed(new, file, old, new_text)
    assert any(message in advice for advice in advice_on_paper(exercise))
    assert not any(message in fault for fault in faults_on_paper(exercise))


@pytest.mark.slow
def test_the_suites_own_exercises_need_no_advice(exercise: Exercise) -> None:
    assert list(advice_on_paper(exercise)) == []
    assert list(faults_on_paper(exercise)) == []


def blocks(page: Path) -> list[str]:
    return [part.split("\n", 1)[1] for part in page.read_text(encoding="utf-8").split("```")[1::2]]


@pytest.mark.slow
def test_the_page_for_authors_followed_word_by_word(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    toml, source = blocks(Path("docs/how-to/write-an-exercise.md"))
    monkeypatch.chdir(tmp_path)
    begun = CliRunner().invoke(main, ["exercise", "new", "gifts", "--in", "my-exercises"])
    assert begun.exit_code == 0, begun.output
    folder = Path("my-exercises/gifts")
    (folder / "exercise.toml").write_text(toml, encoding="utf-8")
    (folder / "exercise.py").write_text(source, encoding="utf-8")
    validated = CliRunner().invoke(main, ["exercise", "validate", str(folder), "--sandbox", "none", "--shops", "2"])
    assert validated.exit_code == 0, validated.output
    assert "gifts: solution: 3 of 3\n" in validated.output
    assert "gifts: stub: 0 of 3\n" in validated.output
    assert "gifts: advice: " in validated.output
    assert validated.output.endswith("gifts is valid.\n")
    for _ in range(2):  # the second time the author has looked, and changed something
        shown = CliRunner().invoke(main, ["exercise", "preview", str(folder), "--out", "preview"])
        assert shown.exit_code == 0, shown.output
    assert {"gifts.ipynb", "README.md", "shop"} <= {path.name for path in Path("preview").iterdir()}
    assert "nunique" not in Path("preview/gifts.ipynb").read_text(encoding="utf-8")


@pytest.mark.slow
def test_a_fault_on_paper_does_not_hide_what_is_earned(new: Path) -> None:
    found = validate(changed(new, "exercise.toml", "points = 14", "points = 15"), shops=1, mistakes=0, sandbox="none")
    assert found.problems == ["exercise.toml says 15 points; its questions add up to 14."]
    assert found.earned["stub"].startswith("0 of")


def test_a_new_exercise_stands_where_one_works(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    ended = CliRunner().invoke(main, ["exercise", "new", "mine"])
    assert ended.output.startswith(f"Wrote {tmp_path / 'mine'}: exercise.toml")
    assert (tmp_path / "mine" / "exercise.toml").is_file()


@pytest.mark.parametrize(
    ("old", "new_text", "message"),
    [
        (
            'raise NotImplementedError("Make `customers`: a whole number.")',
            "customers = 0",
            "the stub of q1 must end in",
        ),
        ('answer("q1", customers)', 'answer("q2", customers)', 'this cell must call answer("q1", ...)'),
        ('# %% tags=["stub"] question="q2"', '# %% tags=["stub"] question="q9"', "question q2 needs four cells"),
        ("import open_shop", "import open_shop\nimport requests", "no fetch from the network"),
        ('# %% tags=["parameters"]', "# %%", 'exactly one cell tagged "parameters"'),
    ],
)
def test_a_source_that_breaks_a_rule_names_the_line(new: Path, old: str, new_text: str, message: str) -> None:
    with pytest.raises(ExerciseError) as raised:
        student_notebook(changed(new, "exercise.py", old, new_text))
    assert message in str(raised.value)


@pytest.mark.parametrize(
    ("old", "new_text", "message"),
    [
        ('id = "z2"', 'id = "z1"', "z1 names two questions"),
        (
            'kind = "table"',
            'kind = "tabel"',
            "question 'q2': there is no kind 'tabel'. Did you mean 'table'? There are: ",
        ),
        ('title = "Spend of each customer"\n', "", "question 'q2': `title` is missing"),
        ('id = "q2"\n', "", "the question number 2: `id` is missing"),
        (
            'type = "integer"',
            'type = "intger"',
            "question 'q1', value.type: Invalid enum value 'intger'. It is 'date', ",
        ),
        ("points = { q2 = 1.5 }", 'points = { q2 = "x" }', "mistake 'mean instead of sum', points: Expected `float`"),
        ('kind = "scalar"', 'kind = "number"', "there is no kind 'number'. There are: scalar, text, list"),
        ('key = ["customer_id"]', 'key = ["customer"]', "the key customer is not among its fields"),
        ("points = { q1 = 0 }", "points = { q8 = 0 }", "there is no question 'q8'"),
        ('id = "q1"', 'id = "Q 1"', "an id is small letters and digits"),
        ("minutes = 45", "minutes = 45\ncolour = 1", "unknown field `colour`"),
    ],
)
def test_a_toml_that_breaks_a_rule_names_the_file(new: Path, old: str, new_text: str, message: str) -> None:
    with pytest.raises(ExerciseError, match=r"exercise\.toml") as raised:
        changed(new, "exercise.toml", old, new_text)
    assert message in str(raised.value)


def test_an_exercise_is_found_by_its_number_its_name_or_its_folder(new: Path, tmp_path: Path) -> None:
    shutil.copytree(new, tmp_path / "elsewhere" / "mine")
    assert load_exercise("rfm").name == load_exercise("03").name == "03_rfm"
    assert load_exercise(tmp_path / "elsewhere" / "mine").name == "mine"
    with pytest.raises(ExerciseError, match="Did you mean '03_rfm'"):
        load_exercise("03_rmf")
    with pytest.raises(ExerciseError, match="`crmlib exercise new` makes one"):
        load_exercise(tmp_path)


def test_the_list_names_every_exercise() -> None:
    ended = CliRunner().invoke(main, ["exercise", "list"])
    assert ended.exit_code == 0
    assert all(name in ended.output for name in exercise_names())
