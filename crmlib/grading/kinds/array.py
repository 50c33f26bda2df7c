"""An array of numbers of any dimension."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from crmlib.grading.kinds.columns import Columns
from crmlib.grading.kinds.grids import Grid, UnfitError
from crmlib.grading.kinds.pairing import Pairing

if TYPE_CHECKING:
    from crmlib.grading.spec.questions import Question
    from crmlib.grading.spec.recorded import Answer

__all__ = ["Array"]


class Array(Columns):
    """An array, or lists within lists: one column, position by position."""

    name: ClassVar[str] = "array"
    asked: ClassVar[str] = "An array"

    def read(self, question: Question, answer: Answer) -> Grid | None:
        """Take the positions, row by row, for the rows of one column."""
        if answer.kind in {"value", "series"}:
            values = answer.value["values"] if answer.kind == "series" else answer.value
            shape, flat = _flattened(values)
        elif answer.kind == "array":
            shape, flat = answer.value["shape"], answer.value["values"]
        else:
            return None
        if shape is None:
            return None
        if question.shape and tuple(shape) != question.shape:
            raise UnfitError(f"An array of shape {question.shape} is asked for; this has shape {tuple(shape)}.")
        return Grid({"": flat}, len(flat), [f"position {n}" for n in range(1, len(flat) + 1)])

    def paired(self, question: Question, theirs: Grid, right: Grid) -> Pairing:
        """Compare nothing where the shapes differ."""
        if not question.key and theirs.rows != right.rows:
            return Pairing([], [], stop="The array has another shape than is asked for.")
        return super().paired(question, theirs, right)


def _flattened(values: Any) -> tuple[list[int] | None, list[Any]]:
    """Take nested lists for an array, if every level is even."""
    if not isinstance(values, list):
        return None, []
    shape: list[int] = [len(values)]
    while values and isinstance(values[0], list):
        width = len(values[0])
        if any(not isinstance(row, list) or len(row) != width for row in values):
            return None, []
        shape.append(width)
        values = [value for row in values for value in row]
    return (None, []) if any(isinstance(value, (list, dict)) for value in values) else (shape, values)
