"""A person's consents after a merge: for each channel and purpose, the strictest of what was said."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from crmlib.customers.points import alike
from crmlib.customers.statements import statements
from crmlib.text.consent import CHANNELS, PURPOSES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from crmlib import policy

__all__ = ["strictest"]

_COLUMNS = ["merged_id", "channel", "purpose", "status", "since", "consent_id", "consents"]
_TYPES = {**dict.fromkeys(("merged_id", "channel", "purpose", "status", "consent_id"), "str"), "consents": "int64"}
_LATEST = pd.Timestamp("9999-12-31")


def strictest(consents: pd.DataFrame, merged: Mapping[str, str], rules: policy.Intake) -> pd.DataFrame:
    """Bring the consents of records to the people they are.

    Whoever withdrew a permission under any of their records has withdrawn it; the latest withdrawal counts. Whether a
    permission that was given after it restores it is the policy's choice; by default it does not.

    Parameters
    ----------
    consents
        consent_id, and what `crmlib.customers.statements` reads: customer_id or contact_id, channel, purpose, given_ts,
        withdrawn_ts, in whatever words.
    merged
        Record -> person. Consents of other records are left out.
    rules
        What a later grant does.

    Returns
    -------
    pandas.DataFrame
        One row for each person, channel and purpose: status (given or withdrawn), since when, the consent that decided,
        and of how many.
    """
    stated = statements(consents, "consents", "UTC")
    stated = stated[stated["against"] | stated["ends"].isna()]  # a permission that was withdrawn is a withdrawal
    stated["merged_id"] = _people(stated, merged)
    stated = stated[stated["merged_id"].notna()]
    channels, purposes = stated["channels"].to_numpy(), stated["purposes"].to_numpy()
    parts = [
        stated[(channels >> place & purposes >> number & 1).astype(bool)].assign(channel=channel, purpose=purpose)
        for place, channel in enumerate(CHANNELS)
        for number, purpose in enumerate(PURPOSES)
    ]
    table = pd.concat(parts, ignore_index=True)
    names = consents["consent_id"] if "consent_id" in consents else pd.Series(range(1, len(consents) + 1))
    table["consent_id"] = names.astype("str").to_numpy()[table["row"].to_numpy() - 1]
    keys = ["merged_id", "channel", "purpose"]
    withdrawn = table["against"]
    if rules.later_grant == "restores":
        # an objection without a time is never followed by anything
        last = table["since"].fillna(_LATEST).where(table["against"]).groupby([table[key] for key in keys])
        later = ~table["against"] & (table["since"] > last.transform("max"))
        withdrawn = withdrawn & ~later.groupby([table[key] for key in keys]).transform("any")
    table["status"] = withdrawn.map({True: "withdrawn", False: "given"}).astype("str")
    table["consents"] = table.groupby(keys)["consent_id"].transform("size")
    table = table.sort_values(
        [*keys, "status", "since", "consent_id"], ascending=[True, True, True, False, False, True], ignore_index=True
    )
    return table.drop_duplicates(keys)[_COLUMNS].reset_index(drop=True).astype(_TYPES)


def _people(stated: pd.DataFrame, merged: Mapping[str, str]) -> pd.Series[Any]:
    """Return whose statement each is: by the very id, an objection also by one that may be the same."""
    who = stated["customer_id"].where(stated["customer_id"].notna(), stated["contact_id"])
    person = who.map(merged)
    lost = person.isna() & stated["against"] & who.notna()
    if lost.any():
        likeness = {alike(str(record)): name for record, name in merged.items()}
        person = person.mask(lost, who[lost].map(lambda text: likeness.get(alike(text))))
    return person
