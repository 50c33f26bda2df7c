"""Databases behind a URL: which tables and columns are read, how they reach the engine, what identifies them."""

from __future__ import annotations

import contextlib
import hashlib
import sys
from typing import TYPE_CHECKING, Any, Protocol

import duckdb

from crmlib.errors import SchemaError, SourceError
from crmlib.schema import TABLES, did_you_mean, match_columns
from crmlib.sources.addresses import Address, address
from crmlib.sources.dialects import Dialect
from crmlib.sources.files import refuse_repeated
from crmlib.sources.packaged import HELD_BY
from crmlib.sources.postgresql import PostgreSQL
from crmlib.sources.raw import Raw, Reading, Wanted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    import pyarrow as pa

    from crmlib.engine import DuckDB, Table

__all__ = ["ORDERS", "Server", "connect", "database_name", "loaded", "queries", "read_server", "server_fingerprint"]

#: The tables that may hold the orders.
ORDERS = ("orders", "order_lines")


class Server(Protocol):
    """What a kind of database must be able to do; see `crmlib.sources.postgresql.PostgreSQL`."""

    def relations(self) -> dict[str, str]:
        """Return tables and views: as people call them -> as SQL does."""

    def columns(self, relation: str, decimal: str) -> Mapping[str, Sequence[str]]:
        """Return the columns of a table, and the expressions that read each."""

    def moments(self, relation: str) -> set[str]:
        """Return which columns hold days or moments, as far as the database tells it."""

    def quoted(self, name: str) -> str:
        """Return a column's name in the database's quotes."""

    def batches(self, text: str) -> pa.RecordBatchReader:
        """Run a query whose rows come as they are asked for."""

    def expected(self, text: str) -> int | None:
        """Return about how many rows a query will give."""

    def checksum(self, text: str) -> str:
        """Return what identifies the rows of a query, in whichever order they come."""

    def tally(self, text: str) -> tuple[int, str]:
        """Return number and checksum of a query's rows; those of two sets of rows add up."""

    def rows(self, text: str) -> list[tuple[Any, ...]]:
        """Return a small result as tuples."""

    def close(self) -> None:
        """Give the connection back."""


def read_server(url: str, engine: DuckDB, reading: Reading, wanted: Wanted) -> tuple[str, dict[str, Raw]]:
    """Read a database's orders, and the other tables that crmlib knows, into the engine.

    Parameters
    ----------
    url
        ``postgresql://user@host:port/database`` and the like; ``?table=`` reads that table alone, as orders.
    engine
        Where the tables go.
    reading
        How text is to be read.
    wanted
        What of the tables is needed.

    Returns
    -------
    tuple
        A short name and the tables.
    """
    place = address(url)
    with contextlib.closing(connect(place)) as server:
        tables = {
            name: Raw(label, loaded(engine, server, text, place, label), reading=reading)
            for name, (label, text) in queries(server, place, reading, wanted).items()
        }
    return database_name(place), tables


def server_fingerprint(url: str, reading: Reading, wanted: Wanted) -> str:
    """Identify what would be read from a database: it changes when a row of it does.

    PostgreSQL counts and hashes the needed columns itself and sends a few numbers. Other databases have no hash in
    common: their rows come here to be hashed, and are forgotten.

    Parameters
    ----------
    url, reading, wanted
        As for `read_server`.
    """
    place = address(url)
    total = hashlib.sha256()
    with contextlib.closing(connect(place)) as server:
        for name, (_, text) in queries(server, place, reading, wanted).items():
            total.update(f"{name} {server.checksum(text)}\n".encode())
    return total.hexdigest()


def connect(place: Address) -> Server:
    """Connect to a database.

    Parameters
    ----------
    place
        Where it is.
    """
    scheme = place.shown.partition("://")[0]
    return PostgreSQL(place) if scheme in {"postgresql", "postgres"} else Dialect(place)


def database_name(place: Address) -> str:
    """Return what a shop is called after its database.

    Parameters
    ----------
    place
        Where it is.
    """
    path = place.shown.partition("://")[2].partition("?")[0].partition("/")[2]
    return path.rpartition("/")[2] or "database"


def queries(server: Server, place: Address, reading: Reading, wanted: Wanted) -> dict[str, tuple[str, str]]:
    """Say which tables are read: the name here -> how errors call it, and the query that reads it.

    Parameters
    ----------
    server
        The connection.
    place, reading, wanted
        As for `read_server`.
    """
    if wanted.query is not None:
        if place.table is not None:
            raise SourceError(f"{place.shown}: give ?table= or query=, not both.")
        relation = f"({wanted.query.strip().rstrip(';')}\n) as crmlib_query"
        return {"orders": ("the query", _orders_query(server, relation, "the query", reading, wanted))}
    there = server.relations()
    if place.table is not None:
        if place.table not in there:
            raise SchemaError(f"{place.shown}: there is no table {place.table!r}. {_near(place.table, there)}")
        label = f"table {place.table}"
        return {"orders": (label, _orders_query(server, there[place.table], label, reading, wanted))}
    main = next((name for name in ORDERS if name in there), None)
    if main is None:
        raise SchemaError(
            f"{place.shown}: none of its tables is called orders. Say which holds them: ?table=name at the URL's end. "
            + _near("orders", there)
        )
    known = [name for name in there if name in {*TABLES, *HELD_BY}]
    return {
        name: (
            f"table {name}",
            _orders_query(server, there[name], f"table {name}", reading, wanted if name == main else Wanted())
            if name in ORDERS
            else _whole(server.columns(there[name], reading.decimal), there[name], f"table {name}"),
        )
        for name in known
    }


def _near(name: str, there: Mapping[str, str]) -> str:
    return did_you_mean(name.rpartition(".")[2], there) if there else "It holds no table that you may read."


def _orders_query(server: Server, relation: str, label: str, reading: Reading, wanted: Wanted) -> str:
    """Pick the columns that orders need; where one is missing all of them, so that the error can list them."""
    columns = server.columns(relation, reading.decimal)
    if wanted.every_column:
        return _whole(columns, relation, label)
    found = match_columns(list(columns), TABLES["order_lines"], mapped=wanted.columns, place=label)
    picked = set(found.values())
    if not {"customer_id", "order_ts"} <= found.keys():
        return f"{_whole(columns, relation, label)} where 1 = 0"
    text = _whole({name: columns[name] for name in columns if name in picked}, relation, label)
    time = found["order_ts"]
    # without ids, orders are numbered by their place among all rows
    if wanted.as_of is None or "order_id" not in found or time not in server.moments(relation):
        return text
    return f"{text} where {wanted.condition(server.quoted(time)) or '1 = 1'}"


def _whole(columns: Mapping[str, Sequence[str]], relation: str, label: str) -> str:
    refuse_repeated([name for name, expressions in columns.items() for _ in expressions], label)
    return f"select {', '.join(expressions[0] for expressions in columns.values())} from {relation}"


def loaded(engine: DuckDB, server: Server, text: str, place: Address, label: str) -> Table:
    """Let the engine take batch after batch; what fails half-way leaves nothing behind.

    Parameters
    ----------
    engine
        Where the rows go.
    server, text
        The connection, and the query.
    place, label
        How errors name them.
    """
    import pyarrow as pa

    with _progress(label, server, text) as advance:
        reader = server.batches(text)
        broken: list[Exception] = []
        count = 0

        def batches() -> Iterator[pa.RecordBatch]:
            nonlocal count
            try:
                for batch in reader:
                    yield batch
                    count += batch.num_rows
                    advance(batch.num_rows)
            except Exception as error:
                broken.append(error)
                raise

        try:
            return engine.add(pa.RecordBatchReader.from_batches(reader.schema, batches()))
        except duckdb.Error:
            if not broken:
                raise
            raise SourceError(
                f"{place.shown}, {label}: reading stopped after {count:,} rows, and none of them is kept. Run it "
                f"again. The driver said: {place.scrub(broken[0])}"
            ) from None  # a driver's exception may hold more than a report should


@contextlib.contextmanager
def _progress(label: str, server: Server, text: str) -> Iterator[Callable[[int], Any]]:
    """Show a progress bar where somebody looks on."""
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.console import Console
    from rich.markup import escape
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    shown = (TextColumn(escape(label)), BarColumn(), TextColumn("{task.completed:,.0f} rows"), TimeElapsedColumn())
    with Progress(*shown, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("", total=server.expected(text))
        yield lambda rows: progress.advance(task, rows)
