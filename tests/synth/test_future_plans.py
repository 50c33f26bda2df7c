"""Reference plans and their comparison: what the oracle reaches, and who comes near."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pytest

from crmlib.actions import Plan, check_plan, read_plan
from crmlib.errors import CrmlibError
from crmlib.futures import Comparison, Present, compare, outcome, present, reference_plans
from crmlib.futures.claims import loyalty_claim, retention_claim
from crmlib.futures.plans import try_everything
from crmlib.synth import make_shop

DAYS = 182
TABLES = ["customers", "orders", "consents", "logins", "surveys", "tickets", "email_events", "campaigns", "assignments",
          "truth/customers"]  # fmt: skip


class Size(NamedTuple):
    """How many customers and futures are looked at, and Student's t at 97.5 % for so many futures."""

    customers: int
    futures: int
    t: float


SIZES = [
    pytest.param(Size(600, 6, 2.5706), id="small"),
    pytest.param(Size(1_200, 20, 2.0930), id="large", marks=pytest.mark.full),
]


@pytest.fixture(scope="module", params=SIZES)
def size(request: pytest.FixtureRequest) -> Size:
    chosen: Size = request.param
    return chosen


@pytest.fixture(scope="module")
def begins(size: Size) -> Present:
    return present(make_shop(customers=size.customers, seed=5, tables=TABLES))


@pytest.fixture(scope="module")
def plans(begins: Present) -> dict[str, Plan]:
    return reference_plans(begins, days=DAYS, fates=8)


@pytest.fixture(scope="module")
def compared(begins: Present, plans: dict[str, Plan], size: Size) -> Comparison:
    return compare(begins, plans, days=DAYS, seeds=range(1, size.futures + 1))


@pytest.mark.slow
def test_the_oracle_beats_every_other_plan_in_every_future(compared: Comparison, size: Size) -> None:
    gains = compared.gains()
    assert list(gains) == ["do_nothing", "weekly_mail", "three_signals", "risk_model", "uplift_model", "oracle"]
    others = gains.drop(columns="oracle")
    assert len(others) == size.futures
    assert others.lt(gains["oracle"], axis=0).to_numpy().all()


@pytest.mark.slow
def test_every_reference_plan_may_be_sent_and_fits_a_file(begins: Present, plans: dict[str, Plan]) -> None:
    for name, plan in plans.items():
        check_plan(plan, begins.seen)
        assert plan.name == name
        assert read_plan(plan.to_json()) == plan


@pytest.mark.slow
def test_the_interval_of_a_gain_is_students_over_the_futures(compared: Comparison, size: Size) -> None:
    gains = compared.gains()["three_signals"]
    row = compared.summary().loc["three_signals"]
    assert row["gain"] == pytest.approx(gains.mean())
    half = size.t * gains.std(ddof=1) / np.sqrt(size.futures)
    assert row["high"] - row["gain"] == pytest.approx(half, rel=1e-4)
    assert row["low"] < row["gain"] < row["high"]


@pytest.mark.slow
def test_groups_add_up_to_the_whole(compared: Comparison) -> None:
    whole = compared.summary()["gain"]
    for group in ("persona", "segment"):
        parts = compared.by(group)["gain"].groupby("plan").sum()
        assert parts["oracle"] == pytest.approx(whole["oracle"])
        assert parts["weekly_mail"] == pytest.approx(whole["weekly_mail"])


@pytest.mark.slow
def test_shares_of_the_possible_gain(compared: Comparison) -> None:
    assert compared.share_of_possible("oracle") == 1
    assert compared.share_of_possible("do_nothing") == 0
    assert compared.share_of_possible("weekly_mail") < 0
    with pytest.raises(CrmlibError, match=r"No plan 'oracel'.*'oracle'"):
        compared.share_of_possible("oracel")


@pytest.mark.full
@pytest.mark.parametrize("size", SIZES[1:], indirect=True)  # of 600 customers, eight fates tell too little of a mail
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


@pytest.mark.slow
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
