"""Names of people: their parts and their short forms."""

from __future__ import annotations

import csv
import re
from functools import cache
from importlib.resources import files
from typing import NamedTuple

from crmlib.intake.tidying import plain

__all__ = ["FullName", "forms", "from_address", "given_names", "particle", "split_name"]

#: Words that belong to the family name after them.
_PARTICLES = {"de", "del", "della", "dello", "dei", "degli", "delle", "di", "da", "dal", "dalla", "la", "lo", "le",
              "li", "dos", "das", "du", "des", "ter", "ten", "zu", "zum", "zur", "el", "bin", "van", "von", "der",
              "den", "mac", "mc", "o", "san", "santa"}  # fmt: skip


class FullName(NamedTuple):
    """A name in two parts.

    Attributes
    ----------
    first, last
        The given and the family name; either may be ``None``.
    """

    first: str | None
    last: str | None


def split_name(text: str) -> FullName:
    """Split a full name: the family name stands last, or first before a comma.

    Lists that put the family name first without a comma are taken the wrong way round here; `merge_contacts` compares
    names both ways.

    Parameters
    ----------
    text
        A tidy name.

    Examples
    --------
    >>> split_name("Anna Maria De Luca")
    FullName(first='Anna Maria', last='De Luca')
    >>> split_name("Rossi, Anna")
    FullName(first='Anna', last='Rossi')
    """
    family, comma, given = text.partition(",")
    if comma and given.strip() and family.strip():
        return FullName(given.strip(), family.strip())
    words = text.replace(",", " ").split()
    if len(words) < 2:  # noqa: PLR2004 - one word: what a person is called by
        return FullName(words[0] if words else None, None)
    cut = len(words) - 1
    while cut > 1 and plain(words[cut - 1]) in _PARTICLES:
        cut -= 1
    return FullName(" ".join(words[:cut]), " ".join(words[cut:]))


def from_address(email: str) -> FullName | None:
    """Read a name off a mail address, where it is written as two words.

    Parameters
    ----------
    email
        A clean address.

    Examples
    --------
    >>> from_address("anna_rossi84@example.com")
    FullName(first='anna', last='rossi')
    >>> from_address("arossi@example.com") is None
    True
    """
    words = [re.sub(r"\d+", "", word) for word in re.split(r"[._-]", email.partition("@")[0].partition("+")[0])]
    words = [word for word in words if word]
    if len(words) != 2 or min(map(len, words)) < 2:  # noqa: PLR2004 - two words, no initials
        return None
    return FullName(*words)


@cache
def _short() -> dict[str, frozenset[str]]:
    """Return short form -> the names it stands for."""
    text = (files("crmlib") / "intake" / "nicknames.csv").read_text(encoding="utf-8")
    found: dict[str, set[str]] = {}
    for row in csv.DictReader(text.splitlines()):
        for short in row["short"].split(";"):
            found.setdefault(short, set()).add(row["name"])
    return {short: frozenset(names) for short, names in found.items()}


@cache
def forms(first: str) -> frozenset[str]:
    """Return the names that a first name may stand for, itself among them.

    Parameters
    ----------
    first
        A first name, as `crmlib.intake.tidying.plain` has it.

    Examples
    --------
    >>> sorted(forms("ale")), sorted(forms("anna"))
    (['ale', 'alessandra', 'alessandro'], ['anna'])
    """
    return _short().get(first, frozenset()) | {first}


def given_names() -> frozenset[str]:
    """Return the names that have a short form here, and the short forms."""
    return frozenset(_short()) | frozenset(name for names in _short().values() for name in names)


def particle(word: str) -> bool:
    """Tell whether a word belongs to the family name after it.

    Parameters
    ----------
    word
        Of a name.
    """
    return plain(word) in _PARTICLES
