"""A function at its worked case: right or wrong at one public place."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from crmlib.errors import ExerciseError
from crmlib.grading.kinds.registry import kind_of
from crmlib.grading.spec.recorded import VERSION, parse
from crmlib.grading.student.encoding import encode

if TYPE_CHECKING:
    from collections.abc import Callable

    from crmlib.grading.spec.questions import Question

__all__ = ["at_worked_case"]

_SHOWN = 120


def at_worked_case(question: Question, function: Callable[..., Any]) -> tuple[str, bool]:
    """Call a function on its worked case, and say what came of it and whether that is right.

    Parameters
    ----------
    question
        A question with a `case`.
    function
        The student's.

    Examples
    --------
    >>> from crmlib.grading.spec.questions import Case, Question
    >>> asked = Question(id="q1", title="Double", kind="function", points=1, case=Case(inputs=[3], output=6))
    >>> at_worked_case(asked, lambda number: 2 * number)
    ('The worked case is right: <lambda>(3) is 6.', True)
    >>> at_worked_case(asked, abs)
    ('The worked case is wrong: abs(3) is 6; yours gives 3.', False)
    """
    case = question.case
    if case is None:
        raise ExerciseError(f"{question.id} has no worked case.")
    theirs = parse(encode(question.id, function, inputs=[case.inputs]))
    output = {"kind": "value", "value": case.output}
    right = parse({"version": VERSION, "question": question.id, "kind": "outputs", "value": [output]})
    call = _call(function, case.inputs)
    why = f" ({case.why})" if case.why else ""
    if kind_of(question).compare(question, theirs, right).share == 1:
        return f"The worked case is right: {call} is {_short(case.output)}{why}.", True
    gave = theirs.value[0] if isinstance(theirs.value, list) else theirs
    yours = f"yours fails: {gave.problem}" if gave.problem else f"yours gives {_short(gave.value)}"
    return f"The worked case is wrong: {call} is {_short(case.output)}{why}; {yours}.", False


def _call(function: Callable[..., Any], inputs: Any) -> str:
    if isinstance(inputs, dict):
        arguments = ", ".join(f"{name}={value!r}" for name, value in inputs.items())
    else:
        arguments = ", ".join(map(repr, inputs if isinstance(inputs, (list, tuple)) else [inputs]))
    return f"{getattr(function, '__name__', 'your function')}({arguments})"


def _short(value: Any) -> str:
    text = " ".join(repr(value).split())
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."
