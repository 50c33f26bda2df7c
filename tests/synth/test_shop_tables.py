import re
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from crmlib.errors import CrmlibError
from crmlib.synth import MakeResult, make_shop
from crmlib.synth.dictionary import TABLES, TRUTH
from crmlib.synth.identity import DOMAINS
from crmlib.synth.write import checked

RESERVED = re.compile(r"(^|[.@])(example\.(com|net|org)|[a-z0-9]+\.(example|test|invalid))[,]?$")
KEYS_OF_THE_TRUTH = {"customer_id", "contact_id", "campaign_id", "survey_id", "order_ts", "amount"}


def frame(shop: MakeResult, name: str) -> pd.DataFrame:
    table: pd.DataFrame = shop.tables[name].to_pandas()
    return table


def cents(column: pd.Series) -> Any:
    return column.map(lambda value: int(value.scaleb(2))).to_numpy()


@pytest.mark.parametrize("table", [*TABLES, *TRUTH], ids=lambda table: table.name)
def test_every_table_is_as_documented(shop: MakeResult, table: Any) -> None:
    made = shop.tables[table.name]
    assert table.schema == made.schema
    assert made.num_rows > 0
    never_empty = [column.name for column in table.columns if not column.empty]
    assert dict.fromkeys(never_empty, 0) == {name: made[name].null_count for name in never_empty}
    if table.name != "truth/future_orders":  # two orders of one second are possible
        assert made.num_rows == made.select(table.key).group_by(list(table.key)).aggregate([]).num_rows


def test_tables_that_are_not_as_documented_are_refused() -> None:
    with pytest.raises(ValueError, match="not as documented"):
        checked("logins", {"session_id": ["a"]})


def test_no_truth_in_the_ordinary_tables() -> None:
    ordinary = {column.name for table in TABLES for column in table.columns}
    truth = {column.name for table in TRUTH for column in table.columns}
    assert ordinary & truth == KEYS_OF_THE_TRUTH


@pytest.mark.slow
def test_orders_are_the_sums_of_their_lines(shop: MakeResult) -> None:
    lines = frame(shop, "order_lines")
    lines["cents"] = cents(lines["amount"])
    assert (lines["cents"].to_numpy() == lines["quantity"].to_numpy() * cents(lines["unit_price"])).all()
    assert (lines["cents"] > 0).all()
    orders = frame(shop, "orders").set_index("order_id")
    sums = lines.groupby("order_id")["cents"].sum().reindex(orders.index)
    assert (cents(orders["amount"]) == sums.to_numpy()).all()
    lines = lines.merge(orders[["customer_id", "order_ts"]], left_on="order_id", right_index=True)
    assert (lines["customer_id_x"] == lines["customer_id_y"]).all()
    assert (lines["order_ts_x"] == lines["order_ts_y"]).all()


@pytest.mark.slow
def test_nobody_pays_more_than_the_list_price(shop: MakeResult) -> None:
    lines = frame(shop, "order_lines").merge(frame(shop, "products"), on="product_id")
    paid = cents(lines["unit_price"]) / cents(lines["price"])
    assert paid.max() <= 1.0
    assert np.median(paid) > 0.85


REFERENCES = [
    ("orders", "customer_id", "customers"),
    ("order_lines", "order_id", "orders"),
    ("order_lines", "product_id", "products"),
    ("returns", "order_id", "orders"),
    ("returns", "product_id", "products"),
    ("tickets", "order_id", "orders"),
    ("surveys", "order_id", "orders"),
    ("surveys", "ticket_id", "tickets"),
    ("sessions", "customer_id", "customers"),
    ("session_zones", "session_id", "sessions"),
    ("logins", "session_id", "sessions"),
    ("logins", "customer_id", "customers"),
    ("consents", "customer_id", "customers"),
    ("consents", "contact_id", "contacts_raw"),
    ("assignments", "campaign_id", "campaigns"),
    ("assignments", "customer_id", "customers"),
    ("email_events", "campaign_id", "campaigns"),
    ("email_events", "customer_id", "customers"),
    ("truth/customers", "customer_id", "customers"),
    ("truth/contacts", "contact_id", "contacts_raw"),
    ("truth/contacts", "customer_id", "customers"),
    ("truth/surveys", "survey_id", "surveys"),
    ("truth/treatment_effects", "customer_id", "customers"),
]


@pytest.mark.slow
@pytest.mark.parametrize(("table", "key", "home"), REFERENCES)
def test_references_lead_somewhere(shop: MakeResult, table: str, key: str, home: str) -> None:
    used = pc.unique(shop.tables[table][key].drop_null())
    assert len(used) > 0
    assert pc.all(pc.is_in(used, shop.tables[home][key].combine_chunks())).as_py()


@pytest.mark.parametrize("table", ["returns", "tickets", "surveys"])
def test_what_follows_an_order_belongs_to_its_customer_and_comes_after_it(shop: MakeResult, table: str) -> None:
    follows = frame(shop, table).merge(frame(shop, "orders"), on="order_id", suffixes=("", "_order"))
    assert (follows["customer_id"] == follows["customer_id_order"]).all()
    time = {"returns": "return_ts", "tickets": "opened_ts", "surveys": "sent_ts"}[table]
    assert (follows[time] > follows["order_ts"]).all()


def test_surveys_of_a_ticket_belong_to_it(shop: MakeResult) -> None:
    asked = frame(shop, "surveys").dropna(subset="ticket_id").merge(frame(shop, "tickets"), on="ticket_id")
    assert (asked["customer_id_x"] == asked["customer_id_y"]).all()
    assert (asked["order_id_x"] == asked["order_id_y"]).all()
    assert (asked["sent_ts"] > asked["closed_ts"]).all()


def test_returns_give_back_what_the_line_cost(shop: MakeResult) -> None:
    back = frame(shop, "returns").merge(frame(shop, "order_lines"), on=["order_id", "line_no"], suffixes=("", "_line"))
    assert len(back) == shop.rows["returns"]
    assert (back["amount"] == back["amount_line"]).all()
    assert (back["product_id"] == back["product_id_line"]).all()


def test_nothing_is_known_after_the_end(shop: MakeResult) -> None:
    first, last = datetime(2025, 1, 1), datetime(2026, 1, 1)  # noqa: DTZ001 - naive, on the shop's wall clock
    for table in TABLES:
        for column in table.columns:
            if column.kind == "time" and column.name != "promised_ts":
                low, high = pc.min_max(shop.tables[table.name][column.name]).values()
                assert (table.name, column.name, first <= low.as_py() <= high.as_py() < last) == (
                    table.name, column.name, True,
                )  # fmt: skip
    assert pc.min(shop.tables["truth/future_orders"]["order_ts"]).as_py() >= last


def test_no_time_falls_into_the_hour_that_clocks_skip(shop: MakeResult) -> None:
    for name, column in (("orders", "order_ts"), ("logins", "login_ts"), ("contacts_raw", "received_ts")):
        assert 2 not in set(pc.unique(pc.hour(shop.tables[name][column])).to_pylist())


@pytest.mark.slow
def test_customers_come_before_what_they_do(shop: MakeResult) -> None:
    customers = frame(shop, "customers")[["customer_id", "registered_ts"]]
    for table, time in (("orders", "order_ts"), ("logins", "login_ts"), ("email_events", "event_ts")):
        done = frame(shop, table)[["customer_id", time]].merge(customers, on="customer_id")
        assert (done[time] >= done["registered_ts"]).all()


@pytest.mark.slow
def test_nobody_logs_in_or_orders_once_gone(shop: MakeResult) -> None:
    truth = frame(shop, "truth/customers").set_index("customer_id")["alive_until"].dropna()
    for table, time in (("orders", "order_ts"), ("logins", "login_ts")):
        last = frame(shop, table).groupby("customer_id")[time].max()
        both = pd.concat([last, truth], axis=1, join="inner")
        assert (both[time] <= both["alive_until"]).all()


def test_all_mail_addresses_are_reserved(shop: MakeResult) -> None:
    for name in ("customers", "contacts_raw"):
        addresses = [text.strip().lower() for text in shop.tables[name]["email"].drop_null().to_pylist()]
        unsafe = [text for text in addresses if "@" in text and not text.endswith("@") and not RESERVED.search(text)]
        assert unsafe == []
    assert all(RESERVED.search(f"@{domain}") for domain in DOMAINS)
    mailboxes = shop.tables["contacts_raw"]["mailbox"].drop_null().to_pylist()
    assert all(RESERVED.search(text) for text in mailboxes)


def test_no_phone_number_can_ring(shop: MakeResult) -> None:
    drama = re.compile(r"^(44|0)?(7700900|1[12][1345678]\d?496|1134960|1\d14960|2079460|1914980|2920180|1632960)\d*$")
    for name in ("customers", "contacts_raw"):
        for text in shop.tables[name]["phone"].drop_null().to_pylist():
            digits = re.sub(r"\D", "", text.removesuffix(".0")).removeprefix("00")
            italian = digits.removeprefix("39") if digits.startswith("3930") else digits
            assert italian.startswith("30") or drama.match(digits), text


def test_customers_have_their_own_address_and_number(shop: MakeResult) -> None:
    addresses = pd.Series(shop.tables["customers"]["email"].to_pylist()).str.strip().str.lower()
    assert addresses.is_unique


def test_consent_is_withdrawn_after_it_was_given(shop: MakeResult) -> None:
    consents = frame(shop, "consents")
    gone = consents.dropna(subset="withdrawn_ts")
    assert len(gone) > 100
    assert (gone["withdrawn_ts"] > gone["given_ts"]).all()
    assert (consents["customer_id"].isna() != consents["contact_id"].isna()).all()


@pytest.mark.slow
def test_mails_go_only_to_who_may_be_mailed(shop: MakeResult) -> None:
    mails = frame(shop, "email_events").query("event == 'sent'").merge(frame(shop, "campaigns"), on="campaign_id")
    consents = frame(shop, "consents").query("channel == 'email' and purpose in ('marketing', 'soft_spam')")
    both = mails.merge(consents.dropna(subset="customer_id"), on="customer_id", suffixes=("", "_given"))
    at_time = (both["given_ts"] <= both["event_ts"]) & ~(both["withdrawn_ts"] <= both["event_ts"])
    fits = (both["purpose_given"] == "marketing") | (both["purpose"] == "soft_spam")
    assert set(both.loc[at_time & fits, "event_id"]) == set(mails["event_id"])


def test_unsubscribing_withdraws(shop: MakeResult) -> None:
    left = frame(shop, "email_events").query("event == 'unsubscribe'").groupby("customer_id")["event_ts"].min()
    consents = frame(shop, "consents").query("channel == 'email' and purpose == 'marketing'")
    both = consents.merge(left, on="customer_id")
    assert len(both) > 100
    assert (both["withdrawn_ts"] <= both["event_ts"]).all()


def test_controls_get_no_mail(shop: MakeResult) -> None:
    control = frame(shop, "assignments").query("arm == 'control'")
    mails = frame(shop, "email_events")
    assert len(control.merge(mails, on=["campaign_id", "customer_id"])) == 0


def test_codes_are_redeemed_by_who_got_them(shop: MakeResult) -> None:
    orders = frame(shop, "orders").query("coupon_code == 'RIATTVA10'")
    sent = frame(shop, "email_events").query("event == 'sent'").merge(frame(shop, "campaigns"), on="campaign_id")
    sent = sent.query("coupon_code == 'RIATTVA10'")
    both = orders.merge(sent, on="customer_id")
    in_window = (both["order_ts"] > both["event_ts"].dt.normalize()) & (
        both["order_ts"] < both["sent_ts"].dt.normalize() + pd.to_timedelta(both["window_days"], unit="D")
    )
    assert len(orders) > 20
    assert set(orders["order_id"]) == set(both.loc[in_window, "order_id"])


def test_scores_are_on_their_scale(shop: MakeResult) -> None:
    surveys = frame(shop, "surveys").dropna(subset="score")
    spread = surveys.groupby("scale")["score"].agg(["min", "max"])
    assert {scale: (row["min"], row["max"]) for scale, row in spread.iterrows()} == {
        "0-10": (0, 10),
        "1-10": (1, 10),
        "1-5": (1, 5),
    }
    assert (frame(shop, "surveys")["answered_ts"].notna() == frame(shop, "surveys")["score"].notna()).all()


def test_answers_are_the_true_ones(shop: MakeResult) -> None:
    both = frame(shop, "surveys").merge(frame(shop, "truth/surveys"), on="survey_id").dropna(subset="score")
    assert (both["score"] == both["true_score"]).all()


def test_future_orders_add_up(shop: MakeResult) -> None:
    truth = frame(shop, "truth/customers").set_index("customer_id")
    future = frame(shop, "truth/future_orders")
    counts = future.groupby("customer_id").size().reindex(truth.index, fill_value=0)
    assert (counts == truth["future_orders"]).all()
    assert cents(future["amount"]).sum() == cents(truth["future_spend"]).sum()


def test_arrow_money_is_exact(shop: MakeResult) -> None:
    assert shop.tables["orders"].schema.field("amount").type == pa.decimal128(18, 2)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"customers": 0}, "needs a customer"),
        ({"until": "2024-06-01"}, "needs a customer, a day"),
        ({"tables": ["order"]}, "no tables named order; there are customers"),
    ],
)
def test_what_cannot_be_made_is_said(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(CrmlibError, match=message):
        make_shop(**arguments)


def test_the_smallest_shop() -> None:
    tiny = make_shop(customers=1, seed=1, until="2024-07-01", holdout=0)
    assert tiny.rows["customers"] == 1
    assert repr(tiny).startswith("<shop of 1 customers")
