"""How many customers come, how the database grows, and what a new customer costs."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from crmlib import engine
from crmlib.errors import SchemaError
from crmlib.kpis import uncertainty
from crmlib.kpis.figures import figure
from crmlib.kpis.period import Period
from crmlib.shop.required import require

if TYPE_CHECKING:
    from datetime import date

    import pandas as pd

    from crmlib.kpis.kpi import Kpi
    from crmlib.policy import Policy
    from crmlib.shop import Shop

__all__ = ["cac", "cac_by_channel", "database_growth", "new_customers"]

_NAN = float("nan")
_EVER = datetime(1, 1, 1)  # noqa: DTZ001 - times are in the shop's zone, without one


@figure(family="acquisition", unit="count")
def new_customers(
    shop: Shop,
    as_of: date | str | None = None,
    previous: date | str | None = None,
    *,
    policy: Policy | str | dict[str, Any] | None = None,
) -> Kpi:
    """Count the customers whose first order ever falls in the period.

    Parameters
    ----------
    shop
        Its orders. Who ordered before they begin seems new: begin the period well after the shop's first day.
    as_of
        The period's last day; the shop's own by default.
    previous
        The day before its first; the policy's ``kpis.period_days`` earlier by default.
    policy
        The shop's own by default.

    Returns
    -------
    Kpi
        Numerator: those customers. Denominator: none. Window: the period. Unit: customers. Interval: Garwood's, of a
        Poisson count.

    Examples
    --------
    >>> from crmlib import open_shop
    >>> new_customers(open_shop("cdnow-sample"), "1997-02-28", "1997-01-31")
    Opened cdnow-sample: ...
    new_customers 857 (interval 801 to 916)
    """
    period = Period.of(shop, as_of, previous, policy)
    count = float(len(_first_orders(period)))
    interval = uncertainty.count(count, level=period.policy.kpis.level)
    return period.kpi("new_customers", "acquisition", "count", count, _NAN, interval)


def _first_orders(period: Period) -> engine.Table:
    tables = {"orders": period.shop.orders}
    return engine.run("kpis_first_orders", tables=tables, after=period.after, until=period.until)


@figure(family="acquisition", unit="share")
def database_growth(
    shop: Shop,
    as_of: date | str | None = None,
    previous: date | str | None = None,
    *,
    policy: Policy | str | dict[str, Any] | None = None,
) -> Kpi:
    """Return by which share the database grew in the period.

    Parameters
    ----------
    shop, as_of, previous
        As for `new_customers`.
    policy
        Whose ``kpis.database`` says who is in the database: accounts (table customers, column registered_ts), buyers
        (orders) or subscribers (consents). Sources do not tell when an account was closed, so only subscribers leave.

    Returns
    -------
    Kpi
        Numerator: people who joined in the period less those who left in it. Denominator: people in the database
        at its start. Window: the period. Unit: share of 1. Interval: normal, of the difference of two counts.

    Raises
    ------
    SchemaError
        The shop lacks the table or the column.

    Examples
    --------
    >>> import pandas as pd
    >>> from crmlib import open_shop
    >>> sales = pd.DataFrame({
    ...     "customer_id": ["a", "b", "c"], "order_ts": ["2024-01-01", "2024-01-05", "2024-02-01"], "amount": 10,
    ... })
    >>> shop = open_shop(sales, as_of="2024-02-29")
    Opened dataframe: ...
    >>> grown = database_growth(shop, previous="2024-01-31", policy={"kpis": {"database": "buyers"}})
    >>> grown.numerator, grown.denominator, grown.value
    (1.0, 2.0, 0.5)
    """
    period = Period.of(shop, as_of, previous, policy)
    found = period.counted("kpis_database", {"people": _people(period)})
    gained = found["at_end"] - found["at_start"]
    # the two counts vary as Poisson counts do, so their variances add up
    low, high = uncertainty.total(gained, found["joined"] + found["gone"], level=period.policy.kpis.level)
    start = found["at_start"]
    interval = (low / start, high / start) if start else (_NAN, _NAN)
    return period.kpi("database_growth", "acquisition", "share", gained, start, interval)


def _people(period: Period) -> engine.Table:
    """Return who was in the database from when to when, as the policy counts it."""
    shop, database = period.shop, period.policy.kpis.database
    if database == "accounts":
        require(shop.customers, "customers", ("customer_id", "registered_ts"), may_be_empty=("registered_ts",))
        return shop.customers.engine.table(
            f"select customer_id as person, registered_ts as joined_ts, {shop.customers.engine.null('timestamp')} "
            f"as left_ts from {shop.customers.name}"
        )
    if database == "buyers":
        first = engine.run("kpis_first_orders", tables={"orders": shop.orders}, after=_EVER, until=period.until)
        return first.engine.table(
            f"select customer_id as person, first_ts as joined_ts, {first.engine.null('timestamp')} as left_ts "
            f"from {first.name}"
        )
    require(shop.consents, "consents", ("customer_id", "channel", "purpose", "given_ts", "withdrawn_ts"),
            may_be_empty=("customer_id", "withdrawn_ts"))  # fmt: skip
    # contacts that are no customers are people of their own
    person = "coalesce(customer_id, contact_id)" if "contact_id" in shop.consents.columns else "customer_id"
    return shop.consents.engine.table(
        f"select {person} as person, given_ts as joined_ts, withdrawn_ts as left_ts from {shop.consents.name} "
        "where channel = 'email' and purpose = 'marketing'"
    )


@figure(family="acquisition", unit="currency")
def cac(
    shop: Shop,
    as_of: date | str | None = None,
    previous: date | str | None = None,
    *,
    policy: Policy | str | dict[str, Any] | None = None,
) -> Kpi:
    """Return the customer acquisition cost: marketing spend by new customer.

    Parameters
    ----------
    shop
        With marketing_spend (month, channel, amount).
    as_of, previous
        As for `new_customers`.
    policy
        Whose ``kpis.spend_lag_days`` says how much earlier the spend is that made the period's customers come.

    Returns
    -------
    Kpi
        Numerator: spend of the period, in the shop's currency; a month's is spread evenly over its days. Denominator:
        customers with their first order in the period, through whatever channel (a blended CAC). Window: the
        period. Unit: currency a new customer. Interval: of the count of customers; the spend is known.

    Raises
    ------
    SchemaError
        The shop has no table marketing_spend, or it lacks a column.

    Examples
    --------
    >>> import pandas as pd
    >>> from crmlib import open_shop
    >>> sales = pd.DataFrame({"customer_id": ["a", "b"], "order_ts": ["2024-02-01", "2024-02-05"], "amount": 10})
    >>> spend = pd.DataFrame({"month": pd.to_datetime(["2024-02-01"]), "channel": "search", "amount": 58.0})
    >>> shop = open_shop({"orders": sales, "marketing_spend": spend}, as_of="2024-02-29")
    Opened tables: ...
    >>> cac(shop, previous="2024-01-31")
    cac 29.00 (interval 8.03 to 239.46; 58 of 2)
    """
    period = Period.of(shop, as_of, previous, policy)
    spend = float(_spend(period)["spend"].sum())
    count = float(len(_first_orders(period)))
    low, high = uncertainty.count(count, level=period.policy.kpis.level)
    interval = (spend / high, spend / low if low else _NAN)
    return period.kpi("cac", "acquisition", "currency", spend, count, interval)


def cac_by_channel(
    shop: Shop,
    as_of: date | str | None = None,
    previous: date | str | None = None,
    *,
    policy: Policy | str | dict[str, Any] | None = None,
) -> pd.DataFrame:
    """Return the acquisition cost of each channel.

    Parameters
    ----------
    shop
        With marketing_spend, and customers (customer_id, acquisition_channel).
    as_of, previous, policy
        As for `cac`.

    Returns
    -------
    pandas.DataFrame
        channel, spend, new_customers, cac, low, high; by channel's name. Where nobody came, cac is missing. Customers
        of unknown channel are the row ``(unknown)``.

    Raises
    ------
    SchemaError
        The shop lacks a table or a column.

    Examples
    --------
    >>> from crmlib import open_shop
    >>> found = cac_by_channel(open_shop("shop"), previous="2025-07-01").set_index("channel")
    Opened shop: ...
    >>> found.loc["word_of_mouth", ["spend", "cac"]].tolist()
    [0.0, 0.0]
    """
    period = Period.of(shop, as_of, previous, policy)
    customers = period.shop.customers
    require(customers, "customers", ("customer_id", "acquisition_channel"), may_be_empty=("acquisition_channel",))
    channels = customers.engine.table(f"select customer_id, acquisition_channel as channel from {customers.name}")
    tables = {"first_orders": _first_orders(period), "customers": channels}
    came = engine.run("kpis_channels", tables=tables).to_pandas().rename(columns={"customers": "new_customers"})
    found = _spend(period).merge(came, on="channel", how="outer").fillna({"spend": 0.0, "new_customers": 0})
    found = found.astype({"new_customers": "int64"}).sort_values("channel", ignore_index=True)
    found["cac"] = (found["spend"] / found["new_customers"]).where(found["new_customers"] > 0)
    bounds = [uncertainty.count(number, level=period.policy.kpis.level) for number in found["new_customers"]]
    found["low"] = [spend / high for spend, (_, high) in zip(found["spend"], bounds, strict=True)]
    found["high"] = [spend / low if low else _NAN for spend, (low, _) in zip(found["spend"], bounds, strict=True)]
    found.loc[found["cac"].isna(), ["low", "high"]] = _NAN
    return found


def _spend(period: Period) -> pd.DataFrame:
    """Return the spend by channel that counts for the period's new customers."""
    table = period.shop.marketing_spend
    require(table, "marketing_spend", ("month", "channel", "amount"))
    if not table.types["month"].upper().startswith(("DATE", "TIMESTAMP")):
        raise SchemaError(
            f"marketing_spend, column 'month': {table.types['month']} is no date. Give the first day of each month, "
            "such as 2024-12-01."
        )
    lag = timedelta(days=period.policy.kpis.spend_lag_days)
    found = engine.run(
        "kpis_spend",
        tables={"spend": table},
        first=period.previous + timedelta(days=1) - lag,
        last=period.as_of - lag,
    ).to_pandas()
    # a cent's ten-thousandth is the finest there is
    return found.sort_values("channel", ignore_index=True).round({"spend": 4})
