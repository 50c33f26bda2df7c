"""Figures of the models of customer lifetime value, in the house style of `crmlib.plots`.

Each function draws one figure and returns its axes; the title is the caller's finding.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.ticker import PercentFormatter

from crmlib.plots import BLUE, COLOURS, GREY, ORANGE
from crmlib.text import label

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from matplotlib.axes import Axes
    from numpy.typing import ArrayLike

__all__ = ["alive_history", "alive_map", "difference_dots", "frequency_fit", "purchases_map", "tracking"]

_DASHES = ("--", "-.", ":")


def tracking(table: pd.DataFrame, *, title: str, language: str = "en") -> Sequence[Axes]:
    """Draw repeat purchases over time, actual and expected: week by week, and added up.

    Parameters
    ----------
    table
        From `crmlib.clv.tracking`.
    title
        The finding.
    language
        ``en`` or ``it``.
    """
    figure, panels = plt.subplots(1, 2, figsize=(10, 4))
    models = list(table.columns[3:])
    for axes, added_up in zip(panels, (False, True), strict=True):
        lines = table[["actual", *models]].cumsum() if added_up else table[["actual", *models]]
        axes.plot(table["week"], lines["actual"], color="black", linewidth=1.8, label=label("actual", language))
        for place, name in enumerate(models):
            look = {"color": COLOURS[place % len(COLOURS)], "linestyle": _DASHES[place % len(_DASHES)]}
            axes.plot(table["week"], lines[name], label=name, linewidth=1.8, **look)
        if table["held_out"].any():
            axes.axvline(table.loc[table["held_out"], "week"].min() - 0.5, color=GREY, linewidth=1.2)
        what = "repeat_purchases_added_up" if added_up else "repeat_purchases_a_week"
        axes.set(xlabel=label("week", language), ylabel=label(what, language), ylim=(0, None))
    panels[1].legend(loc="upper left")
    figure.suptitle(title, x=0.01, ha="left", fontweight="bold", fontsize=12.5)
    return list(panels)


def frequency_fit(actual: ArrayLike, expected: pd.DataFrame, *, title: str, language: str = "en") -> Axes:
    """Draw how many customers bought again how often, beside what models expect.

    Parameters
    ----------
    actual
        Repeat purchases of each customer.
    expected
        A column a model: customers with 0, 1, 2, ... and, last, so many purchases or more; see
        `crmlib.clv.frequencies`.
    title
        The finding.
    language
        ``en`` or ``it``.
    """
    most = len(expected) - 1
    counts = np.bincount(np.minimum(np.asarray(actual, dtype=int), most), minlength=most + 1)
    columns = {label("actual", language): counts, **{str(name): expected[name].to_numpy() for name in expected}}
    width = 0.8 / len(columns)
    axes = plt.subplots()[1]
    for place, (name, heights) in enumerate(columns.items()):
        colour = "black" if place == 0 else COLOURS[(place - 1) % len(COLOURS)]
        axes.bar(
            np.arange(most + 1) + width * (place - (len(columns) - 1) / 2), heights, width, color=colour, label=name
        )
    axes.set_xticks(range(most + 1), [*map(str, range(most)), f"{most}+"])
    axes.set(xlabel=label("purchases_before", language), ylabel=label("customers", language), title=title)
    axes.grid(visible=False, axis="x")
    axes.legend()
    return axes


def alive_map(model: Any, *, age: int, title: str, most: int = 10, unit: str = "days", language: str = "en") -> Axes:
    """Draw P(alive) for every frequency and recency of customers of one age.

    Parameters
    ----------
    model
        A fitted model.
    age
        T of the customers, in periods of the fit.
    title
        The finding.
    most
        The largest frequency.
    unit
        ``days`` or ``weeks``.
    language
        ``en`` or ``it``.
    """
    chance = model.conditional_probability_alive_matrix(most, age)
    return _map(chance, title=title, meaning=label("p_alive", language), unit=unit, language=language, top=1.0)


def purchases_map(
    model: Any,
    *,
    age: int,
    duration: float,
    title: str,
    most: int = 10,
    unit: str = "days",
    language: str = "en",
) -> Axes:
    """Draw the purchases to come for every frequency and recency of customers of one age.

    Parameters
    ----------
    model
        A fitted model.
    age
        T of the customers, in periods of the fit.
    duration
        How far ahead, in periods.
    title
        The finding.
    most
        The largest frequency.
    unit
        ``days`` or ``weeks``.
    language
        ``en`` or ``it``.
    """
    frequency, recency = (grid.ravel() for grid in np.meshgrid(np.arange(most + 1.0), np.arange(age + 1.0)))
    expected = np.asarray(model.predict(duration, frequency, recency, np.full(frequency.size, float(age))))
    expected = expected.reshape(age + 1, most + 1)
    meaning = f"{label('expected_purchases', language)} ({duration:g} {label(unit, language).lower()})"
    return _map(expected, title=title, meaning=meaning, unit=unit, language=language)


def _map(values: Any, *, title: str, meaning: str, unit: str, language: str, top: float | None = None) -> Axes:
    shown = np.array(values, dtype=float)
    shown[1:, 0] = np.nan  # without a repeat purchase, recency is 0
    figure, axes = plt.subplots(figsize=(7, 4.6))
    image = axes.imshow(shown, origin="lower", aspect="auto", cmap="Blues", vmin=0, vmax=top, interpolation="nearest")
    figure.colorbar(image, ax=axes, label=meaning)
    recency = f"{label('recency_model', language)} ({label(unit, language).lower()})"
    axes.set(xlabel=label("purchases_before", language), ylabel=recency, title=title)
    axes.grid(visible=False)
    return axes


def alive_history(
    alive: ArrayLike, purchases: ArrayLike, *, title: str, unit: str = "days", language: str = "en"
) -> Axes:
    """Draw one customer's P(alive) from the first purchase on, with a mark at each purchase.

    Parameters
    ----------
    alive
        P(alive) at the ages 0, 1, 2, ..., from `crmlib.clv.alive_history`.
    purchases
        The ages at the purchases.
    title
        The finding.
    unit
        ``days`` or ``weeks``.
    language
        ``en`` or ``it``.
    """
    chance = np.asarray(alive, dtype=float)
    times = np.asarray(purchases, dtype=int)
    axes = plt.subplots(figsize=(8, 3.8))[1]
    axes.plot(np.arange(len(chance)), chance, color=BLUE, linewidth=2)
    axes.scatter(times, chance[times], color=ORANGE, zorder=3, s=40, label=label("purchase", language))
    axes.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    since = f"{label('since_first_purchase', language)} ({label(unit, language).lower()})"
    axes.set(xlabel=since, ylabel=label("p_alive", language), ylim=(0, 1.05), title=title)
    axes.legend(loc="lower left")
    return axes


def difference_dots(differences: pd.DataFrame, *, title: str, xlabel: str) -> Axes:
    """Draw how much better or worse models are than one of them, with intervals: left of the line is better.

    Parameters
    ----------
    differences
        From `crmlib.clv.Rolling.differences`.
    title
        The finding.
    xlabel
        Which error is compared with which model's.
    """
    rows = differences.iloc[::-1]
    places = np.arange(len(rows))
    decided = (rows["high"] < 0) | (rows["low"] > 0)
    colours = [BLUE if sure else GREY for sure in decided]
    axes = plt.subplots(figsize=(8, 0.42 * len(rows) + 1.4))[1]
    axes.axvline(0, color="black", linewidth=1)
    axes.hlines(places, rows["low"], rows["high"], color=colours, linewidth=4, alpha=0.45)
    axes.scatter(rows["difference"], places, color=colours, zorder=3, s=45)
    axes.set_yticks(places, [str(name) for name in rows.index])
    axes.set(xlabel=xlabel, title=title, ylim=(-0.6, len(rows) - 0.4))
    axes.grid(visible=False, axis="y")
    return axes
