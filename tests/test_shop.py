from __future__ import annotations

from datetime import date, datetime
from typing import Any

import pandas as pd
import pytest

import crmlib
from crmlib.errors import SchemaError

SALES = pd.DataFrame(
    {
        "Customer": ["ann", "bob", "ann"],
        "Date": ["2024-01-05", "2024-02-01", "2024-03-01"],
        "Total": [10.0, 5.25, 2.5],
    }
)


def test_the_orders_are_the_four_columns() -> None:
    assert crmlib.open_shop(SALES).orders.columns == ["customer_id", "order_id", "order_ts", "amount"]


def test_as_of_is_the_day_after_the_last_order() -> None:
    assert crmlib.open_shop(SALES).as_of == date(2024, 3, 2)


def test_a_last_order_late_in_the_evening_does_not_move_as_of() -> None:
    assert crmlib.open_shop(SALES.replace("2024-03-01", "2024-03-01 23:59:59.999999")).as_of == date(2024, 3, 2)


@pytest.mark.slow
@pytest.mark.parametrize(
    "day", [date(2024, 2, 1), "2024-02-01", "20240201", datetime.fromisoformat("2024-02-01T09:00"), "2024-02-01T09:00"]
)
def test_as_of_is_a_day_and_counts_to_its_end(day: Any) -> None:
    shop = crmlib.open_shop(SALES.replace("2024-02-01", "2024-02-01 23:59:59"), as_of=day)
    assert (shop.as_of, len(shop.orders)) == (date(2024, 2, 1), 2)


def test_as_of_may_be_the_last_day_there_is() -> None:
    assert len(crmlib.open_shop(SALES, as_of="9999-12-31").orders) == 3


def test_what_was_derived_or_recognised_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    crmlib.open_shop(SALES)
    assert capsys.readouterr().out == (
        "Opened dataframe: 3 orders of 2 customers, 2024-01-05 to 2024-03-01 (times in UTC).\n"
        "As of 2024-03-02, the day after the last order.\n"
        "Columns taken: customer_id = 'Customer', order_ts = 'Date', amount = 'Total'.\n"
        "No order ids: each row is an order.\n"
    )


def test_what_was_told_is_not_said_again(capsys: pytest.CaptureFixture[str]) -> None:
    names = {"customer_id": "Customer", "order_ts": "Date", "amount": "Total"}
    crmlib.open_shop(SALES, columns=names, as_of="2024-01-31", policy={"orders": {"timezone": "Europe/Rome"}})
    assert capsys.readouterr().out == (
        "Opened dataframe: 1 order of 1 customer, 2024-01-05 to 2024-01-05 (times in Europe/Rome).\n"
        "As of 2024-01-31.\n"
        "No order ids: each row is an order.\n"
    )


def test_a_column_of_ours_that_another_could_also_be_is_taken(capsys: pytest.CaptureFixture[str]) -> None:
    shop = crmlib.open_shop(SALES.assign(customer_id=["x", "y", "z"]))
    assert (set(shop.orders.to_pandas()["customer_id"]), "customer_id =" in capsys.readouterr().out) == (
        set("xyz"),
        False,
    )


def test_a_table_that_it_lacks_is_an_error_that_says_who_has_it() -> None:
    with pytest.raises(SchemaError) as caught:
        _ = crmlib.open_shop(SALES).products
    assert str(caught.value) == (
        "The shop 'dataframe' has no table 'products'; it has orders. Sources that have it: shop, complete-journey."
    )


def test_a_table_that_nobody_has_is_an_error_that_says_so() -> None:
    with pytest.raises(SchemaError, match=r"No known source has a table of that name\.$"):
        _ = crmlib.open_shop(SALES).invoices


def test_a_table_that_it_lacks_is_no_attribute() -> None:
    assert not hasattr(crmlib.open_shop(SALES), "products")


def test_its_tables_are_attributes_that_dir_lists() -> None:
    assert {"orders", "quality", "as_of"} <= set(dir(crmlib.open_shop(SALES)))


def test_it_shows_what_it_is() -> None:
    assert repr(crmlib.open_shop(SALES)) == "<Shop dataframe as of 2024-03-02: orders>"


def test_it_keeps_its_policy() -> None:
    assert crmlib.open_shop(SALES, policy="texts").policy.rfm.segment_map == "descriptive"


@pytest.mark.parametrize("column", ["quantity", "product_id"])
def test_what_an_order_is_of_is_kept_as_lines(column: str) -> None:
    shop = crmlib.open_shop(SALES.assign(**{column: [1, 2, 3]}))
    assert shop.order_lines.columns == ["customer_id", "order_id", "order_ts", "amount", column]


def test_lines_are_kept_as_they_were_and_orders_are_their_sums() -> None:
    shop = crmlib.open_shop({"order_lines": SALES.assign(order_id=[1, 2, 1], quantity=[1, 1, 4])})
    assert (len(shop.order_lines), shop.orders.to_pandas()["amount"].tolist()) == (3, [12.5, 5.25])


def test_lines_beside_orders_are_read_too() -> None:
    lines = SALES.assign(order_id=[1, 2, 1], qty=[1, 1, 4])
    shop = crmlib.open_shop({"orders": SALES.assign(order_id=[1, 2, 3]), "order_lines": lines}, as_of="2024-02-28")
    assert shop.order_lines.to_pandas()["quantity"].tolist() == [1.0, 1.0]


def test_a_missing_quantity_is_unknown() -> None:
    shop = crmlib.open_shop(SALES.assign(quantity=["1", "", "3"]))
    assert shop.order_lines.to_pandas()["quantity"].isna().sum() == 1


def test_quantity_times_price_is_the_amount_where_there_is_none() -> None:
    frame = SALES.drop(columns="Total").assign(qty=["2", "1", "3"], price=["1.10", "5", "0.1"])
    assert crmlib.open_shop(frame).orders.to_pandas()["amount"].tolist() == [2.2, 0.3, 5.0]


def test_ids_of_other_tables_join_with_the_orders() -> None:
    customers = pd.DataFrame({"customer_id": [1.0, 2.0, None], "city": ["Roma", "Forlì", "?"]})
    shop = crmlib.open_shop({"orders": SALES.assign(Customer=[1, 2, 1]), "customers": customers})
    joined = shop.orders.to_pandas().merge(shop.customers.to_pandas(), on="customer_id")
    assert joined["city"].tolist() == ["Roma", "Roma", "Forlì"]


def test_quality_is_a_table_of_findings() -> None:
    assert crmlib.open_shop(SALES).quality().to_dict("split")["data"] == [
        ["rows read", 3, pytest.approx(float("nan"), nan_ok=True)],
        ["orders", 3, 17.75],
    ]


@pytest.mark.slow
def test_two_shops_do_not_disturb_each_other() -> None:
    first, second = crmlib.open_shop(SALES), crmlib.open_shop(SALES.assign(Total=1))
    assert (first.orders.to_pandas()["amount"].sum(), second.orders.to_pandas()["amount"].sum()) == (17.75, 3.0)
