"""A text that a person reads and marks."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from crmlib.grading.kinds.grids import UnfitError
from crmlib.grading.kinds.text import Text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from crmlib.grading.spec.exercise import Exercise
    from crmlib.grading.spec.questions import Question
    from crmlib.grading.spec.recorded import Answer

__all__ = ["Written"]


class Written(Text):
    """A written answer: the computer counts its words, and leaves the rest to a person."""

    name: ClassVar[str] = "written"
    passed: ClassVar[str] = "It can be handed in."
    counts_as: ClassVar[str] = "written"
    reviewed_as: ClassVar[str] = "written"
    by_person: ClassVar[bool] = True
    varies: ClassVar[bool] = False

    def check(self, question: Question, answer: Answer) -> list[str]:
        """Count the words."""
        try:
            text = self.form(question, answer).columns[""][0]
        except UnfitError as error:
            return [str(error)]
        words, asked = len(text.split()), f"write {question.least_words} to {question.most_words}."
        if words < question.least_words:
            return [f"{words:,} {'word is' if words == 1 else 'words are'} few: {asked}"]
        if words > question.most_words:
            return [f"{words:,} words are many: {asked}"]
        return []

    def stub(self, question: Question, source: str) -> str:  # noqa: ARG002 - an empty text says enough
        """Let any cell stand there."""
        return ""

    def marked_how(self, question: Question) -> str:
        """Say that a person marks it, and how long it is meant to be."""
        return f"marked by a person; {question.least_words} to {question.most_words} words"

    def advise(self, question: Question, exercise: Exercise) -> Iterator[str]:
        """Ask for a rubric."""
        if question.id not in exercise.rubrics:
            yield f"{question.id} is marked by a person: say under [rubrics] what earns its points."
