"""Uplift: experiments are read as they were run, and the ranking is held against the truth."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest

from crmlib import churn, open_shop
from crmlib.errors import CrmlibError, ModelError, SchemaError
from crmlib.synth import read_truth

if TYPE_CHECKING:
    from crmlib.shop import Shop


@pytest.fixture(scope="module")
def shop(shipped: Shop) -> Shop:
    return shipped


@pytest.fixture(scope="module")
def trials(shop: Shop) -> pd.DataFrame:
    return churn.experiments(shop, kind="winback")


@pytest.mark.slow
def test_an_experiment_holds_its_arms_and_what_they_bought(shop: Shop, trials: pd.DataFrame) -> None:
    last = trials[trials["campaign_id"] == "K038"]
    assigned = shop.assignments.to_pandas().query("campaign_id == 'K038'").set_index("customer_id")
    arms = last.set_index("customer_id")["contacted"]
    assert ((assigned["arm"].reindex(arms.index) != "control").astype(int) == arms).all()
    orders = shop.orders.to_pandas()
    window = orders[orders["order_ts"].between("2026-06-01", "2026-06-21 23:59:59")]
    bought = window["customer_id"].isin(arms.index).sum()
    assert last["window_orders"].sum() == bought
    assert last["days_since_order"].min() >= 60 - 1  # dormant: silent for two months on the day before


@pytest.mark.slow
def test_uplift_beats_risk_and_value_at_risk_in_truth(shop: Shop, trials: pd.DataFrame) -> None:
    final = trials[trials["campaign_id"] == "K038"].reset_index(drop=True)
    earlier = trials[trials["assigned_ts"] < final["assigned_ts"].min()]
    seen = churn.examples(shop, ["2026-03-01"])
    risk = churn.ChurnModel("logistic").fit(seen).predict(final)
    truth = read_truth("treatment_effects").set_index(["campaign_id", "customer_id"])["expected_extra_orders"]
    gain = truth.loc[list(zip(final["campaign_id"], final["customer_id"], strict=True))].to_numpy()
    lists: dict[str, Any] = {"risk": risk, "value at risk": risk * final["mean_order_value"] * final["orders"],
             "uplift": churn.UpliftModel().fit(earlier).predict(final), "best": gain}  # fmt: skip
    table = churn.targeting(lists, gain)
    fifth = table.iloc[len(table) // 5]
    chance = 0.2 * gain.sum()
    assert fifth["risk"] < chance < fifth["uplift"] < fifth["best"]
    assert fifth["value at risk"] < fifth["uplift"]
    assert table.iloc[-1, 1:].to_numpy() == pytest.approx(gain.sum())


@pytest.mark.slow
def test_campaigns_that_are_not_over_are_left_out() -> None:
    early = open_shop("shop", as_of="2025-06-22")  # the window of K018, sent on 2 June, ends with this day
    assert "K018" in set(churn.experiments(early, kind="winback")["campaign_id"])
    inside = open_shop("shop", as_of="2025-06-21")
    assert "K018" not in set(churn.experiments(inside, kind="winback")["campaign_id"])


@pytest.mark.slow
def test_a_known_effect_is_found() -> None:
    rng = np.random.default_rng(5)
    table = pd.DataFrame({"pace": rng.gamma(1, 1, 20_000), "contacted": rng.integers(0, 2, 20_000)})
    table["window_orders"] = rng.poisson(0.1 + 0.3 * table["contacted"] * (table["pace"] > 1))
    found = churn.UpliftModel(penalty=0.01).fit(table).predict(table)
    assert found[table["pace"] > 1].mean() > found[table["pace"] <= 1].mean() + 0.1
    assert churn.arm_difference(table)["difference"] == pytest.approx(0.3 * np.exp(-1), abs=0.02)


@pytest.mark.full
def test_intervals_of_the_difference_cover_the_truth() -> None:
    rng = np.random.default_rng(2)
    inside = 0
    for _ in range(400):
        contacted = rng.integers(0, 2, 600)
        table = pd.DataFrame({"contacted": contacted, "window_orders": rng.poisson(0.2 + 0.1 * contacted)})
        found = churn.arm_difference(table)
        inside += found["low"] <= 0.1 <= found["high"]
    assert 0.92 <= inside / 400 <= 0.98


def test_customers_of_one_score_count_as_their_mean() -> None:
    table = churn.targeting({"flat": [1, 1, 1]}, [9, 0, 0])
    assert table["flat"].tolist() == [0, 3, 6, 9]


def test_shops_without_experiments_and_empty_arms_are_errors(cdnow_sample: Shop, shop: Shop) -> None:
    with pytest.raises(SchemaError, match="no table 'campaigns'"):
        churn.experiments(cdnow_sample)
    with pytest.raises(SchemaError, match="no campaign with a control group of kind 'newsletter'"):
        churn.experiments(shop, kind="newsletter")
    with pytest.raises(ModelError, match="Nobody of the control group ordered"):
        churn.UpliftModel().fit(pd.DataFrame({"x": [1.0, 2.0], "contacted": [1, 0], "window_orders": [1.0, 0.0]}))
    with pytest.raises(CrmlibError, match="too few to compare"):
        churn.arm_difference(pd.DataFrame({"contacted": [1, 1, 0], "window_orders": [1, 0, 0]}))
    with pytest.raises(CrmlibError, match="a score for each of 2"):
        churn.targeting({"short": [1]}, [1, 2])
