"""Tables in memory, of pandas or by way of Arrow: one is the orders, a dict of them is a shop's tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import duckdb

from crmlib.errors import SchemaError, SourceError
from crmlib.shop.raw import Raw
from crmlib.sources.headers import refuse_repeated
from crmlib.sources.source import Source
from crmlib.sources.spark import SparkFrames

if TYPE_CHECKING:
    import pandas as pd

    from crmlib.engine import DuckDB, Table
    from crmlib.shop.raw import Reading, Wanted

__all__ = ["Frames", "from_pandas", "from_table", "is_frame", "is_table"]


class Frames(Source):
    """A table of pandas, Polars, Arrow or DuckDB, or a dict of them by table name."""

    def __init__(self, source: Any) -> None:
        # a stream gives its rows once, and a shop is looked at on several days
        if isinstance(source, dict):
            source = {name: _whole(data) for name, data in source.items()}
        super().__init__(_whole(source))

    @classmethod
    def recognises(cls, source: Any) -> bool:
        """Take what is a table in memory, and dicts unless they are of Spark."""
        return (is_table(source) or isinstance(source, dict)) and not SparkFrames.recognises(source)

    @property
    def name(self) -> str:
        """Nothing names it."""
        return "tables" if isinstance(self.source, dict) else "dataframe"

    def read(self, engine: DuckDB, reading: Reading, wanted: Wanted) -> dict[str, Raw]:  # noqa: ARG002 - they are here whole
        """Copy them to the engine."""
        if isinstance(self.source, dict):
            return {str(name): from_table(str(name), data, engine, reading) for name, data in self.source.items()}
        label = "the DataFrame" if is_frame(self.source) else "the table"
        return {"orders": from_table(label, self.source, engine, reading)}

    def fingerprint(self, reading: Reading, wanted: Wanted) -> bytes:
        """Refuse: a DataFrame cannot be asked again what is in it now."""
        del reading, wanted
        raise SourceError("A DataFrame has no fingerprint: in another run it is gone. Write it to a file.")


def is_frame(data: Any) -> bool:
    """Say whether something is a DataFrame of pandas, or like one, without importing it.

    Examples
    --------
    >>> is_frame({"orders": 1})
    False
    """
    return hasattr(data, "iloc") and hasattr(data, "columns")


def is_table(data: Any) -> bool:
    """Say whether something is a table in memory: a DataFrame of pandas, or what hands its rows over as Arrow does.

    Parameters
    ----------
    data
        Such as a DataFrame of Polars, a table, record batch or data set of Arrow, or a relation of DuckDB.

    Examples
    --------
    >>> import pyarrow as pa
    >>> is_table(pa.table({"amount": [1]})), is_table([1])
    (True, False)
    """
    streams = hasattr(data, "__arrow_c_stream__") and (hasattr(data, "schema") or hasattr(data, "columns"))
    return is_frame(data) or streams or _is_data_set(data) or _is_lazy(data)


def _is_data_set(data: Any) -> bool:
    """Tell data sets and scanners of Arrow, which have no stream of their own."""
    return type(data).__module__.startswith("pyarrow.") and (hasattr(data, "scanner") or hasattr(data, "to_reader"))


def _is_lazy(data: Any) -> bool:
    """Tell the query of Polars that has not run yet."""
    return type(data).__module__.startswith("polars.") and hasattr(data, "collect")


def _whole(data: Any) -> Any:
    """Return a stream as a table; anything else as it is."""
    import pyarrow as pa

    return data.read_all() if isinstance(data, pa.RecordBatchReader) else data


def from_table(label: str, data: Any, engine: DuckDB, reading: Reading) -> Raw:
    """Copy a table in memory to the engine, of pandas or by way of Arrow.

    Parameters
    ----------
    label, engine, reading
        As for `from_pandas`.
    data
        See `is_table`.

    Raises
    ------
    SourceError
        It is none, has no columns or two of one name, or a column that cannot be read.
    """
    if is_frame(data) or not is_table(data):
        return from_pandas(label, data, engine, reading)
    import pyarrow as pa

    if _is_data_set(data):
        data = data.scanner() if hasattr(data, "scanner") else data
        data = data.to_reader()
    elif _is_lazy(data):
        data = data.collect()
    try:
        reader = data if isinstance(data, pa.RecordBatchReader) else pa.RecordBatchReader.from_stream(data)
        names = list(reader.schema.names)
        if not names:
            raise SourceError(f"{label}: the table has no columns.")
        refuse_repeated(names, label)
        return Raw(label, engine.add(reader), first_row=0, reading=reading)
    except duckdb.OutOfMemoryException:
        raise
    except (duckdb.Error, pa.ArrowException, SchemaError, TypeError, ValueError, RuntimeError) as error:
        raise SourceError(f"{label}: {str(error).splitlines()[0]}. Give each column one type, or text.") from error


def from_pandas(label: str, data: pd.DataFrame, engine: DuckDB, reading: Reading) -> Raw:
    """Copy a DataFrame to the engine.

    Parameters
    ----------
    label
        How errors name it.
    data
        The DataFrame.
    engine
        Where it goes.
    reading
        How its text is to be read.

    Raises
    ------
    SourceError
        It is none, has no columns or two of one name, or a column of mixed types.
    """
    if not is_frame(data):
        raise SourceError(f"{label}: expected a pandas DataFrame, got a {type(data).__name__}.")
    data = data.set_axis([str(name) for name in data.columns], axis=1)
    # a level of the index that has a name is a column; what has none only counts the rows
    levels = {
        str(name): data.index.get_level_values(level)
        for level, name in enumerate(data.index.names)
        if name is not None and str(name) not in data.columns
    }
    data = data.reset_index(drop=True)
    for place, (name, values) in enumerate(levels.items()):
        data.insert(place, name, values)
    if not len(data.columns):
        raise SourceError(f"{label}: the DataFrame has no columns.")
    refuse_repeated(list(data.columns), label)
    return Raw(label, _added(data, label, engine), first_row=0, reading=reading)


def _added(data: pd.DataFrame, label: str, engine: DuckDB) -> Table:
    try:
        return engine.add(data)
    except duckdb.OutOfMemoryException:
        raise
    except (duckdb.Error, SchemaError) as whole:
        for name in data.columns:
            try:
                engine.add(data[[name]])
            except (duckdb.Error, SchemaError) as error:
                raise SourceError(
                    f"{label}, column {name!r} ({data[name].dtype}): {str(error).splitlines()[0]}. Give it one type "
                    f"first: numbers, dates, or text with df[{name!r}].astype(str)."
                ) from error
        raise SourceError(f"{label}: {str(whole).splitlines()[0]}") from whole
