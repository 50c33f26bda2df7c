"""Models judged by the protocol: what each reaches on CDNOW, what they may see, and what intervals say."""

from __future__ import annotations

from datetime import date
from typing import Any, Self

import numpy as np
import pandas as pd
import pytest

import crmlib
from crmlib import clv
from crmlib.clv.history import history
from crmlib.clv.protocol import SEEN
from crmlib.errors import CrmlibError, ModelError

ORIGIN: Any = {"origins": ["1997-09-30"], "horizon_days": 273}


class Constant:
    """Predicts the same for everybody, and remembers what it was shown."""

    shown: list[pd.DataFrame]

    def __init__(self, much: float = 0.0) -> None:
        self.much = much
        self.shown = []

    def fit(self, summary: pd.DataFrame) -> Self:
        self.shown.append(summary)
        summary["frequency"] = -1.0  # a careless model writes into what it is given
        return self

    def predict(self, summary: pd.DataFrame, duration: float) -> Any:
        assert duration > 0
        assert summary["frequency"].min() >= 0
        return np.full(len(summary), self.much)


@pytest.fixture(scope="module")
def orders(cdnow_sample: crmlib.Shop) -> pd.DataFrame:
    return cdnow_sample.orders.to_pandas()


@pytest.fixture(scope="module")
def judged(cdnow: crmlib.Shop) -> clv.Rolling:
    """All 23,570 customers of CDNOW, 39 + 39 weeks counted in days."""
    pareto = clv.BuyTillYouDie
    boosted = clv.GradientBoosting(pareto())
    models: dict[str, Any] = {
        "Pareto/NBD": pareto(),
        "boosted Pareto/NBD": boosted,
        "average": clv.Average(pareto(), boosted),
    }
    return clv.rolling(cdnow.orders, models, **ORIGIN)


@pytest.fixture(scope="module")
def card(judged: clv.Rolling) -> pd.DataFrame:
    return judged.scores.set_index("model")


# --- what the models reach


@pytest.mark.slow
def test_the_scores_are_those_of_the_scorecard(card: pd.DataFrame) -> None:
    assert list(card.loc["Pareto/NBD", ["mae", "rmse"]]) == pytest.approx([0.794, 1.726], abs=5e-4)
    assert list(card.loc["always zero", ["mae", "rmse"]]) == pytest.approx([0.835, 2.467], abs=5e-4)


@pytest.mark.slow
@pytest.mark.parametrize(("measure", "most"), [("rmse", 1.70), ("mae", 0.80), ("spend_rmse", 92.0)])
def test_boosted_pareto_reaches_on_cdnow(card: pd.DataFrame, measure: str, most: float) -> None:
    assert card[measure]["boosted Pareto/NBD"] <= most


@pytest.mark.slow
def test_the_average_is_better_than_pareto_by_more_than_luck(judged: clv.Rolling) -> None:
    found = judged.differences("Pareto/NBD", refits=300)
    assert found["high"]["average"] < 0
    assert found["difference"]["Pareto/NBD"] == found["high"]["Pareto/NBD"] == 0
    assert list(found["error"]) == sorted(found["error"])


@pytest.mark.slow
def test_the_spend_is_compared_where_it_is_predicted(judged: clv.Rolling) -> None:
    found = judged.differences("Pareto/NBD", measure="spend_rmse", refits=50)
    assert set(found.index) == {"Pareto/NBD", "boosted Pareto/NBD", "average"}


# --- what a model may see


@pytest.mark.slow
def test_nothing_after_the_origin_changes_what_models_see(orders: pd.DataFrame) -> None:
    class Learner(Constant):
        def fit_past(self, summary: pd.DataFrame, past: pd.DataFrame) -> Self:
            shown.append((summary.copy(), past.copy()))
            return self

    shown: list[tuple[pd.DataFrame, pd.DataFrame]] = []
    changed = orders.copy()
    later = changed["order_ts"] >= "1997-10-01"
    changed.loc[later, "amount"] *= 7
    more = changed[later].assign(order_ts=changed.loc[later, "order_ts"] - pd.Timedelta(days=1))
    for frame in (orders, pd.concat([changed, more[more["order_ts"] >= "1997-10-01"]], ignore_index=True)):
        clv.rolling(frame, {"learner": Learner()}, origins=["1997-09-30"], horizon_days=200)
    (one, past_one), (two, past_two) = shown
    pd.testing.assert_frame_equal(one, two)
    pd.testing.assert_frame_equal(past_one, past_two)
    assert tuple(one.columns) == SEEN
    assert set(past_one.columns) - set(one.columns) == {"periods_ahead", "purchases_ahead", "spend_ahead"}


@pytest.mark.slow
def test_the_summary_is_that_of_summarize(orders: pd.DataFrame) -> None:
    shown: list[pd.DataFrame] = []

    class Looks(Constant):
        def fit(self, summary: pd.DataFrame) -> Self:
            shown.append(summary.copy())
            return self

    clv.rolling(orders, {"looks": Looks()}, origins=["1997-09-30"], horizon_days=91, period="W")
    summary = clv.summarize(orders, as_of="1997-09-30", period="W")
    summary = summary.drop(columns="period")
    pd.testing.assert_frame_equal(shown[0][list(summary.columns)], summary)


def test_features_by_hand() -> None:
    days = pd.to_datetime(["2024-01-01", "2024-02-10", "2024-03-01", "2024-03-20", "2024-01-05", "2024-04-09"])
    frame = pd.DataFrame({"customer_id": list("aaaabb"), "order_ts": days, "amount": [9.0, 3, 6, 5, 4, 4]})
    found = history(frame, at=date(2024, 3, 10), end=date(2024, 3, 31), period="D").set_index("customer_id")
    want = {
        **dict(zip(SEEN[1:], [2, 60, 69, 4.5, 9, 20, 1, 2, 6, 6], strict=True)),
        "periods_ahead": 21,
        "purchases_ahead": 1,
        "spend_ahead": 5,
    }
    assert found.loc["a"].to_dict() == want
    assert np.isnan(found["last_gap"]["b"])
    assert found.loc["b", "purchases_ahead"] == 0


@pytest.mark.slow
def test_a_table_of_the_engine_gives_the_same(cdnow_sample: crmlib.Shop, orders: pd.DataFrame) -> None:
    models = {"BG/NBD": clv.BuyTillYouDie(clv.BetaGeoFitter())}
    here, there = (clv.rolling(table, models, origins=2, horizon_days=91) for table in (orders, cdnow_sample.orders))
    pd.testing.assert_frame_equal(here.scores, there.scores)


@pytest.mark.slow
def test_the_given_model_is_not_touched(orders: pd.DataFrame) -> None:
    model = Constant()
    clv.rolling(orders, {"constant": model}, origins=2, horizon_days=91)
    assert model.shown == []


# --- intervals


@pytest.mark.slow
def test_two_equal_models_do_not_differ(orders: pd.DataFrame) -> None:
    judged = clv.rolling(orders, {"one": Constant(0.5), "two": Constant(0.5)}, origins=2, horizon_days=91)
    found = judged.differences("one", refits=20)
    assert not found.drop(columns="error").reindex(["one", "two"]).to_numpy().any()


@pytest.mark.slow
def test_the_same_seed_gives_the_same_intervals(orders: pd.DataFrame) -> None:
    judged = clv.rolling(orders, {"one": Constant(0.5)}, origins=2, horizon_days=91)
    one, two, three = (judged.differences("one", refits=20, seed=seed) for seed in (1, 1, 2))
    pd.testing.assert_frame_equal(one, two)
    assert not one.equals(three)


@pytest.mark.slow
def test_compare_gives_every_measure(orders: pd.DataFrame) -> None:
    models: dict[str, Any] = {"BG/NBD": clv.BuyTillYouDie(clv.BetaGeoFitter()), "half": Constant(0.5)}
    found = clv.compare(models, orders, origins=1, horizon_days=91, refits=20)
    assert found["measure"].unique().tolist() == ["mae", "rmse", "deviance", "spend_mae", "spend_rmse"]
    assert set(found.loc[found["measure"] == "spend_rmse", "model"]) == {"BG/NBD"}


# --- errors


def test_a_model_without_predict_is_named(orders: pd.DataFrame) -> None:
    with pytest.raises(CrmlibError, match=r"half: a model needs fit and predict\. See crmlib\.clv\.protocol\."):
        clv.rolling(orders, {"half": object()})  # type: ignore[dict-item]


@pytest.mark.parametrize(("answer", "said"), [([1.0], r"shape \(1,\)"), (np.nan, "are not numbers")])
def test_a_wrong_answer_is_named(orders: pd.DataFrame, answer: Any, said: str) -> None:
    class Wrong(Constant):
        def predict(self, summary: pd.DataFrame, duration: float) -> Any:
            assert duration
            return np.full(len(summary), answer) if np.isscalar(answer) else answer

    with pytest.raises(CrmlibError, match=f"wrong: .*{said}"):
        clv.rolling(orders, {"wrong": Wrong()}, origins=1)


@pytest.mark.parametrize("day", ["1997-01-01", "1998-06-01"])
def test_an_origin_without_history_or_horizon_is_an_error(orders: pd.DataFrame, day: str) -> None:
    with pytest.raises(CrmlibError, match=f"The origin {day} does not fit: orders go from 1997-01-01 to 1998-06-30"):
        clv.rolling(orders, {"constant": Constant()}, origins=[day])


@pytest.mark.slow
def test_trees_need_outcomes(orders: pd.DataFrame) -> None:
    nothing = orders[orders["order_ts"] < "1997-04-01"].groupby("customer_id", as_index=False).first()
    late = pd.concat([nothing, nothing.assign(order_ts=pd.Timestamp("1997-12-01"))], ignore_index=True)
    with pytest.raises(ModelError, match="Nobody bought in the earlier splits"):
        clv.rolling(late, {"trees": clv.GradientBoosting()}, origins=["1997-09-30"], horizon_days=60)


@pytest.mark.slow
def test_an_unknown_measure_or_model_is_named(orders: pd.DataFrame) -> None:
    judged = clv.rolling(orders, {"one": Constant()}, origins=1)
    with pytest.raises(CrmlibError, match="There are: mae, rmse, deviance, spend_mae, spend_rmse"):
        judged.differences("one", measure="r2")
    with pytest.raises(CrmlibError, match=r"There is no model 'two' with purchases\. There are: one, always zero"):
        judged.differences("two")


def test_an_average_needs_models() -> None:
    with pytest.raises(CrmlibError, match="An Average needs models"):
        clv.Average()
