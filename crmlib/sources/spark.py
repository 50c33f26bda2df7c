"""Orders on Spark: DataFrames of pyspark, or tables and Parquet folders of a cluster that a URL names.

Nothing is copied here: the tables stay where they are.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, unquote

from crmlib.engine.connecting import in_one_line, quiet, session
from crmlib.engine.spark import Spark
from crmlib.errors import SourceError
from crmlib.shop.raw import Raw
from crmlib.sources.files import refuse_repeated
from crmlib.sources.source import Source, scheme_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pyspark.sql import DataFrame, SparkSession

    from crmlib.engine import DuckDB
    from crmlib.shop.raw import Reading, Wanted

__all__ = ["SparkCluster", "SparkFrames"]


def _is_spark_frame(data: Any) -> bool:
    """Say whether something is a DataFrame of pyspark, without importing it."""
    return type(data).__module__.startswith("pyspark.sql.") and hasattr(data, "sparkSession")


class SparkFrames(Source):
    """A DataFrame of pyspark, or a dict of them by table name: they stay where they are."""

    on_cluster = True

    @classmethod
    def recognises(cls, source: Any) -> bool:
        """Take a DataFrame of pyspark, and a dict that holds one."""
        return _is_spark_frame(source) or (isinstance(source, dict) and any(map(_is_spark_frame, source.values())))

    @property
    def name(self) -> str:
        """Nothing names it."""
        return "tables" if isinstance(self.source, dict) else "dataframe"

    def read(self, engine: DuckDB, reading: Reading, wanted: Wanted) -> dict[str, Raw]:  # noqa: ARG002 - they have types
        """Take the tables where they are."""
        if isinstance(self.source, dict):
            return _from_frames(self.source)
        return _from_frames({"orders": self.source}, "the Spark DataFrame")

    def fingerprint(self, reading: Reading, wanted: Wanted) -> bytes:
        """Refuse, as for DataFrames of pandas."""
        del reading, wanted
        raise SourceError("A DataFrame has no fingerprint: in another run it is gone. Name its table.")


class SparkCluster(Source):
    """A cluster's tables: ``spark://host:port`` or ``sc://host:port``, with ``?table=name`` or ``?table=path``."""

    takes_tables = True
    on_cluster = True

    @classmethod
    def recognises(cls, source: Any) -> bool:
        """Take a URL of Spark."""
        return scheme_of(source) in {"spark", "sc"}

    @property
    def name(self) -> str:
        """The cluster's address, of letters and digits."""
        return re.sub(r"\W+", "-", _shown(_parts(self.source)[0]).partition("://")[2]).strip("-")

    @property
    def parallel(self) -> bool:
        """Standalone, an application takes all cores that there are, and the next one waits for them."""
        return not self.source.startswith("spark://")

    def read(self, engine: DuckDB, reading: Reading, wanted: Wanted) -> dict[str, Raw]:  # noqa: ARG002 - they have types
        """Take the tables where they are."""
        return _from_url(self.source, wanted.tables)

    def fingerprint(self, reading: Reading, wanted: Wanted) -> bytes:  # noqa: ARG002 - whole tables count
        """Return a checksum of each table, computed on the cluster in one pass, whatever the order of its rows."""
        parts = []
        for name, raw in _from_url(self.source, wanted.tables).items():
            count, total = raw.table.engine.rows(
                f"select count(*), cast(sum(cast(xxhash64(*) as decimal(20, 0))) as string) from {raw.table.name}"
            )[0]
            parts.append(f"{name}:{count}:{total}")
        return "\n".join(parts).encode()


def _from_frames(frames: Mapping[str, DataFrame], label: str = "") -> dict[str, Raw]:
    strangers = [name for name, data in frames.items() if not _is_spark_frame(data)]
    if strangers:
        raise SourceError(
            f"{', '.join(strangers)}: expected a Spark DataFrame as the other tables are, got a "
            f"{type(frames[strangers[0]]).__name__}. Bring it there: spark.createDataFrame(...)."
        )
    sessions = [data.sparkSession for data in frames.values()]
    if any(one is not sessions[0] for one in sessions):
        raise SourceError("The tables belong to several Spark sessions: take them from one.")
    engine = Spark(sessions[0])
    tables = {}
    for name, data in frames.items():
        called = label or f"table {name}"
        with quiet(), in_one_line(called):
            refuse_repeated(data.columns, called)
            tables[str(name)] = Raw(called, engine.adopt(data))
    return tables


def _shown(address: str) -> str:
    """Leave out what follows a cluster's address: it may be a token."""
    return address.partition(";")[0]


def _from_url(url: str, tables: Mapping[str, str] | None = None) -> dict[str, Raw]:
    address, asked = _parts(url)
    wanted = dict(tables or ({"orders": asked} if asked else {}))
    shown = _shown(address)
    if not wanted:
        raise SourceError(
            f"{shown}: say which table holds the orders: open_shop({shown!r}, tables={{'orders': 'sales.orders'}}), "
            f"or {shown}?table=sales.orders. A path such as /data/orders.parquet is fine, too."
        )
    spark = session(address)
    engine = Spark(spark, own=True)
    return {name: Raw(where, engine.adopt(_loaded(spark, where))) for name, where in wanted.items()}


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
    with quiet(), in_one_line(where):
        data = spark.read.format("orc" if kind == "orc" else "parquet").load(where) if is_path else spark.table(where)
        _ = data.columns  # a session elsewhere looks only now
    return data
