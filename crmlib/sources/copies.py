"""A run reads its source once: what it read is kept as Parquet in the run's folder, and its notebooks open that.

The copy holds the rows as they were read, in their order, with file, row number and what was known of them: whoever
opens it says the same of it as of the source. It is of a run, and goes with it.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import msgspec

from crmlib.engine import DuckDB, literal
from crmlib.files import digest, write_whole
from crmlib.shop.platforms import Preset  # noqa: TC001 - msgspec reads the types
from crmlib.shop.raw import Raw, Reading, Wanted

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from crmlib.sources.source import Source

__all__ = ["FOLDER", "copies_in", "keep", "kept"]

#: The variable of the environment that names the folder of the run's copies; kernels inherit it.
FOLDER = "CRMLIB_COPIES"
_INDEX = "tables.json"


class _Kept(msgspec.Struct):
    """What is known of a table beside its rows, and of whether the copy has all days."""

    name: str
    file: str
    label: str
    file_column: str | None
    first_row: int
    columns: dict[str, str]
    reading: Reading
    row_column: str | None
    curated: bool
    preset: Preset | None
    only: str


class _Index(msgspec.Struct):
    """The tables of a copy, and the last day that it was read for."""

    last_day: str | None
    tables: list[_Kept]


@contextlib.contextmanager
def copies_in(folder: Path) -> Iterator[None]:
    """Keep what is read from here on in a folder that goes at the end; processes that are started find it.

    Parameters
    ----------
    folder
        Made when something is kept; one that is left from before goes.
    """
    before = os.environ.get(FOLDER)
    shutil.rmtree(folder, ignore_errors=True)
    os.environ[FOLDER] = str(folder)
    try:
        yield
    finally:
        os.environ.pop(FOLDER, None)
        os.environ.update({} if before is None else {FOLDER: before})
        shutil.rmtree(folder, ignore_errors=True)
        with contextlib.suppress(OSError):  # where nothing else is in it
            folder.parent.rmdir()


def kept(source: Source, engine: DuckDB, reading: Reading, wanted: Wanted) -> dict[str, Raw] | None:
    """Return a source's tables from the run's copy; nothing where there is none that holds what is needed.

    Parameters
    ----------
    source, engine, reading, wanted
        As for `crmlib.sources.reading.raw_tables`.
    """
    folder = _folder(source, reading, wanted)
    if folder is None or not (folder / _INDEX).is_file():
        return None
    index = msgspec.json.decode((folder / _INDEX).read_bytes(), type=_Index)
    if index.last_day is not None and (wanted.as_of is None or wanted.as_of.isoformat() > index.last_day):
        return None
    tables = {}
    for known in index.tables:
        fields: dict[str, Any] = {name: getattr(known, name) for name in known.__struct_fields__}
        name, file = fields.pop("name"), fields.pop("file")
        tables[name] = Raw(table=engine.table(f"select * from read_parquet({literal(str(folder / file))})"), **fields)
    return tables


def keep(source: Source, tables: Mapping[str, Raw], reading: Reading, wanted: Wanted) -> None:
    """Keep a source's tables for whoever opens it next in this run; nothing is kept outside a run.

    Parameters
    ----------
    source, reading, wanted
        As they were read.
    tables
        What was read. Tables on a cluster stay there.
    """
    folder = _folder(source, reading, wanted)
    engines = [raw.table.engine for raw in tables.values()]
    if folder is None or folder.exists() or not all(isinstance(engine, DuckDB) for engine in engines):
        return
    try:
        _write(tables, folder, None if wanted.as_of is None else wanted.as_of.isoformat())
    except (OSError, duckdb.Error):  # a full disk: notebooks read the source itself
        shutil.rmtree(folder, ignore_errors=True)


def _write(tables: Mapping[str, Raw], folder: Path, last_day: str | None) -> None:
    folder.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    part = Path(tempfile.mkdtemp(prefix="part-", dir=folder.parent))
    known = []
    for number, (name, raw) in enumerate(tables.items()):
        file = f"{number:03d}.parquet"
        raw.table.engine.rows(
            f"copy (select * from {raw.table.name}) to {literal(str(part / file))} (format parquet, compression zstd)"
        )
        known.append(
            _Kept(
                name=name,
                file=file,
                label=raw.label,
                file_column=raw.file_column,
                first_row=raw.first_row,
                columns=dict(raw.columns),
                reading=raw.reading,
                row_column=raw.row_column,
                curated=raw.curated,
                preset=raw.preset,
                only=raw.only,
            )
        )
    index = _Index(last_day, known)
    write_whole(part / _INDEX, msgspec.json.encode(index).decode())
    with contextlib.suppress(OSError):  # another process was quicker: its copy is the same
        part.rename(folder)
    shutil.rmtree(part, ignore_errors=True)


def _folder(source: Source, reading: Reading, wanted: Wanted) -> Path | None:
    """Return where the copy of a source is, if this process is part of a run that keeps one."""
    place = os.environ.get(FOLDER)
    if not place or not source.worth_a_copy:
        return None
    asked = (str(source.source), type(source).__name__, reading, wanted.columns, wanted.query, wanted.every_column,
             wanted.preset)  # fmt: skip
    return Path(place) / digest(msgspec.json.encode(asked).decode())[:32]
