"""Every command's options, as tables: what is given twice, folders of others, names, narrow terminals, completion."""

from __future__ import annotations

import json
import os
import re
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import click
import pytest
from click.shell_completion import BashComplete
from click.testing import CliRunner, Result

from crmlib import open_shop
from crmlib.commands.folders import OutFolder, check_out
from crmlib.commands.main import main
from crmlib.commands.shape import all_commands
from crmlib.errors import CrmlibError, RunError
from crmlib.futures import present

if TYPE_CHECKING:
    from collections.abc import Iterator


COMMANDS = dict(all_commands(main))


def options(*, multiple: bool) -> Iterator[tuple[str, click.Option]]:
    for name, command in COMMANDS.items():
        for option in command.params:
            if isinstance(option, click.Option) and not option.is_flag and option.multiple == multiple:
                yield name, option


def crmlib(*arguments: str, width: int = 80) -> Result:
    return CliRunner().invoke(main, arguments, env={"COLUMNS": str(width)}, terminal_width=width)


@pytest.mark.parametrize(("command", "option"), list(options(multiple=False)), ids=str)
def test_an_option_of_one_value_is_given_once(command: str, option: click.Option) -> None:
    name = option.opts[-1]
    done = crmlib(*command.split()[1:], name, "first", name, "second")
    assert done.exit_code == 2
    assert f"{max(option.opts, key=len)} is given twice: first and second." in done.output


def test_there_are_options_that_may_be_repeated() -> None:
    repeated = {(command, option.name) for command, option in options(multiple=True)}
    assert {("crmlib run", "given"), ("crmlib sweep", "given"), ("crmlib queue", "sequences")} <= repeated


@pytest.mark.parametrize("command", ["run", "sweep"])
def test_a_parameter_is_set_once(command: str) -> None:
    done = crmlib(command, "03", "-p", "seed=1", "-p", "seed=2")
    assert (done.exit_code, "-p seed is given twice: 1 and 2" in done.output) == (2, True)


OUT = [
    (name, each)
    for name, command in COMMANDS.items()
    for each in command.params
    if each.name == "out"
    and isinstance(each, click.Option)
    and name not in {"crmlib score", "crmlib top"}  # they write a file or a database's table: tests/lists
]


@pytest.mark.parametrize(("command", "option"), OUT, ids=str)
def test_a_folder_is_refused_before_anything_is_read(command: str, option: click.Option, tmp_path: Path) -> None:
    assert isinstance(option.type, OutFolder)
    file, foreign = tmp_path / "file", tmp_path / "foreign"
    file.write_text("x")
    foreign.mkdir()
    (foreign / "letter.txt").write_text("mine")
    for out, why in (
        (file, "is a file"),
        (file / "below", "cannot be written to"),
        (foreign, "is not empty: it holds letter.txt"),
    ):
        with pytest.raises((RunError, click.ClickException), match=re.escape(why)):
            option.type.convert(str(out), option, None)
    assert [path.name for path in tmp_path.rglob("*")] == ["file", "foreign", "letter.txt"] or len(
        list(tmp_path.rglob("*"))
    ) == 3
    assert command.startswith("crmlib ")


def test_a_folder_of_ones_own_is_written_again(tmp_path: Path) -> None:
    check_out(tmp_path / "new" / "deep", ("results.json",))
    assert not (tmp_path / "new").exists()
    check_out(tmp_path, ("results.json",))
    (tmp_path / "results.json").write_text("{}")
    check_out(tmp_path, ("results.json",))
    with pytest.raises(RunError, match="is not empty"):
        check_out(tmp_path)


@pytest.fixture
def read_only_folder() -> Iterator[Path]:
    """Return a folder that this process may not write to; root, who writes everywhere, acts as an ordinary user."""
    folder = Path(tempfile.mkdtemp())  # pytest's own folders let nobody else in
    folder.chmod(0o555)
    root = os.geteuid() == 0
    if root:
        os.seteuid(65534)
    yield folder
    if root:
        os.seteuid(0)
    folder.rmdir()


def test_a_read_only_folder_is_refused(read_only_folder: Path) -> None:
    with pytest.raises(RunError, match="cannot be written to"):
        check_out(read_only_folder / "out")


def test_a_folder_that_cannot_be_made_ends_with_a_sentence() -> None:
    done = crmlib("run", "03", "--out", "/dev/null/nope")
    assert (done.exit_code, "Traceback" in done.output, "cannot be written to" in done.output) == (2, False, True)


@pytest.mark.parametrize("command", COMMANDS)
def test_help_fits_a_narrow_terminal(command: str) -> None:
    done = crmlib(*command.split()[1:], "--help", width=60)
    assert done.exit_code == 0
    long = [line for line in done.output.splitlines() if len(line) > 60]
    assert [line for line in long if len(line.split()) > 2] == []  # a name is never cut: it may stand out


@pytest.mark.parametrize(
    ("arguments", "shown"),
    [
        ((), "crmlib run"),
        (("help",), "crmlib run"),
        (("help", "data", "make"), "--customers"),
        (("data",), "describe"),
        (("exercise",), "validate"),
    ],
)
def test_a_name_alone_asks_for_help(arguments: tuple[str, ...], shown: str) -> None:
    done = crmlib(*arguments)
    assert (done.exit_code, shown in done.output) == (0, True), done.output


def test_help_of_what_is_not_there_says_what_is() -> None:
    done = crmlib("help", "runn")
    assert (done.exit_code, "Did you mean 'run'?" in done.output) == (2, True)


def test_names_in_lists_are_never_cut() -> None:
    for listing in (("exercise", "list"), ("data", "list")):
        done = crmlib(*listing, width=60)
        assert "…" not in "".join(line.split()[0] for line in done.output.splitlines() if line.strip())


@pytest.mark.parametrize(
    ("words", "incomplete", "expected"),
    [
        (["run"], "r", "rfm"),
        (["run"], "03", "03_rfm"),
        (["run", "--source"], "cd", "cdnow"),
        (["run", "--policy"], "t", "texts"),
        (["run", "03", "-p"], "mon", "months_between="),
        (["sweep", "10", "-p"], "orig", "origins="),
        (["data", "describe"], "com", "complete-journey"),
        (["queue", "--source"], "sh", "shop"),
        (["release"], "03", "03_rfm"),
        ([], "swe", "sweep"),
    ],
)
def test_the_shell_completes_names(words: list[str], incomplete: str, expected: str) -> None:
    completed = BashComplete(main, {}, "crmlib", "_CRMLIB_COMPLETE").get_completions(words, incomplete)
    assert expected in [item.value for item in completed]


@pytest.mark.slow
@pytest.mark.parametrize("name", ["shop", "cdnow-sample"])
def test_a_known_name_beside_a_folder_of_that_name_says_so(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / name).mkdir()
    (tmp_path / name / "orders.csv").write_text("customer_id,order_ts,amount\na,2024-01-05,1\n")
    monkeypatch.chdir(tmp_path)
    open_shop(name)
    assert f"write ./{name}" in capsys.readouterr().out.splitlines()[0]
    open_shop(Path(name))
    assert f"write ./{name}" in capsys.readouterr().out.splitlines()[0]
    assert len(open_shop(f"./{name}").orders) == 1


@pytest.mark.slow
def test_a_description_and_a_future_tell_a_known_name_from_a_folder_beside_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "mine" / "shop").mkdir(parents=True)
    (tmp_path / "mine" / "my.toml").write_text('source = "shop"\n')
    open_shop(tmp_path / "mine" / "my.toml")
    assert "write ./shop" in capsys.readouterr().out.splitlines()[0]
    monkeypatch.chdir(tmp_path / "mine")
    present("shop")
    assert "write ./shop" in capsys.readouterr().out


def test_a_path_is_not_taken_for_a_known_name(tmp_path: Path) -> None:
    with pytest.raises(CrmlibError) as caught:
        open_shop(str(tmp_path / "ada" / "shop"))
    assert "Did you mean" not in str(caught.value)


@pytest.mark.slow
def test_a_run_opens_its_report(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    notebook = {"cells": [{"cell_type": "code", "id": "a", "metadata": {}, "source": "1", "outputs": [],
                           "execution_count": None}], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}  # fmt: skip
    (tmp_path / "a.ipynb").write_text(json.dumps(notebook))
    browser = tmp_path / "browser"
    browser.write_text(f'#!/bin/sh\necho "$1" > {tmp_path}/opened\n')
    browser.chmod(0o755)
    monkeypatch.setenv("BROWSER", f"{browser} %s")
    done = crmlib(
        "run", str(tmp_path / "a.ipynb"), "--source", "cdnow-sample", "--out", str(tmp_path / "out"), "--open"
    )
    assert done.exit_code == 0, done.output  # and a notebook without a kernelspec runs
    assert (tmp_path / "opened").read_text().strip() == (tmp_path / "out" / "index.html").as_uri()
