"""Units travel with their table; what fit refuses is refused where a model is asked; loaded models answer in words."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest

import crmlib
from crmlib import clv
from crmlib.errors import ModelError
from crmlib.policy import load

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

MODEL = clv.BetaGeoFitter().with_params({"r": 0.2426, "alpha": 4.4135, "a": 0.7929, "b": 2.4258})
PARETO = clv.ParetoNBDFitter().with_params({"r": 0.5533, "alpha": 10.5778, "s": 0.6062, "beta": 11.6669})
SPEND = clv.GammaGammaFitter().with_params({"p": 6.2488, "q": 3.7446, "v": 15.4477})


@pytest.mark.slow
def test_a_weekly_summary_is_valued_in_weeks_and_only_there(cdnow_sample: crmlib.Shop) -> None:
    weekly, daily = (
        clv.summarize(cdnow_sample.orders, as_of="1997-09-30", period=period).to_pandas() for period in ("W", "D")
    )
    buying = clv.BetaGeoFitter().fit(weekly)
    spend = clv.GammaGammaFitter().fit(weekly[(weekly["frequency"] > 0) & (weekly["monetary_value"] > 0)])
    worth = clv.value(weekly, buying, spend, policy=load({"clv": {"margin": 1.0}}))
    assert worth["expected_purchases"].sum() == pytest.approx(2049.9, abs=0.05)
    assert worth["cltv"].sum() == pytest.approx(75_532, abs=0.5)
    merged = weekly.merge(daily[["customer_id"]], on="customer_id")  # a merge loses attrs, not a column
    assert clv.value(merged, buying, spend, policy=load({"clv": {"margin": 1.0}}))["cltv"].sum() == pytest.approx(
        75_532, abs=0.5
    )
    for wrong in (daily, daily.sample(frac=1, random_state=1)):
        with pytest.raises(ModelError, match="fitted in periods of 'W', the summary is in 'D'"):
            clv.value(wrong, buying, spend)
        with pytest.raises(ModelError, match="fitted in periods of 'W'"):
            buying.predict(39, wrong)
    with pytest.raises(ModelError, match="leave out period"):
        clv.value(weekly, buying, spend, period="D")
    assert buying.predict(39, weekly).to_numpy() == pytest.approx(
        buying.predict(39, weekly["frequency"], weekly["recency"], weekly["T"]).to_numpy()
    )
    assert clv.BetaGeoFitter().fit(clv.summarize(cdnow_sample.orders, as_of="1997-09-30", period="W")).period_ == "W"
    assert clv.BetaGeoFitter().fit(clv.histories(cdnow_sample.orders, as_of="1997-09-30")).period_ == "D"
    unknown = weekly.drop(columns="period")
    with pytest.raises(ModelError, match="How long is a period"):
        clv.value(unknown, clv.BetaGeoFitter().fit(unknown), spend)
    with pytest.raises(ModelError, match="'period' holds 'W', 'D'"):
        clv.BetaGeoFitter().fit(pd.concat([weekly, daily]))


def test_a_week_that_is_not_over_is_left_out(cdnow_sample: crmlib.Shop) -> None:
    days = pd.to_datetime(["2024-01-01", "2024-01-09", "2024-01-23", "2024-01-02"])
    orders = pd.DataFrame({"customer_id": list("aaab"), "order_ts": days, "amount": 10.0})
    for period in ("D", "W"):
        weeks = clv.tracking(orders, {}, calibration_end="2024-01-14", observation_end="2024-01-23", period=period)
        assert weeks["actual"].tolist() == [0, 1, 0]
    weeks = clv.tracking(
        cdnow_sample.orders, {}, calibration_end="1997-09-30", observation_end="1998-06-30", period="W"
    )
    assert len(weeks) == 78


HISTORIES: list[tuple[Any, str]] = [
    ((30.43, 2, 38.86), "frequency is not a whole number"),
    ((3, 500, 100), r"recency \(500\) is larger than T \(100\) in row 0"),
    ((-1, 0, 100), "frequency is negative"),
    ((0, 5, 100), "recency is not zero where frequency is zero"),
    ((np.nan, 5, 100), "frequency is missing or infinite"),
    ((1, 5, np.inf), "T is missing or infinite"),
    (([1, 2, 3], [5, 5, 5], [9, 9, 4]), r"recency \(5\) is larger than T \(4\) in row 2"),
    ((pd.Series([1, 2], index=["ann", "bob"]), 5, [9, 4]), r"in row 'bob'"),
]


@pytest.mark.parametrize(("history", "message"), HISTORIES)
@pytest.mark.parametrize("model", [MODEL, PARETO], ids=["BG", "Pareto"])
def test_a_history_that_fit_refuses_is_refused_everywhere(model: Any, history: Any, message: str) -> None:
    questions: list[Callable[[], Any]] = [
        lambda: model.predict(39, *history), lambda: model.alive_at(*history),
        lambda: model.conditional_probability_alive(*history), lambda: model.sum_of_purchases([1.0], [1.0], *history),
        lambda: clv.discounted_purchases(model, *history, period="W"), lambda: clv.dert(model, *history, period="W"),
        lambda: clv.cltv(model, SPEND, history[0], history[1], history[2], 20.0, period="W"),
    ]  # fmt: skip
    for question in questions:
        with pytest.raises(ModelError, match=message):
            question()


@pytest.mark.parametrize("t", [-5, np.nan, np.inf, [1.0, -1.0]])
def test_a_horizon_that_is_none_is_refused(t: Any) -> None:
    for model in (MODEL, PARETO):
        with pytest.raises(ModelError, match="t is a length of time ahead"):
            model.predict(t, 2, 30.43, 38.86)
        with pytest.raises(ModelError, match="t is a length of time ahead"):
            model.expected_number_of_purchases_up_to_time(t)


def test_value_names_the_customer() -> None:
    row = pd.DataFrame({"customer_id": ["ann"], "frequency": 3, "recency": 500, "T": 100, "monetary_value": 30.0})
    with pytest.raises(ModelError, match=r"recency \(500\) is larger than T \(100\) in row 'ann'"):
        clv.value(row, MODEL, SPEND, period="W")


def test_spend_without_a_mean_is_refused_and_money_is_never_negative() -> None:
    endless = clv.GammaGammaFitter().with_params({"p": 0.3265, "q": 0.5269, "v": 20.39})
    with pytest.raises(ModelError, match=r"3 of 3 customers have no expected spend: q is 0\.527.*penalizer_coef"):
        endless.conditional_expected_average_profit([0, 1, 1], [0, 5, 50])
    assert (endless.conditional_expected_average_profit([2, 9], [5, 50]) > 0).all()
    with pytest.raises(ModelError, match=r"monetary_value \(-5\) in row 1"):
        SPEND.conditional_expected_average_profit([1, 1], [5, -5])
    with pytest.raises(ModelError, match=r"monetary_value is negative.*repeat buyers who spent something"):
        clv.GammaGammaFitter().fit([2, 3, 4], [10.0, -5, 20])


LOADED: list[Any] = [
    MODEL, PARETO, SPEND,
    clv.ModifiedBetaGeoFitter().with_params({"r": 0.525, "alpha": 6.183, "a": 0.891, "b": 1.614}),
    clv.BetaGeoBetaBinomFitter().with_params({"alpha": 1.2, "beta": 0.75, "gamma": 0.66, "delta": 2.78}),
    clv.ShiftedBetaGeoFitter().with_params({"alpha": 0.704, "beta": 1.182}),
]  # fmt: skip


NUMBERS = {
    "t": 5, "n": 2, "frequency": 2, "recency": 5, "T": 9, "n_periods": 9, "monetary_value": 20.0, "renewals": 2,
    "discount_rate": 0.1, "periods": 4, "m_periods_in_future": 4,
}  # fmt: skip
INNER = {"with_params", "in_scaled_time", "objective_of", "limits", "set_intervals"}


def answers(method: Any, model: Any, required: list[str]) -> bool:
    """Whether a method answers, or says in words why it cannot."""
    try:
        method(model, **{name: NUMBERS[name] for name in required})
    except ModelError as error:
        return len(str(error)) > 20
    return True


@pytest.mark.parametrize("model", LOADED, ids=lambda model: type(model).__name__)
def test_a_loaded_model_answers_or_says_why_not(model: Any, tmp_path: Path) -> None:
    model.save(tmp_path / "model.json")
    loaded = clv.load(tmp_path / "model.json")
    assert loaded.data is None
    asked = 0
    for name, method in inspect.getmembers(type(loaded), callable):
        if name.startswith(("_", "fit", "load", "save")) or name in INNER:
            continue
        arguments = inspect.signature(method).parameters.values()
        required = [
            argument.name for argument in arguments if argument.default is argument.empty and argument.kind in {1, 3}
        ]
        if set(required[1:]) <= set(NUMBERS):
            asked += answers(method, loaded, required[1:])
    assert asked > 1
    with pytest.raises(ModelError, match="stayed with the fit"):
        _ = loaded.rows_


@pytest.mark.slow
def test_bgbb_tells_of_all_numbers_and_of_discounted_ones(donations: pd.DataFrame) -> None:
    model = clv.BetaGeoBetaBinomFitter().fit(donations)
    table: Any = model.expected_number_of_transactions_in_first_n_periods(10)["model"]
    assert table.index.tolist() == list(range(11))
    assert table.sum() == pytest.approx(11_104)
    assert (table @ np.arange(11)) / 11_104 == pytest.approx(3.1798, abs=1e-4)
    ahead = [float(model.predict(k, 4, 5, 6)) for k in range(400)]
    by_hand = (np.diff(ahead) / 1.1 ** np.arange(1, 400)).sum()
    assert float(model.discounted_purchases(4, 5, 6, discount_rate=0.1)) == pytest.approx(by_hand, rel=1e-9)
    for question in (clv.dert, clv.discounted_purchases):
        with pytest.raises(ModelError, match=r"counts opportunities.*discounted_purchases"):
            question(model, 4, 5, 6, period="D")
    # a yearly appeal, by months: the k-th from now lies 12 k months ahead
    gaps = np.diff(ahead)
    yearly = float(clv.dert(model, 4, 5, 6, discount_rate=0.01, months_apart=12))
    assert yearly == pytest.approx((gaps / 1.01 ** (12 * np.arange(1, 400))).sum(), rel=1e-9)
    three = float(clv.discounted_purchases(model, 4, 5, 6, months=40, discount_rate=0.01, months_apart=12))
    assert three == pytest.approx((gaps[:3] / 1.01 ** (12 * np.arange(1, 4))).sum(), rel=1e-9)
    with pytest.raises(ModelError, match="months_apart is for opportunities"):
        clv.dert(MODEL, 4, 5, 6, months_apart=12)
    with pytest.raises(ModelError, match="months_apart=0"):
        clv.dert(model, 4, 5, 6, months_apart=0)
    near_one = clv.BetaGeoBetaBinomFitter().with_params({"alpha": 1.2, "beta": 0.7, "gamma": 1.0, "delta": 2.8})
    assert np.isfinite(near_one.predict(10, 4, 5, 6))
