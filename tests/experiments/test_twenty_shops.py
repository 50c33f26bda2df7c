"""Question 3 of exercise 09 on twenty shops: the truth lies in the stratified interval as often as it says."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from crmlib import churn
from crmlib.synth import make_shop

TABLES = ["customers", "orders", "campaigns", "assignments", "truth/treatment_effects"]


def lots_of(seed: int) -> pd.DataFrame:
    """Return the lots of a shop's sales campaigns with what came of each, the truth, and who is 50 or older."""
    made = make_shop(customers=900, seed=seed, tables=TABLES, until="2025-12-31", holdout=0)
    customers, orders, campaigns, assignments, truth = (made.tables[name].to_pandas() for name in TABLES)
    sales = campaigns.loc[campaigns["kind"] != "newsletter", ["campaign_id", "window_days"]]
    lots = assignments.merge(sales, on="campaign_id")
    near = lots.merge(orders[["customer_id", "order_ts"]].dropna(), on="customer_id")
    since = pd.to_datetime(near["order_ts"]) - pd.to_datetime(near["assigned_ts"])
    inside = (since >= pd.Timedelta(0)) & (since < pd.to_timedelta(near["window_days"], unit="D"))
    placed = near[inside].groupby(["campaign_id", "customer_id"]).size().rename("window_orders")
    lots = lots.join(placed, on=["campaign_id", "customer_id"]).fillna({"window_orders": 0})
    lots["contacted"] = (lots["arm"] != "control").astype(int)
    born = lots["customer_id"].map(customers.drop_duplicates("customer_id").set_index("customer_id")["birth_year"])
    lots["older"] = 2025 - pd.to_numeric(born, errors="coerce").astype(float) >= 50
    known = truth[["campaign_id", "customer_id", "expected_extra_orders"]]
    with_truth: pd.DataFrame = lots.merge(known, on=["campaign_id", "customer_id"])
    return with_truth


@pytest.mark.slow
def test_the_truth_of_twenty_shops_lies_in_the_interval_as_often_as_it_says() -> None:
    inside: list[bool] = []
    pooled: list[bool] = []
    for seed in range(1, 21):
        lots = lots_of(seed)
        for _, group in lots.groupby("older"):
            truth = group["expected_extra_orders"].mean()
            for table, into in ((group, inside), (group[["contacted", "window_orders"]], pooled)):
                found = churn.arm_difference(table)
                into.append(found["low"] <= truth <= found["high"])
    # forty intervals of 95 %: fewer than 35 inside has a chance of 1 in 300
    assert sum(inside) >= 35, (sum(inside), sum(pooled))
    assert np.mean(inside) >= np.mean(pooled)
