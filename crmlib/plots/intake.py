"""Figures of the shop's records of people, in the house style."""

from __future__ import annotations

from typing import TYPE_CHECKING

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.ticker import PercentFormatter, StrMethodFormatter

from crmlib.plots.style import BLUE, COLOURS, GREY, ORANGE
from crmlib.text import label

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

__all__ = ["agreement_dots", "count_bars", "coverage_dots"]

_FOUR = ("demographic", "behavioural", "transactional", "psychographic")


def coverage_dots(report: pd.DataFrame, *, title: str, language: str = "en") -> Axes:
    """Draw the coverage of each column in the four data categories, with each category's mean.

    Parameters
    ----------
    report
        column, category, coverage, from `crmlib.intake.quality_report`.
    title
        The finding.
    language
        ``en`` or ``it``.
    """
    axes = plt.subplots(figsize=(8, 4.2))[1]
    for place, (name, colour) in enumerate(zip(_FOUR, COLOURS, strict=False)):
        column = report[report["category"] == name].sort_values("coverage")
        if column.empty:
            axes.annotate(label("no_column", language), (0.02, place), va="center", color=GREY, fontsize=9.5)
            continue
        heights = place + (np.linspace(0.22, -0.22, len(column)) if len(column) > 1 else np.zeros(1))
        axes.scatter(column["coverage"], heights, color=colour, s=38, alpha=0.8, zorder=3)
        axes.vlines(column["coverage"].mean(), place - 0.36, place + 0.36, color="black", linewidth=1.8, zorder=2)
        low = column.iloc[0]
        axes.annotate(
            low["column"],
            (low["coverage"], heights[0]),
            xytext=(-7, 0),
            textcoords="offset points",
            ha="right",
            va="center",
            fontsize=8.5,
        )
    axes.set_yticks(range(len(_FOUR)), [label(name, language) for name in _FOUR])
    axes.xaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    axes.set(xlabel=label("coverage", language), xlim=(0, 1.04), ylim=(len(_FOUR) - 0.5, -0.5), title=title)
    axes.grid(visible=False, axis="y")
    return axes


def agreement_dots(table: pd.DataFrame, *, title: str, language: str = "en") -> Axes:
    """Draw the precision and the recall of several ways to find duplicates.

    Parameters
    ----------
    table
        precision and recall; one row a way, named by the index.
    title
        The finding.
    language
        ``en`` or ``it``.
    """
    rows = table.iloc[::-1]
    places = np.arange(len(rows))
    axes = plt.subplots(figsize=(8, 0.75 * len(rows) + 1.4))[1]
    axes.hlines(places, rows[["precision", "recall"]].min(axis=1), rows[["precision", "recall"]].max(axis=1),
                color="#d5d9de", linewidth=2)  # fmt: skip
    for name, colour, mark, above in (("precision", BLUE, "o", 8), ("recall", ORANGE, "D", -16)):
        axes.scatter(rows[name], places, color=colour, marker=mark, s=55, zorder=3, label=label(name, language))
        for place, share in zip(places, rows[name], strict=True):
            axes.annotate(
                f"{share:.1%}", (share, place), xytext=(0, above), textcoords="offset points", ha="center", fontsize=8.5
            )
    axes.set_yticks(places, [str(name) for name in rows.index])
    axes.xaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    lowest = float(rows[["precision", "recall"]].to_numpy(dtype=float).min())
    left = max(0.0, np.floor(10 * lowest) / 10 - 0.1)
    axes.set(xlabel=label("share_of_pairs", language), xlim=(left, 1.03), ylim=(-0.6, len(rows) - 0.4), title=title)
    axes.grid(visible=False, axis="y")
    axes.figure.legend(loc="outside lower center", ncols=2)
    return axes


def count_bars(counts: pd.Series, *, title: str, xlabel: str) -> Axes:
    """Draw counts as horizontal bars, the first on top.

    Parameters
    ----------
    counts
        Counts by name.
    title
        The finding.
    xlabel
        What is counted.
    """
    rows = counts.iloc[::-1]
    axes = plt.subplots(figsize=(8, 0.5 * len(rows) + 1.4))[1]
    bars = axes.barh(range(len(rows)), rows.to_numpy(), color=BLUE, height=0.62)
    axes.bar_label(bars, fmt="{:,.0f}", fontsize=9, padding=3)
    axes.set_yticks(range(len(rows)), [str(name) for name in rows.index])
    axes.xaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
    axes.set(xlabel=xlabel, title=title)
    axes.margins(x=0.1)
    axes.grid(visible=False, axis="y")
    return axes
