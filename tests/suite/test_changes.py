"""A second run finds the first, and says what changed: key figures with intervals, movements between segments."""

from __future__ import annotations

import io
import json
from datetime import date
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest
from rich.console import Console

from crmlib import kpis, open_shop, rfm
from crmlib.suite.changes import COLUMNS, Earlier, compared, earlier_run, write_changes
from crmlib.suite.opened import open_data
from crmlib.suite.run import run
from crmlib.text import segment_name
from tests.suite.test_run import toy

if TYPE_CHECKING:
    from pathlib import Path


def _results(folder: Path, as_of: str, source: str = "cdnow-sample") -> None:
    folder.mkdir(parents=True)
    (folder / "results.json").write_text(json.dumps({"as_of": as_of, "source": source}), encoding="utf-8")


def test_the_latest_earlier_run_on_the_source_is_found(tmp_path: Path) -> None:
    data = open_data("cdnow-sample", "1998-06-30")
    out = tmp_path / "now"
    assert earlier_run(out, data) is None
    _results(tmp_path / "first", "1998-05-31")
    _results(tmp_path / "second", "1998-06-15")
    _results(tmp_path / "other", "1998-06-20", source="shop")
    _results(tmp_path / "later", "1998-07-01")
    _results(out, "1998-06-30")
    (tmp_path / "torn").mkdir()
    (tmp_path / "torn" / "results.json").write_text("{", encoding="utf-8")
    earlier = earlier_run(out, data)
    assert earlier is not None
    assert (earlier.folder, earlier.as_of) == ("second", date(1998, 6, 15))


def test_a_run_to_the_same_folder_is_an_earlier_one(tmp_path: Path) -> None:
    _results(tmp_path / "weekly", "1998-06-23")
    earlier = earlier_run(tmp_path / "weekly", open_data("cdnow-sample", "1998-06-30"))
    assert earlier is not None
    assert earlier.as_of == date(1998, 6, 23)


@pytest.mark.slow
def test_changes_are_those_of_the_analyses(tmp_path: Path) -> None:
    shop, then = open_shop("cdnow-sample", as_of="1998-06-30"), date(1998, 3, 31)
    table = compared(shop, then)
    assert tuple(table.columns) == COLUMNS
    figures = table[table["kind"] == "figure"].set_index("name")
    board = kpis.dashboard(shop, shop.as_of, then, only=("retention_rate", "revenue")).set_index("kpi")
    for name, row in board.iterrows():
        found: Any = figures.loc[str(name), ["now", "before", "change", "low", "high"]].astype(float)
        assert found.tolist() == pytest.approx(
            row[["value", "previous", "change", "change_low", "change_high"]].tolist()
        )
    movements = table[table["kind"] == "movement"]
    ruler = rfm.cut_points(shop.on(then).orders, as_of=then)
    before, after = (
        rfm.score(each.orders, as_of=each.as_of, cut_points=ruler).to_pandas().set_index("customer_id")["segment"]
        for each in (shop.on(then), shop)
    )
    both = pd.DataFrame({"before": before, "after": after}).fillna({"before": "(new)"})
    moved: Any = both[both["before"] != both["after"]].groupby(["before", "after"]).size()
    assert {f"{origin} -> {target}": count for (origin, target), count in moved.items()} == dict(
        zip(movements["name"], movements["now"], strict=True)
    )
    content = write_changes(table, Earlier("first", then), tmp_path)
    assert json.loads(json.dumps(content, allow_nan=False))["since"] == "1998-03-31"
    assert pd.read_csv(tmp_path / "tables" / "changes.csv").shape == table.shape


@pytest.mark.slow
def test_a_second_run_shows_on_its_front_page_what_changed(tmp_path: Path) -> None:
    notebook = toy(tmp_path, "1_quick", "# %%\n1")
    for day in ("1998-03-31", "1998-06-30"):
        run(
            (str(notebook),),
            source="cdnow-sample",
            as_of=day,
            out=tmp_path / "out",
            console=Console(file=io.StringIO()),
        )
    results = json.loads((tmp_path / "out" / "results.json").read_text(encoding="utf-8"))
    page = (tmp_path / "out" / "index.html").read_text(encoding="utf-8")
    assert "What changed since 31 March 1998" in page
    assert 'href="tables/changes.csv"' in page
    moves = [row for row in results["since"]["rows"] if row["kind"] == "movement"]
    most = max(moves, key=lambda row: (row["now"], row["name"]))
    origin, target = (segment_name(end) for end in most["name"].split(" -> "))
    assert f"<li>{origin} → {target}: {most['now']:,.0f}</li>" in page
    revenue = next(row for row in results["since"]["rows"] if row["name"] == "revenue")
    assert f"<td>{revenue['before']:,.0f}</td><td>{revenue['now']:,.0f}</td>" in page
    [card] = results["changes"]
    assert (card["notebook"], card["record"]) == ("07_campaigns_kpis", "repeat_purchase_rate")
    assert card["change"] == pytest.approx(card["now"] - card["before"])
