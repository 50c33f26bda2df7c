"""Whoever objected, in whatever form, is written to by nothing; whoever consented and did not object is not lost."""

from __future__ import annotations

import contextlib
import io
import json
from itertools import product
from typing import TYPE_CHECKING, Any, Literal

import pandas as pd
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from crmlib import actions, open_shop
from crmlib.actions.exports import outgoing
from crmlib.actions.exports.klaviyo import import_jobs, subscription_jobs
from crmlib.customers.consent import may_contact, permissions
from crmlib.policy import load
from tests.customers.small_shops import AS_OF, CHANNELS, PURPOSES, Made, Maker

if TYPE_CHECKING:
    from crmlib.shop import Shop

pytestmark = pytest.mark.slow  # new: not yet measured test by test

POLICY = {"contact": {"most": 1_000_000, "quiet_from": "00:00", "quiet_until": "00:00"},
          "orders": {"timezone": "Europe/Rome"},
          "sender": {"opt_out_url": "https://shop.example/out"}}  # fmt: skip


def opened(made: Made) -> Shop:
    with contextlib.redirect_stdout(io.StringIO()):
        return open_shop(made.tables, as_of=AS_OF.date(), policy=POLICY)


def entries_of(made: Made) -> pd.DataFrame:
    rows = [{"customer_id": who, "channel": channel, "purpose": purpose}
            for who, channel, purpose in product(made.customers, CHANNELS, PURPOSES)]  # fmt: skip
    table = pd.DataFrame(rows).assign(
        sequence="news", version=1, step="one", due_ts=AS_OF + pd.Timedelta(days=1, hours=10), template="win_back",
        language="en", offer="winback", discount=0.1, code="X10", trigger_ts=AS_OF, reason="by hand",
    )  # fmt: skip
    return table.assign(entry_id=[f"e{number}" for number in range(len(table))])


def forbidden(made: Made) -> set[tuple[str, str, str]]:
    """Return what must not go out: soft spam falls with an objection to marketing, or to itself."""
    out = set(made.refused)
    return out | {(who, way, "soft_spam") for who, way, purpose in made.refused if purpose == "marketing"}


def hold(made: Made) -> None:
    shop = opened(made)
    rules = load(shop.policy)
    asked = pd.DataFrame({"customer_id": made.customers})
    people = shop.orders.engine.add(asked)
    stands = permissions(shop, people, rules).reindex(made.customers)
    for who, row in zip(made.customers, stands.to_dict("records"), strict=True):
        for channel, purpose in product(CHANNELS, PURPOSES):
            key, value = (who, channel, purpose), row[f"{purpose}_{channel}"]
            assert (value == 0) == (key in made.refused), key
            assert (value == 1) == (key in made.allowed), key
    may = may_contact(shop).reindex(made.customers, fill_value=False)
    for channel in CHANNELS:
        allowed = {who for who in made.customers if (who, channel, "marketing") in made.allowed}
        assert set(may.index[may[channel]]) == allowed
    _nothing_goes_out(made, shop)


def _nothing_goes_out(made: Made, shop: Shop) -> None:
    """Look at what leaves the house: a gated queue, files, requests, messages."""
    wrong, entries = forbidden(made), entries_of(made)
    found = outgoing(entries, shop)
    sent = set(found.entries[["customer_id", "channel", "purpose"]].itertuples(index=False, name=None))
    assert not sent & wrong
    held = set(found.held[["customer_id", "channel"]].itertuples(index=False, name=None))
    for who, channel, purpose in made.allowed - {(who, way, "soft_spam") for who, way, _ in wrong}:
        if purpose in PURPOSES and (who, channel, purpose) not in sent:
            assert (who, channel) in held
    assert len(found.entries) + len(found.held) == len(entries)
    mail = {made.mailbox[who] for who, way, purpose in sent if way == "email"}
    numbers = {made.telephone[who] for who, way, _ in sent if way != "email"}
    assert {person.email for person in found.people} <= mail | {""}
    assert {person.phone for person in found.people} <= numbers | {""}
    profiles = _bodies(import_jobs(found.people, "Europe/Rome"))
    for field in ("email", "phone_number"):
        values = [one["attributes"][field] for one in profiles if field in one["attributes"]]
        assert len(values) == len(set(values))  # each address once
    gone = {(made.mailbox[who] if way == "email" else made.telephone[who], way)
            for who, way, purpose in made.refused if purpose == "marketing"}  # fmt: skip
    for one in _bodies(subscription_jobs(found.people, "Europe/Rome")):
        fields = one["attributes"]
        for way in fields["subscriptions"]:
            assert (fields["email" if way == "email" else "phone_number"], way) not in gone
    written = actions.write_messages(entries, shop)
    topics = entries[["customer_id", "channel", "purpose"]].itertuples(index=False, name=None)
    kinds = dict(zip(entries["entry_id"], topics, strict=True))
    assert not {kinds[message.entry_id] for message in written.messages} & wrong
    assert len(written.messages) + len(written.held) == len(entries)
    step = actions.Step(name="one", channels=("email", "sms", "whatsapp", "phone"), template="letter")
    grounds: tuple[Literal["service", "marketing", "soft_spam"], ...] = ("service", "marketing", "soft_spam")
    for purpose in grounds:
        news = actions.Sequence(name="news", version=1, purpose=purpose, trigger=actions.Trigger(event="calendar"),
                                steps=(step,))  # fmt: skip
        queue = actions.queue(shop, news, start=AS_OF + pd.Timedelta(days=1), days=1)
        due = {
            (who, way, purpose) for who, way in zip(queue.entries["customer_id"], queue.entries["channel"], strict=True)
        }
        assert not due & wrong
        assert {who for who, _, _ in due} | set(queue.held["customer_id"]) == set(made.customers)


def _bodies(jobs: Any) -> list[Any]:
    return [one for _, body in jobs for one in json.loads(body)["data"]["attributes"]["profiles"]["data"]]


#: A seed that fails is as good as a smaller one.
PHASES = (Phase.explicit, Phase.reuse, Phase.generate)


@settings(max_examples=8, phases=PHASES, suppress_health_check=list(HealthCheck))
@given(st.integers(0, 2**32))
def test_no_spelling_of_an_objection_is_lost_nor_one_of_a_permission(seed: int) -> None:
    hold(Maker(seed, groups=12).made())


@pytest.mark.full
@settings(max_examples=90, phases=PHASES, suppress_health_check=list(HealthCheck))
@given(st.integers(0, 2**32))
def test_no_spelling_is_lost_in_thousands_of_shops(seed: int) -> None:
    hold(Maker(seed, groups=24).made())
