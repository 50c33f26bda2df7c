"""A papermill engine that starts this very Python, with the environment and the strictness of a headless run."""

from __future__ import annotations

import contextlib
import importlib
import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

from crmlib.errors import RunError
from crmlib.notebook.notes import NOTE_MIMETYPE, Note, read_note
from crmlib.suite import kernel

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@contextlib.contextmanager
def _loaded_when_called(package: str, function: str) -> Iterator[None]:
    """Let who imports a function from a package meanwhile have one that imports the package when it is called."""
    if package in sys.modules:
        yield
        return

    def called(*values: Any) -> Any:
        return getattr(importlib.import_module(package), function)(*values)

    sys.modules[package] = lazy = ModuleType(package)
    setattr(lazy, function, called)
    try:
        yield
    finally:
        del sys.modules[package]


# jsonschema imports a grammar of internationalised web addresses, whose making takes longer than papermill and all
# else that it loads. Notebooks hold no such addresses: the grammar waits until one is checked.
with _loaded_when_called("rfc3987_syntax", "is_valid_syntax"):
    import zmq
    from jupyter_client.kernelspec import KernelSpecManager
    from jupyter_client.manager import AsyncKernelManager
    from jupyter_client.provisioning.local_provisioner import LocalProvisioner
    from papermill import execute_notebook
    from papermill.clientwrap import PapermillNotebookClient
    from papermill.engines import NBClientEngine, papermill_engines
    from papermill.exceptions import PapermillExecutionError
    from papermill.execute import raise_for_execution_errors
    from papermill.iorw import load_notebook_node
    from papermill.log import logger

__all__ = [
    "NAME",
    "PapermillExecutionError",
    "execute_notebook",
    "load_notebook_node",
    "never_answered",
    "raise_for_execution_errors",
]

NAME = "crmlib"


class Client(PapermillNotebookClient):  # type: ignore[misc] # papermill has no types
    """Runs the cells of one notebook, after `kernel.prepare` has run in its kernel."""

    def create_kernel_manager(self) -> AsyncKernelManager:
        """Give a kernel of the Python that crmlib runs in, whatever "python3" means to this user's Jupyter."""
        specs = KernelSpecManager(kernel_dirs=[])
        self.km = AsyncKernelManager(kernel_name="python3", kernel_spec_manager=specs)
        if self.km.has_trait("transport_encryption") and zmq.has("curve"):
            self.km.transport_encryption = "auto"  # other users of the machine cannot listen in
        return self.km

    def papermill_execute_cells(self) -> None:
        """Prepare the kernel, then run the cells."""
        reply = self.wait_for_reply(self.kc.execute(kernel.START, silent=True, store_history=False))
        content = reply["content"] if reply else {"status": "error", "ename": "no reply", "evalue": ""}
        if content["status"] == "error":
            raise RunError(f"The notebook's Python cannot import crmlib: {content['ename']}: {content['evalue']}.")
        super().papermill_execute_cells()


class Engine(NBClientEngine):  # type: ignore[misc] # papermill has no types
    """The engine that `crmlib run` asks papermill for."""

    client_class = Client

    @classmethod
    def execute_managed_notebook(
        cls,
        nb_man: Any,
        kernel_name: str,
        *,
        on_kernel: Callable[[int], object],
        ipython_folder: str,
        on_cell_start: Callable[..., None],
        **_: Any,
    ) -> None:
        """Execute the notebook; called by papermill.

        Parameters
        ----------
        nb_man
            papermill's manager of the notebook that is being executed.
        kernel_name
            The kernel asked for; always this Python.
        on_kernel
            Is told the process id of the kernel.
        ipython_folder
            Where IPython may keep its profile, apart from the user's own.
        on_cell_start
            Is called with each cell before it runs.
        """
        client = cls.client_class(
            nb_man,
            kernel_name=kernel_name,
            log=logger,
            timeout=None,
            # A busy machine is slow, which is no error; a kernel that dies is noticed all the same.
            startup_timeout=120,
            iopub_timeout=60,
            record_timing=False,
            # A kernel is interrupted before it is shut down, and would call that an error on the user's terminal.
            extra_arguments=["--log-level=CRITICAL"],
            on_cell_start=on_cell_start,
        )
        client.km = client.create_kernel_manager()
        client.start_new_kernel(env=kernel.environment(ipython_folder))
        if isinstance(client.km.provisioner, LocalProvisioner) and client.km.provisioner.pid is not None:
            on_kernel(client.km.provisioner.pid)
        client.execute(cleanup_kc=True)
        _accept_stop(nb_man.nb)


def never_answered(error: Exception) -> bool:
    """Say whether a kernel died before its first answer, as one does whose ports another process took meanwhile.

    Examples
    --------
    >>> never_answered(RuntimeError("Kernel died before replying to kernel_info")), never_answered(RuntimeError("x"))
    (True, False)
    """
    return isinstance(error, RuntimeError) and "before replying to kernel_info" in str(error)


def _accept_stop(notebook: Any) -> None:
    """Turn the end that `crmlib.stop_here` makes, or an analysis that refuses these data, into its sentence.

    Neither is a failure: the analysis has said in words why these data do not carry it.
    """
    for cell in notebook.cells:
        outputs = cell.get("outputs", [])
        for position, output in enumerate(outputs):
            if output.output_type == "error" and output.ename in _REFUSALS:
                before = outputs[position - 1] if position else {}
                note = read_note(before) or Note("stop", " ".join(output.evalue.split()))
                # the note was published without a text: until now the error showed the sentence
                shown = {NOTE_MIMETYPE: note.payload(), "text/plain": note.text}
                output.clear()
                output.update(output_type="display_data", data=shown, metadata={})
                if read_note(before) is not None:
                    del outputs[position - 1]
                break


#: Errors that say of the data, and never of a notebook or a run, why an analysis cannot be made.
_REFUSALS = ("StopHere", "ModelError")

papermill_engines.register(NAME, Engine)
