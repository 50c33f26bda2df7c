"""A source's table before anything in it is interpreted."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from crmlib.engine import Table

__all__ = ["Raw", "Reading", "Wanted"]


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
    """What of a database is needed; files are read whole.

    Attributes
    ----------
    columns
        The caller's word on which column is which: name in crmlib -> name in the source.
    query
        A query whose rows are the orders, instead of a table.
    every_column
        Whether columns that orders do not need are read too: they tell which rows repeat another.
    """

    columns: Mapping[str, str] = field(default_factory=dict)
    query: str | None = None
    every_column: bool = False


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
    """

    label: str
    table: Table
    file_column: str | None = None
    first_row: int = 1
    columns: Mapping[str, str] = field(default_factory=dict)
    reading: Reading = field(default_factory=Reading)

    @property
    def names(self) -> list[str]:
        """The columns that the source itself has."""
        return [name for name in self.table.columns if name != self.file_column]
