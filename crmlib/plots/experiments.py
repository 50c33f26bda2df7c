"""Figures of experiments and offers, in the house style.

Each function draws one figure and returns its axes; the title is the caller's finding.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.ticker import MultipleLocator, PercentFormatter, StrMethodFormatter

from crmlib.plots.intervals import draw_intervals
from crmlib.plots.style import BLUE, COLOURS, GREEN, GREY, ORANGE, VERMILION
from crmlib.text import label

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd
    from matplotlib.axes import Axes

    from crmlib.arrays import Floats
    from crmlib.offers import CampaignProfit

__all__ = ["action_dots", "arm_dots", "peeking_lines", "power_curve", "profit_waterfall", "uplift_dots"]

_SHOWN_RUNS = 12


def arm_dots(table: pd.DataFrame, *, xlabel: str, title: str, share: bool = False, language: str = "en") -> Axes:
    """Draw what each arm differs by from the control, with intervals.

    Parameters
    ----------
    table
        From `crmlib.experiments.compare`, or any table with arm, difference, low, high.
    xlabel
        What differs, with its unit.
    title
        The finding.
    share
        The differences are shares: the axis is in percentage points.
    language
        ``en`` or ``it``.
    """
    rows = _intervals(table, "arm", 100 if share else 1)
    axes = plt.subplots(figsize=(8, 0.55 * len(rows) + 1.6))[1]
    axes.axvline(0, color=GREY, linestyle=":", linewidth=1.6, label=label("no_difference", language))
    draw_intervals(axes, rows)
    axes.set(xlabel=xlabel, title=title)
    axes.figure.legend(loc="outside lower center", fontsize=9)
    return axes


def _intervals(table: pd.DataFrame, name: str, scale: float) -> pd.DataFrame:
    """Return differences as `draw_intervals` takes them, so that the first row stands at the top."""
    rows = table.iloc[::-1].set_index(name)[["difference", "low", "high"]]
    return scale * rows.rename(columns={"difference": "estimate"})


def peeking_lines(z: Floats, alarms: pd.DataFrame, *, title: str, language: str = "en") -> Axes:
    """Draw some experiments without any effect, look after look, and the share that has raised an alarm so far.

    Parameters
    ----------
    z
        From `crmlib.experiments.aa_looks`.
    alarms
        From `crmlib.experiments.false_alarms`.
    title
        The finding.
    language
        ``en`` or ``it``.

    Returns
    -------
    matplotlib.axes.Axes
        The right of two: the shares.
    """
    from scipy.stats import norm

    figure, axes = plt.subplots(1, 2, figsize=(9.6, 4.4))
    left: Axes = axes[0]
    right: Axes = axes[1]
    p_values = 2 * norm.sf(np.abs(z))
    ever = (p_values < 0.05).any(axis=1)  # noqa: PLR2004 - the level that everybody peeks at
    # as many of those that raised an alarm as there are among all: the picture lies no more than the numbers
    count = min(_SHOWN_RUNS, len(z))
    false = round(count * float(ever.mean()))
    shown = [*np.flatnonzero(ever)[:false], *np.flatnonzero(~ever)[: count - false]]
    for run in shown:
        colour = VERMILION if ever[run] else GREY
        left.plot(alarms["look"], p_values[run], color=colour, linewidth=2 if ever[run] else 1, alpha=0.9)
    left.axhline(0.05, color="black", linestyle=":", linewidth=1.6)
    left.set_yscale("log")
    left.set(xlabel=label("look", language), ylabel=label("p_value", language))
    for name, colour, mark in (("naive", VERMILION, "o"), ("once", GREY, "s"), ("planned", BLUE, "D")):
        right.plot(alarms["look"], alarms[name], color=colour, marker=mark, markersize=5, linewidth=2,
                   label=label(f"alarms_{name}", language))  # fmt: skip
    right.axhline(0.05, color="black", linestyle=":", linewidth=1.6)
    right.yaxis.set_major_locator(MultipleLocator(0.05))
    right.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    right.set(xlabel=label("look", language), ylabel=label("false_alarms", language), ylim=(0, None))
    figure.suptitle(title, x=0.01, ha="left", fontsize=12.5, fontweight="bold")
    figure.legend(loc="outside lower center", ncols=3, fontsize=9)
    return right


def power_curve(
    curves: Mapping[str, pd.DataFrame], *, wanted: float, title: str, here: float | None = None, language: str = "en"
) -> Axes:
    """Draw how often an experiment finds an effect, by its size.

    Parameters
    ----------
    curves
        By name of the effect: customers, power.
    wanted
        The power that is planned for.
    title
        The finding.
    here
        Customers that there are.
    language
        ``en`` or ``it``.
    """
    axes = plt.subplots(figsize=(7.8, 4.4))[1]
    for place, (name, curve) in enumerate(curves.items()):
        axes.plot(curve["customers"], curve["power"], color=COLOURS[place % len(COLOURS)],
                  linestyle=("-", "--", "-.", ":")[place % 4], linewidth=2.2, label=name)  # fmt: skip
    axes.axhline(wanted, color=GREY, linestyle=":", linewidth=1.6)
    if here is not None:
        axes.axvline(here, color=GREY, linewidth=1.2)
        axes.annotate(f"{label('customers_here', language)}: {here:,.0f}", (here, 0.03), xytext=(6, 0),
                      textcoords="offset points", fontsize=9.5)  # fmt: skip
    axes.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    axes.xaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
    axes.set(xlabel=label("experiment_customers", language), ylabel=label("power", language), title=title)
    axes.set(ylim=(0, 1.02))
    axes.figure.legend(loc="outside lower center", ncols=3, fontsize=9)
    return axes


def uplift_dots(
    table: pd.DataFrame, *, title: str, truth: Mapping[str, float] | None = None, language: str = "en"
) -> Axes:
    """Draw what contact added, group by group, with intervals and, where it is known, the truth.

    Parameters
    ----------
    table
        From `crmlib.experiments.uplift_by`.
    title
        The finding.
    truth
        By group: extra orders a customer.
    language
        ``en`` or ``it``.
    """
    rows = _intervals(table, "group", 100)
    axes = plt.subplots(figsize=(8, 0.55 * len(rows) + 1.8))[1]
    axes.axvline(0, color=GREY, linestyle=":", linewidth=1.6)
    draw_intervals(axes, rows, label=label("uplift_read", language))
    if truth is not None:
        true = [100 * truth[name] for name in rows.index]
        axes.scatter(true, range(len(rows)), color=ORANGE, marker="D", zorder=4, s=42,
                     label=label("uplift_true", language))  # fmt: skip
    axes.set(xlabel=label("extra_per_hundred", language), title=title)
    axes.figure.legend(loc="outside lower center", ncols=2, fontsize=9)
    return axes


def profit_waterfall(account: CampaignProfit, *, title: str, language: str = "en") -> Axes:
    """Draw how margin, discounts and costs add up to a campaign's profit, with its interval.

    Parameters
    ----------
    account
        From `crmlib.offers.campaign_profit`.
    title
        The finding.
    language
        ``en`` or ``it``.
    """
    parts = {name: size for name, size in account.parts.items() if size}
    sizes = np.array(list(parts.values()))
    starts = np.concatenate([[0.0], np.cumsum(sizes)[:-1]])
    axes = plt.subplots(figsize=(8.4, 4.6))[1]
    places = np.arange(len(sizes) + 1)
    axes.bar(places[:-1], sizes, bottom=starts, color=[GREEN if size >= 0 else VERMILION for size in sizes], width=0.62)
    axes.bar(places[-1], account.profit, color=BLUE, width=0.62)
    axes.vlines(places[-1], account.low, account.high, color="black", linewidth=1.6)
    for place, (size, start) in enumerate(zip([*sizes, account.profit], [*starts, 0.0], strict=True)):
        last = place == len(sizes)  # beside its interval
        axes.annotate(
            f"{size:+,.0f}", (place, max(start, start + size)), xytext=(6 if last else 0, 3), fontsize=9.5,
            textcoords="offset points", ha="left" if last else "center",
        )  # fmt: skip
    axes.axhline(0, color=GREY, linewidth=1)
    axes.set_xticks(places, [label(f"campaign_{name}", language) for name in (*parts, "profit")], fontsize=9)
    axes.yaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
    axes.set(ylabel=label("money", language), title=title)
    axes.grid(visible=False, axis="x")
    return axes


def action_dots(table: pd.DataFrame, *, title: str, language: str = "en") -> Axes:
    """Draw what each action leaves, with its interval, by kind.

    Parameters
    ----------
    table
        From `crmlib.offers.simulate_margin`.
    title
        The finding.
    language
        ``en`` or ``it``.
    """
    rows = table.iloc[::-1].reset_index(drop=True)
    axes = plt.subplots(figsize=(8.6, 0.31 * len(rows) + 1.6))[1]
    axes.axvline(0, color=GREY, linewidth=1.2)
    for place, kind in enumerate(dict.fromkeys(table["kind"])):
        own = rows[rows["kind"] == kind]
        colour = COLOURS[place % len(COLOURS)]
        axes.hlines(own.index, own["low"], own["high"], color=colour, linewidth=4, alpha=0.4)
        axes.scatter(own["margin"], own.index, color=colour, marker="oDs^"[place % 4], s=42, zorder=3,
                     label=label(f"kind_{kind}", language))  # fmt: skip
    axes.set_yticks(rows.index, [name.replace("_", " ") for name in rows["name"]], fontsize=9)
    axes.xaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
    axes.set(xlabel=label("action_margin", language), title=title, ylim=(-0.7, len(rows) - 0.3))
    axes.grid(visible=False, axis="y")
    axes.figure.legend(loc="outside lower center", ncols=4, fontsize=9)
    return axes
