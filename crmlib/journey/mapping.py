"""The customer map: the type of each person, the channels they like and allow, and what the shop does for them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from crmlib import engine
from crmlib import policy as policies
from crmlib.churn.signals import flags
from crmlib.customers.consent import CHANNELS, may_contact
from crmlib.days import until
from crmlib.journey.people import unknown_people
from crmlib.journey.three_models import FOUR_A, TYPES
from crmlib.personas import STAGES, furthest_stage, recommendations, visits
from crmlib.shop.observed import as_known_on, day_of

if TYPE_CHECKING:
    from datetime import date

    from crmlib.arrays import Bools, Ints, Objects
    from crmlib.policy import Policy
    from crmlib.shop import Shop

__all__ = ["customer_map", "four_a_of", "types_of"]

_COLUMNS = ["customer_id", "contact_id", "type", "stage", "four_a", "answered", "preferred", "allowed", "channels",
            "action"]  # fmt: skip


def customer_map(
    shop: Shop,
    *,
    as_of: date | str | None = None,
    policy: Policy | str | dict[str, Any] | None = None,
    contacts: bool = True,
) -> pd.DataFrame:
    """Say what each person is to the shop, through which channels to talk to them, and what to do.

    Parameters
    ----------
    shop
        Orders are enough; accounts, visits, logins, surveys, consents and raw contacts are used where they are.
    as_of
        The day; the shop's own by default.
    policy
        Whose ``journey`` says what makes a lead, one at risk, an advocate, and what is done for each; ``personas``
        holds the thresholds of stages, ``churn`` those of signals.
    contacts
        Whether the people whom only raw contacts know belong to the map. They are cleaned and merged by equal
        mailboxes and phones first (`crmlib.intake.merge_contacts`), so that a customer's own request is no lead.

    Returns
    -------
    pandas.DataFrame
        One row a person, customers first:

        - customer_id, or contact_id (`merged_id` of the intake) for those without an account;
        - type, of `TYPES`; stage, of the five; four_a, of the four (ordered categories);
        - answered, whether a buyer answered the question of recommending: nobody else can be seen to be an advocate;
        - preferred, the channel that the person asked for (missing if none); allowed, those with a marketing permission
          (email to own customers by soft spam among them), joined by a bar; channels, those among them that suit the
          type, the preferred one first; action.

    Raises
    ------
    CrmlibError
        Nobody had bought by that day, or it is later than the shop's own.

    Examples
    --------
    >>> from crmlib import open_shop
    >>> orders = pd.DataFrame({"customer_id": ["ann", "bob"], "order_ts": ["2024-01-01", "2024-03-01"], "amount": 10})
    >>> shop = open_shop(orders, as_of="2024-03-02", policy={"journey": {"at_risk_least": 1}})
    Opened ...
    >>> customer_map(shop)[["customer_id", "type", "stage", "action"]]
      customer_id      type        stage                         action
    0         ann   at_risk  acquisition  discount on the next purchase
    1         bob  customer  acquisition        post-purchase follow-up
    """
    day = day_of(shop, as_of)
    shop = as_known_on(shop, day)
    rules = policies.load(policy or shop.policy)
    stage = furthest_stage(shop, as_of=day, policy=rules)
    stage = stage.set_axis(stage.index.astype("str")).sort_index()
    bought = engine.run("personas_history", tables={"orders": shop.orders}, until=until(day)).to_pandas()
    orders = bought.set_index("customer_id")["orders"].reindex(stage.index).fillna(0).to_numpy()
    allowed = may_contact(shop, policy=rules).reindex(stage.index, fill_value=False)
    reached: Ints = np.asarray(stage.cat.codes, dtype=np.int64)
    buys = orders > 0
    marketing = allowed[list(CHANNELS)].to_numpy(dtype=bool).copy()
    consents = np.asarray(marketing.any(axis=1))
    marketing[:, 0] |= allowed["soft_spam"].to_numpy(dtype=bool) & buys
    seen = visits(shop, as_of=shop.as_of)
    often = np.zeros(len(stage), dtype=bool)
    if seen is not None:
        often = seen.reindex(stage.index, fill_value=0).to_numpy() >= rules.personas.consideration_visits
    signals = flags(shop, policy=rules).set_index("customer_id").reindex(stage.index)
    types = types_of(reached, buys, consents, often, signals, rules)
    four = four_a_of(orders, reached, rules)
    scores = recommendations(shop, as_of=day)
    answered = buys & (stage.index.isin(scores.index.astype("str")) if scores is not None else False)
    found = pd.DataFrame({"customer_id": stage.index, "contact_id": pd.Series(None, range(len(stage)), "str"),
                          "type": types, "stage": reached, "four_a": four, "answered": answered})  # fmt: skip
    preferred = _preferred(shop, stage.index)
    if contacts and "contacts_raw" in shop.tables:
        others, theirs = unknown_people(shop, rules)
        found = pd.concat([found, others.assign(four_a=0, stage=0, answered=False)], ignore_index=True)
        marketing, preferred = np.vstack([marketing, theirs]), np.append(preferred, np.full(len(others), None))
    means = pd.DataFrame({"type": found["type"], "preferred": preferred, "may": marketing @ [1, 2, 4, 8]})
    found["preferred"] = pd.Series(preferred, found.index, "str")
    found["allowed"], found["channels"] = _channels(means, rules)
    found["action"] = found["type"].map({name: touch.action for name, touch in rules.journey.actions.items()})
    found["type"] = pd.Categorical(found["type"], categories=list(TYPES), ordered=True)
    for column, names in (("stage", STAGES), ("four_a", FOUR_A)):
        found[column] = pd.Categorical([names[code] for code in found[column]], categories=list(names), ordered=True)
    return found[_COLUMNS]


def types_of(  # noqa: PLR0917 - what tells customers apart, each a column
    reached: Ints, buys: Bools, consents: Bools, often: Bools, signals: pd.DataFrame, rules: Policy
) -> Objects:
    """Say what each customer is to the shop, of `TYPES`.

    Parameters
    ----------
    reached
        The number of the furthest stage.
    buys, consents, often
        Whether they have ordered, allow marketing, visit often. A request is a contact's, not an account's.
    signals
        From `crmlib.churn.signals.flags`, in the same order.
    rules
        Whose ``journey`` says what makes a lead and one at risk, and what comes first.
    """
    shown = {"account": np.ones(len(buys), dtype=bool), "consent": consents, "visits": often}
    none = np.zeros(len(buys), dtype=bool)
    lead = np.logical_or.reduce([none, *(shown[name] for name in rules.journey.lead_by if name in shown)])
    signs = signals[list(dict.fromkeys(rules.journey.at_risk_signals))].astype("boolean").fillna(value=False)
    at_risk = signs.sum(axis=1).to_numpy(dtype=int) >= rules.journey.at_risk_least
    types = np.where(buys, "customer", np.where(lead, "lead", "prospect")).astype(object)
    types[buys & at_risk] = "at_risk"
    advocate = reached == STAGES.index("advocacy")
    types[advocate if rules.journey.first == "advocate" else advocate & (types == "customer")] = "advocate"
    return types


def four_a_of(orders: Any, reached: Ints, rules: Policy) -> Ints:
    """Return the number of the stage by the four A that each customer reached.

    Parameters
    ----------
    orders
        How many each has.
    reached
        The number of the furthest of the five stages.
    rules
        Whose ``personas.retention_orders`` says how many orders make a habit.
    """
    four: Ints = np.select([orders >= rules.personas.retention_orders, orders > 0, reached >= 1], [3, 2, 1], 0)
    return four


def _preferred(shop: Shop, customers: pd.Index[Any]) -> Objects:
    if "customers" not in shop.tables or "preferred_channel" not in shop.customers.columns:
        return np.full(len(customers), None, dtype=object)
    told = shop.orders.engine.frame(f"select customer_id, preferred_channel from {shop.customers.name}")
    of_each = told.drop_duplicates("customer_id").set_index("customer_id")["preferred_channel"]
    found: Objects = of_each.reindex(customers).to_numpy(dtype=object)
    return found


def _channels(means: pd.DataFrame, rules: Policy) -> tuple[pd.Series, pd.Series]:
    """Name the channels allowed, and those that suit the type, the preferred one first; each combination once."""
    key = pd.MultiIndex.from_frame(means.fillna({"preferred": ""}))
    made = {}
    for kind, preferred, bits in key.unique():
        may = [name for place, name in enumerate(CHANNELS) if int(bits) >> place & 1]
        suit = [name for name in rules.journey.actions[kind].channels if name in may]
        made[kind, preferred, bits] = "|".join(may), "|".join(sorted(suit, key=lambda name: name != preferred))
    both = [made[one] for one in key]
    allowed = pd.Series([one[0] for one in both], means.index, "str")
    return allowed, pd.Series([one[1] for one in both], means.index, "str")
