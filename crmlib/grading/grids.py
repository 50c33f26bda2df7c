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

if TYPE_CHECKING:
    from crmlib.grading.questions import Field, Question
    from crmlib.grading.reading import Answer

__all__ = ["Grid", "UnfitError", "canonical", "described", "grid", "shown", "subject"]

_SHOWN = 60
_LARGE = 2.0**53
_ASKED = {
    "scalar": "One value",
    "text": "A text",
    "list": "A list",
    "dict": "A dict",
    "array": "An array",
    "table": "A table (a DataFrame)",
    "figure": "A figure (its axes)",
    "function": "A function",
    "plan": "A plan (crmlib.actions.Plan)",
    "quiz": "A letter",
    "written": "A text",
}


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


def grid(question: Question, answer: Answer) -> Grid:
    """Bring an answer into columns.

    Parameters
    ----------
    question
        What is asked for.
    answer
        What was recorded.

    Raises
    ------
    UnfitError
        The answer is of another kind; the message says which was asked for, and what this is.
    """
    if answer.kind == "none":
        raise UnfitError(answer.problem or "Nothing was handed in.")
    found: Grid | None = _FORMS[question.kind](question, answer)
    if found is None:
        raise UnfitError(f"{_ASKED[question.kind]} is asked for; this is {described(answer)}.")
    return found


def described(answer: Answer) -> str:
    """Say in words what was recorded.

    Parameters
    ----------
    answer
        An answer as it was read.

    Examples
    --------
    >>> from crmlib.grading.reading import Answer
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


def _described_value(value: Any) -> str:
    if value is None:
        return "None"
    if isinstance(value, (list, dict)):
        return f"a {type(value).__name__} of {len(value)}"
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
    text = repr(value[: _SHOWN + 1]) if isinstance(value, str) else str(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."


def subject(question: Question, name: str) -> str:
    """Say which part of an answer is meant.

    Parameters
    ----------
    question
        The question.
    name
        The column's name in the `Grid`.
    """
    if not name:
        return "the output" if question.kind == "function" else "the answer"
    return {"dict": "key", "function": "key"}.get(question.kind, "column") + f" {name}"


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
    >>> from crmlib.grading.questions import Field
    >>> canonical(Field(type="integer"), 3.0), canonical(Field(), float("nan"))
    (3, None)
    >>> canonical(Field(), "3")
    Traceback (most recent call last):
    crmlib.grading.grids.UnfitError: a number is asked for, not the text '3'
    """
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return None
    if isinstance(value, (list, dict)):
        raise UnfitError(f"one value is asked for, not {_described_value(value)}")
    fits = _TYPES[one.type](value)
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


def _as_text(value: Any) -> str | None:
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
    "text": _as_text,
    "date": _as_date,
    "truth": _as_truth,
}


def _scalar(_: Question, answer: Answer) -> Grid | None:
    if answer.kind != "value" or isinstance(answer.value, (list, dict)):
        return None
    return Grid({"": [answer.value]}, 1, [""])


def _text(_: Question, answer: Answer) -> Grid | None:
    return Grid({"": [answer.value]}, 1, [""]) if isinstance(answer.value, str) else None


def _list(_: Question, answer: Answer) -> Grid | None:
    values = answer.value
    if answer.kind == "series" or (answer.kind == "array" and len(values["shape"]) == 1):
        values = values["values"]
    if not isinstance(values, list) or answer.kind in {"figure", "outputs"}:
        return None
    return Grid({"": values}, len(values), [f"element {n}" for n in range(1, len(values) + 1)])


def _dict(_: Question, answer: Answer) -> Grid | None:
    value = answer.value
    if answer.kind == "series":
        value = {str(key): one for key, one in zip(value["index"], value["values"], strict=True)}
    elif answer.kind != "value" or not isinstance(value, dict):
        return None
    return Grid({_as_text(key) or "": [one] for key, one in value.items()}, 1, [""])


def _array(question: Question, answer: Answer) -> Grid | None:
    if answer.kind in {"value", "series"}:
        values = answer.value["values"] if answer.kind == "series" else answer.value
        shape, flat = _flattened(values)
    elif answer.kind == "array":
        shape, flat = answer.value["shape"], answer.value["values"]
    else:
        return None
    if shape is None:
        return None
    if question.shape and tuple(shape) != question.shape:
        raise UnfitError(f"An array of shape {question.shape} is asked for; this has shape {tuple(shape)}.")
    return Grid({"": flat}, len(flat), [f"position {n}" for n in range(1, len(flat) + 1)])


def _flattened(values: Any) -> tuple[list[int] | None, list[Any]]:
    """Take nested lists for an array, if every level is even."""
    if not isinstance(values, list):
        return None, []
    shape: list[int] = [len(values)]
    while values and isinstance(values[0], list):
        width = len(values[0])
        if any(not isinstance(row, list) or len(row) != width for row in values):
            return None, []
        shape.append(width)
        values = [one for row in values for one in row]
    return (None, []) if any(isinstance(one, (list, dict)) for one in values) else (shape, values)


def _table(question: Question, answer: Answer) -> Grid | None:
    if answer.kind != "table":
        return None
    columns = {_as_text(name) or "": column.values for name, column in answer.value.items()}
    rows = len(next(iter(columns.values()))) if columns else 0
    keys = [name for name in question.key if name in columns]
    if keys:
        places = [", ".join(f"{name} {_bare(columns[name][row])}" for name in keys) for row in range(rows)]
    else:
        places = [f"row {row}" for row in range(1, rows + 1)]
    return Grid(columns, rows, places)


def _bare(value: Any) -> str:
    text = shown(value)
    return text[1:-1] if isinstance(value, str) and len(text) <= _SHOWN else text


def _function(question: Question, answer: Answer) -> Grid | None:
    if answer.kind != "outputs":
        return None
    outputs: list[Answer] = answer.value
    failures = {row: one.problem for row, one in enumerate(outputs) if one.kind == "none"}
    names = list(question.fields) or [""]
    columns: dict[str, list[Any]] = {name: [] for name in names}
    for row, one in enumerate(outputs):
        wanted = one.value if question.fields and isinstance(one.value, dict) and one.kind == "value" else None
        if question.fields and wanted is None and row not in failures:
            failures[row] = f"a dict is asked for; this is {described(one)}"
        for name in names:
            columns[name].append((wanted or {}).get(name) if name else _single(one))
    return Grid(columns, len(outputs), [f"input {n}" for n in range(1, len(outputs) + 1)], failures)


def _single(output: Answer) -> Any:
    return output.value if output.kind == "value" else None if output.kind == "none" else []


_FORMS: dict[str, Any] = {
    "scalar": _scalar,
    "text": _text,
    "quiz": _text,
    "written": _text,
    "list": _list,
    "dict": _dict,
    "array": _array,
    "table": _table,
    "function": _function,
    "figure": lambda _, answer: Grid({}, 0, []) if answer.kind == "figure" else None,
}
