"""Mail that no person wrote: reports of what could not be delivered, absence notes, notifications."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from crmlib.intake.tidying import plain

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["header_kind", "is_machine", "sender_kind"]

_DAEMONS = {"mailerdaemon", "postmaster", "maildaemon", "maildelivery", "maildeliverysystem", "maildeliverysubsystem"}
_MACHINES = {
    *(
        "noreply",
        "donotreply",
        "dontreply",
        "nonrispondere",
        "noreplyto",
        "neantworten",
        "nepasrepondre",
        "nichtantworten",
    ),
    *("autoreply", "autoresponder", "autorisposta", "rispostaautomatica"),
}
#: Subjects that programs write. A person's answer to one begins with Re: and is not meant.
_SUBJECTS = re.compile(
    r"(?:automatic reply|automatische antwort|auto(?:matic)?[ -]?(?:reply|response)|out of (?:the )?office|"
    r"out of office auto ?reply|risposta automatica|fuori (?:sede|ufficio)|réponse automatique|respuesta automática|"
    r"abwesenheitsnotiz)\s*(?:[:\-\u2013(].*)?",
    re.IGNORECASE | re.DOTALL,
)
_PRECEDENCE = {"auto_reply", "bulk", "junk"}


def is_machine(email: str) -> bool:
    """Say whether an address is one that nobody reads, such as ``no-reply@example.com``.

    Parameters
    ----------
    email
        An address.

    Examples
    --------
    >>> is_machine("No-Reply+7@shop.example"), is_machine("noreen@shop.example")
    (True, False)
    """
    return any(_bare(part) in _MACHINES for part in _local_parts(email))


def sender_kind(email: str, name: str, subject: str) -> tuple[str, str]:
    """Say whether a program wrote, by what a table of mails holds.

    Parameters
    ----------
    email, name, subject
        As typed; empty where there is none. ``<>`` is the sender of reports.

    Returns
    -------
    tuple
        ``bounce``, ``automatic`` or nothing; and why.

    Examples
    --------
    >>> sender_kind("MAILER-DAEMON@mx.example", "", "Returned mail")
    ('bounce', 'the sender is a mail system')
    >>> sender_kind("anna@example.org", "Anna", "Re: Automatic reply: your order")
    ('', '')
    """
    if email.strip() == "<>" or any(_bare(part) in _DAEMONS for part in _local_parts(email)) or _bare(name) in _DAEMONS:
        return "bounce", "the sender is a mail system"
    if is_machine(email):
        return "automatic", "the sender reads no answers"
    if _SUBJECTS.fullmatch(subject.strip()):
        return "automatic", "the subject is a program's"
    return "", ""


def header_kind(  # noqa: PLR0911 - one answer for each sign
    headers: Mapping[str, Sequence[str]], content_type: str, report: str
) -> tuple[str, str]:
    """Say whether a program wrote, by the headers of a mail.

    Parameters
    ----------
    headers
        Values by name in small letters.
    content_type, report
        Of the mail, and of the report that it is.

    Returns
    -------
    tuple
        ``bounce``, ``automatic`` or nothing; and why.

    Examples
    --------
    >>> header_kind({"auto-submitted": ["auto-replied"]}, "text/plain", "")
    ('automatic', 'Auto-Submitted: auto-replied')
    """

    def first(name: str) -> str:
        return next(iter(headers.get(name, ())), "").strip().lower()

    if content_type == "multipart/report" and report not in {"disposition-notification", "feedback-report"}:
        return "bounce", "a report of what was not delivered"
    if content_type == "multipart/report":
        return "automatic", "a report of a mail program"
    submitted = first("auto-submitted").partition(";")[0].strip()
    if submitted and submitted != "no":
        return "automatic", f"Auto-Submitted: {submitted[:40]}"
    if first("precedence") in _PRECEDENCE:
        return "automatic", f"Precedence: {first('precedence')}"
    if any(name in headers for name in ("x-autoreply", "x-autorespond", "x-autoresponse")):
        return "automatic", "an answering program's header"
    if "return-path" in headers and first("return-path").replace(" ", "") == "<>":
        return "automatic", "Return-Path: <>"
    return "", ""


def _local_parts(email: str) -> list[str]:
    """Return what stands before the @ of each address in a field, tags aside."""
    return [re.split(r"[+=]", part, maxsplit=1)[0] for part in re.findall(r"[^\s<>,;\"']+(?=@)", email)]


def _bare(text: str) -> str:
    return re.sub(r"[^a-z]", "", plain(text))
