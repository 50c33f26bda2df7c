"""Figures of the customer's journey and of what is sent along it, in the house style.

Each function draws one figure and returns its axes; the title is the caller's finding.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.ticker import MaxNLocator

from crmlib.plots.style import BLUE, COLOURS, GREY, ORANGE
from crmlib.text import label

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from crmlib.actions import Sequence

__all__ = ["funnel_bars", "held_bars", "queue_calendar", "sequence_line", "transition_map", "type_bars"]


def type_bars(mapped: pd.DataFrame, *, title: str, language: str = "en") -> Axes:
    """Draw how many people there are of each type, and how many of them may be contacted.

    Parameters
    ----------
    mapped
        From `crmlib.journey.customer_map`.
    title
        The finding.
    language
        ``en`` or ``it``.
    """
    types = list(mapped["type"].cat.categories)
    counts = pd.crosstab(mapped["type"], mapped["channels"] != "")
    counts = counts.reindex(index=types, columns=[True, False], fill_value=0)
    axes = plt.subplots(figsize=(8, 3.6))[1]
    places, left = np.arange(len(types))[::-1], np.zeros(len(types))
    for reachable, colour in ((True, BLUE), (False, GREY)):
        wide = counts[reachable].to_numpy()
        name = label("journey_reachable" if reachable else "journey_unreachable", language)
        bars = axes.barh(places, wide, left=left, color=colour, height=0.7, label=name)
        least = 0.04 * counts.to_numpy().sum(axis=1).max()  # a narrower bar has no room for its number
        texts = [f"{count:,}" if count >= least else "" for count in wide]
        axes.bar_label(bars, labels=texts, label_type="center", fontsize=9, color="white")
        left += wide
    axes.set_yticks(places, [label(f"type_{name}", language) for name in types])
    axes.set(xlabel=label("journey_people", language), title=title)
    axes.grid(visible=False, axis="y")
    axes.figure.legend(loc="outside lower center", ncols=2, fontsize=9)
    return axes


def funnel_bars(funnel: pd.DataFrame, *, title: str, language: str = "en") -> Axes:
    """Draw how many people came at least so far, and which share of the step before that is.

    Advocacy, a share of those who answered, stands apart in another colour.

    Parameters
    ----------
    funnel
        From `crmlib.journey.funnel`.
    title
        The finding.
    language
        ``en`` or ``it``.
    """
    by = str(funnel.columns[0])
    axes = plt.subplots(figsize=(8, 0.55 * len(funnel) + 1.5))[1]
    places = np.arange(len(funnel))[::-1]
    colours = sns.color_palette("Blues", len(funnel) + 2)[2:]
    beside = (funnel[by].astype(str) == "advocacy").to_numpy()
    colours = [sns.color_palette()[1] if apart else colour for apart, colour in zip(beside, colours, strict=True)]
    axes.barh(places, funnel["people"], color=colours, height=0.72)
    for place, row, apart in zip(places, funnel.itertuples(), beside, strict=True):
        cells: Any = row
        people, share = cells.people, cells.step_share
        answered = f" {label('journey_answered', language).format(count=f'{cells.of:,.0f}')}" if apart else ""
        told = f" {people:,}" if np.isnan(share) else f" {people:,} ({share:.0%}{answered})"
        axes.text(people, place, told, va="center", fontsize=9)
    axes.set_yticks(places, [label(f"{by}_{name}", language) for name in funnel[by]])
    axes.set(xlabel=label("journey_people", language), title=title, xlim=(0, 1.17 * funnel["people"].max()))
    axes.grid(visible=False, axis="y")
    return axes


def transition_map(moved: pd.DataFrame, *, title: str, language: str = "en") -> Axes:
    """Draw where people went: each row adds up to 100 %, and bears its number of people.

    Parameters
    ----------
    moved
        From `crmlib.journey.transitions`.
    title
        The finding.
    language
        ``en`` or ``it``.
    """
    by = {"awareness": "stage", "aware": "four_a", "prospect": "type"}[str(moved.columns[0])]
    there = moved[moved.sum(axis=1) > 0]
    shares = 100 * there.div(there.sum(axis=1), axis=0)
    axes = plt.subplots(figsize=(8.6, 0.58 * len(there) + 1.9))[1]
    texts = shares.map(lambda share: f"{share:.0f}" if share >= 0.5 else "")  # noqa: PLR2004 - what rounds to 0
    sns.heatmap(shares, annot=texts, fmt="", cmap="Blues", vmin=0, vmax=100, linewidths=1,
                cbar_kws={"label": label("share_of_row", language)}, ax=axes)  # fmt: skip
    names = [label("journey_new" if name == "(new)" else f"{by}_{name}", language) for name in there.index]
    sizes = there.sum(axis=1)
    axes.set_yticklabels([f"{name} ({size:,})" for name, size in zip(names, sizes, strict=True)], rotation=0)
    axes.set_xticklabels([label(f"{by}_{name}", language) for name in there.columns], rotation=20, ha="right")
    axes.set(xlabel=label("journey_after", language), ylabel=label("journey_before", language), title=title)
    return axes


def sequence_line(sequence: Sequence, *, title: str, language: str = "en") -> Axes:
    """Draw a sequence on a time line: its trigger, and each step with its channels and what it offers.

    Parameters
    ----------
    sequence
        From `crmlib.actions.sequence`.
    title
        The finding.
    language
        ``en`` or ``it``.
    """
    last = max(step.after_days for step in sequence.steps)
    axes = plt.subplots(figsize=(9, 2.9))[1]
    axes.axhline(0, color=GREY, linewidth=2, zorder=1)
    days = sequence.trigger.days
    trigger = label(f"event_{sequence.trigger.event}", language) + ("" if days is None else f" ({days:g})")
    axes.scatter([0], [0], s=130, marker="D", color=ORANGE, zorder=3)
    axes.annotate(f"{label('sequence_trigger', language)}:\n{trigger}", (0, 0), xytext=(0, -16), ha="center", va="top",
                  textcoords="offset points", fontsize=9)  # fmt: skip
    for place, step in enumerate(sequence.steps):
        offer = step.offer
        lines = [step.name.replace("_", " "), " / ".join(step.channels)]
        if offer is not None and offer.discount:
            lines.append(f"-{offer.discount:.0%} {offer.code}".rstrip())
        axes.vlines(step.after_days, 0, 0.35, color=BLUE, linewidth=1.5, zorder=1)
        axes.scatter([step.after_days], [0.35], s=90, color=BLUE, zorder=3)
        # neighbours take turns in height, so that their words do not meet
        axes.annotate("\n".join(lines), (step.after_days, 0.35), xytext=(0, 8 + 34 * (place % 2)), ha="center",
                      textcoords="offset points", fontsize=9)  # fmt: skip
    room = max(1.0, 0.25 * last)
    axes.set(xlabel=label("sequence_days", language), xlim=(-room, last + room), ylim=(-0.75, 1.6), yticks=[])
    axes.set_title(title)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.grid(visible=False, axis="y")
    axes.spines["left"].set_visible(False)
    return axes


def queue_calendar(entries: pd.DataFrame, *, title: str, language: str = "en") -> Axes:
    """Draw how many messages are due on each day, by sequence.

    Parameters
    ----------
    entries
        Of a queue.
    title
        The finding.
    language
        ``en`` or ``it``.
    """
    day = pd.to_datetime(entries["due_ts"]).dt.normalize()
    span = pd.date_range(day.min(), day.max(), freq="D") if len(entries) else pd.DatetimeIndex([])
    table = pd.crosstab(day, entries["sequence"]).reindex(span, fill_value=0)
    axes = plt.subplots(figsize=(9, 4))[1]
    bottom = np.zeros(len(table))
    for place, name in enumerate(table.columns):
        # past six sequences colours come again, with a pattern
        axes.bar(
            np.arange(len(table)),
            table[name],
            bottom=bottom,
            width=0.75,
            color=COLOURS[place % len(COLOURS)],
            hatch="//" if place >= len(COLOURS) else None,
            edgecolor="white",
            label=str(name).replace("_", " "),
        )
        bottom += table[name].to_numpy()
    step = max(1, len(span) // 10)
    days = [f"{when:%Y-%m-%d}" for when in span[::step]]
    axes.set_xticks(np.arange(len(span))[::step], days, rotation=30, ha="right")
    axes.set(xlabel=label("queue_day", language), ylabel=label("queue_entries", language), title=title)
    axes.grid(visible=False, axis="x")
    if len(table.columns):
        axes.figure.legend(loc="outside lower center", ncols=4, fontsize=9)
    return axes


def held_bars(held: pd.DataFrame, *, title: str, language: str = "en") -> Axes:
    """Draw why messages were held back, the most frequent reason first.

    Parameters
    ----------
    held
        Of a queue, or of a gate.
    title
        The finding.
    language
        ``en`` or ``it``.
    """
    counts = held["why"].value_counts().sort_values(kind="stable")
    axes = plt.subplots(figsize=(8, 0.42 * max(1, len(counts)) + 1.6))[1]
    bars = axes.barh(np.arange(len(counts)), counts.to_numpy(), color=BLUE, height=0.7)
    axes.bar_label(bars, labels=[f" {count:,}" for count in counts], fontsize=9)
    axes.set_yticks(np.arange(len(counts)), [label(f"why_{name}", language) for name in counts.index])
    axes.set(xlabel=label("queue_held", language), title=title)
    axes.grid(visible=False, axis="y")
    return axes
