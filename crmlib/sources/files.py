"""CSV and Parquet files. Text stays text; what is wrong with a file as such is told here."""

from __future__ import annotations

import codecs
import csv
import re
import shutil
import tempfile
from glob import glob
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb

from crmlib.engine import literal, quote
from crmlib.errors import SchemaError, SourceError
from crmlib.schema import TABLES, did_you_mean, match_columns
from crmlib.sources.raw import Raw, Reading, Wanted

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from crmlib.engine import DuckDB, Table

__all__ = ["matching", "read_files", "refuse_repeated", "separator", "short_name", "table_of"]

_ENDINGS = (".csv", ".tsv", ".txt", ".parquet")
_FILE_COLUMN = "crmlib file"


def read_files(
    source: str, engine: DuckDB, reading: Reading, *, known: Iterable[str], wanted: Wanted | None = None
) -> tuple[str, dict[str, Raw]]:
    """Read a file, the files that match a glob (one table), or a folder's files (one table each).

    Parameters
    ----------
    source
        A path or a glob.
    engine
        Where the tables go.
    reading
        How text is to be read.
    known
        Names that the caller could have meant instead of a path.
    wanted
        What of the orders is needed, where the files are Parquet; all of it by default.

    Returns
    -------
    tuple
        A short name and the tables.
    """
    path = Path(source).expanduser()
    if path.is_dir():
        files = sorted(file for file in path.iterdir() if file.suffix.lower() in _ENDINGS)
        if not files:
            raise SourceError(f"The folder {source} holds no {', '.join(_ENDINGS)} file.")
        stems = [file.stem for file in files]
        twice = next((stem for stem in stems if stems.count(stem) > 1), None)
        if twice is not None:
            raise SourceError(f"The folder {source} holds two files for the table {twice!r}. Move one of them away.")
        main = "orders" if "orders" in stems else "order_lines"
        return path.resolve().name, {
            file.stem: table_of([file], engine, reading, wanted if file.stem == main else None) for file in files
        }
    return short_name(path), {"orders": table_of(matching(source, known), engine, reading, wanted)}


def short_name(path: Path) -> str:
    """Return what a shop is called after its files.

    Examples
    --------
    >>> short_name(Path("sales-*.parquet"))
    'sales'
    """
    return path.stem.replace("*", "").strip("-_.") or "orders"


def matching(source: str, known: Iterable[str]) -> list[Path]:
    """Return the files that a path or a glob names.

    Parameters
    ----------
    source
        A path or a glob.
    known
        Names that the caller could have meant instead.
    """
    path = Path(source).expanduser()
    if path.is_file():
        files = [path]
    else:
        # not Path.glob, which takes no absolute pattern
        files = [Path(name) for name in sorted(glob(str(path), recursive=True)) if Path(name).is_file()]  # noqa: PTH207
    if not files:
        if any(mark in source for mark in "*?["):
            raise SourceError(f"No file matches {source!r}. Look at it from the folder you are in: {Path.cwd()}")
        near = [*known, *(file.name for file in path.parent.glob("*") if file.suffix.lower() in _ENDINGS)]
        raise SourceError(
            f"There is no file {source!r} (seen from {Path.cwd()}), and no known source of that name. "
            + did_you_mean(path.name, near)
        )
    for file in files:
        if file.suffix.lower() not in _ENDINGS:
            raise SourceError(
                f"{file}: files that end in {file.suffix or 'nothing'} cannot be read. Save it as one of "
                f"{', '.join(_ENDINGS)}."
            )
        if file.stat().st_size == 0:
            raise SourceError(f"{file}: the file is empty (0 bytes). Export it again.")
    if len({file.suffix.lower() == ".parquet" for file in files}) > 1:
        raise SourceError(f"{source!r} matches Parquet and text files. Name one kind, such as {source!r} with .csv.")
    return files


def table_of(files: list[Path], engine: DuckDB, reading: Reading, wanted: Wanted | None = None) -> Raw:
    """Read files as one table.

    Parameters
    ----------
    files
        From `matching`.
    engine
        Where the table goes.
    reading
        How text is to be read.
    wanted
        What of it is needed, where the files are Parquet; all of it by default.
    """
    label = files[0].name if len(files) == 1 else f"{len(files)} files from {files[0].name} to {files[-1].name}"
    if files[0].suffix.lower() == ".parquet":
        files_scan = f"read_parquet([{_list(files)}], union_by_name=true, filename={literal(_FILE_COLUMN)})"
        picked, where = "*", ""
        if wanted is not None and not wanted.every_column:
            picked, where = _needed(files_scan, files, engine, wanted, label)
        return Raw(
            label, _scanned(f"select {picked} from {files_scan}{where}", files, engine), _FILE_COLUMN, reading=reading
        )
    with tempfile.TemporaryDirectory(prefix="crmlib-") as folder:
        texts = files if _is_utf8(reading.encoding) else _to_utf8(files, reading.encoding, Path(folder))
        marks = {file: separator(file) for file in texts}
        try:
            table = _scanned(_csv_scan(marks), texts, engine)
        except SourceError:
            for file, mark in marks.items():
                _check_utf8(file)
                _check_rows(file, mark)
            # each row is sound: what is left is line ends of more than one kind, which are harmless
            table = _scanned(_csv_scan(marks, strict=False), texts, engine)
        return Raw(label, table, _FILE_COLUMN, first_row=2, reading=reading)


def _needed(scan: str, files: list[Path], engine: DuckDB, wanted: Wanted, label: str) -> tuple[str, str]:
    """Pick the columns and days that orders need; all of them where that is not certain, so that errors can tell."""
    types = _types(scan, files, engine)
    names = [name for name in types if name != _FILE_COLUMN]
    try:
        found = match_columns(names, TABLES["order_lines"], mapped=wanted.columns, place=label)
    except SchemaError:  # told where the columns are read
        return "*", ""
    if not {"customer_id", "order_ts"} <= found.keys():
        return "*", ""
    picked = ", ".join(quote(name) for name in [*(name for name in names if name in found.values()), _FILE_COLUMN])
    time = found["order_ts"]
    # without ids, orders are numbered by their place among all rows
    narrow = "order_id" in found and types[time].startswith(("TIMESTAMP", "DATE"))
    condition = wanted.condition(quote(time)) if narrow else ""
    return picked, f" where {condition}" if condition else ""


def _types(scan: str, files: list[Path], engine: DuckDB) -> dict[str, str]:
    try:
        return engine.types(scan)
    except duckdb.Error as error:
        raise _unreadable(files, error) from error


def _csv_scan(marks: Mapping[Path, str], *, strict: bool = True) -> str:
    """Return an SQL relation over CSV files, each with its separator."""
    # nothing that loses rows is left to be guessed: no comment lines ("#1001" is an order), no lines to skip
    return " union all by name ".join(
        f"select * from read_csv([{_list(file for file in marks if marks[file] == mark)}], all_varchar=true, "
        f"header=true, union_by_name=true, delim={literal(mark)}, quote='\"', comment='', skip=0, "
        f"strict_mode={strict}, filename={literal(_FILE_COLUMN)})"
        for mark in sorted(set(marks.values()))
    )


def _scanned(text: str, files: list[Path], engine: DuckDB) -> Table:
    try:
        return engine.table(text)
    except duckdb.OutOfMemoryException:
        raise
    except duckdb.Error as error:
        raise _unreadable(files, error) from error


def _unreadable(files: list[Path], error: duckdb.Error) -> SourceError:
    told = next((line for line in str(error).splitlines() if line.strip()), "")
    return SourceError(
        f"{files[0].name if len(files) == 1 else 'One of the files'} cannot be read as a table: {told} Export it again."
    )


def separator(file: Path) -> str:
    """Return what separates a file's columns; refuse a header that does not name them one by one."""
    with file.open(encoding="utf-8-sig", errors="replace", newline="") as text:
        first = text.readline(1_000_000)
    if not first.strip():
        raise SourceError(f"{file.name}: the first line is empty. The first line names the columns.")
    bare = re.sub('"[^"]*"', "", first)
    mark = max(",;\t|", key=bare.count)
    refuse_repeated(next(csv.reader([first], delimiter=mark)), file.name)
    return mark


def refuse_repeated(names: Sequence[str], label: str) -> None:
    """Refuse two columns of one name, or of names that differ only by case: the engine would rename one in silence.

    Parameters
    ----------
    names
        The columns.
    label
        How the error names the table.
    """
    plain = [name.casefold() for name in names]
    repeated = [name for name in names if name.strip() and plain.count(name.casefold()) > 1]
    if len(set(repeated)) > 1:
        raise SourceError(
            f"{label}: the columns {' and '.join(map(repr, repeated[:2]))} differ only by case. Rename one of them."
        )
    if repeated:
        raise SourceError(f"{label}: the column {repeated[0]!r} is there more than once. Rename one of them.")


def _check_rows(file: Path, mark: str) -> None:
    """Name the first row that has not as many fields as the header, or whose quotes do not match."""
    advice = "A field that holds the separator, a quote or a line break stands in double quotes, its quotes doubled."
    with file.open(encoding="utf-8-sig", newline="") as text:
        rows = csv.reader(text, delimiter=mark, strict=True)
        number = 1
        try:
            width = len(next(rows))
            for number, row in enumerate(rows, 2):
                if row and len(row) != width:
                    raise SourceError(
                        f"{file.name}, row {number}: {len(row)} fields, where the first line names {width} columns. "
                        + advice
                    )
        except csv.Error as error:
            raise SourceError(
                f"{file.name}, row {number + 1}: {error} (a double quote that is never closed?). {advice}"
            ) from error


def _is_utf8(encoding: str) -> bool:
    try:
        return codecs.lookup(encoding).name in {"utf-8", "utf-8-sig", "ascii"}
    except LookupError as error:
        raise SourceError(f"encoding={encoding!r} is not known. Usual ones: 'utf-8', 'cp1252', 'utf-16'.") from error


def _to_utf8(files: list[Path], encoding: str, folder: Path) -> list[Path]:
    """Copy text files as UTF-8, under their own names so that errors keep naming them."""
    copies = []
    for number, file in enumerate(files):
        copy = folder / str(number) / file.name
        copy.parent.mkdir()
        try:
            with (
                file.open(encoding=encoding, newline="") as text,
                copy.open("w", encoding="utf-8", newline="") as out,
            ):
                shutil.copyfileobj(text, out)
        except UnicodeError as error:
            raise SourceError(f"{file.name} is not {encoding}: {error}. Try another encoding.") from error
        copies.append(copy)
    return copies


def _check_utf8(file: Path) -> None:
    """Name the encoding of a file that is not UTF-8."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    row = 1
    with file.open("rb") as data:
        while block := data.read(1 << 20):
            try:
                decoder.decode(block)
            except UnicodeDecodeError as error:
                row += error.object.count(b"\n", 0, error.start)
                likely = _likely_encoding(file)
                raise SourceError(
                    f"{file.name}, row {row}: the file is not UTF-8; it looks like {likely}. Read it so: "
                    f'open_shop(..., encoding="{likely}"), or save it as UTF-8.'
                ) from None
            row += block.count(b"\n")


def _likely_encoding(file: Path) -> str:
    from charset_normalizer import from_bytes

    with file.open("rb") as data:
        head = data.read(1 << 18)
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    # what shops' exports really come in; the guess is made among these, for short files look like anything
    matches = from_bytes(head, cp_isolation=["cp1252", "utf-16", "cp1250", "cp1251", "gb18030", "shift_jis"])
    best = matches.best()
    if best is None:
        return "cp1252"
    even = [match for match in matches if (match.chaos, match.coherence) == (best.chaos, best.coherence)]
    return "cp1252" if any("cp1252" in match.could_be_from_charset for match in even) else best.encoding


def _list(files: Iterable[Path]) -> str:
    """Return paths as SQL literals, the marks in them that the engine would take for a glob escaped."""
    return ", ".join(literal(re.sub(r"([*?\[])", r"[\1]", str(file))) for file in files)
