"""The Net Promoter Score: published numbers, coverage of its intervals, weights, hostile answers."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmlib import surveys
from crmlib.errors import CrmlibError, ModelError, ModelWarning, SchemaError
from crmlib.surveys.nps import adjusted_wald

#: Shares of promoters and detractors, from a loved shop to a disliked one.
MIXES = [(0.7, 0.1), (0.45, 0.2), (0.3, 0.3), (0.1, 0.5)]


def test_the_published_example() -> None:
    result = surveys.nps([10] * 95 + [8] * 95 + [3] * 60)
    assert (result.promoters, result.passives, result.detractors, result.n) == (95, 95, 60, 250)
    assert round(result.score, 1) == 14.0
    assert tuple(round(end, 1) for end in result.interval) == (4.3, 23.4)


def test_the_boxes_are_the_same_on_both_scales() -> None:
    assert surveys.nps(range(11)).detractors == 7
    assert surveys.nps(range(1, 11), scale="nps_1_10").detractors == 6
    assert surveys.nps(range(1, 11), scale="nps_1_10").promoters == surveys.nps(range(11)).promoters == 2


def test_the_standard_error_is_that_of_a_mean_of_minus_one_zero_and_one() -> None:
    answers = [10] * 5 + [7] * 3 + [0] * 2
    expected = 100 * np.std([1] * 5 + [0] * 3 + [-1] * 2) / np.sqrt(10)
    assert surveys.nps(answers).standard_error == pytest.approx(expected)


@pytest.mark.parametrize(("mix", "n"), list(itertools.product(MIXES, (30, 100, 300))))
def test_the_interval_of_1000_shops_covers_the_truth_in_93_to_97_percent(mix: tuple[float, float], n: int) -> None:
    promoters, detractors = mix
    rng = np.random.default_rng([n, *(int(100 * share) for share in mix)])
    drawn = rng.multinomial(n, [promoters, 1 - promoters - detractors, detractors], size=1000)
    low, high = adjusted_wald(drawn[:, 0], drawn[:, 2], n)
    covered = (low <= promoters - detractors) & (promoters - detractors <= high)
    assert 0.93 <= covered.mean() <= 0.97


@pytest.mark.slow
@pytest.mark.parametrize(("method", "shops"), [("adjusted_wald", 1000), ("bootstrap", 300)])
def test_many_shops_through_the_front_door(method: Any, shops: int) -> None:
    rng = np.random.default_rng(7)
    marks = rng.choice(11, size=(shops, 250), p=[0.01, 0.01, 0.01, 0.02, 0.03, 0.05, 0.08, 0.14, 0.2, 0.2, 0.25])
    truth = 100 * (0.45 - 0.21)
    found = [surveys.nps(answers, method=method).interval for answers in marks]
    assert 0.93 <= np.mean([low <= truth <= high for low, high in found]) <= 0.97


def test_weights_count_answers_more_than_once() -> None:
    weighted = surveys.nps([10, 8, 0], weights=[2, 1, 1])
    assert weighted.score == surveys.nps([10, 10, 8, 0]).score
    assert weighted.promoters == 1


def test_equal_weights_change_nothing() -> None:
    answers = [10, 9, 7, 3, 2, 8]
    plain, weighted = surveys.nps(answers), surveys.nps(answers, weights=[2.5] * 6)
    assert weighted.score == pytest.approx(plain.score)
    assert weighted.interval == pytest.approx(plain.interval)
    assert weighted.effective_n == pytest.approx(6)


def test_unequal_weights_make_the_interval_wider() -> None:
    answers = [10, 3] * 50
    even, uneven = surveys.nps(answers), surveys.nps(answers, weights=[1, 1, 4, 4] * 25)
    assert uneven.effective_n < 100
    assert np.diff(uneven.interval) > np.diff(even.interval)


@pytest.mark.slow
def test_weighted_intervals_cover_the_truth() -> None:
    """Two kinds of customers answer at different rates; cells known of everyone give the weights."""
    rng = np.random.default_rng(11)
    hits, scores = 0, []
    for _ in range(200):
        content = rng.random(1500) < 0.5
        marks = np.where(content, rng.choice([10, 8, 3], 1500, p=[0.6, 0.3, 0.1]),
                         rng.choice([10, 8, 3], 1500, p=[0.2, 0.4, 0.4]))  # fmt: skip
        said = rng.random(1500) < np.where(content, 0.5, 0.15)
        weights = surveys.response_weights(pd.DataFrame({"content": content}), said, method="cells")
        result = surveys.nps(np.where(said, marks, np.nan), weights=weights)
        hits += result.interval[0] <= 15 <= result.interval[1]  # .5 x 50 + .5 x (-20)
        scores.append(result.score)
    assert np.mean(scores) == pytest.approx(15, abs=0.8)
    assert 0.93 <= hits / 200 <= 0.99  # taking the weights as known is a little cautious


def test_what_is_missing_is_counted_nowhere() -> None:
    result = surveys.nps([10, None, np.nan, pd.NA, 3])
    assert (result.n, result.missing, result.score) == (2, 3, 0.0)


def test_one_answer_has_a_wide_interval() -> None:
    low, high = surveys.nps([10]).interval
    assert high - low > 90


def test_answers_that_are_all_the_same_are_not_certain() -> None:
    low, high = surveys.nps([10] * 30).interval
    assert 75 < low < high == 100


def test_the_bootstrap_of_answers_of_one_kind_warns() -> None:
    with pytest.warns(ModelWarning, match="That is not certainty"):
        assert surveys.nps([9, 10] * 9, method="bootstrap").interval == (100, 100)


@pytest.mark.parametrize("nothing", [[], [None, np.nan], pd.Series([], dtype=float), pd.Series([pd.NA], dtype="Int64")])
def test_no_answer_is_an_error(nothing: Any) -> None:
    with pytest.raises(ModelError, match="at least one answer"):
        surveys.nps(nothing)


@pytest.mark.parametrize(
    ("answers", "message"),
    [
        ([9, 11], "scores, row 1: 11 is off the scale from 0 to 10"),
        ([9, -1], "scores, row 1: -1 is off the scale"),
        (np.array([9.0, 10.5]), "row 1: 10.5 is off the scale"),
        ([9, 7.5], "row 1: 7.5 lies between two marks"),
        (["9", "ten"], "row 1: 'ten' is no number"),
        (["9", ""], "row 1: '' is no number"),
        ([9, True], "row 1: True is no number"),
        ([9, [3]], r"row 1: \[3\] is no number"),
        ([9, float("inf")], "row 1: inf is no number"),
        ([9, 3 + 1j], "row 1: .* is no number"),
        (pd.Series([9, 12], index=["N1", "N2"]), r"row 1 \('N2'\): 12"),
        ("9", "expected answers"),
        (9, "expected answers"),
    ],
)
def test_an_answer_that_is_none_is_named_by_its_row(answers: Any, message: str) -> None:
    with pytest.raises(SchemaError, match=message):
        surveys.nps(answers)


def test_a_0_is_off_the_scale_from_1_to_10_and_never_rescaled() -> None:
    with pytest.raises(SchemaError, match="row 2: 0 is off the scale from 1 to 10"):
        surveys.nps([9, 7, 0], scale="nps_1_10")


def test_numbers_written_as_text_are_read() -> None:
    assert surveys.nps(["9", "10", " 3 "]).score == surveys.nps([9, 10, 3]).score


def test_averages_count_in_the_box_that_they_have_reached() -> None:
    result = surveys.nps([8.5, 6.5, 9.0], averaged=True)
    assert (result.promoters, result.passives, result.detractors) == (1, 1, 1)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"scale": "nps_0_5"}, "a scale of recommendation is"),
        ({"confidence": 95}, "between 0 and 1"),
        ({"method": "exact"}, "is not known"),
        ({"weights": [1]}, "1 for 2 answers"),
        ({"weights": [1, -1]}, "row 1: -1.0 is no weight"),
        ({"weights": [1, np.nan]}, "row 1: nan is no weight"),
        ({"weights": [0, 0]}, "add up to 0"),
    ],
)
def test_settings_that_make_no_sense(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(CrmlibError, match=message):
        surveys.nps([9, 3], **settings)


def test_groups_add_up_to_all() -> None:
    rng = np.random.default_rng(3)
    answers, groups = rng.integers(0, 11, 500), rng.choice(["a", "b", "c"], 500)
    table: Any = surveys.nps_by(answers, groups)
    everyone = surveys.nps(answers)
    assert table["n"].sum() == everyone.n
    assert table["promoters"].sum() == everyone.promoters
    assert (table["score"] * table["n"]).sum() / 500 == pytest.approx(everyone.score)


def test_a_group_without_an_answer_says_nothing() -> None:
    table: Any = surveys.nps_by([9, None], ["a", "b"])
    assert table.loc["b", ["low", "high", "n"]].tolist() == [-100, 100, 0]
    assert np.isnan(table.loc["b", "score"])


@pytest.mark.slow
@given(st.lists(st.integers(0, 10), min_size=1, max_size=60), st.randoms())
def test_the_order_of_answers_does_not_matter_and_the_interval_holds_its_bounds(marks: list[int], random: Any) -> None:
    result = surveys.nps(marks)
    mixed = random.sample(marks, len(marks))
    assert surveys.nps(mixed) == result
    assert -100 <= result.interval[0] <= result.interval[1] <= 100
    assert result.promoters + result.passives + result.detractors == result.n
