"""Databases behind a URL: which tables and columns are read, how they reach the engine, what identifies them."""

from __future__ import annotations

import contextlib
import hashlib
import sys
from typing import TYPE_CHECKING, Any, Protocol

import duckdb

from crmlib.errors import SchemaError, SourceError
from crmlib.shop.platforms import chosen
from crmlib.shop.raw import Raw, Wanted
from crmlib.shop.recognition import table_called
from crmlib.shop.schema import TABLES, match_columns
from crmlib.sources.addresses import Address, address
from crmlib.sources.catalogue import HELD_BY
from crmlib.sources.dialects import Dialect
from crmlib.sources.files import refuse_repeated
from crmlib.sources.postgresql import PostgreSQL
from crmlib.sources.source import Source, scheme_of
from crmlib.words import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    import pyarrow as pa

    from crmlib.engine import DuckDB, Table
    from crmlib.shop.raw import Reading

__all__ = ["DatabaseServer", "Server"]

#: The tables that may hold the orders.
_ORDERS = ("orders", "order_lines")
#: What looks like a database's URL, and is none.
_NO_DATABASES = ("http", "https", "ftp", "file")


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

    def close(self) -> None:
        """Give the connection back."""


class DatabaseServer(Source):
    """``postgresql://user@host:port/database`` and the like; ``?table=`` reads that table alone, as orders."""

    takes_query = True
    last_resort = True

    @classmethod
    def recognises(cls, source: Any) -> bool:
        """Take any URL that could be a database's: SQLAlchemy's dialects are many."""
        return scheme_of(source) not in {"", *_NO_DATABASES}

    @property
    def name(self) -> str:
        """The database's."""
        path = address(self.source).shown.partition("://")[2].partition("?")[0].partition("/")[2]
        return path.rpartition("/")[2] or "database"

    def read(self, engine: DuckDB, reading: Reading, wanted: Wanted) -> dict[str, Raw]:
        """Copy the orders, and the other tables that crmlib knows, to the engine."""
        place = address(self.source)
        with contextlib.closing(_connect(place)) as server:
            return {
                name: Raw(label, _loaded(engine, server, text, place, label), reading=reading)
                for name, (label, text) in _queries(server, place, reading, wanted).items()
            }

    def fingerprint(self, reading: Reading, wanted: Wanted) -> bytes:
        """Return a checksum of what would be read.

        PostgreSQL counts and hashes the needed columns itself and sends a few numbers. Other databases have no hash in
        common: their rows come here to be hashed, and are forgotten.
        """
        place = address(self.source)
        total = hashlib.sha256()
        with contextlib.closing(_connect(place)) as server:
            for name, (_, text) in _queries(server, place, reading, wanted).items():
                total.update(f"{name} {server.checksum(text)}\n".encode())
        return total.hexdigest().encode()


def _connect(place: Address) -> Server:
    """Connect to a database."""
    scheme = place.shown.partition("://")[0]
    return PostgreSQL(place) if scheme in {"postgresql", "postgres"} else Dialect(place)


def _queries(server: Server, place: Address, reading: Reading, wanted: Wanted) -> dict[str, tuple[str, str]]:
    """Say which tables are read: the name here -> how errors call it, and the query that reads it."""
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
    main = next((name for name in _ORDERS if name in there), None)
    if main is None:
        raise SchemaError(
            f"{place.shown}: none of its tables is called orders. Say which holds them: ?table=name at the URL's end. "
            + _near("orders", there)
        )
    known = [name for name in there if table_called(name) in {*TABLES, *HELD_BY}]
    return {
        name: (
            f"table {name}",
            _orders_query(server, there[name], f"table {name}", reading, wanted if name == main else Wanted())
            if name in _ORDERS
            else _whole(server.columns(there[name], reading.decimal), there[name], f"table {name}"),
        )
        for name in known
    }


def _near(name: str, there: Mapping[str, str]) -> str:
    if not there:
        return "It holds no table that you may read."
    last = name.rpartition(".")[2]
    elsewhere = [each for each in there if "." in each and each.rpartition(".")[2].casefold() == last.casefold()]
    return f"Did you mean {' or '.join(map(repr, elsewhere))}?" if elsewhere else did_you_mean(last, there)


def _orders_query(server: Server, relation: str, label: str, reading: Reading, wanted: Wanted) -> str:
    """Pick the columns that orders need; where one is missing all of them, so that the error can list them."""
    columns = server.columns(relation, reading.decimal)
    if wanted.every_column:
        return _whole(columns, relation, label)
    if chosen(wanted.preset, list(columns), label) is not None:
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


def _loaded(engine: DuckDB, server: Server, text: str, place: Address, label: str) -> Table:
    """Let the engine take batch after batch; what fails half-way leaves nothing behind."""
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
