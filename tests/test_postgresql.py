"""Orders from a real PostgreSQL."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import traceback
from typing import TYPE_CHECKING, Any

import jupytext
import pandas as pd
import pyarrow as pa
import pytest
from click.testing import CliRunner

import crmlib
from crmlib import engine as engines
from crmlib.commands.main import main
from crmlib.errors import SchemaError, SourceError
from crmlib.shop.manifest import manifest
from crmlib.sources import Reading, Wanted, fingerprint
from crmlib.sources.postgresql import PostgreSQL
from crmlib.sources.servers import DatabaseServer
from tests.postgres import PASSWORD, SPELLED, Postgres, postgres_programs, running

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = [pytest.mark.needs("postgres", "python:adbc_driver_postgresql"), pytest.mark.full]

MILLION = """
    create table {name} as
    select i as id, 'c' || (i::bigint * 7919 % 150000) as customer_id, i as order_id,
    timestamptz '2023-01-01 00:00Z' + i * interval '40 seconds' as order_ts,
    ((i::bigint * 37) % 100000)::numeric / 100 as amount, repeat('x', 400) as note
    from generate_series(1, 1000000) i
"""


@pytest.fixture(scope="session")
def server() -> Iterator[Postgres]:
    programs = postgres_programs()
    assert programs is not None
    with running(programs) as postgres:
        yield postgres


@pytest.fixture(scope="session")
def million(server: Postgres) -> str:
    server.execute(MILLION.format(name="million"))
    return f"{server.url}?table=million"


@pytest.fixture
def table(server: Postgres) -> Iterator[Any]:
    """Make a table of one's own, from the select that fills it."""
    made: list[str] = []

    def make(select: str, name: str = "sales") -> str:
        server.execute(f"create table {name} as {select}")
        made.append(name)
        return f"{server.url}?table={name}"

    yield make
    for name in made:
        server.execute(f"drop table {name}")


def one(**values: str) -> str:
    columns = {"customer_id": "'ann'", "order_id": "1", "order_ts": "timestamp '2024-01-05'", "amount": "10", **values}
    return "select " + ", ".join(f"{value} as {name}" for name, value in columns.items())


def orders(url: str, **options: Any) -> list[tuple[Any, ...]]:
    return list(crmlib.open_shop(url, **options).orders.to_pandas().itertuples(index=False, name=None))


def told(error: BaseException) -> str:
    """Return all that a traceback shows of an error and of those behind it."""
    behind = [error.__cause__, None if error.__suppress_context__ else error.__context__]
    return "".join([*traceback.format_exception_only(error), *(told(each) for each in behind if each)])


# --- what is read


def test_a_million_orders_are_the_million_that_are_there(server: Postgres, million: str) -> None:
    shop = crmlib.open_shop(million)
    there = server.execute("select count(*), sum(amount)::float8, count(distinct customer_id) from million")
    engine = shop.orders.engine
    assert (
        there
        == engine.rows(f"select count(*), sum(amount)::double, count(distinct customer_id) from {shop.orders.name}")[0]
    )


def test_only_the_needed_columns_travel(million: str) -> None:
    engine = engines.DuckDB()
    raw = DatabaseServer(million).read(engine, Reading(), Wanted())["orders"]
    assert raw.names == ["customer_id", "order_id", "order_ts", "amount"]


def test_memory_stays_bounded(million: str) -> None:
    # 400 MB are in the table, of which the needed columns are some 40
    code = (
        "import resource, crmlib, duckdb, pyarrow, pandas, adbc_driver_postgresql.dbapi, sys\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        f"crmlib.open_shop({million!r})\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "CRMLIB_MEMORY": "100MB"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert int(done.stdout.splitlines()[-1]) < 350_000  # kilobytes


def test_a_timestamp_with_a_zone_is_brought_to_the_shops(table: Any) -> None:
    url = table(one(order_ts="timestamptz '2024-01-05 23:30:00+00'"))
    assert orders(url, policy={"orders": {"timezone": "Europe/Rome"}})[0][2] == pd.Timestamp("2024-01-06 00:30")


def test_a_timestamp_without_a_zone_is_in_the_shops(table: Any) -> None:
    url = table(one(order_ts="timestamp '2024-01-05 23:30:00'"))
    assert orders(url, policy={"orders": {"timezone": "Europe/Rome"}})[0][2] == pd.Timestamp("2024-01-05 23:30")


@pytest.mark.parametrize("decimal", [".", ","])
@pytest.mark.parametrize("amount", ["12.34::numeric", "12.34::numeric(10, 2)", "12.34::money", "12.34::float8"])
def test_amounts_are_exact_whatever_their_type(table: Any, amount: str, decimal: str) -> None:
    assert orders(table(one(amount=amount)), decimal=decimal)[0][3] == 12.34


def test_an_id_may_be_a_uuid(table: Any) -> None:
    identity = "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"
    assert orders(table(one(customer_id=f"'{identity}'::uuid")))[0][0] == identity


def test_a_null_customer_is_named(table: Any) -> None:
    with pytest.raises(SchemaError, match=r"table sales, row 1, column 'customer_id': an order without a cust"):
        orders(table(one(customer_id="null::text")))


def test_a_null_customer_can_be_dropped(table: Any) -> None:
    url = table(f"{one()} union all {one(customer_id='null::text', order_id='2')}")
    assert len(orders(url, policy={"orders": {"missing_customer": "drop"}})) == 1


@pytest.mark.parametrize("kind", ["timestamp", "timestamptz", "date", "text"])
@pytest.mark.parametrize("value", ["infinity", "-infinity"])
def test_an_infinite_date_is_no_date(table: Any, kind: str, value: str) -> None:
    with pytest.raises(SchemaError, match=f"column 'order_ts': '{value}' is not a date"):
        orders(table(one(order_ts=f"'{value}'::{kind}")))


def test_a_table_name_may_hold_quotes_spaces_and_points(server: Postgres, table: Any) -> None:
    table(one(), '"my ""odd"" table.x"')
    assert len(orders(f"{server.url}?table=my%20%22odd%22%20table.x")) == 1


def test_a_table_of_another_schema(server: Postgres, table: Any) -> None:
    server.execute('create schema "Old"')
    table(one(), '"Old".sales')
    assert len(orders(f"{server.url}?table=Old.sales")) == 1


def test_tables_that_crmlib_knows_come_along(server: Postgres, table: Any) -> None:
    table(one(), "orders")
    table("select 'p' as product_id, 'x' as name", "products")
    table("select 1 as a", "secrets")
    assert crmlib.open_shop(server.url).tables == ("orders", "products")


def test_a_query_of_ones_own(server: Postgres, table: Any) -> None:
    table(" union all ".join((one(), one(customer_id="'bob'", order_id="2"))))
    found = orders(server.url, query="select * from sales where customer_id = 'bob' -- mine\n;")
    assert [row[0] for row in found] == ["bob"]


def test_a_query_in_a_shop_toml(server: Postgres, table: Any, tmp_path: Path) -> None:
    table(one())
    file = tmp_path / "shop.toml"
    file.write_text(f'source = "{server.url}"\nquery = "select * from sales"\n')
    assert len(orders(str(file))) == 1


def test_a_query_cannot_write(server: Postgres, table: Any) -> None:
    table(one())
    with pytest.raises(SourceError, match="syntax error"):
        orders(server.url, query="delete from sales returning *")
    assert server.execute("select count(*) from sales") == (1,)


def test_rows_that_repeat_in_every_column_are_judged_by_every_column(table: Any) -> None:
    url = table("".join((one(note="'a'"), " union all ", one(note="'b'"))))
    assert orders(url, policy={"orders": {"duplicate_rows": "drop"}})[0][3] == 20


# --- what can go wrong


def test_a_wrong_password(server: Postgres) -> None:
    with pytest.raises(SourceError, match=r"password authentication failed.*PGPASSWORD") as raised:
        orders(server.url.replace(SPELLED, "Wr0ng"))
    assert "Wr0ng" not in told(raised.value)


def test_no_password(server: Postgres) -> None:
    with pytest.raises(SourceError, match=r"no password supplied.*~/\.pgpass"):
        orders(server.shown)


@pytest.mark.parametrize("variable", ["PGPASSWORD", "CRMLIB_DATABASE_PASSWORD"])
def test_the_password_may_come_from_the_environment(
    server: Postgres, table: Any, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    table(one())
    monkeypatch.setenv(variable, PASSWORD)
    assert len(orders(f"{server.shown}?table=sales")) == 1


def test_the_password_may_come_from_pgpass(
    server: Postgres, table: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    table(one())
    file = tmp_path / "pgpass"
    file.write_text(f"127.0.0.1:{server.port}:*:shop:{PASSWORD}\n")
    file.chmod(0o600)
    monkeypatch.setenv("PGPASSFILE", str(file))
    assert len(orders(f"{server.shown}?table=sales")) == 1


@pytest.mark.parametrize(
    ("place", "says"),
    [
        ("127.0.0.1:1/postgres", "Connection refused.*Is the port right"),
        ("no-such-host.invalid/postgres", "could not translate host name.*Is the host spelled"),
        ("127.0.0.1:{port}/nothing", 'database "nothing" does not exist.*name follows the host'),
        ("127.0.0.1:{port}/postgres?foo=1", "invalid URI query parameter"),
        ("127.0.0.1:54x/postgres", "invalid integer value"),
    ],
)
def test_a_place_that_is_not_there(server: Postgres, place: str, says: str) -> None:
    with pytest.raises(SourceError, match=says) as raised:
        orders(f"postgresql://shop:{SPELLED}@{place.format(port=server.port)}")
    assert not [secret for secret in (PASSWORD, SPELLED) if secret in told(raised.value)]


def test_an_unknown_table(server: Postgres, table: Any) -> None:
    table(one())
    with pytest.raises(SchemaError, match=r"there is no table 'slaes'\. Did you mean 'sales'\?"):
        orders(f"{server.url}?table=slaes")


def test_a_table_of_another_schema_is_proposed(server: Postgres, table: Any) -> None:
    table(one())
    server.execute("create schema archive", "create table archive.stock as select 1 as a")
    with pytest.raises(SchemaError, match=r"there is no table 'stock'\. Did you mean 'archive\.stock'\?"):
        orders(f"{server.url}?table=stock")
    server.execute("drop schema archive cascade")


def test_no_table_of_orders(server: Postgres, table: Any) -> None:
    table(one())
    with pytest.raises(SchemaError, match=r"none of its tables is called orders.*\?table=name"):
        orders(server.url)


def test_a_missing_column_is_told_as_for_files(table: Any) -> None:
    with pytest.raises(SchemaError, match=r"no column for order_ts.*Its columns are: customer_id, who, worth"):
        orders(table("select 'a' as customer_id, 1 as who, 2 as worth"))


def test_a_connection_that_drops_half_way_leaves_nothing(
    server: Postgres, million: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    batches = PostgreSQL.batches

    def dropping(self: PostgreSQL, text: str) -> pa.RecordBatchReader:
        reader = batches(self, text)

        def read() -> Iterator[pa.RecordBatch]:
            yield next(reader)
            server.execute(
                "select pg_terminate_backend(pid) from pg_stat_activity "
                "where pid <> pg_backend_pid() and state = 'active'"
            )
            yield from reader

        return pa.RecordBatchReader.from_batches(reader.schema, read())

    monkeypatch.setattr(PostgreSQL, "batches", dropping)
    engine = engines.DuckDB()
    with pytest.raises(SourceError, match=r"reading stopped after \d.* none of them is kept.* Run it again"):
        DatabaseServer(million).read(engine, Reading(), Wanted(every_column=True))
    assert engine.rows("select count(*) from duckdb_tables()") == [(0,)]


def test_ctrl_c_leaves_nothing(million: str) -> None:
    engine = engines.DuckDB()
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background job ignores it
    try:
        threading.Timer(0.4, lambda: os.kill(os.getpid(), signal.SIGINT)).start()
        with pytest.raises(KeyboardInterrupt):
            DatabaseServer(million).read(engine, Reading(), Wanted(every_column=True))
    finally:
        signal.signal(signal.SIGINT, before)
    assert engine.rows("select count(*) from duckdb_tables()") == [(0,)]


# --- what identifies it, and what is written down


def test_the_fingerprint_is_the_same_for_the_same_rows(million: str) -> None:
    assert fingerprint(million) == fingerprint(million)


def test_the_fingerprint_sees_a_changed_cent_but_not_a_changed_note(server: Postgres, table: Any) -> None:
    url = table(one(note="'a'"))
    before = fingerprint(url)
    server.execute("update sales set note = 'b'")
    assert fingerprint(url) == before
    server.execute("update sales set amount = amount + 1")
    assert fingerprint(url) != before


def test_the_manifest_of_a_database_and_of_a_copy_agree(million: str) -> None:
    shop = crmlib.open_shop(million)
    copy = crmlib.open_shop(shop.orders.to_pandas().sample(frac=1, random_state=1))
    left_out = {"source"}
    assert {k: v for k, v in manifest(shop).items() if k not in left_out} == {
        k: v for k, v in manifest(copy).items() if k not in left_out
    }


def test_a_run_writes_the_password_nowhere(
    server: Postgres, table: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    table(" union all ".join(one(order_id=str(i), customer_id=f"'c{i % 40}'", amount=str(i % 17 + 1),
          order_ts=f"timestamp '2024-01-01' + interval '{i} days'") for i in range(300)))  # fmt: skip
    environment = {name: os.environ.get(name) for name in ("CRMLIB_MEMORY", "CRMLIB_DATABASE_PASSWORD")}
    monkeypatch.chdir(tmp_path)
    # what a notebook is told, it may print: its parameters, the shop, and an error that names the place
    code = (
        "import os\nfrom crmlib import open_shop\nprint(source, open_shop(source), os.environ['CRMLIB_MEMORY'])\n"
        "try:\n    open_shop(source + 's')\nexcept Exception as error:\n    print(error)"
    )
    sheet = f'# %% tags=["parameters"]\nsource: str = ""\n\n# %%\n{code}\n'
    notebook = jupytext.reads(sheet, "py:percent")
    notebook.metadata["kernelspec"] = {"name": "python3", "language": "python", "display_name": "Python 3"}
    jupytext.write(notebook, "01_mine.ipynb")
    source = f"{server.url}?table=sales"
    done = CliRunner().invoke(main, ["run", "01_mine.ipynb", "--memory", "500MB", "--source", source])
    assert done.exit_code == 0, done.output
    assert {name: os.environ.get(name) for name in environment} == environment
    files = [file for file in tmp_path.rglob("*") if file.is_file()]
    secrets = (PASSWORD.encode(), SPELLED.encode(), b"s3cret")
    assert not [file for file in files if any(secret in file.read_bytes() for secret in secrets)]
    assert not [file for file in files if "s3cret" in str(file)]
    assert "s3cret" not in done.output
    said = json.loads(next(file for file in files if file.name == "manifest.json").read_text(encoding="utf-8"))
    results = json.loads(next(file for file in files if file.name == "results.json").read_text(encoding="utf-8"))
    assert said == results["orders"]
    assert "500MB" in next(file for file in files if file.parent != tmp_path and file.suffix == ".ipynb").read_text()
    assert (said["source"], said["orders"]) == (f"{server.shown}?table=sales", 300)


# --- only the days and rows that are needed


@pytest.fixture
def travelled(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Count the rows that leave the server."""
    counts: list[int] = []
    batches = PostgreSQL.batches

    def watched(self: PostgreSQL, text: str) -> pa.RecordBatchReader:
        reader = batches(self, text)

        def counted() -> Iterator[pa.RecordBatch]:
            for batch in reader:
                counts.append(batch.num_rows)
                yield batch

        return pa.RecordBatchReader.from_batches(reader.schema, counted())

    monkeypatch.setattr(PostgreSQL, "batches", watched)
    return counts


#: An order every six hours from 2024 on, a seventh of them given back, one of nine cancelled.
GROWING = """
    select 'c' || i % 40 as customer_id, i as order_id, {time} '2024-01-01 00:00Z' + i * interval '6 hours' as order_ts,
    case when i % 7 = 0 then -5 else 20 end::numeric as amount,
    case when i % 9 = 0 then 'cancelled' else 'paid' end as status
    from generate_series({first}, {last}) i
"""


@pytest.mark.parametrize("time", ["timestamptz", "timestamp"])
@pytest.mark.parametrize("zone", ["UTC", "Pacific/Kiritimati", "Pacific/Niue"])
def test_later_days_stay_on_the_server(table: Any, travelled: list[int], time: str, zone: str) -> None:
    url = table(GROWING.format(time=time, first=1, last=400))
    policy = {"orders": {"timezone": zone}}
    whole = crmlib.open_shop(url, policy=policy).order_lines.to_pandas()
    for day in ("2024-01-20", "2024-02-09"):
        travelled.clear()
        shop = crmlib.open_shop(url, policy=policy, as_of=day)
        assert sum(travelled) <= 4 * (pd.Timestamp(day) - pd.Timestamp("2023-12-30")).days
        known = whole[whole["order_ts"] < pd.Timestamp(day) + pd.Timedelta(days=1)].reset_index(drop=True)
        pd.testing.assert_frame_equal(shop.order_lines.to_pandas(), known)


def test_an_order_without_a_date_is_an_error_on_any_day(table: Any) -> None:
    url = table(one() + " union all " + one(order_id="2", order_ts="null::timestamp"))
    with pytest.raises(SchemaError, match="there is no date"):
        crmlib.open_shop(url, as_of="2024-06-30")


def test_a_day_before_all_orders_is_told_with_the_last_one(table: Any) -> None:
    with pytest.raises(SchemaError, match="there is no order up to 2020-01-01; the last is of 2024-01-05"):
        crmlib.open_shop(table(one()), as_of="2020-01-01")
