"""Running submissions: each in the sandbox, with hidden parameters, told in plain words how it ended."""

from __future__ import annotations

import copy
import logging
import time
from typing import TYPE_CHECKING, Any, Self

from crmlib.errors import GradingError
from crmlib.grading.marking.ending import Ended, conclude, short
from crmlib.grading.sandbox import box
from crmlib.grading.sandbox.executor import Executor, Sandbox
from crmlib.suite import executed, kernel

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from crmlib.grading.sandbox.limits import Limits

__all__ = ["Ended", "Runner", "Sandbox", "without_outputs"]

_IPYTHON = "/tmp/ipython"  # noqa: S108 - inside the box, where /tmp belongs to one run


class Runner:
    r"""Runs notebooks one after the other; use it as a context, one for each worker.

    Parameters
    ----------
    sandbox
        ``"zygote"``: a preloaded process in the sandbox that forks into namespaces of its own for each run.
        ``"bwrap"``: a fresh process in a fresh sandbox for each run. ``"none"``: the same without a sandbox, for
        submissions that are trusted.
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
    >>> from crmlib.grading.sandbox.limits import Limits
    >>> cell = {"cell_type": "code", "source": "print(weeks + 1)", "metadata": {}, "outputs": []}
    >>> with Runner("none", data={}, limits=Limits()) as runner:
    ...     ended = runner.run({"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}, {"weeks": 38})
    >>> ended.status, ended.notebook["cells"][1]["outputs"][0]["text"]
    ('finished', '39\n')
    """

    def __init__(self, sandbox: Sandbox, *, data: Mapping[str, Path], limits: Limits) -> None:
        self.sandbox: Sandbox = sandbox
        self._executor = Executor(sandbox, data=data, limits=limits, environment=kernel.settings(_IPYTHON))
        self._limits = limits

    @property
    def shops(self) -> list[str]:
        """The names of the shops that runs can be given."""
        return list(self._executor.data)

    @property
    def description(self) -> str:
        """What submissions run in, and what of its limits could not be had: the gradebook keeps it."""
        return self._executor.description

    def __enter__(self) -> Self:
        self._executor.__enter__()
        if self.sandbox == "zygote":
            try:
                self._try_out()
            except GradingError:
                self.__exit__()
                raise
        return self

    def __exit__(self, *_: object) -> None:
        self._executor.__exit__()

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
        shops = self._executor.data
        if data is not None and data not in shops:
            raise GradingError(f"There is no shop {data!r} among {', '.join(shops) or 'none'}.")
        started = time.monotonic()
        try:
            prepared = _prepared(notebook, self._given(parameters, data))
        except Exception as error:  # noqa: BLE001 - a submission may be broken in any way
            reason = short(f"The notebook cannot be run: {type(error).__name__}: {error}")
            return Ended("no_result", reason, time.monotonic() - started, None)
        run = self._executor.run(prepared, data)
        return conclude(run, limits=self._limits, seconds=time.monotonic() - started)

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
        there = str(self._executor.data[data])
        return {
            name: there + value[len(box.DATA) :] if isinstance(value, str) and value.startswith(box.DATA) else value
            for name, value in parameters.items()
        }


def without_outputs(notebook: dict[str, Any]) -> dict[str, Any]:
    """Copy a notebook without its outputs: what a student saved in the file was not made by this run.

    Examples
    --------
    >>> cell = {"cell_type": "code", "source": "", "outputs": [1], "execution_count": 7, "metadata": {}}
    >>> without_outputs({"cells": [cell]})["cells"][0]["outputs"]
    []
    """
    bare = {**notebook, "cells": []}
    for cell in notebook.get("cells", []):
        own = {key: value for key, value in cell.items() if key not in ("outputs", "execution_count")}
        # files hold it as lines, papermill wants a text
        own["source"] = executed.source_of({"source": cell.get("source", "")})
        if own.get("cell_type") == "code":
            own |= {"outputs": [], "execution_count": None}
        bare["cells"].append(own)
    copied = copy.deepcopy(bare)
    copied.setdefault("metadata", {}).pop("widgets", None)
    return copied


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
