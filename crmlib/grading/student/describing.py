"""What a value is that no answer can hold, in words that help: with the way to what is meant."""

from __future__ import annotations

import datetime as dt
import inspect
import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["describe", "is_drawn"]

_LONGEST = 60


def describe(value: Any) -> str:
    """Say what a value is that cannot be recorded, and what to hand in instead.

    Parameters
    ----------
    value
        Whatever a student handed in.

    Examples
    --------
    >>> describe(abs), describe(value for value in [1])
    ('a function', 'a generator (put list(...) around it)')
    >>> import datetime
    >>> describe(datetime.timedelta(days=3))
    'a time span (.dt.days makes whole days of a column of them, .days of a single one)'
    """
    return next((words for fits, words in _DESCRIPTIONS if fits(value)), "") or (
        f"an object of the type {type(value).__name__[:_LONGEST]}"
    )


def is_drawn(value: Any) -> bool:
    """Say whether a value is a part of a figure: bars, a line, or a list of such.

    Parameters
    ----------
    value
        Whatever a student handed in.

    Examples
    --------
    >>> is_drawn([1, 2]), is_drawn([])
    (False, False)
    """
    if "matplotlib" not in sys.modules:
        return False
    from matplotlib.artist import Artist
    from matplotlib.container import Container

    if isinstance(value, (Artist, Container)):
        return True
    return isinstance(value, (list, tuple)) and bool(value) and all(isinstance(part, Artist) for part in value)


def _is_called(*names: str) -> Callable[[Any], bool]:
    return lambda value: type(value).__name__ in names


def _is_iterator(value: Any) -> bool:
    return hasattr(type(value), "__next__") and hasattr(type(value), "__iter__")


def _is_grouped(value: Any) -> bool:
    return type(value).__module__.startswith("pandas") and type(value).__name__.endswith("GroupBy")


_DESCRIPTIONS: tuple[tuple[Callable[[Any], bool], str], ...] = (
    (
        lambda value: isinstance(value, dt.timedelta) or type(value).__name__ == "timedelta64",
        "a time span (.dt.days makes whole days of a column of them, .days of a single one)",
    ),
    (lambda value: isinstance(value, dt.time), "a time of day"),
    (_is_called("Interval"), "an interval (its ends are .left and .right)"),
    (_is_called("Period"), "a period (.start_time is its first moment)"),
    (_is_grouped, "groups without a sum (add .sum(), .mean() or .agg(...))"),
    (is_drawn, "what was drawn (hand in the axes that it was drawn in, such as axes or plt.gca())"),
    (inspect.isclass, "a class"),
    (inspect.isgenerator, "a generator (put list(...) around it)"),
    (_is_iterator, "an iterator (put list(...) around it)"),
    (lambda value: isinstance(value, ModuleType), "a module"),
    (lambda value: isinstance(value, complex), "a complex number"),
    (lambda value: isinstance(value, (bytes, bytearray)), "bytes (.decode() makes text of them)"),
    (lambda value: value is Ellipsis, "..., which still stands for your answer"),
    (callable, "a function"),
)
