"""MySQL, MariaDB and any other database with a SQLAlchemy dialect. Values travel as text and are judged where read."""

from __future__ import annotations

import hashlib
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from crmlib.errors import MissingExtraError, SourceError

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pyarrow as pa

    from crmlib.sources.addresses import Address

__all__ = ["Dialect"]

_BATCH = 50_000
#: SQLAlchemy's own choice of driver needs a compiler.
_DRIVERS = {"mysql": "mysql+pymysql", "mariadb": "mariadb+pymysql"}


#: Databases that take timestamp '...' and tell the type of a column.
_ANSI = {"mysql", "mariadb"}


class Dialect:
    """A connection through SQLAlchemy.

    Parameters
    ----------
    address
        Where the database is.
    """

    def __init__(self, address: Address) -> None:
        try:
            import sqlalchemy
        except ImportError:
            raise MissingExtraError(
                f"{address.shown}: databases other than PostgreSQL need the package SQLAlchemy: "
                "pip install 'crmlib[databases]'."
            ) from None
        self._address = address
        self._reading: Any = None
        self._error: type[Exception] = sqlalchemy.exc.SQLAlchemyError
        scheme, _, rest = address.url.partition("://")
        try:
            self._engine = sqlalchemy.create_engine(f"{_DRIVERS.get(scheme, scheme)}://{rest}", hide_parameters=True)
            self._connection = self._engine.connect()
        except sqlalchemy.exc.NoSuchModuleError:
            raise SourceError(
                f"{scheme}:// is not a known kind of source, and no SQLAlchemy dialect of that name is installed. "
                "Known: postgresql://, mysql://, mariadb://, duckdb:///file.duckdb, sqlite:///file.db, s3://, gs://."
            ) from None
        except ImportError as error:
            raise MissingExtraError(
                f"{scheme}:// needs a driver that is not installed ({error}). For MySQL and MariaDB: "
                "pip install 'crmlib[databases]'; for others see the dialect's page."
            ) from None
        except sqlalchemy.exc.SQLAlchemyError as error:
            raise SourceError(self._said(error)) from None
        self._quote = self._engine.dialect.identifier_preparer.quote_identifier

    def close(self) -> None:
        """Give the connection back."""
        self._leave_unread()
        self._connection.close()
        self._engine.dispose()

    def relations(self) -> dict[str, str]:
        """Return tables and views: as people call them -> as SQL does."""
        import sqlalchemy

        try:
            seen = sqlalchemy.inspect(self._engine)
            found = {name: self._quote(name) for name in (*seen.get_table_names(), *seen.get_view_names())}
            asked = self._address.table
            if asked is not None and asked not in found and "." in asked:
                schema, _, table = asked.partition(".")
                if schema in seen.get_schema_names() and seen.has_table(table, schema=schema):
                    found[asked] = f"{self._quote(schema)}.{self._quote(table)}"
        except self._error as error:
            raise SourceError(self._said(error)) from None
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
        self._decimal = decimal
        found: dict[str, list[str]] = {}
        for name in self._execute(f"select * from {relation} where 1 = 0").keys():  # noqa: SIM118 - no dict
            found.setdefault(name, []).append(self._quote(name))
        return found

    def moments(self, relation: str) -> set[str]:
        """Return which columns hold days or moments; none of a database that may spell a moment in its own way.

        Parameters
        ----------
        relation
            A table or a query in parentheses, as SQL.
        """
        if self._engine.dialect.name not in _ANSI:
            return set()
        driver: Any = self._engine.dialect.dbapi
        described = self._execute(f"select * from {relation} where 1 = 0").cursor.description
        return {column[0] for column in described if column[1] in (driver.DATE, driver.DATETIME)}

    def quoted(self, name: str) -> str:
        """Return a column's name in the database's quotes.

        Parameters
        ----------
        name
            As it is.
        """
        return str(self._quote(name))

    def batches(self, text: str) -> pa.RecordBatchReader:
        """Run a query whose rows come as they are asked for.

        Parameters
        ----------
        text
            A query.
        """
        import pyarrow as pa

        self._reading = result = self._execute(text)
        schema = pa.schema([(name, pa.string()) for name in result.keys()])  # noqa: SIM118 - no dict

        def read() -> Iterator[pa.RecordBatch]:
            for rows in result.partitions(_BATCH):
                columns = ([self._text(value) for value in values] for values in zip(*rows, strict=True))
                yield pa.record_batch([pa.array(values, pa.string()) for values in columns], schema=schema)

        return pa.RecordBatchReader.from_batches(schema, read())

    def _leave_unread(self) -> None:
        """Drop what is left of a read that broke or was interrupted: PyMySQL would wait for its last row."""
        held: Any = getattr(getattr(self._reading, "cursor", None), "_result", None)
        if getattr(held, "unbuffered_active", False):
            held.unbuffered_active = False
            self._connection.invalidate()

    def expected(self, text: str) -> int | None:  # noqa: ARG002 - one signature for all kinds
        """Return None: no two databases tell it alike."""
        return None

    def checksum(self, text: str) -> str:
        """Return the number of rows and a sum over a hash of each, in any order the same.

        Parameters
        ----------
        text
            A query.
        """
        count = total = 0
        for row in self._execute(text):
            spelled = repr([self._text(value) for value in row]).encode()
            count += 1
            total += int.from_bytes(hashlib.blake2b(spelled, digest_size=8).digest())
        return f"{count} {total}"

    def _execute(self, text: str) -> Any:
        import sqlalchemy

        said = sqlalchemy.text(text.replace(":", "\\:"))  # a colon in a query is no parameter
        try:
            return self._connection.execution_options(stream_results=True).execute(said)
        except self._error as error:
            raise SourceError(self._said(error)) from None

    def _text(self, value: Any) -> str | None:
        """Spell a value as text."""
        if value is None or isinstance(value, str):
            return value
        if isinstance(value, Decimal):
            return f"{value:f}".replace(".", self._decimal)
        if isinstance(value, float):
            # whole numbers that became floats (ids beside a gap) are whole numbers
            return (
                str(int(value))
                if value.is_integer() and abs(value) < 2**53
                else repr(value).replace(".", self._decimal)
            )
        if isinstance(value, date):  # and datetime
            return value.isoformat()
        return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)

    def _said(self, error: Exception) -> str:
        told = self._address.scrub(str(getattr(error, "orig", None) or error).partition("[SQL:")[0])
        return f"{self._address.shown}: {told.rstrip('. ')}."
