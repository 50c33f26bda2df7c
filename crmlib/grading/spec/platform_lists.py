"""Lists that learning platforms write: which one a file is, and what its columns mean there.

A heading alone says little: Canvas's ``ID`` is a number of its own, Moodle's ``ID number`` the institution's, and its
``Identifier`` belongs to one assignment. So a file is recognized as a whole.
"""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

from crmlib.errors import GradingError

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["headings", "is_canvas_gradebook", "read_table"]

_MOST_BYTES = 10_000_000
Rows = list[tuple[int, list[str]]]


def read_table(path: Path) -> tuple[list[str], Rows]:
    """Read a list as CSV, whatever separates its cells: the heading, and each line with its row.

    Parameters
    ----------
    path
        The file.

    Raises
    ------
    GradingError
        It cannot be read, is too large, or is not in UTF-8.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise GradingError(f"The list {path} cannot be read: {error.strerror}.") from None
    if len(content) > _MOST_BYTES:
        raise GradingError(f"{path} takes {len(content) / 1e6:.0f} MB: that is no list of a class.")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise GradingError(f"{path}, line {line}, is not UTF-8: save it as 'CSV UTF-8' in your spreadsheet.") from None
    heading = text.partition("\n")[0]
    separator = max(",;\t", key=heading.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    try:
        rows = [(number, row) for number, row in enumerate(reader, start=1) if any(cell.strip() for cell in row)]
    except csv.Error as error:
        raise GradingError(f"{path} cannot be read as CSV: {error}.") from None
    return (rows[0][1], rows[1:]) if rows else ([], [])


def headings(heading: list[str]) -> list[str]:
    """Give headings in one form: no case, single blanks."""
    return [" ".join(cell.split()).casefold() for cell in heading]


def is_canvas_gradebook(heading: list[str]) -> bool:
    """Whether a heading is that of Canvas's gradebook export.

    Examples
    --------
    >>> is_canvas_gradebook(["Student", "ID", "SIS User ID", "SIS Login ID", "Section"])
    True
    """
    names = set(headings(heading))
    return "id" in names and bool(names & {"sis user id", "sis login id"})
