"""The packaged shop's campaigns: read within campaigns the truth is held, pooled it is missed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

from crmlib import churn
from crmlib.synth import read_truth

if TYPE_CHECKING:
    from crmlib.shop import Shop


@pytest.fixture(scope="module")
def lots(shipped: Shop) -> pd.DataFrame:
    """Every lot of a sales campaign, what came of it, what it truly added, and who is 50 or older, or at a desk."""
    sales = shipped.campaigns.to_pandas().query("kind != 'newsletter'")[["campaign_id", "window_days"]]
    seen = shipped.assignments.to_pandas().merge(sales, on="campaign_id")
    near = seen.merge(shipped.orders.to_pandas()[["customer_id", "order_ts"]], on="customer_id")
    after = near["order_ts"] - near["assigned_ts"]
    inside = (after >= pd.Timedelta(0)) & (after < pd.to_timedelta(near["window_days"], unit="D"))
    placed = near[inside].groupby(["campaign_id", "customer_id"]).size().rename("window_orders")
    seen = seen.join(placed, on=["campaign_id", "customer_id"]).fillna({"window_orders": 0})
    seen["contacted"] = (seen["arm"] != "control").astype(int)
    truth = read_truth("treatment_effects").set_index(["campaign_id", "customer_id"])["expected_extra_orders"]
    seen["truth"] = truth.loc[list(zip(seen["campaign_id"], seen["customer_id"], strict=True))].to_numpy()
    people = shipped.customers.to_pandas().set_index("customer_id")
    seen["older"] = 2026 - seen["customer_id"].map(people["birth_year"]).astype(float) >= 50
    seen["desktop"] = seen["customer_id"].map(people["device"]) == "desktop"
    return seen


@pytest.mark.slow
def test_the_truth_lies_within_campaigns_and_not_in_the_pool(lots: pd.DataFrame) -> None:
    """Expected by hand: sum of (n_c / N) x difference within campaign c, and its variance, in orders per 1,000."""
    everybody = pd.Series(data=True, index=lots.index)
    expected = {
        "all": (everybody, 13.8, True),
        "younger": (~lots["older"], 20.1, True),
        "older": (lots["older"], -16.2, False),
        "younger, mobile": (~lots["older"] & ~lots["desktop"], 21.7, True),
        "younger, desktop": (~lots["older"] & lots["desktop"], 17.0, False),
        "older, mobile": (lots["older"] & ~lots["desktop"], 1.2, False),
        "older, desktop": (lots["older"] & lots["desktop"], -36.2, False),
    }
    for name, (rows, difference, pooled_misses) in expected.items():
        group = lots[rows]
        found = churn.arm_difference(group)
        pooled = churn.arm_difference(group[["contacted", "window_orders"]])
        truth = group["truth"].mean()
        assert 1000 * found["difference"] == pytest.approx(difference, abs=0.06), name
        assert found["low"] <= truth <= found["high"], name
        assert (not pooled["low"] <= truth <= pooled["high"]) == pooled_misses, name


@pytest.mark.slow
def test_shuffled_outcomes_of_the_shop_are_hardly_ever_an_effect(lots: pd.DataFrame) -> None:
    """Pooled, some 85 in 100 shufflings within campaigns are called an effect of 16 orders per 1,000."""
    rng = np.random.default_rng(8)
    outcomes = lots.groupby("campaign_id")["window_orders"]
    alarms = {"within": 0, "pooled": 0}
    for _ in range(100):
        shuffled = lots[["campaign_id", "contacted"]].assign(window_orders=outcomes.transform(rng.permutation))
        for name, table in (("within", shuffled), ("pooled", shuffled.drop(columns="campaign_id"))):
            found = churn.arm_difference(table)
            alarms[name] += not found["low"] <= 0 <= found["high"]
    assert alarms["within"] <= 10
    assert alarms["pooled"] >= 70
