"""Reading a source, whatever its kind, into raw tables on the engine, and what identifies its data.

Nothing is interpreted here: text stays text until `crmlib.shop.lines` reads it, so that an unreadable value can be
named with its file, column and row.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from crmlib import policy as policies
from crmlib.errors import PluginError, SourceError
from crmlib.plugins import place_of
from crmlib.shop.raw import Raw, Reading, Wanted
from crmlib.sources import copies
from crmlib.sources.addresses import without_password
from crmlib.sources.description import is_description, resolved
from crmlib.sources.frames import from_table, is_table
from crmlib.sources.registry import own_code, source_of

if TYPE_CHECKING:
    from pathlib import Path

    from crmlib.engine import DuckDB
    from crmlib.sources.source import Source

__all__ = ["fingerprint", "raw_tables", "read"]


def read(source: Any, engine: DuckDB, reading: Reading, wanted: Wanted | None = None) -> tuple[str, dict[str, Raw]]:
    """Bring a source's tables to the engine, unread.

    Parameters
    ----------
    source
        See `crmlib.open_shop`.
    engine
        Where they go.
    reading
        How its text is to be read.
    wanted
        What of a database or of Parquet files is needed; all of it by default.

    Returns
    -------
    tuple
        A short name for the shop, and its tables by name; a source of one table calls it ``orders``.

    Raises
    ------
    SourceError
        The source is not known, is not there or cannot be read; the message says what to do.
    """
    origin = source_of(source)
    if origin.on_cluster:
        raise SourceError("These rows are on a Spark cluster, and are needed here. Write them to a file first.")
    return origin.name, raw_tables(origin, engine, reading, wanted or Wanted(every_column=True))


def raw_tables(source: Source, engine: DuckDB, reading: Reading, wanted: Wanted) -> dict[str, Raw]:
    """Return a source's tables, unread: on the engine, or on the cluster where they are.

    Parameters
    ----------
    source
        From `crmlib.sources.registry.source_of`.
    engine, reading, wanted
        As for `read`.

    Raises
    ------
    SourceError
        It cannot be read, or not in the way that is asked for.
    PluginError
        A kind of the user's own stopped, or returned what is no table.
    """
    if wanted.query is not None and not source.takes_query:
        raise SourceError(
            "query= reads from a database server, such as postgresql://user@host/shop. A DuckDB or SQLite file can "
            "hold a view: name it by ?table=."
        )
    if wanted.tables is not None and not source.takes_tables:
        raise SourceError("tables=... says which tables of a Spark cluster to open; this source is not one.")
    copy = copies.kept(source, engine, reading, wanted)
    if copy is not None:
        return copy
    with own_code(type(source), source.read):
        read_here = source.read(engine, reading, wanted)
    if is_table(read_here):
        tables = {"orders": _raw(source, "orders", read_here, engine, reading)}
    elif isinstance(read_here, Mapping):
        tables = {str(name): _raw(source, str(name), table, engine, reading) for name, table in read_here.items()}
    else:
        raise _no_table(source, read_here)
    copies.keep(source, tables, reading, wanted)
    return tables


def _raw(source: Source, name: str, table: Any, engine: DuckDB, reading: Reading) -> Raw:
    if isinstance(table, Raw):
        return table
    if not is_table(table):
        raise _no_table(source, table, f" as table {name!r}")
    return from_table(f"table {name} of {source.name}", table, engine, reading)


def _no_table(source: Source, value: Any, what: str = "") -> PluginError:
    return PluginError(
        f"{place_of(source.read)}: {type(source).__name__}.read returned a {type(value).__name__}{what}. Return a "
        "DataFrame of orders, or a dict of DataFrames by table name."
    )


def fingerprint(source: str | Path) -> str:
    """Return a checksum of the data behind a source, and of what its description says: it changes when they do.

    Parameters
    ----------
    source
        A known name, a path, a glob, a folder, a ``.toml`` file or a URL. A database server counts and hashes the
        columns that would be read (see `crmlib.sources.servers.DatabaseServer`); an object store gives size and
        time of each object, without reading them; a cluster is asked for a checksum of its table.

    Examples
    --------
    >>> fingerprint("cdnow") == fingerprint("cdnow")
    True
    >>> fingerprint("cdnow") == fingerprint("cdnow-sample")
    False
    """
    total = hashlib.sha256()
    origin, description, _ = resolved(source)
    if is_description(source):
        # a new password is not new data
        content = msgspec.to_builtins(msgspec.structs.replace(description, source=without_password(description.source)))
        if not description.plugins:
            del content["plugins"]
        total.update(msgspec.json.encode(content))
        for file in description.files():
            total.update(file.read_bytes())
    wanted = description.wanted(policies.load(description.policy).orders)
    with own_code(type(origin), origin.fingerprint):
        identity = origin.fingerprint(description.reading, wanted)
    if not isinstance(identity, bytes):
        raise PluginError(
            f"{place_of(origin.fingerprint)}: {type(origin).__name__}.fingerprint returned a "
            f"{type(identity).__name__}. Return bytes that change when the data do, such as the file's own."
        )
    total.update(identity)
    return total.hexdigest()
