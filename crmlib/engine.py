"""What runs the queries in ``crmlib/sql/``: DuckDB here, Spark in `crmlib.spark_engine`.

One text serves every engine. It names its tables ``{orders}`` and its values ``:as_of``, as Spark's own `spark.sql`
does, keeps to the SQL that the engines share, and calls the few functions that they spell differently from a prelude
(`day_index`). What an engine must do is `Engine`; nothing that analyses knows which one it talks to.
"""

from __future__ import annotations

import itertools
import os
import re
import tempfile
import threading
import weakref
from concurrent.futures import Future
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, overload

import numpy as np

from crmlib.errors import CrmlibError, SchemaError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    import duckdb
    import pandas as pd
    import pyarrow as pa

__all__ = ["MONEY", "DuckDB", "Engine", "Table", "literal", "quote", "run", "sql"]

#: What the engines spell differently. `day_index`: whole days since 1970-01-01, in the shop's zone;
#: `epoch_microseconds`: the same, finer; `md5_half`: the second half of a text's MD5 as a whole number, its bytes from
#: the last to the first.
_PRELUDE = """
    create macro day_index(ts) as date_diff('day', date '1970-01-01', cast(ts as date));
    create macro epoch_microseconds(ts) as epoch_us(cast(ts as timestamp));
    create macro md5_half(words) as md5_number_lower(words)
"""

#: Money is a decimal: integer minor units underneath, so that sums do not depend on the order of rows.
MONEY = "decimal(18, 4)"


@cache
def sql(name: str) -> str:
    """Return the text of the query ``crmlib/sql/<name>.sql``.

    Parameters
    ----------
    name
        The file's name without its ending.

    Examples
    --------
    >>> print(sql("rfm_measures").splitlines()[0])
    -- Recency, frequency and monetary value of each customer as of a day (inclusive).
    """
    return (files("crmlib") / "sql" / f"{name}.sql").read_text(encoding="utf-8")


def quote(identifier: str) -> str:
    """Return an SQL identifier in double quotes.

    Examples
    --------
    >>> print(quote('5" disk'))
    "5"" disk"
    """
    return '"' + identifier.replace('"', '""') + '"'


def literal(text: str) -> str:
    """Return text as an SQL literal.

    Examples
    --------
    >>> literal("it's")
    "'it''s'"
    """
    return "'" + text.replace("'", "''") + "'"


class Engine(Protocol):
    """What runs the queries, and keeps the tables.

    Attributes
    ----------
    kind
        What people call it.
    """

    kind: str

    def rows(self, text: str) -> list[tuple[Any, ...]]:
        """Return a small result as tuples."""
        ...

    def frame(self, text: str) -> pd.DataFrame:
        """Return a result as a pandas DataFrame."""
        ...

    def arrow(self, text: str) -> pa.Table:
        """Return a result as an Arrow table."""
        ...

    def types(self, source: str) -> dict[str, str]:
        """Return the columns and SQL types of a table."""
        ...

    def table(self, text: str) -> Table:
        """Keep the result of a query as a table here; it goes when its `Table` goes."""
        ...

    def lend(self, data: pd.DataFrame | pa.Table) -> Table:
        """Let the engine read a pandas or Arrow table, until it is given back."""
        ...

    def give_back(self, table: Table) -> None:
        """Forget a table that was lent."""
        ...

    def add(self, data: pd.DataFrame | pa.Table) -> Table:
        """Copy a pandas or Arrow table here."""
        ...

    def moment(self, when: datetime) -> str:
        """Return a time as a query spells it here."""
        ...

    def query(self, name: str, tables: Mapping[str, Table], **values: Any) -> Table:
        """Run ``crmlib/sql/<name>.sql`` and keep its result here.

        Parameters
        ----------
        name
            The query's file, without ``.sql``.
        tables
            What stands for its ``{names}``.
        **values
            What stands for its ``:names``; those it does not mention are left out.
        """
        ...

    def close(self) -> None:
        """Give back what the tables hold here: memory, or the cores of a cluster; the tables are gone then."""
        ...


class Table:
    """A table that lives on an engine until it is asked for.

    Parameters
    ----------
    engine
        Where it lives.
    name
        Its name there, one that needs no quotes.
    """

    def __init__(self, engine: Engine, name: str) -> None:
        self.engine = engine
        self.name = name

    @property
    def columns(self) -> list[str]:
        """Names of the columns, in order."""
        return list(self.types)

    @property
    def types(self) -> dict[str, str]:
        """Columns and their SQL types."""
        return self.engine.types(self.name)

    def __len__(self) -> int:
        return int(self.engine.rows(f"select count(*) from {self.name}")[0][0])

    def to_pandas(self, limit: int | None = None) -> pd.DataFrame:
        """Bring the rows here, sorted by their columns from left to right so that two runs agree.

        Parameters
        ----------
        limit
            At most so many rows (the first ones); all by default.

        Returns
        -------
        pandas.DataFrame
            Money as float, timestamps in the shop's zone, without zone.
        """
        tail = "" if limit is None else f" limit {int(limit)}"
        return self.engine.frame(f"select * from {self.name} order by all nulls last{tail}")

    def to_arrow(self) -> pa.Table:
        """Bring the rows here as an Arrow table, sorted as in `to_pandas`."""
        return self.engine.arrow(f"select * from {self.name} order by all nulls last")

    def __repr__(self) -> str:
        return f"<table on {self.engine.kind}: {len(self):,} rows of {', '.join(self.columns)}>"

    def _repr_html_(self) -> str:
        """Show the first rows in a notebook."""
        shown = 5
        return f"{self.to_pandas(shown).to_html(index=False)}<p>{len(self):,} rows</p>"


class DuckDB:
    """DuckDB, in this process.

    Parameters
    ----------
    memory
        What it may use before it spills to disk, such as ``"4GB"``; the environment's ``CRMLIB_MEMORY`` otherwise.
    threads
        How many threads; ``CRMLIB_THREADS``, or all cores.
    spill
        Folder for what does not fit; ``CRMLIB_SPILL``, or the system's temporary folder.
    """

    kind = "DuckDB"

    def __init__(
        self, *, memory: str | None = None, threads: int | None = None, spill: str | Path | None = None
    ) -> None:
        import duckdb

        said = os.environ.get("CRMLIB_THREADS") or ""
        if said and not (said.isascii() and said.isdigit() and int(said)):
            raise CrmlibError(f"CRMLIB_THREADS={said!r} is not a number of threads. Set it to 2, say, or unset it.")
        threads = threads or int(said or os.cpu_count() or 1)
        memory = memory or os.environ.get("CRMLIB_MEMORY") or "4GB"
        spill = spill or os.environ.get("CRMLIB_SPILL") or tempfile.gettempdir()
        config: dict[str, str | bool | int | float | list[str]] = {
            "memory_limit": memory,
            "threads": threads,
            "temp_directory": str(Path(spill) / f"crmlib-spill-{os.getpid()}"),
        }
        try:
            self.connection: duckdb.DuckDBPyConnection = duckdb.connect(config=config)
        except duckdb.ParserException as error:
            raise CrmlibError(
                f"{memory!r} is not an amount of memory ({str(error).splitlines()[0]}). Write --memory 2GB, say, "
                "or set CRMLIB_MEMORY=2GB."
            ) from None
        # a timestamp with a zone falls on the same day on every machine
        self.connection.execute("set timezone = 'UTC'")
        self.connection.execute(_PRELUDE)
        self._names = itertools.count(1)

    def rows(self, text: str, parameters: Mapping[str, Any] | None = None) -> list[tuple[Any, ...]]:
        """Return a small result as tuples.

        Parameters
        ----------
        text
            A query.
        parameters
            Values of its ``$names``.
        """
        return self.connection.execute(text, dict(parameters or {})).fetchall()

    def frame(self, text: str) -> pd.DataFrame:
        """Return a result as a pandas DataFrame."""
        return self.connection.execute(text).df()

    def arrow(self, text: str) -> pa.Table:
        """Return a result as an Arrow table."""
        return self.connection.sql(text).to_arrow_table()

    def types(self, source: str) -> dict[str, str]:
        """Return the columns and SQL types of a table, view or table function."""
        return {row[0]: row[1] for row in self.rows(f"describe select * from {source}")}

    def table(self, text: str, parameters: Mapping[str, Any] | None = None) -> Table:
        """Keep the result of a query as a table here; it goes when its `Table` goes.

        Parameters
        ----------
        text
            A query.
        parameters
            Values of its ``$names``.
        """
        name = f"crmlib_{next(self._names)}"
        self._execute(f"create table {name} as {text}", dict(parameters or {}))
        table = Table(self, name)
        weakref.finalize(table, _drop, self.connection, name)
        return table

    def _execute(self, text: str, parameters: dict[str, Any]) -> None:
        """Run what may take long such that Ctrl-C ends it: in a thread, for the engine itself misses many a signal."""
        outcome: Future[Any] = Future()

        def work() -> None:
            try:
                outcome.set_result(self.connection.execute(text, parameters))
            except BaseException as error:  # noqa: BLE001 - it is raised below
                outcome.set_exception(error)

        thread = threading.Thread(target=work, name="crmlib query", daemon=True)
        thread.start()
        try:
            outcome.result()
        except KeyboardInterrupt:
            self.connection.interrupt()
            thread.join()
            raise

    def lend(self, data: pd.DataFrame | pa.Table | pa.RecordBatchReader) -> Table:
        """Let the engine read a pandas or Arrow table where it is, until it is unregistered."""
        name = f"crmlib_{next(self._names)}"
        self.connection.register(name, _forwards(data))
        return Table(self, name)

    def give_back(self, table: Table) -> None:
        """Forget a table that was lent."""
        self.connection.unregister(table.name)

    def add(self, data: pd.DataFrame | pa.Table | pa.RecordBatchReader) -> Table:
        """Copy a pandas or Arrow table to the engine."""
        lent = self.lend(data)
        try:
            return self.table(f"select * from {lent.name}")
        finally:
            self.give_back(lent)

    def moment(self, when: datetime) -> str:
        """Return a time as a query spells it here."""
        return f"timestamp '{when:%Y-%m-%d %H:%M:%S}'"

    def query(self, name: str, tables: Mapping[str, Table], **values: Any) -> Table:
        """Run ``crmlib/sql/<name>.sql`` and keep its result here.

        Parameters
        ----------
        name
            The query's file, without ``.sql``.
        tables
            What stands for its ``{names}``.
        **values
            What stands for its ``:names``; those it does not mention are left out.
        """
        text = sql(name).format_map({key: table.name for key, table in tables.items()})
        text, used = _bind(text)
        return self.table(text, {key: values[key] for key in used})

    def close(self) -> None:
        """Give back the memory; the tables are gone."""
        self.connection.close()


def _forwards(data: Any) -> Any:
    """Copy a DataFrame whose columns run backwards in memory, as after ``df[::-1]``: DuckDB cannot read those."""
    if hasattr(data, "iloc"):
        columns = (data.iloc[:, place] for place in range(data.shape[1]))
        plain = (column.to_numpy() for column in columns if isinstance(column.dtype, np.dtype))
        if any(values.strides[0] < 0 for values in plain):
            return data.copy()
    return data


def _bind(text: str) -> tuple[str, list[str]]:
    """Spell ``:value`` as DuckDB does, and list the values that are used."""
    used: list[str] = []

    def replace(match: re.Match[str]) -> str:
        used.append(match[1])
        return f"${match[1]}"

    return re.sub(r"(?<![:\w]):([a-z]\w*)", replace, text), sorted(set(used))


def _drop(connection: duckdb.DuckDBPyConnection, name: str) -> None:
    import duckdb

    try:
        connection.execute(f"drop table if exists {name}")
    except (duckdb.Error, AttributeError):
        # The connection, or at exit the interpreter, has gone first; the table went with it.
        return


@cache
def _for_frames() -> DuckDB:
    """Return the engine that pandas tables visit; one a process."""
    return DuckDB()


@overload
def run(name: str, *, tables: Mapping[str, pd.DataFrame], **values: Any) -> pd.DataFrame: ...
@overload
def run(name: str, *, tables: Mapping[str, Table], **values: Any) -> Table: ...
@overload
def run(name: str, *, tables: Mapping[str, pd.DataFrame | Table], **values: Any) -> pd.DataFrame | Table: ...
def run(name: str, *, tables: Mapping[str, Any], **values: Any) -> pd.DataFrame | Table:
    """Run a query on the engine where its first table lives: a table of the engine in, a table of the engine out.

    Parameters
    ----------
    name
        The query's file in ``crmlib/sql/``, without ``.sql``.
    tables
        What stands for its ``{names}``: tables of an engine, or pandas DataFrames (which visit an engine of
        their own, and the answer is pandas). What lives elsewhere than the first table visits its engine.
    **values
        What stands for its ``:names``.

    Raises
    ------
    SchemaError
        A DataFrame holds what the query cannot read, such as text where a number should be.
    """
    import duckdb

    first = next(iter(tables.values()))
    engine: Engine = first.engine if isinstance(first, Table) else _for_frames()
    names: dict[str, Table] = {}
    try:
        for key, table in tables.items():
            if not isinstance(table, Table):
                names[key] = engine.lend(table)
            elif table.engine is not engine:
                names[key] = engine.lend(table.to_arrow())
        result = engine.query(name, {**tables, **names}, **values)
        return result if isinstance(first, Table) else result.to_pandas()
    except (duckdb.DataError, duckdb.NotSupportedError, duckdb.ProgrammingError) as error:
        if all(isinstance(table, Table) for table in tables.values()):
            raise
        raise SchemaError(
            f"{' or '.join(tables)}: {str(error).splitlines()[0]} crmlib.open_shop brings any orders into the "
            "form that is expected."
        ) from error
    finally:
        for table in names.values():
            engine.give_back(table)
