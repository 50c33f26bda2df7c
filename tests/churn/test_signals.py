"""The three signals, their windows, and who may be written to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crmlib import churn, open_shop
from crmlib.errors import CrmlibError, ModelError, PolicyError, SchemaError
from crmlib.policy import load

if TYPE_CHECKING:
    from crmlib.shop import Shop

AS_OF = "2024-06-30"
EVERYONE = ["ann", "bob", "cid", "dan", "eve"]


def days_ago(*days: int) -> list[pd.Timestamp]:
    return [pd.Timestamp(AS_OF) - pd.Timedelta(days=number) for number in days]


def small_shop(**tables: pd.DataFrame) -> Shop:
    orders = pd.DataFrame({"customer_id": ["ann", "bob", "cid", "dan"], "order_ts": days_ago(61, 60, 5, 400),
                           "amount": 10.0})  # fmt: skip
    return open_shop({"orders": orders, **tables}, as_of=AS_OF)


@pytest.fixture(scope="module")
def full() -> Shop:
    return small_shop(
        customers=pd.DataFrame({"customer_id": EVERYONE, "registered_ts": days_ago(*[500] * 5)}),
        logins=pd.DataFrame({"customer_id": ["ann", "bob", "cid"], "login_ts": days_ago(30, 31, 1)}),
        surveys=pd.DataFrame({
            "customer_id": ["ann", "bob", "cid", "cid", "dan"], "kind": ["nps"] * 4 + ["csat"],
            "scale": ["0-10"] * 4 + ["1-5"], "sent_ts": days_ago(50, 50, 90, 20, 9),
            "answered_ts": days_ago(49, 49, 89, 19, 8), "score": [5, 6, 2, 9, 1],
        }),
    )  # fmt: skip


def flag(shop: Shop, name: str, **policy: Any) -> dict[str, Any]:
    found = churn.signals(shop, policy={"churn": policy}).set_index("customer_id")[name]
    return {str(who): None if pd.isna(value) else bool(value) for who, value in found.items()}


def test_the_window_s_last_day_is_no_signal_yet(full: Shop) -> None:
    assert flag(full, "no_purchase") == {"ann": True, "bob": False, "cid": False, "dan": True, "eve": False}
    assert flag(full, "no_login") == {"ann": False, "bob": True, "cid": False, "dan": True, "eve": True}


@pytest.mark.slow
def test_the_operators_are_the_policy_s(full: Shop) -> None:
    assert flag(full, "no_purchase", days_operator=">=")["bob"] is True
    assert flag(full, "low_score") == {"ann": True, "bob": False, "cid": False, "dan": False, "eve": False}
    assert flag(full, "low_score", score_operator="<=")["bob"] is True
    assert flag(full, "low_score", score_lasts_days=30)["ann"] is False


@pytest.mark.slow
def test_who_never_did_it_is_judged_by_the_policy(full: Shop) -> None:
    assert flag(full, "no_login", never_logged_in="no_signal")["eve"] is False
    assert flag(full, "no_login", never_logged_in="signal", login_days=1000)["eve"] is True
    assert flag(full, "no_purchase", never_bought="since_registration")["eve"] is True


def test_the_latest_answer_counts_and_csat_is_no_score(full: Shop) -> None:
    scores = churn.signals(full).set_index("customer_id")["score"]
    assert scores["cid"] == 9
    assert np.isnan(scores["dan"])


@pytest.mark.slow
def test_tables_that_are_not_there_are_not_known() -> None:
    found = churn.signals(small_shop())
    assert found[["no_login", "low_score"]].isna().all(axis=None)
    assert found["no_purchase"].notna().all()
    assert len(churn.preventive_actions(found)) == 0


@pytest.mark.slow
def test_days_before_the_first_order_and_after_the_shop_s_are_errors(full: Shop) -> None:
    with pytest.raises(SchemaError, match="there is no order up to 2020-01-01"):
        churn.signals(full, as_of="2020-01-01")
    with pytest.raises(CrmlibError, match="later than the shop's own day"):
        churn.signals(full, as_of="2025-01-01")


@pytest.mark.slow
def test_windows_of_a_shop_where_nobody_came_back_are_an_error() -> None:
    with pytest.raises(ModelError, match="Nobody came back by 2024-06-30"):
        churn.signals(small_shop(), policy={"churn": {"windows": "quantile"}})
    assert churn.signals(small_shop())["purchase_window"].eq(60).all()


@pytest.mark.slow
def test_windows_are_quantiles_of_the_gaps_between_days() -> None:
    days = ["2024-01-01", "2024-01-01 09:00:00", "2024-01-11", "2024-02-10", "2024-01-01", "2024-02-20"]
    sales = pd.DataFrame({"customer_id": ["a"] * 4 + ["b"] * 2, "amount": 1.0, "order_ts": days})
    shop = open_shop(sales, as_of="2024-03-01")
    assert sorted(churn.gaps(shop).to_pandas()["gap"]) == [10, 30, 50]
    table = churn.windows(shop, policy={"churn": {"window_quantile": 0.5, "window_by": "customer", "fewest_gaps": 2}})
    assert table.to_dict("list") == {"name": ["", "a"], "gaps": [3, 2], "days": [30.0, 20.0]}
    found = churn.signals(
        shop,
        policy={"churn": {"windows": "quantile", "window_quantile": 0.5, "window_by": "customer", "fewest_gaps": 2}},
    )
    assert found["purchase_window"].tolist() == [20.0, 30.0]
    assert found["no_purchase"].tolist() == [False, False]


def consents(*rows: tuple[str, str, str, int, int | None]) -> pd.DataFrame:
    return pd.DataFrame(
        [(who, channel, purpose, days_ago(given)[0], None if gone is None else days_ago(gone)[0])
         for who, channel, purpose, given, gone in rows],
        columns=["customer_id", "channel", "purpose", "given_ts", "withdrawn_ts"],
    ).astype({"withdrawn_ts": "datetime64[us]"})  # fmt: skip


@pytest.mark.slow
def test_only_permissions_in_force_open_a_channel() -> None:
    shop = small_shop(
        consents=consents(
            ("ann", "email", "marketing", 300, None),
            ("ann", "sms", "marketing", 300, 10),
            ("bob", "email", "marketing", 300, 100),
            ("bob", "email", "marketing", 50, None),  # given again after the withdrawal
            ("bob", "email", "soft_spam", 300, None),  # objected to mail: the exception falls too
            ("cid", "email", "service", 300, None),
            ("dan", "email", "soft_spam", 300, None),
            ("eve", "email", "soft_spam", 300, None),  # no customer
        )
    )
    found = churn.signals(shop).set_index("customer_id").filter(like="may_")
    assert found["may_email"].to_dict() == {"ann": True, "bob": False, "cid": False, "dan": True}
    assert not found["may_sms"].any()
    again = churn.signals(shop, policy={"intake": {"later_grant": "restores"}}).set_index("customer_id")
    assert bool(again.loc["bob", "may_email"]) is True
    earlier = churn.signals(shop, as_of=days_ago(20)[0]).set_index("customer_id")
    assert bool(earlier.loc["ann", "may_sms"]) is True


@pytest.mark.slow
def test_who_may_not_be_contacted_is_never_in_the_queue(shipped: Shop) -> None:
    shop = shipped
    found = churn.signals(shop)
    queue = churn.preventive_actions(found)
    assert not queue.duplicated(["customer_id", "signal"]).any()
    assert set(queue["signal"]) == set(churn.SIGNALS)
    allowed = found.set_index("customer_id")
    raw = shop.consents.to_pandas().query("purpose in ('marketing', 'soft_spam')")
    open_now = raw[raw["withdrawn_ts"].isna()]
    entry: Any
    for entry in queue.sample(300, random_state=1).itertuples():
        for channel in str(entry.channels).split("|"):
            assert allowed.loc[entry.customer_id, f"may_{channel}"]
            assert ((open_now["customer_id"] == entry.customer_id) & (open_now["channel"] == channel)).any()
    mail_only = queue[queue["signal"] != "no_login"]
    assert set(mail_only["channels"]) == {"email"}


@pytest.mark.slow
def test_actions_are_the_policy_s() -> None:
    call = {"no_purchase": {"action": "ring", "channels": ["phone"], "tone": "calm"}}
    policy = load({"churn": {"actions": call}})
    found = churn.signals(small_shop(consents=consents(("ann", "phone", "marketing", 9, None))))
    queue = churn.preventive_actions(found, policy)
    assert queue.iloc[0].tolist() == ["ann", "no_purchase", "ring", "phone", "calm", 61.0]
    with pytest.raises(PolicyError, match="pigeon"):
        load({"churn": {"actions": {"no_purchase": {"action": "x", "channels": ["pigeon"], "tone": "y"}}}})


@pytest.mark.slow
def test_a_customer_who_is_there_twice_is_an_error() -> None:
    found = churn.signals(small_shop())
    with pytest.raises(SchemaError, match="row 4: customer 'ann' is there twice"):
        churn.preventive_actions(pd.concat([found, found.head(1)], ignore_index=True))


@pytest.mark.slow
@settings(max_examples=25)
@given(st.lists(st.tuples(*[st.sampled_from([True, False, None])] * 3, st.booleans(), st.booleans()), max_size=12))
def test_every_entry_has_a_signal_and_a_consent(rows: list[tuple[Any, ...]]) -> None:
    names = [*churn.SIGNALS, "may_email", "may_sms"]
    table = pd.DataFrame(rows, columns=names).astype(dict.fromkeys(names, "boolean"))
    table.insert(0, "customer_id", [f"c{place}" for place in range(len(table))])
    for name in churn.SIGNALS.values():
        table[name] = 1.0
    queue = churn.preventive_actions(table)
    reachable = {"no_login": table["may_email"] | table["may_sms"], "no_purchase": table["may_email"],
                 "low_score": table["may_email"]}  # fmt: skip
    expected = sum(int((table[name].fillna(value=False) & may).sum()) for name, may in reachable.items())
    assert len(queue) == expected
    assert (queue["channels"] != "").all()


@pytest.mark.slow
@pytest.mark.parametrize("scores", [[9.0, 2.0, 5.0], [5.0, 9.0, 2.0], [2.0, 5.0, 9.0]])
def test_of_several_answers_at_one_moment_the_lowest_counts(scores: list[float]) -> None:
    day = pd.Timestamp("2024-03-01")
    orders = pd.DataFrame({"customer_id": ["a"], "order_ts": [day], "amount": [1.0]})
    surveys = pd.DataFrame({"customer_id": "a", "sent_ts": day, "answered_ts": day, "kind": "nps", "score": scores})
    earlier = surveys.assign(answered_ts=day - pd.Timedelta(days=1), score=0.0)
    shop = open_shop({"orders": orders, "surveys": pd.concat([surveys, earlier])}, as_of="2024-03-02")
    assert churn.signals(shop)["score"].tolist() == [2.0]
    assert churn.features(shop)["score"].tolist() == [2.0]
