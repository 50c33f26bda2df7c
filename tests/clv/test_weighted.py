"""Unique histories straight from the orders, and yesterday's made today's."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import crmlib
from crmlib import clv
from crmlib.engine import DuckDB
from crmlib.errors import CrmlibError, SchemaError

if TYPE_CHECKING:
    from crmlib.clv.summary import Period

FIRST = datetime.fromisoformat("2024-01-01")


def plain(rows: Any) -> pd.DataFrame:
    """Sort them, for an engine's rows come in any order."""
    table = rows if isinstance(rows, pd.DataFrame) else rows.to_pandas()
    return table.sort_values(["frequency", "recency", "T"], ignore_index=True)


@pytest.mark.parametrize("period", ["D", "W"])
def test_they_are_the_collapsed_summary(cdnow: crmlib.Shop, period: Period) -> None:
    summary = clv.summarize(cdnow.orders, as_of="1997-09-30", period=period)
    rows = clv.histories(cdnow.orders, as_of="1997-09-30", period=period)
    pd.testing.assert_frame_equal(plain(rows), clv.collapse(summary))


def test_a_model_learns_the_same_from_them(cdnow: crmlib.Shop) -> None:
    rows = clv.histories(cdnow.orders, as_of="1997-09-30", period="W")
    summary = clv.summarize(cdnow.orders, as_of="1997-09-30", period="W")
    there, here = clv.BetaGeoFitter().fit(rows), clv.BetaGeoFitter().fit(summary)
    pd.testing.assert_series_equal(there.params_, here.params_)
    assert there.customers_ == len(summary)


@settings(max_examples=25)
@given(
    bought=st.lists(st.tuples(st.integers(0, 6), st.integers(0, 60 * 24)), min_size=1, max_size=40),
    seen=st.integers(0, 60),
    later=st.integers(0, 30),
    period=st.sampled_from(["D", "W"]),
)
def test_yesterdays_made_todays_are_todays(
    bought: list[tuple[int, int]], seen: int, later: int, period: Period
) -> None:
    orders = pd.DataFrame(
        {
            "customer_id": [f"c{who}" for who, _ in bought],
            "order_ts": [FIRST + timedelta(hours=hours) for _, hours in bought],
        }
    )
    since = date(2024, 1, 1) + timedelta(days=min(hours for _, hours in bought) // 24 + seen)
    as_of = since + timedelta(days=later)
    rows = clv.histories(orders, as_of=since, period=period)
    updated = clv.updated_histories(rows, orders, since=since, as_of=as_of, period=period)
    pd.testing.assert_frame_equal(plain(updated), plain(clv.histories(orders, as_of=as_of, period=period)))


def test_on_the_engine_and_from_kept_rows(cdnow: crmlib.Shop) -> None:
    kept = clv.histories(cdnow.orders, as_of="1997-12-31", period="W").to_pandas()
    updated = clv.updated_histories(kept, cdnow.orders, since="1997-12-31", as_of="1998-03-31", period="W")
    whole = clv.histories(cdnow.orders, as_of="1998-03-31", period="W")
    pd.testing.assert_frame_equal(plain(updated), plain(whole))


def test_rows_of_other_orders_are_refused(cdnow: crmlib.Shop) -> None:
    kept = pd.DataFrame({"frequency": [0.0], "recency": [0.0], "T": [1.0], "weights": [1.0]})
    with pytest.raises(CrmlibError, match="not those of these orders as of 1997-12-31"):
        clv.updated_histories(kept, DuckDB().add(cdnow.orders.to_arrow()), since="1997-12-31", as_of="1998-03-31")


def test_no_way_back_and_nothing_before_the_first_order(cdnow: crmlib.Shop) -> None:
    rows = clv.histories(cdnow.orders, as_of="1997-12-31")
    with pytest.raises(CrmlibError, match="updated forwards"):
        clv.updated_histories(rows, cdnow.orders, since="1997-12-31", as_of="1997-12-30")
    with pytest.raises(SchemaError, match="nobody had bought by 1990-01-01"):
        clv.histories(cdnow.orders, as_of="1990-01-01")
