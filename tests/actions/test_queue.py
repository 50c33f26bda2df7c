"""Queues: each trigger by hand, and what must hold of every queue."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest

from crmlib import actions, churn, open_shop
from crmlib.actions import Cap, Condition, Offer, Sequence, Step, Trigger
from crmlib.errors import CrmlibError, PolicyError, SchemaError

if TYPE_CHECKING:
    from pathlib import Path

    from crmlib.shop import Shop

EVERYONE = ["ann", "bob", "cid", "dan"]
FREE: dict[str, Any] = {"most": 1000, "quiet_from": "00:00", "quiet_until": "00:00"}


def yes(*who: str, purpose: str = "marketing", channels: tuple[str, ...] = ("email",)) -> pd.DataFrame:
    """Permissions in force since 2023."""
    rows = [(one, channel, purpose) for one in who or EVERYONE for channel in channels]
    return pd.DataFrame(rows, columns=["customer_id", "channel", "purpose"]).assign(
        given_ts=pd.Timestamp("2023-01-01"), withdrawn_ts=pd.Series(pd.NaT, range(len(rows)), "datetime64[us]")
    )


def shop_of(orders: dict[str, list[str]], as_of: str = "2024-06-30", **tables: pd.DataFrame) -> Shop:
    rows = [(who, day) for who, days in orders.items() for day in days]
    told = pd.DataFrame(rows, columns=["customer_id", "order_ts"]).assign(amount=10.0)
    return open_shop({"orders": told, "consents": yes(), **tables}, as_of=as_of)


def simple(event: str, *, days: float | None = None, after: float = 0, **more: Any) -> Sequence:
    step = Step(name="one", after_days=after, channels=("email",), template="letter")
    told: dict[str, Any] = {"name": "test", "version": 1, "purpose": "marketing", "steps": (step,), **more}
    return Sequence(trigger=Trigger(event=event, days=days), **told)  # type: ignore[arg-type]


def due(found: actions.Queue) -> dict[str, str]:
    return {str(who): str(when) for who, when in found.entries[["customer_id", "due_ts"]].itertuples(index=False)}


def why(found: actions.Queue) -> dict[str, str]:
    return {str(who): str(reason) for who, reason in found.held[["customer_id", "why"]].itertuples(index=False)}


def made(shop: Shop, sequence: Any, start: str = "2024-07-01", days: int = 7, **more: Any) -> actions.Queue:
    more.setdefault("policy", {"contact": FREE})
    return actions.queue(shop, sequence, start=start, days=days, **more)


@pytest.mark.slow
def test_sixty_days_without_an_order_are_over_on_the_day_that_the_signal_would_show() -> None:
    shop = shop_of({"ann": ["2024-05-03 18:00"], "bob": ["2024-05-01"], "cid": ["2024-05-09"], "dan": ["2024-04-29"]})
    found = made(shop, simple("no_purchase"))
    assert due(found) == {"bob": "2024-07-01 00:00:00", "ann": "2024-07-03 00:00:00"}
    assert found.entries["reason"].iloc[1] == (
        "No order for 61 days, since 2024-05-03; by email: marketing consent in force."
    )
    at_least = made(shop, simple("no_purchase"), policy={"contact": FREE, "churn": {"days_operator": ">="}})
    assert due(at_least) == {"ann": "2024-07-02 00:00:00"}


@pytest.mark.parametrize(("margin", "refused"), [(0.08, True), (0.1, True), (0.11, False)])
def test_a_queue_hands_out_no_code_that_takes_off_the_whole_margin(margin: float, refused: bool) -> None:  # noqa: FBT001
    orders = pd.DataFrame({"customer_id": ["ann"], "order_ts": "2024-01-01", "amount": 10})
    shop = open_shop({"orders": orders}, as_of="2024-06-30")
    rules = {"money": {"margin": margin, "discount": 0.05}}
    if refused:
        with pytest.raises(PolicyError, match=r"win_back, step ten_off: a discount of 0\.10 is not less than the"):
            actions.queue(shop, "win_back", start="2024-07-01", policy=rules)
    else:
        assert not len(actions.queue(shop, "win_back", start="2024-07-01", policy=rules).entries)


@pytest.mark.slow
def test_a_silence_becomes_long_on_the_day_that_turns_the_churn_signal_on() -> None:
    chance = np.random.default_rng(5)
    who = [f"c{number:03d}" for number in range(150)]
    start = pd.Timestamp("2024-01-01")
    times = [str(start + pd.Timedelta(hours=int(hour))) for hour in chance.integers(0, 24 * 150, 400)]
    orders = pd.DataFrame({"customer_id": chance.choice(who, 400), "order_ts": times, "amount": 5.0})
    seen = start + pd.to_timedelta(chance.integers(0, 24 * 150, 300), unit="h")
    logins = pd.DataFrame({"customer_id": chance.choice(who, 300), "login_ts": seen})
    accounts = pd.DataFrame({"customer_id": who, "registered_ts": pd.Timestamp("2023-12-30")})
    shop = open_shop({"orders": orders, "logins": logins, "customers": accounts}, as_of="2024-07-20")
    for day in ("2024-06-05", "2024-07-01"):
        before, after = (
            churn.signals(shop, as_of=when).set_index("customer_id")
            for when in (pd.Timestamp(day) - pd.Timedelta(days=1), day)
        )
        for signal in ("no_purchase", "no_login"):
            found = made(shop, simple(signal, again_after_days=0), day, 1)
            on = after[signal] & ~before[signal].reindex(after.index).fillna(value=False)
            assert set(found.held["customer_id"]) == set(on.index[on.astype(bool)])


@pytest.mark.slow
def test_steps_follow_their_trigger_by_their_days_and_a_period_takes_what_falls_into_it() -> None:
    shop = shop_of({"ann": ["2024-06-29 10:00"], "bob": ["2024-06-20 10:00"], "cid": ["2024-06-10"]})
    steps = (Step(name="soon", after_days=2, channels=("email",), template="a"),
             Step(name="later", after_days=11.5, channels=("email",), template="b"))  # fmt: skip
    found = made(shop, simple("ordered", steps=steps))
    told = found.entries[["customer_id", "step", "template", "due_ts"]].astype(str).to_numpy().tolist()
    assert told == [["ann", "soon", "a", "2024-07-01 10:00:00"], ["bob", "later", "b", "2024-07-01 22:00:00"]]


@pytest.mark.slow
def test_an_account_a_delivery_and_a_visit_set_sequences_off() -> None:
    accounts = pd.DataFrame({"customer_id": ["ann", "bob"], "registered_ts": pd.to_datetime(["2024-06-30 08:00"] * 2)})
    visits = pd.DataFrame({
        "customer_id": ["ann", "bob", "cid", None], "start_ts": pd.to_datetime(["2024-06-30 11:00"] * 4),
        "seconds": 600, "ordered": [False, False, True, False],
    })  # fmt: skip
    shop = shop_of({"bob": ["2024-06-30 20:00"], "cid": ["2024-06-30 11:05"]}, customers=accounts, sessions=visits)
    assert due(made(shop, simple("registered", after=1))) == {
        "ann": "2024-07-01 08:00:00",
        "bob": "2024-07-01 08:00:00",
    }
    # bob bought within the day after the visit, cid during it
    assert due(made(shop, simple("interest"))) == {"ann": "2024-07-01 11:10:00"}
    rules = {"contact": {**FREE, "delivery_days": 2}}
    assert due(made(shop, simple("delivered"), policy=rules)) == {
        "cid": "2024-07-02 11:05:00",
        "bob": "2024-07-02 20:00:00",
    }


@pytest.mark.slow
def test_answers_set_sequences_off_by_the_policy_s_thresholds() -> None:
    when = pd.Timestamp("2024-06-30 12:00")
    answers = pd.DataFrame({"customer_id": EVERYONE, "kind": ["nps", "nps", "nps", "csat"], "score": [5, 6, 9, 1],
                            "scale": ["0-10"] * 3 + ["1-5"], "sent_ts": when, "answered_ts": when})  # fmt: skip
    shop = shop_of({"ann": ["2024-06-01"]}, surveys=answers)
    assert list(due(made(shop, simple("low_score", after=1)))) == ["ann"]
    assert list(due(made(shop, simple("promoter", after=1)))) == ["cid"]
    lenient = {"contact": FREE, "churn": {"score_operator": "<="}}
    assert list(due(made(shop, simple("low_score", after=1), policy=lenient))) == ["ann", "bob"]


@pytest.mark.slow
def test_a_calendar_comes_to_everybody_from_the_period_s_start() -> None:
    accounts = pd.DataFrame({"customer_id": ["dan"], "registered_ts": pd.to_datetime(["2024-06-30"])})
    shop = shop_of({"ann": ["2024-06-29"]}, customers=accounts)
    found = made(shop, simple("calendar", days=3))
    days = ["2024-07-01", "2024-07-04", "2024-07-07"]
    told = [
        (str(who), str(when.date())) for who, when in found.entries[["customer_id", "due_ts"]].itertuples(index=False)
    ]
    assert told == [(who, day) for day in days for who in ("ann", "dan")]


@pytest.mark.slow
def test_an_exit_after_the_trigger_ends_the_sequence_and_one_before_does_not() -> None:
    visits = pd.DataFrame({"customer_id": ["ann", "bob"], "start_ts": pd.to_datetime(["2024-06-20 10:00"] * 2),
                           "seconds": 0})  # fmt: skip
    bought = {"ann": ["2024-03-01", "2024-06-25"], "bob": ["2024-03-01"], "cid": ["2024-06-24 10:00"]}
    shop = shop_of(bought, sessions=visits)
    found = made(shop, simple("interest", days=0, after=11, exits=("ordered",)))
    assert due(found) == {"bob": "2024-07-01 10:00:00"}
    assert why(found) == {"ann": "exited"}
    # the order that sets a sequence off does not end it
    found = made(shop, simple("ordered", after=8, exits=("ordered",)))
    assert due(found) == {"cid": "2024-07-02 10:00:00", "ann": "2024-07-03 00:00:00"}


@pytest.mark.slow
def test_a_customer_enters_again_only_after_the_days_between() -> None:
    days = ["2024-05-01 10:00", "2024-05-20 10:00", "2024-06-11 10:00", "2024-06-29 10:00"]
    shop = shop_of({"ann": days, "bob": days[3:]})
    # 1 May begins; 20 May is too soon; 11 June is 41 days later; 29 June is too soon again
    found = made(shop, simple("ordered", after=3, again_after_days=40))
    assert (list(due(found)), why(found)) == (["bob"], {"ann": "again_too_soon"})
    assert found.held["step"].isna().all()
    found = made(shop, simple("ordered", after=3, again_after_days=41))
    assert (list(due(found)), why(found)) == (["bob"], {"ann": "again_too_soon"})
    assert set(due(made(shop, simple("ordered", after=3, again_after_days=18)))) == {"ann", "bob"}


@pytest.mark.slow
def test_conditions_look_at_what_is_known_and_a_gap_never_holds() -> None:
    shop = shop_of({"ann": ["2024-05-01"] * 3, "bob": ["2024-05-01"], "cid": ["2024-05-01"] * 3})
    twice = simple("no_purchase", conditions=(Condition(column="orders", at_least=2),))
    found = made(shop, twice)
    assert (list(due(found)), why(found)) == (["ann", "cid"], {"bob": "condition"})
    assert found.held["detail"].tolist() == ["orders is 1; asked is at least 2."]
    own = pd.DataFrame({"customer_id": ["ann", "bob"], "club": ["gold", None]})
    gold = simple("no_purchase", conditions=(Condition(column="club", one_of=("gold",)),))
    found = made(shop, gold, about=own)
    assert (list(due(found)), why(found)) == (["ann"], {"bob": "condition", "cid": "condition"})
    assert sorted(found.held["detail"]) == ["club is not known; asked is one of gold."] * 2


@pytest.mark.slow
def test_segments_and_types_are_columns_to_ask_for() -> None:
    shop = shop_of({"ann": ["2024-05-01"]})
    for column, value, refused in (
        ("type", "customer", []),
        ("type", "at_risk", ["type is customer; asked is one of at_risk."]),
        ("segment", "Champions", ["segment is New; asked is one of Champions."]),
    ):
        asked = simple("no_purchase", conditions=(Condition(column=column, one_of=(value,)),))
        found = made(shop, asked, policy={"contact": FREE, "journey": {"at_risk_least": 1}})
        assert found.held["detail"].tolist() == refused
        assert len(found.entries) == 1 - len(refused)


@pytest.mark.slow
def test_the_preferred_channel_is_taken_where_it_is_allowed_else_the_first() -> None:
    accounts = pd.DataFrame({"customer_id": EVERYONE, "preferred_channel": ["sms", "sms", None, "phone"],
                             "language": ["it", "en", "de", None]})  # fmt: skip
    allowed = pd.concat([yes(), yes("ann", "cid", channels=("sms",))])
    orders = pd.DataFrame({"customer_id": EVERYONE, "order_ts": "2024-05-01", "amount": 10.0})
    shop = open_shop({"orders": orders, "consents": allowed, "customers": accounts}, as_of="2024-06-30")
    step = Step(name="one", channels=("email", "sms"), template="letter")
    found = made(shop, simple("no_purchase", steps=(step,))).entries.set_index("customer_id")
    assert found["channel"].to_dict() == {"ann": "sms", "bob": "email", "cid": "email", "dan": "email"}
    assert found["language"].to_dict() == {"ann": "it", "bob": "en", "cid": "en", "dan": "en"}
    own = made(shop, simple("no_purchase", steps=(step,), language="it"))
    assert set(own.entries["language"]) == {"it"}


@pytest.mark.slow
def test_quiet_hours_move_a_message_and_the_sequence_s_own_count_too() -> None:
    shop = shop_of({"ann": ["2024-06-29 21:30"], "bob": ["2024-06-29 10:00"], "cid": ["2024-06-29 14:00"]})
    night = {"contact": {"quiet_from": "20:00", "quiet_until": "09:00"}}
    found = made(shop, simple("ordered", after=2, quiet_from="12:00", quiet_until="15:30"), policy=night)
    assert due(found) == {
        "bob": "2024-07-01 10:00:00",
        "cid": "2024-07-01 15:30:00",
        "ann": "2024-07-02 09:00:00",
    }
    weekend = {"contact": {**FREE, "quiet_weekdays": [0]}}  # 1 July 2024 was a Monday
    assert set(due(made(shop, simple("ordered", after=2), policy=weekend)).values()) == {"2024-07-02 00:00:00"}


@pytest.mark.slow
def test_weeks_in_a_row_hold_what_both_together_hold() -> None:
    shop = shop_of({who: [f"2024-06-{day:02d} 21:00"] for who, day in zip(EVERYONE, (18, 20, 24, 29), strict=True)})
    sequence, rules = simple("ordered", after=14), {"contact": {"most": 1000}}
    both = made(shop, sequence, days=14, policy=rules).entries
    weeks = [made(shop, sequence, start, policy=rules).entries for start in ("2024-07-01", "2024-07-08")]
    pd.testing.assert_frame_equal(pd.concat(weeks, ignore_index=True), both)
    assert [len(week) for week in weeks] == [2, 2]


@pytest.mark.slow
@pytest.mark.parametrize(("rhythm", "after"), [(4, 0.0), (7, 1.5), (7, 9.0)])
def test_what_no_earlier_queue_could_know_of_is_late_and_not_lost(rhythm: int, after: float) -> None:
    days = [f"2024-06-{day:02d} 13:00" for day in range(3, 30, 3)]
    who = [f"c{place}" for place in range(len(days))]
    orders = pd.DataFrame({"customer_id": ["old", *who], "order_ts": ["2024-05-01", *days], "amount": 1.0})
    shop = open_shop({"orders": orders, "consents": yes(*who)}, as_of="2024-07-31")
    starts = pd.date_range("2024-06-03", "2024-07-09", freq=f"{rhythm}D")
    thanks = simple("ordered", after=after)
    weeks: list[pd.DataFrame] = [
        made(shop, thanks, day, rhythm, late_days=rhythm).entries for day in starts.astype(str)
    ]
    got = pd.concat(weeks)
    assert sorted(got["customer_id"]) == who
    wanted = got["trigger_ts"] + pd.Timedelta(days=after)
    late = got["due_ts"] != wanted
    assert late.any() == (after < rhythm)
    assert got.loc[late, "due_ts"].isin(starts).all()
    assert (wanted[late] < got.loc[late, "due_ts"]).all()
    assert made(shop, simple("ordered"), "2024-06-10", late_days=0).entries.empty


@pytest.mark.slow
def test_what_was_sent_is_not_queued_again_and_counts_for_the_cap() -> None:
    shop = shop_of({"ann": ["2024-06-30 10:00"], "bob": ["2024-06-30 10:00"]})
    first = made(shop, simple("ordered", after=1))
    again = made(shop, simple("ordered", after=1), sent=first.entries.head(1))
    assert (list(due(again)), why(again)) == (["bob"], {"ann": "sent"})
    other = simple("ordered", after=3, name="other")
    capped = made(shop, other, sent=first.entries.head(1), policy={"contact": {**FREE, "most": 1}})
    assert (list(due(capped)), why(capped)) == (["bob"], {"ann": "cap"})
    service = simple("ordered", after=3, name="other", purpose="service")
    assert why(made(shop, service, policy={"contact": {**FREE, "most": 0}})) == dict.fromkeys(
        ("ann", "bob"), "no_contract"
    )


@pytest.mark.slow
def test_under_the_policy_s_cap_the_first_sequence_wins_and_its_own_cap_counts_its_own() -> None:
    shop = shop_of({"ann": ["2024-06-30 10:00"]})
    one, two = (simple("ordered", after=1, name=name) for name in ("one", "two"))
    for order in ([one, two], [two, one]):
        found = made(shop, order, policy={"contact": {**FREE, "most": 1}})
        assert found.entries["sequence"].tolist() == [order[0].name]
        assert found.held[["sequence", "why"]].to_numpy().tolist() == [[order[1].name, "cap"]]
    weekly = simple("calendar", days=1, cap=Cap(most=2, within_days=3))
    found = made(shop, weekly)
    assert [when.day for when in found.entries["due_ts"]] == [1, 2, 4, 5, 7]
    assert set(found.held["why"]) == {"sequence_cap"}


@pytest.mark.slow
def test_the_shop_s_own_mails_count_for_the_cap() -> None:
    mails = pd.DataFrame({"customer_id": ["ann", "bob"], "event": ["sent", "open"],
                          "event_ts": pd.to_datetime(["2024-06-28", "2024-06-28"])})  # fmt: skip
    shop = shop_of({"ann": ["2024-06-30 10:00"], "bob": ["2024-06-30 10:00"]}, email_events=mails)
    found = made(shop, simple("ordered", after=1), policy={"contact": {**FREE, "most": 1}})
    assert (list(due(found)), why(found)) == (["bob"], {"ann": "cap"})


@pytest.mark.slow
def test_the_control_group_is_the_share_it_should_be_and_the_same_every_time() -> None:
    who = [f"c{number:05d}" for number in range(4000)]
    orders = pd.DataFrame({"customer_id": who, "order_ts": "2024-06-30", "amount": 1.0})
    shop = open_shop({"orders": orders, "consents": yes(*who)}, as_of="2024-06-30")
    kept = {name: made(shop, simple("ordered", after=2, name=name, control_share=0.25)) for name in ("one", "two")}
    control = {name: set(found.held["customer_id"]) for name, found in kept.items()}
    assert set(kept["one"].held["why"]) == {"control"}
    for group in control.values():
        assert abs(len(group) / 4000 - 0.25) < 0.03
    # each sequence draws its own: a quarter of a quarter is in both
    assert abs(len(control["one"] & control["two"]) / 4000 - 0.0625) < 0.02
    half = open_shop({"orders": orders.iloc[:2000], "consents": yes(*who)}, as_of="2024-06-30")
    again = made(half, simple("ordered", after=2, name="one", control_share=0.25))
    assert set(again.held["customer_id"]) == {one for one in control["one"] if one < "c02000"}


@pytest.mark.slow
def test_a_period_in_the_past_knows_only_what_was_known_on_its_eve() -> None:
    shop = shop_of({"ann": ["2024-03-01", "2024-05-02"], "bob": ["2024-03-01"]}, as_of="2024-06-30")
    found = made(shop, simple("no_purchase"), "2024-04-30", 3)
    # ann's order of 2 May is not known yet on 29 April
    assert set(due(found)) == {"ann", "bob"}
    assert str(found.as_of) == "2024-04-29"


@pytest.mark.slow
def test_the_order_of_rows_does_not_matter(shipped: Shop) -> None:
    names = ("orders", "customers", "consents", "logins", "surveys", "sessions", "email_events")
    tables = {name: getattr(shipped, name).to_pandas() for name in names}
    mixed = {name: table.sample(frac=1, random_state=1) for name, table in tables.items()}
    one, two = (
        actions.queue(open_shop(each, as_of=shipped.as_of), actions.READY_MADE, start="2026-07-02")
        for each in (tables, mixed)
    )
    pd.testing.assert_frame_equal(two.entries, one.entries)
    pd.testing.assert_frame_equal(two.held, one.held)
    assert len(one.entries) > 200


@pytest.mark.slow
def test_the_ready_made_sequences_read_back_and_each_reaches_somebody(shipped: Shop) -> None:
    for name in actions.READY_MADE:
        found = actions.sequence(name)
        assert (found.name, {step.template for step in found.steps}) == (name, {name})
        assert actions.read_sequence(found.to_toml()) == found
        assert actions.sequence(name, "it").language == "it"
    entries = actions.queue(shipped, actions.READY_MADE, start="2026-06-20", late_days=7).entries
    assert set(entries["sequence"]) == set(actions.READY_MADE)
    assert entries["entry_id"].is_unique
    assert entries["due_ts"].between("2026-06-20 09:00", "2026-06-26 20:00").all()
    assert entries["due_ts"].is_monotonic_increasing
    assert entries.drop(columns=["offer", "code"]).notna().all(axis=None)


def test_the_win_back_is_soft_spam_with_its_code() -> None:
    assert actions.sequence("win_back").steps[0].offer == Offer(kind="winback", discount=0.1, code="RIATTVA10")


@pytest.mark.slow
def test_what_cannot_be_is_an_error_that_says_what_to_do(tmp_path: Path) -> None:
    shop = shop_of({"ann": ["2024-06-01"]})
    file = tmp_path / "news.toml"
    file.write_text('name = "news"\nversion = 1\npurpose = "spam"\ntrigger = { event = "ordered" }\nsteps = []\n')
    cases: list[tuple[type[Exception], str, Any]] = [
        (PolicyError, r"no ready-made sequence 'winback'. Did you mean 'win_back'\?", lambda: made(shop, "winback")),
        (PolicyError, rf"sequence {file}: Invalid enum value 'spam' - at `\$.purpose`", lambda: made(shop, str(file))),
        (PolicyError, "No such file", lambda: actions.sequence(tmp_path / "nothing.toml")),
        (PolicyError, "Two sequences are called 'test'", lambda: made(shop, [simple("ordered")] * 2)),
        (PolicyError, "needs a sequence at least", lambda: made(shop, [])),
        (PolicyError, "a calendar date cannot end",
         lambda: made(shop, simple("ordered", after=31, exits=("calendar",)))),
        (CrmlibError, "cannot have begun after", lambda: made(shop, simple("ordered"), late_days=-1)),
        (CrmlibError, "at least one day", lambda: made(shop, simple("ordered"), days=0)),
        (SchemaError, "The event 'no_login' is read off a table logins", lambda: made(shop, simple("no_login"))),
        (SchemaError, r"asks for 'order', which is not known of customers. Did you mean 'orders'",
         lambda: made(shop, simple("ordered", conditions=(Condition(column="order", at_least=1),)))),
        (SchemaError, "customer 'ann' is there twice",
         lambda: made(shop, simple("ordered"), about=pd.DataFrame({"customer_id": ["ann", "ann"]}))),
        (PolicyError, "two steps are called 'one'", lambda: simple("ordered", steps=simple("ordered").steps * 2)),
        (PolicyError, "quiet_from and quiet_until go together", lambda: simple("ordered", quiet_from="20:00")),
    ]  # fmt: skip
    for kind, told, attempt in cases:
        with pytest.raises(kind, match=told):
            attempt()
