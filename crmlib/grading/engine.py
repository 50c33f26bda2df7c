"""The preloaded sandbox as an engine of papermill's: ``papermill --engine crmlib-sandbox in.ipynb out.ipynb``.

An installed crmlib enters it in papermill's registry by itself (`crmlib.grading.entry`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from papermill.engines import Engine as PapermillEngine
from papermill.engines import papermill_engines

from crmlib.grading.exercise import Limits
from crmlib.grading.running import Runner, Sandbox

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["NAME", "Engine"]

NAME = "crmlib-sandbox"


class Engine(PapermillEngine):  # type: ignore[misc] # papermill has no types
    """Runs a notebook in the sandbox; papermill puts the parameters in and writes the result."""

    @classmethod
    def execute_managed_notebook(
        cls,
        nb_man: Any,
        kernel_name: str,  # noqa: ARG003 - always this Python
        *,
        runner: Runner | None = None,
        sandbox: Sandbox = "zygote",
        folder: Path | None = None,
        limits: Limits | None = None,
        data: str | None = None,
        **_: Any,
    ) -> None:
        """Execute the notebook; called by papermill.

        Parameters
        ----------
        nb_man
            papermill's manager of the notebook that is being executed.
        kernel_name
            The kernel asked for; always this Python.
        runner
            A runner that is already open, which saves starting one; then ``data`` names one of its shops.
        sandbox, folder, limits
            Of the runner otherwise: its kind, the folder that it sees as ``/data/shop``, and its limits.
        data
            Which of the runner's shops the notebook sees.
        """
        if runner is None:
            shops = {} if folder is None else {"shop": folder}
            with Runner(sandbox, data=shops, limits=limits or Limits()) as own:
                cls._execute(nb_man, own, "shop" if shops else None)
        else:
            cls._execute(nb_man, runner, data)

    @staticmethod
    def _execute(nb_man: Any, runner: Runner, data: str | None) -> None:
        import nbformat

        for index, cell in enumerate(nb_man.nb.cells):
            nb_man.cell_start(cell, index)
        ended = runner.run(nb_man.nb, {}, data)
        if ended.notebook is not None:
            for cell, made in zip(nb_man.nb.cells, ended.notebook["cells"], strict=True):
                if cell.cell_type == "code":
                    cell.outputs = nbformat.from_dict(made["outputs"])  # type: ignore[no-untyped-call]
                    cell.execution_count = made["execution_count"]
        nb_man.nb.metadata["crmlib"] = {"status": ended.status, "reason": ended.reason}
        for index, cell in enumerate(nb_man.nb.cells):
            nb_man.cell_complete(cell, index)


papermill_engines.register(NAME, Engine)
