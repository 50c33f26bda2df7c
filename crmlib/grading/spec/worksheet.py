"""Moodle's grading worksheet: the one file with participant numbers and times, both of one assignment."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from crmlib.errors import GradingError
from crmlib.grading.spec.platform_lists import headings, read_table

if TYPE_CHECKING:
    from pathlib import Path

    from crmlib.grading.spec.roster import Roster, Student

__all__ = ["Worksheet", "is_worksheet", "joined"]

_MODIFIED = ("last modified (submission)", "ultima modifica (consegna)")
_IDENTIFIER = ("identifier", "identificatore")
_FULL_NAME = ("full name", "nome completo")
_EMAIL = ("email address", "indirizzo email")
_ID_NUMBER = ("id number", "codice identificativo")


class Worksheet(NamedTuple):
    """A class with what a worksheet of Moodle's adds.

    Attributes
    ----------
    roster
        The class, with the participant numbers of this assignment.
    modified
        Row, student, and when the submission was last changed, as it is written.
    notes
        Lines that fit nobody.
    """

    roster: Roster
    modified: tuple[tuple[int, str, str], ...]
    notes: tuple[str, ...]


def is_worksheet(path: Path) -> bool:
    """Whether a file is Moodle's grading worksheet."""
    names = set(headings(read_table(path)[0]))
    return bool(names & {*_IDENTIFIER}) and bool(names & {*_MODIFIED})


def joined(roster: Roster, path: Path) -> Worksheet:
    """Give the students of a roster the participant numbers of Moodle's worksheet.

    Lines are joined by the ID number, else by the e-mail address, else by a name that only one student has.

    Parameters
    ----------
    roster
        The class.
    path
        The worksheet.

    Raises
    ------
    GradingError
        It has no such columns, or two lines are one student's.
    """
    heading, rows = read_table(path)
    names = headings(heading)
    at = {
        key: next((names.index(word) for word in words if word in names), -1)
        for key, words in (
            ("identifier", _IDENTIFIER), ("name", _FULL_NAME), ("email", _EMAIL), ("id", _ID_NUMBER),
            ("when", _MODIFIED),
        )
    }  # fmt: skip
    if at["identifier"] < 0:
        raise GradingError(f"{path} is no grading worksheet of Moodle: it has no column Identifier.")
    numbers: dict[str, str] = {}
    modified: list[tuple[int, str, str]] = []
    notes: list[str] = []
    first: dict[str, int] = {}
    for row, cells in rows:
        line = {key: cells[place].strip() if 0 <= place < len(cells) else "" for key, place in at.items()}
        student = _student(roster, line)
        if student is None:
            shown = " ".join(part for part in (line["identifier"], line["name"], line["email"]) if part)
            notes.append(f"{path}, row {row}: {shown} is not in the roster")
            continue
        if (earlier := first.setdefault(student.student_id, row)) != row:
            raise GradingError(f"{path}, row {row}: row {earlier} is {student.student_id}'s as well.")
        digits = re.search(r"\d+", line["identifier"])
        numbers[student.student_id] = digits[0] if digits else ""
        modified.append((row, student.student_id, line["when"]))
    # a number of another assignment would name somebody else in this one
    students = tuple(msgspec.structs.replace(s, moodle_id=numbers.get(s.student_id, "")) for s in roster.students)
    return Worksheet(roster._replace(students=students), tuple(modified), tuple(notes))


def _student(roster: Roster, line: dict[str, str]) -> Student | None:
    for key, attribute in (("id", "student_id"), ("email", "email")):
        text = line[key].casefold()
        matches = [s for s in roster.students if text and str(getattr(s, attribute)).casefold() == text]
        if len(matches) == 1:
            return matches[0]
    if line["email"] and any(s.email for s in roster.students):
        return None  # an address that nobody has: a name would be a guess
    words = sorted(line["name"].casefold().replace(",", " ").split())
    matches = [s for s in roster.students if words and sorted(s.name.casefold().replace(",", " ").split()) == words]
    return matches[0] if len(matches) == 1 else None
