"""What follows from the student's own shop and is no secret: how many rows, which ids, which totals, one worked row."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from crmlib.errors import CrmlibError
from crmlib.grading.kinds.grids import UnfitError, as_text, bare, shown
from crmlib.grading.kinds.plan import recorded_plan
from crmlib.grading.kinds.registry import kind_of
from crmlib.grading.kinds.sameness import alike, comparable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from crmlib.grading.kinds.grids import Grid
    from crmlib.grading.spec.questions import Field, Question
    from crmlib.grading.spec.recorded import Answer

__all__ = ["Facts", "against_facts", "identified"]

_ROUNDING = 1e-6


@dataclass(frozen=True)
class Facts:
    """What `check` holds an answer to, beyond its form.

    Attributes
    ----------
    keys
        What the key columns of the rows hold: a tuple of texts for each row; None says nothing.
    totals
        Column to what it adds up to.
    row
        A row worked for the student, its key among it; of a dict or a single value, some of what it holds.
    budget
        Of a plan, the most that it may spend.
    seen
        Of a plan, the table that it may use: what it names must be there, and consent must allow it.
    """

    keys: tuple[tuple[str, ...], ...] | None = None
    totals: Mapping[str, float] = field(default_factory=dict)
    row: Mapping[str, Any] = field(default_factory=dict)
    budget: float | None = None
    seen: Any = None


def identified(key: Any) -> tuple[str, ...]:
    """Bring the values that tell a row apart into the form that they are compared in.

    Parameters
    ----------
    key
        One value, or a tuple of them.

    Examples
    --------
    >>> identified("c1"), identified((1, "home"))
    (('c1',), ('1', 'home'))
    """
    parts = key if isinstance(key, tuple) else (key,)
    return tuple(as_text(part) or "" if isinstance(part, str) else bare(part) for part in parts)


def against_facts(question: Question, answer: Answer, facts: Facts) -> tuple[list[str], list[str]]:
    """Hold an answer of the right form to what is known of it.

    Parameters
    ----------
    question, answer
        What is asked for, and what was recorded.
    facts
        What is known.

    Returns
    -------
    tuple
        What is wrong, and what is right: sentences.
    """
    if facts.budget is not None or facts.seen is not None:
        return _of_plan(answer, facts), []
    try:
        columns = kind_of(question).form(question, answer)
    except UnfitError:
        return [], []  # told already, as its form
    wrong = [*_keys(question, columns, facts), *_totals(question, columns, facts)]
    worked, right = _worked(question, columns, facts)
    return [*wrong, *worked], right


def _keys(question: Question, columns: Grid, facts: Facts) -> Iterator[str]:
    if facts.keys is None or not all(name in columns.columns for name in question.key):
        return
    theirs = _their_keys(question, columns)
    names = " and ".join(question.key)
    expected, there = dict.fromkeys(facts.keys), set(theirs)
    strange = next((key for key in theirs if key not in expected), None)
    if strange is not None:
        yield f"{names} {', '.join(strange)} is not among yours: was it computed on another shop?"
    absent = [key for key in expected if key not in there]
    if absent:
        yield (
            f"{len(absent):,} of {len(expected):,} rows are missing, such as {names} {', '.join(absent[0])}: "
            f"one row for each {names} is asked for."
        )


def _their_keys(question: Question, columns: Grid) -> list[tuple[str, ...]]:
    return [identified(key) for key in zip(*(columns.columns[name] for name in question.key), strict=True)]


def _totals(question: Question, columns: Grid, facts: Facts) -> Iterator[str]:
    for name, total in facts.totals.items():
        values = columns.columns.get(name, [])
        if not values or not all(isinstance(value, (int, float)) for value in values):
            continue
        theirs, atol = float(sum(values)), _field(question, name).atol
        if abs(theirs - total) > _ROUNDING + atol * len(values) + _ROUNDING * abs(total):
            yield f"column {name} adds up to {theirs:,.10g}; in your shop it is {total:,.10g}."


def _field(question: Question, name: str) -> Field:
    return question.fields.get(name, question.value)


def _worked(question: Question, columns: Grid, facts: Facts) -> tuple[list[str], list[str]]:
    if not facts.row or not all(name in columns.columns for name in question.key):
        return [], []
    at = 0
    where = "In what is worked above"
    if question.key:
        wanted = identified(tuple(facts.row[name] for name in question.key))
        theirs = _their_keys(question, columns)
        if wanted not in theirs:
            return [], []  # told among the keys
        at = theirs.index(wanted)
        where = f"In the worked row, {columns.places[at]}"
    wrong = [
        f"{where}, {name} is {shown(value)}; yours is {shown(columns.columns[name][at])}."
        for name, value in facts.row.items()
        if name not in question.key and name in columns.columns and not _is_right(question, columns, name, at, value)
    ]
    return wrong, [] if wrong else [f"{where}, all is right."]


def _is_right(question: Question, columns: Grid, name: str, at: int, value: Any) -> bool:
    asked = _field(question, name)
    return alike(asked, comparable(asked, columns.columns[name][at]), comparable(asked, value))


def _of_plan(answer: Answer, facts: Facts) -> list[str]:
    from crmlib.actions import check_plan  # a notebook that asks for no plan does without

    try:
        plan = recorded_plan(answer)
    except UnfitError:
        return []  # told already
    if facts.budget is not None and (plan.budget is None or plan.budget > facts.budget + _ROUNDING):
        has = "no budget" if plan.budget is None else f"a budget of {plan.budget:,.2f}"
        return [f"The plan has {has}; at most {facts.budget:,.2f} may be spent: give it budget=budget."]
    if facts.seen is None:
        return []
    names = set(map(str, facts.seen.index))
    for name, scores in plan.scores.items():
        strange = next((customer for customer in scores if customer not in names), None)
        if strange is not None:
            return [f"scores.{name} names {bare(strange)}, who is not in your shop: was it computed on another one?"]
    try:
        check_plan(plan, facts.seen)
    except CrmlibError as error:
        return [f"The plan will be refused: {error}"]
    return []
