"""One text, two engines, one answer: every query on DuckDB and on Spark, over 1e5 orders and over a million."""

from __future__ import annotations

from datetime import datetime
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest

from crmlib import rfm
from crmlib.days import as_day, until
from crmlib.engine import DuckDB, literal

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pyspark.sql import SparkSession

    from crmlib.engine import Engine, Table
    from crmlib.engine.spark import Spark

pytestmark = pytest.mark.needs("java", "python:pyspark")

#: Each query: what stands for its {tables} (a file's table, or another query's result) and for its :values.
DAY, BEFORE = as_day("2024-09-30"), as_day("2024-03-31")
ENDS = {
    "calibration_end": BEFORE,
    "calibration_until": until(BEFORE),
    "observation_end": DAY,
    "until": until(DAY),
    "period_days": 7,
}
NOW = {"as_of": DAY, "until": until(DAY)}
PERIOD = {"after": until(BEFORE), "until": until(DAY)}
SENT = {"sent_after": BEFORE, "sent_until": as_day("2024-09-15")}
JUNE = 1_717_200_000_000_000  # 2024-06-01 in microseconds
EDGES = {
    "recency_days": (45.0, 102.0, 190.0, 330.0),
    "frequency": (1.0, 2.0, 4.0, 8.0),
    "monetary": (19.95, 50.0, 119.7, 300.0),
}
POINTS = {f"{name}_{i}": edge for name, edges in EDGES.items() for i, edge in enumerate(edges, 1)}
#: A new query needs one line here, in the order of the alphabet. Left, what stands for each {table} of its text:
#: "orders" (a million of them, with lines' columns), a table of `small_tables`, or another query, whose answer it then
#: reads. Right, what stands for its :values. `test_every_query_is_asked` fails until the line is there.
CASES: dict[str, tuple[dict[str, str], dict[str, Any]]] = {
    "actions_candidates": ({"moments": "actions_silences"}, {"from_us": JUNE, "to_us": JUNE + 30 * 86_400_000_000}),
    "actions_exits": ({"entered": "actions_candidates", "moments": "actions_silences"}, {}),
    "actions_interest": (
        {"sessions": "visits", "orders": "orders"},
        {"until": until(DAY), "wait_us": 86_400_000_000},
    ),
    "actions_mailed": ({"events": "events", "people": "people"}, {"since": until(BEFORE), "until": until(DAY)}),
    "actions_recipients": ({"people": "accounts", "wanted": "people"}, {}),
    "actions_silences": ({"events": "signs"}, {"until": until(DAY)}),
    "churn_active": ({"orders": "orders", "ends": "ends"}, {"until": until(DAY), "active_days": 90}),
    "churn_answers": ({"answers": "surveys"}, {"until": until(DAY)}),
    "churn_campaigns": (
        {"assignments": "assignments", "orders": "orders"},
        {"campaign_id": "spring", "window_days": 30},
    ),
    "churn_gaps": ({"events": "events"}, {"until": until(DAY)}),
    "churn_history": ({"orders": "orders"}, {**NOW, "active_days": 180, "recent_days": 90}),
    "churn_last_seen": (
        {"people": "people", "orders": "orders", "logins": "events", "answers": "surveys"},
        NOW,
    ),
    "churn_lifetimes": ({"orders": "orders"}, {**NOW, "silence": 180}),
    "churn_logins": ({"logins": "events"}, {**NOW, "recent_days": 90}),
    "churn_mails": ({"events": "events"}, {**NOW, "recent_days": 90}),
    "churn_outcomes": ({"orders": "orders"}, {"after": until(BEFORE), "until": until(DAY)}),
    "churn_tickets": ({"tickets": "tickets"}, {**NOW, "recent_days": 90}),
    "churn_windows": ({"gaps": "named_gaps"}, {"quantile": 0.9}),
    "clv_arrivals": ({"orders": "orders"}, ENDS),
    "clv_collapse": ({"summary": "clv_summary"}, {}),
    "clv_collapse_spend": ({"summary": "clv_summary"}, {}),
    "clv_collapse_units": ({"summary": "in_weeks"}, {}),
    "clv_early_spend": ({"orders": "orders"}, {"until": until(DAY), "days": 365.25}),
    "clv_histories": ({"orders": "orders"}, {"as_of": BEFORE, "until": until(BEFORE), "period_days": 7}),
    "clv_history": (
        {"orders": "orders"},
        {"at": BEFORE, "at_until": until(BEFORE), "end": DAY, "until": until(DAY), "period_days": 7, "recent": 4},
    ),
    "clv_holdout": ({"orders": "orders"}, ENDS),
    "clv_summary": ({"orders": "orders"}, {"as_of": DAY, "until": until(DAY), "period_days": 1}),
    "cohort_customers": ({"orders": "orders", "months": "months"}, {"until": until(DAY), "first": 2022 * 12}),
    "cohorts": ({"orders": "orders"}, {"until": until(DAY)}),
    "customers_last_order": ({"people": "people", "orders": "orders"}, NOW),
    "kpis_channels": ({"first_orders": "kpis_first_orders", "customers": "channels"}, {}),
    "kpis_cltv": ({"summary": "clv_summary"}, {}),
    "kpis_code_mails": ({"events": "mail_events", "campaigns": "coded"}, {"until": until(DAY)}),
    "kpis_conversions": (
        {"mails": "kpis_mails", "orders": "orders"},
        {**PERIOD, **SENT, "conversion_days": 14, "last": 1, "first_only": 0},
    ),
    "kpis_database": ({"people": "permissions"}, PERIOD),
    "kpis_first_orders": ({"orders": "orders"}, PERIOD),
    "kpis_growth": ({"orders": "orders"}, {**PERIOD, "before": until(as_day("2023-09-30"))}),
    "kpis_mail_counts": ({"mails": "kpis_mails"}, SENT),
    "kpis_mails": (
        {"events": "mail_events"},
        {**PERIOD, "first": BEFORE, "response_days": 7, "click_is_open": 1, "read_event": "open"},
    ),
    "kpis_repeat": ({"orders": "orders"}, PERIOD),
    "kpis_spend": ({"spend": "spend"}, {"first": as_day("2024-02-10"), "last": DAY}),
    "kpis_spent": ({"orders": "orders"}, PERIOD),
    "kpis_units": ({"orders": "orders", "lines": "orders"}, PERIOD),
    "kpis_value": ({"orders": "orders"}, PERIOD),
    "offers_baskets": ({"lines": "orders", "products": "products"}, {"until": until(DAY)}),
    "offers_window": ({"scores": "rfm_scores", "orders": "orders"}, {"after": until(BEFORE), "until": until(DAY)}),
    "order_checksum": ({"orders": "orders"}, {}),
    "order_known": ({"rows": "orders"}, {"until": until(DAY)}),
    "order_exact": ({"totals": "given_back"}, {"numbered": 1}),
    "order_netting": ({"totals": "order_totals"}, {"numbered": 1}),
    "order_runs": ({"totals": "given_back"}, {"numbered": 1}),
    "order_same_day": ({"orders": "orders"}, {}),
    "order_sample": ({"orders": "orders"}, {"customers": 500}),
    "order_span": ({"orders": "orders"}, {}),
    "order_totals": ({"lines": "orders"}, {}),
    "personas_categories": ({"lines": "orders", "products": "products"}, {"until": until(DAY)}),
    "personas_discounts": ({"lines": "orders", "products": "products"}, {"until": until(DAY)}),
    "personas_history": ({"orders": "orders"}, {"until": until(DAY)}),
    "personas_promoters": ({"surveys": "surveys"}, {"until": until(DAY)}),
    "personas_visits": ({"sessions": "sessions"}, {"until": until(DAY)}),
    "personas_zones": ({"zones": "zones", "sessions": "sessions"}, {"until": until(DAY)}),
    "profile_answers": ({"answers": "surveys"}, NOW),
    "profile_contacts": ({"events": "events"}, NOW),
    "profile_logins": ({"logins": "events"}, NOW),
    "profile_orders": ({"orders": "orders"}, {**NOW, "cut": BEFORE}),
    "profile_people": ({"accounts": "people", "orders": "orders"}, NOW),
    "profile_redemptions": ({"codes": "orders"}, {"until": until(DAY)}),
    "rfm_cut_points": ({"measures": "rfm_measures"}, {"shares": [0.2, 0.4, 0.6, 0.8]}),
    "rfm_measures": ({"orders": "orders"}, {"as_of": DAY, "until": until(DAY)}),
    "rfm_migration": ({"before": "rfm_scores", "after": "rfm_scores"}, {}),
    "rfm_scores": ({"measures": "rfm_measures", "segment_map": "segment_map"}, POINTS),
    "rfm_segments": ({"scores": "rfm_scores", "units": "rfm_units"}, {}),
    "rfm_units": ({"scores": "rfm_scores", "lines": "orders"}, {"until": until(DAY)}),
    "survey_asked": ({"surveys": "surveys"}, {"kind": "nps", "until": until(DAY)}),
    "survey_events": ({"surveys": "surveys", "events": "events"}, {"days": 90, "until": until(DAY)}),
    "survey_moments": ({"surveys": "surveys", "moments": "surveys"}, {}),
    "survey_returns": ({"surveys": "surveys", "returns": "returns"}, {}),
    "survey_tickets": ({"surveys": "surveys", "tickets": "tickets"}, {"hours": 24.0}),
}


def small_tables() -> dict[str, pd.DataFrame]:
    """Draw the tables that only some queries look at."""
    chance = np.random.default_rng(2)
    sessions, answers = 20_000, 5_000
    start = pd.Timestamp("2024-01-01") + pd.to_timedelta(chance.integers(0, 365 * 24 * 60, sessions), unit="min")
    who = np.char.add("c", chance.integers(0, 5_000, sessions).astype(str))
    ids = np.char.mod("s%06d", np.arange(sessions))
    asked = pd.Timestamp("2024-01-01") + pd.to_timedelta(np.arange(answers), unit="h")
    return {
        "segment_map": rfm.segment_map().assign(number=lambda table: table["code"].astype("int32")),
        "given_back": pd.DataFrame({"customer_id": who, "order_id": np.char.mod("%08d", np.arange(sessions)),
                                    "order_ts": start,
                                    "amount": chance.choice([-50.0, -20.0, 10.0, 20.0, 30.0, 40.0], sessions)}),
        "coded": pd.DataFrame({"campaign_id": ["may", "june"], "coupon_code": ["MAY5", None]}),
        "months": pd.DataFrame({"month": np.arange(2022 * 12, 2025 * 12, dtype="int32"),
                                "power": 2 ** np.arange(36)}),
        "in_weeks": pd.DataFrame({"frequency": chance.integers(0, 4, sessions) * 1.0, "recency": 3.0,
                                  "T": chance.integers(3, 9, sessions) * 1.0, "period": "W"}),
        "accounts": pd.DataFrame({"customer_id": np.char.add("c", np.arange(5_000, 12_000).astype(str)),
                                  **dict.fromkeys(("email", "phone", "first_name", "last_name"), "as typed"),
                                  "language": ["it", None] * 3_500, "country": "IT", "city": "Bologna"}),
        "products": pd.DataFrame(
            {
                "product_id": [f"p{i}" for i in range(50)],
                "item": ["shoes", "hats", None, "bags", "hats"] * 10,
                "price": [19.95, 50.0, 4.99, 129.01, 9.9] * 10,
            }
        ),
        "sessions": pd.DataFrame({"session_id": ids, "customer_id": pd.Series(who).mask(chance.random(sessions) < 0.3),
                                  "start_ts": start}),
        "zones": pd.DataFrame({"session_id": np.repeat(ids, 2), "customer_id": np.repeat(who, 2),
                               "zone": ["home", "sale"] * sessions, "views": chance.integers(1, 9, 2 * sessions)}),
        "surveys": pd.DataFrame({"survey_id": np.char.mod("v%05d", np.arange(answers)), "customer_id": who[:answers],
                                 "kind": ["nps", "nps", "csat", "nps", "ces"] * 1_000,
                                 "touchpoint": ["order", "delivery", "order", "site", "site"] * 1_000,
                                 "order_id": np.char.mod("%08d", chance.integers(0, 9_000, answers)),
                                 "score": chance.choice([0.0, 7.0, 9.0, 10.0, np.nan], answers),
                                 "sent_ts": asked - pd.Timedelta(hours=30), "answered_ts": asked}),
        "events": pd.DataFrame({"customer_id": who, "item": chance.choice(["shoes", "hats"], sessions), "ts": start,
                                "event_ts": start, "login_ts": start,
                                "event": chance.choice(["sent", "open", "click"], sessions)}),
        "people": pd.DataFrame({"customer_id": np.char.add("c", np.arange(9_000).astype(str)),
                                "registered_ts": pd.date_range("2022-12-01", periods=9_000, freq="2h")}),
        "tickets": pd.DataFrame({"order_id": np.char.mod("%08d", chance.integers(0, 9_000, answers)),
                                 "customer_id": who[:answers], "opened_ts": asked - pd.Timedelta(hours=500),
                                 "topic": ["delivery", "invoice"] * 2_500,
                                 "first_response_hours": chance.choice([2.0, 23.5, 24.0, 90.0], answers)}),
        "returns": pd.DataFrame({"order_id": np.char.mod("%08d", np.arange(0, 9_000, 7)),
                                 "return_ts": pd.Timestamp("2024-02-01 12:00")}),
        "assignments": pd.DataFrame({"campaign_id": ["spring", "autumn"] * 2_000, "customer_id": who[:4_000],
                                     "arm": chance.choice(["control", "A", "B"], 4_000),
                                     "assigned_ts": pd.Timestamp("2024-03-09 23:30")}),
        "channels": pd.DataFrame({"customer_id": who[:9_000],
                                  "channel": ["search", "social", None] * 3_000}).drop_duplicates(
                                      "customer_id"),
        "mail_events": pd.DataFrame({"campaign_id": np.repeat(["may", "june"], sessions),
                                     "customer_id": np.tile(np.char.mod("c%d", np.arange(sessions) % 900), 2),
                                     "event": np.tile(np.repeat(["sent", "open", "click", "bounce"], 5_000), 2),
                                     "event_ts": pd.Timestamp("2024-05-01 10:00") + pd.to_timedelta(
                                         np.repeat([0, 30], sessions) * 24 * 60
                                         + chance.integers(0, 12 * 24 * 60, 2 * sessions), unit="min")}),
        "spend": pd.DataFrame({"month": np.repeat(pd.date_range("2024-01-01", periods=12, freq="MS"), 2),
                               "channel": ["search", "social"] * 12,
                               "amount": chance.integers(0, 99_999, 24) / 100}),
        "permissions": pd.DataFrame({"person": who[:8_000], "joined_ts": start[:8_000],
                                     "left_ts": pd.Series(start[:8_000] + pd.Timedelta(days=60)).mask(
                                         chance.random(8_000) < 0.5)}),
        "ends": pd.DataFrame({"number": range(9), "day": [19_600 + 30 * number for number in range(9)]}),
        "signs": pd.DataFrame({"customer_id": who, "ts": start, "needed": chance.integers(5, 9, sessions)}),
        "visits": pd.DataFrame({"customer_id": who, "start_ts": start, "seconds": chance.integers(0, 900, sessions),
                                "ordered": chance.random(sessions) < 0.2}),
        "named_gaps": pd.DataFrame({"name": ["shoes", "hats"] * 500, "gap": np.arange(1_000) % 37}),
    }  # fmt: skip


def answers_of(engine: Engine, orders: Table) -> Callable[[str], Table]:
    """Return a function from a query's name to its answer on an engine, over that engine's own answers."""
    tables = {"orders": orders, **{name: engine.lend(data) for name, data in small_tables().items()}}

    @cache
    def answer(name: str) -> Table:
        if name in tables:
            return tables[name]
        parts, values = CASES[name]
        return engine.query(name, {key: answer(part) for key, part in parts.items()}, **values)

    return answer


@pytest.fixture(scope="module")
def duckdb_answer(orders_file: Path) -> Callable[[str], Table]:
    engine = DuckDB()
    return answers_of(engine, engine.table(f"select * from read_parquet({literal(str(orders_file))})"))


@pytest.fixture(scope="module")
def spark_answer(orders_file: Path, spark: SparkSession, on_spark: Spark) -> Callable[[str], Table]:
    # Parquet's times without zone are Spark's times without zone only where it is told so
    orders = on_spark.adopt(spark.read.option("inferTimestampNTZEnabled", value=True).parquet(str(orders_file)))
    return answers_of(on_spark, orders)


def test_every_query_is_asked() -> None:
    there = {file.name.removesuffix(".sql") for file in (files("crmlib") / "sql").iterdir()}
    assert set(CASES) == there


@pytest.mark.parametrize("name", CASES)
def test_both_engines_give_the_same_answer(
    name: str, duckdb_answer: Callable[[str], Table], spark_answer: Callable[[str], Table]
) -> None:
    here, there = duckdb_answer(name).to_pandas(), spark_answer(name).to_pandas()
    assert list(there.columns) == list(here.columns)
    assert len(there) == len(here) > 0
    for column in here.columns:
        one, two = here[column], there[column]
        if pd.api.types.is_float_dtype(one):
            # sums are of decimals, hence exact: only the last division may round differently
            np.testing.assert_allclose(two.to_numpy(float), one.to_numpy(float), rtol=1e-13, atol=0, err_msg=column)
        else:
            pd.testing.assert_series_equal(two, one, check_dtype=not pd.api.types.is_numeric_dtype(one))


def test_the_day_index_is_the_same_at_the_edges_of_days(on_spark: Spark) -> None:
    moments = ["1969-12-31 23:59:59", "1970-01-01 00:00:00", "2024-03-10 02:30:00", "2024-12-31 23:59:59.999999"]
    text = "select " + ", ".join(f"day_index({{}}'{moment}')" for moment in moments)
    here = DuckDB().rows(text.replace("{}", "timestamp "))
    assert on_spark.rows(text.replace("{}", "timestamp_ntz ")) == here


def test_a_bound_is_not_moved_by_the_sessions_zone(on_spark: Spark) -> None:
    rows = on_spark.lend(pd.DataFrame({"order_ts": [datetime(2024, 3, 10, 2, 30), datetime(2024, 3, 11)]}))  # noqa: DTZ001
    known = on_spark.query("order_known", {"rows": rows}, until=until(as_day("2024-03-10")))
    assert known.to_pandas()["order_ts"].tolist() == [pd.Timestamp("2024-03-10 02:30")]
