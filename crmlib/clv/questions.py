"""What a fitted model may be asked: histories and horizons checked as `fit` checks them, tables in the fit's unit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from crmlib.arguments import read_floats
from crmlib.clv.fitting import Fitting
from crmlib.clv.inputs import check, read_period
from crmlib.clv.unique_rows import blocks
from crmlib.errors import ModelError

if TYPE_CHECKING:
    from crmlib.arrays import Bools, Floats

__all__ = ["ForecastsPurchases", "check_history", "check_horizon", "read_history", "require_period"]

HISTORY = ("frequency", "recency", "T")


def require_period(fitted: str | None, asked: str | None, who: str) -> str | None:
    """Return the unit of time, or refuse a table in another one than the fit's.

    Examples
    --------
    >>> require_period("W", "D", "BetaGeoFitter")
    Traceback (most recent call last):
    crmlib.errors.ModelError: The BetaGeoFitter was fitted in periods of 'W', the summary is in 'D': summarise the ...
    """
    if fitted is not None and asked is not None and fitted != asked:
        raise ModelError(
            f"The {who} was fitted in periods of {fitted!r}, the summary is in {asked!r}: summarise the orders again "
            f"with period={fitted!r}, or fit to this summary. (Was its unit changed by hand? Then change "
            "its column 'period'.)"
        )
    return fitted or asked


def read_history(model: Any, frequency: Any, recency: Any, T: Any) -> tuple[Any, Any, Any]:
    """Return a history's three columns: as they were given, or from a table, which must be in the fit's unit."""
    if recency is None and T is None:
        table = frequency.to_pandas() if hasattr(frequency, "to_pandas") else frequency
        if not isinstance(table, pd.DataFrame) or not set(HISTORY) <= set(table.columns):
            raise ModelError("A history is frequency, recency and T; or one table with these columns, as for fit.")
        require_period(model.period_, read_period(table), type(model).__name__)
        return table["frequency"], table["recency"], table["T"]
    if recency is None or T is None:
        raise ModelError(f"A history is frequency, recency and T: {'recency' if recency is None else 'T'} is missing.")
    return frequency, recency, T


def check_history(frequency: Any, recency: Any, T: Any, index: pd.Index | None = None) -> None:
    """Refuse a history that `fit` would refuse, with its words.

    Examples
    --------
    >>> check_history(30.43, 2, 38.86)
    Traceback (most recent call last):
    crmlib.errors.ModelError: frequency is not a whole number (30.43) in row 0: ...
    """
    x, t_x, age = (
        read_floats(values, name, error=ModelError)
        for name, values in zip(HISTORY, (frequency, recency, T), strict=True)
    )
    try:
        np.broadcast_shapes(x.shape, t_x.shape, age.shape)
    except ValueError as error:
        shapes = ", ".join(f"{name} has {values.size}" for name, values in zip(HISTORY, (x, t_x, age), strict=True))
        raise ModelError(f"A history is one frequency, recency and T for each customer: {shapes}.") from error
    if x.ndim == 1 and x.shape == t_x.shape == age.shape:
        fine = all(bool(_fine(x[block], t_x[block], age[block]).all()) for block in blocks(x.size))
    else:
        fine = bool(_fine(x, t_x, age).all())
    if fine:
        return
    columns = [column.ravel() for column in np.broadcast_arrays(x, t_x, age)]
    index = next((values.index for values in (frequency, recency, T) if isinstance(values, pd.Series)), index)
    labels = index if index is not None and len(index) == len(columns[0]) else None
    check(dict(zip(HISTORY, columns, strict=True)), None, labels, new=True)


def _fine(x: Floats, t_x: Floats, age: Floats) -> Bools:
    return np.asarray(
        (x >= 0)
        & (x == np.floor(x))
        & (t_x >= 0)
        & (t_x <= age)
        & (age < np.inf)
        & (x < np.inf)
        & ((x > 0) | (t_x == 0))
    )


def check_horizon(t: Any) -> None:
    """Refuse a length of time ahead that is none."""
    times = read_floats(t, "t, a length of time ahead", error=ModelError)
    if not ((times >= 0) & (times < np.inf)).all():
        raise ModelError(f"t is a length of time ahead, in periods of the fit: 0 or more. {t!r} is not.")


class ForecastsPurchases(Fitting):
    """What BG/NBD, MBG/NBD and Pareto/NBD answer alike."""

    conditional_expected_number_of_purchases_up_to_time: Any

    def predict(self, t: Any, frequency: Any, recency: Any = None, T: Any = None) -> Any:
        """Return the purchases expected within t periods: `conditional_expected_number_of_purchases_up_to_time`.

        Parameters
        ----------
        t
            Length of the time ahead, in periods of the fit.
        frequency, recency, T
            The customers' histories; or, as `frequency` alone, a table with these columns.
        """
        frequency, recency, T = read_history(self, frequency, recency, T)
        return self.conditional_expected_number_of_purchases_up_to_time(t, frequency, recency, T)
