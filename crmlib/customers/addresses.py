"""The one normal form of a mailbox and of a telephone number: to compare by, to send to and to export.

An objection must reach everybody whom a message would reach, so it is matched broadly: `mailbox_keys` leaves out tags
and a provider's dots, `number_keys` leaves out a country that was only guessed. A permission is matched narrowly, by
the very address (`Address.email`, `Phone.phone`) that a message goes to.
"""

from __future__ import annotations

import html
import re
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

import idna
import phonenumbers
from phonenumbers import NumberParseException, PhoneNumberFormat

from crmlib.text.spelling import seen

if TYPE_CHECKING:
    from collections.abc import Iterator

    from phonenumbers import PhoneNumber

    from crmlib import policy

__all__ = ["Address", "Phone", "address", "is_generic", "mailbox_keys", "number_keys", "phone", "region"]

# RFC 5321's dot-atom, letters of any script (RFC 6531); quoted local parts are legal and never seen
_LOCAL = r"[\w!#$%&'*+/=?^`{|}~-]+(?:\.[\w!#$%&'*+/=?^`{|}~-]+)*"
_LABEL = r"[^\W_](?:[\w-]*[^\W_])?"
_ADDRESS = re.compile(rf"({_LOCAL})@({_LABEL}(?:\.{_LABEL})+)")
_LONGEST_LOCAL, _LONGEST = 64, 254
_AROUND = ".,;:'\"()[]"
#: Between two addresses in one field. A slash is a legal letter of a mailbox, so it needs spaces around.
_BETWEEN = re.compile(r"[;,|]|\s/\s|\s+(?=\S+@)")
#: Endings that no registry knows and that are one slip away from one that everybody knows.
_SLIPS = {"cmo", "com.it", "comm", "con", "coom", "cpm", "ocm", "vom", "xom"}

_WITH_PREFIX = 11  # digits from which a number without plus may carry a country's prefix
_WHOLE = 6  # digits from which a part of a field is a number of its own
_NOWHERE = "ZZ"  # Unicode's code for a country that is not known
_AT_HOME = re.compile(r"\(\s*0\s*\)")
_EXTENSION = re.compile(r"(?:extension|estensione|interno|ext|int|x|#)\s*[.:]?\s*(\d{1,7})\b", re.IGNORECASE)
_NAMES_OF_REGIONS = {
    **dict.fromkeys(("uk", "england", "scotland", "wales", "great britain", "inghilterra", "scozia", "galles",
                     "gran bretagna"), "GB"),
    **dict.fromkeys(("usa", "u.s.a.", "america"), "US"),
}  # fmt: skip


class Address(NamedTuple):
    """A mail address, cleaned.

    Attributes
    ----------
    email
        In small letters, its domain in ASCII; ``None`` if it is no address.
    key
        The mailbox that it reaches: equal for all its aliases. ``None`` with `email`.
    note
        What was mended, or why it is none; empty if it was fine.
    """

    email: str | None
    key: str | None
    note: str


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
        ``unassigned`` if its country has not assigned it, what was left out, or why it is none; empty if it is fine.
    """

    phone: str | None
    key: str | None
    note: str


def address(text: str, rules: policy.Intake) -> Address:
    """Clean one mail address; of several in one field, the first.

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
    whole, *others = _mails(text)
    if whole is None:
        return Address(None, None, "no mail address")
    notes = ["mended"] if whole != text.strip().lower() and not others else []
    notes += [f"a second address: {other}" for other in others if other]
    ending = whole.rpartition("@")[2].partition(".")[2]
    if ending in _SLIPS or ending.rpartition(".")[2] in _SLIPS:
        notes.append(f"doubtful: nothing ends in .{ending}")
    return Address(whole, _mailbox(whole, rules, tags=rules.plus_tags), "; ".join(notes))


def mailbox_keys(text: str, rules: policy.Intake) -> frozenset[str]:
    """Return what a mail address has in common with all others that may reach the same mailbox.

    Tags are left out whatever the policy says of them: this is for objections.

    Parameters
    ----------
    text
        As typed; there may be several in it.
    rules
        Which providers ignore dots, and which domains are one.

    Examples
    --------
    >>> from crmlib.policy import Intake
    >>> sorted(mailbox_keys("Anna <a.nna+x@googlemail.com>; anna@example.org", Intake(plus_tags=False)))
    ['anna@example.org', 'anna@gmail.com']
    """
    return frozenset(_mailbox(whole, rules, tags=True) for whole in _mails(text) if whole)


def is_generic(email: str, rules: policy.Intake) -> bool:
    """Tell whether an address belongs to nobody in particular, such as ``info@example.com``.

    Parameters
    ----------
    email
        An address.
    rules
        Which names are generic.

    Examples
    --------
    >>> from crmlib.policy import Intake
    >>> [is_generic(f"{name}@example.com", Intake()) for name in ("info-it", "Customer.Care", "anna.info", "infanta")]
    [True, True, False, False]
    """
    local = re.split(r"[@+]", email.lower(), maxsplit=1)[0]
    parts = re.split(r"[._-]", local)
    # info-it and customer.care.eu are info and customercare; anna.info is Anna's
    return any("".join(parts[:count]) in rules.generic_mailboxes for count in range(1, len(parts) + 1)) or (
        local in rules.generic_mailboxes
    )


def phone(text: str, country: str | None, rules: policy.Intake) -> Phone:
    """Clean one telephone number; of several in one field, the first.

    A number that its country has assigned beats one that is only of a possible length. Where the country is known, no
    other one is tried; where it is not, the policy's order decides among equals.

    Parameters
    ----------
    text
        As typed.
    country
        The person's country as a code of two letters, if it is known; ``ZZ`` if one was given that nobody knows, which
        leaves nothing to be guessed.
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
    >>> phone("+39 (0) 347 1006165", None, Intake()).phone
    '+393471006165'
    >>> phone("06 6982 int. 5", "IT", Intake())
    Phone(phone='+39066982', key='66982', note='extension 5')
    """
    numbers = list(_numbers(text))
    notes = [f"a second number: {other.written}" for other in numbers[1:]]
    for written, rest in numbers[:1]:
        notes += [f"extension {mark[1]}" if (mark := _EXTENSION.match(rest)) else f"left out: {rest}"] if rest else []
        possible = None
        for number, _ in _readings(written, country, rules):
            if phonenumbers.is_valid_number(number):
                return _phone(number, notes)
            if possible is None and phonenumbers.is_possible_number(number):
                possible = number
        if possible is not None and rules.unassigned_phones == "drop":
            return Phone(None, None, "a telephone number that its country has not assigned")
        if possible is not None:
            return _phone(possible, ["unassigned", *notes])
    return Phone(None, None, "no telephone number")


def number_keys(text: str, country: str | None, rules: policy.Intake, *, objects: bool = False) -> frozenset[str]:
    """Return what a telephone number has in common with others that may ring the same telephone.

    The keys of an objection and of a person have one in common if the numbers may be one: two numbers written in full
    only if they are equal, one without prefix if the rest is equal, whatever country was guessed for it.

    Parameters
    ----------
    text
        As typed; there may be several in it.
    country, rules
        As for `phone`.
    objects
        Whether it is the number of an objection.

    Examples
    --------
    >>> from crmlib.policy import Intake
    >>> here, there = number_keys("030 901820", "DE", Intake()), number_keys("+49 30 901820", None, Intake())
    >>> bool(here & number_keys("+4930901820", None, Intake(), objects=True))
    True
    >>> bool(there & number_keys("+33 30 901820", None, Intake(), objects=True))
    False
    """
    keys: set[str] = set()
    for written, _ in _numbers(text):
        full = _international(written)
        digits = re.sub(r"\D", "", written).lstrip("0")
        bare = set() if full or len(digits) < _WHOLE else {digits}
        for number, guessed in _readings(written, country, rules):
            if not phonenumbers.is_possible_number(number):
                continue
            rest = phonenumbers.national_significant_number(number).lstrip("0")
            if guessed:
                bare.add(rest)
            else:
                keys.add(phonenumbers.format_number(number, PhoneNumberFormat.E164))
                keys.add(f"guessed {rest}" if objects else f"full {rest}")
        keys |= {f"guessed {each}" for each in bare}
        keys |= {f"full {each}" for each in bare} if objects else set()
    return frozenset(keys)


def region(text: str | None) -> str | None:
    """Return the code of a country, ``ZZ`` for one that is given and not known, ``None`` if none is given.

    Parameters
    ----------
    text
        A code of two or three letters, or a name in English or Italian.

    Examples
    --------
    >>> region("Francia"), region("gb"), region("DEU"), region("Elbonia"), region(" ")
    ('FR', 'GB', 'DE', 'ZZ', None)
    """
    plain = seen(text or "").casefold()
    if plain in {"", "-", "n/a", "na?", "nan", "none", "null"}:
        return None
    return _regions().get(plain, _NOWHERE)


@cache
def _regions() -> dict[str, str]:
    """Return the countries of the telephone network by code and name."""
    from babel import Locale
    from babel.core import get_global

    known = {str(code) for code in phonenumbers.SUPPORTED_REGIONS} | {"ZZ"}
    names = {"zz": "ZZ"} | {
        str(name).casefold(): code
        for language in ("it", "en")
        for code, name in Locale(language).territories.items()
        if code in known and code != "ZZ"
    }
    names |= {
        alias.casefold(): codes[0]
        for alias, codes in get_global("territory_aliases").items()
        if alias.isalpha() and len(codes) == 1 and codes[0] in known
    }
    return names | {code.casefold(): code for code in known} | _NAMES_OF_REGIONS


def _mails(text: str) -> list[str | None]:
    """Return the addresses of a field; one that cannot be read as ``None``."""
    plain = seen(html.unescape(text)).lower().replace("\u3002", ".")
    plain = re.sub(r"\s*[\[({]\s*(?:at|chiocciola)\s*[\])}]\s*|\s+(?:at|chiocciola)\s+", "@", plain)
    plain = re.sub(r"\s*[\[({]\s*(?:dot|punto)\s*[\])}]\s*|(?<=\S)\s+(?:dot|punto)\s+(?=\S)", ".", plain)
    plain = re.sub(r"\s*@[\s@]*", "@", plain)
    parts = [plain]
    if plain.count("@") > 1:
        parts = [part for part in _BETWEEN.split(plain) if "@" in part]
    return [_mail(part) for part in parts] or [None]


def _mail(text: str) -> str | None:
    if inside := re.search(r"<([^<>]*)>", text):
        text = inside[1]
    text = text.strip(f"{_AROUND} =`").removeprefix("mailto:").partition("?")[0] if "mailto:" in text else text
    text = text.strip(f"{_AROUND} ").removeprefix("=").strip(f"{_AROUND} ")
    before, _, after = text.rpartition("@")
    text = f"{before}@{after.replace(' ', '')}"  # a space before the sign may end a name: whose mailbox is not certain
    match = _ADDRESS.fullmatch(text)
    if match is None or len(match[1]) > _LONGEST_LOCAL or len(text) > _LONGEST:
        return None
    local, domain = match[1], match[2]
    if not domain.isascii():
        try:
            domain = idna.encode(domain, uts46=True).decode()
        except idna.IDNAError:
            return None
    return f"{local}@{domain}"


def _mailbox(whole: str, rules: policy.Intake, *, tags: bool) -> str:
    local, _, domain = whole.rpartition("@")
    domain = rules.same_domains.get(domain, domain)
    if tags:
        local = local.partition("+")[0] or local
    if domain in rules.dotless_domains:
        local = local.replace(".", "")
    return f"{local}@{domain}"


class _Number(NamedTuple):
    """A number as it was written, and what stands behind it."""

    written: str
    rest: str


def _numbers(text: str) -> Iterator[_Number]:
    """Yield the numbers of a field, each up to the first word behind it."""
    plain = re.sub(r"^[=\"'\s]+|[\"'\s]+$", "", seen(text))
    plain = re.sub(r"(?<=\d)\.0$", "", plain)  # a spreadsheet took it for a number
    if re.search(r"\d[eE][+-]?\d", plain):  # and here it took the last digits away
        return
    parts = re.split(r"[/;,|]|\s(?:o|or|oppure|e|and)\s", plain)
    if any(_digits(part) < _WHOLE for part in parts):
        parts = [plain]  # a slash or comma within a number
    for part in parts:
        start = re.search(r"[+\d(]", part)
        if start is None:
            continue
        number = part[start.start() :]
        end = re.search(r"\s*[(\[]?\s*(?:[^\W\d_]|#)", number)
        written, rest = (number[: end.start()], number[end.start() :]) if end else (number, "")
        yield _Number(written.strip(), rest.strip())


def _digits(text: str) -> int:
    return sum(mark.isdigit() for mark in text)


def _international(written: str) -> bool:
    return "+" in written or re.sub(r"\D", "", written).startswith("00")


def _readings(written: str, country: str | None, rules: policy.Intake) -> Iterator[tuple[PhoneNumber, bool]]:
    """Yield what a number could mean, the likeliest first, and whether its country is only a guess."""
    digits = re.sub(r"\D", "", written)
    own = country.upper() if country else None
    regions = [own] if own in phonenumbers.SUPPORTED_REGIONS else [] if own else list(rules.phone_regions)
    tries: list[tuple[str, str | None]] = []
    if _international(written):
        # the zero of +39 (0) 347 ... is for callers at home; that of +39 (0)6 ... is part of the number
        for form in dict.fromkeys([written, _AT_HOME.sub("", written)]):
            digits = re.sub(r"\D", "", form)
            tries.append((f"+{digits.removeprefix('00')}", None))
    else:
        prefixes = tuple(str(phonenumbers.country_code_for_region(each)) for each in regions)
        if len(digits) >= _WITH_PREFIX and prefixes and digits.startswith(prefixes):
            tries.append((f"+{digits}", None))
        tries += [(digits, each) for each in regions if own or digits.startswith(_trunk(each))]
    for text, where in tries:
        try:
            yield phonenumbers.parse(text, where), where is not None
        except NumberParseException:
            continue


def _trunk(country: str) -> str:
    """Return the zero that a country's people dial before a number at home; Italy's is part of the number itself."""
    metadata = phonenumbers.PhoneMetadata.metadata_for_region(country)
    return "0" if metadata is not None and metadata.national_prefix == "0" else ""


def _phone(number: PhoneNumber, notes: list[str]) -> Phone:
    key = phonenumbers.national_significant_number(number).lstrip("0")
    return Phone(phonenumbers.format_number(number, PhoneNumberFormat.E164), key, "; ".join(notes))
