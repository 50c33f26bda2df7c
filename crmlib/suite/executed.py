"""The file of an executed notebook: whole, the same bytes for the same run, and honest about failure."""

from __future__ import annotations

import contextlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from crmlib.files import json_text, write_whole
from crmlib.words import without_colours

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_ADDED_TAGS = {"injected-parameters", "papermill-error-cell-tag"}
_LONGEST_LINE = 80


@dataclass(frozen=True)
class Job:
    """A notebook to run: what goes in, and where what comes out goes."""

    name: str
    notebook: Path
    output: Path
    parameters: dict[str, Any]
    key: str
    state: Path

    @property
    def part(self) -> Path:
        """Where the notebook grows while it runs: `output` only ever holds one that has ended."""
        return self.output.with_name(f".{self.output.stem}.part.ipynb")

    @property
    def progress(self) -> Path:
        """Where the worker says which cell it has reached."""
        return self.state.with_suffix(".progress")


@dataclass(frozen=True)
class Failure:
    """Where and why a notebook stopped.

    Examples
    --------
    >>> print(Failure(cell=3, line="1 / 0", error="ZeroDivisionError", message="division by zero"))
    cell 3 (1 / 0): ZeroDivisionError: division by zero
    """

    cell: int
    line: str
    error: str
    message: str

    def __str__(self) -> str:
        why = f"{self.error}: {self.message}" if self.message else self.error
        return f"cell {self.cell} ({self.line}): {why}"


def is_added(cell: Mapping[str, Any]) -> bool:
    """Say whether papermill added a cell to the notebook that its author wrote.

    Examples
    --------
    >>> is_added({"metadata": {"tags": ["injected-parameters"]}})
    True
    """
    return not _ADDED_TAGS.isdisjoint(cell["metadata"].get("tags", []))


def failure_in(notebook: Mapping[str, Any]) -> Failure | None:
    r"""Find where an executed notebook stopped; None when it ran to its end.

    Cells count as their author counts them, from 1, without those that papermill added.

    Examples
    --------
    >>> error = {"output_type": "error", "ename": "KeyError", "evalue": "'x'", "traceback": []}
    >>> cell = {"cell_type": "code", "metadata": {}, "source": "# look\nd['x']", "outputs": [error]}
    >>> failure_in({"cells": [cell]})
    Failure(cell=1, line="d['x']", error='KeyError', message="'x'")
    """
    number = 0
    for cell in notebook["cells"]:
        number += not is_added(cell)
        for output in cell.get("outputs", []):
            if output["output_type"] == "error" and "raises-exception" not in cell["metadata"].get("tags", []):
                message = without_colours(output["evalue"])
                return Failure(number, first_line(cell), output["ename"], " ".join(message.split()))
    return None


def first_line(cell: Mapping[str, Any]) -> str:
    r"""Give the first line of a cell that says something.

    Examples
    --------
    >>> first_line({"source": "# what follows\nx = 1"})
    'x = 1'
    """
    lines = [line.strip() for line in source_of(cell).splitlines() if line.strip()]
    line = next((line for line in lines if not line.startswith("#")), lines[0] if lines else "")
    return line if len(line) <= _LONGEST_LINE else f"{line[: _LONGEST_LINE - 1]}…"


def source_of(cell: Mapping[str, Any]) -> str:
    r"""Give the text of a cell, which files hold as one string or as a list of lines.

    Examples
    --------
    >>> source_of({"source": ["x = 1\n", "x"]})
    'x = 1\nx'
    """
    source = cell["source"]
    return source if isinstance(source, str) else "".join(source)


def finish(job: Job) -> None:
    """Put the executed notebook in its place, without the traces of the clock and of this machine."""
    write_whole(job.output, json_text(_tidied(json.loads(job.part.read_text(encoding="utf-8")))))
    job.part.unlink()


def close_broken(job: Job, error: str, message: str) -> None:
    """Finish a notebook whose kernel or worker died: what it had reached, with the error where it stopped."""
    import nbformat

    from crmlib.suite import papermill_engine as papermill

    try:
        notebook = papermill.load_notebook_node(str(job.part))
    except Exception:  # noqa: BLE001 - missing or torn, in any of nbformat's ways: the source is always whole
        notebook = papermill.load_notebook_node(str(job.notebook))
    if failure_in(notebook) is None:
        stopped = _last_started(notebook.cells, job)
        stopped.outputs.append(
            nbformat.v4.new_output(  # type: ignore[no-untyped-call]
                "error", ename=error, evalue=message, traceback=[]
            )
        )
    try:
        papermill.raise_for_execution_errors(notebook, str(job.part))
    except papermill.PapermillExecutionError:
        finish(job)


def _last_started(cells: list[Any], job: Job) -> Any:
    # papermill's own marks do not tell: it calls a cell completed whose kernel died, and those below it, too.
    reached, _ = reached_cell(job)
    own = [cell for cell in cells if not is_added(cell)]
    code = [cell for cell in own[: max(reached, 1)] if cell.cell_type == "code"]
    return code[-1] if code else next(cell for cell in own if cell.cell_type == "code")


def reached_cell(job: Job) -> tuple[int, int]:
    """Read which cell a running notebook has reached, and of how many; zeros before the first."""
    with contextlib.suppress(OSError, ValueError, KeyError):
        progress = json.loads(job.progress.read_text(encoding="utf-8"))
        return int(progress["cell"]), int(progress["of"])
    return 0, 0


def _tidied(notebook: dict[str, Any]) -> dict[str, Any]:
    run = notebook["metadata"].pop("papermill", {})
    notebook["metadata"]["papermill"] = {"parameters": run.get("parameters", {})}
    notebook["metadata"].pop("widgets", None)
    for position, cell in enumerate(notebook["cells"]):
        cell["metadata"].pop("papermill", None)
        cell["metadata"].pop("execution", None)
        if is_added(cell):
            cell["id"] = f"added-{position:02d}"  # papermill draws it at random
    return notebook
