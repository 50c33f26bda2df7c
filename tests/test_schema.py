from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from crmlib.errors import SchemaError
from crmlib.shop.required import require
from crmlib.shop.schema import TABLES, match_columns
from crmlib.words import did_you_mean

LINES = TABLES["order_lines"]


def match(*there: str, **mapped: str) -> dict[str, str]:
    return match_columns(there, LINES, mapped=mapped, place="orders.csv")


@pytest.mark.parametrize(
    ("there", "name"),
    [
        *(("CustomerID", "customer_id"), ("Customer ID", "customer_id"), ("client", "customer_id")),
        *(("Codice Cliente", "customer_id"), ("household_id", "customer_id"), ("Invoice No.", "order_id")),
        *(("ORDER-DATE", "order_ts"), ("InvoiceDate", "order_ts"), ("data ordine", "order_ts")),
        *(("Unit Price", "unit_price"), ("Qty", "quantity"), ("Financial Status", "status")),
    ],
)
def test_usual_spellings_are_recognised(there: str, name: str) -> None:
    assert match(there) == {name: there}


@pytest.mark.parametrize("there", ["", "_", "Ünïcode", "زبون", "😀", "customer_id; drop table", "amountt"])
def test_other_names_are_left_alone(there: str) -> None:
    assert match(there) == {}


def test_the_callers_word_counts_before_a_spelling() -> None:
    assert match("Customer", "User", customer_id="User") == {"customer_id": "User"}


def test_our_own_name_counts_before_a_spelling() -> None:
    assert match("customer_id", "Customer") == {"customer_id": "customer_id"}


def test_a_column_that_is_taken_is_not_taken_twice() -> None:
    assert match("date", amount="date") == {"amount": "date"}


def test_two_columns_that_could_be_meant_are_an_error() -> None:
    with pytest.raises(SchemaError) as caught:
        match("Customer", "User ID")
    assert str(caught.value) == (
        "orders.csv: 'Customer' and 'User ID' could each be customer_id (who bought). "
        "Say which: columns={'customer_id': 'Customer'}."
    )


def test_a_mapped_column_that_is_not_there_is_an_error() -> None:
    with pytest.raises(SchemaError) as caught:
        match("Customer", "Date", customer_id="Custmer")
    assert str(caught.value) == (
        "orders.csv: there is no column 'Custmer' to use as customer_id. Did you mean 'Customer'?"
    )


def test_a_mapping_of_a_name_that_we_do_not_know_is_an_error() -> None:
    with pytest.raises(SchemaError) as caught:
        match("Customer", customer="Customer")
    assert str(caught.value) == ("columns={'customer': ...}: there is no such name here. Did you mean 'customer_id'?")


@pytest.mark.parametrize(
    ("there", "hint"),
    [
        (["customer", "date"], "Did you mean 'customer'?"),
        (["date", "total"], "There are: date, total."),
        ([], "There is nothing there."),
    ],
)
def test_a_hint_names_the_likeliest_or_lists_all(there: list[str], hint: str) -> None:
    assert did_you_mean("custmer", there) == hint


def test_a_table_that_lacks_a_column_is_refused() -> None:
    with pytest.raises(SchemaError, match=r"^orders: there is no column 'amount'. Did you mean 'Amount'\? crmlib"):
        require(pd.DataFrame({"Amount": [1]}), "orders", ["amount"])


def test_a_table_that_lacks_a_value_is_refused() -> None:
    with pytest.raises(SchemaError, match=r"^orders, row 1, column 'amount': there is no value. Fill it in, or leave"):
        require(pd.DataFrame({"amount": [1, None]}), "orders", ["amount"])


def test_a_value_that_may_be_missing_may() -> None:
    require(pd.DataFrame({"quantity": [1, None]}), "lines", ["quantity"], may_be_empty=["quantity"])


@pytest.mark.parametrize("table", [[1], "orders", None])
def test_what_is_no_table_is_refused(table: Any) -> None:
    with pytest.raises(SchemaError, match=r"^orders: expected a table, got a"):
        require(table, "orders", ["amount"])
