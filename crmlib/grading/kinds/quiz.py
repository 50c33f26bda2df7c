"""A choice among lettered options."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import msgspec

from crmlib.grading.kinds.grids import Grid, as_text
from crmlib.grading.kinds.text import Text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from crmlib.grading.spec.exercise import Exercise
    from crmlib.grading.spec.questions import Field, Question
    from crmlib.grading.spec.recorded import Answer

__all__ = ["Quiz", "letter_of"]

_FEWEST = 2  # a choice is between two
_AROUND = " \t\r\n().:,;'\"`"  # what people write around a letter


def letter_of(value: str) -> str:
    """Bring a choice into the form that is compared: ``A``, ``(a)`` and ``b.`` are letters, too.

    Parameters
    ----------
    value
        What stands in the cell.

    Examples
    --------
    >>> letter_of(" A"), letter_of("b)"), letter_of("none")
    ('a', 'b', 'none')
    """
    return (as_text(value) or "").strip(_AROUND).casefold()


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

    def read(self, question: Question, answer: Answer) -> Grid | None:
        """Take the letter, however it is written."""
        if not isinstance(answer.value, str):
            return None
        spelled = {letter_of(option): option for option in question.options}
        return Grid({"": [spelled.get(letter_of(answer.value), answer.value)]}, 1, [""])

    def rules(self, question: Question) -> str:
        """Ask for options to choose between."""
        if len({letter_of(option) for option in question.options}) < len(question.options):
            return "has two `options` of one letter: 'a' and 'A' count as the same."
        if len(question.options) < _FEWEST:
            return "is a quiz question: give two `options` at least."
        return super().rules(question)

    def stub(self, question: Question, source: str) -> str:  # noqa: ARG002 - an empty letter says enough
        """Let any cell stand there."""
        return ""

    def advise(self, question: Question, exercise: Exercise) -> Iterator[str]:  # noqa: ARG002 - as for every kind
        """Ask for nothing more: its options are its mistakes."""
        yield from ()
