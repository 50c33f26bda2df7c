"""Database files: DuckDB and SQLite."""

from __future__ import annotations

import re
import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, unquote, urlsplit
from urllib.parse import quote as spelled

import duckdb

from crmlib.engine import DuckDB, Table, literal, quote
from crmlib.errors import SchemaError, SourceError
from crmlib.shop.dictionary import table_called
from crmlib.shop.raw import Raw
from crmlib.shop.schema import TABLES
from crmlib.sources.catalogue import HELD_BY
from crmlib.sources.files import checksum_of
from crmlib.sources.source import Source, scheme_of
from crmlib.words import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from crmlib.shop.raw import Reading, Wanted

__all__ = ["SCORES", "DatabaseFile"]

_BATCH = 50_000
#: The table that `crmlib score` writes: it may stand beside its orders, and is no table of the shop.
SCORES = "crmlib_customers"


class DatabaseFile(Source):
    """``duckdb:///file`` or ``sqlite:///file``, with ``?table=name`` where no table is called orders."""

    @classmethod
    def recognises(cls, source: Any) -> bool:
        """Take URLs that name a file."""
        return scheme_of(source) in {"duckdb", "sqlite"}

    @property
    def path(self) -> Path:
        """The file, if it is there."""
        parts = urlsplit(self.source)
        path = Path(unquote(parts.netloc + parts.path).removeprefix("/")).expanduser()
        if not path.is_file():
            raise SourceError(
                f"There is no database file {str(path)!r} (from {self.source}, seen from {Path.cwd()}). "
                f"An absolute path takes four slashes: {parts.scheme}:////folder/file."
            )
        return path

    @property
    def name(self) -> str:
        """The file's."""
        return self.path.stem

    def read(self, engine: DuckDB, reading: Reading, wanted: Wanted) -> dict[str, Raw]:  # noqa: ARG002 - files are read whole
        """Copy the file's tables to the engine."""
        read = _from_duckdb if scheme_of(self.source) == "duckdb" else _from_sqlite
        chosen = parse_qs(urlsplit(self.source).query).get("table", [None])[0]
        tables = read(self.path, engine, reading, {chosen} if chosen else {*TABLES, *HELD_BY})
        return _chosen(tables, chosen, self.path)

    def fingerprint(self, reading: Reading, wanted: Wanted) -> bytes:  # noqa: ARG002 - the whole file counts
        """Return the checksum of the file, and of what its database keeps beside it until somebody closes it."""
        path = self.path
        beside = path.with_name(path.name + (".wal" if scheme_of(self.source) == "duckdb" else "-wal"))
        identity = checksum_of([path, *([beside] if beside.is_file() and beside.stat().st_size else [])])
        return identity + (_checksum_of_views(path) if scheme_of(self.source) == "duckdb" else b"")

    def absolute(self, folder: Path) -> str:
        """Return the URL of an absolute path; what is added to it is spelled as URLs are."""
        scheme, separator, rest = self.source.partition(":///")
        path, mark, query = rest.partition("?")
        if not separator or Path(path).expanduser().is_absolute():
            return str(self.source)
        return f"{scheme}:///{spelled(str(folder.absolute()))}/{path}{mark}{query}"


def _chosen(tables: dict[str, Raw], chosen: str | None, path: Path) -> dict[str, Raw]:
    """Find the orders among a database's tables: the one that is asked for, or named so, or the only one."""
    if not tables:
        raise SourceError(f"{path.name}: the database holds no table.")
    if chosen is not None:
        if chosen not in tables:
            raise SchemaError(f"{path.name}: there is no table {chosen!r}. {did_you_mean(chosen, tables)}")
        return {
            **{name: raw for name, raw in tables.items() if name not in {"orders", "order_lines", chosen}},
            "orders": tables[chosen],
        }
    if {table_called(name) for name in tables} & {"orders", "order_lines"}:
        return tables
    if len(tables) == 1:
        return {"orders": next(iter(tables.values()))}
    raise SchemaError(
        f"{path.name}: none of its tables is called orders. Say which holds them: "
        f"...{path.name}?table={next(iter(tables))}. There are: {', '.join(tables)}."
    )


def _checksum_of_views(path: Path) -> bytes:
    """Return what identifies the rows of a DuckDB file's views: they may lie in other files. A broken one has none."""
    try:
        connection = duckdb.connect(str(path), read_only=True)
    except duckdb.Error:  # whoever reads it says why it cannot be opened
        return b""
    with connection:
        views = connection.execute("select schema_name, view_name from duckdb_views() where not internal order by 1, 2")
        parts = []
        for schema, view in views.fetchall():
            rows = f"{quote(schema)}.{quote(view)} as seen"
            try:
                count = connection.execute(f"select count(*), sum(hash(seen)) from {rows}").fetchone()
            except duckdb.Error:
                count = None
            parts.append(f"{schema}.{view}:{count}")
    return "\n".join(parts).encode()


def _from_duckdb(path: Path, engine: DuckDB, reading: Reading, needed: Collection[str]) -> dict[str, Raw]:
    alias = "crmlib_source"
    try:
        engine.rows(f"attach {literal(str(path))} as {alias} (read_only)")
    except duckdb.Error as error:
        raise SourceError(f"{path} cannot be opened as a DuckDB file: {str(error).splitlines()[0]}") from error
    try:
        names = engine.rows(
            "select schema_name, table_name from duckdb_tables() where database_name = $alias "
            "union all select schema_name, view_name from duckdb_views() "
            "where database_name = $alias and not internal order by 1, 2",
            {"alias": alias},
        )
        tables = {}
        for schema, table in names:
            # two schemas may each have a table of one name
            name = table if schema == "main" else f"{schema}.{table}"
            if name == SCORES:
                continue
            try:
                copy = engine.table(f"select * from {alias}.{quote(schema)}.{quote(table)}")
            except duckdb.CatalogException as error:
                if name not in needed and len(names) > 1:
                    continue  # a broken view that nobody asked for
                told = str(error).splitlines()[0]
                raise SourceError(f"{path.name}: {name} cannot be read. {told} Mend or drop it.") from error
            tables[name] = Raw(f"table {name} of {path.name}", copy, reading=reading)
        return tables
    finally:
        engine.rows(f"detach {alias}")


def _from_sqlite(path: Path, engine: DuckDB, reading: Reading, needed: Collection[str]) -> dict[str, Raw]:
    """Read SQLite as text: its columns hold values of any type, and each is judged where it is read."""
    # the engine reads from a thread of its own, one at a time
    connection = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, check_same_thread=False)
    try:
        names = [
            row[0]
            for row in connection.execute(
                "select name from sqlite_master where type in ('table', 'view') and name not like 'sqlite_%' order by 1"
            )
        ]
        tables = {}
        for name in names:
            if name == SCORES:
                continue
            try:
                copy = _sqlite_table(connection, name, engine)
            except sqlite3.OperationalError as error:
                if name not in needed and len(names) > 1:
                    continue  # a broken view that nobody asked for
                raise SourceError(f"{path.name}: {name} cannot be read. {error}. Mend or drop it.") from error
            tables[name] = Raw(f"table {name} of {path.name}", copy, reading=reading)
    except (sqlite3.Error, duckdb.Error) as error:
        # what SQLite said reaches us through the engine's reader
        told = re.sub(r"^.*Unknown error: |\. Detail:.*$", "", str(error).splitlines()[0])
        raise SourceError(f"{path} cannot be read as an SQLite file: {told}.") from error
    else:
        return tables
    finally:
        connection.close()


def _sqlite_table(connection: sqlite3.Connection, name: str, engine: DuckDB) -> Table:
    import pyarrow as pa

    columns = [row[1] for row in connection.execute(f"pragma table_info({quote(name)})")]
    picked = ", ".join(_as_text(quote(column)) for column in columns)
    rows = connection.execute(
        f"select {picked} from {quote(name)} order by rowid"
        if _has_rowid(connection, name)
        else f"select {picked} from {quote(name)}"
    )
    schema = pa.schema([(column, pa.string()) for column in columns])

    def batches() -> Iterator[pa.RecordBatch]:
        while chunk := rows.fetchmany(_BATCH):
            yield pa.record_batch([pa.array(values, pa.string()) for values in zip(*chunk, strict=True)], schema=schema)

    reader = pa.RecordBatchReader.from_batches(schema, batches())
    return engine.add(reader)


def _as_text(column: str) -> str:
    """Spell a value as text; whole numbers that became floats (ids beside a gap) as whole numbers."""
    whole = f"typeof({column}) = 'real' and abs({column}) < 9e15 and {column} = cast({column} as integer)"
    return f"case when {whole} then cast(cast({column} as integer) as text) else cast({column} as text) end as {column}"


def _has_rowid(connection: sqlite3.Connection, name: str) -> bool:
    try:
        connection.execute(f"select rowid from {quote(name)} limit 1")
    except sqlite3.OperationalError:
        return False
    return True
