"""Sizes of experiments, sound lots, and what was known before."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmlib import experiments
from crmlib.errors import CrmlibError

NINETY = {"experiments": {"power": 0.9}}


def test_published_power_and_sizes() -> None:
    """The examples of R's help of power.prop.test and power.t.test."""
    assert experiments.power(100, 0.50, 0.25) == pytest.approx(0.740, abs=0.001)
    assert experiments.sample_size(0.50, 0.25, policy=NINETY) == (77, 77)  # 76.7
    assert experiments.power(40, 0, 1, sd=1) == pytest.approx(0.8689528, abs=1e-4)
    assert experiments.sample_size(0, 1, sd=1, policy=NINETY) == (23, 23)  # 22.02


@pytest.mark.slow
def test_a_test_of_a_mean_is_planned_at_every_size_of_the_effect() -> None:
    """R's power.t.test and Cohen's tables: 64 and 394 an arm; and the three questions are each other's inverse."""
    assert experiments.sample_size(0, 0.5, sd=1) == (64, 64)
    assert experiments.sample_size(0, 0.2, sd=1) == (394, 394)
    assert experiments.power(8059, 0, 0.5, sd=1) == pytest.approx(1)
    assert experiments.power(10_000, 0, 0.2, sd=1) == pytest.approx(1)
    changes = [experiments.smallest_change(customers, 0, sd=1) for customers in (100, 1_000, 5_000)]
    assert changes == pytest.approx([0.565882, 0.177358, 0.079256], abs=1e-6)
    for effect in np.geomspace(0.01, 2, 30):
        sizes = experiments.sample_size(0, float(effect), sd=1)
        assert experiments.power(sum(sizes), 0, float(effect), sd=1) >= 0.799
        back = experiments.smallest_change(sum(sizes), 0, sd=1)
        assert back <= effect * (1 + 1e-6)
        assert back == pytest.approx(effect, rel=0.2)
    low = {"experiments": {"power": 0.01}}
    for question in (experiments.sample_size, experiments.smallest_change):
        with pytest.raises(CrmlibError, match="the power must exceed alpha"):
            question(100 if question is experiments.smallest_change else 0.5, 0.1, policy=low)


@pytest.mark.slow
def test_an_experiment_of_that_size_finds_the_effect_as_often_as_was_planned() -> None:
    sizes = experiments.sample_size(0.04, 0.02, control_share=0.2)
    rng = np.random.default_rng(4)
    found = [experiments.proportions((int(k), int(j)), (sizes.treated, sizes.control)).p_value < 0.05
             for k, j in zip(rng.binomial(sizes.treated, 0.06, 1_500), rng.binomial(sizes.control, 0.04, 1_500),
                             strict=True)]  # fmt: skip
    assert np.mean(found) == pytest.approx(0.80, abs=0.04)
    assert sizes.control / sum(sizes) == pytest.approx(0.2, abs=0.001)


@pytest.mark.slow
@given(st.floats(0.02, 0.5), st.floats(0.01, 0.2), st.floats(0.1, 0.9))
def test_size_power_and_smallest_change_are_inverses(base: float, change: float, control_share: float) -> None:
    sizes = experiments.sample_size(base, change, control_share=control_share)
    total = min(sizes.treated / (1 - control_share), sizes.control / control_share)
    back = experiments.smallest_change(total, base, control_share=control_share)
    assert back == pytest.approx(change, rel=0.1)
    assert experiments.power(sum(sizes) + 2, base, change, control_share=control_share) >= 0.795


def test_unequal_arms_need_more_customers() -> None:
    even = sum(experiments.sample_size(0.05, 0.02))
    assert even < sum(experiments.sample_size(0.05, 0.02, control_share=0.2))


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({"base": 0.1, "change": 0.0}, "change=0"),
        ({"base": 0.1, "change": 0.95}, "both shares must lie between 0 and 1"),
        ({"base": 20.0, "change": 1.0}, "a mean needs sd"),
        ({"base": 20.0, "change": 1.0, "sd": 0.0}, "sd=0.0"),
        ({"base": 0.1, "change": 0.1, "control_share": 1.0}, "control_share=1.0"),
    ],
)
def test_what_cannot_be_planned_is_refused(arguments: dict[str, Any], told: str) -> None:
    with pytest.raises(CrmlibError, match=told):
        experiments.sample_size(**arguments)


def test_the_published_mismatch() -> None:
    """Kohavi, Tang and Xu, Trustworthy Online Controlled Experiments (2020), chapter 3: p = 1.8E-6."""
    found = experiments.mismatch({"control": 821_588, "treatment": 815_482}, {"control": 0.5, "treatment": 0.5})
    assert f"{found.p_value:.1e}" == "1.8e-06"
    assert found.broken


@pytest.mark.slow
def test_a_sound_lot_is_rarely_called_broken() -> None:
    rng = np.random.default_rng(5)
    shares = {"A": 0.4, "B": 0.4, "control": 0.2}
    p = [experiments.mismatch(dict(zip(shares, rng.multinomial(1_000, list(shares.values())).tolist(), strict=True)),
                              shares).p_value for _ in range(1_000)]  # fmt: skip
    assert np.mean(np.array(p) < 0.05) == pytest.approx(0.05, abs=0.02)
    assert sum(value < 0.001 for value in p) <= 5


def test_plans_that_do_not_fit_are_refused() -> None:
    with pytest.raises(CrmlibError, match="must be the same"):
        experiments.mismatch({"A": 1, "B": 2}, {"A": 0.5, "C": 0.5})
    with pytest.raises(CrmlibError, match="add up to 1"):
        experiments.mismatch({"A": 1, "B": 2}, {"A": 0.5, "B": 0.6})


@pytest.mark.slow
def test_what_was_known_before_narrows_the_interval_as_promised_and_does_not_move_it() -> None:
    rng = np.random.default_rng(6)
    plain, less = [], []
    for _ in range(300):
        before = rng.normal(50, 10, 400)
        arm = rng.random(400) < 0.5
        after = before + rng.normal(0, 5, 400) + 2 * arm
        adjusted = experiments.cuped(after, before)
        plain.append(experiments.means(after[arm], after[~arm]).difference)
        less.append(experiments.means(adjusted.values[arm], adjusted.values[~arm]).difference)
    assert np.mean(less) == pytest.approx(2, abs=0.1)
    assert adjusted.removed == pytest.approx(0.8, abs=0.05)  # 100 of 126
    assert np.var(less) / np.var(plain) == pytest.approx(0.2, abs=0.06)


@pytest.mark.slow
@given(st.lists(st.tuples(st.floats(-1e3, 1e3), st.floats(-1e3, 1e3)), min_size=2, max_size=30))
def test_the_mean_stays(pairs: list[tuple[float, float]]) -> None:
    outcome, before = np.array(pairs).T
    adjusted = experiments.cuped(outcome, before)
    assert adjusted.values.mean() == pytest.approx(outcome.mean(), abs=1e-6)
    assert adjusted.values.var() <= outcome.var() + 1e-6
    assert -1e-9 <= adjusted.removed <= 1 + 1e-9


def test_what_was_known_of_nobody_changes_nothing() -> None:
    assert experiments.cuped([1.0, 2.0], [3.0, 3.0]).values.tolist() == [1.0, 2.0]
    with pytest.raises(CrmlibError, match="A value is missing"):
        experiments.cuped([1.0, 2.0], [np.nan, 3.0])
    with pytest.raises(CrmlibError, match="One number a customer"):
        experiments.cuped([1.0, 2.0], [3.0])
