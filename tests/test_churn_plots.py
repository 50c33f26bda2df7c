"""Figures of churn: labelled, in both languages, and of what was computed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from crmlib import churn
from crmlib.plots import churn as churn_plots

if TYPE_CHECKING:
    from collections.abc import Iterator

RNG = np.random.default_rng(1)
CHANCE = RNG.random(200)
LEFT = (RNG.random(200) < CHANCE).astype(int)
OFFER = churn.Offer(success_rate=0.3, contact_cost=1)
LOTS = pd.DataFrame({"contacted": RNG.integers(0, 2, 200), "window_orders": RNG.poisson(0.3, 200)})
CURVE = churn.uplift_curve(CHANCE, LOTS, lots=20, truth=0.1 * CHANCE)


@pytest.fixture(autouse=True)
def _without_windows() -> Iterator[None]:
    mpl.use("Agg")
    yield
    plt.close("all")


def cohorts(months: int) -> pd.DataFrame:
    ages = np.arange(months)
    table = pd.DataFrame(0.2, index=pd.period_range("2024-01", periods=months, freq="M", name="cohort"), columns=ages)
    return table.where(ages[None, :] + ages[:, None] < months)


SIGNS = pd.DataFrame({"caught": [0.4, 0.1], "right": [0.8, 0.6]}, index=["no_login", "any"])
FIGURES: dict[str, Any] = {
    "gaps": lambda language: churn_plots.gap_curve(
        [1, 5, 9, 40], {"fixed": 60, "read off": 30}, title="t", language=language
    ),
    "signals": lambda language: churn_plots.signal_dots(SIGNS, everyone=0.5, title="t", language=language),
    "calibration": lambda language: churn_plots.calibration_lines(
        {"model": churn.calibration(LEFT, CHANCE)}, title="t", language=language
    ),
    "gains": lambda language: churn_plots.gain_lines(
        {"model": churn.gains(LEFT, CHANCE)}, title="t", language=language
    ),
    "profit": lambda language: churn_plots.profit_lines(
        churn.profit_curve(CHANCE, 20, OFFER, actual=LEFT), title="t", language=language
    ),
    "survival": lambda language: churn_plots.survival_steps(
        churn.kaplan_meier(100 * CHANCE, LEFT, by=LEFT * 0), title="t", language=language
    ),
    "cohorts": lambda language: churn_plots.cohort_map(cohorts(6), title="t", language=language),
    "uplift": lambda language: churn_plots.uplift_lines({"by x": CURVE}, title="t", language=language),
    "targeting": lambda language: churn_plots.targeting_lines(
        churn.targeting({"risk": CHANCE}, LEFT), title="t", language=language
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", FIGURES)
def test_every_figure_is_labelled_in_both_languages(name: str) -> None:
    english, italian = (FIGURES[name](language) for language in ("en", "it"))
    for axes in (english, italian):
        assert "t" in {axes.get_title(), axes.get_title(loc="left")}
        assert axes.get_xlabel()
        assert axes.get_ylabel() or name == "signals"  # its rows are named one by one
    assert english.get_xlabel() != italian.get_xlabel()


def test_windows_say_which_share_of_the_returns_they_hold() -> None:
    axes = churn_plots.gap_curve([10, 20, 30, 40], {"fixed": 25}, title="t")
    assert [text.get_text() for text in axes.texts] == ["fixed: 25 d, 50%"]


def test_a_window_on_the_right_is_named_inside_the_axes() -> None:
    axes: Any = churn_plots.gap_curve([1, 2, 3, 4], {"data": 4, "fixed": 60}, title="t")
    assert [text.get_ha() for text in axes.texts] == ["left", "right"]


def test_the_best_point_is_marked() -> None:
    curve = churn.profit_curve(CHANCE, 20, OFFER)
    axes = churn_plots.profit_lines(curve, title="t")
    marked: Any = axes.collections[0].get_offsets()
    assert marked[0][1] == pytest.approx(curve["expected"].max())


@pytest.mark.slow
def test_cohorts_of_many_months_and_of_nobody_are_drawn() -> None:
    churn_plots.cohort_map(cohorts(30), title="t")
    churn_plots.cohort_map(cohorts(2) * np.nan, title="t")
