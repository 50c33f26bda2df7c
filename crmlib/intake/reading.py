"""A list of contacts from anywhere -> rows under our names, with the file and row that each came from."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from crmlib.engine import DuckDB, quote
from crmlib.errors import SchemaError, SourceError
from crmlib.intake.mail_files import is_mail, read_mails
from crmlib.shop.schema import TABLES, match_columns
from crmlib.sources import Raw, Reading, read
from crmlib.sources.files import ending, matching, refuse_repeated, separator
from crmlib.sources.unpacking import TEXTS
from crmlib.words import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from crmlib import policy as policies

__all__ = ["FILE", "ROW", "Rows", "read_contacts"]

#: Where a row came from.
FILE, ROW = "source_file", "source_row"
_NAMES = [column.name for column in TABLES["contacts"]]
_WHO = ("first_name", "last_name", "full_name", "email", "phone")
_WIDEST = 1 << 30  # no field is too long to be set aside


@dataclass(frozen=True)
class Rows:
    """Contacts as they came.

    Attributes
    ----------
    table
        Columns under our names, the others as they were called, and `FILE` and `ROW`.
    rejects
        Rows that could not be told apart into columns: `FILE`, `ROW`, reason, content.
    matched
        Columns that were recognised by a usual spelling: our name -> name in the source.
    are_mail
        Whether the source is mail, rather than a list.
    """

    table: pd.DataFrame
    rejects: pd.DataFrame
    matched: dict[str, str]
    are_mail: bool = False


def read_contacts(source: Any, columns: Mapping[str, str], reading: Reading, rules: policies.Intake) -> Rows:
    """Read contacts from a DataFrame, a CSV or Parquet file, a glob, a folder, a database file, or mail.

    Parameters
    ----------
    source
        As `crmlib.open_shop` takes it, or mail as `crmlib.intake.mail_files.is_mail` tells it. Among several tables,
        the one called contacts is taken.
    columns
        The caller's word: our name -> name in the source.
    reading
        How text is to be read.
    rules
        Which mailboxes are everybody's.

    Raises
    ------
    CrmlibError
        The source cannot be read, or a column could be meant twice, or nothing tells who the contacts are.
    """
    if is_mail(source):
        mails, broken = read_mails(source, rules)
        return Rows(mails, _rejects(broken), {}, are_mail=True)
    engine = _engine()
    raw, rejects = _raw(source, engine, reading)
    found = match_columns(raw.names, TABLES["contacts"], mapped=dict(columns), place=raw.label)
    renamed = {
        name: source for name, source in _names_alone(found, columns).items() if name != source or name in _NAMES
    }
    if not any(name in renamed for name in _WHO):
        hint = did_you_mean("email", raw.names)
        raise SchemaError(
            f"{raw.label}: no column for a name, an email or a phone. {hint} Say which it is: "
            "columns={'email': '...'}."
        )
    matched = {name: there for name, there in renamed.items() if name != there and name not in columns}
    table = _table(raw, {there: name for name, there in renamed.items()}, engine)
    return Rows(table, rejects, matched)


@cache
def _engine() -> DuckDB:
    """Return the engine that lists visit on their way; one a process, for each takes a while to start."""
    return DuckDB()


def _names_alone(found: Mapping[str, str], columns: Mapping[str, str]) -> dict[str, str]:
    """Tell what "name" means: beside a family name it is the given one, alone it is the whole."""
    found = dict(found)
    told = columns.keys()
    if "first_name" in found and "last_name" not in found and "first_name" not in told and "full_name" not in found:
        if found["first_name"].casefold() in {"nome", "first"}:
            found["full_name"] = found.pop("first_name")
    elif "full_name" in found and "last_name" in found and "first_name" not in found and "full_name" not in told:
        found["first_name"] = found.pop("full_name")
    return found


def _raw(source: Any, engine: DuckDB, reading: Reading) -> tuple[Raw, pd.DataFrame]:
    """Return the source's contacts unread; of a CSV list with broken rows, the sound ones and the broken ones."""
    if (
        isinstance(source, str)
        and "://" in source
        and not source.startswith(("s3://", "gs://"))
        and "table=" not in source
    ):
        source = f"{source}{'&' if '?' in source else '?'}table=contacts"
    try:
        tables = read(source, engine, reading)[1]
    except SourceError as error:
        split = None if not isinstance(source, str | Path) or "://" in str(source) else _split(source, reading.encoding)
        if split is None:
            # the readers were written for orders
            raise SourceError(str(error).replace("open_shop(", "clean_contacts(")) from error
        sound, rejects = split
        return next(iter(read(sound, engine, reading)[1].values())), rejects
    if len(tables) > 1:
        named: str | None = next((name for name in ("contacts", "contacts_raw") if name in tables), None)
        if named is None and "orders" in tables and "table=" in str(source):
            named = "orders"  # the readers' name for the table that was asked for
        if named is None:
            raise SchemaError(f"None of the tables is called contacts. There are: {', '.join(tables)}. Give one alone.")
        tables = {named: tables[named]}
    return next(iter(tables.values())), _rejects([])


def _table(raw: Raw, names: Mapping[str, str], engine: DuckDB) -> pd.DataFrame:
    """Bring the rows here in their order, all text as text, with the file and row of each."""
    picked = [f"{quote(there)} as {quote(names.get(there, there))}" for there in raw.names]
    labels = set(raw.names)
    if not {FILE, ROW} <= labels:
        file = quote(raw.file_column) if raw.file_column else None
        picked = [column for column, there in zip(picked, raw.names, strict=True) if there not in {FILE, ROW}]
        where = f"parse_filename({file})" if file else f"'{raw.label.replace(chr(39), chr(39) * 2)}'"
        partition = f"partition by {file} " if file else ""
        picked.append(f"{where} as {FILE}")
        picked.append(f"row_number() over ({partition}order by rowid) - 1 + {raw.first_row} as {ROW}")
    return engine.frame(f"select {', '.join(picked)} from {quote(raw.table.name)} order by rowid")


def _split(source: str | Path, encoding: str) -> tuple[pd.DataFrame, pd.DataFrame] | None:
    """Tell a CSV list's sound rows from those with too many or too few fields, or ``None`` where it cannot be done."""
    files = matching(str(source), ()) if not Path(source).is_dir() else []
    if not files or any(ending(file) not in TEXTS for file in files):
        return None
    broken: list[tuple[str, int, str, str]] = []
    limit = csv.field_size_limit(_WIDEST)
    try:
        sound = [_sound(file, encoding, broken) for file in files]
    except (csv.Error, UnicodeError):
        return None  # a quote that is never closed, another encoding: the reader's error says where
    finally:
        csv.field_size_limit(limit)
    return pd.concat(sound, ignore_index=True), _rejects(broken)


def _sound(file: Path, encoding: str, broken: list[tuple[str, int, str, str]]) -> pd.DataFrame:
    mark = separator(file)
    with file.open(encoding="utf-8-sig" if encoding.lower() in {"utf-8", "utf8"} else encoding, newline="") as text:
        rows: Iterator[list[str]] = csv.reader(text, delimiter=mark, strict=True)
        header = next(rows)
        first_row = 2
        if mark.join(header).lower() == f"sep={mark}":  # a line by which spreadsheets say what separates the columns
            header, first_row = next(rows), 3
        refuse_repeated(header, file.name)
        kept = []
        for number, row in enumerate(rows, first_row):
            if len(row) == len(header):
                kept.append([*(value or None for value in row), file.name, number])
            elif row:
                reason = f"{len(row)} fields, where the first line names {len(header)} columns"
                broken.append((file.name, number, reason, mark.join(row)))
    return pd.DataFrame(kept, columns=[*header, FILE, ROW])


def _rejects(rows: list[tuple[str, int, str, str]]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=[FILE, ROW, "reason", "content"])
    return frame.astype({FILE: "str", ROW: "int64", "reason": "str", "content": "str"})
