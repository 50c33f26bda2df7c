from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.integrate import quad
from scipy.special import betainccinv, betaincinv, betaln, expit, logit

from crmlib.clv import BetaGeoFitter, GammaGammaFitter, ModifiedBetaGeoFitter, ParetoNBDFitter
from crmlib.clv.discounted import DAYS_PER_MONTH, cltv, dert, discounted_purchases
from crmlib.clv.peer import lifetimes
from crmlib.errors import ModelError, ModelWarning

MODELS = [
    BetaGeoFitter().with_params({"r": 0.2426, "alpha": 4.4135, "a": 0.7929, "b": 2.4258}),
    ModifiedBetaGeoFitter().with_params({"r": 0.525, "alpha": 6.183, "a": 0.891, "b": 1.614}),
    ParetoNBDFitter().with_params({"r": 0.5533, "alpha": 10.5778, "s": 0.6062, "beta": 11.6669}),
]
SPEND: Any = GammaGammaFitter().with_params({"p": 6.2488, "q": 3.7446, "v": 15.4477})
CUSTOMERS = [(2, 30.43, 38.86), (0, 0, 38.86), (25, 30.0, 31.0), (3, 1, 39)]


@pytest.mark.slow
@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("customer", CUSTOMERS)
def test_dert_is_the_discounted_sum_of_all_purchases_to_come(model: Any, customer: tuple[float, ...]) -> None:
    rate = 1.15 ** (1 / 12) - 1
    force = np.log(1.15) / 12 / (DAYS_PER_MONTH / 7)
    edges = [0.0, 20, 200, 1000, 3000, 15_000]
    expected = sum(  # by parts: the purchases up to t, discounted at t, times the force of interest
        quad(lambda t: force * np.exp(-force * t) * model.predict(t, *customer), a, b, epsrel=1e-11)[0]
        for a, b in pairwise(edges)
    )
    assert dert(model, *customer, discount_rate=rate, period="W") == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("model", MODELS)
def test_discounted_purchases_are_the_months_discounted_one_by_one(model: Any) -> None:
    ends = [model.predict(number * DAYS_PER_MONTH, 2, 200, 270) for number in range(13)]
    expected = sum((ends[i] - ends[i - 1]) / 1.01**i for i in range(1, 13))
    assert discounted_purchases(model, 2, 200, 270, period="D") == pytest.approx(expected, rel=1e-12)
    table = pd.DataFrame(CUSTOMERS, columns=["x", "t_x", "T"], index=list("abcd"))
    together = discounted_purchases(model, table["x"], table["t_x"], table["T"], period="W")
    assert together.index.tolist() == list("abcd")
    alone = [discounted_purchases(model, *customer, period="W") for customer in CUSTOMERS]
    np.testing.assert_allclose(together, alone, rtol=1e-12)


@pytest.mark.parametrize("model", MODELS)
def test_value_is_purchases_times_spend(model: Any) -> None:
    purchases = discounted_purchases(model, 2, 30.43, 38.86, period="W")
    spend = SPEND.conditional_expected_average_profit(2, 22.35)
    assert cltv(model, SPEND, 2, 30.43, 38.86, 22.35, period="W") == pytest.approx(purchases * spend)


@pytest.mark.slow
@pytest.mark.parametrize("freq", ["D", "W", "H", "M"])
def test_lifetimes_value_keeps_lifetimes_months(freq: str, cdnow_summary: pd.DataFrame) -> None:
    some = cdnow_summary.iloc[:50]
    columns: Any = [some[name] for name in ("frequency", "recency", "T")]
    spent = pd.Series(20.0, index=some.index)
    model, peer, money = lifetimes.BetaGeoFitter(), MODELS[0], lifetimes.GammaGammaFitter()
    model.params_, money.params_ = peer.params_, SPEND.params_
    model.predict = model.conditional_expected_number_of_purchases_up_to_time
    expected = money.customer_lifetime_value(model, *columns, spent, time=6, freq=freq)
    actual = SPEND.customer_lifetime_value(peer, *columns, spent, time=6, freq=freq)
    pd.testing.assert_series_equal(actual, expected, rtol=1e-9)
    pd.testing.assert_series_equal(SPEND.customer_lifetime_value(model, *columns, spent, 6, 0.01, freq), expected)


def test_periods(cdnow_summary: pd.DataFrame) -> None:
    unknown = BetaGeoFitter().fit(cdnow_summary)
    with pytest.raises(ModelError, match='Say period="D" or "W"'):
        discounted_purchases(unknown, 2, 30, 39)
    with pytest.raises(ModelError, match="period 'Y' is not known"):
        discounted_purchases(unknown, 2, 30, 39, period="Y")
    weekly = BetaGeoFitter().fit(cdnow_summary, period="W")
    expected = discounted_purchases(weekly, 2, 30, 39)
    with pytest.warns(ModelWarning, match="fitted to recency and T in periods of 'W'"):
        assert discounted_purchases(weekly, 2, 30, 39, period="D") == expected
    summary = cdnow_summary.copy()
    summary.attrs["period"] = "W"
    assert BetaGeoFitter().fit(summary).period_ == "W"
    with pytest.warns(ModelWarning, match="The summary is believed"):
        assert BetaGeoFitter().fit(summary, period="D").period_ == "W"


def test_questions_without_meaning() -> None:
    with pytest.raises(ModelError, match="months must be a whole number"):
        discounted_purchases(MODELS[0], 2, 30, 39, months=0, period="W")
    with pytest.raises(ModelError, match="discount_rate is -2"):
        discounted_purchases(MODELS[0], 2, 30, 39, discount_rate=-2, period="W")
    with pytest.raises(ModelError, match="endless"):
        dert(MODELS[0], 2, 30, 39, discount_rate=0, period="W")


@pytest.mark.parametrize("a", [1 - 1e-9, 1.0, 1 + 1e-9])
def test_a_of_one_is_no_exception(a: float) -> None:
    near = BetaGeoFitter().with_params({"r": 0.24, "alpha": 4.4, "a": 1 + 1e-4, "b": 2.4})
    there = near.with_params({"r": 0.24, "alpha": 4.4, "a": a, "b": 2.4})
    assert there.predict(39, 2, 30, 39) == pytest.approx(near.predict(39, 2, 30, 39), rel=1e-3)


@pytest.mark.parametrize(
    "parameters", [(0.3, 6.0, 60.0, 100.0), (0.3, 6.0, 3e4, 1e5), (0.5, 4.0, 0.5, 1e4), (3.0, 1e3, 20.0, 0.1)]
)
@pytest.mark.parametrize("customer", [(0.0, 0.0, 30.0), (3.0, 20.0, 39.0), (500.0, 38.0, 39.0)])
def test_expected_purchases_for_any_parameters(parameters: tuple[float, ...], customer: tuple[float, ...]) -> None:
    """Against the mean over the dropout probability, integrated in its log-odds."""
    model = ModifiedBetaGeoFitter().with_params(dict(zip(("r", "alpha", "a", "b"), parameters, strict=True)))
    r, alpha, a, b = parameters
    x, _, T = customer
    ends = betaincinv(a, b + x + 1, [1e-15, 1e-15]), betainccinv(a, b + x + 1, 1e-15)
    low, high = logit(ends[0][0]), logit(ends[1])
    low = low if np.isfinite(low) else -80.0

    def of(odds: float) -> float:
        p = expit(odds)
        density = np.exp(a * np.log(p) + (b + x + 1) * np.log1p(-p) - betaln(a, b + x + 1))
        return float(-density * np.expm1(-(r + x) * np.log1p(p * 39 / (alpha + T))) / p)

    expected = quad(of, low, high, epsabs=0, epsrel=1e-10, limit=400)[0]
    actual = model.predict(39, *customer) / model.alive_at(*customer)
    assert actual == pytest.approx(expected, rel=1e-6)
