"""Predictions know nothing of the future, are probabilities, and are judged as the field judges them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crmlib import churn, open_shop
from crmlib.churn.features import outcomes
from crmlib.errors import CrmlibError, ModelError, SchemaError

if TYPE_CHECKING:
    from crmlib.shop import Shop


@pytest.fixture(scope="module")
def shop(shipped: Shop) -> Shop:
    return shipped


@pytest.fixture(scope="module")
def seen(shop: Shop) -> pd.DataFrame:
    return churn.examples(shop, churn.origins(shop, 3, horizon_days=90))


@pytest.fixture(scope="module")
def judged(seen: pd.DataFrame) -> pd.DataFrame:
    return churn.rolling(seen, judged=1)


@pytest.mark.slow
def test_no_feature_knows_what_came_after_the_cut_off(shop: Shop) -> None:
    assert churn.leaks(lambda known, at: churn.features(known, as_of=at), shop, "2025-12-31") == []


@pytest.mark.slow
def test_a_feature_from_after_the_cut_off_is_found(shop: Shop) -> None:
    def with_a_leak(known: Shop, at: object) -> pd.DataFrame:
        table = churn.features(known, as_of=str(at))
        last = known.orders.to_pandas().groupby("customer_id")["order_ts"].max()
        return table.assign(last_order=last.reindex(table.index))

    assert churn.leaks(with_a_leak, shop, "2025-12-31") == ["last_order"]


@pytest.mark.slow
def test_netting_by_later_returns_is_a_leak_too(shop: Shop) -> None:
    def filtered(known: Shop, at: object) -> pd.DataFrame:
        orders = known.orders.to_pandas()
        return orders[orders["order_ts"] < str(at)].groupby("customer_id")[["amount"]].sum()

    assert "amount" in churn.leaks(filtered, shop, "2025-12-31")


@pytest.mark.slow
def test_features_at_a_day_are_those_of_the_shop_opened_on_it(shop: Shop) -> None:
    then = churn.features(open_shop("shop", as_of="2025-12-31"))
    pd.testing.assert_frame_equal(churn.features(shop, as_of="2025-12-31"), then)


@pytest.mark.slow
def test_features_by_hand() -> None:
    sales = pd.DataFrame({"customer_id": ["a", "a", "a", "b"], "amount": [10.0, 5.0, 30.0, 7.0],
                          "order_ts": ["2024-01-01", "2024-01-01", "2024-03-01", "2023-01-01"]})  # fmt: skip
    table = churn.features(open_shop(sales, as_of="2024-03-11"))
    assert table.index.tolist() == ["a"]  # b has been silent for more than half a year
    assert table.loc["a"].to_dict() == {
        "days_since_order": 10, "days_since_first_order": 70, "orders": 3, "mean_gap_days": 60,
        "silence_ratio": 10 / 60,
        "mean_order_value": 15, "last_order_value": 30, "recent_orders": 3, "recent_spend": 45,
    }  # fmt: skip


def test_an_outcome_that_is_not_over_is_refused(shop: Shop) -> None:
    with pytest.raises(CrmlibError, match="The latest cut-off is 2026-04-02"):
        outcomes(shop, pd.Index(["C0000001"]), at="2026-05-01", horizon_days=90)


@pytest.mark.slow
def test_leaving_is_no_order_in_the_days_after(shop: Shop, seen: pd.DataFrame) -> None:
    orders = shop.orders.to_pandas()
    row = seen[seen["at"] == seen["at"].max()].iloc[5]
    own = orders.loc[orders["customer_id"] == row["customer_id"], "order_ts"].dt.normalize()
    ahead = ((own > row["at"]) & (own <= row["at"] + pd.Timedelta(days=90))).sum()
    assert (row["orders_ahead"], row["left_us"]) == (ahead, int(ahead == 0))


@pytest.mark.slow
def test_the_models_beat_the_guesses(judged: pd.DataFrame) -> None:
    names = ["logistic", "boosting", "everyone alike", "recency alone", "three signals", "1 - P(alive)"]
    card = churn.scorecard(judged["left_us"], judged[names])
    assert set(card.index[:2]) == {"logistic", "boosting"}
    order = card["roc_auc"].sort_values(ascending=False).index.tolist()
    assert order.index("boosting") < order.index("1 - P(alive)") < order.index("recency alone")
    assert card["calibration_gap"].iloc[:2].max() < 0.06


@pytest.mark.slow
def test_the_same_seed_gives_the_same_probabilities(seen: pd.DataFrame) -> None:
    few = seen.head(600)
    one, two = (churn.ChurnModel("boosting", seed=3).fit(few).predict(few) for _ in range(2))
    assert one.equals(two)


@pytest.mark.slow
def test_a_model_never_reads_outcomes_or_signals(seen: pd.DataFrame) -> None:
    names = churn.ChurnModel("logistic").fit(seen).names
    assert not set(names) & {"left_us", "orders_ahead", "spend_ahead", "p_alive", "at", *churn.SIGNALS}


@pytest.mark.slow
def test_too_few_of_a_kind_and_a_missing_column_are_errors(seen: pd.DataFrame) -> None:
    with pytest.raises(ModelError, match="and 0 stayed"):
        churn.ChurnModel().fit(seen[seen["left_us"] == 1])
    with pytest.raises(SchemaError, match="no column 'orders'"):
        churn.ChurnModel().fit(seen).predict(seen.drop(columns="orders"))
    with pytest.raises(CrmlibError, match="nothing to learn from"):
        churn.rolling(seen, judged=3)
    with pytest.raises(CrmlibError, match="do not fit between"):
        churn.origins(open_shop("cdnow-sample"), 9, horizon_days=90)


@pytest.mark.slow
def test_where_nobody_bought_twice_there_is_no_p_alive() -> None:
    days = pd.date_range("2024-01-01", periods=40)
    shop = open_shop(pd.DataFrame({"customer_id": [f"c{n}" for n in range(40)], "order_ts": days, "amount": 1.0}))
    found = churn.examples(shop, ["2024-01-20"], horizon_days=10)
    assert found["p_alive"].isna().all()
    assert found["left_us"].eq(1).all()
    assert "1 - P(alive)" not in churn.baselines(found, found)


def test_scores_agree_with_their_definitions() -> None:
    card = churn.scorecard([1, 0, 1, 0], {"told": [0.9, 0.2, 0.6, 0.5]}).loc["told"]
    assert card["brier"] == pytest.approx((0.01 + 0.04 + 0.16 + 0.25) / 4)
    assert card["log_loss"] == pytest.approx(-np.log([0.9, 0.8, 0.6, 0.5]).mean())
    assert card["average_precision"] == 1


@pytest.mark.slow
@settings(max_examples=25)
@given(st.lists(st.tuples(st.booleans(), st.sampled_from([0.1, 0.3, 0.3, 0.8])), min_size=1, max_size=30), st.randoms())
def test_gains_end_at_everyone_whatever_the_order_of_rows(rows: list[tuple[bool, float]], random: object) -> None:
    curve = churn.gains(*zip(*rows, strict=True))
    mixed = list(rows)
    random.shuffle(mixed)  # type: ignore[attr-defined]
    pd.testing.assert_frame_equal(curve, churn.gains(*zip(*mixed, strict=True)))
    assert curve["contacted"].iloc[-1] == 1
    assert curve["found"].iloc[-1] == (1 if any(left for left, _ in rows) else 0)
    assert curve["found"].is_monotonic_increasing


def test_calibration_holds_everybody_and_its_wilson_interval() -> None:
    table = churn.calibration([1] * 8 + [0] * 2, [0.5] * 10)
    assert table["customers"].tolist() == [10]
    assert table[["low", "high"]].to_numpy().ravel() == pytest.approx([0.4902, 0.9433], abs=1e-4)


def test_what_is_no_probability_or_no_outcome_is_named() -> None:
    with pytest.raises(CrmlibError, match=r"told, row 1: 1\.5 is no probability"):
        churn.scorecard([0, 1], {"told": [0.2, 1.5]})
    with pytest.raises(CrmlibError, match="Everybody left, or nobody did"):
        churn.scorecard([1, 1], {"told": [0.2, 0.5]})


OFFER = churn.Offer(success_rate=0.2, contact_cost=1.0, incentive_cost=10.0)


def test_the_threshold_is_where_the_profit_is_nothing() -> None:
    value = np.array([60.0, 100.0, 500.0])
    assert churn.expected_profit(churn.pays_from(value, OFFER), value, OFFER) == pytest.approx([0, 0, 0], abs=1e-12)
    never = churn.Offer(success_rate=0, contact_cost=1)
    assert churn.pays_from(100, never) == np.inf


def test_the_best_point_of_the_curve_is_who_pays() -> None:
    rng = np.random.default_rng(1)
    chance, value = rng.random(300), rng.gamma(2, 60, 300)
    curve = churn.profit_curve(chance, value, OFFER, actual=rng.random(300) < chance)
    assert (
        curve["customers"].iloc[int(curve["expected"].to_numpy().argmax())]
        == (chance > churn.pays_from(value, OFFER)).sum()
    )


def test_an_offer_that_cannot_be_is_refused() -> None:
    with pytest.raises(CrmlibError, match=r"success_rate=1\.2 is no share"):
        churn.Offer(success_rate=1.2, contact_cost=1)
    with pytest.raises(CrmlibError, match="contact_cost=-1 is no cost"):
        churn.Offer(success_rate=0.2, contact_cost=-1)
