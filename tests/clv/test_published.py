"""The numbers that a correct implementation reproduces, by lifetimes' optimiser and by ours, on the same data."""

from __future__ import annotations

import contextlib
import io
import warnings
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest

from crmlib import clv as ours
from crmlib.clv.peer import lifetimes as theirs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

MODELS = pytest.mark.parametrize("package", [theirs, ours], ids=["lifetimes", "crmlib"])


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """What lifetimes says of points that its search tries is not the matter of these tests."""
    with warnings.catch_warnings(), np.errstate(all="ignore"), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        yield


def fitted(package: Any, name: str, *columns: Any, **options: Any) -> Any:
    if package is ours:
        return getattr(package, name)().fit(*columns, **options)
    np.random.seed(1)  # noqa: NPY002 - lifetimes' Pareto/NBD starts from numpy's global state
    with quiet():
        return getattr(package, name)().fit(*columns, **options)


def log_likelihood(model: Any, table: pd.DataFrame) -> float:
    """The log-likelihood in weeks, computed from lifetimes' own formula at the model's parameters."""
    columns: Any = [table[name].to_numpy() for name in ("frequency", "recency", "T")]
    with quiet():
        if "s" in model.params_.index:
            peer = theirs.ParetoNBDFitter
            return float(peer._conditional_log_likelihood(model.params_.to_numpy(), *columns).sum())
        peer = theirs.ModifiedBetaGeoFitter if "Modified" in type(model).__name__ else theirs.BetaGeoFitter
        weights = np.ones(len(table))
        mean = peer._negative_log_likelihood(np.log(model.params_.to_numpy()), *columns, weights, 0.0)
    return -float(mean) * len(table)


@pytest.fixture(scope="module")
def fit_summary(cdnow_summary: pd.DataFrame) -> Callable[[Any, str], Any]:
    """Fit a package's model to the sample, once for all tests."""

    @cache
    def fit(package: Any, name: str) -> Any:
        return fitted(package, name, *(cdnow_summary[column] for column in ("frequency", "recency", "T")))

    return fit


@pytest.mark.slow
@MODELS
@pytest.mark.parametrize(
    ("name", "parameters", "tolerance", "likelihood"),
    [
        ("BetaGeoFitter", [0.2426, 4.4135, 0.7929, 2.4258], 5e-5, -9582.43),
        ("ModifiedBetaGeoFitter", [0.525, 6.183, 0.891, 1.614], 5e-4, -9582.13),
        ("ParetoNBDFitter", [0.5533, 10.5778, 0.6062, 11.6669], 2e-3, -9594.97),
    ],
)
def test_models_of_purchases(  # noqa: PLR0917
    package: Any, name: str, parameters: list[float], tolerance: float, likelihood: float,
    cdnow_summary: pd.DataFrame, fit_summary: Callable[[Any, str], Any],
) -> None:  # fmt: skip
    model = fit_summary(package, name)
    assert model.params_.to_numpy() == pytest.approx(parameters, abs=tolerance)
    assert log_likelihood(model, cdnow_summary) == pytest.approx(likelihood, abs=0.006)


@MODELS
def test_gamma_gamma(package: Any, buyers: pd.DataFrame) -> None:
    model = fitted(package, "GammaGammaFitter", buyers["frequency"], buyers["monetary_value"])
    assert len(buyers) == 946
    assert model.params_.to_numpy() == pytest.approx([6.2488, 3.7446, 15.4477], abs=5e-4)
    assert -model._negative_log_likelihood_ * 946 == pytest.approx(-4055.92, abs=0.006)


@pytest.mark.slow
@MODELS
def test_bgbb_on_donations(package: Any, donations: pd.DataFrame) -> None:
    columns: Any = [donations[name] for name in ("frequency", "recency", "n_periods", "weights")]
    model = fitted(package, "BetaGeoBetaBinomFitter", *columns)
    assert model.params_.to_numpy() == pytest.approx([1.2035, 0.7497, 0.6567, 2.7834], abs=5e-4)
    assert -model._negative_log_likelihood_ * donations["weights"].sum() == pytest.approx(-33225.58, abs=0.006)


@pytest.mark.slow
@MODELS
def test_bg_nbd_of_one_customer(package: Any, fit_summary: Callable[[Any, str], Any]) -> None:
    model = fit_summary(package, "BetaGeoFitter")
    with quiet():
        expected = model.conditional_expected_number_of_purchases_up_to_time(39, 2, 30.43, 38.86)
        alive = model.conditional_probability_alive(2, 30.43, 38.86)
    assert float(expected) == pytest.approx(1.2260, abs=1.5e-4)
    assert alive.item() == pytest.approx(0.7266, abs=5e-5)


@pytest.mark.slow
@MODELS
def test_pareto_nbd_of_one_customer(package: Any, fit_summary: Callable[[Any, str], Any]) -> None:
    model = fit_summary(package, "ParetoNBDFitter")
    with quiet():
        expected = model.conditional_expected_number_of_purchases_up_to_time(52, 26, 30.86, 31)
        alive = model.conditional_probability_alive(26, 30.86, 31)
    assert float(expected) == pytest.approx(25.455, abs=2e-3)
    assert float(alive) == pytest.approx(0.9979, abs=5e-5)


@pytest.fixture(scope="module")
def halves(files: Callable[[str], Path]) -> pd.DataFrame:
    """All 23,570 customers: 39 weeks to learn from (in weeks of days), the purchases of the 39 weeks after."""
    names = ["id", "date", "items", "amount"]
    orders = pd.read_csv(files("CDNOW_master.txt"), sep=r"\s+", header=0, names=names)
    dates = pd.to_datetime(orders["date"].astype(str), format="%Y%m%d")
    orders["day"] = (dates - pd.Timestamp("1997-01-01")).dt.days
    days = orders[["id", "day"]].drop_duplicates()
    end = (pd.Timestamp("1997-09-30") - pd.Timestamp("1997-01-01")).days
    seen = days[days["day"] <= end].groupby("id")["day"].agg(["min", "max", "count"])
    later = days[days["day"].between(end + 1, end + 39 * 7)].groupby("id").size()
    table = pd.DataFrame(
        {
            "frequency": seen["count"] - 1,
            "recency": (seen["max"] - seen["min"]) / 7,
            "T": (end - seen["min"]) / 7,
            "later": later.reindex(seen.index, fill_value=0),
        }
    )
    assert len(table) == 23_570
    return table


@pytest.mark.slow
@pytest.mark.parametrize(
    ("package", "name", "mae", "rmse"),
    [
        (ours, "BetaGeoFitter", 0.819, 1.733),
        (ours, "ParetoNBDFitter", 0.794, 1.726),
        pytest.param(theirs, "BetaGeoFitter", 0.819, 1.733, marks=pytest.mark.full),
        pytest.param(theirs, "ParetoNBDFitter", 0.794, 1.726, marks=pytest.mark.full),
    ],
)
def test_holdout(package: Any, name: str, mae: float, rmse: float, halves: pd.DataFrame) -> None:
    columns: Any = [halves[column] for column in ("frequency", "recency", "T")]
    model = fitted(package, name, *columns)
    with quiet():
        expected = model.conditional_expected_number_of_purchases_up_to_time(39, *columns)
    error = expected - halves["later"]
    assert error.abs().mean() == pytest.approx(mae, abs=6e-4)
    assert float(np.sqrt((error**2).mean())) == pytest.approx(rmse, abs=6e-4)
    assert halves["later"].mean() == pytest.approx(0.835, abs=6e-4)


@pytest.fixture(scope="module")
def sample(files: Callable[[str], Path]) -> pd.DataFrame:
    """The sample's 2,357 customers with the purchases of the 39 weeks after."""
    orders = pd.read_csv(
        files("CDNOW_sample.txt"), sep=r"\s+", header=None, names=["master", "id", "date", "items", "amount"]
    )
    days = orders[["id", "date"]].drop_duplicates()
    later = days[days["date"] > 19_970_930].groupby("id").size()
    summary = pd.read_csv(files("cdnow_customers_summary.csv"), index_col="ID")
    return summary.assign(later=later.reindex(summary.index, fill_value=0))


@pytest.mark.slow
@MODELS
def test_mean_holdout_purchases_by_frequency(package: Any, sample: pd.DataFrame) -> None:
    columns: Any = [sample[column] for column in ("frequency", "recency", "T")]
    model = fitted(package, "BetaGeoFitter", *columns)
    with quiet():
        expected = model.conditional_expected_number_of_purchases_up_to_time(39, *columns)
    means = sample.assign(expected=expected).groupby("frequency")[["later", "expected"]].mean().loc[:5]
    assert means["expected"].to_numpy() == pytest.approx([0.23, 0.52, 1.04, 1.52, 2.16, 2.65], abs=6e-3)
    assert means["later"].to_numpy() == pytest.approx([0.24, 0.70, 1.39, 1.56, 2.53, 2.95], abs=6e-3)


@pytest.mark.parametrize(
    ("survivors", "alpha", "beta"),
    [
        ([1000, 631, 468, 382, 326, 289, 262, 241], 0.704, 1.182),  # Regular
        ([1000, 869, 743, 653, 593, 551, 517, 491], 0.668, 3.806),  # High End
    ],
)
def test_contracts(survivors: list[int], alpha: float, beta: float) -> None:
    model = ours.ShiftedBetaGeoFitter().fit_survivors(survivors)
    assert model.params_.to_numpy() == pytest.approx([alpha, beta], abs=6e-4)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["BetaGeoFitter", "ModifiedBetaGeoFitter", "ParetoNBDFitter"])
def test_answers_are_those_of_lifetimes_at_the_same_parameters(name: str, cdnow_summary: pd.DataFrame) -> None:
    columns: Any = [cdnow_summary[column] for column in ("frequency", "recency", "T")]
    model = getattr(ours, name)().fit(*columns)
    peer = getattr(theirs, name)()
    peer.params_ = model.params_
    with quiet():
        for method, arguments in (
            ("conditional_expected_number_of_purchases_up_to_time", (39, *columns)),
            ("conditional_probability_alive", columns),
            ("expected_number_of_purchases_up_to_time", (np.array([0.0, 1.0, 52.0]),)),
            ("conditional_probability_alive_matrix", (20, 39)),
        ):
            expected, actual = getattr(peer, method)(*arguments), getattr(model, method)(*arguments)
            assert type(actual) is type(expected), method
            np.testing.assert_allclose(actual, expected, rtol=1e-9, atol=1e-12, err_msg=method)


@pytest.mark.slow
@pytest.mark.parametrize("penalizer", [0.0, 0.01])
@pytest.mark.parametrize("name", ["BetaGeoFitter", "ModifiedBetaGeoFitter"])
def test_fit_and_its_attributes_are_those_of_lifetimes(
    name: str, penalizer: float, cdnow_summary: pd.DataFrame
) -> None:
    columns: Any = [cdnow_summary[column] for column in ("frequency", "recency", "T")]
    model = getattr(ours, name)(penalizer).fit(*columns, index=cdnow_summary.index)
    with quiet():
        peer = getattr(theirs, name)(penalizer).fit(*columns, index=cdnow_summary.index)
    np.testing.assert_allclose(model.params_, peer.params_, rtol=2e-6)
    np.testing.assert_allclose(model.standard_errors_, peer.standard_errors_, rtol=1e-5)
    np.testing.assert_allclose(model.summary, peer.summary, rtol=1e-5)
    np.testing.assert_allclose(model._hessian_, peer._hessian_, rtol=1e-5, atol=1e-6)
    assert model._negative_log_likelihood_ == pytest.approx(peer._negative_log_likelihood_, abs=1e-10)
    assert list(model.summary.columns) == list(peer.summary.columns)
    assert list(model.data.columns) == list(peer.data.columns)
    assert model.data.index.equals(peer.data.index)


@pytest.mark.slow
def test_penalized_pareto_means_what_lifetimes_means(cdnow_summary: pd.DataFrame) -> None:
    columns: Any = [cdnow_summary[column] for column in ("frequency", "recency", "T")]
    model = ours.ParetoNBDFitter(0.5).fit(*columns)
    peer = theirs.ParetoNBDFitter(0.5)
    with quiet():
        peer.fit(*columns, tol=1e-9)
    np.testing.assert_allclose(model.params_, peer.params_, rtol=1e-4)
    assert model._negative_log_likelihood_ == pytest.approx(peer._negative_log_likelihood_, abs=1e-5)
