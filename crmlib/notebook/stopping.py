"""A notebook that cannot go on says why in one sentence, and stops without an error."""

from __future__ import annotations

from typing import NoReturn

from crmlib.notebook.notes import Note, needed, publish
from crmlib.notebook.recording import running_shell

__all__ = ["StopHere", "stop_here"]


class StopHere(Exception):  # noqa: N818 - it is no error
    """Ends a notebook. JupyterLab shows the reason alone; `crmlib run` counts the notebook as stopped."""

    def _render_traceback_(self) -> list[str]:
        """Show the sentence instead of a traceback; IPython looks for this method."""
        return [str(self)]


def stop_here(reason: str, *, needs: tuple[str, ...] | list[str] | str = ()) -> NoReturn:
    """Stop a notebook whose remaining cells have nothing to work on.

    Parameters
    ----------
    reason
        One sentence: what is missing, and what to do.
    needs
        The tables and columns that would let it go on, such as ``"surveys"`` or ``"customers.birth_year"``; the
        report lists them.

    Raises
    ------
    StopHere
        Always.

    Examples
    --------
    >>> stop_here("Only 3 customers bought again: too few to fit a model.")
    Traceback (most recent call last):
    crmlib.notebook.stopping.StopHere: Only 3 customers bought again: too few to fit a model.
    """
    if running_shell() is not None:
        publish(Note("stop", " ".join(reason.split()), needs=needed(needs)), "")  # the error itself shows the sentence
    raise StopHere(reason)
