from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from crmlib.commands.main import main
from crmlib.errors import RunError
from crmlib.suite import bench

if TYPE_CHECKING:
    from pathlib import Path


def test_the_benchmarks_of_the_clone_are_listed() -> None:
    done = CliRunner().invoke(main, ["bench"])
    assert done.exit_code == 0
    assert "clv" in done.output.splitlines()


def test_an_installed_package_says_where_the_benchmarks_are(tmp_path: Path) -> None:
    with pytest.raises(RunError, match=r"stand in crmlib's repository.*clone it"):
        bench.scripts(tmp_path)


def test_an_unknown_benchmark_is_named() -> None:
    with pytest.raises(RunError, match="There is no benchmark 'clw'"):
        bench.run("clw")


@pytest.mark.slow
def test_options_reach_the_benchmark() -> None:
    assert bench.run("clv", ("--help",)) == 0
    assert bench.run("clv", ("--nonsense",)) == 2
