"""One value: a number, a text, a day, or whether something is so."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from crmlib.grading.kinds.columns import Columns
from crmlib.grading.kinds.grids import Grid

if TYPE_CHECKING:
    from crmlib.grading.spec.questions import Question
    from crmlib.grading.spec.recorded import Answer

__all__ = ["Scalar"]


class Scalar(Columns):
    """One value of the type that the question's ``value`` says."""

    name: ClassVar[str] = "scalar"
    asked: ClassVar[str] = "One value"

    def read(self, question: Question, answer: Answer) -> Grid | None:  # noqa: ARG002 - every kind reads by its question
        """Take a single value for one column of one row."""
        if answer.kind != "value" or isinstance(answer.value, (list, dict)):
            return None
        return Grid({"": [answer.value]}, 1, [""])
