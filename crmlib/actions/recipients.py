"""The people behind a queue: where each can be reached, and what a message may call them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from crmlib import policy as policies
from crmlib.actions.gates import HELD
from crmlib.customers.addresses import address, phone, region
from crmlib.customers.points import columns_for, joined
from crmlib.intake.tidying import cased, tidy

if TYPE_CHECKING:
    import pandas as pd

    from crmlib.policy import Intake, Policy
    from crmlib.shop import Shop

__all__ = ["NOT_SENT", "recipients", "without_address"]

#: Why an entry that may be sent is not sent, beside `crmlib.actions.WHY`.
NOT_SENT = {
    "no_address": "The shop has no address of the customer for this channel that can be read.",
    "same_address": "Another account has the same mail address or telephone, and each is written to once.",
    "not_written": "The message cannot be written for this customer: see the detail.",
}

_FIELDS = ("customer_id", "email", "phone", "first_name", "last_name", "language", "country", "city")
_SPELLED = ("email", "phone", "country")  # the columns by which consent compares, found as it finds them


def recipients(
    shop: Shop,
    customers: pd.Series[str],
    *,
    policy: Policy | str | dict[str, Any] | None = None,
    phone_of: pd.Series[str] | None = None,
) -> pd.DataFrame:
    """Return where customers can be reached, cleaned as `crmlib.intake` cleans.

    Parameters
    ----------
    shop
        Its table ``customers``; without one nobody can be reached. Mailboxes and numbers are read in the form in which
        consent compares them, so that whoever is reached is whoever may object.
    customers
        Whose; each once is enough.
    policy
        Whose ``intake`` says how addresses and numbers are read; the shop's by default.
    phone_of
        Whose telephone numbers are wanted, which take most of the time to read; everybody's by default.

    Returns
    -------
    pandas.DataFrame
        customer_id as index, in its order: email, phone (E.164), first_name, last_name, language, country, city; empty
        text for what is missing or cannot be read.

    Examples
    --------
    >>> import pandas as pd
    >>> from crmlib import open_shop
    >>> recipients(open_shop("shop"), pd.Series(["C0000006"]))[["email", "phone", "first_name"]].iloc[0].tolist()
    Opened shop: ...
    ['francesca.raimondi@example.com', '+393030379668', 'Francesca']
    """
    import pandas as pd

    rules = policies.load(policy or shop.policy).intake
    asked = pd.DataFrame({"customer_id": pd.Series(customers, dtype="str").drop_duplicates().sort_values()})
    engine = shop.orders.engine
    if "customers" in shop.tables and "customer_id" in shop.customers.columns:
        some = engine.query("actions_recipients", {"people": shop.customers, "wanted": engine.add(asked)}).to_pandas()
    else:
        some = pd.DataFrame(columns=list(_FIELDS), dtype=object)
    read = {
        name: joined(some, columns_for(some.columns, name)) if name in _SPELLED else
        some[name].astype(object) if name in some else None
        for name in _FIELDS
    }  # fmt: skip
    found = pd.DataFrame(read, index=some.index, dtype=object)
    found = found.where(found.notna(), "").astype(str).sort_values(list(_FIELDS), kind="stable")
    found = found.drop_duplicates("customer_id").set_index("customer_id")
    found["email"] = [address(text, rules).email or "" for text in found["email"]]
    called = found.index.isin(found.index if phone_of is None else phone_of)
    found["phone"] = [
        _number(text, region(country), rules) if wanted else ""
        for text, country, wanted in zip(found["phone"], found["country"], called, strict=True)
    ]
    found["country"] = [region(text) or "" for text in found["country"]]
    for name in ("first_name", "last_name"):
        found[name] = [cased(tidy(text)) if text.strip() else "" for text in found[name]]
    found["city"] = [cased(tidy(text), place=True) if text.strip() else "" for text in found["city"]]
    return found


def _number(text: str, country: str | None, rules: Intake) -> str:
    return (phone(text, country, rules).phone or "") if text.strip() else ""


def without_address(entries: pd.DataFrame, people: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Part entries whose channel reaches their customer from those that it does not.

    Parameters
    ----------
    entries
        Of a queue.
    people
        From `recipients`.

    Returns
    -------
    tuple of pandas.DataFrame
        The entries that can be sent, and those held back, with ``no_address`` as the reason why.
    """
    mail = entries["customer_id"].map(people["email"]).fillna("").astype(str)
    number = entries["customer_id"].map(people["phone"]).fillna("").astype(str)
    there = mail.where(entries["channel"] == "email", number) != ""
    held = entries[~there].copy()
    held["why"] = "no_address"
    kind = held["channel"].map(lambda channel: "mail address" if channel == "email" else "telephone number")
    held["detail"] = "The shop has no " + kind.astype(str) + " of this customer that can be read."
    return entries[there], held.reindex(columns=HELD)
