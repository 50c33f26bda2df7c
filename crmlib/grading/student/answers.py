"""What a student's notebook hands in: answers as outputs with a mimetype of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from crmlib.grading.spec.recorded import MIMETYPE, parse
from crmlib.grading.student import cards
from crmlib.grading.student.checks import receipt
from crmlib.grading.student.encoding import encode

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["answer"]


def answer(question: str, value: Any, *, inputs: Iterable[Any] | None = None) -> None:
    """Hand in an answer. Called again for the same question, the last call counts.

    Parameters
    ----------
    question
        The question's id, such as ``"q1"``.
    value
        What the question asks for: a number, a text, a list or dict, an array, a table (a DataFrame, a Series, an
        Arrow table, anything with ``.to_pandas()``), a figure (its axes), a plan of contacts, or a function.
    inputs
        For a function: what it is called with, one after the other. A dict is passed as keyword arguments, a list or
        tuple as arguments, anything else as the one argument. An input at which the function fails costs that input
        only.

    Raises
    ------
    ExerciseError
        The value cannot be recorded, or is too large; the message says what to do.

    Examples
    --------
    >>> answer("q1", 0.25)
    OK    q1 is recorded
          The number 0.25.
    >>> answer("q2", abs, inputs=[-1, 4])
    OK    q2 is recorded
          The outputs of a function at 2 inputs.
    """
    payload = encode(question, value, inputs=inputs)
    cards.show(receipt(parse(payload)), {MIMETYPE: payload})
