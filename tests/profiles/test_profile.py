"""One row per customer: each fact is that of its analysis, and what cannot be known is empty, with the reason."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest

from crmlib import churn, clv, customers, journey, open_shop, rfm
from crmlib.actions.targets import observable
from crmlib.errors import SchemaError
from crmlib.profiles import FIELDS, GROUPS

if TYPE_CHECKING:
    from crmlib.shop import Shop

QUICK = [group for group in GROUPS if group != "persona"]


def orders(rows: list[tuple[str, str, float]]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["customer_id", "order_ts", "amount"]).astype({"order_ts": "datetime64[us]"})


@pytest.fixture(scope="module")
def table(shipped: Shop) -> pd.DataFrame:
    return customers.profile(shipped, groups=QUICK)


@pytest.mark.slow
def test_each_fact_is_that_of_its_analysis(shipped: Shop, table: pd.DataFrame) -> None:
    seen = observable(shipped)
    assert list(table.index) == list(seen.index)
    for name in ("orders", "spend", "days_since_order", "days_since_login", "score", "days_since_score"):
        expected = seen[name].to_numpy(dtype=float)
        np.testing.assert_array_equal(table[name].to_numpy(dtype=float, na_value=np.nan), expected, err_msg=name)
    same = [str(name) for name in seen if str(name).startswith("may_")]
    for name in (*same, *churn.SIGNALS, "segment", "code"):
        assert (table[name].astype("object").fillna("") == seen[name].astype("object").fillna("")).all(), name
    mapped = journey.customer_map(shipped, contacts=False).set_index("customer_id").astype("str")
    for name in ("type", "stage", "four_a", "action"):
        assert (table[name] == mapped[name]).all(), name
    scored = rfm.score(shipped.orders, as_of=shipped.as_of).to_pandas().set_index("customer_id")
    assert (table.loc[scored.index, ["r", "f", "m"]].to_numpy(dtype=int) == scored[["r", "f", "m"]].to_numpy()).all()
    described = churn.features(shipped)
    shared = [name for name in described if name in FIELDS]
    assert len(shared) == 9
    for name in shared:
        mine = table.loc[described.index, name].to_numpy(dtype=float, na_value=np.nan)
        np.testing.assert_allclose(mine, described[name].to_numpy(), rtol=1e-12, err_msg=name)
    logins = shipped.logins.to_pandas().groupby("customer_id")["login_ts"].max()
    assert (table["last_login"].dropna() == logins.reindex(table.index).dropna()).all()
    mails = shipped.email_events.to_pandas().query("event == 'sent'").groupby("customer_id")["event_ts"].max()
    assert (table["last_contact"].dropna() == mails.reindex(table.index).dropna()).all()


@pytest.mark.slow
def test_forecasts_are_those_of_the_models(shipped: Shop, table: pd.DataFrame) -> None:
    summary = clv.summarize(shipped.orders, as_of=shipped.as_of).to_pandas()
    model = clv.ModifiedBetaGeoFitter().fit(summary)
    again = summary[(summary["frequency"] > 0) & (summary["monetary_value"] > 0)]
    spend = clv.GammaGammaFitter().fit(again["frequency"], again["monetary_value"])
    worth = clv.value(summary, model, spend, policy=shipped.policy).set_index("customer_id")
    buyers = table.loc[worth.index]
    for name in ("expected_purchases", "expected_spend", "cltv"):
        np.testing.assert_allclose(buyers[name], worth[name], rtol=1e-9)
    assert buyers["cltv"].sum() == pytest.approx(worth["cltv"].sum(), rel=1e-9)
    assert (buyers["cltv_low"] < buyers["cltv"]).all()
    assert (buyers["cltv"] < buyers["cltv_high"]).all()
    assert table.loc[table["orders"] == 0, ["p_alive", "cltv", "churn_risk"]].isna().all(axis=None)


@pytest.mark.slow
def test_the_interval_is_that_of_a_bootstrap(cdnow_sample: Shop) -> None:
    day = "1997-09-30"
    table = customers.profile(cdnow_sample, day, groups=["value"])
    summary = clv.summarize(cdnow_sample.on(day).orders, as_of=day).to_pandas()
    again = summary[(summary["frequency"] > 0) & (summary["monetary_value"] > 0)]
    buying = clv.ModifiedBetaGeoFitter().fit(summary)
    spend = clv.GammaGammaFitter().fit(again["frequency"], again["monetary_value"])
    drawn = (clv.bootstrap(buying, 150, seed=1), clv.bootstrap(spend, 150, seed=2))
    history = [summary[name] for name in ("frequency", "recency", "T", "monetary_value")]
    rate = 1.1 ** (1 / 12) - 1
    refits = clv.cltv_interval(*drawn, *history, level=0.95, discount_rate=rate, period="D")
    np.testing.assert_allclose(table["cltv"], 0.3 * refits["estimate"], rtol=1e-6)
    ours = np.log((table["cltv_high"] / table["cltv_low"]).to_numpy())
    theirs = np.log((refits["upper"] / refits["lower"]).to_numpy())
    assert 0.8 < np.median(ours / theirs) < 1.25


@pytest.mark.slow
def test_the_risk_foresees_who_orders_nothing(shipped: Shop, table: pd.DataFrame) -> None:
    quality = table.attrs["notes"]["churn_risk"]
    assert quality["auc"] > 0.7
    assert quality["brier"] < quality["brier_alike"]
    assert abs(quality["expected"] - quality["left"]) < 0.1
    risk = table["churn_risk"].dropna()
    assert risk.between(0, 1).all()
    silent = table.loc[risk.index, "days_since_order"].astype(float)
    assert (silent < shipped.policy.churn.active_days).all()


@pytest.mark.slow
def test_the_risk_is_that_of_simulated_customers() -> None:
    """The closed form against a simulation of the model itself: who is alive, at which rate, and buys within t days."""
    from crmlib import policy
    from crmlib.profiles.forecast import Forecast

    rng = np.random.default_rng(5)
    r, alpha, a, b, size, t = 0.8, 40.0, 0.9, 2.0, 400_000, 90.0
    rate, leaves = rng.gamma(r, 1 / alpha, size), rng.beta(a, b, size)
    frequency, last, alive, clock = np.zeros(size), np.zeros(size), rng.random(size) >= leaves, np.zeros(size)
    while True:
        clock = clock + rng.exponential(1 / rate)
        bought = alive & (clock <= 200.0)
        if not bought.any():
            break
        frequency[bought] += 1
        last[bought] = clock[bought]
        alive = np.where(bought, rng.random(size) >= leaves, alive)
        clock = np.where(bought, clock, np.inf)
    still = rng.random(size) < 1 - np.exp(-rate * t)
    silent = ~(alive & still)
    bands = pd.cut(last, [-1, 0, 50, 100, 150, 200], labels=False) * 10 + np.minimum(frequency, 3)
    history = pd.DataFrame({"orders": frequency + 1, "frequency": frequency, "recency": last, "age": 200.0,
                            "monetary_value": 1.0, "days_since_order": 200.0 - last})  # fmt: skip
    forecast = Forecast(history, policy.load({"churn": {"active_days": 10_000}}))
    forecast.__dict__["purchases"] = clv.ModifiedBetaGeoFitter().with_params({"r": r, "alpha": alpha, "a": a, "b": b})
    both = (
        pd.DataFrame({"band": bands, "risk": forecast.risk(), "silent": silent})
        .groupby("band")
        .agg(n=("risk", "size"), risk=("risk", "mean"), silent=("silent", "mean"))
    )
    both = both[both["n"] > 2_000]
    assert len(both) > 8
    np.testing.assert_allclose(both["risk"], both["silent"], atol=0.02)


SMALL: dict[str, list[tuple[str, str, float]]] = {
    "one order": [("a", "2024-01-01", 10.0)],
    "three orders": [("a", "2024-01-01", 10.0), ("a", "2024-02-01", 10.0), ("b", "2024-02-01", 0.0)],
    "one day": [(f"c{number}", "2024-01-05", 10.0) for number in range(50)],
    "nobody came back": [(f"c{number}", f"2024-01-{number % 28 + 1:02d}", 5.0 + number) for number in range(60)],
    "for nothing": [
        (f"c{number % 30}", f"2024-0{number // 30 + 1}-{number % 28 + 1:02d}", 0.0) for number in range(90)
    ],
    "all alike": [(f"c{number % 30}", f"2024-0{number // 30 + 1}-01", 10.0) for number in range(90)],
    "money given back": [("a", "2024-01-01", 10.0), ("a", "2024-01-09", -10.0), ("b", "2024-01-02", 4.0)],
}


@pytest.mark.slow
@pytest.mark.parametrize("name", SMALL)
def test_a_small_shop_is_answered_with_reasons(name: str) -> None:
    shop = open_shop(orders(SMALL[name]))
    table = customers.profile(shop)
    assert list(table.columns) == list(FIELDS)
    empty = [str(column) for column in table if table[column].isna().all()]
    assert set(table.attrs["missing"]) >= {column for column in empty if FIELDS[column].group != "gaps"}
    assert all(reason for reason in table.attrs["missing"].values())
    assert not table.filter(like="may_").any(axis=None)
    assert table["orders"].sum() == len(shop.orders)
    numbers = table.select_dtypes("number").astype("float64").to_numpy()
    assert not np.isinf(numbers).any()


@pytest.mark.slow
def test_only_what_is_asked_for_is_computed(cdnow_sample: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: Any, **__: Any) -> None:
        raise AssertionError("a model was fitted")

    monkeypatch.setattr(clv.ModifiedBetaGeoFitter, "fit", refused)
    some = customers.profile(cdnow_sample, columns=["segment", "days_since_purchase"], groups=["money"])
    assert list(some) == ["spend", "mean_order_value", "last_order_value", "segment", "days_since_order"]
    assert list(customers.profile(cdnow_sample, columns="orders")) == ["orders"]
    assert customers.profile(cdnow_sample, columns=[]).shape == (2357, 0)


def test_what_is_not_there_is_refused_by_name() -> None:
    shop = open_shop(orders([("a", "2024-01-01", 10.0)]))
    with pytest.raises(SchemaError, match=r"no column 'segmnt'\. Did you mean 'segment'"):
        customers.profile(shop, columns=["segmnt"])
    with pytest.raises(SchemaError, match=r"no group 'rmf'\. Did you mean 'rfm'"):
        customers.profile(shop, groups=["rmf"])


@pytest.mark.slow
def test_accounts_without_an_order_are_there_and_their_own_columns_by_name() -> None:
    people = pd.DataFrame({
        "customer_id": ["a", "b", "c"], "registered_ts": pd.to_datetime(["2023-12-01", "2024-01-05", "2024-09-01"]),
        "shoe_size": [41, 42, 43], "email": "x@example.org",
    })  # fmt: skip
    shop = open_shop({"orders": orders([("a", "2024-01-01", 10.0), ("z", "2024-01-02", 7.0)]), "customers": people},
                     as_of="2024-01-10")  # fmt: skip
    table = customers.profile(shop, columns=["orders", "spend", "days_since_registration", "shoe_size"])
    assert list(table.index) == ["a", "b", "z"]  # c registers later
    assert table["orders"].tolist() == [1, 0, 1]
    assert table["spend"].tolist() == [10.0, 0.0, 7.0]
    assert table["days_since_registration"].tolist() == [40, 5, 8]
    assert table["shoe_size"].tolist()[:2] == [41, 42]
    with pytest.raises(SchemaError, match="no column 'email'"):
        customers.profile(shop, columns=["email"])


@pytest.mark.slow
def test_the_next_order_is_expected_by_the_customer_s_own_pace() -> None:
    shop = open_shop(orders([("a", "2024-01-01 10:00", 10.0), ("a", "2024-01-11 23:00", 9.0),
                             ("a", "2024-01-11 09:00", 5.0), ("b", "2024-01-02", 7.0)]),
                     as_of="2024-01-31")  # fmt: skip
    table = customers.profile(shop, groups=["gaps", "orders"])
    assert table["expected_next_order"].tolist()[0] == pd.Timestamp("2024-01-21")
    assert pd.isna(table["expected_next_order"].tolist()[1])
    assert table[["orders", "mean_gap_days", "silence_ratio"]].to_numpy().tolist()[0] == [3, 10.0, 2.0]


@pytest.mark.slow
def test_no_table_calls_a_fact_by_another_name_than_the_profile(shipped: Shop) -> None:
    """Only RFM and the models of purchases keep the words of their field: recency, frequency, monetary value."""
    other = {name for field in FIELDS.values() for name in field.also} - {"registered_ts"}
    seen = {
        "features": churn.features(shipped), "signals": churn.signals(shipped), "map": journey.customer_map(shipped),
        "observable": observable(shipped),
    }  # fmt: skip
    assert {name: other & set(table) for name, table in seen.items() if other & set(table)} == {}


def test_the_dictionary_is_whole() -> None:
    book = customers.dictionary("it")
    assert list(book.index) == list(FIELDS)
    assert set(book["group"]) == set(GROUPS)
    assert (book[["label", "null", "source", "origin", "by", "purpose"]] != "").all(axis=None)
    assert set(book["origin"]) == {"given", "observed", "derived"}
    assert set(book["kind"]) == {"integer", "number", "yes/no", "text", "time"}
    assert (book.loc[book["kind"].isin(["integer", "number"]), "unit"] != "").all()
    other = [name for field in FIELDS.values() for name in field.also]
    assert len(other) == len(set(other))
    assert not set(other) & set(FIELDS)
    assert (customers.dictionary()["label"] != book["label"]).sum() > 40
