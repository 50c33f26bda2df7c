"""Where a change of revenue comes from: customers who came, who changed, and who left."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from crmlib import engine
from crmlib.kpis import uncertainty
from crmlib.kpis.figures import counted_together
from crmlib.kpis.period import Period

if TYPE_CHECKING:
    from datetime import date

    import pandas as pd

    from crmlib.kpis.kpi import Kpi
    from crmlib.policy import Policy
    from crmlib.shop import Shop

__all__ = ["PARTS", "growth", "revenue_growth"]

#: Kinds of customers in the order in which a waterfall shows them.
PARTS = ("new", "returning", "up", "down", "lost")
#: Growth as a whole, and what each part adds to it.
GROWTH = ("revenue_growth", "growth_acquisition", "growth_development", "growth_churn")
_MONEY_PLACES = 4  # of the engine's decimals


def growth(
    shop: Shop,
    as_of: date | str | None = None,
    previous: date | str | None = None,
    *,
    policy: Policy | str | dict[str, Any] | None = None,
) -> pd.DataFrame:
    """Decompose the change of revenue into acquisition, development, less churn.

    Parameters
    ----------
    shop
        Its orders.
    as_of
        The period's last day; the shop's own by default.
    previous
        The day before its first; the policy's ``kpis.period_days`` earlier by default. It is compared with the equally
        long period that ends on that day.
    policy
        Whose ``kpis.returning`` says where those belong who come back.

    Returns
    -------
    pandas.DataFrame
        One row each of `PARTS`: part; family (acquisition, development, churn); customers; before, now: their revenue
        of the two periods, in the shop's currency, net of the returns known on `as_of`; change = now - before; low,
        high: its normal interval, as of a sum over as many customers as happened to be of that kind. ``new``: first
        order ever in the period. ``returning``: none in the period before, but earlier. ``up``, ``down``: orders in
        both; who spent the same is in ``down``. ``lost``: orders in the period before only.

    Notes
    -----
    Each customer is of one kind, so the parts sum to the change of the revenue, without a rest. Returns are known for
    longer of the earlier period than of the later, which flatters the later a little.

    Examples
    --------
    >>> import pandas as pd
    >>> from crmlib import open_shop
    >>> sales = pd.DataFrame({
    ...     "customer_id": ["a", "a", "b", "c", "d", "d"], "amount": [10, 25, 40, 5, 7, 7],
    ...     "order_ts": ["2024-01-10", "2024-02-10", "2024-01-11", "2024-02-12", "2023-02-01", "2024-02-03"],
    ... })
    >>> found = growth(open_shop(sales, as_of="2024-02-29"), previous="2024-01-31").set_index("part")
    Opened dataframe: ...
    >>> found[["family", "customers", "change"]]
                    family  customers  change
    part
    new        acquisition          1     5.0
    returning  development          1     7.0
    up         development          1    15.0
    down       development          0     0.0
    lost             churn          1   -40.0
    """
    period = Period.of(shop, as_of, previous, policy)
    rules = period.policy.kpis
    tables = {"orders": period.shop.orders}
    counted = engine.run(
        "kpis_growth", tables=tables, before=period.before, after=period.after, until=period.until
    ).to_pandas()
    found = counted.set_index("part").reindex(list(PARTS)).fillna(0.0).astype(float)
    families = {"new": "acquisition", "returning": rules.returning, "lost": "churn"}
    found.insert(0, "family", [families.get(part, "development") for part in PARTS])
    found["customers"] = found["customers"].astype("int64")
    squares = found.pop("squares")
    bounds = [uncertainty.total(*each, level=rules.level) for each in zip(found["change"], squares, strict=True)]
    found["low"], found["high"] = zip(*bounds, strict=True)
    return found.reset_index()


@counted_together(*GROWTH, family="growth", unit="share")
def revenue_growth(
    shop: Shop,
    as_of: date | str | None = None,
    previous: date | str | None = None,
    *,
    policy: Policy | str | dict[str, Any] | None = None,
) -> dict[str, Kpi]:
    """Return the growth of revenue, and what acquisition, development and churn add to it, as shares.

    Parameters
    ----------
    shop, as_of, previous, policy
        As for `growth`.

    Returns
    -------
    dict
        ``revenue_growth``, ``growth_acquisition``, ``growth_development``, ``growth_churn``: each a Kpi. Numerator:
        the change of revenue that falls on it. Denominator: revenue of the period before. Window: the period and the
        equally long one before it. Unit: share of 1. Interval: of the numerator, normal, as of `growth`. The last three
        sum to the first.

    Examples
    --------
    >>> import pandas as pd
    >>> from crmlib import open_shop
    >>> sales = pd.DataFrame({
    ...     "customer_id": ["a", "a", "b"], "order_ts": ["2024-01-10", "2024-02-10", "2024-02-11"],
    ...     "amount": [10, 5, 8],
    ... })
    >>> shares = revenue_growth(open_shop(sales, as_of="2024-02-29"), previous="2024-01-31")
    Opened dataframe: ...
    >>> [round(shares[name].value, 2) for name in shares]
    [0.3, 0.8, -0.5, 0.0]
    """
    period = Period.of(shop, as_of, previous, policy)
    parts = growth(shop, as_of, previous, policy=policy)
    variance = ((parts["high"] - parts["change"]) ** 2).rename("variance")  # squared half-widths add up
    whole = float(parts["before"].sum())
    found = {}
    for name in GROWTH:
        of = parts.index[parts["family"] == name.removeprefix("growth_")] if name != "revenue_growth" else parts.index
        change = round(float(parts.loc[of, "change"].sum()), _MONEY_PLACES)
        half = float(variance.loc[of].sum()) ** 0.5
        interval = ((change - half) / whole, (change + half) / whole) if whole else (float("nan"), float("nan"))
        found[name] = period.kpi(name, "growth", "share", change, whole, interval)
    return found
