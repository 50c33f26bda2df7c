"""What the renewals to come of running contracts are worth today."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import numpy as np

from crmlib.arguments import read_floats
from crmlib.clv.contract_table import read_contracts
from crmlib.clv.sbg import ShiftedBetaGeoFitter
from crmlib.errors import ModelError, ModelWarning, SchemaError
from crmlib.shop.required import require

if TYPE_CHECKING:
    from datetime import date

    import pandas as pd

    from crmlib.arrays import Floats

__all__ = ["value_contracts"]


def value_contracts(
    contracts: Any,
    *,
    as_of: date | str,
    months: int = 1,
    annual_discount: float = 0.1,
    margin: float = 1.0,
    by: str | None = "plan",
    fewest: int = 50,
) -> pd.DataFrame:
    """Return what the renewals to come of each running contract are worth today.

    A shifted beta-geometric model (`ShiftedBetaGeoFitter`) is fitted to each plan, and to all contracts for plans with
    few of them. Retention rises with tenure, so a contract that has been renewed often is worth more than a new one.

    Parameters
    ----------
    contracts
        As for `read_contracts`, with price: what each renewal pays.
    as_of, months
        As for `read_contracts`.
    annual_discount
        0.1 for 10 % a year; above 0.
    margin
        The share of the price that is margin.
    by
        The column whose groups get a model of their own, where the table has it; None for one model.
    fewest
        A group with fewer contracts, or of which nobody left, shares the model of all.

    Returns
    -------
    pandas.DataFrame
        One row per running contract: customer_id, the column `by`, renewals, next_retention (the chance of the next
        renewal), expected_renewals (discounted, all to come), value (margin x price x expected_renewals).

    Raises
    ------
    SchemaError
        As for `read_contracts`; or a price is missing or negative.
    ModelError
        Nobody left: there is nothing to learn from.

    Warns
    -----
    ModelWarning
        The contracts do not tell more than that all customers leave with one chance, or not even that.

    Examples
    --------
    >>> import pandas as pd
    >>> rng = np.random.default_rng(1)
    >>> start = np.datetime64("2023-01-10") + 30 * rng.integers(0, 12, 400)
    >>> stays = rng.geometric(rng.beta(1, 4, 400)) * 31
    >>> contracts = pd.DataFrame({"customer_id": np.arange(400), "start": start, "end": start + stays, "price": 9.0})
    >>> worth = value_contracts(contracts, as_of="2024-12-31")
    >>> bool(worth.sort_values("renewals")["expected_renewals"].is_monotonic_increasing)
    True
    """
    if not annual_discount > 0:
        raise ModelError(f"annual_discount is {annual_discount}: without discount the renewals to come may be endless.")
    table = read_contracts(contracts, as_of=as_of, months=months)
    require(table, "contracts", ("price",))
    price = read_floats(table["price"], "contracts, column 'price'")
    if not ((price >= 0) & (price < np.inf)).all():
        row = int(np.argmin((price >= 0) & (price < np.inf)))
        raise SchemaError(f"contracts, row {row}, column 'price': {price[row]} is not what a renewal pays.")
    by = by if by is not None and by in table else None
    rate = (1 + annual_discount) ** (months / 12) - 1
    whole, notes = _fit(table)
    chance, ahead = _answers(whole, table, rate)
    if by is not None:
        for name, rows in table.groupby(by, observed=True, dropna=True).indices.items():
            own = table.iloc[rows]
            if len(own) < fewest or not own["lost"].any() or (own["lost"] == 1).all():
                continue
            model, heard = _fit(own)
            notes += [f"{by} {name}: {note}" for note in heard]
            chance[rows], ahead[rows] = _answers(model, own, rate)
    for note in dict.fromkeys(notes):
        warnings.warn(note, ModelWarning, stacklevel=2)
    result = table[["customer_id", *([by] if by else []), "renewals"]].assign(
        next_retention=chance, expected_renewals=ahead, value=margin * price * ahead
    )
    return result[table["left_us"] == 0].reset_index(drop=True)


def _fit(table: pd.DataFrame) -> tuple[ShiftedBetaGeoFitter, list[str]]:
    """Fit one group; what the model has to say about it is returned, to be said once and by group."""
    seen = table[(table["renewals"] > 0) | (table["lost"] == 1)]
    if seen.empty:
        raise ModelError("contracts: no renewal has come up yet. Watch for longer, or count shorter months.")
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always", ModelWarning)
        model = ShiftedBetaGeoFitter().fit(seen["renewals"], seen["lost"])
    return model, [str(note.message) for note in heard]


def _answers(model: ShiftedBetaGeoFitter, table: pd.DataFrame, rate: float) -> tuple[Floats, Floats]:
    counts, place = np.unique(table["renewals"].to_numpy(dtype=float), return_inverse=True)
    chance = np.asarray(model.retention_rate(counts + 1))
    return chance[place], np.asarray(model.expected_residual_lifetime(counts, rate))[place]
