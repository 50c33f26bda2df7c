"""Small pictures for the front page, as SVG inside it: a bar for a share, a dot with its interval for the rest."""

from __future__ import annotations

import math
from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from crmlib.suite.figures import Figure

__all__ = ["picture"]

_WIDTH, _HEIGHT, _EDGE = 120, 20, 6


def picture(figure: Figure) -> str:
    """Draw a figure; empty where there is nothing to compare it with.

    A share is a bar from 0 to 100 %, its interval a line across the bar's end. Anything else with an interval is a dot
    on a line that holds the interval and 0.

    Parameters
    ----------
    figure
        From `crmlib.suite.figures.figure_of`.

    Examples
    --------
    >>> from crmlib.suite.figures import Figure
    >>> picture(Figure("Customers", "2,357", number=2357.0))
    ''
    >>> picture(Figure("Share", "50 %", unit="share", number=0.5)).startswith('<svg class="small"')
    True
    """
    if figure.number is None or not all(map(math.isfinite, figure.ends or (0.0,))):
        return ""
    if figure.unit == "share" and 0 <= figure.number <= 1:
        return _svg(figure, _bar(figure.number, figure.ends))
    if figure.ends is not None and figure.ends[0] <= figure.ends[1]:
        return _svg(figure, _dot(figure.number, figure.ends))
    return ""


def _svg(figure: Figure, body: str) -> str:
    name = escape(f"{figure.label}: {figure.text}" + (f" ({figure.interval})" if figure.interval else ""))
    return (
        f'<svg class="small" role="img" aria-label="{name}" viewBox="0 0 {_WIDTH} {_HEIGHT}" '
        f'width="{_WIDTH}" height="{_HEIGHT}">{body}</svg>'
    )


def _at(share: float) -> float:
    return round(_EDGE + min(max(share, 0.0), 1.0) * (_WIDTH - 2 * _EDGE), 1)


def _bar(share: float, ends: tuple[float, float] | None) -> str:
    whole = f'<rect class="ground" x="{_EDGE}" y="6" width="{_WIDTH - 2 * _EDGE}" height="8"/>'
    part = f'<rect class="part" x="{_EDGE}" y="6" width="{round(_at(share) - _EDGE, 1)}" height="8"/>'
    return whole + part + ("" if ends is None else _line(_at(ends[0]), _at(ends[1])))


def _dot(number: float, ends: tuple[float, float]) -> str:
    low, high = min(0.0, number, ends[0]), max(0.0, number, ends[1])
    span = (high - low) or 1.0
    zero, middle, left, right = (_at((value - low) / span) for value in (0.0, number, *ends))
    axis = f'<path class="axis" d="M{zero} 2V18M{_EDGE} 10H{_WIDTH - _EDGE}"/>'
    return f'{axis}{_line(left, right)}<circle class="part" cx="{middle}" cy="10" r="4"/>'


def _line(left: float, right: float) -> str:
    return f'<path class="interval" d="M{left} 10H{right}M{left} 6V14M{right} 6V14"/>'
