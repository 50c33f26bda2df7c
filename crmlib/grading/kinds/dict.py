"""Named values."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from crmlib.grading.kinds.columns import Columns
from crmlib.grading.kinds.grids import Grid, as_text

if TYPE_CHECKING:
    from crmlib.grading.spec.questions import Question
    from crmlib.grading.spec.recorded import Answer

__all__ = ["Dict"]


class Dict(Columns):
    """A dict, or a Series by its index: a column for each key, and one row."""

    name: ClassVar[str] = "dict"
    asked: ClassVar[str] = "A dict"
    part: ClassVar[str] = "key"

    def rules(self, question: Question) -> str:
        """Ask for the keys."""
        return super().rules(question) if question.fields else "is a dict: say under `fields` what it holds."

    def read(self, question: Question, answer: Answer) -> Grid | None:  # noqa: ARG002 - every kind reads by its question
        """Take each key for a column."""
        value = answer.value
        if answer.kind == "series":
            value = {str(key): one for key, one in zip(value["index"], value["values"], strict=True)}
        elif answer.kind != "value" or not isinstance(value, dict):
            return None
        return Grid({as_text(key) or "": [one] for key, one in value.items()}, 1, [""])
