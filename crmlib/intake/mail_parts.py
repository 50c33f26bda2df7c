"""The parts of a mail -> its text, its attachments by name and size, and the mail within it."""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from crmlib.intake.message_text import decoded_bytes, header_text, html_text, tidy_lines
from crmlib.intake.senders import Sender, senders

if TYPE_CHECKING:
    from email.message import Message

__all__ = ["Body", "read_body"]

_DEEPEST, _MOST_PARTS, _MOST_NAMED = 40, 2000, 20
_LONGEST_NAME = 120


@dataclass
class Body:
    """What the parts of a mail hold.

    Attributes
    ----------
    text
        The plain text, or that of the HTML where there is no plain one.
    attachments
        Names and sizes.
    inner
        Who wrote the mail that is attached, if one is.
    report
        The kind of report that the mail is.
    failed
        Addresses that a report says were not reached.
    notes
        What could not be read.
    """

    text: str = ""
    attachments: str = ""
    inner: Sender | None = None
    report: str = ""
    failed: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


@dataclass
class _Reading:
    body: Body
    files: list[str] = field(default_factory=list)
    parts: int = 0

    def note(self, text: str) -> None:
        if text not in self.body.notes:
            self.body.notes.append(text)


def read_body(message: Message) -> Body:
    r"""Read the parts of a mail.

    Parameters
    ----------
    message
        As parsed.

    Examples
    --------
    >>> from email import message_from_string
    >>> read_body(message_from_string("Content-Type: text/html\n\n<p>Hello</p>")).text
    'Hello'
    """
    reading = _Reading(Body())
    reading.body.report = str(_parameter(message, "report-type")).lower()
    texts = _texts(message, reading, 0)
    reading.body.text = "\n\n".join(text for text in texts if text)
    named = reading.files[:_MOST_NAMED]
    more = len(reading.files) - len(named)
    reading.body.attachments = "; ".join([*named, *([f"and {more} more"] if more else [])])
    return reading.body


def _texts(part: Message, reading: _Reading, depth: int) -> list[str]:  # noqa: C901, PLR0911 - one answer a kind of part
    """Return the texts of a part and of those within it."""
    reading.parts += 1
    if depth > _DEEPEST:
        reading.note("its parts are nested too deep to be read")
        return []
    if reading.parts > _MOST_PARTS:
        reading.note(f"more than {_MOST_PARTS:,} parts: the rest left out")
        return []
    kind = str(part.get_content_type())
    inside: Any = part.get_payload()
    if isinstance(inside, list):
        if kind == "message/delivery-status":
            reading.body.failed += _failed(inside)
            return []
        if kind in {"message/rfc822", "message/global"}:
            return _attached_mail(inside, reading, depth)
        if kind == "multipart/alternative":
            return _alternative(inside, reading, depth)
        return [text for inner in inside for text in _texts(inner, reading, depth + 1)]
    name = _file_name(part)
    if name or _is_attachment(part) or not kind.startswith(("text/", "multipart/")):
        if kind not in {"text/rfc822-headers", "message/delivery-status"}:
            size = len(_content(part, reading))
            reading.files.append(f"{name or kind} ({size:,} bytes)")
        return []
    if kind == "text/calendar":
        return []
    text, note = decoded_bytes(_content(part, reading), _parameter(part, "charset"))
    if note:
        reading.note(note)
    return [html_text(text) if kind == "text/html" else tidy_lines(text)]


def _alternative(inside: list[Message], reading: _Reading, depth: int) -> list[str]:
    """Return the plain text of several that say the same, or that of the first that has any."""
    plain = [part for part in inside if part.get_content_type() == "text/plain"]
    for part in [*plain, *(part for part in reversed(inside) if part not in plain)]:
        texts = [text for text in _texts(part, reading, depth + 1) if text]
        if texts:
            return texts
    return []


def _attached_mail(inside: list[Message], reading: _Reading, depth: int) -> list[str]:
    texts = []
    for inner in inside:
        people = senders(str(inner.get("from", "")))
        if people and reading.body.inner is None:
            reading.body.inner = people[0]
        head = [f"{name}: {header_text(inner.get(name))}" for name in ("From", "Date", "Subject") if inner.get(name)]
        texts += ["\n".join(head), *_texts(inner, reading, depth + 1)]
    return texts


def _content(part: Message, reading: _Reading) -> bytes:
    """Return a part's bytes; of broken base64, those that can be read."""
    try:
        content: Any = part.get_payload(decode=True)
    except (ValueError, LookupError, AttributeError, TypeError):
        content = None
    if any(type(defect).__name__.startswith("InvalidBase64") for defect in part.defects):
        reading.note("its base64 is broken: read as far as it goes")
        letters = re.sub(rb"[^A-Za-z0-9+/]", b"", str(part.get_payload()).encode("ascii", "ignore"))
        content = base64.b64decode(letters[: len(letters) // 4 * 4])
    return content if isinstance(content, bytes) else str(part.get_payload() or "").encode("utf-8", "surrogateescape")


def _file_name(part: Message) -> str:
    try:
        return header_text(part.get_filename() or "")[:_LONGEST_NAME]
    except (ValueError, TypeError, LookupError, AttributeError):
        return "a file"


def _is_attachment(part: Message) -> bool:
    return str(part.get("content-disposition", "")).strip().lower().startswith("attachment")


def _parameter(part: Message, name: str) -> str:
    try:
        value = part.get_param(name)
    except (ValueError, TypeError, LookupError, AttributeError):
        return ""
    return str(value[2] if isinstance(value, tuple) else value or "")


def _failed(groups: list[Message]) -> list[str]:
    """Return the addresses that a delivery report names."""
    values = [str(group.get("final-recipient", "")) for group in groups]
    return list(dict.fromkeys(value.rpartition(";")[2].strip() for value in values if value))
