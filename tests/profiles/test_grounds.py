"""One name for a fact wherever people are chosen, and nobody is chosen by what was not given for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest

from crmlib import customers, open_shop, policy
from crmlib.actions import Condition, Plan, Sequence, Step, Targeting, Trigger, check_plan, observable, queue
from crmlib.errors import CrmlibError, PolicyError, SchemaError
from crmlib.profiles import FIELDS
from crmlib.profiles.grounds import PEOPLE, PROFILING, table_ground
from crmlib.shop.dictionary import DICTIONARY

if TYPE_CHECKING:
    from crmlib.shop import Shop

WHO = ["ann", "bob", "cid", "dan"]


def shop_of(**columns: Any) -> Shop:
    """Four customers who last ordered on 1 May; ann and bob allow profiling, bob withdrew it."""
    people = pd.DataFrame({"customer_id": WHO, "registered_ts": pd.Timestamp("2024-01-01"), **columns})
    orders = pd.DataFrame({"customer_id": WHO, "order_ts": "2024-05-01", "amount": [10, 20, 30, 40]})
    rows: list[tuple[Any, ...]] = [(who, "email", "marketing", "2024-01-01", None) for who in WHO]
    rows += [
        ("ann", "email", "profiling", "2024-01-01", None),
        ("bob", "email", "profiling", "2024-01-01", "2024-02-01"),
    ]
    consents = pd.DataFrame(rows, columns=["customer_id", "channel", "purpose", "given_ts", "withdrawn_ts"])
    return open_shop({"orders": orders, "customers": people, "consents": consents}, as_of="2024-06-30")


def asking(*conditions: Condition, name: str = "asked") -> Sequence:
    step = Step(name="one", channels=("email",), template="letter")
    return Sequence(name=name, version=1, purpose="marketing", trigger=Trigger(event="no_purchase", days=60),
                    conditions=conditions, steps=(step,))  # fmt: skip


def chosen(shop: Shop, sequence: Sequence, **more: Any) -> tuple[list[str], list[str]]:
    """Return who is in a queue, and what is said of those held back."""
    more.setdefault("policy", {})
    rules = {**more.pop("policy"), "contact": {**more.pop("contact", {})}}
    made = queue(shop, sequence, start="2024-07-01", days=7, policy=rules, **more)
    return sorted(made.entries["customer_id"]), made.held["detail"].tolist()


@pytest.mark.slow
def test_what_a_plan_may_ask_for_a_queue_may_and_the_reverse() -> None:
    shop = shop_of(shoe_size=[36, 38, 40, 42])
    rules = policy.load({"contact": {"grounds": {"shoe_size": "marketing"}}})
    names = [*FIELDS, *(other for field in FIELDS.values() for other in field.also), "shoe_size", "registered_ts"]
    parts = [names[first : first + 20] for first in range(0, len(names), 20)]
    some = [tuple(Condition(column=name, one_of=("Champions",)) for name in part) for part in parts]
    sequences = tuple(asking(*part, name=f"s{number}") for number, part in enumerate(some))
    plan = Plan(name="all", sequences=sequences)
    check_plan(plan, observable(shop, plan=plan, policy=rules), policy=rules)
    assert queue(shop, sequences, start="2024-07-01", policy=rules).entries.empty
    unknown = asking(Condition(column="shoe_sise", at_least=1))
    with pytest.raises(SchemaError, match="'shoe_sise', which is not known"):
        queue(shop, unknown, start="2024-07-01", policy=rules)
    with pytest.raises(PolicyError, match="nothing is known of 'shoe_sise'"):
        check_plan(Plan(name="no", sequences=(unknown,)), observable(shop), policy=rules)


@pytest.mark.slow
def test_one_fact_under_two_names_chooses_the_same_customers() -> None:
    shop = shop_of()
    for name, least in (("spend", 25), ("monetary", 25), ("days_since_order", 61), ("recency_days", 61)):
        who, _ = chosen(shop, asking(Condition(column=name, at_least=least)))
        assert who == (["cid", "dan"] if least == 25 else []), name
    seen = observable(shop)
    assert list(seen.filter(regex="since_(order|purchase)")) == ["days_since_order"]


@pytest.mark.slow
def test_a_column_of_the_shop_s_own_is_meant_before_another_name_of_a_fact() -> None:
    shop = shop_of(nps=[9, 3, 9, 3])
    rules = {"contact": {"grounds": {"nps": "marketing"}}}
    who, _ = chosen(shop, asking(Condition(column="nps", at_least=9)), contact=rules["contact"])
    assert who == ["ann", "cid"]


@pytest.mark.slow
def test_nobody_is_chosen_by_a_column_without_a_ground() -> None:
    shop = shop_of(shoe_size=[36, 38, 40, 42], gender=["f", "m", "f", "m"])
    for column, words in (("shoe_size", "nothing says what 'shoe_size' was given for"),
                          ("gender", "'gender' was not given for choosing whom to contact")):  # fmt: skip
        asked = asking(Condition(column=column, one_of=("36", "f")))
        with pytest.raises(PolicyError, match=words):
            chosen(shop, asked)
        for plan in (Plan(name="p", sequences=(asked,)),
                     Plan(name="p", sequences=(asking(),), targeting={"asked": Targeting(conditions=asked.conditions)}),
                     ):  # fmt: skip
            with pytest.raises(PolicyError, match=words):
                check_plan(plan, observable(shop))
    sizes = asking(Condition(column="shoe_size", at_least=40))
    assert chosen(shop, sizes, contact={"grounds": {"shoe_size": "contract"}})[0] == ["cid", "dan"]
    own = pd.DataFrame({"customer_id": WHO, "shoe_size": [40, 40, 1, 1]})
    assert chosen(shop, sizes, about=own)[0] == ["ann", "bob"]
    with pytest.raises(CrmlibError, match=r"contact\.grounds"):
        chosen(shop, sizes, contact={"grounds": {"shoe_size": "whatever"}})


@pytest.mark.slow
def test_what_was_given_for_profiling_is_known_of_those_alone_who_allow_it() -> None:
    shop = shop_of(lifestyle=["calm", "calm", "calm", "fast"], shoe_size=[36, 36, 36, 36])
    who, why = chosen(shop, asking(Condition(column="lifestyle", one_of=("calm",))))
    assert who == ["ann"]  # bob withdrew, cid never said yes, dan is of another kind and did not either
    assert why == ["lifestyle is not known, or not for profiling; asked is one of calm."] * 3
    who, _ = chosen(
        shop, asking(Condition(column="shoe_size", at_most=40)), contact={"grounds": {"shoe_size": "profiling"}}
    )
    assert who == ["ann"]
    plan = Plan(name="p", sequences=(asking(Condition(column="lifestyle", one_of=("calm",))),))
    from crmlib.actions.targets import holds

    seen = observable(shop, plan=plan)
    met = holds(plan.sequences[0].conditions[0], seen, "plan")
    assert seen.index[met].tolist() == ["ann"]
    without = seen.drop(columns=list(PROFILING))
    assert not holds(plan.sequences[0].conditions[0], without, "plan").any()


def test_each_column_that_crmlib_reads_of_people_has_a_ground() -> None:
    rules = policy.load(None)
    columns = [(name, column.name) for name in PEOPLE if name in DICTIONARY for column in DICTIONARY[name].columns]
    assert len(columns) > 60
    assert [each for each in columns if table_ground(*each, rules) is None] == []
    about = {name for name, table in DICTIONARY.items() if any(each.name == "customer_id" for each in table.columns)}
    assert about <= set(PEOPLE)
    grounds = [table_ground(*each, rules) for each in columns]
    assert {each.origin for each in grounds if each} == {"given", "observed", "recorded"}
    assert {each.by for each in grounds if each} == {
        "form", "loyalty card", "purchase", "clicks", "logins", "chats", "comments", "cookies", "the shop"
    }  # fmt: skip


@pytest.mark.slow
def test_coverage_counts_customers_by_column() -> None:
    shop = shop_of(loyalty_card=[True, None, None, None], shoe_size=[1, 2, 3, None])
    table = customers.coverage(shop)
    rows = {(row["table"], row["column"]): row for row in table.to_dict("records")}
    card, amount, size = (rows[key] for key in (("customers", "loyalty_card"), ("orders", "amount"),
                                                ("customers", "shoe_size")))  # fmt: skip
    assert (card["by"], card["customers"], card["share"]) == ("loyalty card", 1, 0.25)
    assert (amount["origin"], amount["by"], amount["share"]) == ("given", "purchase", 1.0)
    assert (size["customers"], pd.isna(size["purpose"])) == (3, True)
    declared = customers.coverage(shop, policy={"contact": {"grounds": {"shoe_size": "profiling"}}})
    assert declared.set_index("column").loc["shoe_size", "purpose"] == "profiling"
    alone = customers.coverage(open_shop(pd.DataFrame({"customer_id": ["a"], "order_ts": "2024-01-01", "amount": 1})))
    assert set(alone["table"]) == {"orders"}
