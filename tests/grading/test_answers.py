"""What a student hands in arrives as it was, or is refused in words that help."""

from __future__ import annotations

import datetime as dt
import json
import math
from decimal import Decimal
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmlib.errors import ExerciseError
from crmlib.grading.spec.recorded import Answer, Column, parse
from crmlib.grading.student.encoding import encode
from crmlib.notebook.recording import Unrecordable

SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**62), 2**62),
    st.floats(),
    st.text(),
    st.dates(),
    st.datetimes(),
)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4), max_leaves=12
)


def travelled(value: Any, **options: Any) -> Answer:
    return parse(json.loads(json.dumps(encode("q1", value, **options))))


def same(one: Any, other: Any) -> bool:
    if isinstance(one, float) and isinstance(other, float):
        return one == other or (math.isnan(one) and math.isnan(other))
    if isinstance(one, list):
        return isinstance(other, list) and len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, dict):
        return isinstance(other, dict) and one.keys() == other.keys() and all(same(one[k], other[k]) for k in one)
    return type(one) is type(other) and bool(one == other)


@pytest.mark.slow
@given(VALUES)
def test_a_value_arrives_as_it_was(value: Any) -> None:
    assert same(travelled(value).value, value)


@pytest.mark.slow
@given(
    st.integers(0, 6).flatmap(
        lambda n: st.fixed_dictionaries(
            {
                "number": st.lists(st.floats(), min_size=n, max_size=n),
                "whole": st.lists(st.integers(-(2**62), 2**62), min_size=n, max_size=n),
                "text": st.lists(st.text(), min_size=n, max_size=n),
                "truth": st.lists(st.booleans(), min_size=n, max_size=n),
            }
        )
    )
)
def test_a_table_arrives_as_it_was_except_that_nan_is_missing(columns: dict[str, list[Any]]) -> None:
    frame = pd.DataFrame(columns).astype({"number": float, "whole": "int64", "text": object, "truth": bool})
    table = travelled(frame).value
    columns["number"] = [None if math.isnan(one) else one for one in columns["number"]]
    assert all(same(table[name].values, values) for name, values in columns.items())
    assert (table["number"].type, table["whole"].type) == ("number", "integer")


@pytest.mark.parametrize(
    ("value", "kind", "stored"),
    [
        (np.float64(0.5), "value", 0.5),
        (np.int64(3), "value", 3),
        (np.bool_(True), "value", True),
        (Decimal("1.50"), "value", 1.5),
        (pd.Timestamp("2026-01-02"), "value", dt.datetime(2026, 1, 2)),  # noqa: DTZ001 - the shop's own zone
        ({3, 1, 2}, "value", [1, 2, 3]),
        (range(3), "value", [0, 1, 2]),
        ((1, "a"), "value", [1, "a"]),
        ({"a": np.int32(1)}, "value", {"a": 1}),
        (pd.Index(["x", "y"]), "value", ["x", "y"]),
        (np.array([[1, 2], [3, 4]]), "array", {"shape": [2, 2], "values": [1, 2, 3, 4]}),
        (pd.Series([1.0, None], index=["a", "b"]), "series", {"index": ["a", "b"], "values": [1.0, None]}),
    ],
)
def test_what_is_nearly_a_plain_value_becomes_one(value: Any, kind: str, stored: Any) -> None:
    arrived = travelled(value)
    assert (arrived.kind, arrived.value) == (kind, stored)


def test_an_index_that_says_something_becomes_a_column() -> None:
    named = pd.DataFrame({"spend": [1.0, 2.0]}, index=pd.Index(["ann", "bob"], name="customer_id"))
    filtered = pd.DataFrame({"spend": [1.0, 2.0, 3.0]})[lambda t: t["spend"] > 1]
    both = named.reset_index().set_index("customer_id", drop=False)
    assert list(travelled(named).value) == ["customer_id", "spend"]
    assert list(travelled(filtered).value) == ["spend"]
    assert list(travelled(both).value) == ["customer_id", "spend"]


def test_tables_of_other_libraries_are_tables() -> None:
    categories = pd.DataFrame({"a": pd.Categorical(["1", None, "2"])})
    nullable = pd.DataFrame({"a": pd.array([1, None], dtype="Int64")})
    tables = (pa.table({"a": [1, 2]}), categories, nullable)
    assert [travelled(table).value["a"] for table in tables] == [
        Column("integer", [1, 2]),
        Column("mixed", ["1", None, "2"]),
        Column("integer", [1, None]),
    ]


def test_a_function_is_called_on_each_input_and_may_fail_at_some() -> None:
    outputs = travelled(lambda a, b=1: a / b, inputs=[[6, 3], {"a": 1, "b": 0}, 5]).value
    assert [one.value for one in outputs] == [2.0, None, 5.0]
    assert outputs[1].problem == "ZeroDivisionError: division by zero"


def test_a_function_cannot_change_what_the_next_input_is() -> None:
    inputs = [[[1, 2]], [[1, 2]]]
    answer = travelled(lambda values: values.pop(), inputs=inputs)
    assert (inputs, [one.value for one in answer.value]) == ([[[1, 2]], [[1, 2]]], [2, 2])


def test_a_function_that_exits_fails_at_that_input_only() -> None:
    def leave(code: int) -> int:
        raise SystemExit(code)

    assert travelled(leave, inputs=[0]).value[0].problem == "SystemExit: 0"


def test_a_figure_travels_as_its_data_and_its_words() -> None:
    figure, axes = plt.subplots()
    axes.plot([1, 2], [3.0, math.nan])
    axes.bar(["a", "b"], [5, 6])
    axes.scatter([1], [2])
    axes.imshow([[1, 2], [3, 4]])
    axes.set(title="Rising", xlabel="weeks", ylabel="orders")
    drawn = travelled(figure).value[0]
    plt.close(figure)
    assert (drawn["title"], drawn["xlabel"], drawn["ylabel"]) == ("Rising", "weeks", "orders")
    assert drawn["series"][1:] == [[[5.0, 6.0]], [[1.0], [2.0]], [[1.0, 2.0, 3.0, 4.0]]]
    assert (drawn["series"][0][0], drawn["series"][0][1][0]) == ([1.0, 2.0], 3.0)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("x" * 6_000_000, r"takes 6\.0 MB; an answer may take 5 MB"),
        (pd.DataFrame({"a": np.arange(2_000_000)}), "may take 5 MB"),
        (pd.DataFrame([[1, 2]], columns=["a", "a"]), "two columns named 'a'"),
        ({("a", 1): 2}, "use text"),
    ],
)
def test_what_cannot_travel_is_refused_with_a_way_out(value: Any, message: str) -> None:
    with pytest.raises(ExerciseError, match=message):
        encode("q1", value)


@pytest.mark.parametrize(
    ("value", "kind", "stored"),
    [
        (object(), "value", Unrecordable("an object of the type object")),
        (abs, "value", Unrecordable("a function")),
        ([1, 2j], "value", [1, Unrecordable("a complex number")]),
        (
            pd.DataFrame({"a": [object()]}),
            "table",
            {"a": Column("mixed", [Unrecordable("an object of the type object")])},
        ),
        ({"$other": "typed in"}, "value", {"$other": "typed in"}),
    ],
)
def test_what_no_answer_can_hold_travels_as_words(value: Any, kind: str, stored: Any) -> None:
    arrived = travelled(value)
    assert (arrived.kind, arrived.value) == (kind, stored)


def test_times_in_an_array_are_no_bare_counts() -> None:
    days = np.array(["2026-01-02"], dtype="datetime64[ns]")
    assert travelled(days).value["values"] == [dt.datetime(2026, 1, 2)]  # noqa: DTZ001 - the shop's own zone
    (span,) = travelled(days - days).value["values"]
    assert span.text.startswith("a time span")


def test_a_set_of_numbers_is_sorted_by_their_size() -> None:
    assert travelled({100.0, 5.0, 20.0}).value == [5.0, 20.0, 100.0]


def test_a_list_that_holds_itself_is_refused() -> None:
    endless: list[Any] = []
    endless.append(endless)
    with pytest.raises(ExerciseError, match="holds itself"):
        encode("q1", endless)


def test_the_question_comes_first() -> None:
    with pytest.raises(ExerciseError, match="the question comes first"):
        encode(3, "q1")  # type: ignore[arg-type]
