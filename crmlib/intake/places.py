"""Postcodes and countries."""

from __future__ import annotations

import re
from typing import NamedTuple

from crmlib.customers.addresses import region

__all__ = ["Postcode", "country", "postcode"]

_BRITISH = re.compile(r"([A-Z]{1,2}\d[A-Z\d]?)(\d[A-Z]{2})")
#: Letters before a postcode, as the post of the continent writes them.
_PREFIXES = {"I": "IT", "IT": "IT", "F": "FR", "FR": "FR", "D": "DE", "DE": "DE", "CH": "CH", "A": "AT", "AT": "AT",
             "B": "BE", "BE": "BE", "ES": "ES", "L": "LU", "LU": "LU"}  # fmt: skip
#: Countries whose postcodes have five digits, some of them with a zero in front.
_FIVE_DIGITS = {"IT", "DE", "FR", "ES", "US", "MX", "FI", "EE", "HR", "SM", "VA"}
_LOST_ZERO = re.compile(r"\d{3,4}")


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


def postcode(text: str, where: str | None = None, *, five_digits: bool = False) -> Postcode:
    """Clean one postcode; those of a form that is not known stay as they are, in capitals.

    Five digits are Italian, French, German and more, so nothing is told by them alone.

    Parameters
    ----------
    text
        As typed.
    where
        The contact's country, if it is known; ``ZZ`` if one was given that nobody knows.
    five_digits
        Whether the other postcodes of the list have five digits, so that one of four has lost a zero.

    Examples
    --------
    >>> postcode("184.0", "IT"), postcode("sw1a1aa")
    (Postcode(postcode='00184', country='IT', note='mended'), Postcode(postcode='SW1A 1AA', country='GB', note=''))
    >>> postcode("8001"), postcode("F-75001")
    (Postcode(postcode='8001', country=None, note=''), Postcode(postcode='75001', country='FR', note=''))
    """
    bare = re.sub(r"\.0$", "", text.strip()).upper()
    solid = re.sub(r"[\s-]", "", bare)
    if where in {None, "GB"} and (british := _BRITISH.fullmatch(solid)):
        return Postcode(f"{british[1]} {british[2]}", "GB", "")
    if (prefixed := re.fullmatch(r"([A-Z]{1,2})(\d{4,5})", solid)) and where in {None, _PREFIXES.get(prefixed[1])}:
        where = _PREFIXES.get(prefixed[1], where)
        solid = prefixed[2] if prefixed[1] in _PREFIXES else solid
    country = None if where == "ZZ" else where
    if solid.isdigit():
        if _LOST_ZERO.fullmatch(solid) and (where in _FIVE_DIGITS or (where is None and five_digits)):
            return Postcode(solid.zfill(5), country, "mended")  # a spreadsheet took 00184 for a number
        if where in _FIVE_DIGITS or solid != bare:
            return Postcode(solid if where in _FIVE_DIGITS or where in _PREFIXES.values() else bare, country, "")
    return Postcode(bare, country, "")


def country(text: str) -> str | None:
    """Return the ISO 3166 code of a country, or ``None`` if it is not known.

    Parameters
    ----------
    text
        A code or a name, in English or Italian.

    Examples
    --------
    >>> country("Italia"), country("fr"), country("Germany"), country("Elbonia")
    ('IT', 'FR', 'DE', None)
    """
    code = region(text)
    return None if code == "ZZ" else code
