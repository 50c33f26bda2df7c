"""Answers of every kind as columns of values, so that one set of rules checks and compares them all.

A number is one column of one row, a list one column, a dict one row, a table what it is, and a function's outputs
have a row for each input. Figures and written answers stay apart.
"""

from __future__ import annotations

import datetime as dt
import math
import unicodedata
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from crmlib.notebook.recording import Unrecordable
from crmlib.words import printable

if TYPE_CHECKING:
    from crmlib.grading.spec.questions import Field
    from crmlib.grading.spec.recorded import Answer

__all__ = ["Grid", "UnfitError", "as_text", "bare", "canonical", "described", "says_nothing", "shown"]

_SHOWN = 60
_LONGEST_DESCRIPTION = 200
_LARGE = 2.0**53


class UnfitError(Exception):
    """An answer is not what the question asks for; the message says so to the student."""


@dataclass(frozen=True)
class Grid:
    """An answer as columns.

    Attributes
    ----------
    columns
        Name to values; the name is empty where a question asks for one value or one list.
    rows
        How many values each column has.
    places
        How each row is called: ``customer_id C0000123``, ``element 3``, ``input 2``.
    failures
        Row to the error that stands in its place (a function that failed at an input).
    """

    columns: dict[str, list[Any]]
    rows: int
    places: list[str]
    failures: dict[int, str] = field(default_factory=dict)

    @property
    def is_blank(self) -> bool:
        """Whether all of it is text, and nothing stands in it."""
        values = [value for column in self.columns.values() for value in column]
        return bool(values) and all(isinstance(value, str) and not value.strip() for value in values)


def described(answer: Answer) -> str:
    """Say in words what was recorded.

    Parameters
    ----------
    answer
        An answer as it was read.

    Examples
    --------
    >>> from crmlib.grading.spec.recorded import Answer
    >>> described(Answer("q1", "value", [1, 2])), described(Answer("q1", "value", "a b"))
    ('a list of 2', "the text 'a b'")
    """
    value = answer.value
    if answer.kind == "value":
        return _described_value(value)
    if answer.kind == "table":
        rows = len(next(iter(value.values())).values) if value else 0
        return f"a table with {_count(rows, 'row')} and {_count(len(value), 'column')}"
    if answer.kind == "series":
        return f"a Series of {_count(len(value['values']), 'value')}"
    if answer.kind == "array":
        return f"an array of shape {tuple(value['shape'])}"
    if answer.kind == "outputs":
        return f"the outputs of a function at {_count(len(value), 'input')}"
    return "a figure" if answer.kind == "figure" else "nothing that can be read"


def says_nothing(answer: Answer) -> bool:
    """Say whether an answer is only the failure to give one: the same on every shop, though nobody typed it in.

    Parameters
    ----------
    answer
        An answer as it was read.

    Examples
    --------
    >>> from crmlib.grading.spec.recorded import Answer
    >>> failed = Answer("", "none", problem="NotImplementedError")
    >>> says_nothing(Answer("q1", "outputs", [failed, failed])), says_nothing(Answer("q1", "value", 0))
    (True, False)
    """
    if answer.kind == "outputs":
        return all(output.kind == "none" for output in answer.value)
    if answer.kind == "figure":
        return not any(axes["series"] for axes in answer.value)
    return answer.value is None or answer.value == ""


def _described_value(value: Any) -> str:
    if value is None:
        return "None"
    if isinstance(value, (list, dict)):
        return f"a {type(value).__name__} of {len(value)}"
    if isinstance(value, Unrecordable):
        return printable(value.text[:_LONGEST_DESCRIPTION])
    words = {bool: "the truth value", int: "the number", float: "the number", str: "the text"}
    return f"{words.get(type(value), 'the date')} {shown(value)}"


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'s' * (number != 1)}"


def shown(value: Any) -> str:
    r"""Show a student's own value in a sentence: short, and with nothing in it that a page or a terminal obeys.

    Parameters
    ----------
    value
        A value that was recorded.

    Examples
    --------
    >>> shown("a" + "\u202e" + "b"), shown(None), shown(0.1 + 0.2)
    ("'a\\u202eb'", 'missing', '0.3')
    """
    if value is None:
        return "missing"
    if isinstance(value, float):
        return f"{value:.10g}"
    if isinstance(value, Unrecordable):
        return printable(value.text[:_SHOWN])
    text = repr(value[: _SHOWN + 1]) if isinstance(value, str) else str(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."


def bare(value: Any) -> str:
    """Show a value that names a row, a text without its quotation marks."""
    text = shown(value)
    return text[1:-1] if isinstance(value, str) and len(text) <= _SHOWN else text


def canonical(one: Field, value: Any) -> Any:
    """Give a value as the comparison takes it: NFC text without spaces around it, dates as days, NaN as missing.

    Parameters
    ----------
    one
        What the value should be.
    value
        A value that was recorded.

    Raises
    ------
    UnfitError
        The value is of another type; the message says what it is.

    Examples
    --------
    >>> from crmlib.grading.spec.questions import Field
    >>> canonical(Field(type="integer"), 3.0), canonical(Field(), float("nan"))
    (3, None)
    >>> canonical(Field(), "3")
    Traceback (most recent call last):
    crmlib.grading.kinds.grids.UnfitError: a number is asked for, not the text '3'
    """
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return None
    if isinstance(value, (list, dict)):
        raise UnfitError(f"one value is asked for, not {_described_value(value)}")
    fits = None if isinstance(value, Unrecordable) else _TYPES[one.type](value)
    if fits is None:
        asked = {"number": "a number", "integer": "a whole number", "text": "text", "date": "a date"}
        raise UnfitError(f"{asked.get(one.type, 'True or False')} is asked for, not {_described_value(value)}")
    return fits


def _as_number(value: Any) -> float | int | None:
    return value if isinstance(value, (int, float)) and not isinstance(value, bool) else None


def _as_integer(value: Any) -> float | int | None:
    if isinstance(value, float) and abs(value) >= _LARGE:
        return value  # infinite, or so large that every float is whole: a bound or the comparison tells
    if isinstance(value, float) and value == round(value):
        return round(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def as_text(value: Any) -> str | None:
    """Give a text as it is compared: NFC, without spaces around it; None for what is no text."""
    # NFC joins a letter and its accent; a Cyrillic letter that looks like a Latin one stays another letter.
    return unicodedata.normalize("NFC", value).strip() if isinstance(value, str) else None


def _as_date(value: Any) -> dt.date | None:
    if isinstance(value, dt.datetime):
        return value.date()
    return value if isinstance(value, dt.date) else None


def _as_truth(value: Any) -> bool | None:
    return value if isinstance(value, bool) else None


_TYPES: dict[str, Any] = {
    "number": _as_number,
    "integer": _as_integer,
    "text": as_text,
    "date": _as_date,
    "truth": _as_truth,
}
