"""The table beside the gradebook: human work exists in more than one file."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

from crmlib.csv_out import defused

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["COLUMNS", "Ledger"]

COLUMNS = ("exercise", "student_id", "question", "points", "comment", "why", "answer_id", "who", "at")


class Ledger:
    """A table beside the gradebook to which every decision is added, and from which they can be taken again.

    Parameters
    ----------
    path
        The file; None for a gradebook in memory.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path

    def add(self, exercise: str, student_id: str, question: str, **cells: str) -> None:
        """Add a decision, unless the very line is there.

        Parameters
        ----------
        exercise, student_id, question
            What was decided upon.
        **cells
            The other columns of the line.
        """
        if self._path is None:
            return
        row = {"exercise": exercise, "student_id": student_id, "question": question, **cells}
        text = io.StringIO()
        csv.writer(text, lineterminator="\r\n").writerow([defused(row.get(name, "")) for name in COLUMNS])
        there = self._path.read_bytes() if self._path.is_file() else b""
        line = text.getvalue().encode("utf-8")
        if line in there:
            return
        with self._path.open("ab") as file:
            if not there:
                file.write(b"\xef\xbb\xbf" + ",".join(COLUMNS).encode() + b"\r\n")
            file.write(line)
