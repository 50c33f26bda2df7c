"""Every notebook takes its definitions from the shop's policy: presets, and a policy with every field changed."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import pytest
import tomli_w

from crmlib import open_shop, policy, rfm
from crmlib.errors import PolicyError
from crmlib.notebook.parameters import read
from crmlib.policy.keys import key, keys
from tests.policies import CHANGED
from tests.suite.cells import NOTEBOOKS, code_cells, run_cells

if TYPE_CHECKING:
    from pathlib import Path

#: Fields without a second value that every shop can have: lists of words, and texts that lead to files or pages.
LEFT = {
    "orders.sale_status", "orders.cancelled_status", "orders.returned_status", "orders.rates", "orders.returns",
    "intake.phone_regions", "intake.unassigned_phones", "intake.dotless_domains", "intake.same_domains",
    "intake.generic_mailboxes", "intake.own_domains", "intake.placeholder_mailboxes", "intake.placeholder_phones",
    "intake.placeholder_names", "intake.longest_field", "intake.longest_message", "intake.shared_key_people",
    "intake.longest_review", "personas.ordinal", "personas.nominal", "personas.several", "personas.category",
    "surveys.nps_scale", "churn.windows", "churn.window_by", "churn.actions", "contact.quiet_weekdays",
    "contact.soft_spam_channels", "contact.similar_goods", "contact.grounds", "orders.cancelled_columns",
    "orders.test_columns", "orders.kind_columns", "orders.credit_notes",
    "contact.own_customer_days", "kpis.read_seconds", "journey.actions",
    "sender.reply_to", "sender.opt_out_url", "sender.opt_out_mail", "sender.shop_url", "sender.links",
}  # fmt: skip
QUICK = ("03_rfm", "08_journey_automation")


def described(folder: Path, source: str, rules: Any) -> str:
    file = folder / "shop.toml"
    file.write_text(tomli_w.dumps({"source": source, "policy": rules}), encoding="utf-8")
    return str(file)


def test_every_field_is_changed_or_named() -> None:
    known = {each.name for each in keys()}
    changed = {f"{part}.{name}" for part, fields in CHANGED.items() for name in fields}
    assert changed | LEFT == known
    rules = policy.load(CHANGED)
    assert [name for name in changed if _value(rules, name) == key(name).default] == []


def _value(rules: policy.Policy, name: str) -> Any:
    part, _, field = name.partition(".")
    return getattr(getattr(rules, part), field)


@pytest.mark.slow
@pytest.mark.parametrize("name", QUICK)
def test_a_policy_with_every_field_changed_goes_through_the_quick_notebooks(name: str, tmp_path: Path) -> None:
    assert run_cells(name, source=described(tmp_path, "cdnow-sample", CHANGED))[0] == "done"


@pytest.mark.full
@pytest.mark.parametrize("rules", [*policy.PRESETS, "changed"])
@pytest.mark.parametrize("source", ["shop", "cdnow"])
@pytest.mark.parametrize("name", NOTEBOOKS)
def test_every_policy_goes_through_every_notebook(name: str, source: str, rules: str, tmp_path: Path) -> None:
    status, _, _ = run_cells(name, source=described(tmp_path, source, CHANGED if rules == "changed" else rules))
    assert status in {"done", "stopped"}


@pytest.mark.slow
def test_segments_of_a_notebook_are_those_of_the_policy(tmp_path: Path) -> None:
    rules = {"rfm": {"method": "fixed", "segment_map": "descriptive"}}
    _, _, space = run_cells("03_rfm", source=described(tmp_path, "shop", rules))
    counts = space["table"].set_index("segment")["customers"]
    shop = space["shop"]
    scored = rfm.score(shop.orders, as_of=shop.as_of, policy=shop.policy).to_pandas()
    assert counts.to_dict() == scored["segment"].value_counts().reindex(counts.index).to_dict()
    assert counts[["Champions", "Loyal", "AtRisk", "CannotLose", "Lost"]].tolist() == [263, 359, 290, 20, 1091]


def test_one_margin_counts_for_value_and_offers() -> None:
    rules = policy.load({"money": {"margin": 0.4}})
    assert (rules.margin_of("clv"), rules.margin_of("offers")) == (0.4, 0.4)
    assert policy.load({"clv": {"margin": 0.9}}).margin_of("clv") == 0.9


def test_a_parameter_that_is_set_wins_and_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    shop = open_shop("cdnow-sample", policy={"money": {"margin": 0.5}})
    capsys.readouterr()
    other = shop.adjusted({"money.margin": 0.4, "money.discount": None})
    assert capsys.readouterr().out == "money.margin is 0.4 here, not 0.5 as in the policy.\n"
    assert (other.policy.money.margin, other.policy.money.discount) == (0.4, 0.1)
    assert (shop.policy.money.margin, other.on("1997-06-30").policy.money.margin) == (0.5, 0.4)
    with pytest.raises(PolicyError, match=r"a discount of 0\.60 is not less than the margin of 0\.50"):
        shop.adjusted({"money.margin": None, "money.discount": 0.6})
    with pytest.raises(PolicyError, match=r"open the shop anew"):
        shop.adjusted({"orders.timezone": "UTC"})


def test_parameters_of_notebooks_that_are_keys_are_none_by_default() -> None:
    for name in NOTEBOOKS:
        cell = next(text for _, text, is_parameters in code_cells(name) if is_parameters)
        for parameter in read(cell).values():
            if parameter.key:
                assert parameter.default is None, (name, parameter.name)
                assert parameter.bounds == key(parameter.key).bounds
                assert dataclasses.replace(parameter, comment="").refusal(None) == ""


def test_money_is_in_no_parameter_of_its_own() -> None:
    """A margin, a discount or a price of a message has one home."""
    own = {"margin", "discount", "code_discount", "redeemed", "contact_cost", "mail_cost", "call_cost"}
    for name in NOTEBOOKS:
        cell = next(text for _, text, is_parameters in code_cells(name) if is_parameters)
        assert [each.name for each in read(cell).values() if each.name in own and not each.key] == [], name
