"""Messages: a template, an entry of a queue and a contact become a mail or a short message, safe to look at.

>>> entry = {"entry_id": "e1", "customer_id": "C1", "channel": "email", "purpose": "soft_spam", "template": "win_back",
...          "language": "it", "discount": 0.10, "code": "RIATTVA10", "due_ts": "2026-07-02 09:00"}
>>> message = render(entry, {"email": "anna@example.com", "first_name": "Anna"})
>>> message.subject
'Anna, ci manchi: per te il 10% di sconto'
>>> message.headers["List-Unsubscribe-Post"]
'List-Unsubscribe=One-Click'
"""

from __future__ import annotations

import hashlib
import hmac
import re
from datetime import UTC
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from functools import cache
from html import escape
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import msgspec

from crmlib import policy as policies
from crmlib.actions.sms import segments
from crmlib.actions.templates import environment, fill, layout_words, read_template
from crmlib.errors import CrmlibError
from crmlib.files import checksum
from crmlib.text import LANGUAGES

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import jinja2

    from crmlib.actions.templates import Template, Words
    from crmlib.policy import Policy, Sender

__all__ = ["Message", "MessageError", "render"]

#: What ends a line, turns the direction of a text around, or is no letter of any encoding.
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
_ADDRESS = re.compile(r"[^@\s<>,;:\"()\\]+@[^@\s<>,;:\"()\\]+\.[^@\s<>,;:\"()\\]+")
_NUMBER = re.compile(r"\+[1-9]\d{6,14}")
_ENTRY = ("entry_id", "channel", "purpose", "template", "due_ts")
_GROUNDS = ("service", "marketing", "soft_spam")


class MessageError(CrmlibError):
    """A message that may not or cannot be sent as it is: no opt-out, no address, a line break in a header."""


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """A message to one person. In a notebook it shows itself.

    Attributes
    ----------
    entry_id
        The entry of the queue that it comes from.
    channel, language, template, purpose
        As in the queue.
    sender, to
        Addresses; `to` is in E.164 for a telephone.
    recipient
        The name beside the address; may be empty.
    subject, preheader, html
        Of a mail; empty for a short message.
    text
        The plain form, or the short message.
    headers
        Of a mail, beside the usual ones: those of RFC 8058 by which a mail program offers the opt-out.
    date
        When it is due, ISO 8601.
    signed
        Whether nobody else can make its opt-out link; see `render`.
    """

    entry_id: str
    channel: str
    language: str
    template: str
    purpose: str
    sender: str
    to: str
    recipient: str = ""
    subject: str = ""
    preheader: str = ""
    text: str
    html: str = ""
    headers: dict[str, str] = {}
    date: str
    signed: bool = False

    @property
    def segments(self) -> int:
        """In how many parts a short message is sent, and paid."""
        return segments(self.text)

    def as_email(self) -> EmailMessage:
        """Return the mail as Python's `email` has it: two forms of one text, always the same bytes.

        Raises
        ------
        MessageError
            It is no mail.
        """
        if self.channel != "email":
            raise MessageError(f"entry {self.entry_id}: a message by {self.channel} is no mail.")
        import pandas as pd

        mail = EmailMessage(policy=SMTP)
        mail["From"] = self.sender
        mail["To"] = Address(display_name=self.recipient, addr_spec=self.to)
        mail["Subject"] = self.subject
        mail["Date"] = format_datetime(pd.Timestamp(self.date).tz_convert(UTC).to_pydatetime())
        mail["Message-ID"] = f"<{_hash(self.entry_id)}@{self.sender.rpartition('@')[2].rstrip('>')}>"
        mail["Content-Language"] = self.language
        for name, value in self.headers.items():
            mail[name] = value
        mail.set_content(self.text)
        mail.add_alternative(self.html, subtype="html")
        mail.set_boundary(f"part-{_hash(self.entry_id)}")
        return mail

    def __repr__(self) -> str:
        return f"<{self.template} by {self.channel} to {self.to}: {self.subject or self.text}>"

    def _repr_html_(self) -> str:
        """Show it in a notebook: the mail in a frame that runs and loads nothing, and its plain form below.

        The report of `crmlib run` takes frames out; there the plain form stands for the mail.
        """
        rows = {"From": self.sender, "To": f"{self.recipient} <{self.to}>" if self.recipient else self.to}
        rows |= {"Subject": self.subject, "Preheader": self.preheader} if self.html else {"Parts": str(self.segments)}
        head = "".join(f"<p><strong>{name}:</strong> {escape(value)}</p>" for name, value in rows.items())
        page = self.html.replace("<head>", f"<head>{_NOTHING_LOADED}", 1)
        frame = (
            f'<iframe sandbox="" title="{escape(self.subject)}" srcdoc="{escape(page)}" '
            'style="width:100%;max-width:640px;height:520px;border:1px solid #ccc"></iframe>'
            if self.html
            else ""
        )
        return f'<div>{head}{frame}<pre style="white-space:pre-wrap">{escape(self.text)}</pre></div>'


_NOTHING_LOADED = (
    "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">"
)


def render(
    entry: Mapping[str, Any],
    contact: Mapping[str, Any],
    *,
    policy: Policy | str | dict[str, Any] | None = None,
    templates: str | Path | None = None,
    secret: str = "",
) -> Message:
    """Write the message of one entry of a queue to one contact.

    Parameters
    ----------
    entry
        Of a queue: entry_id, channel, purpose, template, due_ts, and language, discount, code, valid_until (a day).
    contact
        What is known of the person: email or phone (in E.164), and whatever else the template uses, such as
        first_name. What is missing or empty is replaced by the template's fallback.
    policy
        Whose ``sender`` writes.
    templates
        A folder of one's own templates; see `read_template`.
    secret
        Signs the opt-out link, so that nobody can opt others out by guessing. Good enough without it for a look,
        not for sending.

    Raises
    ------
    MessageError
        No address for the channel, no opt-out, a line break where a header would end, an offer that the template
        needs and the entry lacks.
    CrmlibError
        The template is not there, or is none.
    """
    place = f"entry {entry.get('entry_id', '?')}"
    missing = [name for name in _ENTRY if _empty(entry.get(name))]
    if missing:
        raise MessageError(f"{place}: it has no {missing[0]}. Hand over an entry of `crmlib.actions.queue`.")
    rules = policies.load(policy)
    sender = rules.sender
    template = read_template(str(entry["template"]), templates)
    language = str(entry.get("language") or "en")
    words = template.words(language)
    if words is None:  # pragma: no cover - a template without words cannot be read
        raise MessageError(f"{place}: the template {entry['template']!r} has no words.")
    language = language if language in LANGUAGES and getattr(template, language) else "en" if template.en else "it"
    link = _opt_out(sender, str(entry["entry_id"]), secret, place)
    values = _values(entry, contact, template, sender, link, language=language, place=place)
    kinds = ("email", "sms", "whatsapp", "phone")
    channel, purpose = str(entry["channel"]), str(entry["purpose"])
    if channel not in kinds or purpose not in _GROUNDS:
        raise MessageError(f"{place}: by {channel!r} for {purpose!r}: no such channel or purpose.")
    to = _recipient(contact, channel, place)
    shared = {
        "entry_id": str(entry["entry_id"]), "channel": channel, "language": language, "purpose": purpose,
        "template": str(entry["template"]), "to": to, "date": _due(entry["due_ts"], rules.orders.timezone, place),
        "signed": bool(secret), "recipient": _line(_name(contact), "the recipient's name", place),
    }  # fmt: skip
    message = (
        _mail(shared, words, values, sender, place)
        if channel == "email"
        else _short(shared, words, values, sender, place)
    )
    _check_opt_out(message, link, place)
    return message


def _values(
    entry: Mapping[str, Any], contact: Mapping[str, Any], template: Template, sender: Sender, opt_out: str, *,
    language: str, place: str,
) -> dict[str, str]:  # fmt: skip
    """Return what the template's fields hold: of the customer, else the template's fallback."""
    words: Words = getattr(template, language)
    if words.link not in sender.addresses:
        raise MessageError(
            f"{place}: the template's link {words.link!r} leads nowhere. Add it to sender.links in the policy, "
            f"where there are {', '.join(sender.addresses)}."
        )
    values = {
        name: fallback if _empty(contact.get(name)) else str(contact[name]).strip()
        for name, fallback in words.fallbacks.items()
    }
    share = entry.get("discount")
    until = entry.get("valid_until")
    values |= {
        "shop": sender.name, "link": sender.addresses[words.link], "opt_out": opt_out,
        "discount": "" if _empty(share) or not float(str(share)) else _percent(float(str(share)), language),
        "code": "" if _empty(entry.get("code")) else str(entry["code"]),
        "valid_until": "" if _empty(until) else _day(until),
    }  # fmt: skip
    lacking = [name for name in template.needs if not values[name]]
    if lacking:
        raise MessageError(
            f"{place}: the template {entry['template']!r} makes no sense without {lacking[0]}. Give the "
            "sequence's step an offer with it."
        )
    return values


def _mail(shared: dict[str, Any], words: Words, values: dict[str, str], sender: Sender, place: str) -> Message:
    foot = layout_words()[shared["language"]]
    said = {name: fill(text, values, f"{place}, {name}") for name, text in words.texts() if "[" not in name}
    subject = _line(said["subject"], "the subject", place)
    parts = {
        **{name: said[name] for name in ("preheader", "greeting", "action", "closing")},
        "subject": subject,
        "paragraphs": [fill(text, values, f"{place}, paragraph") for text in words.paragraphs],
        **{name: values[name] for name in ("code", "link", "shop", "opt_out")},
        "language": shared["language"], "postal": sender.postal, "why": foot[shared["purpose"]], "leave": foot["leave"],
    }  # fmt: skip
    out = f"<{values['opt_out']}>" + (f", <mailto:{sender.opt_out_mail}?subject={_hash(shared['entry_id'])}>"
                                      if sender.opt_out_mail else "")  # fmt: skip
    headers = {"List-Unsubscribe": out, "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"}
    if sender.reply_to:
        headers["Reply-To"] = sender.reply_to
    return Message(
        **shared,
        sender=str(Address(display_name=sender.name, addr_spec=sender.email)),
        subject=subject,
        preheader=said["preheader"],
        text=_layout("txt").render(parts),
        html=_layout("html").render(parts),
        headers=headers,
    )


def _short(shared: dict[str, Any], words: Words, values: dict[str, str], sender: Sender, place: str) -> Message:
    leave = fill(layout_words()[shared["language"]]["sms_leave"], values, place)
    text = f"{_line(fill(words.sms, values, f'{place}, sms'), 'the short message', place)} {leave}"
    return Message(**shared, sender=sender.name, text=text)


@cache
def _layout(kind: str) -> jinja2.Template:
    source = (files("crmlib.actions") / "templates" / f"layout.{kind}.j2").read_text(encoding="utf-8")
    return environment(escape=kind == "html").from_string(source)


def _opt_out(sender: Sender, entry_id: str, secret: str, place: str) -> str:
    if not sender.opt_out_url:
        raise MessageError(
            f"{place}: no way out. A message must say how to get no more of them: set sender.opt_out_url in the policy."
        )
    glue = "&" if "?" in sender.opt_out_url else "?"
    token = _hash(entry_id)
    sign = hmac.new(secret.encode(), token.encode(), hashlib.sha256).hexdigest()[:32] if secret else ""
    return f"{sender.opt_out_url}{glue}e={token}" + (f"&s={sign}" if sign else "")


def _check_opt_out(message: Message, link: str, place: str) -> None:
    """Refuse what carries no opt-out, however its template came to be written."""
    forms = [message.text, message.html] if message.channel == "email" else [message.text]
    if any(link not in form and escape(link) not in form for form in forms):
        raise MessageError(
            f"{place}: the message does not hold its opt-out link. Put {{{{ opt_out }}}} into its layout."
        )


def _recipient(contact: Mapping[str, Any], channel: str, place: str) -> str:
    field, pattern = ("email", _ADDRESS) if channel == "email" else ("phone", _NUMBER)
    value = "" if _empty(contact.get(field)) else str(contact[field])
    if not value:
        raise MessageError(f"{place}: the contact has no {field}, so nothing can be sent by {channel}.")
    if _CONTROL.search(value) or not value.isascii() or not pattern.fullmatch(value):
        raise MessageError(
            f"{place}: {value!r} is no {'mail address' if field == 'email' else 'telephone number in E.164'}. Clean "
            "the contacts first: crmlib.intake."
        )
    return value


def _line(text: str, what: str, place: str) -> str:
    """Refuse what would end a header and begin another one."""
    if _CONTROL.search(text):
        raise MessageError(
            f"{place}: {what} holds a line break or another control character: {text!r}. Clean the contact."
        )
    return text


def _name(contact: Mapping[str, Any]) -> str:
    names = [str(contact[name]) for name in ("first_name", "last_name") if not _empty(contact.get(name))]
    return " ".join(names)


def _due(value: Any, zone: str, place: str) -> str:
    import pandas as pd

    try:
        due = pd.Timestamp(value)
        # a clock that is set back shows an hour twice: its first time; one set forward leaves one out: the next
        due = due.tz_localize(zone, ambiguous=True, nonexistent="shift_forward") if due.tzinfo is None else due
    except ValueError as error:
        raise MessageError(f"{place}: due_ts {value!r} is no time.") from error
    return due.isoformat()


def _percent(share: float, language: str) -> str:
    text = f"{100 * share:.1f}".removesuffix(".0")
    return f"{text.replace('.', ',') if language == 'it' else text}%"


def _day(value: Any) -> str:
    import pandas as pd

    return f"{pd.Timestamp(value):%d/%m/%Y}"


def _empty(value: Any) -> bool:
    """Tell whether a field is missing: None, NaN, or nothing but spaces."""
    import pandas as pd

    return value is None or value is pd.NA or value != value or not str(value).strip()  # noqa: PLR0124 - NaN, NaT


def _hash(text: str) -> str:
    return checksum(text)[:24]
