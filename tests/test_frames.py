"""Tables in memory reach the engine whole: nothing is rounded to a sample's type, no two ids become one."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any, Literal

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmlib import open_shop
from crmlib.engine import DuckDB
from crmlib.errors import SourceError

ENGINE = DuckDB()
#: DuckDB looks at about a thousand rows of a column of objects; the odd value stands where it may not look.
ROWS = 2_000


def column(usual: Any, odd: Any, *, at: int = 7) -> pd.Series:
    """Return objects of one kind with one of another."""
    return pd.Series([odd if row == at else usual for row in range(ROWS)], dtype=object)


def orders(**columns: Any) -> pd.DataFrame:
    usual = {"customer_id": "a", "order_id": range(ROWS), "order_ts": "2024-01-01", "amount": 1.0}
    return pd.DataFrame(usual | columns)


@pytest.mark.parametrize(
    ("usual", "odd", "total"),
    [
        (Decimal(10), Decimal("10.49"), 20_000.49),
        (Decimal(1000), Decimal("12.34"), 1_999_012.34),
        (Decimal("0.05"), Decimal("123456.78"), 123_556.73),
        (10, 10.49, 20_000.49),
        (10, Decimal("10.49"), 20_000.49),
        (10.5, Decimal("10.49"), 20_999.99),
        (10, "10.49", 20_000.49),
        ("10", 10.49, 20_000.49),
    ],
)
@pytest.mark.parametrize("at", [7, ROWS - 1])
def test_money_in_objects_keeps_its_cents(usual: Any, odd: Any, total: float, at: int) -> None:
    shop = open_shop(orders(amount=column(usual, odd, at=at)))
    assert round(shop.orders.to_pandas()["amount"].sum(), 2) == total


@pytest.mark.parametrize("odd", ["007", "0010", "7 ", 7.5])
def test_ids_of_other_spellings_stay_apart(odd: Any) -> None:
    shop = open_shop(orders(customer_id=pd.Series([odd if row == 7 else 10 for row in range(ROWS)], dtype=object)))
    assert sorted(shop.orders.to_pandas()["customer_id"].unique()) == sorted({"10", str(odd).strip()})


def test_dates_among_times_keep_the_times() -> None:
    times = column(date(2024, 1, 1), datetime(2024, 1, 1, 15, 30))  # noqa: DTZ001 - the shop's own time, without a zone
    shop = open_shop(orders(order_ts=times))
    assert shop.orders.to_pandas()["order_ts"].max() == pd.Timestamp("2024-01-01 15:30")


@pytest.mark.slow
@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_times_with_a_zone_are_read_in_every_unit(unit: Literal["s", "ms", "us", "ns"], tmp_path: Any) -> None:
    times = pd.Series(pd.DatetimeIndex(["2024-01-31 23:30"] * ROWS, tz="UTC").tz_convert("Europe/Rome").as_unit(unit))
    frame = orders(order_ts=times)
    frame.to_parquet(tmp_path / "orders.parquet")
    for source in (frame, str(tmp_path / "orders.parquet")):
        shop = open_shop(source, policy={"orders": {"timezone": "Europe/Rome"}})
        assert shop.orders.to_pandas()["order_ts"].max() == pd.Timestamp("2024-02-01 00:30")


values = st.one_of(
    st.none(), st.integers(), st.text(alphabet="a0'é ", max_size=3), st.decimals(allow_nan=False, allow_infinity=False),
    st.booleans(), st.dates(), st.floats(allow_nan=False, allow_infinity=False),
)  # fmt: skip


@pytest.mark.slow
@given(st.lists(values, min_size=1, max_size=6))
def test_whatever_is_in_a_column_none_of_it_is_lost(items: list[Any]) -> None:
    frame = pd.DataFrame({"key": range(len(items)), "value": pd.Series(items, dtype=object)})
    back = ENGINE.add(frame).to_pandas().sort_values("key")["value"]
    assert back.isna().tolist() == [item is None for item in items]
    distinct = {str(item) for item in items if item is not None}
    same_type = len({type(item) for item in items if item is not None}) == 1
    if not same_type:
        return
    assert back.dropna().nunique() == len(distinct - ({"-0.0"} if {"0.0", "-0.0"} <= distinct else set()))


def arrow_orders() -> Any:
    import pyarrow as pa

    return pa.table({
        "customer_id": ["007", "K2"], "order_id": [1, 2], "order_ts": ["2024-01-05", "2024-01-06"],
        "amount": [Decimal("10.50"), Decimal(3)],
    })  # fmt: skip


def by_way_of(form: str) -> Any:
    """Return the orders as a table of another library."""
    import duckdb
    import polars as pl
    import pyarrow.dataset as ds

    table = arrow_orders()
    frame = pl.DataFrame(table).with_columns(pl.col("customer_id").cast(pl.Categorical))
    rows = "values ('007', 1, date '2024-01-05', 10.5), ('K2', 2, date '2024-01-06', 3)"
    return {
        "table": table, "batch": table.to_batches()[0], "reader": table.to_reader(), "data set": ds.dataset(table),
        "scanner": ds.dataset(table).scanner(), "polars": frame, "lazy": frame.lazy(),
        "relation": duckdb.sql(f"select * from ({rows}) as t(customer_id, order_id, order_ts, amount)"),
    }[form]  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("form", ["table", "batch", "reader", "data set", "scanner", "polars", "lazy", "relation"])
def test_tables_come_by_way_of_arrow(form: str) -> None:
    shop = open_shop({"orders": by_way_of(form)} if form == "reader" else by_way_of(form))
    assert shop.orders.to_pandas().sort_values("order_id")[["customer_id", "amount"]].to_numpy().tolist() == [
        ["007", 10.5], ["K2", 3.0],
    ]  # fmt: skip
    assert len(shop.on("2024-01-05").orders) == 1


@pytest.mark.slow
def test_columns_may_be_numbers() -> None:
    frame = arrow_orders().to_pandas().set_axis([0, 1, 2, 3], axis=1)
    columns = {"customer_id": 0, "order_id": 1, "order_ts": 2, "amount": 3}
    assert open_shop(frame, columns=columns).orders.to_pandas()["amount"].sum() == 13.5


@pytest.mark.slow
def test_what_is_no_table_is_refused() -> None:
    table = arrow_orders()
    for wrong, told in (
        (table.column(0), "a DataFrame or a dict of DataFrames, not a ChunkedArray."),
        ([1], "A source is a name, a path, a URL, a DataFrame"),
        ({"orders": [1]}, "orders: expected a pandas DataFrame, got a list."),
        (table.rename_columns(["a", "A", "b", "c"]), "the columns 'a' and 'A' differ only by case"),
        (table.select([]), "the table has no columns"),
    ):
        with pytest.raises(SourceError, match=told):
            open_shop(wrong)
