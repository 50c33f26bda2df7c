"""Plans as files: what is read back, what is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from crmlib.actions import Costs, Offer, Plan, Sequence, Step, Targeting, Trigger, read_plan
from crmlib.actions.plans import LARGEST_PLAN
from crmlib.errors import PolicyError

if TYPE_CHECKING:
    from pathlib import Path


def a_sequence(
    name: str = "nudge", purpose: Any = "marketing", event: Any = "no_purchase", kind: Any = "promo"
) -> Sequence:
    step = Step(name="mail", channels=("email",), template="text", offer=Offer(kind=kind))
    return Sequence(name=name, version=1, purpose=purpose, trigger=Trigger(event=event), steps=(step,))


def test_a_plan_comes_back_from_json_and_toml(tmp_path: Path) -> None:
    target = Targeting(segments=("AtRisk",), signals=("no_login",), score="mine", top_share=0.2, customers=("C1", "C2"))
    plan = Plan(name="mine", sequences=(a_sequence(),), targeting={"nudge": target}, budget=10.5,
                scores={"mine": {"C1": 0.25, "C2": -1.0}}, costs=Costs(phone=3.0))  # fmt: skip
    assert read_plan(plan.to_json()) == plan
    assert read_plan(plan.to_toml()) == plan
    file = tmp_path / "plan.json"
    file.write_text(plan.to_json())
    assert read_plan(file) == plan


def test_scores_leave_gaps_out() -> None:
    plan = Plan(name="mine").with_scores("mine", {"C1": 1.0, "C2": float("nan")})
    assert plan.scores == {"mine": {"C1": 1.0}}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("{", "truncated|truncat|malformed|EOF|Input data"),
        ('{"name": "a b"}', r"matching regex.*\$\.name"),
        ('{"name": "a", "persona": 1}', "unknown field `persona`"),
        ('{"name": "a", "budget": -1}', r">= 0.*\$\.budget"),
        ('{"name": "a", "budget": 1e999}', r"\$\.budget|out of range"),
        ('name = "a"\n[scores.mine]\nC1 = nan', r"\$\.scores"),
        ('name = "a"\n[targeting.x]\n', "there is no sequence 'x', but none"),
        ('name = "a"\n[targeting.x]\nat_least = 1.0', "say which, as score"),
        ('name = "a"\n[targeting.x]\ncustomers = ["C1", "C1"]', "'C1' is listed twice"),
    ],
)
def test_what_is_no_plan_is_refused_with_the_reason(text: str, told: str) -> None:
    with pytest.raises(PolicyError, match=told):
        read_plan(text)


@pytest.mark.slow
def test_a_plan_is_of_bounded_size(tmp_path: Path) -> None:
    large = Plan(name="large", scores={"all": {f"C{number:060d}": 0.1 for number in range(125_000)}})
    with pytest.raises(PolicyError, match=r"bytes, more than 8,000,000\. List fewer customers"):
        large.to_json()
    file = tmp_path / "large.json"
    file.write_bytes(b" " * (LARGEST_PLAN + 1))
    with pytest.raises(PolicyError, match=r"large\.json: 8,000,001 bytes"):
        read_plan(file)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(PolicyError, match=r"none\.toml"):
        read_plan(tmp_path / "none.toml")


def test_two_sequences_of_one_name_and_scores_that_are_not_there_are_refused() -> None:
    with pytest.raises(PolicyError, match="two sequences are called 'nudge'"):
        Plan(name="a", sequences=(a_sequence(), a_sequence()))
    with pytest.raises(PolicyError, match="there is no score 'mine', but none"):
        Plan(name="a", sequences=(a_sequence(),), targeting={"nudge": Targeting(score="mine")})


def test_advertising_that_calls_itself_service_is_refused() -> None:
    with pytest.raises(PolicyError, match=r"not no_purchase\. Its purpose is marketing, which needs consent"):
        Plan(name="a", sequences=(a_sequence(purpose="service"),))
    with pytest.raises(PolicyError, match="an offer of kind promo is advertising"):
        Plan(name="a", sequences=(a_sequence(purpose="service", event="low_score"),))
    assert Plan(name="a", sequences=(a_sequence(purpose="service", event="low_score", kind="apology"),)).sequences


@pytest.mark.slow
def test_what_a_plan_holds_is_bounded_and_the_reason_names_the_field() -> None:
    nudge = a_sequence()
    for plan, field in (
        (Plan(name="a", sequences=tuple(a_sequence(f"s{number}") for number in range(100_000))), r"\$\.sequences"),
        (Plan(name="a", sequences=(nudge,), targeting={"nudge": Targeting(segments=("AtRisk",) * 51)}), "segments"),
        (Plan(name="a", scores={f"s{number}": {"C1": 1.0} for number in range(101)}), r"\$\.scores"),
        (Plan(name="a", sequences=(a_sequence(kind="promo"),), scores={"s" * 101: {"C1": 1.0}}), r"\$\.scores"),
    ):
        with pytest.raises(PolicyError, match=rf"length <= \d+ .*{field}|more than 8,000,000"):
            read_plan(msgspec.json.encode(plan))
