"""What was read before is kept: a grown source is read where it grew, and the answer is that of reading it whole."""

from __future__ import annotations

import os
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import crmlib
from crmlib import increments
from crmlib.engine import DuckDB
from crmlib.errors import SchemaError, SourceError
from crmlib.manifest import manifest
from crmlib.order_cache import Store
from crmlib.sources import files

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

FIRST = datetime.fromisoformat("2024-01-01")


def rows(first: int, count: int, **columns: Any) -> pd.DataFrame:
    """Make orders that come one after the other."""
    numbers = range(first, first + count)
    return pd.DataFrame(
        {
            "customer_id": [f"c{number * 7 % 5}" for number in numbers],
            "order_id": [f"o{number}" for number in numbers],
            "order_ts": [FIRST + timedelta(hours=5 * number) for number in numbers],
            "amount": [number % 9 + 0.25 for number in numbers],
            **columns,
        }
    )


def same(cached: crmlib.Shop, whole: crmlib.Shop) -> None:
    assert cached.tables == whole.tables
    for name in whole.tables:
        pd.testing.assert_frame_equal(getattr(cached, name).to_pandas(), getattr(whole, name).to_pandas())
    pd.testing.assert_frame_equal(cached.quality(), whole.quality())
    assert manifest(cached) == manifest(whole)


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Count the rows that come from files: one number for each time that files are read."""
    counts: list[int] = []
    table_of = files.table_of

    def watched(*arguments: Any) -> Any:
        raw = table_of(*arguments)
        counts.append(len(raw.table))
        return raw

    monkeypatch.setattr(increments, "table_of", watched)
    return counts


# --- files


@pytest.mark.parametrize("kind", ["parquet", "csv"])
def test_of_a_grown_folder_only_the_new_file_is_read(
    kind: str, tmp_path: Path, read: list[int], capsys: pytest.CaptureFixture[str]
) -> None:
    def write(name: str, data: pd.DataFrame) -> None:
        path = tmp_path / f"{name}.{kind}"
        data.to_parquet(path) if kind == "parquet" else data.to_csv(path, index=False)

    source, cache = f"{tmp_path}/*.{kind}", tmp_path / "cache"
    write("2024-01", rows(0, 100))
    same(crmlib.open_shop(source, cache=cache), crmlib.open_shop(source))
    write("2024-02", rows(100, 7))
    same(crmlib.open_shop(source, cache=cache), crmlib.open_shop(source))
    assert read == [100, 7]
    same(crmlib.open_shop(source, cache=cache), crmlib.open_shop(source))
    assert read == [100, 7]
    assert "Cache: 7 rows were read; 100 were kept from before." in capsys.readouterr().out


lots = st.lists(
    st.builds(
        lambda who, what, hours, cents: (f"c{who}", f"o{what}", FIRST + timedelta(hours=hours), cents / 100),
        *(st.integers(0, 4), st.integers(0, 30), st.integers(0, 400), st.integers(-500, 2_000)),
    ),
    min_size=1,
    max_size=8,
)


@settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(parts=st.lists(lots, min_size=1, max_size=4), ids=st.booleans(), looked=st.sets(st.integers(0, 3)))
def test_orders_that_grew_in_any_way_are_those_of_a_full_read(
    tmp_path_factory: pytest.TempPathFactory, parts: list[Any], *, ids: bool, looked: set[int]
) -> None:
    folder = tmp_path_factory.mktemp("grown")
    source = f"{folder}/*.parquet"
    for number, part in enumerate(parts):
        data = pd.DataFrame(part, columns=["customer_id", "order_id", "order_ts", "amount"])
        (data if ids else data.drop(columns="order_id")).to_parquet(folder / f"{number}.parquet")
        if number not in looked and number < len(parts) - 1:
            continue
        try:
            whole = crmlib.open_shop(source)
        except SchemaError:  # only money given back: nothing to open, in one go or in steps
            with pytest.raises(SchemaError, match="no order is left"):
                crmlib.open_shop(source, cache=folder / "cache")
        else:
            same(crmlib.open_shop(source, cache=folder / "cache"), whole)


def changed(path: Path) -> None:
    rows(0, 5, amount=1.0).to_parquet(path)


def touched(path: Path) -> None:
    os.utime(path, ns=(1, 1))


@pytest.mark.parametrize(
    ("act", "again", "why"),
    [
        (changed, [5, 5, 10], "all 10 rows were read, because a.parquet has changed."),
        (lambda path: path.unlink(), [5, 5, 5], "all 5 rows were read, because a.parquet is gone."),
        (touched, [5, 5], "0 rows were read; 10 were kept from before."),
        (
            lambda path: rows(20, 2, status="paid").to_parquet(path.with_name("c.parquet")),
            [5, 5, 2, 12],
            "all 12 rows were read, because c.parquet and those after it have other columns than the files before.",
        ),
    ],
)
def test_what_changed_in_the_past_is_read_anew_and_said(
    act: Callable[[Path], None],
    again: list[int],
    why: str,
    *,
    tmp_path: Path,
    read: list[int],
    capsys: pytest.CaptureFixture[str],
) -> None:
    source, cache = f"{tmp_path}/*.parquet", tmp_path / "cache"
    for number, name in enumerate("ab"):
        rows(5 * number, 5).to_parquet(tmp_path / f"{name}.parquet")
        crmlib.open_shop(source, cache=cache)
    act(tmp_path / "a.parquet")
    shop = crmlib.open_shop(source, cache=cache)
    assert f"Cache: {why}" in capsys.readouterr().out
    assert read == again
    same(shop, crmlib.open_shop(source))
    assert len(list(cache.glob("*/orders-*.parquet"))) == (2 if act is touched else 1)


def test_without_ids_a_file_between_the_old_ones_renumbers_all(tmp_path: Path, read: list[int]) -> None:
    source, cache = f"{tmp_path}/*.parquet", tmp_path / "cache"
    for name, first in (("a", 0), ("c", 5), ("d", 10), ("b", 15)):
        rows(first, 5).drop(columns="order_id").to_parquet(tmp_path / f"{name}.parquet")
        same(crmlib.open_shop(source, cache=cache), crmlib.open_shop(source))
    assert read == [5, 5, 5, 20]


def test_rows_that_must_be_compared_with_all_others_are_read_with_them(tmp_path: Path, read: list[int]) -> None:
    source, cache = f"{tmp_path}/*.parquet", tmp_path / "cache"
    policy = {"orders": {"duplicate_rows": "drop"}}
    for name in "ab":
        rows(0, 5).to_parquet(tmp_path / f"{name}.parquet")
        shop = crmlib.open_shop(source, cache=cache, policy=policy)
    assert len(shop.orders) == 5
    assert read == [5, 10]


def test_each_way_of_reading_is_kept_apart(tmp_path: Path) -> None:
    data = rows(0, 5).assign(other=2.0)
    data.to_parquet(tmp_path / "a.parquet")
    source, cache = tmp_path / "a.parquet", tmp_path / "cache"
    first = crmlib.open_shop(source, cache=cache)
    second = crmlib.open_shop(source, cache=cache, columns={"amount": "other"})
    assert second.orders.to_pandas()["amount"].tolist() == [2.0] * 5
    same(crmlib.open_shop(source, cache=cache), first)


@pytest.mark.parametrize("moment", ["add", "save"])
def test_what_is_interrupted_leaves_the_old_cache(
    moment: str, tmp_path: Path, read: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    source, cache = f"{tmp_path}/*.parquet", tmp_path / "cache"
    rows(0, 5).to_parquet(tmp_path / "a.parquet")
    crmlib.open_shop(source, cache=cache)
    before = {path: path.read_bytes() for path in cache.rglob("*") if path.is_file()}
    rows(5, 5).to_parquet(tmp_path / "b.parquet")
    with monkeypatch.context() as patch:
        if moment == "save":
            patch.setattr(Store, "save", interrupted)
        else:
            patch.setattr(DuckDB, "rows", interrupted_copy(DuckDB.rows))
        with pytest.raises(KeyboardInterrupt):
            crmlib.open_shop(source, cache=cache)
    assert {path: path.read_bytes() for path in cache.rglob("*") if path.is_file()} == before
    same(crmlib.open_shop(source, cache=cache), crmlib.open_shop(source))
    assert read[-1] == 5


def interrupted(*_: Any) -> None:
    raise KeyboardInterrupt


def interrupted_copy(rows: Any) -> Any:
    """End the copy to Parquet when it is done, before anybody knows of it."""

    def watched(self: DuckDB, text: str, parameters: Any = None) -> Any:
        found = rows(self, text, parameters)
        if text.startswith("copy "):
            raise KeyboardInterrupt
        return found

    return watched


@pytest.mark.parametrize("harm", ["manifest", "part"])
def test_a_damaged_cache_is_read_anew(harm: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source, cache = tmp_path / "a.parquet", tmp_path / "cache"
    rows(0, 5).to_parquet(source)
    crmlib.open_shop(source, cache=cache)
    if harm == "manifest":
        next(cache.glob("*/manifest.json")).write_text("{", encoding="utf-8")
    else:
        next(cache.glob("*/orders-*.parquet")).unlink()
    same(crmlib.open_shop(source, cache=cache), crmlib.open_shop(source))
    assert "Cache: all 5 rows were read, because " in capsys.readouterr().out


def test_an_error_in_a_new_file_names_its_row_and_keeps_the_cache(tmp_path: Path, read: list[int]) -> None:
    source, cache = f"{tmp_path}/*.csv", tmp_path / "cache"
    rows(0, 5).to_csv(tmp_path / "a.csv", index=False)
    crmlib.open_shop(source, cache=cache)
    rows(5, 2, amount=["1", "much"]).to_csv(tmp_path / "b.csv", index=False)
    with pytest.raises(SchemaError, match=r"b\.csv, row 3, column 'amount': 'much'"):
        crmlib.open_shop(source, cache=cache)
    rows(5, 2).to_csv(tmp_path / "b.csv", index=False)
    same(crmlib.open_shop(source, cache=cache), crmlib.open_shop(source))
    assert read == [5, 2, 2]


@pytest.mark.parametrize("source", ["cdnow", "sqlite:///shop.db", "s3://bucket/*.parquet", rows(0, 2)])
def test_what_cannot_be_kept_is_refused(source: Any, tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="cache= keeps the orders of files"):
        crmlib.open_shop(source, cache=tmp_path)


def test_the_environment_names_a_cache_for_the_sources_that_can_have_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CRMLIB_CACHE", str(tmp_path / "cache"))
    crmlib.open_shop("cdnow-sample")
    assert not (tmp_path / "cache").exists()
    rows(0, 5).to_parquet(tmp_path / "a.parquet")
    crmlib.open_shop(tmp_path / "a.parquet")
    assert len(list(tmp_path.glob("cache/a-parquet-*/manifest.json"))) == 1
