"""Figures of simulated futures: labelled, in both languages, and of what was computed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from crmlib.plots import future as future_plots

if TYPE_CHECKING:
    from collections.abc import Iterator

BOARD = pd.DataFrame(
    {"gain": [0.0, -50.0, 30.0, 120.0], "low": [0.0, -60.0, 20.0, 110.0], "high": [0.0, -40.0, 40.0, 130.0]},
    index=["do_nothing", "weekly_mail", "mine", "oracle"],
)
PARTS = pd.Series({"orders": 100.0, "discounts": -70.0, "contacts": -50.0})
GROUPS = BOARD.assign(opt_outs=[0, 9, 2, 1])
WEEKS = pd.Series([30, 20, 10])
FIGURES: dict[str, Any] = {
    "leaderboard": lambda language: future_plots.leaderboard(BOARD, title="t", language=language),
    "steps": lambda language: future_plots.profit_steps(PARTS, title="t", language=language),
    "groups": lambda language: future_plots.group_bars(GROUPS, title="t", language=language),
    "weeks": lambda language: future_plots.contact_weeks(WEEKS, WEEKS // 10, title="t", language=language),
}


@pytest.fixture(autouse=True)
def _without_windows() -> Iterator[None]:
    mpl.use("Agg")
    yield
    plt.close("all")


@pytest.mark.slow
@pytest.mark.parametrize("name", FIGURES)
def test_figures_are_labelled_in_both_languages(name: str) -> None:
    words = set()
    for language in ("en", "it"):
        axes = FIGURES[name](language)
        axes.figure.canvas.draw()
        assert "t" in {axes.get_title(loc="left"), axes.get_title(), axes.figure.get_suptitle()}
        words.add(axes.get_xlabel() or axes.get_ylabel())
    assert len(words) == 2


def test_the_leaderboard_writes_shares_of_the_possible_only_where_something_is_possible() -> None:
    def shares(board: pd.DataFrame) -> list[str]:
        axes = future_plots.leaderboard(board, title="t")
        return [text.get_text() for text in axes.texts if "%" in text.get_text()]

    assert shares(BOARD) == ["-42%", "0%", "25%", "100%"]
    assert shares(BOARD.drop(index="oracle")) == []
    assert shares(BOARD.assign(gain=-1.0)) == []


def test_steps_go_on_from_each_other_and_end_in_their_sum() -> None:
    bars: list[Any] = list(future_plots.profit_steps(PARTS, title="t").patches)
    starts = [bar.get_x() for bar in bars]
    widths = [bar.get_width() for bar in bars]
    assert np.allclose(starts[1:3], np.cumsum(widths)[:2])
    assert (starts[3], widths[3]) == (0.0, -20.0)


def test_bars_of_groups_and_weeks_are_the_numbers() -> None:
    axes: Any = future_plots.group_bars(GROUPS, title="t")
    assert [bar.get_width() for bar in axes.patches] == [-50.0, 0.0, 30.0, 120.0]
    assert [bar.get_width() for bar in axes.figure.axes[1].patches] == [9.0, 0.0, 2.0, 1.0]
    axes = future_plots.contact_weeks(WEEKS, WEEKS // 10, title="t")
    assert [bar.get_height() for bar in axes.figure.axes[1].patches] == [3, 2, 1]
