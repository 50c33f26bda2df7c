"""Sweeps: the grid, one table of what was recorded, what is kept, and a cluster that loses a worker."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from io import StringIO
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest
from rich.console import Console

from crmlib.errors import MissingExtraError, RunError
from crmlib.suite.build import notebook_text, read
from crmlib.suite.sweep import MOST_POINTS, Outcome, axis, folder_of, sweep
from crmlib.suite.sweep_page import render

if TYPE_CHECKING:
    from pathlib import Path

SOURCE = "cdnow-sample"
NOTEBOOK = """
# %% tags=["parameters"]
source: str = "cdnow"  # which shop
model: str = "one"  # which model
seed: int = 1  # which draw
wait: float = 0.0  # seconds
# %%
import time
from crmlib import record
# %%
time.sleep(wait)
if model == "broken":
    raise ValueError("no such model")
# %%
record("score", {"one": 1.0, "two": 2.0}[model] + seed / 10)
record("names", {"first": model, "second": 2})
record("constant", 5)
"""


@pytest.fixture
def notebook(tmp_path: Path) -> Path:
    source = tmp_path / "src" / "toy.py"
    source.parent.mkdir()
    source.write_text(NOTEBOOK, encoding="utf-8")
    path = tmp_path / "toy.ipynb"
    path.write_text(notebook_text(read(source)[0], "en"), encoding="utf-8")
    return path


def run(notebook: Path, asked: dict[str, str], out: Path, **options: Any) -> tuple[Outcome, str]:
    printed = StringIO()
    outcome = sweep(str(notebook), asked, source=SOURCE, out=out, console=Console(file=printed, width=200), **options)
    return outcome, printed.getvalue()


# --- the grid


def test_a_list_is_one_value() -> None:
    assert axis("sizes", "[1, 2]", [3]) == [[1, 2]]


def test_text_that_looks_like_a_range_stays_text() -> None:
    assert axis("code", "1..5", "x") == ["1..5"]


@pytest.mark.parametrize(
    ("text", "said"),
    [("5..1", "smaller number first"), ("1,1", "1 is there twice"), ("one", "not a whole number"), ("", "not a whole")],
)
def test_values_that_cannot_be_swept_are_named(text: str, said: str) -> None:
    with pytest.raises(RunError, match=said):
        axis("seed", text, 1)


def test_too_many_combinations_are_refused(notebook: Path, tmp_path: Path) -> None:
    asked = {"seed": "1..200", "wait": ",".join(str(number / 100) for number in range(60))}
    with pytest.raises(RunError, match=f"These are 12,000 combinations; a sweep may have {MOST_POINTS:,}"):
        run(notebook, asked, tmp_path / "out")


def test_a_parameter_that_the_notebook_lacks_is_named(notebook: Path, tmp_path: Path) -> None:
    with pytest.raises(RunError, match=r"toy has no parameter 'seeds'\. Did you mean 'seed'"):
        run(notebook, {"seeds": "1..5"}, tmp_path / "out")


def test_folders_tell_apart_what_looks_alike() -> None:
    assert len({folder_of({"city": city}) for city in ("a b", "a/b", "a-b", "à b")}) == 4


# --- the table and the page


@pytest.mark.slow
def test_a_sweep_gathers_what_was_recorded_and_keeps_what_is_done(notebook: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    outcome, said = run(notebook, {"model": "one,broken", "seed": "1..2"}, out, jobs=2)
    assert list(outcome.failures) == ["model=broken,seed=1", "model=broken,seed=2"]
    table = pd.read_csv(outcome.table)
    assert list(table.columns) == ["model", "seed", "status", "score", "names.first", "names.second", "constant"]
    assert table["status"].tolist() == ["done", "done", "failed", "failed"]
    assert table["score"].tolist()[:2] == [1.1, 1.2]
    pd.testing.assert_frame_equal(pd.read_parquet(out / "sweep.parquet"), table, check_dtype=False)
    assert (out / "model=one,seed=1" / "toy.ipynb").is_file()
    assert said.count(": started") == 4

    outcome, said = run(notebook, {"model": "one,two", "seed": "1..2"}, out, jobs=2)
    assert said.count(": kept from the earlier run") == 2
    assert said.count(": started") == 2
    assert pd.read_csv(outcome.table)["score"].tolist() == [1.1, 1.2, 2.1, 2.2]
    page = outcome.report.read_text(encoding="utf-8")
    assert 'alt="Dots: score for each combination, by model."' in page
    before = [(out / name).read_bytes() for name in ("sweep.csv", "sweep.parquet", "index.html")]
    run(notebook, {"model": "one,two", "seed": "1..2"}, out)
    assert [(out / name).read_bytes() for name in ("sweep.csv", "sweep.parquet", "index.html")] == before


@pytest.mark.slow
def test_the_page_shows_text_as_text_and_asks_no_host() -> None:
    table = pd.DataFrame({"model": ["<b>", "x"], "status": "done", "score": [1.0, 2.0]})
    page = render(table, ["model"], title="a & b", source="<i>")
    assert "<b>" not in page
    assert "&lt;b&gt;" in page
    assert "a &amp; b" in page
    assert "default-src 'none'; img-src data:" in page
    assert "://" not in page


# --- a cluster


@pytest.mark.slow
def test_without_dask_the_error_says_what_to_install(
    notebook: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'crmlib\[dask\]'"):
        run(notebook, {"seed": "1"}, tmp_path / "out", scheduler="tcp://127.0.0.1:1")


@pytest.fixture
def cluster() -> Any:
    distributed = pytest.importorskip("distributed", reason="Dask is not installed (the extra [dask])")
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, host="127.0.0.1", dashboard_address=None, silence_logs=50
    ) as local:
        yield local


@pytest.mark.full
def test_a_killed_worker_of_a_cluster_loses_nothing(notebook: Path, tmp_path: Path, cluster: Any) -> None:
    out = tmp_path / "out"

    def kill_one() -> None:
        give_up = time.monotonic() + 60
        while not list(out.glob("*/.state/*.progress")) and time.monotonic() < give_up:
            time.sleep(0.05)
        os.kill(cluster.workers[0].pid, signal.SIGKILL)

    killer = threading.Thread(target=kill_one)
    killer.start()
    asked = {"model": "one,two", "seed": "1..3", "wait": "1.0"}
    outcome, _ = run(notebook, asked, out, scheduler=cluster.scheduler_address)
    killer.join()
    assert outcome.failures == {}
    assert pd.read_csv(outcome.table)["score"].tolist() == [1.1, 1.2, 1.3, 2.1, 2.2, 2.3]


@pytest.mark.slow
def test_no_scheduler_there_is_said(notebook: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("distributed", reason="Dask is not installed (the extra [dask])")
    monkeypatch.setattr("crmlib.suite.cluster._CONNECT_SECONDS", 0.2)
    with pytest.raises(RunError, match=r"There is no Dask scheduler at tcp://127\.0\.0\.1:1:"):
        run(notebook, {"seed": "1"}, tmp_path / "out", scheduler="tcp://127.0.0.1:1")


@pytest.mark.slow
def test_a_cluster_that_has_lost_its_workers_is_said(
    notebook: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    distributed = pytest.importorskip("distributed", reason="Dask is not installed (the extra [dask])")
    monkeypatch.setattr("crmlib.suite.cluster._WORKERLESS_SECONDS", 0.5)
    options = {"host": "127.0.0.1", "dashboard_address": None, "silence_logs": 50}
    with (
        distributed.LocalCluster(n_workers=0, **options) as empty,
        pytest.raises(RunError, match=r"has had no worker for 0\.5 seconds\. Start one: dask worker tcp://127"),
    ):
        run(notebook, {"seed": "1"}, tmp_path / "out", scheduler=empty.scheduler_address)
