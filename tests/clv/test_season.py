"""A season of the customers is a change of the unit of time."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from crmlib import clv
from crmlib.errors import ModelError, ModelWarning

END, AHEAD = pd.Timestamp("2024-10-31"), 61
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
        expected = fitter().fit(seen).predict(season.ahead(END.date(), AHEAD), seen).sum()
        assert expected == pytest.approx(came, rel=tolerance)


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
