"""Orders that were read before are kept, typed, as Parquet; of a source that has grown only what is new is read.

What is kept of files are their rows, file by file: size and time of each tell that it is as it was, and where only the
time differs, its checksum. What is kept of a database are the days that are over: their number of rows and a checksum,
computed by the database, tell that they are as they were; the last day is always read again. Whatever differs leads to
reading the whole source, with a sentence that says why. See docs/decisions/0021.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from crmlib import __version__
from crmlib.engine import DuckDB, Table
from crmlib.errors import SourceError
from crmlib.ledger import Ledger
from crmlib.order_cache import FileMark, Kept, Store, summed
from crmlib.order_lines import lines
from crmlib.sources import SOURCES, Raw, Reading, Wanted, without_password
from crmlib.sources.files import matching, short_name, table_of
from crmlib.sources.later import read_later

if TYPE_CHECKING:
    from collections.abc import Mapping

    from crmlib import policy

__all__ = ["Grown", "can_keep", "read_grown"]

_COMPARED = "duplicate_rows = 'drop' compares all rows with each other"


@dataclass(frozen=True)
class Grown:
    """A source, of which only what is new was read.

    Attributes
    ----------
    name
        A short name.
    raw
        Its tables by name; of the orders perhaps only what is new.
    lines
        All order lines, kept and new, as `crmlib.order_lines.lines` gives them.
    ledger
        What was found in all of them.
    said
        What was read, in a sentence.
    """

    name: str
    raw: dict[str, Raw]
    lines: Table
    ledger: Ledger
    said: str


def can_keep(source: object) -> bool:
    """Say whether a source is one whose orders can be kept: files of orders, or a database server.

    Parameters
    ----------
    source
        As for `crmlib.open_shop`.

    Examples
    --------
    >>> can_keep("orders/*.parquet"), can_keep("postgresql://ann@db.example/shop"), can_keep("cdnow")
    (True, True, False)
    """
    if not isinstance(source, str | Path) or str(source) in SOURCES:
        return False
    scheme, separator, _ = str(source).partition("://")
    if separator:
        return scheme not in {"duckdb", "sqlite", "s3", "gs", "spark", "sc", "http", "https", "ftp", "file"}
    return not Path(source).expanduser().is_dir()


def read_grown(
    source: str | Path, folder: str | Path, *, reading: Reading, wanted: Wanted, rules: policy.Orders
) -> Grown:
    """Read what is new of a source, and keep it for the next time.

    Parameters
    ----------
    source
        Files of orders, or a database server.
    folder
        Where orders are kept; each source, and each way of reading it, has a folder of its own in it.
    reading, wanted, rules
        How it is read: another way is kept apart.

    Raises
    ------
    SourceError
        A source of another kind, or a folder that cannot be written to.
    """
    if not can_keep(source):
        shown = without_password(str(source)) if isinstance(source, str | Path) else f"a {type(source).__name__}"
        raise SourceError(
            f"cache= keeps the orders of files (name them, such as 'orders/*.parquet') and of database servers, not of "
            f"{shown}. Leave it out."
        )

    def read(raw: Raw, ledger: Ledger) -> Table:
        return lines(raw, rules, wanted.columns, ledger)

    store = Store(_place(source, Path(folder), reading, wanted, rules), DuckDB(), read)
    with store.alone():
        reader = _from_server if "://" in str(source) else _from_files
        return reader(str(source), store, reading, wanted)


def _place(source: str | Path, folder: Path, reading: Reading, wanted: Wanted, rules: policy.Orders) -> Path:
    shown = without_password(str(source))
    if "://" not in shown:
        shown = str(Path(shown).expanduser().absolute())
    asked = [__version__, shown, msgspec.to_builtins(rules), dict(wanted.columns), wanted.query, vars(reading)]
    key = hashlib.sha256(msgspec.json.encode(asked, order="sorted")).hexdigest()[:12]
    last = re.split(r"[/\\]", shown.partition("?")[0].rstrip("/\\"))[-1]
    return folder.expanduser() / f"{re.sub(r'[^a-z0-9]+', '-', last.lower()).strip('-') or 'orders'}-{key}"


def _from_files(source: str, store: Store, reading: Reading, wanted: Wanted) -> Grown:
    found = {str(file.absolute()): file for file in matching(source, SOURCES)}
    kept = store.load()
    known = {name: _mark(file, kept.files.get(name)) for name, file in found.items()}
    store.why = store.why or _changed_files(kept, known, wanted)
    raw = None
    if not store.why and kept.parts:
        new = [found[name] for name in found if name not in kept.files]
        raw = table_of(new, store.engine, reading, wanted) if new else None
        if raw is not None and raw.table.types != kept.columns:
            store.why = f"{new[0].name} and those after it have other columns than the files before"
    if store.why or not kept.parts:
        kept = Kept()
        raw = table_of(list(found.values()), store.engine, reading, wanted)
        if not len(raw.table):
            store.read(raw, Ledger())  # says that there are no rows
    before = kept.rows_read
    if raw is not None:
        # orders without ids are numbered as if the files before had been read as well
        kept = store.add(kept, replace(raw, rows_before=kept.rows_read))
    kept = msgspec.structs.replace(kept, files=known)
    store.save(kept)
    found_rows = _gathered(store, kept, Ledger(), None)
    name = short_name(Path(source))
    return Grown(name, {"orders": raw or Raw(Path(source).name, found_rows[0])}, *found_rows, _said(store, before))


def _mark(file: Path, before: FileMark | None) -> FileMark:
    """Identify a file; one whose size and time are those of before is taken to be the same, and not read."""
    seen = file.stat()
    if before is not None and (seen.st_size, seen.st_mtime_ns) == (before.size, before.mtime_ns):
        return before
    with file.open("rb") as data:
        return FileMark(seen.st_size, seen.st_mtime_ns, hashlib.file_digest(data, "sha256").hexdigest())


def _changed_files(kept: Kept, known: Mapping[str, FileMark], wanted: Wanted) -> str:
    """Say why what is kept of files cannot stand; nothing where it can."""
    if not kept.parts:
        return ""
    gone = [name for name in kept.files if name not in known]
    if gone:
        return f"{Path(gone[0]).name} is gone"
    changed = [name for name, mark in kept.files.items() if known[name].sha256 != mark.sha256]
    if changed:
        return f"{Path(changed[0]).name} has changed"
    new = [name for name in known if name not in kept.files]
    if new and wanted.every_column:
        return _COMPARED
    names = list(known)
    if new and kept.numbered and names[: len(kept.files)] != list(kept.files):
        return f"{Path(new[0]).name} comes before files that are kept, and orders without ids are numbered in turn"
    return ""


def _from_server(source: str, store: Store, reading: Reading, wanted: Wanted) -> Grown:
    kept = store.load()
    if wanted.every_column:
        store.why = _COMPARED
    since = None if store.why else kept.settled
    later = read_later(source, store.engine, reading, wanted, since=since, tally=kept.tally)
    if later.since is not None and kept.parts and later.last_day.table.types != kept.columns:
        store.why = "its columns are others than before"
        later = read_later(source, store.engine, reading, wanted, since=None, tally=kept.tally)
    store.why = store.why or later.why
    if later.since is None:
        kept = Kept()
    before = kept.rows_read
    if later.days_over is not None:
        kept = store.add(kept, later.days_over)
    kept = msgspec.structs.replace(kept, settled=later.settled, tally=later.tally)
    today, rows = Ledger(), None
    if len(later.last_day.table) or not kept.parts:
        store.fresh += len(later.last_day.table)
        rows = store.read(later.last_day, today)
    store.save(kept)
    return Grown(later.name, later.tables, *_gathered(store, kept, today, rows), _said(store, before))


def _gathered(store: Store, kept: Kept, ledger: Ledger, rows: Table | None) -> tuple[Table, Ledger]:
    """Put what is kept and what is not together: the lines, and what was found in them."""
    relations = [*store.rows(kept), *([rows.name] if rows is not None else [])]
    table = store.engine.table(" union all by name ".join(f"select * from {each}" for each in relations))
    ledger.findings = list(summed(kept.findings, ledger.findings))
    ledger.matched = {**kept.matched, **ledger.matched}
    ledger.numbered = ledger.numbered or kept.numbered
    return table, ledger


def _said(store: Store, before: int) -> str:
    """Say what was read, and why all of it."""
    if store.why:
        return f"Cache: all {store.fresh:,} rows were read, because {store.why}."
    return f"Cache: {store.fresh:,} rows were read; {before:,} were kept from before."
