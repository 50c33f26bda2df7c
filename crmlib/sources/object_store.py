"""Globs on object stores, ``s3://`` and ``gs://``, through DuckDB's extension httpfs."""

from __future__ import annotations

import hashlib
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

import duckdb

from crmlib.engine import DuckDB, literal
from crmlib.errors import MissingExtraError, SourceError
from crmlib.sources.addresses import address
from crmlib.sources.raw import Raw, Reading

if TYPE_CHECKING:
    from crmlib.engine import Table

__all__ = ["KINDS", "read_objects", "store_fingerprint"]

#: The kinds of URL that name objects.
KINDS = ("s3", "gs")
_FILE_COLUMN = "crmlib file"


def read_objects(url: str, engine: DuckDB, reading: Reading) -> tuple[str, dict[str, Raw]]:
    """Read the Parquet or CSV objects that a glob names, as one table of orders.

    Parameters
    ----------
    url
        Such as ``s3://bucket/orders/*.parquet``. Credentials are those that httpfs finds: AWS_ACCESS_KEY_ID and
        AWS_SECRET_ACCESS_KEY in the environment, or a secret that ``create persistent secret`` has stored.
    engine
        Where the table goes.
    reading
        How text is to be read.

    Returns
    -------
    tuple
        A short name and the tables.
    """
    path = PurePosixPath(address(url).shown.partition("://")[2])
    scan, first_row = scanning(url, reading)
    _load_httpfs(engine, url)
    table = _asked(engine, url, f"select * from {scan}")
    label = path.name if not any(mark in path.name for mark in "*?[") else url
    name = path.stem.replace("*", "").strip("-_.") or path.parent.name or "orders"
    return name, {"orders": Raw(label, table, _FILE_COLUMN, first_row=first_row, reading=reading)}


def scanning(url: str, reading: Reading) -> tuple[str, int]:
    """Return the SQL that reads objects, and the number of the first row in the user's count.

    Parameters
    ----------
    url
        The glob.
    reading
        How text is to be read.

    Examples
    --------
    >>> scanning("s3://shop/orders/*.parquet", Reading())
    ("read_parquet('s3://shop/orders/*.parquet', union_by_name=true, filename='crmlib file')", 1)
    >>> scanning("s3://shop/orders.xlsx", Reading())
    Traceback (most recent call last):
    crmlib.errors.SourceError: s3://shop/orders.xlsx: objects that end in .parquet, .csv or .csv.gz can be read.
    """
    shared = f"union_by_name=true, filename={literal(_FILE_COLUMN)}"
    if url.endswith(".parquet"):
        return f"read_parquet({literal(url)}, {shared})", 1
    if url.endswith((".csv", ".csv.gz")):
        return (
            f"read_csv({literal(url)}, all_varchar=true, header=true, comment='', skip=0, "
            f"encoding={literal(reading.encoding)}, {shared})"
        ), 2
    raise SourceError(f"{url}: objects that end in .parquet, .csv or .csv.gz can be read.")


def store_fingerprint(url: str) -> str:
    """Identify objects by name, size and time, without reading them.

    Parameters
    ----------
    url
        The glob.
    """
    engine = DuckDB()
    _load_httpfs(engine, url)
    table = _asked(engine, url, f"select filename, size, last_modified from read_blob({literal(url)})")
    said = repr(table.to_arrow().to_pylist())
    return hashlib.sha256(said.encode()).hexdigest()


def _load_httpfs(engine: DuckDB, url: str) -> None:
    try:
        engine.rows("load httpfs")
    except duckdb.Error:
        raise MissingExtraError(
            f"{url}: object stores need DuckDB's extension httpfs, which is not installed here. Where the internet can "
            "be reached: python -c \"import duckdb; duckdb.sql('install httpfs')\". Or copy the files here, and give "
            "their path."
        ) from None


def _asked(engine: DuckDB, url: str, text: str) -> Table:
    try:
        return engine.table(text)
    except duckdb.OutOfMemoryException:
        raise
    except duckdb.Error as error:
        told = next((line for line in str(error).splitlines() if line.strip()), "")
        raise SourceError(
            f"{url} cannot be read: {told} Is it spelled right, and may you read it (AWS_ACCESS_KEY_ID, "
            "AWS_SECRET_ACCESS_KEY, AWS_REGION in the environment, or a stored DuckDB secret)?"
        ) from None
