"""PostgreSQL, read as Arrow batches through its ADBC driver."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from crmlib.engine import quote
from crmlib.errors import MissingExtraError, SourceError
from crmlib.shop.raw import INFINITIES

if TYPE_CHECKING:
    import pyarrow as pa

    from crmlib.sources.addresses import Address

__all__ = ["PostgreSQL"]

#: What arrives as it is; anything else (uuid, enum, numeric of any precision) as PostgreSQL writes it.
_AS_IT_IS = {"int2", "int4", "int8", "float4", "float8", "bool", "text", "varchar"}
_TIMES = {"timestamp", "timestamptz", "date"}
_TABLES = """
    select n.nspname, c.relname, pg_table_is_visible(c.oid)
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where c.relkind in ('r', 'v', 'm', 'p', 'f') and not c.relispartition
    and n.nspname <> 'information_schema' and n.nspname !~ '^pg_'
    order by 3 desc, 1, 2
"""


class PostgreSQL:
    """A connection to a PostgreSQL server, in one transaction that sees one state of the data and writes nothing.

    Parameters
    ----------
    address
        Where it is.
    """

    def __init__(self, address: Address) -> None:
        try:
            from adbc_driver_postgresql import dbapi
        except ImportError:
            raise MissingExtraError(
                "PostgreSQL needs the package adbc-driver-postgresql: pip install 'crmlib[postgres]'."
            ) from None
        self._error: type[Exception] = dbapi.Error
        self._address = address
        # a host that does not answer is an error, not a wait without end
        wait = "" if "connect_timeout=" in address.url else f"{'&' if '?' in address.url else '?'}connect_timeout=10"
        try:
            self._connection = dbapi.connect(address.url + wait)
        except dbapi.Error as error:
            raise SourceError(self._said(error)) from None
        self._reading = self._connection.cursor()
        self.rows("set transaction isolation level repeatable read, read only")
        self.rows("set local timezone = 'UTC'")
        self.rows("set local datestyle = 'ISO'")

    def close(self) -> None:
        """Give the connection back."""
        self._reading.close()
        self._connection.close()

    def relations(self) -> dict[str, str]:
        """Return tables and views: as people call them -> as SQL does."""
        found: dict[str, str] = {}
        for schema, table, visible in self.rows(_TABLES):
            found.setdefault(table if visible else f"{schema}.{table}", f"{quote(schema)}.{quote(table)}")
        return found

    def columns(self, relation: str, decimal: str) -> dict[str, list[str]]:
        """Return the columns of a table, and the expression that reads each; a name that is there twice has two.

        Parameters
        ----------
        relation
            A table or a query in parentheses, as SQL.
        decimal
            The mark that numbers as text are to have.
        """
        found: dict[str, list[str]] = {}
        for name, kind in self._kinds(relation):
            found.setdefault(name, []).append(_reading(quote(name), kind, decimal))
        return found

    def moments(self, relation: str) -> set[str]:
        """Return which columns hold days or moments.

        Parameters
        ----------
        relation
            A table or a query in parentheses, as SQL.
        """
        return {name for name, kind in self._kinds(relation) if kind in _TIMES}

    def quoted(self, name: str) -> str:
        """Return a column's name in quotes.

        Parameters
        ----------
        name
            As it is.
        """
        return quote(name)

    def _kinds(self, relation: str) -> list[tuple[str, str]]:
        with self._connection.cursor() as cursor:
            try:
                schema = cursor.adbc_execute_schema(f"select * from {relation}")
            except self._error as error:
                raise SourceError(self._said(error)) from None
        return [(each.name, (each.metadata or {}).get(b"POSTGRESQL:type", b"").decode()) for each in schema]

    def batches(self, text: str) -> pa.RecordBatchReader:
        """Run a query whose rows come as they are asked for.

        Parameters
        ----------
        text
            A query.
        """
        self._reading.close()
        self._reading = self._connection.cursor()  # kept: its rows end with it
        try:
            self._reading.execute(text)
            return self._reading.fetch_record_batch()
        except self._error as error:
            raise SourceError(self._said(error)) from None

    def expected(self, text: str) -> int | None:
        """Return how many rows the server expects of a query: an estimate, for the progress bar."""
        plan = self.rows(f"explain (format json) {text}")[0][0]
        return int((json.loads(plan) if isinstance(plan, str) else plan)[0]["Plan"]["Plan Rows"])

    def checksum(self, text: str) -> str:
        """Return the number of rows and a sum over a hash of each: computed on the server, in any order the same.

        Parameters
        ----------
        text
            A query.
        """
        hashed = "hashtextextended(crmlib_rows::text, 0)"
        said = self.rows(f"select count(*), coalesce(sum({hashed}), 0)::text from ({text}) as crmlib_rows")[0]
        return f"{said[0]} {said[1]}"

    def rows(self, text: str) -> list[tuple[Any, ...]]:
        """Return a small result as tuples.

        Parameters
        ----------
        text
            A statement.
        """
        with self._connection.cursor() as cursor:
            try:
                cursor.execute(text)
                rows: list[tuple[Any, ...]] = cursor.fetchall() if cursor.description else []
            except self._error as error:
                raise SourceError(self._said(error)) from None
        return rows

    def _said(self, error: Exception) -> str:
        """Say what the driver said, without the password, and what to do about it."""
        told = self._address.scrub(str(error).partition("Query was:")[0].partition("LINE 1:")[0])
        told = re.sub(r"^[A-Z_]+: (\[libpq\] )?(Failed to connect: )?(Failed to prepare query: )?", "", told)
        return f"{self._address.shown}: {told.rstrip('. ')}. {_hint(told)}".rstrip()


def _reading(column: str, kind: str, decimal: str) -> str:
    if kind in _TIMES:
        # the driver counts infinity past its end and round to the other: days that no shop has stand for it
        last, first = (f"'{day}'::{kind}" for day in INFINITIES)
        ends = f"when {column} > '2000-01-01' then {last} else {first}"
        return f"case when isfinite({column}) or {column} is null then {column} {ends} end as {column}"
    if kind in _AS_IT_IS:
        return column
    text = f"{column}::numeric::text" if kind == "money" else f"{column}::text"
    if kind in {"numeric", "money"} and decimal == ",":
        text = f"replace({text}, '.', ',')"
    return f"{text} as {column}"


def _hint(told: str) -> str:
    hints = {
        "password": (
            "Give the password by the environment (export PGPASSWORD=...) or in ~/.pgpass "
            "(host:port:database:user:password, readable by you only)."
        ),
        "Connection refused": "Is the port right, and does the server listen on that address?",
        "translate host name": "Is the host spelled as the server's administrator gave it?",
        "timeout expired": "Is the server reachable from here (network, firewall, VPN)?",
        "permission denied": "Ask the database's owner to grant select on it.",
        "invalid URI query parameter": "A URL takes ?table= and what libpq knows, such as sslmode=require.",
        "read-only transaction": "crmlib only reads: a query is a select.",
    }
    if "database" in told and "does not exist" in told:
        return "The database's name follows the host: postgresql://user@host:5432/database."
    return next((hint for sign, hint in hints.items() if sign in told), "")
