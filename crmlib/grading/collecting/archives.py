"""Zip archives that students and learning platforms send: read member by member, never unpacked by their names."""

from __future__ import annotations

import stat
import zipfile
import zlib
from dataclasses import dataclass, field
from typing import IO, TYPE_CHECKING

from crmlib.files import digest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["Budget", "Member", "members"]

_CHUNK = 1 << 20


@dataclass
class Budget:
    """What one archive may cost: a bomb ends here, and only it.

    Attributes
    ----------
    entries
        How many members, those of archives inside it included.
    bytes
        What may be unpacked in all.
    member_bytes
        What one member may hold.
    depth
        How deep archives may lie in archives.
    """

    entries: int = 20_000
    bytes: int = 4_000_000_000
    member_bytes: int = 400_000_000
    depth: int = 2


@dataclass(frozen=True)
class Member:
    """A file out of an archive.

    Attributes
    ----------
    name
        What the archive calls it; for people to read, never a path to write to.
    path
        Where its content is; None if it was not taken.
    notes
        Why it was not taken, in plain words.
    """

    name: str
    path: Path | None = None
    notes: tuple[str, ...] = field(default=())


def members(archive: Path, into: Path, *, wanted: tuple[str, ...], budget: Budget | None = None) -> Iterator[Member]:
    """Take the wanted files out of an archive; each lands under the hash of its name, so no name leads elsewhere.

    Parameters
    ----------
    archive
        A zip file, whatever it holds.
    into
        The folder to write to.
    wanted
        The ends of names that are taken, such as ``.ipynb``; archives inside are looked into as well.
    budget
        What it may cost.
    """
    yield from _members(archive, _Unpacking(into, wanted, budget or Budget()), prefix="", depth=1)


@dataclass(frozen=True)
class _Unpacking:
    """What holds for an archive and those inside it."""

    into: Path
    wanted: tuple[str, ...]
    budget: Budget


def _members(archive: Path, how: _Unpacking, *, prefix: str, depth: int) -> Iterator[Member]:
    try:
        opened = zipfile.ZipFile(archive)
    except (OSError, zipfile.BadZipFile, ValueError, NotImplementedError) as error:
        yield Member(prefix or archive.name, notes=(f"the archive cannot be opened ({error}): send it again",))
        return
    with opened:
        for entry in opened.infolist():
            how.budget.entries -= 1
            if how.budget.entries < 0:
                yield Member(prefix or archive.name, notes=("the archive holds too many files; the rest was left out",))
                return
            name = f"{prefix}{entry.filename}"
            ending = next((end for end in (*how.wanted, ".zip") if entry.filename.lower().endswith(end)), None)
            if entry.is_dir() or ending is None or _is_clutter(entry.filename):
                continue
            yield from _taken(opened, entry, name, how, ending=ending, depth=depth)


def _taken(
    opened: zipfile.ZipFile, entry: zipfile.ZipInfo, name: str, how: _Unpacking, *, ending: str, depth: int
) -> Iterator[Member]:
    if stat.S_ISLNK(entry.external_attr >> 16):
        yield Member(name, notes=("a link, not a file: it was left out",))
        return
    if ending == ".zip" and depth >= how.budget.depth:
        yield Member(name, notes=("an archive inside an archive inside an archive: it was left out",))
        return
    how.into.mkdir(parents=True, exist_ok=True)
    path = how.into / f"{digest(str(opened.filename), name)[:24]}{ending}"
    try:
        with opened.open(entry) as source, path.open("wb") as target:
            whole = _copy(source, target, how.budget)
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError, NotImplementedError, ValueError) as error:
        path.unlink(missing_ok=True)  # RuntimeError: encrypted; NotImplementedError: an unknown compression
        yield Member(name, notes=(f"this file cannot be taken out of the archive ({error})",))
        return
    if not whole:
        path.unlink()
        yield Member(name, notes=("this file is too large once unpacked: it was left out",))
    elif ending == ".zip":
        yield from _members(path, how, prefix=f"{name}/", depth=depth + 1)
        path.unlink()
    else:
        yield Member(name, path)


def _copy(source: IO[bytes], target: IO[bytes], budget: Budget) -> bool:
    """Copy within the budget; what the archive's own headings say about sizes is not believed."""
    left = min(budget.member_bytes, budget.bytes)
    while chunk := source.read(_CHUNK):
        left -= len(chunk)
        budget.bytes -= len(chunk)
        if left < 0:
            return False
        target.write(chunk)
    return True


def _is_clutter(name: str) -> bool:
    parts = name.replace("\\", "/").split("/")
    return any(part in {"__MACOSX", ".ipynb_checkpoints"} or part.startswith("._") for part in parts)
