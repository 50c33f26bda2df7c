"""The customer map: the type of each person, the channels they like and allow, and what the shop does for them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from crmlib import engine
from crmlib import policy as policies
from crmlib.churn.consent import CHANNELS, may_contact
from crmlib.churn.observed import as_known_on, day_of
from crmlib.churn.signals import flags
from crmlib.days import until
from crmlib.journey.people import unknown_people
from crmlib.journey.three_models import FOUR_A, TYPES
from crmlib.personas import STAGES, furthest_stage, visits

if TYPE_CHECKING:
    from datetime import date

    from numpy.typing import NDArray

    from crmlib.policy import Policy
    from crmlib.shop import Shop

__all__ = ["customer_map"]

_COLUMNS = ["customer_id", "contact_id", "type", "stage", "four_a", "preferred", "allowed", "channels", "action"]


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
    reached, buys = stage.cat.codes.to_numpy(), orders > 0
    marketing = allowed[list(CHANNELS)].to_numpy(dtype=bool).copy()
    consents = np.asarray(marketing.any(axis=1))
    marketing[:, 0] |= allowed["soft_spam"].to_numpy(dtype=bool) & buys
    lead = _leads(shop, stage.index, consents, rules)
    types = np.where(buys, "customer", np.where(lead, "lead", "prospect")).astype(object)
    types[buys & _at_risk(shop, stage.index, rules)] = "at_risk"
    advocate = reached == STAGES.index("advocacy")
    types[advocate if rules.journey.first == "advocate" else advocate & (types == "customer")] = "advocate"
    four = np.select([orders >= rules.personas.retention_orders, buys, reached >= 1], [3, 2, 1], 0)
    found = pd.DataFrame({"customer_id": stage.index, "contact_id": pd.Series(None, range(len(stage)), "str"),
                          "type": types, "stage": reached, "four_a": four})  # fmt: skip
    preferred = _preferred(shop, stage.index)
    if contacts and "contacts_raw" in shop.tables:
        others, theirs = unknown_people(shop, rules)
        found = pd.concat([found, others.assign(four_a=0, stage=0)], ignore_index=True)
        marketing, preferred = np.vstack([marketing, theirs]), np.append(preferred, np.full(len(others), None))
    means = pd.DataFrame({"type": found["type"], "preferred": preferred, "may": marketing @ [1, 2, 4, 8]})
    found["preferred"] = pd.Series(preferred, found.index, "str")
    found["allowed"], found["channels"] = _channels(means, rules)
    found["action"] = found["type"].map({name: touch.action for name, touch in rules.journey.actions.items()})
    found["type"] = pd.Categorical(found["type"], categories=list(TYPES), ordered=True)
    for column, names in (("stage", STAGES), ("four_a", FOUR_A)):
        found[column] = pd.Categorical([names[code] for code in found[column]], categories=list(names), ordered=True)
    return found[_COLUMNS]


def _leads(shop: Shop, customers: pd.Index[Any], consents: NDArray[np.bool_], rules: Policy) -> NDArray[np.bool_]:
    """Say who would be a lead if they had not bought; a request is a contact's, not an account's."""
    seen = visits(shop, as_of=shop.as_of)
    often = np.zeros(len(customers), dtype=bool)
    if seen is not None:
        often = seen.reindex(customers, fill_value=0).to_numpy() >= rules.personas.consideration_visits
    shown = {"account": np.ones(len(customers), dtype=bool), "consent": consents, "visits": often}
    lead: NDArray[np.bool_] = np.logical_or.reduce([
        np.zeros(len(customers), dtype=bool), *(shown[name] for name in rules.journey.lead_by if name in shown)
    ])  # fmt: skip
    return lead


def _at_risk(shop: Shop, customers: pd.Index[Any], rules: Policy) -> NDArray[np.bool_]:
    found = flags(shop, policy=rules).set_index("customer_id").reindex(customers)
    signals = found[list(dict.fromkeys(rules.journey.at_risk_signals))].astype("boolean").fillna(value=False)
    at_risk: NDArray[np.bool_] = signals.sum(axis=1).to_numpy(dtype=int) >= rules.journey.at_risk_least
    return at_risk


def _preferred(shop: Shop, customers: pd.Index[Any]) -> NDArray[np.object_]:
    if "customers" not in shop.tables or "preferred_channel" not in shop.customers.columns:
        return np.full(len(customers), None, dtype=object)
    told = shop.orders.engine.frame(f"select customer_id, preferred_channel from {shop.customers.name}")
    of_each = told.drop_duplicates("customer_id").set_index("customer_id")["preferred_channel"]
    found: NDArray[np.object_] = of_each.reindex(customers).to_numpy(dtype=object)
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
