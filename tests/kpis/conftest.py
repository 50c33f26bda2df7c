"""A shop small enough to count by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
import pytest

from crmlib.sources import open_shop

if TYPE_CHECKING:
    from crmlib.shop import Shop

#: Two periods of 30 days: 2024-05-02 to 2024-05-31 (before) and 2024-06-01 to 2024-06-30 (now).
AS_OF, PREVIOUS = "2024-06-30", "2024-05-31"


def small_tables() -> dict[str, pd.DataFrame]:
    """Return the tables of a shop whose figures the tests work out in their comments."""
    orders = pd.DataFrame(
        [
            ("ann", "o1", "2024-05-10 09:00", 10.0),
            ("ann", "o2", "2024-06-10 09:00", 25.0),
            ("ann", "o3", "2024-06-30 23:59:59", 5.0),  # the last instant of the period
            ("bob", "o4", "2024-05-31 23:59:59", 40.0),  # the last instant of the one before
            ("cat", "o5", "2024-06-01 00:00", 8.0),  # the first instant of the period
            ("dan", "o6", "2023-06-01 12:00", 7.0),
            ("dan", "o7", "2024-06-20 12:00", 7.5),
            ("eve", "o8", "2024-05-20 12:00", 30.0),
            ("eve", "o9", "2024-06-03 12:00", 20.0),
            ("fay", "o10", "2023-01-01 12:00", 99.0),
        ],
        columns=["customer_id", "order_id", "order_ts", "amount"],
    )
    orders["order_ts"] = pd.to_datetime(orders["order_ts"], format="ISO8601")
    customers = pd.DataFrame(
        {
            "customer_id": ["ann", "bob", "cat", "dan", "eve", "fay", "gus"],
            "registered_ts": pd.to_datetime(
                ["2024-05-01", "2024-05-31 23:59", "2024-06-01", "2023-06-01", "2024-05-20", "2023-01-01",
                 "2024-06-30 23:00"], format="ISO8601",
            ),
            "acquisition_channel": ["search", "social", "search", "search", "social", None, "social"],
        }
    )  # fmt: skip
    spend = pd.DataFrame(
        [("2024-05-01", "search", 31.0), ("2024-06-01", "search", 60.0), ("2024-06-01", "social", 30.0)],
        columns=["month", "channel", "amount"],
    ).astype({"month": "datetime64[us]"})
    events = pd.DataFrame(
        [
            ("m1", "ann", "sent", "2024-06-08 10:00"),
            ("m1", "ann", "open", "2024-06-08 11:00"),
            ("m1", "ann", "open", "2024-06-09 11:00"),  # a second time: counts once
            ("m1", "ann", "click", "2024-06-09 11:01"),  # orders the next day
            ("m1", "bob", "sent", "2024-06-08 10:00"),
            ("m1", "bob", "click", "2024-06-14 23:59"),  # the seventh day, and nobody saw an opening
            ("m1", "cat", "sent", "2024-06-08 10:00"),
            ("m1", "cat", "open", "2024-06-15 00:00"),  # the eighth day
            ("m1", "cat", "unsubscribe", "2024-06-08 12:00"),
            ("m1", "gus", "sent", "2024-06-08 10:00"),
            ("m1", "gus", "bounce", "2024-06-08 10:01"),
            ("m2", "ann", "sent", "2024-06-25 10:00"),  # its seven days are not over
            ("m2", "ann", "open", "2024-06-25 11:00"),
        ],
        columns=["campaign_id", "customer_id", "event", "event_ts"],
    ).astype({"event_ts": "datetime64[us]"})
    consents = pd.DataFrame(
        [
            ("ann", "email", "marketing", "2024-05-01", None),
            ("bob", "email", "marketing", "2024-05-01", "2024-06-15"),  # left in the period ...
            ("bob", "email", "marketing", "2024-06-20", None),  # ... and came back in it
            ("cat", "email", "marketing", "2024-05-01", "2024-06-08"),
            ("dan", "email", "marketing", "2024-06-08", None),
            ("eve", "email", "marketing", "2024-06-02", "2024-06-03"),
            ("eve", "sms", "marketing", "2024-05-01", None),
            ("fay", "email", "service", "2024-05-01", None),
        ],
        columns=["customer_id", "channel", "purpose", "given_ts", "withdrawn_ts"],
    ).astype({"given_ts": "datetime64[us]", "withdrawn_ts": "datetime64[us]"})
    lines = orders.assign(quantity=[1, 2, 1, 3, 1, 1, 4, 2, 1, 9], product_id="p1")
    return {"orders": orders, "order_lines": lines, "customers": customers, "marketing_spend": spend,
            "email_events": events, "consents": consents}  # fmt: skip


@pytest.fixture(scope="session")
def small() -> Shop:
    return open_shop(small_tables(), as_of=AS_OF)
