"""A source's table before anything in it is interpreted."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from crmlib.days import until

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date, datetime

    from crmlib.engine import Table

__all__ = ["Raw", "Reading", "Wanted", "moment", "undated"]


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
        As for `datetime.strptime`; ``None`` reads ISO 8601 (2024-12-31, 2024-12-31 18:30:00, 2024-12-31T18:30:00Z).
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
        The caller's word on which column is which: name in crmlib -> name in the source.
    query
        A query whose rows are the orders, instead of a table.
    every_column
        Whether columns that orders do not need are read too: they tell which rows repeat another.
    as_of
        The last day that is needed; all by default.
    """

    columns: Mapping[str, str] = field(default_factory=dict)
    query: str | None = None
    every_column: bool = False
    as_of: date | None = None

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
        return f"({column} < {moment(end)} or {undated(column)})"


#: Later years are typing errors, which nobody should lose.
_LAST_YEAR = 9998


def moment(when: datetime) -> str:
    """Return a moment as an SQL literal that all engines and databases share.

    Examples
    --------
    >>> from datetime import datetime
    >>> moment(datetime(2024, 12, 31, 18, 30))
    "timestamp '2024-12-31 18:30:00'"
    """
    return f"timestamp '{when:%Y-%m-%d %H:%M:%S}'"


def undated(column: str) -> str:
    """Return the SQL condition for rows whose time cannot be: none, or beyond the years that shops live in.

    Examples
    --------
    >>> undated("ts")
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
    rows_before
        How many rows of the source were read before these.
    """

    label: str
    table: Table
    file_column: str | None = None
    first_row: int = 1
    columns: Mapping[str, str] = field(default_factory=dict)
    reading: Reading = field(default_factory=Reading)
    rows_before: int = 0

    @property
    def names(self) -> list[str]:
        """The columns that the source itself has."""
        return [name for name in self.table.columns if name != self.file_column]
