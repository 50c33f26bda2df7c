"""What a run shows while it goes on: a live table in a terminal, a line per event elsewhere."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Self

from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table

from crmlib.suite.endings import ending_of
from crmlib.suite.executed import reached_cell

if TYPE_CHECKING:
    from types import TracebackType

    from rich.console import Console

    from crmlib.suite.executed import Failure, Job

_STYLES = {
    "waiting": "dim",
    "running": "cyan",
    "done": "green",
    "kept": "green",
    "stopped": "yellow",
    "in part": "yellow",
    "FAILED": "bold red",
}


class Progress:
    """The display of a run; use it as a context, tell it what happens, `look` from time to time.

    Parameters
    ----------
    console
        Where to show it; the live table needs a terminal.
    jobs
        The notebooks, in order.
    """

    def __init__(self, console: Console, jobs: list[Job]) -> None:
        self._console = console
        self._jobs = jobs
        self._state = dict.fromkeys((job.name for job in jobs), "waiting")
        self._started: dict[str, float] = {}
        self._seconds: dict[str, float] = {}
        self._live = Live(console=console, auto_refresh=False, get_renderable=self._table)

    def __enter__(self) -> Self:
        if self._console.is_terminal:
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._console.is_terminal:
            self.look()
            self._live.stop()

    def kept(self, job: Job) -> None:
        """Tell that a notebook is kept from an earlier run."""
        self._state[job.name] = "kept"
        self._say(f"{job.name}: kept from the earlier run")

    def started(self, job: Job) -> None:
        """Tell that a notebook starts."""
        self._state[job.name] = "running"
        self._started[job.name] = time.monotonic()
        self._say(f"{job.name}: started")

    def ended(self, job: Job, failure: Failure | None) -> None:
        """Tell that a notebook has ended; why it stopped early, or what it left out, its file says."""
        self._seconds[job.name] = time.monotonic() - self._started[job.name]
        ending = ending_of(json.loads(job.output.read_text(encoding="utf-8")))
        self._state[job.name] = "FAILED" if failure is not None else ending.status
        how = str(ending).rstrip(".") if failure is None else f"FAILED in {failure}"
        self._say(f"{job.name}: {how}, after {self._seconds[job.name]:.1f} s")

    def look(self) -> None:
        """Read how far the notebooks are, and show it."""
        if self._console.is_terminal:
            self._live.refresh()

    def _say(self, line: str) -> None:
        if not self._console.is_terminal:
            self._console.print(line, highlight=False, markup=False, soft_wrap=True)

    def _table(self) -> Table:
        table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
        for heading in ("Notebook", "", "Cell", "Elapsed", ""):
            table.add_column(heading, justify="right" if heading in {"Cell", "Elapsed"} else "left")
        for job in self._jobs:
            state = self._state[job.name]
            cell, total = reached_cell(job) if state == "running" else (0, 0)
            finished = state in {"done", "kept", "in part", "stopped"}
            bar = ProgressBar(total=max(total, 1), completed=max(total, 1) if finished else max(cell - 1, 0), width=24)
            seconds = self._seconds.get(job.name, time.monotonic() - self._started.get(job.name, time.monotonic()))
            table.add_row(
                job.name,
                bar,
                f"{cell} of {total}" if total else "",
                f"{seconds:.1f} s" if job.name in self._started else "",
                f"[{_STYLES[state]}]{state}",
            )
        return table
