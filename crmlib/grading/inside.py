"""The program that runs a notebook inside the plain sandbox: papermill, its crmlib engine, and a fresh kernel.

It reads the notebook from its input, and says on its output what happens, line by line (`crmlib.grading.frames`).
What it says is not to be trusted: the notebook's code runs beside it.
"""

from __future__ import annotations

import json
import os
import sys
from typing import Any

import nbformat
from jupyter_client.session import json_packer
from traitlets import Bool

from crmlib.suite import papermill_engine  # before papermill itself, which it loads in half of the time

from papermill.engines import papermill_engines  # isort: skip

__all__ = ["main"]

_channel = -1


def say(frame: dict[str, Any]) -> None:
    """Send one line to the trusted side."""
    data = json_packer(frame) + b"\n"
    while data:
        data = data[os.write(_channel, data) :]


class Client(papermill_engine.Client):
    """Runs all cells, those after an error too, and tells each output as it comes."""

    allow_errors = Bool(default_value=True)

    def papermill_execute_cells(self) -> None:
        """Run the cells without a headless run's strictness: a warning fails no student."""
        self.on_cell_execute = _begin
        self.on_cell_executed = _end
        super(papermill_engine.Client, self).papermill_execute_cells()

    def process_message(self, message: dict[str, Any], cell: Any, cell_index: int) -> Any:
        """Tell an output, then treat it as always."""
        frame = _frame(message["msg_type"], message["content"], cell_index)
        if frame is not None:
            say(frame)
        return super().process_message(message, cell, cell_index)


def _begin(cell: Any, cell_index: int) -> None:  # noqa: ARG001 - nbclient names the arguments
    say({"type": "began", "cell": cell_index})


def _end(cell: Any, cell_index: int, execute_reply: dict[str, Any]) -> None:  # noqa: ARG001 - as above
    say({"type": "ran", "cell": cell_index, "count": execute_reply["content"].get("execution_count")})


def _frame(kind: str, content: dict[str, Any], cell: int) -> dict[str, Any] | None:
    display_id = content.get("transient", {}).get("display_id")
    if kind == "stream":
        return {"type": "stream", "cell": cell, "name": content["name"], "text": content["text"]}
    if kind in {"display_data", "execute_result"}:
        shown = {"type": "shown", "cell": cell, "data": content["data"], "metadata": content["metadata"]}
        return shown | {"count": content.get("execution_count"), "display_id": display_id}
    if kind == "update_display_data":
        own = {key: content[key] for key in ("data", "metadata")}
        return {"type": "updated", "display_id": display_id or "", **own}
    if kind == "error":
        return {"type": "failed", "cell": cell, **{key: content[key] for key in ("ename", "evalue", "traceback")}}
    if kind == "clear_output":
        return {"type": "cleared", "cell": cell, "wait": bool(content.get("wait"))}
    return None


class Engine(papermill_engine.Engine):
    """The suite's engine with that client."""

    client_class = Client


def main() -> None:
    """Run the notebook that comes in, and leave."""
    global _channel  # noqa: PLW0603 - one channel a process
    _channel = os.dup(1)  # not inherited by the kernel, whose own prints go nowhere
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    notebook = nbformat.from_dict(json.loads(sys.stdin.buffer.read()))  # type: ignore[no-untyped-call]
    notebook.metadata["papermill"] = nbformat.NotebookNode()  # type: ignore[no-untyped-call]
    papermill_engines.register("crmlib-inside", Engine)
    try:
        papermill_engines.execute_notebook_with_engine(
            "crmlib-inside",
            notebook,
            kernel_name="python3",
            output_path=None,
            progress_bar=False,
            on_kernel=lambda _: None,
            ipython_folder=os.environ["IPYTHONDIR"],
            on_cell_start=lambda **_: None,
        )
    except Exception as error:  # noqa: BLE001 - whatever stopped the notebook is said, not raised
        reason = " ".join(f"{type(error).__name__}: {error}".split())[:300]
        say({"type": "broken", "reason": reason})
        os._exit(1)
    say({"type": "done"})
    os._exit(0)  # the box takes the kernel with it: no need to wait for its good-bye


if __name__ == "__main__":
    main()
