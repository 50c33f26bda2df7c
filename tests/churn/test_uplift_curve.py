"""The uplift curve: chance where there is nothing to find, the truth where there is, and the flattery of a leak."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from crmlib import churn
from crmlib.errors import CrmlibError


def lots(rng: np.random.Generator, customers: int = 1_500) -> pd.DataFrame:
    """Return two campaigns of different shares and paces, in which a contact moves those with a high x."""
    table = pd.DataFrame({"campaign_id": rng.choice(["a", "b"], customers), "x": rng.random(customers)})
    first = table["campaign_id"] == "a"
    table["contacted"] = (rng.random(customers) < np.where(first, 0.8, 0.3)).astype(int)
    table["extra"] = 0.15 * table["x"]
    table["window_orders"] = rng.poisson(np.where(first, 0.15, 0.05) + table["extra"] * table["contacted"])
    return table


@pytest.mark.full
def test_lists_by_lot_are_chance_and_the_truth_lies_in_its_interval() -> None:
    rng = np.random.default_rng(3)
    areas, called, outside, inside = [], [], [], []
    for _ in range(200):
        seen = lots(rng)
        curve = churn.uplift_curve(rng.random(len(seen)), seen, steps=5, lots=100)
        areas.append(curve.area)
        called.append(curve.p_value < 0.05)
        table = curve.table
        outside.append(
            ((table["gain"] > table["chance_high"] + 1e-9) | (table["gain"] < table["chance_low"] - 1e-9)).any()
        )
        real = churn.uplift_curve(seen["x"], seen, steps=5, lots=2, truth=seen["extra"]).table.iloc[1:]
        inside += ((real["low"] <= real["truth"]) & (real["truth"] <= real["high"])).tolist()
    assert np.mean(areas) == pytest.approx(0, abs=3 * np.std(areas) / np.sqrt(200))
    assert 0.01 <= np.mean(called) <= 0.09
    assert 0.01 <= np.mean(outside) <= 0.10
    assert 0.93 <= np.mean(inside) <= 0.97


def test_the_curve_ends_at_the_difference_within_campaigns() -> None:
    seen = lots(np.random.default_rng(4))
    curve = churn.uplift_curve(seen["x"], seen, steps=4, lots=50)
    found = churn.arm_difference(seen)
    end = curve.table.iloc[-1]
    assert end["gain"] == pytest.approx(len(seen) * found["difference"])
    assert (end["low"], end["high"]) == pytest.approx((len(seen) * found["low"], len(seen) * found["high"]), rel=1e-3)
    assert curve.table["contacted"].tolist() == [0, 0.25, 0.5, 0.75, 1]
    again = churn.uplift_curve(seen["x"].to_numpy(), seen.sample(frac=1, random_state=1).sort_index(), steps=4, lots=50)
    pd.testing.assert_frame_equal(curve.table, again.table)


def test_customers_of_one_score_count_as_their_mean() -> None:
    seen = lots(np.random.default_rng(5))
    flat = churn.uplift_curve(np.ones(len(seen)), seen, steps=4, lots=20)
    assert flat.table["gain"].to_numpy() == pytest.approx(flat.table["chance"].to_numpy())
    assert flat.area == pytest.approx(0, abs=1e-12)


@pytest.mark.slow
def test_scores_learnt_on_the_lots_that_judge_them_flatter() -> None:
    """The leak, executed: nobody is moved, and a model of noise columns looks good on its own lots, not on others."""
    rng = np.random.default_rng(6)
    leaked, honest = [], []
    for _ in range(12):
        seen = lots(rng, 800).drop(columns=["x", "extra"])
        seen["window_orders"] = rng.poisson(0.15, len(seen))
        noise = pd.DataFrame(rng.random((len(seen), 12)), columns=[f"n{i}" for i in range(12)])
        seen = seen.join(noise)
        own = churn.UpliftModel(penalty=0.001).fit(seen).predict(seen)
        out = churn.leave_one_campaign_out(seen, lambda: churn.UpliftModel(penalty=0.001))
        leaked.append(churn.uplift_curve(own, seen, steps=5, lots=100).p_value < 0.05)
        honest.append(churn.uplift_curve(out, seen, steps=5, lots=100).p_value < 0.05)
    assert sum(leaked) >= 8
    assert sum(honest) <= 3


def test_what_cannot_be_judged_is_refused() -> None:
    seen = lots(np.random.default_rng(7), 60)
    with pytest.raises(CrmlibError, match="a number for each of 60 customers"):
        churn.uplift_curve([1.0], seen)
    with pytest.raises(CrmlibError, match="truth: expected a number"):
        churn.uplift_curve(seen["x"], seen, truth=[1.0])
    with pytest.raises(CrmlibError, match="fewer than two customers in an arm"):
        churn.uplift_curve(seen["x"], seen.assign(contacted=1))
    with pytest.raises(CrmlibError, match="takes two campaigns"):
        churn.leave_one_campaign_out(seen[seen["campaign_id"] == "a"])
