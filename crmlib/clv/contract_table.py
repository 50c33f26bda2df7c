"""Contracts: from a table of starts and ends to the renewals that came up, and whether they were ended.

A contract is renewed every so many months, on the day of the month on which it began (on the month's last day, where it
has no such day). Who ends a contract leaves at the first renewal on or after the end: that renewal did not happen.

No model is loaded here: `churn` reads contracts, too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from crmlib.days import as_day
from crmlib.errors import ModelError, SchemaError
from crmlib.shop.required import require

if TYPE_CHECKING:
    from datetime import date

__all__ = ["read_contracts"]

_DAY = np.timedelta64(1, "D")


def read_contracts(contracts: Any, *, as_of: date | str, months: int = 1) -> pd.DataFrame:
    """Count for each contract how often it was renewed, and whether it has ended.

    Parameters
    ----------
    contracts
        One row per contract: customer_id, start, end (missing while it runs); plan and price (per renewal) where known.
        Contracts that start after `as_of` are left out; an end after it is not known yet.
    as_of
        The last day that counts.
    months
        From one renewal to the next.

    Returns
    -------
    pandas.DataFrame
        The contracts' columns, and days (from the start to the end, or to as_of), left_us (whether it has ended; both
        as `crmlib.churn.kaplan_meier` takes them), renewals and lost (as `crmlib.clv.ShiftedBetaGeoFitter.fit` takes
        them: a contract that has ended is lost at a renewal once that renewal's day has come).

    Raises
    ------
    SchemaError
        A column is missing, a start is not known, or an end lies before its start; the message names the row.

    Examples
    --------
    >>> contracts = pd.DataFrame({
    ...     "customer_id": ["ann", "bob"], "start": ["2024-01-31", "2024-02-10"], "end": ["2024-04-15", None],
    ... })
    >>> read_contracts(contracts, as_of="2024-06-30")[["customer_id", "days", "renewals", "lost"]]
      customer_id   days  renewals  lost
    0         ann   75.0         3     1
    1         bob  141.0         4     0
    """
    table = contracts.to_pandas() if hasattr(contracts, "to_pandas") else contracts
    require(table, "contracts", ("customer_id", "start", "end"), may_be_empty=("end",))
    if months != int(months) or months < 1:
        raise ModelError(f"months={months!r} is how many months lie between two renewals: a whole number from 1 on.")
    last = np.datetime64(as_day(as_of), "D")
    start, end = (_days(table, name) for name in ("start", "end"))
    wrong = end < start
    if wrong.any():
        row = int(wrong.argmax())
        raise SchemaError(
            f"contracts, row {row}, column 'end': {end[row]} lies before the start, {start[row]}. Repair it, or leave "
            "the contract out."
        )
    seen = start <= last
    if not seen.any():
        raise SchemaError(f"contracts: none had begun by {last}. Choose a later as_of.")
    table, start, end = table[seen], start[seen], end[seen]
    ended = end <= last  # a missing end is no date, and not before anything
    until = np.where(ended, end, last)
    done = _renewals(start, until, int(months))
    # the renewal that did not happen is the first one on or after the end
    on_the_day = (_renewal_day(start, done, int(months)) == until) & (done > 0)
    missed = np.where(on_the_day, done, done + 1)
    # before that renewal's day nobody else has come up for it: a leaver must not be counted among nobody
    lost = ended & (_renewal_day(start, missed, int(months)) <= last)
    result: pd.DataFrame = table.assign(
        days=(until - start) / _DAY,
        renewals=np.where(lost, missed, done),
        lost=lost.astype(int),
        left_us=ended.astype(int),
    )
    return result.reset_index(drop=True)


def _days(table: pd.DataFrame, name: str) -> Any:
    """Return a column as days; missing is allowed where a contract still runs."""
    try:
        times = pd.to_datetime(table[name], errors="raise", format="ISO8601")
    except (ValueError, TypeError) as error:
        raise SchemaError(f"contracts, column {name!r}: {error}. Write days as 2024-01-31.") from error
    if getattr(times.dt, "tz", None) is not None:
        times = times.dt.tz_localize(None)
    return times.to_numpy().astype("datetime64[D]")


def _renewal_day(start: Any, count: Any, months: int) -> Any:
    """Return the day of each contract's renewal number count: the day of the month it began on, or the month's last."""
    month = start.astype("datetime64[M]") + np.asarray(count, dtype=np.int64) * months
    length = ((month + 1).astype("datetime64[D]") - month.astype("datetime64[D]")) / _DAY
    day = (start - start.astype("datetime64[M]").astype("datetime64[D]")) / _DAY
    return month.astype("datetime64[D]") + np.minimum(day, length - 1).astype(np.int64)


def _renewals(start: Any, until: Any, months: int) -> Any:
    """Count the renewals up to a day, that day's own among them."""
    passed = (until.astype("datetime64[M]") - start.astype("datetime64[M]")).astype(np.int64) // months
    return passed - (_renewal_day(start, passed, months) > until)
