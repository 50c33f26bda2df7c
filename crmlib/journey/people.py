"""People whom only raw contacts know: prospects and leads without an account."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from crmlib import intake
from crmlib.customers.consent import CHANNELS, objecting_contacts

if TYPE_CHECKING:
    from crmlib.arrays import Bools
    from crmlib.policy import Policy
    from crmlib.shop import Shop

__all__ = ["unknown_people"]


def unknown_people(shop: Shop, rules: Policy) -> tuple[pd.DataFrame, Bools]:
    """Clean and merge the raw contacts, and return the people who are no customers.

    Parameters
    ----------
    shop
        Its raw contacts, as known on its day; its accounts and consents where it has them.
    rules
        Whose ``journey.lead_by`` says who of them is a lead.

    Returns
    -------
    tuple
        contact_id and type of each, and for each channel (a column) whether marketing is allowed there.
    """
    raw = intake.clean_contacts(shop.contacts_raw.to_pandas(), policy=rules)
    accounts = None
    if "customers" in shop.tables:
        names = {"contact_id": "customer_id"}
        if "registered_ts" in shop.customers.columns:
            names["received_ts"] = "registered_ts"
        accounts = intake.clean_contacts(shop.customers.to_pandas(), columns=names, policy=rules)
    consents = shop.consents.to_pandas() if "consents" in shop.tables else None
    merged = intake.merge_contacts(raw, customers=accounts, consents=consents, policy=rules, keys_only=True)
    people = merged.contacts
    others = people["merged_id"] if accounts is None else people.loc[people["customer_id"].isna(), "merged_id"]
    person = merged.members.set_index("record_id")["merged_id"]
    asked = raw.contacts.loc[raw.contacts["request_text"].notna(), "contact_id"].map(person)
    allowed = np.zeros((len(others), len(CHANNELS)), dtype=bool)
    if consents is not None:
        given = merged.consents[(merged.consents["purpose"] == "marketing") & (merged.consents["status"] == "given")]
        objecting = objecting_contacts(shop, rules)
        for place, channel in enumerate(CHANNELS):
            left = person.reindex(sorted(objecting[channel])).dropna()
            allowed[:, place] = others.isin(given.loc[given["channel"] == channel, "merged_id"]) & ~others.isin(left)
    shown = {"request": others.isin(asked).to_numpy(), "consent": allowed.any(axis=1)}
    lead = np.zeros(len(others), dtype=bool)
    for name in rules.journey.lead_by:
        lead |= shown.get(name, lead)
    types = np.where(lead, "lead", "prospect")
    found = pd.DataFrame({"customer_id": pd.Series(None, others.index, "str"), "contact_id": others, "type": types})
    return found.reset_index(drop=True), allowed
