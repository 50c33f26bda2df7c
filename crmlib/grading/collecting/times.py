"""When submissions came: by a table that the instructor names, by Moodle's worksheet, by nbgrader's time stamps."""

from __future__ import annotations

import datetime as dt
import re
from typing import TYPE_CHECKING, NamedTuple

from crmlib.errors import GradingError
from crmlib.grading.collecting.owners import normal
from crmlib.grading.spec.platform_lists import read_table
from crmlib.grading.spec.worksheet import is_worksheet, joined
from crmlib.words import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from crmlib.grading.spec.roster import Roster

__all__ = ["Times", "moment_of", "read_times", "times_of"]

_MONTHS = (
    ("january", "gennaio"), ("february", "febbraio"), ("march", "marzo"), ("april", "aprile"), ("may", "maggio"),
    ("june", "giugno"), ("july", "luglio"), ("august", "agosto"), ("september", "settembre"), ("october", "ottobre"),
    ("november", "novembre"), ("december", "dicembre"),
)  # fmt: skip
_MONTH = {name: number for number, names in enumerate(_MONTHS, start=1) for name in names}
_DAYS = (
    ("monday", "lunedì"), ("tuesday", "martedì"), ("wednesday", "mercoledì"), ("thursday", "giovedì"),
    ("friday", "venerdì"), ("saturday", "sabato"), ("sunday", "domenica"),
)  # fmt: skip
_DAY = {name: number for number, names in enumerate(_DAYS) for name in names}
#: As Moodle writes a time in English (both orders) and Italian: Wednesday, 2 December 2026, 9:59 AM.
_WRITTEN = re.compile(
    r"(?:(?P<weekday>[^\W\d]+),?\s+)?(?:(?P<day>\d{1,2})\s+(?P<month>[^\W\d]+)|(?P<month2>[^\W\d]+)\s+(?P<day2>\d{1,2}))"
    r",?\s+(?P<year>\d{4}),?\s+(?P<hour>\d{1,2}):(?P<minute>\d{2})(?:\s*(?P<half>[ap])\.?m\.?)?"
)
_NOON = 12


class Times(NamedTuple):
    """When submissions came.

    Attributes
    ----------
    by_place
        File or folder to time.
    by_student
        Student to time.
    source
        The name of the file that says so.
    notes
        Lines of the table that fit nobody, in plain words.
    """

    by_place: Mapping[str, dt.datetime] = {}
    by_student: Mapping[str, dt.datetime] = {}
    source: str = ""
    notes: tuple[str, ...] = ()


def times_of(folder: Path, zone: dt.tzinfo, roster: Roster) -> Times:
    """Read ``submissions.csv`` in a folder of submissions; nothing where there is none: see `read_times`.

    Parameters
    ----------
    folder
        What was handed in.
    zone
        The class's.
    roster
        The class.
    """
    path = folder / "submissions.csv"
    return read_times(path, zone, roster) if path.is_file() else Times()


def read_times(path: Path, zone: dt.tzinfo, roster: Roster) -> Times:
    """Read when submissions came.

    Parameters
    ----------
    path
        Moodle's grading worksheet (its *Last modified (submission)* counts), or a table with ``submitted_at`` and one
        of ``file``, ``student_id``, ``email``, ``moodle_id`` and ``canvas_id`` (or Canvas's ``user_id``).
    zone
        What times without an offset mean.
    roster
        The class.

    Raises
    ------
    GradingError
        A time cannot be read for certain, or a line names nobody; it says the row.
    """
    if is_worksheet(path):
        worksheet = joined(roster, path)
        by_student = {}
        for row, student, text in worksheet.modified:
            if text in {"", "-"}:
                continue
            when = moment_of(text, zone)
            if when is None:
                raise GradingError(
                    f"{path}, row {row}: {text!r} is no time that can be read for certain. Download the worksheet with "
                    "Moodle's language set to English, or write it as 2026-12-01T23:59:00+01:00."
                )
            by_student[student] = when
        return Times({}, by_student, path.name, worksheet.notes)
    return _from_table(path, zone, roster)


def _from_table(path: Path, zone: dt.tzinfo, roster: Roster) -> Times:
    heading, rows = read_table(path)
    columns = {name.strip().casefold().replace(" ", "_"): at for at, name in enumerate(heading)}
    columns |= {"canvas_id": columns["user_id"]} if "user_id" in columns else {}
    keys = [key for key in ("file", "student_id", "email", "moodle_id", "canvas_id") if key in columns]
    if "submitted_at" not in columns or not keys:
        raise GradingError(
            f"{path}: the columns file (or student_id) and submitted_at are needed; it has {', '.join(heading)}."
        )
    by_place: dict[str, dt.datetime] = {}
    by_student: dict[str, dt.datetime] = {}
    for number, row in rows:
        cells = {name: row[at].strip() if at < len(row) else "" for name, at in columns.items()}
        key = next((name for name in keys if cells[name]), "")
        when = moment_of(cells["submitted_at"], zone)
        if not key or when is None:
            raise GradingError(
                f"{path}, row {number}: file (or student_id) and submitted_at are needed, such as "
                "s01,2026-12-01T23:59:00+01:00."
            )
        if key == "file":
            by_place[cells[key]] = when
        elif roster.students:
            by_student[_student(cells[key], key, roster, f"{path}, row {number}")] = when
        else:
            by_student[cells[key]] = when
    return Times(by_place, by_student, path.name)


def _student(text: str, key: str, roster: Roster, where: str) -> str:
    for student in roster.students:
        if normal(str(getattr(student, key))) == normal(text):
            return student.student_id
    there = [str(getattr(student, key)) for student in roster.students if getattr(student, key)]
    raise GradingError(f"{where}: the roster has no student with {key} {text!r}. {did_you_mean(text, there)}")


def moment_of(text: str, zone: dt.tzinfo) -> dt.datetime | None:
    """Read a time: ISO 8601, nbgrader's form, or Moodle's in English or Italian; None where it is not certain.

    Parameters
    ----------
    text
        The time.
    zone
        What it means where it has no offset.

    Examples
    --------
    >>> moment_of("Wednesday, 2 December 2026, 9:59 AM", dt.UTC).isoformat()
    '2026-12-02T09:59:00+00:00'
    >>> moment_of("Monday, 2 December 2026, 9:59 AM", dt.UTC) is None, moment_of("02/12/26, 09:59", dt.UTC) is None
    (True, True)
    """
    text = " ".join(text.split())
    for form in (text, text.removesuffix("UTC").strip()):
        try:
            moment = dt.datetime.fromisoformat(form)
        except ValueError:
            continue
        if form != text:  # nbgrader's own form: 2026-12-01 10:00:00.123 UTC
            return moment.replace(tzinfo=dt.UTC)
        if not moment.tzinfo and len(form) <= len("2026-12-01"):
            return None  # a day is no time
        return moment if moment.tzinfo else moment.replace(tzinfo=zone)
    moment_ = _written(text.casefold())
    return None if moment_ is None else moment_.replace(tzinfo=zone)


def _written(text: str) -> dt.datetime | None:
    parts = _WRITTEN.fullmatch(text)
    if parts is None:
        return None
    month = _MONTH.get(parts["month"] or parts["month2"])
    hour = int(parts["hour"])
    if parts["half"]:
        if not 1 <= hour <= _NOON:
            return None
        hour = hour % _NOON + _NOON * (parts["half"] == "p")
    try:
        moment = dt.datetime(  # noqa: DTZ001 - the caller gives it its zone
            int(parts["year"]), month or 0, int(parts["day"] or parts["day2"]), hour, int(parts["minute"])
        )
    except ValueError:
        return None
    weekday = parts["weekday"]
    return moment if weekday is None or _DAY.get(weekday) == moment.weekday() else None
