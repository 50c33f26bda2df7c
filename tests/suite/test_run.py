import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from rich.console import Console

from crmlib.errors import RunError
from crmlib.notebook.recording import read_records
from crmlib.suite import parameters, state
from crmlib.suite.build import notebook_text, read
from crmlib.suite.executed import failure_in
from crmlib.suite.opened import anywhere, slug
from crmlib.suite.run import Outcome, run
from crmlib.suite.shelf import find_notebooks

SOURCE = "cdnow-sample"
PARAMETERS = """
# %% tags=["parameters"]
source: str = "cdnow"  # which shop
as_of: str = ""  # which day
fast: bool = False  # compute less
interactive: bool = True  # show sliders
top: int = 3  # how many
"""
GOOD = """
# %% [markdown]
# # A good one
# %%
import os
import warnings
import matplotlib.pyplot as plt
import pandas as pd
from crmlib.notebook.recording import record
# %%
record("parameters", [source, as_of, fast, interactive, top])
record("threads", os.environ["OMP_NUM_THREADS"])
record("table", pd.DataFrame({"a": [1, 2]}))
warnings.warn_explicit("old", DeprecationWarning, "x.py", 1, module="somebody_else")
# %% mystnb={"image": {"alt": "A rising line."}}
_, ax = plt.subplots()
ax.plot([1, 2]);
# %%
{"b", "a", "c"}
"""
BAD = """
# %%
top
# %%
# what follows fails
x = 1 / 0
# %%
print("never")
"""
WARNS = """
# %%
import warnings
warnings.warn("this is getting old", DeprecationWarning)
"""
DEAD_KERNEL = """
# %%
print("so far", flush=True)
# %%
import os, signal; os.kill(os.getpid(), signal.SIGKILL)
"""
DEAD_WORKER = """
# %%
import os, signal; os.kill(os.getppid(), signal.SIGKILL)
# %%
import time; time.sleep(60)
"""
STOPS = """
# %% [markdown]
# # A chapter that stops
# %%
from crmlib import stop_here
# %%
print("so far")
stop_here("There are no surveys.", needs=["surveys", "customers.birth_year"])
# %% [markdown]
# ## Never seen
# %%
1 / 0
"""
REFUSED = """
# %%
from crmlib.clv import BetaGeoFitter
# %%
BetaGeoFitter().fit([0, 0, 0], [0, 0, 0], [30, 60, 90])
"""
IN_PART = """
# %% [markdown]
# # A chapter in part
# %%
from crmlib import decide, record, skip
import pandas as pd
record("rate", 0.455, label="Repeat rate", unit="share", interval=(0.44, 0.47), key=True)
record("t", pd.DataFrame({"text": ["=1+1", "a"], "n": [1.0, None]}, index=pd.Index(["x", "y"], name="key")))
skip(2, "There are no products.", needs="products")
# %% [markdown]
# ## 2. Second
#
# They lose most.
# %%
decide("Write to 3 people: +12 (-1 to 25).", sure="Not very.")
"""
# Waits for a file "go" beside the executed notebook, and leaves the process ids that must not outlive the run.
WAITS = """
# %%
import os, time
from pathlib import Path
_ = Path("pids").write_text(f"{os.getpid()} {os.getppid()}")
# %%
while not Path("go").exists():
    time.sleep(0.05)
"""


def toy(folder: Path, name: str, cells: str, parameters: str = PARAMETERS) -> Path:
    source = folder / "src" / f"{name}.py"
    source.parent.mkdir(parents=True, exist_ok=True)
    source.write_text(parameters + cells)
    path = folder / f"{name}.ipynb"
    path.write_text(notebook_text(read(source)[0], "en"))
    return path


def load(path: Path) -> Any:
    return json.loads(path.read_text())


def quiet() -> Console:
    return Console(file=StringIO(), width=100)


class Ran:
    """A run of a good notebook among four that fail each in its own way."""

    def __init__(self, folder: Path) -> None:
        cells = {"1_good": GOOD, "2_bad": BAD, "3_warns": WARNS, "4_kernel": DEAD_KERNEL, "5_worker": DEAD_WORKER}
        self.paths = [toy(folder, name, text) for name, text in cells.items()]
        self.out = folder / "out"
        self.printed = StringIO()
        self.outcome: Outcome = run(
            tuple(map(str, self.paths)),
            source=SOURCE,
            asked={"top": "7"},
            out=self.out,
            jobs=2,
            console=Console(file=self.printed, width=100),
        )
        self.results = load(self.out / "results.json")


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OMP_NUM_THREADS", "2")  # kernels set it themselves
        return Ran(tmp_path_factory.mktemp("ran"))


@pytest.mark.slow
def test_the_good_one_gets_its_parameters_and_one_thread(ran: Ran) -> None:
    records = read_records(ran.out / "1_good.ipynb")

    assert records["parameters"] == [SOURCE, "1998-07-01", False, False, 7]
    assert records["threads"] == "1"


@pytest.mark.slow
def test_results_hold_records_tables_and_a_manifest_that_fits(ran: Ran) -> None:
    good = ran.results["notebooks"]["1_good"]

    assert good["records"]["table"] == {"$table": "tables/1_good.table.parquet", "rows": 2, "columns": ["a"]}
    assert pd.read_parquet(ran.out / "tables" / "1_good.table.parquet")["a"].tolist() == [1, 2]
    assert {"source": SOURCE, "as_of": "1998-07-01"}.items() <= ran.results.items()
    sums = subprocess.run(
        ["/usr/bin/env", "sha256sum", *ran.results["manifest"]], cwd=ran.out, capture_output=True, text=True, check=True
    )
    assert list(ran.results["manifest"].values()) == [line.split()[0] for line in sums.stdout.splitlines()]


@pytest.mark.slow
def test_each_failure_is_named_with_cell_first_line_and_error(ran: Ran) -> None:
    said = {name: str(failure) for name, failure in ran.outcome.failures.items()}

    assert said["2_bad"] == "cell 3 (x = 1 / 0): ZeroDivisionError: division by zero"
    assert said["3_warns"] == "cell 2 (import warnings): DeprecationWarning: this is getting old"
    assert said["4_kernel"].startswith(
        "cell 3 (import os, signal; os.kill(os.getpid(), signal.SIGKILL)): DeadKernelError"
    )
    assert said["5_worker"].startswith("cell 2 (import os, signal; os.kill(os.getppid(), signal.SIGKILL)): WorkerDied")
    assert {"2_bad", "3_warns", "4_kernel", "5_worker"} == set(said)


@pytest.mark.slow
def test_a_failed_notebook_keeps_its_half_run_file_with_papermills_banner(ran: Ran) -> None:
    for name in ("2_bad", "4_kernel"):
        cells = load(ran.out / f"{name}.ipynb")["cells"]
        assert "An Exception was encountered" in "".join(cells[0]["source"])
    kernel = load(ran.out / "4_kernel.ipynb")["cells"]
    assert "so far\n" in [text for cell in kernel for o in cell.get("outputs", []) for text in o.get("text", [])]


@pytest.mark.slow
def test_a_run_without_a_terminal_prints_a_line_per_event(ran: Ran) -> None:
    lines = ran.printed.getvalue().splitlines()

    assert "1_good: started" in lines
    assert any(line.startswith("2_bad: FAILED in cell 3 (x = 1 / 0): ZeroDivisionError") for line in lines)


@pytest.mark.slow
def test_no_file_is_left_half_written(ran: Ran) -> None:
    assert [path.name for path in ran.out.rglob("*") if ".part" in path.name or path.suffix == ".progress"] == []


@pytest.mark.slow
def test_the_failures_stand_at_the_top_of_the_report(ran: Ran) -> None:
    page = ran.outcome.report.read_text()

    assert 0 < page.index("ZeroDivisionError") < page.index('id="chapters"')
    assert "x = 1 / 0" in (ran.out / "2_bad.html").read_text()


@pytest.mark.slow
def test_the_same_run_gives_the_same_bytes_and_resume_runs_nothing_again(ran: Ran, tmp_path: Path) -> None:
    # No clock, no process id, no chance is in what a run leaves.
    good, out = str(ran.paths[0]), tmp_path / "again"
    run((good,), source=SOURCE, asked={"top": "7"}, out=out, console=quiet())
    assert (ran.out / "1_good.ipynb").read_bytes() == (out / "1_good.ipynb").read_bytes()
    assert ran.results["notebooks"]["1_good"] == load(out / "results.json")["notebooks"]["1_good"]

    page, written = (out / "index.html").read_bytes(), (out / "1_good.ipynb").stat().st_mtime_ns
    run((good,), source=SOURCE, asked={"top": "7"}, out=out, resume=True, console=quiet())
    assert (page, written) == ((out / "index.html").read_bytes(), (out / "1_good.ipynb").stat().st_mtime_ns)


@pytest.mark.slow
def test_what_stopped_and_what_was_skipped_have_a_status_of_their_own(tmp_path: Path) -> None:
    toys = {"1_stops": STOPS, "2_part": IN_PART, "3_refused": REFUSED}
    names = [str(toy(tmp_path, name, cells)) for name, cells in toys.items()]
    printed, out = StringIO(), tmp_path / "out"
    outcome = run(tuple(names), source=SOURCE, out=out, jobs=2, console=Console(file=printed, width=100))
    results = load(out / "results.json")
    stops, part, refused = (results["notebooks"][name] for name in toys)

    assert (outcome.failures, outcome.summary) == ({}, "3 notebooks: 2 stopped, 1 in part")
    assert (stops["status"], part["status"], refused["status"]) == ("stopped", "in part", "stopped")
    assert refused["stopped"]["reason"].startswith("Nobody bought again: frequency is 0 for all 3 customers.")
    needs = ["surveys", "customers.birth_year"]
    assert stops["stopped"] == {"section": "", "reason": "There are no surveys.", "needs": needs}
    assert part["skipped"] == [{"section": "2", "reason": "There are no products.", "needs": ["products"]}]
    assert part["decisions"] == [{"text": "Write to 3 people: +12 (-1 to 25).", "sure": "Not very."}]
    assert part["about"] == {"rate": {"label": "Repeat rate", "unit": "share", "interval": [0.44, 0.47], "key": True}}
    lines = printed.getvalue().splitlines()
    assert any(line.startswith("1_stops: stopped: There are no surveys, after ") for line in lines)
    assert any(line.startswith("2_part: in part, without 2 (There are no products), after ") for line in lines)

    pages = {path.name: path.read_text(encoding="utf-8") for path in out.glob("*.html")}
    assert set(pages) == {"index.html", *(f"{name}.html" for name in toys), "appendix.html"}
    assert not [words for page in pages.values() for words in ("Never seen", "They lose most") if words in page]
    assert (out / "tables" / "2_part.t.csv").read_bytes() == "\ufeffkey,text,n\r\nx,'=1+1,1.0\r\ny,a,\r\n".encode()
    again = run(tuple(names), source=SOURCE, out=out, resume=True, form="brief", console=quiet())
    assert again.summary == outcome.summary
    assert [path.name for path in out.glob("*.html")] == ["index.html"]


def start(folder: Path, *arguments: str) -> "subprocess.Popen[str]":
    command = [
        sys.executable,
        "-m",
        "crmlib",
        "run",
        *arguments,
        "--source",
        SOURCE,
        "--out",
        str(folder / "out"),
    ]
    # a suite that a shell started in the background ignores Ctrl-C, and so would what it starts
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        return subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True
        )
    finally:
        signal.signal(signal.SIGINT, before)


def wait_for(condition: Any, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.05)


def is_alive(pid: int) -> bool:
    with contextlib.suppress(OSError):
        return "Z" not in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    return False


@pytest.fixture
def waiting(tmp_path: Path) -> Iterator[tuple[Path, "subprocess.Popen[str]", list[str]]]:
    """A run with one notebook done, and one in the middle."""
    names = [str(toy(tmp_path, "1_quick", "# %%\n1")), str(toy(tmp_path, "2_waits", WAITS))]
    process = start(tmp_path, *names)
    out = tmp_path / "out"
    halfway = [out / "pids", out / state.STATE_FOLDER / "1_quick.json"]
    try:
        wait_for(lambda: process.poll() is not None or all(path.is_file() for path in halfway))
        yield tmp_path, process, names
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks at processes in /proc")
def test_killed_in_the_middle_it_leaves_no_process_and_resumes_with_what_was_not_done(waiting: Any) -> None:
    folder, process, names = waiting
    out = folder / "out"
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    wait_for(lambda: not any(is_alive(int(pid)) for pid in (out / "pids").read_text().split()), 10)
    assert not (out / "2_waits.ipynb").exists()
    assert not (out / "index.html").exists()

    before = (out / "1_quick.ipynb").stat().st_mtime_ns
    (out / "go").touch()
    with (folder / "3_new.ipynb").open("w") as new:
        new.write(Path(names[0]).read_text())  # what is new since then runs, too
    again = start(folder, *names, str(folder / "3_new.ipynb"), "--resume")
    said, _ = again.communicate(timeout=60)
    assert again.returncode == 0, said
    assert "1_quick: kept from the earlier run" in said
    assert "2_waits: done" in said
    assert "3_new: done" in said
    assert before == (out / "1_quick.ipynb").stat().st_mtime_ns
    assert {"1_quick", "2_waits", "3_new"} == set(load(out / "results.json")["notebooks"])
    assert [path.name for path in out.rglob("*") if ".part" in path.name] == []


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks at processes in /proc")
def test_it_has_its_folder_to_itself_until_ctrl_c_stops_it_and_its_kernels(waiting: Any) -> None:
    folder, process, names = waiting
    second = start(folder, names[0])
    said, _ = second.communicate(timeout=60)
    assert (second.returncode, "Another `crmlib run` is writing to" in said) == (2, True), said

    os.killpg(process.pid, signal.SIGINT)
    said, _ = process.communicate(timeout=120)

    assert (process.returncode, "--resume" in said) == (130, True), said
    assert "Traceback" not in said
    wait_for(lambda: not any(is_alive(int(pid)) for pid in (folder / "out" / "pids").read_text().split()), 10)


@pytest.mark.slow
def test_a_parameter_that_a_notebook_lacks_stops_the_run_before_it_starts(tmp_path: Path) -> None:
    path = toy(tmp_path, "1_quick", "# %%\n1")

    with pytest.raises(RunError, match=r"1_quick has no parameter 'topp'. Did you mean 'top'\?"):
        run((str(path),), source=SOURCE, asked={"topp": "3"}, out=tmp_path / "out", console=quiet())
    assert not (tmp_path / "out").exists()


def test_the_error_names_the_notebooks_that_have_the_parameter() -> None:
    with pytest.raises(RunError, match=r"04_cltv has no parameter 'top'. 03_rfm has: `crmlib run 03_rfm -p top=3`"):
        parameters.check_names({"top": "3"}, {"03_rfm": {"top": 1}, "04_cltv": {"weeks": 39}})


@pytest.mark.parametrize(
    ("name", "option"), [("source", "--source"), ("as_of", "--as-of"), ("interactive", "crmlib lab")]
)
def test_what_has_an_option_is_not_a_parameter(name: str, option: str) -> None:
    with pytest.raises(RunError, match=option):
        parameters.check_names({name: "x"}, {"03_rfm": {name: ""}})


@pytest.mark.parametrize(
    ("text", "default", "expected"),
    [
        ("3", 1, 3),
        ("3", 1.5, 3.0),
        ("true", False, True),
        ("False", True, False),
        ("None", 3, None),
        ("None", "", "None"),
        ("1998-07-01", "", "1998-07-01"),
        ("3", "", "3"),
        ("0.5", None, 0.5),
        ("word", None, "word"),
        ("[1, 2]", [], [1, 2]),
    ],
)
def test_a_parameter_takes_the_type_of_its_default(text: str, default: Any, expected: Any) -> None:
    parsed = parameters.parse("x", text, default)

    assert (expected, type(expected)) == (parsed, type(parsed))


@pytest.mark.parametrize(("text", "default"), [("many", 3), ("3.5", 3), ("maybe", True), ("(1,", []), ("1", [])])
def test_text_of_another_type_than_the_default_is_an_error(text: str, default: Any) -> None:
    with pytest.raises(RunError, match=r"-p x=.* is not a?.*, as the default .* is"):
        parameters.parse("x", text, default)


@pytest.mark.parametrize("name", ["03_rfm", "03", "rfm"])
def test_a_notebook_is_found_by_name_number_or_title(tmp_path: Path, name: str) -> None:
    for stem in ("03_rfm", "04_cltv"):
        toy(tmp_path, stem, "# %%\n1")

    assert [tmp_path / "03_rfm.ipynb"] == find_notebooks((name,), folder=tmp_path)


def test_no_name_means_all_and_an_edition_is_taken_where_there_is_one(tmp_path: Path) -> None:
    for stem in ("03_rfm", "04_cltv", "it/03_rfm"):
        toy(tmp_path / Path(stem).parent, Path(stem).name, "# %%\n1")

    assert [tmp_path / "it" / "03_rfm.ipynb", tmp_path / "04_cltv.ipynb"] == find_notebooks(
        folder=tmp_path, language="it"
    )


def test_an_unknown_notebook_is_an_error_with_the_nearest_name(tmp_path: Path) -> None:
    toy(tmp_path, "03_rfm", "# %%\n1")

    with pytest.raises(RunError, match=r"no notebook 'rmf'. Did you mean '03_rfm'\? There are: 03_rfm."):
        find_notebooks(("rmf",), folder=tmp_path)
    with pytest.raises(RunError, match=r"no notebook missing\.ipynb"):
        find_notebooks(("missing.ipynb",), folder=tmp_path)


def test_two_notebooks_of_one_name_are_refused(tmp_path: Path) -> None:
    paths = [toy(tmp_path / folder, "03_rfm", "# %%\n1") for folder in ("a", "b")]

    with pytest.raises(RunError, match="Two notebooks are named '03_rfm'"):
        find_notebooks(tuple(map(str, paths)))


def test_a_relative_source_means_the_same_from_any_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "orders").mkdir()

    assert str(tmp_path / "my.csv") == anywhere("my.csv")
    assert str(tmp_path / "orders") == anywhere("orders")
    assert f"sqlite:///{tmp_path}/shop.db?table=sales" == anywhere("sqlite:///shop.db?table=sales")
    assert (
        anywhere("cdnow"),
        anywhere("cdnoww"),
        anywhere("postgresql://h/db"),
    ) == ("cdnow", "cdnoww", "postgresql://h/db")


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("cdnow", "cdnow"),
        ("a/My Shop.2024.csv", "my-shop-2024"),
        ("duckdb:///x/shop.duckdb?table=t", "shop"),
        ("*.csv", "shop"),
    ],
)
def test_the_folder_of_a_run_is_named_after_its_source(source: str, expected: str) -> None:
    assert expected == slug(source)


def test_a_key_changes_with_the_notebook_the_parameters_and_the_rest(tmp_path: Path) -> None:
    first, second = toy(tmp_path, "a", "# %%\n1"), toy(tmp_path, "b", "# %%\n2")

    keys = [
        state.key_of(first, {"top": 1}, "data"),
        state.key_of(second, {"top": 1}, "data"),
        state.key_of(first, {"top": 2}, "data"),
        state.key_of(first, {"top": 1}, "other data"),
    ]
    assert len(set(keys)) == 4
    assert keys[0] == state.key_of(first, {"top": 1}, "data")


def test_an_error_that_a_cell_expects_is_no_failure() -> None:
    error = {"output_type": "error", "ename": "KeyError", "evalue": "'x'", "traceback": []}
    cell = {"metadata": {"tags": ["raises-exception"]}, "source": "d['x']", "outputs": [error]}

    assert failure_in({"cells": [cell]}) is None
