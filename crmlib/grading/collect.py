"""What a class has handed in: which file is whose, and when it came."""

from __future__ import annotations

import csv
import datetime as dt
import io
import os
import re
import stat
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from crmlib.errors import GradingError
from crmlib.grading.archives import Budget, members
from crmlib.suite.files import digest

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from crmlib.grading.roster import Roster, Student

__all__ = ["Candidate", "collect", "owner_of", "times_of"]

_NOTEBOOKS = (".ipynb", ".py")
_OTHER_ARCHIVES = (".rar", ".7z", ".tar", ".gz", ".tgz")
_MOST_FILES = 100_000
_MOODLE = re.compile(r"(?P<name>.+?)_(?P<id>\d+)_assignsubmission_\w+")
_CANVAS = re.compile(r"[a-z]+_(?:LATE_)?(?P<id>\d+)_\d+_")


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
    """

    place: str
    path: Path | None
    student_id: str
    known: bool
    submitted_at: dt.datetime | None = None
    clock: str = ""
    notes: tuple[str, ...] = field(default=())


def collect(folder: Path, into: Path, roster: Roster, *, timezone: str = "UTC") -> list[Candidate]:
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

    Raises
    ------
    GradingError
        The folder is not there, or holds no notebook.
    """
    if not folder.exists():
        raise GradingError(f"There is no folder {folder} of submissions.")
    times = times_of(folder, timezone) if folder.is_dir() else {}
    found = []
    for place, path, notes in _files(folder, into):
        student_id, known, doubt = owner_of(place, roster)
        when, says = _when(place, path, times, timezone)
        found.append(Candidate(place, path, student_id, known, when, says, (*notes, *doubt)))
    if not found:
        raise GradingError(
            f"{folder} holds no notebook: a submission is an .ipynb file, in a folder of its student or named after "
            "them, or in a zip archive."
        )
    return found


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
            if name.startswith(".") or not lower.endswith((*_NOTEBOOKS, ".zip", *_OTHER_ARCHIVES)):
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
    for member in members(archive, into / digest(str(archive))[:16], wanted=_NOTEBOOKS, budget=Budget()):
        yield f"{prefix}{_printable(member.name)}", member.path, member.notes


def _printable(name: str) -> str:
    return "".join(c if c.isprintable() else "?" for c in name.replace("\\", "/"))[:300]


def owner_of(place: str, roster: Roster) -> tuple[str, bool, tuple[str, ...]]:
    """Say whose file it is, by the folders and the name that the platform or the instructor gave it.

    The outermost part that names a student decides: what is deeper may have been named by the student.

    Parameters
    ----------
    place
        Below the folder of submissions.
    roster
        The class.

    Returns
    -------
    tuple
        The student's id, whether the roster has it, and doubts in plain words.

    Examples
    --------
    >>> from crmlib.grading.roster import Roster, Student
    >>> roster = Roster((Student(student_id="s01", name="Ada Byron", canvas_id="77"), Student(student_id="s02")))
    >>> owner_of("s02/copy of s01.ipynb", roster), owner_of("byronada_LATE_77_345_03_rfm.ipynb", roster)
    (('s02', True, ()), ('s01', True, ()))
    >>> owner_of("Ada Byron_4711_assignsubmission_file/rfm.ipynb", roster)[0]
    's01'
    """
    parts = place.split("/")
    if not roster.students:
        return _own_name(parts[0]), True, ()
    for part in parts:
        matches = sorted({student.student_id for student in _named(part, roster.students)})
        if len(matches) == 1:
            return matches[0], True, ()
        if matches:
            return _own_name(parts[0]), False, (f"{part!r} names more than one student: {', '.join(matches)}",)
    return _own_name(parts[0]), False, ("the roster has no student of this name",)


def _named(part: str, students: Iterable[Student]) -> list[Student]:
    stem = re.sub(r"\.(ipynb|py|zip)$", "", part, flags=re.IGNORECASE).strip()
    students = list(students)
    tests = (
        lambda s: stem.casefold() in {s.student_id.casefold(), s.email.casefold() or None},
        lambda s: bool(s.moodle_id) and (m := _MOODLE.fullmatch(stem)) is not None and m["id"] == s.moodle_id,
        lambda s: bool(s.canvas_id) and (m := _CANVAS.match(part)) is not None and m["id"] == s.canvas_id,
        lambda s: (
            re.search(rf"(?<![A-Za-z0-9]){re.escape(s.student_id)}(?![A-Za-z0-9])", stem, re.IGNORECASE) is not None
        ),
        lambda s: bool(s.name) and _words(m["name"] if (m := _MOODLE.fullmatch(stem)) else stem) == _words(s.name),
    )
    # the surest sign first: "s01 and s02.ipynb" in a folder "s01" is nobody's guess
    return next((found for test in tests if (found := [student for student in students if test(student)])), [])


def _words(name: str) -> list[str]:
    return sorted(re.findall(r"[^\W\d_]+", name.casefold()))


def _own_name(part: str) -> str:
    """Make an id of what nobody has named; two names that look alike stay two."""
    stem = re.sub(r"\.(ipynb|py|zip)$", "", part, flags=re.IGNORECASE)
    safe = re.sub(r"[^A-Za-z0-9._@+-]+", "-", stem).strip("-.")[:48]
    return safe if safe == stem else f"{safe or 'unnamed'}~{digest(stem)[:6]}"


def times_of(folder: Path, timezone: str) -> dict[str, dt.datetime]:
    """Read when submissions came from ``submissions.csv`` (columns ``file`` or ``student_id``, and ``submitted_at``).

    Parameters
    ----------
    folder
        Of the submissions; without such a file nothing is known.
    timezone
        What times without an offset mean.

    Raises
    ------
    GradingError
        A time cannot be read; it names the row.
    """
    path = folder / "submissions.csv"
    if not path.is_file():
        return {}
    times = {}
    try:
        rows = list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8-sig"))))
    except (OSError, UnicodeDecodeError) as error:
        raise GradingError(f"{path} cannot be read: {error}.") from None
    for number, row in enumerate(rows, start=2):
        key = row.get("file") or row.get("student_id")
        when = _moment(row.get("submitted_at") or "", timezone)
        if not key or when is None:
            raise GradingError(
                f"{path}, row {number}: file (or student_id) and submitted_at are needed, such as "
                "s01,2026-12-01T23:59:00+01:00."
            )
        times[key] = when
    return times


def _moment(text: str, timezone: str) -> dt.datetime | None:
    try:
        moment = dt.datetime.fromisoformat(text.strip())
    except ValueError:
        try:  # nbgrader's own form: 2026-12-01 10:00:00.123 UTC
            moment = dt.datetime.fromisoformat(text.strip().removesuffix("UTC").strip()).replace(tzinfo=dt.UTC)
        except ValueError:
            return None
    return moment if moment.tzinfo else moment.replace(tzinfo=ZoneInfo(timezone))


def _when(
    place: str, path: Path | None, times: dict[str, dt.datetime], timezone: str
) -> tuple[dt.datetime | None, str]:
    """Say when a file came: by the platform's word only. A file's own time is when it was copied, or what was set."""
    parts = place.split("/")
    for key in (place, *("/".join(parts[:end]) for end in range(len(parts) - 1, 0, -1)), parts[0].rsplit(".", 1)[0]):
        if key in times:
            return times[key], "submissions.csv"
    stamp = None if path is None else path.parent / "timestamp.txt"  # nbgrader's
    if stamp is not None and stamp.is_file() and not stamp.is_symlink():
        with stamp.open(encoding="utf-8", errors="replace") as file:
            if (moment := _moment(file.read(100), timezone)) is not None:
                return moment, "timestamp.txt"
    return None, ""
