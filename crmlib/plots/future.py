"""Figures of simulated futures: what plans of contacts bring, where it comes from, and whom they annoy.

Each function draws one figure and returns its axes; the title is the caller's finding.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.ticker import MaxNLocator, StrMethodFormatter

from crmlib.plots.intervals import draw_intervals
from crmlib.plots.style import BLUE, GREY, ORANGE, VERMILION
from crmlib.text import label

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

__all__ = ["contact_weeks", "group_bars", "leaderboard", "profit_steps"]

_THOUSANDS = StrMethodFormatter("{x:,.0f}")


def leaderboard(summary: pd.DataFrame, *, best: str = "oracle", title: str, language: str = "en") -> Axes:
    """Draw what plans gain over doing nothing, with intervals, and the share of the possible gain beside them.

    Parameters
    ----------
    summary
        From `crmlib.futures.Comparison.summary`: gain, low, high; one row a plan.
    best
        The plan whose gain counts as possible; without a row of that name no shares are written.
    title
        The finding.
    language
        ``en`` or ``it``.
    """
    rows = summary.sort_values("gain")
    axes = plt.subplots(figsize=(8.5, 0.5 * len(rows) + 1.5))[1]
    axes.axvline(0, color=GREY, linewidth=1.4, linestyle="--")
    drawn = rows.rename(index=lambda name: str(name).replace("_", " "), columns={"gain": "estimate"})
    draw_intervals(axes, drawn, width=6)
    possible = float(rows["gain"].get(best, 0.0))
    if possible > 0:
        for place, (name, gain) in enumerate(rows["gain"].items()):
            axes.annotate(
                f"{gain / possible:.0%}", (1.0, place), xycoords=("axes fraction", "data"), xytext=(6, 0),
                textcoords="offset points", va="center", fontsize=9.5, fontweight="bold" if name == best else "normal",
            )  # fmt: skip
        axes.annotate(
            label("plan_share", language), (1.0, 1.0), xycoords="axes fraction", xytext=(6, 6),
            textcoords="offset points", fontsize=9, color=GREY,
        )  # fmt: skip
    axes.xaxis.set_major_formatter(_THOUSANDS)
    axes.set(xlabel=label("plan_gain", language), title=title)
    return axes


def profit_steps(parts: pd.Series, *, title: str, language: str = "en") -> Axes:
    """Draw from which parts a gain is put together: each step goes on where the one before it ended.

    Parameters
    ----------
    parts
        Money by name, in order; a last bar shows their sum.
    title
        The finding.
    language
        ``en`` or ``it``.
    """
    values = parts.to_numpy(dtype=float)
    ends = np.cumsum(values)
    starts = np.append(ends - values, 0.0)
    heights = np.append(values, ends[-1])
    colours = [BLUE if value >= 0 else VERMILION for value in values]
    names = [*map(str, parts.index), label("plan_gain_bar", language)]
    places = np.arange(len(names))[::-1]
    axes = plt.subplots(figsize=(8.5, 0.5 * len(names) + 1.4))[1]
    axes.barh(places, heights, left=starts, color=[*colours, ORANGE], height=0.62)
    for place, start, height in zip(places, starts, heights, strict=True):
        axes.annotate(
            f"{height:+,.0f}", (max(start, start + height), place), xytext=(5, 0), textcoords="offset points",
            va="center", fontsize=9.5,
        )  # fmt: skip
    axes.axvline(0, color=GREY, linewidth=1.2)
    axes.set_yticks(places, names)
    axes.margins(x=0.14)
    axes.xaxis.set_major_formatter(_THOUSANDS)
    axes.set(xlabel=label("plan_gain", language), title=title)
    axes.grid(visible=False, axis="y")
    return axes


def group_bars(table: pd.DataFrame, *, title: str, language: str = "en") -> Axes:
    """Draw by group of customers what a plan gains, and how many it drives to opt out.

    Parameters
    ----------
    table
        gain (money), low, high, opt_outs (customers); one row a group.
    title
        The finding.
    language
        ``en`` or ``it``.

    Returns
    -------
    matplotlib.axes.Axes
        Those of the gains; the opt-outs stand in axes of their own on the right.
    """
    rows = table.sort_values("gain")
    places = np.arange(len(rows))
    axes: Axes
    figure, (axes, beside) = plt.subplots(
        1, 2, figsize=(9, 0.5 * len(rows) + 1.6), sharey=True, width_ratios=(2, 1)
    )  # fmt: skip
    axes.barh(places, rows["gain"], color=[BLUE if gain >= 0 else VERMILION for gain in rows["gain"]], height=0.62)
    if {"low", "high"} <= set(rows):
        axes.hlines(places, rows["low"], rows["high"], color="black", linewidth=1.4)
    axes.axvline(0, color=GREY, linewidth=1.2)
    axes.set_yticks(places, [str(name).replace("_", " ") for name in rows.index])
    beside.barh(places, rows["opt_outs"], color=ORANGE, height=0.62)
    for one, key in ((axes, "plan_gain"), (beside, "plan_opt_outs")):
        one.xaxis.set_major_formatter(_THOUSANDS)
        one.set_xlabel(label(key, language))
        one.grid(visible=False, axis="y")
    beside.xaxis.set_major_locator(MaxNLocator(nbins=5, integer=True))
    figure.suptitle(title, x=0.01, ha="left", fontsize=12.5, fontweight="bold")
    return axes


def contact_weeks(contacts: pd.Series, opt_outs: pd.Series, *, title: str, language: str = "en") -> Axes:
    """Draw contacts and opt-outs week by week.

    Parameters
    ----------
    contacts, opt_outs
        Counts by week.
    title
        The finding.
    language
        ``en`` or ``it``.

    Returns
    -------
    matplotlib.axes.Axes
        Those of the contacts; the opt-outs stand below.
    """
    axes: Axes
    axes, below = plt.subplots(2, 1, figsize=(8.5, 4.4), sharex=True)[1]
    for one, values, colour, key in (
        (axes, contacts, BLUE, "plan_contacts"),
        (below, opt_outs, ORANGE, "plan_opt_outs"),
    ):
        one.bar(np.arange(len(values)), values, color=colour, width=0.8)
        one.yaxis.set_major_formatter(_THOUSANDS)
        one.set_ylabel(label(key, language))
        one.grid(visible=False, axis="x")
    below.set_xlabel(label("plan_week", language))
    axes.set_title(title)
    return axes
