"""What a plan can see of each customer, whom it targets, and why a plan is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from crmlib import policy as policies
from crmlib import rfm
from crmlib.actions.conditions import meets
from crmlib.actions.plans import Targeting
from crmlib.errors import PolicyError
from crmlib.profiles import FIELDS, PERSONAL, name_of, profile
from crmlib.profiles.grounds import PROFILING, for_profiling, may_be_profiled
from crmlib.words import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from crmlib.actions.plans import Plan
    from crmlib.actions.sequences import Condition, Sequence
    from crmlib.arrays import Bools, Floats
    from crmlib.policy import Policy
    from crmlib.shop import Shop


__all__ = ["allowed", "check_plan", "columns_of_plan", "holds", "observable", "targeted"]

#: What is looked up for every plan; other columns of the profile only for plans that ask for them.
_GROUPS = ("account", "orders", "money", "gaps", "logins", "scores", "signals", "rfm", "consent", "contacts")


def observable(
    shop: Shop, *, policy: Policy | str | dict[str, Any] | None = None, plan: Plan | None = None
) -> pd.DataFrame:
    """Put together what is known of each customer on the shop's day: what a plan may use.

    Parameters
    ----------
    shop
        With customers and orders; logins, surveys and consents are used where they are.
    policy
        Whose windows and scales count; the shop's own by default.
    plan
        Whose conditions may ask for any column of the profile: those of them that cost more to compute, such as a
        customer's type or lifetime value, are there if it does.

    Returns
    -------
    pandas.DataFrame
        One row per customer, sorted, customer_id as index: columns of `crmlib.customers.profile` under its names (on
        accounts, orders, money, gaps, logins, scores, signals, RFM, consent, contacts), and the shop's own columns of
        customers, such as answers of the profile. Counts and days are floats.

    Examples
    --------
    >>> from crmlib import open_shop
    >>> seen = observable(open_shop("shop"))
    Opened shop: ...
    >>> len(seen), int((seen["segment"] == "Champions").sum()) > 0
    (5000, True)
    """
    own = [name for name in shop.customers.columns if name not in PERSONAL] if "customers" in shop.tables else []
    own = [name for name in own if name not in FIELDS and name != "customer_id"]
    asked = {name_of(name, own) for name in columns_of_plan(plan)} & set(FIELDS) if plan is not None else set()
    seen = profile(shop, columns=[*own, *sorted(asked)], groups=_GROUPS, policy=policy)
    whole = [name for name in seen if name in FIELDS and FIELDS[name].kind == "integer"]
    seen[whole] = seen[whole].astype("float64")
    return seen


def columns_of_plan(plan: Plan) -> set[str]:
    """Return the columns for which a plan's conditions ask.

    Parameters
    ----------
    plan
        The plan.
    """
    conditions = [condition for target in plan.targeting.values() for condition in target.conditions]
    for sequence in plan.sequences:
        conditions += [*sequence.conditions, *(condition for step in sequence.steps for condition in step.conditions)]
    return {condition.column for condition in conditions}


def holds(
    condition: Condition, columns: Mapping[str, Any] | pd.DataFrame, where: str, *, rules: Policy | None = None
) -> Bools:
    """Tell for whom a condition holds; a gap never does.

    Parameters
    ----------
    condition
        The condition.
    columns
        What is known, by name.
    where
        What to name in an error.
    rules
        Whose ``contact.grounds`` says what columns of the shop's own were given for.

    Raises
    ------
    PolicyError
        There is no such column, or nobody may be chosen by it.

    Examples
    --------
    >>> from crmlib.actions.sequences import Condition
    >>> holds(Condition(column="orders", at_least=2), {"orders": np.array([1.0, 2.0, np.nan])}, "plan").tolist()
    [False, True, False]

    One fact, whatever it is called:

    >>> silent = Condition(column="days_since_purchase", at_least=60)
    >>> holds(silent, {"days_since_order": np.array([59.0, 60.0])}, "plan").tolist()
    [False, True]
    """
    there = [str(name) for name in columns]
    column = name_of(condition.column, there)
    if column in there:
        met = meets(condition, pd.Series(columns[column]).reset_index(drop=True))
        own = [name for name in there if name not in FIELDS]
        if for_profiling(condition.column, own, policies.load(rules), where):
            leave = {name: np.asarray(columns[name]) for name in PROFILING if name in there}
            met = met & may_be_profiled(pd.DataFrame(leave, index=range(len(met))))
        return met
    if column in FIELDS:
        raise PolicyError(
            f"{where}: {condition.column!r} is known, and was not looked up. Make the table for this very plan: "
            "crmlib.actions.observable(shop, plan=plan)."
        )
    raise PolicyError(
        f"{where}: nothing is known of {condition.column!r}. {did_you_mean(condition.column, [*there, *FIELDS])}"
    )


def targeted(
    plan: Plan, sequence: Sequence, seen: pd.DataFrame, *, policy: Policy | str | dict[str, Any] | None = None
) -> tuple[Bools, Floats]:
    """Tell who is in a sequence's target, and who is served first.

    Parameters
    ----------
    plan
        The plan.
    sequence
        One of its sequences.
    seen
        From `observable`.
    policy
        Whose ``rfm.segment_map`` says which segments there are.

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
        segments = rfm.segment_names(policies.load(policy))
        for name in target.segments:
            if name not in segments:
                raise PolicyError(f"{where}: no segment {name!r}. {did_you_mean(name, segments)}")
        chosen &= seen["segment"].isin(target.segments).to_numpy()
    if target.signals:
        flagged = seen[list(target.signals)].astype("boolean").fillna(value=False)
        chosen &= flagged.any(axis=1).to_numpy(dtype=bool)
    for condition in target.conditions:
        chosen &= holds(condition, seen, where, rules=policies.load(policy))
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
        Gives who has a marketing permission, by channel; that of the exception as ``soft_spam``; who may get what their
        contract brings along as ``service_email`` and so on.
    policy
        Whose ``contact.soft_spam_channels`` count.
    """
    if sequence.purpose == "service":
        return may(f"service_{channel}")
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
        Whose ``contact`` says which channels soft spam may use, and whose ``rfm.segment_map`` which segments there are.

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
        chosen, _ = targeted(plan, sequence, seen, policy=rules)
        for condition in (*sequence.conditions, *(one for step in sequence.steps for one in step.conditions)):
            holds(condition, seen, where, rules=rules)
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
