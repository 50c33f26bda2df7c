"""Figures of the models of customer lifetime value, in the house style.

Each function draws one figure and returns its axes; the title is the caller's finding.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.ticker import PercentFormatter

from crmlib.plots.style import BLUE, COLOURS, GREY, ORANGE
from crmlib.text import label

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from matplotlib.axes import Axes
    from numpy.typing import ArrayLike

__all__ = [
    "alive_curve",
    "alive_history",
    "alive_map",
    "difference_dots",
    "error_dots",
    "frequency_bars",
    "frequency_fit",
    "holdout_lines",
    "purchases_map",
    "tracking",
]

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
    possible = (frequency > 0) | (recency == 0)  # who never bought again has no later last purchase
    expected = np.full(frequency.size, np.nan)
    ages = np.full(int(possible.sum()), float(age))
    expected[possible] = np.asarray(model.predict(duration, frequency[possible], recency[possible], ages))
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
