"""Figures of scores, segments and their moves, in the house style."""

from __future__ import annotations

from typing import TYPE_CHECKING

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.ticker import PercentFormatter

from crmlib.plots.style import BLUE, COLOURS, GREY, literal
from crmlib.text import label, segment_name

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes

__all__ = ["migration_map", "rf_map", "score_bars", "segment_bars"]

_MAP = "Blues"


def score_bars(scores: pd.DataFrame, *, title: str, language: str = "en") -> Sequence[Axes]:
    """Draw how many customers have each score, side by side for R, F and M.

    Parameters
    ----------
    scores
        r, f, m, from `crmlib.rfm.score`.
    title
        The finding.
    language
        ``en`` or ``it``.
    """
    figure, panels = plt.subplots(1, 3, sharey=True, figsize=(9, 3.4))
    for axes, name, colour in zip(panels, ("r", "f", "m"), COLOURS, strict=False):
        counts = scores[name].value_counts().reindex(range(1, 6), fill_value=0)
        bars = axes.bar(counts.index, counts.to_numpy(), color=colour, width=0.7)
        axes.bar_label(bars, fmt="{:,.0f}", fontsize=8.5, padding=2)
        axes.set(xlabel=label(name, language), xticks=range(1, 6))
        axes.grid(visible=False, axis="x")
    panels[0].set_ylabel(label("customers", language))
    figure.suptitle(title, x=0.01, ha="left", fontweight="bold", fontsize=12.5)
    return list(panels)


def rf_map(scores: pd.DataFrame, *, title: str, language: str = "en") -> Axes:
    """Draw how many customers stand at each pair of R and F scores.

    Parameters
    ----------
    scores
        r and f, from `crmlib.rfm.score`.
    title
        The finding.
    language
        ``en`` or ``it``.
    """
    counts = pd.crosstab(scores["f"], scores["r"]).reindex(index=range(5, 0, -1), columns=range(1, 6), fill_value=0)
    axes = plt.subplots(figsize=(6.2, 4.4))[1]
    sns.heatmap(
        counts,
        annot=True,
        fmt=",d",
        cmap=_MAP,
        linewidths=1,
        cbar_kws={"label": label("customers", language)},
        ax=axes,
    )
    axes.set(xlabel=label("r", language), ylabel=label("f", language), title=title)
    return axes


def segment_bars(segments: pd.DataFrame, *, title: str, language: str = "en") -> Axes:
    """Draw each segment's share of the customers beside its share of the value.

    Parameters
    ----------
    segments
        segment, customer_share, value_share, from `crmlib.rfm.segments`.
    title
        The finding.
    language
        ``en`` or ``it``.
    """
    table = segments.iloc[::-1]
    places = np.arange(len(table))
    axes = plt.subplots(figsize=(8, 0.45 * len(table) + 1.3))[1]
    for offset, name, colour in ((0.2, "customer_share", GREY), (-0.2, "value_share", BLUE)):
        bars = axes.barh(places + offset, table[name], height=0.38, color=colour, label=label(name, language))
        axes.bar_label(bars, labels=[f"{share:.0%}" for share in table[name]], fontsize=8.5, padding=3)
    axes.set_yticks(places, [literal(segment_name(name, language)) for name in table["segment"]])
    axes.xaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    axes.set(xlabel=label("share", language), title=title)
    axes.grid(visible=False, axis="y")
    axes.legend(loc="lower right")
    return axes


def migration_map(matrix: pd.DataFrame, *, title: str, language: str = "en") -> Axes:
    """Draw where each segment's customers went: each row adds up to 100 %.

    Parameters
    ----------
    matrix
        Customers by segment before (rows) and after (columns), from `crmlib.rfm.migration`.
    title
        The finding.
    language
        ``en`` or ``it``.
    """
    shares = 100 * matrix.div(matrix.sum(axis=1), axis=0)
    axes = plt.subplots(figsize=(8.6, 0.42 * len(matrix) + 2.2))[1]
    sns.heatmap(
        shares,
        annot=shares.map(lambda share: f"{share:.0f}" if share >= 0.5 else ""),  # noqa: PLR2004 - what rounds to 0
        fmt="",
        cmap=_MAP,
        vmin=0,
        vmax=100,
        linewidths=1,
        cbar_kws={"label": label("share_of_row", language)},
        ax=axes,
    )
    other = {"(new)": label("new_customers", language), "(gone)": label("gone_customers", language)}
    names = (*matrix.index, *matrix.columns)
    named = {name: other.get(name) or literal(segment_name(name, language)) for name in names}
    axes.set_xticklabels([named[name] for name in matrix.columns], rotation=40, ha="right")
    axes.set_yticklabels([f"{named[name]}  ({count:,})" for name, count in matrix.sum(axis=1).items()], rotation=0)
    axes.set(xlabel=label("after", language), ylabel=label("before", language), title=title)
    return axes
