"""The kinds by name: those of the library, and those that an exercise brought along."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crmlib.errors import ExerciseError
from crmlib.grading.kinds.array import Array
from crmlib.grading.kinds.dict import Dict
from crmlib.grading.kinds.figure import Figure
from crmlib.grading.kinds.function import Function
from crmlib.grading.kinds.list import List
from crmlib.grading.kinds.plan import PlanOfContacts
from crmlib.grading.kinds.quiz import Quiz
from crmlib.grading.kinds.scalar import Scalar
from crmlib.grading.kinds.table import Table
from crmlib.grading.kinds.text import Text
from crmlib.grading.kinds.written import Written
from crmlib.words import did_you_mean

if TYPE_CHECKING:
    from crmlib.grading.kinds.kind import Kind
    from crmlib.grading.spec.questions import Question
    from crmlib.grading.spec.recorded import Answer

__all__ = ["BUILT_IN", "OWN", "built_in", "hold_to_rules", "kind_of", "problems"]

#: The library's kinds by name.
BUILT_IN: dict[str, Kind] = {
    kind.name: kind
    for kind in (
        Scalar(),
        Text(),
        List(),
        Dict(),
        Array(),
        Table(),
        Figure(),
        Function(),
        PlanOfContacts(),
        Quiz(),
        Written(),
    )
}


#: Kinds that exercises brought along, by name.
OWN: dict[str, Kind] = {}


def kind_of(question: Question) -> Kind:
    """Return the kind of a question.

    Parameters
    ----------
    question
        The question.

    Raises
    ------
    ExerciseError
        There is no kind of that name.

    Examples
    --------
    >>> from crmlib.grading.spec.questions import Question
    >>> kind_of(Question(id="q1", title="How many", kind="scalar", points=1)).asked
    'One value'
    """
    if question.kind in BUILT_IN:
        return BUILT_IN[question.kind]
    if question.kind in OWN:
        return OWN[question.kind]
    names = [*BUILT_IN, *OWN]
    hint = did_you_mean(question.kind, names)
    hint += "" if hint.startswith("There are") else f" There are: {', '.join(names)}."
    raise ExerciseError(f"question {question.id!r}: there is no kind {question.kind!r}. {hint}")


def built_in(question: Question) -> str:
    """Name the library's kind by whose form a student's notebook checks a question: an own kind never travels there."""
    names = (str(vars(kind).get("name", "")) for kind in type(kind_of(question)).__mro__)
    return next(name for name in names if name in BUILT_IN)


def problems(question: Question, answer: Answer) -> list[str]:
    """Find what is wrong with an answer for sure: sentences for the student; none tells an expected value."""
    return kind_of(question).check(question, answer)


def hold_to_rules(question: Question) -> None:
    """Raise where a question breaks a rule of its kind.

    Raises
    ------
    ExerciseError
        It does, or its kind is not there.
    """
    kind = kind_of(question)
    if broken := kind.rules(question):
        raise ExerciseError(f"question {question.id!r}: {broken}")
    if question.case is not None and not isinstance(kind, Function):
        raise ExerciseError(f"question {question.id!r}: only a function has a worked `case`; see `facts` for the rest.")
