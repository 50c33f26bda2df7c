"""What a notebook's kernel is told before its first cell runs headless."""

from __future__ import annotations

import os
import warnings

START = "from crmlib.suite.kernel import prepare as _prepare\n_prepare()\ndel _prepare"


def settings(ipython_folder: str) -> dict[str, str]:
    """Give what a kernel's environment sets by itself: one thread, figures in the notebook, no start-up files.

    Examples
    --------
    >>> settings("/x")["OMP_NUM_THREADS"]
    '1'
    """
    return {
        # Several notebooks run at once: each library that starts a thread per core would slow all of them down.
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "MKL_NUM_THREADS": "1",
        "VECLIB_MAXIMUM_THREADS": "1",
        "MPLBACKEND": "module://matplotlib_inline.backend_inline",
        "PYTHONHASHSEED": "0",  # the order of a set is the same in every run
        "IPYTHONDIR": ipython_folder,  # start-up files of the user would change the results
    }


def environment(ipython_folder: str) -> dict[str, str]:
    """Give the environment of a kernel: this process's, with the kernel's own settings.

    Examples
    --------
    >>> environment("/x")["IPYTHONDIR"]
    '/x'
    """
    # Warnings become errors in `prepare`, after the kernel's own imports: earlier they could stop it from starting.
    inherited = {key: value for key, value in os.environ.items() if key != "PYTHONWARNINGS"}
    return inherited | settings(ipython_folder)


def prepare() -> None:
    """Make warnings errors, and figures crisp; called inside the kernel."""
    from IPython.core.getipython import get_ipython

    shell = get_ipython()
    if shell is not None:
        shell.config.InlineBackend.figure_formats = {"retina"}
    make_warnings_errors()


def make_warnings_errors() -> None:
    """Turn warnings into errors, except those that only the authors of an imported package can act on.

    Examples
    --------
    >>> with warnings.catch_warnings():
    ...     make_warnings_errors()
    ...     warnings.warn("mean of empty slice", RuntimeWarning)
    Traceback (most recent call last):
        ...
    RuntimeWarning: mean of empty slice
    """
    warnings.simplefilter("error")
    for category in (DeprecationWarning, PendingDeprecationWarning, ResourceWarning):
        warnings.simplefilter("ignore", category)
        warnings.filterwarnings("error", category=category, module="__main__")
