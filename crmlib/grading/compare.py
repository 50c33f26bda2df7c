"""The trusted comparison: what a student's notebook recorded beside what the reference recorded on the same shop.

A finding says which property failed and may show the student's own value. The expected one never leaves this module.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from crmlib.errors import ExerciseError
from crmlib.grading.checks import fields_of, problems
from crmlib.grading.figures import compare_figures
from crmlib.grading.futures import Future, judge
from crmlib.grading.grids import Grid, UnfitError, grid, shown, subject
from crmlib.grading.outcome import Outcome
from crmlib.grading.reading import Answer
from crmlib.grading.sameness import NOTHING, alike, comparable, rank

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from crmlib.grading.exercise import Exercise
    from crmlib.grading.questions import Field, Question

__all__ = ["QuestionMark", "compare", "mark"]

_DIGITS = 4
_ROUNDING = 1e-9


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
    missing = Answer(question.id, "none", problem="Nothing was handed in.")
    given = [one.get(question.id, missing) for one in submitted]
    if question.kind == "written":
        return _to_be_read(question, given)
    if question.kind == "plan":
        return _simulated(question, given, futures.get(question.id, ()))
    shares, findings = [], []
    for number, (answer, expected) in enumerate(zip(given, (one.get(question.id) for one in reference), strict=True)):
        if expected is None or expected.kind == "none":
            raise ExerciseError(f"The reference has no answer to {question.id} on hidden shop {number + 1}.")
        outcome = compare(question, answer, expected)
        shares.append(outcome.share)
        findings.append(outcome.findings)
    worst = shares.index(min(shares))
    told = list(findings[worst])
    if told and len(shares) > 1 and max(shares) > shares[worst]:
        right = sum(share == max(shares) for share in shares)
        told.append(
            f"On {right} of {len(shares)} shops the answer is better than on this one: does it hold for one shop only?"
        )
    return QuestionMark(
        question.id, round(question.points * min(shares), _DIGITS), question.points, told, question.review
    )


def _simulated(question: Question, given: list[Answer], futures: Sequence[Future]) -> QuestionMark:
    """Mark a plan by what comes of it: no reference has to be near it."""
    if len(futures) != len(given):
        raise ExerciseError(f"{question.id} asks for a plan: each hidden shop needs its future.")
    worst = min((judge(one, answer) for one, answer in zip(futures, given, strict=True)), key=lambda came: came.share)
    points = round(question.points * worst.share, _DIGITS)
    return QuestionMark(question.id, points, question.points, worst.findings, question.review)


def _to_be_read(question: Question, given: list[Answer]) -> QuestionMark:
    """Leave a written answer to a person; what is not there, or is no text, earns nothing without one."""
    first = given[0]
    try:
        text = grid(question, first).columns[""][0]
    except UnfitError as error:
        return QuestionMark(question.id, 0.0, question.points, [str(error)], needs_review=False)
    return QuestionMark(question.id, 0.0, question.points, problems(question, first), needs_review=bool(text.strip()))


def compare(question: Question, answer: Answer, expected: Answer) -> Outcome:
    """Compare an answer with the reference's.

    Parameters
    ----------
    question
        What is asked for, with its tolerances and rules.
    answer, expected
        What the submission and the reference recorded.

    Examples
    --------
    >>> from crmlib.grading.questions import Field, Question
    >>> asked = Question(id="q1", title="A share", kind="scalar", points=1, value=Field(least=0, most=1))
    >>> compare(asked, Answer("q1", "value", 0.5), Answer("q1", "value", 0.25))
    Outcome(share=0.0, findings=['the answer: yours, 0.5, is not right.'])
    """
    try:
        theirs, right = grid(question, answer), grid(question, expected)
    except UnfitError as error:
        return Outcome(0.0, [str(error)])
    if question.kind == "figure":
        return compare_figures(question, answer.value, expected.value)
    before = problems(question, answer)
    if question.kind == "list" and question.row_order == "any":
        theirs, right = _in_order(question, theirs), _in_order(question, right)
    pairing = _paired(question, theirs, right)
    if pairing.stop:
        return Outcome(0.0, list(dict.fromkeys([*before, pairing.stop])))
    fields = fields_of(question)
    earned, findings = 0.0, [*before, *pairing.findings]
    for name, one in fields.items():
        if name in question.key:
            earned += one.weight * pairing.whole
        elif name in theirs.columns:  # else it is told among the problems
            finding = _finding(question, _Column(name, one, theirs, right), pairing.rows)
            earned += 0 if finding else one.weight
            findings += [finding] if finding else []
    share = earned / sum(one.weight for one in fields.values())
    if _disorderly(question, fields, theirs):
        share /= 2
    return Outcome(share, [] if share == 1 else list(dict.fromkeys(findings)))


def _finding(question: Question, column: _Column, rows: list[tuple[int | None, int]]) -> str:
    wrong = column.wrong(rows)
    forgiven = (1 - question.agree) * max(1, len(rows)) + _ROUNDING
    return "" if len(wrong) <= forgiven else _difference(question, column, wrong, len(rows))


def _disorderly(question: Question, fields: Mapping[str, Field], theirs: Grid) -> bool:
    """Say whether columns stand in another order than is asked for, or some were not asked for at all."""
    asked = [name for name in fields if name in theirs.columns]
    order = [name for name in theirs.columns if name in fields]
    return (question.column_order == "same" and order != asked) or (
        not question.extra_columns and len(order) < len(theirs.columns)
    )


@dataclass(frozen=True)
class _Pairing:
    """Which row of an answer stands for which of the reference.

    ``rows`` holds a pair for each expected row, the first of it None where the answer has no such row.
    """

    rows: list[tuple[int | None, int]]
    findings: list[str]
    whole: bool = True
    stop: str = ""


def _paired(question: Question, theirs: Grid, right: Grid) -> _Pairing:
    if not question.key:
        return _paired_by_place(question, theirs, right)
    absent = [name for name in question.key if name not in theirs.columns]
    if absent:
        return _Pairing([], [], stop=f"Without the column {absent[0]} the rows cannot be told apart.")
    their_keys, right_keys = _keys(question, theirs), _keys(question, right)
    where = {key: row for row, key in enumerate(their_keys)}
    if len(where) < len(their_keys):
        return _Pairing([], [], stop="Rows stand in the table more than once: one row for each is asked for.")
    rows = [(where.get(key), row) for row, key in enumerate(right_keys)]
    expected = set(right_keys)
    extra = [row for row, key in enumerate(their_keys) if key not in expected]
    missing = sum(row is None for row, _ in rows)
    findings = []
    if extra:
        more = f" (and {len(extra) - 1:,} more)" if len(extra) > 1 else ""
        findings.append(
            f"{theirs.places[extra[0]]}{more} should not be in the table.{_look_alike(their_keys[extra[0]])}"
        )
    if missing:
        findings.append(f"{missing:,} of {len(rows):,} expected rows are missing.")
    return _Pairing(rows, findings, whole=not (extra or missing))


def _look_alike(key: tuple[Any, ...]) -> str:
    strange = next((one for part in key if isinstance(part, str) for one in part if not one.isascii()), "")
    return f" It holds a letter that is no plain one (U+{ord(strange):04X})." if strange else ""


def _keys(question: Question, columns: Grid) -> list[tuple[Any, ...]]:
    fields = fields_of(question)
    parts = [[comparable(fields[name], one) for one in columns.columns[name]] for name in question.key]
    # What is of another type than the key can match nothing, itself included.
    return [tuple(("?", n) if one is NOTHING else one for one in key) for n, key in enumerate(zip(*parts, strict=True))]


def _paired_by_place(question: Question, theirs: Grid, right: Grid) -> _Pairing:
    if question.kind == "array" and theirs.rows != right.rows:
        return _Pairing([], [], stop="The array has another shape than is asked for.")
    if question.kind == "table" and question.row_order == "any":
        order_theirs, order_right = _sorted_rows(question, theirs), _sorted_rows(question, right)
    else:
        order_theirs, order_right = list(range(theirs.rows)), list(range(right.rows))
    rows = [(order_theirs[n] if n < theirs.rows else None, order_right[n]) for n in range(right.rows)]
    if theirs.rows == right.rows:
        return _Pairing(rows, [])
    more = "too many" if theirs.rows > right.rows else "too few"
    what = {"list": "elements", "function": "outputs"}.get(question.kind, "rows")
    if theirs.rows > right.rows:  # what is too much makes as many wrong as there are too many
        rows += [(row, -1) for row in order_theirs[right.rows :]]
    return _Pairing(rows, [f"There are {more} {what}: {theirs.rows:,}."], whole=False)


def _in_order(question: Question, columns: Grid) -> Grid:
    """Sort a list whose order is no part of the answer; each element keeps its own name."""
    order = sorted(range(columns.rows), key=lambda row: rank(comparable(question.value, columns.columns[""][row])))
    return Grid({"": [columns.columns[""][row] for row in order]}, columns.rows, [columns.places[row] for row in order])


def _sorted_rows(question: Question, columns: Grid) -> list[int]:
    # Text first: numbers may be off by a rounding, and would then stand elsewhere.
    fields = sorted(fields_of(question).items(), key=lambda item: item[1].type == "number")
    there = [(one, columns.columns[name]) for name, one in fields if name in columns.columns]
    return sorted(range(columns.rows), key=lambda row: [rank(comparable(one, values[row])) for one, values in there])


@dataclass(frozen=True)
class _Column:
    """One column of both sides."""

    name: str
    field: Field
    theirs: Grid
    right: Grid

    def wrong(self, rows: list[tuple[int | None, int]]) -> list[int | None]:
        """Give the answer's rows that differ, in their order; None for one that is not there."""
        return list(self._wrong(rows))

    def _wrong(self, rows: list[tuple[int | None, int]]) -> Iterator[int | None]:
        theirs, right = self.theirs.columns[self.name], self.right.columns[self.name]
        for here, there in rows:
            if here is None or there < 0 or here in self.theirs.failures or not self._alike(theirs[here], right[there]):
                yield here

    def _alike(self, theirs: Any, right: Any) -> bool:
        return alike(self.field, comparable(self.field, theirs), comparable(self.field, right))


def _difference(question: Question, column: _Column, wrong: list[int | None], total: int) -> str:
    what = subject(question, column.name)
    first = next((row for row in wrong if row is not None and row not in column.theirs.failures), None)
    if first is None:
        failed = sum(row in column.theirs.failures for row in wrong)
        return (
            f"{what}: at {failed} of {total:,} inputs the function gives no output."
            if failed
            else (f"{what}: {len(wrong):,} of {total:,} values are missing.")
        )
    yours = f"yours, {shown(column.theirs.columns[column.name][first])}, is not right"
    place = column.theirs.places[first]
    if total == 1:
        return f"{what}: {yours}."
    return f"{what}: {len(wrong):,} of {total:,} values differ; the first is at {place}: {yours}."
