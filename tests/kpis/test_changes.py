"""Changes of many key figures at once: as rare as promised where nothing changed, and each counted once."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from crmlib import kpis
from crmlib.errors import CrmlibError
from crmlib.kpis import uncertainty
from crmlib.kpis.changes import with_chance
from tests.examples import share


def board(rng: np.random.Generator, figures: int, moved: float = 0.0) -> pd.DataFrame:
    """Return shares of two equal periods, the first of them moved, each beside its mirror."""
    rows = []
    for number in range(figures):
        hits = rng.binomial(800, 0.2), rng.binomial(800, 0.2 + (moved if number == 0 else 0.0))
        for name, (before, now) in (("kept", hits), ("lost", (800 - hits[0], 800 - hits[1]))):
            parts = [(count / 800, uncertainty.share(count, 800, level=0.95)) for count in (now, before)]
            low, high = uncertainty.change(*parts)
            rows.append({"kpi": f"{name}_{number}", "unit": "share", "value": now / 800, "previous": before / 800,
                         "change": (now - before) / 800, "change_low": low, "change_high": high,
                         "denominator": 800.0})  # fmt: skip
    return pd.DataFrame(rows)


@pytest.mark.slow
def test_where_nothing_changed_hardly_any_dashboard_names_a_figure() -> None:
    rng = np.random.default_rng(3)
    tables = [with_chance(board(rng, 12), level=0.95) for _ in range(share(200))]
    assert np.mean([bool(kpis.changed(table)[0]) for table in tables]) <= 0.08
    assert 0.3 <= np.mean([(table["p_value"] < 0.05).sum() / 2 for table in tables]) <= 0.9  # .6 by chance alone


@pytest.mark.slow
def test_a_mirror_counts_once_and_a_change_is_found() -> None:
    table = with_chance(board(np.random.default_rng(4), 6, moved=0.1), level=0.95)
    assert table["same_as"].dropna().tolist() == [f"kept_{number}" for number in range(6)]
    names, sentence = kpis.changed(table)
    assert names == ["kept_0"]
    assert "1 of 6 key figures changed by more than chance" in sentence
    assert "0.3 of 6 would by chance" in sentence
    assert table["p_adjusted"].iloc[0] == table["p_adjusted"].iloc[1]
    # the p-value is that of the interval
    outside = (table["change_low"] > 0) | (table["change_high"] < 0)
    assert ((table["p_value"] < 0.05) == outside).all()


def test_figures_without_a_change_are_not_asked() -> None:
    table = board(np.random.default_rng(5), 2)
    empty = with_chance(table.assign(change=np.nan, change_low=np.nan, change_high=np.nan), level=0.95)
    assert empty["p_adjusted"].isna().all()
    assert kpis.changed(empty) == ([], "No key figure has a change that could be judged.")
    with pytest.raises(CrmlibError, match="no column p_value, same_as"):
        kpis.changed(table)
