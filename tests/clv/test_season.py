"""A season of the customers is a change of the unit of time."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from crmlib import clv
from crmlib.errors import ModelError, ModelWarning
from crmlib.policy import load

END, AHEAD = pd.Timestamp("2024-10-31"), 61
SPEND = clv.GammaGammaFitter().with_params({"p": 6.2488, "q": 3.7446, "v": 15.4477})
TWO_MONTHS = load({"clv": {"horizon_months": 2}})
TRUE = {11: 2.5, 12: 2.5}  # 2.0 in November and December, .8 else


def shop(customers: int, years: int, seed: int) -> pd.DataFrame:
    """Gamma rates, exponential lives, watched until October 2024 and two months more; every order of every customer."""
    rng = np.random.default_rng(seed)
    start = END - pd.Timedelta(days=365 * years)
    days = pd.date_range(start, periods=365 * years + AHEAD + 1)
    clock = np.r_[0, np.cumsum(np.where(days.month >= 11, 2.0, 0.8))]
    at = np.arange(len(clock), dtype=float)
    rows = []
    for number in range(customers):
        came, rate = rng.integers(0, 365 * years - 130), rng.gamma(0.9, 1 / 60)
        gone = min(came + rng.exponential(1 / rng.gamma(0.8, 1 / 300)), at[-1])
        low, high = np.interp([came, gone], at, clock)
        bought = np.interp(np.sort(rng.uniform(low, high, rng.poisson(rate * (high - low)))), clock, at)
        rows += [(number, day) for day in np.unique(np.floor(np.r_[came, bought]))]
    table = pd.DataFrame(rows, columns=["customer_id", "day"])
    return table.assign(order_ts=start + pd.to_timedelta(table["day"], unit="D"), amount=10.0).drop(columns="day")


@pytest.mark.slow
@pytest.mark.parametrize("fitter", [clv.BetaGeoFitter, clv.ParetoNBDFitter])
def test_on_the_season_s_clock_a_forecast_of_christmas_is_hardly_biased(fitter: Any) -> None:
    orders = shop(3_000, 2, seed=7)
    past = orders[orders["order_ts"] <= END]
    came = len(orders) - len(past)
    known, learnt = clv.Season.of(TRUE), clv.Season.learn(past, as_of=END.date())
    assert learnt.weights == pytest.approx(known.weights, rel=0.25)
    plain = fitter().fit(clv.summarize(past, as_of=END.date()))
    without = plain.predict(AHEAD, clv.summarize(past, as_of=END.date())).sum()
    assert without < 0.6 * came
    for season, tolerance in ((known, 0.05), (learnt, 0.12)):
        seen = season.summarize(past, as_of=END.date())
        model = fitter().fit(seen)
        expected = model.predict(season.ahead(END.date(), AHEAD), seen).sum()
        assert expected == pytest.approx(came, rel=tolerance)
        worth = clv.value(seen, model, SPEND, season=season, as_of=END.date(), policy=TWO_MONTHS)
        assert worth["expected_purchases"].sum() == pytest.approx(came, rel=tolerance)
        ends: Any = {"calibration_end": END.date(), "observation_end": END.date() + pd.Timedelta(days=AHEAD)}
        weeks = clv.tracking(orders, {"model": model}, **ends, season=season)
        later = weeks[weeks["held_out"]][1:]  # the first of them has days of October
        assert later["model"].sum() == pytest.approx(later["actual"].sum(), rel=tolerance)


@pytest.mark.slow
def test_an_even_season_changes_nothing_and_months_are_weighed_by_hand() -> None:
    orders = shop(200, 2, seed=3)
    past = orders[orders["order_ts"] <= END]
    plain, even = clv.summarize(past, as_of=END.date()), clv.Season.of({})
    seen = even.summarize(past, as_of=END.date())
    on_days, on_clock = clv.BetaGeoFitter().fit(plain), clv.BetaGeoFitter().fit(seen)
    pd.testing.assert_frame_equal(
        clv.value(plain, on_days, SPEND), clv.value(seen, on_clock, SPEND, season=even, as_of=END.date()), rtol=1e-6
    )
    ends: Any = {"calibration_end": END.date(), "observation_end": "2024-12-22"}
    expected = clv.tracking(orders, {"model": on_days}, **ends)
    pd.testing.assert_frame_equal(expected, clv.tracking(orders, {"model": on_clock}, **ends, season=even), rtol=1e-6)
    season = clv.Season.of(TRUE)
    mean = (304.25 + 61 * 2.5) / 365.25
    # 30 days of November and 30.875 of December; 91.3125 reach 30.3125 days into January
    assert season.months_ahead(END.date(), 3) == pytest.approx(
        [30.4375 * 2.5 / mean, 60.875 * 2.5 / mean, (61 * 2.5 + 30.3125) / mean]
    )


def test_a_summary_on_a_season_s_clock_is_never_read_in_days() -> None:
    orders = shop(60, 2, seed=3)
    season = clv.Season.of(TRUE)
    seen, plain = (way(orders, as_of=END.date()) for way in (season.summarize, clv.summarize))
    model: Any = clv.BetaGeoFitter().with_params({"r": 0.9, "alpha": 60.0, "a": 0.5, "b": 3.0})
    with pytest.raises(ModelError, match=r"which months are ahead\? Say season="):
        clv.value(seen, model, SPEND)
    with pytest.raises(ModelError, match="Say as_of="):
        clv.value(seen, model, SPEND, season=season)
    with pytest.raises(ModelError, match="'season', value was asked in 'D'"):
        clv.value(seen, model, SPEND, period="D")
    with pytest.raises(ModelError, match="in periods of 'D', not on a season's clock"):
        clv.value(plain, model, SPEND, season=season, as_of=END.date())
    model.period_ = "season"
    with pytest.raises(ModelError, match="fitted in periods of 'season', the summary is in 'D'"):
        model.predict(30, plain)
    history = [plain[name] for name in ("frequency", "recency", "T")]
    for question in (clv.discounted_purchases, clv.dert):
        with pytest.raises(ModelError, match="on a season's clock, where months differ"):
            question(model, *history)
    ends: Any = {"calibration_end": END.date(), "observation_end": END.date()}
    with pytest.raises(ModelError, match="fitted in periods of 'season', the orders are counted in 'D'"):
        clv.tracking(orders, {"model": model}, **ends)
    with pytest.raises(ModelError, match="goes by days"):
        clv.tracking(orders, {"model": model}, **ends, period="W", season=season)


def test_the_clock_by_hand() -> None:
    even = clv.Season.of({})
    assert even.weights == (1.0,) * 12
    assert even.ahead("2024-10-31", 61) == pytest.approx(61)
    season = clv.Season.of(TRUE)
    mean = (304.25 + 61 * 2.5) / 365.25
    assert season.ahead("2024-10-31", 61) == pytest.approx(61 * 2.5 / mean)
    assert season.ahead("2024-12-30", 2) == pytest.approx((2.5 + 1) / mean)
    orders = pd.DataFrame({"customer_id": ["a", "a"], "amount": 9.0,
                           "order_ts": pd.to_datetime(["2024-10-30", "2024-11-02"])})  # fmt: skip
    row = season.summarize(orders, as_of="2024-11-03").iloc[0]
    assert (row["frequency"], row["recency"], row["T"]) == pytest.approx((1, (1 + 2 * 2.5) / mean, (1 + 7.5) / mean))
    with pytest.warns(ModelWarning, match="hold 2.00 times the purchases of as many mean days"):
        season.warn("2024-10-31", 61)
    even.warn("2024-10-31", 61)


def test_what_is_no_season_is_refused() -> None:
    orders = pd.DataFrame({"customer_id": ["a", "a"], "order_ts": pd.to_datetime(["2024-01-01", "2024-06-01"])})
    with pytest.raises(ModelError, match="two years at least"):
        clv.Season.learn(orders, as_of="2024-12-31")
    with pytest.raises(ModelError, match="column 'order_ts'"):
        clv.Season.learn(orders.assign(order_ts="soon"), as_of="2024-12-31")
    for months in ({13: 2.0}, {1: 0.0}, {1: np.nan}):
        with pytest.raises(ModelError, match="months are 1 to 12, weights above 0"):
            clv.Season.of(months)
    with pytest.raises(ModelError, match="whole number of days"):
        clv.Season.of({}).ahead("2024-01-01", -1)
    with pytest.raises(ModelError, match="begins in 2000"):
        clv.Season.of({}).ahead("1999-01-01", 5)
