"""The class, what it has agreed on, and what follows from a secret."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmlib.errors import GradingError
from crmlib.grading.spec.roster import read_roster
from crmlib.grading.spec.rules import Late, Rules, lateness, read_rules, rules_text
from crmlib.grading.spec.variants import new_secret, read_secret, seal, seed_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

DUE = dt.datetime(2026, 12, 1, 23, 59, tzinfo=dt.UTC)


@pytest.fixture
def roster(tmp_path: Path) -> Callable[[str], Path]:
    def write(text: str, encoding: str = "utf-8") -> Path:
        path = tmp_path / "roster.csv"
        path.write_text(text, encoding=encoding)
        return path

    return write


def test_a_roster_of_moodle_is_read(roster: Callable[[str], Path]) -> None:
    text = "Identifier,Full name,ID number,Email address\nParticipant 4711,Ada Byron,s01,a@x.org\n\n,,s02,b@x.org\n"
    students = read_roster(roster(text)).students
    assert [(s.student_id, s.name, s.moodle_id) for s in students] == [("s01", "Ada Byron", "4711"), ("s02", "", "")]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is empty"),
        ("name\nAda\n", "no column student_id"),
        ("student_id\n", "names no student"),
        ("student_id,name\ns1,Ada\n,Bob\n", "row 3: the student_id is empty"),
        ("student_id\ns1\nS1\n", "row 3: the student_id 'S1' is in row 2"),
        ("student_id\n../../etc\n", "cannot name a folder"),
        ("student_id\nѕ01\n", "cannot name a folder"),  # noqa: RUF001 - a Cyrillic letter is the point
        ("student_id\n=cmd\n", "cannot name a folder"),
    ],
)
def test_a_roster_that_is_not_right_is_told_by_its_row(roster: Callable[[str], Path], text: str, said: str) -> None:
    with pytest.raises(GradingError, match=said):
        read_roster(roster(text))


def test_a_roster_in_another_encoding_is_told_by_its_line(tmp_path: Path) -> None:
    path = tmp_path / "roster.csv"
    path.write_bytes("student_id,name\ns1,Ada\ns2,Zoë\n".encode("cp1252"))
    with pytest.raises(GradingError, match="line 3, is not UTF-8"):
        read_roster(path)


def test_a_secret_is_for_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "secret.key"
    secret = new_secret(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert read_secret(path) == secret
    path.chmod(0o644)
    with pytest.raises(GradingError, match="Others can read the secret"):
        read_secret(path)
    with pytest.raises(FileExistsError):  # a secret is never overwritten
        new_secret(path)


@pytest.mark.slow
@given(st.binary(min_size=1), st.lists(st.text(), min_size=1, max_size=3), st.lists(st.text(), min_size=1, max_size=3))
def test_seeds_differ_by_names_and_where_they_end(secret: bytes, one: list[str], other: list[str]) -> None:
    assert seed_of(secret, *one) == seed_of(secret, *one)
    assert 0 <= seed_of(secret, *one) < 2**63
    assert (seed_of(secret, *one) == seed_of(secret, *other)) == (one == other)
    assert (seal(secret, *one) == seal(secret, *other)) == (one == other)


def test_rules_are_written_as_they_are_read(tmp_path: Path) -> None:
    until = dt.datetime(2026, 12, 8, 12, 0, tzinfo=dt.UTC)
    rules = Rules(exercise="03_rfm", deadline=DUE, late=Late(per_day=0.2), extensions={"s 1": until}, shops=3)
    path = tmp_path / "rules.toml"
    path.write_text(rules_text(rules), encoding="utf-8")
    assert read_rules(path) == rules
    assert rules.due("s 1") == until


@pytest.mark.parametrize(
    "text", ["exercise = 1", "exercise = 'x'\nshops = 1", "exercise = 'x'\ntimezone = 'Mars'", "late = ", "x = 1"]
)
def test_rules_that_are_not_valid_are_told(tmp_path: Path, text: str) -> None:
    path = tmp_path / "rules.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(GradingError, match="cannot be read"):
        read_rules(path)


@pytest.mark.parametrize(
    ("minutes", "days", "share"),
    [(-1, 0, 1.0), (15, 0, 1.0), (16, 1, 0.9), (24 * 60, 1, 0.9), (24 * 60 + 1, 2, 0.8), (8 * 24 * 60, 8, 0.0)],
)
def test_each_begun_day_costs(minutes: float, days: int, share: float) -> None:
    assert lateness(DUE + dt.timedelta(minutes=minutes), DUE, Late()) == (days, share)


def test_summer_time_makes_nobody_late() -> None:
    rules = Rules(exercise="x", deadline=dt.datetime(2026, 10, 25, 3, 30), timezone="Europe/Rome")  # noqa: DTZ001 - a time without a zone is the point
    due = rules.due("s1")
    assert due is not None
    assert lateness(dt.datetime(2026, 10, 25, 2, 29, tzinfo=dt.UTC), due, Late(grace_minutes=0)).days == 0
    assert lateness(dt.datetime(2026, 10, 25, 2, 31, tzinfo=dt.UTC), due, Late(grace_minutes=0)).days == 1
