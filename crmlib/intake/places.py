"""Postcodes and countries."""

from __future__ import annotations

import re
from typing import NamedTuple

__all__ = ["Postcode", "country", "postcode"]

_ITALIAN = re.compile(r"\d{5}")
_BRITISH = re.compile(r"([A-Z]{1,2}\d[A-Z\d]?)(\d[A-Z]{2})")
_LOST_ZERO = re.compile(r"\d{3,4}")
_COUNTRIES = {
    **dict.fromkeys(("it", "ita", "italia", "italy"), "IT"),
    **dict.fromkeys(("gb", "gbr", "uk", "united kingdom", "great britain", "england", "scotland", "wales",
                     "regno unito", "inghilterra"), "GB"),
}  # fmt: skip


class Postcode(NamedTuple):
    """A postcode, cleaned.

    Attributes
    ----------
    postcode
        As its country writes it.
    country
        The country whose form it has, if it has one's.
    note
        What was mended; empty if it was fine.
    """

    postcode: str
    country: str | None
    note: str


def postcode(text: str, where: str | None = None) -> Postcode:
    """Clean one postcode; those of a form that is not known stay as they are, in capitals.

    Parameters
    ----------
    text
        As typed.
    where
        The contact's country, if it is known.

    Examples
    --------
    >>> postcode("184.0"), postcode("sw1a1aa")
    (Postcode(postcode='00184', country='IT', note='mended'), Postcode(postcode='SW1A 1AA', country='GB', note=''))
    """
    bare = re.sub(r"\.0$", "", text.strip()).upper()
    solid = re.sub(r"[\s-]", "", bare)
    if british := _BRITISH.fullmatch(solid):
        return Postcode(f"{british[1]} {british[2]}", "GB", "")
    solid = re.sub(r"^(IT?|I)(?=\d)", "", solid)
    if where in {None, "IT"}:
        if _ITALIAN.fullmatch(solid):
            return Postcode(solid, "IT", "")
        if _LOST_ZERO.fullmatch(solid):  # a spreadsheet took 00184 for a number
            return Postcode(solid.zfill(5), "IT", "mended")
    return Postcode(bare, where, "")


def country(text: str) -> str | None:
    """Return the ISO 3166 code of a country, or ``None`` if it is not known.

    Parameters
    ----------
    text
        A code or a usual name.

    Examples
    --------
    >>> country("Italia"), country("fr")
    ('IT', 'FR')
    """
    plain = " ".join(text.lower().split())
    if plain in _COUNTRIES:
        return _COUNTRIES[plain]
    return plain.upper() if re.fullmatch(r"[a-z]{2}", plain) else None
