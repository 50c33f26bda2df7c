"""Two arms: published figures, known truth, and the error rates that are promised."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import betaln

from crmlib import experiments
from crmlib.errors import CrmlibError, SchemaError
from tests.examples import share


def test_newcombes_published_intervals() -> None:
    """Newcombe 1998, Table II, method 10, contrasts (a), (b), (d), (e) and (h)."""
    published = {
        ((56, 48), (70, 80)): (0.0524, 0.3339),
        ((9, 3), (10, 10)): (0.1705, 0.8090),
        ((5, 0), (56, 29)): (-0.0381, 0.1926),
        ((0, 0), (10, 20)): (-0.1611, 0.2775),
        ((10, 0), (10, 10)): (0.6075, 1.0000),
    }
    for (successes, totals), interval in published.items():
        found = experiments.proportions(successes, totals)
        assert (round(found.low, 4), round(found.high, 4)) == interval


def test_where_nobody_or_everybody_did_it_there_is_no_evidence() -> None:
    for successes in ((0, 0), (50, 60)):
        found = experiments.proportions(successes, (50, 60))
        assert (found.difference, found.p_value) == (0, 1)
        assert found.low < 0 < found.high


@pytest.mark.slow
@given(st.integers(1, 200), st.integers(1, 200), st.data())
def test_arms_swapped_turn_the_sign(n: int, m: int, data: st.DataObject) -> None:
    k, j = data.draw(st.integers(0, n)), data.draw(st.integers(0, m))
    one, other = experiments.proportions((k, j), (n, m)), experiments.proportions((j, k), (m, n))
    assert one.difference == pytest.approx(-other.difference)
    assert (one.low, one.high) == pytest.approx((-other.high, -other.low))
    assert one.p_value == pytest.approx(other.p_value)
    assert -1 <= one.low <= one.difference + 1e-12 <= one.high + 1e-9 <= 1 + 1e-6


def test_welch_is_that_of_the_sleep_data() -> None:
    """Student 1908, as in R's help of t.test: t = -1.8608, df = 17.776, p = 0.07939, interval -3.3655 to 0.2055."""
    one = [0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0]
    two = [1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4]
    found = experiments.means(one, two)
    assert round(found.p_value, 5) == 0.07939
    assert (round(found.low, 4), round(found.high, 4)) == (-3.3655, 0.2055)


@pytest.mark.slow
def test_false_alarms_of_a_test_without_effect_are_five_percent() -> None:
    rng = np.random.default_rng(11)
    n, runs = 500, 3_000
    shares = [experiments.proportions((int(k), int(j)), (n, n)).p_value < 0.05
              for k, j in zip(rng.binomial(n, 0.2, runs), rng.binomial(n, 0.2, runs), strict=True)]  # fmt: skip
    spend = [experiments.means(rng.exponential(30, 200), rng.exponential(30, 200)).p_value < 0.05 for _ in range(runs)]
    assert 0.04 <= np.mean(shares) <= 0.06
    assert 0.04 <= np.mean(spend) <= 0.06


@pytest.mark.slow
def test_intervals_hold_the_true_difference() -> None:
    rng = np.random.default_rng(12)
    inside = 0
    for k, j in zip(rng.binomial(300, 0.12, 1_500), rng.binomial(200, 0.07, 1_500), strict=True):
        found = experiments.proportions((int(k), int(j)), (300, 200))
        inside += found.low <= 0.05 <= found.high
    assert 0.93 <= inside / 1_500 <= 0.97


@pytest.mark.full
def test_several_arms_call_a_false_effect_in_one_experiment_of_twenty_at_most() -> None:
    rng = np.random.default_rng(13)
    arm = np.repeat(["control", "A", "B", "C", "D"], 200)
    corrected, plain = [], []
    for _ in range(400):
        table = experiments.compare(pd.DataFrame({"arm": arm, "bought": rng.random(1_000) < 0.2}), "bought")
        corrected.append(table["p_adjusted"].min() < 0.05)
        plain.append(table["p_value"].min() < 0.05)
    assert np.mean(corrected) <= 0.07
    assert np.mean(plain) > 0.10


@pytest.mark.slow
def test_shares_and_means_are_told_apart_and_each_arm_meets_the_control() -> None:
    table = pd.DataFrame({"arm": ["A", "A", "control", "control", "control"], "spend": [3.0, 5.0, 1.0, 2.0, 0.0]})
    by_means = experiments.compare(table, "spend").iloc[0]
    assert by_means["low"] == experiments.means([3, 5], [1, 2, 0]).low
    by_shares = experiments.compare(table.assign(bought=[1, 1, 0, 1, 0]), "bought").iloc[0]
    assert by_shares["low"] == experiments.proportions((2, 1), (2, 3)).low
    assert (by_shares["customers"], by_shares["control_customers"]) == (2, 3)


@pytest.mark.parametrize(("successes", "totals"), [((5, 1), (4, 4)), ((0, 0), (0, 4)), ((-1, 0), (4, 4))])
def test_shares_that_are_none_are_refused(successes: tuple[int, int], totals: tuple[int, int]) -> None:
    with pytest.raises(CrmlibError, match="is no share"):
        experiments.proportions(successes, totals)
    with pytest.raises(CrmlibError, match="is no share"):
        experiments.beta_binomial(successes, totals)


def test_missing_values_and_lonely_arms_are_refused() -> None:
    with pytest.raises(CrmlibError, match="treated: a value is missing"):
        experiments.means([1.0, np.nan, 2.0], [1.0, 2.0])
    with pytest.raises(CrmlibError, match="control: 1 customers are too few"):
        experiments.means([1.0, 2.0], [1.0])
    with pytest.raises(CrmlibError, match="expected 'control'"):
        experiments.compare(pd.DataFrame({"arm": ["A", "B"], "bought": [1, 0]}), "bought")
    with pytest.raises(SchemaError, match="bought"):
        experiments.compare(pd.DataFrame({"arm": ["A", "control"], "bought": [1, None]}), "bought")


@pytest.mark.slow
@settings(max_examples=share(30))
@given(st.tuples(st.integers(0, 40), st.integers(0, 40)))
def test_the_chance_to_be_better_is_the_closed_form(counts: tuple[int, int]) -> None:
    """Sum over successes of the second arm (Cook, Exact calculation of beta inequalities, 2005)."""
    (k, j), n = counts, 40
    a, b, c, d = 1 + k, 1 + n - k, 1 + j, 1 + n - j
    i = np.arange(a)
    closed = np.exp(betaln(c + i, b + d) - np.log(b + i) - betaln(1 + i, b) - betaln(c, d)).sum()
    belief = experiments.beta_binomial((k, j), (n, n))
    assert belief.better == pytest.approx(closed, abs=1e-5)


@pytest.mark.slow
def test_expected_loss_and_credible_interval_are_those_of_a_million_draws() -> None:
    rng = np.random.default_rng(14)
    gap = rng.beta(31, 371, 1_000_000) - rng.beta(21, 381, 1_000_000)
    belief = experiments.beta_binomial((30, 20), (400, 400))
    assert belief.loss_if_treated == pytest.approx(np.maximum(-gap, 0).mean(), abs=2e-5)
    assert belief.loss_if_control == pytest.approx(np.maximum(gap, 0).mean(), abs=1e-4)
    assert (belief.low, belief.high) == pytest.approx(np.quantile(gap, [0.025, 0.975]), abs=2e-4)


@pytest.mark.slow
def test_a_strong_prior_draws_the_arms_together() -> None:
    weak, strong = (experiments.beta_binomial((30, 20), (400, 400), prior=p) for p in ((1, 1), (200, 3_000)))
    assert strong.difference < weak.difference / 3
