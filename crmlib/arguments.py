"""What a caller hands over, read as numbers or as yes and no, or refused in words that name the argument."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from crmlib.errors import CrmlibError, SchemaError

if TYPE_CHECKING:
    from crmlib.arrays import Bools, Floats

__all__ = ["check_level", "read_flags", "read_floats", "read_number"]


def read_floats(values: Any, name: str, *, finite: bool = False, error: type[CrmlibError] = SchemaError) -> Floats:
    """Return numbers of any type (integers, decimals, nullable ones) as floats; what is missing is NaN.

    Parameters
    ----------
    values
        One number, or an array, a list or a column of them.
    name
        Of the argument, for messages.
    finite
        Refuse what is missing or infinite as well.
    error
        What is raised.

    Examples
    --------
    >>> read_floats(pd.array([1, None], dtype="Int64"), "scores").tolist()
    [1.0, nan]
    >>> read_floats(["a"], "scores")
    Traceback (most recent call last):
    crmlib.errors.SchemaError: scores: could not convert string to float: 'a'. Numbers are expected.
    """
    if _dated(values):
        raise error(f"{name}: dates or lengths of time are no numbers here. Turn them into a number, such as days.")
    try:
        if isinstance(values, (pd.Series, pd.api.extensions.ExtensionArray)):
            numbers = values.to_numpy(dtype=float, na_value=np.nan)
        else:
            numbers = np.asarray(values, dtype=float)
    except (TypeError, ValueError) as problem:
        raise error(f"{name}: {problem}. Numbers are expected.") from problem
    if finite and not np.isfinite(numbers).all():
        row = int((~np.isfinite(numbers)).argmax())
        raise error(f"{name}, row {row}: {numbers.ravel()[row]:g} is not a number to reckon with. Mend it, or drop it.")
    return np.asarray(numbers, dtype=np.float64)


def _dated(values: Any) -> bool:
    kind = getattr(getattr(values, "dtype", None), "kind", None)
    return kind in {"M", "m"} or isinstance(values, (pd.Timedelta, pd.Timestamp))


def read_flags(values: Any, name: str) -> Bools:
    """Return yes and no, given as True and False or as 1 and 0; anything else, "no" as a word too, is refused.

    Parameters
    ----------
    values
        One per customer.
    name
        Of the argument, for messages.

    Examples
    --------
    >>> read_flags(["yes", "no"], "answered")
    Traceback (most recent call last):
    crmlib.errors.SchemaError: answered, row 0: yes is neither 1 (True) nor 0 (False).
    """
    if isinstance(values, np.ndarray) and values.dtype == bool:
        return values
    column = values if isinstance(values, pd.Series) else pd.Series(list(values), dtype=object)
    wrong = ~column.isin([0, 1]).to_numpy(dtype=bool)
    if wrong.any():
        row = int(wrong.argmax())
        raise SchemaError(f"{name}, row {row}: {column.iloc[row]} is neither 1 (True) nor 0 (False).")
    return column.to_numpy(dtype=bool)


def read_number(value: Any, name: str, *, error: type[CrmlibError] = CrmlibError) -> float:
    """Return one number as a float.

    Parameters
    ----------
    value
        A number, or what stands for one.
    name
        The argument, for the message.
    error
        What is raised.

    Examples
    --------
    >>> read_number("x", "margin")
    Traceback (most recent call last):
    crmlib.errors.CrmlibError: margin='x' is no number.
    """
    try:
        return float(value)
    except (TypeError, ValueError) as problem:
        raise error(f"{name}={value!r} is no number.") from problem


def check_level(level: float) -> float:
    """Return the level of an interval, or refuse what is none.

    Examples
    --------
    >>> check_level(95)
    Traceback (most recent call last):
    crmlib.errors.CrmlibError: level=95: an interval's level lies between 0 and 1, such as 0.95 for 95 %.
    """
    if not 0 < read_number(level, "level") < 1:
        raise CrmlibError(f"level={level!r}: an interval's level lies between 0 and 1, such as 0.95 for 95 %.")
    return float(level)
