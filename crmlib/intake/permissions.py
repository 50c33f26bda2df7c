"""A person's consents after a merge: for each channel and purpose, the strictest of what was said."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from crmlib.schema import require

if TYPE_CHECKING:
    from collections.abc import Mapping

    from crmlib import policy

__all__ = ["strictest"]

_COLUMNS = ["merged_id", "channel", "purpose", "status", "since", "consent_id", "consents"]


def strictest(consents: pd.DataFrame, merged: Mapping[str, str], rules: policy.Intake) -> pd.DataFrame:
    """Bring the consents of records to the people they are.

    Whoever withdrew a permission under any of their records has withdrawn it; the latest withdrawal counts. Whether a
    permission that was given after it restores it is the policy's choice; by default it does not.

    Parameters
    ----------
    consents
        consent_id, customer_id or contact_id, channel, purpose, given_ts, withdrawn_ts.
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
    require(
        consents,
        "consents",
        ["consent_id", "channel", "purpose", "given_ts", "withdrawn_ts"],
        may_be_empty=["given_ts", "withdrawn_ts"],
    )
    who = pd.Series(None, index=consents.index, dtype="str")
    for name in ("customer_id", "contact_id"):
        if name in consents:
            who = who.fillna(consents[name].astype("str"))
    table = consents.assign(merged_id=who.map(merged))
    table = table[table["merged_id"].notna()].astype({"consent_id": "str"})
    keys = ["merged_id", "channel", "purpose"]
    withdrawn = table["withdrawn_ts"].notna()
    if rules.later_grant == "restores":
        last = table.groupby(keys)["withdrawn_ts"].transform("max")
        withdrawn &= ~(~withdrawn & (table["given_ts"] > last)).groupby([table[key] for key in keys]).transform("any")
    table["status"] = withdrawn.map({True: "withdrawn", False: "given"})
    table["since"] = table["withdrawn_ts"].where(withdrawn, table["given_ts"])
    table["consents"] = table.groupby(keys)["consent_id"].transform("size")
    table = table.sort_values(
        [*keys, "status", "since", "consent_id"], ascending=[True, True, True, False, False, True], ignore_index=True
    )
    return table.drop_duplicates(keys)[_COLUMNS].reset_index(drop=True)
