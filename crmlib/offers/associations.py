"""What is bought together: frequent sets of items, and rules between them, by FP-growth."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import numpy as np
import pandas as pd

from crmlib import policy as policies
from crmlib.errors import CrmlibError
from crmlib.intervals import wilson
from crmlib.shop.required import require

if TYPE_CHECKING:
    from crmlib.policy import Policy

__all__ = ["association_rules", "frequent_sets"]


def frequent_sets(
    baskets: pd.DataFrame, *, most: int = 3, policy: Policy | str | dict[str, Any] | None = None
) -> pd.DataFrame:
    """Find the sets of items that many baskets hold: FP-growth (Han, Pei and Yin, SIGMOD 2000), by mlxtend.

    Parameters
    ----------
    baskets
        order_id, item; as from `crmlib.offers.baskets`.
    most
        Largest set that is looked for.
    policy
        `offers.least_support`.

    Returns
    -------
    pandas.DataFrame
        One row a set, the most frequent first: items (a frozenset), size, support (share of the baskets), baskets.

    Raises
    ------
    CrmlibError
        There is no basket.

    Examples
    --------
    >>> table = pd.DataFrame({"order_id": [1, 1, 2, 2, 3], "item": ["bread", "milk", "bread", "milk", "milk"]})
    >>> frequent_sets(table, policy={"offers": {"least_support": 0.5}})[["size", "support"]].round(2)
       size  support
    0     1     1.00
    1     1     0.67
    2     2     0.67
    """
    from mlxtend.frequent_patterns import fpgrowth

    least = policies.load(policy).offers.least_support
    wide = _wide(baskets, least)
    if wide.empty:
        return pd.DataFrame(
            {"items": [], "size": np.zeros(0, int), "support": np.zeros(0), "baskets": np.zeros(0, int)}
        )
    found = fpgrowth(wide, min_support=least, use_colnames=True, max_len=most)
    table = pd.DataFrame(
        {
            "items": found["itemsets"],
            "size": found["itemsets"].map(len).astype("int64"),
            "support": found["support"].astype(float),
            "baskets": (found["support"] * len(wide)).round().astype("int64"),
        }
    )
    named = table["items"].map(sorted).map(", ".join).astype(str)
    order = table.assign(named=named).sort_values(["support", "size", "named"], ascending=[False, True, True])
    return order.drop(columns="named").reset_index(drop=True)


def _wide(baskets: pd.DataFrame, least: float) -> pd.DataFrame:
    """Return one row a basket and one column an item, sparse; an item that is too rare is in no frequent set."""
    from scipy.sparse import csr_array

    require(baskets, "the baskets", ["order_id", "item"])
    if baskets.empty:
        raise CrmlibError("There is no basket: nothing can be said of what is bought together.")
    known = baskets[["order_id", "item"]].drop_duplicates()
    rows, orders = pd.factorize(known["order_id"])
    named = known["item"].astype(str)
    counts = named.value_counts()
    # a little below, so that rounding cannot lose an item that is just frequent enough
    items = sorted(counts.index[counts >= least * len(orders) * (1 - 1e-9)])
    columns = pd.Index(items, dtype=named.dtype).get_indexer(pd.Index(named))
    there = columns >= 0
    cells = csr_array(
        (np.ones(there.sum(), dtype=bool), (rows[there], columns[there])), shape=(len(orders), len(items))
    )
    # the accessor of the class, which the stubs of pandas do not know
    wide: pd.DataFrame = cast("Any", pd.DataFrame).sparse.from_spmatrix(cells, columns=list(items))
    return wide


def association_rules(
    baskets: pd.DataFrame, *, most: int = 3, policy: Policy | str | dict[str, Any] | None = None
) -> pd.DataFrame:
    """Turn frequent sets into rules: who buys the one, buys the other.

    Parameters
    ----------
    baskets, most
        As for `frequent_sets`.
    policy
        `offers.least_support` and `offers.least_lift`.

    Returns
    -------
    pandas.DataFrame
        One row a rule, the highest lift first: bought, then (items joined by commas); baskets (with all of them);
        support (share of all baskets); confidence (share of those with ``bought`` that hold ``then``); lift (confidence
        by the share of all that hold ``then``: 1 is chance); low, high (95 % interval of the confidence, Wilson).

    Raises
    ------
    CrmlibError
        There is no basket.

    Examples
    --------
    >>> table = pd.DataFrame({"order_id": [1, 1, 2, 2, 3, 4], "item": ["bread", "milk"] * 2 + ["tea", "milk"]})
    >>> association_rules(table)[["bought", "then", "confidence", "lift"]].round(2)
      bought   then  confidence  lift
    0  bread   milk        1.00  1.33
    1   milk  bread        0.67  1.33
    """
    from mlxtend.frequent_patterns import association_rules as rules_of

    names = ["bought", "then", "baskets", "support", "confidence", "lift", "low", "high"]
    rules = policies.load(policy).offers
    sets = frequent_sets(baskets, most=most, policy=policy)
    if not (sets["size"] >= 2).any():  # noqa: PLR2004 - a rule has two sides
        return pd.DataFrame({name: pd.Series(dtype=str if name in names[:2] else float) for name in names})
    orders = baskets["order_id"].nunique()
    measures = ["antecedent support", "support", "confidence", "lift"]
    found = rules_of(
        sets.rename(columns={"items": "itemsets"})[["support", "itemsets"]], num_itemsets=orders, metric="lift",
        min_threshold=rules.least_lift, return_metrics=measures,
    )  # fmt: skip
    both = (found["support"] * orders).round().astype("int64")
    bought = (found["antecedent support"] * orders).round().astype("int64")
    ends = [wilson(*counts) for counts in zip(both.tolist(), bought.tolist(), strict=True)]
    table = pd.DataFrame(
        {
            "bought": found["antecedents"].map(sorted).map(", ".join).astype(str),
            "then": found["consequents"].map(sorted).map(", ".join).astype(str),
            "baskets": both,
            **{name: found[name].astype(float) for name in measures[1:]},
            "low": np.array([low for low, _ in ends], dtype=float),
            "high": np.array([high for _, high in ends], dtype=float),
        }
    )
    return table.sort_values(["lift", "bought", "then"], ascending=[False, True, True], ignore_index=True)
