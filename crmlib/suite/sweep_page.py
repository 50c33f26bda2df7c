"""The page of a sweep: each recorded number against the parameters, and the table."""

from __future__ import annotations

import base64
import io
from html import escape
from typing import TYPE_CHECKING, Any

import pandas as pd

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["render", "varying"]

MOST_PANELS = 12
_STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:70rem;margin:2rem auto;padding:0 1rem;color:#1d2129}"
    "img{max-width:100%}div.table{overflow-x:auto}table{border-collapse:collapse;font-size:14px}"
    "th,td{padding:.25rem .7rem;border-bottom:1px solid #e1e4e8;text-align:right;white-space:nowrap}"
)


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
    figure = _figure(table, axes, shown) if shown else ""
    note = (
        "" if len(shown) == len(names) else f"<p>{len(names) - len(shown)} more recorded numbers are in the table.</p>"
    )
    rows = table.to_html(index=False, border=0, float_format=lambda number: f"{number:.5g}", na_rep="")
    return (
        f'<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        f"<style>{_STYLE}</style></head>\n<body><h1>{escape(title)}</h1>\n<p>Orders: {escape(source)}. Swept: "
        f"{escape(', '.join(axes))}. The same table: sweep.csv, sweep.parquet.</p>\n{figure}{note}\n"
        f'<div class="table">{rows}</div>\n</body></html>\n'
    )


def _figure(table: pd.DataFrame, axes: list[str], names: list[str]) -> str:
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
    alt = escape(f"Dots: {', '.join(names)} for each combination, by {axes[0]}.")
    return f'<img alt="{alt}" src="data:image/png;base64,{_png(figure)}">'


def _places(column: pd.Series[Any]) -> tuple[Any, list[str]]:
    if pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column):
        return column, []
    codes, values = pd.factorize(column)
    return codes, [str(value) for value in values]


def _png(figure: Figure) -> str:
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=110, metadata={"Software": None})
    return base64.b64encode(buffer.getvalue()).decode("ascii")
