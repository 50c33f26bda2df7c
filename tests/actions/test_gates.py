"""Consent, soft spam, quiet hours and caps: by hand, and on ten thousand random shops' consents."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crmlib import actions, open_shop
from crmlib.actions.caps import Limit, within_caps
from crmlib.actions.quiet import after_quiet, waits
from crmlib.errors import CrmlibError, PolicyError, SchemaError
from crmlib.policy import Contact, load

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from crmlib.shop import Shop

DAY = pd.Timedelta(days=1)
AS_OF = pd.Timestamp("2024-06-30")
CHANNELS = ("email", "sms", "whatsapp", "phone")
SHOPS, PEOPLE = 500, 4  # of one example; twenty examples make ten thousand shops


def rows_of(table: pd.DataFrame) -> Any:
    """Give rows whose values have the type that they have, whatever the stubs say."""
    return table.itertuples(index=False)


def entries_of(rows: list[tuple[str, str, str]], due: str = "2024-07-01 10:00") -> pd.DataFrame:
    table = pd.DataFrame(rows, columns=["customer_id", "purpose", "channel"])
    return table.assign(sequence="test", version=1, step="one", due_ts=pd.Timestamp(due))


def random_consents(chance: np.random.Generator, who: NDArray[np.str_], rows: int) -> pd.DataFrame:
    given = AS_OF - pd.to_timedelta(chance.integers(-200, 600, rows), unit="D") + pd.Timedelta(hours=12)
    gone = given + pd.to_timedelta(chance.integers(0, 500, rows), unit="D")
    return pd.DataFrame({
        "customer_id": chance.choice(who, rows), "channel": chance.choice(CHANNELS, rows, p=[0.55, 0.25, 0.1, 0.1]),
        "purpose": chance.choice(["service", "marketing", "profiling", "soft_spam"], rows, p=[0.2, 0.4, 0.1, 0.3]),
        "given_ts": given, "withdrawn_ts": pd.Series(gone).mask(chance.random(rows) < 0.6),
    })  # fmt: skip


class Told:
    """The same rules once more, row by row in plain Python."""

    def __init__(self, consents: pd.DataFrame, end: pd.Timestamp, *, restores: bool) -> None:
        self.said: dict[tuple[str, str, str], list[tuple[pd.Timestamp, Any]]] = {}
        self.restores = restores
        for one in rows_of(consents):
            if one.given_ts < end:
                gone = one.withdrawn_ts if pd.notna(one.withdrawn_ts) and one.withdrawn_ts < end else None
                self.said.setdefault((one.customer_id, one.purpose, one.channel), []).append((one.given_ts, gone))

    def stands(self, who: str, purpose: str, channel: str) -> bool | None:
        rows = self.said.get((who, purpose, channel))
        if rows is None:
            return None
        last = max((gone for _, gone in rows if gone is not None), default=None)
        if last is None:
            return True
        return self.restores and any(gone is None and given > last for given, gone in rows)

    def may(self, who: str, purpose: str, channel: str, *, own: bool, soft: tuple[str, ...]) -> bool:
        if purpose != "soft_spam":
            return self.stands(who, purpose, channel) is True
        consent, exception = self.stands(who, "marketing", channel), self.stands(who, "soft_spam", channel)
        if consent is False or exception is False:
            return False
        return consent is True or (exception is True and own and channel in soft)


@pytest.mark.slow
@settings(max_examples=20, deadline=None)
@given(
    st.integers(0, 2**32),
    st.sampled_from(["stays_out", "restores"]),
    st.sampled_from([("email",), ("email", "sms")]),
    st.integers(0, 120),
)
def test_nobody_is_contacted_without_consent_nor_held_back_with_it(
    seed: int, later_grant: str, soft: tuple[str, ...], later: int
) -> None:
    chance = np.random.default_rng(seed)
    who = np.char.mod("%05d", np.arange(SHOPS * PEOPLE))
    consents = random_consents(chance, who, 5 * len(who))
    buyers = chance.choice(who, len(who) // 2, replace=False)
    orders = pd.DataFrame({"customer_id": buyers, "order_ts": AS_OF - 30 * DAY, "amount": 1.0})
    end = AS_OF + later * DAY
    shop = open_shop({"orders": orders, "consents": consents}, as_of=end)
    rules = {"intake": {"later_grant": later_grant},
             "contact": {"soft_spam_channels": soft, "most": 1000}}  # fmt: skip
    asked = pd.DataFrame({"customer_id": who, "purpose": chance.choice(["service", "marketing", "soft_spam"], len(who)),
                          "channel": chance.choice(CHANNELS, len(who), p=[0.6, 0.2, 0.1, 0.1])})  # fmt: skip
    asked = asked.assign(sequence="test", version=1, step="one", due_ts=end + DAY)
    allowed, held = actions.gate(asked, shop, policy=rules)
    told = Told(consents, end + DAY, restores=later_grant == "restores")
    own = set(buyers)
    wanted = [
        one.customer_id
        for one in rows_of(asked)
        if told.may(one.customer_id, one.purpose, one.channel, own=one.customer_id in own, soft=soft)
    ]
    assert allowed["customer_id"].tolist() == wanted
    assert len(allowed) + len(held) == len(asked)
    assert len(wanted) > 100
    step = actions.Step(name="one", channels=("sms", "email"), template="letter")
    news = actions.Sequence(name="news", version=1, purpose="soft_spam", trigger=actions.Trigger(event="calendar"),
                            steps=(step,))  # fmt: skip
    made = actions.queue(shop, news, start=end + DAY, days=1, policy=rules)
    reached = {
        one: channel
        for one in own
        for channel in ("email", "sms")
        if told.may(one, "soft_spam", channel, own=True, soft=soft)
    }  # by SMS where that is allowed, for it comes first
    assert dict(zip(made.entries["customer_id"], made.entries["channel"], strict=True)) == reached
    assert set(made.held["customer_id"]) == own - set(reached)


@pytest.mark.slow
@settings(max_examples=6, deadline=None)
@given(st.integers(0, 2**32))
def test_whoever_opts_out_after_the_queue_was_made_is_held_back_at_the_export(seed: int) -> None:
    chance = np.random.default_rng(seed)
    who = np.char.mod("%05d", np.arange(1000))
    consents = random_consents(chance, who, 4000)
    orders = pd.DataFrame({"customer_id": who, "order_ts": AS_OF - 59 * DAY, "amount": 1.0})
    shop = open_shop({"orders": orders, "consents": consents}, as_of=AS_OF + 40 * DAY)
    made = actions.queue(shop, "win_back", start=AS_OF, days=7)
    late = actions.gate(made.entries, shop, as_of=AS_OF + 2 * DAY)
    gone = consents[(consents["withdrawn_ts"] < AS_OF + 3 * DAY) & consents["purpose"].isin(["marketing", "soft_spam"])]
    out = set(zip(gone["customer_id"], gone["channel"], strict=True))
    assert out.isdisjoint(zip(late.allowed["customer_id"], late.allowed["channel"], strict=True))
    assert set(late.held["why"]) <= {"withdrawn", "expired"}
    again = actions.gate(late.allowed, shop, as_of=AS_OF + 2 * DAY)
    pd.testing.assert_frame_equal(again.allowed, late.allowed)


def consents_of(*rows: tuple[str, str, str], withdrawn: str | None = None) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["customer_id", "purpose", "channel"]).assign(
        given_ts=pd.Timestamp("2024-01-01"),
        withdrawn_ts=pd.Series([pd.Timestamp(withdrawn) if withdrawn else pd.NaT] * len(rows), dtype="datetime64[us]"),
    )


def small(consents: pd.DataFrame, **tables: pd.DataFrame) -> Shop:
    orders = pd.DataFrame({"customer_id": ["ann", "bob"], "order_ts": "2024-05-01", "amount": 10.0})
    return open_shop({"orders": orders, "consents": consents, **tables}, as_of=AS_OF)


def reasons(shop: Shop, entries: pd.DataFrame, **more: Any) -> dict[str, str]:
    held = actions.gate(entries, shop, **more).held
    return dict(zip(held["customer_id"], held["why"], strict=True))


@pytest.mark.slow
def test_soft_spam_needs_an_own_customer_an_opt_out_the_channel_and_no_objection() -> None:
    given = consents_of(("ann", "soft_spam", "email"), ("cid", "soft_spam", "email"), ("ann", "soft_spam", "sms"))
    shop = small(given)
    mail = entries_of([(who, "soft_spam", "email") for who in ("ann", "bob", "cid")])
    assert reasons(shop, mail) == {"bob": "no_opt_out_offered", "cid": "not_own_customer"}
    assert reasons(shop, entries_of([("ann", "soft_spam", "sms")])) == {"ann": "no_consent"}
    recent = {"contact": {"own_customer_days": 59}}  # the order is 60 days old
    assert reasons(shop, mail.head(1), policy=recent) == {"ann": "not_own_customer"}
    objected = small(pd.concat([given, consents_of(("ann", "marketing", "email"), withdrawn="2024-06-01")]))
    assert reasons(objected, mail.head(1)) == {"ann": "withdrawn"}
    assert reasons(objected, entries_of([("ann", "marketing", "email")])) == {"ann": "withdrawn"}


@pytest.mark.slow
def test_similar_goods_are_those_of_a_category_where_the_policy_says_so() -> None:
    lines = pd.DataFrame({"customer_id": ["ann", "bob"], "order_id": ["1", "2"], "product_id": ["p1", "p2"],
                          "order_ts": "2024-05-01", "quantity": 1, "amount": 10.0})  # fmt: skip
    products = pd.DataFrame({"product_id": ["p1", "p2"], "category": ["coffee", "gifts"]})
    given = consents_of(*((who, "soft_spam", "email") for who in ("ann", "bob")))
    shop = open_shop({"order_lines": lines, "products": products, "consents": given}, as_of=AS_OF)
    mail = entries_of([(who, "soft_spam", "email") for who in ("ann", "bob")])
    strict = {"contact": {"similar_goods": "category"}}
    assert reasons(shop, mail) == {}
    assert reasons(shop, mail, policy=strict) == {"ann": "not_similar", "bob": "not_similar"}
    assert reasons(shop, mail.assign(category="coffee|pantry"), policy=strict) == {"bob": "not_similar"}
    with pytest.raises(SchemaError, match="similar_goods = 'category' needs order_lines and products"):
        reasons(small(given), mail.assign(category="coffee"), policy=strict)


@pytest.mark.slow
def test_service_needs_the_contract_and_no_marketing_consent() -> None:
    shop = small(consents_of(("ann", "service", "email"), ("bob", "marketing", "email")))
    assert reasons(shop, entries_of([(who, "service", "email") for who in ("ann", "bob")])) == {"bob": "no_contract"}


@pytest.mark.slow
def test_a_shop_without_consents_lets_nobody_through() -> None:
    orders = pd.DataFrame({"customer_id": ["ann"], "order_ts": "2024-05-01", "amount": 10.0})
    shop = open_shop(orders, as_of=AS_OF)
    asked = entries_of([("ann", purpose, "email") for purpose in ("service", "marketing", "soft_spam")])
    assert actions.gate(asked, shop).allowed.empty


@pytest.mark.slow
def test_the_gate_moves_out_of_quiet_hours_and_lets_the_past_expire() -> None:
    shop = small(consents_of(("ann", "marketing", "email"), ("bob", "marketing", "email")))
    rows = entries_of([("ann", "marketing", "email"), ("bob", "marketing", "email")])
    rows["due_ts"] = pd.to_datetime(["2024-07-01 22:00", "2024-06-28 10:00"])
    allowed, held = actions.gate(rows, shop)
    assert allowed["due_ts"].tolist() == [pd.Timestamp("2024-07-02 09:00")]
    assert held["why"].tolist() == ["expired"]
    assert actions.gate(rows.head(0), shop).allowed.empty


@pytest.mark.slow
@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"purpose": "spam"}, "entries, row 0, column 'purpose': 'spam' is none of service, marketing, soft_spam"),
        ({"channel": "fax"}, "entries, row 0, column 'channel': 'fax' is none of email"),
        ({"customer_id": None}, "entries, row 0, column 'customer_id': there is no value"),
    ],
)
def test_entries_that_nobody_could_have_allowed_are_refused(change: dict[str, Any], told: str) -> None:
    with pytest.raises(SchemaError, match=told):
        actions.gate(entries_of([("ann", "marketing", "email")]).assign(**change), small(consents_of()))


@pytest.mark.slow
def test_a_gate_of_a_day_that_the_shop_does_not_know_is_refused() -> None:
    with pytest.raises(CrmlibError, match="later than the shop's own day"):
        actions.gate(entries_of([("ann", "marketing", "email")]), small(consents_of()), as_of="2024-07-02")


@pytest.mark.slow
@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 3), st.integers(0, 60), st.booleans(), st.booleans()), max_size=40),
    st.tuples(st.integers(0, 3), st.integers(1, 20)),
    st.tuples(st.integers(1, 3), st.integers(1, 20)),
)
def test_caps_hold_and_hold_back_no_more_than_they_must(
    rows: list[tuple[int, int, bool, bool]], every: tuple[int, int], own: tuple[int, int]
) -> None:
    who, us = (np.array([row[place] for row in rows], dtype=np.int64) for place in (0, 1))
    counts, named = (np.array([row[place] for row in rows], dtype=bool) for place in (2, 3))
    limits = [Limit(counts, counts, *every), Limit(named, named, *own)]
    found = within_caps(who, us, np.zeros(len(rows), dtype=bool), limits).tolist()
    # one by one, as one would do it by hand
    made: list[int] = []
    wanted = [-1] * len(rows)
    for place in sorted(range(len(rows)), key=lambda row: (us[row], row)):
        for number, limit in enumerate(limits):
            before = [one for one in made if who[one] == who[place] and limit.counts[one]
                      and us[one] > us[place] - limit.within_us]  # fmt: skip
            if limit.binds[place] and len(before) >= limit.most:
                wanted[place] = number
                break
        else:
            made.append(place)
    assert found == wanted


@pytest.mark.slow
@settings(max_examples=8, deadline=None)
@given(st.integers(0, 2**32), st.integers(1, 3), st.integers(1, 9))
def test_no_entry_of_a_queue_or_a_gate_breaks_the_cap(seed: int, most: int, within: int) -> None:
    chance = np.random.default_rng(seed)
    who = np.char.mod("%03d", np.arange(60))
    mails = pd.DataFrame({"customer_id": chance.choice(who, 80), "event": "sent",
                          "event_ts": AS_OF - pd.to_timedelta(chance.integers(0, 300, 80), unit="h")})  # fmt: skip
    orders = pd.DataFrame({"customer_id": who, "order_ts": AS_OF - 90 * DAY, "amount": 1.0})
    given = consents_of(*((one, "marketing", "email") for one in who))
    shop = open_shop({"orders": orders, "consents": given, "email_events": mails}, as_of=AS_OF)
    size = 300
    rows = entries_of([(one, "marketing", "email") for one in chance.choice(who, size)]).assign(
        due_ts=AS_OF + DAY + pd.to_timedelta(chance.integers(0, 14 * 1440, size), unit="min"), step=np.arange(size)
    )
    rules = {"contact": {"most": most, "within_days": within}}
    allowed = actions.gate(rows, shop, policy=rules).allowed
    contacts = pd.concat([allowed[["customer_id", "due_ts"]], mails.rename(columns={"event_ts": "due_ts"})])
    for one in rows_of(allowed):
        own = contacts.loc[contacts["customer_id"] == one.customer_id, "due_ts"]
        assert ((own > one.due_ts - within * DAY) & (own <= one.due_ts)).sum() <= most
    mixed = actions.gate(rows.sample(frac=1, random_state=1), shop, policy=rules).allowed
    order = ["due_ts", "step"]
    pd.testing.assert_frame_equal(mixed.sort_values(order, ignore_index=True),
                                  allowed.sort_values(order, ignore_index=True))  # fmt: skip


CLOCKS = st.builds("{:02d}:{:02d}".format, st.integers(0, 23), st.integers(0, 59))


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@given(CLOCKS, CLOCKS, st.sets(st.integers(0, 6), max_size=6), st.integers(0, 2**32))
def test_nothing_is_due_in_quiet_hours_and_nothing_waits_longer_than_it_must(
    start: str, end: str, days: set[int], seed: int
) -> None:
    rules = Contact(quiet_from=start, quiet_until=end, quiet_weekdays=tuple(sorted(days)))

    def quiet(when: pd.Timestamp) -> bool:
        clock = f"{when.hour:02d}:{when.minute:02d}"
        inside = start <= clock < end if start <= end else clock >= start or clock < end
        return inside or when.weekday() in days

    chance = np.random.default_rng(seed)
    us = chance.integers(1_700_000_000, 1_800_000_000, 20) * 1_000_000
    moved = after_quiet(us, waits(rules))
    for before, after in zip(pd.to_datetime(us, unit="us"), pd.to_datetime(moved, unit="us"), strict=True):
        assert not quiet(after)
        assert (before == after) == (not quiet(before))
        assert before == after or quiet(after - pd.Timedelta(minutes=1))


def test_a_week_without_a_minute_to_send_is_refused() -> None:
    with pytest.raises(PolicyError, match="leave no minute of the week"):
        waits(load({"contact": {"quiet_from": "09:00", "quiet_until": "18:00"}}).contact, [("18:00", "09:00")])
