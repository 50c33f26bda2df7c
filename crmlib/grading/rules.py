"""What a class has agreed on: the deadline, who has longer, what lateness costs, how many hidden shops."""

from __future__ import annotations

import datetime as dt  # noqa: TC003 - msgspec reads the types
import tomllib
from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo

import msgspec

from crmlib.errors import GradingError

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Late", "Rules", "read_rules", "rules_text"]

Share = Annotated[float, msgspec.Meta(ge=0, le=1)]
_TEMPLATE = """# What the class has agreed on. Edit it before you grade; `crmlib grade --release` reads it.
exercise = {exercise}

# When submissions are due, with the offset from UTC, or in this time zone where none is given. Without one, nothing is
# late.
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
        return due if due is None or due.tzinfo else due.replace(tzinfo=ZoneInfo(self.timezone))


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
        rules = msgspec.convert(tomllib.loads(path.read_text(encoding="utf-8")), Rules)
        ZoneInfo(rules.timezone)
    except (
        OSError,
        UnicodeDecodeError,
        tomllib.TOMLDecodeError,
        msgspec.ValidationError,
        KeyError,
        ValueError,
    ) as error:
        raise GradingError(f"The rules in {path} cannot be read: {error}.") from None
    return rules


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
