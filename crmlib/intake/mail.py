"""Mail and web forms -> tickets, leads and notices to the staff."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from crmlib import policy as policies
from crmlib.intake.addresses import is_generic
from crmlib.intake.cleaning import Cleaned
from crmlib.schema import require

if TYPE_CHECKING:
    from pathlib import Path

    from crmlib.intake.merging import Merged

__all__ = ["Mail", "tickets_from_mail"]

_TICKETS = ["ticket_id", "merged_id", "customer_id", "opened_ts", "mailbox", "subject", "request_text"]
_LEADS = ["merged_id", "created_ts", "channel", "first_name", "last_name", "email", "phone", "request_text"]
_NOTICES = ["merged_id", "customer_id", "created_ts", "new_lead", "notice"]
_FILED = ["contact_id", "merged_id", "customer_id", "received_ts", "as_what"]


@dataclass(frozen=True)
class Mail:
    """What `tickets_from_mail` returns.

    Attributes
    ----------
    tickets
        One for each mail to a generic address, linked to the person who wrote.
    leads
        The people who were not known before.
    notices
        What the staff is told: one for each web form.
    filed
        One row for each mail or form: under whom it was filed, as a ticket, a lead or a message.
    """

    tickets: pd.DataFrame
    leads: pd.DataFrame
    notices: pd.DataFrame
    filed: pd.DataFrame


@dataclass(frozen=True)
class _Person:
    merged_id: str
    customer_id: str | None


def tickets_from_mail(
    mails: Cleaned | pd.DataFrame,
    *,
    contacts: Merged | None = None,
    policy: policies.Policy | str | Path | dict[str, Any] | None = None,
) -> Mail:
    """Turn what came in by mail and web form into tickets, leads and notices.

    Mail to a generic address becomes a ticket of the person who wrote, or of a new lead. Personal mail makes a lead of
    a stranger, and is filed under whoever is known. A web form makes a lead with the text of the request, and a notice
    to the staff. Other channels are left out.

    Parameters
    ----------
    mails
        Of `clean_contacts`.
    contacts
        Who is known, of `merge_contacts`; it may hold the mails themselves.
    policy
        Definitions of the business; see `crmlib.policy.Intake.generic_mailboxes`.

    Examples
    --------
    >>> import pandas as pd
    >>> from crmlib.intake import clean_contacts
    >>> raw = pd.DataFrame({
    ...     "contact_id": ["1", "2"], "channel": ["generic_mailbox", "web_form"], "email": ["anna@example.org"] * 2,
    ...     "mailbox": ["info@bottega.example", None], "request_text": ["Where is my parcel?", "A catalogue, please"],
    ... })
    >>> mail = tickets_from_mail(clean_contacts(raw))
    >>> mail.tickets[["ticket_id", "merged_id", "request_text"]].values.tolist()
    [['T-1', 'M-1', 'Where is my parcel?']]
    >>> mail.leads["merged_id"].tolist(), mail.filed["as_what"].tolist()
    (['M-1'], ['ticket', 'message'])
    >>> mail.notices["notice"].tolist()
    ['anna@example.org wrote by web form: A catalogue, please']
    """
    rules = policies.load(policy).intake
    table = mails.contacts if isinstance(mails, Cleaned) else mails
    needed = ["contact_id", "received_ts", "channel", "email_key", "mailbox", "request_text"]
    require(table, "mails", needed, may_be_empty=needed[1:])
    by_record, by_key = _known(contacts)
    tickets: list[tuple[Any, ...]] = []
    leads: list[tuple[Any, ...]] = []
    notices: list[tuple[Any, ...]] = []
    filed: list[tuple[Any, ...]] = []
    for row in table.sort_values(["received_ts", "contact_id"]).to_dict("records"):
        kind = _kind(row, rules)
        if kind is None:
            continue
        key = row["email_key"]
        person = by_record.get(row["contact_id"]) or (None if pd.isna(key) else by_key.get(key))
        own = f"M-{row['contact_id']}"
        new = person is None or (person.merged_id == own and person.customer_id is None)
        person = person or _Person(own, None)
        if not pd.isna(key):
            by_key.setdefault(key, person)
        if new:
            leads.append((person.merged_id, row["received_ts"], *(row[name] for name in _LEADS[2:])))
        if kind == "ticket":
            tickets.append((f"T-{row['contact_id']}", person.merged_id, person.customer_id, row["received_ts"],
                            row["mailbox"], row["subject"], row["request_text"]))  # fmt: skip
        if row["channel"] == "web_form":
            notices.append((person.merged_id, person.customer_id, row["received_ts"], new, _notice(row)))
        what = kind if kind == "ticket" else "lead" if new else "message"
        filed.append((row["contact_id"], person.merged_id, person.customer_id, row["received_ts"], what))
    return Mail(
        pd.DataFrame(tickets, columns=_TICKETS),
        pd.DataFrame(leads, columns=_LEADS),
        pd.DataFrame(notices, columns=_NOTICES),
        pd.DataFrame(filed, columns=_FILED),
    )


def _kind(row: dict[Any, Any], rules: policies.Intake) -> str | None:
    """Return what a row becomes: the address that received it says so, or else the channel."""
    if row["channel"] == "web_form":
        return "lead"
    if not pd.isna(row["mailbox"]):
        return "ticket" if is_generic(row["mailbox"], rules) else "lead"
    return {"generic_mailbox": "ticket", "personal_mail": "lead"}.get(row["channel"])


def _known(contacts: Merged | None) -> tuple[dict[str, _Person], dict[str, _Person]]:
    """Return record -> person and mailbox -> person; a mailbox of several people names none of them."""
    if contacts is None:
        return {}, {}
    account = contacts.contacts.set_index("merged_id")["customer_id"]
    people = {name: _Person(name, None if pd.isna(account[name]) else account[name]) for name in account.index}
    by_record = {record: people[name] for record, name in
                 contacts.members[["record_id", "merged_id"]].itertuples(index=False)}  # fmt: skip
    by_key: dict[str, _Person] = {}
    shared = set()
    for record, key in contacts.originals[["contact_id", "email_key"]].dropna().itertuples(index=False):
        if by_key.setdefault(key, by_record[record]) != by_record[record]:
            shared.add(key)
    return by_record, {key: person for key, person in by_key.items() if key not in shared}


def _notice(row: dict[Any, Any]) -> str:
    name = " ".join(row[part] for part in ("first_name", "last_name") if not pd.isna(row[part]))
    reach = [row[part] for part in ("email", "phone") if not pd.isna(row[part])]
    who = f"{name} ({', '.join(reach)})" if name and reach else name or ", ".join(reach)
    text = "no text" if pd.isna(row["request_text"]) else row["request_text"]
    return f"{who} wrote by web form: {text}"
