"""What a hostile submission is, and what must come of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from crmlib.grading.marking.ending import Status

START = """import os, sys, time, json, ctypes, signal, socket, subprocess
from pathlib import Path
from crmlib.grading import answer, check

def attempt(action):
    try:
        return action()
    except BaseException as error:
        print("failed:", type(error).__name__, error)

def gained(what):
    print("GAINED", what)
"""
RIGHT = 'answer("q1", sum(map(float, Path(source, "orders.csv").read_text().split()[1:])) * factor)'
WRONG = 'answer("q1", -1.0)'
WENT_ON: tuple[Status, ...] = ("finished", "error")


@dataclass(frozen=True)
class Attack:
    """A hostile submission.

    Its cells may call ``gained(...)`` where they got what they must not get. ``targets`` is a parameter: paths of what
    is hidden on this very machine; ``port`` is that of a server on it.

    Attributes
    ----------
    name, tries
        What it is called, and what it tries.
    cells
        The code, below the start and above the answer.
    ends
        How the run may end.
    says
        Words of the reason.
    last
        The last cell.
    points
        What it earns: what its answer is worth, never more.
    runs
        How often it is run in a row; what one run leaves must not reach the next.
    anew
        Whether its engine matters: then it is run by papermill in a fresh sandbox, too.
    notebook
        Keys that take the place of the notebook's own; ``outputs`` go into the last cell.
    """

    name: str
    tries: str
    cells: tuple[str, ...]
    ends: tuple[Status, ...] = WENT_ON
    says: str = ""
    last: str = WRONG
    points: float = 0.0
    runs: int = 1
    anew: bool = False
    notebook: dict[str, Any] = field(default_factory=dict)

    def document(self) -> dict[str, Any]:
        """Give the submission."""
        parameters = _cell('source = "."\nfactor = 1.0\ntargets = []\nport = 0', tags=["parameters"])
        cells = [parameters, *(_cell(source) for source in (START, *self.cells, self.last))]
        cells[-1]["outputs"] = self.notebook.get("outputs", [])
        changed = {key: value for key, value in self.notebook.items() if key != "outputs"}
        return {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5} | changed


HONEST = Attack("honest", "is a right solution", (), ends=("finished",), last=RIGHT, points=10.0)


def _cell(source: str, tags: list[str] | None = None) -> dict[str, Any]:
    metadata = {"tags": tags} if tags else {}
    return {"cell_type": "code", "source": source, "metadata": metadata, "outputs": [], "execution_count": None}
