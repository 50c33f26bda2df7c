"""What a customer is worth: brought so far, and expected to bring."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

from crmlib import clv, engine
from crmlib.errors import ModelError
from crmlib.kpis import uncertainty
from crmlib.kpis.figures import figure
from crmlib.kpis.period import Period

if TYPE_CHECKING:
    from datetime import date

    import pandas as pd

    from crmlib.kpis.kpi import Kpi
    from crmlib.kpis.uncertainty import Interval
    from crmlib.policy import Policy
    from crmlib.shop import Shop

__all__ = ["cltv"]

#: Refits of the models for the interval: its ends are told to a few percent of its width, in a second or so.
_REFITS = 60


@figure(family="retention", unit="currency")
def cltv(
    shop: Shop,
    as_of: date | str | None = None,
    previous: date | str | None = None,
    *,
    policy: Policy | str | dict[str, Any] | None = None,
    seed: int = 1,
) -> Kpi:
    """Return the mean customer lifetime value.

    Parameters
    ----------
    shop
        Its orders.
    as_of
        The day from which past and future are told apart; the shop's own by default.
    previous
        Not used: all customers up to `as_of` count. It is there so that all figures are asked in one way.
    policy
        Whose ``kpis.cltv`` says what counts: the future, the past or both; whose ``clv`` gives margin, horizon and
        discount.
    seed
        Of the refits.

    Returns
    -------
    Kpi
        Numerator: margin of all customers: past, what their orders have brought; future, what MBG/NBD and Gamma-Gamma,
        fitted in weeks, expect of the horizon, discounted. Denominator: customers with an order up to `as_of`. Window:
        ever so far, and the policy's ``clv.horizon_months``. Unit: currency a customer. Interval: of the past,
        normal; of the future, the quantiles of 60 bootstrap refits of both models (what the models themselves get
        wrong is not in it); of both, square and add.

    Raises
    ------
    ModelError
        Too few customers bought again for the models to be fitted.

    Examples
    --------
    >>> from crmlib import open_shop
    >>> cltv(open_shop("cdnow-sample"), policy={"kpis": {"cltv": "past"}})
    Opened cdnow-sample: ...
    cltv 31.07 (interval 28.44 to 33.70; 73,227.58 of 2,357)
    """
    period = Period.of(shop, as_of, previous, policy)
    rules, counted = period.policy, period.policy.kpis.cltv
    spent = period.counted("kpis_spent", {"orders": period.shop.orders})
    customers, margin = spent["customers"], rules.margin_of("clv")
    total, interval = 0.0, (0.0, 0.0)
    if counted != "future":
        total = margin * spent["total"]
        interval = uncertainty.mean(total, margin**2 * spent["squares"], customers, level=rules.kpis.level)
    if counted != "past":
        coming, around = _future(period, seed)
        past = (total / customers, interval)
        total += coming * customers
        # past plus future is past less its counterpart: the same square and add
        interval = around if counted == "future" else uncertainty.change(past, (-coming, (-around[1], -around[0])))
    return period.kpi("cltv", "retention", "currency", total, customers, interval)


def _future(period: Period, seed: int) -> tuple[float, Interval]:
    """Return the mean discounted margin that the horizon will bring, and its interval."""
    import numpy as np

    rules = period.policy
    summary = clv.summarize(period.shop.orders, as_of=period.as_of, period="W")
    rows = engine.run("kpis_cltv", tables={"summary": summary}).to_pandas().sort_values(["frequency", "recency", "T"])
    again = engine.run("clv_collapse_spend", tables={"summary": summary}).to_pandas()
    again = again.sort_values(["frequency", "monetary_value"])
    weights = rows["customers"].astype(float)
    purchases = clv.ModifiedBetaGeoFitter().fit(
        rows["frequency"], rows["recency"], rows["T"], weights=weights, period="W"
    )
    spend = clv.GammaGammaFitter().fit(again["frequency"], again["monetary_value"], weights=again["weights"])
    bought, paid = (clv.bootstrap(model, _REFITS, seed=seed) for model in (purchases, spend))
    estimate = _mean(rows, purchases, spend, rules)
    refits = []
    for one, other in zip(bought.models(), paid.models(), strict=False):
        with contextlib.suppress(ModelError):  # a refit whose spend has no mean
            refits.append(_mean(rows, one, other, rules))
    tail = (1 - rules.kpis.level) / 2
    low, high = np.quantile(refits, [tail, 1 - tail])
    return estimate, (float(low), float(high))


def _mean(rows: pd.DataFrame, purchases: Any, spend: Any, rules: Policy) -> float:
    worth = clv.value(rows.assign(customer_id=range(len(rows))), purchases, spend, period="W", policy=rules)["cltv"]
    return float((worth * rows["customers"]).sum() / rows["customers"].sum())
