"""Spark runs the queries in ``crmlib/sql/`` where the orders are; the driver sees only what is asked for.

The same texts and the same `crmlib.engine.Table` as with DuckDB. A table is a temporary view of the session, kept on
the executors from its first use on (in memory, on their disks beyond); what a lost worker kept is computed again.
Times are ``TIMESTAMP_NTZ`` in the shop's zone, so that no setting of the session moves a day.
"""

from __future__ import annotations

import itertools
import weakref
from datetime import datetime
from typing import TYPE_CHECKING, Any

from crmlib.engine import Table, sql
from crmlib.engine.connecting import in_one_line, quiet, session

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd
    import pyarrow as pa
    from pyspark.sql import DataFrame, SparkSession

__all__ = ["Spark", "in_one_line", "literal", "quiet", "quoted", "session"]

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
#: Types that have another name here; Spark's own ``timestamp`` is an instant, in the session's zone.
_TYPES = {"varchar": "string", "timestamp": "timestamp_ntz"}
#: Views of one session share one space of names, whichever engine made them.
_NAMES = itertools.count(1)


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
        with quiet(), in_one_line():
            return [tuple(row) for row in self.session.sql(text).collect()]

    def frame(self, text: str) -> pd.DataFrame:
        """Return a result as a pandas DataFrame, each column of the type that DuckDB would give it: money as float."""
        import pandas as pd
        import pyarrow as pa

        table = self.arrow(text)
        for index, column in enumerate(table.schema):
            if pa.types.is_decimal(column.type):
                table = table.set_column(index, column.name, table[index].cast(pa.float64()))
            elif pa.types.is_date(column.type):
                table = table.set_column(index, column.name, table[index].cast(pa.timestamp("us")))
        frame: pd.DataFrame = table.to_pandas()
        nullable = {
            pa.int8(): pd.Int8Dtype(),
            pa.int16(): pd.Int16Dtype(),
            pa.int32(): pd.Int32Dtype(),
            pa.int64(): pd.Int64Dtype(),
            pa.bool_(): pd.BooleanDtype(),
        }
        for index, column in enumerate(table.schema):
            if column.type in nullable and table[index].null_count:
                frame[column.name] = table[index].to_pandas(types_mapper=nullable.get)
        return frame

    def arrow(self, text: str) -> pa.Table:
        """Return a result as an Arrow table."""
        with quiet(), in_one_line():
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
        with in_one_line():
            table = self.adopt(self.session.sql(text, args=bound))
        # computed when first asked for, then kept: models, scores and shares all look at it again
        self.session.catalog.cacheTable(table.name)
        weakref.finalize(table, _drop, self.session, table.name)
        return table

    def computed(self, table: Table) -> Table:
        """Return a table that is computed, so that queries on it carry nothing along of how it came about.

        A plan holds those of all tables that it names, as often as it names them; after many steps, planning alone
        would take minutes.
        """
        with quiet():
            result = self.adopt(self.session.table(table.name).localCheckpoint())
        weakref.finalize(result, _drop, self.session, result.name)
        return result

    def adopt(self, data: DataFrame) -> Table:
        """Give a Spark DataFrame a name here; nothing is computed."""
        name = f"crmlib_{next(_NAMES)}"
        with in_one_line():
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

    def quoted(self, name: str) -> str:
        """Return a column's or table's name in the quotes that it needs here: double ones would make text of it."""
        return quoted(name)

    def literal(self, text: str) -> str:
        """Return text as a query spells it here."""
        return literal(text)

    def null(self, kind: str) -> str:
        """Return a missing value of a type as a query spells it here."""
        return f"cast(null as {_TYPES.get(kind, kind)})"

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


def quoted(identifier: str) -> str:
    """Return an SQL identifier as Spark quotes it.

    Examples
    --------
    >>> quoted("Order Date")
    '`Order Date`'
    """
    return "`" + identifier.replace("`", "``") + "`"


def literal(text: str) -> str:
    r"""Return text as an SQL literal of Spark, where a backslash begins an escape.

    Examples
    --------
    >>> print(literal(r"it's a \n"))
    'it\'s a \\n'
    """
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


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
