"""Who stays, who leaves, and who buys again."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from crmlib import engine
from crmlib.kpis import uncertainty
from crmlib.kpis.figures import counted_together, figure
from crmlib.kpis.period import Period

if TYPE_CHECKING:
    from crmlib.kpis.kpi import Kpi
    from crmlib.policy import Policy
    from crmlib.shop import Shop

__all__ = ["churn_rate", "repeat_purchase_rate", "retention_rate"]

_EPOCH = date(1970, 1, 1)


def retention_rate(
    shop: Shop,
    as_of: date | str | None = None,
    previous: date | str | None = None,
    *,
    policy: Policy | str | dict[str, Any] | None = None,
) -> Kpi:
    """Return the share of the customers active at the period's start who are active at its end.

    Parameters
    ----------
    shop
        Its orders.
    as_of
        The period's last day; the shop's own by default.
    previous
        The day before its first; the policy's ``kpis.period_days`` earlier by default.
    policy
        Whose ``churn.active_days`` says for how long an order keeps a customer active: a period that is shorter
        loses only those who were silent already.

    Returns
    -------
    Kpi
        Numerator: customers active on both days. Denominator: customers active on the first (`previous`), new ones
        not among them. Window: the period. Unit: share of 1. Interval: Wilson's.

    Notes
    -----
    `crmlib.churn.retention` gives the same figure for every month or quarter.

    Examples
    --------
    >>> from crmlib import open_shop
    >>> shop = open_shop("cdnow-sample")
    Opened cdnow-sample: ...
    >>> retention_rate(shop, "1998-03-31", "1997-12-31")
    retention_rate 75.0 % (interval 71.5 % to 78.3 %; 457 of 609)
    """
    return both_rates(Period.of(shop, as_of, previous, policy))["retention_rate"]


def churn_rate(
    shop: Shop,
    as_of: date | str | None = None,
    previous: date | str | None = None,
    *,
    policy: Policy | str | dict[str, Any] | None = None,
) -> Kpi:
    """Return the share of the customers active at the period's start who are active no more at its end.

    Parameters
    ----------
    shop, as_of, previous, policy
        As for `retention_rate`.

    Returns
    -------
    Kpi
        Numerator: customers active on the first day and not on the last. Denominator: customers active on the first
        (`previous`). Window: the period. Unit: share of 1. Interval: Wilson's. It is 1 - `retention_rate`.

    Examples
    --------
    >>> from crmlib import open_shop
    >>> churn_rate(open_shop("cdnow-sample"), "1998-03-31", "1997-12-31")
    Opened cdnow-sample: ...
    churn_rate 25.0 % (interval 21.7 % to 28.5 %; 152 of 609)
    """
    return both_rates(Period.of(shop, as_of, previous, policy))["churn_rate"]


@counted_together("retention_rate", "churn_rate", family="retention", unit="share")
def both_rates(period: Period) -> dict[str, Kpi]:
    """Return retention rate and churn rate from one count.

    Parameters
    ----------
    period
        Of any shop.
    """
    start, kept = _active(period)
    found = {}
    for name, part in (("retention_rate", kept), ("churn_rate", start - kept)):
        interval = uncertainty.share(part, start, level=period.policy.kpis.level)
        found[name] = period.kpi(name, "retention", "share", part, start, interval)
    return found


def _active(period: Period) -> tuple[float, float]:
    """Return how many were active at the start, and how many of them at the end."""
    import pandas as pd

    # the query compares each end with the one before it, so the period's start needs an end before it, too
    earlier = period.previous - timedelta(days=1)
    days = [(day - _EPOCH).days for day in (earlier, period.previous, period.as_of)]
    shop = period.shop
    ends = shop.orders.engine.add(pd.DataFrame({"number": range(len(days)), "day": days}))
    tables = {"orders": shop.orders, "ends": ends}
    active_days = period.policy.churn.active_days
    found = engine.run("churn_active", tables=tables, until=period.until, active_days=active_days).to_pandas()
    found = found.set_index("number").reindex(range(len(days)), fill_value=0)
    return float(found["active"][1]), float(found["kept"][2])


@figure(family="retention", unit="share")
def repeat_purchase_rate(
    shop: Shop,
    as_of: date | str | None = None,
    previous: date | str | None = None,
    *,
    policy: Policy | str | dict[str, Any] | None = None,
) -> Kpi:
    """Return the share of the buyers of late who bought more than once.

    Parameters
    ----------
    shop, as_of
        As for `retention_rate`.
    previous
        Not used: the window is the policy's own, and so is the period of the answer. It is there so that all figures
        are asked in one way.
    policy
        Whose ``kpis.repeat_days`` is the window, and whose ``kpis.repeat_purchase`` says who repeats.

    Returns
    -------
    Kpi
        Numerator: customers with two orders or more in the window (``more_than_one``), or with one in it and any other
        before (``ever_before``). Denominator: customers with an order in the window. Window: ``kpis.repeat_days`` up to
        `as_of`. Unit: share of 1. Interval: Wilson's.

    Examples
    --------
    >>> import pandas as pd
    >>> from crmlib import open_shop
    >>> sales = pd.DataFrame({
    ...     "customer_id": ["a", "a", "b", "b", "c"], "amount": 10,
    ...     "order_ts": ["2024-01-01", "2024-02-01", "2022-01-01", "2024-02-02", "2024-02-03"],
    ... })
    >>> shop = open_shop(sales, as_of="2024-02-29")
    Opened dataframe: ...
    >>> repeat_purchase_rate(shop)
    repeat_purchase_rate 33.3 % (interval 6.1 % to 79.2 %; 1 of 3)
    >>> repeat_purchase_rate(shop, policy={"kpis": {"repeat_purchase": "ever_before"}}).numerator
    2.0
    """
    rules = Period.of(shop, as_of, previous, policy)
    window = rules.as_of - timedelta(days=rules.policy.kpis.repeat_days)
    period = Period(rules.shop, window, rules.as_of, rules.policy)
    found = period.counted("kpis_repeat", {"orders": period.shop.orders})
    repeated, customers = found[period.policy.kpis.repeat_purchase], found["customers"]
    interval = uncertainty.share(repeated, customers, level=period.policy.kpis.level)
    return period.kpi("repeat_purchase_rate", "retention", "share", repeated, customers, interval)
