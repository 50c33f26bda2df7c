"""What was meant by a name, and what of a stranger's text may stand on a page."""

from __future__ import annotations

from pathlib import Path

import pytest

from crmlib.words import did_you_mean, likeliest, printable, without_colours

PACKAGE = Path(__file__).parents[1] / "crmlib"


@pytest.mark.parametrize(
    ("name", "there", "expected"),
    [
        ("Custmer", ["customer", "date"], ["customer"]),
        ("ORDER-TS", ["order_ts", "amount"], ["order_ts"]),
        ("03rfm", ["03_rfm", "04_cltv"], ["03_rfm"]),
        ("...", ["customer"], []),
        ("x", [], []),
    ],
)
def test_the_likeliest_name_is_found_however_it_is_spelled(name: str, there: list[str], expected: list[str]) -> None:
    assert likeliest(name, there) == expected


def test_where_nothing_is_near_all_are_listed() -> None:
    assert did_you_mean("zzz", iter(["a", "b"])) == "There are: a, b."
    assert did_you_mean("zzz", []) == "There is nothing there."
    assert did_you_mean("cola", ["col a", "col b"]) == "Did you mean 'col a' or 'col b'?"


def test_nothing_unseen_stays_in_a_text() -> None:
    text = "a\r\nb\x00\x1b[31m\u202egnp\u2028\ud800"
    assert printable(text).isprintable()
    assert len(printable(text)) == len(text)
    assert printable(text, "") == "ab[31mgnp"
    assert without_colours("\x1b[1;31mKeyError\x1b[0m: 'x'") == "KeyError: 'x'"


def test_close_matches_are_looked_for_in_one_place() -> None:
    users = [path.name for path in PACKAGE.rglob("*.py") if "difflib" in path.read_text(encoding="utf-8")]
    assert users == ["words.py"]
