"""Answers out of an executed notebook that may be hostile: nothing it holds can do more than be wrong.

Every byte was written by a student's code, so nothing here trusts a type, a name, a size or a depth; nothing is
unpickled, unpacked, imported or run. What cannot be read becomes an `Answer` with a ``problem`` in plain words.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from crmlib.notebook.recording import Unrecordable, from_json
from crmlib.words import printable

__all__ = ["MIMETYPE", "REFUSED", "SIZE_LIMIT", "VERSION", "Answer", "Column", "parse", "read_answers"]

MIMETYPE = "application/vnd.crmlib.answer+json"
VERSION = 1
REFUSED = "refused"  # the kind of a payload that says why nothing could be recorded
SIZE_LIMIT = 5_000_000  # bytes of one answer, as JSON

MOST_ROWS = 200_000
MOST_COLUMNS = 200
MOST_DEPTH = 12
MOST_NODES = 2_000_000
MOST_QUESTIONS = 200
LONGEST_ID = 40
LARGEST_NUMBER = 2**63  # beyond it a JSON integer is no number that any answer needs, and slow to work with
LONGEST_ERROR = 300
_SHAPE_KINDS = {"value", "table", "series", "array", "figure", "outputs"}

Recorded = Literal["none", "value", "table", "series", "array", "figure", "outputs"]


@dataclass(frozen=True)
class Column:
    """A column of a recorded table: its type as the student's table had it, and its values as Python's own."""

    type: str
    values: list[Any]


@dataclass(frozen=True)
class Answer:
    """What was recorded for one question.

    Attributes
    ----------
    question
        The question's id, as the notebook wrote it.
    kind
        What was recorded; ``none`` where nothing can be read.
    value
        A scalar, list or dict (``value``); columns by name (``table``); ``index`` and ``values`` (``series``);
        ``shape`` and ``values`` (``array``); a dict for each axes (``figure``); an `Answer` for each input
        (``outputs``).
    problem
        Why nothing can be read, in words for the student; empty when it can.

    Examples
    --------
    >>> parse({"version": 1, "question": "q1", "kind": "value", "value": [1, {"$float": "nan"}]}).value
    [1, nan]
    """

    question: str
    kind: Recorded
    value: Any = None
    problem: str = ""


def read_answers(executed: Mapping[str, Any]) -> dict[str, Answer]:
    """Collect what an executed notebook recorded: question to answer, the last one of each question.

    Parameters
    ----------
    executed
        The notebook as parsed JSON, whatever is in it. Its outputs must all come from the grading run: what a
        submission held before is taken out before it runs.

    Returns
    -------
    dict
        Never more than `MOST_QUESTIONS`; names that no exercise has are for the caller to ignore.

    Examples
    --------
    >>> read_answers({"cells": "none of your business"})
    {}
    """
    found: dict[str, Answer] = {}
    for payload in _payloads(executed):
        parsed = parse(payload)
        if parsed.question and (parsed.question in found or len(found) < MOST_QUESTIONS):
            found[parsed.question] = parsed
    return found


def _payloads(executed: Any) -> list[Any]:
    cells = executed.get("cells") if isinstance(executed, Mapping) else None
    outputs = [
        output
        for cell in (cells if isinstance(cells, list) else [])
        if isinstance(cell, Mapping) and isinstance(cell.get("outputs"), list)
        for output in cell["outputs"]
    ]
    data = [output.get("data") for output in outputs if isinstance(output, Mapping)]
    return [one[MIMETYPE] for one in data if isinstance(one, Mapping) and MIMETYPE in one]


def parse(payload: Any) -> Answer:
    """Give the answer that a payload stands for; a damaged one has a ``problem``, and nothing is raised.

    Parameters
    ----------
    payload
        What stood under the mimetype, as parsed JSON.

    Examples
    --------
    >>> parse({"question": "q1"}).problem
    'The recorded answer is damaged: hand it in with answer(...), and run the notebook again.'
    """
    name = payload.get("question") if isinstance(payload, Mapping) else None
    if not isinstance(name, str) or not 0 < len(name) <= LONGEST_ID:
        return Answer("", "none", problem="An answer names no question.")
    try:
        if too_much := _too_much(payload):
            return Answer(name, "none", problem=too_much)
        if payload["version"] == VERSION and payload["kind"] == REFUSED:
            return Answer(name, "none", problem=printable(str(payload["value"])[:LONGEST_ERROR]))
        if payload["version"] != VERSION or payload["kind"] not in _SHAPE_KINDS:
            raise ValueError  # noqa: TRY301 - told below, like every other damage
        return Answer(name, payload["kind"], _READERS[payload["kind"]](payload["value"]))
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError, IndexError):
        damaged = "The recorded answer is damaged: hand it in with answer(...), and run the notebook again."
        return Answer(name, "none", problem=damaged)


def _too_much(payload: Any) -> str:
    """Say why JSON is too large or too deep to be worked with; it is walked through without recursion."""
    waiting: list[tuple[Any, int]] = [(payload, 0)]
    nodes, size = 0, 0
    while waiting:
        value, depth = waiting.pop()
        nodes += 1
        if isinstance(value, str):
            size += len(value)
        elif isinstance(value, int) and abs(value) >= LARGEST_NUMBER:
            return "The recorded answer holds a whole number that is too large to compare."
        elif isinstance(value, (dict, list)):
            if depth == MOST_DEPTH:
                return f"The recorded answer is nested more than {MOST_DEPTH} deep."
            inner = list(value.values()) if isinstance(value, dict) else value
            size += sum(map(len, value)) if isinstance(value, dict) else 0
            waiting += [(one, depth + 1) for one in inner]
        if nodes + len(waiting) > MOST_NODES or size > SIZE_LIMIT:
            return f"The recorded answer is larger than {SIZE_LIMIT / 1e6:.0f} MB."
    return ""


def _read_table(stored: Any) -> dict[str, Column]:
    rows, columns = stored["rows"], stored["columns"]
    if not 0 <= rows <= MOST_ROWS or len(columns) > MOST_COLUMNS:
        raise ValueError
    table = {column["name"]: Column(str(column["type"]), _read_list(column["values"])) for column in columns}
    if len(table) != len(columns) or any(
        not isinstance(name, str) or len(one.values) != rows for name, one in table.items()
    ):
        raise ValueError
    return table


def _read_list(stored: Any) -> list[Any]:
    if not isinstance(stored, list):
        raise TypeError
    return [_read_value(one) for one in stored]


def _read_value(stored: Any) -> Any:
    """Read a value; the few types that `from_json` can give, and no others, come out."""
    value = from_json(stored)
    if not isinstance(value, (type(None), bool, int, float, str, dt.date, list, dict, Unrecordable)):
        raise TypeError
    return value


def _read_series(stored: Any) -> dict[str, list[Any]]:
    index, values = _read_list(stored["index"]), _read_list(stored["values"])
    if len(index) != len(values):
        raise ValueError
    return {"index": index, "values": values}


def _read_array(stored: Any) -> dict[str, list[Any]]:
    shape, values = stored["shape"], _read_list(stored["values"])
    if not all(type(one) is int and one >= 0 for one in shape) or math.prod(shape) != len(values):
        raise ValueError
    return {"shape": list(shape), "values": values}


def _read_figure(stored: Any) -> list[dict[str, Any]]:
    drawn = []
    for axes in stored:
        words = {key: axes[key] for key in ("title", "xlabel", "ylabel")}
        if not all(isinstance(one, str) for one in words.values()):
            raise TypeError
        drawn.append({**words, "series": [[_read_list(part) for part in series] for series in axes["series"]]})
    return drawn


def _read_outputs(stored: Any) -> list[Answer]:
    outputs = []
    for one in stored:
        if set(one) == {"error"}:
            outputs.append(Answer("", "none", problem=printable(str(one["error"])[:LONGEST_ERROR])))
        elif one["kind"] in _SHAPE_KINDS - {"outputs"}:
            outputs.append(Answer("", one["kind"], _READERS[one["kind"]](one["value"])))
        else:
            raise ValueError
    return outputs


_READERS: dict[str, Any] = {
    "value": _read_value,
    "table": _read_table,
    "series": _read_series,
    "array": _read_array,
    "figure": _read_figure,
    "outputs": _read_outputs,
}
