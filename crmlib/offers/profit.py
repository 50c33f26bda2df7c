"""What a campaign left to the shop, once discounts to those who would have bought anyway are counted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from crmlib import arms
from crmlib import policy as policies
from crmlib.arguments import read_number
from crmlib.errors import CrmlibError
from crmlib.shop.required import require

if TYPE_CHECKING:
    import pandas as pd

    from crmlib.arrays import Floats
    from crmlib.policy import Policy

_HALF_AN_ORDER = 0.5

__all__ = ["CampaignProfit", "campaign_profit"]


@dataclass(frozen=True)
class CampaignProfit:
    """The account of a campaign, in the shop's currency; costs are negative, and the parts add up to the profit.

    Attributes
    ----------
    contacted
        Customers contacted.
    extra_orders
        Orders that the contact added, judged by the control group.
    extra_margin
        Margin on them at the list price.
    discount_on_extra
        What the code took off them.
    cannibalised
        What the code took off orders that would have come at the full price.
    contact_cost
        All messages.
    fixed_cost
        What the campaign cost whoever is contacted: design, an agency.
    profit
        The sum.
    low, high
        Interval of the profit, from the spread of both arms.
    chance
        That the profit is above 0, by the same normal approximation.
    level
        Of the interval.
    """

    contacted: int
    extra_orders: float
    extra_margin: float
    discount_on_extra: float
    cannibalised: float
    contact_cost: float
    fixed_cost: float
    profit: float
    low: float
    high: float
    chance: float
    level: float

    @property
    def parts(self) -> dict[str, float]:
        """What adds up to the profit, in the order of a waterfall."""
        names = ("extra_margin", "discount_on_extra", "cannibalised", "contact_cost", "fixed_cost")
        return {name: getattr(self, name) for name in names}


def campaign_profit(
    seen: pd.DataFrame,
    *,
    discount: float,
    redeemed: float = 1.0,
    contact_cost: float = 0.0,
    fixed_cost: float = 0.0,
    order_value: float | None = None,
    margin: float | None = None,
    policy: Policy | str | dict[str, Any] | None = None,
) -> CampaignProfit:
    """Account for a randomised campaign.

    With n contacted, t orders each, b orders each in the control group, an order worth v at the list price, a margin m
    of it, and a discount d redeemed by the share r::

        n (t - b) v m  -  n t v d r  -  n contact  -  fixed

    With several campaigns (a ``campaign_id``) each is accounted for within itself, and the sums are added: t, b and the
    interval then are those of the contacted customers' campaigns, each against its own control. Customers of a campaign
    with one arm only are left out.

    The discount is split: n min(t, b) v d r went to orders that would have come at the full price. Orders that the
    campaign only pulled forward from after its window count as extra here: watch the weeks after it.

    Parameters
    ----------
    seen
        One row a customer, as from `crmlib.churn.experiments`: contacted (1, or 0 for the control), window_orders, and
        window_spend where `order_value` is not given.
    discount
        Share that the code takes off an order.
    redeemed
        Share of the contacted's orders that use the code.
    contact_cost
        Of one message.
    fixed_cost
        Of the campaign.
    order_value
        Of an order at the list price; the mean of the control group's by default.
    margin
        Share of the list price that stays with the shop; the policy's by default.
    policy
        `offers.margin`, `money.margin`, and `experiments.alpha` for the level.

    Raises
    ------
    CrmlibError
        An arm has fewer than two customers, a share is none, or no order's value is known.

    Examples
    --------
    >>> import pandas as pd
    >>> seen = pd.DataFrame({"contacted": [1] * 4 + [0] * 4, "window_orders": [1, 1, 1, 0, 1, 0, 0, 0]})
    >>> account = campaign_profit(seen, discount=0.1, order_value=50.0, margin=0.4, contact_cost=0.5)
    >>> account.extra_margin, account.discount_on_extra, account.cannibalised, account.contact_cost, account.profit
    (40.0, -10.0, -5.0, -2.0, 23.0)
    """
    from scipy.stats import norm

    require(seen, "the experiment", ["contacted", "window_orders"])
    rules = policies.load(policy)
    stays = rules.margin_of("offers") if margin is None else margin
    discount, redeemed, stays = (
        read_number(value, name) for name, value in (("discount", discount), ("redeemed", redeemed), ("margin", stays))
    )
    contact_cost, fixed_cost = read_number(contact_cost, "contact_cost"), read_number(fixed_cost, "fixed_cost")
    for name, share in (("discount", discount), ("redeemed", redeemed), ("margin", stays)):
        if not 0 <= share <= 1:
            raise CrmlibError(f"{name}={share} is no share (0 to 1).")
    for name, cost in (("contact_cost", contact_cost), ("fixed_cost", fixed_cost)):
        if not 0 <= cost < np.inf:
            raise CrmlibError(f"{name}={cost} is no cost (0 or more).")
    parts_of = arms.in_strata(seen, "window_orders")
    sizes = [int((parts_of.used & side).sum()) for side in (parts_of.treated, ~parts_of.treated)]
    if min(sizes) < 2:  # noqa: PLR2004 - one customer is an anecdote
        raise CrmlibError(f"An arm has {min(sizes)} customers: too few to compare.")
    value = _order_value(seen[parts_of.used]) if order_value is None else read_number(order_value, "order_value")
    if not 0 < value < np.inf:
        raise CrmlibError(f"order_value={value}: an order is worth more than 0.")
    sums = parts_of.sums
    # rates among those who were contacted, and among their controls as if these had been as many in each campaign
    weights = np.where(np.minimum(*sums.customers) > 0, sums.customers[0], 0.0)[0]
    n = sizes[0]
    t, b = (float(weights @ _rate(sums, arm)) / n for arm in (0, 1))
    off = value * discount * redeemed
    parts = {
        "extra_margin": n * (t - b) * value * stays,
        "discount_on_extra": -n * max(t - b, 0.0) * off,
        "cannibalised": -n * min(t, b) * off,
        "contact_cost": 0.0 - n * contact_cost,
        "fixed_cost": 0.0 - fixed_cost,
    }
    profit = float(sum(parts.values()))
    # linear in the rates of the arms, whose errors are independent
    spread = [(weights**2) @ _variance(sums, arm) for arm in (0, 1)]
    error = float(np.sqrt((value * stays - off) ** 2 * spread[0] + (value * stays) ** 2 * spread[1]))
    half = float(norm.isf(rules.experiments.alpha / 2)) * error
    chance = float(norm.cdf(profit / error)) if error else float(profit > 0)
    return CampaignProfit(
        contacted=n, extra_orders=float(n * (t - b)), **{name: float(part) for name, part in parts.items()},
        profit=profit, low=profit - half, high=profit + half, chance=chance, level=1 - rules.experiments.alpha,
    )  # fmt: skip


def _rate(sums: arms.Sums, arm: int) -> Floats:
    """Return orders per customer of an arm, by campaign."""
    customers: Floats = sums.customers[arm][0]
    rate: Floats = np.divide(sums.totals[arm][0], customers, out=np.zeros_like(customers), where=customers > 0)
    return rate


def _variance(sums: arms.Sums, arm: int) -> Floats:
    """Return the variance of an arm's rate, by campaign: as of half an order more, so that none is no certainty."""
    customers = np.maximum(sums.customers[arm][0], 1.0)
    total, squares = (float(pair[0].sum() + pair[1].sum()) for pair in (sums.totals, sums.squares))
    rate, each = (sums.totals[arm][0] + _HALF_AN_ORDER) / customers, squares / total if total else 1.0
    variance: Floats = np.maximum(each * rate - rate**2, 0.0) / customers
    return variance


def _order_value(seen: pd.DataFrame) -> float:
    require(seen, "the experiment", ["window_spend"])
    control = seen[seen["contacted"] == 0]
    orders = float(control["window_orders"].sum())
    if not orders:
        raise CrmlibError("The control group bought nothing, so an order's value is unknown. Give order_value.")
    return float(control["window_spend"].sum()) / orders
