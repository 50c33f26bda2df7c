"""Mail and web forms -> tickets, leads and notices to the staff; each mail is filed once, with the reason."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pandas as pd

from crmlib import policy as policies
from crmlib.customers.addresses import is_generic
from crmlib.intake.automatic import sender_kind
from crmlib.intake.cleaning import Cleaned, clean_contacts
from crmlib.intake.mail_rows import FORM, PERSONAL, SHARED, channel_of
from crmlib.intake.senders import Sender, is_colleague
from crmlib.shop.required import require

if TYPE_CHECKING:
    from pathlib import Path

    from crmlib.intake.merging import Merged

__all__ = ["Mail", "tickets_from_mail"]

_TICKETS = ["ticket_id", "merged_id", "customer_id", "opened_ts", "mailbox", "subject", "request_text"]
_LEADS = ["merged_id", "created_ts", "channel", "first_name", "last_name", "email", "phone", "request_text"]
_NOTICES = ["merged_id", "customer_id", "created_ts", "new_lead", "notice"]
_FILED = ["contact_id", "merged_id", "customer_id", "received_ts", "as_what", "reason"]
#: What only mail files know of a mail.
_OF_FILES = ["thread_id", "attachments"]
_KINDS = ("ticket", "message", "lead", "bounce", "automatic", "duplicate", "rejected")


@dataclass(frozen=True)
class Mail:
    """What `tickets_from_mail` returns.

    Attributes
    ----------
    tickets
        One for each mail to a generic address, linked to the person who wrote where one is known; of mail files also
        the thread and the attachments by name and size.
    leads
        The people who were not known before.
    notices
        What the staff is told: one for each web form.
    filed
        One row for each mail or form: under whom it was filed, as what (a ticket, a lead, a message of somebody known,
        a bounce, an automatic mail, a duplicate, or rejected), and the reason.
    left_out
        Rows of channels that are no mail's, counted by channel.
    """

    tickets: pd.DataFrame
    leads: pd.DataFrame
    notices: pd.DataFrame
    filed: pd.DataFrame
    left_out: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=["channel", "rows"]))

    def __repr__(self) -> str:
        counts = self.filed["as_what"].value_counts()
        kinds = ", ".join(f"{kind} {counts[kind]:,}" for kind in _KINDS if kind in counts)
        other = ", ".join(f"{channel!r} {rows:,}" for channel, rows in self.left_out.itertuples(index=False))
        return f"Mails: {len(self.filed):,}{f' ({kinds})' if kinds else ''}; new leads: {len(self.leads):,}." + (
            f"\nNo mail, by channel: {other}." if other else ""
        )


@dataclass(frozen=True)
class _Person:
    merged_id: str
    customer_id: str | None


@dataclass
class _Desk:
    """Who is known, and what has been filed so far."""

    by_record: dict[str, _Person]
    by_key: dict[str, _Person]
    leads_by_key: dict[str, _Person] = field(default_factory=dict)
    tickets: list[dict[str, Any]] = field(default_factory=list)
    leads: list[tuple[Any, ...]] = field(default_factory=list)
    notices: list[tuple[Any, ...]] = field(default_factory=list)
    filed: list[tuple[Any, ...]] = field(default_factory=list)
    seen: set[tuple[Any, ...]] = field(default_factory=set)


def tickets_from_mail(
    mails: Any,
    *,
    contacts: Merged | None = None,
    policy: policies.Policy | str | Path | dict[str, Any] | None = None,
) -> Mail:
    """Turn what came in by mail and web form into tickets, leads and notices.

    Mail to a generic address becomes a ticket of the person who wrote, of a new lead, or of nobody where no sender can
    be read. Personal mail makes a lead of a stranger, and is filed under whoever is known. A web form makes a lead with
    the text of the request, and a notice to the staff. The channel says which of them a row is; where it only says that
    it is mail, the mailbox does. What a program wrote, and a mail that is there already, is filed and makes nothing.
    Mails in = rows of ``filed``; rows of other channels are counted in ``left_out``.

    Parameters
    ----------
    mails
        Of `clean_contacts`; or what it takes: a table, an ``.eml`` or ``.mbox`` file, a folder of them, messages.
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
    table = _table(mails, policy)
    desk = _Desk(*_known(contacts))
    other: list[Any] = []
    for row in table.sort_values(["received_ts", "contact_id"], kind="stable").to_dict("records"):
        if not pd.isna(row["as_what"]):
            desk.filed.append((row["contact_id"], None, None, row["received_ts"], row["as_what"], row["reason"]))
            continue
        kind, why = _kind(row, rules)
        if kind is None:
            other.append(row["channel"])
        else:
            _file(desk, row, kind, why, rules)
    tickets = pd.DataFrame(desk.tickets, columns=[*_TICKETS, *_OF_FILES])
    counts = pd.Series(other, dtype=object).fillna("(none)").value_counts().sort_index()
    return Mail(
        tickets.drop(columns=[name for name in _OF_FILES if name not in table]),
        pd.DataFrame(desk.leads, columns=_LEADS),
        pd.DataFrame(desk.notices, columns=_NOTICES),
        pd.DataFrame(desk.filed, columns=_FILED),
        pd.DataFrame({"channel": counts.index.astype("str"), "rows": counts.to_numpy()}),
    )


def _table(mails: Any, policy: Any) -> pd.DataFrame:
    """Return clean rows, those that are no contacts among them."""
    if isinstance(mails, pd.DataFrame) and "email_key" in mails:
        needed = ["contact_id", "received_ts", "channel", "email_key", "mailbox", "request_text"]
        require(mails, "mails", needed, may_be_empty=needed[1:])
        table = mails
    else:
        cleaned = mails if isinstance(mails, Cleaned) else clean_contacts(mails, policy=policy)
        notes = cleaned.log[cleaned.log["column"].isin(["email", "mailbox", "request_text", "received_ts", "the mail"])]
        undone = (notes["column"] + ": " + notes["note"]).groupby(notes["contact_id"]).agg("; ".join)
        parts = [part for part in (cleaned.contacts, cleaned.mail) if len(part)] or [cleaned.contacts]
        table = pd.concat(parts, ignore_index=True)
        table["undone"] = table["contact_id"].map(undone)
    missing = [
        name for name in ("as_what", "reason", "sender", "mail_kind", "mail_note", "undone") if name not in table
    ]
    return table.assign(**dict.fromkeys(missing))


def _file(desk: _Desk, row: dict[Any, Any], kind: str, why: str, rules: policies.Intake) -> None:
    """File one mail, and make of it what it is."""
    key, channel = row["email_key"], channel_of(row["channel"])
    again = _content(row)
    if channel != FORM and again is not None:
        if again in desk.seen:
            kind, why = "duplicate", "the same mail came in before"
        desk.seen.add(again)
    made = kind in {"ticket", "lead", "message"}
    person, new = _person(desk, row, rules) if made else (desk.by_record.get(row["contact_id"]), False)
    if person is None and not made and not pd.isna(key):
        person = desk.by_key.get(key)
    names = (None, None) if person is None else (person.merged_id, person.customer_id)
    if kind == "message":
        new = False
    if new:
        desk.leads.append((names[0], row["received_ts"], *(row[name] for name in _LEADS[2:])))
    if kind == "ticket":
        ticket = dict(zip(_TICKETS, (f"T-{row['contact_id']}", *names, row["received_ts"]), strict=False))
        desk.tickets.append(ticket | {name: row.get(name) for name in [*_TICKETS[4:], *_OF_FILES]})
    if made and channel == FORM:
        desk.notices.append((*names, row["received_ts"], new, _notice(row)))
    what = ("lead" if new else "message") if kind == "lead" else kind
    reasons = [why, "" if person is not None or not made else "sender unknown", row["mail_note"], row["undone"]]
    reason = "; ".join(dict.fromkeys(str(text) for text in reasons if not pd.isna(text) and text))
    desk.filed.append((row["contact_id"], *names, row["received_ts"], what, reason))


def _person(desk: _Desk, row: dict[Any, Any], rules: policies.Intake) -> tuple[_Person | None, bool]:
    """Return who wrote, and whether that is somebody new; nobody where no sender can be read."""
    key = row["email_key"]
    if all(pd.isna(row[name]) for name in ("first_name", "last_name", "email", "phone")):
        return None, False
    person = desk.by_record.get(row["contact_id"]) or (None if pd.isna(key) else desk.by_key.get(key))
    own = f"M-{row['contact_id']}"
    new = person is None or (person.merged_id == own and person.customer_id is None)
    person = person or _Person(own, None)
    if pd.isna(key):
        return person, new
    desk.by_key.setdefault(key, person)
    if new and is_generic(key, rules) and key in desk.leads_by_key:
        return desk.leads_by_key[key], False  # a firm's mailbox is one lead, whoever answers there
    if new:
        desk.leads_by_key.setdefault(key, person)
    return person, new


def _kind(row: dict[Any, Any], rules: policies.Intake) -> tuple[str | None, str]:  # noqa: PLR0911 - one answer a rule
    """Return what a row becomes, and why: the channel says so, or else the mailbox; what is mail at all is a ticket."""
    text = {
        name: "" if pd.isna(row.get(name)) else str(row[name]) for name in ("email", "subject", "mailbox", "sender")
    }
    channel = channel_of(row["channel"])
    if channel == FORM:
        return "lead", "by web form"
    box = text["mailbox"]
    silent = pd.isna(row["channel"]) and not text["subject"] and pd.isna(row["request_text"])
    if channel is None and not box and (silent or not pd.isna(row["channel"])):
        return None, ""
    if not pd.isna(row["mail_kind"]):
        return str(row["mail_kind"]), ""
    names = " ".join(str(row[name]) for name in ("first_name", "last_name") if not pd.isna(row[name]))
    machine, why = sender_kind(text["sender"] or text["email"], names, text["subject"])
    if machine and not ("mail_note" in row and "sent through" in str(row["mail_note"])):
        return machine, why
    if channel == SHARED:
        return "ticket", f"to {box}" if box else "to a mailbox that is everybody's"
    if channel == PERSONAL:
        return "lead", f"to {box}" if box else "to a person"
    if rules.own_domains and text["email"] and is_colleague(Sender("", text["email"]), box, rules):
        return "message", "written by the shop itself"
    if not box:
        return "ticket", "to a mailbox that is not known"
    return (
        ("ticket", f"to {box}, which is everybody's") if is_generic(box, rules) else ("lead", f"to {box}, a person's")
    )


def _content(row: dict[Any, Any]) -> tuple[Any, ...] | None:
    """Return what two copies of a mail have in common, where that is enough to know one by."""
    if pd.isna(row["received_ts"]) or (pd.isna(row["request_text"]) and pd.isna(row["subject"])):
        return None
    names = ("received_ts", "email_key", "mailbox", "subject", "request_text")
    return tuple(None if pd.isna(row[name]) else row[name] for name in names)


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
    who = who or "Somebody"
    return f"{who} wrote by web form: {text}"
