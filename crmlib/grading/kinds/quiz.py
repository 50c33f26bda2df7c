"""A choice among lettered options."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import msgspec

from crmlib.grading.kinds.text import Text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from crmlib.grading.spec.exercise import Exercise
    from crmlib.grading.spec.questions import Field, Question

__all__ = ["Quiz"]

_FEWEST = 2  # a choice is between two


class Quiz(Text):
    """The letter of one of the question's ``options``."""

    name: ClassVar[str] = "quiz"
    asked: ClassVar[str] = "A letter"
    passed: ClassVar[str] = "It can be handed in."
    counts_as: ClassVar[str] = "quiz"
    varies: ClassVar[bool] = False

    def fields(self, question: Question) -> Mapping[str, Field]:
        """Allow the letters of the options, and nothing else."""
        return {"": msgspec.structs.replace(question.value, type="text", choices=tuple(question.options))}

    def rules(self, question: Question) -> str:
        """Ask for options to choose between."""
        if len(question.options) < _FEWEST:
            return "is a quiz question: give two `options` at least."
        return super().rules(question)

    def stub(self, question: Question, source: str) -> str:  # noqa: ARG002 - an empty letter says enough
        """Let any cell stand there."""
        return ""

    def advise(self, question: Question, exercise: Exercise) -> Iterator[str]:  # noqa: ARG002 - as for every kind
        """Ask for nothing more: its options are its mistakes."""
        yield from ()
