"""A whole shop on Spark, with customers, consents and surveys: each function that takes its tables answers as here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest

from crmlib import churn, kpis, offers, open_shop, personas
from crmlib import policy as policies
from crmlib.actions import queue
from crmlib.actions.facts import facts
from crmlib.actions.recipients import recipients
from crmlib.actions.targets import observable
from crmlib.customers.consent import findings, may_contact, permissions
from crmlib.journey import customer_map
from crmlib.surveys import asked, experience, known_of_asked

if TYPE_CHECKING:
    from collections.abc import Callable

    from pyspark.sql import SparkSession

    from crmlib.engine.spark import Spark
    from crmlib.shop import Shop

pytestmark = [pytest.mark.needs("java", "python:pyspark"), pytest.mark.full]

WHO = ["ann", "bob", "cid", "dan", "eve"]
RULES = {"orders": {"timezone": "Europe/Rome"}, "contact": {"most": 100}, "churn": {"active_days": 400}}


def ts(*times: str | None) -> pd.Series:
    return pd.Series([pd.Timestamp(f"2024-{time}") if time else pd.NaT for time in times])


def tables() -> dict[str, pd.DataFrame]:
    """Make a little shop, of which each table holds something that is easily lost."""
    orders = pd.DataFrame(
        {
            "order_id": [f"o{number}" for number in range(9)],
            "customer_id": ["ann", "ann", "ann", "bob", "bob", "cid", "cid", "dan", "ann"],
            "order_ts": ts("01-05", "02-01", "03-15", "01-20", "05-02", "04-01", "06-01", "01-02", "06-20"),
            "amount": [10.0, 20.5, 30.0, 12.0, 8.0, 99.9, 5.0, 7.0, -5.0],
        }
    )
    lines = orders[orders["amount"] > 0].assign(
        product_id=["1", "2", "1", "3", "1", "2", "3", "3"], quantity=[1, 2, 1, 1, 3, 1, 1, 1]
    )
    return {
        "orders": orders,
        "order_lines": lines,
        "products": pd.DataFrame(
            {"product_id": ["1", "2", "3"], "category": ["tea", 'a "best" cup', "l'olio"], "price": [10.0, 30.0, 12.0]}
        ),
        "customers": pd.DataFrame(
            {
                "customer_id": WHO,
                "registered_ts": ts("01-01", "01-01", "02-01", "01-01", "06-25"),
                "email": ["ann@x.example", "Bob@x.example", "cid@x.example", "ann@x.example", None],
                "phone": ["+39 300 123 4567", None, None, None, "+39 300 123 4568"],
                "first_name": ["Anna", "Bob", "Cìd", "Dan", "Eve"],
                "language": ["it", "en", None, "it", "it"],
                "country": "IT",
                "preferred_channel": ["sms", "email", None, "email", "sms"],
                "Favourite colour": ["red", "blue", None, "", "green"],
            }
        ),
        "consents": pd.DataFrame(
            {
                "customer_id": [*WHO, *WHO, "dan", "zoe"],
                "channel": ["email"] * 5 + ["sms"] * 2 + ["email"] * 5,
                "purpose": ["marketing"] * 7 + ["service"] * 3 + ["marketing"] * 2,
                "given_ts": ts(*["01-03"] * 5, *["01-03"] * 2, *["01-03"] * 3, "02-01", None),
                "withdrawn_ts": ts(None, "05-05", None, "07-05", None, None, None, None, "04-04", None, None, "05-01"),
            }
        ),
        "logins": pd.DataFrame(
            {
                "session_id": ["s1", "s2", "s3", "s4"],
                "customer_id": ["ann", "ann", "bob", "eve"],
                "login_ts": ts("03-01 08:00", "06-01", "02-02", "06-26"),
            }
        ),
        "surveys": pd.DataFrame(
            {
                "survey_id": ["1", "2", "3", "4"],
                "customer_id": ["ann", "bob", "bob", "cid"],
                "order_id": ["o0", "o3", "o4", "o5"],
                "kind": ["nps", "nps", "nps", "csat"],
                "touchpoint": ["relationship", "relationship", "relationship", "delivery"],
                "scale": ["0-10", "0-10", "0-10", "1-5"],
                "sent_ts": ts("02-01", "02-01", "06-20", "06-05"),
                "answered_ts": ts("02-02", "02-02", "06-28", None),
                "score": [9.0, 6.0, 2.0, None],
                "comment": ["good", None, "bad; it's broken", None],
            }
        ),
        "tickets": pd.DataFrame(
            {
                "ticket_id": ["t1", "t2"],
                "customer_id": ["bob", "ann"],
                "order_id": ["o4", None],
                "opened_ts": ts("05-10", "06-10"),
                "closed_ts": ts("05-12", None),
                "topic": ["delivery", "other"],
                "first_response_hours": [3.0, None],
            }
        ),
        "campaigns": pd.DataFrame(
            {"campaign_id": ["k"], "name": ["spring"], "kind": ["promo"], "channel": ["email"], "sent_ts": ts("06-01")}
        ),
        "email_events": pd.DataFrame(
            {
                "campaign_id": "k",
                "customer_id": ["ann", "bob", "cid", "ann", "cid", "cid"],
                "event": ["sent", "sent", "sent", "open", "open", "unsubscribe"],
                "event_ts": ts("06-01 10:00", "06-01 10:00", "06-01 10:00", "06-01 11:00", "06-02", "06-02 00:01"),
            }
        ),
        "sessions": pd.DataFrame(
            {
                "session_id": ["s1", "s2", "v3"],
                "customer_id": ["ann", "ann", "cid"],
                "start_ts": ts("03-01 08:00", "06-01", "06-27"),
                "seconds": [60, 5, 300],
                "ordered": [False, False, False],
            }
        ),
        "session_zones": pd.DataFrame(
            {"session_id": ["s1", "s1", "v3"], "customer_id": ["ann", "ann", "cid"], "zone": ["tea", "blog", "tea"],
             "views": [3, 1, 2]}
        ),
    }  # fmt: skip


@pytest.fixture(scope="module")
def shops(spark: SparkSession, on_spark: Spark) -> tuple[Shop, Shop]:
    """Open the shop in both places."""
    here = open_shop(tables(), as_of="2024-06-30", policy=RULES)
    there = {name: spark.table(on_spark.lend(table).name) for name, table in tables().items()}
    return open_shop(there, as_of="2024-06-30", policy=RULES), here


def people(shop: Shop) -> Any:
    return shop.orders.engine.table(f"select customer_id from {shop.customers.name}")


def of_queue(shop: Shop) -> pd.DataFrame:
    """Put a queue's entries, and those held back, into one table."""
    names = ("win_back", "low_score_feedback", "abandoned_interest", "post_purchase")
    result = queue(shop, names, start="2024-07-01", days=14)
    return pd.concat([result.entries, result.held], ignore_index=True)


FUNCTIONS: dict[str, Callable[[Shop], Any]] = {
    "signals": churn.signals,
    "signals earlier": lambda shop: churn.signals(shop, as_of="2024-05-31"),
    "signals by windows of categories": lambda shop: churn.signals(
        shop, policy={**RULES, "churn": {"windows": "quantile", "window_by": "category", "fewest_gaps": 1}}
    ),
    "features": churn.features,
    "gaps": churn.gaps,
    "gaps of logins": lambda shop: churn.gaps(shop, of="logins"),
    "gaps by category": lambda shop: churn.gaps(shop, by="category"),
    "windows": churn.windows,
    "windows of logins": lambda shop: churn.windows(shop, of="logins"),
    "may_contact": may_contact,
    "findings": findings,
    "permissions": lambda shop: permissions(shop, people(shop), policies.load(shop.policy)),
    "baskets": offers.baskets,
    "personas": personas.features,
    "category_lines": personas.category_lines,
    "facts": lambda shop: facts(
        shop,
        people(shop),
        ["orders", "spend", "segment", "score", "days_since_login", "type", "stage", "Favourite colour", "language"],
        policies.load(shop.policy),
    ),
    "recipients": lambda shop: recipients(shop, shop.customers.to_pandas()["customer_id"]),
    "queue": of_queue,
    "observable": observable,
    "customer_map": customer_map,
    "known_of_asked": lambda shop: known_of_asked(shop, asked(shop)),
    "experience": lambda shop: experience(shop, asked(shop)),
    "database growth": lambda shop: pd.DataFrame(
        [
            kpis.database_growth(shop, policy={**RULES, "kpis": {"database": kind}}).row()
            for kind in ("accounts", "buyers")
        ]
    ),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_the_answer_is_the_same(name: str, shops: tuple[Shop, Shop]) -> None:
    there, here = (FUNCTIONS[name](shop) for shop in shops)
    if hasattr(here, "engine"):
        there, here = there.to_pandas(), here.to_pandas()
    assert len(here), "a table of nothing would prove nothing"
    pd.testing.assert_frame_equal(there, here, check_dtype=False, rtol=1e-12)


def test_every_table_is_the_same(shops: tuple[Shop, Shop]) -> None:
    there, here = shops
    assert there.tables == here.tables
    for name in here.tables:
        pd.testing.assert_frame_equal(
            getattr(there, name).to_pandas(), getattr(here, name).to_pandas(), check_dtype=False, obj=name
        )


def test_what_a_shop_lacks_is_missing_there_too(spark: SparkSession, on_spark: Spark) -> None:
    orders = tables()["orders"]
    here, there = (open_shop(each, as_of="2024-06-30") for each in (orders, spark.table(on_spark.lend(orders).name)))
    pd.testing.assert_frame_equal(churn.signals(there), churn.signals(here), check_dtype=False)
    assert churn.signals(there)["no_login"].isna().all()


def test_without_ansi_mode_it_is_the_same(spark: SparkSession, on_spark: Spark) -> None:
    names = ("orders", "surveys", "logins")
    here, there = ({name: tables()[name] for name in names} for _ in range(2))
    before = str(spark.conf.get("spark.sql.ansi.enabled"))
    spark.conf.set("spark.sql.ansi.enabled", "false")  # a name that is read as a text would be a null, without a word
    try:
        lent = {name: spark.table(on_spark.lend(table).name) for name, table in there.items()}
        found, wanted = (churn.features(open_shop(each, as_of="2024-06-30", policy=RULES)) for each in (lent, here))
    finally:
        spark.conf.set("spark.sql.ansi.enabled", before)
    assert wanted["score"].notna().any()
    pd.testing.assert_frame_equal(found, wanted, check_dtype=False, rtol=1e-12)
