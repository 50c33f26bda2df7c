"""Two scores: the error rate of both tests, the power to see a difference, time and its control limits."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmlib import surveys
from crmlib.errors import CrmlibError, ModelError, SchemaError

ALIKE = [0.45, 0.35, 0.2]


@pytest.mark.slow
@pytest.mark.parametrize(("method", "pairs"), [("z", 1000), ("permutation", 1000)])
def test_where_nothing_differs_5_percent_are_called_a_difference(method: Any, pairs: int) -> None:
    rng = np.random.default_rng(4)
    wrong = 0
    for _ in range(pairs):
        a, b = rng.choice([10, 8, 2], 120, p=ALIKE), rng.choice([10, 8, 2], 80, p=ALIKE)
        wrong += surveys.nps_difference(a, b, method=method, repeats=600).p_value < 0.05
    assert 0.03 <= wrong / pairs <= 0.07


@pytest.mark.slow
def test_the_interval_covers_the_difference() -> None:
    rng = np.random.default_rng(6)
    found = [
        surveys.nps_difference(rng.choice([10, 8, 2], 90, p=[0.6, 0.3, 0.1]), rng.choice([10, 8, 2], 60, p=ALIKE))
        for _ in range(1000)
    ]
    assert 0.93 <= np.mean([each.interval[0] <= 25 <= each.interval[1] for each in found]) <= 0.97


def test_a_large_difference_is_seen_by_both() -> None:
    a, b = [10] * 60 + [2] * 40, [10] * 40 + [2] * 60
    for found in (surveys.nps_difference(a, b), surveys.nps_difference(a, b, method="permutation")):
        assert (found.difference, found.verdict) == (40.0, "more than chance")


def test_both_methods_agree_on_large_samples() -> None:
    rng = np.random.default_rng(8)
    a, b = rng.choice([10, 8, 2], 900, p=ALIKE), rng.choice([10, 8, 2], 800, p=[0.42, 0.35, 0.23])
    by_z, by_deal = surveys.nps_difference(a, b), surveys.nps_difference(a, b, method="permutation")
    assert by_deal.p_value == pytest.approx(by_z.p_value, abs=0.02)


def test_the_permutation_is_seeded() -> None:
    pair = ([10, 3, 9, 8], [2, 9, 7])
    first, again = (surveys.nps_difference(*pair, method="permutation", seed=3) for _ in range(2))
    assert first == again
    assert first.p_value > 0


@pytest.mark.slow
@given(st.lists(st.integers(0, 10), min_size=1, max_size=20), st.lists(st.integers(0, 10), min_size=1, max_size=20))
def test_swapping_the_groups_swaps_the_sign(a: list[int], b: list[int]) -> None:
    there, back = surveys.nps_difference(a, b), surveys.nps_difference(b, a)
    assert there.difference == pytest.approx(-back.difference)
    assert there.p_value == pytest.approx(back.p_value)
    assert 0 <= there.p_value <= 1


def test_a_group_without_answers_is_named() -> None:
    with pytest.raises(ModelError, match="b: there is no answer"):
        surveys.nps_difference([9], [])
    with pytest.raises(SchemaError, match="a, row 0: 11"):
        surveys.nps_difference([11], [9])
    with pytest.raises(CrmlibError, match="is not known"):
        surveys.nps_difference([9], [9], method="t")  # type: ignore[arg-type]


def test_as_many_answers_as_are_needed_give_that_interval() -> None:
    n = surveys.answers_needed(6, promoters=0.5, detractors=0.25)
    counts = [round(0.5 * n), n - round(0.5 * n) - round(0.25 * n), round(0.25 * n)]
    low, high = surveys.nps(np.repeat([10, 8, 2], counts)).interval
    assert (high - low) / 2 == pytest.approx(6, abs=0.02)
    with pytest.raises(ModelError, match="add up to 1"):
        surveys.answers_needed(5, promoters=0.8, detractors=0.4)


def months(scores: list[list[int]]) -> tuple[list[int], list[pd.Timestamp]]:
    starts = pd.date_range("2024-01-01", periods=len(scores), freq="MS")
    return [m for month in scores for m in month], [t for t, month in zip(starts, scores, strict=True) for _ in month]


def test_a_month_of_trouble_lies_outside_the_limits_of_quiet_months() -> None:
    quiet = [10] * 20 + [8] * 15 + [3] * 10
    chart: Any = surveys.nps_over_time(*months([quiet] * 6 + [[3] * 30 + [8] * 15]), baseline=6)
    assert chart["signal"].tolist() == [False] * 6 + [True]
    assert chart["centre"].iloc[0] == pytest.approx(surveys.nps(quiet).score)


@pytest.mark.slow
def test_chance_alone_seldom_gives_a_signal() -> None:
    rng = np.random.default_rng(9)
    charts = [
        surveys.nps_over_time(*months([list(rng.choice([10, 8, 2], 60, p=ALIKE)) for _ in range(12)]))["signal"]
        for _ in range(30)
    ]
    assert pd.concat(charts).mean() < 0.01


def test_fewer_answers_give_wider_limits_and_none_gives_none() -> None:
    chart: Any = surveys.nps_over_time([9, 3, 9, 9, 8], ["2024-01-01"] * 2 + ["2024-03-01"] * 3)
    assert np.isnan(chart.loc["2024-02", ["lower", "upper", "score"]].astype(float)).all()
    assert chart.loc["2024-02", "n"] == 0
    assert chart.loc["2024-01", "upper"] >= chart.loc["2024-03", "upper"]


def test_a_wider_policy_gives_wider_limits() -> None:
    answers = months([[10, 8, 3] * 10] * 2)
    narrow, wide = (
        surveys.nps_over_time(*answers, policy={"surveys": {"control_sigmas": k}})["upper"].iloc[0]  # type: ignore[arg-type]
        for k in (1, 2)
    )
    assert wide > narrow


def test_answers_need_times() -> None:
    with pytest.raises(SchemaError, match="row 1: an answer without a time"):
        surveys.nps_over_time([9, 8], ["2024-01-01", None])
    with pytest.raises(SchemaError, match="1 for 2 answers"):
        surveys.nps_over_time([9, 8], ["2024-01-01"])
    with pytest.raises(SchemaError, match="Write them as"):
        surveys.nps_over_time([9], ["soon"])
    with pytest.raises(ModelError, match="no answer"):
        surveys.nps_over_time([None], ["2024-01-01"])
