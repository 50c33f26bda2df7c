"""Every kind of source gives the same shop."""

from __future__ import annotations

import sqlite3
from datetime import UTC, date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import duckdb
import pandas as pd
import pytest

import crmlib
from crmlib.errors import SchemaError
from crmlib.sources import SOURCES, fingerprint

if TYPE_CHECKING:
    from pathlib import Path

ROWS = [
    ("ann", "1", pd.Timestamp(2024, 1, 5), 10.0),
    ("ann", "3", pd.Timestamp(2024, 3, 1, 18, 30), 2.5),
    ("bob", "2", pd.Timestamp(2024, 2, 1), 5.25),
]
NAMES = ["customer_id", "order_id", "order_ts", "amount"]
FRAME = pd.DataFrame(ROWS, columns=NAMES)
CSV = FRAME.to_csv(index=False)


def orders(source: Any, **kwargs: Any) -> list[tuple[Any, ...]]:
    return list(crmlib.open_shop(source, **kwargs).orders.to_pandas().itertuples(index=False, name=None))


def written(path: Path, text: str, encoding: str = "utf-8") -> Path:
    path.write_bytes(text.encode(encoding))
    return path


def one(customer: Any = "ann", ts: Any = "2024-01-05", amount: Any = 10.0) -> pd.DataFrame:
    """One order, its values of any type."""
    return pd.DataFrame({"customer_id": [customer], "order_id": ["1"], "order_ts": [ts], "amount": [amount]})


# --- known by name


def test_cdnow_has_its_69659_orders(cdnow: crmlib.Shop) -> None:
    assert len(cdnow.orders) == 69_659


def test_cdnow_has_its_23570_customers(cdnow: crmlib.Shop) -> None:
    assert cdnow.orders.to_pandas()["customer_id"].nunique() == 23_570


def test_cdnow_adds_up_to_the_cent(cdnow: crmlib.Shop) -> None:
    assert cdnow.quality().set_index("finding").loc["orders", "amount"] == 2_500_315.63


def test_cdnow_runs_from_january_1997_to_june_1998(cdnow: crmlib.Shop) -> None:
    days = cdnow.orders.to_pandas()["order_ts"]
    assert (days.min(), days.max()) == (pd.Timestamp("1997-01-01"), pd.Timestamp("1998-06-30"))


def test_the_cdnow_sample_has_its_6919_orders_of_2357_customers(cdnow_sample: crmlib.Shop) -> None:
    frame = cdnow_sample.orders.to_pandas()
    assert (len(frame), frame["customer_id"].nunique()) == (6_919, 2_357)


def test_the_cdnow_sample_is_a_part_of_cdnow(cdnow: crmlib.Shop, cdnow_sample: crmlib.Shop) -> None:
    rows = [
        shop.orders.to_pandas()[["customer_id", "order_ts", "amount"]].assign(
            customer_id=lambda frame: frame["customer_id"].astype(int)
        )
        for shop in (cdnow_sample, cdnow)
    ]
    assert len(rows[0].drop_duplicates().merge(rows[1].drop_duplicates())) == len(rows[0].drop_duplicates())


@pytest.mark.parametrize(
    ("table", "rows"),
    [
        *(("orders", 155_848), ("order_lines", 1_469_307), ("products", 92_331), ("customers", 801)),
        *(("campaigns", 27), ("campaign_assignments", 6_589), ("coupons", 116_204), ("coupon_redemptions", 2_102)),
    ],
)
def test_complete_journey_has_all_its_tables(complete_journey: crmlib.Shop, table: str, rows: int) -> None:
    assert len(getattr(complete_journey, table)) == rows


@pytest.mark.slow
def test_the_lines_of_complete_journey_add_up_to_its_orders(complete_journey: crmlib.Shop) -> None:
    sums = [
        getattr(complete_journey, name).to_arrow()["amount"].to_pandas().sum() for name in ("orders", "order_lines")
    ]
    assert sums[0] == sums[1]


def test_the_customers_of_complete_journey_join_with_its_orders(complete_journey: crmlib.Shop) -> None:
    buyers = set(complete_journey.orders.to_arrow()["customer_id"].to_pylist())
    assert set(complete_journey.customers.to_arrow()["customer_id"].to_pylist()) <= buyers


@pytest.mark.slow
def test_the_products_of_complete_journey_join_with_its_lines(complete_journey: crmlib.Shop) -> None:
    bought = set(complete_journey.order_lines.to_arrow()["product_id"].unique().to_pylist())
    known = set(complete_journey.products.to_arrow()["product_id"].to_pylist())
    assert len(bought & known) / len(bought) > 0.99


# --- files


@pytest.mark.slow
@pytest.mark.parametrize("ending", ["csv", "CSV", "txt", "tsv"])
@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_a_text_file_is_read_whatever_separates_its_columns(tmp_path: Path, separator: str, ending: str) -> None:
    file = written(tmp_path / f"orders.{ending}", FRAME.to_csv(index=False, sep=separator))
    assert orders(file) == ROWS


@pytest.mark.slow
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp1252"])
def test_a_text_file_is_read_in_its_encoding(tmp_path: Path, encoding: str) -> None:
    file = written(tmp_path / "orders.csv", CSV.replace("bob", "Nicolò"), encoding)
    assert {row[0] for row in orders(file, encoding=encoding)} == {"ann", "Nicolò"}


@pytest.mark.slow
def test_a_byte_order_mark_is_no_part_of_the_first_name(tmp_path: Path) -> None:
    assert orders(written(tmp_path / "orders.csv", CSV, "utf-8-sig")) == ROWS


@pytest.mark.slow
@pytest.mark.parametrize("end", ["\r\n", "\r", "\n"])
def test_lines_may_end_as_they_like(tmp_path: Path, end: str) -> None:
    assert orders(written(tmp_path / "orders.csv", CSV.replace("\n", end))) == ROWS


@pytest.mark.slow
def test_line_ends_of_two_kinds_lose_no_row(tmp_path: Path) -> None:
    first, second, *rest = CSV.split("\n")
    assert orders(written(tmp_path / "orders.csv", "\n".join([first, second + "\r", *rest]))) == ROWS


@pytest.mark.slow
def test_line_ends_that_change_far_down_lose_no_row(tmp_path: Path) -> None:
    lines = [f"c{i},{i},2024-01-05,1" + ("\r\n" if i > 30_000 else "\n") for i in range(30_010)]
    file = written(tmp_path / "orders.csv", ",".join(NAMES) + "\n" + "".join(lines))
    assert len(orders(file)) == 30_010


def test_separators_at_the_end_of_each_line_are_harmless(tmp_path: Path) -> None:
    assert orders(written(tmp_path / "orders.csv", CSV.replace("\n", ",\n"))) == ROWS


def test_empty_lines_are_harmless(tmp_path: Path) -> None:
    assert orders(written(tmp_path / "orders.csv", CSV.replace("\n", "\n\n"))) == ROWS


@pytest.mark.slow
def test_the_last_line_needs_no_end(tmp_path: Path) -> None:
    assert orders(written(tmp_path / "orders.csv", CSV.rstrip())) == ROWS


@pytest.mark.slow
def test_a_line_that_begins_with_a_hash_is_an_order(tmp_path: Path) -> None:
    rows = "".join(f"{'#' * (i % 7 == 0)}{i},ann,2024-01-05,1\n" for i in range(50))
    assert len(orders(written(tmp_path / "orders.csv", "order_id,customer_id,order_ts,amount\n" + rows))) == 50


@pytest.mark.slow
@pytest.mark.parametrize(
    "name",
    [
        *("'; drop table orders; --", '1"; select 1', "a\nb", "😀", "זהבה כהן", "a\0b", "{orders} :as_of $x %s"),
        *(
            "007",
            "'neill",
            "a,b;c\td",
            "\N{LATIN SMALL LETTER DOTLESS I}",
            "x" * 1000,
            "12345678901234567890123456789012345678901234",
        ),
    ],
)
def test_an_id_stays_as_it_is(tmp_path: Path, name: str) -> None:
    quoted = name.replace('"', '""')
    assert (
        orders(written(tmp_path / "orders.csv", CSV.replace("bob", f'"{quoted}"')))[-1 if name > "ann" else 0][0]
        == name
    )


@pytest.mark.slow
@pytest.mark.parametrize("name", ["NULL", "nan", "None"])
def test_a_word_for_nobody_is_no_id(tmp_path: Path, name: str) -> None:
    with pytest.raises(SchemaError, match=rf"row 4, column 'customer_id': '{name}' stands for none"):
        orders(written(tmp_path / "orders.csv", CSV.replace("bob", name)))


@pytest.mark.slow
@pytest.mark.parametrize(
    "name", ['cust"omer', "x); drop table y; --", "{orders}", ":as_of", "زبون", "😀", "a b", "select"]
)
def test_a_column_may_have_any_name(tmp_path: Path, name: str) -> None:
    quoted = name.replace('"', '""')
    file = written(tmp_path / "orders.csv", CSV.replace("customer_id", f'"{quoted}"'))
    assert orders(file, columns={"customer_id": name}) == ROWS


@pytest.mark.slow
@pytest.mark.parametrize(
    "name", ["my orders", "or'ders", 'or"ders', "orders [2024]", "a*", "a?", "ordini perché 😀", "%20"]
)
@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_a_path_may_hold_any_mark(tmp_path: Path, name: str, ending: str) -> None:
    folder = tmp_path / f"{name} folder"
    folder.mkdir()
    decoy = folder / f"{name.translate(str.maketrans('*?[]', 'xx22')).replace('22024', '2')}y.{ending}"
    for file, frame in ((decoy, FRAME.assign(amount=99.0)), (folder / f"{name}.{ending}", FRAME)):
        if ending == "csv":
            frame.to_csv(file, index=False)
        else:
            frame.to_parquet(file)
    assert orders(folder / f"{name}.{ending}") == ROWS


def test_a_decimal_comma_and_dates_in_their_format(tmp_path: Path) -> None:
    text = "Cliente;Numero Ordine;Data;Importo\nann;1;05/01/2024;1.010,50\nbob;2;31/12/2024;5,25\n"
    file = written(tmp_path / "ordini.csv", text)
    found = orders(file, decimal=",", date_format="%d/%m/%Y", columns={"amount": "Importo"})
    assert found == [("ann", "1", pd.Timestamp(2024, 1, 5), 1010.5), ("bob", "2", pd.Timestamp(2024, 12, 31), 5.25)]


def test_parquet_is_read(tmp_path: Path) -> None:
    FRAME.to_parquet(tmp_path / "orders.parquet")
    assert orders(tmp_path / "orders.parquet") == ROWS


@pytest.mark.slow
@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_a_glob_is_one_table(tmp_path: Path, ending: str) -> None:
    for number, row in enumerate(ROWS):
        frame = pd.DataFrame([row], columns=NAMES)
        if ending == "csv":
            frame.to_csv(tmp_path / f"2024-{number}.csv", index=False)
        else:
            frame.to_parquet(tmp_path / f"2024-{number}.parquet")
    assert orders(tmp_path / f"2024-*.{ending}") == ROWS


@pytest.mark.slow
def test_the_files_of_a_glob_may_differ_in_order_and_separator(tmp_path: Path) -> None:
    FRAME.iloc[:1].to_csv(tmp_path / "1.csv", index=False)
    FRAME.iloc[1:][NAMES[::-1]].to_csv(tmp_path / "2.csv", index=False, sep=";")
    assert orders(tmp_path / "*.csv") == ROWS


def test_a_row_that_stands_in_two_files_is_a_duplicate(tmp_path: Path) -> None:
    for name in ("january", "february"):
        written(tmp_path / f"{name}.csv", CSV)
    assert orders(tmp_path / "*.csv", policy={"orders": {"duplicate_rows": "drop"}}) == ROWS


@pytest.mark.slow
def test_a_folder_is_a_shop_of_several_tables(tmp_path: Path) -> None:
    written(tmp_path / "orders.csv", CSV)
    written(tmp_path / "customers.csv", "customer_id,city\nann,Roma\n")
    written(tmp_path / "notes.docx", "no table")
    shop = crmlib.open_shop(tmp_path)
    assert {name: getattr(shop, name).columns for name in shop.tables} == {
        "orders": NAMES,
        "customers": ["customer_id", "city"],
    }


# --- databases


def sqlite(path: Path, *statements: str) -> str:
    connection = sqlite3.connect(path)
    with connection:
        FRAME.assign(order_ts=FRAME["order_ts"].astype(str)).to_sql("orders", connection, index=False)
        for statement in statements:
            connection.execute(statement)
    connection.close()
    return f"sqlite:///{path}"


def duck(path: Path, *statements: str) -> str:
    with duckdb.connect(str(path)) as connection:
        connection.register("given", FRAME)
        connection.execute("create table orders as select * from given")
        for statement in statements:
            connection.execute(statement)
    return f"duckdb:///{path}"


def test_sqlite_is_read(tmp_path: Path) -> None:
    assert orders(sqlite(tmp_path / "my shop.db")) == ROWS


@pytest.mark.slow
def test_duckdb_is_read(tmp_path: Path) -> None:
    assert orders(duck(tmp_path / "my shop.duckdb")) == ROWS


@pytest.mark.slow
def test_a_large_sqlite_table_is_read_whole(tmp_path: Path) -> None:
    more = (
        "insert into orders with recursive n(i) as (select 4 union all select i + 1 from n where i < 120000) "
        "select 'c' || (i % 1000), i, '2024-02-02', 1 from n"
    )
    assert len(orders(sqlite(tmp_path / "shop.db", more))) == 120_000


def test_whole_numbers_that_sqlite_holds_as_floats_are_ids(tmp_path: Path) -> None:
    source = sqlite(tmp_path / "shop.db", "create table s as select 12.0 as customer_id, order_ts, amount from orders")
    assert orders(f"{source}?table=s")[0][0] == "12"


@pytest.mark.slow
def test_a_sqlite_value_is_judged_where_it_is_read(tmp_path: Path) -> None:
    source = sqlite(tmp_path / "shop.db", "create table odd (a integer)", "insert into odd values ('text'), (1)")
    assert crmlib.open_shop(source)._tables["odd"].to_pandas()["a"].tolist() == ["1", "text"]


@pytest.mark.slow
@pytest.mark.parametrize("make", [sqlite, duck])
def test_a_table_can_be_chosen(tmp_path: Path, make: Any) -> None:
    source = make(tmp_path / "shop.db", 'create table "my sales" as select * from orders where amount > 3')
    assert orders(f"{source}?table=my%20sales") == [ROWS[0], ROWS[2]]


@pytest.mark.slow
@pytest.mark.parametrize("make", [sqlite, duck])
def test_a_single_table_is_the_orders_whatever_its_name(tmp_path: Path, make: Any) -> None:
    assert orders(make(tmp_path / "shop.db", 'alter table orders rename to "or""d; drop"')) == ROWS


@pytest.mark.slow
@pytest.mark.parametrize("make", [sqlite, duck])
def test_a_view_is_a_table(tmp_path: Path, make: Any) -> None:
    source = make(tmp_path / "shop.db", "create view seen as select * from orders where amount > 3")
    assert orders(f"{source}?table=seen") == [ROWS[0], ROWS[2]]


@pytest.mark.slow
def test_a_table_of_another_schema_does_not_hide_the_main_one(tmp_path: Path) -> None:
    source = duck(tmp_path / "s.duckdb", "create schema staging", "create table staging.orders as from orders limit 1")
    assert (orders(source), len(orders(f"{source}?table=staging.orders"))) == (ROWS, 1)


@pytest.mark.slow
def test_a_database_file_is_not_changed(tmp_path: Path) -> None:
    source = duck(tmp_path / "shop.duckdb")
    before = fingerprint(source)
    crmlib.open_shop(source)
    assert fingerprint(source) == before


# --- pandas


@pytest.mark.slow
def test_a_data_frame_is_read() -> None:
    assert orders(FRAME) == ROWS


@pytest.mark.slow
def test_the_callers_data_frame_is_left_as_it_was() -> None:
    frame = FRAME.set_index(pd.Index([7, 8, 9]))
    crmlib.open_shop(frame)
    pd.testing.assert_frame_equal(frame, FRAME.set_index(pd.Index([7, 8, 9])))


@pytest.mark.slow
def test_a_dict_of_data_frames_is_a_shop_of_several_tables() -> None:
    shop = crmlib.open_shop({"orders": FRAME, "products": pd.DataFrame({"product_id": [1.0, None]})})
    assert shop.products.to_pandas()["product_id"].tolist()[0] == "1"


@pytest.mark.slow
def test_a_frame_of_one_row_is_a_shop() -> None:
    assert orders(FRAME.iloc[:1]) == ROWS[:1]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("given", "name"),
    [
        *((12.0, "12"), (1.5, "1.5"), (7, "7"), (-1, "-1"), (2**63 + 1, str(2**63 + 1)), (2**70, str(2**70))),
        *((pd.Categorical(["ann"])[0], "ann"), ("  ann ", "ann"), (True, "true"), (Decimal(5), "5"), (1e20, "1e+20")),
    ],
)
def test_an_id_is_text(given: Any, name: str) -> None:
    assert orders(one(customer=given))[0][0] == name


@pytest.mark.slow
@pytest.mark.parametrize("dtype", ["string", "category", "object", "str", "string[pyarrow]"])
def test_text_of_any_pandas_type_is_an_id(dtype: str) -> None:
    assert orders(FRAME.astype({"customer_id": dtype})) == ROWS


@pytest.mark.slow
@pytest.mark.parametrize("dtype", ["Float64", "float32", "object", "category", "string", "double[pyarrow]"])
def test_numbers_of_any_pandas_type_are_amounts(dtype: str) -> None:
    assert orders(FRAME.astype({"amount": dtype})) == ROWS


@pytest.mark.slow
@pytest.mark.parametrize(
    "dtype", ["datetime64[s]", "datetime64[ns]", "object", "category", "string", "timestamp[us][pyarrow]"]
)
def test_times_of_any_pandas_type_are_times(dtype: str) -> None:
    assert orders(FRAME.astype({"order_ts": dtype})) == ROWS


def test_ids_of_mixed_types_are_text() -> None:
    assert [row[0] for row in orders(FRAME.assign(customer_id=pd.Series([1, "a", 2], dtype=object)))] == [
        "1",
        "2",
        "a",
    ]


@pytest.mark.slow
def test_ids_that_change_type_far_down_are_text() -> None:
    ids = pd.Series([*range(5000), "x"], dtype=object)
    assert orders(pd.DataFrame({"customer_id": ids, "order_ts": date(2024, 1, 5), "amount": 1}))[-1][0] == "x"


@pytest.mark.slow
@pytest.mark.parametrize("given", [date(2024, 1, 5), "2024-01-05", "2024/1/5", pd.Timestamp("2024-01-05")])
def test_a_day_is_its_midnight(given: Any) -> None:
    assert orders(one(ts=given))[0][2] == pd.Timestamp(2024, 1, 5)


@pytest.mark.parametrize(
    ("given", "seconds"),
    [("2024-01-05 18:30", 0), ("2024-01-05T18:30:15", 15), ("2024-1-5 18:30:15.25", 15.25), (" 2024-01-05 18:30 ", 0)],
)
def test_a_time_of_day_is_kept(given: str, seconds: float) -> None:
    assert orders(one(ts=given))[0][2] == pd.Timestamp("2024-01-05 18:30") + pd.Timedelta(seconds=seconds)


@pytest.mark.parametrize("given", ["05/01/2024", "5/1/2024"])
def test_dates_are_read_in_the_format_that_is_given(given: str) -> None:
    assert orders(one(ts=given), date_format="%d/%m/%Y")[0][2] == pd.Timestamp(2024, 1, 5)


@pytest.mark.slow
@pytest.mark.parametrize("given", [20240105, 20240105.0, "20240105"])
def test_dates_may_be_numbers(given: Any) -> None:
    assert orders(one(ts=given), date_format="%Y%m%d")[0][2] == pd.Timestamp(2024, 1, 5)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("given", "amount"),
    [
        *(("1,234.50", 1234.5), ("1,234", 1234.0), (" 12.5 ", 12.5), ("1e3", 1000.0), ("+5", 5.0), (".5", 0.5)),
        *((Decimal("12.34"), 12.34), (7, 7.0), ("0", 0.0)),
    ],
)
def test_an_amount_is_read_as_it_is_written(given: Any, amount: float) -> None:
    assert orders(one(amount=given))[0][3] == amount


@pytest.mark.slow
@pytest.mark.parametrize(("given", "amount"), [("1.234,50", 1234.5), ("1.234", 1234.0), (",5", 0.5), ("12,5", 12.5)])
def test_an_amount_with_a_decimal_comma_is_read_as_it_is_written(given: str, amount: float) -> None:
    assert orders(one(amount=given), decimal=",")[0][3] == amount


# --- time zones

ROME = {"orders": {"timezone": "Europe/Rome"}}


@pytest.mark.slow
@pytest.mark.parametrize(
    "given",
    [
        *("2024-01-05 23:30:00+00:00", "2024-01-05T23:30:00Z", "2024-01-05 23:30 UTC", "2024-01-05 18:30-05"),
        *("2024-01-06 05:00:00.000+0530", pd.Timestamp("2024-01-05 18:30", tz="America/New_York")),
        pd.Timestamp(2024, 1, 5, 23, 30, tzinfo=UTC),
    ],
)
def test_an_instant_is_brought_to_the_shops_zone(given: Any) -> None:
    assert orders(one(ts=given), policy=ROME)[0][2] == pd.Timestamp(2024, 1, 6, 0, 30)


@pytest.mark.slow
def test_a_time_without_zone_is_the_shops_own() -> None:
    assert orders(one(ts="2024-01-05 23:30"), policy=ROME)[0][2] == pd.Timestamp(2024, 1, 5, 23, 30)


@pytest.mark.slow
def test_a_format_with_an_offset_reads_an_instant() -> None:
    given = orders(one(ts="05/01/2024 23:30 +0000"), policy=ROME, date_format="%d/%m/%Y %H:%M %z")
    assert given[0][2] == pd.Timestamp(2024, 1, 6, 0, 30)


@pytest.mark.slow
def test_parquet_and_duckdb_keep_their_instants(tmp_path: Path) -> None:
    frame = one(ts=pd.Timestamp("2024-01-05 23:30", tz="UTC"))
    frame.to_parquet(tmp_path / "orders.parquet")
    with duckdb.connect(str(tmp_path / "s.duckdb")) as connection:
        connection.execute("set timezone = 'Asia/Tokyo'")
        connection.execute(f"create table orders as from '{tmp_path / 'orders.parquet'}'")
    found = [
        orders(source, policy=ROME)[0][2] for source in (tmp_path / "orders.parquet", f"duckdb:///{tmp_path}/s.duckdb")
    ]
    assert found == [pd.Timestamp(2024, 1, 6, 0, 30)] * 2


# --- shop.toml


@pytest.mark.slow
def test_a_description_holds_the_arguments(tmp_path: Path) -> None:
    text = "who;when;paid\nann;05/01/2024;1.010,50\nbob;31/12/2024;5,25\n"
    written(tmp_path / "sales.csv", text.replace("ann", "Nicolò"), "cp1252")
    shop = crmlib.open_shop(
        written(
            tmp_path / "shop.toml",
            """
            source = "sales.csv"
            encoding = "cp1252"
            decimal = ","
            date_format = "%d/%m/%Y"
            as_of = 2024-02-01
            [columns]
            customer_id = "who"
            order_ts = "when"
            amount = "paid"
            [policy.orders]
            same_day = "merge"
            """,
        )
    )
    assert (shop.orders.to_pandas()["customer_id"].tolist(), shop.as_of, shop.policy.orders.same_day) == (
        ["Nicolò"],
        date(2024, 2, 1),
        "merge",
    )


@pytest.mark.slow
def test_the_caller_may_look_from_another_day_than_the_description(tmp_path: Path) -> None:
    written(tmp_path / "sales.csv", CSV)
    file = written(tmp_path / "shop.toml", 'source = "sales.csv"\nas_of = 2024-01-31')
    assert orders(file, as_of="2024-02-28") == [ROWS[0], ROWS[2]]


def test_what_the_caller_says_of_a_file_goes_before_what_its_description_says(tmp_path: Path) -> None:
    written(tmp_path / "sales.csv", "customer_id;order_ts;amount\nNicolò;05/01/2024;1.010,50\n", "cp1252")
    file = written(tmp_path / "shop.toml", 'source = "sales.csv"\nencoding = "utf-8"\ndate_format = "%Y"')
    shop = crmlib.open_shop(file, encoding="cp1252", decimal=",", date_format="%d/%m/%Y")
    assert shop.orders.to_pandas()[["customer_id", "amount"]].to_numpy().tolist() == [["Nicolò", 1010.5]]


@pytest.mark.slow
def test_a_description_may_name_a_known_source(tmp_path: Path) -> None:
    shop = crmlib.open_shop(written(tmp_path / "shop.toml", 'source = "cdnow-sample"\npolicy = "texts"'))
    assert (len(shop.orders), shop.policy.rfm.segment_map) == (6_919, "descriptive")


# --- fingerprints


def test_a_fingerprint_changes_with_the_data(tmp_path: Path) -> None:
    file = written(tmp_path / "orders.csv", CSV)
    before = fingerprint(file)
    written(file, CSV.replace("10.0", "11.0"))
    assert fingerprint(file) != before


def test_a_fingerprint_changes_with_the_description(tmp_path: Path) -> None:
    written(tmp_path / "orders.csv", CSV)
    file = written(tmp_path / "shop.toml", 'source = "orders.csv"')
    before = fingerprint(file)
    written(file, 'source = "orders.csv"\ndecimal = ","')
    assert fingerprint(file) != before


def test_a_fingerprint_does_not_depend_on_the_clock(tmp_path: Path) -> None:
    file = written(tmp_path / "orders.csv", CSV)
    before = fingerprint(file)
    assert fingerprint(written(file, CSV)) == before


def test_known_sources_have_a_fingerprint_each() -> None:
    assert len({fingerprint(name) for name in SOURCES}) == len(SOURCES)
