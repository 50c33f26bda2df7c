"""What a retention offer earns: by customer, along a ranking, and from which probability on it pays.

One who would leave is kept with the offer's success rate, and is then worth `value` less the incentive. One who would
stay anyway takes the incentive all the same. A contact costs money whatever comes of it. So a customer with the
probability p of leaving brings, in expectation (Neslin and others, Journal of Marketing Research 43, 2006)::

    p * success * (value - incentive) - (1 - p) * taken_anyway * incentive - contact
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import numpy as np
import pandas as pd

from crmlib.errors import CrmlibError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from crmlib.arrays import Floats


__all__ = ["Offer", "break_even_success", "expected_profit", "pays_from", "profit_curve"]


class Offer(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A retention offer. Money is in the shop's currency.

    Attributes
    ----------
    success_rate
        Share of those who would leave that it keeps. Nothing but an experiment tells it.
    contact_cost
        Of one message.
    incentive_cost
        What the incentive costs where it is taken.
    taken_anyway
        Share of those who would have stayed that take it too.
    """

    success_rate: float
    contact_cost: float
    incentive_cost: float = 0.0
    taken_anyway: float = 1.0

    def __post_init__(self) -> None:
        for name in ("success_rate", "taken_anyway"):
            if not 0 <= getattr(self, name) <= 1:
                raise CrmlibError(f"Offer: {name}={getattr(self, name)} is no share (0 to 1).")
        for name in ("contact_cost", "incentive_cost"):
            if not 0 <= getattr(self, name) < float("inf"):
                raise CrmlibError(f"Offer: {name}={getattr(self, name)} is no cost (0 or more).")


def expected_profit(chance: ArrayLike, value: ArrayLike, offer: Offer) -> Floats:
    """Return what contacting each customer brings, in expectation.

    Parameters
    ----------
    chance
        Probabilities of leaving.
    value
        What a customer who is kept is worth: the margin to come, not the revenue.
    offer
        What is offered.

    Examples
    --------
    >>> expected_profit([0.5, 0.1], 100, Offer(success_rate=0.2, contact_cost=1, incentive_cost=10))
    array([ 3. , -8.2])
    """
    p, worth = np.asarray(chance, dtype=float), np.asarray(value, dtype=float)
    won = p * offer.success_rate * (worth - offer.incentive_cost)
    profit: Floats = won - (1 - p) * offer.taken_anyway * offer.incentive_cost - offer.contact_cost
    return profit


def pays_from(value: ArrayLike, offer: Offer) -> Floats:
    """Return the probability of leaving from which the offer pays: where the expected profit is 0.

    Parameters
    ----------
    value
        What a customer who is kept is worth.
    offer
        What is offered.

    Returns
    -------
    numpy.ndarray
        Above 1 where it never pays.

    Examples
    --------
    >>> pays_from([100, 20], Offer(success_rate=0.2, contact_cost=1, incentive_cost=10)).round(3)
    array([0.393, 0.917])
    """
    worth = np.asarray(value, dtype=float)
    wasted = offer.taken_anyway * offer.incentive_cost
    gain = offer.success_rate * (worth - offer.incentive_cost) + wasted
    never = np.full(gain.shape, np.inf)
    threshold: Floats = np.divide(offer.contact_cost + wasted, gain, out=never, where=gain > 0)
    return threshold


def profit_curve(
    chance: ArrayLike, value: ArrayLike, offer: Offer, *, actual: ArrayLike | None = None, by: ArrayLike | None = None
) -> pd.DataFrame:
    """Add up the profit as more and more customers are contacted, the most promising first.

    Parameters
    ----------
    chance, value, offer
        As for `expected_profit`.
    actual
        1 for who left without an offer, 0 for who stayed: what the same contacts would have brought, if the offer's
        success rate holds.
    by
        What ranks them, more first; their expected profit by default.

    Returns
    -------
    pandas.DataFrame
        One row a number of contacts, from 0: customers, contacted (share), chance (of the last one), expected (profit
        so far), and realised with `actual`.

    Examples
    --------
    >>> offer = Offer(success_rate=0.5, contact_cost=1)
    >>> profit_curve([0.9, 0.01], [10, 10], offer, actual=[1, 0])[["customers", "expected", "realised"]]
       customers  expected  realised
    0          0      0.00       0.0
    1          1      3.50       4.0
    2          2      2.55       3.0
    """
    p = np.asarray(chance, dtype=float)
    worth = np.broadcast_to(np.asarray(value, dtype=float), p.shape)
    each = expected_profit(p, worth, offer)
    order = np.argsort(-(each if by is None else np.asarray(by, dtype=float)), kind="stable")
    table = pd.DataFrame({
        "customers": np.arange(len(p) + 1),
        "contacted": np.arange(len(p) + 1) / max(len(p), 1),
        "chance": np.append(np.nan, p[order]),
        "expected": np.append(0.0, np.cumsum(each[order])),
    })  # fmt: skip
    if actual is not None:
        came = expected_profit(np.asarray(actual, dtype=float), worth, offer)
        table["realised"] = np.append(0.0, np.cumsum(came[order]))
    return table


def break_even_success(chance: ArrayLike, value: ArrayLike, offer: Offer, *, most: int | None = None) -> float:
    """Return the success rate at which contacting these customers neither earns nor loses.

    Parameters
    ----------
    chance, value
        As for `expected_profit`.
    offer
        What is offered.
    most
        Only so many of them, the most promising first, as `profit_curve` ranks them; all by default.

    Returns
    -------
    float
        Infinite where no rate pays: the incentive is worth more than those who could be kept.

    Examples
    --------
    >>> rate = break_even_success([0.5, 0.5], 100, Offer(success_rate=0.2, contact_cost=1, incentive_cost=10))
    >>> round(rate, 4)
    0.1333
    """
    p = np.asarray(chance, dtype=float)
    worth = np.broadcast_to(np.asarray(value, dtype=float), p.shape)
    if most is not None:
        best = np.argsort(-expected_profit(p, worth, offer), kind="stable")[:most]
        p, worth = p[best], worth[best]
    won = float((p * (worth - offer.incentive_cost)).sum())
    spent = float(((1 - p) * offer.taken_anyway * offer.incentive_cost + offer.contact_cost).sum())
    return spent / won if won > 0 else float("inf")
