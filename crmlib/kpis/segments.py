"""The figures of the order book: revenue, order value, quantity; as a whole and by RFM segment."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from crmlib import rfm
from crmlib.kpis import uncertainty
from crmlib.kpis.figures import counted_together, figure
from crmlib.kpis.period import Period
from crmlib.shop.required import require

if TYPE_CHECKING:
    from datetime import date

    import pandas as pd

    from crmlib.kpis.kpi import Kpi
    from crmlib.policy import Policy
    from crmlib.shop import Shop

__all__ = ["average_order_value", "by_segment", "movements", "quantity_per_order", "revenue"]

_NAN = float("nan")


def revenue(
    shop: Shop,
    as_of: date | str | None = None,
    previous: date | str | None = None,
    *,
    policy: Policy | str | dict[str, Any] | None = None,
) -> Kpi:
    """Add up the orders of the period, net of the returns known on its last day.

    Parameters
    ----------
    shop
        Its orders.
    as_of
        The period's last day; the shop's own by default.
    previous
        The day before its first; the policy's ``kpis.period_days`` earlier by default.
    policy
        The shop's own by default.

    Returns
    -------
    Kpi
        Numerator: the sum. Denominator: none. Window: the period. Unit: currency. Interval: normal, of a sum over as
        many customers as happened to come.

    Examples
    --------
    >>> from crmlib import open_shop
    >>> revenue(open_shop("cdnow-sample"), "1997-12-31", "1997-11-30").value
    Opened cdnow-sample: ...
    9112.84
    """
    return sales(Period.of(shop, as_of, previous, policy))["revenue"]


def average_order_value(
    shop: Shop,
    as_of: date | str | None = None,
    previous: date | str | None = None,
    *,
    policy: Policy | str | dict[str, Any] | None = None,
) -> Kpi:
    """Return what an order of the period brought on average.

    Parameters
    ----------
    shop, as_of, previous, policy
        As for `revenue`.

    Returns
    -------
    Kpi
        Numerator: revenue of the period, net of returns. Denominator: its orders. Window: the period. Unit: currency an
        order. Interval: of a ratio of sums over customers, for orders of one customer are alike.

    Examples
    --------
    >>> import pandas as pd
    >>> from crmlib import open_shop
    >>> sales = pd.DataFrame({"customer_id": ["a", "a", "b"], "order_ts": "2024-02-01", "amount": [10, 30, 50]})
    >>> average_order_value(open_shop(sales)).value
    Opened dataframe: ...
    30.0
    """
    return sales(Period.of(shop, as_of, previous, policy))["average_order_value"]


@counted_together("revenue", "average_order_value", family="value", unit="currency")
def sales(period: Period) -> dict[str, Kpi]:
    """Return revenue and average order value from one count.

    Parameters
    ----------
    period
        Of any shop.
    """
    sums, level = period.counted("kpis_value", {"orders": period.shop.orders}), period.policy.kpis.level
    around = uncertainty.total(sums["total"], sums["total_squares"], level=level)
    mean = uncertainty.ratio(sums, level=level)
    return {
        "revenue": period.kpi("revenue", "value", "currency", sums["total"], _NAN, around),
        "average_order_value": period.kpi(
            "average_order_value", "value", "currency", sums["total"], sums["orders"], mean
        ),
    }


@figure(family="value", unit="units")
def quantity_per_order(
    shop: Shop,
    as_of: date | str | None = None,
    previous: date | str | None = None,
    *,
    policy: Policy | str | dict[str, Any] | None = None,
) -> Kpi:
    """Return how many pieces an order of the period held on average.

    Parameters
    ----------
    shop
        With order_lines (customer_id, order_ts, quantity, amount).
    as_of, previous, policy
        As for `revenue`.

    Returns
    -------
    Kpi
        Numerator: pieces bought in the period; those sent back later are among them. Denominator: its orders. Window:
        the period. Unit: pieces an order. Interval: as of `average_order_value`.

    Raises
    ------
    SchemaError
        The shop does not say how many pieces were bought.

    Examples
    --------
    >>> import pandas as pd
    >>> from crmlib import open_shop
    >>> lines = pd.DataFrame({
    ...     "order_id": [1, 1, 2], "customer_id": ["a", "a", "b"], "order_ts": "2024-02-01", "amount": 10,
    ...     "quantity": [1, 2, 3],
    ... })
    >>> quantity_per_order(open_shop(lines)).value
    Opened dataframe: ...
    3.0
    """
    period = Period.of(shop, as_of, previous, policy)
    lines = period.shop.order_lines
    require(lines, "order_lines", ("customer_id", "order_ts", "quantity", "amount"), may_be_empty=("quantity",))
    sums = period.counted("kpis_units", {"orders": period.shop.orders, "lines": lines})
    interval = uncertainty.ratio(sums, level=period.policy.kpis.level)
    return period.kpi("quantity_per_order", "value", "units", sums["total"], sums["orders"], interval)


def by_segment(
    shop: Shop, as_of: date | str | None = None, *, policy: Policy | str | dict[str, Any] | None = None
) -> pd.DataFrame:
    """Return value, average order value, quantity per order and customers of each RFM segment.

    Parameters
    ----------
    shop
        Its orders, and its order_lines for the quantity.
    as_of
        The day from which recency is counted; the shop's own by default.
    policy
        Whose ``rfm`` says how customers are scored.

    Returns
    -------
    pandas.DataFrame
        As `crmlib.rfm.segments`, best first: segment, customers, customer_share, value (net revenue ever, in the shop's
        currency), value_share, orders, average_order_value (value / orders), quantity_per_order (pieces / orders;
        empty without order lines), median_recency_days.

    Examples
    --------
    >>> from crmlib import open_shop
    >>> found = by_segment(open_shop("cdnow-sample"))
    Opened cdnow-sample: ...
    >>> found["customers"].sum()
    np.int64(2357)
    """
    period = Period.of(shop, as_of, None, policy)
    own = period.shop
    there = "order_lines" in own.tables and "quantity" in own.order_lines.columns
    scores = rfm.score(own.orders, as_of=period.as_of, policy=period.policy)
    found = rfm.segments(scores, lines=own.order_lines if there else None, as_of=period.as_of).to_pandas()
    place = {name: rank for rank, name in enumerate(rfm.segment_names(period.policy))}
    return found.sort_values("segment", key=lambda names: names.map(place), ignore_index=True)


def movements(
    shop: Shop,
    as_of: date | str | None = None,
    previous: date | str | None = None,
    *,
    policy: Policy | str | dict[str, Any] | None = None,
) -> pd.DataFrame:
    """Count the customers' movements between RFM segments over the period.

    Parameters
    ----------
    shop, as_of, previous
        As for `revenue`.
    policy
        Whose ``rfm`` says how customers are scored.

    Returns
    -------
    pandas.DataFrame
        As `crmlib.rfm.migration`: segments at the start as rows (``(new)``: not yet a customer), at the end as columns.
        Both days are scored on the cut-points of the first, so that a move is the customer's and not the scale's.

    Raises
    ------
    SchemaError
        Nobody had bought by the first day.

    Examples
    --------
    >>> from crmlib import open_shop
    >>> moved = movements(open_shop("cdnow-sample"), "1997-09-30", "1997-06-30")
    Opened cdnow-sample: ...
    >>> int(moved.to_numpy().sum())
    2357
    """
    period = Period.of(shop, as_of, previous, policy)
    orders, rules = period.shop.orders, period.policy
    points = rfm.cut_points(orders, as_of=period.previous, policy=rules)
    # only who moved where leaves the engine
    before, after = (
        rfm.score(orders, as_of=day, policy=rules, cut_points=points) for day in (period.previous, period.as_of)
    )
    counted = rfm.migration(before, after).to_pandas()
    counted = counted.assign(before=counted["before"].fillna("(new)"))
    matrix = counted.pivot_table(index="before", columns="after", values="customers", aggfunc="sum", fill_value=0)
    there = (*rfm.segment_names(rules), "(new)")
    ends = [[name for name in there if name in names] for names in (matrix.index, matrix.columns)]
    return matrix.reindex(index=ends[0], columns=ends[1])
