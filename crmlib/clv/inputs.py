"""Reading what a caller hands to `fit`, and saying in one sentence what is wrong with it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from crmlib import engine
from crmlib.arguments import read_floats
from crmlib.errors import ModelError
from crmlib.words import likeliest

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crmlib.arrays import Floats


__all__ = ["Data", "check", "read_columns", "read_period", "read_summary"]

_DATED = "look for orders dated before the first one"
_COUNTED = "it is a number of customers or events, 0 or more: count again"
WAYS_OUT = {
    **dict.fromkeys(("recency", "T"), _DATED),
    **dict.fromkeys(("frequency", "n_periods", "renewals", "lost", "weights"), _COUNTED),
    "monetary_value": (
        "Gamma-Gamma learns from repeat buyers who spent something. Pass these only: summary[(summary.frequency > 0) & "
        "(summary.monetary_value > 0)]; the fitted model then predicts for all"
    ),
}
"""What to do about a number below 0, by column."""
COUNTS = ("frequency", "n_periods")
"""Columns that hold whole numbers."""
SEASON = "season"
"""The unit of a summary on a season's clock: the mean day of the year."""
UNITS = ("H", "D", "W", "M", SEASON)
COLLAPSED_BY = {
    ("frequency", "recency", "T"): "clv_collapse",
    ("frequency", "monetary_value"): "clv_collapse_spend",
}
"""The queries that collapse a table on its engine, by what makes two customers alike."""


@dataclass(frozen=True)
class Data:
    """A summary as arrays.

    Attributes
    ----------
    columns
        Name to values, one per customer or per weighted row.
    weights
        Customers per row; None where each row is one customer.
    index
        The rows' labels, None where they have none.
    period
        The length of a period of recency and T as the summary names it ("D", "W"), None where it does not.
    """

    columns: dict[str, Floats]
    weights: Floats | None
    index: pd.Index | None
    period: str | None

    def to_pandas(self) -> pd.DataFrame:
        """Return the table that lifetimes keeps as `data`: the columns as given, and weights."""
        columns = {name: values.astype(np.int64) if name in COUNTS else values for name, values in self.columns.items()}
        size = next(iter(columns.values())).size
        weights = np.ones(size, dtype=np.int64) if self.weights is None else self.weights
        return pd.DataFrame(columns | {"weights": weights}, index=self.index)


def read_summary(summary: Any, names: Sequence[str]) -> Data:
    """Read a table with the named columns: pandas, anything with `.to_pandas()`, or a table of an engine.

    A table of an engine is collapsed there, unless it has weights already: only its unique rows come here.

    Examples
    --------
    >>> import pandas as pd
    >>> summary = pd.DataFrame({"frequency": [1], "Recency": [3], "T": [9]})
    >>> read_summary(summary, ("frequency", "recency", "T"))
    Traceback (most recent call last):
    crmlib.errors.ModelError: The summary has no column 'recency' (did you mean 'Recency'?). It has: frequency, ...
    """
    if isinstance(summary, engine.Table) and "weights" not in summary.columns and set(names) <= set(summary.columns):
        query = COLLAPSED_BY.get(tuple(names))
        if query == "clv_collapse" and "period" in summary.columns:
            query = "clv_collapse_units"
        summary = engine.run(query, tables={"summary": summary}) if query else summary
    if hasattr(summary, "to_pandas"):
        summary = summary.to_pandas()
    if not isinstance(summary, pd.DataFrame):
        raise ModelError(
            f"fit needs either a summary table with the columns {', '.join(names)}, or these columns one by "
            f"one; it got a {type(summary).__name__} alone."
        )
    for name in names:
        if name not in summary.columns:
            close = likeliest(name, map(str, summary.columns), most=1)
            hint = f" (did you mean {close[0]!r}?)" if close else ""
            raise ModelError(
                f"The summary has no column {name!r}{hint}. It has: {', '.join(map(str, summary.columns))}. "
                "crmlib.clv.summarize(orders) makes one."
            )
    weights = summary["weights"] if "weights" in summary.columns else None
    return read_columns(
        {name: summary[name] for name in names},
        weights,
        period=read_period(summary),
        index=summary.index,
    )


def read_period(summary: pd.DataFrame) -> str | None:
    """Return the unit of recency and T that a summary names in its column ``period`` (or its attrs), if it does.

    Examples
    --------
    >>> read_period(pd.DataFrame({"T": [5, 7], "period": ["W", "W"]}))
    'W'
    """
    if "period" not in summary.columns:
        period = summary.attrs.get("period")
        return None if period is None else str(period)
    units = summary["period"].unique()
    if len(units) == 1 and units[0] in UNITS:
        return str(units[0])
    if not len(units):
        return None
    shown = ", ".join(repr(unit) for unit in units[:3])
    raise ModelError(
        f"The summary's column 'period' holds {shown}: it names the unit of recency and T, one for all rows "
        f"({', '.join(UNITS)}). Summarise all orders in one unit, or give that column another name."
    )


def read_columns(columns: dict[str, Any], weights: Any = None, *, period: str | None = None, index: Any = None) -> Data:
    """Turn columns into arrays of floats and check them."""
    arrays = {name: _array(name, values) for name, values in columns.items()}
    weights = None if weights is None else _array("weights", weights)
    labels = None if index is None else pd.Index(index)
    check(arrays, weights, labels)
    return Data(arrays, weights, labels, period)


def _array(name: str, values: Any) -> Floats:
    array = read_floats(values, f"{name} holds what is not a number", error=ModelError)
    if array.ndim != 1:
        raise ModelError(f"{name} must be one column of numbers, one per customer; its shape is {array.shape}.")
    return array


def check(
    arrays: dict[str, Floats], weights: Floats | None, index: pd.Index | None = None, *, new: bool = False
) -> None:
    """Raise a `ModelError` that names the column, the row and the way out.

    What is refused: an empty table, columns of different lengths, NaN, infinity, negative values, counts that
    are not whole, recency beyond T (or beyond n_periods), recency without a repeat purchase, weights that are
    negative or all zero, T zero for everybody (unless customers may be `new`, as where a fitted model is asked).

    Examples
    --------
    >>> import numpy as np
    >>> one = np.array([1.0])
    >>> check({"frequency": one, "recency": 9 * one, "T": 5 * one}, None)
    Traceback (most recent call last):
    crmlib.errors.ModelError: recency (9) is larger than T (5) in row 0: ...
    """
    size = next(iter(arrays.values())).size
    for name, values in (arrays | ({} if weights is None else {"weights": weights})).items():
        if values.size != size:
            raise ModelError(f"{name} has {values.size} values where {next(iter(arrays))} has {size}.")
        if size == 0:
            raise ModelError(f"There are no customers: {name} is empty.")
        low, high = values.min(), values.max()
        if not np.isfinite(low + high):
            _refuse(
                ~np.isfinite(values),
                f"{name} is missing or infinite",
                values,
                index,
                "drop or repair such rows",
            )
        if low < 0:
            _refuse(values < 0, f"{name} is negative", values, index, WAYS_OUT[name])
        if name in COUNTS and not _whole(values):
            _refuse(values != np.floor(values), f"{name} is not a whole number", values, index, _WHOLE)
    if weights is not None and not weights.any():
        raise ModelError("All weights are zero: there are no customers.")
    end = "T" if "T" in arrays else "n_periods"
    if "recency" in arrays:
        _check_times(arrays["frequency"], arrays["recency"], arrays[end], end, index)
        if not new and not arrays[end].any():
            raise ModelError(
                f"{end} is zero for every customer: they were seen for no time at all. Summarise the orders as "
                "of a later date, or in shorter periods (days rather than weeks)."
            )


_WHOLE = "it counts repeat purchases, whatever the length of a period"


def _whole(values: Floats) -> bool:
    return bool((values == np.rint(values)).all())


def _check_times(frequency: Floats, recency: Floats, T: Floats, end: str, index: pd.Index | None) -> None:
    late = recency > T
    if late.any():
        row = int(np.argmax(late))
        raise ModelError(
            f"recency ({recency[row]:g}) is larger than {end} ({T[row]:g}) in row {_label(index, row)}: "
            "recency is the time from a customer's first to the last purchase, not the time since the last "
            f"one, and cannot exceed {end}, the time since the first."
        )
    idle = (frequency == 0) & (recency != 0)
    if idle.any():
        _refuse(
            idle,
            "recency is not zero where frequency is zero",
            recency,
            index,
            "recency is then 0 by definition",
        )


def _refuse(bad: Any, what: str, values: Floats, index: pd.Index | None, way_out: str) -> None:
    row = int(np.argmax(bad))
    more = int(bad.sum()) - 1
    others = f" and in {more} more" if more else ""
    raise ModelError(f"{what} ({values[row]:g}) in row {_label(index, row)}{others}: {way_out}.")


def _label(index: pd.Index | None, row: int) -> str:
    return str(row) if index is None else repr(index[row])
