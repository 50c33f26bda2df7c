"""The list of customers as a table of PostgreSQL."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import pandas as pd
import pyarrow as pa
import pytest

from crmlib import lists, open_shop
from crmlib.errors import SourceError
from crmlib.lists.columns import CustomerList
from tests.postgres import PASSWORD, Postgres, postgres_programs, running

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [pytest.mark.needs("postgres", "python:adbc_driver_postgresql"), pytest.mark.full]


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    programs = postgres_programs()
    assert programs is not None
    with running(programs) as postgres:
        yield postgres


def test_a_customer_has_one_row_per_day(server: Postgres) -> None:
    sales = pd.DataFrame(
        {
            "customer_id": ["ann", "bob", "ann"],
            "order_ts": ["2024-01-01", "2024-01-05", "2024-02-01"],
            "amount": [10, 20, 15],
        }
    )
    scored = lists.customer_list(open_shop(sales, as_of="2024-03-01"))
    target = lists.target_of(f"{server.url}?table=scores")
    target.check()
    assert server.execute("select to_regclass('scores')") == (None,)  # trying leaves nothing behind
    text = target.write(scored)
    assert "(2 new rows)" in text
    assert PASSWORD not in text
    assert "0 new rows, 2 replaced" in target.write(scored)
    later = scored.table.set_column(1, "as_of", pa.array([date(2024, 4, 1)] * 2)).append_column(
        "novel", pa.array([1, 2])
    )
    target.check()
    assert target.write(CustomerList(later, scored.columns, {}, {})).endswith("columns added: novel")
    assert server.execute("select count(*), count(novel), sum(orders)::bigint, max(last_order)::text from scores") == (
        (4, 2, 6, "2024-02-01 00:00:00")
    )
    wrong = scored.table.set_column(5, "orders", pa.array(["many"] * 2))
    with pytest.raises(SourceError, match="column orders of the table scores is bigint"):
        target.write(CustomerList(wrong, scored.columns, {}, {}))


def test_a_table_of_another_kind_and_a_wrong_password_are_refused(server: Postgres) -> None:
    server.execute("create table clients (customer_id text)")
    with pytest.raises(SourceError, match="the table clients is there, and is no list of customers by day"):
        lists.target_of(f"{server.url}?table=clients").check()
    wrong = server.shown.replace("shop@", "shop:nonsense9@")
    with pytest.raises(SourceError, match="password authentication failed") as refused:
        lists.target_of(wrong).check()
    assert "nonsense9" not in str(refused.value)
