"""Figures say what they show: a title, labelled axes, and what is drawn is what was given."""

from __future__ import annotations

import importlib
import pkgutil
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from crmlib import plots, rfm

if TYPE_CHECKING:
    from collections.abc import Iterator

SCORES = pd.DataFrame({"r": [1, 5, 5], "f": [1, 5, 4], "m": [2, 5, 3]})
SEGMENTS = pd.DataFrame({"segment": ["Champions", "Lost"], "customer_share": [0.4, 0.6], "value_share": [0.9, 0.1]})
MOVES = pd.DataFrame([[3, 1], [0, 2]], index=["Champions", "(new)"], columns=["Champions", "Lost"])
CARD = pd.DataFrame({"mae": [0.8, 0.9], "rmse": [1.7, 2.4]}, index=["BG/NBD", "always zero"])
SURE = pd.DataFrame({"estimate": [1.0], "low": [0.5], "high": [1.5]}, index=["mean"])
MONTHS = pd.Series([5.0, 7.0], index=pd.period_range("2024-01", periods=2, freq="M"))
TIERS = pd.DataFrame({"customers": [0.2, 0.8], "value": [0.7, 0.3]}, index=["foreground", "to keep"])

FIGURES: dict[str, Any] = {
    "score_bars": lambda **words: plots.score_bars(SCORES, **words),
    "rf_map": lambda **words: plots.rf_map(SCORES, **words),
    "segment_bars": lambda **words: plots.segment_bars(SEGMENTS, **words),
    "migration_map": lambda **words: plots.migration_map(MOVES, **words),
    "frequency_bars": lambda **words: plots.frequency_bars([0, 0, 3, 40], **words),
    "alive_curve": lambda **words: plots.alive_curve([0, 1], {"BG/NBD": [1, 0.5]}, **words),
    "holdout_lines": lambda **words: plots.holdout_lines([0, 1], [0, 2], {"BG/NBD": [0.1, 1.5]}, **words),
    "error_dots": lambda **words: plots.error_dots(CARD, **words),
    "month_bars": lambda **words: plots.month_bars(MONTHS, **words),
    "tier_bars": lambda **words: plots.tier_bars(TIERS, **words),
}


@pytest.fixture(autouse=True)
def closed() -> Iterator[None]:
    """A style and figures of this test alone, drawn without a screen."""
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
    figure.canvas.draw()
    titles = {axes.get_title(loc="left") or axes.get_title() for axes in figure.axes} | {figure.get_suptitle()}
    assert "What was found" in titles
    assert all(axes.get_xlabel() or axes.get_ylabel() for axes in figure.axes)


def test_the_bars_are_the_counts() -> None:
    panels: Any = plots.score_bars(SCORES, title="")
    assert [bar.get_height() for bar in panels[0].patches] == [1, 0, 0, 0, 2]


def test_the_last_bar_holds_the_rest() -> None:
    axes: Any = plots.frequency_bars([0, 0, 3, 40], title="", most=3)
    assert [bar.get_height() for bar in axes.patches] == [2, 0, 0, 2]


@pytest.mark.slow
def test_the_rows_of_a_migration_add_up_to_all() -> None:
    axes = plots.migration_map(MOVES, title="")
    drawn = np.asarray(axes.collections[0].get_array()).reshape(2, 2)
    assert drawn.sum(axis=1).tolist() == pytest.approx([100, 100])


def test_the_curve_ends_with_everything() -> None:
    axes = plots.value_curve([3, 1], title="", xlabel="customers", ylabel="value")
    assert np.asarray(axes.lines[0].get_ydata()).tolist() == pytest.approx([0, 0.75, 1])


def test_the_best_segment_stands_on_top() -> None:
    axes = plots.segment_bars(SEGMENTS, title="")
    assert [label.get_text() for label in axes.get_yticklabels()] == ["Lost", "Champions"]
    assert "Champions" in rfm.SEGMENTS


def test_an_interval_is_drawn_from_end_to_end() -> None:
    axes: Any = plots.interval_dots(SURE, title="", xlabel="x")
    (line,) = axes.collections[0].get_segments()
    assert line[:, 0].tolist() == [0.5, 1.5]


def test_shares_add_up_to_the_whole_bar() -> None:
    axes: Any = plots.share_bar(pd.Series({"a": 0.3, "b": 0.7}), title="")
    assert sum(bar.get_width() for bar in axes.patches) == pytest.approx(1)


@pytest.mark.parametrize("module", [module.name for module in pkgutil.iter_modules(plots.__path__, "crmlib.plots.")])
def test_the_package_shows_what_its_modules_show(module: str) -> None:
    shown = {name: vars(plots).get(name) for name in importlib.import_module(module).__all__}
    assert shown == {name: vars(importlib.import_module(module))[name] for name in shown}
    assert [name for name in shown if name not in plots.__all__] == []


@pytest.mark.slow
def test_figures_load_no_analysis() -> None:
    heavy = ["lifetimes", "duckdb", "sklearn", "stepmix", "splink", "kmodes"]
    code = f"import sys; from crmlib import plots; print([name for name in {heavy} if name in sys.modules])"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
