"""The notebooks are what their sources say, and run on every source they claim."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    import crmlib

ROOT = Path(__file__).parents[1]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))


def run(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "crmlib.cli", *arguments],
        cwd=cwd,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


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
@pytest.mark.parametrize("source", ["cdnow", "complete-journey", "shop.toml"])
def test_all_notebooks_run_on_every_kind_of_source(source: str, own_orders: Path, tmp_path: Path) -> None:
    done = run("run", "--source", source, "--fast", "--out", str(tmp_path / "out"), cwd=own_orders)
    assert done.returncode == 0, done.stdout + done.stderr
    results = json.loads((tmp_path / "out" / "results.json").read_text(encoding="utf-8"))
    assert {path.stem for path in NOTEBOOKS} == set(results["notebooks"])
    page = (tmp_path / "out" / "index.html").read_text(encoding="utf-8")
    assert "<img" in page
    assert 'src="http' not in page
