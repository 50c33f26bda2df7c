"""The customer map by hand, its rules, and what people do between two days."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import matplotlib.pyplot as plt
import pandas as pd
import pytest

from crmlib import journey, open_shop, plots
from crmlib.actions import sequence
from crmlib.errors import CrmlibError, PolicyError, SchemaError
from crmlib.policy import load

if TYPE_CHECKING:
    from crmlib.shop import Shop

AS_OF = pd.Timestamp("2024-06-30")
EVERYONE = ["ann", "bob", "cid", "dan", "eve", "flo", "gus"]


def ago(*days: int) -> list[pd.Timestamp]:
    return [AS_OF - pd.Timedelta(days=number) for number in days]


@pytest.fixture(scope="module")
def shop() -> Shop:
    orders = pd.DataFrame({"customer_id": ["ann", "ann", "bob", "cid", "cid", "dan"], "amount": 10.0,
                           "order_ts": ago(20, 10, 61, 300, 200, 5)})  # fmt: skip
    accounts = pd.DataFrame({"customer_id": EVERYONE, "registered_ts": ago(*[400] * 6, 3),
                             "preferred_channel": ["whatsapp", None, "email", None, None, None, None],
                             "email": [f"{who}@example.org" for who in EVERYONE]})  # fmt: skip
    logins = pd.DataFrame({"customer_id": ["ann", "bob", "cid", "dan"], "login_ts": ago(1, 31, 200, 1)})
    answers = pd.DataFrame({"customer_id": ["ann", "cid", "dan"], "kind": "nps", "scale": "0-10",
                            "sent_ts": ago(9, 9, 4), "answered_ts": ago(8, 8, 3), "score": [10, 9, 3]})  # fmt: skip
    visits = pd.DataFrame({"customer_id": ["eve", "eve", "flo"], "start_ts": ago(5, 4, 3)})
    allowed = [("ann", None, "email", "marketing"), ("ann", None, "whatsapp", "marketing"),
               ("bob", None, "email", "soft_spam"), ("cid", None, "sms", "marketing"),
               ("cid", None, "email", "marketing"), ("gus", None, "email", "soft_spam"),
               (None, "L2", "email", "marketing")]  # fmt: skip
    consents = pd.DataFrame(allowed, columns=["customer_id", "contact_id", "channel", "purpose"]).assign(
        consent_id=[f"g{place}" for place in range(7)],
        given_ts=ago(1)[0],
        withdrawn_ts=pd.Series(pd.NaT, range(7), "datetime64[us]"),
    )
    contacts = pd.DataFrame({
        "contact_id": ["L1", "L2", "L3", "L4"], "received_ts": ago(3, 3, 3, 3), "channel": "web_form",
        "email": ["hal@example.org", "ida@example.org", "jon@example.org", "ANN@example.org"],
        "request_text": ["Do you ship?", None, None, "Where is it?"],
    })  # fmt: skip
    return open_shop({"orders": orders, "customers": accounts, "logins": logins, "surveys": answers, "sessions": visits,
                      "consents": consents, "contacts_raw": contacts}, as_of=AS_OF)  # fmt: skip


def types(shop: Shop, **policy: Any) -> dict[str, str]:
    found = journey.customer_map(shop, policy={"journey": policy})
    return dict(zip(found["customer_id"].fillna(found["contact_id"]), found["type"].astype(str), strict=True))


@pytest.mark.slow
def test_everybody_is_of_the_type_that_the_rules_say(shop: Shop) -> None:
    assert types(shop) == {
        "ann": "advocate",  # buys, and says 10
        "bob": "at_risk",  # 31 days without a login, 61 without an order
        "cid": "at_risk",  # the same, although a promoter
        "dan": "customer",  # a low score alone is one signal of two
        "eve": "lead",  # two visits
        "flo": "prospect",  # one visit
        "gus": "prospect",  # soft spam without an order is no permission
        "M-L1": "lead",  # asked something
        "M-L2": "lead",  # allows mail
        "M-L3": "prospect",
    }  # L4 is ann


@pytest.mark.slow
def test_what_makes_a_type_is_the_policy_s(shop: Shop) -> None:
    assert types(shop, at_risk_least=1)["dan"] == "at_risk"
    assert types(shop, first="advocate")["cid"] == "advocate"
    assert types(shop, at_risk_signals=["no_purchase", "low_score"])["bob"] == "customer"
    by_account = types(shop, lead_by=["account"])
    assert [by_account[who] for who in ("flo", "gus", "M-L1", "M-L2")] == ["lead", "lead", "prospect", "prospect"]


@pytest.mark.slow
def test_channels_are_those_allowed_that_suit_the_type_the_preferred_one_first(shop: Shop) -> None:
    found = journey.customer_map(shop)
    found = found.set_index(found["customer_id"].fillna(found["contact_id"]))
    assert list(found.loc["ann", ["preferred", "allowed"]]) == ["whatsapp", "email|whatsapp"]
    assert found.loc["ann", "action"] == "referral programme or invitation to review"
    assert dict(found["channels"].items()) == {
        "ann": "whatsapp|email", "bob": "email", "cid": "email|sms", "dan": "", "eve": "", "flo": "", "gus": "",
        "M-L1": "", "M-L2": "email", "M-L3": "",
    }  # fmt: skip


@pytest.fixture(scope="module")
def shipped_map(shipped: Shop) -> pd.DataFrame:
    return journey.customer_map(shipped)


@pytest.mark.slow
def test_the_three_models_allow_every_combination_that_the_map_holds(shop: Shop, shipped_map: pd.DataFrame) -> None:
    known = set(journey.models()[["type", "stage", "four_a"]].itertuples(index=False, name=None))
    for one in (journey.customer_map(shop), shipped_map):
        mapped = one.astype({"type": "str", "stage": "str", "four_a": "str"})
        assert set(mapped[["type", "stage", "four_a"]].itertuples(index=False, name=None)) <= known


@pytest.mark.slow
def test_a_shop_of_orders_alone_has_a_map(shop: Shop) -> None:
    alone = journey.customer_map(open_shop(shop.orders.to_pandas(), as_of=AS_OF))
    assert alone["type"].astype(str).tolist() == ["customer"] * 4
    assert alone["channels"].eq("").all()


@pytest.mark.slow
def test_the_funnel_counts_whoever_came_so_far_or_further(shop: Shop) -> None:
    mapped = journey.customer_map(shop)
    by_stage, by_a = journey.funnel(mapped), journey.funnel(mapped, by="four_a")
    assert by_stage["people"].to_list() == [10, 5, 4, 2, 2]
    assert by_stage["of"].iloc[1:].to_list() == [10, 5, 4, 3]  # ann, cid and dan answered
    assert by_a["people"].tolist() == [10, 5, 4, 2]
    assert by_stage["step_share"].iloc[1:3].tolist() == [0.5, 0.8]


def test_nobody_counts_in_a_stage_that_they_never_reached() -> None:
    once = pd.DataFrame({"stage": ["acquisition", "advocacy"], "four_a": "act", "answered": [False, True]})
    steps = journey.funnel(once).set_index("stage")
    assert steps["people"].to_list() == [2, 2, 2, 0, 1]
    assert (steps.loc["advocacy", "step_share"], steps.loc["advocacy", "of"]) == (1, 1)
    assert journey.funnel(once, by="four_a")["people"].to_list() == [2, 2, 2, 0]


@pytest.mark.slow
def test_the_funnel_of_the_shop_that_ships_counts_by_each_stage_s_own_definition(
    shipped: Shop, shipped_map: pd.DataFrame
) -> None:
    steps = journey.funnel(shipped_map).set_index("stage")
    orders = shipped.orders.to_pandas().groupby("customer_id").size()
    scores = shipped.surveys.to_pandas().dropna(subset="score")
    scores = scores[scores["kind"] == "nps"]
    latest = scores.sort_values(["answered_ts", "score"]).drop_duplicates("customer_id", keep="last")
    latest = latest[latest["customer_id"].isin(orders.index)]
    assert steps.loc["acquisition", "people"] == len(orders)
    assert steps.loc["retention", "people"] == (orders >= 2).sum() == 2_070
    assert steps.loc["advocacy", "of"] == len(latest)
    assert steps.loc["advocacy", "people"] == pytest.approx((latest["score"] >= 9).sum(), abs=3)  # equal moments


@pytest.mark.slow
def test_movements_add_up_to_the_people_of_the_later_day(shop: Shop) -> None:
    moved = journey.transitions(shop, ago(11)[0], AS_OF)
    assert moved.loc["acquisition", "advocacy"] == 1  # ann's second order, and her answer
    assert list(moved.loc["awareness", ["consideration", "acquisition"]]) == [1, 1]  # eve visits, dan buys
    assert moved.loc["(new)"].sum() == 1  # gus
    assert moved.to_numpy().sum() == len(EVERYONE)
    by_type = journey.transitions(shop, ago(11)[0], AS_OF, by="type")
    assert by_type.to_numpy().sum() == len(EVERYONE)


def test_what_cannot_be_is_refused(shop: Shop) -> None:
    with pytest.raises(CrmlibError, match="is not before"):
        journey.transitions(shop, "2024-06-30", "2024-06-30")
    with pytest.raises(CrmlibError, match="Types are no steps"):
        journey.funnel(pd.DataFrame({"type": ["lead"]}), by="type")  # type: ignore[arg-type]
    with pytest.raises(CrmlibError, match="later than the shop's own day"):
        journey.customer_map(shop, as_of="2025-01-01")
    with pytest.raises(SchemaError, match="nobody in the map"):
        journey.funnel(pd.DataFrame({"stage": []}))
    with pytest.raises(PolicyError, match="3 of 1 signals can never be reached"):
        load({"journey": {"at_risk_least": 3, "at_risk_signals": ["low_score"]}})
    with pytest.raises(PolicyError, match="there is none for advocate, at_risk, lead, prospect"):
        load({"journey": {"actions": {"customer": {"channels": ["email"], "action": "thanks"}}}})


@pytest.mark.slow
@pytest.mark.parametrize(
    ("language", "words"),
    [("en", ("At risk of churn", "No purchase")), ("it", ("A rischio di abbandono", "Nessun acquisto"))],
)
def test_figures_say_what_they_show_in_both_languages(shop: Shop, language: str, words: tuple[str, str]) -> None:
    mapped = journey.customer_map(shop)
    moved = journey.transitions(shop, ago(11)[0], AS_OF)
    bars = plots.type_bars(mapped, title="A", language=language)
    assert bars.get_yticklabels()[3].get_text() == words[0]
    steps = plots.funnel_bars(journey.funnel(mapped), title="A", language=language)
    assert steps.texts[1].get_text() == " 5 (50%)"
    cells = plots.transition_map(moved, title="A", language=language)
    assert "100" in {text.get_text() for text in cells.texts}
    line = plots.sequence_line(sequence("win_back"), title="A", language=language)
    assert any(words[1] in text.get_text() for text in line.texts)
    plt.close("all")


@pytest.mark.slow
def test_a_calendar_and_the_reasons_are_drawn_by_day_and_count() -> None:
    entries = pd.DataFrame({"due_ts": pd.to_datetime(["2024-07-01 09:00", "2024-07-01 10:00", "2024-07-03 09:00"]),
                            "sequence": ["win_back", "welcome", "welcome"]})  # fmt: skip
    axes = plots.queue_calendar(entries, title="A")
    assert [[bar.get_height() for bar in bars] for bars in axes.containers] == [[1, 0, 1], [1, 0, 0]]
    bars = plots.held_bars(pd.DataFrame({"why": ["cap", "withdrawn", "cap"]}), title="A")
    assert [tick.get_text() for tick in bars.get_yticklabels()] == ["Withdrawn or objected", "Cap over all sequences"]
    plt.close("all")
