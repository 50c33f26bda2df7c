from __future__ import annotations

from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import crmlib
from crmlib import clv
from crmlib.engine import DuckDB, Table
from crmlib.errors import CrmlibError, SchemaError
from tests.examples import share

DUCKDB = DuckDB()
ENDS = {"calibration_end": "2024-02-29", "observation_end": "2024-03-31"}
#: customer, days after 2024-01-01, cents
ROWS = st.lists(
    st.tuples(st.integers(1, 6), st.integers(0, 100), st.integers(1, 100_000)), min_size=1, max_size=25
).map(lambda rows: [(1, 0, 100), *rows])


def orders(rows: Any) -> pd.DataFrame:
    days = pd.to_timedelta([days for _, days, _ in rows], unit="D")
    return pd.DataFrame(
        {
            "customer_id": [f"c{customer}" for customer, _, _ in rows],
            "order_ts": pd.Timestamp("2024-01-01 12:00") + days,
            "amount": [cents / 100 for *_, cents in rows],
        }
    )


#: ann: two days before the end, one of them within its last month; two after it
HAND = orders(
    [(1, 0, 1000), (1, 40, 2000), (1, 59, 3000), (1, 60, 500), (1, 60, 700), (1, 90, 800), (2, 10, 100), (3, 70, 1)]
)


def split(frame: Any = HAND, **ends: Any) -> Any:
    return clv.holdout(frame, **{**ENDS, **ends})


def test_a_history_is_split_as_by_hand() -> None:
    assert split().to_dict("records") == [
        {
            "customer_id": "c1",
            "frequency_cal": 2.0,
            "recency_cal": 59.0,
            "T_cal": 59.0,
            "monetary_value_cal": 25.0,
            "frequency_holdout": 2.0,
            "monetary_value_holdout": 10.0,
            "spend_holdout": 20.0,
            "duration_holdout": 31.0,
            "frequency_last_period": 2.0,
        },
        {
            "customer_id": "c2",
            "frequency_cal": 0.0,
            "recency_cal": 0.0,
            "T_cal": 49.0,
            "monetary_value_cal": 0.0,
            "frequency_holdout": 0.0,
            "monetary_value_holdout": 0.0,
            "spend_holdout": 0.0,
            "duration_holdout": 31.0,
            "frequency_last_period": 0.0,
        },
    ]


@pytest.mark.parametrize(("day", "counts"), [(28, 0.0), (29, 1.0), (59, 1.0), (60, 0.0)])
def test_the_last_stretch_of_the_calibration_is_as_long_as_the_holdout(day: int, counts: float) -> None:
    assert split(orders([(1, 0, 100), (1, day, 100)]))["frequency_last_period"].tolist() == [counts]


def test_who_came_later_does_not_appear() -> None:
    assert "c3" not in set(split()["customer_id"])


@pytest.mark.slow
@settings(max_examples=share(12))
@given(ROWS, st.sampled_from(["D", "W"]))
def test_the_calibration_is_the_summary_of_its_end(rows: Any, period: Any) -> None:
    found = split(orders(rows), period=period)
    names = ["frequency", "recency", "T", "monetary_value"]
    seen = found[["customer_id", *(f"{name}_cal" for name in names)]].set_axis(["customer_id", *names], axis=1)
    summary = clv.summarize(orders(rows), as_of="2024-02-29", period=period)
    pd.testing.assert_frame_equal(seen, summary.drop(columns="period"))


@pytest.mark.slow
@settings(max_examples=share(12))
@given(ROWS)
def test_the_holdout_is_what_was_done_afterwards(rows: Any) -> None:
    frame = orders(rows)
    later = frame[(frame["order_ts"] >= "2024-03-01") & (frame["order_ts"] < "2024-04-01")]
    found = split(frame).set_index("customer_id")
    days = later.groupby("customer_id")["order_ts"].nunique().reindex(found.index, fill_value=0)
    spend = later.groupby("customer_id")["amount"].sum().reindex(found.index, fill_value=0.0)
    assert found["frequency_holdout"].tolist() == days.tolist()
    assert found["spend_holdout"].tolist() == pytest.approx(spend.tolist())


@pytest.mark.slow
@settings(max_examples=share(12))
@given(ROWS)
def test_an_engine_table_is_split_as_pandas_is(rows: Any) -> None:
    there = split(DUCKDB.add(orders(rows)))
    assert isinstance(there, Table)
    pd.testing.assert_frame_equal(there.to_pandas(), split(orders(rows)))


@pytest.mark.slow
@settings(max_examples=share(12))
@given(ROWS, st.randoms(use_true_random=False))
def test_the_order_of_the_rows_does_not_matter(rows: Any, random: Any) -> None:
    pd.testing.assert_frame_equal(split(orders(random.sample(rows, len(rows)))), split(orders(rows)))


@pytest.mark.slow
@settings(max_examples=share(12))
@given(ROWS)
def test_what_comes_after_the_observation_does_not_matter(rows: Any) -> None:
    frame = orders(rows)
    pd.testing.assert_frame_equal(split(frame), split(frame[frame["order_ts"] < "2024-04-01"]))


def test_all_customers_of_cdnow_are_split(cdnow: crmlib.Shop) -> None:
    assert len(clv.holdout(cdnow.orders, calibration_end="1997-09-30", observation_end="1998-06-30")) == 23_570


@pytest.mark.parametrize("end", ["2024-02-29", "2024-02-01"])
def test_the_observation_ends_after_the_calibration(end: str) -> None:
    with pytest.raises(CrmlibError) as caught:
        split(observation_end=end)
    assert str(caught.value) == (
        f"The observation ends on {end}, which is not after the calibration's end, 2024-02-29."
    )


def test_a_calibration_before_the_first_order_is_an_error() -> None:
    with pytest.raises(SchemaError, match=r"nobody had bought by 2020-01-01\. Choose a later calibration_end\."):
        split(calibration_end="2020-01-01")
