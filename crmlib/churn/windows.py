"""How long a silence is long: windows read off the gaps between one purchase (or login) and the next.

A gap that is still open, because the customer has not come back yet, is no gap here: the window says within how many
days those who came back did so. In a short history long gaps had no time to close, and the window is too short.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from crmlib import engine
from crmlib import policy as policies
from crmlib.days import until
from crmlib.errors import ModelError, SchemaError
from crmlib.shop.observed import columns_of, day_of

if TYPE_CHECKING:
    from datetime import date

    import pandas as pd

    from crmlib.engine import Table
    from crmlib.policy import Policy
    from crmlib.shop import Shop

__all__ = ["By", "Of", "gaps", "windows"]

Of = Literal["purchases", "logins"]
By = Literal["shop", "customer", "category"]


def gaps(shop: Shop, *, of: Of = "purchases", by: By = "shop", as_of: date | str | None = None) -> Table:
    """Measure the days between one purchase (or login) of a customer and the next.

    Parameters
    ----------
    shop
        Whose orders, or logins.
    of
        ``purchases`` or ``logins``; those of one day are one.
    by
        ``category``: between purchases of the same category; otherwise of anything.
    as_of
        The last day that counts; the shop's own by default.

    Returns
    -------
    Table
        customer_id, item (the category, or empty), gap (days).

    Examples
    --------
    >>> import pandas as pd
    >>> from crmlib import open_shop
    >>> sales = pd.DataFrame({"customer_id": "a", "order_ts": ["2024-01-01", "2024-01-11", "2024-03-01"], "amount": 1})
    >>> gaps(open_shop(sales)).to_pandas()["gap"].tolist()
    Opened dataframe: ...
    [10, 50]
    """
    day = day_of(shop, as_of)
    return engine.run("churn_gaps", tables={"events": _events(shop, of, by)}, until=until(day))


def windows(
    shop: Shop,
    *,
    of: Of = "purchases",
    as_of: date | str | None = None,
    policy: Policy | str | dict[str, Any] | None = None,
) -> pd.DataFrame:
    """Read windows off the data: within how many days a share of the returns came.

    Parameters
    ----------
    shop, of, as_of
        As for `gaps`.
    policy
        Whose ``churn`` says which share (`window_quantile`), whose returns (`window_by`), and how few are too few.

    Returns
    -------
    pandas.DataFrame
        name, gaps (how many), days (the window). The first row, with an empty name, is the whole shop's; the others
        are the customers or categories with returns enough.

    Raises
    ------
    ModelError
        Nobody came back yet.

    Examples
    --------
    >>> from crmlib import open_shop
    >>> windows(open_shop("cdnow-sample"))
    Opened cdnow-sample: ...
      name  gaps   days
    0       4339  196.0
    """
    import pandas as pd

    rules = policies.load(policy or shop.policy).churn
    by: By = "shop" if of == "logins" and rules.window_by == "category" else rules.window_by
    whole = _windows(gaps(shop, of=of, as_of=as_of), "''", rules.window_quantile)
    if whole.empty:
        raise ModelError(
            f"Nobody came back by {day_of(shop, as_of)}: there are no gaps between {of} to read a window off. "
            'Use fixed days: policy churn.windows = "fixed".'
        )
    if by == "shop":
        return whole
    each = _windows(gaps(shop, of=of, by=by, as_of=as_of), "customer_id" if by == "customer" else "item",
                    rules.window_quantile)  # fmt: skip
    each = each[each["gaps"] >= rules.fewest_gaps].sort_values("name")
    return pd.concat([whole, each], ignore_index=True)


def of_customers(
    shop: Shop,
    customers: pd.Series,
    *,
    of: Of,
    as_of: date | str | None = None,
    policy: Policy | str | dict[str, Any] | None = None,
) -> pd.Series:
    """Return each customer's window in days, in the order of `customers`.

    Parameters
    ----------
    shop, of, as_of, policy
        As for `windows`; ``fixed`` windows are the policy's days.
    customers
        Ids.
    """
    import pandas as pd

    rules = policies.load(policy or shop.policy).churn
    if rules.windows == "fixed":
        return pd.Series(float(rules.login_days if of == "logins" else rules.purchase_days), index=customers.index)
    table = windows(shop, of=of, as_of=as_of, policy=policy).set_index("name")["days"]
    names = customers
    if rules.window_by == "category" and of == "purchases":
        names = customers.map(_favourites(shop, as_of))
    return names.map(table.iloc[1:]).fillna(float(table.iloc[0])).astype(float)


def _windows(gaps: Table, name: str, quantile: float) -> pd.DataFrame:
    named = gaps.engine.table(f"select {name} as name, gap from {gaps.name}")
    found = engine.run("churn_windows", tables={"gaps": named}, quantile=quantile).to_pandas()
    return found.astype({"days": float}).round({"days": 6})


def _events(shop: Shop, of: Of, by: By) -> Table:
    if of == "logins":
        table = columns_of(shop, "logins", {"customer_id": "varchar", "login_ts": "timestamp"})
        return table.engine.table(f"select customer_id, '' as item, login_ts as ts from {table.name}")
    if by != "category":
        return shop.orders.engine.table(f"select customer_id, '' as item, order_ts as ts from {shop.orders.name}")
    category = shop.products.engine.quoted(_category(shop))
    return shop.orders.engine.table(
        f"select lines.customer_id, products.{category} as item, lines.order_ts as ts "
        f"from {shop.order_lines.name} as lines join {shop.products.name} as products "
        f"on products.product_id = lines.product_id where lines.amount >= 0"
    )


def _category(shop: Shop) -> str:
    if {"order_lines", "products"} <= set(shop.tables) and "product_id" in shop.order_lines.columns:
        for name in (*shop.policy.personas.category, "category"):
            if name in shop.products.columns:
                return name
    raise SchemaError(
        f"The shop {shop.name!r} does not say of which category an order line is: it needs order_lines and products "
        f"with a column {' or '.join(map(repr, shop.policy.personas.category))}. Use windows by shop or customer."
    )


def _favourites(shop: Shop, as_of: date | str | None) -> pd.Series:
    """Return the category that each customer bought on the most days."""
    table = _events(shop, "purchases", "category")
    end = table.engine.moment(until(day_of(shop, as_of)))
    days = table.engine.frame(
        f"select customer_id, item, count(distinct day_index(ts)) as days from {table.name} where ts < {end} "
        "group by customer_id, item"
    )
    favourites: pd.Series = (
        days.sort_values(["days", "item"], ascending=[False, True])
        .drop_duplicates("customer_id")
        .set_index("customer_id")["item"]
    )
    return favourites
