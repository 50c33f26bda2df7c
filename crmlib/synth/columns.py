"""Numpy arrays into Arrow columns: ids, money exact to the cent, naive timestamps, picked labels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from crmlib.arrays import Bools, Ints

__all__ = ["flags", "ids", "labels", "money", "names", "numbers", "timestamps"]

MONEY = pa.decimal128(18, 2)
TIME = pa.timestamp("us")


def ids(prefix: str, values: Ints, width: int) -> Any:
    """Format numbers as ids of a fixed width; a negative number is null.

    Examples
    --------
    >>> ids("C", np.array([7, -1, 123]), 4).to_pylist()
    ['C0007', None, 'C0123']
    """
    length = len(prefix) + width
    text = np.empty((len(values), length), dtype=np.uint8)
    text[:, : len(prefix)] = np.frombuffer(prefix.encode(), dtype=np.uint8)
    rest = np.where(values < 0, 0, values)
    for column in range(length - 1, len(prefix) - 1, -1):
        rest, digit = np.divmod(rest, 10)
        text[:, column] = digit + ord("0")
    fixed = pa.FixedSizeBinaryArray.from_buffers(
        pa.binary(length), len(values), [_validity(values < 0), pa.py_buffer(text)]
    )
    return fixed.cast(pa.binary()).cast(pa.string())


def money(cents: Ints) -> Any:
    """Turn integer cents into DECIMAL(18, 2).

    Examples
    --------
    >>> [str(value) for value in money(np.array([1250, -1])).to_pylist()]
    ['12.50', '-0.01']
    """
    # A decimal is 128 bits, little endian, two's complement.
    words = np.empty((len(cents), 2), dtype=np.int64)
    words[:, 0] = cents
    words[:, 1] = cents >> 63
    return pa.Array.from_buffers(MONEY, len(cents), [None, pa.py_buffer(words)])


def timestamps(seconds: Ints) -> Any:
    """Turn seconds since 1970 (wall clock of the shop) into naive timestamps; negative is null.

    Examples
    --------
    >>> timestamps(np.array([86_400, -1])).to_pylist()
    [datetime.datetime(1970, 1, 2, 0, 0), None]
    """
    return pa.Array.from_buffers(
        TIME, len(seconds), [_validity(seconds < 0), pa.py_buffer(np.ascontiguousarray(seconds * 1_000_000))]
    )


def labels(pool: Sequence[str] | NDArray[np.str_], codes: Ints) -> Any:
    """Pick a label per row from a pool; a negative code is null.

    Examples
    --------
    >>> labels(["email", "sms"], np.array([1, -1, 0])).to_pylist()
    ['sms', None, 'email']
    """
    return pa.array(list(pool), type=pa.string()).take(pa.array(codes, mask=codes < 0))


def numbers(values: Ints, missing: Bools | None = None) -> Any:
    """Whole numbers as 32-bit integers, null where missing."""
    return pa.array(values.astype(np.int32), mask=missing)


def flags(values: Bools) -> Any:
    """Booleans."""
    return pa.array(values)


def names(values: Sequence[str | None]) -> Any:
    """Texts, None is null."""
    return pa.array(values, type=pa.string())


def _validity(null: Bools) -> Any:
    if not null.any():
        return None
    return pa.py_buffer(np.packbits(~null, bitorder="little"))
