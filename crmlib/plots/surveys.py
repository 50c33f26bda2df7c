"""Figures of surveys, in the house style of `crmlib.plots`."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from crmlib.plots.style import BLUE, GREY, ORANGE, SKY, VERMILION
from crmlib.text import label, touchpoint_name

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from matplotlib.axes import Axes
    from numpy.typing import ArrayLike

__all__ = ["chance_bars", "control_chart", "driver_dots", "mark_bars", "sample_lines", "term_bars", "tilt_curve"]

_MOST_BINS = 45
_KINDS = {"detractors": VERMILION, "passives": GREY, "promoters": BLUE}


def mark_bars(scores: Mapping[str, ArrayLike], *, title: str, language: str = "en") -> Sequence[Axes]:
    """Draw how often each mark was given, one panel a scale.

    Parameters
    ----------
    scores
        Answers by the name of their scale: ``nps_0_10``, ``nps_1_10``; missing ones are left out.
    title
        The finding.
    language
        ``en`` or ``it``.
    """
    from crmlib.surveys.scales import SCALES

    figure, grid = plt.subplots(1, len(scores), sharey=True, figsize=(9, 3.7), squeeze=False)
    panels = list(grid.flat)
    for axes, (name, given) in zip(panels, scores.items(), strict=True):
        scale = SCALES[name]
        marks = pd.Series(np.asarray(pd.Series(given).dropna(), dtype=int))
        shares = 100 * marks.value_counts(normalize=True).reindex(range(11), fill_value=0.0)
        kinds = np.digitize(shares.index, [scale.passive_from, scale.promoter_from])
        for place, (kind, colour) in enumerate(_KINDS.items()):
            part = shares[(kinds == place) & (shares.index >= scale.lowest)]
            axes.bar(part.index, part.to_numpy(), color=colour, width=0.8, label=label(kind, language))
        axes.set(xlabel=label(f"{name}_marks", language), xticks=range(scale.lowest, 11), xlim=(-0.6, 10.6))
        axes.grid(visible=False, axis="x")
    panels[0].set_ylabel(label("share_of_answers", language))
    panels[0].legend(loc="upper left", fontsize=9)
    figure.suptitle(title, x=0.01, ha="left", fontweight="bold", fontsize=12.5)
    return panels


def sample_lines(samples: pd.DataFrame, *, truth: float, title: str, xlabel: str, language: str = "en") -> Axes:
    """Draw the intervals of many samples, and which of them miss what they should cover.

    Parameters
    ----------
    samples
        score, low, high; one row a sample.
    truth
        What each should cover.
    title
        The finding.
    xlabel
        What is estimated, with its unit.
    language
        ``en`` or ``it``.
    """
    rows = samples.sort_values("score", ignore_index=True)
    missed = ((rows["low"] > truth) | (rows["high"] < truth)).to_numpy()
    axes = plt.subplots(figsize=(8, 4.6))[1]
    for chosen, colour, name in ((~missed, SKY, "covers"), (missed, VERMILION, "misses")):
        axes.hlines(rows.index[chosen], rows["low"][chosen], rows["high"][chosen], color=colour, linewidth=2.6,
                    label=label(f"interval_{name}", language))  # fmt: skip
    axes.scatter(rows["score"], rows.index, color="black", s=9, zorder=3)
    axes.axvline(truth, color=ORANGE, linewidth=2, label=label("all_answers", language))
    axes.set(xlabel=xlabel, ylabel=label("samples_sorted", language), title=title, yticks=[])
    axes.figure.legend(loc="outside lower center", ncols=3, fontsize=9)
    return axes


def chance_bars(
    by_chance: ArrayLike, *, seen: float, title: str, xlabel: str, ylabel: str, language: str = "en"
) -> Axes:
    """Draw what chance alone gives, what was seen, and what is as large the other way.

    Parameters
    ----------
    by_chance
        Differences when the answers are dealt at random.
    seen
        The difference that was seen.
    title
        The finding.
    xlabel, ylabel
        What differs, with its unit, and what is counted.
    language
        ``en`` or ``it``.
    """
    axes = plt.subplots(figsize=(8, 3.8))[1]
    axes.hist(np.asarray(by_chance, dtype=float), bins=_steps(by_chance), color=SKY, edgecolor="white", linewidth=0.4)
    axes.axvline(seen, color=ORANGE, linewidth=3, label=label("seen", language))
    # "as large" counts both directions, so both tails are marked
    axes.axvline(-seen, color=ORANGE, linewidth=2, linestyle=":", label=label("seen_mirrored", language))
    axes.set(xlabel=xlabel, ylabel=ylabel, title=title)
    axes.grid(visible=False, axis="x")
    axes.figure.legend(loc="outside lower center", ncols=2, fontsize=9)
    return axes


def control_chart(chart: pd.DataFrame, *, title: str, language: str = "en") -> Axes:
    """Draw a score over time between its control limits.

    Parameters
    ----------
    chart
        From `crmlib.surveys.nps_over_time`.
    title
        The finding.
    language
        ``en`` or ``it``.
    """
    axes = plt.subplots(figsize=(8.6, 4.2))[1]
    places = np.arange(len(chart))
    axes.fill_between(places, chart["lower"].to_numpy(float), chart["upper"].to_numpy(float), step="mid", color=SKY,
                      alpha=0.25, label=label("control_limits", language))  # fmt: skip
    axes.axhline(chart["centre"].iloc[0], color=GREY, linestyle=":", linewidth=1.6, label=label("centre", language))
    axes.plot(places, chart["score"].to_numpy(float), color=BLUE, marker="o", linewidth=1.6, label="NPS")
    out = chart["signal"].to_numpy(dtype=bool)
    if out.any():
        axes.scatter(places[out], chart["score"][out], color=VERMILION, s=90, zorder=4, label=label("signal", language))
    step = max(1, len(chart) // 12)
    axes.set_xticks(places[::step], [str(period) for period in chart.index[::step]], rotation=40, ha="right")
    axes.set(xlabel=label("period", language), ylabel=label("nps_points", language), title=title)
    axes.figure.legend(loc="outside lower center", ncols=4, fontsize=9)
    return axes


def tilt_curve(curve: pd.DataFrame, *, title: str, truth: float | None = None, language: str = "en") -> Axes:
    """Draw what the score would be, by how much more readily the content answer.

    Parameters
    ----------
    curve
        score, low, high, by the tilt (the index); see `crmlib.surveys.tilted`.
    title
        The finding.
    truth
        Everybody's score, where it is known.
    language
        ``en`` or ``it``.
    """
    axes = plt.subplots(figsize=(8, 4.2))[1]
    tilt = curve.index.to_numpy(dtype=float)
    axes.fill_between(tilt, curve["low"].to_numpy(float), curve["high"].to_numpy(float), color=SKY, alpha=0.35)
    axes.plot(
        tilt, curve["score"].to_numpy(float), color=BLUE, linewidth=2.2, label=label("answers_weighted", language)
    )
    if truth is not None:
        axes.axhline(truth, color=ORANGE, linewidth=2, label=label("everybody_truth", language))
    axes.set(xlabel=label("tilt", language), ylabel=label("nps_points", language), title=title)
    axes.legend()
    return axes


def driver_dots(table: pd.DataFrame, *, title: str, xlabel: str, language: str = "en") -> Axes:
    """Draw what each driver adds to the score or takes from it, with intervals.

    Parameters
    ----------
    table
        From `crmlib.surveys.drivers`; its order is kept, the first on top.
    title
        The finding.
    xlabel
        What is estimated, with its unit.
    language
        ``en`` or ``it``.
    """
    rows = table.iloc[::-1]
    places = np.arange(len(rows))
    axes = plt.subplots(figsize=(8.4, 0.48 * len(rows) + 1.4))[1]
    sure = ((rows["low"] > 0) | (rows["high"] < 0)).to_numpy()
    for chosen, light, dark in ((sure, SKY, BLUE), (~sure, "#d5d9de", GREY)):
        axes.hlines(places[chosen], rows["low"][chosen], rows["high"][chosen], color=light, linewidth=5)
        axes.scatter(rows["estimate"][chosen], places[chosen], color=dark, s=45, zorder=3)
    axes.axvline(0, color="black", linestyle=":", linewidth=1.2, zorder=0)
    axes.set_yticks(places, [f"{_driver(name, language)}  (n = {n:,})" for name, n in rows["n"].items()])
    axes.set(xlabel=xlabel, title=title, ylim=(-0.6, len(rows) - 0.4))
    axes.grid(visible=False, axis="y")
    return axes


def term_bars(terms: pd.DataFrame, *, title: str, most: int = 7, language: str = "en") -> Sequence[Axes]:
    """Draw the terms that mark each group's comments off, and how often the others use them.

    Parameters
    ----------
    terms
        From `crmlib.surveys.terms`.
    title
        The finding.
    most
        How many a group.
    language
        ``en`` or ``it``.
    """
    groups = list(dict.fromkeys(terms["group"]))
    figure, grid = plt.subplots(1, len(groups), figsize=(9.6, 0.42 * most + 1.7), squeeze=False, sharex=True)
    panels = list(grid.flat)
    for axes, group in zip(panels, groups, strict=True):
        rows = terms[terms["group"] == group].head(most).iloc[::-1]
        places = np.arange(len(rows))
        axes.barh(places, 100 * rows["share"], color=BLUE, height=0.62, label=label("in_group", language))
        axes.scatter(100 * rows["elsewhere"], places, color=ORANGE, s=34, zorder=3, label=label("elsewhere", language))
        axes.set_yticks(places, [_drawn(term) for term in rows["term"]], fontsize=9)
        axes.set_title(str(group), fontsize=10.5, pad=6)
        axes.set_xlabel(label("share_of_comments", language), fontsize=9)
        axes.grid(visible=False, axis="y")
    handles, names = panels[0].get_legend_handles_labels()
    figure.legend(handles, names, loc="outside lower center", ncols=2, fontsize=9)
    figure.suptitle(title, x=0.01, ha="left", fontweight="bold", fontsize=12.5)
    return panels


def _steps(values: ArrayLike) -> list[float]:
    """Return edges of bins that each hold the same number of possible values: scores move in steps, and bins beat."""
    there = np.unique(np.asarray(values, dtype=float).round(9))
    if len(there) < 2:  # noqa: PLR2004 - one value has no step
        return [there[0] - 0.5, there[0] + 0.5]
    step = np.diff(there).min()
    span = there[-1] - there[0]
    wide = step * max(1, np.ceil(span / step / _MOST_BINS))
    return list(np.arange(there[0] - step / 2, there[-1] + wide, wide))


def _drawn(term: str) -> str:
    """Name a pictograph: the fonts of figures have none."""
    return " ".join(
        word if word.isalnum() or len(word) > 1 else f"[{unicodedata.name(word, 'sign').lower()}]"
        for word in term.split()
    )


def _driver(name: object, language: str) -> str:
    """Say a driver in words where it is one of `crmlib.surveys.experience`, and as it is named where it is not."""
    factor, _, level = str(name).partition(": ")
    touchpoint = factor.removeprefix("csat_")
    if factor != touchpoint and touchpoint in _TOUCHPOINTS:
        said = touchpoint_name(touchpoint, language)
        return (
            f"{said}: {label('driver_' + level.replace(' ', '_'), language)}"
            if level in _LEVELS
            else f"{said}: {level}"
        )
    key = f"driver_{f'{factor}_{level}' if level else factor}".replace(" ", "_")
    return label(key, language) if key in _DRIVERS else str(name)


_TOUCHPOINTS = ("checkout", "delivery", "product", "returns", "support")
_LEVELS = ("unsatisfied", "no answer")
_DRIVERS = ("driver_request_quick_reply", "driver_request_slow_reply", "driver_request_delivery", "driver_returned")
