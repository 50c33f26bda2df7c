"""What a class has agreed on: the deadline, who has longer, what lateness costs, how many hidden shops."""

from __future__ import annotations

import datetime as dt
import math
import tomllib
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple
from zoneinfo import ZoneInfo

import msgspec

from crmlib.errors import GradingError
from crmlib.words import did_you_mean, explained

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

__all__ = ["Late", "Lateness", "Rules", "check_extensions", "lateness", "read_rules", "rules_text", "zone_of"]

Share = Annotated[float, msgspec.Meta(ge=0, le=1)]
_TEMPLATE = """# What the class has agreed on. Edit it before you grade; `crmlib grade --release` reads it.
exercise = {exercise}

# When submissions are due, with the offset from UTC, or in this time zone where none is given; a day alone is its end.
# Without one, nothing is late. Pages show times in this zone, such as "Europe/Rome".
timezone = {timezone}
{deadline}

# Hidden shops that every submission is run on: a mark needs all of them. Another round draws other ones, for those who
# hand in again after feedback.
shops = {shops}
round = {round}

[late]
grace_minutes = {grace_minutes}  # late by less is on time
per_day = {per_day}  # share of the points that each begun day costs
most_days = {most_days}  # later than that counts nothing

# Students who have longer: student_id = date and time.
[extensions]
"""


class Late(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What lateness costs.

    Attributes
    ----------
    grace_minutes
        Late by less is on time.
    per_day
        The share of the points that each begun day costs.
    most_days
        Later than that counts nothing.
    """

    grace_minutes: Annotated[float, msgspec.Meta(ge=0)] = 15
    per_day: Share = 0.1
    most_days: Annotated[int, msgspec.Meta(ge=0)] = 7


class Rules(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The rules of one exercise in one class.

    Attributes
    ----------
    exercise
        Its name.
    deadline
        When submissions are due; None where nothing can be late.
    timezone
        What times without an offset mean.
    late
        What lateness costs.
    extensions
        Students who have longer, and until when.
    shops
        How many hidden shops each submission is run on.
    round
        Draws other hidden shops, for those who hand in again after feedback.
    """

    exercise: str
    deadline: dt.datetime | None = None
    timezone: str = "UTC"
    late: Late = Late()
    extensions: dict[str, dt.datetime] = {}
    shops: Annotated[int, msgspec.Meta(ge=2, le=5)] = 2
    round: Annotated[int, msgspec.Meta(ge=1)] = 1

    def due(self, student_id: str) -> dt.datetime | None:
        """Say when a student's submission is due.

        Examples
        --------
        >>> Rules(exercise="03_rfm", deadline=dt.datetime(2026, 12, 1, 23, 59), timezone="Europe/Rome").due("s1")
        datetime.datetime(2026, 12, 1, 23, 59, tzinfo=zoneinfo.ZoneInfo(key='Europe/Rome'))
        """
        due = self.extensions.get(student_id, self.deadline)
        return due if due is None or due.tzinfo else due.replace(tzinfo=zone_of(self.timezone))

    @property
    def zone(self) -> str:
        """The class's zone: ``timezone``, or, where that is left at UTC, the offset that the deadline is written with.

        Examples
        --------
        >>> Rules(exercise="03_rfm", deadline=dt.datetime.fromisoformat("2026-12-01T23:59+01:00")).zone
        'UTC+01:00'
        """
        deadline = self.deadline
        if self.timezone != "UTC" or deadline is None or not deadline.utcoffset():
            return self.timezone
        return f"UTC{deadline.isoformat()[-len('+01:00') :]}"


def zone_of(name: str) -> dt.tzinfo:
    """Give a zone by its name, or by an offset such as ``UTC+01:00``.

    Parameters
    ----------
    name
        The name.

    Examples
    --------
    >>> zone_of("UTC+01:00").utcoffset(None)
    datetime.timedelta(seconds=3600)
    """
    if name.startswith("UTC") and name != "UTC":
        offset = dt.datetime.fromisoformat(f"2000-01-01T00:00{name.removeprefix('UTC')}").utcoffset()
        return dt.timezone(offset or dt.timedelta())
    return ZoneInfo(name)


def check_extensions(rules: Rules, students: Sequence[str], path: object) -> None:
    """Make sure that everybody who has longer is in the class: an entry that changes nothing is a mistake.

    Parameters
    ----------
    rules
        The rules.
    students
        The ids of the class.
    path
        Where the rules were read.

    Raises
    ------
    GradingError
        An extension names nobody; it says who may be meant.
    """
    for name in rules.extensions:
        if students and name not in students:
            raise GradingError(
                f"{path}: [extensions] names {name!r}, and the roster has no such student_id. "
                f"{did_you_mean(name, students)}"
            )


def read_rules(path: Path) -> Rules:
    """Read the rules of a release.

    Parameters
    ----------
    path
        ``rules.toml``.

    Raises
    ------
    GradingError
        It is not there, or a rule is not valid; it says which.
    """
    try:
        written = tomllib.loads(path.read_text(encoding="utf-8"))
        if isinstance(written.get("deadline"), dt.date):
            written["deadline"] = _end_of(written["deadline"])
        if isinstance(written.get("extensions"), dict):
            written["extensions"] = {name: _end_of(until) for name, until in written["extensions"].items()}
        rules = msgspec.convert(written, Rules)
        ZoneInfo(rules.timezone)
    except (
        OSError,
        UnicodeDecodeError,
        tomllib.TOMLDecodeError,
        msgspec.ValidationError,
        KeyError,
        ValueError,
    ) as error:
        raise GradingError(
            f"The rules in {path} cannot be read: {explained(error, Rules).removesuffix('.')}."
        ) from None
    return rules


def _end_of(moment: Any) -> Any:
    """Make the end of a day of a day without a time."""
    if isinstance(moment, dt.date) and not isinstance(moment, dt.datetime):
        return dt.datetime.combine(moment, dt.time(23, 59, 59))
    return moment


def rules_text(rules: Rules) -> str:
    """Write rules as a commented file that an instructor edits.

    Examples
    --------
    >>> msgspec.convert(tomllib.loads(rules_text(Rules(exercise="03_rfm"))), Rules) == Rules(exercise="03_rfm")
    True
    """
    import json

    deadline = (
        "# deadline = 2026-12-01T23:59:00" if rules.deadline is None else f"deadline = {rules.deadline.isoformat()}"
    )
    return _TEMPLATE.format(
        exercise=json.dumps(rules.exercise),
        timezone=json.dumps(rules.timezone),
        deadline=deadline,
        shops=rules.shops,
        round=rules.round,
        grace_minutes=rules.late.grace_minutes,
        per_day=rules.late.per_day,
        most_days=rules.late.most_days,
    ) + "".join(f"{json.dumps(name)} = {until.isoformat()}\n" for name, until in rules.extensions.items())


class Lateness(NamedTuple):
    """How late a submission is.

    Attributes
    ----------
    days
        Begun days after the deadline; 0 is on time.
    share
        What is left of the points, from 0 to 1.
    """

    days: int = 0
    share: float = 1.0


def lateness(submitted: dt.datetime | None, due: dt.datetime | None, late: Late) -> Lateness:
    """Say what a submission's time means for its points.

    Parameters
    ----------
    submitted
        When it arrived; where that is not known it counts as on time.
    due
        When it was due; None where nothing can be late. Both carry a zone.
    late
        The rules.

    Examples
    --------
    >>> due = dt.datetime(2026, 12, 1, 23, 59, tzinfo=dt.UTC)
    >>> lateness(due + dt.timedelta(minutes=10), due, Late())
    Lateness(days=0, share=1.0)
    >>> lateness(due + dt.timedelta(hours=30), due, Late(per_day=0.1))
    Lateness(days=2, share=0.8)
    """
    if submitted is None or due is None or submitted - due <= dt.timedelta(minutes=late.grace_minutes):
        return Lateness()
    # aware datetimes differ by what a clock has measured, whatever summer time did meanwhile
    days = math.ceil((submitted.astimezone(dt.UTC) - due.astimezone(dt.UTC)) / dt.timedelta(days=1))
    if days > late.most_days:
        return Lateness(days, 0.0)
    return Lateness(days, round(max(0.0, 1 - late.per_day * days), 10))


def one_day_late(late: Late) -> Lateness:
    """Give what one begun day costs: where a platform says that a submission is late and not by how much.

    Examples
    --------
    >>> one_day_late(Late(per_day=0.1))
    Lateness(days=1, share=0.9)
    """
    return Lateness(1, round(max(0.0, 1 - late.per_day), 10) if late.most_days else 0.0)
