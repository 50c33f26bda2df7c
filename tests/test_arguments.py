"""What a stranger may hand over: an answer that is a number, or a sentence; never a raw error, never NaN."""

from __future__ import annotations

import warnings
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest

from crmlib import arms, churn, clv, experiments, offers, surveys
from crmlib.arguments import read_flags, read_floats
from crmlib.errors import CrmlibError, SchemaError

if TYPE_CHECKING:
    from collections.abc import Callable

DAYS, LEFT = [5, 8, 12, 20, 25, 30, 40, 50, 60, 60], [1, 1, 1, 1, 1, 0, 1, 0, 1, 0]
LOTS = pd.DataFrame({"contacted": [1, 0] * 50, "window_orders": [1, 0, 0, 1, 0] * 20, "x": range(100)})
MODEL = clv.BetaGeoFitter().with_params({"r": 0.24, "alpha": 4.4, "a": 0.79, "b": 2.4})
TWICE = pd.concat([LOTS, LOTS["window_orders"]], axis=1)
CONTRACTS = pd.DataFrame({"customer_id": ["a"], "start": ["2024-01-01"], "end": [None], "price": ["ten"]})
NUMBERS = pd.DataFrame({"x": range(10), "g": list("ababababab")})

REFUSED: list[Callable[[], Any]] = [
    lambda: churn.arm_difference(LOTS, level=95), lambda: churn.arm_difference(LOTS, level=0),
    lambda: churn.arm_difference(LOTS, level=1.0), lambda: churn.arm_difference(TWICE),
    lambda: churn.arm_difference([1, 2]),  # type: ignore[arg-type]
    lambda: churn.arm_difference(LOTS.assign(day=pd.Timestamp("2024-01-01")), "day"),
    lambda: churn.uplift_curve(LOTS["x"], LOTS, lots=0), lambda: churn.uplift_curve(LOTS["x"], LOTS, level=2),
    lambda: churn.uplift_curve(["a"] * 100, LOTS), lambda: churn.UpliftModel(penalty=-1),
    lambda: churn.UpliftModel().fit(LOTS.drop(columns="x")),
    lambda: experiments.proportions(("3", "x"), (5, 5)),  # type: ignore[arg-type]
    lambda: experiments.proportions((1.5, 2), (5, 5)),  # type: ignore[arg-type]
    lambda: experiments.means(["a", "b"], [1, 2]), lambda: experiments.means([[1, 2]], [[1, 2]]),
    lambda: experiments.looks([np.nan, 1, 1, 0], [1, 0, 1, 0], [1]),
    lambda: experiments.looks([1, 1, 1, 0], ["mail", "control"] * 2, [1]),
    lambda: experiments.looks([1, 1, 1, 0], [2, 0, 2, 0], [1]), lambda: experiments.boundaries(["a"]),
    lambda: experiments.aa_looks(["a"] * 9, [1]), lambda: experiments.cuped(["a"] * 3, [1, 2, 3]),
    lambda: experiments.homogeneity(NUMBERS.assign(y=[np.inf, *range(9)]), "g", "y"),
    lambda: experiments.homogeneity(NUMBERS.assign(y=list("abcdefghij")), "g", "y"),
    lambda: experiments.compare(pd.DataFrame({"arm": ["A", "control"], "y": ["p", "q"]}), "y"),
    lambda: experiments.sample_size("a", 0.1),  # type: ignore[arg-type]
    lambda: offers.campaign_profit(LOTS, discount="x", order_value=50.0),  # type: ignore[arg-type]
    lambda: churn.cox(pd.to_timedelta(DAYS, "D"), LEFT, NUMBERS),
    lambda: churn.cox(DAYS, LEFT, NUMBERS, split=["a"]),  # type: ignore[list-item]
    lambda: churn.cox(DAYS, LEFT, pd.DataFrame({"rare": np.arange(10) == 0})),
    lambda: churn.log_rank(["a", "b"], [1, 1], ["x", "y"]), lambda: churn.log_rank([1, 2, 3], [1, 1, 1], ["x", "y"]),
    lambda: churn.kaplan_meier([1, 2], ["no", "yes"]),
    lambda: surveys.response_weights(NUMBERS, ["yes", "no"] * 5),
    lambda: surveys.response_weights(NUMBERS, pd.array([None] + [True] * 9, dtype="boolean")),
    lambda: surveys.answers_needed(5, promoters="x", detractors=0.2),  # type: ignore[arg-type]
    lambda: MODEL.predict("a", 2, 30, 38), lambda: MODEL.predict(pd.Timedelta(39, "D"), 2, 30, 38),
    lambda: MODEL.predict(39, [1, 2], [3, 4, 5], [6, 7, 8]),
    lambda: MODEL.predict(39, 2, pd.Timedelta(30, "D"), pd.Timedelta(38, "D")),
    lambda: clv.BetaGeoFitter().fit([1, 2], [3, 4], pd.to_timedelta([5, 6], "D")),
    lambda: clv.dert(MODEL, 2, 30, 38, discount_rate="x", period="W"),  # type: ignore[arg-type]
    lambda: clv.dert(MODEL, 2, 30, 38, discount_rate=np.nan, period="W"),
    lambda: clv.discounted_purchases(MODEL, 2, 30, 38, months="a", period="W"),  # type: ignore[arg-type]
    lambda: clv.discounted_purchases(MODEL, 2, 30, 38, discount_rate=np.inf, period="W"),
    lambda: clv.value_contracts(CONTRACTS, as_of="2024-06-01"),
    lambda: clv.bootstrap(clv.ShiftedBetaGeoFitter().fit_survivors([100, 70, 60, 55]), 0),
]  # fmt: skip


@pytest.mark.slow
def test_what_cannot_be_read_is_refused_in_words() -> None:
    for number, question in enumerate(REFUSED):
        with pytest.raises(CrmlibError) as refusal:
            question()
        assert len(str(refusal.value)) > 20, number


def test_numbers_are_read_whatever_their_type() -> None:
    for values in ([1, 2], (1.0, 2.0), [Decimal(1), Decimal(2)], ["1", "2"], pd.array([1, 2], dtype="Int64"),
                   pd.Series([1, 2], dtype="Float64"), np.array([1, 2], dtype=np.uint8)):  # fmt: skip
        assert read_floats(values, "x").tolist() == [1, 2]
    for flags in ([1, 0], [True, False], np.array([1.0, 0.0]), pd.array([1, 0], dtype="Int64"),
                  pd.Series([True, False], dtype="boolean")):  # fmt: skip
        assert read_flags(flags, "x").tolist() == [True, False]
    with pytest.raises(SchemaError, match="x, row 1: <NA> is neither"):
        read_flags(pd.array([1, None], dtype="Int64"), "x")


@pytest.mark.parametrize("unit", [1e-200, 1e-9, 1e12, 1e200])
def test_the_unit_of_money_changes_no_p_value(unit: float) -> None:
    one, other = np.array([1.0, 2, 3, 9]), np.array([2.0, 4, 4, 5])
    plain, found = experiments.means(one, other), experiments.means(one * unit, other * unit)
    assert found.p_value == pytest.approx(plain.p_value)
    assert (found.low / unit, found.high / unit) == pytest.approx((plain.low, plain.high))


@pytest.mark.slow
def test_strata_of_a_few_customers_alarm_as_rarely_as_is_promised() -> None:
    """Pairs and fours, one treated in each: by the variance of a few, once 1 in 6 of the experiments of pairs."""
    rng = np.random.default_rng(7)
    for size, count in ((2, 100), (4, 60), (3, 1)):
        alarms = []
        stratum = np.repeat(np.arange(count), size)
        first = np.tile(np.arange(size) == 0, count)
        for _ in range(1_500):
            sums = arms.sums_of(rng.random(size * count) < 0.3, first, stratum)
            alarms.append(arms.p_value(sums)[0] < 0.05)
        assert np.mean(alarms) <= 0.065, size


def test_a_pair_is_compared_as_mcnemar_does() -> None:
    """25 pairs in which the treated alone bought, 25 in which nobody did: z is 5, with p 5.7e-7."""
    pairs = pd.DataFrame({"campaign_id": np.repeat(range(50), 2), "contacted": [1, 0] * 50})
    found = churn.arm_difference(pairs.assign(window_orders=[1, 0] * 25 + [0, 0] * 25))
    assert found["p_value"] == pytest.approx(5.733e-7, rel=1e-3)


def test_hardly_any_spend_is_no_narrow_interval_without_a_word() -> None:
    spent = LOTS.assign(window_spend=np.where(LOTS.index == 3, 55.5, 0.0))
    with warnings.catch_warnings(record=True) as notes:
        warnings.simplefilter("always")
        churn.arm_difference(spent, "window_spend")
    assert "knows only what these few spent, and may be far too narrow" in str(notes[0].message)
