"""Typed orders kept in a folder: Parquet parts, and a manifest that is replaced whole."""

from __future__ import annotations

import contextlib
import os
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from crmlib.engine import DuckDB, Table, literal
from crmlib.errors import SourceError
from crmlib.ledger import Finding, Ledger

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from crmlib.sources import Raw

__all__ = ["FileMark", "Kept", "Store", "summed"]

_MANIFEST = "manifest.json"


class FileMark(msgspec.Struct, frozen=True):
    """What tells whether a file is as it was.

    Attributes
    ----------
    size, mtime_ns, sha256
        Bytes, time of the last change, checksum of the content.
    """

    size: int
    mtime_ns: int
    sha256: str


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """What a folder holds, as its manifest says: the rows of files, or of a database's days that are over.

    Attributes
    ----------
    parts
        Names of the Parquet files.
    columns
        The source's columns and types.
    rows_read, findings, matched, numbered
        What the ledger was told when they were read.
    files
        Path -> what tells whether it is as it was.
    settled
        Rows before this moment of the database's clock are kept.
    tally
        Their number and checksum, as the database computes it.
    """

    parts: tuple[str, ...] = ()
    columns: dict[str, str] = {}
    rows_read: int = 0
    findings: tuple[Finding, ...] = ()
    matched: dict[str, str] = {}
    numbered: bool = False
    files: dict[str, FileMark] = {}
    settled: str | None = None
    tally: tuple[int, str] = (0, "0")


@dataclass
class Store:
    """The folder of one source, read in one way.

    Attributes
    ----------
    folder
        Where it is.
    engine
        Where tables go.
    read
        What types and checks rows.
    why
        Why all has to be read again; nothing where it has not.
    fresh
        How many rows came from the source.
    """

    folder: Path
    engine: DuckDB
    read: Callable[[Raw, Ledger], Table]
    why: str = ""
    fresh: int = 0
    _new: list[str] = field(default_factory=list)

    def load(self) -> Kept:
        """Read the manifest; a folder that is damaged holds nothing."""
        try:
            kept = msgspec.json.decode((self.folder / _MANIFEST).read_bytes(), type=Kept, strict=False)
        except FileNotFoundError:
            return Kept()
        except (OSError, msgspec.MsgspecError):
            self.why = "the cache's manifest cannot be read"
            return Kept()
        if not all((self.folder / part).is_file() for part in kept.parts):
            self.why = "a part of the cache is gone"
            return Kept()
        return kept

    def add(self, kept: Kept, raw: Raw) -> Kept:
        """Type rows, and write them beside those that are kept; nothing refers to them until `save`.

        Parameters
        ----------
        kept
            What is kept so far.
        raw
            The rows.
        """
        count = len(raw.table)
        if not count:
            return kept
        self.fresh += count
        ledger = Ledger()
        table = self.read(raw, ledger)
        handle, path = tempfile.mkstemp(dir=self.folder, prefix="orders-", suffix=".parquet")
        os.close(handle)
        self._new.append(Path(path).name)
        self.engine.rows(f"copy {table.name} to {literal(path)} (format parquet)")
        return msgspec.structs.replace(
            kept,
            parts=(*kept.parts, Path(path).name),
            columns=dict(raw.table.types),
            rows_read=kept.rows_read + count,
            findings=summed(kept.findings, ledger.findings),
            matched={**kept.matched, **ledger.matched},
            numbered=kept.numbered or ledger.numbered,
        )

    def save(self, kept: Kept) -> None:
        """Write the manifest, whole or not at all; then forget the parts that it does not name.

        Parameters
        ----------
        kept
            What is kept now.
        """
        handle, path = tempfile.mkstemp(dir=self.folder, prefix=".manifest-")
        with os.fdopen(handle, "wb") as file:
            file.write(msgspec.json.format(msgspec.json.encode(kept), indent=1))
            file.flush()
            os.fsync(file.fileno())
        Path(path).replace(self.folder / _MANIFEST)
        self._new.clear()
        for part in self.folder.glob("orders-*.parquet"):
            if part.name not in kept.parts:
                part.unlink()

    def rows(self, kept: Kept) -> list[str]:
        """Return the SQL relations of what is kept: one, or none.

        Parameters
        ----------
        kept
            What is kept.
        """
        files = ", ".join(literal(str(self.folder / part)) for part in kept.parts)
        return [f"read_parquet([{files}], union_by_name=true)"] if files else []

    @contextlib.contextmanager
    def alone(self) -> Iterator[None]:
        """Let one process at a time look into the folder and add to it; others wait. What is not saved goes."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            lock = (self.folder / "lock").open("w")
        except OSError as error:
            raise SourceError(f"cache: {self.folder} cannot be written to ({error.strerror}).") from error
        with lock:
            try:
                import fcntl

                fcntl.flock(lock, fcntl.LOCK_EX)
            except ImportError:  # Windows has no such lock
                pass
            try:
                yield
            finally:
                for name in self._new:
                    (self.folder / name).unlink(missing_ok=True)


def summed(before: Iterable[Finding], after: Iterable[Finding]) -> tuple[Finding, ...]:
    """Add up findings of the same kind.

    Parameters
    ----------
    before, after
        From two readings.

    Examples
    --------
    >>> summed([Finding("rows read", 5)], [Finding("rows read", 2), Finding("cancelled rows: dropped", 1, 9.5)])
    (Finding(finding='rows read', rows=7, amount=None), Finding(finding='cancelled rows: dropped', rows=1, amount=9.5))
    """
    total = {each.finding: each for each in before}
    for each in after:
        known = total.get(each.finding, Finding(each.finding, 0))
        amounts = [amount for amount in (known.amount, each.amount) if amount is not None]
        total[each.finding] = Finding(each.finding, known.rows + each.rows, round(sum(amounts), 4) if amounts else None)
    return tuple(total.values())
