"""A source's table before anything in it is interpreted."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from crmlib.days import until

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date, datetime

    from crmlib.engine import Table
    from crmlib.shop.platforms import Preset

__all__ = ["INFINITIES", "Raw", "Reading", "Wanted", "shown_time"]

#: What stands for infinity, forwards and backwards, where a source's own would not arrive whole.
INFINITIES = ("290000-01-01", "4713-01-01 BC")


@dataclass(frozen=True)
class Reading:
    """How text is to be read.

    Attributes
    ----------
    encoding
        Of text files.
    decimal
        The decimal mark, ``"."`` or ``","``; with a comma, points separate thousands, and the other way round.
    date_format
        As for `datetime.strptime`, or ``"epoch_s"``, ``"epoch_ms"`` or ``"epoch_us"`` for numbers that count from 1970
        on; ``None`` reads ISO 8601 (2024-12-31, 2024-12-31 18:30:00, 2024-12-31T18:30:00Z, 2024-12-31 18:30:00 +0100).
    """

    encoding: str = "utf-8"
    decimal: str = "."
    date_format: str | None = None


@dataclass(frozen=True)
class Wanted:
    """What of a database or of Parquet files is needed; text files are read whole.

    Attributes
    ----------
    columns
        The caller's word on which column of the orders is which: name in crmlib -> name in the source, or ``None``.
    query
        A query whose rows are the orders, instead of a table.
    every_column
        Whether columns that orders do not need are read too: they tell which rows repeat another.
    as_of
        The last day that is needed; all by default.
    tables
        Of a cluster, which tables are meant: name in crmlib -> name in its catalogue, or path that all workers see.
    preset
        As for `crmlib.open_shop`: an export that is known may need columns of any name.
    """

    columns: Mapping[str, str | None] = field(default_factory=dict)
    query: str | None = None
    every_column: bool = False
    as_of: date | None = None
    tables: Mapping[str, str] | None = None
    preset: str | bool | None = None

    def condition(self, column: str) -> str:
        """Return the SQL condition that leaves later days where they are; empty where all are needed.

        It is kept one day wide, for the source's clock may be of another time zone than the shop: the shop cuts to the
        minute. Rows without a date, and with one that nobody could mean, come along: they are errors to be told.

        Parameters
        ----------
        column
            The column of times, quoted.

        Examples
        --------
        >>> from datetime import date
        >>> print(Wanted(as_of=date(2024, 12, 31)).condition("ts"))
        (ts < timestamp '2025-01-02 00:00:00' or ts is null or ts > timestamp '9998-12-31 00:00:00')
        """
        if self.as_of is None or self.as_of.year >= _LAST_YEAR:
            return ""
        end = until(self.as_of) + timedelta(days=1)
        return f"({column} < {_moment(end)} or {_undated(column)})"


#: Later years are typing errors, which nobody should lose.
_LAST_YEAR = 9998


def _moment(when: datetime) -> str:
    """Return a moment as an SQL literal that all engines and databases share.

    Examples
    --------
    >>> from datetime import datetime
    >>> _moment(datetime(2024, 12, 31, 18, 30))
    "timestamp '2024-12-31 18:30:00'"
    """
    return f"timestamp '{when:%Y-%m-%d %H:%M:%S}'"


def _undated(column: str) -> str:
    """Return the SQL condition for rows whose time cannot be: none, or beyond the years that shops live in.

    Examples
    --------
    >>> _undated("ts")
    "ts is null or ts > timestamp '9998-12-31 00:00:00'"
    """
    return f"{column} is null or {column} > timestamp '{_LAST_YEAR}-12-31 00:00:00'"


@dataclass(frozen=True)
class Raw:
    """A table as its source has it.

    Attributes
    ----------
    label
        How errors name it.
    table
        Where it is on the engine.
    file_column
        The column that holds each row's file, where there are files.
    first_row
        The number of the first data row in the user's count: 2 under a header line, 0 in a DataFrame.
    columns
        Known names of its columns: name in crmlib -> name here.
    reading
        How its text is to be read.
    row_column
        The column that holds each row's number, where rows have gone since the source was read.
    curated
        Whether its columns are called as crmlib calls them: a packaged data set, of which nothing is to be recognised.
    preset
        What is known of the export that it is, if anything.
    only
        The SQL condition for those of its rows that are orders; empty where all are.
    """

    label: str
    table: Table
    file_column: str | None = None
    first_row: int = 1
    columns: Mapping[str, str] = field(default_factory=dict)
    reading: Reading = field(default_factory=Reading)
    row_column: str | None = None
    curated: bool = False
    preset: Preset | None = None
    only: str = ""

    @property
    def medium(self) -> str:
        """What its rows stand in, for who is to mend them: a file or a table."""
        return "file" if self.file_column else "table"

    @property
    def names(self) -> list[str]:
        """The columns that the source itself has."""
        return [name for name in self.table.columns if name not in {self.file_column, self.row_column}]

    @property
    def rows(self) -> str:
        """The rows that are orders, as a relation in SQL."""
        return f"(select * from {self.table.name} where {self.only})" if self.only else self.table.name


def shown_time(value: Any) -> Any:
    """Return a value as people know it: databases keep infinity as the first or last moment that they can count.

    Parameters
    ----------
    value
        Of any column, as the engine returns it.

    Examples
    --------
    >>> shown_time("290000-01-01 00:00:00"), shown_time("4713-01-01 (BC)"), shown_time("12,50")
    ('infinity', '-infinity', '12,50')
    """
    text = str(value)
    if re.fullmatch(r"(29\d{4}|58\d{5}|4713)-\d\d-\d\d \(BC\)( .*)?", text):
        return "-infinity"
    is_last = re.fullmatch(r"(29\d{4}|58\d{5})-\d\d-\d\d( .*)?|9999-12-31 23:59:59.999999", text)
    return "infinity" if is_last else value
