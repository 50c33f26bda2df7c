"""Mail addresses: what can be mended, what is none, and which of them reach the same mailbox."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from crmlib import policy

__all__ = ["Address", "address", "is_generic"]

# RFC 5321's dot-atom, letters of any script (RFC 6531); quoted local parts are legal and never seen
_LOCAL = r"[\w!#$%&'*+/=?^`{|}~-]+(?:\.[\w!#$%&'*+/=?^`{|}~-]+)*"
_LABEL = r"[^\W_](?:[\w-]*[^\W_])?"
_ADDRESS = re.compile(rf"({_LOCAL})@({_LABEL}(?:\.{_LABEL})+)")
_LONGEST_LOCAL, _LONGEST = 64, 254


class Address(NamedTuple):
    """A mail address, cleaned.

    Attributes
    ----------
    email
        In small letters; ``None`` if it is no address.
    key
        The mailbox that it reaches: equal for all its aliases. ``None`` with `email`.
    note
        What was mended, or why it is none; empty if it was fine.
    """

    email: str | None
    key: str | None
    note: str


def address(text: str, rules: policy.Intake) -> Address:
    """Clean one mail address.

    Parameters
    ----------
    text
        As typed.
    rules
        Which providers ignore tags and dots.

    Examples
    --------
    >>> from crmlib.policy import Intake
    >>> address("Anna.Rossi+News@Gmail.com ", Intake())
    Address(email='anna.rossi+news@gmail.com', key='annarossi@gmail.com', note='')
    >>> address("anna at example.org,", Intake())
    Address(email='anna@example.org', key='anna@example.org', note='mended')
    >>> address("anna@", Intake())
    Address(email=None, key=None, note='no mail address')
    """
    plain = text.strip().lower()
    mended = plain.removeprefix("mailto:")
    if inside := re.search(r"<([^<>]*)>", mended):
        mended = inside[1]
    mended = re.sub(r"\s+(?:at|\(at\)|\[at\])\s+", "@", mended)
    mended = re.sub(r"@{2,}", "@", mended).replace(" ", "").strip(".,;:'\"()[]")
    found = _ADDRESS.fullmatch(mended)
    if found is None or len(found[1]) > _LONGEST_LOCAL or len(mended) > _LONGEST:
        return Address(None, None, "no mail address")
    local, domain = found[1], rules.same_domains.get(found[2], found[2])
    if rules.plus_tags:
        local = local.partition("+")[0] or local
    if domain in rules.dotless_domains:
        local = local.replace(".", "")
    return Address(mended, f"{local}@{domain}", "" if mended == plain else "mended")


def is_generic(email: str, rules: policy.Intake) -> bool:
    """Tell whether an address belongs to nobody in particular, such as ``info@example.com``.

    Parameters
    ----------
    email
        An address.
    rules
        Which names are generic.
    """
    return re.split(r"[@+]", email.lower(), maxsplit=1)[0] in rules.generic_mailboxes
