"""Texts as people and spreadsheets leave them -> texts as they should stand."""

from __future__ import annotations

import re
import unicodedata
from functools import cache

from anyascii import anyascii

__all__ = ["cased", "plain", "tidy"]

#: Marks that are not seen: zero-width spaces, direction marks, byte order marks. Joiners stay: emoji and Persian,
#: for two, are spelled with them.
_UNSEEN = re.compile("[\u200b\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff\u00ad]")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
#: What UTF-8 looks like when it was read as Windows-1252.
_MISREAD = re.compile("[\u00c2-\u00f4][^\x00-\x7f]")
#: Small words within names of people and places, in the languages of the shop's customers.
_SMALL = {"de", "dei", "del", "della", "delle", "di", "da", "in", "nel", "nella", "sul", "sulla", "al", "alla", "e"}
#: Small words within family names that stay small, unlike Italian ones.
_SMALL_IN_NAMES = {"van", "von", "vom", "der", "den", "dos", "das", "zu", "zum", "zur", "ter", "ten", "af"}
_OF_PLACES = {*_SMALL, "upon", "on", "the", "under", "by"}


def tidy(text: str) -> str:
    """Mend the encoding, drop marks that nobody sees, and leave single spaces.

    Parameters
    ----------
    text
        Any text.

    Examples
    --------
    >>> tidy("  NiccolÃ²   Rossi ")
    'Niccolò Rossi'
    """
    for _ in range(3):  # a list may have been misread more than once
        if not _MISREAD.search(text):
            break
        try:
            mended = text.encode("cp1252").decode("utf-8")
        except UnicodeError:
            break
        text = mended
    text = unicodedata.normalize("NFC", _UNSEEN.sub("", text))
    return " ".join(_CONTROL.sub(" ", text).split())


def cased(name: str, *, place: bool = False) -> str:
    """Write a name that stands in capitals, or in small letters, as names are written; leave any other alone.

    Parameters
    ----------
    name
        A person's or a place's.
    place
        Small words stay small in a place's name.

    Examples
    --------
    >>> cased("D'AMICO"), cased("de luca"), cased("McDonald"), cased("REGGIO NELL'EMILIA", place=True)
    ("D'Amico", 'De Luca', 'McDonald', "Reggio nell'Emilia")
    >>> cased("VAN BEETHOVEN"), cased("VAN")
    ('van Beethoven', 'Van')
    """
    if not (name.isupper() or name.islower()):
        return name
    words = re.split(r"([\s\-]+)", name.lower())
    small = _SMALL_IN_NAMES if not place else set()
    last = len(words) - 1
    return "".join(word if (place and number and word in _OF_PLACES) or (word in small and number < last)
                   else _capital(word, first=not (place and number))
                   for number, word in enumerate(words))  # fmt: skip


def _capital(word: str, *, first: bool) -> str:
    head, mark, tail = word.partition("'") if "'" in word else word.partition("\u2019")
    if mark and tail and len(head) <= 4:  # noqa: PLR2004 - d', o', dell', nell', but not a final apostrophe
        inner = head if not first and head not in {"d", "l", "o"} else head.capitalize()
        return f"{inner}{mark}{tail.capitalize()}"
    if word.startswith("mc") and len(word) > 4:  # noqa: PLR2004 - McKay, but not an abbreviation
        return f"Mc{word[2:].capitalize()}"
    return word.capitalize()


@cache
def _latin(letter: str) -> str:
    """Return a letter as the Latin alphabet writes it; those that have accents alone are left to Unicode."""
    base = unicodedata.normalize("NFKD", letter)[0]
    return letter if base.isascii() else anyascii(letter)


def plain(text: str) -> str:
    """Return what a text has in common with its other spellings: small letters without accents and marks.

    Parameters
    ----------
    text
        A name of a person or a place.

    Examples
    --------
    >>> plain("Nicolò D'Amico-Rossi")
    'nicolo damico rossi'
    >>> plain("Đorđe"), plain("Νίκος Παππάς")
    ('dorde', 'nikos pappas')
    """
    if not text.isascii():
        text = "".join(_latin(mark) if mark.isalpha() else mark for mark in unicodedata.normalize("NFKC", text))
    bare = "".join(mark for mark in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(mark))
    return " ".join(re.sub(r"[^\w\s-]", "", bare).replace("-", " ").replace("_", " ").split())
