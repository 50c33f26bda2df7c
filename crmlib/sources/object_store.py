"""Globs on object stores, ``s3://`` and ``gs://``, through DuckDB's extension httpfs."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

import duckdb

from crmlib.engine import DuckDB, literal
from crmlib.errors import MissingExtraError, SourceError
from crmlib.shop.raw import Raw, Reading
from crmlib.sources.addresses import address
from crmlib.sources.source import Source, scheme_of

if TYPE_CHECKING:
    from crmlib.engine import Table
    from crmlib.shop.raw import Wanted

__all__ = ["Objects", "scanning"]

_FILE_COLUMN = "crmlib file"


class Objects(Source):
    """A glob of Parquet or CSV objects, such as ``s3://bucket/orders/*.parquet``: one table of orders.

    Credentials are those that httpfs finds: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY in the environment, or a secret
    that ``create persistent secret`` has stored.
    """

    @classmethod
    def recognises(cls, source: Any) -> bool:
        """Take URLs of the stores that httpfs knows."""
        return scheme_of(source) in {"s3", "gs"}

    @property
    def name(self) -> str:
        """The objects', without the glob's marks, or their folder's."""
        path = self._path
        return path.stem.replace("*", "").strip("-_.") or path.parent.name or "orders"

    @property
    def _path(self) -> PurePosixPath:
        return PurePosixPath(address(self.source).shown.partition("://")[2])

    def read(self, engine: DuckDB, reading: Reading, wanted: Wanted) -> dict[str, Raw]:  # noqa: ARG002 - read whole
        """Copy the objects to the engine, as one table."""
        path = self._path
        scan, first_row = scanning(self.source, reading)
        _load_httpfs(engine, self.source)
        table = _asked(engine, self.source, f"select * from {scan}")
        label = path.name if not any(mark in path.name for mark in "*?[") else self.source
        return {"orders": Raw(label, table, _FILE_COLUMN, first_row=first_row, reading=reading)}

    def fingerprint(self, reading: Reading, wanted: Wanted) -> bytes:  # noqa: ARG002 - nothing is read
        """Return name, size and time of each object."""
        engine = DuckDB()
        _load_httpfs(engine, self.source)
        objects = f"select filename, size, last_modified from read_blob({literal(self.source)})"
        return repr(_asked(engine, self.source, objects).to_arrow().to_pylist()).encode()


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
