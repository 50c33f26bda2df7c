"""CSV files that a spreadsheet opens without running what somebody typed into a form."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pandas as pd

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["defused", "write_csv"]

#: What makes a spreadsheet take a cell for a formula, also behind spaces, and in the full-width form of East Asia.
_FORMULA = re.compile(r"[\s\ufeff]*[=+\-@\uff1d\uff0b\uff0d\uff20]|[\t\r\n]")
#: What begins so and is none: a number, and a telephone number in E.164. Digits alone compute nothing.
_HARMLESS = re.compile(r"[+-]?\d+(?:[.,]\d+)*", re.ASCII)


def defused(value: Any) -> Any:
    """Return a cell as it may stand in a CSV file: a text that a spreadsheet would run gets an apostrophe before it.

    Numbers and telephone numbers such as +393001234567 stay as they are, so that other programs can read them back;
    ``+1+cmd|...`` does not pass for one.

    Parameters
    ----------
    value
        A cell; what is no text is returned as it is.

    Examples
    --------
    >>> defused("=HYPERLINK(...)"), defused("+393001234567"), defused("-1.5"), defused("+39 300 1+1"), defused(7)
    ("'=HYPERLINK(...)", '+393001234567', '-1.5', "'+39 300 1+1", 7)
    """
    if isinstance(value, str) and _FORMULA.match(value) and not _HARMLESS.fullmatch(value):
        return f"'{value}"
    return value


def write_csv(table: pd.DataFrame, path: str | Path, *, separator: str = ",") -> None:
    """Write a table as CSV, in UTF-8 with the mark by which spreadsheets know it, its cells and headings defused.

    Parameters
    ----------
    table
        What to write; its index is left out.
    path
        The file.
    separator
        Between cells; spreadsheets of countries with a decimal comma want ``";"``.
    """
    safe = pd.concat([_defused(table.iloc[:, place]) for place in range(table.shape[1])], axis=1)
    safe = safe.rename(columns=lambda name: defused(str(name)))
    safe.to_csv(path, index=False, sep=separator, encoding="utf-8-sig", lineterminator="\r\n")


def _defused(column: pd.Series[Any]) -> pd.Series[Any]:
    if pd.api.types.is_numeric_dtype(column) or pd.api.types.is_datetime64_any_dtype(column):
        return column
    return column.astype(object).map(defused, na_action="ignore")
