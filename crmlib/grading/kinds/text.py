"""A text that is right or wrong, letter by letter."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import msgspec

from crmlib.grading.kinds.columns import Columns
from crmlib.grading.kinds.grids import Grid

if TYPE_CHECKING:
    from collections.abc import Mapping

    from crmlib.grading.spec.questions import Field, Question
    from crmlib.grading.spec.recorded import Answer

__all__ = ["Text"]


class Text(Columns):
    """A text, compared without the spaces around it."""

    name: ClassVar[str] = "text"
    asked: ClassVar[str] = "A text"
    identifies: ClassVar[bool] = False

    def fields(self, question: Question) -> Mapping[str, Field]:
        """Take what the question says of its value, as text."""
        return {"": msgspec.structs.replace(question.value, type="text")}

    def read(self, question: Question, answer: Answer) -> Grid | None:  # noqa: ARG002 - every kind reads by its question
        """Take a text for one column of one row."""
        return Grid({"": [answer.value]}, 1, [""]) if isinstance(answer.value, str) else None
