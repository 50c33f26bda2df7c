"""What runs the queries in ``crmlib/sql/``: DuckDB here, Spark in `crmlib.engine.spark`.

One text serves every engine. It names its tables ``{orders}`` and its values ``:as_of``, as Spark's own `spark.sql`
does, keeps to the SQL that the engines share, and calls the few functions that they spell differently from a prelude
(`day_index`). What an engine must do is `Engine`; nothing that analyses knows which one it talks to.
"""

from __future__ import annotations

from crmlib.engine.duckdb import DuckDB
from crmlib.engine.queries import MONEY, literal, quote, sql
from crmlib.engine.running import run
from crmlib.engine.table import Engine, Table

__all__ = ["MONEY", "DuckDB", "Engine", "Table", "literal", "quote", "run", "sql"]
