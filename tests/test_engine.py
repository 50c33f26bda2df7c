from __future__ import annotations

import gc
import os
import signal
import threading
from datetime import UTC, datetime
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmlib.engine import DuckDB, Table, duckdb, literal, quote, run, running, sql
from crmlib.errors import CrmlibError, SchemaError

DUCKDB = DuckDB()
TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0"))


def small(**columns: Any) -> Table:
    return DUCKDB.add(pd.DataFrame(columns))


@pytest.mark.slow
@given(TEXT)
def test_a_literal_comes_back_as_it_went_in(text: str) -> None:
    assert DUCKDB.rows(f"select {literal(text)}") == [(text,)]


@pytest.mark.slow
@given(TEXT.filter(bool))
def test_any_text_can_name_a_column(name: str) -> None:
    assert list(DUCKDB.types(f"(select 1 as {quote(name)})")) == [name]


def test_rows_come_sorted() -> None:
    assert small(a=[3, 1, 2]).to_pandas()["a"].tolist() == [1, 2, 3]


def test_only_so_many_rows_come() -> None:
    assert small(a=[3, 1, 2]).to_pandas(limit=2)["a"].tolist() == [1, 2]


def test_arrow_holds_the_same_as_pandas() -> None:
    table = small(a=[3, 1, 2])
    assert table.to_arrow().to_pylist() == table.to_pandas().to_dict("records")


def test_a_table_tells_its_columns_and_rows() -> None:
    assert repr(small(a=[1], b=["x"])) == "<table on DuckDB: 1 rows of a, b>"


def test_a_notebook_shows_the_first_rows() -> None:
    assert small(a=range(1000))._repr_html_().endswith("<p>1,000 rows</p>")


def test_markup_in_the_data_stays_text() -> None:
    assert "<script>" not in small(a=["<script>alert(1)</script>"])._repr_html_()


@pytest.mark.slow
def test_a_table_goes_with_its_object() -> None:
    table = small(a=[1])
    name = table.name
    del table
    gc.collect()
    assert DUCKDB.rows("select count(*) from duckdb_tables() where table_name = $name", {"name": name}) == [(0,)]


def test_only_marked_values_are_bound() -> None:
    text = "select :as_of, a::date, ':x', amount from t where b < :until and c > :as_of"
    assert duckdb._bind(text) == (
        "select $as_of, a::date, '$x', amount from t where b < $until and c > $as_of",
        ["as_of", "until", "x"],
    )


def test_days_are_counted_from_1970() -> None:
    assert DUCKDB.rows("select day_index(timestamp '1970-01-02 23:59:59'), day_index(date '1969-12-31')") == [(1, -1)]


def test_a_zoned_time_falls_on_the_same_day_on_every_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "America/New_York")
    table = DuckDB().add(pd.DataFrame({"ts": [datetime(2024, 1, 2, 1, tzinfo=UTC)]}))
    assert table.engine.rows(f"select cast(ts as date)::varchar from {quote(table.name)}") == [("2024-01-02",)]


def test_the_memory_limit_is_the_environments(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CRMLIB_MEMORY", "1GiB")
    assert DuckDB().rows("select current_setting('memory_limit')") == [("1.0 GiB",)]


def test_the_threads_are_the_environments(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CRMLIB_THREADS", "1")
    assert DuckDB().rows("select current_setting('threads')") == [(1,)]


@pytest.mark.parametrize(
    "query",
    [
        *("clv_holdout", "clv_summary", "order_netting", "order_same_day", "order_totals", "rfm_cut_points"),
        *("rfm_measures", "rfm_migration", "rfm_scores", "rfm_segments", "rfm_units"),
    ],
)
def test_each_query_says_what_it_gives(query: str) -> None:
    assert sql(query).startswith("-- ")


BEFORE = pd.DataFrame({"customer_id": ["a", "b"], "segment": ["Loyal", "Lost"]})
AFTER = pd.DataFrame({"customer_id": ["a", "b"], "segment": ["Lost", "Lost"]})


@pytest.mark.parametrize("before", ["pandas", "here"])
@pytest.mark.parametrize("after", ["pandas", "here", "elsewhere"])
def test_tables_may_live_in_different_places(before: str, after: str) -> None:
    here, elsewhere = DuckDB(), DuckDB()
    first: Any = BEFORE if before == "pandas" else here.add(BEFORE)
    second: Any = AFTER if after == "pandas" else (here if after == "here" else elsewhere).add(AFTER)
    found = run("rfm_migration", tables={"before": first, "after": second})
    found = found.to_pandas() if isinstance(found, Table) else found
    assert found.to_dict("split")["data"] == [["Lost", "Lost", 1], ["Loyal", "Lost", 1]]


def test_tables_of_one_name_on_two_engines_are_not_confused() -> None:
    first, second = DuckDB().add(BEFORE), DuckDB().add(AFTER)
    assert first.name == second.name
    moved = run("rfm_migration", tables={"before": first, "after": second})
    assert moved.to_pandas()["after"].tolist() == ["Lost", "Lost"]


def test_a_frame_that_cannot_be_read_is_named() -> None:
    with pytest.raises(SchemaError, match=r"orders: .*not recognized.* crmlib.open_shop brings any orders"):
        run("order_span", tables={"orders": pd.DataFrame({"a": [1j]})})


@pytest.mark.slow
def test_a_frame_leaves_no_trace() -> None:
    run("order_span", tables={"orders": pd.DataFrame({"order_ts": [1]})})
    gc.collect()
    assert running._for_frames().rows("select count(*) from duckdb_views() where not internal") == [(0,)]


def test_rows_turned_round_are_read_as_any_others() -> None:
    frame = pd.DataFrame({"number": [1, 2, 3], "text": ["a", "b", "c"]})
    assert DuckDB().add(frame[::-1]).to_pandas()["number"].tolist() == [1, 2, 3]


@pytest.mark.slow
@pytest.mark.parametrize("seconds", [0.05, 0.3, 0.6])
def test_an_interrupted_query_leaves_nothing_behind(seconds: float) -> None:
    engine = DuckDB()
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background job ignores it
    try:
        threading.Timer(seconds, lambda: os.kill(os.getpid(), signal.SIGINT)).start()
        with pytest.raises(KeyboardInterrupt):
            engine.table("select sum(hash(a.range, b.range)) as s from range(1000000) a, range(1000000) b")
    finally:
        signal.signal(signal.SIGINT, before)
    assert engine.rows("select count(*) from duckdb_tables()") == [(0,)]


@pytest.mark.parametrize(("name", "value"), [("CRMLIB_MEMORY", "plenty"), ("CRMLIB_THREADS", "two")])
def test_a_setting_that_cannot_be_read_is_named(name: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(CrmlibError, match=f"{value}.*{name}|{name}.*{value}"):
        DuckDB()
