"""Figures of personas, in the house style."""

from __future__ import annotations

from typing import TYPE_CHECKING

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.colors import LinearSegmentedColormap

from crmlib.plots.style import BLUE, GREY, ORANGE
from crmlib.text import label

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from matplotlib.axes import Axes

    from crmlib.personas import Card

__all__ = ["affinity_map", "card_bars", "choice_lines", "stage_bars", "truth_map"]

_EVEN = 100


def choice_lines(
    table: pd.DataFrame, *, chosen: int, title: str, criterion: str = "bic", language: str = "en"
) -> Sequence[Axes]:
    """Draw the criterion and the stability of each number of personas.

    Parameters
    ----------
    table
        From `crmlib.personas.choose`.
    chosen
        The number to mark.
    title
        The finding.
    criterion
        ``bic`` or ``silhouette``.
    language
        ``en`` or ``it``.
    """
    figure, panels = plt.subplots(1, 2, figsize=(9, 3.6))
    scale = 1000 if criterion == "bic" else 1
    panels[0].plot(table["k"], table["criterion"] / scale, color=BLUE, marker="o")
    panels[0].set_ylabel(label(f"persona_{criterion}", language))
    panels[1].plot(table["k"], table["stability"], color=BLUE, marker="o")
    panels[1].fill_between(table["k"], table["low"], table["high"], color=BLUE, alpha=0.18)
    panels[1].set(ylabel=label("persona_stability", language), ylim=(0, 1.03))
    if "noise_low" in table:
        panels[1].fill_between(table["k"], table["noise_low"], table["noise_high"], color=GREY, alpha=0.35)
        last = table[table["noise_high"].notna()].tail(1)
        for k, high in zip(last["k"], last["noise_high"], strict=True):
            at = {"ha": "right", "va": "bottom", "fontsize": 9, "color": GREY}
            panels[1].annotate(label("persona_noise", language), (k, high), **at)
    for axes in panels:
        axes.axvline(chosen, color=ORANGE, linewidth=6, alpha=0.35, zorder=0)
        axes.set(xlabel=label("persona_k", language), xticks=table["k"])
    figure.suptitle(title, x=0.01, ha="left", fontweight="bold", fontsize=12.5)
    return list(panels)


def card_bars(cards: Sequence[Card], *, title: str, traits: int = 6, language: str = "en") -> Sequence[Axes]:
    """Draw the strongest traits of each persona beside everyone's: one small picture a card.

    Parameters
    ----------
    cards
        From `crmlib.personas.cards`.
    title
        The finding.
    traits
        How many a card.
    language
        ``en`` or ``it``.
    """
    from crmlib.personas.cards import number_name, spoken

    columns = 2
    rows = -(-len(cards) // columns)
    figure, grid = plt.subplots(rows, columns, figsize=(9.6, 0.6 + (0.31 * traits + 0.85) * rows), squeeze=False)
    figure.suptitle(title, x=0.01, ha="left", fontweight="bold", fontsize=12.5)
    panels = list(grid.flat)
    for axes in panels[len(cards) :]:
        axes.set_axis_off()
    for axes, card in zip(panels, cards, strict=False):
        numbers = card.numbers[np.isfinite(card.numbers["index"])]
        named = [number_name(feature, language) for feature in numbers["feature"]]
        both = pd.Series(numbers["index"].to_numpy(), index=named)
        both = both.loc[(both - _EVEN).abs().sort_values(ascending=False).index[:2]]
        strong = card.traits[(card.traits["value"] >= 0.1) & (card.traits["index"] > _EVEN)].head(traits - len(both))  # noqa: PLR2004 - as on the card
        said = [spoken(feature, level) for feature, level in zip(strong["feature"], strong["level"], strict=True)]
        both = pd.concat([both, pd.Series(strong["index"].to_numpy(), index=said)]).iloc[::-1]
        colours = [BLUE if index >= _EVEN else ORANGE for index in both]
        bars = axes.barh(range(len(both)), both - _EVEN, left=_EVEN, color=colours, height=0.65)
        axes.bar_label(bars, labels=[f"{index:.0f}" for index in both], fontsize=8, padding=3)
        axes.axvline(_EVEN, color=GREY, linewidth=1)
        axes.set_yticks(range(len(both)), list(both.index), fontsize=8.5)
        axes.set_title(f"{card.name} ({card.share:.0%})", fontsize=9.5, pad=5)
        axes.set_xlim(min(0, both.min() - 25), max(220, both.max() * 1.14))
        axes.grid(visible=False, axis="y")
        axes.tick_params(axis="x", labelsize=8)
    for axes in panels[max(0, len(cards) - columns) : len(cards)]:
        axes.set_xlabel(label("persona_index", language), fontsize=9)
    return panels[: len(cards)]


def affinity_map(
    index: pd.DataFrame, *, names: Mapping[int, str], title: str, xlabel: str, language: str = "en"
) -> Axes:
    """Draw what each persona looks at or buys, against everyone.

    Parameters
    ----------
    index
        From `crmlib.personas.affinity`: 100 is everyone's share.
    names
        Of the personas.
    title
        The finding.
    xlabel
        What the columns are.
    language
        ``en`` or ``it``.
    """
    axes = plt.subplots(figsize=(9, 0.52 * len(index) + 1.9))[1]
    # ratios are symmetric on a log scale: half as much is as far from 100 as twice as much
    sns.heatmap(
        np.log2(index.clip(lower=12.5) / _EVEN),
        annot=index.round(0),
        fmt=".0f",
        cmap=LinearSegmentedColormap.from_list("index", [ORANGE, "white", BLUE]),
        vmin=-2,
        vmax=2,
        linewidths=1,
        cbar=False,
        annot_kws={"fontsize": 9},
        ax=axes,
    )
    axes.set_yticklabels([names.get(persona, str(persona)) for persona in index.index], rotation=0)
    axes.set_xticklabels([str(name).replace("_", " ") for name in index.columns], rotation=30, ha="right")
    axes.set(xlabel=xlabel, ylabel=label("persona", language), title=title)
    return axes


def stage_bars(shares: pd.DataFrame, *, names: Mapping[int, str], title: str, language: str = "en") -> Axes:
    """Draw how far the customers of each persona have come on the journey.

    Parameters
    ----------
    shares
        One row a persona, one column a stage, rows add up to 1.
    names
        Of the personas.
    title
        The finding.
    language
        ``en`` or ``it``.
    """
    table = 100 * shares.iloc[::-1]
    axes = plt.subplots(figsize=(9, 0.5 * len(table) + 1.8))[1]
    left = np.zeros(len(table))
    for place, (stage, colour) in enumerate(
        zip(table.columns, sns.color_palette("Blues", len(table.columns)), strict=True)
    ):
        wide = table[stage].to_numpy(dtype=float)
        bars = axes.barh(
            range(len(table)), wide, left=left, color=colour, height=0.7, label=label(f"stage_{stage}", language)
        )
        ink = "white" if place >= 3 else "#222222"  # noqa: PLR2004 - the darker blues
        texts = [f"{share:.0f}" if share >= 4 else "" for share in wide]  # noqa: PLR2004 - too narrow for a number
        axes.bar_label(bars, labels=texts, label_type="center", fontsize=8.5, color=ink)
        left += wide
    axes.set_yticks(range(len(table)), [names.get(persona, str(persona)) for persona in table.index])
    axes.set(xlabel=label("persona_share", language), xlim=(0, 100))
    axes.set_title(title, pad=30)
    axes.grid(visible=False, axis="y")
    axes.legend(ncols=5, loc="lower left", bbox_to_anchor=(-0.02, 1.0), fontsize=8.5, columnspacing=1, handlelength=1.2)
    return axes


def truth_map(table: pd.DataFrame, *, names: Mapping[int, str], title: str, language: str = "en") -> Axes:
    """Draw who the customers of each persona truly are: each row adds up to 100 %.

    Parameters
    ----------
    table
        Customers by persona found (rows) and true persona (columns).
    names
        Of the personas found.
    title
        The finding.
    language
        ``en`` or ``it``.
    """
    shares = 100 * table.div(table.sum(axis=1), axis=0)
    axes = plt.subplots(figsize=(8.6, 0.52 * len(table) + 1.9))[1]
    sns.heatmap(
        shares,
        annot=shares.map(lambda share: f"{share:.0f}" if share >= 0.5 else ""),  # noqa: PLR2004 - what rounds to 0
        fmt="",
        cmap="Blues",
        vmin=0,
        vmax=100,
        linewidths=1,
        cbar_kws={"label": label("share_of_row", language)},
        ax=axes,
    )
    axes.set_yticklabels([names.get(persona, str(persona)) for persona in table.index], rotation=0)
    axes.set_xticklabels([str(name).replace("_", " ") for name in table.columns], rotation=30, ha="right")
    axes.set(xlabel=label("persona_truth", language), ylabel=label("persona", language), title=title)
    return axes
