"""The class: who is in it, and how the learning platform names them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

import msgspec

from crmlib.errors import GradingError
from crmlib.grading.spec.platform_lists import is_canvas_gradebook, read_table

__all__ = ["Roster", "Student", "read_roster"]

#: An id becomes a folder and a file name, on every system: ASCII only, so that no two ids can look alike.
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@+-]{0,63}")
_HEADINGS = {
    "student_id": (
        *(
            "student_id",
            "student id",
            "id",
            "id number",
            "codice identificativo",
            "matricola",
            "sis user id",
            "username",
        ),
    ),
    "name": ("name", "full name", "nome completo", "student"),
    "first_name": ("first name", "first_name", "given name", "nome"),
    "last_name": ("last name", "last_name", "surname", "family name", "cognome"),
    "email": ("email", "e-mail", "email address", "indirizzo email", "mail"),
    "moodle_id": ("moodle_id", "moodle id", "identifier", "identificatore", "participant"),
    "canvas_id": ("canvas_id", "canvas id", "canvas user id"),
    "login": ("login",),
    "section": ("section", "group", "class"),
}
#: In Canvas's gradebook `ID` is Canvas's own number.
_CANVAS = {
    "student_id": ("sis user id",),
    "name": ("student", "studente"),
    "canvas_id": ("id",),
    "login": ("sis login id",),
    "section": ("section", "sezione"),
}
_TEST_STUDENT = ["student", "test"]


class Student(msgspec.Struct, frozen=True, kw_only=True):
    """One student.

    Attributes
    ----------
    student_id
        The name under which everything of the student's is filed.
    name, email, section
        As the platform knows them; empty where the roster does not say.
    moodle_id, canvas_id
        The numbers by which Moodle and Canvas name the files of a class's download; Moodle's is of one assignment.
    login
        What Canvas calls the SIS Login ID.
    """

    student_id: str
    name: str = ""
    email: str = ""
    section: str = ""
    moodle_id: str = ""
    canvas_id: str = ""
    login: str = ""


class Roster(NamedTuple):
    """The students of a class, in the order of the file.

    Attributes
    ----------
    students
        The students.
    notes
        What was left out of the file, and what was taken for the id, in plain words.
    """

    students: tuple[Student, ...] = ()
    notes: tuple[str, ...] = ()

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
        Canvas's gradebook export, Moodle's list of participants or its grading worksheet, or a file with a column
        ``student_id`` (or ``ID number``, ``Username``); ``name`` or first and last name, ``email``, ``section``,
        ``moodle_id`` and ``canvas_id`` may be there, in any order. Where no line has an id, the e-mail address is it.

    Raises
    ------
    GradingError
        The file is not there, has no such column, or an id is missing, twice, or cannot name a file; it says the row.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "roster.csv"
    >>> _ = path.write_text("ID number;First name;Surname\ns01;Ada;Byron\n", encoding="utf-8")
    >>> read_roster(path).students[0].name
    'Ada Byron'
    """
    path = Path(path)
    heading, rows = read_table(path)
    if not heading:
        raise GradingError(f"{path} is empty: a roster has a heading line with student_id, then a line a student.")
    canvas = is_canvas_gradebook(heading)
    places = _places(heading, _CANVAS if canvas else _HEADINGS)
    lines = [
        (number, {name: row[at].strip() if at < len(row) else "" for name, at in places.items()})
        for number, row in rows
    ]
    lines, notes = _without_other_lines(lines) if canvas else (lines, [])
    lines, key = _with_ids(path, heading, lines, canvas=canvas)
    notes += [key] if key else []
    students: list[Student] = []
    seen: dict[str, int] = {}
    for number, cells in lines:
        student_id = cells["student_id"]
        _check(student_id, f"{path}, row {number}")
        # files of Windows and macOS do not tell case apart
        if (first := seen.setdefault(student_id.casefold(), number)) != number:
            raise GradingError(f"{path}, row {number}: the student_id {student_id!r} is in row {first} as well.")
        name = cells.get("name") or f"{cells.get('first_name', '')} {cells.get('last_name', '')}".strip()
        rest = {key: cells.get(key, "") for key in ("email", "section", "moodle_id", "canvas_id", "login")}
        rest["email"] = rest["email"] or (rest["login"] if "@" in rest["login"] else "")
        digits = re.search(r"\d+", rest["moodle_id"])  # Moodle writes "Participant 12345"
        rest["moodle_id"] = digits[0] if digits else ""
        students.append(Student(student_id=student_id, name=name, **rest))
    if not students:
        raise GradingError(f"{path} names no student: below its heading line nothing is there.")
    for known_as in ("moodle_id", "canvas_id"):
        _check_numbers(path, students, known_as)
    return Roster(tuple(students), tuple(notes))


_Lines = list[tuple[int, dict[str, str]]]


def _without_other_lines(lines: _Lines) -> tuple[_Lines, list[str]]:
    """Leave out the lines of Canvas's gradebook that are no student: points possible, posting, the test student."""
    with_sis = any(cells.get("student_id") for _, cells in lines)
    kept, notes = [], []
    for number, cells in lines:
        words = sorted(re.findall(r"\w+", cells.get("name", "").casefold()))
        if not any(cells.get(key) for key in ("canvas_id", "student_id", "login")):
            notes.append(f"row {number} ({cells.get('name') or 'no name'}) is no student: left out")
        elif words == _TEST_STUDENT and not (with_sis and cells.get("student_id")):
            notes.append(f"row {number} is Canvas's test student: left out")
        else:
            kept.append((number, cells))
    return kept, notes


def _with_ids(path: Path, heading: list[str], lines: _Lines, *, canvas: bool) -> tuple[_Lines, str]:
    """Give each line its id: that of its column, or, where the whole column is empty, the next best of the file."""
    missing = [number for number, cells in lines if not cells.get("student_id")]
    if len(missing) < len(lines) or not lines:
        if missing:
            raise GradingError(
                f"{path}, row {missing[0]}: the student_id is empty. Fill it in, or delete the row; where the whole "
                "column is empty, the e-mail address is taken for the id."
            )
        return lines, ""
    for key, called in (
        (("login", "SIS Login ID"), ("canvas_id", "Canvas's ID")) if canvas else (("email", "e-mail address"),)
    ):
        if all(cells.get(key) for _, cells in lines):
            with_ids = [(number, {**cells, "student_id": cells[key]}) for number, cells in lines]
            return with_ids, f"the list has no student numbers: the {called} is the student_id"
    if "student_id" not in lines[0][1]:
        raise GradingError(
            f"{path} has no column student_id; it has {', '.join(map(repr, heading))}. Rename the one that holds each "
            "student's number to student_id."
        )
    raise GradingError(
        f"{path}, row {missing[0]}: the student_id is empty. Fill it in, or give every row an e-mail address: then "
        "that is the id."
    )


def _check_numbers(path: Path, students: list[Student], known_as: str) -> None:
    seen: dict[str, str] = {}
    for student in students:
        number = str(getattr(student, known_as)).lstrip("0")
        if number and (other := seen.setdefault(number, student.student_id)) != student.student_id:
            raise GradingError(
                f"{path}: {other} and {student.student_id} have the same {known_as}, {number}: give each "
                "student their own."
            )


def _places(heading: list[str], names: dict[str, tuple[str, ...]]) -> dict[str, int]:
    there = [" ".join(cell.split()).casefold() for cell in heading]
    places = {}
    for name, words in names.items():
        place = next((there.index(word) for word in words if word in there), None)
        if place is not None:
            places[name] = place
    return places


def _check(student_id: str, where: str) -> None:
    if not _ID.fullmatch(student_id) or student_id.endswith("."):
        raise GradingError(
            f"{where}: {student_id!r} cannot name a folder. Use plain letters, digits and . _ @ + - (at most 64), "
            "such as s00123."
        )
