"""What grading shows while it goes on: a bar in a terminal, a line a submission elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["Showing"]


class Showing:
    """The display of a grading run; use it as a context.

    Parameters
    ----------
    console
        Where to show it; the bar needs a terminal.
    total
        How many submissions there are.
    what
        What goes on.
    """

    def __init__(self, console: Console, total: int, what: str = "Grading") -> None:
        self._console = console
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            TextColumn("{task.fields[last]}", markup=False),
            console=console,
            disable=not console.is_terminal,
        )
        self._task = self._progress.add_task(what, total=total, last="")

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._progress.stop()

    def kept(self, count: int) -> None:
        """Tell how many results are kept from an earlier run."""
        self._progress.advance(self._task, count)
        if count:
            self._say(f"{count} kept from the earlier run")

    def ended(self, student_id: str, said: str) -> None:
        """Tell that a submission is graded.

        Parameters
        ----------
        student_id
            Whose.
        said
            What it earned.
        """
        self._progress.update(self._task, advance=1, last=f"{student_id}: {said}")
        self._say(f"{student_id}: {said}")

    def _say(self, line: str) -> None:
        if not self._console.is_terminal:
            self._console.print(line, highlight=False, markup=False, soft_wrap=True)
