"""A list as a table of a database: one row per customer and day, whatever is run how often."""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import parse_qs, unquote, urlsplit

from crmlib.engine import quote
from crmlib.errors import MissingExtraError, SourceError
from crmlib.lists.columns import DAY, KEY
from crmlib.sources.addresses import address, without_password
from crmlib.sources.databases import SCORES
from crmlib.sources.source import scheme_of
from crmlib.words import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pyarrow as pa

    from crmlib.lists.columns import CustomerList

__all__ = ["SCHEMES", "DatabaseTable"]

SCHEMES = ("postgresql", "sqlite", "duckdb")
_STAGED = "crmlib_staged"
#: How a column's type is declared, and what other declarations of a table that is there come to the same.
_DECLARED = {
    "string": "text", "int64": "bigint", "double": "double precision", "bool": "boolean", "date32[day]": "date",
    "timestamp[us]": "timestamp",
}  # fmt: skip
_SAME = {
    "text": "text", "varchar": "text", "character varying": "text", "bigint": "bigint", "int8": "bigint",
    "integer": "bigint", "double precision": "double precision", "double": "double precision",
    "float8": "double precision", "real": "double precision", "boolean": "boolean", "bool": "boolean", "date": "date",
    "timestamp": "timestamp", "timestamp without time zone": "timestamp",
}  # fmt: skip


class _Connection(Protocol):
    """What a kind of database must be able to do, in one transaction."""

    errors: tuple[type[Exception], ...]

    def execute(self, text: str) -> list[tuple[Any, ...]]:
        """Run a statement, and return its rows."""

    def columns(self, table: str) -> dict[str, str]:
        """Return a table's columns and their declared types; none where there is no such table."""

    def stage(self, table: pa.Table) -> None:
        """Bring rows to the temporary table crmlib_staged."""

    def commit(self) -> None:
        """Keep what was done."""

    def close(self) -> None:
        """Give the connection back; what was not committed is undone."""


class DatabaseTable:
    """A table of a database that takes lists.

    Parameters
    ----------
    url
        As of a source; ``?table=`` names the table.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self._scheme = scheme_of(url)
        self.shown = without_password(url)
        chosen = address(url).table if self._scheme == "postgresql" else _table_in(url)
        self.table = chosen or SCORES

    def check(self) -> None:
        """Try everything that writing needs, and undo it.

        Raises
        ------
        SourceError
            The database cannot be reached or written, or the table is another than such a list.
        MissingExtraError
            The driver is not installed.
        """
        with self._connected() as connection:
            there = connection.columns(self.table)
            if there and not {KEY, DAY} <= set(there):
                raise SourceError(
                    f"{self.shown}: the table {self.table} is there, and is no list of customers by day (it has no "
                    f"column {DAY if KEY in there else KEY}). Name another: ?table={SCORES} at the URL's end."
                )
            name = quote(self.table)
            if not there:
                connection.execute(f"create table {name} ({KEY} text)")
            connection.execute(f"delete from {name} where 1 = 0")
            connection.execute(f"insert into {name} select * from {name} where 1 = 0")

    def write(self, customers: CustomerList) -> str:
        """Write a list: a customer's row of the same day is replaced, any other stays.

        Columns that the table lacks are added to it, empty in earlier rows; columns that the list lacks stay, empty in
        its rows.

        Parameters
        ----------
        customers
            The list.

        Returns
        -------
        str
            What was done, for people.

        Raises
        ------
        SourceError
            A column has another type there, or the database refuses; nothing is written then.
        """
        table, name = customers.table, quote(self.table)
        wanted = {field.name: _DECLARED[str(field.type)] for field in table.schema}
        with self._connected() as connection:
            there = connection.columns(self.table)
            added = [column for column in wanted if column not in there] if there else []
            self._refuse_other_types(there, wanted)
            if not there:
                parts = [f"{quote(column)} {kind}" for column, kind in wanted.items()]
                connection.execute(f"create table {name} ({', '.join(parts)})")
                if self._scheme != "duckdb":  # which refuses to write a key again that was deleted a moment ago
                    connection.execute(f"create unique index {quote(f'{self.table}_key')} on {name} ({KEY}, {DAY})")
            for column in added:
                connection.execute(f"alter table {name} add column {quote(column)} {wanted[column]}")
            connection.stage(table)
            same = f"{_STAGED}.{KEY} = {name}.{KEY} and {_STAGED}.{DAY} = {name}.{DAY}"
            [(before,)] = connection.execute(f"select count(*) from {name}")
            connection.execute(f"delete from {name} where exists (select 1 from {_STAGED} where {same})")
            [(left,)] = connection.execute(f"select count(*) from {name}")
            columns = ", ".join(map(quote, wanted))
            connection.execute(f"insert into {name} ({columns}) select {columns} from {_STAGED}")
            connection.commit()
        text = f"table {self.table} of {self.shown} ({table.num_rows - (before - left):,} new rows"
        text += f", {before - left:,} replaced)" if before - left else ")"
        return f"{text}; columns added: {', '.join(added)}" if added else text

    def _refuse_other_types(self, there: dict[str, str], wanted: dict[str, str]) -> None:
        for column, kind in wanted.items():
            if column in there and _SAME.get(there[column].lower(), there[column]) != kind:
                raise SourceError(
                    f"{self.shown}: column {column} of the table {self.table} is {there[column]}, and the list's is "
                    f"{kind}. Write to another table: ?table=NAME at the URL's end."
                )

    @contextlib.contextmanager
    def _connected(self) -> Iterator[_Connection]:
        connection = _CONNECTIONS[self._scheme](self._url)
        try:
            yield connection
        except connection.errors as error:
            told = address(self._url).scrub(error) if self._scheme == "postgresql" else str(error).splitlines()[0]
            raise SourceError(f"{self.shown}: the list cannot be written. {told}") from None
        finally:
            connection.close()


def _table_in(url: str) -> str | None:
    return parse_qs(urlsplit(url).query).get("table", [None])[0]


def _file_of(url: str) -> Path:
    """Return the file of a URL; it need not be there, its folder must."""
    parts = urlsplit(url)
    options = parse_qs(parts.query, keep_blank_values=True)
    for option in options:
        if option != "table":
            raise SourceError(f"{url}: {option}= is not understood here. {did_you_mean(option, ['table'])}")
    path = Path(unquote(parts.netloc + parts.path).removeprefix("/")).expanduser()
    if not path.name or path.is_dir():
        raise SourceError(f"{url}: name a file, such as {parts.scheme}:///shop.db.")
    if not path.absolute().parent.is_dir():
        raise SourceError(
            f"{url}: there is no folder {str(path.parent)!r} (seen from {Path.cwd()}). Make it first; an absolute path "
            f"takes four slashes: {parts.scheme}:////folder/file."
        )
    return path


class _SQLite:
    errors = (sqlite3.Error,)

    def __init__(self, url: str) -> None:
        self._path = _file_of(url)
        self._is_new = not self._path.exists()
        try:
            # transactions begin and end where this module says so
            self._connection = sqlite3.connect(self._path, isolation_level=None)
            self._connection.execute("begin immediate")
        except sqlite3.Error as error:
            raise SourceError(f"{url}: it cannot be written as an SQLite file: {error}.") from None
        self._kept = False

    def execute(self, text: str) -> list[tuple[Any, ...]]:
        return self._connection.execute(text).fetchall()

    def columns(self, table: str) -> dict[str, str]:
        return {row[1]: row[2] for row in self.execute(f"pragma table_info({quote(table)})")}

    def stage(self, table: pa.Table) -> None:
        import pyarrow as pa

        names = ", ".join(f"{quote(field.name)} {_DECLARED[str(field.type)]}" for field in table.schema)
        self.execute(f"create temp table {_STAGED} ({names}, primary key ({KEY}, {DAY}))")
        marks = ", ".join("?" * table.num_columns)
        plain = [
            column.cast(pa.string())
            if pa.types.is_date(column.type)
            else column.cast(pa.timestamp("s")).cast(pa.string())
            if pa.types.is_timestamp(column.type)
            else column
            for column in table.columns
        ]
        for batch in pa.table(plain, names=table.column_names).to_batches(max_chunksize=50_000):
            rows = zip(*(column.to_pylist() for column in batch.columns), strict=True)
            self._connection.executemany(f"insert into {_STAGED} values ({marks})", rows)

    def commit(self) -> None:
        self.execute("commit")
        self._kept = True

    def close(self) -> None:
        if not self._kept:
            with contextlib.suppress(sqlite3.Error):
                self.execute("rollback")
        self._connection.close()
        if self._is_new and not self._kept:
            self._path.unlink(missing_ok=True)


def _bytes_of(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(12)


class _DuckDB:
    def __init__(self, url: str) -> None:
        import duckdb

        self.errors: tuple[type[Exception], ...] = (duckdb.Error,)
        self._path = _file_of(url)
        self._is_new = not self._path.exists()
        self._kept = False
        if not self._is_new and _bytes_of(self._path)[8:12] != b"DUCK":  # DuckDB would open a CSV file as a view
            raise SourceError(f"{url}: {self._path} is there, and is no DuckDB file. Name another.")
        try:
            self._connection = duckdb.connect(str(self._path))
            self._connection.execute("begin")
        except duckdb.Error as error:
            raise SourceError(f"{url}: it cannot be written as a DuckDB file: {str(error).splitlines()[0]}") from None

    def execute(self, text: str) -> list[tuple[Any, ...]]:
        return self._connection.execute(text).fetchall()

    def columns(self, table: str) -> dict[str, str]:
        text = "select column_name, data_type from duckdb_columns() where schema_name = 'main' and table_name = ?"
        return dict(self._connection.execute(text, [table]).fetchall())

    def stage(self, table: pa.Table) -> None:
        self._connection.register(_STAGED, table)

    def commit(self) -> None:
        self._connection.execute("commit")
        self._kept = True

    def close(self) -> None:
        self._connection.close()
        if self._is_new and not self._kept:
            self._path.unlink(missing_ok=True)


class _PostgreSQL:
    def __init__(self, url: str) -> None:
        try:
            from adbc_driver_postgresql import dbapi
        except ImportError:
            raise MissingExtraError(
                "PostgreSQL needs the package adbc-driver-postgresql: pip install 'crmlib[postgres]'."
            ) from None
        self.errors: tuple[type[Exception], ...] = (dbapi.Error,)
        self._place = address(url)
        wait = "" if "connect_timeout=" in url else f"{'&' if '?' in self._place.url else '?'}connect_timeout=10"
        try:
            self._connection = dbapi.connect(self._place.url + wait)
        except dbapi.Error as error:
            raise SourceError(f"{self._place.shown}: {self._place.scrub(error)}") from None

    def execute(self, text: str) -> list[tuple[Any, ...]]:
        with self._connection.cursor() as cursor:
            cursor.execute(text)
            return cursor.fetchall() if cursor.description else []

    def columns(self, table: str) -> dict[str, str]:
        name = quote(table).replace("'", "''")
        rows = self.execute(
            "select attname::text, format_type(atttypid, null)::text from pg_attribute "
            f"where attrelid = to_regclass('{name}') and attnum > 0 and not attisdropped order by attnum"
        )
        return dict(rows)

    def stage(self, table: pa.Table) -> None:
        with self._connection.cursor() as cursor:
            cursor.adbc_ingest(_STAGED, table, mode="create", temporary=True)
        self.execute(f"create index on {_STAGED} ({KEY}, {DAY})")
        self.execute(f"analyze {_STAGED}")

    def commit(self) -> None:
        self._connection.commit()

    def close(self) -> None:
        self._connection.close()


_CONNECTIONS: dict[str, Any] = {"sqlite": _SQLite, "duckdb": _DuckDB, "postgresql": _PostgreSQL}
