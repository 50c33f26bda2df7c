"""Cohorts and retention, counted on the engine, are what counting by hand gives."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from crmlib import churn, open_shop
from crmlib.churn.retention import _cells
from crmlib.days import until
from crmlib.engine import DuckDB
from crmlib.errors import CrmlibError, SchemaError
from tests.examples import share

if TYPE_CHECKING:
    from crmlib.shop import Shop


def row(table: pd.DataFrame, month: str) -> list[float]:
    return [float(cell) for cell in table[table.index == month].to_numpy()[0]]


@pytest.mark.slow
def test_cohorts_are_those_of_pandas(cdnow_sample: Shop) -> None:
    orders = cdnow_sample.orders.to_pandas()
    month = orders["order_ts"].dt.to_period("M")
    cohort = month.groupby(orders["customer_id"]).transform("min")
    age = (month.astype("int64") - cohort.astype("int64")).to_numpy()
    expected = orders.groupby([cohort.rename("cohort"), age])["customer_id"].nunique().unstack(fill_value=0)  # noqa: PD010 - of a series
    found = churn.cohorts(cdnow_sample, measure="customers")
    pd.testing.assert_frame_equal(
        found.where(found.notna(), 0.0), expected.reindex(columns=found.columns, fill_value=0).astype(float),
        check_names=False, check_freq=False,
    )  # fmt: skip
    assert churn.cohorts(cdnow_sample, measure="revenue").sum().sum() == pytest.approx(orders["amount"].sum())
    assert churn.cohorts(cdnow_sample, measure="orders").sum().sum() == len(orders)


@pytest.mark.slow
@settings(max_examples=share(25), deadline=None)
@given(
    rows=st.lists(st.tuples(st.sampled_from("abcdef"), st.integers(0, 75 * 30)), min_size=1, max_size=30),
    start=st.dates(date(1999, 1, 1), date(2030, 1, 1)),
)
@example(rows=[("a", 0), ("a", 59 * 31)], start=date(2020, 1, 1))  # 60 months: the most that one number holds
@example(rows=[("a", 0), ("a", 60 * 31), ("b", 0)], start=date(2020, 1, 1))
def test_customers_are_counted_alike_however_long_the_history(rows: list[tuple[str, int]], start: date) -> None:
    sales = pd.DataFrame(
        {
            "customer_id": [customer for customer, _ in rows],
            "order_ts": [pd.Timestamp(start) + pd.Timedelta(days=days) for _, days in rows],
            "amount": 10.0,
        }
    )
    orders = DuckDB().add(sales)
    last = sales["order_ts"].max().date()
    expected = orders.engine.query("cohorts", {"orders": orders}, until=until(last)).to_pandas()
    cells = _cells(orders, last, "customers")
    columns = ["cohort", "age", "customers"]
    assert cells[columns].to_numpy().tolist() == expected[columns].to_numpy().tolist()


@pytest.mark.slow
def test_cells_that_are_not_over_are_empty_and_others_are_not() -> None:
    sales = pd.DataFrame({"customer_id": ["a", "b", "b"], "amount": 1.0,
                          "order_ts": ["2024-01-31", "2024-02-01", "2024-04-15"]})  # fmt: skip
    inside = churn.cohorts(open_shop(sales, as_of="2024-04-29"))
    assert row(inside, "2024-01") == [1, 0, 0]  # April was not over, so it has no column
    assert row(inside, "2024-02") == pytest.approx([1, 0, np.nan], nan_ok=True)
    ended = churn.cohorts(open_shop(sales, as_of="2024-04-30"))
    assert row(ended, "2024-01") == [1, 0, 0, 0]
    assert row(ended, "2024-02") == pytest.approx([1, 0, 1, np.nan], nan_ok=True)
    earlier = churn.cohorts(open_shop(sales), as_of="2024-02-29")
    assert row(earlier, "2024-02") == pytest.approx([1, np.nan], nan_ok=True)


@pytest.mark.slow
def test_a_shop_of_one_day_has_a_cohort_that_is_not_over() -> None:
    shop = open_shop(pd.DataFrame({"customer_id": ["a"], "order_ts": ["2024-01-05"], "amount": 1.0}))
    assert churn.cohorts(shop).isna().all(axis=None)
    assert len(churn.retention(shop)) == 0


def test_retention_is_what_counting_customers_gives(cdnow_sample: Shop) -> None:
    found = churn.retention(cdnow_sample, policy={"churn": {"active_days": 120}}).set_index("period")
    orders = cdnow_sample.orders.to_pandas()
    day = orders["order_ts"].dt.normalize()

    def active(end: str) -> set[str]:
        last = pd.Timestamp(end)
        return set(orders.loc[(day <= last) & (day > last - pd.Timedelta(days=120)), "customer_id"])

    start, end = active("1997-08-31"), active("1997-09-30")
    before = set(orders.loc[day <= pd.Timestamp("1997-08-31"), "customer_id"])
    month = found.loc["1997-09"]
    assert (month["at_start"], month["at_end"], month["kept"]) == (len(start), len(end), len(start & end))
    assert (month["newcomers"], month["returned"]) == (len(end - before), len((end & before) - start))
    assert month["retention_rate"] == len(start & end) / len(start)
    assert (found["at_start"] - found["lost"] + found["newcomers"] + found["returned"] == found["at_end"]).all()


def test_days_before_the_first_order_and_unknown_measures_are_errors(cdnow_sample: Shop) -> None:
    for count in (churn.cohorts, churn.retention):
        with pytest.raises(SchemaError, match="nobody had bought by 1990-01-01"):
            count(cdnow_sample, as_of="1990-01-01")
    with pytest.raises(CrmlibError, match="measure='mood'"):
        churn.cohorts(cdnow_sample, measure="mood")  # type: ignore[arg-type]
