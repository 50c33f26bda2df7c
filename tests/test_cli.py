import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from crmlib import __version__
from crmlib.commands.main import main
from crmlib.suite.lab import copy_notebooks


def crmlib(*arguments: str) -> Result:
    return CliRunner().invoke(main, arguments)


@pytest.mark.parametrize("command", ["", "build", "run", "data", "data list", "data describe", "lab"])
def test_every_command_teaches_with_an_example(command: str) -> None:
    said = crmlib(*command.split(), "--help")

    assert said.exit_code == 0
    assert f"crmlib {command}".strip() in said.output.partition("Example")[2]


def test_the_version_is_said() -> None:
    assert f"crmlib, version {__version__}\n" == crmlib("--version").output


@pytest.mark.slow
def test_help_loads_nothing_heavy() -> None:
    script = (
        "import sys\nfrom crmlib.commands.main import main\n"
        "main(['--help'], standalone_mode=False)\nprint(sorted(sys.modules))"
    )
    said = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout

    assert [
        name for name in ("pandas", "numpy", "duckdb", "papermill", "nbformat", "jinja2") if f"'{name}'" in said
    ] == []


def test_the_known_sources_are_listed() -> None:
    said = crmlib("data", "list").output

    assert [line.split()[0] for line in said.splitlines() if line[:1] == "c"] == [
        "cdnow",
        "cdnow-sample",
        "complete-journey",
    ]


@pytest.mark.slow
def test_a_source_is_described_with_columns_rows_day_and_quality() -> None:
    said = crmlib("data", "describe", "cdnow-sample").output

    assert "As of 1998-07-01" in said
    assert "orders: 6,919 rows" in said
    assert "customer_id" in said
    assert "rows read" in said


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("run", "no_such_notebook.ipynb"), "Error: There is no notebook no_such_notebook.ipynb."),
        (("run", "-p", "top"), "Error: -p top: write it as -p name=value"),
        (("data", "describe", "cdnoww"), "Did you mean 'cdnow'?"),
    ],
)
def test_what_crmlib_raises_is_a_message_without_traceback_and_status_2(
    arguments: tuple[str, ...], message: str
) -> None:
    said = crmlib(*arguments)

    assert (said.exit_code, message in said.output) == (2, True), said.output
    assert "Traceback" not in said.output


def test_a_bad_source_is_said_before_any_notebook_runs(tmp_path: Path) -> None:
    notebook = tmp_path / "a.ipynb"
    notebook.write_text(json.dumps({"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}))
    said = crmlib("run", str(notebook), "--source", str(tmp_path / "none.csv"), "--out", str(tmp_path / "out"))

    assert (said.exit_code, "There is no file" in said.output) == (2, True), said.output
    assert not (tmp_path / "out").exists()


def test_notebooks_are_copied_and_what_the_user_changed_is_kept(tmp_path: Path) -> None:
    shipped, mine = tmp_path / "shipped", tmp_path / "mine"
    (shipped / "it").mkdir(parents=True)
    for name in ("a.ipynb", "b.ipynb", "it/a.ipynb"):
        (shipped / name).write_text(name)
    assert copy_notebooks(mine, shipped).written == ["a.ipynb", "b.ipynb", "it/a.ipynb"]
    assert (copy_notebooks(mine, shipped).written, copy_notebooks(mine, shipped).kept) == ([], [])

    (mine / "a.ipynb").write_text("my own work")
    (shipped / "a.ipynb").write_text("new edition")
    (shipped / "b.ipynb").write_text("new edition")
    again = copy_notebooks(mine, shipped)
    assert (again.written, again.kept) == (["b.ipynb"], ["a.ipynb"])
    assert ((mine / "a.ipynb").read_text(), (mine / "b.ipynb").read_text()) == ("my own work", "new edition")


@pytest.mark.slow
def test_lab_copies_the_notebooks_and_starts_jupyterlab(tmp_path: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "crmlib",
        "lab",
        str(tmp_path / "mine"),
        "--",
        "--no-browser",
        "--port=0",
        "--allow-root",
    ]
    log = tmp_path / "log"
    home = {
        "HOME": str(tmp_path),
        "JUPYTER_CONFIG_DIR": str(tmp_path / "c"),
        "JUPYTER_RUNTIME_DIR": str(tmp_path / "r"),
    }
    with log.open("w") as file:
        process = subprocess.Popen(
            command, stdout=file, stderr=file, env={**os.environ, **home}, start_new_session=True
        )
    try:
        deadline = time.monotonic() + 60
        while "/lab?token=" not in log.read_text():
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.1)
        assert f"Serving notebooks from local directory: {tmp_path / 'mine'}" in log.read_text()
    finally:
        os.killpg(process.pid, 15)
        process.wait(timeout=30)
