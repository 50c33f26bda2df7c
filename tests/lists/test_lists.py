"""The list of customers: what it holds, where it goes, what it refuses, and whom it says to call."""

from __future__ import annotations

import re
import sqlite3
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from crmlib import customers, lists, open_shop, rfm
from crmlib.commands.main import main
from crmlib.csv_out import defused
from crmlib.errors import CrmlibError, SchemaError, SourceError
from crmlib.lists import files
from crmlib.lists.columns import CustomerList
from tests.examples import share

if TYPE_CHECKING:
    from pathlib import Path

    from crmlib.shop import Shop

pytestmark = pytest.mark.slow
#: Two hundred customers of half a year, the seventh of whom has an id that a spreadsheet would run.
RUNS = '=HYPERLINK("evil")'


def sales() -> pd.DataFrame:
    chance = np.random.default_rng(4)
    who = np.array([RUNS if number == 7 else f"{number:04d}" for number in range(200)])
    rows = 900
    return pd.DataFrame(
        {
            "customer_id": chance.choice(who, rows),
            "order_ts": pd.Timestamp("2024-01-01") + pd.to_timedelta(chance.integers(0, 180, rows), unit="D"),
            "amount": chance.gamma(4, 10, rows).round(2),
        }
    )


@pytest.fixture(scope="module")
def orders_only() -> Shop:
    return open_shop(sales(), as_of="2024-06-30")


@pytest.fixture(scope="module")
def scored(orders_only: Shop) -> CustomerList:
    return lists.customer_list(orders_only)


@pytest.fixture(scope="module")
def orders_csv(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("orders") / "orders.csv"
    sales().to_csv(path, index=False)
    return path


def run(*arguments: object) -> Any:
    return CliRunner().invoke(main, [str(each) for each in arguments])


def test_it_has_a_row_per_customer_and_what_the_analyses_say(scored: CustomerList, orders_only: Shop) -> None:
    table = scored.table.to_pandas().set_index("customer_id")
    bought = sales().groupby("customer_id")["amount"].agg(["size", "sum"])
    assert table["orders"].to_dict() == bought["size"].to_dict()
    np.testing.assert_allclose(table["spend"], bought["sum"])
    score = rfm.score(orders_only.orders, as_of="2024-06-30").to_pandas().set_index("customer_id")
    assert table["segment"].to_dict() == score["segment"].to_dict()
    assert set(table["as_of"]) == {date(2024, 6, 30)}
    assert set(table["horizon_months"]) == {orders_only.policy.clv.horizon_months}
    assert table["cltv"].notna().all()
    assert table["cltv_low"].notna().all() or "do not settle" in scored.missing["cltv_low"]


def test_every_column_is_explained_and_has_its_type_also_where_it_is_empty(scored: CustomerList) -> None:
    assert list(scored.columns["column"]) == scored.table.column_names
    assert scored.columns["label"].ne("").all()
    types = dict(zip(scored.table.column_names, scored.table.schema.types, strict=True))
    assert (types["last_login"], types["score"], types["next_offer"]) == (pa.timestamp("us"), pa.float64(), pa.string())
    empty = [name for name in scored.table.column_names if scored.table[name].null_count == scored.table.num_rows]
    assert set(empty) <= set(scored.missing)


def test_files_hold_the_same_and_run_nothing(scored: CustomerList, tmp_path: Path) -> None:
    for ending in files.ENDINGS:
        target = lists.target_of(str(tmp_path / f"scores{ending}"))
        target.check()
        target.write(scored)
        first = (tmp_path / f"scores{ending}").read_bytes()
        target.check()  # a list that is there may be replaced
        target.write(scored)
        assert (tmp_path / f"scores{ending}").read_bytes() == first
    whole = pq.read_table(tmp_path / "scores.parquet")
    assert whole.equals(scored.table)
    text = pd.read_csv(tmp_path / "scores.csv", dtype={"customer_id": str, "code": str})
    sheet = pd.read_excel(tmp_path / "scores.xlsx", engine="openpyxl", dtype={"customer_id": str, "code": str})
    guarded = [defused(one) for one in whole["customer_id"].to_pylist()]
    assert text["customer_id"].tolist() == sheet["customer_id"].tolist() == guarded
    assert f"'{RUNS}" in guarded
    for table in (text, sheet):
        np.testing.assert_allclose(table["cltv"], whole["cltv"].to_pandas())
    explained = pd.read_csv(tmp_path / "scores_columns.csv")
    assert explained["column"].tolist() == text.columns.tolist() == sheet.columns.tolist()


@settings(max_examples=share(60), deadline=None)
@given(st.lists(st.one_of(st.none(), st.text(max_size=6), st.from_regex(r"[\s\ufeff]*[=+@\uff1d\t-].*")), min_size=1))
def test_cells_are_guarded_as_all_csv_files_are(cells: list[str | None]) -> None:
    column = pa.chunked_array([pa.array(cells, pa.string())])
    assert files._guarded(column).to_pylist() == [defused(cell) for cell in cells]


@pytest.mark.parametrize("scheme", ["sqlite", "duckdb"])
def test_a_database_has_one_row_per_customer_and_day(scheme: str, scored: CustomerList, tmp_path: Path) -> None:
    url = f"{scheme}:///{tmp_path}/crm.db"
    target = lists.target_of(url)
    target.check()
    assert not (tmp_path / "crm.db").exists()  # trying leaves nothing behind
    rows = scored.table.num_rows
    assert f"{rows} new rows)" in target.write(scored)
    assert f"0 new rows, {rows} replaced" in target.write(scored)
    later = scored.table.set_column(1, "as_of", pa.array([date(2024, 7, 31)] * rows))
    fewer = later.drop_columns(["csat"]).append_column("novel", pa.array(range(rows)))
    target.check()
    text = target.write(CustomerList(fewer, scored.columns, {}, {}))
    assert f"{rows} new rows" in text
    assert text.endswith("columns added: novel")
    table = read(url)
    assert len(table) == 2 * rows
    assert table["novel"].notna().sum() == rows
    assert sorted(table["cltv"]) == pytest.approx(sorted(scored.table["cltv"].to_pylist() * 2))
    assert table["last_order"].astype(str).str[:10].min() == str(scored.table["last_order"].to_pandas().min())[:10]
    wrong = scored.table.set_column(5, "orders", pa.array(["many"] * rows))
    with pytest.raises(SourceError, match=r"column orders of the table crmlib_customers is .*, and the list's is text"):
        target.write(CustomerList(wrong, scored.columns, {}, {}))
    assert len(read(url)) == 2 * rows


def read(url: str) -> pd.DataFrame:
    path = url.partition(":///")[2]
    if url.startswith("sqlite"):
        with sqlite3.connect(path) as connection:
            return pd.read_sql("select * from crmlib_customers", connection)
    import duckdb

    with duckdb.connect(path) as connection:
        return connection.execute("from crmlib_customers").df()


def test_scores_may_stand_in_the_file_that_the_orders_come_from(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/shop.db"
    with sqlite3.connect(tmp_path / "shop.db") as connection:
        sales().assign(order_ts=lambda table: table["order_ts"].astype(str)).to_sql("sales", connection, index=False)
    for _ in range(2):  # the second time, the table of scores is there
        result = run("score", url, "--out", url)
        assert (result.exit_code, result.exception) == (0, None), result.output
    assert "0 new rows" in result.output


@pytest.mark.parametrize(
    ("out", "sentence"),
    [
        ("scores.txt", r"a list is written as \.csv or \.parquet or \.xlsx\."),
        ("scores.cvs", r"Did you mean '\.csv'\?"),
        ("scores", r"Write scores\.csv or scores\.parquet or scores\.xlsx\."),
        (".", r"a list is written as|is a folder"),
        ("taken.csv", r"the file is there, and is no such list of crmlib's"),
        ("taken.csv/scores.csv", r"nothing can be written there \(Not a directory\)"),
        ("/proc/none/scores.csv", r"nothing can be written there"),
        ("mysql://host/shop", r"lists are written to no such database"),
        ("postgres://host/shop", r"Did you mean 'postgresql'\?"),
        ("sqlite:///none/crm.db", r"there is no folder 'none'"),
        ("sqlite:///taken.csv", r"cannot be written as an SQLite file|the list cannot be written"),
        ("duckdb:///taken.csv", r"is there, and is no DuckDB file"),
        ("sqlite:///crm.db?tabel=x", r"tabel= is not understood here\. Did you mean 'table'\?"),
        ("sqlite:///other.db?table=orders", r"is no list of customers by day \(it has no column as_of\)"),
    ],
)
def test_what_cannot_be_written_is_refused_before_anything_is_read(
    out: str, sentence: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "taken.csv").write_text("customer_id,email\n" * 200, encoding="utf-8")
    with sqlite3.connect("other.db") as connection:
        connection.execute("create table orders (customer_id text)")
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    result = run("score", "no-such-source.csv", "--out", out)
    assert result.exit_code == 2
    assert result.output.count("Error:") == 1
    assert re.search(sentence, result.output)
    assert "no-such-source" not in result.output
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_a_list_is_never_one_of_the_shops_own_tables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shop = tmp_path / "shop"
    shop.mkdir()
    sales().to_csv(shop / "orders.csv", index=False)
    monkeypatch.chdir(tmp_path)
    for source in (shop, "shop", "./shop/"):
        for out in (shop / "customers.csv", "shop/customers.csv", "shop/new/customers.csv"):
            for command in ("score", "top"):
                result = run(command, source, "--out", out)
                assert (result.exit_code, "would be taken for one of its tables" in result.output) == (2, True), out
    monkeypatch.chdir(shop)
    assert run("score", ".", "--out", "customers.parquet").exit_code == 2
    monkeypatch.undo()
    tmp_path = shop
    result = run("score", tmp_path / "orders.csv", "--out", tmp_path / "orders.csv")
    assert "is no such list of crmlib's" in result.output


def test_the_command_says_what_is_there_what_is_empty_and_how_good_it_is(orders_csv: Path, tmp_path: Path) -> None:
    out = tmp_path / "new" / "scores.csv"
    result = run("score", orders_csv, "--out", out, "--as-of", "2024-06-30")
    assert result.exit_code == 0, result.output
    assert "Opened orders: 900 orders" in result.output
    assert "customers as of 2024-06-30" in result.output
    assert "Empty: last_login, days_since_login, no_login: the shop has no table of logins." in result.output
    assert re.search(
        r"churn_risk, tried as of 2024-04-01: \d+% were expected to order nothing, \d+% did", result.output
    )
    assert sorted(path.name for path in out.parent.iterdir()) == ["scores.csv", "scores_columns.csv"]


@pytest.mark.parametrize("rows", [1, 3])
def test_a_tiny_shop_has_a_list_too(rows: int, tmp_path: Path) -> None:
    sales().head(rows).to_csv(tmp_path / "orders.csv", index=False)
    result = run("score", tmp_path / "orders.csv", "--out", tmp_path / "out.parquet")
    assert result.exit_code == 0, result.output
    table = pq.read_table(tmp_path / "out.parquet")
    assert table.num_rows == sales().head(rows)["customer_id"].nunique()
    assert table["cltv"].null_count == table.num_rows
    assert "cltv" in result.output  # and why it is empty


def consented(**allowed: bool | None) -> dict[str, pd.DataFrame]:
    """Make a shop of two hundred, some of whom allow calls, withdrew, or said nothing."""
    data = sales()
    data["customer_id"] = data["customer_id"].replace(RUNS, "0007")
    ids = sorted(data["customer_id"].unique())
    given = [one for one in ids if allowed.get(f"c{one}", True) is not None]
    gone = [one for one in given if not allowed.get(f"c{one}", True)]
    day = pd.Timestamp("2024-01-01")
    return {
        "orders": data,
        "customers": pd.DataFrame({"customer_id": ids, "first_name": "Ann", "last_name": ids,
                                   "phone": [f"+39312345{one}" for one in ids]}),
        "consents": pd.DataFrame({"customer_id": given, "channel": "phone", "purpose": "marketing", "given_ts": day,
                                  "withdrawn_ts": [day + pd.Timedelta(days=9) if one in gone else pd.NaT
                                                   for one in given]}),
    }  # fmt: skip


def test_who_may_not_be_called_is_not_on_the_list_and_is_counted() -> None:
    whole = open_shop(consented(), as_of="2024-06-30")
    everybody = lists.top(whole, n=200).list
    value = customers.profile(whole, columns=["value_at_risk"])["value_at_risk"].dropna()
    expected = value.sort_values(ascending=False, kind="stable")
    np.testing.assert_allclose(everybody["value_at_risk"], expected)
    first, second, third = everybody["customer_id"].head(3)
    shop = open_shop(consented(**{f"c{first}": False, f"c{second}": None}), as_of="2024-06-30")
    calls = lists.top(shop, n=5)
    assert calls.list["customer_id"].tolist() == everybody["customer_id"].iloc[2:7].tolist()
    assert calls.held == {"withdrew or objected": 1, "never allowed calls": 1}
    assert calls.list["phone"].tolist() == [f"+39312345{one}" for one in calls.list["customer_id"]]
    marked = lists.top(shop, n=3, everybody=True)
    assert marked.list["customer_id"].tolist() == [first, second, third]
    assert marked.list["may_call"].tolist() == [False, False, True]
    assert marked.list["phone"].notna().tolist() == [False, False, True]


def test_a_reason_says_segment_rhythm_and_value() -> None:
    shop = open_shop(consented(), as_of="2024-06-30")
    facts = customers.profile(shop)
    for row in lists.top(shop, n=20, language="it").list.to_dict("records"):
        fact = facts.loc[row["customer_id"]]
        assert row["reason"].startswith(f"{row['segment']}; last order on {fact['last_order']:%Y-%m-%d}, ")
        assert f"{fact['value_at_risk']:,.2f} at risk (the shop's currency)" in row["reason"]
        assert f"{fact['cltv']:,.2f} expected" in row["reason"]
    once = lists.top(shop, "days_since_order", n=200).list["reason"]
    assert once.str.contains(r"ago, (?:orders on one day only|within the usual gap|\d+\.\d times the usual gap)").all()


@pytest.mark.parametrize(
    ("by", "sentence"),
    [
        ("valu_at_risk", "Did you mean 'value_at_risk'?"),
        ("segment", "segment is no number to rank by. There are: days_since_registration"),
        ("", "there is no measure ''"),
        ("may_phone", "may_phone is no number"),
    ],
)
def test_a_measure_that_is_none_is_refused_before_anything_is_read(by: str, sentence: str) -> None:
    result = run("top", "no-such-source.csv", "--by", by)
    assert result.exit_code == 2
    assert sentence in result.output
    with pytest.raises(CrmlibError):
        lists.check_measure(by)


def test_without_permissions_nobody_is_called(orders_csv: Path, tmp_path: Path) -> None:
    result = run("top", orders_csv, "--out", tmp_path / "calls.csv")
    assert result.exit_code == 0, result.output
    assert "On the list: 0 customers" in result.output
    assert "the shop holds no permission of anybody (" in result.output
    assert len(pd.read_csv(tmp_path / "calls.csv")) == 0
    marked = run("top", orders_csv, "--all", "--n", 3, "--by", "spend", "--out", tmp_path / "calls.csv")
    assert marked.output.count("(may not be called)") == 3
    top = pd.read_csv(tmp_path / "calls.csv", dtype={"customer_id": str})["customer_id"]
    spend = sales().groupby("customer_id")["amount"].sum().sort_values(ascending=False)
    assert top.tolist() == [defused(one) for one in spend.index[:3]]


def test_consents_that_cannot_be_read_stop_the_list() -> None:
    tables = consented()
    tables["consents"]["withdrawn_ts"] = "soon"
    with pytest.raises(SchemaError):
        lists.top(open_shop(tables, as_of="2024-06-30"))


def test_a_run_of_everything_leaves_the_customers(orders_csv: Path, tmp_path: Path) -> None:
    text = files.leave_customers(str(orders_csv), "2024-06-30", tmp_path)
    assert text == "Customers: one row each in customers.csv and customers.parquet, beside the report."
    names = ["customers.csv", "customers.parquet", "customers_columns.csv"]
    assert sorted(path.name for path in tmp_path.iterdir()) == names
    table = pq.read_table(tmp_path / "customers.parquet")
    assert table.num_rows == sales()["customer_id"].nunique()
    assert set(table["as_of"].to_pylist()) == {date(2024, 6, 30)}


def test_a_run_goes_on_where_the_customers_cannot_be_listed(tmp_path: Path) -> None:
    sales().to_csv(tmp_path / "orders.csv", index=False)
    (tmp_path / "consents.csv").write_text("customer_id,channel,purpose,given_ts\n0001,email,marketing,soon\n", "utf-8")
    text = files.leave_customers(str(tmp_path), "2024-06-30", tmp_path / "out")
    assert text.startswith("Customers: no list, for it cannot be made. consents")
    assert not (tmp_path / "out").exists()
