"""What merging compares: one record for each contact and each account, under keys that spellings share."""

from __future__ import annotations

from functools import lru_cache
from math import log
from typing import TYPE_CHECKING

import pandas as pd

from crmlib.customers.addresses import is_generic
from crmlib.intake.honorifics import bare_company
from crmlib.intake.names import forms, from_address
from crmlib.intake.placeholders import no_mailbox, no_number
from crmlib.intake.tidying import plain

if TYPE_CHECKING:
    from crmlib import policy

__all__ = ["records"]

_plain = lru_cache(1 << 16)(plain)
_COLUMNS = [
    *("contact_id", "account", "received_ts", "first_name", "last_name", "generation", "company", "email"),
    *("email_key", "phone", "phone_key", "phone_guessed", "city", "postcode", "street", "birth_date"),
]
_SURE = 1.0  # how much likelier the other way round must be before names are turned, as a log ratio


def records(contacts: pd.DataFrame, customers: pd.DataFrame | None, rules: policy.Intake) -> pd.DataFrame:
    """Return what can be compared of contacts and accounts.

    Parameters
    ----------
    contacts, customers
        Clean, as `crmlib.intake.clean_contacts` gives them.
    rules
        Which mailboxes are everybody's.

    Returns
    -------
    pandas.DataFrame
        One row each, the earliest first: record_id, account (whether it is one), given, family, forms (what the given
        name may stand for), generation, company (its name, where it is no person), turned (whether the names stood the
        wrong way round), email, its local part and provider, mailbox (the address whoever it belongs to), phone,
        number (in E.164, where its country is certain), city, postcode without zeros before it, place (both of them,
        where both are there), street, birth_date.
    """
    both = [contacts.assign(account=False)]
    if customers is not None:
        both.append(customers.assign(account=True))
    table = pd.concat([side.reindex(columns=_COLUMNS) for side in both], ignore_index=True)
    table = table.astype({name: "str" for name in _COLUMNS if name not in {"account", "received_ts", "phone_guessed"}})
    table["account"] = table["account"].astype("bool")
    table = table.sort_values(["received_ts", "account", "contact_id"], na_position="last", ignore_index=True)
    typed = table[["first_name", "last_name", "company"]].notna().any(axis=1)
    company = table["company"].where(table["first_name"].isna() & table["last_name"].isna())
    read = table["email"].where(~typed).astype(object).map(from_address, na_action="ignore")
    first, last = (
        _plain_names(
            table[column].fillna(read.map(lambda name, part=part: name[part], na_action="ignore").astype("str"))
        )
        for part, column in enumerate(("first_name", "last_name"))
    )
    turned = _turned(first, last)
    first, last = first.mask(turned, last).astype("str"), last.mask(turned, first).astype("str")
    nobody = [not pd.isna(key) and (is_generic(key, rules) or no_mailbox(key, rules)) for key in table["email_key"]]
    email = table["email_key"].mask(pd.Series(nobody, index=table.index, dtype=bool)).astype("str")
    none = [not pd.isna(key) and no_number(key, rules) for key in table["phone_key"]]
    phone = table["phone_key"].mask(pd.Series(none, index=table.index, dtype=bool)).astype("str")
    guessed = table["phone_guessed"].astype("boolean").fillna(value=True)
    # one list lost the zeros before a postcode, another kept them
    postcode = table["postcode"].str.replace(r"^0+(?=\d+$)", "", regex=True).astype("str")
    return pd.DataFrame(
        {
            "record_id": table["contact_id"],
            "account": table["account"],
            "given": first,
            "family": last,
            "forms": first.map(lambda name: sorted(forms(name)), na_action="ignore").astype(object),
            "generation": table["generation"],
            "company": _plain_names(company.map(bare_company, na_action="ignore").astype("str")),
            "turned": turned & typed,
            "email": email,
            "local": email.str.extract("^([^@]*)@", expand=False).astype("str"),
            "provider": email.str.extract("@(.*)$", expand=False).astype("str"),
            "mailbox": table["email_key"],
            "phone": phone,
            "number": table["phone"].mask(guessed.astype("bool") | phone.isna()).astype("str"),
            "city": (city := _plain_names(table["city"])),
            "place": city + " " + postcode,
            "postcode": postcode,
            "street": _plain_names(table["street"]),
            "birth_date": table["birth_date"].str.replace(r"\D", "", regex=True).replace("", None).astype("str"),
        }
    )


def _plain_names(names: pd.Series[str]) -> pd.Series[str]:
    """Return names as they compare; one of nothing but marks is none."""
    return names.map(lambda name: _plain(name) or None, na_action="ignore").astype("str")


def _turned(first: pd.Series[str], last: pd.Series[str]) -> pd.Series[bool]:
    """Tell which names stand the wrong way round, judged by how often each word is a first or a last name here."""
    as_first, as_last = first.value_counts(), last.value_counts()

    def leaning(names: pd.Series[str]) -> pd.Series[float]:
        """Return how much more of a first name than of a last name a word is."""
        in_first, in_last = (names.map(counts).astype("float64").fillna(0) + 0.5 for counts in (as_first, as_last))
        return (in_first / in_last).map(log)

    return (leaning(first) - leaning(last) < -_SURE) & first.notna() & last.notna()
