"""Looking before the end: published bounds, and error rates of plans and of peeking."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import norm

from crmlib import experiments
from crmlib.errors import CrmlibError

FIVE = [0.2, 0.4, 0.6, 0.8, 1.0]
TEN = np.linspace(0.1, 1, 10)
POCOCK = {"experiments": {"spending": "pocock"}}


@pytest.mark.parametrize(
    ("policy", "bounds"),
    [
        # Reboussin, DeMets, Kim and Lan, Controlled Clinical Trials 21 (2000), and the ldbounds package
        (None, [4.8769, 3.3569, 2.6803, 2.2898, 2.0310]),
        (POCOCK, [2.4380, 2.4268, 2.4101, 2.3966, 2.3859]),
    ],
)
def test_published_bounds(policy: dict[str, dict[str, str]] | None, bounds: list[float]) -> None:
    assert experiments.boundaries(FIVE, policy=policy) == pytest.approx(bounds, abs=1e-3)


def test_one_look_is_the_plain_test() -> None:
    assert experiments.boundaries([1.0]) == pytest.approx([norm.isf(0.025)], abs=1e-5)


def test_a_look_too_early_to_spend_anything_never_stops() -> None:
    bounds = experiments.boundaries([0.01, 1.0])
    assert bounds[0] == np.inf
    assert bounds[1] == pytest.approx(norm.isf(0.025), abs=1e-5)


@pytest.mark.parametrize("shares", [[], [0.0, 1.0], [0.5, 0.5], [0.7, 0.2], [0.5, 1.2]])
def test_looks_that_are_no_plan_are_refused(shares: list[float]) -> None:
    with pytest.raises(CrmlibError, match="must rise"):
        experiments.boundaries(shares)


@pytest.mark.slow
def test_peeking_multiplies_false_alarms_and_a_plan_does_not() -> None:
    """Ten looks at 5 % raise an alarm in 19 % of experiments (Armitage, McPherson and Rowe, 1969: 0.193)."""
    opened = np.arange(2_000) % 4 == 0
    z = experiments.aa_looks(opened, TEN, runs=4_000, seed=3)
    end = experiments.false_alarms(z, TEN).iloc[-1]
    assert 0.04 <= end["once"] <= 0.06
    assert 2 <= end["naive"] / 0.05 <= 4
    assert end["naive"] == pytest.approx(0.193, abs=0.02)
    assert end["planned"] <= 0.055  # 5 %, and what chance leaves open in 4,000 runs
    assert experiments.false_alarms(z, TEN, policy=POCOCK)["planned"].iloc[-1] <= 0.06


@pytest.mark.slow
def test_unequal_arms_and_spend_keep_the_rate() -> None:
    rng = np.random.default_rng(8)
    spend = rng.exponential(40, 3_000) * (rng.random(3_000) < 0.4)
    z = experiments.aa_looks(spend, FIVE, runs=3_000, treated=0.8, seed=5)
    end = experiments.false_alarms(z, FIVE).iloc[-1]
    assert 0.04 <= end["once"] <= 0.06
    assert end["planned"] <= 0.06


@pytest.mark.full
def test_a_plan_finds_a_real_effect_early_and_nearly_as_often_as_one_look() -> None:
    rng = np.random.default_rng(9)
    size = sum(experiments.sample_size(0.2, 0.1))
    stopped, found = [], 0
    for _ in range(400):
        treated = rng.random(size) < 0.5
        table = experiments.looks(rng.random(size) < 0.2 + 0.1 * treated, treated, FIVE)
        if table["stop"].any():
            found += 1
            stopped.append(table.loc[table["stop"], "share"].iloc[0])
    assert found / 400 == pytest.approx(0.79, abs=0.06)
    assert np.mean(stopped) < 0.85


def test_the_last_look_is_the_difference_of_means() -> None:
    rng = np.random.default_rng(10)
    values, treated = rng.exponential(1, 500), rng.random(500) < 0.5
    last = experiments.looks(values, treated, FIVE).iloc[-1]
    found = experiments.means(values[treated], values[~treated])
    assert last["difference"] == pytest.approx(found.difference)
    assert last["p_value"] == pytest.approx(found.p_value, abs=1e-3)
    assert last["customers"] == 500


def test_the_same_seed_gives_the_same_runs() -> None:
    values = np.arange(300) % 3
    assert (experiments.aa_looks(values, FIVE, runs=5) == experiments.aa_looks(values, FIVE, runs=5)).all()


def test_too_few_customers_for_the_looks_are_refused() -> None:
    with pytest.raises(CrmlibError, match="too few for 5 looks"):
        experiments.looks([1, 0, 1], [1, 0, 1], FIVE)
    with pytest.raises(CrmlibError, match="fewer than two customers at a look"):
        experiments.looks(np.ones(10), np.ones(10), [0.5, 1.0])
