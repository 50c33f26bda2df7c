"""Running submissions: each in the sandbox, with hidden parameters, told in plain words how it ended."""

from __future__ import annotations

import logging
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Self

from crmlib.errors import GradingError
from crmlib.grading import sandbox as box
from crmlib.grading.ending import Ended, conclude, short
from crmlib.grading.frames import Transcript, without_outputs
from crmlib.grading.limits import Cgroup, prlimit_options
from crmlib.grading.listening import Ending, last_line, listen, scratch, sealed
from crmlib.grading.preloaded import Preloaded
from crmlib.grading.probe import probe
from crmlib.suite import executed, kernel

if TYPE_CHECKING:
    from collections.abc import Mapping

    from crmlib.grading.exercise import Limits

__all__ = ["Ended", "Runner", "Sandbox"]

Sandbox = Literal["zygote", "bwrap", "none"]

_NAME = re.compile(r"[A-Za-z0-9_-]+")
_PRELOADED_MB = 512  # what the preloaded process itself may take of the control group


class Runner:
    r"""Runs notebooks one after the other; use it as a context, one for each worker.

    Parameters
    ----------
    sandbox
        ``"zygote"``: a preloaded process in the sandbox that forks into namespaces of its own for each run.
        ``"bwrap"``: papermill and a fresh kernel in a fresh sandbox for each run. ``"none"``: the same without a
        sandbox, for submissions that are trusted.
    data
        Name to the folder that a run sees, read-only, as ``/data/shop``.
    limits
        Of each run.

    Raises
    ------
    GradingError
        When entered, if the sandbox does not work here. There is no silent way around it.

    Notes
    -----
    The sandbox ends with the thread that entered the runner.

    Examples
    --------
    >>> from crmlib.grading.exercise import Limits
    >>> cell = {"cell_type": "code", "source": "print(weeks + 1)", "metadata": {}, "outputs": []}
    >>> with Runner("none", data={}, limits=Limits()) as runner:
    ...     ended = runner.run({"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}, {"weeks": 38})
    >>> ended.status, ended.notebook["cells"][1]["outputs"][0]["text"]
    ('finished', '39\n')
    """

    def __init__(self, sandbox: Sandbox, *, data: Mapping[str, Path], limits: Limits) -> None:
        for name, folder in data.items():
            if not _NAME.fullmatch(name):
                raise GradingError(f"{name!r} cannot name a shop: use letters, digits, '_' and '-'.")
            if not Path(folder).is_dir():
                raise GradingError(f"There is no folder {folder} of the shop {name!r}.")
            if sandbox != "none" and os.geteuid() == 0:
                _require_readable(Path(folder))
        self.sandbox: Sandbox = sandbox
        self.description = "none: submissions ran without a sandbox, as if they were trusted"
        self._data = {name: Path(folder).resolve() for name, folder in data.items()}
        self._limits = limits
        self._cgroup: Cgroup | None = None
        self._preloaded: Preloaded | None = None

    def __enter__(self) -> Self:
        if self.sandbox == "none":
            return self
        found = probe()
        self.description = f"{self.sandbox}: {found}"
        self._cgroup = Cgroup.make(self._limits.memory_mb + _PRELOADED_MB)
        if self.sandbox == "zygote":
            self._preloaded = Preloaded(self._data, self._limits, self._cgroup)
            try:
                self._preloaded.start()
                self._try_out()
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

    def run(self, notebook: Mapping[str, Any], parameters: Mapping[str, Any], data: str | None = None) -> Ended:
        """Run a notebook: all of its cells in order, those after an error too.

        Outputs that the notebook already has are left out before the run.

        Parameters
        ----------
        notebook
            In nbformat 4.
        parameters
            What the notebook is given, in a cell below its parameters.
        data
            Which of the runner's shops it sees.

        Returns
        -------
        Ended
            How it ended, with the executed notebook.

        Raises
        ------
        GradingError
            There is no such shop, or the sandbox cannot be started.
        """
        if data is not None and data not in self._data:
            raise GradingError(f"There is no shop {data!r} among {', '.join(self._data) or 'none'}.")
        started = time.monotonic()
        try:
            prepared = _prepared(notebook, self._given(parameters, data))
        except Exception as error:  # noqa: BLE001 - a submission may be broken in any way
            reason = short(f"The notebook cannot be run: {type(error).__name__}: {error}")
            return Ended("no_result", reason, time.monotonic() - started, None)
        transcript = Transcript(prepared)
        killed_before = self._cgroup.out_of_memory() if self._cgroup else 0
        ending, code = self._start(prepared, data, transcript)
        lacked_memory = bool(self._cgroup and self._cgroup.out_of_memory() > killed_before)
        seconds = time.monotonic() - started
        return conclude(transcript, ending, code, lacked_memory=lacked_memory, limits=self._limits, seconds=seconds)

    def _try_out(self) -> None:
        """Make sure that the preloaded process can confine its forks before any submission depends on it."""
        ended = self.run({"cells": [{"cell_type": "code", "source": "pass", "metadata": {}}], "nbformat": 4}, {})
        if ended.status != "finished":
            raise GradingError(
                f"The preloaded sandbox does not work here: {ended.reason} Use --sandbox bwrap, which is slower and "
                "needs no namespaces within namespaces."
            )

    def _given(self, parameters: Mapping[str, Any], data: str | None) -> dict[str, Any]:
        if self.sandbox != "none" or data is None:
            return dict(parameters)
        there = str(self._data[data])
        return {
            name: there + value[len(box.DATA) :] if isinstance(value, str) and value.startswith(box.DATA) else value
            for name, value in parameters.items()
        }

    def _start(self, notebook: Mapping[str, Any], data: str | None, transcript: Transcript) -> tuple[Ending, int]:
        if self._preloaded is not None:
            return self._preloaded.run(notebook, data, transcript)
        program = [sys.executable, "-m", "crmlib.grading.inside"]
        if self.sandbox == "none":
            return self._listen_to(program, notebook, transcript)
        mounts = {box.DATA: self._data[data]} if data else {}
        limited = ["prlimit", *prlimit_options(self._limits), "--", *program]
        command = box.Box(mounts=mounts, cgroup=self._cgroup).command(limited)
        return self._listen_to(command, notebook, transcript)

    def _listen_to(self, command: list[str], notebook: Mapping[str, Any], transcript: Transcript) -> tuple[Ending, int]:
        with tempfile.TemporaryDirectory(prefix="crmlib-run-", ignore_cleanup_errors=True) as folder:
            trusted = self.sandbox == "none"
            handle, complaints = sealed(notebook), scratch()
            try:
                process = subprocess.Popen(  # noqa: S603 - our own command
                    command,
                    env=kernel.environment(folder) if trusted else box.BARE_ENVIRONMENT,
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
                    ending = listen(process.stdout.fileno(), transcript, seconds=self._limits.seconds, most=most)
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


def _require_readable(folder: Path) -> None:
    """Refuse a shop that nobody could read, as whom root's submissions run."""
    for path in (folder, *folder.rglob("*")):
        needed = 0o005 if path.is_dir() else 0o004
        if path.stat().st_mode & needed != needed:
            raise GradingError(
                f"{path} cannot be read by other users. Submissions that root grades run as one that owns nothing: "
                f"chmod -R a+rX {folder}"
            )


def _prepared(notebook: Mapping[str, Any], parameters: dict[str, Any]) -> dict[str, Any]:
    """Take the outputs out of a notebook and put the parameters in, as papermill does."""
    import nbformat

    from crmlib.suite import papermill_engine  # noqa: F401 - loads papermill in half of the time
    from papermill.parameterize import parameterize_notebook  # isort: skip

    logging.getLogger("papermill").setLevel(logging.CRITICAL)  # a deleted parameters cell is the grader's to tell
    node = nbformat.from_dict(without_outputs(dict(notebook)))  # type: ignore[no-untyped-call]
    node.metadata["papermill"] = nbformat.NotebookNode()  # type: ignore[no-untyped-call]
    for cell in node.cells:
        tags = cell.metadata.get("tags")
        cell["source"] = executed.source_of(cell)  # a list of lines, where it comes straight from a file
        cell.metadata["tags"] = [tag for tag in tags if isinstance(tag, str)] if isinstance(tags, list) else []
    if parameters:
        node = parameterize_notebook(node, parameters, kernel_name="python3", language="python")
    node.metadata.pop("papermill", None)
    for position, cell in enumerate(node.cells):
        if executed.is_added(cell):
            cell["id"] = f"added-{position:02d}"  # papermill draws it at random
    plain: dict[str, Any] = _plain(node)
    return plain


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, list) else value
