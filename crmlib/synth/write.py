"""Tables to Parquet, block by block, with a fingerprint as they are written."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

from crmlib.synth.dictionary import TABLES, TRUTH
from crmlib.synth.fingerprint import Fingerprint

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Collector", "checked"]

_SCHEMAS: dict[str, Any] = {table.name: table.schema for table in (*TABLES, *TRUTH)}


def checked(name: str, columns: dict[str, Any]) -> Any:
    """Return the columns as the Arrow table that the dictionary promises.

    Raises
    ------
    ValueError
        When names or types are not those of the dictionary: a mistake in the simulation, not in its use.
    """
    schema = _SCHEMAS[name]
    arrays = {key: pa.array(column) for key, column in columns.items()}
    if set(arrays) != set(schema.names):
        raise ValueError(f"table {name}: columns {sorted(set(arrays) ^ set(schema.names))} are not as documented")
    return pa.Table.from_arrays([arrays[field.name].cast(field.type) for field in schema], schema=schema)


class Collector:
    """Takes tables in parts; keeps them in memory, or writes each part as a row group.

    The bytes depend on the rows, on the blocks, and on pyarrow's version, whose name stands in every file; no time
    and no path goes in.

    Parameters
    ----------
    folder
        Where to write; None keeps the tables in memory.
    """

    def __init__(self, folder: Path | None) -> None:
        self.folder = folder
        self.rows: dict[str, int] = {}
        self._parts: dict[str, list[Any]] = {}
        self._writers: dict[str, Any] = {}
        self._fingerprints: dict[str, Fingerprint] = {}

    def add(self, name: str, columns: dict[str, Any]) -> None:
        """Take the next rows of a table."""
        table = checked(name, columns)
        self.rows[name] = self.rows.get(name, 0) + table.num_rows
        self._fingerprints.setdefault(name, Fingerprint()).update(table)
        if self.folder is None:
            self._parts.setdefault(name, []).append(table)
            return
        if name not in self._writers:
            path = self._path(name)
            path.parent.mkdir(parents=True, exist_ok=True)
            self._writers[name] = pq.ParquetWriter(
                _unfinished(path), table.schema, compression="zstd", compression_level=3, store_decimal_as_integer=True
            )
        self._writers[name].write_table(table)

    def tables(self) -> dict[str, Any]:
        """Return the tables kept in memory."""
        return {name: pa.concat_tables(parts) for name, parts in self._parts.items()}

    def fingerprints(self) -> dict[str, str]:
        """Return the fingerprint of each table so far."""
        return {name: one.hexdigest() for name, one in self._fingerprints.items()}

    def close(self) -> None:
        """Finish the files. Only now do they take their names: a run that stops half-way leaves no half table."""
        for name, writer in self._writers.items():
            writer.close()
            path = self._path(name)
            _unfinished(path).replace(path)

    def _path(self, name: str) -> Path:
        if self.folder is None:
            raise ValueError("the tables are kept in memory")
        return self.folder / f"{name}.parquet"


def _unfinished(path: Path) -> Path:
    return path.with_suffix(".parquet.part")
