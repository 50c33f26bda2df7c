"""How far each customer has come on the journey, and what each persona looks at: events in, stages and affinities out.

A stage is reached by a deed, and stays reached: awareness by being known to the shop, consideration by visits,
acquisition by an order, retention by another one, advocacy by saying that one would recommend the shop. How many
visits, orders and points it takes is in the policy.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from crmlib import engine
from crmlib import policy as policies
from crmlib.days import as_day, until
from crmlib.errors import CrmlibError
from crmlib.personas.features import visits

if TYPE_CHECKING:
    from datetime import date

    from crmlib.arrays import Ints
    from crmlib.policy import Policy
    from crmlib.shop import Shop

__all__ = ["STAGES", "affinity", "furthest_stage", "recommendations"]

#: The five stages of the journey, first to last.
STAGES = ("awareness", "consideration", "acquisition", "retention", "advocacy")


def furthest_stage(shop: Shop, *, as_of: date | str | None = None, policy: Policy | str | None = None) -> pd.Series:
    """Say how far each customer had come by a day.

    Parameters
    ----------
    shop
        Without visits nobody is seen to consider; without surveys nobody is seen to recommend.
    as_of
        Nothing after this day counts; the shop's own by default.
    policy
        Whose ``personas`` holds the thresholds; the shop's own by default.

    Returns
    -------
    pandas.Series
        One of `STAGES` (an ordered category) by customer_id: everyone who bought, visited or has an account.

    Examples
    --------
    >>> from crmlib import open_shop
    >>> orders = pd.DataFrame({"customer_id": ["a", "a", "b"], "order_ts": "2024-01-01", "amount": [10, 20, 40]})
    >>> furthest_stage(open_shop(orders)).to_dict()
    Opened dataframe: ...
    {'a': 'retention', 'b': 'acquisition'}
    """
    rules = policies.load(policy or shop.policy).personas
    day = as_day(as_of or shop.as_of)
    end = until(day)
    orders = engine.run("personas_history", tables={"orders": shop.orders}, until=end).to_pandas()
    counts = orders.set_index("customer_id")["orders"]
    seen = visits(shop, as_of=day)
    known = counts.index if seen is None else counts.index.union(seen.index)
    if "customers" in shop.tables:
        accounts = shop.customers.to_pandas().set_index("customer_id")
        if "registered_ts" in accounts:
            accounts = accounts[accounts["registered_ts"] < pd.Timestamp(end)]
        known = known.union(accounts.index)
    score = recommendations(shop, as_of=day)
    reached = reached_by(
        counts.reindex(known, fill_value=0).to_numpy(),
        None if seen is None else seen.reindex(known, fill_value=0).to_numpy(),
        None if score is None else score.reindex(known).to_numpy(dtype=float),
        rules,
    )
    stage = pd.Categorical.from_codes(reached, categories=pd.Index(STAGES), ordered=True)
    return pd.Series(stage, index=known.rename("customer_id"), name="stage")


def recommendations(shop: Shop, *, as_of: date | str | None = None) -> pd.Series | None:
    """Return the latest answer of each customer to whether they would recommend the shop; None without surveys.

    Parameters
    ----------
    shop, as_of
        As for `furthest_stage`.
    """
    if "surveys" not in shop.tables or not {"kind", "score", "answered_ts"} <= set(shop.surveys.columns):
        return None
    end = until(as_day(as_of or shop.as_of))
    answers = engine.run("personas_promoters", tables={"surveys": shop.surveys}, until=end).to_pandas()
    score: pd.Series = answers.set_index("customer_id")["score"]
    return score


def reached_by(orders: Any, visits: Any, score: Any, rules: policies.Personas) -> Ints:
    """Return the number of the furthest stage that each customer reached.

    Parameters
    ----------
    orders, visits, score
        Of each customer: how many, how many (None where nobody is seen to visit), and the latest answer (missing
        without one; None without surveys).
    rules
        The thresholds.
    """
    reached = np.zeros(len(orders), dtype=np.int64)
    if visits is not None:
        reached[visits >= rules.consideration_visits] = 1
    reached[orders >= 1] = 2
    reached[orders >= rules.retention_orders] = 3
    if score is not None:
        reached[(score >= rules.promoter_from) & (orders >= 1)] = 4
    return reached


def affinity(counts: pd.DataFrame, labels: pd.Series) -> pd.DataFrame:
    """Compare what each persona looks at or buys with what everyone does.

    Parameters
    ----------
    counts
        Events by customer (rows) and zone or category (columns), from `crmlib.personas.zone_views`.
    labels
        The persona of each customer.

    Returns
    -------
    pandas.DataFrame
        One row a persona, one column an item: an index, 100 is the share that the item has with everyone. An item
        that nobody touched has none.

    Examples
    --------
    >>> views = pd.DataFrame({"gifts": [6, 0], "coffee": [2, 8]}, index=["ann", "bob"])
    >>> affinity(views, pd.Series({"ann": 1, "bob": 2})).round()
             gifts  coffee
    persona
    1        200.0    40.0
    2          0.0   160.0
    """
    both = counts.reindex(counts.index.intersection(labels.index))
    if not len(both):
        raise CrmlibError("personas: no customer has both a persona and events.")
    shares = both.groupby(labels.reindex(both.index).rename("persona")).sum()
    shares = shares.div(shares.sum(axis=1), axis=0)
    everyone = both.sum() / both.to_numpy().sum()
    index: pd.DataFrame = 100 * shares / everyone.where(everyone > 0)
    return index
