"""Reference plans and their comparison: what the oracle reaches, and who comes near."""

from __future__ import annotations

import numpy as np
import pytest

from crmlib.actions import Plan, check_plan, read_plan
from crmlib.errors import CrmlibError
from crmlib.synth import Comparison, Present, compare, make_shop, outcome, present, reference_plans
from crmlib.synth.future_claims import loyalty_claim, retention_claim
from crmlib.synth.future_plans import try_everything

DAYS, SEEDS = 182, range(1, 21)
TABLES = ["customers", "orders", "consents", "logins", "surveys", "tickets", "email_events", "campaigns", "assignments",
          "truth/customers"]  # fmt: skip


@pytest.fixture(scope="module")
def begins() -> Present:
    return present(make_shop(customers=1_200, seed=5, tables=TABLES))


@pytest.fixture(scope="module")
def plans(begins: Present) -> dict[str, Plan]:
    return reference_plans(begins, days=DAYS, fates=8)


@pytest.fixture(scope="module")
def compared(begins: Present, plans: dict[str, Plan]) -> Comparison:
    return compare(begins, plans, days=DAYS, seeds=SEEDS)


def test_the_oracle_beats_every_other_plan_in_every_future(compared: Comparison) -> None:
    gains = compared.gains()
    assert list(gains) == ["do_nothing", "weekly_mail", "three_signals", "risk_model", "uplift_model", "oracle"]
    others = gains.drop(columns="oracle")
    assert len(others) == 20
    assert others.lt(gains["oracle"], axis=0).to_numpy().all()


def test_every_reference_plan_may_be_sent_and_fits_a_file(begins: Present, plans: dict[str, Plan]) -> None:
    for name, plan in plans.items():
        check_plan(plan, begins.seen)
        assert plan.name == name
        assert read_plan(plan.to_json()) == plan


def test_the_interval_of_a_gain_is_students_over_the_futures(compared: Comparison) -> None:
    gains = compared.gains()["three_signals"]
    row = compared.summary().loc["three_signals"]
    assert row["gain"] == pytest.approx(gains.mean())
    half = 2.0930 * gains.std(ddof=1) / np.sqrt(20)  # Student's t, 19 degrees of freedom
    assert row["high"] - row["gain"] == pytest.approx(half, rel=1e-4)
    assert row["low"] < row["gain"] < row["high"]


def test_groups_add_up_to_the_whole(compared: Comparison) -> None:
    whole = compared.summary()["gain"]
    for group in ("persona", "segment"):
        parts = compared.by(group)["gain"].groupby("plan").sum()
        assert parts["oracle"] == pytest.approx(whole["oracle"])
        assert parts["weekly_mail"] == pytest.approx(whole["weekly_mail"])


def test_shares_of_the_possible_gain(compared: Comparison) -> None:
    assert compared.share_of_possible("oracle") == 1
    assert compared.share_of_possible("do_nothing") == 0
    assert compared.share_of_possible("weekly_mail") < 0
    with pytest.raises(CrmlibError, match=r"No plan 'oracel'.*'oracle'"):
        compared.share_of_possible("oracel")


def test_doubling_the_budget_never_hurts_the_oracle(begins: Present) -> None:
    budgets = [10.0, 20.0, 40.0, 80.0]
    trials = try_everything(begins, days=DAYS, fates=8)
    tried = [trials.plan(budget) for budget in budgets]
    came = [[outcome(begins, plan, days=DAYS, seed=seed).totals() for plan in tried] for seed in range(1, 7)]
    profits = np.array([[one["expected_profit"] for one in row] for row in came])
    # in the mean: in a single future one large order with a code may use up what many mails would have brought more
    assert (np.diff(profits.mean(axis=0)) > 0).all()
    assert (
        np.array([[one["contact_cost"] for one in row] for row in came]) <= np.add(budgets, 1e-6)
    ).all()  # sums of cents as floats


def test_names_are_not_used_twice(begins: Present) -> None:
    with pytest.raises(CrmlibError, match="Two plans have one name: do_nothing, a, a"):
        compare(begins, [Plan(name="a"), Plan(name="a", budget=1.0)], days=7, seeds=[1])


def test_the_claims_hold_only_under_their_assumptions(begins: Present) -> None:
    """Thirty per cent more retention: not by these contacts. Five points of loyalty: where customers are alike."""
    retention = retention_claim(begins, keeps=[0.0, 0.4, 4.0], days=DAYS)
    assert (retention["lift"].diff().dropna() >= 0).all()
    assert not retention["holds"].any()
    mixed = loyalty_claim(begins, retention=[0.9], years=1)
    alike = loyalty_claim(begins, retention=[0.6, 0.9], alike=True, years=1)
    assert not mixed["holds"].any()
    assert alike["holds"].tolist() == [False, True]
    levered = loyalty_claim(begins, retention=[0.6], alike=True, years=1, fixed_share=0.5)
    assert levered["gain"].iloc[0] == pytest.approx(2 * alike["gain"].iloc[0])
    with pytest.raises(CrmlibError, match="cannot be reached"):
        loyalty_claim(begins, retention=[0.97], years=1)
