"""Numbers that others have published, on the CDNOW data that ship inside lifetimes."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.special import gammaln  # type: ignore[import-untyped]

import crmlib
from crmlib import clv

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import lifetimes

FITTERS: dict[str, Any] = {
    "BG/NBD": clv.BetaGeoFitter,
    "Pareto/NBD": clv.ParetoNBDFitter,
    "MBG/NBD": clv.ModifiedBetaGeoFitter,
}
ENDS: Any = {"calibration_end": "1997-09-30", "observation_end": "1998-06-30"}


@pytest.fixture(scope="module")
def summary() -> pd.DataFrame:
    """The sample's 2,357 customers at the end of September 1997, in weeks, as lifetimes packages them."""
    folder = Path(lifetimes.__file__).parent / "datasets"
    return pd.read_csv(folder / "cdnow_customers_summary_with_transactions.csv")


@pytest.fixture(scope="module")
def fitted(summary: pd.DataFrame) -> dict[str, Any]:
    return {name: fitter().fit(summary["x"], summary["t_x"], summary["T"]) for name, fitter in FITTERS.items()}


@pytest.fixture(scope="module")
def spend(summary: pd.DataFrame) -> Any:
    buyers = summary[summary["x"] > 0]
    return clv.GammaGammaFitter().fit(buyers["x"], buyers["zbar"])


@pytest.fixture(scope="module")
def sample_split(sample_shop: crmlib.Shop) -> pd.DataFrame:
    return in_weeks(clv.holdout(sample_shop.orders, **ENDS).to_pandas())


@pytest.fixture(scope="module")
def card(cdnow_shop: crmlib.Shop) -> pd.DataFrame:
    """The scorecard of 39 + 39 weeks on all 23,570 customers."""
    split = in_weeks(clv.holdout(cdnow_shop.orders, **ENDS).to_pandas())
    history = [split[name] for name in ("frequency_cal", "recency_cal", "T_cal")]
    return clv.scorecard(
        split, {name: FITTERS[name]().fit(*history).predict(39, *history) for name in ("BG/NBD", "Pareto/NBD")}
    )


def in_weeks(split: pd.DataFrame) -> pd.DataFrame:
    return split.assign(recency_cal=split["recency_cal"] / 7, T_cal=split["T_cal"] / 7)


def log_likelihood(name: str, params: Any, history: pd.DataFrame) -> float:
    """Sum lifetimes' log-likelihood over the customers, in weeks; what its fitters keep is a mean, on a scaled time."""
    x, t_x, age = (history[column].to_numpy(dtype=float) for column in ("x", "t_x", "T"))
    ones = np.ones_like(x)
    if name == "Pareto/NBD":
        return float(lifetimes.ParetoNBDFitter._conditional_log_likelihood(params, x, t_x, age).sum())
    theirs = lifetimes.BetaGeoFitter if name == "BG/NBD" else lifetimes.ModifiedBetaGeoFitter
    mean = theirs._negative_log_likelihood(np.log(params), x, t_x, age, ones, 0.0)
    return -float(mean) * len(x)


def bg_by_the_paper(params: Any, history: pd.DataFrame) -> float:
    """The BG/NBD log-likelihood as its paper writes it (Fader, Hardie and Lee 2005, equation 6)."""
    r, alpha, a, b = params
    x, t_x, age = (history[column].to_numpy(dtype=float) for column in ("x", "t_x", "T"))
    shared = gammaln(r + x) - gammaln(r) + r * np.log(alpha) + gammaln(a + b) - gammaln(a + b + x)
    alive = gammaln(b + x) - gammaln(b) - (r + x) * np.log(alpha + age)
    repeat = np.maximum(x, 1)
    left = np.log(a) + gammaln(b + repeat - 1) - gammaln(b) - (r + x) * np.log(alpha + t_x)
    return float((shared + np.where(x > 0, np.logaddexp(alive, left), alive)).sum())


# --- parameters and log-likelihoods


@pytest.mark.parametrize(
    ("name", "published", "within"),
    [
        ("BG/NBD", {"r": 0.2426, "alpha": 4.4135, "a": 0.7929, "b": 2.4258}, 1e-3),
        ("Pareto/NBD", {"r": 0.5533, "alpha": 10.5778, "s": 0.6062, "beta": 11.6669}, 2e-3),
        ("MBG/NBD", {"r": 0.525, "alpha": 6.183, "a": 0.891, "b": 1.614}, 1e-3),
    ],
)
def test_the_parameters_are_the_published_ones(
    fitted: dict[str, Any], name: str, published: dict[str, float], within: float
) -> None:
    assert fitted[name].params_.to_dict() == pytest.approx(published, rel=within)


@pytest.mark.parametrize(("name", "published"), [("BG/NBD", -9582.43), ("Pareto/NBD", -9594.97), ("MBG/NBD", -9582.13)])
def test_the_log_likelihood_is_the_published_one(
    fitted: dict[str, Any], summary: pd.DataFrame, name: str, published: float
) -> None:
    assert log_likelihood(name, fitted[name].params_.to_numpy(), summary) == pytest.approx(published, abs=0.01)


def test_the_log_likelihood_is_that_of_the_paper(fitted: dict[str, Any], summary: pd.DataFrame) -> None:
    assert bg_by_the_paper(fitted["BG/NBD"].params_, summary) == pytest.approx(-9582.43, abs=0.01)


def test_the_gamma_gamma_parameters_are_the_published_ones(spend: Any) -> None:
    assert spend.params_.to_dict() == pytest.approx({"p": 6.2488, "q": 3.7446, "v": 15.4477}, rel=2e-3)


def test_the_gamma_gamma_log_likelihood_is_the_published_one(spend: Any, summary: pd.DataFrame) -> None:
    p, q, v = spend.params_
    buyers = summary[summary["x"] > 0]
    x, z = buyers["x"].to_numpy(dtype=float), buyers["zbar"].to_numpy(dtype=float)
    each = gammaln(p * x + q) - gammaln(p * x) - gammaln(q) + q * np.log(v)
    each += (p * x - 1) * np.log(z) + p * x * np.log(x) - (p * x + q) * np.log(x * z + v)
    assert float(each.sum()) == pytest.approx(-4055.92, abs=0.01)


def test_946_customers_bought_again(summary: pd.DataFrame) -> None:
    assert (len(summary), int((summary["x"] > 0).sum())) == (2_357, 946)


# --- predictions


def test_the_expected_purchases_of_one_customer(fitted: dict[str, Any]) -> None:
    assert fitted["BG/NBD"].predict(39, 2, 30.43, 38.86) == pytest.approx(1.2260, abs=1e-4)


def test_the_chance_that_one_customer_is_alive(fitted: dict[str, Any]) -> None:
    alive = fitted["BG/NBD"].conditional_probability_alive(2, 30.43, 38.86)
    assert np.asarray(alive).item() == pytest.approx(0.7266, abs=1e-4)


def test_the_expected_purchases_of_a_frequent_customer(fitted: dict[str, Any]) -> None:
    assert np.asarray(fitted["Pareto/NBD"].predict(52, 26, 30.86, 31)).item() == pytest.approx(25.455, abs=0.01)


def test_the_chance_that_a_frequent_customer_is_alive(fitted: dict[str, Any]) -> None:
    alive = fitted["Pareto/NBD"].conditional_probability_alive(26, 30.86, 31)
    assert np.asarray(alive).item() == pytest.approx(0.9979, abs=1e-4)


# --- the split


def test_the_split_of_the_sample_is_the_packaged_summary(sample_split: pd.DataFrame, summary: pd.DataFrame) -> None:
    ours = (
        sample_split[["frequency_cal", "recency_cal", "T_cal"]]
        .round(2)
        .sort_values(["frequency_cal", "recency_cal", "T_cal"])
    )
    want = summary[["x", "t_x", "T"]].round(2).sort_values(["x", "t_x", "T"])
    assert np.abs(ours.to_numpy() - want.to_numpy()).max() < 0.011


@pytest.mark.parametrize(
    ("who", "published"),
    [("actual", [0.24, 0.70, 1.39, 1.56, 2.53, 2.95]), ("BG/NBD", [0.23, 0.52, 1.04, 1.52, 2.16, 2.65])],
)
def test_the_mean_purchases_in_the_holdout_by_those_before(
    sample_split: pd.DataFrame, fitted: dict[str, Any], who: str, published: list[float]
) -> None:
    history = [sample_split[name] for name in ("frequency_cal", "recency_cal", "T_cal")]
    values = sample_split["frequency_holdout"] if who == "actual" else fitted["BG/NBD"].predict(39, *history)
    means = pd.Series(values).groupby(sample_split["frequency_cal"]).mean()
    assert means.loc[0:5].tolist() == pytest.approx(published, abs=0.0051)


@pytest.mark.parametrize(
    ("name", "mae", "rmse"),
    [("BG/NBD", 0.819, 1.733), ("Pareto/NBD", 0.794, 1.726), ("always zero", 0.835, 2.467)],
)
def test_the_errors_on_all_customers_in_39_weeks(card: pd.DataFrame, name: str, mae: float, rmse: float) -> None:
    assert list(card.loc[name, ["mae", "rmse"]]) == pytest.approx([mae, rmse], abs=5e-4)
