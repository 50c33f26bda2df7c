"""Figures in one house style. Each function draws one figure and returns its axes; the title is the caller's finding.

Colours are from the Okabe-Ito set, which colour-blind people can tell apart, and from one sequential map.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.ticker import MaxNLocator, PercentFormatter, StrMethodFormatter

from crmlib.text import label, segment_name

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from matplotlib.axes import Axes
    from numpy.typing import ArrayLike

__all__ = [
    "BLUE",
    "COLOURS",
    "GREY",
    "ORANGE",
    "agreement_dots",
    "alive_curve",
    "count_bars",
    "coverage_dots",
    "error_dots",
    "frequency_bars",
    "holdout_lines",
    "interval_dots",
    "migration_map",
    "month_bars",
    "rf_map",
    "score_bars",
    "segment_bars",
    "share_bar",
    "tier_bars",
    "use_style",
    "value_curve",
]

BLUE, ORANGE, GREEN, PINK, SKY, VERMILION = "#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00"
GREY = "#8a8f98"
COLOURS = (BLUE, ORANGE, GREEN, PINK, VERMILION, SKY)
_MAP = "Blues"
_FOUR = ("demographic", "behavioural", "transactional", "psychographic")


def use_style() -> None:
    """Set the house style for all figures of this session: sizes, fonts, colours, light grid."""
    sns.set_theme(
        context="notebook",
        style="whitegrid",
        palette=list(COLOURS),
        rc={
            "figure.figsize": (8.0, 4.5),
            "figure.dpi": 110,
            "figure.constrained_layout.use": True,
            "axes.titlelocation": "left",
            "axes.titleweight": "bold",
            "axes.titlesize": 12.5,
            "axes.titlepad": 12,
            "axes.labelsize": 10.5,
            "axes.edgecolor": "#c3c7cd",
            "axes.spines.top": False,
            "axes.spines.right": False,
            "grid.color": "#e6e8eb",
            "xtick.labelsize": 9.5,
            "ytick.labelsize": 9.5,
            "legend.frameon": False,
            "svg.hashsalt": "crmlib",
        },
    )


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
    axes.set_yticks(places, [segment_name(name, language) for name in table["segment"]])
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
    named = {name: other.get(name) or segment_name(name, language) for name in (*matrix.index, *matrix.columns)}
    axes.set_xticklabels([named[name] for name in matrix.columns], rotation=40, ha="right")
    axes.set_yticklabels([f"{named[name]}  ({count:,})" for name, count in matrix.sum(axis=1).items()], rotation=0)
    axes.set(xlabel=label("after", language), ylabel=label("before", language), title=title)
    return axes


def frequency_bars(frequency: ArrayLike, *, title: str, most: int = 10, language: str = "en") -> Axes:
    """Draw how many customers bought again how often.

    Parameters
    ----------
    frequency
        Repeat purchases of each customer.
    title
        The finding.
    most
        The last bar holds this number and more.
    language
        ``en`` or ``it``.
    """
    counts = (
        pd.Series(np.minimum(np.asarray(frequency, dtype=int), most))
        .value_counts()
        .reindex(range(most + 1), fill_value=0)
    )
    axes = plt.subplots(figsize=(8, 3.8))[1]
    bars = axes.bar(counts.index, counts.to_numpy(), color=BLUE, width=0.75)
    axes.bar_label(bars, fmt="{:,.0f}", fontsize=8.5, padding=2)
    axes.set_xticks(range(most + 1), [*map(str, range(most)), f"{most}+"])
    axes.set(xlabel=label("purchases_before", language), ylabel=label("customers", language), title=title)
    axes.grid(visible=False, axis="x")
    return axes


def alive_curve(
    age: ArrayLike, curves: Mapping[str, ArrayLike], *, title: str, unit: str = "days", language: str = "en"
) -> Axes:
    """Draw P(alive) over time since the first purchase.

    Parameters
    ----------
    age
        Time since the first purchase.
    curves
        P(alive) at those ages, by name.
    title
        The finding.
    unit
        ``days`` or ``weeks``.
    language
        ``en`` or ``it``.
    """
    axes = plt.subplots()[1]
    for (name, curve), colour in zip(curves.items(), COLOURS, strict=False):
        axes.plot(np.asarray(age), np.asarray(curve), color=colour, label=name, linewidth=2)
    axes.set(xlabel=label(unit, language), ylabel=label("p_alive", language), ylim=(0, 1.05), title=title)
    axes.legend()
    return axes


def holdout_lines(
    before: ArrayLike,
    actual: ArrayLike,
    predictions: Mapping[str, ArrayLike],
    *,
    title: str,
    most: int = 7,
    language: str = "en",
) -> Axes:
    """Draw mean actual and predicted purchases in the holdout, by repeat purchases before it.

    Parameters
    ----------
    before
        Repeat purchases of each customer in the calibration.
    actual
        Purchases in the holdout.
    predictions
        Predicted purchases by model.
    title
        The finding.
    most
        The last group holds this number and more.
    language
        ``en`` or ``it``.
    """
    group = np.minimum(np.asarray(before, dtype=int), most)
    lines: dict[str, Any] = {label("actual", language): actual, **predictions}
    means = pd.DataFrame({name: np.asarray(line, dtype=float) for name, line in lines.items()}).groupby(group).mean()
    axes = plt.subplots()[1]
    looks = [("black", "o", "-"), *((colour, mark, "--") for colour, mark in zip(COLOURS, "s^Dvx*", strict=True))]
    for name, (colour, mark, dash) in zip(means.columns, looks, strict=False):
        axes.plot(means.index, means[name], color=colour, marker=mark, linestyle=dash, label=name, linewidth=1.8)
    axes.set_xticks(means.index, [f"{count}+" if count == most else str(count) for count in means.index])
    axes.set(xlabel=label("purchases_before", language), ylabel=label("mean_purchases", language), title=title)
    axes.legend()
    return axes


def error_dots(card: pd.DataFrame, *, title: str, language: str = "en") -> Sequence[Axes]:
    """Draw the errors of models and baselines side by side: mean absolute and root mean squared.

    Parameters
    ----------
    card
        mae and rmse by model, from `crmlib.clv.scorecard`.
    title
        The finding.
    language
        ``en`` or ``it``.
    """
    table = card.sort_values("rmse", ascending=False)
    figure, panels = plt.subplots(1, 2, sharey=True, figsize=(9, 0.42 * len(table) + 1.4))
    for axes, name in zip(panels, ("mae", "rmse"), strict=True):
        best = table[name] == table[name].min()
        axes.hlines(range(len(table)), 0, table[name], color="#d5d9de", linewidth=2)
        axes.scatter(table[name], range(len(table)), c=[BLUE if is_best else GREY for is_best in best], s=55, zorder=3)
        for place, error in enumerate(table[name]):
            axes.annotate(f"{error:.2f}", (error, place), xytext=(8, -3), textcoords="offset points", fontsize=9)
        axes.set(xlabel=label(name, language), xlim=(0, table[name].max() * 1.18))
        axes.grid(visible=False, axis="y")
    panels[0].set_yticks(range(len(table)), list(table.index))
    figure.suptitle(title, x=0.01, ha="left", fontweight="bold", fontsize=12.5)
    return list(panels)


def interval_dots(table: pd.DataFrame, *, title: str, xlabel: str) -> Axes:
    """Draw estimates with their intervals.

    Parameters
    ----------
    table
        estimate, low, high; one row each, named by the index.
    title
        The finding.
    xlabel
        What is estimated, with its unit.
    """
    rows = table.iloc[::-1]
    places = np.arange(len(rows))
    axes = plt.subplots(figsize=(8, 0.42 * len(rows) + 1.3))[1]
    axes.hlines(places, rows["low"], rows["high"], color=SKY, linewidth=5)
    axes.scatter(rows["estimate"], places, color=BLUE, zorder=3, s=45)
    axes.set_yticks(places, [str(name) for name in rows.index])
    axes.set(xlabel=xlabel, title=title, ylim=(-0.6, len(rows) - 0.4))
    axes.grid(visible=False, axis="y")
    return axes


def value_curve(values: ArrayLike, *, title: str, xlabel: str, ylabel: str) -> Axes:
    """Draw the share of a total held by the best customers, best first (a Lorenz curve read from the top).

    Parameters
    ----------
    values
        One number a customer.
    title
        The finding.
    xlabel, ylabel
        What the shares are of.
    """
    ordered = np.sort(np.asarray(values, dtype=float))[::-1]
    axes = plt.subplots(figsize=(6.4, 4.4))[1]
    axes.plot(
        np.arange(len(ordered) + 1) / len(ordered),
        np.append(0, np.cumsum(ordered) / ordered.sum()),
        color=BLUE,
        linewidth=2.2,
    )
    axes.plot([0, 1], [0, 1], color=GREY, linestyle=":", linewidth=1.4)
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(PercentFormatter(1, decimals=0))
        axis.set_major_locator(MaxNLocator(6))
    axes.set(xlabel=xlabel, ylabel=ylabel, title=title, xlim=(0, 1), ylim=(0, 1.02))
    return axes


def month_bars(monthly: pd.Series, *, title: str, language: str = "en") -> Axes:
    """Draw a sum by month.

    Parameters
    ----------
    monthly
        Money by month (a period index).
    title
        The finding.
    language
        ``en`` or ``it``.
    """
    axes = plt.subplots(figsize=(8, 3.6))[1]
    axes.bar(range(len(monthly)), monthly.to_numpy(), color=BLUE, width=0.75)
    step = max(1, len(monthly) // 12)
    axes.set_xticks(
        range(0, len(monthly), step), [str(month) for month in monthly.index[::step]], rotation=40, ha="right"
    )
    axes.yaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
    axes.set(xlabel=label("month", language), ylabel=label("revenue", language), title=title)
    axes.grid(visible=False, axis="x")
    return axes


def share_bar(shares: pd.Series, *, title: str) -> Axes:
    """Draw parts of a whole as one bar.

    Parameters
    ----------
    shares
        Shares of 1 by name.
    title
        The finding.
    """
    axes = plt.subplots(figsize=(8, 1.9))[1]
    left = 0.0
    for (name, share), colour in zip(shares.items(), (GREY, BLUE, GREEN, VERMILION), strict=False):
        axes.barh(0, share, left=left, color=colour, height=0.6)
        axes.annotate(f"{share:.0%}", (left + share / 2, 0), ha="center", va="center", color="white", weight="bold")
        axes.annotate(str(name), (left + share / 2, 0.36), ha="center", va="bottom", fontsize=9.5)
        left += share
    axes.xaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    axes.set(xlim=(0, 1), ylim=(-0.4, 0.62), yticks=[], xlabel="Share (%)", title=title)
    axes.grid(visible=False)
    return axes


def tier_bars(shares: pd.DataFrame, *, title: str, language: str = "en") -> Axes:
    """Draw groups' shares of several totals side by side.

    Parameters
    ----------
    shares
        One row a group, one column a total (a key of the labels); shares of 1.
    title
        The finding.
    language
        ``en`` or ``it``.
    """
    table = shares.iloc[::-1]
    places, height = np.arange(len(table)), 0.8 / shares.shape[1]
    axes = plt.subplots(figsize=(8, 0.85 * len(table) + 1.3))[1]
    for order, (name, colour) in enumerate(zip(table.columns, (GREY, BLUE, ORANGE), strict=False)):
        where = places + 0.4 - height * (order + 0.5)
        bars = axes.barh(where, table[name], height=height * 0.92, color=colour, label=label(name, language))
        axes.bar_label(bars, labels=[f"{share:.0%}" for share in table[name]], fontsize=8.5, padding=3)
    axes.set_yticks(places, [str(name) for name in table.index])
    axes.xaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    axes.set(xlabel=label("share", language), title=title)
    axes.grid(visible=False, axis="y")
    axes.legend(loc="lower right")
    return axes


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
