"""How a run ended, in plain words for the student whose notebook it was."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from crmlib.grading.sandbox.limits import cell_seconds
from crmlib.suite import executed
from crmlib.words import counted

if TYPE_CHECKING:
    from crmlib.grading.sandbox.attempts import Run
    from crmlib.grading.sandbox.frames import Transcript
    from crmlib.grading.sandbox.limits import Limits
    from crmlib.grading.sandbox.listening import Ending

__all__ = ["Ended", "Status", "conclude", "short"]

Status = Literal["finished", "error", "timeout", "memory", "killed", "too_large", "no_result"]

_ANSI = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
_SHOWN = 200
_CPU_SIGNALS = {-24, 128 + 24}  # SIGXCPU
_MEMORY_ERRORS = {"MemoryError", "_ArrayMemoryError", "ArrowMemoryError", "OutOfMemoryException"}


@dataclass(frozen=True)
class Ended:
    """How a run ended.

    Attributes
    ----------
    status
        ``finished`` when every cell ran without an error, ``error`` when some cells raised one (the others ran all the
        same); ``timeout``, ``memory``, ``killed`` and ``too_large`` when it came to an early end; ``no_result`` when
        nothing ran.
    reason
        The same in plain words, for the student; empty when the run finished. May hold text of the student's.
    seconds
        By the clock on the wall.
    notebook
        The submitted cells with the outputs of this run, those made before an early end too. What the outputs hold
        is not to be trusted. None when nothing ran.
    """

    status: Status
    reason: str
    seconds: float
    notebook: dict[str, Any] | None


def conclude(run: Run, *, limits: Limits, seconds: float) -> Ended:
    """Say how a run ended.

    Parameters
    ----------
    run
        The run.
    limits
        What it was allowed.
    seconds
        How long it took.
    """
    transcript = run.transcript
    if transcript.done and run.ending == "done" and run.losses:
        status, reason = _early(run.losses[0], limits)
        others = len(run.losses) - 1
        reason += f" So did {counted(others, 'other cell')}." if others else ""
        reason += " The notebook was run again without."
    elif transcript.done and run.ending == "done":
        status, reason = _completed(transcript, limits)
    else:
        status, reason = _early(run, limits)
    return Ended(status, reason, seconds, None if status == "no_result" else transcript.finish())


def _early(run: Run, limits: Limits) -> tuple[Status, str]:
    if run.ending in {"timeout", "slow_cell", "too_large"}:
        return _cut(run.transcript, run.ending, limits)
    return _died(run.transcript, run.code, limits, lacked_memory=run.lacked_memory)


def _cut(transcript: Transcript, ending: Ending, limits: Limits) -> tuple[Status, str]:
    where = _where(transcript)
    if ending == "timeout" and transcript.reached is None:
        return "no_result", "The notebook could not be started in time: the machine is too busy. Grade it again."
    most = cell_seconds(limits)
    if ending == "slow_cell" and most < limits.seconds:
        return "timeout", f"A cell ran longer than {most:g} seconds and was stopped: {where.removeprefix(' in ')}."
    if ending in {"timeout", "slow_cell"}:
        return "timeout", f"The notebook ran longer than {limits.seconds:g} seconds and was stopped{where}."
    if transcript.too_many:
        return "too_large", f"The notebook made more outputs than a page can show and was stopped{where}."
    return "too_large", f"The notebook put out more than {limits.output_mb} MB and was stopped{where}."


def _died(transcript: Transcript, code: int, limits: Limits, *, lacked_memory: bool) -> tuple[Status, str]:
    where = _where(transcript)
    if lacked_memory:
        return "memory", f"The notebook used more memory than a run may ({limits.memory_mb} MB) and ended{where}."
    if code in _CPU_SIGNALS:
        return "timeout", f"The notebook computed for too long and was stopped{where}."
    if transcript.reached is None:
        return "no_result", short(f"The notebook did not start: {transcript.broken or 'its Python ended at once'}.")
    why = "its Python process ended itself or crashed (os._exit, exit(), a kill, or memory that ran out)"
    return "killed", f"The notebook came to an early end{where}: {why}."


def _completed(transcript: Transcript, limits: Limits) -> tuple[Status, str]:
    left_out = transcript.unreadable
    note = f"{left_out} output{'s' * (left_out > 1)} could not be read and were left out." if left_out else ""
    if not transcript.failures:
        return "finished", note
    first = transcript.failures[0]
    said = " ".join(_ANSI.sub("", f"{first.ename}: {first.evalue}").split())
    text = short(f"{_cell(transcript, first.cell)}: {said}")
    more = len({failure.cell for failure in transcript.failures}) - 1
    if more:
        text += f" ({more} more cell{'s' * (more > 1)} failed)"
    text += f". {note}" if note else ""
    if any(failure.ename in _MEMORY_ERRORS for failure in transcript.failures):
        return "memory", f"The notebook needed more memory than a run may use ({limits.memory_mb} MB): {text}"
    return "error", text


def _where(transcript: Transcript) -> str:
    """Say in which cell a run was, counted as its author counts."""
    if transcript.reached is None:
        return " before its first cell"
    return f" in {_cell(transcript, transcript.reached)}"


def _cell(transcript: Transcript, index: int) -> str:
    cells = transcript.notebook["cells"]
    number = sum(not executed.is_added(cell) for cell in cells[: index + 1])
    return f"cell {number} ({executed.first_line(cells[index])})"


def short(text: str) -> str:
    r"""Put a text on one line, and cut it where it gets too long.

    Examples
    --------
    >>> short("one\ntwo")
    'one two'
    """
    text = " ".join(text.split())
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"
