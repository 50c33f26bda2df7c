"""What every kind of question can do, and what is the same for most of them."""

from __future__ import annotations

import ast
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from crmlib.grading.kinds.grids import Grid, UnfitError, described

if TYPE_CHECKING:
    from collections.abc import Iterator

    from crmlib.grading.spec.exercise import Exercise
    from crmlib.grading.spec.questions import Question
    from crmlib.grading.spec.recorded import Answer

__all__ = ["Kind", "Outcome"]


@dataclass(frozen=True)
class Outcome:
    """How one answer compares with what it is held to.

    Attributes
    ----------
    share
        Of the question's points, from 0 to 1.
    findings
        What failed, in sentences for the student; none tells an expected value.
    """

    share: float
    findings: list[str]


class Kind(ABC):
    """A kind of question: what an answer looks like, when it is right, and what its author must give.

    Attributes
    ----------
    name
        What ``exercise.toml`` calls it.
    asked
        The answer, as a sentence about another one begins: ``A list`` is asked for.
    passed
        What a student reads whose answer passes `check`.
    counts_as
        What it counts as where an exercise must have so many questions: ``graded``, ``quiz`` or ``written``.
    reviewed_as
        How the list of what a person must decide calls its answers.
    by_person
        Whether a person marks it, whatever the computer can say.
    by_future
        Whether answers are held to futures of the hidden shop, and not to a reference.
    varies
        Whether the right answer should differ from shop to shop, so that no typed-in value is right.
    identifies
        Whether a right answer shows on which student's shop it was computed.
    """

    name: ClassVar[str] = ""
    asked: ClassVar[str] = "An answer"
    passed: ClassVar[str] = "The form is as asked: kind, type and bounds. Whether it is right, grading will say."
    counts_as: ClassVar[str] = "graded"
    reviewed_as: ClassVar[str] = "answer"
    by_person: ClassVar[bool] = False
    by_future: ClassVar[bool] = False
    varies: ClassVar[bool] = True
    identifies: ClassVar[bool] = True

    @abstractmethod
    def read(self, question: Question, answer: Answer) -> Grid | None:
        """Bring what was recorded into columns; None where it is of another kind.

        Parameters
        ----------
        question
            What is asked for.
        answer
            What was recorded, whatever a hostile notebook wrote; never an answer that cannot be read.

        Raises
        ------
        UnfitError
            It is of the right kind and still not what is asked for; the message says so to the student.
        """

    @abstractmethod
    def check(self, question: Question, answer: Answer) -> list[str]:
        """Find what is wrong with an answer for sure, whatever the right one is: sentences for the student."""

    @abstractmethod
    def compare(self, question: Question, answer: Answer, expected: Any) -> Outcome:
        """Compare an answer with what it is held to; called on the trusted side only.

        Parameters
        ----------
        question
            What is asked for, with its tolerances and rules.
        answer
            What the submission recorded.
        expected
            What the reference recorded on the same shop; of a kind that goes `by_future`, that future.
        """

    def form(self, question: Question, answer: Answer) -> Grid:
        """Bring an answer into columns.

        Raises
        ------
        UnfitError
            The answer is of another kind; the message says which was asked for, and what this is.
        """
        if answer.kind == "none":
            raise UnfitError(answer.problem or "Nothing was handed in.")
        columns = self.read(question, answer)
        if columns is None:
            raise UnfitError(f"{self.asked} is asked for; this is {described(answer)}.")
        return columns

    def summary(self, answer: Answer) -> str:
        """Say in words what was recorded, as a student reads it below the cell.

        Parameters
        ----------
        answer
            What was recorded.
        """
        return described(answer)

    def rules(self, question: Question) -> str:
        """Say which rule of this kind a question breaks as it is written; empty for none."""
        weights = [field.weight for field in question.fields.values()]
        return "the weights add up to nothing, so nobody could earn its points." if _is_nothing(weights) else ""

    def stub(self, question: Question, source: str) -> str:
        """Say what is wrong with the cell that stands in a student's notebook to be filled in; empty for nothing.

        Parameters
        ----------
        question
            What is asked for.
        source
            The cell's code.
        """
        if _ends_in_not_implemented(source):
            return ""
        return (
            f'the stub of {question.id} must end in raise NotImplementedError("...") with a sentence on what to return.'
        )

    def marked_how(self, question: Question) -> str:  # noqa: ARG002 - of use to kinds that a person marks
        """Say below a question how it is marked, in a few words; empty where the computer does it."""
        return ""

    def validate(self, question: Question, exercise: Exercise) -> Iterator[str]:  # noqa: ARG002 - of use to some kinds
        """Find what would mark wrongly, before anything is run.

        Parameters
        ----------
        question
            What is asked for.
        exercise
            Its exercise.
        """
        yield from ()

    def advise(self, question: Question, exercise: Exercise) -> Iterator[str]:
        """Find what would make the question better, though it marks rightly as it is.

        Parameters
        ----------
        question
            What is asked for.
        exercise
            Its exercise.
        """
        if not any(question.id in mistake.cells for mistake in exercise.mistakes):
            yield f"{question.id}: list a common wrong answer under [[mistakes]], so that somebody has tried one."
        if not question.hints:
            yield f"{question.id} has no hints."


def _is_nothing(weights: list[float]) -> bool:
    return bool(weights) and not sum(weights)


def _ends_in_not_implemented(source: str) -> bool:
    try:
        nodes = list(ast.walk(ast.parse(source)))
    except SyntaxError:
        return False
    raised = [node.exc for node in nodes if isinstance(node, ast.Raise)]
    return any(
        isinstance(error, ast.Call)
        and isinstance(error.func, ast.Name)
        and error.func.id == "NotImplementedError"
        and error.args
        for error in raised
    )
