"""Orders on Spark: DataFrames of pyspark, or tables and Parquet folders of a cluster that a URL names.

Nothing is copied here: the tables stay where they are.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, unquote

from crmlib.errors import SourceError
from crmlib.sources.raw import Raw
from crmlib.spark_engine import Spark, quiet, session

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pyspark.sql import DataFrame, SparkSession

__all__ = ["is_spark_frame", "is_spark_url", "read_spark", "spark_fingerprint"]


def is_spark_frame(data: Any) -> bool:
    """Say whether something is a DataFrame of pyspark, without importing it.

    Examples
    --------
    >>> is_spark_frame({"orders": 1})
    False
    """
    return type(data).__module__.startswith("pyspark.sql.") and hasattr(data, "sparkSession")


def is_spark_url(source: Any) -> bool:
    """Say whether a source is a URL of Spark.

    Examples
    --------
    >>> is_spark_url("spark://10.0.0.1:7077?table=orders"), is_spark_url("sqlite:///shop.db")
    (True, False)
    """
    return isinstance(source, str) and source.startswith(("spark://", "sc://"))


def read_spark(source: Any, tables: Mapping[str, str] | None = None) -> tuple[str, dict[str, Raw]] | None:
    """Take a source's tables where they are, if they are on Spark.

    Parameters
    ----------
    source
        A Spark DataFrame, a dict of them by table name, or a URL: ``spark://host:port`` or ``sc://host:port``, perhaps
        with ``?table=name`` or ``?table=path``.
    tables
        Which tables a URL means: name in crmlib -> name in the cluster's catalogue, or path that all workers see.

    Returns
    -------
    tuple or None
        A short name and the tables; None for a source of another kind.

    Raises
    ------
    SourceError
        A table cannot be read, or the source does not say which it is.
    """
    if is_spark_url(source):
        return _from_url(source, tables)
    if tables is not None:
        raise SourceError("tables=... says which tables of a Spark cluster to open; this source is not one.")
    if is_spark_frame(source):
        return "dataframe", _from_frames({"orders": source}, "the Spark DataFrame")
    if isinstance(source, dict) and any(map(is_spark_frame, source.values())):
        return "tables", _from_frames(source)
    return None


def _from_frames(frames: Mapping[str, DataFrame], label: str = "") -> dict[str, Raw]:
    strangers = [name for name, data in frames.items() if not is_spark_frame(data)]
    if strangers:
        raise SourceError(
            f"{', '.join(strangers)}: expected a Spark DataFrame as the other tables are, got a "
            f"{type(frames[strangers[0]]).__name__}. Bring it there: spark.createDataFrame(...)."
        )
    sessions = [data.sparkSession for data in frames.values()]
    if any(one is not sessions[0] for one in sessions):
        raise SourceError("The tables belong to several Spark sessions: take them from one.")
    engine = Spark(sessions[0])
    return {str(name): Raw(label or f"table {name}", engine.adopt(data)) for name, data in frames.items()}


def _from_url(url: str, tables: Mapping[str, str] | None = None) -> tuple[str, dict[str, Raw]]:
    address, asked = _parts(url)
    wanted = dict(tables or ({"orders": asked} if asked else {}))
    shown = address.partition(";")[0]  # what follows may be a token
    if not wanted:
        raise SourceError(
            f"{shown}: say which table holds the orders: open_shop({shown!r}, tables={{'orders': 'sales.orders'}}), "
            f"or {shown}?table=sales.orders. A path such as /data/orders.parquet is fine, too."
        )
    spark = session(address)
    engine = Spark(spark, own=True)
    raw = {name: Raw(where, engine.adopt(_loaded(spark, where))) for name, where in wanted.items()}
    return re.sub(r"\W+", "-", shown.partition("://")[2]).strip("-"), raw


def spark_fingerprint(url: str) -> str:
    """Return a checksum of a cluster's table, computed there in one pass; the order of the rows does not matter.

    Parameters
    ----------
    url
        As for `read_spark`, with a ``?table=``.
    """
    _, raw = _from_url(url)
    table = next(iter(raw.values())).table
    count, total = table.engine.rows(
        f"select count(*), cast(sum(cast(xxhash64(*) as decimal(20, 0))) as string) from {table.name}"
    )[0]
    return f"{count}:{total}"


def _parts(url: str) -> tuple[str, str | None]:
    """Split a URL into the cluster's address and the table asked for.

    Examples
    --------
    >>> _parts("spark://10.0.0.1:7077?table=/data/my%20orders.parquet")
    ('spark://10.0.0.1:7077', '/data/my orders.parquet')
    """
    address, _, query = url.partition("?")
    asked = parse_qs(query).get("table", [None])[0]
    return address.rstrip("/"), None if asked is None else unquote(asked)


def _loaded(spark: SparkSession, where: str) -> DataFrame:
    kind = where.rstrip("/").rpartition(".")[2].lower()
    is_path = "/" in where or "\\" in where or kind in {"parquet", "orc", "csv", "json"}
    if is_path and kind in {"csv", "tsv", "txt", "json"}:
        raise SourceError(
            f"{where}: on Spark, orders have types. Write the file as Parquet once (spark.read.csv(..., "
            "inferSchema=True).write.parquet(...)), or open it without Spark."
        )
    with quiet():
        from pyspark.errors import PySparkException

        try:
            data = spark.read.format("orc" if kind == "orc" else "parquet").load(where) if is_path else None
            data = spark.table(where) if data is None else data
            _ = data.columns  # a session elsewhere looks only now
        except PySparkException as error:
            told = str(error).splitlines()[0]
            raise SourceError(f"{where}: Spark cannot read it. {told}") from error
    return data
