"""Several values, in an order that may be part of the answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from crmlib.grading.kinds.columns import Columns
from crmlib.grading.kinds.grids import Grid
from crmlib.grading.kinds.pairing import sorted_rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crmlib.grading.spec.questions import Question
    from crmlib.grading.spec.recorded import Answer

__all__ = ["List"]


class List(Columns):
    """A list, a Series or an array of one dimension: one column."""

    name: ClassVar[str] = "list"
    asked: ClassVar[str] = "A list"
    rows_called: ClassVar[str] = "elements"

    def read(self, question: Question, answer: Answer) -> Grid | None:  # noqa: ARG002 - every kind reads by its question
        """Take each element for a row."""
        values = answer.value
        if answer.kind == "series" or (answer.kind == "array" and len(values["shape"]) == 1):
            values = values["values"]
        if not isinstance(values, list) or answer.kind in {"figure", "outputs"}:
            return None
        return Grid({"": values}, len(values), [f"element {n}" for n in range(1, len(values) + 1)])

    def problems(self, question: Question, columns: Grid) -> list[str]:
        """Count the elements, where the question says how many there are."""
        if question.shape and columns.rows != question.shape[0]:
            return [f"A list of {question.shape[0]} is asked for; this has {columns.rows}."]
        return []

    def order(self, question: Question, columns: Grid) -> Sequence[int]:
        """Sort the elements, unless their order is part of the answer."""
        if question.row_order == "same":
            return super().order(question, columns)
        return sorted_rows(self.fields(question), columns)
