"""What a class is handed: installed from Python alone, told in words, and without a solution anywhere."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from click.testing import CliRunner
from rich.console import Console

from crmlib.commands.main import main
from crmlib.errors import GradingError
from crmlib.grading.authoring.handout import (
    FIRST_CELL,
    Handout,
    Language,
    first_cell,
    read_package,
    secrets_in,
    write_handout,
)
from crmlib.grading.authoring.release import release
from crmlib.grading.kinds.own import load_exercise
from crmlib.grading.spec.exercise import exercise_names, is_public
from crmlib.version import __version__
from tests.grading.light_exercise import light_class

ROOT = Path(__file__).parents[2]
WHEEL = f"crmlib-{__version__}-py3-none-any.whl"


def wheel(folder: Path, *more: str, name: str = "crmlib") -> Path:
    path = folder / WHEEL
    with zipfile.ZipFile(path, "w") as target:
        target.writestr(f"{name}-{__version__}.dist-info/METADATA", f"Name: {name}\nVersion: {__version__}\n")
        for member in ("crmlib/__init__.py", "crmlib/grading/authoring/template/exercise.toml", *more):
            target.writestr(member, "")
    return path


@pytest.mark.parametrize(
    ("given", "package", "version"),
    [
        ("", "", __version__),
        ("crmlib==1.4.0", "crmlib[course]==1.4.0", "1.4.0"),
        ("crmlib[grading]==1.4.0", "crmlib[grading]==1.4.0", "1.4.0"),
        ("crmlib @ https://example.org/crmlib-2.0-py3-none-any.whl", None, "2.0"),
        ("crmlib @ git+https://example.org/crmlib.git@main", None, __version__),
    ],
)
def test_what_a_class_installs_is_read(given: str, package: str | None, version: str) -> None:
    read = read_package(given)
    assert read.version == version
    assert read.package == (given.replace("crmlib @", "crmlib[course] @") if package is None else package)


@pytest.mark.parametrize(
    "given",
    ["crmlib", "crmlib>=1", "other==1.0", "crmlib==1; rm -rf ~", 'crmlib @ https://x/"a', "crmlib==1\nother", "{x}"],
)
def test_what_no_class_should_type_is_refused(given: str) -> None:
    with pytest.raises(GradingError, match="is not what a class can install"):
        read_package(given)


def test_a_wheel_with_a_solution_is_refused(tmp_path: Path) -> None:
    assert read_package(str(wheel(tmp_path))).package == f"./{WHEEL}[course]"
    with pytest.raises(GradingError, match=r"holds exercises .*03_rfm/exercise.py"):
        read_package(str(wheel(tmp_path, "exercises/03_rfm/exercise.py")))
    with pytest.raises(GradingError, match="is no wheel of crmlib"):
        read_package(str(wheel(tmp_path, name="other")))
    (tmp_path / WHEEL).write_bytes(b"no archive")
    with pytest.raises(GradingError, match="cannot be read as a wheel"):
        read_package(str(tmp_path / WHEEL))
    with pytest.raises(GradingError, match="is not what a wheel of crmlib is called"):
        read_package(str(tmp_path / "crmlib-1;x.whl"))


def run_cell(code: str, *, crmlib: str) -> subprocess.CompletedProcess[str]:
    """Run the first cell in a bare Python that has this crmlib, or none."""
    fake = f"import sys, types; m = types.ModuleType('crmlib'); m.__version__ = {crmlib!r}; sys.modules['crmlib'] = m\n"
    program = [sys.executable, "-I", "-S", "-c", (fake if crmlib else "") + code]
    return subprocess.run(program, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    ("language", "words"),
    [("en", "here is no crmlib. In a terminal"), ("it", "qui c'è nessun crmlib. In un terminale")],
)
def test_the_first_cell_says_in_words_what_is_missing(language: Language, words: str) -> None:
    handout = Handout(language=language, package=f"./{WHEEL}[course]")
    ran = run_cell(first_cell(handout), crmlib="")
    assert (ran.returncode, ran.stderr, ran.stdout.count("\n")) == (0, "", 1)
    assert words in ran.stdout
    assert f'{sys.executable} -m pip install "./{WHEEL}[course]"' in ran.stdout
    assert "here is 0.0.1." in run_cell(first_cell(Handout()), crmlib="0.0.1").stdout
    assert run_cell(first_cell(handout), crmlib=__version__).stdout == ""


def test_a_readme_has_no_gap_in_either_language(tmp_path: Path) -> None:
    exercise = load_exercise("03_rfm")
    languages: tuple[Language, ...] = ("en", "it")
    for language in languages:
        for package in (f"./{WHEEL}[course]", ""):
            handout = Handout(language=language, package=package)
            write_handout(exercise, handout, tmp_path)
            text = (tmp_path / "README.md").read_text(encoding="utf-8")
            assert not [word for word in ("TITLE", "INSTALL", "START", "VERSION", "NAME") if word in text.split()]
            assert (f'-m pip install "{package}"' in text) == bool(package)
            assert "-m jupyterlab 03_rfm.ipynb" in text


@pytest.mark.slow
def test_an_archive_needs_nothing_but_python(tmp_path: Path) -> None:
    exercise, _, _ = light_class(tmp_path, 0)
    said = Console(file=io.StringIO(), width=400)
    given = {"package": str(wheel(tmp_path)), "language": "it", "jobs": 1, "sandbox": "none", "console": said}
    students = release(str(exercise), tmp_path / "week", **given).students  # type: ignore[arg-type]
    notes = said.file.getvalue()  # type: ignore[attr-defined]
    assert "more to advise" in notes
    assert "--package" not in notes
    assert "public" not in notes
    with zipfile.ZipFile(students / "everybody.zip") as archive:
        names = archive.namelist()
        notebook = json.loads(archive.read("everybody/90_light.ipynb"))
        readme = archive.read("everybody/README.md").decode()
    assert {"everybody/README.md", f"everybody/{WHEEL}", "everybody/shop/orders.parquet"} <= set(names)
    assert secrets_in(names) == []
    assert "Installare" in readme
    code = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    assert code[0]["id"] == FIRST_CELL
    assert f"./{WHEEL}[course]" in "".join(code[0]["source"])


def test_a_public_exercise_is_known_wherever_it_is_copied(tmp_path: Path) -> None:
    assert all(is_public(load_exercise(name)) for name in exercise_names())
    copied = CliRunner().invoke(main, ["exercise", "new", "mine", "--from", "03_rfm", "--in", str(tmp_path)])
    assert copied.exit_code == 0, copied.output
    mine = load_exercise(tmp_path / "mine")
    assert is_public(mine)
    assert mine.questions == load_exercise("03_rfm").questions
    text = mine.source.read_text(encoding="utf-8")
    mine.source.write_text(text.replace('("order_id", "size")', '("order_id", "count")'), encoding="utf-8")
    assert not is_public(mine)


@pytest.mark.full
def test_the_wheel_holds_no_exercise_and_no_sentence_of_a_solution(tmp_path: Path) -> None:
    uv = str(Path(sys.executable).with_name("uv"))
    subprocess.run([uv, "build", "--wheel", "--quiet", "--out-dir", str(tmp_path), str(ROOT)], check=True)
    (built,) = tmp_path.glob("*.whl")
    essays = [
        line.strip()
        for name in exercise_names()
        for line in essay(ROOT / "exercises" / name / "exercise.py").splitlines()
        if len(line.split()) > 8
    ]
    assert len(essays) > 20
    with zipfile.ZipFile(built) as archive:
        assert secrets_in(archive.namelist()) == []
        texts = {name: archive.read(name).decode("utf-8", "replace") for name in archive.namelist()}
    assert [(name, line) for name, text in texts.items() for line in essays if line in text] == []
    assert read_package(str(built)).version == __version__


def essay(source: Path) -> str:
    """Give what stands between the quotes of the written solutions of an exercise."""
    text = source.read_text(encoding="utf-8")
    parts = text.split('"""')[1::2]
    return "\n".join(part for part in parts if part.strip())
