"""Where a contact is: country, postcode and telephone number, each read in the light of the others."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pandas as pd
import phonenumbers

from crmlib.customers import addresses
from crmlib.intake import places
from crmlib.intake.notes import Notes, flag, mapped, part, passing
from crmlib.intake.placeholders import no_number

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from crmlib import policy

__all__ = ["whereabouts"]

_ITALIAN_HEADERS = {"cap", "codicepostale", "codiceavviamentopostale"}
_MOSTLY = 4  # of five digits for each of fewer, from which those have lost a zero
_FEW = 3  # values of a column from which its form is one


def whereabouts(
    text: Mapping[str, pd.Series[str]], guessed: pd.Series[Any] | None, header: str, rules: policy.Intake, notes: Notes
) -> dict[str, pd.Series[Any]]:
    """Return country, postcode, phone, phone_key and phone_guessed of each row.

    A country that was given decides; one that was given and is not known leaves nothing to be guessed. Where none was,
    the prefix of a number, the form of a postcode and the Italian name of its column are signs of one.

    Parameters
    ----------
    text
        The columns as tidy text.
    guessed
        What a former cleaning said of phone_guessed.
    header
        What the column of postcodes was called.
    rules
        Whose numbers are written without prefix.
    notes
        Where it is noted what was mended or left out.
    """
    codes = mapped(text["country"], places.country).astype("str")
    unknown = text["country"].notna() & codes.isna()
    notes.add("country", text["country"], codes, flag(unknown, "no country that is known"))
    full = passing(text["phone"], _in_full)
    first = _pairs(text["phone"], _where(codes, unknown), lambda value, code: addresses.phone(value, code, rules))
    solid = text["postcode"].fillna("").str.replace(r"\.0$|[\s-]", "", regex=True)
    digits = solid.str.fullmatch(r"\d{3,10}")
    fives = int((solid.str.len() == 5)[digits].sum())  # noqa: PLR2004 - as many digits as most of Europe writes
    short = digits & solid.str.len().between(3, 4)
    mostly = fives >= _FEW and fives >= _MOSTLY * int(short.sum())
    signs = _signs(part(first, 0), part(first, 2), full, rules)
    if guessed is not None:
        signs = signs.mask(guessed.astype("boolean").fillna(value=False).astype("bool"))  # a guessed prefix is no sign
    if re.sub(r"[\W_]", "", header.casefold()) in _ITALIAN_HEADERS:
        signs = signs.fillna("IT")
    likely = codes.fillna(signs.where(text["postcode"].notna())).mask(unknown)
    posts = _pairs(
        text["postcode"], _where(likely, unknown), lambda value, code: places.postcode(value, code, five_digits=mostly)
    )
    notes.add("postcode", text["postcode"], part(posts, 0), part(posts, 2))
    settled = codes.fillna(part(posts, 1)).mask(unknown)
    numbers = _pairs(text["phone"], _where(settled, unknown), lambda value, code: addresses.phone(value, code, rules))
    phone, key = part(numbers, 0), part(numbers, 1)
    notes.add("phone", text["phone"], phone, part(numbers, 2))
    nobody = passing(key, lambda value: no_number(value, rules))
    notes.add("phone", text["phone"], phone, flag(nobody, "stands for no number: joins nobody"))
    blind = ~full & codes.isna()
    if guessed is not None:
        blind = guessed.astype("boolean").fillna(value=True).astype("bool").where(full, blind)
    return {
        "country": settled,
        "postcode": part(posts, 0),
        "phone": phone,
        "phone_key": key,
        "phone_guessed": blind.astype("boolean").mask(phone.isna()),
    }


def _in_full(text: str) -> bool:
    return bool(re.match(r"[^\d+]*(?:\+|00)\s*\(?\d", text))


def _signs(phone: pd.Series[str], note: pd.Series[str], full: pd.Series[bool], rules: policy.Intake) -> pd.Series[str]:
    """Return the country that a number tells: by its prefix, or as one that the policy's first country has assigned."""
    countries = mapped(phone, _country)
    home = (countries == rules.phone_regions[0] if rules.phone_regions else full) & ~note.fillna("").str.contains(
        "unassigned"
    )
    return countries.where(full | home).astype("str")


def _country(number: str) -> str | None:
    parsed = phonenumbers.parse(number)
    code = phonenumbers.region_code_for_number(parsed)
    code = code or phonenumbers.region_code_for_country_code(parsed.country_code or 0)
    return code if code in phonenumbers.SUPPORTED_REGIONS else None


def _pairs(
    column: pd.Series[str], where: Sequence[str | None], change: Callable[[str, str | None], Any]
) -> pd.Series[Any]:
    """Change each distinct pair of text and country once."""
    pairs = [None if pd.isna(value) else (str(value), code) for value, code in zip(column, where, strict=True)]
    known = {pair: change(*pair) for pair in dict.fromkeys(pairs) if pair is not None}
    return pd.Series([None if pair is None else known[pair] for pair in pairs], index=column.index, dtype=object)


def _where(codes: pd.Series[str], unknown: pd.Series[bool]) -> list[str | None]:
    """Return each row's country, ``ZZ`` for one that was given and is not known."""
    return [
        "ZZ" if strange else None if pd.isna(code) else str(code) for code, strange in zip(codes, unknown, strict=True)
    ]
