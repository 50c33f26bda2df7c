"""One mail as it came over the wire -> one row: who wrote, to which mailbox, when, and what.

Whatever a mail holds, it becomes a row: what cannot be read is left out and noted.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email import message_from_bytes
from email.message import Message
from email.policy import EmailPolicy
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

from crmlib.customers.addresses import is_generic
from crmlib.files import checksum
from crmlib.intake import mail_parts
from crmlib.intake.automatic import header_kind, is_machine, sender_kind
from crmlib.intake.message_text import header_text
from crmlib.intake.senders import Sender, form_sender, forwarded, is_colleague, senders

if TYPE_CHECKING:
    from crmlib import policy as policies

__all__ = ["NotMail", "mail_row"]

#: Of a longer mail only the beginning is read: its end is an attachment, or an attack.
_LONGEST = 50_000_000
_LONGEST_ID = 200
_TO = ("to", "cc", "bcc", "x-original-to", "envelope-to", "delivered-to")
_DELIVERED = ("delivered-to", "x-original-to", "envelope-to")
_YEARS = range(1980, 2100)
_OUTLOOK = b"\xd0\xcf\x11\xe0"
_OF_PARTS = re.compile(rb"^content-(?:type|transfer-encoding):.*(?:\n[ \t].*)*\n?", re.IGNORECASE | re.MULTILINE)
_ID = re.compile(r"<([^<>\s]+)>")


class NotMail(Exception):  # noqa: N818 - a file that is none is no error: it becomes a reject
    """Bytes that are no mail, and why."""


class _Careful(EmailPolicy):
    """Python's default policy for headers of any content: its parser fails on some, and takes minutes for long ones."""

    def header_fetch_parse(self, name: str, value: Any) -> Any:
        """Return a header, parsed where that is possible."""
        short = str(value)[:2000]
        try:
            return super().header_fetch_parse(name, short)
        except Exception:  # noqa: BLE001 - the parser of headers raises whatever its grammar stumbles over
            return header_text(short)


_POLICY = _Careful()


@dataclass
class _Letter:
    """A mail while it is read."""

    message: Message
    notes: list[str] = field(default_factory=list)
    headers: dict[str, list[str]] = field(default_factory=dict)

    def first(self, *names: str) -> str:
        """Return the first header of these names that says something."""
        return next((value for name in names for value in self.headers.get(name, ()) if value.strip()), "")


def mail_row(mail: bytes | Message, rules: policies.Intake) -> dict[str, str | None]:
    r"""Read one mail.

    Parameters
    ----------
    mail
        Its bytes, or a message of Python's `email`.
    rules
        Which mailboxes are everybody's.

    Returns
    -------
    dict
        Columns of contacts, and ``thread_id``, ``attachments`` (names and sizes), ``mail_kind`` (``bounce``,
        ``automatic`` or nothing) and ``mail_note`` (what was noticed).

    Raises
    ------
    NotMail
        The bytes are no mail.

    Examples
    --------
    >>> from crmlib.policy import Intake
    >>> row = mail_row(b"From: Anna Rossi <anna@example.org>\nTo: info@shop.example\n\nHello", Intake())
    >>> row["full_name"], row["email"], row["mailbox"], row["request_text"]
    ('Anna Rossi', 'anna@example.org', 'info@shop.example', 'Hello')
    """
    letter = _parsed(mail)
    body = mail_parts.read_body(letter.message)
    letter.notes += body.notes
    content_type = str(letter.message.get_content_type())
    kind, why = header_kind(letter.headers, content_type, body.report)
    mailbox = _mailbox(letter, rules)
    sender = _sender(letter, body, mailbox, kind, rules)
    subject = header_text(letter.first("subject"))
    if not kind or kind == "automatic":
        wrote = sender_kind(letter.first("from"), sender.name, subject)
        kind, why = wrote if wrote[0] == "bounce" or not kind else (kind, why)
    if sender.email != letter.first("from") and kind == "automatic" and why == "the sender reads no answers":
        kind, why = "", ""  # a form's mail: the person is named elsewhere
    if kind == "bounce" and body.failed:
        why += f": {', '.join(body.failed[:3])}"
    return {
        "contact_id": _id(letter),
        "received_ts": _received(letter),
        "channel": "email",
        "full_name": sender.name or None,
        "email": sender.email or None,
        "mailbox": mailbox or None,
        "subject": subject or None,
        "request_text": body.text or None,
        "thread_id": _thread(letter),
        "attachments": body.attachments or None,
        "mail_kind": kind or None,
        "mail_note": "; ".join(dict.fromkeys([*([why] if why else []), *letter.notes])) or None,
    }


def _parsed(mail: bytes | Message) -> _Letter:
    content = _as_bytes(mail)
    notes = []
    if b"\x00" in content[:_LONGEST]:
        share = content[:10_000].count(b"\x00") / len(content[:10_000])
        if share > 0.1:  # noqa: PLR2004 - a mail may hold some by mistake; a picture or a program holds many
            raise NotMail("no mail: its bytes are no text")
        content = content.replace(b"\x00", b"")
        notes.append("null bytes left out")
    if not content.strip():
        raise NotMail("an empty file")
    if len(content) > _LONGEST:
        notes.append(f"{len(content):,} bytes: the first {_LONGEST:,} read")
        content = content[:_LONGEST]
    try:
        message = message_from_bytes(content, policy=_POLICY)
    except RecursionError:
        head = re.split(rb"\r?\n\r?\n", content, maxsplit=1)[0]
        message = message_from_bytes(_OF_PARTS.sub(b"", head) + b"\n\n", policy=_POLICY)
        notes.append("its parts are nested too deep to be read")
    letter = _Letter(message, notes)
    for name, value in message.raw_items():
        letter.headers.setdefault(str(name).lower(), []).append(str(value))
    if not letter.headers:
        notes.append("no headers")
    return letter


def _as_bytes(mail: bytes | Message) -> bytes:
    """Return a mail's bytes, without what programs put before them."""
    if isinstance(mail, Message):
        try:
            mail = mail.as_bytes()
        except Exception as error:
            raise NotMail(f"a message that cannot be written as mail: {type(error).__name__}") from error
    if mail.startswith(_OUTLOOK):
        raise NotMail("Outlook's own format (.msg): save it as .eml")
    if mail.startswith((b"\xff\xfe", b"\xfe\xff")):
        mail = mail.decode("utf-16", "replace").encode()
    return mail.removeprefix(b"\xef\xbb\xbf").lstrip(b"\r\n")


def _sender(letter: _Letter, body: mail_parts.Body, mailbox: str, kind: str, rules: policies.Intake) -> Sender:
    """Return who wrote: the person behind a form's, a list's or a colleague's address where the mail names one."""
    raw = letter.first("from")
    people = senders(raw)
    if not people:
        others = senders(letter.first("reply-to")) or senders(letter.first("sender"))
        named = Sender(header_text(raw) if raw and "@" not in raw else "", "<>" if "<>" in raw.replace(" ", "") else "")
        if not others:
            letter.notes.append("no sender" if not raw.strip() else "its sender is no address")
            return named
        letter.notes.append("no From: taken from Reply-To or Sender")
        people = others
    if len(people) > 1:
        letter.notes.append(f"a second sender: {people[1].email}")
    sender = people[0]
    if kind == "bounce":
        return sender
    if is_machine(sender.email) or sender.email.lower() == mailbox.lower():
        answers = senders(letter.first("reply-to")) or senders(letter.first("x-original-from"))
        answers = [answer for answer in answers if answer.email.lower() not in {sender.email.lower(), mailbox.lower()}]
        behind = next((answer for answer in answers if not is_machine(answer.email)), None)
        behind = behind or (form_sender(body.text) if is_colleague(sender, mailbox, rules) else None)
        if behind:
            letter.notes.append(f"sent through {sender.email}")
            return behind
    if is_colleague(sender, mailbox, rules):
        original = forwarded(header_text(letter.first("subject")), body.text) or body.inner
        if original and original.email.lower() != sender.email.lower():
            letter.notes.append(f"forwarded by {sender.email}")
            return original
    return sender


def _mailbox(letter: _Letter, rules: policies.Intake) -> str:
    """Return the mailbox of ours that got it: one that is everybody's, or else where it was delivered, or the first."""
    got = [to.email for name in _TO for value in letter.headers.get(name, ()) for to in senders(value)]
    delivered = [to.email for name in _DELIVERED for value in letter.headers.get(name, ()) for to in senders(value)]
    domains = {domain.lower() for domain in rules.own_domains} or {_domain(email) for email in delivered}
    ours = [email for email in got if _domain(email) in domains] or got
    shared = [email for email in ours if is_generic(email, rules)]
    return next(iter([*shared, *(email for email in delivered if email in ours), *ours]), "").lower()


def _domain(email: str) -> str:
    return email.rpartition("@")[2].lower()


def _received(letter: _Letter) -> str | None:
    """Return the time of the mail, by its own word or else by that of the server that took it."""
    for text in (*letter.headers.get("date", ()), *(v.rpartition(";")[2] for v in letter.headers.get("received", ()))):
        try:
            moment = parsedate_to_datetime(header_text(text))
        except (ValueError, TypeError, IndexError, OverflowError):
            continue
        if moment.year in _YEARS:
            return _with_zone(moment).isoformat(sep=" ")
    letter.notes.append("no date" if not letter.first("date") else "its date cannot be read")
    return None


def _with_zone(moment: datetime) -> datetime:
    # -0000 says that the zone is not known: the time is then in UTC (RFC 5322)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _id(letter: _Letter) -> str | None:
    text = header_text(letter.first("message-id"))
    ids = _ID.findall(text)
    name = ids[0] if ids else text.strip("<> ")
    return (name if len(name) <= _LONGEST_ID else f"X{checksum(name)[:16]}") or None


def _thread(letter: _Letter) -> str | None:
    """Return the first mail of the thread, as far as this one knows it."""
    ids = [*_ID.findall(letter.first("references")), *_ID.findall(letter.first("in-reply-to"))]
    return ids[0][:_LONGEST_ID] if ids else _id(letter)
