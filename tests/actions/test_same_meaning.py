"""A sequence means the same in a queue and in a simulated future: the same entrants, days, steps and channels."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np
import pandas as pd
import pytest

from crmlib import actions, open_shop, policy
from crmlib.actions import READY_MADE, Condition, Offer, Plan, Sequence, Step, Trigger, observable
from crmlib.futures import Present, outcome, present
from crmlib.synth import make_shop
from tests.examples import share

if TYPE_CHECKING:
    from datetime import date
    from pathlib import Path

    from crmlib.futures import Outcome
    from crmlib.shop import Shop

WEEKS = 4
#: Caps and quiet hours are no part of the meaning: a future knows its own contacts alone, and its weeks have no hours.
FREE = {"most": 1000, "quiet_from": "00:00", "quiet_until": "00:00"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("shop")
    make_shop(path, customers=800, seed=11)
    return path


@pytest.fixture(scope="module")
def begins(folder: Path) -> Present:
    return still(present(folder, policy={"contact": FREE}))


@pytest.fixture(scope="module")
def eves(folder: Path, begins: Present) -> list[Shop]:
    """The shop on the eve of each week: nothing more has happened."""
    days = [begins.shop.as_of + timedelta(days=7 * week) for week in range(WEEKS)]
    return [open_shop(folder, as_of=day, policy={"contact": FREE}) for day in days]


def still(begins: Present) -> Present:
    """Let nobody do anything from the first day on: what comes is what the shop knew on the eve."""
    quiet = begins.truth.assign(order_rate=1e-12, login_rate=1e-12, dropout_rate=1e-12)
    return replace(begins, truth=quiet)


def queued(eves: list[Shop], sequence: Sequence, rules: policy.Policy) -> list[set[Any]]:
    """Return what is sent in each week (customer, step, channel), by queues of a week that are made on its eve."""
    first = eves[0].as_of + timedelta(days=1)
    made = [actions.queue(eve, sequence, start=eve.as_of + timedelta(days=1), late_days=7, begins=first,
                          policy=rules).entries for eve in eves]  # fmt: skip
    return [set(each[["customer_id", "step", "channel"]].itertuples(index=False, name=None)) for each in made]


def simulated(came: Outcome, first: date) -> list[set[Any]]:
    """Return the same from a future."""
    week = (came.contacts["sent_ts"].dt.normalize() - pd.Timestamp(first)).dt.days // 7
    sent = [came.contacts[week == number] for number in range(WEEKS)]
    return [set(each[["customer_id", "step", "channel"]].itertuples(index=False, name=None)) for each in sent]


def check(begins: Present, eves: list[Shop], sequence: Sequence, weeks: int = WEEKS) -> int:
    """Hold the one against the other, and return how many messages there were."""
    came = outcome(begins, Plan(name="alone", sequences=(sequence,)), days=7 * weeks, seed=1)
    assert (came.customers["orders"] == 0).all()
    # surveys of earlier orders are still answered, and who is written to may opt out
    apart = {*came.answers.dropna()["customer_id"], *came.customers.index[came.customers["opted_out"]]}
    count = 0
    told = simulated(came, begins.shop.as_of + timedelta(days=1))[:weeks]
    pairs = zip(queued(eves[:weeks], sequence, begins.policy), told, strict=True)
    for week, both in enumerate(pairs):
        here, there = ({row for row in rows if row[0] not in apart} for rows in both)
        only = (sorted(here - there)[:4], sorted(there - here)[:4])
        assert here == there, f"{sequence}\nweek {week}, in the queue alone: {only[0]}, in the future alone: {only[1]}"
        count += len(here)
    return count


def entrants(begins: Present, sequence: Sequence) -> None:
    """Hold who enters in the first week, and when, against each other."""
    first = begins.shop.as_of + timedelta(days=1)
    made = actions.queue(begins.shop, sequence, start=first, late_days=7, begins=first, policy=begins.policy)
    one = made.entries[made.entries["step"] == sequence.steps[0].name]
    came = outcome(begins, Plan(name="alone", sequences=(sequence,)), days=7, seed=1)
    entered = came.entries.set_index("customer_id")
    went = entered[entered["arm"] == "contacted"].loc[one["customer_id"]]
    np.testing.assert_array_equal(
        went["trigger_ts"].dt.normalize().to_numpy(), one["trigger_ts"].dt.normalize().to_numpy()
    )
    control = made.held.loc[made.held["why"] == "control", "customer_id"]
    assert (entered.loc[control, "arm"] == "control").all()
    assert not set(entered.index) - set(one["customer_id"]) - set(made.held["customer_id"])


@pytest.mark.slow
@pytest.mark.parametrize("name", READY_MADE)
def test_the_ready_made_sequences_mean_the_same(begins: Present, eves: list[Shop], name: str) -> None:
    sequence = actions.sequence(name)
    entrants(begins, sequence)
    # nobody opens an account, and nobody answers, in weeks where nothing happens
    assert (check(begins, eves, sequence) > 0) == (name not in {"welcome", "advocate_referral"})


CONDITIONS = (
    Condition(column="orders", at_least=2),
    Condition(column="days_since_purchase", at_most=80),
    Condition(column="days_since_order", at_least=75),
    Condition(column="spend", at_least=100),
    Condition(column="recency_days", at_least=20),
    Condition(column="score", at_least=7),
    Condition(column="days_since_login", at_most=60),
    Condition(column="days_since_registration", at_least=400),
    Condition(column="segment", one_of=("Champions", "Loyal", "AtRisk", "Lost")),
    Condition(column="language", one_of=("it",)),
    Condition(column="may_email", one_of=("True",)),
    Condition(column="mean_gap_days", at_most=90),
    Condition(column="no_purchase", one_of=("True",)),
    Condition(column="no_login", one_of=("False",)),
    Condition(column="code", one_of=("111", "112", "455", "555", "211")),
    Condition(column="lifestyle", one_of=("family_first", "always_out", "smart_saver")),
)
#: What stands in a future as on its first day.
STANDING = (
    Condition(column="type", one_of=("customer", "at_risk")),
    Condition(column="stage", one_of=("retention", "acquisition")),
    Condition(column="cltv", at_least=20),
    Condition(column="churn_risk", at_least=0.5),
    Condition(column="p_alive", at_most=0.5),
    Condition(column="days_since_contact", at_most=100),
    Condition(column="silence_ratio", at_least=1),
)


def drawn(number: int) -> Sequence:
    """Draw a sequence."""
    chance = np.random.default_rng(number)
    event: Any = str(chance.choice(["registered", "interest", "ordered", "delivered", "no_login", "no_purchase",
                               "low_score", "promoter", "calendar"], p=[0.03, 0.1, 0.03, 0.14, 0.2, 0.25, 0.1, 0.05,
                                                                        0.1]))  # fmt: skip
    days = None
    if event in {"no_login", "no_purchase"} and chance.random() < 0.7:
        days = float(chance.choice([2, 7, 14.5, 30, 45, 59, 90]))
    if event == "calendar":
        days = [None, 7.0, 10.0, 14.0, 28.0][chance.integers(5)]
    if event == "interest":
        days = [None, 0.5, 2.0, 5.0][chance.integers(4)]
    channels: tuple[Any, ...] = ("email", "sms", "whatsapp", "phone")
    steps = tuple(
        Step(name=f"step_{place}", after_days=float(chance.choice([0, 0, 0.5, 2, 3, 7, 10, 14, 20])),
             channels=tuple(chance.choice(channels, size=chance.integers(1, 4), replace=False).tolist()),
             template="letter",
             conditions=tuple(_some(chance, CONDITIONS, 0.2)), offer=Offer(kind="reminder"))
        for place in range(chance.integers(1, 4))
    )  # fmt: skip
    service = event in {"registered", "ordered", "delivered", "low_score"}
    purpose: Any = str(chance.choice(["marketing", "soft_spam", *(["service"] if service else [])]))
    if purpose == "service":
        steps = tuple(Step(name=step.name, after_days=step.after_days, channels=step.channels, template="letter",
                           conditions=step.conditions) for step in steps)  # fmt: skip
    exits = _some(chance, ("ordered", "no_login", "no_purchase", "delivered", "interest", "low_score"), 0.25)
    return Sequence(
        name=f"drawn_{number}", version=int(chance.integers(1, 4)), purpose=purpose,
        trigger=Trigger(event=event, days=days), steps=steps, conditions=tuple(_some(chance, CONDITIONS, 0.3)),
        exits=tuple(exits), again_after_days=int(chance.choice([0, 3, 7, 14, 90])),
        control_share=float(chance.choice([0, 0, 0.1, 0.5])),
    )  # fmt: skip


def _some(chance: np.random.Generator, options: tuple[Any, ...], rate: float) -> list[Any]:
    return [options[chance.integers(len(options))]] if chance.random() < rate else []


@pytest.mark.slow
def test_drawn_sequences_mean_the_same(begins: Present, eves: list[Shop]) -> None:
    messages = [check(begins, eves, drawn(number)) for number in range(share(30))]
    assert sum(count > 0 for count in messages) > len(messages) / 2


@pytest.mark.full
def test_a_hundred_drawn_sequences_mean_the_same(begins: Present, eves: list[Shop]) -> None:
    assert sum(check(begins, eves, drawn(number)) > 0 for number in range(100)) > 50


@pytest.mark.slow
def test_what_stands_as_on_the_first_day_means_the_same_in_the_first_week(begins: Present, eves: list[Shop]) -> None:
    for condition in STANDING:
        sequence = actions.sequence("win_back")
        asked = msgspec.structs.replace(sequence, name=f"asks_{condition.column}", conditions=(condition,))
        assert check(begins, eves, asked, weeks=1) > 0, condition.column


@pytest.mark.slow
@pytest.mark.parametrize(
    "rules",
    [
        {"churn": {"days_operator": ">=", "purchase_days": 45, "never_bought": "since_registration"}},
        {"churn": {"windows": "quantile", "never_logged_in": "signal"}},
        {"churn": {"low_score": 7, "score_operator": "<=", "score_lasts_days": 60}, "personas": {"promoter_from": 8}},
        {"contact": {"own_customer_days": 100, "delivery_days": 9, "interest_days": 3}},
        {"contact": {"similar_goods": "category"}},
    ],
    ids=str,
)
def test_whatever_the_policy_they_mean_the_same(begins: Present, eves: list[Shop], rules: dict[str, Any]) -> None:
    whole = policy.load({**rules, "contact": {**FREE, **rules.get("contact", {})}})
    seen = observable(begins.shop, policy=whole)
    other = replace(begins, policy=whole, seen=seen, looked_up={})
    for name in ("abandoned_interest", "post_purchase", "win_back", "low_score_feedback"):
        check(other, eves, actions.sequence(name), weeks=2)
    no_login = msgspec.structs.replace(actions.sequence("win_back"), trigger=Trigger(event="no_login"), exits=(),
                                       category=("coffee",))  # fmt: skip
    check(other, eves, no_login, weeks=3)
