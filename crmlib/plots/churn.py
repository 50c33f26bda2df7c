"""Figures of the customer's leaving, in the house style.

Each function draws one figure and returns its axes; the title is the caller's finding.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import matplotlib.pyplot as plt
import numpy as np
import seaborn as sns
from matplotlib.ticker import PercentFormatter, StrMethodFormatter

from crmlib.plots.style import BLUE, COLOURS, GREY, ORANGE
from crmlib.text import label

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd
    from matplotlib.axes import Axes
    from numpy.typing import ArrayLike

    from crmlib.churn import UpliftCurve

__all__ = [
    "calibration_lines",
    "cohort_map",
    "gain_lines",
    "gap_curve",
    "profit_lines",
    "signal_dots",
    "survival_steps",
    "targeting_lines",
    "uplift_lines",
]

_DASHES = ("-", "--", "-.", ":")
_MANY_CELLS = 240


def gap_curve(gaps: ArrayLike, windows: Mapping[str, float], *, title: str, language: str = "en") -> Axes:
    """Draw within how many days customers came back, with windows as upright lines.

    Parameters
    ----------
    gaps
        Days from one purchase to the next.
    windows
        Days by name.
    title
        The finding.
    language
        ``en`` or ``it``.
    """
    ordered = np.sort(np.asarray(gaps, dtype=float))
    axes = plt.subplots()[1]
    axes.plot(ordered, np.arange(1, len(ordered) + 1) / len(ordered), color=BLUE, linewidth=2.2, drawstyle="steps-post")
    end = max(np.quantile(ordered, 0.99), 1.1 * max(windows.values()))
    for place, (name, days) in enumerate(windows.items()):
        share = np.searchsorted(ordered, days, side="right") / len(ordered)
        colour = COLOURS[(place + 1) % len(COLOURS)]
        axes.axvline(days, color=colour, linestyle="--", linewidth=1.8)
        left = days > 0.6 * end  # a label on the right would leave the axes
        axes.annotate(
            f"{name}: {days:.0f} d, {share:.0%}", (days, 0.06 + 0.09 * place), xytext=(-6 if left else 6, 0),
            textcoords="offset points", fontsize=9.5, ha="right" if left else "left",
        )  # fmt: skip
    axes.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    axes.set(xlabel=label("gap_days", language), ylabel=label("share_of_returns", language), title=title)
    axes.set(xlim=(0, end), ylim=(0, 1.02))
    return axes


def signal_dots(table: pd.DataFrame, *, everyone: float, title: str, language: str = "en") -> Axes:
    """Draw what each signal catches of those who left, and how often it is right.

    Parameters
    ----------
    table
        From `crmlib.churn.judge_signals`.
    everyone
        The share that left among all.
    title
        The finding.
    language
        ``en`` or ``it``.
    """
    rows = table.iloc[::-1]
    places = np.arange(len(rows))
    axes = plt.subplots(figsize=(8, 0.75 * len(rows) + 1.9))[1]
    axes.axvline(everyone, color=GREY, linestyle=":", linewidth=1.6, label=label("churn_everyone", language))
    for name, colour, mark, above in (("caught", ORANGE, "D", -16), ("right", BLUE, "o", 8)):
        axes.scatter(rows[name], places, color=colour, marker=mark, s=60, zorder=3,
                     label=label(f"churn_{name}", language))  # fmt: skip
        for place, share in zip(places, rows[name], strict=True):
            axes.annotate(
                f"{share:.0%}", (share, place), xytext=(0, above), textcoords="offset points", ha="center", fontsize=9,
                bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.6},
            )  # fmt: skip
    axes.set_yticks(places, [label(f"signal_{name}", language) for name in rows.index])
    axes.xaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    axes.set(xlabel=label("share_of_customers", language), xlim=(-0.03, 1.03), ylim=(-0.6, len(rows) - 0.4))
    axes.set_title(title)
    axes.grid(visible=False, axis="y")
    axes.figure.legend(loc="outside lower center", ncols=3, fontsize=9)
    return axes


def calibration_lines(tables: Mapping[str, pd.DataFrame], *, title: str, language: str = "en") -> Axes:
    """Draw what was told against what happened, group by group, with intervals.

    Parameters
    ----------
    tables
        By name, from `crmlib.churn.calibration`.
    title
        The finding.
    language
        ``en`` or ``it``.
    """
    axes = plt.subplots(figsize=(6.4, 4.8))[1]
    axes.plot([0, 1], [0, 1], color=GREY, linestyle=":", linewidth=1.4, label=label("churn_exact", language))
    for place, (name, table) in enumerate(tables.items()):
        colour, mark = COLOURS[place % len(COLOURS)], "osD^v"[place % 5]
        axes.vlines(table["predicted"], table["low"], table["high"], color=colour, alpha=0.45, linewidth=2)
        axes.plot(table["predicted"], table["actual"], color=colour, marker=mark, linewidth=1.6, label=name)
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(PercentFormatter(1, decimals=0))
    axes.set(xlabel=label("churn_told", language), ylabel=label("churn_happened", language), title=title)
    # where few leave, all points crowd at the origin of a scale to 100 %
    end = min(1.02, 1.15 * max(float(table[["predicted", "high"]].to_numpy().max()) for table in tables.values()))
    axes.set(xlim=(0, end), ylim=(0, end))
    axes.figure.legend(loc="outside lower center", ncols=3, fontsize=9)
    return axes


def gain_lines(curves: Mapping[str, pd.DataFrame], *, title: str, language: str = "en") -> Axes:
    """Draw which share of those who left is found by contacting the likeliest first.

    Parameters
    ----------
    curves
        By name, from `crmlib.churn.gains`.
    title
        The finding.
    language
        ``en`` or ``it``.
    """
    axes = plt.subplots(figsize=(7.6, 4.6))[1]
    axes.plot([0, 1], [0, 1], color=GREY, linestyle=":", linewidth=1.4, label=label("by_chance", language))
    for place, (name, curve) in enumerate(curves.items()):
        axes.plot(
            curve["contacted"], curve["found"], color=COLOURS[place % len(COLOURS)],
            linestyle=_DASHES[place % len(_DASHES)], linewidth=2, label=name,
        )  # fmt: skip
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(PercentFormatter(1, decimals=0))
    axes.set(xlabel=label("churn_contacted", language), ylabel=label("churn_found", language), title=title)
    axes.set(xlim=(0, 1), ylim=(0, 1.02))
    axes.legend(loc="lower right")
    return axes


def profit_lines(curve: pd.DataFrame, *, title: str, language: str = "en") -> Axes:
    """Draw the profit as more and more customers are contacted, expected and realised.

    Parameters
    ----------
    curve
        From `crmlib.churn.profit_curve`.
    title
        The finding.
    language
        ``en`` or ``it``.
    """
    axes = plt.subplots(figsize=(7.6, 4.4))[1]
    axes.axhline(0, color=GREY, linewidth=1)
    for name, colour, dash in (("expected", BLUE, "-"), ("realised", ORANGE, "--")):
        if name in curve:
            axes.plot(curve["contacted"], curve[name], color=colour, linestyle=dash, linewidth=2,
                      label=label(f"profit_{name}", language))  # fmt: skip
    best = curve.iloc[int(curve["expected"].to_numpy().argmax())]
    axes.scatter([best["contacted"]], [best["expected"]], color=BLUE, s=60, zorder=3)
    axes.xaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    axes.yaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
    axes.set(xlabel=label("ranked_contacted", language), ylabel=label("profit_so_far", language), title=title)
    axes.set(xlim=(0, 1))
    axes.figure.legend(loc="outside lower center", ncols=2, fontsize=9)
    return axes


def survival_steps(curve: pd.DataFrame, *, title: str, most: int = 4, language: str = "en") -> Axes:
    """Draw the share still there, by group, with 95 % bands.

    Parameters
    ----------
    curve
        From `crmlib.churn.kaplan_meier`.
    title
        The finding.
    most
        At most so many groups, the largest.
    language
        ``en`` or ``it``.
    """
    sizes = curve.groupby("group")["at_risk"].max().sort_values(ascending=False, kind="stable")
    axes = plt.subplots(figsize=(8, 4.4))[1]
    for place, (name, size) in enumerate(sizes.head(most).items()):
        own = curve[curve["group"] == name]
        colour = COLOURS[place % len(COLOURS)]
        axes.step(own["days"], own["share"], where="post", color=colour, linewidth=2,
                  linestyle=_DASHES[place % len(_DASHES)], label=f"{name} ({size:,})")  # fmt: skip
        axes.fill_between(own["days"], own["low"], own["high"], step="post", color=colour, alpha=0.13)
    axes.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    axes.set(xlabel=label("days_since_first", language), ylabel=label("share_still_there", language), title=title)
    axes.set(xlim=(0, None), ylim=(0, 1.02))
    axes.figure.legend(loc="outside lower center", ncols=most, fontsize=9)
    return axes


def cohort_map(table: pd.DataFrame, *, title: str, language: str = "en") -> Axes:
    """Draw the share of each monthly cohort that bought again, month by month; what is not over yet stays white.

    Parameters
    ----------
    table
        From `crmlib.churn.cohorts`, shares. The first month, which is 1 by definition, is left out.
    title
        The finding.
    language
        ``en`` or ``it``.
    """
    shown = (100 * table.iloc[:, 1:]).set_axis([str(month) for month in table.index])
    many = shown.size > _MANY_CELLS
    axes = plt.subplots(figsize=(9.4, max(3.9, 0.26 * len(shown) + 1.7)))[1]
    sns.heatmap(
        shown, cmap="Blues", vmin=0, vmax=float(np.nanquantile(shown, 0.98)) if shown.notna().any(axis=None) else 1,
        annot=not many, fmt=".0f", linewidths=0.4, cbar_kws={"label": label("share_buying_again", language)},
        annot_kws={"fontsize": 8}, ax=axes,
    )  # fmt: skip
    step = max(1, len(shown) // 12)
    axes.set_yticks(np.arange(0, len(shown), step) + 0.5, list(shown.index[::step]), rotation=0)
    axes.set(xlabel=label("months_since_first", language), ylabel=label("cohort_month", language), title=title)
    axes.grid(visible=False)
    return axes


def targeting_lines(table: pd.DataFrame, *, title: str, language: str = "en") -> Axes:
    """Draw the extra orders as more and more customers are contacted, by several rankings.

    Parameters
    ----------
    table
        From `crmlib.churn.targeting`.
    title
        The finding.
    language
        ``en`` or ``it``.
    """
    axes = plt.subplots(figsize=(7.6, 4.6))[1]
    end = table[table.columns[1]].iloc[-1]
    axes.plot([0, 1], [0, end], color=GREY, linestyle=":", linewidth=1.6, label=label("by_chance", language))
    for place, name in enumerate(table.columns[1:]):
        axes.plot(table["contacted"], table[name], color=COLOURS[place % len(COLOURS)],
                  linestyle=_DASHES[place % len(_DASHES)], linewidth=2, label=name)  # fmt: skip
    axes.axhline(0, color=GREY, linewidth=1)
    axes.xaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    axes.set(xlabel=label("ranked_contacted", language), ylabel=label("extra_orders", language), title=title)
    axes.set(xlim=(0, 1))
    axes.legend(loc="center left", bbox_to_anchor=(1.01, 0.5))
    return axes


def uplift_lines(curves: Mapping[str, UpliftCurve], *, title: str, language: str = "en") -> Axes:
    """Draw the cumulative gain of rankings as lots show it, beside chance and its band, with the truth on top.

    Parameters
    ----------
    curves
        By name, from `crmlib.churn.uplift_curve`, all of the same lots. Of a single one its own interval is drawn, too.
    title
        The finding.
    language
        ``en`` or ``it``.
    """
    axes = plt.subplots(figsize=(7.6, 4.6))[1]
    chance = next(iter(curves.values())).table
    axes.fill_between(chance["contacted"], chance["chance_low"], chance["chance_high"], color=GREY, alpha=0.25,
                      linewidth=0, label=label("band_by_chance", language))  # fmt: skip
    axes.plot(chance["contacted"], chance["chance"], color=GREY, linestyle=":", linewidth=1.6,
              label=label("by_chance", language))  # fmt: skip
    for position, (name, curve) in enumerate(curves.items()):
        table, colour = curve.table, COLOURS[position % len(COLOURS)]
        if len(curves) == 1:
            known = table[np.isfinite(table["low"]) & np.isfinite(table["high"])]
            axes.vlines(known["contacted"], known["low"], known["high"], color=colour, alpha=0.35, linewidth=2)
        axes.plot(table["contacted"], table["gain"], color=colour, linestyle=_DASHES[position % len(_DASHES)],
                  linewidth=2, label=name)  # fmt: skip
        if "truth" in table:
            axes.plot(table["contacted"], table["truth"], color=colour, marker="D", markersize=3.5, linewidth=0.8,
                      alpha=0.8, label=f"{name}: {label('uplift_true', language)}")  # fmt: skip
    axes.axhline(0, color=GREY, linewidth=1)
    axes.xaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    axes.set(xlabel=label("ranked_contacted", language), ylabel=label("extra_orders", language), title=title)
    axes.set(xlim=(0, 1))
    axes.legend(loc="center left", bbox_to_anchor=(1.01, 0.5), fontsize=9)
    return axes
