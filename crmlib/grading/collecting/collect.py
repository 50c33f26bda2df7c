"""What a class has handed in: which file is whose, and when it came."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from crmlib.errors import GradingError
from crmlib.files import digest
from crmlib.grading.collecting.archives import Budget, members
from crmlib.grading.collecting.owners import PlatformName, owner, owner_of
from crmlib.grading.collecting.times import Times, moment_of, times_of
from crmlib.words import printable

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable, Iterator

    from crmlib.grading.collecting.owners import Owner
    from crmlib.grading.spec.roster import Roster

__all__ = ["Candidate", "collect", "owner_of"]

_NOTEBOOKS = (".ipynb", ".py")
_OTHER_ARCHIVES = (".rar", ".7z", ".tar", ".gz", ".tgz")
_STAMP = "timestamp.txt"  # nbgrader's
_MOST_FILES = 100_000
_MOST_STAMP = 100


@dataclass(frozen=True)
class Candidate:
    """A file that may be somebody's submission.

    Attributes
    ----------
    place
        Where it was found, below the folder of submissions and through archives.
    path
        Where its content is; None if it cannot be had.
    student_id
        Whose it is.
    known
        Whether the roster has this student (True where there is no roster).
    submitted_at
        When it came; None if nothing says so.
    clock
        What says so.
    notes
        What was noticed, in plain words.
    platform
        What a learning platform says in the file's name; None where it has no such form.
    """

    place: str
    path: Path | None
    student_id: str
    known: bool
    submitted_at: dt.datetime | None = None
    clock: str = ""
    notes: tuple[str, ...] = field(default=())
    platform: PlatformName | None = None


def collect(
    folder: Path,
    into: Path,
    roster: Roster,
    *,
    timezone: str | dt.tzinfo = "UTC",
    exercise: str = "",
    times: Times | None = None,
) -> list[Candidate]:
    """Find every file that may be a submission, whose it is, and when it came.

    Folders of any shape are read: a folder or a file a student, nbgrader's, the downloads of Moodle and Canvas, and zip
    archives of any of them. Nothing outside the folder is read: links are left out.

    Parameters
    ----------
    folder
        Of the submissions, or one zip archive of them.
    into
        Where files out of archives are put, under names of our own.
    roster
        The class; without students each file names its own.
    timezone
        What times without an offset mean.
    exercise
        The exercise's name, which is nobody's sign.
    times
        When submissions came, from `times.read_times`; by default, from a ``submissions.csv`` in the folder.

    Raises
    ------
    GradingError
        The folder is not there or holds no notebook, or files of two people of a platform would be one student's.
    """
    if not folder.exists():
        raise GradingError(f"There is no folder {folder} of submissions.")
    zone = ZoneInfo(timezone) if isinstance(timezone, str) else timezone
    if times is None:
        times = times_of(folder, zone, roster) if folder.is_dir() else Times()
    files, stamps = [], {}
    for place, path, notes in _files(folder, into):
        if place.rsplit("/", 1)[-1] == _STAMP:
            stamps[place.removesuffix(_STAMP)] = path
        else:
            files.append((place, path, notes))
    candidates = []
    for place, path, notes in files:
        whose = owner(place, roster, exercise)
        when, source = _when(place, whose, times, stamps, zone)
        candidates.append(
            Candidate(place, path, whose.student_id, whose.known, when, source, (*notes, *whose.doubts), whose.platform)
        )
    if not candidates:
        raise GradingError(
            f"{folder} holds no notebook: a submission is an .ipynb file, in a folder of its student or named after "
            "them, or in a zip archive."
        )
    _one_person_each(candidates)
    return candidates


def _one_person_each(candidates: Iterable[Candidate]) -> None:
    """Refuse two people of a platform for one student: one of them would get the other's marks."""
    first: dict[tuple[str, str], Candidate] = {}
    for candidate in sorted(candidates, key=lambda file: file.place):
        field = candidate.platform
        if field is None or not candidate.known or not field.number:
            continue
        earlier = first.setdefault((candidate.student_id, field.platform), candidate)
        if earlier.platform is not None and earlier.platform.number != field.number:
            raise GradingError(
                f"{earlier.place} and {candidate.place} are files of two people, {earlier.platform.name} "
                f"({earlier.platform.number}) and {field.name} ({field.number}), and both would be "
                f"{candidate.student_id}'s: add a column {field.platform}_id to the roster."
            )


_File = tuple[str, "Path | None", tuple[str, ...]]


def _files(folder: Path, into: Path) -> Iterator[_File]:
    if folder.is_file():
        yield from _unpacked(folder, "", into)
        return
    seen = 0
    for here, folders, names in os.walk(folder):  # follows no links
        folders[:] = sorted(name for name in folders if not name.startswith((".", "__MACOSX")))
        for name in sorted(names):
            seen += 1
            if seen > _MOST_FILES:
                raise GradingError(f"{folder} holds more than {_MOST_FILES:,} files: that is no folder of submissions.")
            path = Path(here) / name
            place = path.relative_to(folder).as_posix()
            lower = name.lower()
            if name.startswith(".") or not (lower == _STAMP or lower.endswith((*_NOTEBOOKS, ".zip", *_OTHER_ARCHIVES))):
                continue
            if not stat.S_ISREG(path.lstat().st_mode):
                yield place, None, ("a link or a device, not a file: it was left out",)
            elif lower.endswith(".zip"):
                yield from _unpacked(path, f"{place}/", into)
            elif lower.endswith(_OTHER_ARCHIVES):
                yield place, None, ("this kind of archive is not opened: send a .zip or the notebook itself",)
            else:
                yield place, path, ()


def _unpacked(archive: Path, prefix: str, into: Path) -> Iterator[_File]:
    for member in members(archive, into / digest(str(archive))[:16], wanted=(*_NOTEBOOKS, _STAMP), budget=Budget()):
        name = printable(member.name.replace("\\", "/"), "?")[:300]
        yield f"{prefix}{name}", member.path, member.notes


def _when(
    place: str, whose: Owner, times: Times, stamps: dict[str, Path | None], zone: dt.tzinfo
) -> tuple[dt.datetime | None, str]:
    """Say when a file came: by the platform's word only. A file's own time is when it was copied, or what was set."""
    parts = place.split("/")
    for key in (place, *("/".join(parts[:end]) for end in range(len(parts) - 1, 0, -1)), parts[0].rsplit(".", 1)[0]):
        if key in times.by_place:
            return times.by_place[key], times.source
    if whose.known and whose.student_id in times.by_student:
        return times.by_student[whose.student_id], times.source
    # what a student packed, or a platform names, may hold a stamp of the student's own making
    theirs = whose.platform is not None or any(part.lower().endswith(".zip") for part in parts[whose.depth :])
    stamp = None if theirs else stamps.get("/".join(parts[:-1]) + "/" if len(parts) > 1 else "")
    if stamp is not None:
        with stamp.open(encoding="utf-8", errors="replace") as file:
            if (moment := moment_of(file.read(_MOST_STAMP), zone)) is not None:
                return moment, _STAMP
    return None, ""
