"""The cells of a notebook in an IPython shell, with the outputs that a kernel would make, told line by line.

Runs inside the sandbox: in a process that was forked from the preloaded one (`zygote`), or in a fresh one (`fresh`).
"""

from __future__ import annotations

import io
import os
import sys
import tempfile
import time
from typing import Any

from ipykernel.compiler import XCachingCompiler
from IPython.core.displayhook import DisplayHook
from IPython.core.displaypub import DisplayPublisher
from IPython.core.error import StdinNotImplementedError, UsageError
from IPython.core.interactiveshell import InteractiveShell
from jupyter_client.session import json_packer
from traitlets import Type
from traitlets.config import Config

__all__ = ["Shell", "make_shell", "run_cells", "warm_up"]

_FLUSH_BYTES = 65_536
_FLUSH_SECONDS = 0.2
_FIRST_TIMES = (
    "import io\nimport numpy as np\nimport pandas as pd",
    'table = pd.read_csv(io.StringIO("who,day,a\\nx,2025-01-01,1.5\\ny,2025-02-01,2\\n"), parse_dates=["day"])\ntable',
    'table.groupby("who")["a"].agg(["count", "sum"]).sort_values("sum").reset_index().merge(table, on="who")',
    'table.set_index("day")["a"].resample("MS").sum().describe()',
)
_RAW_BYTES = 200_000  # of what programs print past Python, for each cell
_PRINTED_BY_CELL, _PRINTED = 200_000, 2_000_000  # characters: what is printed beyond is cut, and the cell goes on


class Channel:
    """Where lines go, and which cell is running."""

    fd = -1
    cell = 0
    failed = -1  # the last cell of which an error was told
    printed = 0  # characters, by the running cell
    printed_in_all = 0

    def say(self, kind: str, **content: Any) -> None:
        """Send one line."""
        self.write(json_packer({"type": kind, **content}) + b"\n")

    def say_failed(self, error: BaseException, traceback: list[str], name: str = "") -> None:
        """Send the error of the running cell."""
        self.failed = self.cell
        name = name or type(error).__name__
        self.say("failed", cell=self.cell, ename=name, evalue=str(error), traceback=traceback)

    def within_bounds(self, text: str) -> str:
        """Cut what a cell, or the notebook, prints beyond its bounds, and say so once in each cell."""
        room = max(min(_PRINTED_BY_CELL - self.printed, _PRINTED - self.printed_in_all), 0)
        told = self.printed > _PRINTED_BY_CELL
        if len(text) <= room:
            self.printed += len(text)
            self.printed_in_all += len(text)
            return text
        self.printed = _PRINTED_BY_CELL + 1
        self.printed_in_all += room
        return "" if told else f"{text[:room]}\n[what was printed beyond this was cut]\n"

    def write(self, data: bytes) -> None:
        """Send bytes, all of them."""
        while data:
            data = data[os.write(self.fd, data) :]

    def flush(self) -> None:
        """Send what was printed before what comes next."""
        for stream in (sys.stdout, sys.stderr):
            stream.flush()


_channel = Channel()


class Printed(io.TextIOBase):
    """A standard stream that goes out as outputs of the running cell."""

    def __init__(self, name: str, fd: int) -> None:
        self._name, self._fd = name, fd
        self._parts: list[str] = []
        self._size = 0
        self._last = time.monotonic()

    encoding = "utf-8"

    def fileno(self) -> int:
        """Give the stream that programs started from a cell print to."""
        return self._fd

    def writable(self) -> bool:
        """Say that it can be written to."""
        return True

    def write(self, text: str) -> int:
        """Take in text; it goes out in larger pieces."""
        if not isinstance(text, str):
            raise TypeError(f"write() argument must be str, not {type(text).__name__}")
        if text:
            self._parts.append(text)
        self._size += len(text)
        if self._size > _FLUSH_BYTES or time.monotonic() - self._last > _FLUSH_SECONDS:
            self.flush()
        return len(text)

    def flush(self) -> None:
        """Send what has been gathered."""
        if self._parts:
            text, self._parts, self._size = "".join(self._parts), [], 0
            if text := _channel.within_bounds(text):
                _channel.say("stream", cell=_channel.cell, name=self._name, text=text)
        self._last = time.monotonic()


class Publisher(DisplayPublisher):
    """Sends what `display` shows."""

    def publish(  # type: ignore[override] # IPython's own kernels leave `source` out, too
        self,
        data: dict[str, Any],
        metadata: dict[str, Any] | None = None,
        *,
        transient: dict[str, Any] | None = None,
        update: bool = False,
        **_: Any,
    ) -> None:
        """Send a display, or what takes the place of an earlier one."""
        _channel.flush()
        display_id = (transient or {}).get("display_id")
        if update:
            _channel.say("updated", display_id=display_id or "", data=data, metadata=metadata or {})
        else:
            _channel.say("shown", cell=_channel.cell, data=data, metadata=metadata or {}, display_id=display_id)

    def clear_output(self, wait: bool = False) -> None:  # noqa: FBT001, FBT002 - IPython's signature
        """Take back what the cell has shown."""
        _channel.flush()
        _channel.say("cleared", cell=_channel.cell, wait=bool(wait))


class Hook(DisplayHook):
    """Sends the result of a cell."""

    def write_output_prompt(self) -> None:
        """Do nothing: a notebook shows the number of the cell itself."""

    def write_format_data(self, format_dict: dict[str, Any], md_dict: dict[str, Any] | None = None) -> None:
        """Send the result in all its forms."""
        _channel.flush()
        count = self.prompt_count
        _channel.say("shown", cell=_channel.cell, data=format_dict, metadata=md_dict or {}, count=count)


class Shell(InteractiveShell):
    """An IPython shell whose outputs go out as a kernel's do."""

    displayhook_class = Type(Hook)
    display_pub_class = Type(Publisher)
    compiler_class = Type(XCachingCompiler)  # names a cell in a traceback as a kernel does
    leaving = False

    def _showtraceback(self, etype: type[BaseException], evalue: BaseException, stb: list[str]) -> None:
        _channel.flush()
        _channel.say_failed(evalue, stb, etype.__name__)

    def ask_exit(self) -> None:
        """Remember that the notebook called ``exit()``."""
        self.leaving = True

    def enable_gui(self, gui: str | None = None) -> None:
        """Do nothing: there is no screen."""


def make_shell() -> Shell:
    """Make the shell, with figures as PNG; done once, before the forks."""
    import matplotlib as mpl
    import pandas as pd
    from IPython.core.pylabtools import activate_matplotlib
    from matplotlib_inline.backend_inline import configure_inline_support

    config = Config()
    config.HistoryManager.enabled = False  # it would start a thread and write a file
    shell = Shell.instance(config=config)
    activate_matplotlib(mpl.rcParams["backend"])  # type: ignore[no-untyped-call]
    configure_inline_support(shell, "inline")  # type: ignore[no-untyped-call]
    pd.set_option("display.max_columns", 20)  # as in a kernel: pandas takes this shell for a terminal, and leaves out
    return shell


def warm_up(shell: Shell) -> None:
    """Do once what is slow the first time: the list of fonts, a figure, reading and grouping a table, a traceback."""
    import matplotlib.pyplot as plt

    _channel.fd = os.open(os.devnull, os.O_WRONLY)
    shell.user_ns["figure"] = plt.figure(figsize=(1, 1))
    shell.user_ns["figure"].add_subplot().set_title("Ready")
    for source in ("figure", *_FIRST_TIMES, "table.a.missing"):
        shell.run_cell(source)  # type: ignore[no-untyped-call]
    plt.close("all")
    shell.reset(new_session=True)  # type: ignore[no-untyped-call]
    shell.execution_count = 1
    os.close(_channel.fd)


def _no_input(prompt: object = "") -> str:  # noqa: ARG001 - the signature of input
    raise StdinNotImplementedError("raw_input was called, but this frontend does not support input requests.")


def _no_reset(*_: object, **__: object) -> None:
    raise UsageError("A graded notebook keeps its names: %reset does nothing here.")


def run_cells(cells: list[dict[str, Any]], numbers: list[int], fd: int) -> None:
    """Run the cells of these numbers, also after one that failed, and tell what they put out.

    Parameters
    ----------
    cells
        The cells of the notebook.
    numbers
        Which of them are run, in order.
    fd
        Where the lines go.
    """
    _channel.fd = fd
    shell = Shell.instance()
    raw = _scratch()
    for standard in (1, 2):
        os.dup2(raw, standard)
    sys.stdout, sys.stderr = Printed("stdout", 1), Printed("stderr", 2)
    shell.builtin_trap.add_builtin("input", _no_input)
    shell.user_ns["input"] = _no_input
    shell.reset = _no_reset  # type: ignore[method-assign]
    read = 0
    for number in numbers:
        _channel.cell, _channel.printed = number, 0
        _channel.say("began", cell=number)
        count = shell.execution_count
        result = shell.run_cell(cells[number]["source"], store_history=True)  # type: ignore[no-untyped-call]
        error = result.error_before_exec or result.error_in_exec
        if shell.leaving:  # exit() in a cell ends nothing else
            shell.leaving, error = False, error or SystemExit("exit() was called")
        if error is not None and _channel.failed != number:  # with no memory left, IPython cannot show a traceback
            _channel.say_failed(error, [])
        _channel.flush()
        read = _tell_raw(raw, read)
        _channel.say("ran", cell=number, count=count)
    _channel.say("done")


def _scratch() -> int:
    if hasattr(os, "memfd_create"):
        return os.memfd_create("raw")
    with tempfile.TemporaryFile() as file:  # outside Linux, where there is no sandbox either
        return os.dup(file.fileno())


def _tell_raw(raw: int, read: int) -> int:
    """Send what programs printed past Python, such as a library in C or a command after ``!``."""
    end = os.fstat(raw).st_size
    if end > read:
        text = os.pread(raw, min(end - read, _RAW_BYTES), read).decode("utf-8", errors="replace")
        _channel.say("stream", cell=_channel.cell, name="stdout", text=text)
    return end
