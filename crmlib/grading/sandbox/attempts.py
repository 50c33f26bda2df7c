"""A run that a cell ends is begun again without that cell: a broken cell costs its own question only.

Begun again, and not gone on with from a copy of the process: DuckDB's threads do not survive a fork, and a whole
notebook takes a second or two (docs/decisions/0070). All attempts together have a clock, a count and a size.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import msgspec

from crmlib.grading.sandbox.frames import Transcript

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from crmlib.grading.sandbox.limits import Limits
    from crmlib.grading.sandbox.listening import Ending

__all__ = ["LOST", "Run", "run_on"]

#: What the error of a cell that was left out is called.
LOST = "CellLeftOut"
_MOST_LOSSES = 20
_LEAST_SECONDS = 1.0
_SAYS: dict[Ending, str] = {
    "slow_cell": "it took too long",
    "timeout": "it took too long",
    "too_large": "it put out more than a run may",
    "closed": "it ended Python, or Python crashed in it",
}


@dataclass(frozen=True)
class Run:
    """What is known of a run when it has ended.

    Attributes
    ----------
    transcript
        What it put out, up to its end.
    ending
        What ended the listening to it.
    code
        The exit code of its process; negative for a signal.
    lacked_memory
        Whether a process was killed because the memory of all together ran out.
    losses
        The runs before it, each of which a cell ended. Their transcripts hold no outputs.
    """

    transcript: Transcript
    ending: Ending
    code: int
    lacked_memory: bool
    losses: tuple[Run, ...] = ()


def run_on(notebook: dict[str, Any], attempt: Callable[[dict[str, Any], float], Run], *, limits: Limits) -> Run:
    """Run a notebook, and again without each cell that ends the run, as long as there is time.

    Parameters
    ----------
    notebook
        Without outputs; it stays as it is.
    attempt
        Runs a notebook for some seconds at most, and puts the outputs into it.
    limits
        Of a run; all attempts together may take twice its seconds.
    """
    until = time.monotonic() + 2 * limits.seconds
    outputs: dict[int, list[dict[str, Any]]] = {}
    losses: list[Run] = []
    room = limits.output_mb * 2**20
    while True:
        seconds = min(limits.seconds, max(until - time.monotonic(), _LEAST_SECONDS))
        run = attempt(_without(notebook, outputs), seconds)
        cell = run.transcript.reached
        is_over = len(losses) == _MOST_LOSSES or until - time.monotonic() < _LEAST_SECONDS
        # a run that is out of time has no one cell to blame
        blamed = None if is_over or run.ending in {"done", "timeout"} else cell
        if blamed is None or blamed in outputs:
            break
        kept = run.transcript.finish()["cells"][blamed]["outputs"]
        room -= len(msgspec.json.encode(kept))
        outputs[blamed] = [*(kept if room > 0 and run.ending != "too_large" else []), _error(run)]
        losses.append(replace(run, transcript=_bare(notebook, run.transcript)))
    cells = run.transcript.notebook["cells"]
    for at, lost in outputs.items():
        cells[at] = {**notebook["cells"][at], "outputs": lost}
    return replace(run, losses=tuple(losses))


def _without(notebook: Mapping[str, Any], lost: Mapping[int, object]) -> dict[str, Any]:
    """Copy a notebook for a run: its outputs are its own, and what is left out bears the tag that runs heed."""
    cells = []
    for at, cell in enumerate(notebook["cells"]):
        copied = {**cell, "outputs": []} if cell["cell_type"] == "code" else dict(cell)
        if at in lost:
            tags = [*cell["metadata"].get("tags", []), "skip-execution"]
            copied["metadata"] = {**cell["metadata"], "tags": tags}
        cells.append(copied)
    return {**notebook, "cells": cells}


def _error(run: Run) -> dict[str, Any]:
    why = "it took more memory than a run may" if run.lacked_memory else _SAYS[run.ending]
    return {"output_type": "error", "ename": LOST, "evalue": why, "traceback": []}


def _bare(notebook: dict[str, Any], transcript: Transcript) -> Transcript:
    """Keep of a transcript where it ended: twenty of them with their outputs would fill the memory."""
    bare = Transcript(notebook)
    bare.reached, bare.too_many, bare.broken = transcript.reached, transcript.too_many, transcript.broken
    return bare
