"""The next product for each customer, from the history: something else (cross-selling), or something dearer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd

from crmlib import policy as policies
from crmlib.errors import CrmlibError
from crmlib.intervals import wilson
from crmlib.shop.required import require

if TYPE_CHECKING:
    from collections.abc import Mapping

    from crmlib.arrays import Bools, Floats, Ints
    from crmlib.policy import Policy


__all__ = ["METHODS", "evaluate", "next_best", "up_grades"]

#: ``neighbours``: bought by those who bought the same; ``popularity``: bought by most, whoever asks.
METHODS = ("neighbours", "popularity")
_BLOCK = 4_000  # customers at a time: their scores are a dense table


def next_best(
    baskets: pd.DataFrame,
    method: Literal["neighbours", "popularity"] = "neighbours",
    *,
    again: bool = False,
    policy: Policy | str | dict[str, Any] | None = None,
) -> pd.DataFrame:
    """Suggest to each customer what they have not bought yet, the best first.

    ``neighbours`` scores an item by the sum of its cosines with the items that the customer bought, two items being
    near when the same customers bought both (Sarwar, Karypis, Konstan and Riedl, WWW 2001). Ties go to the more
    popular item, then to the alphabet.

    Parameters
    ----------
    baskets
        customer_id, item; as from `crmlib.offers.baskets`, up to the day of the offer.
    method
        See `METHODS`.
    again
        Suggest also what the customer has bought before: right for coffee, wrong for a grinder.
    policy
        `offers.suggestions`, how many, and `offers.most_items`, of how many.

    Returns
    -------
    pandas.DataFrame
        One row a customer and suggestion: customer_id, rank (from 1), item, score, because (the item bought that speaks
        most for it; empty for popularity).

    Raises
    ------
    CrmlibError
        There is no basket, or no such method.

    Examples
    --------
    >>> table = pd.DataFrame({"customer_id": list("aaabbbccd"),
    ...                       "item": ["tea", "pot", "cup", "tea", "pot", "cup", "tea", "rug", "pot"]})
    >>> next_best(table, policy={"offers": {"suggestions": 1}}).query("customer_id == 'd'")[["item", "because"]]
      item because
    3  cup     pot
    """
    from scipy.sparse import csr_array

    require(baskets, "the baskets", ["customer_id", "item"])
    if method not in METHODS:
        raise CrmlibError(f"There is no method {method!r}; there are: {', '.join(METHODS)}.")
    if baskets.empty:
        raise CrmlibError("There is no basket: nobody has a history to suggest from.")
    rules = policies.load(policy).offers
    known = baskets[["customer_id", "item"]].drop_duplicates()
    rows, customers = pd.factorize(known["customer_id"], sort=True)
    usual = _most_bought(known["item"].astype(str), rules.most_items)
    columns = pd.Index(usual).get_indexer(pd.Index(known["item"].astype(str)))
    there, items = columns >= 0, usual
    history = csr_array((np.ones(there.sum()), (rows[there], columns[there])), shape=(len(customers), len(items)))
    together = (history.T @ history).toarray()
    buyers = together.diagonal()
    near = together / np.sqrt(np.outer(buyers, buyers))
    np.fill_diagonal(near, 1.0 if again else 0.0)
    parts = []
    for start in range(0, len(customers), _BLOCK):
        own = history[start : start + _BLOCK]
        score = own @ near if method == "neighbours" else np.tile(buyers, (own.shape[0], 1))
        parts.append(_best(np.asarray(score, dtype=float), own.toarray() > 0, buyers, rules.suggestions, again=again))
    who, rank, what, score = (np.concatenate(column) for column in zip(*parts, strict=True))
    who += np.repeat(np.arange(len(parts)) * _BLOCK, [len(part[0]) for part in parts])
    because = np.full(len(who), "", dtype=object)
    if method == "neighbours":
        for start in range(0, len(who), _BLOCK):
            part = slice(start, start + _BLOCK)
            reasons = history[who[part]].toarray() * near[:, what[part]].T
            because[part] = np.where(
                reasons.max(axis=1) > 0, np.asarray(items, dtype=object)[reasons.argmax(axis=1)], ""
            )
    return pd.DataFrame(
        {"customer_id": np.asarray(customers)[who], "rank": rank + 1, "item": np.asarray(items)[what], "score": score,
         "because": pd.Series(because, dtype=str)}
    )  # fmt: skip


def _most_bought(items: pd.Series, most: int) -> list[str]:
    """Return the items that most customers bought, in the order of the alphabet; of equals, the first by name."""
    counts = items.value_counts().rename_axis("item").reset_index(name="n")
    return sorted(counts.sort_values(["n", "item"], ascending=[False, True])["item"].head(most))


def _best(score: Floats, bought: Bools, buyers: Floats, most: int, *, again: bool) -> tuple[Any, ...]:
    """Return customer, rank, item and score of the best items of a block."""
    score = np.where(bought, -np.inf, score) if not again else score
    by_popularity: Ints = np.lexsort((np.arange(len(buyers)), -buyers))
    # stable: among equal scores, the order of popularity stays
    places = np.argsort(-score[:, by_popularity].round(12), axis=1, kind="stable")
    order = by_popularity[places[:, :most]]
    chosen = np.take_along_axis(score, order, axis=1)
    there = np.isfinite(chosen)
    who, rank = np.nonzero(there)
    return who, rank, order[there], chosen[there]


def up_grades(
    baskets: pd.DataFrame,
    products: pd.DataFrame,
    *,
    category: str = "category",
    policy: Policy | str | dict[str, Any] | None = None,
) -> pd.DataFrame:
    """Suggest to each customer a dearer product of the kind that they buy most.

    Of the customer's most bought product (by orders; the latest of equals), the category's product that most customers
    buy among those which cost `offers.dearer_from` to `offers.dearer_to` times as much, and which they do not have.

    Parameters
    ----------
    baskets
        customer_id, order_id, order_ts, item; products, as from `crmlib.offers.baskets`.
    products
        product_id, price and the category.
    category
        Its column.
    policy
        `offers.dearer_from`, `offers.dearer_to` and `offers.most_items`.

    Returns
    -------
    pandas.DataFrame
        One row a customer for whom there is one: customer_id, rank (1), bought, item (the dearer), price, dearer_price,
        times (the one by the other).

    Examples
    --------
    >>> products = pd.DataFrame({"product_id": ["tin", "jar", "urn"], "category": "tea", "price": [5.0, 7.0, 50.0]})
    >>> table = pd.DataFrame({"customer_id": ["a", "b"], "order_id": [1, 2], "item": ["tin", "jar"],
    ...                       "order_ts": pd.to_datetime(["2024-01-01", "2024-01-02"])})
    >>> up_grades(table, products)[["customer_id", "bought", "item", "times"]]
      customer_id bought item  times
    0           a    tin  jar    1.4
    """
    require(baskets, "the baskets", ["customer_id", "order_id", "order_ts", "item"])
    require(products, "products", ["product_id", "price", category], may_be_empty=["price", category])
    rules = policies.load(policy).offers
    per = baskets.groupby(["customer_id", "item"], as_index=False).agg(
        orders=("order_id", "nunique"), last=("order_ts", "max")
    )
    usual = per.sort_values(["customer_id", "orders", "last", "item"], ascending=[True, False, False, True])
    usual = usual.drop_duplicates("customer_id")[["customer_id", "item"]].rename(columns={"item": "bought"})
    goods = products[["product_id", "price", category]].dropna().astype({"price": float})
    goods = goods[goods["price"] > 0].assign(
        buyers=goods["product_id"].map(per.groupby("item").size()).fillna(0).astype(int)
    )
    chosen = _most_bought(per["item"].astype(str), rules.most_items)
    own, others = goods["product_id"].isin(usual["bought"]), goods["product_id"].astype(str).isin(chosen)
    pairs = goods[own].merge(goods[others], on=category, suffixes=("", "_dearer"))
    pairs["times"] = pairs["price_dearer"] / pairs["price"]
    pairs = pairs[pairs["times"].between(rules.dearer_from, rules.dearer_to) & (pairs["buyers_dearer"] > 0)]
    found = usual.merge(pairs, left_on="bought", right_on="product_id")
    owned = per[["customer_id", "item"]].rename(columns={"item": "product_id_dearer"}).assign(owned=True)
    found = found.merge(owned, on=["customer_id", "product_id_dearer"], how="left")
    found = found[found["owned"].isna()].sort_values(
        ["customer_id", "buyers_dearer", "product_id_dearer"], ascending=[True, False, True]
    )
    best = found.drop_duplicates("customer_id").reset_index(drop=True)
    return pd.DataFrame(
        {"customer_id": best["customer_id"], "rank": 1, "bought": best["bought"], "item": best["product_id_dearer"],
         "price": best["price"], "dearer_price": best["price_dearer"], "times": best["times"]}
    )  # fmt: skip


def evaluate(
    suggestions: Mapping[str, pd.DataFrame],
    held_out: pd.DataFrame,
    *,
    against: str = "popularity",
    policy: Policy | str | dict[str, Any] | None = None,
) -> pd.DataFrame:
    """Hold suggestions against what the customers bought afterwards.

    Parameters
    ----------
    suggestions
        By name: customer_id, rank, item, each made from what was known before the held-out orders.
    held_out
        customer_id, item of the orders that came later.
    against
        Name of the one that the others are compared with.
    policy
        `experiments.alpha` gives the level of the intervals, and `offers.suggestions` how many are looked at.

    Returns
    -------
    pandas.DataFrame
        One row a name, the best first: name, customers (with suggestions from all, who bought later), hit_rate (share
        of them who bought at least one of the suggested), low, high (Wilson), recall (mean share of what they bought
        that had been suggested), gain (hit rate less that of `against`, customer by customer), gain_low, gain_high
        (normal interval of the paired difference).

    Raises
    ------
    CrmlibError
        `against` is not among the suggestions, or nobody with suggestions bought later.

    Examples
    --------
    >>> first = pd.DataFrame({"customer_id": ["a", "b"], "rank": 1, "item": ["tea", "pot"]})
    >>> later = pd.DataFrame({"customer_id": ["a", "b", "b"], "item": ["tea", "cup", "rug"]})
    >>> evaluate({"popularity": first}, later)[["name", "customers", "hit_rate", "recall"]]
             name  customers  hit_rate  recall
    0  popularity          2       0.5     0.5
    """
    from scipy.stats import norm

    if against not in suggestions:
        raise CrmlibError(f"There are no suggestions called {against!r}; there are: {', '.join(suggestions)}.")
    rules = policies.load(policy)
    alpha, most = rules.experiments.alpha, rules.offers.suggestions
    require(held_out, "the held-out orders", ["customer_id", "item"])
    later = held_out[["customer_id", "item"]].drop_duplicates().assign(item=lambda table: table["item"].astype(str))
    judged = set(later["customer_id"]).intersection(*(table["customer_id"] for table in suggestions.values()))
    if not judged:
        raise CrmlibError("Nobody who has suggestions from all methods bought later: there is nothing to judge by.")
    later = later[later["customer_id"].isin(judged)]
    bought = later.groupby("customer_id").size()
    found = {}
    for name, table in suggestions.items():
        first = table.loc[table["rank"] <= most, ["customer_id", "item"]].assign(
            item=lambda part: part["item"].astype(str)
        )
        found[name] = later.merge(first.drop_duplicates()).groupby("customer_id").size().reindex(bought.index).fillna(0)
    rows = []
    for name, hits in found.items():
        hit = (hits > 0).astype(float)
        paired = hit - (found[against] > 0)
        half = norm.isf(alpha / 2) * (paired.std(ddof=1) if len(paired) > 1 else np.nan) / np.sqrt(len(paired))
        low, high = wilson(int(hit.sum()), len(hit), 1 - alpha)
        rows.append((name, len(hit), hit.mean(), low, high, (hits / bought).mean(), paired.mean(), paired.mean() - half,
                     paired.mean() + half))  # fmt: skip
    names = ["name", "customers", "hit_rate", "low", "high", "recall", "gain", "gain_low", "gain_high"]
    return pd.DataFrame(rows, columns=names).sort_values("hit_rate", ascending=False, kind="stable", ignore_index=True)
