"""Files of text and of Parquet. Text stays text; what is wrong with a file as such is told here."""

from __future__ import annotations

import codecs
import csv
import hashlib
import os
import re
import shutil
import tempfile
from glob import glob
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb

from crmlib.engine import literal, quote
from crmlib.errors import SchemaError, SourceError
from crmlib.shop.dictionary import table_called
from crmlib.shop.platforms import chosen
from crmlib.shop.raw import Raw, Reading, Wanted
from crmlib.shop.schema import TABLES, match_columns
from crmlib.sources import excel
from crmlib.sources.catalogue import HELD_BY, SOURCES
from crmlib.sources.headers import refuse_repeated
from crmlib.sources.source import Source, scheme_of
from crmlib.sources.unpacking import JSON_LINES, PACKED, TEXTS, laid_out
from crmlib.words import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from collections.abc import Set as AbstractSet

    from crmlib.engine import DuckDB, Table

__all__ = ["ENDINGS", "Files", "checksum_of", "ending", "matching", "refuse_repeated", "separator", "table_of"]

#: How the names of files end that can be read.
ENDINGS = (*TEXTS, ".parquet", *PACKED, *JSON_LINES, excel.ENDING)
#: A first line by which spreadsheets say what separates the columns.
_SEPARATOR_LINE = re.compile(r"\ufeff?sep=(.)\s*", re.IGNORECASE)
_FILE_COLUMN = "crmlib file"
_LISTED = 6
_KNOWN = {*TABLES, *HELD_BY}


class Files(Source):
    """A file, the files that match a glob (one table), or a folder's files (one table each)."""

    last_resort = True

    @classmethod
    def recognises(cls, source: Any) -> bool:
        """Take any path: what is wrong with it is told where it is read."""
        return isinstance(source, str | Path) and bool(str(source).strip()) and not scheme_of(source)

    @property
    def name(self) -> str:
        """The folder's, or the files', without the glob's marks."""
        path = Path(self.source).expanduser()
        return path.resolve().name if path.is_dir() else _stem(path).replace("*", "").strip("-_.") or "orders"

    def read(self, engine: DuckDB, reading: Reading, wanted: Wanted) -> dict[str, Raw]:
        """Copy the files to the engine."""
        path = Path(self.source).expanduser()
        if not path.is_dir():
            files = matching(str(self.source))
            if ending(files[0]) == excel.ENDING:
                return excel.sheets(files[0], engine, reading)
            return {"orders": table_of(files, engine, reading, wanted)}
        files = sorted(file for file in path.iterdir() if file.is_file() and _is_table(file))
        if not files:
            usual = ", ".join((*TEXTS, ".parquet"))
            raise SourceError(f"The folder {self.source} holds no {usual} file.{_below(path)}")
        stems = [_stem(file) for file in files]
        twice = next((stem for stem in stems if stems.count(stem) > 1), None)
        if twice is not None:
            raise SourceError(
                f"The folder {self.source} holds two files for the table {twice!r}. Move one of them away."
            )
        main = "orders" if "orders" in stems else "order_lines"
        if not {table_called(stem) for stem in stems} & {"orders", "order_lines"}:
            raise SourceError(_no_orders(path, stems))
        tables: dict[str, Raw] = {}
        for file, stem in zip(files, stems, strict=True):
            if ending(file) == excel.ENDING:
                tables |= excel.sheets(file, engine, reading, stem)
            else:
                tables[stem] = table_of([file], engine, reading, wanted if stem == main else None)
        return tables

    def fingerprint(self, reading: Reading, wanted: Wanted) -> bytes:  # noqa: ARG002 - whole files count
        """Return a checksum of each file."""
        path = Path(self.source).expanduser()
        if path.is_dir():
            return checksum_of(sorted(file for file in path.iterdir() if file.is_file()))
        return checksum_of(matching(str(self.source)))

    @property
    def worth_a_copy(self) -> bool:
        """All that is no Parquet: text is read anew, packed files are unpacked anew."""
        path = Path(self.source).expanduser()
        names = [file.name for file in path.iterdir()] if path.is_dir() else [path.name]
        return any(not name.lower().endswith(".parquet") for name in names)

    def absolute(self, folder: Path) -> str:
        """Return the path from the root."""
        return str(folder / Path(self.source).expanduser())


def ending(file: Path) -> str:
    """Return how a file's name ends, if files that end so can be read; an empty text otherwise.

    Parameters
    ----------
    file
        Its path.

    Examples
    --------
    >>> ending(Path("orders.CSV.gz")), ending(Path("orders.doc"))
    ('.csv.gz', '')
    """
    name = file.name.lower()
    return max((one for one in ENDINGS if name.endswith(one) and name != one), key=len, default="")


def _is_table(file: Path) -> bool:
    """Tell whether a file of a folder is one of its tables; an archive or a workbook is by its name only."""
    form = "" if file.name.startswith(("~$", "._")) else ending(file)  # what programs put beside an open file
    return bool(form) and (form not in {".zip", excel.ENDING} or table_called(_stem(file)) in _KNOWN)


def _stem(file: Path) -> str:
    """Return a file's name without its ending."""
    return file.name[: -len(ending(file))] if ending(file) else file.stem


def _below(folder: Path) -> str:
    """Say how files in folders below are named."""
    file = next((file for file in sorted(folder.rglob("*")) if file.is_file() and ending(file)), None)
    return f" There are some in folders below it: name them '{folder}/**/*{ending(file)}'." if file else ""


def _no_orders(folder: Path, stems: Sequence[str]) -> str:
    """Say that no file of a folder is called orders, and what may be meant."""
    shown = ", ".join(stems[:_LISTED]) + (f" and {len(stems) - _LISTED} more" if len(stems) > _LISTED else "")
    alike = f" Are they all of one form, the orders in parts? Then name them '{folder}/*'." if len(stems) > 1 else ""
    return (
        f"There is no table called orders or order_lines; there are: {shown}. Name the one that holds the orders so, "
        f"or open it by itself.{alike}"
    )


def checksum_of(files: Iterable[Path]) -> bytes:
    """Return what identifies files: the checksum of each, and its path from the folder that holds all of them.

    A folder's name may hold a value, as in ``year=2024/orders.parquet``.

    Parameters
    ----------
    files
        Which.
    """
    paths = list(files)
    above = os.path.commonpath([path.absolute().parent for path in paths]) if paths else ""
    total = b""
    for file in paths:
        with file.open("rb") as data:
            total += (
                file.absolute().relative_to(above).as_posix().encode() + hashlib.file_digest(data, "sha256").digest()
            )
    return total


def matching(source: str, known: Iterable[str] = SOURCES) -> list[Path]:
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
        names = known if path.name == source else ()  # whoever wrote a path meant no shop that is known by name
        near = [*names, *(file.name for file in path.parent.glob("*") if ending(file))]
        raise SourceError(
            f"There is no file {source!r} (seen from {Path.cwd()}), and no known source of that name. "
            + (did_you_mean(path.name, near) if near else "Look for its folder.")
        )
    for file in files:
        if not ending(file):
            raise SourceError(
                f"{file}: files that end in {file.suffix or 'nothing'} cannot be read. Save it as one of "
                f"{', '.join(ENDINGS)}."
            )
        if file.stat().st_size == 0:
            raise SourceError(f"{file}: the file is empty (0 bytes). Export it again.")
    if len({file.suffix.lower() == ".parquet" for file in files}) > 1:
        raise SourceError(f"{source!r} matches Parquet and text files. Name one kind, such as {source!r} with .csv.")
    if len(files) > 1 and any(ending(file) == excel.ENDING for file in files):
        raise SourceError(f"{source!r} matches {len(files)} files, Excel workbooks among them. Save those as .csv.")
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
        laid = [laid_out(file, Path(folder) / f"file-{number}", reading.encoding) for number, file in enumerate(files)]
        texts = [file.path for file in laid]
        if not _is_utf8(reading.encoding):
            texts = [
                file.path if file.of_json else _to_utf8(file.path, reading.encoding, Path(folder) / f"text-{number}")
                for number, file in enumerate(laid)
            ]
        marks = {file: separator(file) for file in texts}
        told = {file for file in texts if _SEPARATOR_LINE.fullmatch(_first_lines(file)[0])}
        try:
            table = _scanned(_csv_scan(marks, told), texts, engine)
        except SourceError:
            for file, mark in marks.items():
                _check_utf8(file)
                _check_rows(file, mark)
            # each row is sound: what is left is line ends of more than one kind, which are harmless
            table = _scanned(_csv_scan(marks, told, strict=False), texts, engine)
        first_row = 1 if all(file.of_json for file in laid) else 3 if len(told) == len(texts) else 2
        return Raw(label, table, _FILE_COLUMN, first_row=first_row, reading=reading)


def _needed(scan: str, files: list[Path], engine: DuckDB, wanted: Wanted, label: str) -> tuple[str, str]:
    """Pick the columns and days that orders need; all of them where that is not certain, so that errors can tell."""
    types = _types(scan, files, engine)
    names = [name for name in types if name != _FILE_COLUMN]
    try:
        if chosen(wanted.preset, names, label) is not None:
            return "*", ""
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


def _csv_scan(marks: Mapping[Path, str], told: AbstractSet[Path], *, strict: bool = True) -> str:
    """Return an SQL relation over CSV files, each with its separator, and those that begin with a line about it."""
    groups = sorted({(mark, file in told) for file, mark in marks.items()})
    # nothing that loses rows is left to be guessed: no comment lines ("#1001" is an order), no lines to skip
    return " union all by name ".join(
        f"select * from read_csv([{_list(file for file in marks if (marks[file], file in told) == (mark, skip))}], "
        f"all_varchar=true, header=true, union_by_name=true, delim={literal(mark)}, quote='\"', comment='', "
        f"skip={int(skip)}, compression='none', strict_mode={strict}, filename={literal(_FILE_COLUMN)})"
        for mark, skip in groups
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
    first, second = _first_lines(file)
    named = _SEPARATOR_LINE.fullmatch(first)
    first = second if named else first
    if not first.strip():
        raise SourceError(f"{file.name}: the first line is empty. The first line names the columns.")
    bare = re.sub('"[^"]*"', "", first)
    mark = named[1] if named else max(",;\t|", key=bare.count)
    refuse_repeated(next(csv.reader([first], delimiter=mark)), file.name)
    return mark


def _first_lines(file: Path) -> tuple[str, str]:
    with file.open(encoding="utf-8-sig", errors="replace", newline="") as text:
        return text.readline(1_000_000), text.readline(1_000_000)


def _check_rows(file: Path, mark: str) -> None:
    """Name the first row that has not as many fields as the header, or whose quotes do not match."""
    advice = "A field that holds the separator, a quote or a line break stands in double quotes, its quotes doubled."
    with file.open(encoding="utf-8-sig", newline="") as text:
        skipped = bool(_SEPARATOR_LINE.fullmatch(_first_lines(file)[0]))
        if skipped:
            text.readline()
        rows = csv.reader(text, delimiter=mark, strict=True)
        number = 1 + skipped
        try:
            width = len(next(rows))
            for number, row in enumerate(rows, 2 + skipped):
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


def _to_utf8(file: Path, encoding: str, folder: Path) -> Path:
    """Copy a text file as UTF-8, under its own name so that errors keep naming it."""
    folder.mkdir()
    copy = folder / file.name
    try:
        with file.open(encoding=encoding, newline="") as text, copy.open("w", encoding="utf-8", newline="") as out:
            shutil.copyfileobj(text, out)
    except UnicodeError as error:
        raise SourceError(f"{file.name} is not {encoding}: {error}. Try another encoding.") from error
    return copy


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
