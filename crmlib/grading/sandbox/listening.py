"""Listening to a run: its lines up to the limits of size and time, and no longer."""

from __future__ import annotations

import contextlib
import json
import math
import os
import selectors
import tempfile
import time
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from crmlib.grading.sandbox.frames import Transcript

__all__ = ["last_line", "listen", "scratch", "sealed"]

_PIECE = 2**18
_LINE = 500
START_WITHIN = 120.0  # seconds until the first cell: what a busy machine takes to start is not the student's time

Ending = Literal["done", "closed", "timeout", "slow_cell", "too_large"]


def listen(
    fd: int, transcript: Transcript, *, seconds: float, cell: float, most: int, ended: int | None = None
) -> Ending:
    """Feed what comes out of a run to its transcript until the run is done, silent for good, too late or too large.

    Parameters
    ----------
    fd
        The end of the pipe to read from.
    transcript
        Takes in the bytes.
    seconds
        How long the run may take from its first cell on.
    cell
        How long each cell may take.
    most
        How many bytes the run may put out.
    ended
        A file that becomes readable when the run has ended, whoever may still hold the other end of the pipe.

    Returns
    -------
    str
        What ended the listening.
    """
    os.set_blocking(fd, False)
    left = most
    with selectors.DefaultSelector() as selector:
        selector.register(fd, selectors.EVENT_READ)
        if ended is not None:
            selector.register(ended, selectors.EVENT_READ)
        deadline, cell_deadline, running = time.monotonic() + START_WITHIN, math.inf, transcript.reached
        while (wait := min(deadline, cell_deadline) - time.monotonic()) > 0:
            ready = {key.fd for key, _ in selector.select(wait)}
            data = None
            with contextlib.suppress(BlockingIOError):
                data = os.read(fd, _PIECE)
            if data == b"" or (data is None and ended in ready):
                return "done" if transcript.done else "closed"
            if data:
                left -= len(data)
                if left < 0:
                    return "too_large"
                transcript.feed(data)
                if transcript.too_many:
                    return "too_large"
                if transcript.done:
                    return "done"
                if transcript.reached != running:
                    now = time.monotonic()
                    deadline = now + seconds if running is None else deadline
                    cell_deadline, running = now + cell, transcript.reached
    # the clock of the run is over, too, where one cell has taken most of it
    is_slow = running is not None and time.monotonic() - (cell_deadline - cell) >= min(cell, seconds / 2)
    return "slow_cell" if is_slow else "timeout"


def scratch() -> int:
    """Open a file in memory for what a program complains of, or nothing where there is none."""
    if not hasattr(os, "memfd_create"):  # outside Linux, where there is no sandbox either
        return os.open(os.devnull, os.O_RDWR)
    return os.memfd_create("complaints")


def last_line(handle: int) -> str | None:
    r"""Give the last line of such a file, which is where Python names an error; None where it is empty.

    Examples
    --------
    >>> handle = scratch()
    >>> _ = os.write(handle, b"Traceback\nImportError: no crmlib\n")
    >>> last_line(handle)
    'ImportError: no crmlib'
    """
    size = os.fstat(handle).st_size
    text = os.pread(handle, _LINE, max(size - _LINE, 0)).decode("utf-8", errors="replace").strip()
    return text.splitlines()[-1] if text else None


def sealed(content: Mapping[str, Any]) -> int:
    """Put JSON into an open file in memory that nobody can change, and give its handle."""
    data = json.dumps(content).encode()
    if not hasattr(os, "memfd_create"):  # outside Linux, where there is no sandbox either
        with tempfile.TemporaryFile() as file:
            file.write(data)
            file.flush()
            handle = os.dup(file.fileno())
        os.lseek(handle, 0, os.SEEK_SET)
        return handle
    import fcntl

    handle = os.memfd_create("notebook", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    with os.fdopen(os.dup(handle), "wb") as file:
        file.write(data)
    os.lseek(handle, 0, os.SEEK_SET)
    every = fcntl.F_SEAL_WRITE | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_SEAL
    fcntl.fcntl(handle, fcntl.F_ADD_SEALS, every)
    return handle
