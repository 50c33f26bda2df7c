"""The notebooks are what their sources say, and run on every source they claim."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.test_platforms import refusing, scanned

if TYPE_CHECKING:
    import crmlib

ROOT = Path(__file__).parents[1]
#: What stood in reports of other shops as if it had been found there.
OF_THE_SHOP_THAT_SHIPS = (
    "Some 55 % allow",
    "A phone call is open to one in eleven",
    "the whole interval lies above 0",
    "lose most",
    "This shop is simulated",
    "The small budget earns less",
    "Not even the oracle",
    "Most of that gap",
)
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))


def run(*arguments: str, cwd: Path, environment: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "crmlib", *arguments],
        cwd=cwd,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


@pytest.mark.slow
def test_built_notebooks_are_what_their_sources_say() -> None:
    done = run("build", "--check", cwd=ROOT)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_goals_are_mirrored_by_the_recap(path: Path) -> None:
    cells = ["".join(cell["source"]) for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]]
    goals = next(cell for cell in cells if "you can\n" in cell and "- " in cell)
    recap = next(cell for cell in cells if cell.startswith("## What you can do now"))
    assert goals.count("\n- ") == recap.count("\n- ")


@pytest.fixture(scope="module")
def own_orders(tmp_path_factory: pytest.TempPathFactory, cdnow_sample: crmlib.Shop) -> Path:
    """A small shop's own export: other column names, another separator, a decimal comma."""
    folder = tmp_path_factory.mktemp("own")
    orders = cdnow_sample.orders.to_pandas()
    few = orders[orders["customer_id"].isin(orders["customer_id"].unique()[:400])]
    table = few.assign(
        Date=few["order_ts"].dt.strftime("%d/%m/%Y"),
        Total=few["amount"].map(lambda money: f"{money:.2f}".replace(".", ",")),
    )
    table.rename(columns={"customer_id": "Client"})[["Client", "Date", "Total"]].to_csv(
        folder / "export.csv", sep=";", index=False
    )
    (folder / "shop.toml").write_text(
        'source = "export.csv"\ndecimal = ","\ndate_format = "%d/%m/%Y"\n', encoding="utf-8"
    )
    return folder


@pytest.mark.slow
@pytest.mark.parametrize(
    "source",
    [*(pytest.param(name, marks=pytest.mark.full) for name in ("cdnow", "complete-journey")), "shop.toml"],
)
def test_all_notebooks_run_on_every_kind_of_source(source: str, own_orders: Path, tmp_path: Path) -> None:
    watched = refusing(tmp_path)
    done = run("run", "--source", source, "--fast", "--out", str(tmp_path / "out"), cwd=own_orders, environment=watched)
    assert (done.returncode, "Error" in done.stderr) == (0, False), done.stdout + done.stderr
    results = json.loads((tmp_path / "out" / "results.json").read_text(encoding="utf-8"))
    assert {path.stem for path in NOTEBOOKS} == set(results["notebooks"])
    front = (tmp_path / "out" / "index.html").read_text(encoding="utf-8")
    pages = [file.read_text(encoding="utf-8") for file in (tmp_path / "out").glob("*.html")]
    assert any("<img" in page for page in pages)
    assert not any('src="http' in page for page in pages)
    # what there is too little for has a status of its own, and what is told is of this shop
    statuses = {name: notebook["status"] for name, notebook in results["notebooks"].items()}
    assert {"05_nps_csat", "09_crm_design"} <= {name for name, status in statuses.items() if status == "stopped"}
    assert set(statuses.values()) <= {"done", "in part", "stopped"}
    ended = [notebook for notebook in results["notebooks"].values() if notebook["status"] != "stopped"]
    assert all(notebook["decisions"] for notebook in ended)
    assert [words for words in OF_THE_SHOP_THAT_SHIPS for page in pages if words in page] == []
    numbers = re.findall(r'<p class="(?:number|between)">(.*?)</p>', front)
    assert len(numbers) >= 6
    assert [text for text in numbers if re.search(r"\w+_\w+|: .*; .*:|nan", text)] == []
    loaded = scanned(tmp_path)
    # the command, its workers and the kernels were all watched: they need nothing that only POSIX has
    assert {"crmlib/suite/run.py", "crmlib/suite/execute.py", "crmlib/suite/kernel.py", "crmlib/rfm.py"} <= set(loaded)
    assert {file: lines for file, lines in loaded.items() if lines} == {}
