"""pyproject.toml, requirements.lock and environment.yml say the same, and nothing of this machine is committed."""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
LOCK_TEXT = (ROOT / "requirements.lock").read_text(encoding="utf-8")
LOCK = [Requirement(line) for line in LOCK_TEXT.splitlines() if line and not line.startswith(("#", " "))]
PYTHONS = ("3.11", "3.12", "3.13")
#: The extra `bayes` pulls in a compiler's worth of packages and takes numpy below 2.5, for the lab alone: not locked.
WANTED = [
    Requirement(text)
    for text in (
        *PROJECT["dependencies"],
        *(
            text
            for name in ("dask", "databases", "dev", "postgres", "push")
            for text in PROJECT["optional-dependencies"][name]
        ),
    )
]


def committed() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S607
    if listed.returncode:
        pytest.skip("not a git clone")
    return [ROOT / name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]


def locked(name: str, python: str) -> list[str]:
    """Return the versions that the lock gives a package on a Python under Linux."""
    environment = {"python_full_version": f"{python}.5", "python_version": python, "sys_platform": "linux"}
    return [
        next(iter(entry.specifier)).version
        for entry in LOCK
        if canonicalize_name(entry.name) == canonicalize_name(name)
        and (entry.marker is None or entry.marker.evaluate(environment))
    ]


@pytest.mark.parametrize("python", PYTHONS)
@pytest.mark.parametrize("wanted", WANTED, ids=str)
def test_the_lock_holds_a_version_that_the_project_allows(wanted: Requirement, python: str) -> None:
    versions = locked(wanted.name, python)
    assert [wanted.specifier.contains(version, prereleases=True) for version in versions] == [True]


def test_each_line_of_the_lock_is_one_exact_version() -> None:
    assert [str(entry) for entry in LOCK if not re.fullmatch(r"==[^,*]+", str(entry.specifier))] == []


def test_no_package_is_locked_twice_for_one_python() -> None:
    names = {entry.name for entry in LOCK}
    assert [(name, python) for name in names for python in PYTHONS if len(locked(name, python)) > 1] == []


def test_the_pythons_are_those_of_the_lock() -> None:
    allowed = SpecifierSet(PROJECT["requires-python"])
    assert [python for python in ("3.10", *PYTHONS, "3.14") if allowed.contains(python)] == list(PYTHONS)


def test_conda_installs_the_same_lock() -> None:
    lines = [line.strip() for line in (ROOT / "environment.yml").read_text(encoding="utf-8").splitlines()]
    assert lines[lines.index("- pip:") + 1 :][:2] == ["- -r requirements.lock", "- -e ."]


def test_condas_python_is_one_that_the_project_allows() -> None:
    found = re.search(r"^\s+- python=(\S+)$", (ROOT / "environment.yml").read_text(encoding="utf-8"), re.MULTILINE)
    assert found
    assert SpecifierSet(PROJECT["requires-python"]).contains(found[1])


def test_conda_takes_nothing_but_python_and_pip() -> None:
    text = (ROOT / "environment.yml").read_text(encoding="utf-8")
    packages = re.findall(r"^  - (\S+?)(?:=\S+)?$", text.partition("dependencies:")[2], re.MULTILINE)
    assert packages == ["python", "pip", "pip:"]


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
