"""A table: columns with names, and rows that a key may tell apart."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from crmlib.grading.kinds.columns import Columns
from crmlib.grading.kinds.grids import Grid, as_text, bare
from crmlib.grading.kinds.pairing import sorted_rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crmlib.grading.spec.questions import Question
    from crmlib.grading.spec.recorded import Answer

__all__ = ["Table"]


class Table(Columns):
    """A DataFrame, an Arrow table, or whatever gives one: its columns by name."""

    name: ClassVar[str] = "table"
    asked: ClassVar[str] = "A table (a DataFrame)"
    passed: ClassVar[str] = (
        "The form is as asked: columns, types and bounds. Whether the values are right, grading will say."
    )

    def rules(self, question: Question) -> str:
        """Ask for the columns."""
        return super().rules(question) if question.fields else "is a table: say under `fields` what it holds."

    def read(self, question: Question, answer: Answer) -> Grid | None:
        """Take it as it is; a row is called by its key, or by its number."""
        if answer.kind != "table":
            return None
        columns = {as_text(name) or "": column.values for name, column in answer.value.items()}
        rows = len(next(iter(columns.values()))) if columns else 0
        keys = [name for name in question.key if name in columns]
        if keys:
            places = [", ".join(f"{name} {bare(columns[name][row])}" for name in keys) for row in range(rows)]
        else:
            places = [f"row {row}" for row in range(1, rows + 1)]
        return Grid(columns, rows, places)

    def problems(self, question: Question, columns: Grid) -> list[str]:  # noqa: ARG002 - as for every kind
        """Refuse a table without rows."""
        return [] if columns.rows else ["The table has no rows."]

    def order(self, question: Question, columns: Grid) -> Sequence[int]:
        """Sort the rows, unless their order is part of the answer."""
        if question.row_order == "same":
            return super().order(question, columns)
        return sorted_rows(self.fields(question), columns)
