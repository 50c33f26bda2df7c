"""Figures of estimates with their intervals, in the house style."""

from __future__ import annotations

from typing import TYPE_CHECKING

import matplotlib.pyplot as plt
import numpy as np

from crmlib.plots.style import BLUE, SKY

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

__all__ = ["interval_dots"]


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
    axes = plt.subplots(figsize=(8, 0.42 * len(rows) + 1.3))[1]
    draw_intervals(axes, rows)
    axes.set(xlabel=xlabel, title=title)
    return axes


def draw_intervals(axes: Axes, rows: pd.DataFrame, *, width: float = 5, label: str | None = None) -> None:
    """Draw estimates with their intervals into axes, the first row at the bottom.

    Parameters
    ----------
    axes
        Where they go.
    rows
        estimate, low, high; named by the index.
    width
        Of the intervals, in points.
    label
        Of the estimates, for a legend.
    """
    places = np.arange(len(rows))
    axes.hlines(places, rows["low"], rows["high"], color=SKY, linewidth=width)
    axes.scatter(rows["estimate"], places, color=BLUE, zorder=3, s=45, label=label)
    axes.set_yticks(places, [str(name) for name in rows.index])
    axes.set(ylim=(-0.6, len(rows) - 0.4))
    axes.grid(visible=False, axis="y")
