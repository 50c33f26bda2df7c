"""What is simulated can be found again: parameters by their fitters, leaving by P(alive), effects by comparison."""

import warnings
from statistics import NormalDist
from typing import Any

import numpy as np
import pandas as pd
import pytest

from crmlib.synth import MakeResult, make_shop, preset
from crmlib.synth.life import mean_orders

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # lifetimes sets an option that pandas 3 has dropped
    from lifetimes import GammaGammaFitter, ParetoNBDFitter

#: How many shops are made, and in how many the truth must lie in its interval: at a true coverage of .95, 4 of 5 has
#: a chance of .977, and 17 of 20 one of .984.
SHOPS = [pytest.param((5, 4), id="5"), pytest.param((20, 17), id="20", marks=pytest.mark.full)]
RATES = preset("clean").pooled
assert RATES is not None
Floats = np.ndarray[Any, np.dtype[np.float64]]


def summary(shop: MakeResult) -> pd.DataFrame:
    """Frequency, recency, T in days, exact times; and the mean value of repeat orders."""
    orders = shop.tables["orders"].to_pandas()
    start = pd.Timestamp(shop.parameters["start"])
    end = (pd.Timestamp(shop.parameters["until"]) - start).days + 1
    orders["day"] = (orders["order_ts"] - start).dt.total_seconds() / 86_400
    orders["amount"] = orders["amount"].astype(float)
    by = orders.groupby("customer_id")
    first, last = by["day"].min(), by["day"].max()
    repeat = orders[by.cumcount() > 0].groupby("customer_id")["amount"].mean()
    frequency = by.size() - 1
    return pd.DataFrame({"frequency": frequency, "recency": last - first, "T": end - first, "monetary": repeat})


def fitted(data: pd.DataFrame) -> Any:
    """Return lifetimes' Pareto/NBD fit.

    It starts from the truth: its own random start at times ends far from the optimum, after minutes.
    """
    assert RATES is not None
    scale = data["T"].max()  # lifetimes divides times by the longest
    start = np.array([RATES.r, RATES.alpha / scale, RATES.s, RATES.beta / scale])
    with np.errstate(all="ignore"):  # the search steps on parameters without a likelihood
        return ParetoNBDFitter().fit(data["frequency"], data["recency"], data["T"], initial_params=start)


def hessian(function: Any, at: Floats, step: float = 1e-3) -> Floats:
    """Second derivatives by central differences."""
    size = len(at)
    unit = np.eye(size) * step
    result = np.empty((size, size))
    for i in range(size):
        for j in range(size):
            ends = [function(at + a * unit[i] + b * unit[j]) * a * b for a in (1, -1) for b in (1, -1)]
            result[i, j] = sum(ends) / (4 * step**2)
    return result


def covered(function: Any, estimate: Floats, true: Floats) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """Tell which true parameters lie in their 95 % Wald interval on the log scale."""
    logs = np.log(estimate)
    errors = np.sqrt(np.diag(np.linalg.inv(hessian(lambda point: function(np.exp(point)), logs))))
    inside: np.ndarray[Any, np.dtype[np.bool_]] = np.abs(logs - np.log(true)) < NormalDist().inv_cdf(0.975) * errors
    return inside


@pytest.fixture(scope="module", params=SHOPS)
def summaries(request: pytest.FixtureRequest) -> tuple[list[pd.DataFrame], int]:
    seeds, least = request.param
    shops = (make_shop(customers=2_000, seed=seed, preset="clean", tables=["orders"]) for seed in range(seeds))
    return [summary(shop) for shop in shops], least


@pytest.mark.slow
def test_pareto_nbd_is_recovered(summaries: tuple[list[pd.DataFrame], int]) -> None:
    shops, least = summaries
    names = ["r", "alpha", "s", "beta"]
    true = np.array([getattr(RATES, name) for name in names])
    hits = np.zeros(len(names), dtype=int)
    for data in shops:
        columns = [data[name].to_numpy(dtype=float) for name in ("frequency", "recency", "T")]
        fitter = fitted(data)
        likelihood = fitter._negative_log_likelihood
        ones = np.ones(len(data))
        estimate = np.array([fitter.params_[name] for name in names])
        hits += covered(lambda point, c=columns, f=likelihood, w=ones: f(point, *c, w, 0.0), estimate, true)
    assert dict(zip(names, hits >= least, strict=True)) == dict.fromkeys(names, True), hits


@pytest.mark.slow
def test_gamma_gamma_is_recovered(summaries: tuple[list[pd.DataFrame], int]) -> None:
    shops, least = summaries
    names = ["p", "q", "v"]
    true = np.array([getattr(RATES, name) for name in names])
    hits = np.zeros(len(names), dtype=int)
    for data in shops:
        repeat = data[data["frequency"] > 0]
        fitter = GammaGammaFitter().fit(repeat["frequency"], repeat["monetary"])
        table = fitter.summary
        hits += (table["lower 95% bound"] < true) & (true < table["upper 95% bound"])
    assert dict(zip(names, np.asarray(hits) >= least, strict=True)) == dict.fromkeys(names, True), hits


def test_spend_is_independent_of_the_rate_in_clean(clean_shop: MakeResult) -> None:
    truth = clean_shop.tables["truth/customers"].to_pandas().query("buyer")
    correlation = truth[["order_rate", "mean_order_value"]].corr(method="spearman").iloc[0, 1]
    assert abs(correlation) < 3 / np.sqrt(len(truth))


@pytest.mark.slow
def test_p_alive_is_calibrated(clean_shop: MakeResult) -> None:
    data = summary(clean_shop)
    fitter = fitted(data)
    data["p"] = fitter.conditional_probability_alive(data["frequency"], data["recency"], data["T"])
    truth = clean_shop.tables["truth/customers"].to_pandas().set_index("customer_id")
    data["alive"] = truth["alive"].reindex(data.index)
    tenths = data.groupby(pd.qcut(data["p"], 10), observed=True).agg(
        p=("p", "mean"), alive=("alive", "mean"), n=("p", "size")
    )
    error = np.sqrt(tenths["p"] * (1 - tenths["p"]) / tenths["n"])
    assert (np.abs(tenths["alive"] - tenths["p"]) < 3.5 * error + 0.01).all(), tenths


def test_expected_orders_are_those_that_come(clean_shop: MakeResult) -> None:
    truth = clean_shop.tables["truth/customers"].to_pandas()
    half_year = truth["order_rate"] * -np.expm1(-truth["dropout_rate"] * 180) / truth["dropout_rate"]
    expected = half_year[truth["alive"]].sum()
    assert abs(truth["future_orders"].sum() - expected) < 4 * np.sqrt(expected) * 1.5


@pytest.mark.slow
def test_orders_are_as_many_as_the_formula_says() -> None:
    shop = make_shop(customers=20_000, seed=2, preset="clean", tables=["orders", "truth/customers"], holdout=0)
    data = summary(shop)
    assert RATES is not None
    formula = np.array([mean_orders(RATES, days) for days in data["T"]])
    error = data["frequency"].std() / np.sqrt(len(data))
    assert abs(data["frequency"].mean() - formula.mean()) < 3 * error


@pytest.fixture(scope="module")
def campaign_results() -> pd.DataFrame:
    """Orders in the window of every customer in every randomised campaign, with the truth beside it."""
    names = ["orders", "campaigns", "assignments", "truth/treatment_effects", "truth/customers"]
    made = make_shop(customers=60_000, seed=4, tables=names, holdout=0)
    tables = {name: made.tables[name].to_pandas() for name in names}
    rows = tables["assignments"].merge(tables["campaigns"], on="campaign_id")
    rows = rows.merge(tables["truth/treatment_effects"], on=["campaign_id", "customer_id"])
    rows = rows.merge(tables["truth/customers"][["customer_id", "persona"]], on="customer_id")
    orders = rows[["campaign_id", "customer_id", "assigned_ts", "window_days"]].merge(
        tables["orders"][["customer_id", "order_ts"]], on="customer_id"
    )
    end = orders["assigned_ts"] + pd.to_timedelta(orders["window_days"], unit="D")
    inside = orders[(orders["order_ts"] >= orders["assigned_ts"]) & (orders["order_ts"] < end)]
    counts = inside.groupby(["campaign_id", "customer_id"]).size().rename("orders").reset_index()
    rows = rows.merge(counts, on=["campaign_id", "customer_id"], how="left")
    rows["orders"] = rows["orders"].fillna(0)
    rows["treated"] = rows["arm"] != "control"
    return pd.DataFrame(rows)


def z_scores(rows: pd.DataFrame, by: list[str]) -> pd.Series:
    """How far the difference of treated and control lies from the truth, in standard errors."""
    treated, control = (
        rows[rows["treated"] == arm].groupby(by)["orders"].agg(["mean", "var", "size"]) for arm in (True, False)
    )
    difference = treated["mean"] - control["mean"]
    error = np.sqrt(treated["var"] / treated["size"] + control["var"] / control["size"])
    truth = rows.groupby(by)["expected_extra_orders"].mean()
    result: pd.Series = (difference - truth) / error
    return result


@pytest.mark.slow
def test_campaign_effects_are_recovered(campaign_results: pd.DataFrame) -> None:
    z = z_scores(campaign_results, ["campaign_id"])
    assert len(z) == 14
    assert (np.abs(z) < 1.96).sum() >= 12, z
    assert np.abs(z).max() < 4


@pytest.mark.slow
def test_effects_differ_by_persona_and_one_is_negative(campaign_results: pd.DataFrame) -> None:
    promo = campaign_results.query("kind == 'promo'")
    assert (np.abs(z_scores(promo, ["persona"])) < 3.5).all()
    treated, control = (promo[promo["treated"] == arm].groupby("persona")["orders"].mean() for arm in (True, False))
    lift = treated / control - 1
    assert lift["quiet_loyal"] < -0.2
    assert lift["bargain_hunter"] > 0.5


def test_no_effect_in_clean(clean_shop: MakeResult) -> None:
    effects = clean_shop.tables["truth/treatment_effects"]
    assert set(effects["rate_lift"].unique().to_pylist()) == {0.0}
    assert clean_shop.tables["orders"]["coupon_code"].null_count == clean_shop.rows["orders"]


@pytest.mark.slow
def test_arms_are_as_large_as_planned(campaign_results: pd.DataFrame) -> None:
    groups = campaign_results.groupby("campaign_id")
    control, size = 1 - groups["treated"].mean(), groups.size()
    planned = groups["control_percent"].first() / 100
    assert (np.abs(control - planned) < 4 * np.sqrt(planned * (1 - planned) / size)).all()
