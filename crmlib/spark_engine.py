"""Spark runs the queries in ``crmlib/sql/`` where the orders are; the driver sees only what is asked for.

The same texts and the same `crmlib.engine.Table` as with DuckDB. A table is a temporary view of the session, kept on
the executors from its first use on (in memory, on their disks beyond); what a lost worker kept is computed again.
Times are ``TIMESTAMP_NTZ`` in the shop's zone, so that no setting of the session moves a day.
"""

from __future__ import annotations

import contextlib
import itertools
import tempfile
import warnings
import weakref
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crmlib.engine import Table, sql
from crmlib.errors import MissingExtraError, SourceError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import pandas as pd
    import pyarrow as pa
    from pyspark.sql import DataFrame, SparkSession

__all__ = ["Spark", "quiet", "session"]

#: What the engines spell differently (see `crmlib.engine`). The type of an argument keeps the session's time zone out.
_PRELUDE = {
    "day_index(ts timestamp_ntz) returns bigint": "datediff(cast(ts as date), date '1970-01-01')",
    "epoch_microseconds(ts timestamp_ntz) returns bigint": (
        "(datediff(cast(ts as date), date '1970-01-01') * 86400L + hour(ts) * 3600 + minute(ts) * 60) * 1000000 "
        "+ cast(extract(second from ts) * 1000000 as bigint)"
    ),
    "md5_half(words string) returns decimal(20, 0)": (
        f"cast(conv(concat({', '.join(f'substr(md5(words), {place}, 2)' for place in range(31, 15, -2))}), 16, 10) "
        "as decimal(20, 0))"
    ),
}
#: Views of one session share one space of names, whichever engine made them.
_NAMES = itertools.count(1)


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Keep Spark's word on pandas 3 to itself: everything here goes by Arrow, nothing by pandas.

    Examples
    --------
    >>> with quiet():
    ...     warnings.warn("PySpark does not yet fully support pandas >= 3.0.0.", FutureWarning)
    """
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "PySpark does not yet fully support pandas", FutureWarning)
        yield


def session(url: str) -> SparkSession:
    """Connect to a cluster.

    Parameters
    ----------
    url
        ``spark://host:port``, ``local[2]``, or ``sc://host:port`` for Spark Connect.

    Raises
    ------
    MissingExtraError
        pyspark is not installed.
    """
    try:
        with quiet():
            from pyspark.sql import SparkSession
    except ImportError as error:
        raise MissingExtraError(
            f'Spark needs the package pyspark ({error}). Install it: pip install "crmlib[spark]"'
        ) from error
    builder = SparkSession.builder.appName("crmlib")
    with quiet():
        if url.startswith("sc://"):
            return builder.remote(url).getOrCreate()
        for name, value in _unsaid().items():
            builder = builder.config(name, value)
        return builder.master(url).getOrCreate()


def _unsaid() -> dict[str, str]:
    """Return settings for what is about to start, save those that spark-defaults.conf makes."""
    from pyspark import SparkConf, SparkContext

    if SparkContext._active_spark_context is not None:  # noqa: SLF001 - no public way to ask without starting one
        return {}
    SparkContext._ensure_initialized(gateway=_java())  # noqa: SLF001 - starts Java, which reads the file
    # a catalogue of one's own has its data elsewhere; without one, Spark makes an empty folder where it stands
    warehouse = {"spark.sql.warehouse.dir": str(Path(tempfile.gettempdir()) / "crmlib-spark-warehouse")}
    said = SparkConf()
    return {name: value for name, value in warehouse.items() if not said.contains(name)}


def _java() -> Any:
    """Start Java. What it says of itself (logger, progress) stays out of notebooks, unless it does not start."""
    from pyspark.errors import PySparkRuntimeError
    from pyspark.java_gateway import launch_gateway

    with tempfile.TemporaryFile() as said:
        try:
            return launch_gateway(popen_kwargs={"stdout": said, "stderr": said})  # type: ignore[no-untyped-call]
        except (PySparkRuntimeError, OSError) as error:
            said.seek(0)
            told = said.read().decode(errors="replace").strip() or str(error)
            raise SourceError(
                f"Spark's Java does not start: {told[-600:]} Spark needs Java 17 or later: see `java -version`."
            ) from error


class Spark:
    """A Spark session, on a cluster or in this process.

    Parameters
    ----------
    spark
        The session.
    own
        Whether crmlib has started it, so that `close` may end it.
    """

    kind = "Spark"

    def __init__(self, spark: SparkSession, *, own: bool = False) -> None:
        self.session = spark
        self._own = own
        for head, body in _PRELUDE.items():
            spark.sql(f"create or replace temporary function {head} return {body}")

    def rows(self, text: str) -> list[tuple[Any, ...]]:
        """Return a small result as tuples."""
        with quiet():
            return [tuple(row) for row in self.session.sql(text).collect()]

    def frame(self, text: str) -> pd.DataFrame:
        """Return a result as a pandas DataFrame, money as float."""
        import pyarrow as pa

        found = self.arrow(text)
        for place, column in enumerate(found.schema):
            if pa.types.is_decimal(column.type):
                found = found.set_column(place, column.name, found[place].cast(pa.float64()))
        frame: pd.DataFrame = found.to_pandas()
        return frame

    def arrow(self, text: str) -> pa.Table:
        """Return a result as an Arrow table."""
        with quiet():
            return self.session.sql(text).toArrow()

    def types(self, source: str) -> dict[str, str]:
        """Return the columns and SQL types of a table."""
        return {column.name: column.dataType.simpleString() for column in self.session.table(source).schema}

    def table(self, text: str, parameters: Mapping[str, Any] | None = None) -> Table:
        """Keep the result of a query as a table here; it goes when its `Table` goes.

        Parameters
        ----------
        text
            A query.
        parameters
            Values of its ``:names``.
        """
        bound = {name: _literal(value) for name, value in (parameters or {}).items()}
        table = self.adopt(self.session.sql(text, args=bound))
        # computed when first asked for, then kept: models, scores and shares all look at it again
        self.session.catalog.cacheTable(table.name)
        weakref.finalize(table, _drop, self.session, table.name)
        return table

    def adopt(self, data: DataFrame) -> Table:
        """Give a Spark DataFrame a name here; nothing is computed."""
        name = f"crmlib_{next(_NAMES)}"
        data.createOrReplaceTempView(name)
        return Table(self, name)

    def lend(self, data: pd.DataFrame | pa.Table) -> Table:
        """Bring a pandas or Arrow table to the cluster, until it is given back."""
        import pyarrow as pa

        with quiet():
            from pyspark.sql.pandas.types import from_arrow_schema

            table = data if isinstance(data, pa.Table) else pa.Table.from_pandas(data, preserve_index=False)
            # a time without zone stays without: the session's zone must not touch it
            schema = from_arrow_schema(table.schema, prefer_timestamp_ntz=True)
            return self.adopt(self.session.createDataFrame(table, schema))

    def give_back(self, table: Table) -> None:
        """Forget a table that was lent; results that were made of it stay."""
        self.session.catalog.dropTempView(table.name)

    def add(self, data: pd.DataFrame | pa.Table) -> Table:
        """Bring a pandas or Arrow table to the cluster; it goes when its `Table` goes."""
        table = self.lend(data)
        weakref.finalize(table, _drop, self.session, table.name)
        return table

    def moment(self, when: datetime) -> str:
        """Return a time, without a zone, as a query spells it here."""
        return f"timestamp_ntz '{when:%Y-%m-%d %H:%M:%S}'"

    def query(self, name: str, tables: Mapping[str, Table], **values: Any) -> Table:
        """Run ``crmlib/sql/<name>.sql`` and keep its result here.

        Parameters
        ----------
        name
            The query's file, without ``.sql``.
        tables
            What stands for its ``{names}``.
        **values
            What stands for its ``:names``; Spark leaves aside those it does not mention.
        """
        return self.table(sql(name).format_map({key: table.name for key, table in tables.items()}), values)

    def close(self) -> None:
        """Give a cluster's cores back, if the session is crmlib's own; the tables are gone then."""
        if self._own:
            self.session.stop()


def _literal(value: Any) -> Any:
    """Return a value as Spark binds it; a time as one without zone, which Python's own would not be."""
    if isinstance(value, datetime):
        from pyspark.sql import functions

        return functions.expr(f"timestamp_ntz '{value.isoformat(sep=' ')}'")
    return value


def _drop(spark: SparkSession, name: str) -> None:
    try:
        spark.catalog.dropTempView(name)  # what was kept of it goes too
    except Exception:  # noqa: BLE001 - the session has gone first, in one of many ways; the view went with it
        return
