"""Figures of a shop's orders, in the house style."""

from __future__ import annotations

from typing import TYPE_CHECKING

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.ticker import MaxNLocator, PercentFormatter, StrMethodFormatter

from crmlib.plots.style import BLUE, GREEN, GREY, ORANGE, VERMILION
from crmlib.text import label

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from numpy.typing import ArrayLike

__all__ = ["month_bars", "share_bar", "tier_bars", "value_curve"]


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
