"""Figures of key performance indicators, in the house style.

Each function draws one figure and returns its axes; the title is the caller's finding.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.ticker import FuncFormatter, MaxNLocator

from crmlib.plots.style import BLUE, GREEN, GREY, ORANGE, SKY, VERMILION
from crmlib.text import label

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    import pandas as pd
    from matplotlib.axes import Axes

__all__ = ["growth_bars", "kpi_panels"]

_COLUMNS = 4
_SMALL = 100  # below it, a figure is told with two decimals


def kpi_panels(
    board: pd.DataFrame, *, title: str, changed: Collection[str] = (), language: str = "en"
) -> Sequence[Axes]:
    """Draw each key figure on a scale of its own: now with its interval, and in the period before.

    Parameters
    ----------
    board
        From `crmlib.kpis.dashboard`; key figures without a value are left out. Those in ``changed`` carry a star.
    title
        The finding.
    changed
        Names of the key figures that changed by more than chance, from `crmlib.kpis.changed`.
    language
        ``en`` or ``it``.
    """
    table = board[board["value"].notna()]
    rows = math.ceil(len(table) / _COLUMNS)
    figure, grid = plt.subplots(rows, _COLUMNS, figsize=(11, 1.25 * rows + 1.0), squeeze=False)
    panels = list(grid.flat)
    figure_of: Any
    for axes, figure_of in zip(panels, table.itertuples(), strict=False):
        _panel(axes, figure_of, language, star=figure_of.kpi in changed)
    for axes in panels[len(table) :]:
        axes.set_axis_off()
    handles, names = panels[0].get_legend_handles_labels()
    scales = label("kpi_scales", language)
    figure.legend(handles, names, loc="outside lower center", ncols=2, fontsize=9, title=scales, title_fontsize=9)
    figure.suptitle(title, x=0.01, ha="left", fontweight="bold", fontsize=12.5)
    return panels[: len(table)]


def _panel(axes: Axes, row: Any, language: str, *, star: bool) -> None:
    """Draw one key figure: two dots, one above the other, and the interval of the later."""
    if not math.isnan(row.low):
        top = row.high if math.isfinite(row.high) else row.value
        axes.hlines(0, row.low, top, color=SKY, linewidth=5)
    axes.scatter([row.value], [0], color=BLUE, s=42, zorder=3, label=label("kpi_now", language))
    # drawn even where it is missing, for the legend
    axes.scatter([row.previous], [1], color=GREY, marker="D", s=30, zorder=3, label=label("kpi_before", language))
    name = f"{label(f'kpi_{row.kpi}', language)}: {_told(row.value, row.unit)}{' *' if star else ''}"
    axes.set_title(name, fontsize=9.5, pad=4, fontweight="bold" if star else "normal")
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: _told(value, row.unit)))
    axes.xaxis.set_major_locator(MaxNLocator(3))
    axes.set(yticks=[], ylim=(1.6, -0.6))
    axes.margins(x=0.12)
    axes.tick_params(labelsize=8)
    axes.spines["left"].set_visible(False)


def _told(value: float, unit: str) -> str:
    if unit == "share":
        return f"{100 * value:,.1f} %"
    return f"{value:,.2f}" if abs(value) < _SMALL and unit != "count" else f"{value:,.0f}"


def growth_bars(parts: pd.DataFrame, *, title: str, language: str = "en") -> Axes:
    """Draw the way from the revenue of one period to that of the next, with the interval of each step.

    Parameters
    ----------
    parts
        From `crmlib.kpis.growth`.
    title
        The finding.
    language
        ``en`` or ``it``.
    """
    changes = parts["change"].to_numpy(dtype=float)
    before, now = float(parts["before"].sum()), float(parts["now"].sum())
    starts = before + np.concatenate([[0.0], np.cumsum(changes)[:-1]])
    colours = {"acquisition": GREEN, "churn": VERMILION, "development": ORANGE}
    axes = plt.subplots(figsize=(9, 4.6))[1]
    places = np.arange(1, len(changes) + 1)
    ends = [0, len(changes) + 1]
    axes.bar(ends, [before, now], color=GREY, width=0.62)
    axes.bar(places, changes, bottom=starts, color=[colours[family] for family in parts["family"]], width=0.62)
    levels = np.append(starts, now)
    axes.hlines(levels, np.arange(len(levels)), np.arange(1, len(levels) + 1), color=GREY, linewidth=0.8, linestyle=":")
    halves = (parts["high"] - parts["low"]).to_numpy(dtype=float) / 2
    axes.errorbar(places, starts + changes, yerr=halves, fmt="none", ecolor="#333333", elinewidth=1.2, capsize=3)
    for place, amount in zip(ends, (before, now), strict=True):
        axes.annotate(f"{amount:,.0f}", (place, amount), xytext=(0, 4), textcoords="offset points", ha="center",
                      fontsize=9)  # fmt: skip
    tops = np.maximum(starts, starts + changes + halves)
    for step, amount, top in zip(places, changes, tops, strict=True):
        axes.annotate(f"{amount:+,.0f}", (step, top), xytext=(0, 4), textcoords="offset points", ha="center",
                      fontsize=9)  # fmt: skip
    customers = [f"\n({number:,})" for number in parts["customers"]]
    names = [label(f"growth_{part}", language) + number for part, number in zip(parts["part"], customers, strict=True)]
    axes.set_xticks([0, *places, ends[1]], [label("kpi_before", language), *names, label("kpi_now", language)])
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
    axes.set(ylabel=label("revenue_in_currency", language), xlabel=label("growth_parts", language), title=title)
    axes.grid(visible=False, axis="x")
    axes.margins(y=0.1)
    axes.set_ylim(bottom=0)
    return axes
