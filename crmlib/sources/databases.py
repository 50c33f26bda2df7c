"""Database files: DuckDB and SQLite. Servers follow; this is their place."""

from __future__ import annotations

import re
import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, unquote, urlsplit

import duckdb

from crmlib.engine import DuckDB, Table, literal, quote
from crmlib.errors import SchemaError, SourceError
from crmlib.schema import did_you_mean
from crmlib.sources.raw import Raw, Reading

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["database_file", "read_database"]

_BATCH = 50_000
#: Kinds whose readers come later; named so that the error can say so.
_LATER = ("postgresql", "postgres", "mysql", "mariadb", "s3", "gs")


def read_database(url: str, engine: DuckDB, reading: Reading) -> tuple[str, dict[str, Raw]]:
    """Read the tables of a database file.

    Parameters
    ----------
    url
        ``duckdb:///file`` or ``sqlite:///file``, with ``?table=name`` where no table is called orders.
    engine
        Where the tables go.
    reading
        How text is to be read.

    Returns
    -------
    tuple
        A short name and the tables.
    """
    scheme = url.partition("://")[0]
    path = database_file(url)
    tables = _from_duckdb(path, engine, reading) if scheme == "duckdb" else _from_sqlite(path, engine, reading)
    chosen = parse_qs(urlsplit(url).query).get("table", [None])[0]
    return path.stem, _chosen(tables, chosen, path)


def database_file(url: str) -> Path:
    """Return the file that a URL names, if it is of a kind that can be read and is there."""
    parts = urlsplit(url)
    if parts.scheme in _LATER:
        raise SourceError(
            f"{parts.scheme}:// sources are not in this version. Export the orders to Parquet, or use duckdb:/// or "
            "sqlite:///."
        )
    if parts.scheme not in {"duckdb", "sqlite"}:
        raise SourceError(
            f"{parts.scheme}:// is not a known kind of source. Known: duckdb:///file.duckdb, sqlite:///file.db, a "
            "path, or a name from `crmlib data list`."
        )
    path = Path(unquote(parts.netloc + parts.path).removeprefix("/")).expanduser()
    if not path.is_file():
        raise SourceError(
            f"There is no database file {str(path)!r} (from {url}, seen from {Path.cwd()}). "
            f"An absolute path takes four slashes: {parts.scheme}:////folder/file."
        )
    return path


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
    if "orders" in tables or "order_lines" in tables:
        return tables
    if len(tables) == 1:
        return {"orders": next(iter(tables.values()))}
    raise SchemaError(
        f"{path.name}: none of its tables is called orders. Say which holds them: "
        f"...{path.name}?table={next(iter(tables))}. There are: {', '.join(tables)}."
    )


def _from_duckdb(path: Path, engine: DuckDB, reading: Reading) -> dict[str, Raw]:
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
            try:
                copy = engine.table(f"select * from {alias}.{quote(schema)}.{quote(table)}")
            except duckdb.CatalogException as error:
                told = str(error).splitlines()[0]
                raise SourceError(f"{path.name}: {name} cannot be read. {told} Mend or drop it.") from error
            tables[name] = Raw(f"table {name} of {path.name}", copy, reading=reading)
        return tables
    finally:
        engine.rows(f"detach {alias}")


def _from_sqlite(path: Path, engine: DuckDB, reading: Reading) -> dict[str, Raw]:
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
        return {
            name: Raw(f"table {name} of {path.name}", _sqlite_table(connection, name, engine), reading=reading)
            for name in names
        }
    except (sqlite3.Error, duckdb.Error) as error:
        # what SQLite said reaches us through the engine's reader
        told = re.sub(r"^.*Unknown error: |\. Detail:.*$", "", str(error).splitlines()[0])
        raise SourceError(f"{path} cannot be read as an SQLite file: {told}.") from error
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
