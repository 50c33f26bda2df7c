"""Whatever a hostile notebook writes, reading it raises nothing, runs nothing and stays small."""

from __future__ import annotations

import json
import sys
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmlib.grading.marking.compare import compare
from crmlib.grading.spec.questions import Field, Question
from crmlib.grading.spec.recorded import MIMETYPE, MOST_QUESTIONS, MOST_ROWS, SIZE_LIMIT, Answer, parse, read_answers
from crmlib.grading.student.encoding import encode

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)
SPECIAL = st.sampled_from(["$float", "$date", "$datetime", "$dict"])
NEARLY = st.fixed_dictionaries(
    {
        "version": st.just(1) | JSON,
        "question": st.just("q1"),
        "kind": st.sampled_from(["value", "table", "series", "array", "figure", "outputs", "none", "pickle"]) | JSON,
        "value": JSON
        | st.dictionaries(SPECIAL, JSON, max_size=2)
        | st.fixed_dictionaries(
            {
                "rows": st.integers(-1, 3) | JSON,
                "columns": st.lists(st.fixed_dictionaries({"name": JSON, "type": JSON, "values": JSON}), max_size=2),
                "shape": st.lists(st.integers(-1, 3) | JSON, max_size=2) | JSON,
                "values": st.lists(JSON, max_size=3) | JSON,
                "index": st.lists(JSON, max_size=3) | JSON,
            }
        ),
    }
)


def notebook(*payloads: Any) -> dict[str, Any]:
    outputs = [{"output_type": "display_data", "data": {MIMETYPE: one}} for one in payloads]
    return {"cells": [{"cell_type": "code", "outputs": outputs}]}


@pytest.mark.slow
@given(JSON)
def test_any_json_can_be_read_as_a_notebook(executed: Any) -> None:
    assert isinstance(read_answers(executed), dict)


@pytest.mark.slow
@given(st.lists(JSON | NEARLY, max_size=3))
def test_any_json_can_stand_where_an_answer_should(payloads: list[Any]) -> None:
    assert all(isinstance(one, Answer) for one in read_answers(notebook(*payloads)).values())


@pytest.mark.slow
@given(NEARLY)
def test_an_answer_is_whole_or_has_a_problem(payload: dict[str, Any]) -> None:
    answer = parse(payload)
    assert (answer.kind == "none") == bool(answer.problem)


@pytest.mark.parametrize(
    "value",
    [
        {"$float": "one"},
        {"$date": 7},
        {"$datetime": "never"},
        {"rows": 2, "columns": [{"name": "a", "type": "integer", "values": [1]}]},
        {"rows": MOST_ROWS + 1, "columns": []},
        {"rows": 0, "columns": [{"name": str(n), "type": "x", "values": []} for n in range(201)]},
        {"rows": 1, "columns": [{"name": "a", "type": "x", "values": [1]}] * 2},
        {"shape": [10**9, 10**9], "values": [1]},
        {"shape": [True], "values": [1]},
    ],
)
@pytest.mark.parametrize("kind", ["value", "table", "array"])
def test_damage_is_told_and_raises_nothing(kind: str, value: Any) -> None:
    answer = parse({"version": 1, "question": "q1", "kind": kind, "value": value})
    assert answer.kind == "none" or kind == "value"


@pytest.mark.slow
def test_depth_size_and_numbers_have_limits() -> None:
    deep: Any = 1
    for _ in range(sys.getrecursionlimit() * 3):
        deep = [deep]
    for value, message in (
        (deep, "nested more than"),
        ("x" * (SIZE_LIMIT + 1), "larger than 5 MB"),
        ([0] * 2_000_001, "larger than"),
        (10**5000, "too large to compare"),
    ):
        answer = parse({"version": 1, "question": "q1", "kind": "value", "value": value})
        assert message in answer.problem


def test_a_pickle_is_text_like_any_other() -> None:
    payload = encode("q1", "gASVHgAAAAAAAACMBXBvc2l4lIwGc3lzdGVtlJOUjARleGl0lIWUUpQu")
    assert parse(payload).value.startswith("gASV")


def test_the_last_answer_counts() -> None:
    assert read_answers(notebook(encode("q1", 1), encode("q2", 2), encode("q1", 3)))["q1"].value == 3


def test_a_damaged_last_answer_does_not_bring_back_the_one_before() -> None:
    damaged = {"version": 1, "question": "q1", "kind": "table", "value": 7}
    assert read_answers(notebook(encode("q1", 1), damaged))["q1"].kind == "none"


def test_a_million_questions_are_not_kept() -> None:
    payloads = [encode(f"q{n}", n) for n in range(MOST_QUESTIONS + 50)]
    assert len(read_answers(notebook(*payloads))) == MOST_QUESTIONS


def test_an_error_message_cannot_steer_a_terminal() -> None:
    payload = {"version": 1, "question": "q1", "kind": "outputs", "value": [{"error": "\x1b[2J\u202e<b>" + "x" * 900}]}
    problem = parse(payload).value[0].problem
    assert (problem[:6], len(problem)) == (" [2J <", 300)


def test_outputs_inside_outputs_are_damage() -> None:
    inner = {"kind": "outputs", "value": []}
    assert parse({"version": 1, "question": "q1", "kind": "outputs", "value": [inner]}).kind == "none"


ASKED: dict[str, Question] = {
    "scalar": Question(id="q1", title="t", kind="scalar", points=1, value=Field(type="integer", least=0, most=9)),
    "text": Question(id="q1", title="t", kind="text", points=1),
    "list": Question(id="q1", title="t", kind="list", points=1, value=Field(type="integer", unique=True, adds_up_to=1)),
    "dict": Question(id="q1", title="t", kind="dict", points=1, fields={"a": Field()}, extra_columns=False),
    "array": Question(id="q1", title="t", kind="array", points=1),
    "table": Question(
        id="q1", title="t", kind="table", points=1, key=("a",), fields={"a": Field(type="text"), "b": Field()}
    ),
    "function": Question(id="q1", title="t", kind="function", points=1, fields={"a": Field()}),
    "figure": Question(id="q1", title="t", kind="figure", points=1),
}
RIGHT: dict[str, Answer] = {
    "scalar": parse(encode("q1", 1)),
    "text": parse(encode("q1", "a")),
    "list": parse(encode("q1", [1])),
    "dict": parse(encode("q1", {"a": 1})),
    "array": parse(encode("q1", [[1.0, 2.0]])),
    "table": parse(encode("q1", pd.DataFrame({"a": ["x"], "b": [1.0]}))),
    "function": parse(encode("q1", lambda x: {"a": x}, inputs=[1])),
    "figure": Answer("q1", "figure", [{"title": "t", "xlabel": "x", "ylabel": "y", "series": [[[1.0], [2.0]]]}]),
}
CELLS = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=3), st.just({"$float": "nan"}), JSON
)
TABLES = st.integers(0, 3).flatmap(
    lambda rows: st.fixed_dictionaries(
        {
            "rows": st.just(rows),
            "columns": st.lists(
                st.fixed_dictionaries(
                    {
                        "name": st.sampled_from(["a", "b"]) | st.text(max_size=3),
                        "type": st.just("mixed"),
                        "values": st.lists(CELLS, min_size=rows, max_size=rows),
                    }
                ),
                max_size=3,
                unique_by=lambda column: column["name"],
            ),
        }
    )
)
SERIES = st.lists(st.lists(st.lists(CELLS, max_size=3), max_size=2), max_size=2)
FIGURES = st.lists(
    st.fixed_dictionaries({"title": st.text(), "xlabel": st.text(), "ylabel": st.text(), "series": SERIES}), max_size=2
)
LIKELY = (
    st.tuples(st.just("table"), TABLES)
    | st.tuples(st.just("figure"), FIGURES)
    | st.tuples(st.just("value"), st.lists(CELLS) | st.dictionaries(st.sampled_from(["a", "b"]), CELLS) | CELLS)
    | st.tuples(
        st.just("outputs"),
        st.lists(st.fixed_dictionaries({"kind": st.just("value"), "value": CELLS | st.just({"a": 1})}), max_size=3),
    )
)


@pytest.mark.slow
@given(LIKELY)
def test_whatever_is_recorded_gets_a_mark(recorded: tuple[str, Any]) -> None:
    kind, value = recorded
    answer = parse({"version": 1, "question": "q1", "kind": kind, "value": value})
    for name, question in ASKED.items():
        outcome = compare(question, answer, RIGHT[name])
        assert 0 <= outcome.share <= 1
        assert all(said.encode("utf-8") and said.isprintable() for said in outcome.findings)


def test_reading_leaves_the_notebook_as_it_was() -> None:
    executed = notebook(encode("q1", {"$odd": [1, {"$float": "x"}]}))
    before = json.dumps(executed)
    read_answers(executed)
    assert json.dumps(executed) == before
