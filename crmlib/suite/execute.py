"""One notebook, executed by papermill in a worker process."""

from __future__ import annotations

import contextlib
import json
import logging
import multiprocessing
import multiprocessing.connection
import os
import signal
import tempfile
import threading
import time
from typing import TYPE_CHECKING, Any

from crmlib.suite import executed

if TYPE_CHECKING:
    from collections.abc import Callable

    from crmlib.suite.executed import Job

_kernels: set[int] = set()


def start_worker() -> None:
    """Prepare a worker process: it leaves Ctrl-C to its parent, and dies with it, together with its kernels."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda *_: _stop())
    logging.getLogger("papermill").setLevel(logging.CRITICAL)  # the run itself says what went wrong, once
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_die_with, args=(parent.sentinel,), daemon=True).start()


def _die_with(parent: int) -> None:
    # A parent that is killed cannot tell its workers; its end of this handle closes all the same.
    multiprocessing.connection.wait([parent])
    _stop()


def _stop() -> None:
    for pid in _kernels:
        with contextlib.suppress(OSError):
            os.kill(pid, getattr(signal, "SIGKILL", signal.SIGTERM))
    os._exit(1)


def execute(job: Job) -> float:
    """Run a notebook, put the executed file in its place, and give the seconds it took.

    A notebook that fails raises nothing here: its file says where and why (`executed.failure_in`).
    """
    started = time.monotonic()
    from crmlib.suite import papermill_engine

    try:
        try:
            _run_notebook(job)
        except Exception as error:
            if not papermill_engine.never_answered(error):
                raise
            _run_notebook(job)  # its ports were taken between their choice and their use: it gets new ones
    except papermill_engine.PapermillExecutionError:
        pass  # the file holds the error, and papermill's banner above it
    except Exception as error:  # noqa: BLE001 - whatever stops one notebook must not stop the others
        executed.close_broken(job, type(error).__name__, _said(error))
        return time.monotonic() - started
    finally:
        _kernels.clear()
    executed.finish(job)
    return time.monotonic() - started


def _run_notebook(job: Job) -> None:
    from crmlib.suite import papermill_engine

    with tempfile.TemporaryDirectory(prefix="crmlib-ipython-", ignore_cleanup_errors=True) as ipython_folder:
        papermill_engine.execute_notebook(
            str(job.notebook),
            str(job.part),
            parameters=job.parameters,
            engine_name=papermill_engine.NAME,
            kernel_name="python3",
            language="python",  # whatever the file says of its kernel, or does not say
            progress_bar=False,
            cwd=str(job.output.parent),
            on_cell_start=_progress_writer(job),
            on_kernel=_kernels.add,
            ipython_folder=ipython_folder,
        )


def execute_on_cluster(job: Job) -> float:
    """Run a notebook in a thread of a cluster's worker; a notebook that a worker took with it begins anew elsewhere."""
    logging.getLogger("papermill").setLevel(logging.CRITICAL)
    return execute(job)


def _progress_writer(job: Job) -> Callable[..., None]:
    total = len(json.loads(job.notebook.read_text(encoding="utf-8"))["cells"])
    seen = 0

    def write(cell: Any, cell_index: int) -> None:  # noqa: ARG001 - nbclient names the arguments
        nonlocal seen
        if not executed.is_added(cell):
            seen += 1
        # A reader that comes too early sees half a line and looks again: no need for more than a plain write.
        # On a full disk it is not what stops the notebook.
        with contextlib.suppress(OSError):
            job.progress.write_text(json.dumps({"cell": seen, "of": total}), encoding="utf-8")

    return write


def _said(error: Exception) -> str:
    if type(error).__name__ == "DeadKernelError":
        return "the notebook's Python process died: it was killed (out of memory?) or crashed"
    return " ".join(str(error).split())
