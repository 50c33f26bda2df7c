"""What a run says while it goes on: one JSON line for each output, and how the trusted side reads these lines.

The lines come out of the sandbox, so each may hold anything. One that is not as it should be is left out and counted.
An executed notebook is the submitted one with the outputs of the run: its cells never come from inside.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec

__all__ = ["Transcript", "is_run"]

_DEEPEST = 64
_MOST_OUTPUTS = 5_000
_MIMETYPES = 32  # of one output
_Cell = Annotated[int, msgspec.Meta(ge=0)]


class _Frame(msgspec.Struct, frozen=True, tag_field="type"):
    """A line of the run's report."""


class Began(_Frame, frozen=True, tag="began"):
    """A cell begins."""

    cell: _Cell


class Ran(_Frame, frozen=True, tag="ran"):
    """A cell has ended; its number of execution."""

    cell: _Cell
    count: int | None = None


class Stream(_Frame, frozen=True, tag="stream"):
    """Printed text."""

    cell: _Cell
    name: Literal["stdout", "stderr"]
    text: str


class Shown(_Frame, frozen=True, tag="shown"):
    """A displayed value, or with a count the cell's result."""

    cell: _Cell
    data: dict[str, Any]
    metadata: dict[str, Any] = {}
    count: int | None = None
    display_id: str | None = None


class Updated(_Frame, frozen=True, tag="updated"):
    """A display takes the place of an earlier one."""

    display_id: str
    data: dict[str, Any]
    metadata: dict[str, Any] = {}


class Failed(_Frame, frozen=True, tag="failed"):
    """An exception."""

    cell: _Cell
    ename: str
    evalue: str
    traceback: list[str] = []


class Cleared(_Frame, frozen=True, tag="cleared"):
    """The cell's outputs are taken back, now or when the next one comes."""

    cell: _Cell
    wait: bool = False


class Done(_Frame, frozen=True, tag="done"):
    """All cells have been run."""


class Broken(_Frame, frozen=True, tag="broken"):
    """The run could not be started, or its Python died."""

    reason: str


_DECODER = msgspec.json.Decoder(Began | Ran | Stream | Shown | Updated | Failed | Cleared | Done | Broken)


def is_run(cell: dict[str, Any]) -> bool:
    """Say whether a cell is one that a run executes, by the same rule as nbclient's.

    Examples
    --------
    >>> is_run({"cell_type": "code", "source": "1 + 1", "metadata": {}})
    True
    >>> is_run({"cell_type": "markdown", "source": "Text", "metadata": {}})
    False
    """
    tags = cell.get("metadata", {}).get("tags", [])
    return cell.get("cell_type") == "code" and bool(cell["source"].strip()) and "skip-execution" not in tags


class Transcript:
    """The outputs of a run, as they come in.

    Parameters
    ----------
    notebook
        What is run, without outputs, and each cell's source as one text. The outputs are put into it.
    """

    def __init__(self, notebook: dict[str, Any]) -> None:
        self.notebook = notebook
        self.reached: int | None = None
        self.done = False
        self.broken: str | None = None
        self.unreadable = 0
        self.too_many = False
        self.failures: list[Failed] = []
        self._rest: list[bytes] = []
        self._outputs = 0
        self._clear_next: set[int] = set()
        self._shown: dict[str, list[dict[str, Any]]] = {}

    def feed(self, data: bytes) -> None:
        """Take in bytes as they come out of the sandbox; raises nothing."""
        first, *others = data.split(b"\n")
        self._rest.append(first)
        if not others:
            return
        whole, self._rest = b"".join(self._rest), [others.pop()]
        for line in (whole, *others):
            if self.done or self.too_many:
                return
            self._take(line)

    def _take(self, line: bytes) -> None:
        try:
            frame = _DECODER.decode(line)
        except (msgspec.MsgspecError, UnicodeError, RecursionError, ValueError):
            self.unreadable += 1
            return
        if isinstance(frame, Done):
            self.done = True
        elif isinstance(frame, Broken):
            self.broken = frame.reason
        elif isinstance(frame, Updated):
            self._update(frame)
        elif frame.cell < len(self.notebook["cells"]) and is_run(self.notebook["cells"][frame.cell]):
            self._put(frame)
        else:
            self.unreadable += 1

    def _put(self, frame: Began | Ran | Stream | Shown | Failed | Cleared) -> None:
        cell = self.notebook["cells"][frame.cell]
        if isinstance(frame, Began):
            self.reached = frame.cell
        elif isinstance(frame, Ran):
            cell["execution_count"] = frame.count
        elif isinstance(frame, Cleared):
            if frame.wait:
                self._clear_next.add(frame.cell)
            else:
                self._clear(frame.cell)
        else:
            self._add(cell, frame)

    def _clear(self, index: int) -> None:
        # What was recorded before a clear is gone, as it would be for somebody who looks at the notebook.
        self.notebook["cells"][index]["outputs"] = []

    def _add(self, cell: dict[str, Any], frame: Stream | Shown | Failed) -> None:
        if frame.cell in self._clear_next:
            self._clear_next.discard(frame.cell)
            self._clear(frame.cell)
        outputs = cell["outputs"]
        if isinstance(frame, Stream):
            last = outputs[-1] if outputs else {}
            if last.get("output_type") == "stream" and last["name"] == frame.name:
                last["text"].append(frame.text)
                return
            made: dict[str, Any] = {"output_type": "stream", "name": frame.name, "text": [frame.text]}
        elif isinstance(frame, Failed):
            self.failures.append(frame)
            made = {"output_type": "error", "ename": frame.ename, "evalue": frame.evalue, "traceback": frame.traceback}
        else:
            if not _is_plain(frame.data, frame.metadata):
                self.unreadable += 1
                return
            made = {"output_type": "display_data", "data": frame.data, "metadata": frame.metadata}
            if frame.count is not None:
                made |= {"output_type": "execute_result", "execution_count": frame.count}
            if frame.display_id is not None:
                self._shown.setdefault(frame.display_id, []).append(made)
        self._outputs += 1
        self.too_many = self._outputs > _MOST_OUTPUTS
        if not self.too_many:
            outputs.append(made)

    def _update(self, frame: Updated) -> None:
        if not _is_plain(frame.data, frame.metadata):
            self.unreadable += 1
            return
        for output in self._shown.get(frame.display_id, []):
            output["data"], output["metadata"] = frame.data, frame.metadata

    def finish(self) -> dict[str, Any]:
        """Give the executed notebook: every stream one text."""
        for cell in self.notebook["cells"]:
            for output in cell.get("outputs", []):
                if output["output_type"] == "stream" and not isinstance(output["text"], str):
                    output["text"] = "".join(output["text"])
        return self.notebook


def _is_plain(data: dict[str, Any], metadata: dict[str, Any]) -> bool:
    """Say whether what is shown is no deeper and no wider than a browser or a copy would bear."""
    if len(data) > _MIMETYPES:
        return False
    level: list[Any] = [value for value in (*data.values(), metadata) if isinstance(value, (dict, list))]
    for _ in range(_DEEPEST):
        if not level:
            return True
        inner: list[Any] = []
        for value in level:
            inner += [i for i in (value.values() if isinstance(value, dict) else value) if isinstance(i, (dict, list))]
        level = inner
    return False
