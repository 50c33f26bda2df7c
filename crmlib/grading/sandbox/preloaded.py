"""The trusted side of the preloaded process: starts it, hands it runs, replaces it when it is lost."""

from __future__ import annotations

import contextlib
import json
import os
import select
import socket
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

from crmlib.errors import GradingError
from crmlib.grading.sandbox import box as sandbox
from crmlib.grading.sandbox import limits as bounds
from crmlib.grading.sandbox.listening import Ending, listen, sealed

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from crmlib.grading.sandbox.frames import Transcript
    from crmlib.grading.sandbox.limits import Cgroup, Limits

__all__ = ["Preloaded"]

_START_WITHIN = 120
_END_WITHIN = 5
_GOES_DOWN_WITHIN = 0.2
_MESSAGE = 65_536
_PIPE_BYTES = 2**20


class Preloaded:
    """A process in the sandbox that has imported what notebooks import, and forks for each run.

    Parameters
    ----------
    data
        Name of a shop to its folder.
    limits
        Of each run.
    cgroup
        The control group of the process and its runs.
    environment
        What is set inside the box.
    """

    def __init__(
        self, data: Mapping[str, Path], limits: Limits, cgroup: Cgroup | None, environment: Mapping[str, str]
    ) -> None:
        self._limits = limits
        mounts = {f"{sandbox.STORE}/{name}": folder for name, folder in data.items()}
        self._box = sandbox.Box(
            mounts=mounts,
            folders=(sandbox.DATA, sandbox.STORE),
            nested=True,
            cgroup=cgroup,
            environment=environment,
        )
        self._process: subprocess.Popen[bytes] | None = None
        self._control: socket.socket | None = None
        self._unended = False  # a run that said that it is done may still be going down

    def start(self) -> None:
        """Start the process and wait until it is ready.

        Raises
        ------
        GradingError
            It does not start; the message holds what it said.
        """
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        program = [sys.executable, "-m", "crmlib.grading.sandbox.zygote", str(theirs.fileno())]
        self._process = subprocess.Popen(  # noqa: S603 - our own command
            self._box.command(program),
            env=sandbox.BARE_ENVIRONMENT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            pass_fds=[theirs.fileno()],
            start_new_session=True,  # Ctrl-C is for us: we end it
        )
        theirs.close()
        self._control = ours
        said = self._hear(_START_WITHIN)
        if not said or not said.get("ready"):
            self._process.kill()
            error = self._process.communicate()[1].decode("utf-8", errors="replace")
            self.stop()
            raise GradingError(f"The preloaded process does not start in the sandbox: {error.strip()[-600:]}")
        if said["threads"] != 1:
            self.stop()
            raise GradingError("The preloaded process has more than one thread, and cannot be forked safely.")

    def run(
        self, notebook: Mapping[str, Any], data: str | None, transcript: Transcript, seconds: float
    ) -> tuple[Ending, int]:
        """Run a notebook; give what ended the listening, and the exit code (negative: the signal) of its process.

        Parameters
        ----------
        notebook
            Without outputs.
        data
            Which shop it sees.
        transcript
            Takes in what the run puts out.
        seconds
            How long it may take.
        """
        self._await_end()
        if self._process is None or self._process.poll() is not None:
            self.stop()
            self.start()
        control = self._control
        if control is None:
            raise GradingError("The preloaded process is not running.")
        handle = sealed(notebook)
        outputs, theirs = os.pipe()
        with contextlib.suppress(OSError):
            import fcntl

            fcntl.fcntl(outputs, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)
        try:
            socket.send_fds(control, [json.dumps({"run": self._task(data)}).encode()], [handle, theirs])
            os.close(theirs)
            theirs = -1
            most = self._limits.output_mb * 2**20
            cell = bounds.cell_seconds(self._limits)
            ending = listen(outputs, transcript, seconds=seconds, cell=cell, most=most, ended=control.fileno())
            return ending, self._end(ending)
        finally:
            for number in (handle, outputs, theirs):
                if number >= 0:
                    os.close(number)

    def _task(self, data: str | None) -> dict[str, Any]:
        return {
            "shop": f"{sandbox.STORE}/{data}" if data else None,
            "work": sandbox.WORK,
            "tmp": bounds.TMP_BYTES,
            "shared_memory": bounds.SHARED_MEMORY_BYTES,
            "limits": bounds.per_process(self._limits),
        }

    def _end(self, ending: Ending) -> int:
        """End a run that has not ended by itself, and give its exit code."""
        control = self._control
        if control is None:
            return -9
        if ending == "done":  # all is said: its namespaces go down while what it said is marked
            self._unended = True
            return 0
        if ending != "closed":
            with contextlib.suppress(OSError):
                control.send(b"{}")
        said = self._hear(_END_WITHIN)
        if said is None:  # it was lost itself, or is stuck: the next run starts another one
            self.stop()
            return -9
        return _exit_code(said)

    def _await_end(self) -> None:
        """See the run before to its end: nothing of it is left when this returns."""
        if self._unended:
            self._unended = False
            if self._hear(_GOES_DOWN_WITHIN) is None:
                self._end("timeout")

    def _hear(self, seconds: float) -> dict[str, Any] | None:
        if self._control is None:
            return None
        until = time.monotonic() + seconds
        ready, _, _ = select.select([self._control], [], [], max(until - time.monotonic(), 0))
        if not ready:
            return None
        with contextlib.suppress(OSError, ValueError):
            said = json.loads(self._control.recv(_MESSAGE))
            return said if isinstance(said, dict) else None
        return None

    def stop(self) -> None:
        """End the process, and with it whatever runs in its box."""
        self._unended = False
        if self._control is not None:
            self._control.close()
            self._control = None
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            if self._process.stderr:
                self._process.stderr.close()
            self._process = None


def _exit_code(said: Mapping[str, Any]) -> int:
    code = said.get("ended", -9)
    first_signal = 192
    return int(code) - 256 if code >= first_signal else int(code)
