"""Every key figure against a shop that is counted by hand; the sums stand beside it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm
from statsmodels.stats.proportion import proportion_confint

from crmlib import kpis, open_shop
from tests.kpis.conftest import AS_OF, PREVIOUS, small_tables

if TYPE_CHECKING:
    from crmlib.shop import Shop

#: Figure, what the policy changes, numerator, denominator.
CASES: list[tuple[str, dict[str, Any], float, float]] = [
    ("new_customers", {}, 1, math.nan),  # cat
    ("database_growth", {}, 2, 5),  # cat and gus, to ann, bob, dan, eve, fay
    ("database_growth", {"database": "buyers"}, 1, 5),  # cat
    ("database_growth", {"database": "subscribers"}, 0, 3),  # dan came, cat left; ann, bob, cat
    ("cac", {}, 90, 1),  # June's 60 + 30, for cat
    ("cac", {"spend_lag_days": 1}, 30 / 30 * 29 + 60 / 30 * 29 + 1, 1),  # 29 days of June, one of May
    ("retention_rate", {}, 2, 3),  # ann, eve of ann, bob, eve (an order within 30 days)
    ("churn_rate", {}, 1, 3),  # bob
    ("repeat_purchase_rate", {}, 2, 5),  # ann, eve of ann, bob, cat, dan, eve
    ("repeat_purchase_rate", {"repeat_purchase": "ever_before"}, 3, 5),  # and dan, who ordered in 2023
    ("repeat_purchase_rate", {"repeat_days": 30}, 1, 4),  # ann of ann, cat, dan, eve
    ("cltv", {"cltv": "past"}, 0.3 * 251.5, 6),
    ("open_rate", {}, 2, 3),  # ann, bob (by the click) of ann, bob, cat; gus's mail bounced
    ("open_rate", {"click_is_open": False}, 1, 3),
    ("open_rate", {"response_days": 8}, 3, 3),  # cat's, on the eighth day
    ("click_rate", {}, 2, 3),
    ("click_rate", {"click_rate_of": "opened"}, 2, 2),
    ("click_rate", {"response_days": 6}, 1, 4),  # bob's is too late; m2's time is over
    ("read_rate", {}, 2, 3),
    ("read_rate", {"read_by": "open"}, 1, 3),
    ("unsubscribe_rate", {}, 1, 3),
    ("reader_conversion", {}, 1, 2),  # ann of ann and bob
    ("reader_conversion", {"conversion_days": 2}, 1, 2),
    ("reader_conversion", {"conversion_days": 1}, 0, 2),  # ann read on the 9th and ordered on the 10th
    ("reader_conversion", {"reader_converts": "first_order"}, 0, 0),  # both had ordered before
    ("revenue", {}, 65.5, math.nan),
    ("average_order_value", {}, 65.5, 5),
    ("quantity_per_order", {}, 9, 5),  # 2 + 1 + 1 + 4 + 1
]


@pytest.mark.parametrize(("name", "changes", "numerator", "denominator"), CASES)
def test_a_figure_is_what_counting_by_hand_gives(
    small: Shop, name: str, changes: dict[str, Any], numerator: float, denominator: float
) -> None:
    policy = {"kpis": changes, "churn": {"active_days": 30}}
    found = getattr(kpis, name)(small, AS_OF, PREVIOUS, policy=policy)
    assert (found.kpi, str(found.as_of)) == (name, AS_OF)
    assert name == "repeat_purchase_rate" or str(found.previous) == PREVIOUS  # that one's window is its own
    expected = (numerator, denominator, numerator if math.isnan(denominator) else
                numerator / denominator if denominator else math.nan)  # fmt: skip
    assert (found.numerator, found.denominator, found.value) == pytest.approx(expected, nan_ok=True)
    if not math.isnan(found.value):
        assert found.low <= found.value <= found.high
        if found.unit == "share" and name != "database_growth":
            wilson = proportion_confint(numerator, denominator, method="wilson")
            assert (found.low, found.high) == pytest.approx(wilson)


def test_every_figure_of_the_dashboard_is_counted_here() -> None:
    growth = {"revenue_growth", "growth_acquisition", "growth_development", "growth_churn"}  # below
    assert {case[0] for case in CASES} | growth == set(kpis.KPIS)


def test_the_parts_of_growth(small: Shop) -> None:
    found = kpis.growth(small, AS_OF, PREVIOUS).set_index("part")
    #           cat        dan              ann (10 -> 30)   eve (30 -> 20)     bob
    assert found["change"].to_dict() == {"new": 8.0, "returning": 7.5, "up": 20.0, "down": -10.0, "lost": -40.0}
    assert found["customers"].to_list() == [1, 1, 1, 1, 1]
    assert (found["before"].sum(), found["now"].sum()) == (80.0, 65.5)
    shares = kpis.revenue_growth(small, AS_OF, PREVIOUS)
    assert {name: each.numerator for name, each in shares.items()} == {
        "revenue_growth": -14.5, "growth_acquisition": 8.0, "growth_development": 17.5, "growth_churn": -40.0,
    }  # fmt: skip
    assert shares["revenue_growth"].value == -14.5 / 80
    half = norm.ppf(0.975) * math.sqrt(8**2 + 7.5**2 + 20**2 + 10**2 + 40**2) / 80
    assert shares["revenue_growth"].high == pytest.approx(-14.5 / 80 + half)
    policy = {"kpis": {"returning": "acquisition"}}
    assert kpis.revenue_growth(small, AS_OF, PREVIOUS, policy=policy)["growth_acquisition"].numerator == 15.5


@pytest.mark.slow
def test_acquisition_cost_by_channel(small: Shop) -> None:
    found = kpis.cac_by_channel(small, AS_OF, PREVIOUS).set_index("channel")
    assert found["spend"].to_dict() == {"search": 60.0, "social": 30.0}
    assert found["new_customers"].to_dict() == {"search": 1, "social": 0}
    assert found["cac"].isna().tolist() == [False, True]
    assert found.loc["search", "cac"] == 60.0
    earlier = kpis.cac_by_channel(small, "2023-12-31", "2022-12-31")
    assert earlier[["channel", "new_customers"]].to_numpy().tolist() == [["(unknown)", 1], ["search", 1]]


@pytest.mark.slow
def test_rates_of_each_campaign(small: Shop) -> None:
    found = kpis.campaigns(small, AS_OF, PREVIOUS).set_index("campaign_id")
    assert found.index.tolist() == ["m1"]  # of m2 nothing is over
    columns = ["sent", "delivered", "opened", "clicked", "read", "unsubscribed", "readers", "converted"]
    assert found[columns].to_numpy().tolist() == [[4, 3, 2, 2, 2, 1, 2, 1]]
    assert found[["open_rate", "reader_conversion"]].to_numpy().tolist() == [[2 / 3, 1 / 2]]
    assert len(kpis.campaigns(small, PREVIOUS, "2024-05-01")) == 0


@pytest.mark.slow
def test_seconds_tell_reading_from_glancing() -> None:
    tables = small_tables()
    tables["email_events"]["seconds"] = np.where(tables["email_events"].index == 2, 12.0, 3.0)  # ann's second opening
    shop = open_shop(tables, as_of=AS_OF)
    read, opened = (
        figure(shop, AS_OF, PREVIOUS, policy={"kpis": {"read_by": "seconds", "click_is_open": False}})
        for figure in (kpis.read_rate, kpis.open_rate)
    )
    assert (read.numerator, opened.numerator) == (1, 1)
    longer = {"kpis": {"read_by": "seconds", "read_seconds": 13}}
    assert kpis.read_rate(shop, AS_OF, PREVIOUS, policy=longer).numerator == 0


@pytest.mark.slow
@pytest.mark.parametrize(("attribution", "converted"), [("each", 2), ("last", 1)])
def test_an_order_after_two_mails(attribution: str, converted: int) -> None:
    tables = small_tables()
    again = pd.DataFrame(
        [("m0", "ann", "sent", "2024-06-04 10:00"), ("m0", "ann", "click", "2024-06-05 10:00")],
        columns=["campaign_id", "customer_id", "event", "event_ts"],
    ).astype({"event_ts": "datetime64[us]"})
    tables["email_events"] = pd.concat([tables["email_events"], again])
    shop = open_shop(tables, as_of=AS_OF)
    policy = {"kpis": {"attribution": attribution, "conversion_days": 7}}
    found = kpis.reader_conversion(shop, AS_OF, PREVIOUS, policy=policy)
    assert (found.numerator, found.denominator) == (converted, 3)


@pytest.mark.slow
def test_a_first_order_makes_a_reader_a_customer(small: Shop) -> None:
    tables = small_tables()
    new = pd.DataFrame({"customer_id": ["ann"], "order_id": ["o0"], "order_ts": [pd.Timestamp("2024-06-10 08:00")]})
    tables["orders"] = pd.concat([tables["orders"].query("customer_id != 'ann'"), new.assign(amount=5.0)])
    shop = open_shop(tables, as_of=AS_OF)
    policy = {"kpis": {"reader_converts": "first_order"}}
    found = kpis.reader_conversion(shop, AS_OF, PREVIOUS, policy=policy)
    assert (found.numerator, found.denominator) == (1, 1)  # bob had ordered before he read
    assert kpis.reader_conversion(small, AS_OF, PREVIOUS, policy=policy).denominator == 0
