"""Whom a contact changes: who leaves is not who can be kept.

Campaigns with a control group at random say what a contact does. The uplift of a customer is what they would buy if
contacted, less what they would buy if not; nobody shows both, so it is estimated from those who are alike.
"""

from __future__ import annotations

import warnings
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import pandas as pd

from crmlib import arms, engine
from crmlib import policy as policies
from crmlib.arguments import check_level, read_number
from crmlib.churn.features import features
from crmlib.errors import CrmlibError, ModelError, ModelWarning, SchemaError
from crmlib.regression import read_learnt, read_numbers

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import ArrayLike

    from crmlib.arrays import Floats
    from crmlib.policy import Policy
    from crmlib.shop import Shop


__all__ = ["UpliftModel", "arm_difference", "experiments", "targeting"]

_OUTCOMES = ("contacted", "window_orders", "window_spend")
_FEW = 2  # events of the smaller arm, below which simulated intervals hold the truth in more than 97 % instead of 95 %
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
        if not 0 <= read_number(penalty, "penalty") < np.inf:
            raise CrmlibError(f"penalty={penalty!r}: it is 0 or more.")
        self.penalty = float(penalty)

    def fit(self, seen: pd.DataFrame) -> Self:
        """Learn from experiments.

        Parameters
        ----------
        seen
            From `experiments`; every column of numbers counts but ids, times and outcomes. With a ``campaign_id``, each
            customer weighs 1 / the share of their arm in their campaign, so that campaigns that held back more are no
            reason for a difference; campaigns with one arm only are left out.

        Raises
        ------
        ModelError
            An arm is empty, or bought nothing; or a column is text.
        """
        beside = {"campaign_id", "customer_id", "assigned_ts", *_OUTCOMES}
        self.names = [str(name) for name in seen if name not in beside]
        if not self.names:
            raise ModelError("The experiment has no feature to learn from: only outcomes, ids and times.")
        parts = arms.in_strata(seen, "window_orders")
        known = read_numbers(seen[self.names], "the experiment")
        self.arms = []
        for arm in (True, False):  # the contacted first
            own = parts.used & (parts.treated == arm)
            if not parts.outcome[own].any():
                who = "contacted" if arm else "the control group"
                raise ModelError(f"Nobody of {who} ordered in a window: there is nothing to learn from.")
            # each arm stands for all customers of its campaign, whatever share the lot gave it
            share = parts.share[own] if arm else 1 - parts.share[own]
            weights = 1 / share
            regression = _poisson(self.penalty)
            fitted = regression.fit(known[own], parts.outcome[own], poissonregressor__sample_weight=weights)
            self.arms.append(fitted)
        return self

    def predict(self, features: pd.DataFrame) -> pd.Series:
        """Return the extra orders that contacting each customer brings.

        Parameters
        ----------
        features
            With the columns that were learnt from.

        Raises
        ------
        SchemaError
            One of them is missing.
        """
        table = read_learnt(features, self.names)
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


def arm_difference(
    seen: pd.DataFrame, outcome: str = "window_orders", *, level: float = 0.95, strata: str | None = "campaign_id"
) -> dict[str, float]:
    """Compare the arms of randomised campaigns, each within itself: what contact added, on average.

    The share held back and the pace of buying differ from campaign to campaign, so arms pooled over campaigns compare
    customers of different campaigns. Each campaign's difference counts by its customers instead; a customer who is in
    several campaigns counts in each, as if they were several people.

    Parameters
    ----------
    seen
        From `experiments`, or a part of it chosen by what was known before.
    outcome
        ``window_orders`` or ``window_spend``, or any column of numbers.
    level
        Of the interval.
    strata
        The column within whose values arms are compared, where the table has it. With None the arms are pooled, and
        refused where the shares of contacted customers differ between campaigns.

    Returns
    -------
    dict
        difference of the means (contacted minus control); low, high: every difference that the score test (see
        `crmlib.arms`) does not reject; p_value, of no difference, by the same test; contacted, control (customers that
        were compared); events (how many a smaller arm expects without an effect: below 5 the interval is wide, and
        chance decides much); left_out (customers of campaigns that have one arm only here).

    Raises
    ------
    CrmlibError
        No campaign has two customers of each arm, or arms of different shares would be pooled.
    SchemaError
        A column or a value is missing, or an arm is neither 1 nor 0.

    Warns
    -----
    ModelWarning
        Nobody did anything, or the smaller arm expects fewer than two events.

    Examples
    --------
    >>> seen = pd.DataFrame({"contacted": [1, 1, 1, 0, 0, 0] * 4, "window_orders": [1, 1, 0, 0, 1, 0] * 4})
    >>> round(arm_difference(seen)["difference"], 3)
    0.333
    """
    check_level(level)
    parts = arms.in_strata(seen, outcome, strata)
    sizes = [int((parts.used & side).sum()) for side in (parts.treated, ~parts.treated)]
    if min(sizes) < 2:  # noqa: PLR2004 - one customer is an anecdote
        raise CrmlibError(
            f"An arm has {min(sizes)} customers: too few to compare."
            + (" Customers count where their campaign has both arms." if len(parts.names) > 1 else "")
        )
    sums = parts.sums
    bought, amounts = bool(parts.outcome[parts.used].any()), sums.kind != "shares"
    _warn_of_few_events(float(sums.events[0]), bought=bought, amounts=amounts)
    low, high = arms.interval(sums, level)
    return {
        "difference": float(arms.difference(sums)[0]), "low": float(low[0]), "high": float(high[0]),
        "p_value": float(arms.p_value(sums)[0]), "contacted": float(sizes[0]), "control": float(sizes[1]),
        "events": float(sums.events[0]), "left_out": float((~parts.used).sum()),
    }  # fmt: skip


def _warn_of_few_events(events: float, *, bought: bool, amounts: bool) -> None:
    """Warn where chance decides nearly all, and where nobody did anything."""
    if not bought:
        warnings.warn(
            "Nobody did anything in either arm: the interval is that of customers who may do it once. Of amounts such "
            "as spend it says nothing.", ModelWarning, stacklevel=3,
        )  # fmt: skip
    elif events < _FEW:
        width = "of amounts knows only what these few spent, and may be far too narrow" if amounts else (
            "is wider than it says")  # fmt: skip
        warnings.warn(
            f"The smaller arm expects {events:.1f} events without an effect: chance decides nearly all. The interval "
            f"{width}, and no difference of a usual size can be found.", ModelWarning, stacklevel=3,
        )  # fmt: skip


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
