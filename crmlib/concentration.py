"""How unequally customers share in a total: the 80/20 curve, Lorenz, Gini; and Peppers and Rogers' tiers.

>>> top_share([70, 10, 10, 5, 5], 0.2)
0.7
>>> round(gini([70, 10, 10, 5, 5]), 2)
0.54
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from crmlib.errors import CrmlibError
from crmlib.shop.required import require

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from crmlib.arrays import Floats
    from crmlib.policy import Policy

__all__ = ["TIERS", "gini", "lorenz", "tiers", "top_share"]

#: Peppers and Rogers' kinds of customers (text 003), and those between.
TIERS = ("foreground", "to grow", "to keep", "below zero")


def _amounts(values: ArrayLike) -> Floats:
    """Return the values, smallest first, if a share of them makes sense."""
    amounts = np.sort(np.asarray(values, dtype=float))
    if not amounts.size or not np.isfinite(amounts).all() or amounts[0] < 0 or amounts.sum() == 0:
        raise CrmlibError("A share of a total needs values of at least 0, not all 0, and none missing.")
    return amounts


def lorenz(values: ArrayLike) -> pd.DataFrame:
    """Return the Lorenz curve: which share of the total the smallest customers hold.

    Parameters
    ----------
    values
        One number a customer, such as spend; at least 0.

    Returns
    -------
    pandas.DataFrame
        customers, value: cumulative shares of 1, smallest customers first, from (0, 0) to (1, 1).

    Raises
    ------
    CrmlibError
        A value is negative or missing, or all are 0.

    Examples
    --------
    >>> lorenz([1, 3])
       customers  value
    0        0.0   0.00
    1        0.5   0.25
    2        1.0   1.00
    """
    amounts = _amounts(values)
    return pd.DataFrame(
        {
            "customers": np.arange(len(amounts) + 1) / len(amounts),
            "value": np.append(0.0, np.cumsum(amounts) / amounts.sum()),
        }
    )


def gini(values: ArrayLike) -> float:
    """Return the Gini coefficient: 0 when all customers are equal, near 1 when one holds all.

    Parameters
    ----------
    values
        As for `lorenz`.

    Notes
    -----
    One less twice the area under the Lorenz curve.
    """
    curve = lorenz(values)
    return float(1 - 2 * np.trapezoid(curve["value"], curve["customers"]))


def top_share(values: ArrayLike, share: float = 0.2) -> float:
    """Return which share of the total the largest customers hold.

    Parameters
    ----------
    values
        As for `lorenz`.
    share
        How many of the customers, of 1; a customer may count in part.
    """
    curve = lorenz(values)
    return float(1 - np.interp(1 - share, curve["customers"], curve["value"]))


def tiers(customers: pd.DataFrame, *, policy: Policy | str | None = None) -> pd.Series:
    """Place customers in Peppers and Rogers' tiers, by value, potential and cost to serve.

    Parameters
    ----------
    customers
        value (margin so far, in the shop's currency), potential (what could still be won), cost_to_serve (returns,
        help, contacts).
    policy
        Whose ``tiers`` says which quantiles count as high.

    Returns
    -------
    pandas.Series
        One of `TIERS` for each row: ``below zero`` costs more than value and potential together bring; ``foreground``
        has a high value; ``to grow`` has a high potential and not yet the value; ``to keep`` is everyone else.

    Examples
    --------
    >>> table = pd.DataFrame({"value": [90, 5, 10, 1], "potential": [10, 60, 5, 0], "cost_to_serve": [5, 5, 5, 30]})
    >>> tiers(table).tolist()
    ['foreground', 'to grow', 'to keep', 'below zero']
    """
    from crmlib import policy as policies

    require(customers, "customers", ("value", "potential", "cost_to_serve"))
    rules = policies.load(policy).tiers
    value, potential = customers["value"], customers["potential"]
    choices = [
        value + potential < customers["cost_to_serve"],
        value >= value.quantile(rules.high_value),
        potential >= potential.quantile(rules.high_potential),
    ]
    return pd.Series(
        np.select(choices, ["below zero", "foreground", "to grow"], default="to keep"),
        index=customers.index,
        name="tier",
    )
