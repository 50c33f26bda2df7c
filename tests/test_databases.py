"""Databases behind a URL, where no server is needed: SQLAlchemy's dialects, object stores, passwords, the manifest."""

from __future__ import annotations

import sqlite3
import sys
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest

import crmlib
from crmlib.engine import DuckDB
from crmlib.errors import CrmlibError, MissingExtraError, SchemaError, SourceError
from crmlib.shop.manifest import manifest
from crmlib.sources import Reading, Wanted, fingerprint, object_store
from crmlib.sources.addresses import address, password_apart, without_password
from crmlib.suite.opened import slug

if TYPE_CHECKING:
    from pathlib import Path

SALES = pd.DataFrame(
    {
        "customer_id": ["a", "a", "b"],
        "order_id": ["1", "2", "3"],
        "order_ts": pd.to_datetime(["2024-01-05 00:00", "2024-02-01 18:30", "2024-03-01 00:00"]),
        "amount": [10.0, 5.25, 2.5],
    }
)


def refused(source: Any, **options: Any) -> str:
    with pytest.raises(CrmlibError) as raised:
        crmlib.open_shop(source, **options)
    return str(raised.value)


# --- passwords


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://ann:Zx9@db.example/shop",
        "postgresql://ann:Zx9/q@db.example/shop",
        "postgresql://ann:12/Zx9@db.example/shop",
        "postgresql://ann:Zx9?q@db.example/shop",
        "postgresql://ann:Zx9#q@db.example/shop",
        "postgresql://ann:q@Zx9@db.example/shop?table=a@b",
        "mysql+pymysql://ann:Zx9@db.example",
        "postgresql://:Zx9@db.example/shop",
        "postgresql://db.example/shop?user=ann&password=Zx9",
        "postgresql://db.example/shop?sslPassword=Zx9&table=a",
        "s3://bucket/a.parquet?s3_secret_access_key=Zx9",
        "sc://cluster.example:15002/;use_ssl=true;token=Zx9?table=a",
    ],
)
def test_a_password_is_not_shown(url: str) -> None:
    assert "Zx9" not in without_password(url)
    assert "zx9" not in slug(without_password(url))
    try:
        assert "Zx9" not in repr(address(url))
    except SourceError as error:
        assert "Zx9" not in str(error)  # noqa: PT017 - either may come


@pytest.mark.parametrize("url", ["cdnow", "a@b/c.csv", "postgresql://db:5432/shop?table=a@b", "C:\\x:y@z.csv"])
def test_what_holds_no_password_stays_as_it_is(url: str) -> None:
    assert without_password(url) == url


def test_what_a_driver_says_is_scrubbed_in_every_spelling() -> None:
    place = address("postgresql://ann:p%40ss%2fword@db.example/shop")
    said = f"bad: {place.url} p@ss/word p%40ss%2Fword"
    assert place.scrub(said) == "bad: postgresql://ann@db.example/shop *** ***"


def test_a_password_that_ends_the_url_is_refused_with_the_way_out() -> None:
    assert "CRMLIB_DATABASE_PASSWORD" in refused("postgresql://ann:a/b@db.example/shop")


def test_the_environment_is_as_before(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CRMLIB_DATABASE_PASSWORD", "before")
    with password_apart("postgresql://ann:now@db.example/shop") as source:
        assert address(source).password == "now"  # noqa: S105
    assert address(source).password == "before"  # noqa: S105


# --- SQLAlchemy


@pytest.fixture
def shop(tmp_path: Path) -> str:
    """Return a URL that goes through SQLAlchemy, to a database of which it needs no server."""
    with sqlite3.connect(tmp_path / "shop.db") as connection:
        SALES.to_sql("my sales", connection, index=False)
        connection.execute("create table other (a)")
    connection.close()
    return f"sqlite+pysqlite:///{tmp_path}/shop.db"


@pytest.mark.slow
@pytest.mark.needs("python:sqlalchemy")
def test_orders_through_sqlalchemy(shop: str) -> None:
    opened = crmlib.open_shop(f"{shop}?table=my%20sales")
    pd.testing.assert_frame_equal(
        opened.orders.to_pandas(), crmlib.open_shop(SALES).orders.to_pandas(), check_dtype=False
    )


@pytest.mark.needs("python:sqlalchemy")
def test_a_query_with_colons_and_percent_signs(shop: str) -> None:
    query = "select * from \"my sales\" where customer_id like 'a%' and customer_id <> ':x' and 5 % 3 = 2"
    assert len(crmlib.open_shop(shop, query=query).orders) == 2


@pytest.mark.needs("python:sqlalchemy")
def test_the_fingerprint_of_any_database_sees_a_changed_cent(shop: str) -> None:
    url = f"{shop}?table=my%20sales"
    before = fingerprint(url)
    assert fingerprint(url) == before
    with sqlite3.connect(shop.partition("///")[2]) as connection:
        connection.execute('update "my sales" set amount = amount + .01 where order_id = 2')
    connection.close()
    assert fingerprint(url) != before


@pytest.mark.needs("python:sqlalchemy")
def test_an_unknown_table_of_any_database(shop: str) -> None:
    assert refused(f"{shop}?table=mysale").endswith("there is no table 'mysale'. Did you mean 'my sales'?")


@pytest.mark.needs("python:sqlalchemy")
def test_mysql_that_does_not_answer() -> None:
    message = refused("mysql://ann:Zx9@127.0.0.1:1/shop")
    assert message.startswith("mysql://ann@127.0.0.1:1/shop: ")
    assert "Zx9" not in message


@pytest.mark.needs("python:sqlalchemy")
def test_a_kind_of_database_that_nobody_knows() -> None:
    assert "no SQLAlchemy dialect of that name" in refused("nosuch://ann:Zx9@host/shop")


@pytest.mark.parametrize(
    ("url", "module", "extra"),
    [
        ("postgresql://host/shop", "adbc_driver_postgresql", "crmlib[postgres]"),
        ("mysql://host/shop", "sqlalchemy", "crmlib[databases]"),
        ("mysql://host/shop", "pymysql", "crmlib[databases]"),
    ],
)
def test_a_missing_driver_says_what_to_install(
    url: str, module: str, extra: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(MissingExtraError) as raised:
        crmlib.open_shop(url)
    assert f"pip install '{extra}'" in str(raised.value)


def test_a_query_needs_a_server() -> None:
    assert "query= reads from a database server" in refused("cdnow", query="select 1")


# --- object stores


@pytest.mark.parametrize("url", ["s3://bucket/orders/*.parquet", "gs://bucket/orders.csv"])
def test_an_object_store_without_httpfs_says_what_to_install(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/nowhere")  # where DuckDB keeps its extensions
    assert "duckdb.sql('install httpfs')" in refused(url)


def test_objects_are_read_as_files_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(object_store, "_load_httpfs", lambda *_: None)  # a folder stands for the bucket
    SALES[:2].to_parquet(tmp_path / "a.parquet")
    SALES[2:].to_parquet(tmp_path / "b.parquet")
    objects = object_store.Objects(f"{tmp_path}/*.parquet")
    raw = objects.read(DuckDB(), Reading(), Wanted())["orders"]
    assert (len(raw.table), raw.names) == (3, list(SALES.columns))
    assert objects.fingerprint(Reading(), Wanted())


# --- what a report stands on


def test_the_manifest_says_which_rows() -> None:
    said = manifest(crmlib.open_shop(SALES, as_of="2024-02-20"))
    assert said.pop("checksum")
    assert said == {
        "source": "dataframe",
        "rows_read": 3,
        "orders": 2,
        "currency": "",
        "first_order": "2024-01-05T00:00:00",
        "last_order": "2024-02-01T18:30:00",
        "as_of": "2024-02-20",
        "policy": {},
    }


@pytest.mark.slow
def test_the_checksum_does_not_depend_on_the_order_of_rows() -> None:
    assert (
        manifest(crmlib.open_shop(SALES))["checksum"] == manifest(crmlib.open_shop(SALES.iloc[[2, 0, 1]]))["checksum"]
    )


@pytest.mark.slow
@pytest.mark.parametrize("change", [{"amount": 10.01}, {"customer_id": "b"}, {"order_ts": pd.Timestamp("2024-01-06")}])
def test_the_checksum_sees_a_change(change: dict[str, Any]) -> None:
    changed = SALES.copy()
    for name, value in change.items():
        changed.loc[0, name] = value
    assert manifest(crmlib.open_shop(SALES))["checksum"] != manifest(crmlib.open_shop(changed))["checksum"]


def test_a_source_of_no_orders_is_refused_as_before() -> None:
    with pytest.raises(SchemaError):
        crmlib.open_shop(SALES[:0])
