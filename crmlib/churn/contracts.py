"""Churn where customers say that they leave: contracts with a start, an end and renewals."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from crmlib.clv.contract_table import read_contracts
from crmlib.errors import SchemaError
from crmlib.intervals import wilson

if TYPE_CHECKING:
    from datetime import date

__all__ = ["contract_churn"]


def contract_churn(
    contracts: Any, *, as_of: date | str, months: int = 1, by: str | None = None, confidence: float = 0.95
) -> pd.DataFrame:
    """Say at each renewal how many of the contracts that came up for it were ended.

    Parameters
    ----------
    contracts
        One row per contract: customer_id, start, end (missing while it runs), and the column `by`.
    as_of
        The last day that counts.
    months
        From one renewal to the next.
    by
        A column, such as ``plan``: each of its groups gets rows of its own.
    confidence
        Of the intervals (Wilson).

    Returns
    -------
    pandas.DataFrame
        group (``all`` without `by`), renewal (1 for the first), at_risk, left, churn (their share), low, high, staying
        (the share of all that is still there after it).

    Raises
    ------
    SchemaError
        A column is missing, or a start or an end cannot be; the message names the row.

    Examples
    --------
    >>> contracts = pd.DataFrame({
    ...     "customer_id": ["ann", "bob", "cyd", "dan"], "start": "2024-01-01",
    ...     "end": ["2024-01-20", "2024-02-20", None, None],
    ... })
    >>> contract_churn(contracts, as_of="2024-03-15")[["renewal", "at_risk", "left", "churn", "staying"]].round(2)
       renewal  at_risk  left  churn  staying
    0        1        4     1   0.25     0.75
    1        2        3     1   0.33     0.50
    """
    table = read_contracts(contracts, as_of=as_of, months=months)
    if by is not None and by not in table:
        raise SchemaError(f"contracts: there is no column {by!r}. It has: {', '.join(map(str, table.columns))}.")
    groups = pd.Series("all", index=table.index) if by is None else table[by]
    parts = []
    for name, rows in table.groupby(groups, observed=True).indices.items():
        renewals, lost = (table[column].to_numpy()[rows] for column in ("renewals", "lost"))
        number = np.arange(1, renewals.max(initial=0) + 1)
        at_risk = np.array([(renewals >= renewal).sum() for renewal in number], dtype=int)
        left = np.array([((renewals == renewal) & (lost == 1)).sum() for renewal in number], dtype=int)
        ends = [wilson(int(gone), int(size), confidence) for gone, size in zip(left, at_risk, strict=True)]
        part = pd.DataFrame({"group": name, "renewal": number, "at_risk": at_risk, "left": left})
        part["churn"] = left / at_risk
        part["low"], part["high"] = [low for low, _ in ends], [high for _, high in ends]
        part["staying"] = np.cumprod(1 - part["churn"])
        parts.append(part)
    return pd.concat(parts, ignore_index=True)
