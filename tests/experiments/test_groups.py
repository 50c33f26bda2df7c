"""Uplift by group against the truth, and how alike customers of a group are."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmlib import churn, experiments
from crmlib.errors import CrmlibError
from crmlib.synth import read_truth

if TYPE_CHECKING:
    from crmlib.shop import Shop

#: Shrout and Fleiss (1979), Table 2: six targets, four judges.
RATINGS = [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]]


def campaign(lifts: dict[str, float], size: int, seed: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    kind = np.array(list(lifts))[rng.integers(0, len(lifts), size)]
    contacted = rng.integers(0, 2, size)
    lift = pd.Series(kind).map(lifts).to_numpy()
    return pd.DataFrame({"kind": kind, "contacted": contacted, "window_orders": rng.poisson(0.2 + lift * contacted)})


def test_the_published_intraclass_correlation() -> None:
    """Shrout and Fleiss (1979), Table 4: ICC(1,1) = .17; its interval as R's psych::ICC gives it: -.13 to .72."""
    table = pd.DataFrame(RATINGS).reset_index(names="target").melt("target", value_name="rating")
    found = experiments.homogeneity(table, "target", "rating")
    assert (round(found.icc, 2), round(found.low, 2), round(found.high, 2)) == (0.17, -0.13, 0.72)
    assert found.eta_squared == pytest.approx(56.208 / (56.208 + 112.75), abs=1e-3)


def test_the_three_measures_by_hand() -> None:
    """SSB 8, SST 10, MSW 1/3: eta squared .8, epsilon squared (8 - 1/3) / 10, ICC (8 - 1/3) / (8 + 3 x 1/3)."""
    table = pd.DataFrame({"g": list("aaaabbbb"), "y": [0, 1, 0, 1, 2, 3, 2, 3]})
    found = experiments.homogeneity(table, "g", "y")
    measures = (found.eta_squared, found.epsilon_squared, found.icc)
    assert measures == pytest.approx((0.8, 0.767, 0.852), abs=5e-4)
    assert found.ceiling == pytest.approx(8 / (8 + 12))  # the groups' counts about their means, .5 and 2.5
    assert np.isnan(experiments.homogeneity(table.assign(y=table["y"] / 3), "g", "y").ceiling)


@pytest.mark.slow
def test_identical_customers_of_a_group_reach_the_ceiling_and_no_more() -> None:
    rng = np.random.default_rng(6)
    group = np.repeat(np.arange(11), 400)
    pace = rng.gamma(1, 0.5, 11)
    found = [experiments.homogeneity(pd.DataFrame({"g": group, "y": rng.poisson(pace[group])}), "g", "y")
             for _ in range(20)]  # fmt: skip
    mean = np.mean([each.eta_squared for each in found])
    assert mean == pytest.approx(np.mean([each.ceiling for each in found]), abs=0.01)
    assert mean < 0.6


@pytest.mark.slow
def test_known_variances_are_found() -> None:
    rng = np.random.default_rng(2)
    inside = []
    for _ in range(200):
        level = rng.normal(0, 1, 30)
        table = pd.DataFrame({"group": np.repeat(np.arange(30), 10)})
        table["response"] = level[table["group"]] + rng.normal(0, 2, 300)
        found = experiments.homogeneity(table, "group", "response")
        inside.append(found.low <= 0.2 <= found.high)
    assert 0.91 <= np.mean(inside) <= 0.985


@pytest.mark.slow
@given(st.randoms(use_true_random=False))
def test_the_order_of_rows_and_the_names_of_groups_do_not_matter(chance: object) -> None:
    table = campaign({"a": 0.0, "b": 0.2, "c": 0.1}, 300, seed=3)
    shuffled = table.sample(frac=1, random_state=chance.randint(0, 10**6))  # type: ignore[attr-defined]
    renamed = shuffled.assign(kind=shuffled["kind"].map({"a": "z", "b": "y", "c": "x"}))
    one, other = (experiments.homogeneity(part, "kind", "window_orders") for part in (table, renamed))
    assert one.icc == pytest.approx(other.icc)
    assert 0 <= one.eta_squared <= 1


@pytest.mark.slow
def test_where_groups_say_nothing_eta_squared_is_above_zero_all_the_same() -> None:
    rng = np.random.default_rng(4)
    found = [experiments.homogeneity(pd.DataFrame({"g": rng.integers(0, 8, 200), "y": rng.normal(size=200)}), "g", "y")
             for _ in range(200)]  # fmt: skip
    assert np.mean([one.eta_squared for one in found]) == pytest.approx(7 / 199, abs=0.01)
    assert np.mean([one.icc for one in found]) == pytest.approx(0, abs=0.01)
    assert np.mean([one.epsilon_squared for one in found]) == pytest.approx(0, abs=0.01)


@pytest.mark.slow
def test_groups_are_read_against_their_own_control() -> None:
    table = campaign({"moved": 0.3, "unmoved": 0.0, "annoyed": -0.15}, 6_000, seed=5)
    found = experiments.uplift_by(table, "kind")
    assert found["group"].tolist() == ["moved", "unmoved", "annoyed"]
    truth = [0.3, 0.0, -0.15]
    assert ((found["low"] <= truth) & (truth <= found["high"])).all()
    assert (found["p_adjusted"] < 0.05).tolist() == [True, False, True]
    assert experiments.heterogeneity(found)["p_value"] < 1e-6


@pytest.mark.full
def test_groups_that_react_alike_are_called_different_in_one_case_of_twenty() -> None:
    alike, called = [], []
    for seed in range(150):
        found = experiments.uplift_by(campaign(dict.fromkeys("abcdef", 0.1), 1_500, seed), "kind")
        alike.append(experiments.heterogeneity(found)["p_value"] < 0.05)
        called.append(bool(((found["low"] > 0.1) | (found["high"] < 0.1)).any()))
    assert np.mean(alike) <= 0.10
    assert np.mean(called) <= 0.10


def spent(then: Shop) -> pd.DataFrame:
    return then.orders.to_pandas().groupby("customer_id")[["amount"]].sum()


@pytest.mark.slow
def test_on_the_shop_the_truth_of_each_persona_lies_in_its_interval(shipped: Shop) -> None:
    shop = shipped
    seen = churn.experiments(shop, kind="bundle", build=spent)
    truth = read_truth("customers").set_index("customer_id")["persona"]
    extra = read_truth("treatment_effects").set_index(["campaign_id", "customer_id"])["expected_extra_orders"]
    seen["persona"] = seen["customer_id"].map(truth)
    seen["extra"] = extra.loc[list(zip(seen["campaign_id"], seen["customer_id"], strict=True))].to_numpy()
    found = experiments.uplift_by(seen, "persona").set_index("group")
    true = seen.groupby("persona")["extra"].mean().reindex(found.index)
    assert len(found) >= 4
    assert ((found["low"] <= true) & (true <= found["high"])).all()


@pytest.mark.slow
def test_groups_too_small_are_left_out_and_none_left_is_refused() -> None:
    table = campaign({"many": 0.1, "few": 0.1}, 200, seed=6)
    few = table[(table["kind"] == "many") | (table.index < 20)]
    assert experiments.uplift_by(few, "kind")["group"].tolist() == ["many"]
    with pytest.raises(CrmlibError, match="no group has 500 customers"):
        experiments.uplift_by(table, "kind", fewest=500)
    with pytest.raises(CrmlibError, match="two groups"):
        experiments.heterogeneity(experiments.uplift_by(few, "kind"))
    with pytest.raises(CrmlibError, match="all 4 customers did the same"):
        experiments.homogeneity(pd.DataFrame({"g": list("aabb"), "y": [1, 1, 1, 1]}), "g", "y")
    with pytest.raises(CrmlibError, match="1 groups of 2 customers"):
        experiments.homogeneity(pd.DataFrame({"g": ["a", "a"], "y": [1, 2]}), "g", "y")
