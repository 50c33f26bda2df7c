"""Whose a file is: by what the platform or the instructor has called it, never by what its student has.

Moodle and Canvas put their own fields before the name that a student gave to the file. Where a name has their form,
those fields alone say whose it is, and what stands behind them says nothing.
"""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING, NamedTuple

from crmlib.files import digest, safe_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from crmlib.grading.spec.roster import Roster, Student

__all__ = ["Owner", "PlatformName", "normal", "owner", "owner_of", "platform_name", "same_name"]

#: Moodle: full name, participant number, plugin; then the student's name of the file.
_MOODLE = re.compile(r"(?P<name>.*?)_(?P<number>[0-9]+)_assignsubmission_[a-z]+(?:_.*)?", re.DOTALL)
#: Canvas: name (word characters of any script, no number between underscores), LATE, user number, number of the file.
_CANVAS = re.compile(r"(?P<name>(?:(?!_[0-9]+_)\w)+?)(?P<late>_LATE)?_(?P<number>[0-9]+)_[0-9]+_.+", re.DOTALL)
_ANONYMOUS = re.compile(r"(?:LATE_)?anon_\w+_[0-9]+_.+", re.DOTALL)
_ENDING = re.compile(r"(\.(ipynb|py|zip))+$", re.IGNORECASE)
#: A number of fewer digits stands in the names of exercises, weeks and copies as well.
_TELLING_DIGITS = 5


class PlatformName(NamedTuple):
    """What a learning platform says in the name of a file.

    Attributes
    ----------
    platform
        ``moodle`` or ``canvas``.
    name, number
        The student's, in the platform's own words; the number is empty where it was handed in under an alias.
    late
        Whether Canvas calls it late.
    """

    platform: str
    name: str
    number: str
    late: bool = False


class Owner(NamedTuple):
    """Whose a file is.

    Attributes
    ----------
    student_id
        The id under which it is filed.
    known
        Whether the roster has it (True where there is no roster).
    doubts
        Why it is nobody's, in plain words.
    platform
        What the platform says, where the name has its form.
    depth
        Which part of the path decided, counted from 0.
    """

    student_id: str
    known: bool
    doubts: tuple[str, ...] = ()
    platform: PlatformName | None = None
    depth: int = 0


def normal(text: str) -> str:
    """Give the one form in which ids and names are compared: composed letters, no case, no blanks around.

    Examples
    --------
    >>> normal(" S01 "), normal("Mu\u0308ller") == normal("MÜLLER")
    ('s01', True)
    """
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold()).strip()


def platform_name(part: str) -> PlatformName | None:
    """Read the fields of a platform out of the name of a file or folder; None where it has no such form.

    Parameters
    ----------
    part
        One part of a path.

    Examples
    --------
    >>> platform_name("byronada_LATE_77_1002_s02.ipynb")
    PlatformName(platform='canvas', name='byronada', number='77', late=True)
    >>> platform_name("03_rfm_s01.ipynb") is None
    True
    """
    part = unicodedata.normalize("NFC", part)
    # Canvas first: its form leaves no room for Moodle's, which a student may write behind it
    if _ANONYMOUS.fullmatch(part):
        return PlatformName("canvas", part.split("_anon_")[-1].removeprefix("anon_").split("_")[0], "", "LATE_" in part)
    if (field := _CANVAS.fullmatch(part)) is not None:
        return PlatformName("canvas", field["name"], field["number"], field["late"] is not None)
    if (field := _MOODLE.fullmatch(part)) is not None:
        return PlatformName("moodle", field["name"], field["number"])
    return None


def same_name(first: str, second: str) -> bool:
    """Whether two texts are the name of one person, whichever of the names comes first.

    Parameters
    ----------
    first, second
        Two texts.

    Examples
    --------
    >>> same_name("Byron, Ada", "Ada Byron"), same_name("Ada", "Ada Byron"), same_name("", "")
    (True, False, False)
    """
    words = _words(first)
    return bool(words) and words == _words(second)


def owner_of(place: str, roster: Roster, exercise: str = "") -> tuple[str, bool, tuple[str, ...]]:
    """Say whose file it is, by the folders and the name that the platform or the instructor gave it.

    The outermost part that names a student decides: what is deeper may have been named by the student. In a name of
    Moodle's or Canvas's only their own fields count, and nothing deeper does.

    Parameters
    ----------
    place
        Below the folder of submissions.
    roster
        The class.
    exercise
        The exercise's name, which stands in everybody's file and is nobody's sign.

    Returns
    -------
    tuple
        The student's id, whether the roster has it, and doubts in plain words.

    Examples
    --------
    >>> from crmlib.grading.spec.roster import Roster, Student
    >>> roster = Roster((Student(student_id="s01", name="Ada Byron", canvas_id="77"), Student(student_id="s02")))
    >>> owner_of("s02/copy of s01.ipynb", roster), owner_of("byronada_LATE_77_345_03_rfm.ipynb", roster)
    (('s02', True, ()), ('s01', True, ()))
    >>> owner_of("Ada Byron_4711_assignsubmission_file/rfm.ipynb", roster)[0]
    's01'
    >>> owner_of("byronada_77_345_s02.ipynb", roster)[0], owner_of("hopper_88_346_s02.ipynb", roster)[1]
    ('s01', False)
    """
    whose = owner(place, roster, exercise)
    return whose.student_id, whose.known, whose.doubts


def owner(place: str, roster: Roster, exercise: str = "") -> Owner:
    """Say whose file it is, and by what: see `owner_of`.

    Parameters
    ----------
    place
        The file's path within what was handed in.
    roster
        The class.
    exercise
        Its name, which is no sign of anybody.
    """
    parts = place.split("/")
    students = roster.students
    if not students:
        field = platform_name(parts[0])
        return Owner(_own_name(_sign(parts[0], field)), True, (), field)
    for depth, part in enumerate(parts):
        stem = normal(_ENDING.sub("", part))
        whole = [s for s in students if stem in {normal(s.student_id), normal(s.email) or None}]
        field = None if whole else platform_name(part)
        if field is not None:
            matches, why = _by_platform(field, students)
        else:
            matches = (
                whole or _inside(stem, students, normal(exercise)) or [s for s in students if same_name(stem, s.name)]
            )
            why = f"{part!r} names more than one student: {_listed(matches)}" if len(matches) > 1 else ""
        if len(matches) == 1 and not why:
            return Owner(matches[0].student_id, True, (), field, depth)
        if why:
            return Owner(_nobodys(part, field, students), False, (why,), field, depth)
    # an archive of the whole class says nothing about one file in it
    part = next((part for part in parts if not part.lower().endswith(".zip")), parts[0])
    return Owner(_nobodys(part, None, students), False, ("the roster has no student of this name",))


def _by_platform(field: PlatformName, students: Sequence[Student]) -> tuple[list[Student], str]:
    """Find the students that a platform's fields name, and why they do not settle it."""
    known_as = f"{field.platform}_id"
    by_number = [s for s in students if field.number and _same_number(getattr(s, known_as), field.number)]
    by_name = _of_name(field, students)
    says = f"{field.platform.capitalize()} says {field.name!r}, number {field.number or '(none)'}"
    if len(by_number) == 1:
        if by_name and by_number[0] not in by_name:
            return by_name, (
                f"{says}: in the roster the number is that of {by_number[0].student_id}, the name that of "
                f"{_listed(by_name)}. Is the column {known_as} from this assignment?"
            )
        return by_number, ""
    if by_number:
        return by_number, f"{says}: in the roster the number is that of {_listed(by_number)}"
    if field.platform == "canvas":  # its numbers hold for a person, Moodle's for one assignment
        by_name = [s for s in by_name if not s.canvas_id]
    if len(by_name) == 1:
        return by_name, ""
    if by_name:
        return by_name, f"{says}: this is the name of {_listed(by_name)}. Add {known_as} to the roster"
    return [], f"{says}: the roster has no student of this name or number"


def _of_name(field: PlatformName, students: Sequence[Student]) -> list[Student]:
    if field.platform == "canvas":
        name = _squeezed(field.name)
        return [s for s in students if s.name and field.number and name in _run_together(s.name)]
    # with groups, Moodle writes the group's name and a hyphen first
    pieces = field.name.split("-")
    for start in range(len(pieces)):
        if matches := [s for s in students if same_name("-".join(pieces[start:]), s.name)]:
            return matches
    return []


def _same_number(first: str, second: str) -> bool:
    return bool(first) and first.lstrip("0") == second.lstrip("0")


def _inside(stem: str, students: Sequence[Student], exercise: str) -> list[Student]:
    """Find the students whose id stands whole in a longer name, as in ``03_rfm_s01_final``."""
    stem = stem.replace(exercise, " ") if exercise else stem
    spans = []
    for student in students:
        name = normal(student.student_id)
        if name in stem and not (name.isdecimal() and len(name) < _TELLING_DIGITS):
            spans += [
                (m.start(), m.end(), student) for m in re.finditer(rf"(?<![^\W_]){re.escape(name)}(?![^\W_])", stem)
            ]
    widest = [
        s for start, end, s in spans if not any(a <= start and end <= b and b - a > end - start for a, b, _ in spans)
    ]
    return list(dict.fromkeys(widest))


def _words(name: str) -> list[str]:
    return sorted(re.findall(r"[^\W\d_]+", normal(name)))


def _squeezed(name: str) -> str:
    return re.sub(r"\W", "", normal(name))


def _run_together(name: str) -> set[str]:
    """Give what Canvas may make of a name: family name first, wherever that begins, and nothing between."""
    words = [word for word in map(_squeezed, re.split(r"[\s,]+", name)) if word]
    return {"".join(words[at:] + words[:at]) for at in range(len(words))}


def _listed(students: Iterable[Student]) -> str:
    return ", ".join(sorted(student.student_id for student in students))


def _sign(part: str, field: PlatformName | None) -> str:
    return _ENDING.sub("", part) if field is None else f"{field.name}_{field.number}".rstrip("_")


def _nobodys(part: str, field: PlatformName | None, students: Sequence[Student]) -> str:
    name = _own_name(_sign(part, field))
    taken = {normal(student.student_id) for student in students}
    return f"{name}~{digest(part)[:6]}" if normal(name) in taken else name


def _own_name(sign: str) -> str:
    """Make an id of what nobody has named; two names that look alike stay two."""
    return safe_name(sign, also="._@+-", ends="-.", most=48)
