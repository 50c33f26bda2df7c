"""Codes in orders: read however they are written, told apart by who had been sent them, and accounted for."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crmlib import actions, customers, kpis, open_shop
from crmlib.errors import CrmlibError, SchemaError
from crmlib.kpis.codes import code_of, codes_in
from tests.examples import share

pytestmark = pytest.mark.slow
SINCE: dict[str, Any] = {"previous": "2023-12-31"}
KEEP: dict[str, Any] = {"offers": {"margin": 0.4}}


def shop(orders: list[tuple[Any, ...]], **tables: pd.DataFrame) -> Any:
    """Open a shop of orders: customer, order, day, amount, code."""
    columns = ["customer_id", "order_id", "order_ts", "amount", "coupon_code"]
    return open_shop({"orders": pd.DataFrame(orders, columns=columns), **tables}, as_of="2024-06-30")


def campaign(code: str | None = "SPRING10", **more: Any) -> pd.DataFrame:
    row = {"campaign_id": "spring", "sent_ts": "2024-03-01", "coupon_code": code, "discount_percent": 10,
           "window_days": 21, "cost_per_contact": 0.5}  # fmt: skip
    return pd.DataFrame([{**row, **more}])


def mails(*who: str, day: str = "2024-03-01 10:00", campaign_id: str = "spring") -> pd.DataFrame:
    return pd.DataFrame({"campaign_id": campaign_id, "customer_id": who, "event": "sent", "event_ts": day})


@pytest.mark.parametrize(
    ("written", "known", "codes"),
    [
        ("spring10", {"SPRING10"}, ["SPRING10"]),
        ("  Spring 10 ", {"SPRING10"}, ["SPRING10"]),
        ("SPRING10,WELCOME5", {"SPRING10"}, ["SPRING10", "WELCOME5"]),
        ("spring10 welcome5", {"SPRING10", "WELCOME5"}, ["SPRING10", "WELCOME5"]),
        ("spring10; spring10", set(), ["SPRING10"]),
        ("3+1", {"3+1"}, ["3+1"]),
        (" , ", set(), []),
        ("", set(), []),
    ],
)
def test_a_cell_is_read_as_it_is_meant(written: str, known: set[str], codes: list[str]) -> None:
    assert codes_in(written, known) == codes


@settings(max_examples=share(100))
@given(st.from_regex(r"[A-Z]{3,8}[0-9]{0,3}", fullmatch=True), st.data())
def test_case_and_blanks_make_no_difference(code: str, data: st.DataObject) -> None:
    typed = "".join(
        data.draw(st.sampled_from([letter, letter.lower(), f" {letter}", f"{letter}\u00a0"])) for letter in code
    )
    assert code_of(typed) == code
    assert codes_in(typed, {code}) == [code]


#: customer, order, day, amount, code -> the status, its campaign, revenue, discount, margin at 40 % of the list price
STATUSES: dict[str, tuple[tuple[Any, ...], tuple[Any, ...]]] = {
    "sent": (("ann", "1", "2024-03-05", 90, "SPRING10"), ("sent", "spring", 90, 10, 30)),
    "in another spelling": (("ann", "2", "2024-03-06", 45, " spring 10"), ("sent", "spring", 45, 5, 15)),
    "before it was sent": (("bob", "3", "2024-02-01", 90, "SPRING10"), ("early", "spring", 90, 10, 30)),
    "passed on": (("cyd", "4", "2024-03-09", 90, "SPRING10"), ("not_sent", "spring", 90, 10, 30)),
    "before anybody was": (("cyd", "5", "2024-02-09", 90, "SPRING10"), ("not_sent", None, 90, 10, 30)),
    "of the control group": (("dan", "6", "2024-03-09", 90, "SPRING10"), ("control", "spring", 90, 10, 30)),
    "of a code nobody sent": (("ann", "7", "2024-03-10", 80, "LUCKY"), ("unknown", None, 80, np.nan, np.nan)),
}


def test_each_redemption_says_what_it_is() -> None:
    arms = pd.DataFrame({"campaign_id": "spring", "customer_id": ["ann", "bob", "dan"],
                         "arm": ["A", "A", "control"], "assigned_ts": "2024-03-01 09:00"})  # fmt: skip
    orders = [order for order, _ in STATUSES.values()]
    several = shop(
        [*orders, ("eve", "9", "2024-03-03", 50, None)],
        campaigns=campaign(), email_events=mails("ann", "bob"), assignments=arms,
    )  # fmt: skip
    found = kpis.redemptions(several, **SINCE, policy=KEEP).set_index("order_id")
    assert set(found.index) == {order[1] for order in orders}
    for name, (order, (status, campaign_id, *money)) in STATUSES.items():
        row = found.loc[order[1]]
        assert (row["status"], row["campaign_id"] if pd.notna(row["campaign_id"]) else None) == (status, campaign_id), (
            name
        )
        np.testing.assert_allclose(row[["revenue", "discount", "margin"]].astype(float), money, err_msg=name)
    account = kpis.code_account(several, **SINCE, policy=KEEP)
    [row] = account.to_dict("records")
    counts = ("campaign_id", "sent", "redeemed", "orders", "early", "control", "not_sent", "given_back")
    assert tuple(row[name] for name in counts) == ("spring", 2, 1, 5, 1, 1, 1, 0)
    assert (row["rate"], row["revenue"], row["margin"]) == (0.5, 405, 135)
    assert 0 < row["rate_low"] < 0.5 < row["rate_high"] < 1


def test_an_order_with_two_codes_is_counted_for_both_and_its_money_is_that_of_both_discounts() -> None:
    both = pd.concat([campaign("A10"), campaign("B20", campaign_id="other", discount_percent=20)])
    several = shop([("ann", "1", "2024-03-05", 72, "A10, b20")], campaigns=both, email_events=mails("ann"))
    found = kpis.redemptions(several, **SINCE, policy=KEEP)
    assert found[["code", "status", "codes"]].to_numpy().tolist() == [["A10", "sent", 2], ["B20", "not_sent", 2]]
    np.testing.assert_allclose(found[["revenue", "discount", "margin"]], [[72, 28, 12]] * 2)


@pytest.mark.parametrize(("back", "revenue", "whole"), [(90, 0, True), (45, 45, False)])
def test_an_order_that_was_given_back_has_no_revenue(back: int, revenue: int, whole: bool) -> None:  # noqa: FBT001 - a case
    rows = [("ann", "1", "2024-03-05", 90, "SPRING10"), ("ann", "1", "2024-03-15", -back, "SPRING10"),
            ("bob", "2", "2024-03-05", 10, None)]  # fmt: skip
    found = kpis.redemptions(shop(rows, campaigns=campaign(), email_events=mails("ann")), **SINCE)
    assert found[["revenue", "given_back"]].to_numpy().tolist() == [[revenue, whole]]


def test_the_latest_message_before_the_order_gets_the_redemption() -> None:
    twice = pd.concat([campaign(), campaign(campaign_id="again", sent_ts="2024-05-01")])
    sent = pd.concat([mails("ann"), mails("ann", day="2024-05-01", campaign_id="again")])
    rows = [("ann", "1", "2024-04-30", 90, "SPRING10"), ("ann", "2", "2024-05-02", 90, "SPRING10")]
    found = kpis.redemptions(shop(rows, campaigns=twice, email_events=sent), **SINCE)
    assert found["campaign_id"].tolist() == ["spring", "again"]
    assert found["sent_ts"].astype(str).tolist() == ["2024-03-01 10:00:00", "2024-05-01 00:00:00"]


def test_without_a_column_the_message_says_which_one_would_help() -> None:
    plain = open_shop(pd.DataFrame({"customer_id": ["a"], "order_ts": ["2024-01-01"], "amount": [1]}))
    with pytest.raises(SchemaError, match=r"orders: no column coupon_code .*columns=\{'coupon_code': '...'\}"):
        kpis.redemptions(plain)
    facts = customers.profile(plain, columns=["redemptions", "last_redemption"])
    assert facts["redemptions"].isna().all()
    assert facts.attrs["missing"]["redemptions"] == "the shop's orders have no column coupon_code"
    with pytest.raises(CrmlibError, match="Did you mean 'sequence'"):
        kpis.code_account(shop([("a", "1", "2024-03-05", 1, "X")]), by="sequenze")  # type: ignore[arg-type]


def test_a_column_without_a_code_gives_nothing_and_codes_without_campaigns_are_unknown() -> None:
    empty = shop([("ann", "1", "2024-03-05", 90, ""), ("ann", "2", "2024-03-06", 90, None)])
    assert len(kpis.redemptions(empty, **SINCE)) == 0
    assert len(kpis.code_account(empty, **SINCE)) == 0
    alone = shop([("ann", "1", "2024-03-05", 90, "X")])
    assert kpis.redemptions(alone, **SINCE)["status"].tolist() == ["unknown"]
    assert kpis.code_account(alone, **SINCE, by="code")[["code", "sent", "orders"]].to_numpy().tolist() == [["X", 0, 1]]


def test_the_order_and_its_lines_stay_what_they_are() -> None:
    rows = [("ann", "1", "2024-03-05", 90, "X"), ("ann", "2", "2024-03-06", 45, None)]
    coded = shop(rows)
    plain = open_shop(coded.orders.to_pandas(), as_of="2024-06-30")
    pd.testing.assert_frame_equal(coded.orders.to_pandas(), plain.orders.to_pandas())
    assert set(coded.tables) == {"orders", "order_codes"}
    assert len(shop([*rows, ("ann", "3", "2024-03-09", 45, "X")]).on("2024-03-06").order_codes) == 1
    facts = customers.profile(coded, columns=["redemptions", "last_redemption"])
    assert facts.astype(str).to_numpy().tolist() == [["1", "2024-03-05"]]


def test_a_sequence_is_accounted_for_by_its_queue() -> None:
    silent = shop([(name, name, "2024-01-10", 50, None) for name in ("ann", "bob", "cyd")],
                  consents=pd.DataFrame({"customer_id": ["ann", "bob", "cyd"], "channel": "email",
                                         "purpose": "soft_spam", "given_ts": "2024-01-01", "withdrawn_ts": None}),
                  customers=pd.DataFrame({"customer_id": ["ann", "bob", "cyd"],
                                          "email": ["a@x.example", "b@x.example", "c@x.example"]}))  # fmt: skip
    queue = actions.queue(silent.on("2024-03-01"), [actions.sequence("win_back")], start="2024-03-02", days=28)
    sent = queue.entries[queue.entries["customer_id"].isin(["ann", "bob"])]
    code = sent["code"].iloc[0]
    later = shop([*[(name, name, "2024-01-10", 50, None) for name in ("ann", "bob", "cyd")],
                  ("ann", "5", "2024-04-01", 90, code.lower()), ("cyd", "6", "2024-04-02", 90, code)])  # fmt: skip
    account = kpis.code_account(later, **SINCE, by="sequence", sent=sent)
    assert account[["sequence", "sent", "redeemed", "orders"]].to_numpy().tolist() == [["win_back", 2, 1, 1]]
    by_code = kpis.code_account(later, **SINCE, by="code", sent=sent)
    assert by_code[["sent", "redeemed", "not_sent"]].to_numpy().tolist() == [[2, 1, 1]]
    by_message = kpis.code_account(later, **SINCE, by="message", sent=sent)
    assert by_message["orders"].sum() == 1


def test_the_control_group_says_what_the_code_added() -> None:
    people = [f"c{number}" for number in range(40)]
    arms = pd.DataFrame({"campaign_id": "spring", "customer_id": people, "assigned_ts": "2024-03-01",
                         "arm": ["A"] * 20 + ["control"] * 20})  # fmt: skip
    bought = [(name, name, "2024-03-05", 90, "SPRING10") for name in people[:10]]
    without = [(name, name, "2024-03-05", 100, None) for name in people[20:25]]
    late = [("c30", "late", "2024-05-05", 500, None)]  # beyond the window of 21 days
    several = shop([*bought, *without, *late], campaigns=campaign(), email_events=mails(*people[:20]), assignments=arms)
    [row] = kpis.code_account(several, **SINCE, policy=KEEP).to_dict("records")
    assert (row["contacted"], row["controls"]) == (20, 20)
    # ten pay 90 of 100, of which 40 less the discount stay, less half a unit for each contact; five pay 100, 40 stay
    assert row["contacted_margin"] == pytest.approx(10 * 30 / 20 - 0.5)
    assert row["control_margin"] == pytest.approx(5 * 40 / 20)
    assert row["extra_margin"] == pytest.approx(20 * (14.5 - 10))
    assert row["extra_low"] < row["extra_margin"] < row["extra_high"]
    open_window = kpis.code_account(several, "2024-03-10", "2023-12-31", policy=KEEP)
    assert open_window["extra_margin"].isna().all()
