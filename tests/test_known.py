"""Every table of a shop ends at its day: what came later is not there, or not yet known."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
import pytest

import crmlib
from crmlib.errors import SchemaError, SourceError

if TYPE_CHECKING:
    from pathlib import Path

    from crmlib.shop import Shop

ORDERS = pd.DataFrame({"customer_id": ["a", "b"], "order_ts": ["2024-01-01", "2024-03-01"], "amount": [1.0, 2.0]})


@pytest.fixture(scope="module")
def early() -> Shop:
    return crmlib.open_shop("shop", as_of="2025-06-30")


@pytest.fixture(scope="module")
def late(shipped: Shop) -> Shop:
    return shipped


@pytest.mark.parametrize(
    ("table", "time"),
    [
        *(("logins", "login_ts"), ("sessions", "start_ts"), ("email_events", "event_ts"), ("surveys", "sent_ts")),
        *(("tickets", "opened_ts"), ("consents", "given_ts"), ("customers", "registered_ts"), ("returns", "return_ts")),
        *(("assignments", "assigned_ts"), ("contacts_raw", "received_ts"), ("campaigns", "sent_ts")),
        *(("marketing_spend", "month"), ("order_lines", "order_ts")),
    ],
)
def test_rows_after_the_day_are_not_there_and_no_other_row_is_missing(
    early: Shop, late: Shop, table: str, time: str
) -> None:
    now, then = getattr(late, table).to_pandas(), getattr(early, table).to_pandas()
    assert len(then) == (now[time] < "2025-07-01").sum()
    assert then[time].max() < pd.Timestamp("2025-07-01")


@pytest.mark.slow
def test_zones_go_with_their_visits(early: Shop) -> None:
    visits = set(early.sessions.to_pandas()["session_id"])
    zones = set(early.session_zones.to_pandas()["session_id"])
    assert zones <= visits
    assert len(zones) > 0.9 * len(visits)


def test_an_answer_is_empty_until_it_is_given(early: Shop, late: Shop) -> None:
    then = early.surveys.to_pandas().set_index("survey_id")
    now = late.surveys.to_pandas().set_index("survey_id").loc[then.index]
    later = now["answered_ts"] >= "2025-07-01"
    assert later.any()
    assert then.loc[later, ["answered_ts", "score", "comment"]].isna().all(axis=None)
    assert then.loc[~later, "score"].equals(now.loc[~later, "score"])


def test_withdrawals_and_solutions_come_when_they_come(early: Shop) -> None:
    end = pd.Timestamp("2025-07-01")
    assert early.consents.to_pandas()["withdrawn_ts"].dropna().max() < end
    tickets = early.tickets.to_pandas()
    assert tickets["closed_ts"].dropna().max() < end
    answered = tickets["opened_ts"] + pd.to_timedelta(tickets["first_response_hours"].astype(float), "h")
    assert answered.dropna().max() < end


@pytest.mark.slow
def test_a_shop_on_a_day_is_the_shop_opened_on_it(early: Shop, late: Shop) -> None:
    then = late.on("2025-06-30")
    assert then.tables == early.tables
    for name in early.tables:
        pd.testing.assert_frame_equal(getattr(then, name).to_pandas(), getattr(early, name).to_pandas())


def test_of_later_days_nothing_is_known(early: Shop) -> None:
    with pytest.raises(SourceError, match="known up to 2025-06-30, not on 2025-07-01"):
        early.on("2025-07-01")


@pytest.mark.slow
def test_text_times_of_files_are_read_and_cut(tmp_path: Path) -> None:
    ORDERS.to_csv(tmp_path / "orders.csv", index=False)
    logins = pd.DataFrame({"customer_id": ["a", "a", "b"], "login_ts": ["2024-01-31 23:59:59", "2024-02-01", ""]})
    logins.to_csv(tmp_path / "logins.csv", index=False)
    shop = crmlib.open_shop(tmp_path, as_of="2024-01-31")
    found = shop.logins.to_pandas()
    assert found["login_ts"].dropna().tolist() == [pd.Timestamp("2024-01-31 23:59:59")]
    assert len(found) == 2  # a login without a time is kept


@pytest.mark.slow
def test_a_text_that_is_no_time_is_named(tmp_path: Path) -> None:
    ORDERS.to_csv(tmp_path / "orders.csv", index=False)
    logins = pd.DataFrame({"customer_id": ["a", "b"], "login_ts": ["2024-01-31", "yesterday"]})
    logins.to_csv(tmp_path / "logins.csv", index=False)
    with pytest.raises(SchemaError, match=r"logins\.csv, row 3, column 'login_ts': 'yesterday' is not a time"):
        crmlib.open_shop(tmp_path)


@pytest.mark.slow
def test_plans_and_tables_without_times_pass_whole() -> None:
    coupons = pd.DataFrame({"product_id": ["x"], "valid_until": pd.to_datetime(["2030-01-01"]), "note": [1]})
    campaigns = pd.DataFrame({"id": [1, 2], "start_date": pd.to_datetime(["2024-01-01", "2024-09-01"]),
                              "end_date": pd.to_datetime(["2024-12-31", "2024-12-31"])})  # fmt: skip
    shop = crmlib.open_shop(
        {"orders": ORDERS, "products": coupons[["product_id", "note"]], "campaigns": campaigns}, as_of="2024-03-31"
    )
    assert len(shop.products) == 1
    assert shop.campaigns.to_pandas()["end_date"].tolist() == [pd.Timestamp("2024-12-31")]
