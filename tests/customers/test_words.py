"""The words of consent: a text is understood as a whole or not at all, and the page shows what the file holds."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmlib.text.consent import CHANNELS, PURPOSES, bits, column_role, sense, tables, words
from crmlib.text.consent_cells import cell
from crmlib.text.spelling import plain

pytestmark = pytest.mark.slow  # new: not yet measured test by test

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "consent.md"


def test_the_page_holds_the_words_of_the_file() -> None:
    """Written anew by: python -c "from crmlib.text.consent import tables; print(tables())"."""
    assert PAGE.read_text(encoding="utf-8").endswith(tables())


def test_no_word_has_two_meanings() -> None:
    book = words()
    kinds = [*book["channels"].values(), *book["purposes"].values(), book["both"], book["doubtful"],
             book["every"]["words"], *book["answers"].values(), book["between"]["words"]]  # fmt: skip
    several = [word for kind in kinds for word in {plain(word) for word in kind}]
    assert len(several) == len(set(several))
    columns = [name for names in book["columns"].values() for name in {plain(name) for name in names}]
    assert len(columns) == len(set(columns))
    values = [word for some in book["values"].values() for word in {plain(word) for word in some}]
    assert len(values) == len(set(values))


@pytest.mark.parametrize(
    ("text", "channels", "purposes", "answer"),
    [
        ("Email-Marketing opt-out", ["email"], ["marketing"], -1),
        ("accepts_sms_marketing", ["sms"], ["marketing"], 1),
        ("unsubscribed from newsletter", ["email"], ["marketing"], -1),
        ("DO NOT CALL", ["phone"], [], -1),
        ("consenso revocato", [], [], -1),
        ("not subscribed", [], [], -1),
        ("email & sms", ["email", "sms"], [], 0),
        ("data revoca", [], [], -1),
    ],
)
def test_words_put_together(text: str, channels: list[str], purposes: list[str], answer: int) -> None:
    meaning = sense(text)
    assert meaning is not None
    assert (meaning.channels, meaning.purposes) == (bits(CHANNELS, *channels), bits(PURPOSES, *purposes))
    assert meaning.answer == answer


@pytest.mark.parametrize(
    "text", ["not unsubscribed", "opt out offered", "Newsletter Roma", "no", "status", "notes", ""]
)
def test_what_leaves_a_rest_is_not_understood(text: str) -> None:
    assert sense(text) is None


@pytest.mark.parametrize(
    ("value", "kind"),
    [(True, "yes"), (0, "no"), (1.0, "yes"), ("1.0", "yes"), ("0.0", "no"), ("Sì", "yes"), ("ＳＩ", "yes"),  # noqa: RUF001 - so written
     ("vero", "yes"), ("x", "yes"), ("falso", "no"), (2, "unknown"), ("n/a", "missing"), (float("nan"), "missing"),
     ("0000-00-00 00:00:00", "missing"), ("2024-02-30", "unknown"), ("01/02/2024", "unknown"), ("2024-2-1", "time"),
     ("2024-02-01T10:00:00.5Z", "time"), ("1706780400", "unknown")],
)  # fmt: skip
def test_values(value: object, kind: str) -> None:
    assert cell(value, "Europe/Rome").kind == kind


@given(st.text(max_size=30))
def test_any_text_is_read_without_an_error_and_the_same_in_capitals(text: str) -> None:
    assert cell(text, "Europe/Rome").kind == cell(text.upper().lower(), "Europe/Rome").kind or not text.isascii()
    assert column_role(f" {text}\u200b") == column_role(text)
