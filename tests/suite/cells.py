"""The code of a notebook, cell by cell in this process: as a kernel runs it headless, and many times as quickly."""

from __future__ import annotations

import contextlib
import io
import linecache
import os
import re
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crmlib.notebook.stopping import StopHere
from crmlib.suite.kernel import make_warnings_errors

if TYPE_CHECKING:
    from collections.abc import Iterator

SOURCES = Path(__file__).parents[2] / "notebooks" / "src"
NOTEBOOKS = sorted(path.stem for path in SOURCES.glob("[0-9][0-9]_*.py"))


def code_cells(name: str) -> Iterator[tuple[int, str, bool]]:
    """Give a notebook's code: the number of each cell, its text, and whether it holds the parameters."""
    text = (SOURCES / f"{name}.py").read_text(encoding="utf-8")
    parts = re.split(r"(?m)^# %%(.*)\n", text[text.index("# %%") :])[1:]
    for number, (head, body) in enumerate(zip(parts[::2], parts[1::2], strict=True), 1):
        if "[markdown]" not in head:
            yield number, body, "parameters" in head


class CellError(AssertionError):
    """A cell of a notebook raised what it should not have."""


def run_cells(name: str, **parameters: Any) -> tuple[str, str, dict[str, Any]]:
    """Run a notebook's code; give its status (``done`` or ``stopped``), what it printed, and its variables."""
    import matplotlib as mpl
    import matplotlib.pyplot as plt

    mpl.use("agg")
    space: dict[str, Any] = {"__name__": "__main__", "display": lambda *_: None}
    given = {"fast": True, "interactive": False, **parameters}
    printed = io.StringIO()
    with warnings.catch_warnings(), contextlib.redirect_stdout(printed):
        make_warnings_errors()
        for number, text, is_parameters in code_cells(name):
            file = f"<{name}, cell {number}>"
            linecache.cache[file] = (len(text), None, text.splitlines(keepends=True), file)
            try:
                exec(compile(text, file, "exec"), space)  # noqa: S102 - the notebooks of this repository
            except StopHere as stop:
                return "stopped", printed.getvalue() + str(stop), space
            except Exception as error:
                line = _line_of(error, file)
                raise CellError(f"{name}, cell {number}, {line!r}: {type(error).__name__}: {error}") from error
            finally:
                plt.close("all")
            if is_parameters:
                space |= {key: value for key, value in given.items() if key in space}
    return "done", printed.getvalue(), space


def _line_of(error: BaseException, file: str) -> str:
    trace, line = error.__traceback__, 0
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == file:
            line = trace.tb_lineno
        trace = trace.tb_next
    return linecache.getline(file, line).strip() or os.fspath(file)
