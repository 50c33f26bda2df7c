from __future__ import annotations

import warnings
from datetime import timedelta
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

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from lifetimes.utils import summary_data_from_transaction_data as theirs

DUCKDB = DuckDB()
#: customer, hours after 2024-01-01, cents
ROWS = st.lists(
    st.tuples(st.integers(1, 6), st.integers(0, 24 * 120), st.integers(1, 100_000)), min_size=1, max_size=25
)
DAYS = st.dates(pd.Timestamp(2024, 1, 1).date(), pd.Timestamp(2024, 6, 30).date())


def orders(rows: Any) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "customer_id": [f"c{customer}" for customer, _, _ in rows],
            "order_ts": pd.Series(
                [pd.Timestamp(2024, 1, 1) + timedelta(hours=h) for _, h, _ in rows], dtype="datetime64[us]"
            ),
            "amount": [cents / 100 for *_, cents in rows],
        }
    )


HAND = pd.DataFrame(
    {
        "customer_id": ["ann", "ann", "ann", "ann", "bob"],
        # Monday, Monday evening, Sunday of that week, Monday of the next; Wednesday
        "order_ts": pd.to_datetime(
            ["2024-01-01 09:00", "2024-01-01 21:00", "2024-01-07 12:00", "2024-01-08 12:00", "2024-01-03 12:00"]
        ),
        "amount": [10.0, 5.0, 8.0, 4.0, 7.0],
    }
)


@pytest.mark.parametrize(
    ("period", "rows"),
    [
        # days: ann bought on three days, the repeats for 8 and 4; T runs to the 31st
        ("D", [["ann", 2.0, 7.0, 30.0, 6.0], ["bob", 0.0, 0.0, 28.0, 0.0]]),
        # weeks: ann bought in two; the repeat for 4; the 31st is a Wednesday of the fifth week
        ("W", [["ann", 1.0, 1.0, 4.0, 4.0], ["bob", 0.0, 0.0, 4.0, 0.0]]),
    ],
)
def test_a_history_is_summarised_as_by_hand(period: Any, rows: Any) -> None:
    summary = clv.summarize(HAND, as_of="2024-01-31", period=period)
    assert summary.to_numpy().tolist() == [[*row, period] for row in rows]


@pytest.mark.slow
@pytest.mark.parametrize("period", ["D", "W"])
@settings(max_examples=share(12))
@given(ROWS, DAYS)
def test_a_summary_is_that_of_lifetimes(period: Any, rows: Any, day: Any) -> None:
    seen = orders(rows)
    seen = seen[seen["order_ts"] < pd.Timestamp(day) + pd.Timedelta(days=1)]
    if not len(seen):
        return
    ours = clv.summarize(seen, as_of=day, period=period).set_index("customer_id").drop(columns="period")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        want = theirs(seen, "customer_id", "order_ts", "amount", observation_period_end=str(day), freq=period)
    pd.testing.assert_frame_equal(ours, want[list(ours.columns)].rename_axis("customer_id"), check_index_type=False)


@pytest.mark.parametrize("period", ["D", "W"])
def test_the_summary_of_the_cdnow_sample_is_that_of_lifetimes(cdnow_sample: crmlib.Shop, period: Any) -> None:
    frame = cdnow_sample.orders.to_pandas()
    seen = frame[frame["order_ts"] < "1997-10-01"]
    ours = clv.summarize(cdnow_sample.orders, as_of="1997-09-30", period=period).to_pandas().set_index("customer_id")
    ours = ours.drop(columns="period")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        want = theirs(seen, "customer_id", "order_ts", "amount", observation_period_end="1997-09-30", freq=period)
    pd.testing.assert_frame_equal(ours, want[list(ours.columns)].loc[ours.index], check_index_type=False)


@pytest.mark.slow
@settings(max_examples=share(12))
@given(ROWS, st.randoms(use_true_random=False))
def test_the_order_of_the_rows_does_not_matter(rows: Any, random: Any) -> None:
    mixed = orders(random.sample(rows, len(rows)))
    pd.testing.assert_frame_equal(
        clv.summarize(mixed, as_of="2024-06-30"), clv.summarize(orders(rows), as_of="2024-06-30")
    )


@pytest.mark.slow
@settings(max_examples=share(12))
@given(ROWS)
def test_splitting_an_order_does_not_matter(rows: Any) -> None:
    halves = orders([(customer, hours, cents) for customer, hours, cents in rows for _ in range(2)])
    halves["amount"] /= 2
    pd.testing.assert_frame_equal(
        clv.summarize(halves, as_of="2024-06-30"), clv.summarize(orders(rows), as_of="2024-06-30")
    )


@pytest.mark.slow
@settings(max_examples=share(12))
@given(ROWS, st.sampled_from(["D", "W"]))
def test_an_engine_table_is_summarised_as_pandas_is(rows: Any, period: Any) -> None:
    there = clv.summarize(DUCKDB.add(orders(rows)), as_of="2024-06-30", period=period)
    assert isinstance(there, Table)
    pd.testing.assert_frame_equal(there.to_pandas(), clv.summarize(orders(rows), as_of="2024-06-30", period=period))


@pytest.mark.slow
@settings(max_examples=share(12))
@given(ROWS, DAYS)
def test_later_orders_never_count(rows: Any, day: Any) -> None:
    frame = orders(rows)
    seen = frame[frame["order_ts"] < pd.Timestamp(day) + pd.Timedelta(days=1)]
    if len(seen):
        pd.testing.assert_frame_equal(clv.summarize(frame, as_of=day), clv.summarize(seen, as_of=day))


def test_days_before_1970_are_counted_like_any_other() -> None:
    frame = HAND.assign(order_ts=HAND["order_ts"] - pd.Timedelta(weeks=5000))
    early = clv.summarize(frame, as_of=(pd.Timestamp(2024, 1, 31) - timedelta(weeks=5000)).date(), period="W")
    pd.testing.assert_frame_equal(early, clv.summarize(HAND, as_of="2024-01-31", period="W"))


def test_a_period_that_is_not_known_is_an_error() -> None:
    with pytest.raises(CrmlibError, match=r"^period='M' is not known\. Use 'D' for days or 'W' for weeks\.$"):
        clv.summarize(HAND, as_of="2024-01-31", period="M")  # type: ignore[arg-type]


def test_nobody_had_bought_is_an_error() -> None:
    with pytest.raises(SchemaError, match=r"^orders: nobody had bought by 2020-01-01\. Choose a later as_of\.$"):
        clv.summarize(HAND, as_of="2020-01-01")


def test_an_amount_that_is_missing_is_an_error() -> None:
    with pytest.raises(SchemaError, match=r"^orders, row 0, column 'amount': there is no value\."):
        clv.summarize(HAND.assign(amount=float("nan")), as_of="2024-01-31")
