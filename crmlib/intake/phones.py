"""Telephone numbers in E.164, whatever they looked like."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumberFormat

if TYPE_CHECKING:
    from collections.abc import Iterator

    from crmlib import policy

__all__ = ["Phone", "phone"]

_WITH_PREFIX = 11  # digits from which a number without plus may carry a country's prefix


class Phone(NamedTuple):
    """A telephone number, cleaned.

    Attributes
    ----------
    phone
        In E.164, such as ``+393001234567``; ``None`` if it is no number.
    key
        Its digits without the country's prefix and leading zeros: a number that was written without prefix, whose
        country was guessed, has the key of the same number written in full. ``None`` with `phone`.
    note
        ``unassigned`` if its country has not assigned it, or why it is none; empty if it is fine.
    """

    phone: str | None
    key: str | None
    note: str


def phone(text: str, country: str | None, rules: policy.Intake) -> Phone:
    """Clean one telephone number.

    A number that its country has assigned beats one that is only of a possible length; among equals, the contact's
    own country and then the policy's order decide.

    Parameters
    ----------
    text
        As typed.
    country
        The contact's country, if it is known.
    rules
        Whose numbers are written without prefix.

    Examples
    --------
    >>> from crmlib.policy import Intake
    >>> phone("(+44) 020 7946-0123", None, Intake())
    Phone(phone='+442079460123', key='2079460123', note='')
    >>> phone("393001234567.0", "IT", Intake())
    Phone(phone='+393001234567', key='3001234567', note='unassigned')
    >>> phone("3.93E+11", "IT", Intake())
    Phone(phone=None, key=None, note='no telephone number')
    """
    plain = re.sub(r"\.0$", "", text.strip())  # a spreadsheet took it for a number
    possible = None
    if not re.search(r"\d[eE][+-]?\d", plain):  # and here it took the last digits away
        for number in _readings(plain, country, rules):
            if phonenumbers.is_valid_number(number):
                return _phone(number, "")
            if possible is None and phonenumbers.is_possible_number(number):
                possible = number
    if possible is None:
        return Phone(None, None, "no telephone number")
    if rules.unassigned_phones == "drop":
        return Phone(None, None, "a telephone number that its country has not assigned")
    return _phone(possible, "unassigned")


def _readings(text: str, country: str | None, rules: policy.Intake) -> Iterator[phonenumbers.PhoneNumber]:
    """Return what a number could mean, the likeliest first."""
    regions = list(dict.fromkeys([*([country] if country else []), *rules.phone_regions]))
    digits = re.sub(r"\D", "", text)
    tries: list[tuple[str, str | None]] = []
    if digits.startswith("00"):
        tries.append((f"+{digits[2:]}", None))
    elif "+" in text:
        tries.append((f"+{digits}", None))
    else:
        prefixes = tuple(str(phonenumbers.country_code_for_region(region)) for region in regions)
        if len(digits) >= _WITH_PREFIX and digits.startswith(prefixes):
            tries.append((f"+{digits}", None))
        tries += [(digits, region) for region in regions if digits.startswith(_trunk(region))]
    for written, region in tries:
        try:
            yield phonenumbers.parse(written, region)
        except NumberParseException:
            continue


def _trunk(region: str) -> str:
    """Return what a country's people dial before a number at home; Italy's zero is part of the number itself."""
    metadata = phonenumbers.PhoneMetadata.metadata_for_region(region)
    return "" if metadata is None else metadata.national_prefix or ""


def _phone(number: phonenumbers.PhoneNumber, note: str) -> Phone:
    key = phonenumbers.national_significant_number(number).lstrip("0")
    return Phone(phonenumbers.format_number(number, PhoneNumberFormat.E164), key, note)
