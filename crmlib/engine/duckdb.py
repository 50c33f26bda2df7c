"""DuckDB, the engine in this process."""

from __future__ import annotations

import itertools
import os
import re
import tempfile
import threading
import weakref
from concurrent.futures import Future
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from crmlib.engine.queries import literal, quote, sql
from crmlib.engine.table import Table
from crmlib.errors import CrmlibError, SchemaError

if TYPE_CHECKING:
    from collections.abc import Mapping

    import duckdb
    import pandas as pd
    import pyarrow as pa

__all__ = ["DuckDB"]

#: What the engines spell differently. `day_index`: whole days since 1970-01-01, in the shop's zone;
#: `epoch_microseconds`: the same, finer; `md5_half`: the second half of a text's MD5 as a whole number, its bytes from
#: the last to the first.
_PRELUDE = """
    create macro day_index(ts) as date_diff('day', date '1970-01-01', cast(ts as date));
    create macro epoch_microseconds(ts) as epoch_us(cast(ts as timestamp));
    create macro md5_half(words) as md5_number_lower(words)
"""


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

    def computed(self, table: Table) -> Table:
        """Return a table that is computed: here, each is."""
        return table

    def lend(self, data: pd.DataFrame | pa.Table | pa.RecordBatchReader) -> Table:
        """Let the engine read a pandas or Arrow table where it is, until it is unregistered."""
        name = f"crmlib_{next(self._names)}"
        self.connection.register(name, _readable(data))
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

    def quoted(self, name: str) -> str:
        """Return a column's or table's name in the quotes that it needs here."""
        return quote(name)

    def literal(self, text: str) -> str:
        """Return text as a query spells it here."""
        return literal(text)

    def null(self, kind: str) -> str:
        """Return a missing value of a type as a query spells it here."""
        return f"cast(null as {kind})"

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


def _readable(data: Any) -> Any:
    """Return a DataFrame as DuckDB reads it right, whole; anything else as it is.

    Columns that run backwards in memory, as after ``df[::-1]``, it cannot read: they are copied. Of columns of Python
    objects it takes the type from a sample and casts the rest, so that cents or leading zeros that are rare go without
    a word: such a table goes over by way of Arrow, and what has no type in common goes over as text.
    """
    if not hasattr(data, "iloc"):
        return data
    columns = [data.iloc[:, index] for index in range(data.shape[1])]
    objects = {index for index, column in enumerate(columns) if column.dtype == object and not _is_text(column)}
    if objects:
        import pyarrow as pa

        arrays = [
            _typed(column) if index in objects else pa.array(column, from_pandas=True)
            for index, column in enumerate(columns)
        ]
        return pa.table(arrays, names=[str(name) for name in data.columns])
    plain = (column.to_numpy() for column in columns if isinstance(column.dtype, np.dtype))
    return data.copy() if any(values.strides[0] < 0 for values in plain) else data


#: What a column of Python objects may hold to keep a type of its own: see `pandas.api.types.infer_dtype`.
_ONE_TYPE = {"boolean", "bytes", "date", "datetime", "decimal", "floating", "integer", "mixed-integer-float"}


def _is_text(column: pd.Series) -> bool:
    import pandas as pd

    return pd.api.types.infer_dtype(column, skipna=True) in {"string", "empty"}


def _typed(column: pd.Series) -> pa.Array | pa.ChunkedArray:
    """Return a column of Python objects with the type that all of it has, or as text."""
    import pandas as pd
    import pyarrow as pa

    present = column[column.notna()]
    zoned = present.map(lambda value: isinstance(value, datetime) and value.tzinfo is not None)
    if zoned.any() and not zoned.all():
        raise SchemaError("some values are times with a zone, others are not")
    with_time = present.map(lambda value: isinstance(value, datetime))
    if with_time.any() and not with_time.all() and present.map(lambda value: isinstance(value, date)).all():
        column = column.map(pd.Timestamp, na_action="ignore")  # a date among times is its midnight
    nested = present.map(lambda value: isinstance(value, dict | list | tuple | np.ndarray)).all()
    if nested or pd.api.types.infer_dtype(column, skipna=True) in _ONE_TYPE:
        try:
            return pa.array(column, from_pandas=True)
        except (pa.ArrowException, OverflowError):
            pass
    return pa.array(column.map(str, na_action="ignore"), type=pa.string(), from_pandas=True)


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
