"""The 80/20 curve and its numbers, and the tiers."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmlib import concentration
from crmlib.errors import CrmlibError
from crmlib.policy import Policy, Tiers

AMOUNTS = st.lists(st.floats(0, 1e6), min_size=1, max_size=60).filter(lambda values: sum(values) > 1e-3)


def test_equal_customers_have_no_gini() -> None:
    assert concentration.gini([5, 5, 5, 5]) == pytest.approx(0)


def test_one_who_holds_all_has_nearly_all_of_it() -> None:
    assert concentration.gini([0] * 99 + [1]) == pytest.approx(0.99)


def test_a_customer_may_count_in_part() -> None:
    assert concentration.top_share([6, 2, 2], 0.5) == pytest.approx(0.7)


@pytest.mark.slow
@given(AMOUNTS)
def test_the_curve_rises_from_nothing_to_all(values: list[float]) -> None:
    curve = concentration.lorenz(values)
    assert curve.iloc[0].tolist() == [0, 0]
    assert curve.iloc[-1].tolist() == pytest.approx([1, 1])
    assert (np.diff(curve["value"]) >= -1e-12).all()


@pytest.mark.slow
@given(AMOUNTS, st.floats(0.1, 100))
def test_the_currency_and_the_order_do_not_matter(values: list[float], rate: float) -> None:
    changed = [value * rate for value in reversed(values)]
    assert concentration.gini(changed) == pytest.approx(concentration.gini(values), abs=1e-9)


@pytest.mark.slow
@given(AMOUNTS, st.floats(0, 1))
def test_the_best_hold_at_least_their_number(values: list[float], share: float) -> None:
    assert concentration.top_share(values, share) >= share - 1e-9


@pytest.mark.parametrize("values", [[], [0, 0], [1, -1], [1, float("nan")]])
def test_a_share_of_nothing_is_an_error(values: list[float]) -> None:
    with pytest.raises(CrmlibError, match="values of at least 0"):
        concentration.gini(values)


def test_who_costs_more_than_they_bring_is_below_zero_however_large() -> None:
    table = pd.DataFrame({"value": [100.0, 1.0], "potential": [0.0, 0.0], "cost_to_serve": [150.0, 0.0]})
    assert concentration.tiers(table)[0] == "below zero"


def test_what_counts_as_high_is_the_policys() -> None:
    table = pd.DataFrame({"value": [1.0, 2.0, 3.0, 4.0], "potential": 0.0, "cost_to_serve": 0.0})
    table["potential"] = [4.0, 0.0, 0.0, 0.0]
    half = concentration.tiers(table, policy=Policy(tiers=Tiers(high_value=0.5)))
    assert (half == "foreground").sum() == 2
