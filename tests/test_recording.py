import base64
import datetime as dt
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmlib.errors import CrmlibError
from crmlib.notebook import recording
from crmlib.notebook.recording import MIMETYPE, decode, read_payloads, read_records, record

JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | st.dates() | st.datetimes(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


def notebook(*payloads: dict[str, Any]) -> dict[str, Any]:
    outputs = [{"output_type": "display_data", "data": {MIMETYPE: payload}} for payload in payloads]
    return {"cells": [{"cell_type": "markdown"}, {"cell_type": "code", "outputs": outputs}]}


def payload(name: str, value: Any) -> dict[str, Any]:
    return recording._payload(name, value)[0]


@pytest.mark.slow
@given(JSON_VALUES)
def test_a_value_comes_back_as_it_was_through_json(value: Any) -> None:
    travelled = json.loads(json.dumps(payload("x", value), allow_nan=False))

    assert value == decode(travelled)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (np.int64(3), 3),
        (np.float32(0.5), 0.5),
        (np.bool_(True), True),
        (np.array([1, 2]), [1, 2]),
        (np.datetime64("1998-07-01"), dt.datetime(1998, 7, 1)),  # noqa: DTZ001
        (pd.Timestamp("1998-07-01 12:30"), dt.datetime(1998, 7, 1, 12, 30)),  # noqa: DTZ001
        (pd.NaT, None),
        (pd.NA, None),
        ((1, (2,)), [1, [2]]),
        ({"$date": "no date"}, {"$date": "no date"}),
        ({"a": {"$x": 1, "$float": "nan"}}, {"a": {"$x": 1, "$float": "nan"}}),
        (float("inf"), math.inf),
        ({1: "a", np.int64(2): "b"}, {"1": "a", "2": "b"}),
    ],
)
def test_a_value_is_recorded_in_the_types_of_python(value: Any, expected: Any) -> None:
    assert expected == decode(payload("x", value))


def test_nan_is_stored_explicitly_and_comes_back() -> None:
    stored = payload("x", [np.nan])["value"]

    assert stored == [{"$float": "nan"}]
    assert math.isnan(decode(payload("x", np.nan)))


@pytest.mark.parametrize("make", [lambda frame: frame, pa.Table.from_pandas])
def test_a_table_comes_back_with_its_index_and_types(make: Any) -> None:
    frame = pd.DataFrame(
        {"n": [1, 2], "day": [pd.Timestamp("1998-01-01"), pd.NaT]}, index=pd.Index(["a", "b"], name="k")
    )

    pd.testing.assert_frame_equal(frame, decode(payload("t", make(frame))))


def test_a_table_with_notes_of_its_own_is_recorded_as_a_table() -> None:
    class Noted(pd.DataFrame):
        """A table of a class of its own, as `personas.choose` and `surveys.terms` return them."""

    frame = recording.as_frame(Noted({"k": [1, 2]}))
    assert frame is not None
    assert frame["k"].tolist() == [1, 2]


def test_a_series_is_recorded_as_a_table_of_one_column() -> None:
    assert list(decode(payload("t", pd.Series([1, 2]))).columns) == ["value"]
    assert list(decode(payload("t", pd.Series([1, 2], name="spend"))).columns) == ["spend"]


def test_the_last_of_a_name_wins_and_takes_the_last_place() -> None:
    read = read_records(notebook(payload("a", 1), payload("b", 2), payload("a", 3)))

    assert list(read.items()) == [("b", 2), ("a", 3)]


def test_records_are_read_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "run.ipynb"
    path.write_text(json.dumps(notebook(payload("a", 1))))

    assert read_records(path) == {"a": 1}


def test_outside_a_notebook_the_result_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    record("share", 0.25)
    record("t", pd.DataFrame({"a": [1, 2]}))

    assert capsys.readouterr().out == "share = 0.25\nt = table, 2 rows, 1 column\n"


@pytest.mark.parametrize("name", ["", "two words", "../up", "a..b", "a/b", ".hidden", "é", 3])
def test_a_name_that_cannot_be_a_file_name_is_refused(name: Any) -> None:
    with pytest.raises(CrmlibError, match="cannot name a record"):
        record(name, 1)


def test_what_cannot_be_recorded_is_named_with_the_way_out() -> None:
    with pytest.raises(CrmlibError, match=r"'model' holds a object, which cannot be recorded.*float\(x\) or str\(x\)"):
        record("model", {"fitted": [object()]})


def test_a_column_of_mixed_types_is_refused() -> None:
    with pytest.raises(CrmlibError, match=r"The table 't' cannot be recorded: .*one type"):
        record("t", pd.DataFrame({"a": [1, "x", object()]}))


def test_a_record_that_is_too_large_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recording, "SIZE_LIMIT", 1000)

    with pytest.raises(CrmlibError, match=r"'t' takes .* MB; a record may take .* MB. Record a summary"):
        record("t", pd.DataFrame({"a": np.random.default_rng(0).random(1000)}))
    with pytest.raises(CrmlibError, match="'x' takes"):
        record("x", "long" * 1000)


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        ({"version": 2}, "has version 2; this crmlib reads version 1"),
        ({"name": "../up"}, "cannot name a record"),
        ({"kind": "pickle"}, "damaged"),
        ({"surplus": 1}, "damaged"),
    ],
)
def test_a_damaged_payload_is_refused(damage: dict[str, Any], message: str) -> None:
    with pytest.raises(CrmlibError, match=message):
        read_payloads(notebook({**payload("a", 1), **damage}))


def test_a_damaged_table_is_refused() -> None:
    damaged = {**payload("t", pd.DataFrame({"a": [1]})), "value": {"parquet": "not base64!"}}

    with pytest.raises(CrmlibError, match="'t' is damaged"):
        read_records(notebook(damaged))


def test_a_table_is_stored_as_parquet_not_pickle() -> None:
    stored = payload("t", pd.DataFrame({"a": [1]}))["value"]["parquet"]

    assert base64.b64decode(stored)[:4] == b"PAR1"


def test_a_notebook_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(CrmlibError, match="There is no notebook"):
        read_records(tmp_path / "none.ipynb")
    (tmp_path / "text.ipynb").write_text("hello")
    with pytest.raises(CrmlibError, match="is not a notebook"):
        read_records(tmp_path / "text.ipynb")
