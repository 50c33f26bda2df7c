"""Files that hold a table of text in another form: compressed, zipped, or one JSON object a line.

Each is laid out as the CSV that it stands for, under its own name, so that errors name the file that the user has.
"""

from __future__ import annotations

import csv
import gzip
import json
import zipfile
import zlib
from functools import partial
from pathlib import Path, PurePosixPath
from typing import IO, TYPE_CHECKING, Any, NamedTuple

from crmlib.errors import SourceError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["JSON_LINES", "PACKED", "TEXTS", "LaidOut", "check_sizes", "laid_out"]

#: How the names of text files end, of JSON lines, and of those that hold one of these.
TEXTS, JSON_LINES = (".csv", ".tsv", ".txt"), (".jsonl", ".ndjson")
PACKED = (*(f"{ending}.gz" for ending in (*TEXTS, *JSON_LINES)), ".zip")
#: What grows so many times, and beyond so many bytes, was made to fill a disk: tables of text shrink to a tenth.
_MOST_TIMES, _HARMLESS = 150, 200 << 20
_BLOCK = 1 << 20
_LISTED = 5


class LaidOut(NamedTuple):
    """A file as text with columns.

    Attributes
    ----------
    path
        The file itself, or a copy of that name.
    of_json
        Whether it was laid out from JSON lines: it is UTF-8 then, and its first row was the file's first line.
    """

    path: Path
    of_json: bool


def laid_out(file: Path, folder: Path, encoding: str) -> LaidOut:
    """Return a file as CSV; one that is text already as it is.

    Parameters
    ----------
    file
        Of any ending in `TEXTS`, `JSON_LINES` or `PACKED`.
    folder
        An empty folder for the copy.
    encoding
        Of JSON lines.

    Raises
    ------
    SourceError
        It cannot be unpacked, holds several files, or grows beyond measure.
    """
    name = file.name.lower()
    if name.endswith(".zip"):
        inner, file = _unzipped(file, folder / "unzipped")
    elif name.endswith(".gz"):
        inner, file = name.removesuffix(".gz"), _gunzipped(file, folder / "unpacked")
    else:
        inner = name
    if inner.endswith(JSON_LINES):
        return LaidOut(_from_json(file, folder / "lines", encoding), of_json=True)
    return LaidOut(file, of_json=False)


def _gunzipped(file: Path, folder: Path) -> Path:
    copy = _beside(file, folder)
    try:
        with gzip.open(file) as source, copy.open("wb") as out:
            _copy(source, out, file.stat().st_size, file.name)
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise SourceError(
            f"{file.name} cannot be unpacked: {error}. It is cut off or damaged: copy it again."
        ) from error
    return copy


def _unzipped(file: Path, folder: Path) -> tuple[str, Path]:
    """Unpack the one table in an archive; its path inside is never written to."""
    copy = _beside(file, folder)
    try:
        with zipfile.ZipFile(file) as archive:
            members = [member for member in archive.infolist() if not _is_litter(member)]
            if not members:
                raise SourceError(f"{file.name}: the archive is empty.")
            if len(members) > 1:
                names = ", ".join(member.filename for member in members[:_LISTED])
                more = f" and {len(members) - _LISTED} more" if len(members) > _LISTED else ""
                raise SourceError(
                    f"{file.name} holds {len(members)} files ({names}{more}), and a table is one file. Unpack it, and "
                    "name the folder, or the one file."
                )
            (member,) = members
            _check_member(member, file.name)
            with archive.open(member) as source, copy.open("wb") as out:
                _copy(source, out, max(member.compress_size, 1), file.name)
    except (zipfile.BadZipFile, EOFError, zlib.error, NotImplementedError, OSError) as error:
        raise SourceError(
            f"{file.name} cannot be unpacked: {error}. It is cut off or damaged: copy it again."
        ) from error
    return member.filename.lower(), copy


def _check_member(member: zipfile.ZipInfo, archive: str) -> None:
    path = PurePosixPath(member.filename.replace("\\", "/"))
    if path.is_absolute() or ".." in path.parts or ":" in path.parts[0]:
        raise SourceError(
            f"{archive}: the path of the file in it, {member.filename!r}, leads out of the archive. Whoever made it "
            "may mean harm; pack the table anew."
        )
    if member.flag_bits & 1:
        raise SourceError(f"{archive} needs a password. Unpack it first.")
    if not path.name.lower().endswith((*TEXTS, *JSON_LINES)):
        raise SourceError(
            f"{archive} holds {path.name!r}; a table in an archive ends in {', '.join((*TEXTS, *JSON_LINES))}. "
            "Unpack it, and name the file."
        )


def _is_litter(member: zipfile.ZipInfo) -> bool:
    """Tell folders, and what some systems put beside the files, from files."""
    path = PurePosixPath(member.filename)
    return member.is_dir() or "__MACOSX" in path.parts or path.name in {".DS_Store", "Thumbs.db", "desktop.ini"}


def check_sizes(archive: zipfile.ZipFile, name: str) -> None:
    """Refuse an archive whose files grow beyond measure.

    Parameters
    ----------
    archive
        The archive.
    name
        How the error names it.
    """
    packed = sum(member.compress_size for member in archive.infolist())
    whole = sum(member.file_size for member in archive.infolist())
    if whole > max(_HARMLESS, _MOST_TIMES * packed):
        raise _grows(name)


def _grows(name: str) -> SourceError:
    return SourceError(
        f"{name}: unpacked, it is more than {_MOST_TIMES} times as large, as no table is. Unpack it yourself if you "
        "trust it, and name the file."
    )


def _copy(source: IO[bytes] | gzip.GzipFile, out: IO[bytes], packed: int, name: str) -> None:
    written = 0
    while block := source.read(_BLOCK):
        written += len(block)
        if written > max(_HARMLESS, _MOST_TIMES * packed):
            raise _grows(name)
        out.write(block)
    if not written:
        raise SourceError(f"{name}: the file in it is empty (0 bytes). Export it again.")


def _beside(file: Path, folder: Path) -> Path:
    folder.mkdir(parents=True)
    return folder / file.name


def _from_json(file: Path, folder: Path, encoding: str) -> Path:
    """Write JSON lines as CSV: numbers as they are written, nothing and null as an empty field."""
    copy, body = _beside(file, folder), folder / "rows"
    names: dict[str, None] = {}
    try:
        with body.open("w", encoding="utf-8", newline="") as out:
            rows = csv.writer(out)
            for row in _objects(file, encoding):
                for name in row:
                    names.setdefault(name, None)
                rows.writerow([row.get(name, "") for name in names])
        if not names:
            raise SourceError(f"{file.name}: there is no column in it. Each line is an object, such as {_EXAMPLE}.")
        with copy.open("w", encoding="utf-8", newline="") as out, body.open(encoding="utf-8", newline="") as rows_in:
            rows = csv.writer(out, lineterminator="\n", quoting=csv.QUOTE_ALL)
            rows.writerow(names)
            for fields in csv.reader(rows_in):
                rows.writerow([*fields, *[""] * (len(names) - len(fields))])
    except UnicodeError as error:
        raise SourceError(f"{file.name} is not {encoding}: {error}. Try another encoding.") from error
    finally:
        body.unlink(missing_ok=True)
    return copy


_EXAMPLE = '{"customer_id": "K1", "order_ts": "2024-01-05", "amount": 10.50}'


def _objects(file: Path, encoding: str) -> Iterator[Mapping[str, str]]:
    ended = 0
    with file.open(encoding="utf-8-sig" if encoding.lower().replace("-", "") == "utf8" else encoding) as lines:
        for number, line in enumerate(lines, 1):
            if not line.strip():
                ended = ended or number
                continue
            if ended:
                raise SourceError(f"{file.name}, row {ended}: the line is empty. Take it out.")
            place = f"{file.name}, row {number}"
            try:
                unique = partial(_unique, place=place)
                row = json.loads(line, parse_float=str, parse_int=str, parse_constant=str, object_pairs_hook=unique)
            except json.JSONDecodeError as error:
                raise SourceError(f"{place}: this is no JSON ({error.msg}). Each line is an object, such as "
                                  f"{_EXAMPLE}.") from error  # fmt: skip
            except RecursionError as error:
                raise SourceError(f"{place}: the object is nested too deep to be a row of a table.") from error
            if not isinstance(row, dict):
                raise SourceError(f"{place}: expected an object, such as {_EXAMPLE}; this is a {_kind(row)}.")
            yield {name: _text(value) for name, value in row.items()}


def _kind(value: Any) -> str:
    return "list" if isinstance(value, list) else "single value"


def _unique(pairs: list[tuple[str, Any]], place: str) -> dict[str, Any]:
    row = dict(pairs)
    if len(row) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise SourceError(f"{place}: {twice!r} is there twice. Take one of them out.")
    return row


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
