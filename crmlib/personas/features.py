"""What is known of each customer up to a day: answers, purchases, visits.

The dtype of a column says what kind of feature it is: a float is a number, an ordered category an ordinal answer, a
category a nominal one, a boolean a yes or no. A missing answer stays missing here; each method says what it makes
of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from crmlib import engine
from crmlib import policy as policies
from crmlib.days import as_day, until
from crmlib.errors import SchemaError

if TYPE_CHECKING:
    from datetime import date, datetime

    import pandas as pd

    from crmlib.policy import Policy
    from crmlib.shop import Shop

__all__ = ["category_lines", "features", "visits", "zone_views"]

_YEAR = 365.25
#: A customer of one day has shown no habit: rates are taken over at least this many days.
_LEAST_DAYS = 30


def features(shop: Shop, *, as_of: date | str | None = None, policy: Policy | str | None = None) -> pd.DataFrame:
    """Describe each customer by what was known on a day.

    Parameters
    ----------
    shop
        Tables that it lacks give no columns; orders are enough.
    as_of
        Nothing after this day counts; the shop's own by default.
    policy
        Whose ``personas`` says which answers count; the shop's own by default.

    Returns
    -------
    pandas.DataFrame
        One row a customer known by that day, sorted, customer_id as index:

        - orders_per_year, average_order_value (missing without an order), discount_share (of the list price);
        - ``category_...``: shares of the order lines; ``zone_...``: shares of the pages viewed. Both are drawn
          towards the whole shop's shares, the more the less is known of the customer (posterior means under a
          Dirichlet prior), so they are never missing;
        - visits_per_year, age (in years; or the answer, where the source holds age bands);
        - the answers that the policy names, and one yes or no for each of several.

    Examples
    --------
    >>> import pandas as pd
    >>> from crmlib import open_shop
    >>> orders = pd.DataFrame({"customer_id": ["a", "a", "b"], "order_ts": "2024-01-01", "amount": [10, 20, 40]})
    >>> shop = open_shop(orders, as_of="2024-12-31")
    Opened dataframe: ...
    >>> features(shop).round(2)
                 orders_per_year  average_order_value
    customer_id
    a                        2.0                 15.0
    b                        1.0                 40.0
    """
    import pandas as pd

    rules = policies.load(policy or shop.policy).personas
    day = as_day(as_of or shop.as_of)
    answers = _answers(shop, rules, day)
    bought = _bought(shop, day)
    known = bought.index if answers is None else answers.index.union(bought.index)
    if not len(known):
        raise SchemaError(f"personas: nobody was known by {day}. Choose a later as_of.")
    bought, answers = bought.reindex(known), None if answers is None else answers.reindex(known)
    since = bought["first_ts"]
    if answers is not None and "registered_ts" in answers:
        since = answers.pop("registered_ts").fillna(since)
    years = (pd.Timestamp(until(day)) - since).dt.days.clip(lower=_LEAST_DAYS) / _YEAR
    orders = bought["orders"].fillna(0)
    parts = [
        pd.DataFrame(
            {"orders_per_year": orders / years, "average_order_value": bought["spend"] / bought["orders"]}, index=known
        )
    ]
    if "listed" in bought:
        parts.append((1 - bought["paid"] / bought["listed"]).clip(lower=0).to_frame("discount_share"))
    for counts, prior, prefix in (
        (category_lines(shop, as_of=day, policy=policy), rules.prior_lines, "category_"),
        (zone_views(shop, as_of=day), rules.prior_views, "zone_"),
    ):
        if counts is not None:
            parts.append(_shares(counts.reindex(known, fill_value=0), prior).add_prefix(prefix))
    seen = visits(shop, as_of=day)
    if seen is not None:
        parts.append((seen.reindex(known, fill_value=0) / years).to_frame("visits_per_year"))
    table = pd.concat([*parts, *([] if answers is None else [answers])], axis=1)
    # a share of nothing (0 / 0, 1 / 0) is not known
    numbers = table.select_dtypes("float").columns
    table[numbers] = table[numbers].where(table[numbers].abs() < float("inf"))
    return table.sort_index().rename_axis("customer_id")


def category_lines(
    shop: Shop, *, as_of: date | str | None = None, policy: Policy | str | None = None
) -> pd.DataFrame | None:
    """Count each customer's order lines by product category.

    Parameters
    ----------
    shop, as_of, policy
        As for `features`.

    Returns
    -------
    pandas.DataFrame or None
        One row a customer, one column a category; None without order lines or products.
    """
    rules = policies.load(policy or shop.policy).personas
    if not {"order_lines", "products"} <= set(shop.tables) or "product_id" not in shop.order_lines.columns:
        return None
    name = next((column for column in (*rules.category, "category") if column in shop.products.columns), None)
    if name is None:
        return None
    products = shop.products.engine.table(
        f"select product_id, {shop.products.engine.quoted(name)} as item from {shop.products.name}"
    )
    tables = {"lines": shop.order_lines, "products": products}
    counts = _wide(engine.run("personas_categories", tables=tables, until=_end(shop, as_of)).to_pandas())
    common = counts.sum().sort_values(ascending=False, kind="stable").index
    rare = common[rules.most_categories :]
    if len(rare):
        other = counts[rare].sum(axis=1)
        counts = counts.drop(columns=rare).assign(other=other)
    return counts


def zone_views(shop: Shop, *, as_of: date | str | None = None) -> pd.DataFrame | None:
    """Count the pages that each customer viewed by zone of the site.

    Parameters
    ----------
    shop, as_of
        As for `features`.

    Returns
    -------
    pandas.DataFrame or None
        One row a customer, one column a zone; None where the source has no visits.
    """
    if not {"session_zones", "sessions"} <= set(shop.tables):
        return None
    tables = {"zones": shop.session_zones, "sessions": shop.sessions}
    return _wide(engine.run("personas_zones", tables=tables, until=_end(shop, as_of)).to_pandas())


def visits(shop: Shop, *, as_of: date | str | None = None) -> pd.Series | None:
    """Count each customer's visits to the site.

    Parameters
    ----------
    shop, as_of
        As for `features`.

    Returns
    -------
    pandas.Series or None
        Visits by customer_id; None where the source has none.
    """
    if "sessions" not in shop.tables:
        return None
    counts = engine.run("personas_visits", tables={"sessions": shop.sessions}, until=_end(shop, as_of)).to_pandas()
    visits: pd.Series = counts.set_index("customer_id")["visits"]
    return visits


def _end(shop: Shop, as_of: date | str | None) -> datetime:
    return until(as_day(as_of or shop.as_of))


def _bought(shop: Shop, day: date) -> pd.DataFrame:
    """Return orders, spend and first order of each customer; paid and listed too, where prices are known."""
    end = until(day)
    bought = engine.run("personas_history", tables={"orders": shop.orders}, until=end).to_pandas()
    bought = bought.set_index("customer_id")
    if {"order_lines", "products"} <= set(shop.tables) and "price" in shop.products.columns:
        tables = {"lines": shop.order_lines, "products": shop.products}
        prices = engine.run("personas_discounts", tables=tables, until=end).to_pandas()
        bought = bought.join(prices.set_index("customer_id"))
    return bought


def _answers(shop: Shop, rules: policies.Personas, day: date) -> pd.DataFrame | None:
    """Return the profile answers of the customers registered by a day; None where the source has no customers."""
    import pandas as pd

    if "customers" not in shop.tables:
        return None
    raw = shop.customers.to_pandas().set_index("customer_id")
    found: dict[str, pd.Series] = {}
    if "registered_ts" in raw:
        raw = raw[raw["registered_ts"] < pd.Timestamp(until(day))]
        found["registered_ts"] = raw["registered_ts"]
    if "birth_year" in raw:
        age = day.year - raw["birth_year"].astype(float)
        found["age"] = age.where(age.between(*rules.ages))
    ranked = {name: levels for name, levels in rules.ranked.items() if name in raw and name not in found}
    for name, levels in ranked.items():
        found[name] = _text(raw[name]).astype(pd.CategoricalDtype(list(levels), ordered=True))
    for name in filter(raw.columns.__contains__, rules.nominal):
        text = _text(raw[name])
        found[name] = text.astype(pd.CategoricalDtype(sorted(text.dropna().unique())))
    for name in filter(raw.columns.__contains__, rules.several):
        split = _text(raw[name]).str.get_dummies("|").astype("boolean")
        said = raw[name].notna()
        found |= {f"{name}_{answer}": split[answer].where(said) for answer in split}
    return pd.DataFrame(found, index=raw.index)


def _text(answers: pd.Series) -> pd.Series:
    """Return answers as text: 3, not 3.0."""
    return answers.astype("str").str.removesuffix(".0").where(answers.notna()).astype("str")


def _wide(counts: pd.DataFrame) -> pd.DataFrame:
    return counts.pivot_table(index="customer_id", columns="item", values="n", aggfunc="sum", fill_value=0)


def _shares(counts: pd.DataFrame, prior: float) -> pd.DataFrame:
    """Return each customer's shares, drawn towards everyone's by `prior` counts."""
    everyone = counts.sum() / counts.to_numpy().sum()
    total = counts.sum(axis=1) + prior
    # with no prior, who has no counts has no shares
    shares: pd.DataFrame = (counts + prior * everyone).div(total.where(total > 0), axis=0).astype(float)
    return shares
