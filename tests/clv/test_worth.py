from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import crmlib
from crmlib import clv
from crmlib.errors import SchemaError
from crmlib.policy import Clv, Policy

if TYPE_CHECKING:
    import pandas as pd


@pytest.fixture(scope="module")
def summary(cdnow_sample: crmlib.Shop) -> pd.DataFrame:
    return clv.summarize(cdnow_sample.orders, as_of="1998-06-30").to_pandas()


@pytest.fixture(scope="module")
def purchases(summary: pd.DataFrame) -> Any:
    return clv.BetaGeoFitter().fit(summary["frequency"], summary["recency"], summary["T"])


@pytest.fixture(scope="module")
def spend(summary: pd.DataFrame) -> Any:
    buyers = summary[(summary["frequency"] > 0) & (summary["monetary_value"] > 0)]
    return clv.GammaGammaFitter().fit(buyers["frequency"], buyers["monetary_value"])


def worth(summary: pd.DataFrame, purchases: Any, spend: Any, **rules: Any) -> pd.DataFrame:
    return clv.value(summary, purchases, spend, policy=Policy(clv=Clv(**rules)))


def test_the_value_of_two_months_is_as_by_hand(summary: pd.DataFrame, purchases: Any, spend: Any) -> None:
    history = summary.iloc[7][["frequency", "recency", "T"]].tolist()
    first, both = (float(purchases.predict(days, *history)) for days in (30.4375, 60.875))
    p, q, v = spend.params_
    x, mean = summary.iloc[7][["frequency", "monetary_value"]]
    each = p * (v + x * mean) / (p * x + q - 1)
    want = 0.3 * each * (first / 1.2 ** (1 / 12) + (both - first) / 1.2 ** (2 / 12))
    found = worth(summary, purchases, spend, horizon_months=2, annual_discount=0.2, margin=0.3)
    assert found["cltv"].iloc[7] == pytest.approx(want)


def test_without_discount_it_is_purchases_times_spend(summary: pd.DataFrame, purchases: Any, spend: Any) -> None:
    found = worth(summary, purchases, spend, annual_discount=0, margin=1)
    assert np.allclose(found["cltv"], found["expected_purchases"] * found["expected_spend"])


def test_a_year_is_twelve_months_of_30_4375_days(summary: pd.DataFrame, purchases: Any, spend: Any) -> None:
    year = purchases.predict(365.25, summary["frequency"], summary["recency"], summary["T"])
    assert np.allclose(worth(summary, purchases, spend)["expected_purchases"], year)


def test_half_the_margin_is_half_the_value(summary: pd.DataFrame, purchases: Any, spend: Any) -> None:
    whole, half = (worth(summary, purchases, spend, margin=margin)["cltv"] for margin in (1, 0.5))
    assert np.allclose(half, whole / 2)


def test_later_money_counts_less(summary: pd.DataFrame, purchases: Any, spend: Any) -> None:
    dear, cheap = (worth(summary, purchases, spend, annual_discount=rate)["cltv"] for rate in (0.5, 0.1))
    assert (dear < cheap).all()


def test_a_longer_horizon_is_worth_more(summary: pd.DataFrame, purchases: Any, spend: Any) -> None:
    short, long = (worth(summary, purchases, spend, horizon_months=months)["cltv"] for months in (1, 24))
    assert (short < long).all()


def test_one_row_a_customer_in_their_order(summary: pd.DataFrame, purchases: Any, spend: Any) -> None:
    assert worth(summary, purchases, spend)["customer_id"].tolist() == summary["customer_id"].tolist()


def test_weeks_and_days_agree(summary: pd.DataFrame, purchases: Any, spend: Any) -> None:
    weeks = summary.assign(recency=summary["recency"] / 7, T=summary["T"] / 7, period="W")
    weekly = clv.BetaGeoFitter().fit(weeks["frequency"], weeks["recency"], weeks["T"])
    found = clv.value(weeks, weekly, spend)
    assert np.allclose(found["cltv"], worth(summary, purchases, spend)["cltv"], rtol=1e-3)


def test_a_summary_that_lacks_a_column_is_an_error(summary: pd.DataFrame, purchases: Any, spend: Any) -> None:
    with pytest.raises(SchemaError, match=r"^summary: there is no column 'frequency'"):
        clv.value(summary.drop(columns="frequency"), purchases, spend)
