"""What happened to values on their way in, and the helpers that change a column."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Notes", "flag", "mapped", "part", "passing"]


@dataclass
class Notes:
    """What happened to values: column, row, was, became, note."""

    rows: list[tuple[int, str, str, str | None, str]] = field(default_factory=list)

    def add(self, column: str, was: pd.Series[Any], became: pd.Series[Any], note: pd.Series[str]) -> None:
        """Note the rows that have a note."""
        for row in note.index[note.fillna("") != ""]:
            value = became[row]
            self.rows.append((int(row), column, str(was[row]), None if pd.isna(value) else str(value), note[row]))


def flag(rows: pd.Series[bool], note: str) -> pd.Series[str]:
    """Return the note for the rows that are meant, and no text for the others."""
    return rows.astype("bool").map({True: note, False: ""})


def mapped(column: pd.Series[Any], change: Callable[[str], Any]) -> pd.Series[Any]:
    """Change each distinct text once."""
    known = {value: change(value) for value in column.dropna().unique()}
    return column.map(lambda value: known[value], na_action="ignore").astype(object)


def part(column: pd.Series[Any], number: int) -> pd.Series[str]:
    """Return one part of each value, as text."""
    return column.map(lambda value: value[number], na_action="ignore").astype("str")


def passing(column: pd.Series[Any], test: Callable[[str], bool]) -> pd.Series[bool]:
    """Tell which values pass a test; those that are missing do not."""
    known = {value: test(value) for value in column.dropna().unique()}
    return pd.Series([not pd.isna(value) and known[value] for value in column], index=column.index, dtype="bool")
