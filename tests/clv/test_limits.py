"""At every parameter that a fit can end on, answers are finite and those of the integral over what is not seen."""

from __future__ import annotations

import warnings
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.integrate import quad
from scipy.special import betaln, expit

from crmlib import clv
from crmlib.clv.bg import purchases_if_alive
from crmlib.clv.discounted import rest_geometric
from crmlib.errors import ModelError, ModelWarning

GEOMETRIC: list[Any] = [clv.BetaGeoFitter, clv.ModifiedBetaGeoFitter]


def mean_over_dropout(a: float, c: float, of: Any, bends: list[float]) -> float:
    """Integrate a function of the dropout probability over Beta(a, c), in its log-odds."""
    middle, width = np.log(a / c), np.sqrt(1 / a + 1 / c)
    ends = np.unique(
        [-60 - 40 / a, *bends, middle - 9 * width, middle - width, middle + width, middle + 9 * width, 0.0]
    )
    ends = np.append(np.sort(ends[ends < 40 + 40 / c]), 40 + 40 / c)

    def density(w: float) -> float:
        return float(np.exp(-a * np.logaddexp(0, -w) - c * np.logaddexp(0, w) - betaln(a, c)) * of(float(expit(w))))

    return float(sum(quad(density, *pair, limit=200, epsabs=0, epsrel=1e-9)[0] for pair in pairwise(ends)))


def purchases(p: float, u: float, n: float) -> float:
    """Purchases within u (in units of alpha + T) of somebody alive who leaves with this chance."""
    y = u * p
    return n * u * (1 - (n + 1) * y / 2) if n * y < 1e-9 and y < 1e-9 else -np.expm1(-n * np.log1p(y)) / p


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::scipy.integrate.IntegrationWarning")
def test_expected_purchases_are_the_integral_over_the_dropout_probability() -> None:
    rng = np.random.default_rng(1)
    for _ in range(150):
        r, b = 10 ** rng.uniform(-5, 5, 2)
        a = 10 ** rng.uniform(-1.5, 3)
        x = float(rng.choice([0, np.floor(10 ** rng.uniform(0, 6))]))
        u = 10 ** rng.uniform(-4, 3)
        bends = [-np.log(u), -np.log(u * max(r + x, 1.0))]
        expected = mean_over_dropout(a, b + x, lambda p, u=u, n=r + x: purchases(p, u, n), bends)
        computed = float(purchases_if_alive(u, x, 0.0, np.array([r, 1.0, a, b])))
        assert computed == pytest.approx(expected, rel=1e-6), (r, a, b, x, u)


@pytest.mark.slow
def test_everything_is_finite_and_ordered_in_the_whole_box() -> None:
    rng = np.random.default_rng(2)
    ends = [1e-5, 1e5, 1.0, 0.5]
    x = np.array([0.0, 1, 2, 40, 1e4, 1e6])
    T = np.array([300.0, 300, 10, 300, 200, 300])
    t_x = np.array([0.0, 1, 10, 280, 150, 300])
    for _ in range(150):
        first, second, third, fourth = (
            float(rng.choice(ends)) if rng.random() < 0.5 else 10 ** rng.uniform(-5, 5) for _ in range(4)
        )
        for fitter in GEOMETRIC:
            model = fitter().with_params({"r": first, "alpha": second * 300, "a": third, "b": fourth})
            expected = model.alive_at(x, t_x, T) * purchases_if_alive(90, x, T, model._with_first_chance())
            assert np.isfinite(expected).all(), model
            assert (expected >= 0).all(), model
            most = (first + x) / (second * 300 + T) * 90  # nobody buys more than somebody who never leaves
            assert (expected <= most * (1 + 1e-6)).all(), model
            assert model.predict(90, x, t_x, T) == pytest.approx(expected, rel=1e-9)
            assert np.isfinite(model.expected_number_of_purchases_up_to_time([0.0, 39.0])).all()
            chances = model.probability_of_n_purchases_up_to_time(20, np.array([0, 1, 5, 171, 1000]))
            assert ((chances >= 0) & (chances <= 1 + 1e-12)).all(), model
        dead: Any = clv.ParetoNBDFitter().with_params(
            {"r": first, "alpha": second * 300, "s": third, "beta": fourth * 300}
        )
        assert np.isfinite(dead.predict(90, x, t_x, T)).all(), dead
        assert ((dead.alive_at(x, t_x, T) >= 0) & (dead.alive_at(x, t_x, T) <= 1 + 1e-9)).all(), dead
        assert np.isfinite(clv.dert(dead, x, t_x, T, period="D")).all(), dead


@pytest.mark.slow
def test_all_purchases_to_come_are_finite_in_the_whole_box() -> None:
    rng = np.random.default_rng(3)
    for _ in range(60):
        r, a, b = 10 ** rng.uniform(-5, 5, 3)
        x, T = np.array([0.0, 40]), np.array([1.0, 2.0])
        near = rest_geometric(1e-3, x, T, np.array([r, 1.0, a, b]))
        beside = rest_geometric(1.001e-3, x, T, np.array([r, 1.0, a, b]))
        assert np.isfinite(near).all(), (r, a, b)
        assert (beside <= near * (1 + 1e-6)).all(), (r, a, b)  # who discounts more counts less
        assert (near <= (r + x) / (1 + T) / 1e-3 * (1 + 1e-6)).all(), (r, a, b)
        assert beside == pytest.approx(near, rel=2e-3)


@pytest.mark.parametrize(
    ("fitter", "parameters", "expected"),
    [
        (
            GEOMETRIC[0],
            {"r": 1e5, "alpha": 3.0693e6, "a": 0.13146, "b": 1.00546},
            [0.0097, 0.3286, 2.2617, 2.8609, 0.0004],
        ),
        (
            GEOMETRIC[1],
            {"r": 1e5, "alpha": 3.0600e6, "a": 0.31584, "b": 5.0617},
            [0.0105, 0.2527, 2.0056, 2.8192, 0.0011],
        ),
    ],
)
def test_a_shop_of_regular_buyers(fitter: Any, parameters: dict[str, float], expected: list[float]) -> None:
    x, t_x = np.array([3, 6, 9, 12, 1]), np.array([90, 180, 270, 360, 30])
    assert fitter().with_params(parameters).predict(90, x, t_x, np.full(5, 360)) == pytest.approx(expected, abs=2e-4)
    table = pd.DataFrame({"frequency": x, "recency": t_x, "T": 360, "weights": [10, 8, 6, 60, 12]})
    with pytest.warns(ModelWarning, match="all customers buy at much the same rate"):
        model = fitter().fit(table)
    assert "r" in model.unsettled_
    assert model.predict(90, x, t_x, np.full(5, 360)) == pytest.approx(expected, abs=2e-4)


def test_a_and_b_that_add_up_to_one() -> None:
    model = clv.BetaGeoFitter().with_params({"r": 0.24, "alpha": 4.4, "a": 0.5, "b": 0.5})
    assert model.predict(39, 0, 0, 30) == pytest.approx(0.2115888, abs=5e-8)
    assert model.expected_number_of_purchases_up_to_time(39) == pytest.approx(0.9096898, abs=5e-8)


@pytest.mark.parametrize(
    ("fitter", "at_171", "at_200"),
    [(GEOMETRIC[0], 4.54010e-18, 1.21461e-20), (GEOMETRIC[1], 4.51887e-18, 1.20976e-20)],
)
def test_probabilities_of_many_purchases(fitter: Any, at_171: float, at_200: float) -> None:
    model = fitter().with_params({"r": 0.8, "alpha": 4.4, "a": 0.79, "b": 2.43})
    chances = model.probability_of_n_purchases_up_to_time(20, np.array([171, 200]))
    assert chances == pytest.approx([at_171, at_200], rel=1e-5)
    every = model.probability_of_n_purchases_up_to_time(20, np.arange(3000))
    assert every.sum() == pytest.approx(1, abs=1e-9)
    assert every @ np.arange(3000) == pytest.approx(model.expected_number_of_purchases_up_to_time(20), rel=1e-6)


@pytest.mark.parametrize(
    ("survivors", "survival"),
    [
        ([1000, 600, 360, 216], 0.6**6),
        ([1000, 900, 810, 729, 656], 0.89997**6),
        ([100, 80, 64], 0.8**6),
        ([1000, 800, 560, 336], 0.7186**6),
        ([1000, 500, 250, 125, 62], 0.4999**6),
    ],
)
def test_plain_constant_churn_has_an_answer(survivors: list[int], survival: float) -> None:
    with pytest.warns(ModelWarning, match="same chance at every renewal") as notes:
        model = clv.ShiftedBetaGeoFitter().fit_survivors(survivors)
    assert model.survival(6) == pytest.approx(survival, rel=2e-3)
    assert ("Retention falls" in str(notes[0].message)) == (survivors[1] == 800)
    assert "penalizer" not in str(notes[0].message)  # it would draw survival far from what was seen


@pytest.mark.slow
def test_simulated_cohorts_of_constant_churn_all_fit() -> None:
    rng = np.random.default_rng(4)
    for _ in range(100):
        survivors = [200]
        for _ in range(5):
            survivors.append(int(rng.binomial(survivors[-1], 0.8)))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ModelWarning)
            model = clv.ShiftedBetaGeoFitter().fit_survivors(survivors)
        assert model.survival(5) == pytest.approx(survivors[5] / 200, abs=0.08)


def test_a_ridge_is_no_optimum() -> None:
    for start in (None, [2.0, 2.0]):
        with pytest.warns(ModelWarning, match=r"do not tell alpha and beta apart.*at the first, 0\.6"):
            model = clv.ShiftedBetaGeoFitter().fit_survivors([1000, 600], initial_params=start)
        assert model.retention_rate(1) == pytest.approx(0.6, abs=1e-6)
        assert set(model.unsettled_) == {"alpha", "beta"}
        assert model.standard_errors_.isna().all()
        with pytest.raises(ModelError, match="no interval to give"):
            clv.bootstrap(model, 10)
    with pytest.warns(ModelWarning, match="BetaGeoBetaBinomFitter: these customers do not tell"):
        clv.BetaGeoBetaBinomFitter().fit([1, 0], [1, 0], [1, 1], weights=[30, 70])


@pytest.mark.slow
def test_a_shop_that_nobody_leaves_says_so() -> None:
    rng = np.random.default_rng(1)
    T = rng.uniform(100, 300, 400)
    x = rng.poisson(rng.gamma(0.9, 1 / 60, 400) * T)
    last = np.array([t * rng.random(k).max() if k else 0.0 for k, t in zip(x, T, strict=True)])
    for fitter, name in ((clv.BetaGeoFitter, "a"), (clv.ParetoNBDFitter, "s")):
        with pytest.warns(ModelWarning, match="nobody is seen to leave"):
            model: Any = fitter().fit(x, last, T)
        assert model.unsettled_[name].startswith("nobody is seen to leave: P(alive) is 1")
