"""Names of people: their parts, their short forms, and whether two of them could be one person's."""

from __future__ import annotations

import csv
import re
from functools import cache
from importlib.resources import files
from typing import NamedTuple

from rapidfuzz.distance import OSA

from crmlib.intake.tidying import plain

__all__ = ["FullName", "could_be_one", "forms", "from_address", "split_name"]

#: Words that belong to the family name after them.
_PARTICLES = {"de", "del", "della", "dello", "dei", "degli", "delle", "di", "da", "dal", "dalla", "la", "lo", "le",
              "li", "van", "von", "der", "den", "mac", "mc", "o", "san", "santa"}  # fmt: skip
_ENDINGS = {"a", "e", "o"}  # by which Italian tells women's names from men's


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


@cache
def could_be_one(left: str, right: str, typos: int) -> bool:
    """Tell whether two first names could be one person's: the same, a short form, an initial, or a typing error.

    Parameters
    ----------
    left, right
        First names, as `crmlib.intake.tidying.plain` has them.
    typos
        How many letters may be wrong.

    Examples
    --------
    >>> could_be_one("beppe", "giuseppe", 1), could_be_one("a", "anna", 1), could_be_one("anna maria", "anna", 1)
    (True, True, True)
    >>> could_be_one("gulia", "giulia", 1), could_be_one("marta", "martina", 1), could_be_one("paolo", "paola", 1)
    (True, False, False)
    """
    if forms(left) & forms(right):
        return True
    words_left, words_right = left.split(), right.split()
    if not words_left or not words_right:
        return False
    if words_left[0] == words_right[0] and 1 in {len(words_left), len(words_right)}:
        return True  # one of two given names is often left out
    if 1 in {len(left), len(right)} and left[0] == right[0]:
        return True  # an initial
    return any(_mistyped(one, other, typos) for one in forms(left) for other in forms(right))


def _mistyped(left: str, right: str, typos: int) -> bool:
    if left[0] != right[0]:
        return False  # people seldom mistype the letter that they begin with
    if left[:-1] == right[:-1] and {left[-1], right[-1]} <= _ENDINGS:
        return False  # Paolo and Paola are no typing error
    return OSA.distance(left, right, score_cutoff=typos) <= typos
