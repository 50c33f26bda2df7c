"""Figures of surveys say what they show, and draw what they are given."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from crmlib import plots, surveys
from crmlib.plots import surveys as survey_plots

if TYPE_CHECKING:
    from collections.abc import Iterator

SAMPLES = pd.DataFrame({"score": [10.0, 40.0], "low": [0.0, 30.0], "high": [20.0, 50.0]})
CHART = surveys.nps_over_time([9, 10, 3, 9], ["2024-01-05", "2024-01-06", "2024-01-07", "2024-03-01"])
CURVE = pd.DataFrame({"score": [30.0, 20.0], "low": [25.0, 15.0], "high": [35.0, 25.0]}, index=[0.0, 0.1])
DRIVERS = pd.DataFrame(
    {"estimate": [-1.0, 0.2, -0.5], "low": [-2.0, -0.1, -0.9], "high": [-0.5, 0.5, -0.1], "n": [30, 20, 12]},
    index=["csat_delivery: unsatisfied", "request: quick reply", "weather: rain"],
)
TERMS = pd.DataFrame(
    {"group": ["low", "high"], "term": ["non", "\U0001f60a ottimo"], "share": [0.4, 0.3], "elsewhere": [0.1, 0.0]}
)
FIGURES: dict[str, Any] = {
    "mark_bars": lambda **words: survey_plots.mark_bars({"nps_0_10": [0, 9], "nps_1_10": [1, 10]}, **words),
    "sample_lines": lambda **words: survey_plots.sample_lines(SAMPLES, truth=15, xlabel="NPS", **words),
    "chance_bars": lambda **words: survey_plots.chance_bars([0, 2, 4], seen=3, xlabel="x", ylabel="y", **words),
    "control_chart": lambda **words: survey_plots.control_chart(CHART, **words),
    "tilt_curve": lambda **words: survey_plots.tilt_curve(CURVE, truth=22, **words),
    "driver_dots": lambda **words: survey_plots.driver_dots(DRIVERS, xlabel="marks", **words),
    "term_bars": lambda **words: survey_plots.term_bars(TERMS, **words),
}


@pytest.fixture(autouse=True)
def closed() -> Iterator[None]:
    with mpl.rc_context({"backend": "agg"}):
        plots.use_style()
        yield
        plt.close("all")


@pytest.mark.slow
@pytest.mark.parametrize("language", ["en", "it"])
@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_has_its_finding_and_its_axes_named(name: str, language: str) -> None:
    FIGURES[name](title="What was found", language=language)
    figure = plt.gcf()
    figure.canvas.draw()  # a glyph that is missing would warn here, and warnings are errors
    titles = {axes.get_title(loc="left") or axes.get_title() for axes in figure.axes} | {figure.get_suptitle()}
    assert "What was found" in titles
    assert all(axes.get_xlabel() or axes.get_ylabel() for axes in figure.axes)


def test_every_figure_is_tried() -> None:
    assert set(FIGURES) == set(survey_plots.__all__)


def test_the_bars_add_up_to_all_answers_in_their_boxes() -> None:
    panels = survey_plots.mark_bars({"nps_0_10": [0, 6, 7, 9, 10, np.nan]}, title="")
    heights = [sum(bar.get_height() for bar in part) for part in panels[0].containers]
    assert heights == pytest.approx([40, 20, 40])


def test_an_interval_that_misses_is_drawn_as_one() -> None:
    axes: Any = survey_plots.sample_lines(SAMPLES, truth=15, title="", xlabel="")
    assert [len(lines.get_segments()) for lines in axes.collections[:2]] == [1, 1]


def test_bins_hold_the_same_number_of_possible_values() -> None:
    values = np.repeat(np.arange(-30, 31) / 7, 5)
    axes: Any = survey_plots.chance_bars(values, seen=0, title="", xlabel="", ylabel="")
    heights = [bar.get_height() for bar in axes.patches]
    assert sum(heights) == len(values)
    assert set(heights[:-1]) == {10}
    one: Any = survey_plots.chance_bars([1.0, 1.0], seen=0, title="", xlabel="", ylabel="")
    assert sum(bar.get_height() for bar in one.patches) == 2


def test_what_is_as_large_the_other_way_is_marked_too() -> None:
    axes: Any = survey_plots.chance_bars([-4, 0, 4], seen=3, title="", xlabel="", ylabel="")
    assert sorted(line.get_xdata()[0] for line in axes.lines) == [-3, 3]


def test_drivers_are_said_in_words_where_they_are_known() -> None:
    axes = survey_plots.driver_dots(DRIVERS, title="", xlabel="", language="it")
    said = [text.get_text() for text in axes.get_yticklabels()]
    assert said == [
        "weather: rain  (n = 12)",
        "Richiesta di aiuto: risposta rapida  (n = 20)",
        "Consegna: insoddisfatto  (n = 30)",
    ]
