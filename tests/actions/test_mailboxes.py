"""Who objected under one record of a mailbox gets no mail under another."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
import pytest

from crmlib import actions, churn, open_shop

if TYPE_CHECKING:
    from crmlib.shop import Shop


def written(emails: pd.Series) -> pd.Series:
    return emails.str.strip().str.lower()


@pytest.mark.slow
def test_an_objection_holds_for_every_account_of_the_mailbox(shipped: Shop) -> None:
    shop = shipped
    customers, contacts = shop.customers.to_pandas(), shop.contacts_raw.to_pandas()
    consents = shop.consents.to_pandas()
    said = consents[(consents["channel"] == "email") & (consents["purpose"] == "marketing")]
    gone = said[said["withdrawn_ts"].notna()]
    objected = set(written(customers.loc[customers["customer_id"].isin(gone["customer_id"]), "email"]))
    objected |= set(written(contacts.loc[contacts["contact_id"].isin(gone["contact_id"]), "email"].dropna()))
    out = set(customers.loc[written(customers["email"]).isin(objected), "customer_id"])
    own = set(gone["customer_id"].dropna())
    assert out > own  # some objected as a contact only, or else this shows nothing
    assert not churn.may_contact(shop).reindex(list(out), fill_value=False)[["email", "soft_spam"]].to_numpy().any()
    month = actions.queue(shop, ["win_back", "repurchase_reminder"], start="2026-07-02", days=28, late_days=28)
    mailed = month.entries.loc[month.entries["channel"] == "email", "customer_id"]
    assert not set(mailed) & out
    assert (month.held.loc[month.held["customer_id"].isin(out - own), "why"] == "withdrawn").any()


@pytest.mark.slow
def test_an_objection_that_is_still_to_come_does_not_count_yet() -> None:
    day = pd.Timestamp("2024-01-01")
    tables = {
        "orders": pd.DataFrame({"customer_id": ["ann"], "order_ts": [day], "amount": [10]}),
        "customers": pd.DataFrame({"customer_id": ["ann", "ann2"], "email": ["ann@x.example", " ANN@x.example"]}),
        "consents": pd.DataFrame(
            {
                "customer_id": ["ann", "ann2"],
                "channel": "email",
                "purpose": "marketing",
                "given_ts": day,
                "withdrawn_ts": [pd.NaT, pd.Timestamp("2024-03-01 12:00")],
            }
        ),
    }
    assert churn.may_contact(open_shop(tables, as_of="2024-02-29"))["email"].to_dict() == {"ann": True, "ann2": True}
    assert churn.may_contact(open_shop(tables, as_of="2024-03-01"))["email"].to_dict() == {"ann": False, "ann2": False}
