"""The files of an export: always the same bytes, none longer than its platform takes, with a list of what they hold."""

from __future__ import annotations

import csv
import io
import json
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crmlib.csv_out import defused
from crmlib.errors import CrmlibError
from crmlib.files import checksum
from crmlib.words import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    import pandas as pd

__all__ = ["File", "as_json", "batches", "csv_file", "csv_files", "in_utc", "utc", "write_folder"]


@dataclass(frozen=True)
class File:
    """A file to be written.

    Attributes
    ----------
    name
        Of the file, in the export's folder.
    content
        Its bytes.
    rows
        How many people, entries or events it holds.
    purpose
        What it is for, in a few words.
    """

    name: str
    content: bytes
    rows: int
    purpose: str

    def told(self) -> dict[str, Any]:
        """Return the line of the manifest."""
        return {
            "name": self.name,
            "purpose": self.purpose,
            "rows": self.rows,
            "bytes": len(self.content),
            "sha256": checksum(self.content),
        }


def csv_file(rows: Iterable[Mapping[str, Any]], columns: Sequence[str]) -> bytes:
    r"""Write rows as CSV in UTF-8, as RFC 4180 has it; cells that a spreadsheet would run are defused.

    There is no byte order mark: an importer would take it for a part of the first column's name.

    Parameters
    ----------
    rows
        Column -> value.
    columns
        Which, and in which order.

    Raises
    ------
    CrmlibError
        No row has one of the columns: its name is misspelt.

    Examples
    --------
    >>> csv_file([{"email": "a@example.com", "name": "=1+1"}], ["email", "name"])
    b"email,name\r\na@example.com,'=1+1\r\n"
    """
    rows = list(rows)
    names = dict.fromkeys(name for row in rows for name in row)
    if rows and (missing := next((name for name in columns if name not in names), None)) is not None:
        raise CrmlibError(f"csv_file: no row has a column {missing!r}. {did_you_mean(missing, names)}")
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(columns)
    for row in rows:
        writer.writerow([defused("" if row.get(name) is None else row[name]) for name in columns])
    return out.getvalue().encode("utf-8")


def csv_files(
    rows: Sequence[Mapping[str, Any]], columns: Sequence[str], name: str, *, most: int, purpose: str
) -> Iterator[File]:
    """Write rows as CSV files of at most so many rows.

    Parameters
    ----------
    rows, columns
        As for `csv_file`.
    name
        Of the files; a number follows.
    most
        Rows in one file.
    purpose
        For the manifest.
    """
    for number, start in enumerate(range(0, len(rows), most), 1):
        part = rows[start : start + most]
        yield File(f"{name}-{number:03d}.csv", csv_file(part, columns), len(part), purpose)


def as_json(value: Any) -> bytes:
    """Write JSON without spaces, letters as they are.

    Examples
    --------
    >>> as_json({"città": 1}).decode()
    '{"città":1}'
    """
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode("utf-8")


def batches(
    items: Iterable[Any], wrap: Callable[[list[Any]], Any], *, most: int, most_bytes: int
) -> Iterator[tuple[list[Any], bytes]]:
    """Part items into requests that a platform takes.

    Sizes are those of JSON at its longest, with spaces and escaped letters, for that is how the official clients send
    it.

    Parameters
    ----------
    items
        JSON values.
    wrap
        Makes a request of some of them.
    most, most_bytes
        Items and bytes in one request.

    Examples
    --------
    >>> [len(items) for items, _ in batches(range(5), lambda some: {"data": some}, most=2, most_bytes=99)]
    [2, 2, 1]
    >>> [body for _, body in batches(["aa", "bb"], lambda some: some, most=9, most_bytes=12)]
    [b'["aa"]', b'["bb"]']
    """
    frame = _length(wrap([]))
    some: list[Any] = []
    size = frame
    for item in items:
        more = _length(item) + len(", ")
        if some and (len(some) == most or size + more > most_bytes):
            yield some, as_json(wrap(some))
            some, size = [], frame
        some.append(item)
        size += more
    if some:
        yield some, as_json(wrap(some))


def _length(value: Any) -> int:
    return len(json.dumps(value))


def utc(when: Any, zone: str) -> str:
    """Write a time of the shop's clock as ISO 8601 in UTC.

    Parameters
    ----------
    when
        Without a time zone. Of an hour that a clock set back shows twice it is the first; one that a clock set forward
        leaves out is the next.
    zone
        The shop's, as IANA names it.

    Examples
    --------
    >>> utc("2026-07-02 09:00", "Europe/Rome")
    '2026-07-02T07:00:00Z'
    """
    return f"{in_utc(when, zone):%Y-%m-%dT%H:%M:%SZ}"


def in_utc(when: Any, zone: str) -> pd.Timestamp:
    """Bring a time of the shop's clock to UTC.

    Parameters
    ----------
    when, zone
        As for `utc`.
    """
    import pandas as pd

    return pd.Timestamp(when).tz_localize(zone, ambiguous=True, nonexistent="shift_forward").tz_convert("UTC")


def write_folder(target: Path, contents: Mapping[str, bytes]) -> None:
    """Write a folder that is whole or not there at all.

    Parameters
    ----------
    target
        A new folder, or an empty one.
    contents
        File -> bytes.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    made = Path(tempfile.mkdtemp(dir=target.parent, prefix=f".{target.name}."))
    try:
        for name, content in contents.items():
            (made / name).write_bytes(content)
        made.chmod(0o755)  # mkdtemp makes folders that only their owner can enter
        if target.exists():
            target.rmdir()
        made.rename(target)
    except BaseException:
        shutil.rmtree(made, ignore_errors=True)
        raise
