"""Kinds whose answers are columns of values: one set of rules checks and compares them all."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any, ClassVar

from crmlib.grading.kinds.grids import UnfitError, canonical, shown
from crmlib.grading.kinds.kind import Kind, Outcome
from crmlib.grading.kinds.pairing import Column, Pairing, by_key, by_place, difference
from crmlib.words import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from crmlib.grading.kinds.grids import Grid
    from crmlib.grading.spec.questions import Field, Question
    from crmlib.grading.spec.recorded import Answer

__all__ = ["Columns"]

_ABSOLUTE = 1e-6
_ROUNDING = 1e-9
_LISTED = 30  # column names that a hint may choose from


class Columns(Kind):
    """A kind whose answers are columns: what a subclass must say is how an answer is read.

    Attributes
    ----------
    part
        How one of several columns is called.
    whole
        How the only column is called.
    rows_called
        How rows are called.
    """

    part: ClassVar[str] = "column"
    whole: ClassVar[str] = "the answer"
    rows_called: ClassVar[str] = "rows"

    def fields(self, question: Question) -> Mapping[str, Field]:
        """Give what each column holds."""
        return question.fields or {"": question.value}

    def problems(self, question: Question, columns: Grid) -> list[str]:  # noqa: ARG002 - of use to subclasses
        """Find what only this kind can have wrong.

        Parameters
        ----------
        question
            What is asked for.
        columns
            The answer.
        """
        return []

    def order(self, question: Question, columns: Grid) -> Sequence[int]:  # noqa: ARG002 - of use to subclasses
        """Give the rows in the order in which they are compared, where no key tells them apart."""
        return range(columns.rows)

    def paired(self, question: Question, theirs: Grid, right: Grid) -> Pairing:
        """Say which row of an answer stands for which of the reference.

        Parameters
        ----------
        question
            What is asked for.
        theirs, right
            The student's answer, and the reference's.
        """
        if question.key:
            return by_key(self.fields(question), question.key, theirs, right)
        return by_place(self.order(question, theirs), self.order(question, right), self.rows_called)

    def check(self, question: Question, answer: Answer) -> list[str]:
        """Hold an answer to its columns, types, units and bounds."""
        try:
            columns = self.form(question, answer)
        except UnfitError as error:
            return [str(error)]
        problems = self._in_shape(question, columns)
        for name, field in self.fields(question).items():
            if name in columns.columns:
                problems += _in_column(self._called(name), field, columns, columns.columns[name])
        return problems or _out_of_order(question, columns)

    def compare(self, question: Question, answer: Answer, expected: Answer) -> Outcome:
        """Compare column by column; each earns its share of the points, or none of it."""
        try:
            theirs, right = self.form(question, answer), self.form(question, expected)
        except UnfitError as error:
            return Outcome(0.0, [str(error)])
        before = self.check(question, answer)
        pairing = self.paired(question, theirs, right)
        if pairing.stop:
            return Outcome(0.0, list(dict.fromkeys([*before, pairing.stop])))
        fields = self.fields(question)
        earned, findings = 0.0, [*before, *pairing.findings]
        for name, field in fields.items():
            if name in question.key:
                earned += field.weight * pairing.whole
            elif name in theirs.columns:  # else it is told among the problems
                finding = self._finding(question, Column(name, field, theirs, right), pairing.rows)
                earned += 0 if finding else field.weight
                findings += [finding] if finding else []
        share = earned / sum(field.weight for field in fields.values())
        if _disorderly(question, fields, theirs):
            share /= 2
        return Outcome(share, [] if share == 1 else list(dict.fromkeys(findings)))

    def _called(self, name: str) -> str:
        return f"{self.part} {name}" if name else self.whole

    def _finding(self, question: Question, column: Column, rows: list[tuple[int | None, int]]) -> str:
        wrong = column.wrong(rows)
        forgiven = (1 - question.agree) * max(1, len(rows)) + _ROUNDING
        return "" if len(wrong) <= forgiven else difference(self._called(column.name), column, wrong, len(rows))

    def _in_shape(self, question: Question, columns: Grid) -> list[str]:
        there, wanted = list(columns.columns), list(self.fields(question))
        problems = []
        for name in wanted:
            if name and name not in there:
                others = [shown(other).strip("'") for other in there[:_LISTED] if other not in wanted]
                hint = f" {did_you_mean(name, others)}" if others else ""
                problems.append(f"{self._called(name)} is missing.{hint}")
        extra = [name for name in there if name not in wanted]
        if extra and not question.extra_columns:
            problems.append(f"{self._called(shown(extra[0]))} was not asked for: take it away.")
        if question.column_order == "same" and not problems and [name for name in there if name in wanted] != wanted:
            problems.append(f"The columns stand in another order; it is asked for: {', '.join(wanted)}.")
        keys = [columns.columns[name] for name in question.key if name in there]
        if keys and len(keys) == len(question.key):
            problems += _twice(columns, keys)
        return [*problems, *self.problems(question, columns)]


def _disorderly(question: Question, fields: Mapping[str, Field], theirs: Grid) -> bool:
    """Say whether columns stand in another order than is asked for, or some were not asked for at all."""
    asked = [name for name in fields if name in theirs.columns]
    order = [name for name in theirs.columns if name in fields]
    return (question.column_order == "same" and order != asked) or (
        not question.extra_columns and len(order) < len(theirs.columns)
    )


def _twice(columns: Grid, keys: list[list[Any]]) -> list[str]:
    seen: set[str] = set()
    for row, key in enumerate(zip(*keys, strict=True)):
        if repr(key) in seen:
            return [f"{columns.places[row]} stands in more than one row: one row for each is asked for."]
        seen.add(repr(key))
    return []


def _in_column(what: str, field: Field, columns: Grid, recorded: list[Any]) -> list[str]:
    unit = f"; it is counted in {field.unit}" if field.unit else ""
    values: list[Any] = []
    faults: dict[str, list[tuple[int, str]]] = {}
    for row, value in enumerate(recorded):
        if row in columns.failures:
            continue
        try:
            fit = canonical(field, value)
        except UnfitError as error:
            faults.setdefault("type", []).append((row, str(error)))
            continue
        fault = _fault(field, fit, value)
        if fault:
            faults.setdefault(fault[0], []).append((row, fault[1]))
        values.append(fit)
    problems = [_summed_up(what, columns, rows, unit if fault == "bounds" else "") for fault, rows in faults.items()]
    whole = not faults and not columns.failures
    if whole and field.rises and (fall := _first_fall(values)) is not None:
        place = columns.places[fall]
        before = f"{shown(values[fall])} is below {shown(values[fall - 1])} before it"
        problems.append(f"{what} at {place}: {before}. The smallest comes first.")
    if whole and field.unique and (again := _repeated(values)) is not None:
        problems.append(f"{what}: {shown(again)} comes more than once.")
    if whole and field.adds_up_to is not None and all(isinstance(value, (int, float)) for value in values):
        total = sum(values)
        if abs(total - field.adds_up_to) > _ABSOLUTE + field.atol * len(values):
            problems.append(f"{what}: the values add up to {shown(float(total))}, not to {field.adds_up_to:g}{unit}.")
    return problems


def _fault(field: Field, fit: Any, value: Any) -> tuple[str, str] | None:
    if fit is None:
        return None if field.missing else ("missing", "a value is missing")
    if field.least is not None and isinstance(fit, (int, float)) and fit < field.least:
        return "bounds", f"{shown(value)} is below {field.least:g}"
    if field.most is not None and isinstance(fit, (int, float)) and fit > field.most:
        return "bounds", f"{shown(value)} is above {field.most:g}"
    if isinstance(fit, float) and fit in {float("inf"), float("-inf")}:
        return "infinite", f"{shown(value)} is not finite"
    if field.choices and fit not in field.choices:
        return "choices", f"{shown(value)} is none of {', '.join(field.choices)}"
    return None


def _summed_up(what: str, columns: Grid, rows: list[tuple[int, str]], unit: str) -> str:
    (row, fault), count = rows[0], len(rows)
    place = f" at {columns.places[row]}" if columns.places[row] else ""
    if count == 1:
        return f"{what}{place}: {fault}{unit}."
    return f"{what}: {count:,} of {columns.rows:,} values do not fit; the first is{place}: {fault}{unit}."


def _first_fall(values: list[Any]) -> int | None:
    return next((row for row in range(1, len(values)) if values[row] < values[row - 1]), None)


def _out_of_order(question: Question, columns: Grid) -> list[str]:
    """Find the first row whose values fall where they must not; called once every value is of its type."""
    names = [name for name in question.ordered if name in columns.columns]
    for row in range(columns.rows):
        for low, high in pairwise(names):
            smaller, larger = columns.columns[low][row], columns.columns[high][row]
            if smaller is not None and larger is not None and smaller > larger:
                place = f" at {columns.places[row]}" if columns.places[row] else ""
                return [f"{low}, {shown(smaller)}, is above {high}, {shown(larger)}{place}."]
    return []


def _repeated(values: list[Any]) -> Any:
    seen: set[Any] = set()
    for value in values:
        if value in seen:
            return value
        seen.add(value)
    return None
