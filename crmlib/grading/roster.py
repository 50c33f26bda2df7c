"""The class: who is in it, and how the learning platform names them."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path
from typing import NamedTuple

import msgspec

from crmlib.errors import GradingError

__all__ = ["Roster", "Student", "read_roster"]

#: An id becomes a folder and a file name, on every system: ASCII only, so that no two ids can look alike.
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@+-]{0,63}")
_HEADINGS = {
    "student_id": ("student_id", "student id", "id", "id number", "matricola", "sis user id", "username"),
    "name": ("name", "full name", "student", "nome"),
    "first_name": ("first name", "first_name", "given name"),
    "last_name": ("last name", "last_name", "surname", "family name", "cognome"),
    "email": ("email", "e-mail", "email address", "mail"),
    "moodle_id": ("moodle_id", "moodle id", "identifier", "participant"),
    "canvas_id": ("canvas_id", "canvas id", "canvas user id"),
    "section": ("section", "group", "class"),
}
_MOST_BYTES = 10_000_000


class Student(msgspec.Struct, frozen=True, kw_only=True):
    """One student.

    Attributes
    ----------
    student_id
        The name under which everything of the student's is filed.
    name, email, section
        As the platform knows them; empty where the roster does not say.
    moodle_id, canvas_id
        The numbers by which Moodle and Canvas name the files of a class's download.
    """

    student_id: str
    name: str = ""
    email: str = ""
    section: str = ""
    moodle_id: str = ""
    canvas_id: str = ""


class Roster(NamedTuple):
    """The students of a class, in the order of the file."""

    students: tuple[Student, ...] = ()

    def by_id(self) -> dict[str, Student]:
        """Give the students by id.

        Examples
        --------
        >>> Roster((Student(student_id="s1"),)).by_id()["s1"].name
        ''
        """
        return {student.student_id: student for student in self.students}


def read_roster(path: str | Path) -> Roster:
    r"""Read a class from CSV, as Moodle, Canvas or a spreadsheet writes it.

    Parameters
    ----------
    path
        A file with a column ``student_id`` (or ``ID number``, ``SIS User ID``, ``Username``); ``name`` or first and
        last name, ``email``, ``section``, ``moodle_id`` and ``canvas_id`` may be there, in any order.

    Raises
    ------
    GradingError
        The file is not there, has no such column, or an id is missing, twice, or cannot name a file; it says the row.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "roster.csv"
    >>> _ = path.write_text("ID number;First name;Surname\ns01;Ada;Byron\n", encoding="utf-8")
    >>> read_roster(path).students
    (Student(student_id='s01', name='Ada Byron', email='', section='', moodle_id='', canvas_id=''),)
    """
    path = Path(path)
    rows = _rows(path)
    if not rows:
        raise GradingError(f"{path} is empty: a roster has a heading line with student_id, then a line a student.")
    places = _places(rows[0])
    if "student_id" not in places:
        raise GradingError(
            f"{path} has no column student_id; it has {', '.join(map(repr, rows[0]))}. Rename the one that holds each "
            "student's number to student_id."
        )
    students: list[Student] = []
    seen: dict[str, int] = {}
    for number, row in enumerate(rows[1:], start=2):
        if not any(cell.strip() for cell in row):
            continue
        cells = {name: row[place].strip() if place < len(row) else "" for name, place in places.items()}
        student_id = cells["student_id"]
        _check(student_id, f"{path}, row {number}")
        # files of Windows and macOS do not tell case apart
        if (first := seen.setdefault(student_id.casefold(), number)) != number:
            raise GradingError(f"{path}, row {number}: the student_id {student_id!r} is in row {first} as well.")
        name = cells.get("name") or f"{cells.get('first_name', '')} {cells.get('last_name', '')}".strip()
        rest = {key: cells.get(key, "") for key in ("email", "section", "moodle_id", "canvas_id")}
        digits = re.search(r"\d+", rest["moodle_id"])  # Moodle writes "Participant 12345"
        rest["moodle_id"] = digits[0] if digits else ""
        students.append(Student(student_id=student_id, name=name, **rest))
    if not students:
        raise GradingError(f"{path} names no student: below its heading line nothing is there.")
    return Roster(tuple(students))


def _rows(path: Path) -> list[list[str]]:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise GradingError(f"The roster {path} cannot be read: {error.strerror}.") from None
    if len(content) > _MOST_BYTES:
        raise GradingError(f"{path} takes {len(content) / 1e6:.0f} MB: that is no roster.")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise GradingError(f"{path}, line {line}, is not UTF-8: save it as 'CSV UTF-8' in your spreadsheet.") from None
    heading = text.partition("\n")[0]
    separator = max(",;\t", key=heading.count)
    return [row for row in csv.reader(io.StringIO(text), delimiter=separator) if row]


def _places(heading: list[str]) -> dict[str, int]:
    found = [cell.strip().casefold() for cell in heading]
    places = {}
    for name, known in _HEADINGS.items():
        place = next((found.index(word) for word in known if word in found), None)
        if place is not None:
            places[name] = place
    return places


def _check(student_id: str, where: str) -> None:
    if not student_id:
        raise GradingError(f"{where}: the student_id is empty.")
    if not _ID.fullmatch(student_id) or student_id.endswith("."):
        raise GradingError(
            f"{where}: {student_id!r} cannot name a folder. Use plain letters, digits and . _ @ + - (at most 64), "
            "such as s00123."
        )
