"""One way to run a query, whatever holds its tables: an engine, or pandas."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, overload

from crmlib.engine.duckdb import DuckDB
from crmlib.engine.table import Table
from crmlib.errors import SchemaError

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

    from crmlib.engine.table import Engine

__all__ = ["run"]


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
