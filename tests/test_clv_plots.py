"""Figures of the models: labelled, in the house style, and of what was computed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

import crmlib
from crmlib import clv, plots
from crmlib.errors import CrmlibError, ModelError

if TYPE_CHECKING:
    from collections.abc import Iterator

ENDS: Any = {"calibration_end": "1997-09-30", "observation_end": "1998-06-30"}
FITTERS: dict[str, Any] = {
    "BG/NBD": clv.BetaGeoFitter,
    "MBG/NBD": clv.ModifiedBetaGeoFitter,
    "Pareto/NBD": clv.ParetoNBDFitter,
}


@pytest.fixture(autouse=True)
def _without_windows() -> Iterator[None]:
    mpl.use("Agg")
    yield
    plt.close("all")


@pytest.fixture(scope="module")
def summary(cdnow_sample: crmlib.Shop) -> Any:
    return clv.summarize(cdnow_sample.orders, as_of="1997-09-30").to_pandas()


@pytest.fixture(scope="module")
def models(summary: Any) -> dict[str, Any]:
    return {name: fitter().fit(summary) for name, fitter in FITTERS.items()}


@pytest.fixture(scope="module")
def table(cdnow_sample: crmlib.Shop, models: Any) -> pd.DataFrame:
    return clv.tracking(cdnow_sample.orders, models, **ENDS)


def assert_labelled(*axes: Any) -> None:
    assert all(each.get_xlabel() and each.get_ylabel() for each in axes)


def test_tracking_counts_every_repeat_purchase(table: pd.DataFrame, summary: Any, cdnow_sample: crmlib.Shop) -> None:
    split = clv.holdout(cdnow_sample.orders, **ENDS).to_pandas()
    assert table["actual"].sum() == split["frequency_cal"].sum() + split["frequency_holdout"].sum()
    assert table.loc[~table["held_out"], "actual"].sum() == summary["frequency"].sum()


@pytest.mark.parametrize("name", FITTERS)
def test_a_model_tracks_its_calibration(table: pd.DataFrame, name: str) -> None:
    """Within 5 %, as in the papers' figures: a likelihood's optimum need not hit the total."""
    seen = table[~table["held_out"]]
    assert seen[name].sum() == pytest.approx(seen["actual"].sum(), rel=0.05)


def test_tracking_is_the_sum_of_the_expectations(table: pd.DataFrame, models: Any, summary: Any) -> None:
    expected = models["BG/NBD"].expected_number_of_purchases_up_to_time(summary["T"].to_numpy()).sum()
    assert table.loc[~table["held_out"], "BG/NBD"].sum() == pytest.approx(expected)


def test_tracking_in_weeks(cdnow_sample: crmlib.Shop) -> None:
    sunday: Any = {"calibration_end": "1997-09-28", "observation_end": "1998-06-28"}
    weeks = clv.summarize(cdnow_sample.orders, as_of="1997-09-28", period="W").to_pandas()
    model = clv.BetaGeoFitter().fit(weeks)
    found = clv.tracking(cdnow_sample.orders, {"BG/NBD": model}, period="W", **sunday)
    seen = found[~found["held_out"]]
    assert seen["actual"].sum() == weeks["frequency"].sum()


def test_an_observation_before_the_calibration_is_an_error(cdnow_sample: crmlib.Shop) -> None:
    with pytest.raises(CrmlibError, match="which is before the calibration's end"):
        clv.tracking(cdnow_sample.orders, {}, calibration_end="1997-09-30", observation_end="1997-09-29")


@pytest.mark.parametrize("name", ["BG/NBD", "MBG/NBD"])
def test_simulated_frequencies_are_those_of_the_formula(models: Any, name: str) -> None:
    model = models[name]
    found = clv.frequencies(model, np.full(20_000, 200.0), most=4)
    want = [20_000 * float(model.probability_of_n_purchases_up_to_time(200.0, n)) for n in range(4)]
    assert found.to_numpy()[:4] == pytest.approx(want, rel=0.05)


def test_simulated_frequencies_have_the_mean_of_pareto(models: Any) -> None:
    model = models["Pareto/NBD"]
    found = clv.frequencies(model, np.full(20_000, 200.0), most=500)
    mean = float((found.index * found).sum() / 20_000)
    assert mean == pytest.approx(model.expected_number_of_purchases_up_to_time(200.0), rel=0.05)


def test_gamma_gamma_has_no_frequencies() -> None:
    model = clv.GammaGammaFitter().with_params({"p": 6.0, "q": 4.0, "v": 15.0})
    model.params_.index = ["r", "alpha", "v"]
    with pytest.raises(ModelError, match="GammaGammaFitter has no story of repeat purchases"):
        clv.frequencies(model, [39.0])


def test_an_alive_history_ends_where_the_model_says(models: Any) -> None:
    found = clv.alive_history(models["Pareto/NBD"], [0, 30, 50, 50], until_age=200)
    assert found[200] == pytest.approx(models["Pareto/NBD"].conditional_probability_alive(2, 50, 200))
    assert found[0] == found[30] == pytest.approx(1)


def test_an_alive_history_begins_with_the_first_purchase(models: Any) -> None:
    with pytest.raises(ModelError, match="the first of them is 0"):
        clv.alive_history(models["BG/NBD"], [3, 9], until_age=20)


@pytest.mark.slow
def test_the_figures_are_labelled(table: pd.DataFrame, models: Any, summary: Any) -> None:
    model = models["MBG/NBD"]
    assert_labelled(*plots.tracking(table, title="A finding"))
    expected = pd.DataFrame({name: clv.frequencies(each, summary["T"]) for name, each in models.items()})
    assert_labelled(plots.frequency_fit(summary["frequency"], expected, title="A finding", language="it"))
    assert_labelled(plots.alive_map(model, age=60, title="A finding"))
    assert_labelled(plots.purchases_map(model, age=60, duration=30, title="A finding"))
    alive = clv.alive_history(model, [0, 5], until_age=30)
    assert_labelled(plots.alive_history(alive, [0, 5], title="A finding"))


def test_a_map_leaves_out_histories_that_cannot_be(models: Any) -> None:
    axes = plots.purchases_map(models["BG/NBD"], age=20, duration=30, title="A finding")
    shown: Any = axes.images[0].get_array()
    assert np.ma.getmaskarray(np.ma.masked_invalid(shown))[:, 0].tolist() == [False] + 20 * [True]


def test_differences_are_drawn_best_on_top() -> None:
    found = pd.DataFrame({"difference": [-1.0, 0.0], "low": [-2.0, 0.0], "high": [-0.5, 0.0]}, index=["new", "old"])
    axes = plots.difference_dots(found, title="A finding", xlabel="RMSE less than old's")
    assert [text.get_text() for text in axes.get_yticklabels()] == ["old", "new"]
