"""What holds of any shop: parts sum up, rows come in any order, an earlier day knows nothing of later ones."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crmlib import churn, kpis, open_shop, rfm
from crmlib.engine import DuckDB
from crmlib.errors import CrmlibError, SchemaError, SourceError
from crmlib.kpis import uncertainty
from crmlib.policy import Policy, load
from crmlib.shop import Shop
from crmlib.shop.ledger import Ledger
from tests.examples import share
from tests.kpis.conftest import AS_OF, PREVIOUS, small_tables

ENGINE = DuckDB(threads=1)
QUICK = tuple(name for name in kpis.KPIS if name != "cltv")
#: Nothing of theirs had happened in the small shop's earlier period.
MISSING = {"retention_rate", "churn_rate", "revenue_growth", "growth_acquisition", "growth_development", "growth_churn"}
MISSING |= set(kpis.RATES)
ORDERS = st.lists(
    st.tuples(st.sampled_from("abcdefgh"), st.integers(0, 100), st.integers(0, 10_000_000)), min_size=1, max_size=40
)


def exact(amounts: pd.Series) -> Decimal:
    return sum((Decimal(repr(round(amount, 4))) for amount in amounts), Decimal(0))


@pytest.mark.slow
@settings(max_examples=share(40))
@given(ORDERS)
def test_the_parts_of_growth_sum_exactly_to_the_change(rows: list[tuple[str, int, int]]) -> None:
    start = pd.Timestamp("2024-01-01")
    orders = pd.DataFrame({
        "customer_id": [who for who, _, _ in rows], "order_ts": [start + pd.Timedelta(days=day) for _, day, _ in rows],
        "amount": [Decimal(cents) / 100 for _, _, cents in rows],
    })  # fmt: skip
    shop = Shop("drawn", {"orders": ENGINE.add(orders)}, date(2024, 4, 15), Policy(), Ledger())
    found = kpis.growth(shop, previous="2024-03-01")
    days = orders["order_ts"].dt.normalize()
    now = sum(orders.loc[days > "2024-03-01", "amount"], Decimal(0))
    before = sum(orders.loc[(days > "2024-01-16") & (days <= "2024-03-01"), "amount"], Decimal(0))
    assert (exact(found["now"]), exact(found["before"])) == (now, before)
    assert exact(found["change"]) == now - before
    late, both = (
        set(orders.loc[days > "2024-03-01", "customer_id"]),
        set(orders.loc[days > "2024-01-16", "customer_id"]),
    )
    assert found["customers"].sum() == len(both)
    assert found.set_index("part").loc["lost", "customers"] == len(both - late)
    shares = kpis.revenue_growth(shop, previous="2024-03-01")
    parts = [shares[f"growth_{part}"].numerator for part in ("acquisition", "development", "churn")]
    assert exact(pd.Series(parts)) == exact(pd.Series([shares["revenue_growth"].numerator]))


@pytest.mark.slow
def test_the_order_of_rows_does_not_matter(small: Shop) -> None:
    shuffled = {name: table.sample(frac=1, random_state=7) for name, table in small_tables().items()}
    there = kpis.dashboard(open_shop(shuffled, as_of=AS_OF), AS_OF, PREVIOUS, only=QUICK)
    pd.testing.assert_frame_equal(kpis.dashboard(small, AS_OF, PREVIOUS, only=QUICK), there, check_exact=True)


@pytest.mark.slow
def test_events_of_one_instant_count_the_same_in_any_order() -> None:
    tables = small_tables()
    events = tables["email_events"].assign(event_ts=pd.Timestamp("2024-06-08 10:00"))
    one, other = (
        kpis.campaigns(open_shop({**tables, "email_events": rows}, as_of=AS_OF), AS_OF, PREVIOUS)
        for rows in (events, events[::-1])
    )
    pd.testing.assert_frame_equal(one, other)
    assert one["sent"].tolist() == [4, 1]


@pytest.mark.slow
def test_the_previous_value_is_what_was_told_then(small: Shop, capsys: pytest.CaptureFixture[str]) -> None:
    board = kpis.dashboard(small, AS_OF, PREVIOUS, only=QUICK).set_index("kpi")
    then = kpis.dashboard(small.on(PREVIOUS), PREVIOUS, "2024-05-01", only=QUICK).set_index("kpi")
    pd.testing.assert_series_equal(board["previous"], then["value"], check_names=False)
    told = board.dropna(subset=["value", "previous"])
    assert set(board.index) - set(told.index) == MISSING
    assert told["change"].tolist() == (told["value"] - told["previous"]).tolist()
    assert "Left out" not in capsys.readouterr().out
    known = board.dropna(subset=["change_low"])
    assert ((known["change_low"] <= known["change"]) & (known["change"] <= known["change_high"])).all()


@pytest.mark.slow
def test_a_shop_of_orders_alone_says_what_it_lacks(cdnow_sample: Shop, capsys: pytest.CaptureFixture[str]) -> None:
    board = kpis.dashboard(cdnow_sample)
    assert set(board["kpi"]) == {
        "new_customers", "retention_rate", "churn_rate", "repeat_purchase_rate", "cltv", "revenue",
        "average_order_value", "revenue_growth", "growth_acquisition", "growth_development", "growth_churn",
    }  # fmt: skip
    assert board.attrs["left_out"]["cac"] == "no table marketing_spend"
    assert "Left out: database_growth (no table customers), cac (no table marketing_spend)" in capsys.readouterr().out


@pytest.mark.slow
def test_a_model_that_is_not_to_be_trusted_leaves_the_other_figures() -> None:
    chance = np.random.default_rng(5)
    days = pd.Timestamp("2023-01-01") + pd.to_timedelta(chance.integers(0, 400, 1500), unit="D")
    sales = pd.DataFrame({"customer_id": chance.integers(0, 300, 1500), "order_ts": days, "amount": 10.0})
    board = kpis.dashboard(open_shop(sales), only=("cltv", "revenue"))  # nobody leaves, and all spend the same
    assert board["kpi"].tolist() == ["revenue"]
    assert list(board.attrs["left_out"]) == ["cltv"]


@pytest.mark.slow
def test_there_is_nothing_before_the_first_order(cdnow_sample: Shop, capsys: pytest.CaptureFixture[str]) -> None:
    board = kpis.dashboard(cdnow_sample, "1997-03-31", "1996-12-31", only=("new_customers", "revenue"))
    assert board["value"].tolist()[0] == 2357
    assert board[["previous", "change", "change_low"]].isna().all(axis=None)
    assert "Nothing to compare with: the first order is of 1997-01-01" in capsys.readouterr().out
    kpis.dashboard(cdnow_sample, "1997-03-31", "1997-01-31", only=("revenue",))
    assert "The period before begins before the first order, of 1997-01-01" in capsys.readouterr().out


@pytest.mark.slow
def test_retention_is_that_of_the_quarters(cdnow_sample: Shop) -> None:
    quarter = churn.retention(cdnow_sample, period="quarter").set_index("period").loc["1997Q4"]
    found = kpis.retention_rate(cdnow_sample, "1997-12-31", "1997-09-30")
    assert (found.numerator, found.denominator) == (quarter["kept"], quarter["at_start"])
    assert kpis.churn_rate(cdnow_sample, "1997-12-31", "1997-09-30").value == pytest.approx(1 - found.value)


@pytest.mark.slow
def test_segments_and_movements_hold_every_customer(cdnow_sample: Shop) -> None:
    table = kpis.by_segment(cdnow_sample)
    assert table["customers"].sum() == 2357
    assert table["value"].sum() == pytest.approx(cdnow_sample.orders.to_pandas()["amount"].sum())
    assert table["segment"].tolist() == [name for name in rfm.SEGMENTS if name in set(table["segment"])]
    assert table["quantity_per_order"].isna().all()
    moved = kpis.movements(cdnow_sample, "1997-12-31", "1997-02-28")
    orders = cdnow_sample.orders.to_pandas()
    known = orders.loc[orders["order_ts"] < "1997-03-01", "customer_id"].nunique()
    assert moved.drop(index="(new)").to_numpy().sum() == known
    assert moved.to_numpy().sum() == 2357


@pytest.mark.slow
def test_the_interval_of_order_value_knows_that_a_customers_orders_are_alike() -> None:
    chance = np.random.default_rng(3)
    level = chance.gamma(2, 20, 400)
    customers = np.repeat(np.arange(400), 10)
    sales = pd.DataFrame({"customer_id": customers, "order_ts": "2024-02-01", "amount": level[customers].round(2)})
    found = kpis.average_order_value(open_shop(sales, as_of="2024-02-29"))
    naive = 1.96 * sales["amount"].std() / np.sqrt(len(sales))
    assert (found.high - found.low) / 2 == pytest.approx(naive * np.sqrt(10), rel=0.01)  # ten alike are one


@pytest.mark.slow
def test_cltv_of_the_future_is_that_of_the_models_customer_by_customer(cdnow_sample: Shop) -> None:
    from crmlib import clv

    summary = clv.summarize(cdnow_sample.orders, as_of=cdnow_sample.as_of, period="W").to_pandas()
    model = clv.ModifiedBetaGeoFitter().fit(summary["frequency"], summary["recency"], summary["T"], period="W")
    again = summary[(summary["frequency"] > 0) & (summary["monetary_value"] > 0)]
    spend = clv.GammaGammaFitter().fit(again["frequency"], again["monetary_value"])
    policy = {"clv": {"margin": 0.4}}
    worth = clv.value(summary, model, spend, period="W", policy=load(policy))["cltv"]
    found = kpis.cltv(cdnow_sample, policy=policy)
    assert found.value == pytest.approx(worth.mean(), rel=1e-4)
    assert found.low < found.value < found.high
    assert repr(found) == repr(kpis.cltv(cdnow_sample, policy=policy))
    both = kpis.cltv(cdnow_sample, policy={**policy, "kpis": {"cltv": "both"}})
    past = kpis.cltv(cdnow_sample, policy={**policy, "kpis": {"cltv": "past"}})
    assert both.value == pytest.approx(found.value + past.value)
    assert both.high - both.value == pytest.approx(np.hypot(found.high - found.value, past.high - past.value))


@pytest.mark.slow
@given(st.integers(0, 3000), st.integers(0, 3000))
def test_counts_and_shares_lie_within_their_intervals(part: int, more: int) -> None:
    low, high = uncertainty.count(part, level=0.95)
    assert 0 <= low <= part <= high
    if part + more:
        low, high = uncertainty.share(part, part + more, level=0.9)
        assert 0 <= low <= part / (part + more) <= high <= 1 or np.isclose(part / (part + more), [low, high]).any()


@pytest.mark.slow
def test_questions_that_have_no_answer_say_so(small: Shop, cdnow_sample: Shop) -> None:
    with pytest.raises(CrmlibError, match="previous='2024-06-30' is not before as_of='2024-06-30'"):
        kpis.revenue(small, AS_OF, AS_OF)
    with pytest.raises(SourceError, match="is known up to 2024-06-30, not on 2024-07-05"):
        kpis.revenue(small, "2024-07-05")
    with pytest.raises(CrmlibError, match="only: no key figure 'profit'"):
        kpis.dashboard(small, only=("profit",))
    with pytest.raises(SchemaError, match="has no table 'email_events'"):
        kpis.open_rate(cdnow_sample)
    with pytest.raises(SchemaError, match="no column 'seconds'"):
        kpis.read_rate(small, policy={"kpis": {"read_by": "seconds"}})
    tables = small_tables()
    tables["marketing_spend"]["month"] = "June"
    with pytest.raises(SchemaError, match="marketing_spend, row 0, column 'month': 'June' is not a time"):
        kpis.cac(open_shop(tables, as_of=AS_OF))


@pytest.mark.slow
def test_large_amounts_are_counted_whole() -> None:
    sales = pd.DataFrame({"customer_id": ["a", "a", "b"], "order_ts": ["2024-01-10", "2024-02-10", "2024-02-11"],
                          "amount": [3e9, 9e9, 5.0]})  # fmt: skip
    shop = open_shop(sales, as_of="2024-02-29")
    assert kpis.revenue(shop, previous="2024-01-31").value == 9e9 + 5
    assert kpis.average_order_value(shop, previous="2024-01-31").value == (9e9 + 5) / 2
    assert kpis.cltv(shop, policy={"kpis": {"cltv": "past"}, "clv": {"margin": 1}}).value == (12e9 + 5) / 2
    assert kpis.growth(shop, previous="2024-01-31")["change"].sum() == 6e9 + 5
