"""The simulated shop as a source: its tables, its zone, and a truth that only those find who ask for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from crmlib.errors import SourceError
from crmlib.synth import has_truth, read_truth
from crmlib.synth.dictionary import TABLES, TRUTH
from crmlib.synth.shipped import SHOP_TABLES

if TYPE_CHECKING:
    from pathlib import Path

    from crmlib.shop import Shop


@pytest.fixture(scope="module")
def shop(shipped: Shop) -> Shop:
    return shipped


def test_it_has_the_tables_of_the_simulator(shop: Shop) -> None:
    simulated = set(shop.tables) - {"order_codes"}  # read off the orders
    assert sorted(simulated) == sorted(SHOP_TABLES) == sorted(table.name for table in TABLES)


def test_its_time_is_italian(shop: Shop) -> None:
    assert shop.policy.orders.timezone == "Europe/Rome"


def test_no_column_of_the_truth_is_in_its_tables(shop: Shop) -> None:
    known = {column.name for table in TABLES for column in table.columns}
    hidden = {column.name for table in TRUTH for column in table.columns} - known
    seen = {column for name in shop.tables for column in getattr(shop, name).columns}
    assert hidden
    assert seen & hidden == set()


def test_the_truth_is_there_for_those_who_ask(shop: Shop) -> None:
    customers = shop.customers.to_pandas()["customer_id"]
    assert sorted(read_truth("customers")["customer_id"]) == sorted(customers)


def test_real_shops_have_no_truth(tmp_path: Path) -> None:
    assert not has_truth("complete-journey")
    with pytest.raises(SourceError, match="there is no truth beside it"):
        read_truth("customers", tmp_path)


def test_an_unknown_table_of_the_truth_names_the_nearest() -> None:
    with pytest.raises(SourceError, match="Did you mean 'customers'"):
        read_truth("customer")
