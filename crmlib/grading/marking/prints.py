"""What identifies an answer: equal for equal values, and told to nobody."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import math
from typing import TYPE_CHECKING, Any

import msgspec

from crmlib.files import digest
from crmlib.grading.collecting.salvage import MOST_BYTES
from crmlib.grading.spec.recorded import MIMETYPE, SIZE_LIMIT, Answer, read_answers

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

__all__ = ["prints_of", "stored_prints"]

_DIGITS = 9
_MOST_IN_ALL = 10_000_000


def prints_of(answers: Mapping[str, Answer]) -> dict[str, str]:
    """Identify answers: question to a hash of the value, numbers to nine digits.

    Parameters
    ----------
    answers
        From `read_answers`; those with a problem are left out.

    Examples
    --------
    >>> a, b = Answer("q1", "value", 0.1 + 0.2), Answer("q1", "value", 0.3)
    >>> prints_of({"q1": a}) == prints_of({"q1": b})
    True
    """
    return {
        name: digest(json.dumps(_steady((one.kind, one.value)), sort_keys=True))
        for name, one in answers.items()
        if one.kind != "none"
    }


def stored_prints(path: Path) -> dict[str, str]:
    """Identify the answers that a file held when it was handed in: made on its author's own data, or somebody's.

    The last answer to each question counts, and of a file with more than ten megabytes of answers the end.

    Parameters
    ----------
    path
        A notebook; whatever else is sent holds none.
    """
    try:
        if path.stat().st_size > MOST_BYTES:
            return {}
        cells = msgspec.json.decode(path.read_bytes(), type=_Notebook).cells
    except (OSError, msgspec.MsgspecError, RecursionError):
        return {}
    mark = MIMETYPE.encode()
    last: dict[str, Answer] = {}
    left = _MOST_IN_ALL
    for raw in (raw for cell in reversed(cells) for raw in reversed(cell.outputs)):
        content = bytes(raw)
        if mark not in content or len(content) > 2 * SIZE_LIMIT:
            continue
        left -= len(content)
        if left < 0:
            break
        try:
            output = msgspec.json.decode(content)
        except (msgspec.MsgspecError, RecursionError):
            continue
        last = read_answers({"cells": [{"outputs": [output]}]}) | last
    return prints_of(last)


class _Cell(msgspec.Struct):
    outputs: list[msgspec.Raw] = []


class _Notebook(msgspec.Struct):
    cells: list[_Cell] = []


def _steady(value: Any) -> Any:  # noqa: PLR0911 - one line a type
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, (int, float)):
        return f"{value:.{_DIGITS}g}" if math.isfinite(value) else str(value)
    if isinstance(value, str):
        return f"text {value}"
    if isinstance(value, dt.date):
        return value.isoformat()
    if isinstance(value, (list, tuple)):
        return [_steady(one) for one in value]
    if isinstance(value, dict):
        return {str(key): _steady(one) for key, one in value.items()}
    if dataclasses.is_dataclass(value):
        return [_steady(getattr(value, one.name)) for one in dataclasses.fields(value)]
    return str(value)
