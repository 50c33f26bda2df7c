"""Published numbers of the holdout, from the orders of CDNOW through our own split and scorecard."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.special import gammaln

import crmlib
from crmlib import clv

FITTERS: dict[str, Any] = {
    "BG/NBD": clv.BetaGeoFitter,
    "Pareto/NBD": clv.ParetoNBDFitter,
    "MBG/NBD": clv.ModifiedBetaGeoFitter,
}
ENDS: Any = {"calibration_end": "1997-09-30", "observation_end": "1998-06-30"}


@pytest.fixture(scope="module")
def summary() -> pd.DataFrame:
    """The sample's 2,357 customers at the end of September 1997, in weeks, as lifetimes packages them."""
    spec = find_spec("lifetimes")
    assert spec is not None
    assert spec.origin is not None
    folder = Path(spec.origin).parent / "datasets"
    return pd.read_csv(folder / "cdnow_customers_summary_with_transactions.csv")


@pytest.fixture(scope="module")
def fitted(summary: pd.DataFrame) -> dict[str, Any]:
    return {name: fitter().fit(summary["x"], summary["t_x"], summary["T"]) for name, fitter in FITTERS.items()}


@pytest.fixture(scope="module")
def sample_split(cdnow_sample: crmlib.Shop) -> pd.DataFrame:
    return in_weeks(clv.holdout(cdnow_sample.orders, **ENDS).to_pandas())


@pytest.fixture(scope="module")
def card(cdnow: crmlib.Shop) -> pd.DataFrame:
    """The scorecard of 39 + 39 weeks on all 23,570 customers."""
    split = in_weeks(clv.holdout(cdnow.orders, **ENDS).to_pandas())
    history = [split[name] for name in ("frequency_cal", "recency_cal", "T_cal")]
    return clv.scorecard(
        split, {name: FITTERS[name]().fit(*history).predict(39, *history) for name in ("BG/NBD", "Pareto/NBD")}
    )


def in_weeks(split: pd.DataFrame) -> pd.DataFrame:
    return split.assign(recency_cal=split["recency_cal"] / 7, T_cal=split["T_cal"] / 7)


# --- the formula


def test_the_log_likelihood_is_that_of_the_paper(fitted: dict[str, Any], summary: pd.DataFrame) -> None:
    """BG/NBD as Fader, Hardie and Lee (2005) write it in equation 6: a formula of our own, not lifetimes'."""
    r, alpha, a, b = fitted["BG/NBD"].params_
    x, t_x, age = (summary[column].to_numpy(dtype=float) for column in ("x", "t_x", "T"))
    shared = gammaln(r + x) - gammaln(r) + r * np.log(alpha) + gammaln(a + b) - gammaln(a + b + x)
    alive = gammaln(b + x) - gammaln(b) - (r + x) * np.log(alpha + age)
    left = np.log(a) + gammaln(b + np.maximum(x, 1) - 1) - gammaln(b) - (r + x) * np.log(alpha + t_x)
    each = shared + np.where(x > 0, np.logaddexp(alive, left), alive)
    assert float(each.sum()) == pytest.approx(-9582.43, abs=0.01)


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
