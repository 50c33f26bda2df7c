"""Marks are what the rules say, whatever the rows' order; findings help, and never tell what is expected."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import hypothesis
import matplotlib.pyplot as plt
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmlib.errors import ExerciseError
from crmlib.grading.marking.compare import compare, mark
from crmlib.grading.sandbox.limits import Limits
from crmlib.grading.spec.exercise import Exercise, ShopPlan
from crmlib.grading.spec.questions import Field, Question
from crmlib.grading.spec.recorded import Answer, parse
from crmlib.grading.student.encoding import encode

TABLE = Question(
    id="q1",
    title="t",
    kind="table",
    points=4,
    key=("customer_id",),
    fields={
        "customer_id": Field(type="text"),
        "orders": Field(type="integer", least=1),
        "spend": Field(atol=0.006),
        "code": Field(type="text", missing=True),
    },
)
RIGHT = pd.DataFrame(
    {
        "customer_id": [f"C{n:07d}" for n in range(1, 341)],
        "orders": [1 + n % 5 for n in range(340)],
        "spend": [10.0 + n for n in range(340)],
        "code": [None if n % 7 == 0 else f"{n % 3}" for n in range(340)],
    }
)


def recorded(value: Any, **options: Any) -> Answer:
    return parse(json.loads(json.dumps(encode("q1", value, **options))))


def scored(question: Question, value: Any, right: Any) -> tuple[float, str]:
    outcome = compare(question, recorded(value), recorded(right))
    return outcome.share, " ".join(outcome.findings)


def of_kind(kind: Any, **options: Any) -> Question:
    return Question(id="q1", title="t", kind=kind, points=1, **options)


@pytest.mark.slow
@hypothesis.settings(max_examples=20)
@given(st.permutations(range(340)), st.permutations(list(RIGHT)))
def test_the_order_of_rows_and_columns_is_no_matter(rows: list[int], columns: list[str]) -> None:
    assert scored(TABLE, RIGHT.iloc[rows][columns], RIGHT) == (1.0, "")


@pytest.mark.slow
@hypothesis.settings(max_examples=30)
@given(st.sampled_from(["orders", "spend", "code"]), st.sets(st.integers(0, 339), min_size=1, max_size=40))
def test_a_wrong_column_costs_its_own_share_and_is_counted(column: str, rows: set[int]) -> None:
    values = RIGHT[column].tolist()
    for row in rows:
        values[row] = "9" if column == "code" else values[row] + 2
    wrong = RIGHT.assign(**{column: values})
    share, said = scored(TABLE, wrong, RIGHT)
    first = f"C{min(rows) + 1:07d}"
    assert share == 0.75
    assert f"column {column}: {len(rows)} of 340 values differ; the first is at customer_id {first}" in said


@pytest.mark.slow
@given(st.floats(-1e9, 1e9), st.floats(-1e9, 1e9))
def test_a_finding_shows_the_own_value_and_not_the_expected_one(theirs: float, right: float) -> None:
    share, said = scored(of_kind("scalar", value=Field(rtol=0, atol=0)), theirs, right)
    assert (share == 1) == (theirs == right)
    if share < 1:
        assert said == f"the answer: yours, {theirs:.10g}, is not right."


def test_nothing_that_is_expected_stands_in_any_finding() -> None:
    secret = RIGHT.assign(customer_id=[f"SECRET{n}" for n in range(340)], spend=[777_000.5 + n for n in range(340)])
    for given_value in (RIGHT, RIGHT.head(3), RIGHT.assign(spend="x"), 5, "text", [1], RIGHT.drop(columns="spend")):
        _, said = scored(TABLE, given_value, secret)
        assert said
        assert "SECRET" not in said
        assert "777" not in said


@pytest.mark.parametrize(
    ("theirs", "right", "field", "equal"),
    [
        (0.1 + 0.2, 0.3, Field(), True),
        (100.4, 100.0, Field(rtol=0.01), True),
        (102.0, 100.0, Field(rtol=0.01), False),
        (3.0, 3, Field(type="integer"), True),
        (3.4, 3, Field(type="integer"), False),
        (True, 1, Field(), False),
        ("3", 3, Field(), False),
        (math.nan, math.nan, Field(missing=True), True),
        (math.nan, 1.0, Field(missing=True), False),
        (math.inf, math.inf, Field(), True),
        (math.inf, 1e308, Field(rtol=1), False),
        (-math.inf, math.inf, Field(), False),
        ("caf\u00e9", "cafe\u0301", Field(type="text"), True),
        (" Lost ", "Lost", Field(type="text"), True),
        ("lost", "Lost", Field(type="text"), False),
        ("\u0421ape", "Cape", Field(type="text"), False),
        ("\uff23ape", "Cape", Field(type="text"), False),
        (pd.Timestamp("2026-01-02 13:00"), pd.Timestamp("2026-01-02"), Field(type="date"), True),
        ("2026-01-02", pd.Timestamp("2026-01-02"), Field(type="date"), False),
    ],
)
def test_when_two_values_are_the_same(theirs: Any, right: Any, field: Field, equal: bool) -> None:  # noqa: FBT001 - a case
    assert scored(of_kind("scalar", value=field), theirs, right)[0] == equal


def test_a_number_given_as_text_is_told() -> None:
    said = scored(TABLE, RIGHT.assign(spend=RIGHT["spend"].astype(str)), RIGHT)[1]
    assert (
        "column spend: 340 of 340 values do not fit; the first is at customer_id C0000001: a number is asked for"
        in said
    )


def test_an_id_that_looks_alike_matches_nobody() -> None:
    ids = RIGHT["customer_id"].where(RIGHT.index != 5, "\u0421" + RIGHT["customer_id"].str[1:])
    share, said = scored(TABLE, RIGHT.assign(customer_id=ids), RIGHT)
    assert share == 0
    assert "should not be in the table. It holds a letter that is no plain one (U+0421)" in said
    assert "1 of 340 expected rows are missing" in said


@pytest.mark.parametrize(
    ("table", "share", "words"),
    [
        (RIGHT.head(339), 0, "1 of 340 expected rows are missing"),
        (pd.concat([RIGHT, RIGHT.head(1)]), 0, "stands in more than one row"),
        (pd.concat([RIGHT, RIGHT.head(1).assign(customer_id="ghost")]), 0.75, "customer_id ghost should not be in"),
        (RIGHT.rename(columns={"spend": "Spend_"}), 0.75, "column spend is missing. Did you mean 'Spend_'?"),
        (RIGHT.drop(columns="customer_id"), 0, "the rows cannot be told apart"),
        (RIGHT.head(0), 0, "The table has no rows"),
        (RIGHT.assign(orders=0), 0.75, "0 is below 1"),
        (RIGHT.set_index("customer_id"), 1, ""),
        (RIGHT.assign(more=1), 1, ""),
    ],
)
def test_what_a_table_earns(table: pd.DataFrame, share: float, words: str) -> None:
    earned, said = scored(TABLE, table, RIGHT)
    assert earned == share
    assert words in said


def test_a_share_of_rows_may_be_forgiven() -> None:
    forgiving = of_kind("table", key=("customer_id",), agree=0.99, fields=TABLE.fields)
    off = RIGHT["spend"].where(RIGHT.index >= 3, -1.0)
    assert scored(forgiving, RIGHT.assign(spend=off), RIGHT) == (1.0, "")
    assert scored(TABLE, RIGHT.assign(spend=off), RIGHT)[0] == 0.75


def test_the_order_can_be_part_of_the_answer() -> None:
    ranking = of_kind("table", row_order="same", column_order="same", fields={"who": Field(type="text"), "n": Field()})
    right = pd.DataFrame({"who": ["a", "b"], "n": [2, 1]})
    assert scored(ranking, right, right)[0] == 1
    assert scored(ranking, right[["n", "who"]], right)[0] == 0.5
    assert scored(ranking, right.iloc[::-1], right)[0] == 0
    unordered = of_kind("table", fields={"who": Field(type="text"), "n": Field()})
    assert scored(unordered, right.iloc[::-1], right)[0] == 1


@pytest.mark.slow
@given(st.lists(st.integers(0, 50), max_size=8), st.randoms())
def test_a_list_without_order_is_a_bag(values: list[int], chance: Any) -> None:
    shuffled = list(values)
    chance.shuffle(shuffled)
    assert scored(of_kind("list"), shuffled, values)[0] == 1
    assert scored(of_kind("list", row_order="same"), shuffled, values)[0] == (shuffled == values)
    assert scored(of_kind("list"), [*values, 7], values)[0] == 0


def test_dicts_earn_by_key() -> None:
    question = of_kind("dict", fields={"segment": Field(type="text"), "needed": Field(weight=2)}, extra_columns=False)
    right = {"segment": "Lost", "needed": 4.0}
    assert scored(question, {"segment": "Lost", "needed": 5.0}, right)[0] == pytest.approx(1 / 3)
    assert scored(question, {"needed": 4.0}, right)[1] == "key segment is missing."
    assert scored(question, right | {"more": 1}, right)[0] == 0.5
    assert scored(question, pd.Series(right), right)[0] == 1


def test_arrays_have_a_shape() -> None:
    right = [[1.0, 2.0], [3.0, 4.0]]
    assert scored(of_kind("array", shape=(2, 2)), right, right)[0] == 1
    assert scored(of_kind("array", shape=(2, 2)), [1.0, 2.0, 3.0, 4.0], right)[1] == (
        "An array of shape (2, 2) is asked for; this has shape (4,)."
    )
    assert scored(of_kind("array"), [[1.0], [2.0, 3.0]], right)[1] == "An array is asked for; this is a list of 2."


def test_functions_earn_by_their_outputs() -> None:
    question, inputs = of_kind("function", value=Field(type="integer")), [0, 1, 2]

    def outcome(function: Any) -> tuple[float, str]:
        found = compare(question, recorded(function, inputs=inputs), recorded(lambda x: 2 * x, inputs=inputs))
        return found.share, " ".join(found.findings)

    assert outcome(lambda x: x + x) == (1.0, "")
    assert outcome(lambda x: x) == (
        0.0,
        "the output: 2 of 3 values differ; the first is at input 2: yours, 1, is not right.",
    )
    assert outcome(lambda x: 2 // x * x * x)[1].startswith("input 1: ZeroDivisionError")
    assert outcome(lambda _: None)[0] == 0
    assert outcome(lambda x: [2 * x])[0] == 0
    share = compare(question, recorded(lambda x: 2 * x, inputs=[0, 1]), recorded(lambda x: 2 * x, inputs=inputs)).share
    assert share == 0


def test_a_function_may_give_a_dict() -> None:
    question = of_kind("function", fields={"low": Field(), "high": Field()})
    right = recorded(lambda x: {"low": x, "high": x + 1}, inputs=[1, 2])
    half = compare(question, recorded(lambda x: {"low": x, "high": x}, inputs=[1, 2]), right)
    plain = compare(question, recorded(lambda x: x, inputs=[1, 2]), right)
    assert (half.share, plain.share) == (0.5, 0.0)
    assert "A dict is asked for; this is the number 1." in plain.findings[0]


def test_figures_earn_by_data_and_words() -> None:
    def bars(values: list[float], **words: str) -> Answer:
        figure, axes = plt.subplots()
        axes.bar(range(len(values)), values)
        axes.set(**words)
        answer = recorded(axes)
        plt.close(figure)
        return answer

    question, words = of_kind("figure"), {"title": "t", "xlabel": "x", "ylabel": "y"}
    right = bars([1, 2, 3], **words)
    assert compare(question, bars([3, 1, 2], **words), right).share == 1
    assert compare(question, bars([1, 2, 3], xlabel="x"), right).share == pytest.approx(1.25 / 2)
    assert compare(question, bars([1, 2, 4], **words), right).share == 0
    assert compare(question, recorded([1, 2, 3]), right).findings == [
        "A figure (its axes) is asked for; this is a list of 3."
    ]


def right_answers() -> dict[str, Answer]:
    figure, axes = plt.subplots()
    axes.plot([1, 2])
    values = {"dict": {"n": 1.5}, "table": pd.DataFrame({"n": [1.5]}), "figure": axes, "list": [1.5], "array": [1.5]}
    right = {kind: recorded(value) for kind, value in values.items()}
    plt.close(figure)
    plain = {kind: recorded("a") for kind in ("scalar", "text", "quiz")}
    return right | plain | {"function": recorded(abs, inputs=[1])}


RIGHT_ANSWERS = right_answers()


@pytest.mark.slow
@pytest.mark.parametrize("kind", sorted(RIGHT_ANSWERS))
@hypothesis.settings(max_examples=40)
@given(
    value=st.one_of(
        st.none(), st.integers(0, 9), st.text(), st.lists(st.integers(0, 9)), st.dictionaries(st.text(), st.text())
    )
)
def test_any_answer_to_any_kind_gets_a_mark_and_a_sentence(kind: Any, value: Any) -> None:
    options: dict[str, Any] = {"options": {"a": "x", "b": "y"}} if kind == "quiz" else {}
    options |= {"fields": {"n": Field()}} if kind in {"dict", "table"} else {}
    options |= {"value": Field(type="text")} if kind == "scalar" else {}
    outcome = compare(of_kind(kind, **options), recorded(value), RIGHT_ANSWERS[kind])
    assert (outcome.share == 1) == (not outcome.findings)


def exercise(*questions: Question) -> Exercise:
    return Exercise(
        name="x",
        title="x",
        notebook="x",
        minutes=1,
        points=1,
        goals=(),
        questions=questions,
        limits=Limits(),
        shop=ShopPlan(),
        hidden=(),
        rubrics={},
        mistakes=(),
        folder=Path(),
    )


def test_a_mark_is_the_worst_of_the_shops() -> None:
    one = exercise(of_kind("scalar"))
    right = [{"q1": recorded(1.0)}, {"q1": recorded(2.0)}]
    assert mark(one, right, right)[0].points == 1
    hard_coded = mark(one, [{"q1": recorded(1.0)}, {"q1": recorded(1.0)}], right)[0]
    assert hard_coded.points == 0
    assert "On 1 of 2 shops the answer is better" in hard_coded.findings[-1]
    assert mark(one, [{}, {}], right)[0].findings == ["Nothing was handed in."]


def test_what_is_written_waits_for_a_person() -> None:
    one = exercise(of_kind("written", least_words=3))
    right = [{"q1": recorded("the model answer")}]
    written = mark(one, [{"q1": recorded("my own words here")}], right)[0]
    assert (written.points, written.needs_review, written.findings) == (0.0, True, [])
    assert mark(one, [{"q1": recorded(" ")}], right)[0].needs_review is False
    assert mark(one, [{}], right)[0].needs_review is False


def test_a_reference_without_an_answer_is_our_own_fault() -> None:
    one = exercise(of_kind("scalar"))
    with pytest.raises(ExerciseError, match="The reference has no answer to q1 on hidden shop 1"):
        mark(one, [{"q1": recorded(1)}], [{}])
    with pytest.raises(ExerciseError, match="each hidden shop needs both"):
        mark(one, [], [{}])
