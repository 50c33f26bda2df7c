"""Where orders come from: packaged data sets, files, databases, pandas. Each becomes raw tables on the engine.

Nothing is interpreted here: text stays text until `crmlib.orders` reads it, so that an unreadable value can be named
with its file, column and row.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import msgspec

from crmlib import policy as policies
from crmlib.errors import SourceError
from crmlib.sources.addresses import password_apart, without_password
from crmlib.sources.databases import FILE_KINDS, database_file, read_database
from crmlib.sources.description import Description, described
from crmlib.sources.files import matching, read_files, refuse_repeated
from crmlib.sources.object_store import KINDS as STORES
from crmlib.sources.object_store import read_objects, store_fingerprint
from crmlib.sources.packaged import HELD_BY, POLICIES, SOURCES, package_files, read_packaged
from crmlib.sources.raw import Raw, Reading, Wanted
from crmlib.sources.servers import read_server, server_fingerprint
from crmlib.sources.spark import is_spark_url, read_spark, spark_fingerprint

if TYPE_CHECKING:
    import pandas as pd

    from crmlib.engine import DuckDB, Table

__all__ = [
    "HELD_BY",
    "POLICIES",
    "SOURCES",
    "Description",
    "Raw",
    "Reading",
    "Wanted",
    "described",
    "fingerprint",
    "password_apart",
    "read",
    "read_spark",
    "without_password",
]


_NO_DATABASES = ("http", "https", "ftp", "file", "spark", "sc")


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
    kind = _kind(source)
    wanted = wanted or Wanted(every_column=True)
    if wanted.query is not None and kind in {"", *FILE_KINDS, *STORES}:
        raise SourceError(
            "query= reads from a database server, such as postgresql://user@host/shop. A DuckDB or SQLite file can "
            "hold a view: name it by ?table=."
        )
    if isinstance(source, dict):
        return "tables", {str(name): _from_pandas(str(name), data, engine, reading) for name, data in source.items()}
    if hasattr(source, "columns") and hasattr(source, "iloc"):
        return "dataframe", {"orders": _from_pandas("the DataFrame", source, engine, reading)}
    if not isinstance(source, str | Path):
        raise SourceError(
            f"A source is a name, a path, a URL, a DataFrame or a dict of DataFrames, not a {type(source).__name__}."
        )
    source = str(source)
    if not source.strip():
        raise SourceError(f"The source is empty. Known names: {', '.join(SOURCES)}; or give a path.")
    if source in SOURCES:
        return source, read_packaged(source, engine)
    if kind in {*FILE_KINDS, *STORES}:
        return (read_objects if kind in STORES else read_database)(source, engine, reading)
    if kind in _NO_DATABASES:
        raise SourceError(
            f"{kind}:// is not a known kind of source. Known: duckdb:///file.duckdb, sqlite:///file.db, "
            "postgresql://user@host/shop, mysql://user@host/shop, s3://bucket/*.parquet, a path, or a name from "
            "`crmlib data list`."
        )
    if kind:
        return read_server(source, engine, reading, wanted)
    return read_files(source, engine, reading, known=SOURCES, wanted=wanted)


def _kind(source: Any) -> str:
    """Return a URL's kind, such as ``postgresql``; empty for anything else."""
    scheme, separator, _ = str(source).partition("://") if isinstance(source, str | Path) else ("", "", "")
    return scheme if separator and str(source) not in SOURCES else ""


def _from_pandas(label: str, data: pd.DataFrame, engine: DuckDB, reading: Reading) -> Raw:
    if not (hasattr(data, "columns") and hasattr(data, "iloc")):
        raise SourceError(f"{label}: expected a pandas DataFrame, got a {type(data).__name__}.")
    data = data.set_axis([str(name) for name in data.columns], axis=1).reset_index(drop=True)
    if not len(data.columns):
        raise SourceError(f"{label}: the DataFrame has no columns.")
    refuse_repeated(list(data.columns), label)
    return Raw(label, _added(data, label, engine), first_row=0, reading=reading)


def _added(data: pd.DataFrame, label: str, engine: DuckDB) -> Table:
    try:
        return engine.add(data)
    except duckdb.OutOfMemoryException:
        raise
    except duckdb.Error as whole:
        for name in data.columns:
            try:
                engine.add(data[[name]])
            except duckdb.Error as error:
                raise SourceError(
                    f"{label}, column {name!r} ({data[name].dtype}): {str(error).splitlines()[0]}. Give it one type "
                    f"first: numbers, dates, or text with df[{name!r}].astype(str)."
                ) from error
        raise SourceError(f"{label}: {str(whole).splitlines()[0]}") from whole


def fingerprint(source: str | Path) -> str:
    """Return a checksum of the data behind a source, and of what its description says: it changes when they do.

    Parameters
    ----------
    source
        A known name, a path, a glob, a folder, a ``.toml`` file or a URL. A database server counts and hashes the
        columns that would be read (see `crmlib.sources.servers.server_fingerprint`); an object store gives size and
        time of each object, without reading them; a cluster is asked as `crmlib.sources.spark.spark_fingerprint` says.

    Examples
    --------
    >>> fingerprint("cdnow") == fingerprint("cdnow")
    True
    >>> fingerprint("cdnow") == fingerprint("cdnow-sample")
    False
    """
    total = hashlib.sha256()
    source = str(source)
    said = Description(source=source)
    if source.endswith(".toml"):
        said = described(source)
        source = said.source
        # a new password is not new data
        total.update(msgspec.json.encode(msgspec.structs.replace(said, source=without_password(source))))
    if is_spark_url(source):
        total.update(spark_fingerprint(source).encode())
        return total.hexdigest()
    kind = _kind(source)
    if kind in STORES:
        return f"{total.hexdigest()[:16]}{store_fingerprint(source)[16:]}"
    if kind and kind not in FILE_KINDS:
        reading = Reading(said.encoding, said.decimal, said.date_format)
        rules = policies.load(said.policy).orders
        total.update(server_fingerprint(source, reading, said.wanted(rules)).encode())
        return total.hexdigest()
    for file in _files_behind(source):
        total.update(file.name.encode())
        with file.open("rb") as data:
            total.update(hashlib.file_digest(data, "sha256").digest())
    return total.hexdigest()


def _files_behind(source: str) -> list[Path]:
    if source in SOURCES:
        return package_files(source)
    if "://" in source:
        return [database_file(source)]
    path = Path(source).expanduser()
    if path.is_dir():
        return sorted(file for file in path.iterdir() if file.is_file())
    return matching(source, SOURCES)
