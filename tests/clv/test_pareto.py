from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.polynomial.legendre import leggauss

from crmlib.clv.death import half_line, log_g, moments
from crmlib.clv.pareto import likelihood, log_alive
from crmlib.clv.unique_rows import unique_rows

X, W = leggauss(40)


def exact(x: float, t: float, parameters: np.ndarray) -> float:
    """g(x, t) by brute force: 26,000 points over the log of the time after t."""
    r, alpha, s, beta = parameters
    edges = np.arange(-60.0, 601.0)
    points = (edges[:-1, None] + edges[1:, None] + X) / 2
    after = np.exp(points)
    values = np.exp(-(r + x) * np.log1p(after / (alpha + t)) - s * np.log1p(after / (beta + t)))
    return float((values * s * after / (beta + t + after) * W).sum() / 2)


positive = st.floats(np.log(0.05), np.log(20)).map(np.exp)
scale = st.floats(np.log(1e-3), np.log(50)).map(np.exp)


@pytest.mark.slow
@settings(max_examples=150, deadline=None)
@given(
    r=positive,
    alpha=scale,
    s=positive,
    beta=scale,
    x=st.sampled_from([0.0, 1, 2, 7, 50, 1000, 100_000]),
    t=st.sampled_from([0.0, 0.01, 0.3, 1]),
)
def test_the_integral_is_right_for_any_parameters_and_counts(  # noqa: PLR0917
    r: float, alpha: float, s: float, beta: float, x: float, t: float
) -> None:
    parameters = np.array([r, alpha, s, beta])
    computed = float(np.exp(log_g(np.array([x]), np.array([t]), parameters))[0])
    assert computed == pytest.approx(exact(x, t, parameters), rel=1e-9)


@pytest.mark.parametrize("parameters", [[0.3, 0.2, 0.8, 2.0], [0.3, 2.2, 0.8, 0.3], [2.0, 0.5, 3.0, 0.5]])
def test_derivatives(parameters: list[float]) -> None:
    rows = unique_rows(
        {
            "frequency": np.array([0.0, 1, 3, 40, 2, 0]),
            "recency": np.array([0.0, 0.2, 0.9, 0.95, 0.5, 0]),
            "T": np.array([1.0, 0.9, 0.9, 1, 0.7, 0.1]),
        },
        np.array([10.0, 3, 2, 1, 4, 7]),
    )
    of, logs, step = likelihood(rows), np.log(parameters), 1e-5
    _, gradient, hessian = of(np.exp(logs))
    for i, direction in enumerate(np.eye(4)):
        up, down = of(np.exp(logs + step * direction)), of(np.exp(logs - step * direction))
        assert gradient[i] == pytest.approx((up[0] - down[0]) / 2 / step, rel=1e-6, abs=1e-6)
        np.testing.assert_allclose(hessian[i], (up[1] - down[1]) / 2 / step, rtol=1e-6, atol=1e-6)


def test_moments_and_the_integral_agree() -> None:
    x, t, parameters = np.array([0.0, 5]), np.array([1.0, 0.2]), np.array([0.5, 0.3, 0.6, 0.4])
    np.testing.assert_array_equal(moments(x, t, parameters).log, log_g(x, t, parameters))


def test_a_million_purchases_are_no_trouble() -> None:
    x, T = np.array([1e6, 1e6]), np.array([39.0, 39.0])
    alive = np.exp(log_alive(x, np.array([39.0, 38.0]), T, np.array([0.55, 10.6, 0.6, 11.7])))
    assert alive[0] == 1.0
    assert alive[1] == 0.0


def test_whoever_bought_today_is_alive() -> None:
    one = np.ones(1)
    assert np.exp(log_alive(3 * one, 9 * one, 9 * one, np.array([0.55, 10.6, 0.6, 11.7])))[0] == pytest.approx(1)


def test_half_line_of_one_is_one() -> None:
    assert float(half_line(np.ones_like)) == pytest.approx(1, abs=1e-11)
