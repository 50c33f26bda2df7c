"""Of Parquet files only the columns and days that orders need are read, and the answer is the same."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest

import crmlib
from crmlib.errors import SchemaError
from crmlib.shop.manifest import manifest
from crmlib.sources import files

if TYPE_CHECKING:
    from pathlib import Path

ORDERS = pd.DataFrame(
    {
        "customer_id": [f"c{number % 7}" for number in range(100)],
        "order_id": [f"o{number // 2}" for number in range(100)],
        # the later ones first: a file need not be sorted
        "order_ts": pd.Timestamp("2024-04-10") - pd.to_timedelta(range(100), unit="D"),
        "amount": [-3.0 if number % 11 == 0 else 10.0 + number for number in range(100)],
        "status": ["cancelled" if number % 13 == 0 else "paid" for number in range(100)],
        "note": "nobody needs this",
    }
)


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, list[str]]]:
    """Note rows and columns that come from files."""
    seen: list[tuple[int, list[str]]] = []
    table_of = files.table_of

    def watched(*arguments: Any) -> Any:
        raw = table_of(*arguments)
        seen.append((len(raw.table), raw.names))
        return raw

    monkeypatch.setattr(files, "table_of", watched)
    return seen


def sold(tmp_path: Path, data: pd.DataFrame) -> dict[str, str]:
    """Write orders as Parquet, of which less is read, and as text, of which all is."""
    data.to_parquet(tmp_path / "sales.parquet")
    data.to_csv(tmp_path / "sales.csv", index=False)
    return {kind: str(tmp_path / f"sales.{kind}") for kind in ("parquet", "csv")}


@pytest.mark.slow
@pytest.mark.parametrize("zone", ["UTC", "Pacific/Kiritimati", "Pacific/Niue"])
@pytest.mark.parametrize("aware", [True, False])
@pytest.mark.parametrize("day", ["2024-01-10", "2024-04-10", "2024-12-31"])
def test_the_answer_is_that_of_reading_all(
    day: str, zone: str, *, aware: bool, tmp_path: Path, read: list[tuple[int, list[str]]]
) -> None:
    data = ORDERS.assign(order_ts=ORDERS["order_ts"].dt.tz_localize("UTC")) if aware else ORDERS
    sources = sold(tmp_path, data)
    less, whole = (
        crmlib.open_shop(sources[kind], as_of=day, policy={"orders": {"timezone": zone}}) for kind in ("parquet", "csv")
    )
    assert read[1][0] == len(data)
    known = (pd.Timestamp(day) + pd.Timedelta(days=2) - ORDERS["order_ts"].min()).days
    assert read[0] == (min(known, len(data)), ["customer_id", "order_id", "order_ts", "amount", "status"])
    for name in ("orders", "order_lines"):
        pd.testing.assert_frame_equal(getattr(less, name).to_pandas(), getattr(whole, name).to_pandas())
    apart = {"source", "rows_read"}
    one, two = manifest(less), manifest(whole)
    assert {key: one[key] for key in one.keys() - apart} == {key: two[key] for key in two.keys() - apart}


@pytest.mark.slow
def test_orders_without_ids_keep_their_numbers(tmp_path: Path, read: list[tuple[int, list[str]]]) -> None:
    sources = sold(tmp_path, ORDERS.drop(columns="order_id"))
    less, whole = (
        crmlib.open_shop(sources[kind], as_of="2024-01-31").orders.to_pandas() for kind in ("parquet", "csv")
    )
    assert read[0] == (100, ["customer_id", "order_ts", "amount", "status"])
    pd.testing.assert_frame_equal(less, whole)


@pytest.mark.slow
def test_rows_that_may_repeat_others_are_read_with_all_columns(
    tmp_path: Path, read: list[tuple[int, list[str]]]
) -> None:
    source = sold(tmp_path, ORDERS)["parquet"]
    crmlib.open_shop(source, as_of="2024-01-31", policy={"orders": {"duplicate_rows": "drop"}})
    assert read[0] == (100, list(ORDERS.columns))


@pytest.mark.slow
@pytest.mark.parametrize("bad", [pd.NaT, "2024-12-31 as text"])
def test_a_date_that_cannot_be_read_is_an_error_on_any_day(bad: Any, tmp_path: Path) -> None:
    times = ORDERS["order_ts"].astype(object if isinstance(bad, str) else "datetime64[us]").copy()
    times.iloc[60] = bad
    data = ORDERS.assign(order_ts=times.astype(str) if isinstance(bad, str) else times)
    data.to_parquet(tmp_path / "sales.parquet")
    with pytest.raises(SchemaError, match=r"sales\.parquet, row 61, column 'order_ts'"):
        crmlib.open_shop(tmp_path / "sales.parquet", as_of="2024-01-05")


@pytest.mark.slow
def test_infinity_is_no_date_on_any_day(tmp_path: Path) -> None:
    engine = crmlib.open_shop(ORDERS).orders.engine
    path = tmp_path / "sales.parquet"
    engine.rows(
        "copy (select 'a' as customer_id, 1 as order_id, timestamp 'infinity' as order_ts, 5 as amount union all "
        f"select 'a', 2, timestamp '2024-01-01', 5) to '{path}' (format parquet)"
    )
    with pytest.raises(SchemaError, match="is not a date"):
        crmlib.open_shop(path, as_of="2024-01-05")


@pytest.mark.slow
def test_an_amount_that_cannot_be_read_is_named_by_its_row_in_the_file(tmp_path: Path) -> None:
    data = ORDERS.assign(amount=ORDERS["amount"].astype(str))
    data.loc[90, "amount"] = "much"
    data.to_parquet(tmp_path / "sales.parquet")
    with pytest.raises(SchemaError, match=r"sales\.parquet, row 91, column 'amount': 'much'"):
        crmlib.open_shop(tmp_path / "sales.parquet", as_of="2024-01-31")


@pytest.mark.slow
def test_a_day_before_all_orders_is_told_with_the_last_one(tmp_path: Path) -> None:
    source = sold(tmp_path, ORDERS)["parquet"]
    with pytest.raises(SchemaError, match="there is no order up to 2020-01-01; the last is of 2024-04-09"):
        crmlib.open_shop(source, as_of="2020-01-01")


@pytest.mark.slow
def test_of_a_folder_only_the_orders_are_narrowed(tmp_path: Path, read: list[tuple[int, list[str]]]) -> None:
    ORDERS.to_parquet(tmp_path / "orders.parquet")
    pd.DataFrame({"product_id": ["p"], "price": [1.0]}).to_parquet(tmp_path / "products.parquet")
    shop = crmlib.open_shop(tmp_path, as_of="2024-01-31")
    assert read[1] == (1, ["product_id", "price"])
    assert read[0][0] < 100
    assert shop.products.columns == ["product_id", "price"]
