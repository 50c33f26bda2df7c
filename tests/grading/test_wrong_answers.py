"""What students hand in by mistake, for every kind of question: a red card that helps, no traceback, never green."""

from __future__ import annotations

import datetime as dt
import math
from collections import OrderedDict
from decimal import Decimal
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from crmlib.actions import Plan, sequence
from crmlib.errors import ExerciseError
from crmlib.grading import answer, check, facts, quiz, start
from crmlib.grading.spec.recorded import parse
from crmlib.grading.student import cards, checks
from crmlib.grading.student.encoding import encode

if TYPE_CHECKING:
    from collections.abc import Iterator

    from crmlib.grading.student.cards import Card

QUESTIONS: list[dict[str, Any]] = [
    {"id": "number", "title": "A share", "kind": "scalar", "points": 1,
     "value": {"least": 0, "most": 1, "unit": "a share from 0 to 1"}},
    {"id": "day", "title": "A day", "kind": "scalar", "points": 1, "value": {"type": "date"}},
    {"id": "yes", "title": "So or not", "kind": "scalar", "points": 1, "value": {"type": "truth"}},
    {"id": "word", "title": "A name", "kind": "text", "points": 1},
    {"id": "cuts", "title": "Cut-points", "kind": "list", "points": 1, "row_order": "same", "shape": [4],
     "value": {"rises": True}},
    {"id": "names", "title": "Names", "kind": "list", "points": 1, "value": {"type": "text", "unique": True}},
    {"id": "interval", "title": "An interval", "kind": "dict", "points": 1, "ordered": ["low", "mean", "high"],
     "fields": {"low": {}, "mean": {}, "high": {}}},
    {"id": "grid", "title": "A grid", "kind": "array", "points": 1, "shape": [2, 2]},
    {"id": "table", "title": "Three numbers", "kind": "table", "points": 1, "key": ["customer_id"],
     "fields": {"customer_id": {"type": "text"}, "recency_days": {"type": "integer", "unit": "days", "least": 0},
                "frequency": {"type": "integer", "least": 1}, "monetary": {"atol": 0.006}}},
    {"id": "figure", "title": "Draw", "kind": "figure", "points": 1},
    {"id": "score", "title": "A scoring", "kind": "function", "points": 1,
     "value": {"type": "integer", "least": 1, "most": 5},
     "case": {"inputs": [2.0, [1, 2, 4, 8], True], "output": 2, "why": "one plus the one cut-point below 2"}},
    {"id": "plan", "title": "A plan", "kind": "plan", "points": 1, "simulated": {"budget": "budget"}},
    {"id": "letter", "title": "Which?", "kind": "quiz", "points": 1, "options": {"a": "one", "b": "two"}},
    {"id": "essay", "title": "Say why", "kind": "written", "points": 1, "least_words": 3, "most_words": 6},
]  # fmt: skip
INPUTS = [[3.0, [1.0, 2.0, 4.0, 8.0], True]]
SEEN = pd.DataFrame({"segment": ["New", "Loyal"]}, index=pd.Index(["c1", "c2"], name="customer_id"))
RIGHT: Any = pd.DataFrame(
    {"customer_id": ["c1", "c2", "c3"], "recency_days": [10, 20, 30], "frequency": [1, 2, 3], "monetary": [5.0, 6, 7]}
)


@pytest.fixture(autouse=True)
def shown(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Card]]:
    """The cards of a notebook whose first cells have run."""
    found: list[Card] = []
    monkeypatch.setattr(cards, "show", lambda card, extra=None: found.append(card))  # noqa: ARG005 - its signature
    monkeypatch.setattr("__main__.score_inputs", INPUTS, raising=False)
    start("example", QUESTIONS)
    facts(
        "table",
        keys=["c1", "c1", "c2", "c3"],
        totals={"frequency": 6, "monetary": Decimal("18.00")},
        row={"customer_id": "c1", "recency_days": 10, "frequency": 1},
    )
    facts("plan", budget=400.0, seen=SEEN)
    yield found
    start("", [])
    plt.close("all")


def score_right(value: float, cuts: list[float], more: bool) -> int:  # noqa: FBT001 - as the exercise has it
    below = sum(cut < value for cut in cuts)
    return 1 + below if more else 5 - below


def score_ties(value: float, cuts: list[float], more: bool) -> int:  # noqa: ARG001, FBT001 - ignores the direction
    return 1 + sum(cut <= value for cut in cuts)


def score_stub(value: float, cuts: list[float], more: bool) -> int:  # noqa: FBT001 - as the exercise has it
    raise NotImplementedError("Return a whole number.")


def spans(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.assign(recency_days=pd.to_timedelta(frame["recency_days"], unit="D"))


WRONG: list[tuple[str, str, Any, str]] = [
    # question, what the student did, value, what the card says
    ("number", "in per cent", 34.2, "34.2 is above 1; it is counted in a share from 0 to 1"),
    ("number", "text", "0.34", "a number is asked for, not the text '0.34'"),
    ("number", "text with a sign", "34 %", "a number is asked for, not the text '34 %'"),
    ("number", "nothing", None, "a value is missing"),
    ("number", "NaN", math.nan, "a value is missing"),
    ("number", "numpy's NaN", np.float64("nan"), "a value is missing"),
    ("number", "infinite", np.float64("inf"), "inf is above 1"),
    ("number", "forgot to call", lambda: 1, "a number is asked for, not a function"),
    ("number", "a whole list", [0.3], "One value is asked for; this is a list of 1"),
    ("number", "a Series", pd.Series([0.3]), "One value is asked for; this is a Series of 1 value"),
    ("number", "a table", RIGHT, "One value is asked for; this is a table with 3 rows and 4 columns"),
    ("number", "an array", np.array([0.3]), "One value is asked for; this is an array of shape (1,)"),
    ("number", "a truth value", True, "a number is asked for, not the truth value True"),
    ("number", "a time span", pd.Timedelta(days=3), "a number is asked for, not a time span (.dt.days"),
    ("number", "numpy's time span", np.timedelta64(3, "D"), "not a time span"),
    ("number", "an interval", pd.Interval(0, 1), "a number is asked for, not an interval"),
    ("number", "the stub's dots", ..., "..., which still stands for your answer"),
    ("number", "a class", float, "a number is asked for, not a class"),
    ("number", "a module", np, "a number is asked for, not a module"),
    ("day", "a day as text", "2026-01-01", "a date is asked for, not the text '2026-01-01'"),
    ("day", "a year", 2026, "a date is asked for, not the number 2026"),
    ("yes", "1 for True", 1, "True or False is asked for, not the number 1"),
    ("yes", "the word", "yes", "True or False is asked for, not the text 'yes'"),
    ("word", "a number", 3, "A text is asked for; this is the number 3"),
    ("word", "nothing", None, "A text is asked for; this is None"),
    ("word", "a list of one", ["Loyal"], "A text is asked for; this is a list of 1"),
    ("cuts", "the largest first", [4.0, 3.0, 2.0, 1.0], "3 is below 4 before it. The smallest comes first."),
    ("cuts", "a set", {1.0, 2.0, 3.0, 4.0}, "A set has no order, and the order counts here: hand in a list."),
    ("cuts", "a generator", (n for n in range(4)), "A list is asked for; this is a generator (put list("),
    ("cuts", "a map", map(float, range(4)), "this is an iterator (put list(...) around it)"),
    ("cuts", "a dict", {"a": 1, "b": 2, "c": 3, "d": 4}, "A list is asked for; this is a dict of 4"),
    ("cuts", "a number too few", [1.0, 2.0, 3.0], "A list of 4 is asked for; this has 3."),
    ("cuts", "with a gap", [1.0, math.nan, 3.0, 4.0], "a value is missing"),
    ("cuts", "as text", ["1", "2", "3", "4"], "a number is asked for, not the text '1'"),
    ("cuts", "qcut's result", pd.qcut(range(4), 2), "a number is asked for, not an interval"),
    ("cuts", "one text", "1, 2, 3, 4", "A list is asked for; this is the text '1, 2, 3, 4'"),
    ("names", "one twice", ["ann", "ann"], "'ann' comes more than once"),
    ("names", "numbers", [1, 2], "text is asked for, not the number 1"),
    ("interval", "low above high", {"low": 1, "mean": 2, "high": 0}, "mean, 2, is above high, 0."),
    ("interval", "a list for a dict", [1, 2, 3], "A dict is asked for; this is a list of 3"),
    ("interval", "a tuple", (1, 2, 3), "A dict is asked for; this is a list of 3"),
    ("interval", "a key in capitals", {"Low": 1, "mean": 2, "high": 3}, "key low is missing. Did you mean 'Low'?"),
    ("interval", "a key without a value", {"low": None, "mean": 2, "high": 3}, "key low: a value is missing"),
    ("interval", "a namespace", SimpleNamespace(low=1, mean=2, high=3), "an object of the type SimpleNamespace"),
    ("interval", "a table of one row", pd.DataFrame({"low": [1]}), "A dict is asked for; this is a table"),
    ("grid", "of another shape", np.zeros((2, 3)), "An array of shape (2, 2) is asked for; this has shape (2, 3)"),
    ("grid", "uneven lists", [[1, 2], [3]], "An array is asked for"),
    ("grid", "a number", 3, "An array is asked for; this is the number 3"),
    ("table", "ten of many rows", RIGHT.head(1), "2 of 3 rows are missing, such as customer_id c2"),
    ("table", "no rows", RIGHT.head(0), "The table has no rows."),
    ("table", "time spans", spans(RIGHT), "a whole number is asked for, not a time span (.dt.days"),
    ("table", "another shop's ids", RIGHT.assign(customer_id=["x1", "x2", "x3"]), "customer_id x1 is not among yours"),
    ("table", "a day short", RIGHT.assign(recency_days=[9, 19, 29]), "recency_days is 10; yours is 9"),
    ("table", "repeat purchases", RIGHT.assign(frequency=[1, 1, 2]), "frequency adds up to 4; in your shop it is 6"),
    ("table", "the mean", RIGHT.assign(monetary=[5.0, 3, 2.3]), "monetary adds up to 10.3; in your shop it is 18"),
    ("table", "wrong index", RIGHT.drop(columns="customer_id"), "column customer_id is missing"),
    ("table", "a Series", RIGHT["monetary"], "A table (a DataFrame) is asked for; this is a Series of 3 values"),
    ("table", "a dict of lists", {"customer_id": ["c1"]}, "A table (a DataFrame) is asked for; this is a dict of 1"),
    ("table", "a list of dicts", [{"customer_id": "c1"}], "A table (a DataFrame) is asked for; this is a list of 1"),
    ("table", "groups", RIGHT.groupby("customer_id"), "groups without a sum (add .sum(), .mean() or .agg(...))"),
    ("table", "a column twice", pd.concat([RIGHT, RIGHT], axis=1), "two columns named 'customer_id'"),
    ("table", "each twice", pd.concat([RIGHT, RIGHT]), "stands in more than one row"),
    ("table", "whole numbers as text", RIGHT.assign(frequency=["1", "2", "3"]), "not the text '1'"),
    ("table", "objects", RIGHT.assign(monetary=[object()] * 3), "not an object of the type object"),
    ("table", "lists in a column", RIGHT.assign(monetary=[[1], [2], [3]]), "one value is asked for, not a list of 1"),
    ("table", "a gap", RIGHT.assign(monetary=[1.0, math.nan, 3.0]), "a value is missing"),
    ("table", "nothing", None, "A table (a DataFrame) is asked for; this is None"),
    ("table", "forgot the brackets", RIGHT.reset_index, "A table (a DataFrame) is asked for; this is a function"),
    ("figure", "nothing", None, "A figure (its axes) is asked for; this is None"),
    ("figure", "pyplot itself", plt, "A figure (its axes) is asked for; this is a module"),
    ("figure", "the data", [1, 2], "A figure (its axes) is asked for; this is a list of 2"),
    ("score", "its result", 3, "A function is asked for; this is the number 3"),
    ("score", "ties the wrong way", score_ties, "score_ties(2.0, [1, 2, 4, 8], True) is 2 (one plus the one"),
    ("score", "gives nothing", lambda value, cuts, more: None, "a value is missing"),  # noqa: ARG005 - as written
    ("score", "still the stub", score_stub, "input 1: NotImplementedError: Return a whole number.\n"),
    ("score", "gives text", lambda value, cuts, more: "3", "a whole number is asked for, not the text '3'"),  # noqa: ARG005
    ("score", "too few arguments", lambda value: value, "takes 1 positional argument but 3 were given"),
    ("score", "gives a generator", lambda value, cuts, more: (c for c in cuts), "not a generator"),  # noqa: ARG005
    ("score", "leaves Python", lambda *_: exit(), "SystemExit"),  # noqa: PLR1722 - as a student would
    ("plan", "an empty dict", {}, "A plan (crmlib.actions.Plan) is asked for; this dict has no name"),
    ("plan", "a list", [], "A plan (crmlib.actions.Plan) is asked for; this is a list of 0"),
    ("plan", "no budget", Plan(name="p"), "The plan has no budget; at most 400.00 may be spent"),
    ("plan", "too much money", Plan(name="p", budget=9999.0), "The plan has a budget of 9,999.00; at most 400.00"),
    ("plan", "a score that is none", {"name": "p", "budget": 1, "scores": {"w": {"c1": math.nan}}},
     "scores.w of 'c1' is no number. Leave out who has no score"),
    ("plan", "another shop's customers", Plan(name="p", budget=1.0, scores={"w": {"x9": 1.0}}), "scores.w names x9"),
    ("letter", "no letter of these", "c", "'c' is none of a, b"),
    ("letter", "a list", ["a"], "A letter is asked for; this is a list of 1"),
    ("letter", "a number", 1, "A letter is asked for; this is the number 1"),
    ("essay", "one word", "because", "1 word is few: write 3 to 6."),
    ("essay", "a list of sentences", ["one", "two"], "A text is asked for; this is a list of 2"),
    ("essay", "nothing", None, "A text is asked for; this is None"),
]  # fmt: skip


@pytest.mark.parametrize(("question", "value", "words"), [(q, v, w) for q, _, v, w in WRONG],
                         ids=[f"{q}: {what}" for q, what, _, _ in WRONG])  # fmt: skip
def test_what_is_wrong_for_sure_is_a_red_card_that_says_so(
    question: str, value: Any, words: str, shown: list[Card]
) -> None:
    check(question, value)
    answer(question, value)
    looked, handed = shown
    assert looked.mood == handed.mood == "bad"
    assert words in str(looked)
    assert "Traceback" not in str(looked)


GOOD: list[tuple[str, Any]] = [
    ("number", 0.5),
    ("number", Decimal("0.5")),
    ("day", dt.date(2026, 1, 1)),
    ("yes", np.bool_(True)),
    ("word", " Loyal "),
    ("cuts", np.array([1.0, 2.0, 2.0, 4.0])),
    ("cuts", pd.Series([1.0, 2.0, 3.0, 4.0])),
    ("names", {"ann", "bob"}),
    ("interval", OrderedDict(low=1, mean=2, high=3)),
    ("interval", pd.Series({"low": 1, "mean": 2, "high": 3})),
    ("grid", [[1, 2], [3, 4]]),
    ("table", RIGHT),
    ("table", RIGHT.set_index("customer_id")),
    ("score", score_right),
    ("plan", Plan(name="p", budget=400.0)),
    ("letter", " B)"),
    ("essay", "one two three four"),
]


@pytest.mark.parametrize(("question", "value"), GOOD)
def test_a_form_that_fits_is_told_in_a_neutral_colour(question: str, value: Any, shown: list[Card]) -> None:
    check(question, value)
    answer(question, value)
    assert [card.mood for card in shown] == ["note", "note"]


@pytest.mark.parametrize(
    ("question", "value", "right"),
    [
        ("score", score_right, "score_right(2.0, [1, 2, 4, 8], True) is 2 (one plus the one cut-point below 2)"),
        ("table", RIGHT, "In the worked row, customer_id c1, all is right"),
    ],
)
def test_green_is_kept_for_what_is_right(question: str, value: Any, right: str, shown: list[Card]) -> None:
    check(question, value)
    (line,) = [line for line in shown[0].lines if line.mood == "good"]
    assert right in line.text


def test_a_quiz_takes_any_wrong_value_for_none_of_its_letters(shown: list[Card]) -> None:
    for value in (["b"], {"b": 1}, 2, object(), RIGHT, lambda: "b", "e"):
        quiz("letter", value)  # type: ignore[arg-type] # as a student would
    assert {card.mood for card in shown} == {"bad"}
    assert {card.heading for card in shown} == {"letter is recorded, but it is none of the letters"}


@pytest.mark.parametrize("written", ["b", "B", " b ", "b)", "(b)", "B.", "'b'"])
def test_a_letter_is_a_letter_however_it_is_written(written: str, shown: list[Card]) -> None:
    quiz("letter", written)
    (card,) = shown
    assert (card.mood, card.heading, card.lines[0].text) == ("note", "letter is recorded: b", "b) two")
    assert checks.look_at("letter", written, None).wrong == ()


@pytest.mark.parametrize("nothing", ["", "  ", None])
def test_without_a_letter_a_quiz_says_that_it_is_not_recorded(nothing: Any, shown: list[Card]) -> None:
    quiz("letter", nothing)
    assert shown[0].heading == "letter is not recorded: Which?"


class Broken:
    """A value whose every method fails."""

    def __getattribute__(self, name: str) -> Any:
        raise RuntimeError(name)


STRANGE: list[Any] = [
    None, ..., object(), Broken(), abs, int, math, iter([1]), (n for n in [1]), range(3), b"x", 2j, Decimal("NaN"),
    10**30,
    pd.Timedelta(days=1), np.timedelta64(1, "D"), pd.NaT, pd.NA, pd.Interval(0, 1), pd.Period("2026-01"),
    [], {}, set(), (), [[]], {"a": {"b": {}}}, [object()], {("a", 1): 2}, {"$float": "x"}, {"$other": 3},
    pd.DataFrame(), pd.Series(dtype=float), pd.DataFrame({"a": [object()]}),
    pd.DataFrame([[1, 2]], columns=["a", "a"]), pd.DataFrame({"a": pd.to_timedelta([1], unit="D")}),
    pd.MultiIndex.from_tuples([("a", 1)]), RIGHT.groupby("customer_id"),
    np.array([]), np.array(["2026-01-01"], dtype="datetime64[ns]"), np.array([1], dtype="timedelta64[ns]"),
    np.array([{}], dtype=object), np.zeros((0, 3)), dt.time(12), dt.date.max, "\ud800", "\x00\u202e",
    Plan(name="p"),
    SimpleNamespace(to_pandas=None), ValueError("x"),
]  # fmt: skip


@pytest.mark.parametrize("question", [question["id"] for question in QUESTIONS])
def test_nothing_that_is_handed_in_makes_a_check_fail(question: str, shown: list[Card]) -> None:
    drawn = [plt.bar([1], [2]), plt.plot([1], [2]), plt.gca(), plt.gcf(), plt.plot([1], [2])[0]]
    for value in [*STRANGE, *drawn]:
        check(question, value)
        answer(question, value)
    strange_inputs: list[Any] = [3, None, [Broken()], [[]], [{}], iter([]), "ab"]
    for inputs in strange_inputs:
        check(question, score_right, inputs=inputs)
    assert {card.mood for card in shown} <= {"bad", "note"}


def test_a_plan_is_told_by_what_it_does(shown: list[Card]) -> None:
    check("plan", Plan(name="seldom", sequences=(sequence("win_back"),), budget=400.0))
    check("plan", Plan(name="nothing"))
    assert shown[0].lines[0].text == "The plan 'seldom': 1 sequence by email, sms, a budget of 400.00."
    assert shown[1].lines[0].text == "The plan 'nothing': 0 sequences, no budget."


def test_bars_are_told_to_hand_in_the_axes(shown: list[Card]) -> None:
    for drawn in (plt.bar([1, 2], [3, 4]), plt.plot([1], [2]), plt.plot([1], [2])[0]):
        check("figure", drawn)
    assert all("hand in the axes that it was drawn in" in str(card) for card in shown)


def test_a_function_is_checked_with_the_inputs_of_its_question(
    shown: list[Card], monkeypatch: pytest.MonkeyPatch
) -> None:
    check("score", score_right)
    assert shown[0].lines[0].text == "The outputs of a function at 1 input."
    monkeypatch.delattr("__main__.score_inputs")
    check("score", score_right)
    assert "score_inputs is not there: run the cell with the parameters" in str(shown[1])


def test_a_refused_answer_reaches_the_grader_in_its_own_words() -> None:
    recorded = checks.look_at("table", pd.concat([RIGHT, RIGHT], axis=1), None).recorded
    assert recorded.kind == "none"
    assert "two columns named 'customer_id'" in recorded.problem


def test_a_column_of_the_wrong_kind_costs_its_own_points_only() -> None:
    from crmlib.grading.kinds.registry import kind_of

    asked = checks.started_question("table")
    theirs, right = (parse(encode("table", frame)) for frame in (spans(RIGHT), RIGHT))
    assert kind_of(asked).compare(asked, theirs, right).share == pytest.approx(3 / 4)


@pytest.mark.parametrize(("question", "value"), [("number", 34.2), ("table", None), ("letter", "e")])
def test_nbgraders_validate_fails_where_the_card_is_red(
    question: str, value: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer(question, value)  # outside of it nothing is raised
    monkeypatch.setenv("NBGRADER_VALIDATING", "1")
    with pytest.raises(ExerciseError, match=f"^{question}: "):
        answer(question, value)


def test_nbgraders_validate_fails_without_a_letter_and_without_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NBGRADER_VALIDATING", "1")
    answer("number", 0.5)
    with pytest.raises(ExerciseError, match="no letter"):
        quiz("letter", "")
    start("", [])
    with pytest.raises(ExerciseError, match="Run the cells at the top"):
        answer("number", 0.5)


def test_facts_of_no_such_column_are_refused() -> None:
    with pytest.raises(ExerciseError, match="'spend' is not asked for"):
        facts("table", totals={"spend": 3})


def test_facts_without_a_start_let_the_given_cell_go_on() -> None:
    start("", [])
    facts("table", keys=["c1"])


def test_a_worked_case_belongs_to_a_function() -> None:
    with pytest.raises(ExerciseError, match="only a function has a worked `case`"):
        start("x", [{"id": "q1", "title": "x", "kind": "scalar", "points": 1, "case": {"inputs": [1], "output": 2}}])
