"""What people are told when a source cannot be read: the place, and the way out."""

from __future__ import annotations

import re
import sqlite3
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pytest

import crmlib
from crmlib.errors import CrmlibError, SchemaError, SourceError

HEAD = "customer_id,order_id,order_ts,amount\n"
ROW = "ann,1,2024-01-05,10\n"
FRAME = pd.DataFrame({"customer_id": ["ann"], "order_id": ["1"], "order_ts": ["2024-01-05"], "amount": [10.0]})


def refused(source: Any, **kwargs: Any) -> str:
    with pytest.raises(CrmlibError) as caught:
        crmlib.open_shop(source, **kwargs)
    return str(caught.value)


def written(path: Path, text: str, encoding: str = "utf-8") -> Path:
    path.write_bytes(text.encode(encoding))
    return path


def told(tmp_path: Path, text: str, **kwargs: Any) -> str:
    """Say what is told of a CSV file."""
    return refused(written(tmp_path / "orders.csv", text), **kwargs)


# --- files as such


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    written(tmp_path / "sales_2024.csv", HEAD + ROW)
    assert refused(tmp_path / "sale_2024.csv") == (
        f"There is no file '{tmp_path}/sale_2024.csv' (seen from {Path.cwd()}), and no known source of that name. "
        "Did you mean 'sales_2024.csv'?"
    )


def test_a_name_that_is_not_known() -> None:
    assert refused("cdnwo") == (
        f"There is no file 'cdnwo' (seen from {Path.cwd()}), and no known source of that name. Did you mean 'cdnow'?"
    )


def test_no_source_at_all() -> None:
    assert (
        refused("") == "The source is empty. Known names: shop, cdnow, cdnow-sample, complete-journey; or give a path."
    )


@pytest.mark.parametrize("source", [None, 5, [FRAME], FRAME["amount"], b"orders.csv"])
def test_a_source_of_another_kind(source: Any) -> None:
    assert refused(source) == (
        f"A source is a name, a path, a URL, a DataFrame or a dict of DataFrames, not a {type(source).__name__}."
    )


def test_a_glob_that_matches_nothing(tmp_path: Path) -> None:
    assert refused(f"{tmp_path}/*.csv") == (
        f"No file matches '{tmp_path}/*.csv'. Look at it from the folder you are in: {Path.cwd()}"
    )


def test_a_glob_of_two_kinds(tmp_path: Path) -> None:
    written(tmp_path / "a.csv", HEAD + ROW)
    FRAME.to_parquet(tmp_path / "b.parquet")
    assert "matches Parquet and text files. Name one kind" in refused(tmp_path / "*")


def test_a_kind_of_file_that_cannot_be_read(tmp_path: Path) -> None:
    assert refused(written(tmp_path / "orders.xls", "x")).endswith(
        "files that end in .xls cannot be read. Save it as one of .csv, .tsv, .txt, .parquet, .csv.gz, .tsv.gz, "
        ".txt.gz, .jsonl.gz, .ndjson.gz, .zip, .jsonl, .ndjson, .xlsx."
    )


def test_a_folder_without_tables(tmp_path: Path) -> None:
    assert refused(tmp_path) == f"The folder {tmp_path} holds no .csv, .tsv, .txt, .parquet file."


def test_a_folder_without_orders(tmp_path: Path) -> None:
    written(tmp_path / "january.csv", HEAD + ROW)
    assert refused(tmp_path) == (
        "There is no table called orders or order_lines; there are: january. Name the one that holds the orders so, "
        "or open it by itself."
    )


def test_a_folder_with_two_files_of_one_table(tmp_path: Path) -> None:
    written(tmp_path / "orders.csv", HEAD + ROW)
    FRAME.to_parquet(tmp_path / "orders.parquet")
    assert refused(tmp_path) == (
        f"The folder {tmp_path} holds two files for the table 'orders'. Move one of them away."
    )


def test_an_empty_file(tmp_path: Path) -> None:
    assert told(tmp_path, "") == f"{tmp_path}/orders.csv: the file is empty (0 bytes). Export it again."


@pytest.mark.parametrize("text", [HEAD, HEAD.strip()])
def test_a_file_with_a_header_only(tmp_path: Path, text: str) -> None:
    assert told(tmp_path, text) == "orders.csv: there are column names but no rows. Export it again, with its orders."


@pytest.mark.parametrize("text", ["\n\n", "\ufeff", "\n" + HEAD + ROW])
def test_a_file_without_a_header(tmp_path: Path, text: str) -> None:
    assert told(tmp_path, text) == "orders.csv: the first line is empty. The first line names the columns."


@pytest.mark.parametrize(("row", "fields"), [("bob,2,2024-01-06\n", 3), ("bob,2,2024-01-06,5,6\n", 5)])
@pytest.mark.parametrize("before", [1, 30_000])
def test_a_row_with_another_number_of_fields(tmp_path: Path, row: str, fields: int, before: int) -> None:
    assert told(tmp_path, HEAD + ROW * before + row + ROW) == (
        f"orders.csv, row {before + 2}: {fields} fields, where the first line names 4 columns. A field that holds the "
        "separator, a quote or a line break stands in double quotes, its quotes doubled."
    )


def test_a_title_above_the_header(tmp_path: Path) -> None:
    assert told(tmp_path, "Orders of 2024\n" + HEAD + ROW).startswith(
        "orders.csv, row 2: 4 fields, where the first line names 1 columns."
    )


def test_a_quote_that_is_never_closed(tmp_path: Path) -> None:
    assert re.match(
        r"orders.csv, row \d+: .*\(a double quote that is never closed\?\)", told(tmp_path, HEAD + '"' + ROW + ROW)
    )


def test_a_quote_within_a_field_loses_nothing_in_silence(tmp_path: Path) -> None:
    assert told(tmp_path, HEAD + ROW.replace("ann", '"an"n')).startswith("orders.csv, row 2: ")


@pytest.mark.slow
def test_a_field_of_ten_megabytes(tmp_path: Path) -> None:
    assert told(tmp_path, HEAD + ROW + ROW.replace("ann", "x" * 10_000_000)).startswith(
        "orders.csv, row 3: field larger"
    )


@pytest.mark.parametrize(
    ("encoding", "names"), [("cp1252", ["Nicolò"]), ("cp1252", ["Perché", "Forlì"]), ("utf-16", ["Nicolò"])]
)
def test_a_file_that_is_not_utf8(tmp_path: Path, encoding: str, names: list[str]) -> None:
    text = HEAD + "".join(ROW.replace("ann", name) for name in names)
    row = 1 if encoding == "utf-16" else 2
    assert refused(written(tmp_path / "orders.csv", text, encoding)) == (
        f"orders.csv, row {row}: the file is not UTF-8; it looks like {encoding}. Read it so: "
        f'open_shop(..., encoding="{encoding}"), or save it as UTF-8.'
    )


def test_the_row_of_the_first_byte_that_is_not_utf8(tmp_path: Path) -> None:
    text = HEAD + ROW * 1000 + ROW.replace("ann", "Nicolò")
    assert refused(written(tmp_path / "orders.csv", text, "cp1252")).startswith("orders.csv, row 1002: ")


def test_an_encoding_that_the_file_is_not_in(tmp_path: Path) -> None:
    assert told(tmp_path, HEAD + ROW.replace("ann", "Nicolò")[:-1], encoding="utf-16").startswith(
        "orders.csv is not utf-16: "
    )


def test_an_encoding_that_is_not_known(tmp_path: Path) -> None:
    assert told(tmp_path, HEAD, encoding="klingon") == (
        "encoding='klingon' is not known. Usual ones: 'utf-8', 'cp1252', 'utf-16'."
    )


@pytest.mark.parametrize("content", [b"\0" * 100, bytes(range(256)) * 10, b"PK\x03\x04" + b"\xff" * 99])
@pytest.mark.parametrize("ending", ["csv", "parquet", "txt"])
def test_a_file_that_is_no_table(tmp_path: Path, content: bytes, ending: str) -> None:
    (tmp_path / f"orders.{ending}").write_bytes(content)
    assert refused(tmp_path / f"orders.{ending}").startswith(f"orders.{ending}")


def test_utf16_without_a_mark_is_not_taken_for_text(tmp_path: Path) -> None:
    assert refused(written(tmp_path / "orders.csv", HEAD + ROW, "utf-16-le")).startswith("orders.csv")


def test_a_decimal_mark_that_is_none(tmp_path: Path) -> None:
    assert told(tmp_path, HEAD, decimal=";") == "decimal=';': the decimal mark is '.' or ','."


# --- columns


def test_a_column_that_is_missing_with_one_that_may_be_meant(tmp_path: Path) -> None:
    assert told(tmp_path, (HEAD + ROW).replace("customer_id", "custmer_id")) == (
        "orders.csv: no column for customer_id (who bought). Did you mean 'custmer_id'? "
        "Say which it is: columns={'customer_id': '...'}."
    )


def test_a_column_that_is_missing_and_those_there_are(tmp_path: Path) -> None:
    assert told(tmp_path, "customer_id,day\nann,2024-01-05\n") == (
        "orders.csv: no column for order_ts (when it was placed, in the shop's time zone) and amount (what was paid, "
        "in the shop's currency; negative for money given back). Its columns are: customer_id, day. "
        "Say which it is: columns={'order_ts': '...'}."
    )


def test_two_columns_that_could_be_meant(tmp_path: Path) -> None:
    assert told(tmp_path, "Customer,User ID,date,amount\nann,7,2024-01-05,1\n") == (
        "orders.csv: 'Customer' and 'User ID' could each be customer_id (who bought). "
        "Say which: columns={'customer_id': 'Customer'}."
    )


def test_two_columns_of_one_name(tmp_path: Path) -> None:
    assert told(tmp_path, "customer_id,date,amount,amount\nann,2024-01-05,1,2\n") == (
        "orders.csv: the column 'amount' is there more than once. Rename one of them."
    )


def test_two_columns_whose_names_differ_by_case(tmp_path: Path) -> None:
    assert told(tmp_path, "customer_id,date,Amount,amount\nann,2024-01-05,1,2\n") == (
        "orders.csv: the columns 'Amount' and 'amount' differ only by case. Rename one of them."
    )


def test_a_mapped_column_that_is_not_there(tmp_path: Path) -> None:
    assert told(tmp_path, HEAD + ROW, columns={"amount": "amnt"}) == (
        "orders.csv: there is no column 'amnt' to use as amount. Did you mean 'amount'?"
    )


def test_a_mapping_of_a_name_that_is_not_known(tmp_path: Path) -> None:
    assert told(tmp_path, HEAD + ROW, columns={"customer": "customer_id"}).startswith(
        "columns={'customer': ...}: there is no such name here. Did you mean 'customer_id'?"
    )


# --- values


@pytest.mark.slow
@pytest.mark.parametrize(
    "value",
    [
        *("infinity", "epoch", "now", "2024", "2024-12", "24-12-31", "10:00", "2023-02-29", "soon", "9999-12-31"),
        *("2024-01-05 10:00 PM", "2024-01-05 10:00 Europe/Rome", "2024-01-05 (BC)", "300000-01-01", "'; drop table x;"),
    ],
)
def test_a_value_that_is_no_date(tmp_path: Path, value: str) -> None:
    assert told(tmp_path, HEAD + ROW + f"bob,2,{value},5\n") == (
        f"orders.csv, row 3, column 'order_ts': {value!r} is not a date. Dates are read as 2024-12-31 or "
        "2024-12-31 18:30:00. Mend it, or say how dates are written by open_shop(..., date_format=...), as for "
        "datetime.strptime."
    )


@pytest.mark.parametrize(
    ("value", "formats"),
    [
        ("31/12/2024", "date_format='%d/%m/%Y'"),
        ("01/02/2024", "date_format='%d/%m/%Y' or date_format='%m/%d/%Y'"),
        ("31.12.2024", "date_format='%d.%m.%Y'"),
        ("20241231", "date_format='%Y%m%d'"),
        ("31/12/2024 18:30", "date_format='%d/%m/%Y %H:%M'"),
    ],
)
def test_a_date_that_is_written_in_another_way(tmp_path: Path, value: str, formats: str) -> None:
    assert told(tmp_path, HEAD + f"bob,2,{value},5\n") == (
        f"orders.csv, row 2, column 'order_ts': {value!r} is not a date. "
        f"Say how dates are written: open_shop(..., {formats})."
    )


def test_a_date_that_is_not_in_the_format_that_is_given(tmp_path: Path) -> None:
    assert told(tmp_path, HEAD + ROW, date_format="%d/%m/%Y") == (
        "orders.csv, row 2, column 'order_ts': '2024-01-05' is not a date. It was read as date_format='%d/%m/%Y'."
    )


@pytest.mark.parametrize("form", ["%Q", "", "%"])
def test_a_date_format_that_is_none(tmp_path: Path, form: str) -> None:
    assert re.match(
        rf"date_format='{form}': .* It is written as for datetime.strptime, such as '%d/%m/%Y'",
        told(tmp_path, HEAD + ROW, date_format=form),
    )


def test_a_row_without_a_date(tmp_path: Path) -> None:
    assert told(tmp_path, HEAD + ROW + "bob,2,,5\n") == (
        "orders.csv, row 3, column 'order_ts': there is no date. Fill it in, or leave the row out."
    )


@pytest.mark.slow
@pytest.mark.parametrize("value", ["ten", "€12", "12 EUR", "12-", "inf", "nan", "0x10", "1e400", "true", "٣"])
def test_a_value_that_is_no_amount(tmp_path: Path, value: str) -> None:
    assert told(tmp_path, HEAD + ROW + f"bob,2,2024-01-06,{value}\n") == (
        f"orders.csv, row 3, column 'amount': {value!r} is not an amount. An amount is a number such as 12.50, without "
        "currency sign or words. Mend it in the file."
    )


@pytest.mark.slow
def test_one_amount_in_parentheses(tmp_path: Path) -> None:
    assert told(tmp_path, HEAD + ROW + "bob,2,2024-01-06,(12)\n") == (
        "orders.csv, row 3, column 'amount': '(12)' is not an amount. If parentheses mean money given back, say so: "
        "policy={'orders': {'parentheses': 'return'}}."
    )


def test_how_many_rows_are_like_that(tmp_path: Path) -> None:
    assert "'x' is not an amount. 1,200 rows are like that. An amount" in told(
        tmp_path, HEAD + ROW + "bob,2,2024-01-06,x\n" * 1200
    )


@pytest.mark.parametrize("value", ["12,50", "1.234,50", "1,23,4"])
def test_an_amount_with_a_decimal_comma(tmp_path: Path, value: str) -> None:
    assert told(tmp_path, HEAD + f'bob,2,2024-01-06,"{value}"\n') == (
        f"orders.csv, row 2, column 'amount': {value!r} is not an amount. "
        "If the comma is the decimal mark, say so: open_shop(..., decimal=',')."
    )


def test_an_amount_with_a_decimal_point_where_a_comma_was_announced(tmp_path: Path) -> None:
    assert told(tmp_path, HEAD + "bob,2,2024-01-06,12.5\n", decimal=",") == (
        "orders.csv, row 2, column 'amount': '12.5' is not an amount. "
        "It was read with decimal=','; if the point is the decimal mark, leave that out."
    )


def test_a_row_without_an_amount(tmp_path: Path) -> None:
    assert told(tmp_path, HEAD + ROW + "bob,2,2024-01-06,\n") == (
        "orders.csv, row 3, column 'amount': there is no amount. Write 0 where nothing was paid, or leave the row out."
    )


@pytest.mark.parametrize("value", ["", "  "])
def test_a_row_without_a_customer(tmp_path: Path, value: str) -> None:
    assert told(tmp_path, HEAD + ROW + f"{value},2,2024-01-06,5\n") == (
        "orders.csv, row 3, column 'customer_id': an order without a customer. Fill it in, or leave such rows out: "
        "policy={'orders': {'missing_customer': 'drop'}}."
    )


def test_a_row_without_an_order_id(tmp_path: Path) -> None:
    assert told(tmp_path, HEAD + ROW + "bob,,2024-01-06,5\n") == (
        "orders.csv, row 3, column 'order_id': an order without an id. Fill it in, or leave the column out of the file."
    )


@pytest.mark.parametrize(
    ("row", "column", "value"), [("bob,2024-01-06,x,4", "Qty", "x"), ("bob,2024-01-06,3,y", "Price", "y")]
)
def test_the_column_of_quantity_times_price_that_is_at_fault(tmp_path: Path, row: str, column: str, value: str) -> None:
    assert told(tmp_path, f"customer,date,Qty,Price\nann,2024-01-05,1,2\n{row}\n").startswith(
        f"orders.csv, row 3, column {column!r}: {value!r} is not an amount."
    )


def test_a_quantity_that_is_no_number(tmp_path: Path) -> None:
    assert told(tmp_path, "customer,date,amount,qty\nann,2024-01-05,1,2\nbob,2024-01-06,1,two\n") == (
        "orders.csv, row 3, column 'qty': 'two' is not a number. A number is written such as 3 or 2.5, without words."
    )


def test_the_file_of_a_glob_that_is_at_fault(tmp_path: Path) -> None:
    written(tmp_path / "01.csv", HEAD + ROW)
    written(tmp_path / "02.csv", HEAD + ROW + "bob,2,2024-02-30,5\n")
    assert refused(tmp_path / "*.csv").startswith("02.csv, row 3, column 'order_ts': '2024-02-30' is not a date.")


def test_a_file_of_a_glob_that_lacks_a_column(tmp_path: Path) -> None:
    written(tmp_path / "01.csv", HEAD + ROW)
    written(tmp_path / "02.csv", (HEAD + ROW).replace("amount", "total"))
    assert refused(tmp_path / "*.csv").startswith("02.csv, row 2, column 'amount': there is no amount.")


def test_a_quoted_line_break_is_no_row_of_its_own(tmp_path: Path) -> None:
    assert told(tmp_path, HEAD + ROW.replace("ann", '"a\nb"') + "bob,2,2024-01-06,x\n").startswith(
        "orders.csv, row 3, "
    )


def test_the_column_is_named_as_the_file_names_it(tmp_path: Path) -> None:
    assert "row 2, column 'Data dell\\'ordine \"'" in told(
        tmp_path,
        'cliente,"Data dell\'ordine """,totale\nann,x,1\n',
        columns={"order_ts": "Data dell'ordine \"", "amount": "totale"},
    ).replace('"Data dell\'ordine \\""', "'Data dell\\'ordine \"'")


@pytest.mark.slow
def test_an_order_beyond_what_money_can_hold() -> None:
    assert refused(pd.concat([FRAME.assign(amount=9e13)] * 2)) == (
        "An order sums up to 180,000,000,000,000.0000: amounts must stay below 100,000,000,000,000. Mend the amounts."
    )


# --- pandas


def test_rows_of_a_frame_are_counted_from_0() -> None:
    frame = pd.concat([FRAME, FRAME.assign(amount="x")])
    assert refused(frame).startswith("the DataFrame, row 1, column 'amount': 'x' is not an amount.")


def test_a_value_far_down_is_found() -> None:
    amounts = pd.Series([1.0] * 5000 + ["x"], dtype=object)
    frame = pd.DataFrame({"customer_id": "a", "order_ts": date(2024, 1, 5), "amount": amounts})
    assert refused(frame).startswith("the DataFrame, row 5000, column 'amount': 'x' is not an amount.")


@pytest.mark.parametrize(
    ("column", "value", "what"),
    [
        ("amount", float("nan"), "there is no amount."),
        ("amount", float("inf"), "inf is not an amount."),
        ("amount", float("-inf"), "-inf is not an amount."),
        ("amount", True, "True is not an amount."),
        ("amount", pd.NA, "there is no amount."),
        ("amount", 1e15, "1000000000000000.0 is not an amount."),
        ("order_ts", pd.NaT, "there is no date."),
        ("order_ts", None, "there is no date."),
        ("order_ts", 1704412800, "1704412800 is not a date."),
        ("order_ts", datetime.fromisoformat("9999-12-31"), "datetime.datetime(9999, 12, 31, 0, 0) is not a date."),
        ("order_ts", pd.Timedelta(days=1), "datetime.timedelta(days=1) is not a date."),
        ("customer_id", None, "an order without a customer."),
        ("customer_id", pd.NA, "an order without a customer."),
        ("customer_id", float("nan"), "an order without a customer."),
        ("customer_id", float("inf"), "an order without a customer."),
        ("customer_id", " ", "an order without a customer."),
        ("order_id", None, "an order without an id."),
    ],
)
def test_a_value_of_a_frame_that_cannot_be_read(column: str, value: Any, what: str) -> None:
    assert refused(FRAME.assign(**{column: [value]})).startswith(f"the DataFrame, row 0, column {column!r}: {what}")


@pytest.mark.parametrize("dtype", ["Int64", "Float64"])
def test_a_gap_in_a_nullable_column_is_a_missing_customer(dtype: Any) -> None:
    frame = pd.concat([FRAME, FRAME]).assign(customer_id=pd.array([1, None], dtype=dtype), order_id=["1", "2"])
    assert refused(frame).startswith("the DataFrame, row 1, column 'customer_id': an order without a customer.")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("column", "values", "dtype"),
    [
        ("order_ts", pd.PeriodIndex(["2024-01-05"], freq="D"), "period[D]"),
        ("amount", [1j], "complex128"),
        ("amount", pd.interval_range(0, 1), "interval[int64, right]"),
        ("amount", pd.arrays.SparseArray([1.0]), "Sparse[float64, nan]"),
        ("customer_id", pd.Series(["\ud800"], dtype=object), "object"),
    ],
)
def test_a_column_of_a_type_that_cannot_be_read(column: str, values: Any, dtype: str) -> None:
    message = refused(FRAME.assign(**{column: values}))
    assert message.startswith(f"the DataFrame, column {column!r} ({dtype}): ")
    assert message.endswith(f"or text with df[{column!r}].astype(str).")


@pytest.mark.slow
def test_times_with_and_without_zone_in_one_column() -> None:
    times = pd.Series([pd.Timestamp("2024-01-05", tz="UTC"), pd.Timestamp("2024-01-05")], dtype=object)
    assert refused(pd.concat([FRAME, FRAME]).assign(order_ts=times.to_numpy())).startswith(
        "the DataFrame, column 'order_ts' (object): "
    )


@pytest.mark.parametrize("frame", [pd.DataFrame(), pd.DataFrame(index=[1, 2])])
def test_a_frame_without_columns(frame: pd.DataFrame) -> None:
    assert refused(frame) == "the DataFrame: the DataFrame has no columns."


def test_a_frame_without_rows() -> None:
    assert refused(FRAME.iloc[:0]).startswith("the DataFrame: there are column names but no rows.")


@pytest.mark.parametrize(
    ("names", "what"),
    [
        (["amount", "amount"], "the column 'amount' is there more than once."),
        (["amount", "Amount"], "the columns 'amount' and 'Amount' differ only by case."),
        ([1, "1"], "the column '1' is there more than once."),
    ],
)
def test_a_frame_with_two_columns_of_one_name(names: list[Any], what: str) -> None:
    frame = pd.concat([FRAME[["customer_id", "order_ts"]], pd.DataFrame([[1, 2]], columns=names)], axis=1)
    assert refused(frame) == f"the DataFrame: {what} Rename one of them."


@pytest.mark.slow
@pytest.mark.parametrize("tables", [{}, {"sales": FRAME}, {1: FRAME, 2: FRAME}])
def test_tables_without_orders(tables: Any) -> None:
    assert refused(tables).startswith("There is no table called orders or order_lines; there ")


@pytest.mark.parametrize("value", [[1], None, "orders.csv", Decimal(1)])
def test_a_table_that_is_no_frame(value: Any) -> None:
    assert refused({"orders": value}) == f"orders: expected a pandas DataFrame, got a {type(value).__name__}."


# --- databases


def sqlite(path: Path, *statements: str) -> str:
    connection = sqlite3.connect(path)
    for statement in ("create table orders (customer_id, order_id, order_ts, amount)", *statements):
        connection.execute(statement)
    connection.commit()
    connection.close()
    return f"sqlite:///{path}"


def test_a_database_that_is_not_there() -> None:
    assert refused("sqlite:///nowhere.db") == (
        f"There is no database file 'nowhere.db' (from sqlite:///nowhere.db, seen from {Path.cwd()}). "
        "An absolute path takes four slashes: sqlite:////folder/file."
    )


@pytest.mark.parametrize("scheme", ["sqlite", "duckdb"])
def test_a_file_that_is_no_database(tmp_path: Path, scheme: str) -> None:
    file = written(tmp_path / "shop.db", "hello " * 1000)
    assert re.match(rf"{file} cannot be (read|opened) as an? (SQLite|DuckDB) file: .", refused(f"{scheme}:///{file}"))


def test_a_database_without_tables(tmp_path: Path) -> None:
    sqlite3.connect(tmp_path / "shop.db").close()
    assert refused(f"sqlite:///{tmp_path}/shop.db") == "shop.db: the database holds no table."


def test_a_table_that_the_database_does_not_have(tmp_path: Path) -> None:
    assert refused(sqlite(tmp_path / "shop.db") + "?table=order") == (
        "shop.db: there is no table 'order'. Did you mean 'orders'?"
    )


def test_a_database_without_orders(tmp_path: Path) -> None:
    source = sqlite(tmp_path / "shop.db", "alter table orders rename to sales", "create table products (a)")
    assert refused(source) == (
        "shop.db: none of its tables is called orders. Say which holds them: ...shop.db?table=products. "
        "There are: products, sales."
    )


def test_the_row_of_a_database_that_is_at_fault(tmp_path: Path) -> None:
    rows = "insert into orders values ('ann', 1, '2024-01-05', 1), ('bob', 2, '2024-01-05', 'x')"
    assert refused(sqlite(tmp_path / "shop.db", rows)).startswith(
        "table orders of shop.db, row 2, column 'amount': 'x' is not an amount."
    )


def test_bytes_in_a_database_that_are_no_text(tmp_path: Path) -> None:
    source = sqlite(tmp_path / "shop.db", "insert into orders values (x'ff', 1, '2024-01-05', 1)")
    assert "cannot be read as an SQLite file: Could not decode to UTF-8 column 'customer_id'" in refused(source)


@pytest.mark.parametrize("scheme", ["sqlite", "duckdb"])
def test_a_view_whose_table_is_gone(tmp_path: Path, scheme: str) -> None:
    statements = ["create table x (a integer)", "create view seen as select * from x", "drop table x"]
    if scheme == "sqlite":
        source = sqlite(tmp_path / "shop.db", *statements)
    else:
        source = f"duckdb:///{tmp_path}/shop.db"
        with duckdb.connect(str(tmp_path / "shop.db")) as connection:
            for statement in statements:
                connection.execute(statement)
    assert "shop.db" in refused(source)


def test_a_duckdb_file_that_is_open_elsewhere(tmp_path: Path) -> None:
    with duckdb.connect(str(tmp_path / "shop.duckdb")):
        assert "cannot be opened as a DuckDB file: " in refused(f"duckdb:///{tmp_path}/shop.duckdb")


def test_a_kind_of_source_that_is_not_known() -> None:
    assert refused("http://example.org/orders.csv").startswith(
        "http:// is not a known kind of source. Known: duckdb:///"
    )


# --- shop.toml, policy, as_of


def test_a_description_that_is_not_there() -> None:
    assert refused("nowhere.toml") == f"There is no file 'nowhere.toml' (seen from {Path.cwd()})."


def test_a_description_of_itself(tmp_path: Path) -> None:
    said = refused(written(tmp_path / "shop.toml", 'source = "shop.toml"'))
    assert said == "shop.toml: its source is 'shop.toml', another description. Name the orders themselves."


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ('source = "cdnow"\nsep = ";"', "Object contains unknown field `sep`"),
        ("decimal = 5", "Expected `str`, got `int` - at `$.decimal`"),
        ('as_of = "soon"\nsource = "cdnow"', "Expected `date | null`, got `str` - at `$.as_of`"),
        ("", "Object missing required field `source`"),
        ("[", "Invalid"),
    ],
)
def test_a_description_that_is_not_understood(tmp_path: Path, text: str, what: str) -> None:
    message = refused(written(tmp_path / "shop.toml", text))
    assert message.startswith("shop.toml: ")
    assert what.lower() in message.lower()
    assert message.endswith(
        "It may hold: source, columns, as_of, policy, query, encoding, decimal, date_format, preset, plugins."
    )


def test_a_policy_that_is_not_known() -> None:
    assert refused(FRAME, policy="fancy").startswith("There is no policy 'fancy'. Presets: standard, texts;")


def test_a_field_of_the_policy_that_is_not_known() -> None:
    assert refused(FRAME, policy={"orders": {"sameday": "merge"}}) == (
        "policy: Object contains unknown field `sameday` - at `$.orders`. Did you mean 'same_day'?"
    )


@pytest.mark.parametrize("day", ["soon", "", "31/12/2024", 20240101, pd.NaT, "2024-02-30"])
def test_an_as_of_that_is_no_day(day: Any) -> None:
    assert refused(FRAME, as_of=day) == f"{day!r} is not a day. Write it as 2024-12-31."


@pytest.mark.slow
def test_an_as_of_before_the_first_order() -> None:
    assert refused(FRAME, as_of="2020-01-01") == (
        "the DataFrame: there is no order up to 2020-01-01; the last is of 2024-01-05."
    )


def test_only_returns() -> None:
    assert refused(FRAME.assign(amount=-1)) == (
        "the DataFrame: no order is left once cancelled rows and returns are out."
    )


# --- kinds of error


@pytest.mark.parametrize("source", ["nowhere", "sqlite:///nowhere.db", "x.csv"])
def test_a_source_that_cannot_be_opened_is_a_source_error(source: str) -> None:
    with pytest.raises(SourceError):
        crmlib.open_shop(source)


def test_a_table_that_does_not_hold_what_it_must_is_a_schema_error() -> None:
    with pytest.raises(SchemaError):
        crmlib.open_shop(FRAME.drop(columns="amount"))
