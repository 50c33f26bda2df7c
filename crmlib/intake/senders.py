"""Who wrote a mail: names and addresses in headers, and in what a colleague or a form passed on."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from crmlib.intake.message_text import header_text

if TYPE_CHECKING:
    from crmlib import policy as policies

__all__ = ["Sender", "form_sender", "forwarded", "is_colleague", "senders"]

_ADDRESS = r"[^\s<>,;:\"'()\[\]]+@[^\s<>,;:\"'()\[\]@]+"
_ANGLED = re.compile(rf"([^<>]*)<\s*(?:mailto:)?({_ADDRESS})\s*>")
_BARE = re.compile(_ADDRESS)
_MOST = 100
#: What stands before the subject of a mail that is passed on, in the mail programs of Europe.
_FORWARD = re.compile(r"\s*(?:fwd?|i|inoltra(?:to)?|wg|tr|rv|fs|doorst)\s*:", re.IGNORECASE)
_MARK = re.compile(
    r"^[>\s]*(?:-{2,}.{0,5}(?:forwarded message|original message|messaggio inoltrato|messaggio originale|"
    r"ursprüngliche nachricht|weitergeleitete nachricht|message transféré|message d'origine).{0,5}-{2,}|"
    r"(?:begin forwarded message|inizio messaggio inoltrato|inizio del messaggio inoltrato)\s*:)",
    re.IGNORECASE | re.MULTILINE,
)
_FROM = re.compile(
    rf"^[>\s*]*(?:from|da|von|de|mittente)\s*:\**\s*(.{{0,200}}?{_ADDRESS}.{{0,20}})$", re.IGNORECASE | re.MULTILINE
)
_FORM = re.compile(
    rf"^[>\s*]*(?:(?:your |la tua )?(?:e-?mail|posta elettronica)(?: address)?)\s*[:=]\**\s*<?(?:mailto:)?({_ADDRESS})",
    re.IGNORECASE | re.MULTILINE,
)
_FORM_NAME = re.compile(
    r"^[>\s*]*(?:(?:your |full )?name|nome(?: e cognome)?|nominativo)\s*[:=]\**\s*(\S.{0,80})$",
    re.IGNORECASE | re.MULTILINE,
)
#: Providers whose domain says nothing about who belongs together.
_PUBLIC = {
    *("gmail.com", "googlemail.com", "outlook.com", "outlook.it", "hotmail.com", "hotmail.it", "live.com", "live.it"),
    *("msn.com", "yahoo.com", "yahoo.it", "icloud.com", "me.com", "libero.it", "virgilio.it", "tiscali.it", "alice.it"),
    *("tim.it", "fastwebnet.it", "aruba.it", "pec.it", "gmx.com", "gmx.de", "web.de", "proton.me", "protonmail.com"),
    *("aol.com", "orange.fr", "free.fr", "laposte.net", "btinternet.com", "gmail.example"),
}


class Sender(NamedTuple):
    """A name, empty if there is none, and an address."""

    name: str
    email: str


def senders(raw: str) -> list[Sender]:
    """Return the people in a header of addresses.

    Parameters
    ----------
    raw
        As it stands in the mail.

    Examples
    --------
    >>> senders('"Rossi, Anna" <anna@example.org>, bo@example.org')
    [Sender(name='Rossi, Anna', email='anna@example.org'), Sender(name='', email='bo@example.org')]
    >>> senders("=?utf-8?q?Zo=C3=AB?= <zoe@example.org>")
    [Sender(name='Zoë', email='zoe@example.org')]
    """
    text = raw[:10_000] if _BARE.search(raw[:10_000]) else header_text(raw)  # the address itself may be encoded
    people: list[tuple[int, Sender]] = []
    rest = text
    for match in _ANGLED.finditer(text):
        before = re.split(rf"{_ADDRESS}\s*[,;]", match[1])[-1].strip(" ,;\t\r\n")
        name = header_text(before.replace('\\"', '"')).strip("\"' ")
        people.append((match.start(2), Sender("" if "@" in name else name, match[2])))
        rest = rest[: match.start(2)] + " " * len(match[2]) + rest[match.end(2) :]
    # a name may be an address itself: "anna@example.org" <anna@example.org>
    listed = {sender.email.lower() for _, sender in people}
    people += [
        (match.start(), Sender("", match[0]))
        for match in _BARE.finditer(rest)
        if match[0].lower() not in listed and rest[match.end() :].lstrip(" \"'")[:1] in {"", ",", ";"}
    ]
    return [sender for _, sender in sorted(people)[:_MOST]]


def is_colleague(sender: Sender, mailbox: str, rules: policies.Intake) -> bool:
    """Say whether an address is the shop's own.

    Parameters
    ----------
    sender
        Who wrote.
    mailbox
        The shop's mailbox that got it.
    rules
        The shop's domains; without them, those who share the mailbox's domain are meant, public providers aside.
    """
    domain = sender.email.rpartition("@")[2].lower()
    if rules.own_domains:
        return domain in {name.lower() for name in rules.own_domains}
    return bool(domain) and domain == mailbox.rpartition("@")[2].lower() and domain not in _PUBLIC


def forwarded(subject: str, text: str) -> Sender | None:
    r"""Return who wrote the mail that this one passes on.

    Parameters
    ----------
    subject, text
        Of the mail that passes it on.

    Examples
    --------
    >>> forwarded("Fwd: Parcel", "---------- Forwarded message ---------\nFrom: Anna <anna@example.org>\n")
    Sender(name='Anna', email='anna@example.org')
    """
    mark = _MARK.search(text)
    if not mark and not _FORWARD.match(subject):
        return None
    match = _FROM.search(text, mark.end() if mark else 0)
    people = senders(match[1]) if match else []
    return people[0] if people else None


def form_sender(text: str) -> Sender | None:
    r"""Return who filled in a form that a site sends as mail.

    Parameters
    ----------
    text
        Of the mail.

    Examples
    --------
    >>> form_sender("Name: Anna Rossi\nE-mail: anna@example.org\nMessage: Hello")
    Sender(name='Anna Rossi', email='anna@example.org')
    """
    match = _FORM.search(text)
    name = _FORM_NAME.search(text)
    return Sender(name[1].strip() if name else "", match[1]) if match else None
