"""One account of the win-back mail: by hand, on the shop that ships, and in words."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

import crmlib
from crmlib import churn
from crmlib.errors import ModelError

TERMS: dict[str, Any] = {"order_value": 50.0, "margin": 0.3, "discount": 0.1, "contact_cost": 0.02, "redeemed": 0.5}


def lot(campaign: str, silent: int, mailed: tuple[int, int], control: tuple[int, int]) -> pd.DataFrame:
    """Make a campaign: of the mailed and of the control, how many there are and how many ordered once."""
    parts = []
    for arm, (people, orders) in ((1, mailed), (0, control)):
        placed = np.r_[np.ones(orders), np.zeros(people - orders)]
        columns = {"campaign_id": campaign, "days_since_order": silent, "contacted": arm, "window_orders": placed}
        parts.append(pd.DataFrame(columns))
    return pd.concat(parts, ignore_index=True)


def test_the_account_is_what_a_pencil_gives() -> None:
    trials = pd.concat(
        [lot("a", 61, (100, 20), (100, 10)), lot("b", 75, (300, 30), (100, 10)), lot("c", 60, (50, 9), (50, 1))]
    )
    first = churn.contact_account(trials, **TERMS).iloc[0]
    # a counts by 200 customers, b by 400; c had been silent for too short a time
    extra = (200 * 0.10 + 400 * 0.0) / 600
    worth = extra * 50 * 0.3 - (0.1 + extra) * 50 * 0.1 * 0.5 - 0.02

    assert (first["silent_over"], first["silent_to"], first["customers"]) == (60, 75, 600)
    assert first["extra_per_100"] == pytest.approx(100 * extra)
    assert first["anyway_per_100"] == pytest.approx(10)
    assert first["worth_per_100"] == pytest.approx(100 * worth)
    even = first["pays_from"] / 100
    assert even * 50 * 0.3 - (0.1 + even) * 50 * 0.1 * 0.5 - 0.02 == pytest.approx(0)
    assert first["worth_low"] < first["worth_per_100"] < first["worth_high"]


@pytest.mark.parametrize(
    "trials",
    [
        lot("a", 70, (10, 1), (100, 5)),
        lot("a", 70, (100, 1), (0, 0)),
        lot("a", 400, (100, 9), (100, 5)),
        lot("a", 70, (0, 0), (0, 0)),
    ],
)
def test_of_an_audience_that_hardly_was_tried_nothing_is_said(trials: pd.DataFrame) -> None:
    account = churn.contact_account(trials, **TERMS)
    advice, doubt = churn.account_sentence(account, discount=0.1)

    assert account.iloc[0][["extra_per_100", "worth_per_100", "pays_from"]].isna().all()
    assert "nothing is measured of them yet" in advice
    assert "too few to compare" in doubt


def test_a_campaign_without_control_group_tells_nothing_and_does_no_harm() -> None:
    trials = lot("a", 70, (100, 20), (100, 10))
    everybody = pd.concat([trials, lot("b", 70, (500, 400), (0, 0))])

    first, again = (churn.contact_account(table, **TERMS).iloc[0] for table in (trials, everybody))
    assert first.drop("customers").equals(again.drop("customers"))


@pytest.mark.parametrize(("margin", "discount"), [(0.3, 0.3), (0.3, 0.4), (0.05, 0.1)])
def test_a_discount_beyond_the_margin_is_refused(margin: float, discount: float) -> None:
    with pytest.raises(ModelError, match="no number of extra orders pays"):
        churn.contact_account(lot("a", 70, (50, 1), (50, 1)), **{**TERMS, "margin": margin, "discount": discount})


@pytest.mark.parametrize(
    ("mailed", "control", "advice"),
    [
        ((1000, 300), (1000, 100), "send it, with a small control group"),
        ((200, 26), (200, 20), "send it to half of them, and keep the other half as control"),
        ((1000, 10), (1000, 200), "do not send it;"),
        ((200, 20), (200, 20), "do not send it but as a test, without the discount"),
    ],
)
def test_the_advice_follows_the_interval(mailed: tuple[int, int], control: tuple[int, int], advice: str) -> None:
    account = churn.contact_account(lot("a", 70, mailed, control), **TERMS)
    said, doubt = churn.account_sentence(account, discount=0.1, currency="EUR")

    assert advice in said
    assert "silent for 61 to 75 days" in said
    worth, low, high = account[["worth_per_100", "worth_low", "worth_high"]].to_numpy()[0].tolist()
    assert f"{worth:+,.0f} EUR" in said
    assert ("holds 0" in doubt) == (low < 0 < high)


def test_those_silent_for_longer_are_named_only_where_a_gain_is_shown() -> None:
    near = lot("a", 70, (200, 26), (200, 20))
    nobody = churn.contact_account(pd.concat([near, lot("b", 100, (200, 20), (200, 20))]), **TERMS)
    some = churn.contact_account(pd.concat([near, lot("b", 400, (900, 300), (900, 90))]), **TERMS)

    assert "From 76 days of silence on, no gain is shown" in churn.account_sentence(nobody, discount=0.1)[0]
    assert "also shown for those silent for more than 365 days" in churn.account_sentence(some, discount=0.1)[0]


@pytest.mark.slow
def test_the_account_of_the_shop_that_ships(shipped: crmlib.Shop) -> None:
    trials = churn.experiments(shipped, kind="winback", build=churn.silence)
    value = float(shipped.orders.to_pandas()["amount"].astype(float).mean())
    account = churn.contact_account(trials, **{**TERMS, "order_value": value})
    first = account.iloc[0]

    # six win-backs; 0.08 more orders for each mail, and the money's interval holds 0
    assert first["customers"] == 534
    assert first[["extra_per_100", "low", "high"]].astype(float).round(1).tolist() == [8.1, 1.0, 15.7]
    assert first["worth_low"] < 0 < first["worth_per_100"]
    assert account["worth_low"].max() < 0  # and of nobody a gain is certain
    assert "send it to half of them" in churn.account_sentence(account, discount=0.1)[0]


def test_the_rate_at_which_a_list_breaks_even_is_where_its_profit_is_none() -> None:
    rng = np.random.default_rng(2)
    chance, value = rng.uniform(0.2, 0.9, 50), rng.uniform(10, 90, 50)
    offer = churn.Offer(success_rate=0.1, contact_cost=0.5, incentive_cost=4)
    for most in (None, 1, 20, 50):
        rate = churn.break_even_success(chance, value, offer, most=most)
        by = churn.expected_profit(chance, value, offer)
        trial = churn.Offer(success_rate=rate, contact_cost=0.5, incentive_cost=4)
        curve = churn.profit_curve(chance, value, trial, by=by)
        assert curve["expected"].iloc[50 if most is None else most] == pytest.approx(0, abs=1e-9)
    assert churn.break_even_success(chance, 1.0, offer) == np.inf
