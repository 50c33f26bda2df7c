"""Scales of answers, and the check that every answer stands on its scale.

>>> SCALES["nps_1_10"].lowest
1
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from numbers import Number
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from crmlib.errors import ModelError, SchemaError
from crmlib.words import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterable

    from crmlib.arrays import Bools, Floats

__all__ = ["SCALES", "Scale", "checked", "highest_of", "scale_of"]


@dataclass(frozen=True)
class Scale:
    """The marks that a question of recommendation offers.

    Attributes
    ----------
    name
        As in `SCALES`.
    lowest, highest
        The ends of the scale.
    passive_from, promoter_from
        The least marks that are passive, and promoters; what is below is a detractor.
    """

    name: str
    lowest: int
    highest: int
    passive_from: int = 7
    promoter_from: int = 9

    @property
    def asked(self) -> str:
        """How a table of surveys names the scale, such as ``0-10``."""
        return f"{self.lowest}-{self.highest}"


#: The scale that is common in the field, and that of the course texts. 6 is a detractor on both.
SCALES = {name: Scale(name, lowest, 10) for name, lowest in (("nps_0_10", 0), ("nps_1_10", 1))}


_SHORTEST = 2


def scale_of(name: str) -> Scale:
    """Return a scale by name.

    Parameters
    ----------
    name
        A key of `SCALES`.

    Raises
    ------
    SchemaError
        There is no such scale.

    Examples
    --------
    >>> scale_of("nps_0_10").asked
    '0-10'
    """
    if name not in SCALES:
        asked = next((scale for scale in SCALES.values() if scale.asked == re.sub(r"[^\d-]", "", str(name))), None)
        hint = f"Write {asked.name!r}." if asked else did_you_mean(str(name), SCALES)
        raise SchemaError(f"scale={name!r}: a scale of recommendation is {' or '.join(map(repr, SCALES))}. {hint}")
    return SCALES[name]


def highest_of(scale: int | str) -> int:
    """Return the highest mark of a scale of satisfaction, which begins at 1.

    Parameters
    ----------
    scale
        The mark itself, or the scale as surveys name it.

    Raises
    ------
    SchemaError
        It is no such scale.

    Examples
    --------
    >>> highest_of("1-10"), highest_of(5)
    (10, 5)
    """
    form = re.fullmatch(r"\s*(?:1\s*(?:-|\u2013|to|a)\s*)?(\d+)\s*", scale) if isinstance(scale, str) else None
    highest = int(form[1]) if form else scale
    if isinstance(highest, bool) or not isinstance(highest, int) or highest < _SHORTEST:
        raise SchemaError(
            f"scale={scale!r}: a scale of satisfaction begins at 1. Write '1-5', '1-7' or '1-10', or its highest mark, "
            "such as 5."
        )
    return highest


def checked(
    scores: Iterable[Any], lowest: int, highest: int, *, averaged: bool = False, label: str = "scores"
) -> Floats:
    """Return answers as numbers; what is missing (nobody answered) stays missing.

    Parameters
    ----------
    scores
        Answers; whole numbers may be written as text, as they are in a CSV.
    lowest, highest
        The ends of the scale.
    averaged
        Whether marks between two whole ones are allowed: the means of several answers of one customer.
    label
        How the error names them.

    Raises
    ------
    SchemaError
        An answer is no number, is not whole, or is off the scale. The message names its row, counted from 0, and its
        name in the index if that is another.

    Examples
    --------
    >>> checked(["9", 3, None], 0, 10)
    array([ 9.,  3., nan])
    >>> checked([7, 11], 0, 10)
    Traceback (most recent call last):
    crmlib.errors.SchemaError: scores, row 1: 11 is off the scale from 0 to 10. ...
    """
    given = scores if isinstance(scores, pd.Series) else pd.Series(_listed(scores, label), dtype=object)
    if pd.api.types.is_numeric_dtype(given.dtype) and not pd.api.types.is_bool_dtype(given.dtype):
        marks = given.to_numpy(dtype=float, na_value=np.nan)
    else:
        marks = np.array([_number(mark) for mark in given], dtype=float)
        _refuse(given, np.isinf(marks), label, "is no number. Mend it, or leave the cell empty where nobody answered.")
    off = (marks < lowest) | (marks > highest)
    _refuse(given, off, label, f"is off the scale from {lowest} to {highest}. Mend it, or say which scale was asked.")
    if not averaged:
        _refuse(
            given,
            ~np.isnan(marks) & (marks != np.floor(marks)),
            label,
            "lies between two marks: an average, perhaps? Give the single answers, or say averaged=True.",
        )
    return marks


def answered(marks: Floats, label: str = "scores") -> Bools:
    """Say which answers are there; at least one must be."""
    there: Bools = ~np.isnan(marks)
    if not there.any():
        said = "there is no answer" if not marks.size else f"all {marks.size} are missing"
        raise ModelError(f"{label}: {said}. A score needs at least one answer.")
    return there


def _listed(scores: Iterable[Any], label: str) -> list[Any]:
    if isinstance(scores, str | bytes) or not hasattr(scores, "__iter__"):
        raise SchemaError(f"{label}: expected answers, got {scores!r}. Give a list, an array or a column.")
    return list(scores)


def _number(mark: Any) -> float:
    """Return a mark as a number, infinity where it is none; it is never on a scale."""
    if mark is None or mark is pd.NA or mark is pd.NaT:
        return np.nan
    if isinstance(mark, bool | np.bool_) or not isinstance(mark, str | Number):
        return np.inf
    try:
        return float(mark)  # type: ignore[arg-type] # complex numbers raise TypeError
    except (TypeError, ValueError):
        return np.inf


def _refuse(given: pd.Series, wrong: Bools, label: str, why: str) -> None:
    if wrong.any():
        row = int(wrong.argmax())
        name = given.index[row]
        named = "" if name == row else f" ({name!r})"
        mark = given.iloc[row]
        said = repr(mark) if isinstance(mark, str) else f"{mark}"
        raise SchemaError(f"{label}, row {row}{named}: {said} {why}")
