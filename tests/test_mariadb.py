"""Orders from a real MariaDB, by the driver that serves MySQL, too."""

from __future__ import annotations

import subprocess
import sys
import threading
import tracemalloc
from typing import TYPE_CHECKING

import pytest

import crmlib
from crmlib.errors import SchemaError, SourceError
from crmlib.sources import fingerprint
from crmlib.sources.dialects import Dialect
from tests.mariadb import running
from tests.postgres import PASSWORD, SPELLED
from tests.scale.test_same_answers import KINDS, expected, read

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.mariadb import MariaDB

pytestmark = [pytest.mark.needs("mariadbd", "python:pymysql", "python:sqlalchemy"), pytest.mark.full]

ROWS = 120_000
MANY = f"""
    create table many as
    select seq as id, concat('c', seq * 7919 % 30000) as customer_id, seq as order_id,
    timestamp '2023-01-01 00:00:00' + interval seq * 40 second as order_ts,
    cast(seq * 37 % 100000 as decimal(12, 2)) / 100 as amount, repeat('x', 200) as note
    from seq_1_to_{ROWS}
"""


@pytest.fixture(scope="module")
def server() -> Iterator[MariaDB]:
    with running() as mariadb:
        mariadb.execute(
            MANY,
            'create table `odd "name"` (customer_id text, `Order Date` datetime, Total decimal(9, 2))',
            "insert into `odd \"name\"` values ('ann', '2024-01-05 10:00', 10.10), ('bob', '2024-02-01 18:30', 5)",
        )
        yield mariadb


def refused(url: str, error: type[Exception] = SourceError) -> str:
    with pytest.raises(error) as raised:
        crmlib.open_shop(url)
    assert PASSWORD not in str(raised.value)
    assert SPELLED not in str(raised.value)
    return str(raised.value)


def test_orders_to_the_cent(server: MariaDB, capsys: pytest.CaptureFixture[str]) -> None:
    shop = crmlib.open_shop(f"{server.url}?table=many")
    assert f"Opened shop: {ROWS:,} orders of 30,000 customers, 2023-01-01 to " in capsys.readouterr().out
    expected = sum(i * 37 % 100000 for i in range(1, ROWS + 1))
    assert shop.orders.engine.rows(f"select sum(amount) * 100 from {shop.orders.name}") == [(expected,)]


def test_a_table_with_quotes_in_its_name(server: MariaDB) -> None:
    shop = crmlib.open_shop(f"{server.url}?table=odd%20%22name%22")
    assert shop.orders.to_pandas()["amount"].tolist() == [10.10, 5.0]


def test_a_query_of_ones_own(server: MariaDB) -> None:
    query = "select customer_id, order_ts, amount from many where order_id <= 3 and note like 'x%'"
    assert len(crmlib.open_shop(server.url, query=query).orders) == 3


def test_rows_are_not_gathered_by_the_driver(server: MariaDB) -> None:
    from crmlib.sources.addresses import address

    dialect = Dialect(address(server.url))
    assert "amount" in dialect.columns("many", ".")
    tracemalloc.start()
    try:
        reader = dialect.batches("select customer_id, order_ts, amount from many")
        first = reader.read_next_batch()
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
        dialect.close()
    assert 0 < first.num_rows < ROWS / 2
    assert peak < 75e6  # all of them would be more than twice that


def test_the_fingerprint_sees_a_changed_cent(server: MariaDB) -> None:
    url = f"{server.url}?table=odd%20%22name%22"
    before = fingerprint(url)
    server.execute("update `odd \"name\"` set Total = Total + .01 where customer_id = 'bob'")
    changed = fingerprint(url)
    server.execute("update `odd \"name\"` set Total = Total - .01 where customer_id = 'bob'")
    assert before == fingerprint(url) != changed


def test_a_wrong_password(server: MariaDB) -> None:
    said = refused(server.url.replace(SPELLED, "wr0ng"))
    assert said.startswith(f"mariadb://shop@127.0.0.1:{server.port}/shop: ")
    assert "Access denied" in said
    assert "wr0ng" not in said


def test_an_unknown_table(server: MariaDB) -> None:
    assert refused(f"{server.url}?table=mani", SchemaError).endswith("there is no table 'mani'. Did you mean 'many'?")


def test_a_connection_that_breaks_half_way(server: MariaDB, monkeypatch: pytest.MonkeyPatch) -> None:
    from crmlib.sources import dialects

    monkeypatch.setattr(dialects, "_BATCH", 10_000)
    seen = threading.Event()
    real = Dialect._text

    def text(self: Dialect, value: object) -> str | None:
        if not seen.is_set():
            seen.set()
            server.execute(
                "begin not atomic for p in (select id from information_schema.processlist where user = 'shop' "
                "and id <> connection_id()) do kill connection p.id; end for; end"
            )
        return real(self, value)

    monkeypatch.setattr(Dialect, "_text", text)
    said = refused(f"{server.url}?table=many")
    assert "reading stopped after" in said
    assert "none of them is kept" in said


def test_the_command_shows_no_password(server: MariaDB) -> None:
    source = f"{server.url}?table=odd%20%22name%22"
    done = subprocess.run(
        [sys.executable, "-m", "crmlib", "data", "describe", source],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert PASSWORD not in done.stdout + done.stderr
    assert SPELLED not in done.stdout + done.stderr


def test_orders_are_read_as_from_anywhere_else(server: MariaDB) -> None:
    from pymysql.converters import escape_item

    types = {"int64": "bigint", "string": "varchar(40)", "double": "double", "timestamp[us]": "datetime(6)"}
    for number, (name, kind) in enumerate(KINDS.items()):
        table, schema = f"kind_{number}", kind.table.schema
        if schema.field("order_ts").type.tz:
            continue  # a datetime holds no zone
        columns = ", ".join(f"{each.name} {types.get(str(each.type), 'decimal(18, 2)')}" for each in schema)
        rows = [", ".join(escape_item(value, "utf8mb4") for value in row.values()) for row in kind.table.to_pylist()]
        server.execute(
            f"create table {table} ({columns}) collate utf8mb4_bin",
            f"insert into {table} values {', '.join(f'({row})' for row in rows)}",
        )
        assert read(f"{server.url}?table={table}", kind) == expected(kind), name
