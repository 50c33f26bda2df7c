"""What identifies data: whatever changes them changes it, wherever they are kept; a run that met two states says so."""

from __future__ import annotations

import sqlite3
from io import StringIO
from typing import TYPE_CHECKING, Any

import duckdb
import pandas as pd
import pytest
from rich.console import Console

from crmlib.sources import fingerprint
from crmlib.suite.opened import open_data
from crmlib.suite.run import run as run_notebooks
from tests.suite.test_run import toy

if TYPE_CHECKING:
    from pathlib import Path

SALES = pd.DataFrame(
    {"customer_id": ["a", "b", "b"], "order_id": [1, 2, 3], "order_ts": "2024-01-05", "amount": [10.0, 5.0, 2.5]}
)


@pytest.mark.slow
def test_rows_that_sqlite_keeps_beside_its_file_count(tmp_path: Path) -> None:
    path = tmp_path / "wal.db"
    writer = sqlite3.connect(path)
    writer.execute("pragma journal_mode = wal")
    SALES.to_sql("orders", writer, index=False)
    writer.commit()
    source = f"sqlite:///{path}"
    before = open_data(source, None)
    assert (before.manifest["orders"], fingerprint(source)) == (3, before.fingerprint)
    writer.execute("delete from orders where customer_id = 'a'")
    writer.commit()  # and stays open: the file itself is as it was
    after = open_data(source, None)
    writer.close()
    assert after.manifest["orders"] == 2
    assert after.fingerprint != before.fingerprint
    assert after.identity != before.identity


@pytest.mark.slow
def test_rows_that_duckdb_keeps_beside_its_file_count(tmp_path: Path) -> None:
    path = tmp_path / "wal.duckdb"
    with duckdb.connect(path) as database:
        database.execute("create table orders as select * from SALES", {})
    source = f"duckdb:///{path}"
    before = open_data(source, None)
    with duckdb.connect(path) as database:
        database.execute("pragma disable_checkpoint_on_shutdown")
        database.execute("delete from orders where customer_id = 'a'")
    assert path.with_name("wal.duckdb.wal").stat().st_size
    after = open_data(source, None)
    assert after.manifest["orders"] == 2
    assert after.fingerprint != before.fingerprint


@pytest.mark.slow
def test_orders_that_a_view_brings_from_elsewhere_count(tmp_path: Path) -> None:
    path, other = tmp_path / "views.duckdb", tmp_path / "sales.parquet"
    SALES.to_parquet(other)
    with duckdb.connect(path) as database:
        database.execute(f"create view orders as select * from read_parquet('{other}')")
    source = f"duckdb:///{path}"
    before = open_data(source, None)
    SALES.iloc[1:].to_parquet(other)
    after = open_data(source, None)
    assert after.fingerprint != before.fingerprint  # the file is the same, its view is not
    assert after.identity != before.identity


def test_other_tables_that_a_view_brings_from_elsewhere_count(tmp_path: Path) -> None:
    path, other = tmp_path / "views.duckdb", tmp_path / "consents.csv"
    with duckdb.connect(path) as database:
        other.write_text("customer_id,email\na,a@example.org\n", encoding="utf-8")
        database.execute("create table orders as select 'a' as customer_id")
        database.execute(f"create view unsubscribes as select * from read_csv('{other}')")
    before = fingerprint(f"duckdb:///{path}")
    assert fingerprint(f"duckdb:///{path}") == before
    other.write_text("customer_id,email\nb,b@example.org\n", encoding="utf-8")
    assert fingerprint(f"duckdb:///{path}") != before
    other.unlink()
    assert fingerprint(f"duckdb:///{path}") != before, "a view that is broken is another"


def test_a_folders_name_counts_where_it_holds_a_value(tmp_path: Path) -> None:
    for year in (2023, 2024):
        (tmp_path / f"year={year}").mkdir()
        SALES.assign(order_id=SALES["order_id"] + year).to_parquet(tmp_path / f"year={year}" / "part.parquet")
    source = str(tmp_path / "**" / "*.parquet")
    before = fingerprint(source)
    assert fingerprint(source) == before
    (tmp_path / "year=2023").rename(tmp_path / "year=2022")
    assert fingerprint(source) != before


def test_the_same_files_elsewhere_are_the_same_data(tmp_path: Path) -> None:
    places = []
    for place in ("here", "there"):
        (tmp_path / place / "year=2024").mkdir(parents=True)
        SALES.to_parquet(tmp_path / place / "year=2024" / "part.parquet")
        places += [fingerprint(str(tmp_path / place / "*" / "*.parquet"))]
    assert places[0] == places[1]


MOVES = """
# %%
import pandas as pd
if fast:
    pd.concat([pd.read_csv(source), pd.read_csv(source).assign(order_id=9)]).to_csv(source, index=False)
"""


@pytest.mark.slow
def test_a_run_whose_data_moved_says_so_and_runs_again(tmp_path: Path) -> None:
    notebook, data, out = toy(tmp_path, "1_moves", MOVES), tmp_path / "sales.csv", tmp_path / "out"
    SALES.to_csv(data, index=False)

    def printed(**options: Any) -> str:
        console = Console(file=StringIO(), width=200)
        run_notebooks((str(notebook),), source=str(data), out=out, console=console, **options)
        return str(console.file.getvalue())  # type: ignore[attr-defined] # a StringIO

    assert "The data changed while notebooks ran" in printed(fast=True)
    again = printed(resume=True)
    assert "1_moves: done" in again
    assert "The data changed" not in again
    assert "1_moves: kept" in printed(resume=True)
