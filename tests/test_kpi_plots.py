"""Figures of key performance indicators show what the tables hold."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import matplotlib.pyplot as plt
import numpy as np
import pytest

from crmlib import kpis, plots

if TYPE_CHECKING:
    from collections.abc import Iterator

    from crmlib.shop import Shop


@pytest.fixture(autouse=True)
def _closed() -> Iterator[None]:
    yield
    plt.close("all")


@pytest.mark.slow
@pytest.mark.parametrize("language", ["en", "it"])
def test_each_key_figure_has_a_panel(cdnow_sample: Shop, language: str) -> None:
    only = tuple(name for name in kpis.KPIS if name != "cltv")
    board = kpis.dashboard(cdnow_sample, only=only)
    panels = plots.kpi_panels(board, title="Less", language=language)
    assert len(panels) == len(board)
    first = panels[0].collections
    assert [float(np.asarray(dots.get_offsets())[0, 0]) for dots in first[-2:]] == [
        board["value"][0],
        board["previous"][0],
    ]
    assert all(panel.get_title(loc="left") or panel.get_title() for panel in panels)


@pytest.mark.slow
def test_a_figure_without_a_value_has_no_panel(cdnow_sample: Shop) -> None:
    board = kpis.dashboard(cdnow_sample, "1997-03-31", "1996-12-31", only=("revenue", "retention_rate"))
    assert len(plots.kpi_panels(board, title="The first quarter")) == 1


def test_growth_leads_from_one_revenue_to_the_next(cdnow_sample: Shop) -> None:
    parts = kpis.growth(cdnow_sample)
    axes = plots.growth_bars(parts, title="Churn outweighs the rest", language="it")
    bars: list[Any] = list(axes.patches)
    assert [bar.get_height() for bar in bars[:2]] == pytest.approx([parts["before"].sum(), parts["now"].sum()])
    ends = [bar.get_y() + bar.get_height() for bar in bars[2:]]
    np.testing.assert_allclose(ends[-1], parts["now"].sum())
    assert axes.get_ylabel() == "Ricavi (valuta del negozio)"
