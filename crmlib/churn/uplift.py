"""Whom a contact changes: who leaves is not who can be kept.

Campaigns with a control group at random say what a contact does. The uplift of a customer is what they would buy if
contacted, less what they would buy if not; nobody shows both, so it is estimated from those who are alike.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import pandas as pd

from crmlib import engine
from crmlib import policy as policies
from crmlib.churn.features import features
from crmlib.errors import CrmlibError, ModelError, SchemaError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import ArrayLike, NDArray

    from crmlib.policy import Policy
    from crmlib.shop import Shop

    Floats = NDArray[np.float64]

__all__ = ["UpliftModel", "arm_difference", "experiments", "targeting"]

_OUTCOMES = ("contacted", "window_orders", "window_spend")
_ALL = 36_500  # nobody is too long silent to be won back


def experiments(
    shop: Shop,
    *,
    kind: str | None = None,
    policy: Policy | str | dict[str, Any] | None = None,
    build: Callable[[Shop], pd.DataFrame] | None = None,
) -> pd.DataFrame:
    """Put what was known of each customer before a randomised campaign beside what came of it.

    Parameters
    ----------
    shop
        With campaigns (campaign_id, kind, window_days) and assignments (campaign_id, customer_id, arm, assigned_ts).
    kind
        Campaigns of this kind only, such as ``winback``; all by default.
    policy
        The shop's own by default; ``churn.active_days`` is set aside, for nobody is too long silent to be won back.
    build
        Makes the features of a shop as it was the day before; `crmlib.churn.features` by default.

    Returns
    -------
    pandas.DataFrame
        One row a campaign and customer, the earliest campaign first: campaign_id, customer_id, assigned_ts; features;
        contacted (1, or 0 for the control), window_orders, window_spend. Campaigns whose window was not over on the
        shop's day, and customers of whom nothing was known before, are left out.

    Raises
    ------
    SchemaError
        The shop has no randomised campaign of that kind.
    """
    for name in ("campaigns", "assignments"):
        getattr(shop, name)  # an error that says who has them
    rules = policies.load(policy or shop.policy)
    rules = policies.load({"orders": _built(rules.orders), "churn": {**_built(rules.churn), "active_days": _ALL}})
    when = shop.assignments.to_pandas().groupby("campaign_id")["assigned_ts"].min().rename("at")
    found = shop.campaigns.to_pandas().merge(when, on="campaign_id").sort_values("at")
    over = found["at"] + pd.to_timedelta(found["window_days"], "D") <= pd.Timestamp(shop.as_of) + pd.Timedelta(days=1)
    found = found[over if kind is None else over & (found["kind"] == kind)]
    if found.empty:
        raise SchemaError(
            f"The shop {shop.name!r} has no campaign with a control group{f' of kind {kind!r}' if kind else ''} whose "
            "window is over. Uplift cannot be read from campaigns that contacted everybody."
        )
    parts = []
    campaign: Any
    for campaign in found.itertuples():
        then = shop.on(campaign.at.date() - timedelta(days=1))
        known = build(then) if build else features(then, policy=rules)
        tables = {"assignments": shop.assignments, "orders": shop.orders}
        values = {"campaign_id": campaign.campaign_id, "window_days": int(campaign.window_days)}
        came = engine.run("churn_campaigns", tables=tables, **values).to_pandas().set_index("customer_id")
        part = known.join(came, how="inner").reset_index()
        parts.append(part.assign(campaign_id=campaign.campaign_id, assigned_ts=campaign.at))
    table = pd.concat(parts, ignore_index=True)
    first = ["campaign_id", "customer_id", "assigned_ts"]
    return table[[*first, *(name for name in table if name not in {*first, *_OUTCOMES}), *_OUTCOMES]]


def _built(rules: Any) -> dict[str, Any]:
    import msgspec

    built: dict[str, Any] = msgspec.to_builtins(rules)
    return built


class UpliftModel:
    """Extra orders that a contact brings, estimated from randomised campaigns.

    Two Poisson regressions with a penalty, one of the contacted and one of the control group (a T-learner: Kuenzel and
    others, PNAS 116, 2019); the uplift is the difference of what they expect.

    Parameters
    ----------
    penalty
        Of the squared coefficients; more of it draws all customers towards the mean.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> seen = pd.DataFrame({"x": rng.integers(0, 2, 4000).astype(float), "contacted": rng.integers(0, 2, 4000)})
    >>> seen["window_orders"] = rng.poisson(0.2 + 0.3 * seen["x"] * seen["contacted"])
    >>> UpliftModel(penalty=0.01).fit(seen).predict(pd.DataFrame({"x": [0.0, 1.0]})).round(1).tolist()
    [0.0, 0.3]
    """

    def __init__(self, *, penalty: float = 1.0) -> None:
        self.penalty = penalty

    def fit(self, seen: pd.DataFrame) -> Self:
        """Learn from experiments.

        Parameters
        ----------
        seen
            From `experiments`; every column of numbers counts but ids, times and outcomes.

        Raises
        ------
        ModelError
            An arm is empty, or bought nothing.
        """
        beside = {"campaign_id", "customer_id", "assigned_ts", *_OUTCOMES}
        self.names = [str(name) for name in seen if name not in beside]
        self.arms = []
        for arm in (1, 0):  # the contacted first
            own = seen[seen["contacted"] == arm]
            if not own["window_orders"].any():
                who = "contacted" if arm else "the control group"
                raise ModelError(f"Nobody of {who} ordered in a window: there is nothing to learn from.")
            regression = _poisson(self.penalty)
            self.arms.append(regression.fit(own[self.names].to_numpy(dtype=float), own["window_orders"].to_numpy()))
        return self

    def predict(self, features: pd.DataFrame) -> pd.Series:
        """Return the extra orders that contacting each customer brings.

        Parameters
        ----------
        features
            With the columns that were learnt from.
        """
        table = features[self.names].to_numpy(dtype=float)
        with_contact, without = (arm.predict(table) for arm in self.arms)
        return pd.Series(with_contact - without, index=features.index, name="uplift")


def _poisson(penalty: float) -> Any:
    from sklearn.impute import SimpleImputer
    from sklearn.linear_model import PoissonRegressor
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import FunctionTransformer, StandardScaler

    return make_pipeline(
        FunctionTransformer(_log), SimpleImputer(add_indicator=True, keep_empty_features=True), StandardScaler(),
        PoissonRegressor(alpha=penalty, max_iter=1000),
    )  # fmt: skip


def _log(table: Floats) -> Floats:
    logged: Floats = np.log1p(np.maximum(table, 0.0))
    return logged


def arm_difference(seen: pd.DataFrame, outcome: str = "window_orders", *, level: float = 0.95) -> dict[str, float]:
    """Compare the arms of a randomised campaign: what contact added, on average.

    Parameters
    ----------
    seen
        From `experiments`, or a part of it chosen by what was known before.
    outcome
        ``window_orders`` or ``window_spend``.
    level
        Of the interval.

    Returns
    -------
    dict
        difference of the means (contacted less control), low, high (normal interval), contacted, control (customers).

    Raises
    ------
    CrmlibError
        An arm has fewer than two customers.

    Examples
    --------
    >>> seen = pd.DataFrame({"contacted": [1, 1, 1, 0, 0, 0], "window_orders": [1, 1, 0, 0, 1, 0]})
    >>> round(arm_difference(seen)["difference"], 3)
    0.333
    """
    from scipy.stats import norm

    arms = [seen.loc[seen["contacted"] == arm, outcome].to_numpy(dtype=float) for arm in (1, 0)]
    if min(len(arm) for arm in arms) < 2:  # noqa: PLR2004 - a variance needs two
        raise CrmlibError(f"An arm has {min(len(arm) for arm in arms)} customers: too few to compare.")
    gap = float(arms[0].mean() - arms[1].mean())
    half = float(norm.ppf((1 + level) / 2) * np.sqrt(sum(arm.var(ddof=1) / len(arm) for arm in arms)))
    sizes = {"contacted": float(len(arms[0])), "control": float(len(arms[1]))}
    return {"difference": gap, "low": gap - half, "high": gap + half, **sizes}


def targeting(rankings: Mapping[str, ArrayLike], gain: ArrayLike) -> pd.DataFrame:
    """Add up the gain of contacting customers in different orders.

    Parameters
    ----------
    rankings
        Name to score; more is contacted first. Customers of one score come in any order, so they count as their mean.
    gain
        What contacting each brings: the truth, where it is known.

    Returns
    -------
    pandas.DataFrame
        contacted (share, from 0 to 1), and a column a ranking: the gain so far.

    Examples
    --------
    >>> targeting({"good": [2, 1, 0], "bad": [0, 1, 2]}, [5, 0, -1])
       contacted  good  bad
    0   0.000000   0.0  0.0
    1   0.333333   5.0 -1.0
    2   0.666667   5.0 -1.0
    3   1.000000   4.0  4.0
    """
    each = np.asarray(gain, dtype=float)
    curves: dict[str, Any] = {"contacted": np.arange(len(each) + 1) / max(len(each), 1)}
    for name, ranking in rankings.items():
        score = np.asarray(ranking, dtype=float)
        if score.shape != each.shape or np.isnan(score).any():
            raise CrmlibError(f"{name}: expected a score for each of {len(each)} customers.")
        shared = pd.Series(each).groupby(score).transform("mean").to_numpy()
        curves[name] = np.append(0.0, np.cumsum(shared[np.argsort(-score, kind="stable")]))
    return pd.DataFrame(curves)
