"""The trusted comparison: what a student's notebook recorded beside what the reference recorded on the same shop.

A finding says which property failed and may show the student's own value. The expected one never leaves a kind.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from crmlib.errors import ExerciseError
from crmlib.grading.kinds.grids import UnfitError
from crmlib.grading.kinds.registry import kind_of
from crmlib.grading.spec.recorded import Answer

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from crmlib.grading.kinds.kind import Kind, Outcome
    from crmlib.grading.marking.futures import Future
    from crmlib.grading.spec.exercise import Exercise
    from crmlib.grading.spec.questions import Question

__all__ = ["QuestionMark", "compare", "mark"]

_DIGITS = 4


@dataclass(frozen=True)
class QuestionMark:
    """What one question earned.

    Attributes
    ----------
    question
        Its id.
    points
        Earned over all hidden shops: the least of them. A written answer has none before somebody has read it.
    out_of
        What a right answer earns.
    findings
        Which property failed, in sentences for the student; empty for full points. Of a plan: what came of it.
    needs_review
        Whether a person must look at it.
    """

    question: str
    points: float
    out_of: float
    findings: list[str]
    needs_review: bool


def mark(
    exercise: Exercise,
    submitted: Sequence[Mapping[str, Answer]],
    reference: Sequence[Mapping[str, Answer]],
    futures: Mapping[str, Sequence[Future]] | None = None,
) -> list[QuestionMark]:
    """Mark a submission: each question by its worst hidden shop.

    Parameters
    ----------
    exercise
        The exercise.
    submitted
        What the submission recorded, one mapping for each hidden shop.
    reference
        What the reference recorded on the same shops, in the same order.
    futures
        From `futures.hidden_futures` on the same shops: needed where an exercise asks for a plan.

    Raises
    ------
    ExerciseError
        The two do not cover the same shops, or the reference itself has no answer to a question.
    """
    if len(submitted) != len(reference) or not reference:
        raise ExerciseError(
            f"{exercise.name}: {len(submitted)} runs of the submission and {len(reference)} of the reference cannot be "
            "compared: each hidden shop needs both."
        )
    return [_marked(question, submitted, reference, futures or {}) for question in exercise.questions]


def _marked(
    question: Question,
    submitted: Sequence[Mapping[str, Answer]],
    reference: Sequence[Mapping[str, Answer]],
    futures: Mapping[str, Sequence[Future]],
) -> QuestionMark:
    kind, missing = kind_of(question), Answer(question.id, "none", problem="Nothing was handed in.")
    given = [answers.get(question.id, missing) for answers in submitted]
    if kind.by_person:
        return _to_be_read(kind, question, given)
    if kind.by_future:
        return _simulated(kind, question, given, futures.get(question.id, ()))
    shares, findings = [], []
    for answer, expected in zip(given, _expected(question, reference), strict=True):
        outcome = kind.compare(question, answer, expected)
        shares.append(outcome.share)
        findings.append(outcome.findings)
    worst = shares.index(min(shares))
    sentences = list(findings[worst])
    if sentences and max(shares) > shares[worst]:
        sentences.append(_of_other_shops(shares, given))
    points = round(question.points * min(shares), _DIGITS)
    return QuestionMark(question.id, points, question.points, sentences, question.review)


def _of_other_shops(shares: list[float], given: list[Answer]) -> str:
    """Say that other shops went better, and whether there was an answer on each at all."""
    missed = sum(answer.kind == "none" for answer in given)
    if missed:
        of = f"{missed} of {len(given)} shops"
        return f"On {of} nothing was recorded: the run failed there, or ended before this question."
    right = sum(share == max(shares) for share in shares)
    return f"On {right} of {len(shares)} shops the answer is better than on this one: does it hold for one shop only?"


def _expected(question: Question, reference: Sequence[Mapping[str, Answer]]) -> list[Answer]:
    recorded = []
    for number, answers in enumerate(reference, 1):
        expected = answers.get(question.id)
        if expected is None or expected.kind == "none":
            raise ExerciseError(f"The reference has no answer to {question.id} on hidden shop {number}.")
        recorded.append(expected)
    return recorded


def _simulated(kind: Kind, question: Question, given: list[Answer], futures: Sequence[Future]) -> QuestionMark:
    """Mark by what comes of an answer on its worst shop: no reference has to be near it."""
    if len(futures) != len(given):
        raise ExerciseError(f"{question.id} asks for a plan: each hidden shop needs its future.")
    outcomes = [kind.compare(question, answer, future) for future, answer in zip(futures, given, strict=True)]
    worst = min(outcomes, key=lambda outcome: outcome.share)
    points = round(question.points * worst.share, _DIGITS)
    return QuestionMark(question.id, points, question.points, worst.findings, question.review)


def _to_be_read(kind: Kind, question: Question, given: list[Answer]) -> QuestionMark:
    """Leave an answer to a person; what is not there, or is of another kind, earns nothing without one."""
    first = given[0]
    try:
        columns = kind.form(question, first)
    except UnfitError as error:
        return QuestionMark(question.id, 0.0, question.points, [str(error)], needs_review=False)
    return QuestionMark(
        question.id, 0.0, question.points, kind.check(question, first), needs_review=not columns.is_blank
    )


def compare(question: Question, answer: Answer, expected: Any) -> Outcome:
    """Compare an answer with the reference's.

    Parameters
    ----------
    question
        What is asked for, with its tolerances and rules.
    answer, expected
        What the submission and the reference recorded.

    Examples
    --------
    >>> from crmlib.grading.spec.questions import Field, Question
    >>> asked = Question(id="q1", title="A share", kind="scalar", points=1, value=Field(least=0, most=1))
    >>> compare(asked, Answer("q1", "value", 0.5), Answer("q1", "value", 0.25))
    Outcome(share=0.0, findings=['the answer: yours, 0.5, is not right.'])
    """
    return kind_of(question).compare(question, answer, expected)
