"""One table of orders, wherever it is kept: types, zones, gaps, returns, doubled ids, states, currencies read alike."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import duckdb
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from crmlib import open_shop
from tests.postgres import postgres_programs, running

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from pyspark.sql import SparkSession

    from tests.postgres import Postgres

pytestmark = pytest.mark.slow


@dataclass(frozen=True)
class Kind:
    """Rows that are easily read in two ways, and the one way in which they are read.

    Attributes
    ----------
    columns
        Of the table.
    orders
        customer, order, time, amount: worked out by hand.
    policy
        What the caller says of them.
    """

    columns: dict[str, list[Any]]
    orders: list[tuple[str, str, str, str]]
    policy: dict[str, Any] = field(default_factory=dict)

    @property
    def table(self) -> pa.Table:
        """The rows, each column with the type that its values have."""
        return pa.table(self.columns)


def utc(*times: str) -> list[pd.Timestamp]:
    return [pd.Timestamp(time, tz="UTC") for time in times]


def days(*times: str) -> list[pd.Timestamp]:
    return [pd.Timestamp(f"2024-{time}") for time in times]


def euros(*amounts: str) -> list[Decimal]:
    return [Decimal(amount) for amount in amounts]


KINDS = {
    "cents that are rare, an amount beyond the others, whole numbers for ids": Kind(
        {
            "customer_id": [7, 7, 12],
            "order_id": [1, 2, 3],
            "order_ts": days("01-05", "02-01 18:30", "03-01"),
            "amount": euros("10.00", "10.49", "123456.78"),
        },
        [
            ("12", "3", "2024-03-01", "123456.78"),
            ("7", "1", "2024-01-05", "10"),
            ("7", "2", "2024-02-01 18:30", "10.49"),
        ],
    ),
    "ids with zeros, blanks, a spreadsheet's guard": Kind(
        {
            "customer_id": ["007", "7", "A 1\t", "\u00a0A 1", "'00123"],
            "order_id": ["1", "01", "3", "4", "5"],
            "order_ts": days("01-05", "01-06", "01-07", "01-08", "01-09"),
            "amount": [1.5, 2.5, 3.5, 4.5, 5.5],
        },
        [
            ("00123", "5", "2024-01-09", "5.5"),
            ("007", "1", "2024-01-05", "1.5"),
            ("7", "01", "2024-01-06", "2.5"),
            ("A 1", "3", "2024-01-07", "3.5"),
            ("A 1", "4", "2024-01-08", "4.5"),
        ],
    ),
    "instants about midnight and the change of clocks, in the shop's zone": Kind(
        {
            "customer_id": ["a", "a", "a", "b"],
            "order_id": ["1", "2", "3", "4"],
            "order_ts": utc("2024-03-31 00:59:59", "2024-03-31 01:00:00", "2024-10-27 00:30", "2024-12-31 23:30"),
            "amount": [1, 2, 3, 4],
        },
        [
            ("a", "1", "2024-03-31 01:59:59", "1"),
            ("a", "2", "2024-03-31 03:00:00", "2"),
            ("a", "3", "2024-10-27 02:30", "3"),
            ("b", "4", "2025-01-01 00:30", "4"),
        ],
        {"orders": {"timezone": "Europe/Rome"}},
    ),
    "customers that are missing, by nothing and by a word": Kind(
        {
            "customer_id": ["a", None, "", "\\N", "guest", "b\\"],
            "order_id": ["1", "2", "3", "4", "5", "6"],
            "order_ts": days("01-05", "01-06", "01-07", "01-08", "01-09", "01-10"),
            "amount": [1.0, 2.0, 4.0, 8.0, 16.0, 32.0],
        },
        [("a", "1", "2024-01-05", "1"), ("b\\", "6", "2024-01-10", "32")],
        {"orders": {"missing_customer": "drop"}},
    ),
    "returns under numbers of their own, at one moment with what they lower": Kind(
        {
            "customer_id": ["a", "a", "a", "b", "b"],
            "order_id": ["1", "2", "3", "4", "5"],
            "order_ts": days("01-05", "01-05", "01-05", "02-01", "02-02"),
            "amount": [50.0, 10.0, -20.0, 30.0, -30.0],
        },
        [("a", "1", "2024-01-05", "40")],  # what came back whole was no sale
    ),
    "an order of several lines, a number that two customers share": Kind(
        {
            "customer_id": ["a", "a", "b", "b"],
            "order_id": ["1", "1", "1", "2"],
            "order_ts": days("01-05 10:00", "01-05 10:05", "03-01", "03-02"),
            "amount": euros("10.10", "5.20", "7.00", "0.01"),
        },
        [
            ("a", "1", "2024-01-05 10:00", "15.3"),
            ("b", "1", "2024-03-01", "7"),
            ("b", "2", "2024-03-02", "0.01"),
        ],
    ),
    "states: one by each line, one by its order, one with an apostrophe": Kind(
        {
            "customer_id": ["a", "a", "b", "c", "c"],
            "order_id": ["1", "2", "3", "4", "4"],
            "order_ts": days("01-05", "01-06", "01-07", "01-08", "01-08"),
            "amount": [1.0, 2.0, 4.0, 8.0, 16.0],
            "status": ["completed", "cancelled", "won't pay", "completed", None],
        },
        [("a", "1", "2024-01-05", "1"), ("c", "4", "2024-01-08", "24")],
        {"orders": {"status": {"won't pay": "cancelled"}}},
    ),
    "two currencies, brought to one": Kind(
        {
            "customer_id": ["a", "a", "b"],
            "order_id": ["1", "2", "3"],
            "order_ts": days("01-05", "01-06", "01-07"),
            "amount": euros("10.00", "20.00", "30.50"),
            "currency": ["EUR", "usd", "EUR"],
        },
        [("a", "1", "2024-01-05", "10"), ("a", "2", "2024-01-06", "18"), ("b", "3", "2024-01-07", "30.5")],
        {"orders": {"currency": "EUR", "rates": {"USD": 0.9}}},
    ),
}


def read(source: Any, kind: Kind) -> list[tuple[str, str, pd.Timestamp, float]]:
    table = open_shop(source, policy=kind.policy).orders.to_pandas()
    rows = table[["customer_id", "order_id", "order_ts", "amount"]].itertuples(index=False, name=None)
    return sorted(rows)


def expected(kind: Kind) -> list[tuple[str, str, pd.Timestamp, float]]:
    return [(who, order, pd.Timestamp(time), float(amount)) for who, order, time, amount in kind.orders]


def as_text(table: pa.Table) -> pd.DataFrame:
    """Return a table as text files hold it."""
    frame: pd.DataFrame = table.to_pandas(types_mapper=pd.ArrowDtype).astype("str")
    return frame.where(table.to_pandas().notna(), None)


def frame(table: pa.Table, folder: Path) -> Any:  # noqa: ARG001 - one signature for all
    return table.to_pandas()


def frame_of_arrow_types(table: pa.Table, folder: Path) -> Any:  # noqa: ARG001 - as above
    return table.to_pandas(types_mapper=pd.ArrowDtype)


def frame_of_objects(table: pa.Table, folder: Path) -> Any:  # noqa: ARG001 - as above
    """Return columns of Python objects, as some drivers make them."""
    return pd.DataFrame({name: pd.Series(table[name].to_pylist(), dtype=object) for name in table.column_names})


def csv(table: pa.Table, folder: Path) -> Any:
    as_text(table).to_csv(folder / "sales.csv", index=False)
    return folder / "sales.csv"


def parquet(**how: Any) -> Callable[[pa.Table, Path], Any]:
    def write(table: pa.Table, folder: Path) -> Any:
        pq.write_table(table, folder / "sales.parquet", **how)
        return folder / "sales.parquet"

    return write


def parquet_of_nanoseconds(table: pa.Table, folder: Path) -> Any:
    place = table.column_names.index("order_ts")
    zone = table.schema.field("order_ts").type.tz
    finer = table.set_column(place, "order_ts", table["order_ts"].cast(pa.timestamp("ns", zone)))
    pq.write_table(finer, folder / "sales.parquet", version="2.6")
    return folder / "sales.parquet"


def parquet_of_duckdb(table: pa.Table, folder: Path) -> Any:
    with duckdb.connect() as database:
        database.register("sales", table)
        database.execute(f"copy sales to '{folder / 'sales.parquet'}' (format parquet)")
    return folder / "sales.parquet"


def duckdb_file(table: pa.Table, folder: Path) -> Any:
    with duckdb.connect(folder / "shop.duckdb") as database:
        database.register("sales", table)
        database.execute("create table orders as select * from sales")
    return f"duckdb:///{folder / 'shop.duckdb'}"


def sqlite_file(table: pa.Table, folder: Path) -> Any:
    with sqlite3.connect(folder / "shop.db") as database:
        plain = table.to_pandas()
        plain["order_ts"] = as_text(table)["order_ts"]
        plain["amount"] = plain["amount"].astype(float)
        plain.to_sql("orders", database, index=False)
    database.close()
    return f"sqlite:///{folder / 'shop.db'}"


CARRIERS: dict[str, Callable[[pa.Table, Path], Any]] = {
    "frame": frame,
    "frame of Arrow types": frame_of_arrow_types,
    "frame of objects": frame_of_objects,
    "csv": csv,
    "Parquet": parquet(),
    "Parquet, version 1, INT96": parquet(version="1.0", use_deprecated_int96_timestamps=True),
    "Parquet, no dictionaries, decimals as integers": parquet(use_dictionary=False, store_decimal_as_integer=True),
    "Parquet of nanoseconds": parquet_of_nanoseconds,
    "Parquet of DuckDB": parquet_of_duckdb,
    "DuckDB": duckdb_file,
    "SQLite": sqlite_file,
}
#: What keeps no zone cannot keep an instant: its times are read as the shop's own.
ZONELESS = {"Parquet, version 1, INT96"}


@pytest.mark.parametrize("carrier", CARRIERS)
def test_orders_are_the_same_wherever_they_are_kept(carrier: str, tmp_path: Path) -> None:
    for number, (name, kind) in enumerate(KINDS.items()):
        if carrier in ZONELESS and kind.table.schema.field("order_ts").type.tz:
            continue
        folder = tmp_path / str(number)
        folder.mkdir()
        assert read(CARRIERS[carrier](kind.table, folder), kind) == expected(kind), name


@pytest.mark.parametrize("carrier", ["frame", "Parquet", "SQLite"])
def test_the_order_of_rows_changes_nothing(carrier: str, tmp_path: Path) -> None:
    for number, (name, kind) in enumerate(KINDS.items()):
        folder = tmp_path / str(number)
        folder.mkdir()
        turned = kind.table.take(list(range(len(kind.table)))[::-1])
        assert read(CARRIERS[carrier](turned, folder), kind) == expected(kind), name


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    programs = postgres_programs()
    assert programs is not None
    with running(programs) as postgres:
        yield postgres


@pytest.mark.needs("postgres", "python:adbc_driver_postgresql")
def test_orders_are_the_same_on_postgresql(server: Postgres) -> None:
    from adbc_driver_postgresql import dbapi

    for number, (name, kind) in enumerate(KINDS.items()):
        table = f"kind_{number}"
        with dbapi.connect(server.url) as connection, connection.cursor() as cursor:
            cursor.adbc_ingest(table, kind.table)
            connection.commit()
        assert read(f"{server.url}?table={table}", kind) == expected(kind), name


@pytest.mark.full
@pytest.mark.needs("java", "python:pyspark")
@pytest.mark.parametrize("name", KINDS)
def test_orders_are_the_same_on_spark(name: str, spark: SparkSession) -> None:
    from pyspark.sql.pandas.types import from_arrow_schema

    kind = KINDS[name]
    schema = from_arrow_schema(kind.table.schema, prefer_timestamp_ntz=True)
    assert read(spark.createDataFrame(kind.table, schema), kind) == expected(kind)
