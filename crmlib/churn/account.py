"""One account of a win-back mail: what it adds for each silence, as past campaigns measured it, and what that is worth.

Whoever reckons with the same mail reads the same table, so no two chapters of a report give opposite advice on it.
"""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from crmlib.churn.uplift import arm_difference
from crmlib.errors import ModelError, ModelWarning

if TYPE_CHECKING:
    from crmlib.shop import Shop

__all__ = ["account_sentence", "contact_account", "silence"]

#: How many days of silence the mail waits at most once it is due, and where later silences are parted.
_WIDTH = 15
_LATER = (120, 180, 365)
_FEWEST = 20  # customers of an arm, below which a part says nothing
_FEW_EVENTS = 5  # orders that the smaller arm expects: below this the interval is wider than it says


def contact_account(
    trials: pd.DataFrame,
    *,
    order_value: float,
    margin: float,
    discount: float,
    contact_cost: float,
    redeemed: float = 0.5,
    silence_days: int = 60,
) -> pd.DataFrame:
    """Reckon what a mail with a discount is worth to each audience, by what past campaigns measured.

    A mail's worth is the margin on the orders it adds, less the discount on all orders that use the code, also on those
    that come anyway, less its price. What it adds is measured within each campaign against its control group
    (`arm_difference`); the price, the margin and the share of orders with the code are assumptions.

    Parameters
    ----------
    trials
        Past win-backs, from ``crmlib.churn.experiments(shop, kind="winback")``; of the features only days_since_order
        is used, so ``build=crmlib.churn.silence`` will do.
    order_value
        Of an order, on average.
    margin
        Share of an order's value that stays with the shop.
    discount
        Share of an order that the code takes off.
    contact_cost
        Price of one mail.
    redeemed
        Share of orders that use the code: an assumption.
    silence_days
        The mail is due after so many days without an order. The first row is those whom it then reaches.

    Returns
    -------
    pandas.DataFrame
        One row for each audience, in days of silence: the one that the mail reaches, and those silent for longer.
        Columns: silent_over, silent_to (days; the last has no end), customers, extra_per_100 with low and high,
        anyway_per_100, pays_from (extra orders per 100 at which it breaks even), worth_per_100 with worth_low and
        worth_high, events (orders that the smaller arm expects; below 5 little is known). An audience with fewer than
        20 customers in an arm has only its number of customers.

    Raises
    ------
    ModelError
        The discount is not less than the margin: no number of extra orders pays.

    Examples
    --------
    >>> one = pd.DataFrame({"campaign_id": "K1", "days_since_order": 70, "contacted": [0, 1] * 100})
    >>> account = contact_account(
    ...     one.assign(window_orders=one["contacted"]), order_value=50, margin=0.3, discount=0.1, contact_cost=0.02
    ... )
    >>> account.loc[0, ["customers", "extra_per_100", "worth_per_100"]].tolist()
    [200.0, 100.0, 1248.0]
    """
    off = discount * redeemed
    if discount >= margin:
        raise ModelError(
            f"A discount of {discount:.2f} is not less than the margin of {margin:.2f}: no number of extra orders pays."
        )
    edges = [silence_days, silence_days + _WIDTH]
    edges += [edge for edge in _LATER if edge > edges[-1]]
    rows = []
    for over, until in zip(edges, [*edges[1:], None], strict=True):
        silent = trials["days_since_order"]
        part = trials[(silent > over) & (silent <= (np.inf if until is None else until))]
        rows.append({"silent_over": over, "silent_to": until, "customers": len(part), **_measured(part)})
    account: pd.DataFrame = pd.DataFrame(rows).astype({"silent_to": float})
    anyway = account["anyway_per_100"] / 100
    account["pays_from"] = 100 * (anyway * order_value * off + contact_cost) / (order_value * (margin - off))
    ends = {"worth_per_100": "extra_per_100", "worth_low": "low", "worth_high": "high"}
    for name, extra in ends.items():
        more = account[extra] / 100
        account[name] = 100 * (more * order_value * margin - (anyway + more) * order_value * off - contact_cost)
    columns = ["silent_over", "silent_to", "customers", "extra_per_100", "low", "high", "anyway_per_100", "pays_from"]
    return account.loc[:, [*columns, *ends, "events"]]


def silence(then: Shop) -> pd.DataFrame:
    """Return how long each customer has been silent: all that the account asks of a shop's past.

    Parameters
    ----------
    then
        The shop as it was, for `crmlib.churn.experiments`.

    Returns
    -------
    pandas.DataFrame
        days_since_order, by customer_id: the customers who had ordered.
    """
    last = then.orders.to_pandas().groupby("customer_id")["order_ts"].max().dt.normalize()
    return pd.DataFrame({"days_since_order": (pd.Timestamp(then.as_of) - last).dt.days})


def _measured(part: pd.DataFrame) -> dict[str, float]:
    names = ("extra_per_100", "low", "high", "anyway_per_100", "events")
    both = part.groupby("campaign_id")["contacted"].transform("nunique") == 2  # noqa: PLR2004 - two arms
    compared = part[both]
    if min((compared["contacted"] == arm).sum() for arm in (0, 1)) < _FEWEST:
        return dict.fromkeys(names, np.nan)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ModelWarning)  # `events` says it
        effect = arm_difference(compared)
    control = compared[compared["contacted"] == 0]
    # as the difference is: each campaign counts by all its customers, so the two add up to what the mailed ordered
    weights = compared.groupby("campaign_id").size()
    means = control.groupby("campaign_id")["window_orders"].mean().reindex(weights.index)
    anyway = float(np.average(means, weights=weights))
    values = (effect["difference"], effect["low"], effect["high"], anyway)
    return dict(zip(names, (*(100 * value for value in values), effect["events"]), strict=True))


def account_sentence(account: pd.DataFrame, *, discount: float, currency: str = "") -> tuple[str, str]:
    """Say what the account advises, and how sure that is: the same words wherever the same mail is spoken of.

    Parameters
    ----------
    account
        From `contact_account`.
    discount
        As it was reckoned with.
    currency
        Written behind money.

    Returns
    -------
    tuple
        The advice, and how sure it is.

    Examples
    --------
    >>> columns = ["silent_over", "silent_to", "customers", "extra_per_100", "low", "high", "anyway_per_100"]
    >>> account = pd.DataFrame([[60, 75, 534, 8.1, 1.0, 15.7, 8.7]], columns=columns)
    >>> account = account.assign(pays_from=3.5, worth_per_100=45.0, worth_low=-8.0, worth_high=101.0, events=22.0)
    >>> account_sentence(account, discount=0.1)[0]
    'The win-back mail with 10 % off, to customers silent for 61 to 75 days: send it to half of them, and keep ...'
    """
    first = account.iloc[0]
    whom = f"customers silent for {first['silent_over'] + 1:.0f} to {first['silent_to']:.0f} days"
    head = f"The win-back mail with {100 * discount:.0f} % off, to {whom}:"
    if not np.isfinite(first["extra_per_100"]):
        return (
            f"{head} nothing is measured of them yet. Send it to half of them at most, and keep the others as control.",
            f"Past campaigns reached {first['customers']:,.0f} such customers: too few to compare.",
        )
    money = f" {currency}".rstrip()
    worth = (
        f"100 mails are worth {first['worth_per_100']:+,.0f}{money} "
        f"({first['worth_low']:+,.0f} to {first['worth_high']:+,.0f})"
    )
    if first["worth_low"] > 0:
        advice = "send it, with a small control group"
    elif first["worth_high"] <= 0:
        advice = "do not send it"
    elif first["worth_per_100"] > 0:
        advice = "send it to half of them, and keep the other half as control"
    else:
        advice = "do not send it but as a test, without the discount"
    later = _later(account, money)
    extra = f"{first['extra_per_100']:+.1f} extra orders per 100 mails ({first['low']:+.1f} to {first['high']:+.1f})"
    sure = (
        f"Measured on {first['customers']:,.0f} such customers of past campaigns: {extra}; it pays from "
        f"{first['pays_from']:.1f} on. "
        "Margin, price, and how many use the code are assumptions."
    )
    if first["worth_low"] < 0 < first["worth_high"]:
        sure += " The interval of the money holds 0."
    if first["events"] < _FEW_EVENTS:
        sure += " Few orders were counted: the interval is wider than it says."
    return f"{head} {advice}; {worth}.{later}", sure


def _later(account: pd.DataFrame, money: str) -> str:
    """Say what the mail is worth to those silent for longer, where that is known."""
    rest = account.iloc[1:].dropna(subset=["worth_per_100"])
    if rest.empty:
        return ""
    shown = rest[rest["worth_low"] > 0]
    if shown.empty:
        start = int(account.iloc[0]["silent_to"]) + 1
        mean = np.average(rest["worth_per_100"], weights=rest["customers"])
        return f" From {start} days of silence on, no gain is shown (100 mails: {mean:+,.0f}{money}): leave them alone."
    ends = zip(shown["silent_over"].astype(int), shown["silent_to"].astype(float), strict=True)
    days = ", ".join(f"more than {over}" if np.isnan(until) else f"{over + 1} to {until:.0f}" for over, until in ends)
    return f" A gain is also shown for those silent for {days} days."
