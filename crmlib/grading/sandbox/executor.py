"""Starting runs: each in the preloaded process, in a fresh box, or without one; and hearing them out."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Self

from crmlib.errors import GradingError
from crmlib.grading.sandbox import box
from crmlib.grading.sandbox.attempts import Run, run_on
from crmlib.grading.sandbox.frames import Transcript
from crmlib.grading.sandbox.limits import Cgroup, cell_seconds, prlimit_options
from crmlib.grading.sandbox.listening import Ending, last_line, listen, scratch, sealed
from crmlib.grading.sandbox.preloaded import Preloaded
from crmlib.grading.sandbox.probe import probe

if TYPE_CHECKING:
    from collections.abc import Mapping

    from crmlib.grading.sandbox.limits import Limits

__all__ = ["Executor", "Run", "Sandbox"]

Sandbox = Literal["zygote", "bwrap", "none"]

_NAME = re.compile(r"[A-Za-z0-9_-]+")
_PRELOADED_MB = 512  # what the preloaded process itself may take of the control group


class Executor:
    """Runs the cells of notebooks, one notebook after the other; use it as a context.

    Parameters
    ----------
    sandbox
        ``"zygote"``: a preloaded process in the sandbox that forks into namespaces of its own for each run.
        ``"bwrap"``: a fresh process in a fresh sandbox for each run. ``"none"``: the same without a sandbox.
    data
        Name to the folder that a run sees, read-only, as ``/data/shop``.
    limits
        Of each run.
    environment
        What is set for a run beside what the box sets.

    Raises
    ------
    GradingError
        A shop cannot be named so, is not there, or cannot be read by those whom root's runs become.
    """

    def __init__(
        self, sandbox: Sandbox, *, data: Mapping[str, Path], limits: Limits, environment: Mapping[str, str]
    ) -> None:
        for name, folder in data.items():
            if not _NAME.fullmatch(name):
                raise GradingError(f"{name!r} cannot name a shop: use letters, digits, '_' and '-'.")
            if not Path(folder).is_dir():
                raise GradingError(f"There is no folder {folder} of the shop {name!r}.")
            if sandbox != "none" and os.geteuid() == 0:
                _require_readable(Path(folder))
        self.sandbox: Sandbox = sandbox
        self.description = "none: submissions ran without a sandbox, as if they were trusted"
        self.data = {name: Path(folder).resolve() for name, folder in data.items()}
        self._limits = limits
        self._environment = dict(environment)
        self._cgroup: Cgroup | None = None
        self._preloaded: Preloaded | None = None

    def __enter__(self) -> Self:
        if self.sandbox == "none":
            return self
        self.description = f"{self.sandbox}: {probe()}"
        self._cgroup = Cgroup.make(self._limits.memory_mb + _PRELOADED_MB)
        if self.sandbox == "zygote":
            self._preloaded = Preloaded(self.data, self._limits, self._cgroup, self._environment)
            try:
                self._preloaded.start()
            except GradingError:
                self.__exit__()
                raise
        return self

    def __exit__(self, *_: object) -> None:
        if self._preloaded is not None:
            self._preloaded.stop()
            self._preloaded = None
        if self._cgroup is not None:
            self._cgroup.remove()
            self._cgroup = None

    def run(self, notebook: dict[str, Any], data: str | None = None) -> Run:
        """Run the cells of a notebook in order, those after an error too, and without a cell that ends the run.

        Parameters
        ----------
        notebook
            Without outputs, each source one text.
        data
            Which of the shops it sees.

        Raises
        ------
        GradingError
            The sandbox cannot be started.
        """
        return run_on(notebook, lambda attempt, seconds: self._once(attempt, data, seconds), limits=self._limits)

    def _once(self, notebook: dict[str, Any], data: str | None, seconds: float) -> Run:
        transcript = Transcript(notebook)
        killed_before = self._cgroup.out_of_memory() if self._cgroup else 0
        ending, code = self._start(notebook, data, transcript, seconds)
        lacked_memory = bool(self._cgroup and self._cgroup.out_of_memory() > killed_before)
        return Run(transcript, ending, code, lacked_memory)

    def _start(
        self, notebook: Mapping[str, Any], data: str | None, transcript: Transcript, seconds: float
    ) -> tuple[Ending, int]:
        if self._preloaded is not None:
            return self._preloaded.run(notebook, data, transcript, seconds)
        program = [sys.executable, "-m", "crmlib.grading.sandbox.fresh"]
        if self.sandbox == "none":
            return self._listen_to(program, notebook, transcript, seconds)
        mounts = {box.DATA: self.data[data]} if data else {}
        limited = ["prlimit", *prlimit_options(self._limits), "--", *program]
        boxed = box.Box(mounts=mounts, cgroup=self._cgroup, environment=self._environment)
        return self._listen_to(boxed.command(limited), notebook, transcript, seconds)

    def _listen_to(
        self, command: list[str], notebook: Mapping[str, Any], transcript: Transcript, seconds: float
    ) -> tuple[Ending, int]:
        with tempfile.TemporaryDirectory(prefix="crmlib-run-", ignore_cleanup_errors=True) as folder:
            trusted = self.sandbox == "none"
            handle, complaints = sealed(notebook), scratch()
            try:
                process = subprocess.Popen(  # noqa: S603 - our own command
                    command,
                    env=self._trusted_environment(folder) if trusted else box.BARE_ENVIRONMENT,
                    cwd=folder if trusted else None,
                    stdin=handle,
                    stdout=subprocess.PIPE,
                    stderr=complaints,
                    start_new_session=True,  # Ctrl-C is for us: we end it
                )
            finally:
                os.close(handle)
            with process:
                assert process.stdout is not None  # noqa: S101 - for the types: it was asked for
                most = self._limits.output_mb * 2**20
                try:
                    cell = cell_seconds(self._limits)
                    ending = listen(process.stdout.fileno(), transcript, seconds=seconds, cell=cell, most=most)
                    if ending == "closed":
                        process.wait(timeout=5)
                except subprocess.TimeoutExpired:
                    pass
                finally:
                    process.kill()
            if transcript.reached is None and transcript.broken is None:
                transcript.broken = last_line(complaints)
            os.close(complaints)
            return ending, process.returncode

    def _trusted_environment(self, folder: str) -> dict[str, str]:
        # The library decides which warnings are errors, and the user's start-up files would change the results.
        inherited = {name: value for name, value in os.environ.items() if name != "PYTHONWARNINGS"}
        return inherited | self._environment | {"IPYTHONDIR": folder}


def _require_readable(folder: Path) -> None:
    """Refuse a shop that nobody could read, as whom root's submissions run."""
    for path in (folder, *folder.rglob("*")):
        needed = 0o005 if path.is_dir() else 0o004
        if path.stat().st_mode & needed != needed:
            raise GradingError(
                f"{path} cannot be read by other users. Submissions that root grades run as one that owns nothing: "
                f"chmod -R a+rX {folder}"
            )
