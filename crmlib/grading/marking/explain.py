"""What went wrong in a student's notebook, in plain words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from crmlib.grading.sandbox.attempts import LOST
from crmlib.words import printable, without_colours

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Trouble", "explained", "troubles_in"]

MOST = 20
_LONGEST = 300
_WORDS = {
    "NotImplementedError": "This cell still is as it was released: put your solution in its place.",
    "ModuleNotFoundError": "This package is not there where exercises are graded. Use what the notebook imports.",
    "ImportError": "This cannot be imported where exercises are graded. Use what the notebook imports.",
    "FileNotFoundError": "This file is not there where exercises are graded: work on the shop that `source` names.",
    "PermissionError": "Exercises may not read or write there. Work on the shop that `source` names.",
    "SourceError": "This shop is not there where exercises are graded: open the one that `source` names.",
    "NameError": "This name is not defined when the cells run from top to bottom. Restart the kernel, run all cells, "
    "and see where it stops.",
    "SyntaxError": "Python cannot read this cell.",
    "IndentationError": "Python cannot read this cell: look at how its lines are indented.",
    "MemoryError": "This takes more memory than an exercise may.",
    "gaierror": "There is no network where exercises are graded.",
    "ConnectionError": "There is no network where exercises are graded.",
    "URLError": "There is no network where exercises are graded.",
    "KeyError": "There is no column or key of this name in the graded shop.",
    LOST: "The notebook was run again without this cell, so that it costs its own question only.",
    "SystemExit": "The cell ends Python; a notebook must not.",
    "StdinNotImplementedError": "A graded notebook is asked nothing: put the value into the cell, in place of input().",
}


class Trouble(msgspec.Struct, frozen=True):
    """An error of one cell.

    Attributes
    ----------
    cell
        The cell's id.
    error
        What Python said: kind and message.
    meaning
        The same in plain words; empty where we have none.
    """

    cell: str
    error: str
    meaning: str


def troubles_in(executed: Mapping[str, Any]) -> list[Trouble]:
    """List the errors of an executed notebook, whatever is in it; the first of each cell.

    Parameters
    ----------
    executed
        The notebook as parsed JSON.

    Examples
    --------
    >>> error = {"output_type": "error", "ename": "KeyError", "evalue": "'x'"}
    >>> troubles_in({"cells": [{"id": "c1", "outputs": [error]}]})[0].error
    "KeyError: 'x'"
    """
    found: list[Trouble] = []
    cells = executed.get("cells")
    for cell in cells if isinstance(cells, list) else []:
        outputs = cell.get("outputs") if isinstance(cell, dict) else None
        for output in outputs if isinstance(outputs, list) else []:
            if isinstance(output, dict) and output.get("output_type") == "error" and len(found) < MOST:
                name, message = (_line(output.get(key, "")) for key in ("ename", "evalue"))
                said = f"{name}: {message}" if message else name
                found.append(Trouble(str(cell.get("id", ""))[:100], said[:_LONGEST], explained(name)))
                break
    return found


def explained(name: str) -> str:
    """Explain a kind of error; empty where we have nothing to add to Python's own words.

    Examples
    --------
    >>> explained("gaierror")
    'There is no network where exercises are graded.'
    """
    return _WORDS.get(name, "")


def _line(value: Any) -> str:
    text = without_colours(str(value)[: 4 * _LONGEST])
    return " ".join(printable(text).split())[:_LONGEST]
