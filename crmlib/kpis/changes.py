"""Which key figures changed by more than chance, when many are asked at once."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from crmlib.errors import CrmlibError
from crmlib.p_values import adjust

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["changed", "with_chance"]

_ALIKE = 1e-9


def with_chance(board: pd.DataFrame, *, level: float) -> pd.DataFrame:
    """Add to a dashboard how often chance alone would bring such changes, and how many of them it brings.

    Parameters
    ----------
    board
        Key figures with value, previous, change and its interval.
    level
        Of the intervals.

    Returns
    -------
    pandas.DataFrame
        With p_value (of no change, read off the change's interval), p_adjusted (Holm's, over the distinct figures that
        have a change), and same_as: the figure above of which this one is the mirror, as churn is of retention.
    """
    from scipy.stats import norm

    table = board.copy()
    p_values = []
    row: Any
    for row in table.itertuples():
        # the side towards 0 is the one that says whether 0 may be
        half = row.change - row.change_low if row.change > 0 else row.change_high - row.change
        if not math.isfinite(row.change) or math.isnan(half):
            p_values.append(math.nan)
        elif half <= 0:
            p_values.append(1.0 if row.change == 0 else 0.0)
        else:
            p_values.append(float(2 * norm.sf(abs(row.change) / half * norm.isf((1 - level) / 2))))
    table["p_value"] = np.array(p_values, dtype=float)
    table["same_as"] = _mirrors(table)
    asked = table["p_value"].notna() & table["same_as"].isna()
    table["p_adjusted"] = math.nan
    if asked.any():
        table.loc[asked, "p_adjusted"] = adjust(table.loc[asked, "p_value"])
    by_name = table.set_index("kpi")["p_adjusted"]
    twins = table["same_as"].notna()
    table.loc[twins, "p_adjusted"] = table.loc[twins, "same_as"].map(by_name)
    return table


def _mirrors(table: pd.DataFrame) -> list[str | None]:
    """Return for each figure the earlier one that says the same: the same count of the same, or what is left of it."""
    seen: list[tuple[str, float, float, float]] = []
    same: list[str | None] = []
    row: Any
    for row in table.itertuples():
        twin = None
        if row.unit == "share" and math.isfinite(row.value) and math.isfinite(row.change):
            for name, of, value, change in seen:
                equal = abs(value - row.value) + abs(change - row.change) < _ALIKE
                left = abs(value + row.value - 1) + abs(change + row.change) < _ALIKE
                if of == row.denominator and (equal or left):
                    twin = name
                    break
            if twin is None:
                seen.append((row.kpi, row.denominator, row.value, row.change))
        same.append(twin)
    return same


def changed(board: pd.DataFrame, *, alpha: float = 0.05) -> tuple[list[str], str]:
    """Name the key figures that changed by more than chance, and say how many chance alone would bring.

    Parameters
    ----------
    board
        From `crmlib.kpis.dashboard`, or a part of its rows.
    alpha
        Chance that any figure is named although none changed.

    Returns
    -------
    tuple
        Their names (mirrors, such as churn beside retention, once), and a sentence.

    Raises
    ------
    CrmlibError
        The table has no p_value.

    Examples
    --------
    >>> import pandas as pd
    >>> board = pd.DataFrame({"kpi": ["orders", "revenue", "cac"], "p_value": [0.0001, 0.04, 0.7],
    ...                       "same_as": [None, None, None]})
    >>> print(*changed(board), sep="; ")
    ['orders']; 1 of 3 key figures changed by more than chance. 2 have an interval that leaves 0 out; were nothing \
changed, 0.2 of 3 would by chance.
    """
    missing = [name for name in ("kpi", "p_value", "same_as") if name not in board]
    if missing:
        raise CrmlibError(f"The table has no column {', '.join(missing)}: give one from kpis.dashboard.")
    there = set(board["kpi"])
    rows = board[board["p_value"].notna() & ~board["same_as"].isin(there)]
    if rows.empty:
        return [], "No key figure has a change that could be judged."
    # of these figures only: a part of the board asks fewer questions
    passed = adjust(rows["p_value"]) <= alpha
    names = rows.loc[passed, "kpi"].tolist()
    plain = int((rows["p_value"] < alpha).sum())
    return names, (
        f"{len(names)} of {len(rows)} key figures changed by more than chance. {plain} have an interval that leaves 0 "
        f"out; were nothing changed, {alpha * len(rows):.1f} of {len(rows)} would by chance."
    )
