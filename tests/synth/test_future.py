"""Futures under a plan: common random numbers, gates, money, and what contacts do."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import msgspec
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import poisson

from crmlib import churn, customers, open_shop
from crmlib.actions import Cap, Condition, Costs, Offer, Plan, Sequence, Step, Targeting, Trigger
from crmlib.actions.targets import observable
from crmlib.customers.consent import judge, permissions
from crmlib.errors import CrmlibError, PolicyError
from crmlib.futures import FutureParameters, Outcome, Present, future, outcome, present
from crmlib.futures.compare import NOTHING, compare
from crmlib.futures.draws import poisson_inverse
from crmlib.futures.plans import three_signals, weekly_mail
from crmlib.synth import make_shop
from tests.examples import share

DAYS = 120
pytestmark = pytest.mark.slow  # the present of a shop takes a moment


@pytest.fixture(scope="module")
def begins() -> Present:
    return present(make_shop(customers=1_500, seed=5))


@pytest.fixture(scope="module")
def nothing(begins: Present) -> Outcome:
    return outcome(begins, NOTHING, days=DAYS, seed=1)


def a_sequence(name: str = "mail", **changes: Any) -> Sequence:
    step = Step(name="first", channels=("email",), template="text", offer=Offer(kind="promo"))
    plain: dict[str, Any] = {
        "name": name, "version": 1, "purpose": "marketing", "trigger": Trigger(event="calendar", days=28),
        "steps": (step,), "again_after_days": 0,
    }  # fmt: skip
    return Sequence(**{**plain, **changes})


def a_plan(*sequences: Sequence, **changes: Any) -> Plan:
    return Plan(**{"name": "tried", "sequences": sequences or (a_sequence(),), **changes})


def cell(table: pd.DataFrame, row: Any, column: str) -> float:
    return float(table[column].loc[row])


def with_discount(discount: float) -> tuple[Step, ...]:
    offer = Offer(kind="promo", discount=discount, code="X")
    return (Step(name="first", channels=("email",), template="text", offer=offer),)


# Common random numbers


@pytest.mark.slow
@given(st.floats(0, 1 - 1e-9), st.floats(1e-9, 20), st.floats(1, 5))
@settings(max_examples=share(200), deadline=None)
def test_counts_are_those_of_the_distribution_and_grow_with_the_mean(number: float, mean: float, more: float) -> None:
    low, high = poisson_inverse(np.array([number, number]), np.array([mean, mean * more]))
    # at an edge of the distribution the last bits decide
    assert low in {poisson.ppf(min(max(number + shift, 0), 1), mean) for shift in (-1e-12, 0, 1e-12)} | {0}
    assert low == 0 or poisson.cdf(low - 1, mean) <= number + 1e-12
    assert low <= high


@pytest.mark.slow
def test_without_effects_a_plan_differs_from_doing_nothing_by_its_cost_alone(begins: Present) -> None:
    sizes = FutureParameters.without_effects()
    still = outcome(begins, NOTHING, days=DAYS, seed=1, parameters=sizes).customers
    mailed = outcome(begins, a_plan(), days=DAYS, seed=1, parameters=sizes).customers
    assert (mailed["orders"] == still["orders"]).all()
    assert (mailed["margin"] == still["margin"]).all()
    assert mailed["contact_cost"].sum() > 0
    assert np.allclose(mailed["profit"], still["profit"] - mailed["contact_cost"])


@pytest.mark.slow
def test_without_effects_a_discount_is_given_away(begins: Present) -> None:
    sizes = FutureParameters.without_effects()
    found = compare(
        begins, [a_plan(a_sequence(steps=with_discount(0.10)))], days=DAYS, seeds=[1, 2, 3], parameters=sizes
    )
    assert found.gains("orders")["tried"].tolist() == [0, 0, 0]
    runs = found.runs[found.runs["plan"] == "tried"]
    assert runs["given_away"].tolist() == runs["discounts"].tolist()
    assert runs["discounts"].min() > 0
    assert [cell(found.summary("orders"), "tried", bound) for bound in ("low", "high")] == [0, 0]
    assert cell(found.summary("profit"), "tried", "high") < 0


@pytest.mark.slow
def test_the_same_seed_gives_the_same_bytes(begins: Present) -> None:
    first, again = (future(begins, three_signals(), days=60, seed=4) for _ in range(2))
    pd.testing.assert_frame_equal(first[1].customers, again[1].customers)
    for name in first[0].tables:
        one, other = (getattr(shop, name).to_pandas() for shop, _ in (first, again))
        pd.testing.assert_frame_equal(one, other)
    other_seed = outcome(begins, three_signals(), days=60, seed=5)
    assert first[1].customers["revenue"].sum() != other_seed.customers["revenue"].sum()


@pytest.mark.slow
def test_who_is_not_contacted_lives_the_same_life(begins: Present, nothing: Outcome) -> None:
    came = outcome(begins, weekly_mail(), days=DAYS, seed=1)
    alone = ~came.customers.index.isin(came.contacts["customer_id"])
    assert 0.2 < alone.mean() < 0.8
    pd.testing.assert_frame_equal(came.customers[alone], nothing.customers[alone])
    assert (came.customers["orders"] != nothing.customers["orders"]).any()


@pytest.mark.slow
def test_doing_nothing_is_the_holdout_of_the_simulator() -> None:
    made = make_shop(customers=6_000, seed=8, tables=["customers", "orders", "consents", "logins", "surveys",
                                                      "truth/customers"])  # fmt: skip
    truth = made.tables["truth/customers"].to_pandas()
    came = outcome(made, NOTHING, days=365, seed=1)
    orders = int(truth["future_orders"].sum())
    # two draws of the same process: six of their standard deviations, with twice the variance of a Poisson count
    assert abs(came.totals()["orders"] - orders) < 6 * np.sqrt(4 * orders)
    assert came.totals()["revenue"] == pytest.approx(truth["future_spend"].astype(float).sum(), rel=0.08)
    left = ~truth.loc[truth["alive"], "alive_until"].isna()
    assert came.totals()["churn"] == pytest.approx(left.mean(), abs=0.03)
    expected = outcome(made, NOTHING, days=365, seed=2).totals()
    assert expected["expected_profit"] == pytest.approx(expected["profit"], rel=0.05)


# What a plan can see, and what is refused


@pytest.mark.parametrize("column", ["patience", "alive", "satisfaction", "order_rate", "dropout_rate"])
def test_the_truth_cannot_be_reached(begins: Present, column: str) -> None:
    plan = a_plan(targeting={"mail": Targeting(conditions=(Condition(column=column, at_least=0),))})
    with pytest.raises(PolicyError, match=f"nothing is known of '{column}'"):
        outcome(begins, plan, days=7, seed=1)
    assert column not in begins.seen


@pytest.mark.slow
def test_what_models_say_of_a_customer_may_be_asked_for_and_is_no_truth(begins: Present) -> None:
    plan = a_plan(targeting={"mail": Targeting(conditions=(Condition(column="cltv", at_least=10),))})
    asked = begins.seeing(plan)
    estimate = customers.profile(begins.shop, columns=["cltv"])["cltv"]
    assert asked.seen["cltv"].equals(estimate)
    assert not np.allclose(estimate.fillna(0), begins.truth["cltv"])
    came = outcome(begins, plan, days=7, seed=1)
    assert set(came.entries["customer_id"]) == set(estimate.index[estimate >= 10])
    assert "cltv" not in begins.seen


def refused(begins: Present, plan: Plan, match: str) -> None:
    with pytest.raises(PolicyError, match=match):
        outcome(begins, plan, days=7, seed=1)


def test_a_list_with_customers_who_gave_no_permission_is_refused(begins: Present) -> None:
    seen = begins.seen
    without = seen.index[~seen["may_email"]][0]
    listed = (*seen.index[seen["may_email"]][:5], without)
    plan = a_plan(targeting={"mail": Targeting(customers=listed)})
    refused(begins, plan, f"1 of 6 listed customers, such as '{without}', have given no permission for email")
    fine = a_plan(targeting={"mail": Targeting(customers=listed[:5])})
    assert outcome(begins, fine, days=7, seed=1).totals()["contacts"] == 5


def test_soft_spam_by_text_message_reaches_those_who_agreed_to_text_messages(begins: Present) -> None:
    step = Step(name="first", channels=("sms",), template="text")
    sent = outcome(begins, a_plan(a_sequence(purpose="soft_spam", steps=(step,))), days=7, seed=1).contacts
    assert set(sent["customer_id"]) == set(begins.seen.index[begins.seen["may_sms"]])


def test_a_list_that_costs_more_than_the_budget_is_refused(begins: Present) -> None:
    listed = tuple(begins.seen.index[begins.seen["may_email"]][:100])
    plan = a_plan(targeting={"mail": Targeting(customers=listed)}, budget=1.99)
    refused(begins, plan, "costs 2.00, the budget is 1.99")


def test_a_plan_that_makes_contacts_cheaper_than_they_are_is_refused(begins: Present) -> None:
    refused(
        begins, a_plan(costs=Costs(email=0.0)), "costs.email: the plan reckons with 0.000 a contact, it costs 0.020"
    )


def test_strangers_and_segments_that_do_not_exist_are_refused(begins: Present) -> None:
    refused(begins, a_plan(targeting={"mail": Targeting(customers=("C9999999",))}), "1 of 1 are no customers")
    refused(begins, a_plan(targeting={"mail": Targeting(segments=("Champion",))}), "no segment 'Champion'.*Champions")
    scored = a_plan().with_scores("mine", {"C9999999": 1.0})
    refused(begins, msgspec.structs.replace(scored, targeting={"mail": Targeting(score="mine")}), "scores.mine: 1 of 1")


@pytest.mark.slow
def test_no_truth_no_future(tmp_path: Any) -> None:
    with pytest.raises(CrmlibError, match="no truth beside it"):
        outcome(tmp_path, NOTHING, seed=1)
    with pytest.raises(CrmlibError, match="made without consents, truth/customers"):
        outcome(make_shop(customers=50, seed=1, tables=["orders", "customers"]), NOTHING, seed=1)


@pytest.mark.parametrize("days", [0, -1, 4_000])
def test_a_future_has_a_length(begins: Present, days: int) -> None:
    with pytest.raises(CrmlibError, match="from 1 to 3650 days"):
        outcome(begins, NOTHING, days=days, seed=1)


# Gates and money


@pytest.mark.slow
def test_nobody_is_contacted_without_permission_or_after_opting_out(begins: Present) -> None:
    shop, came = future(begins, weekly_mail(), days=DAYS, seed=1)
    assert begins.seen.loc[came.contacts["customer_id"].unique(), "may_email"].all()
    out = came.customers.index[came.customers["opted_out"]]
    assert len(out) > 10
    assert not churn.may_contact(shop).reindex(out)[["email", "soft_spam"]].to_numpy().any()
    withdrawn = shop.consents.to_pandas().query("customer_id in @out and channel == 'email' and purpose == 'marketing'")
    end = withdrawn.groupby("customer_id")["withdrawn_ts"].max()
    last = came.contacts.groupby("customer_id")["sent_ts"].max().reindex(end.index)
    assert (last < end).all()


def test_service_needs_no_consent_and_soft_spam_reaches_own_customers(begins: Present) -> None:
    seen = begins.seen
    soft = outcome(begins, a_plan(a_sequence(purpose="soft_spam")), days=7, seed=1)
    assert set(soft.contacts["customer_id"]) == set(seen.index[seen["may_email"] | seen["may_soft_spam"]])
    sorry = Step(name="first", channels=("email",), template="text", offer=Offer(kind="apology"))
    service = a_sequence(purpose="service", trigger=Trigger(event="low_score"), steps=(sorry,))
    came = outcome(begins, a_plan(service), days=7, seed=1)
    low = seen.index[seen["low_score"].fillna(value=False).to_numpy(dtype=bool)]
    assert set(came.contacts["customer_id"]) == set(low)
    assert not seen.loc[low, "may_email"].all()


@pytest.mark.slow
def test_who_objected_to_service_messages_gets_none_as_in_the_queue(begins: Present) -> None:
    sorry = Step(name="first", channels=("email", "phone"), template="text", offer=Offer(kind="apology"))
    service = a_sequence(purpose="service", trigger=Trigger(event="low_score"), steps=(sorry,))
    low = begins.seen.index[begins.seen["low_score"].fillna(value=False).to_numpy(dtype=bool)]
    objected, never = low[:3], low[3:5]
    tables = {name: getattr(begins.shop, name).to_pandas() for name in begins.shop.tables}
    consents = tables["consents"]
    contract = (consents["purpose"] == "service") & (consents["channel"] == "email")
    consents.loc[contract & consents["customer_id"].isin(objected), "withdrawn_ts"] = pd.Timestamp("2026-06-01")
    tables["consents"] = consents[~(contract & consents["customer_id"].isin(never))]
    shop = open_shop(tables, as_of=begins.shop.as_of, policy=begins.policy)
    changed = Present(shop, observable(shop), begins.policy, begins.design, begins.truth)
    came = outcome(changed, a_plan(service), days=7, seed=1)
    assert set(came.contacts["customer_id"]) == set(low) - set(objected) - set(never)
    assert came.held.set_index(["sequence", "why"])["messages"]["mail", "no_consent"] == 5
    people = shop.orders.engine.add(pd.DataFrame({"customer_id": low}))
    why, _ = judge(
        permissions(shop, people, shop.policy), "service", "email", np.ones(len(low), dtype=bool), shop.policy
    )
    assert set(low[why != ""]) == {*objected, *never}  # the queue holds back the same ones


def test_the_policys_cap_and_the_sequences_own_are_kept(begins: Present) -> None:
    many = [a_sequence(f"mail_{number}", trigger=Trigger(event="calendar", days=7)) for number in range(5)]
    came = outcome(begins, a_plan(*many), days=35, seed=1)
    most = came.contacts.groupby(["customer_id", "sent_ts"]).size()
    assert most.max() == begins.policy.contact.most == 3
    assert came.held.set_index(["sequence", "why"])["messages"]["mail_4", "cap"] > 0
    own = a_sequence(trigger=Trigger(event="calendar", days=7), cap=Cap(most=1, within_days=28))
    weeks = outcome(begins, a_plan(own), days=28, seed=1).contacts
    assert weeks.groupby("customer_id").size().max() == 1


@pytest.mark.slow
def test_the_budget_ends_contact_and_the_best_scores_come_first(begins: Present) -> None:
    score = pd.Series(np.arange(len(begins), dtype=float), index=begins.seen.index)
    plan = a_plan(targeting={"mail": Targeting(score="rank")}, scores={"rank": score.to_dict()}, budget=2.0)
    came = outcome(begins, plan, days=56, seed=1)
    assert came.totals()["contacts"] == 100
    may = begins.seen.index[begins.seen["may_email"]]
    assert set(came.contacts["customer_id"]) == set(score[may].nlargest(100).index)
    assert came.totals()["contact_cost"] == pytest.approx(2.0)


@pytest.mark.slow
def test_redeemed_codes_use_the_budget_up(begins: Present) -> None:
    rich = outcome(begins, a_plan(a_sequence(steps=with_discount(0.2))), days=112, seed=1).totals()
    spent = rich["discounts"] + rich["contact_cost"]
    poor = outcome(begins, a_plan(a_sequence(steps=with_discount(0.2)), budget=spent / 2), days=112, seed=1).totals()
    assert rich["contact_cost"] < spent / 2
    assert poor["contact_cost"] < rich["contact_cost"]


def test_a_targeting_is_met_by_those_who_meet_all_of_it(begins: Present) -> None:
    seen = begins.seen
    score = seen["spend"].rename("spend").to_dict()
    target = Targeting(segments=("Champions", "Loyal"), conditions=(Condition(column="language", one_of=("it",)),),
                       score="spend", top_share=0.5)  # fmt: skip
    came = outcome(begins, a_plan(targeting={"mail": target}, scores={"spend": score}), days=7, seed=1)
    meets = seen[seen["segment"].isin(["Champions", "Loyal"]) & (seen["language"] == "it")]
    chosen = meets["spend"].nlargest(round(len(meets) / 2)).index
    assert set(came.entries["customer_id"]) == set(chosen)
    signal = outcome(begins, a_plan(targeting={"mail": Targeting(signals=("low_score",))}), days=7, seed=1)
    assert set(signal.entries["customer_id"]) == set(seen.index[seen["low_score"].fillna(value=False)])


# Triggers, steps, exits, control


def test_silence_sets_a_sequence_off_once_and_again_only_after_it_was_broken(begins: Present) -> None:
    silent = a_sequence(trigger=Trigger(event="no_purchase", days=60), again_after_days=30)
    came = outcome(begins, a_plan(silent), days=DAYS, seed=1)
    first = came.entries[came.entries["entered_ts"] == came.entries["entered_ts"].min()]
    silence = begins.seen["days_since_order"]  # on the eve; 61 days later it is long enough
    assert set(first["customer_id"]) == set(silence.index[silence > 59 - 6])
    at_once = first["trigger_ts"].dt.normalize() == first["entered_ts"].dt.normalize()
    assert set(first.loc[at_once, "customer_id"]) == set(silence.index[silence > 59])
    often = came.entries.groupby("customer_id").size()
    ordered = came.customers["orders"].reindex(often.index)
    assert (often[ordered == 0] == 1).all()
    assert (often > 1).any()


@pytest.mark.slow
def test_steps_follow_by_their_delays_and_an_exit_ends_them(begins: Present) -> None:
    steps = tuple(Step(name=f"step_{days}", after_days=days, channels=("email",), template="text")
                  for days in (0, 21, 70))  # fmt: skip
    whole = outcome(
        begins, a_plan(a_sequence(trigger=Trigger(event="calendar", days=365), steps=steps)), days=84, seed=1
    )
    when = whole.contacts.groupby("step")["sent_ts"].unique().map(list)
    start = when["step_0"][0]
    assert {name: [(time - start).days for time in times] for name, times in when.items()} == {
        "step_0": [0], "step_21": [21], "step_70": [70]
    }  # fmt: skip
    ends = a_sequence(trigger=Trigger(event="calendar", days=365), steps=steps, exits=("ordered",))
    shop, came = future(begins, a_plan(ends), days=84, seed=1)
    orders = shop.orders.to_pandas()
    early = set(orders.loc[orders["order_ts"].between(start, start + pd.Timedelta(days=20)), "customer_id"])
    assert len(early) > 10
    assert not early & set(came.contacts.loc[came.contacts["step"] != "step_0", "customer_id"])


@pytest.mark.slow
def test_an_ab_test_inside_the_simulation_recovers_the_simulated_effect() -> None:
    begins = present(make_shop(customers=10_000, seed=9, tables=["customers", "orders", "consents", "logins", "surveys",
                                                                  "truth/customers"]))  # fmt: skip
    sizes = FutureParameters(effects=2.0)
    tested = a_sequence(control_share=0.5)
    came = outcome(begins, a_plan(tested), days=84, seed=3, parameters=sizes)
    whole = msgspec.structs.replace(tested, control_share=0.0)
    everyone = outcome(begins, a_plan(whole), days=84, seed=3, parameters=sizes).customers
    nobody = outcome(begins, NOTHING, days=84, seed=3, parameters=sizes).customers

    arm = came.entries.drop_duplicates("customer_id").set_index("customer_id")["arm"]
    assert (arm == "control").mean() == pytest.approx(0.5, abs=0.02)
    reached = begins.seen.index[begins.seen["may_email"]].intersection(arm.index)
    quiet = came.customers.loc[reached, "persona"] == "quiet_loyal"
    for who, sign in ((reached[~quiet], 1), (reached[quiet], -1)):
        seen = pd.DataFrame({"contacted": (arm[who] == "contacted").astype(int),
                             "window_orders": came.customers.loc[who, "orders"]})  # fmt: skip
        found = churn.arm_difference(seen)
        truth = (everyone["orders"] - nobody["orders"]).loc[who].mean()
        assert sign * truth > 0.01
        assert found["low"] < truth < found["high"]
    control = arm.index[arm == "control"]
    assert came.customers.loc[control, "contacts"].sum() == 0
    assert (came.customers.loc[control, "orders"] == nobody.loc[control, "orders"]).all()


# What contacts do


@pytest.mark.slow
def test_too_much_contact_wears_out_and_annoys(begins: Present) -> None:
    rarely = outcome(begins, a_plan(a_sequence(trigger=Trigger(event="calendar", days=84))), days=365, seed=1).totals()
    often = outcome(begins, a_plan(a_sequence(trigger=Trigger(event="calendar", days=7))), days=365, seed=1).totals()
    assert often["extra_orders"] / often["contacts"] < rarely["extra_orders"] / rarely["contacts"] / 2
    assert often["opt_outs"] / often["contacts"] > rarely["opt_outs"] / rarely["contacts"]
    assert often["nps"] < rarely["nps"]


@pytest.mark.slow
def test_some_are_better_left_alone(begins: Present) -> None:
    found = compare(begins, [a_plan()], days=365, seeds=range(1, 6))
    gains = found.by("persona").xs("tried")
    assert isinstance(gains, pd.DataFrame)
    assert cell(gains, "quiet_loyal", "high") < 0
    assert cell(gains, "home_decorator", "low") > 0


@pytest.mark.slow
def test_mailing_everyone_every_week_loses_money(begins: Present) -> None:
    found = compare(begins, [weekly_mail()], seeds=range(1, 6))
    assert cell(found.summary(), "weekly_mail", "high") < 0
    assert cell(found.summary("cltv"), "weekly_mail", "high") < 0
    assert cell(found.summary("nps"), "weekly_mail", "high") < 0


@pytest.mark.slow
def test_a_part_of_the_extra_orders_was_only_bought_earlier(begins: Present) -> None:
    once = a_plan(a_sequence(trigger=Trigger(event="calendar", days=3_650)))
    gains = []
    for pull in (0.0, 0.9):
        mail = replace(begins.design.parameters.mail, pull_forward=pull)
        design = replace(begins.design, parameters=replace(begins.design.parameters, mail=mail))
        found = compare(replace(begins, design=design), [once], days=84, seeds=range(1, 5))
        gains.append(found.gains("orders")["tried"].mean())
    assert gains[1] < gains[0]


@pytest.mark.slow
def test_an_apology_keeps_unhappy_customers(begins: Present) -> None:
    sorry = Step(name="first", channels=("email",), template="text", offer=Offer(kind="apology"))
    plan = a_plan(
        a_sequence(purpose="service", trigger=Trigger(event="low_score"), steps=(sorry,), again_after_days=180)
    )
    found = compare(begins, [plan], days=365, seeds=range(1, 7), parameters=FutureParameters(apology=1.5))
    assert cell(found.summary("churn"), "tried", "high") < 0
    assert cell(found.summary("orders"), "tried", "gain") > 0


@pytest.mark.slow
def test_orders_of_the_shop_are_those_of_the_outcome(begins: Present) -> None:
    shop, came = future(begins, three_signals(), days=DAYS, seed=2)
    orders = shop.orders.to_pandas()
    new = orders[orders["order_ts"] >= "2026-07-01"]
    assert len(new) == came.totals()["orders"]
    assert new["amount"].sum() == pytest.approx(came.totals()["revenue"])
    counts = new.groupby("customer_id").size().reindex(came.customers.index, fill_value=0)
    assert (counts == came.customers["orders"]).all()
    logins = shop.logins.to_pandas()["login_ts"]
    assert logins.max() < pd.Timestamp("2026-07-01") + pd.Timedelta(days=DAYS)
    assert (logins >= "2026-07-01").sum() > 1_000
