"""Figures of experiments and offers: labelled, in both languages, and of what was computed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from crmlib import experiments, offers
from crmlib.plots import VERMILION
from crmlib.plots import experiments as figures

if TYPE_CHECKING:
    from collections.abc import Iterator

SHARES = [0.5, 1.0]
Z = experiments.aa_looks(np.arange(400) % 3, SHARES, runs=40)
ALARMS = experiments.false_alarms(Z, SHARES)
SEEN = pd.DataFrame({"contacted": [1] * 50 + [0] * 50, "window_orders": [1] * 20 + [0] * 30 + [1] * 9 + [0] * 41,
                     "arm": ["A"] * 25 + ["B"] * 25 + ["control"] * 50, "kind": ["one", "other"] * 50})  # fmt: skip
ACCOUNT = offers.campaign_profit(SEEN, discount=0.1, order_value=50, fixed_cost=20)
UPLIFT = experiments.uplift_by(SEEN, "kind", fewest=5)
GROUPS = pd.DataFrame({"audience": ["Loyal"], "customers": [500], "ordering": [0.2], "order_value": [50.0]})
MARGINS = offers.simulate_margin(offers.actions(), GROUPS, draws=50)
CURVE = pd.DataFrame({"customers": [100, 200], "power": [0.3, 0.6]})
FIGURES: dict[str, Any] = {
    "arms": lambda language: figures.arm_dots(
        experiments.compare(SEEN, "window_orders"), xlabel="x", title="t", share=True, language=language
    ),
    "peeking": lambda language: figures.peeking_lines(Z, ALARMS, title="t", language=language),
    "power": lambda language: figures.power_curve({"+1": CURVE}, wanted=0.8, here=150, title="t", language=language),
    "uplift": lambda language: figures.uplift_dots(
        UPLIFT, truth={"one": 0.1, "other": 0.0}, title="t", language=language
    ),
    "profit": lambda language: figures.profit_waterfall(ACCOUNT, title="t", language=language),
    "actions": lambda language: figures.action_dots(MARGINS, title="t", language=language),
}


@pytest.fixture(autouse=True)
def _without_windows() -> Iterator[None]:
    mpl.use("Agg")
    yield
    plt.close("all")


@pytest.mark.slow
@pytest.mark.parametrize("name", FIGURES)
def test_each_figure_is_labelled_in_both_languages(name: str) -> None:
    words = []
    for language in ("en", "it"):
        axes = FIGURES[name](language)
        axes.figure.canvas.draw()
        assert "t" in {axes.get_title(loc="left"), axes.get_title(), axes.figure.get_suptitle()}
        assert axes.get_xlabel() or axes.get_ylabel()
        legend = [text.get_text() for box in axes.figure.legends for text in box.get_texts()]
        ticks = [text.get_text() for text in axes.get_xticklabels()]
        words.append((axes.get_xlabel(), axes.get_ylabel(), *legend, *ticks))
    assert words[0] != words[1]


@pytest.mark.slow
def test_the_waterfall_ends_at_the_profit() -> None:
    bars: Any = figures.profit_waterfall(ACCOUNT, title="t").patches
    assert bars[-1].get_height() == pytest.approx(ACCOUNT.profit)
    assert bars[-2].get_y() + bars[-2].get_height() == pytest.approx(ACCOUNT.profit)


def test_the_share_of_red_runs_is_that_of_the_false_alarms() -> None:
    axes = figures.peeking_lines(Z, ALARMS, title="t")
    left = axes.figure.axes[0]
    runs = [
        line for line in left.get_lines() if np.size(line.get_xdata()) == len(SHARES) and line.get_linestyle() == "-"
    ]
    red = [line for line in runs if line.get_color() == VERMILION]
    assert len(red) == round(len(runs) * ALARMS["naive"].iloc[-1])


def test_the_truth_stands_beside_its_group() -> None:
    axes = figures.uplift_dots(UPLIFT, truth={"one": 0.1, "other": 0.0}, title="t")
    points = np.asarray(axes.collections[-1].get_offsets())
    names = [text.get_text() for text in axes.get_yticklabels()]
    assert {names[int(y)]: x for x, y in points} == pytest.approx({"one": 10.0, "other": 0.0})
