"""The page of a sweep: each recorded number against the parameters, and the table."""

from __future__ import annotations

import base64
import io
from typing import TYPE_CHECKING, Any

import pandas as pd

from crmlib.suite import markup
from crmlib.suite.blocks import Block
from crmlib.suite.chapters import Chapter
from crmlib.suite.report import page

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["render", "varying"]

MOST_PANELS = 12


def varying(table: pd.DataFrame, axes: list[str]) -> list[str]:
    """Name the recorded numbers that differ between combinations.

    Parameters
    ----------
    table
        From `crmlib.suite.sweep.table_of`.
    axes
        The swept parameters.

    Examples
    --------
    >>> table = pd.DataFrame({"seed": [1, 2], "status": "done", "customers": [9, 9], "rmse": [1.5, 1.6]})
    >>> varying(table, ["seed"])
    ['rmse']
    """
    numbers = table.drop(columns=axes).select_dtypes("number")
    return [str(name) for name in numbers if len(numbers[name].dropna().unique()) > 1]


def render(table: pd.DataFrame, axes: list[str], *, title: str, source: str) -> str:
    """Set the page; it asks no host for anything.

    Parameters
    ----------
    table
        From `crmlib.suite.sweep.table_of`.
    axes
        The swept parameters.
    title
        Its heading.
    source
        The orders.
    """
    names = varying(table, axes)
    shown = names[:MOST_PANELS]
    blocks = [_figure(table, axes, shown)] if shown else []
    if len(shown) < len(names):
        blocks.append(Block("prose", f"<p>{len(names) - len(shown)} more recorded numbers are in the table.</p>"))
    rows = table.to_html(index=False, border=0, float_format=lambda number: f"{number:.5g}", na_rep="")
    blocks.append(Block("table", markup.table(rows)))
    combinations = Chapter("combinations", "Combinations", "sweep.csv", blocks, [], [], [], None)
    facts = [("Orders", source), ("Swept", ", ".join(axes))]
    return page([combinations], title=title, kicker="Parameter sweep", heading=title, facts=facts)


def _figure(table: pd.DataFrame, axes: list[str], names: list[str]) -> Block:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    from crmlib.plots import BLUE, use_style

    use_style()
    across = min(3, len(names))
    down = -(-len(names) // across)
    figure = Figure(figsize=(4.2 * across, 3.1 * down))
    FigureCanvasAgg(figure)
    panels = figure.subplots(down, across, squeeze=False).ravel()
    places, ticks = _places(table[axes[0]])
    for panel, name in zip(panels, names, strict=False):
        panel.scatter(places, table[name], color=BLUE, alpha=0.7, s=30)
        panel.set(xlabel=axes[0], ylabel=name)
        if ticks:
            panel.set_xticks(range(len(ticks)), ticks)
            panel.margins(x=0.2)
    for panel in panels[len(names) :]:
        panel.set_visible(False)
    return Block("figure", _png(figure), f"Dots: {', '.join(names)} for each combination, by {axes[0]}.")


def _places(column: pd.Series[Any]) -> tuple[Any, list[str]]:
    if pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column):
        return column, []
    codes, values = pd.factorize(column)
    return codes, [str(value) for value in values]


def _png(figure: Figure) -> str:
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=110, metadata={"Software": None})
    return markup.data_uri("image/png", base64.b64encode(buffer.getvalue()).decode("ascii"))
