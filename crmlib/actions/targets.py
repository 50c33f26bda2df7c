"""What a plan can see of each customer, whom it targets, and why a plan is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from crmlib import policy as policies
from crmlib import rfm
from crmlib.actions.conditions import meets
from crmlib.actions.plans import Targeting
from crmlib.churn.consent import CHANNELS, may_contact
from crmlib.churn.signals import flags
from crmlib.errors import PolicyError
from crmlib.schema import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

    from crmlib.actions.plans import Plan
    from crmlib.actions.sequences import Condition, Sequence
    from crmlib.policy import Policy
    from crmlib.shop import Shop

    Bools = NDArray[np.bool_]
    Floats = NDArray[np.float64]

__all__ = ["allowed", "check_plan", "holds", "observable", "targeted"]

#: Who somebody is and where they live is for messages; a plan has no use for it.
_PERSONAL = {"first_name", "last_name", "email", "phone", "street"}


def observable(shop: Shop, *, policy: Policy | str | dict[str, Any] | None = None) -> pd.DataFrame:
    """Put together what is known of each customer on the shop's day: what a plan may use.

    Parameters
    ----------
    shop
        With customers and orders; logins, surveys and consents are used where they are.
    policy
        Whose windows and scales count; the shop's own by default.

    Returns
    -------
    pandas.DataFrame
        One row a customer, sorted, customer_id as index: answers of the profile; orders, spend, segment, code (missing
        for who never bought); the churn signals with days_since_login, days_since_purchase, days_since_score and score;
        may_email, may_sms, may_whatsapp, may_phone (marketing) and may_soft_spam.

    Examples
    --------
    >>> from crmlib import open_shop
    >>> seen = observable(open_shop("shop"))
    Opened shop: ...
    >>> len(seen), int((seen["segment"] == "Champions").sum()) > 0
    (5000, True)
    """
    rules = policies.load(policy or shop.policy)
    seen = flags(shop, policy=rules).set_index("customer_id").drop(columns=["login_window", "purchase_window"])
    scored = rfm.score(shop.orders, as_of=shop.as_of, policy=rules).to_pandas().set_index("customer_id")
    seen["orders"] = scored["frequency"].reindex(seen.index).fillna(0).astype(float)
    seen["spend"] = scored["monetary"].reindex(seen.index).fillna(0).astype(float)
    seen["segment"], seen["code"] = scored["segment"].reindex(seen.index), scored["code"].reindex(seen.index)
    may = may_contact(shop, policy=rules).reindex(seen.index, fill_value=False)
    for channel in (*CHANNELS, "soft_spam"):
        seen[f"may_{channel}"] = may[channel].to_numpy(dtype=bool)
    seen["may_soft_spam"] &= seen["orders"] > 0
    if "customers" not in shop.tables:
        return seen
    profile = shop.customers.to_pandas().set_index("customer_id").reindex(seen.index)
    return seen.join(profile[[name for name in profile if name not in _PERSONAL and name not in seen]])


def holds(condition: Condition, columns: Mapping[str, Any] | pd.DataFrame, where: str) -> Bools:
    """Tell for whom a condition holds; a gap never does.

    Parameters
    ----------
    condition
        The condition.
    columns
        What is known, by name.
    where
        What to name in an error.

    Raises
    ------
    PolicyError
        There is no such column.

    Examples
    --------
    >>> from crmlib.actions.sequences import Condition
    >>> holds(Condition(column="orders", at_least=2), {"orders": np.array([1.0, 2.0, np.nan])}, "plan").tolist()
    [False, True, False]
    """
    if condition.column not in columns:
        raise PolicyError(
            f"{where}: nothing is known of {condition.column!r}. "
            f"{did_you_mean(condition.column, [str(name) for name in columns])}"
        )
    return meets(condition, pd.Series(columns[condition.column]).reset_index(drop=True))


def targeted(plan: Plan, sequence: Sequence, seen: pd.DataFrame) -> tuple[Bools, Floats]:
    """Tell who is in a sequence's target, and who is served first.

    Parameters
    ----------
    plan
        The plan.
    sequence
        One of its sequences.
    seen
        From `observable`.

    Returns
    -------
    tuple
        Whether each customer is in the target, and a priority (the plan's score; 0 without one).

    Raises
    ------
    PolicyError
        A segment, column or customer is not known.
    """
    where = f"plan {plan.name}, targeting.{sequence.name}"
    target = plan.targeting.get(sequence.name, Targeting())
    size = len(seen)
    chosen, priority = np.ones(size, dtype=bool), np.zeros(size)
    if target.segments:
        for name in target.segments:
            if name not in rfm.SEGMENTS:
                raise PolicyError(f"{where}: no segment {name!r}. {did_you_mean(name, list(rfm.SEGMENTS))}")
        chosen &= seen["segment"].isin(target.segments).to_numpy()
    if target.signals:
        flagged = seen[list(target.signals)].astype("boolean").fillna(value=False)
        chosen &= flagged.any(axis=1).to_numpy(dtype=bool)
    for condition in target.conditions:
        chosen &= holds(condition, seen, where)
    if target.customers is not None:
        chosen &= _listed(target.customers, seen, where)
    if target.score is not None:
        table = pd.Series(plan.scores[target.score], dtype=float)
        _known(table.index, seen, f"plan {plan.name}, scores.{target.score}")
        score = table.reindex(seen.index).to_numpy(dtype=float)
        chosen &= ~np.isnan(score)
        if target.at_least is not None:
            chosen &= np.nan_to_num(score, nan=-np.inf) >= target.at_least
        if target.top_share is not None:
            count = round(target.top_share * chosen.sum())
            first = np.argsort(np.where(chosen, -score, np.inf), kind="stable")[:count]
            chosen &= np.isin(np.arange(size), first)
        priority = np.where(chosen, score, 0.0)
    return chosen, priority


def _listed(customers: tuple[str, ...], seen: pd.DataFrame, where: str) -> Bools:
    _known(pd.Index(customers), seen, where)
    return np.asarray(seen.index.isin(customers), dtype=bool)


def _known(customers: pd.Index[Any], seen: pd.DataFrame, where: str) -> None:
    strangers = customers[~customers.isin(seen.index)]
    if len(strangers):
        raise PolicyError(
            f"{where}: {len(strangers)} of {len(customers)} are no customers of the shop, such as {strangers[0]!r}."
        )


def allowed(sequence: Sequence, channel: str, may: Callable[[str], Bools], policy: Policy) -> Bools:
    """Tell who may be contacted through a channel on the sequence's grounds.

    Parameters
    ----------
    sequence
        Whose purpose counts.
    channel
        Through which.
    may
        Gives who has a marketing permission, by channel; that of the exception as ``soft_spam``.
    policy
        Whose ``contact.soft_spam_channels`` count.
    """
    if sequence.purpose == "service":
        return np.ones_like(may("email"))
    if sequence.purpose == "soft_spam" and channel in policy.contact.soft_spam_channels:
        return may(channel) | may("soft_spam")
    return may(channel)  # where the exception does not reach, consent does


def check_plan(plan: Plan, seen: pd.DataFrame, *, policy: Policy | str | dict[str, Any] | None = None) -> None:
    """Refuse a plan that breaks consent or its budget from the start, or that names what is not known.

    Parameters
    ----------
    plan
        The plan.
    seen
        From `observable`.
    policy
        Whose ``contact`` says which channels soft spam may use.

    Raises
    ------
    PolicyError
        A listed customer allows none of the first step's channels; the first message to all who are listed costs more
        than the budget; a column, segment or customer is not known. The message says which.

    Examples
    --------
    >>> from crmlib import open_shop
    >>> from crmlib.actions import Plan
    >>> check_plan(Plan(name="do_nothing"), observable(open_shop("shop")))
    Opened shop: ...
    """
    rules = policies.load(policy)
    planned = 0.0
    for sequence in plan.sequences:
        where = f"plan {plan.name}, sequence {sequence.name}"
        chosen, _ = targeted(plan, sequence, seen)
        for condition in (*sequence.conditions, *(one for step in sequence.steps for one in step.conditions)):
            holds(condition, seen, where)
        if plan.targeting.get(sequence.name, Targeting()).customers is None:
            continue
        planned += _planned(plan, sequence, seen, chosen, rules)
    if plan.budget is not None and planned > plan.budget + 1e-9:
        raise PolicyError(
            f"plan {plan.name}: the first message to all who are listed costs {planned:,.2f}, the budget is "
            f"{plan.budget:,.2f}. List fewer customers, take a cheaper channel, or ask for more money."
        )


def _planned(plan: Plan, sequence: Sequence, seen: pd.DataFrame, chosen: Bools, rules: Policy) -> float:
    """Return what the first message to a list costs, and refuse a list with customers who allow no channel."""
    reached, cost = np.zeros(len(seen), dtype=bool), 0.0
    for channel in sequence.steps[0].channels:
        may = allowed(sequence, channel, lambda name: seen[f"may_{name}"].to_numpy(dtype=bool), rules)
        new = chosen & ~reached & may
        cost += float(new.sum()) * plan.costs.of(channel)
        reached |= new
    refused = chosen & ~reached
    if refused.any():
        raise PolicyError(
            f"plan {plan.name}, targeting.{sequence.name}: {refused.sum()} of {chosen.sum()} listed customers, such as "
            f"{seen.index[refused][0]!r}, have given no permission for {' or '.join(sequence.steps[0].channels)} on "
            f"the grounds of {sequence.purpose}. List only those who may be contacted: the columns may_... of "
            "crmlib.actions.observable."
        )
    return cost
