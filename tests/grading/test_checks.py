"""What a student is told at once: friendly, plain headless, a card in a notebook, and never an expected value."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest

from crmlib.errors import ExerciseError
from crmlib.grading import answer, check, quiz, start
from crmlib.grading.spec.recorded import MIMETYPE, parse
from crmlib.grading.student import answers, cards
from crmlib.grading.student.cards import Card, Line

if TYPE_CHECKING:
    from collections.abc import Iterator

QUESTIONS: list[dict[str, Any]] = [
    {
        "id": "q1",
        "title": "Scores",
        "kind": "table",
        "points": 3,
        "key": ["customer_id"],
        "fields": {
            "customer_id": {"type": "text"},
            "r": {"type": "integer", "least": 1, "most": 5},
            "share": {"adds_up_to": 1, "unit": "shares from 0 to 1"},
        },
    },
    {"id": "q2", "title": "A list", "kind": "list", "points": 1, "shape": [2], "value": {"unique": True}},
    {"id": "q3", "title": "A day", "kind": "scalar", "points": 1, "value": {"type": "date"}},
    {"id": "w1", "title": "In words", "kind": "written", "points": 1, "least_words": 5, "most_words": 8},
    {"id": "z1", "title": "Which?", "kind": "quiz", "points": 1, "options": {"a": "one", "b": "two"}},
    {"id": "f1", "title": "Draw", "kind": "figure", "points": 1},
]


@pytest.fixture(autouse=True)
def started() -> Iterator[None]:
    start("example", QUESTIONS)
    yield
    start("", [])


def told(question: str, value: Any, capsys: pytest.CaptureFixture[str]) -> str:
    check(question, value)
    return capsys.readouterr().out


GOOD = pd.DataFrame({"customer_id": ["a", "b"], "r": [1, 5], "share": [0.4, 0.6]})


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (GOOD, "NOTE  q1: Scores"),
        ([1, 2], "A table (a DataFrame) is asked for; this is a list of 2."),
        (None, "A table (a DataFrame) is asked for; this is None."),
        (GOOD["r"], "A table (a DataFrame) is asked for; this is a Series of 2 values."),
        (GOOD.rename(columns={"r": "R"}), "column r is missing. Did you mean 'R'?"),
        (GOOD.assign(r=[1, 6]), "column r at customer_id b: 6 is above 5."),
        (GOOD.assign(r=["1", "5"]), "a whole number is asked for, not the text '1'"),
        (GOOD.assign(r=[1.5, 2]), "a whole number is asked for, not the number 1.5"),
        (GOOD.assign(r=[1.0, float("nan")]), "a value is missing"),
        (GOOD.assign(share=[40.0, 60.0]), "the values add up to 100, not to 1; it is counted in shares from 0 to 1."),
        (GOOD.assign(share=[float("inf"), 0]), "inf is not finite"),
        (GOOD.assign(customer_id="a"), "customer_id a stands in more than one row"),
        (GOOD.head(0), "The table has no rows."),
        (GOOD.set_index("customer_id"), "NOTE  q1: Scores"),
    ],
)
def test_what_a_table_is_told(value: Any, words: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert words in told("q1", value, capsys)


@pytest.mark.parametrize(
    ("question", "value", "words"),
    [
        ("q2", [1.0, 1.0], "1 comes more than once"),
        ("q2", [1.0], "A list of 2 is asked for; this has 1."),
        ("q2", {"a": 1}, "A list is asked for; this is a dict of 1."),
        ("q3", "2026-01-01", "a date is asked for, not the text '2026-01-01'"),
        ("w1", "too few words", "3 words are few: write 5 to 8."),
        ("w1", "one two three four five six seven eight nine", "9 words are many"),
        ("z1", "c", "'c' is none of a, b"),
        ("f1", 3, "A figure (its axes) is asked for; this is the number 3."),
    ],
)
def test_what_other_kinds_are_told(question: str, value: Any, words: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert words in told(question, value, capsys)


def test_a_question_that_is_not_there_is_named() -> None:
    with pytest.raises(ExerciseError, match="no question 'q7'"):
        check("q7", 1)


def test_without_the_starting_cell_an_answer_is_refused_in_words(capsys: pytest.CaptureFixture[str]) -> None:
    start("", [])
    with pytest.raises(ExerciseError, match="Run the cells at the top"):
        check("q1", 1)
    answer("q1", 1)
    assert capsys.readouterr().out.splitlines() == [
        "WRONG q1 is refused: nobody has looked at it",
        "      The number 1.",
        f"    x {answers._NOT_STARTED}",
    ]


def test_a_changed_starting_cell_is_told() -> None:
    with pytest.raises(ExerciseError, match="take it from a fresh copy"):
        start("example", [{"id": "q1"}])


def test_handing_in_tells_the_wrong_kind_at_once(capsys: pytest.CaptureFixture[str]) -> None:
    answer("q1", [1, 2])
    assert capsys.readouterr().out.splitlines() == [
        "WRONG q1 is recorded, but it is not right yet",
        "      A list of 2.",
        "    x A table (a DataFrame) is asked for; this is a list of 2.",
    ]
    answer("q9", 1)
    assert "q9 is no question of this exercise" in capsys.readouterr().out


def test_a_quiz_without_buttons_is_plain_text(capsys: pytest.CaptureFixture[str]) -> None:
    quiz("z1")
    shown = capsys.readouterr().out
    assert shown.startswith("NOTE  z1 is not recorded: Which?")
    assert 'Write the letter of your choice into the cell above, such as z1 = "a"' in shown
    quiz("z1", "b", interactive=False)
    assert "z1 is recorded" in capsys.readouterr().out


def test_in_a_notebook_a_card_carries_the_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    published: list[dict[str, Any]] = []
    monkeypatch.setattr("IPython.get_ipython", object)
    monkeypatch.setattr("IPython.display.publish_display_data", published.append)
    answer("q3", "<script>alert(1)</script>")
    (output,) = published
    assert parse(output[MIMETYPE]).value == "<script>alert(1)</script>"
    assert "<script>" not in output["text/html"]
    assert "&lt;script&gt;" in output["text/html"]
    assert output["text/plain"].startswith("WRONG q3")


def test_a_card_says_in_words_and_signs_what_its_colour_says() -> None:
    card = Card("bad", "q1", (Line("good", "this"), Line("bad", "that")))
    assert "\u2717</span> WRONG" in card.html()
    assert "\u2713</span> this" in card.html()
    assert str(card).splitlines() == ["WRONG q1", "    + this", "    x that"]


def _luminance(colour: str) -> float:
    parts = [int(colour[n : n + 2], 16) / 255 for n in (1, 3, 5)]
    red, green, blue = (one / 12.92 if one <= 0.03928 else ((one + 0.055) / 1.055) ** 2.4 for one in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("mood", ["good", "bad", "note"])
@pytest.mark.parametrize("ground", ["good", "bad", "note"])
def test_every_sentence_of_a_card_can_be_read_on_every_ground(mood: str, ground: str) -> None:
    dark, light = _luminance(cards._COLOURS[mood][0]), _luminance(cards._COLOURS[ground][1])
    assert (light + 0.05) / (dark + 0.05) >= 4.5  # WCAG 2, level AA
