"""A checksum of what a table holds, not of how a file stores it.

The bytes of a Parquet file change with the version of pyarrow (it signs its files, and its encodings improve),
though every value is the same. So the registry keeps this fingerprint: SHA-256 over the columns' names, types, nulls
and values in row order. It is the same for one row group or a hundred, in memory or in a file, whatever wrote it.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Fingerprint", "fingerprint_file"]


class Fingerprint:
    """Takes a table batch by batch.

    Examples
    --------
    >>> whole, parts = Fingerprint(), Fingerprint()
    >>> table = pa.table({"name": ["a", None, "bc"], "value": [1, 2, 3]})
    >>> whole.update(table)
    >>> parts.update(table.slice(0, 1)); parts.update(table.slice(1))
    >>> whole.hexdigest() == parts.hexdigest()
    True
    """

    def __init__(self) -> None:
        # Nulls, lengths and values are hashed apart: so it does not matter where one batch ends.
        self._columns: dict[tuple[str, str], tuple[Any, Any, Any]] = {}

    def update(self, table: Any) -> None:
        """Take the next rows in."""
        for name, column in zip(table.column_names, table.columns, strict=True):
            key = (name, str(column.type))
            hashes = self._columns.setdefault(key, (hashlib.sha256(), hashlib.sha256(), hashlib.sha256()))
            for chunk in column.chunks if isinstance(column, pa.ChunkedArray) else [column]:
                for part, value in zip(hashes, _parts(chunk), strict=True):
                    part.update(value)

    def hexdigest(self) -> str:
        """Return the fingerprint of the rows so far."""
        total = hashlib.sha256()
        for (name, kind), hashes in self._columns.items():
            total.update(f"{name}\n{kind}\n".encode())
            for part in hashes:
                total.update(part.digest())
        return total.hexdigest()


def _parts(array: Any) -> tuple[Any, Any, Any]:
    """Return the nulls, the lengths and the values of an array as bytes; a null counts as empty or zero."""
    nulls = np.asarray(array.is_null().to_numpy(zero_copy_only=False), dtype=np.uint8)
    if pa.types.is_string(array.type):
        filled = array.fill_null("") if array.null_count else array
        lengths = np.asarray(pa.compute.binary_length(filled), dtype=np.int32)
        raw = filled.buffers()[2]
        if raw is None:
            return nulls, lengths, b""
        offsets = np.frombuffer(filled.buffers()[1], dtype=np.int32)
        first, last = offsets[filled.offset], offsets[filled.offset + len(filled)]
        return nulls, lengths, memoryview(raw)[first:last]
    if pa.types.is_decimal(array.type):
        words = np.frombuffer(array.buffers()[1], dtype=np.int64).reshape(-1, 2)
        value = words[array.offset : array.offset + len(array), 0]
        return nulls, b"", np.ascontiguousarray(np.where(nulls == 1, 0, value))
    if pa.types.is_timestamp(array.type):
        array = array.cast(pa.int64())
    filled = array.fill_null(False if pa.types.is_boolean(array.type) else 0) if array.null_count else array
    return nulls, b"", np.ascontiguousarray(filled.to_numpy(zero_copy_only=False))


def fingerprint_file(path: str | Path) -> str:
    """Return the fingerprint of a Parquet file."""
    fingerprint = Fingerprint()
    with pq.ParquetFile(path) as file:
        for batch in file.iter_batches():
            fingerprint.update(pa.table(batch))
    return fingerprint.hexdigest()
