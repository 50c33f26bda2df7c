"""What a shop has too little of ends a section, or the notebook, with the sentence of whoever noticed it."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from crmlib.errors import CrmlibError
from crmlib.notebook.notes import skip
from crmlib.notebook.stopping import stop_here

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["or_skip", "or_stop"]


@contextmanager
def or_stop(advice: str = "") -> Iterator[None]:
    """Stop a notebook, without an error, where an analysis says that it cannot be made of these data.

    Parameters
    ----------
    advice
        What to do about it, after the analysis's own sentence.

    Examples
    --------
    >>> with or_stop("Come back with a longer history."):
    ...     raise CrmlibError("20 customers: too few to find any rise.")
    Traceback (most recent call last):
    crmlib.notebook.stopping.StopHere: 20 customers: too few to find any rise. Come back with a longer history.
    """
    try:
        yield
    except CrmlibError as error:
        stop_here(f"{error} {advice}".rstrip())


@contextmanager
def or_skip(section: int | str, *, needs: tuple[str, ...] | list[str] | str = ()) -> Iterator[None]:
    """Leave the rest of a block out, without an error, where an analysis says that it cannot be made of these data.

    The notebook goes on after the block: nothing below it may lean on what the block makes.

    Parameters
    ----------
    section, needs
        As in `skip`.

    Examples
    --------
    >>> with or_skip(4):
    ...     raise CrmlibError("Cox regression: nobody left.")
    Section 4 is skipped: Cox regression: nobody left.
    """
    try:
        yield
    except CrmlibError as error:
        skip(section, str(error), needs=needs)
