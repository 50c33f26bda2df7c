"""The names of a list's rows: first, last and company, without titles, and none where they stand for none."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING, NamedTuple

import pandas as pd

from crmlib.intake.honorifics import company, generation, without_titles
from crmlib.intake.names import particle, split_name
from crmlib.intake.notes import Notes, flag, mapped, part, passing
from crmlib.intake.placeholders import no_name
from crmlib.intake.spellings import listed
from crmlib.intake.tidying import cased, plain

if TYPE_CHECKING:
    from collections.abc import Mapping

    from crmlib import policy

__all__ = ["Called", "called", "names"]

#: Countries where a person has two family names.
_TWO_FAMILIES = {"ES", "MX", "AR", "CO", "CL", "PE", "VE", "EC", "BO", "UY", "PY", "CR", "PA", "GT", "HN", "SV", "NI",
                 "DO", "CU"}  # fmt: skip
_NO_FIRST = {"nan", "none", "null", "nil", "<na>"}
_EAST_ASIAN = ("CJK UNIFIED", "HANGUL", "HIRAGANA", "KATAKANA")


class Called(NamedTuple):
    """What a full name says.

    Attributes
    ----------
    first, last
        The given and the family name; either may be ``None``.
    company
        The whole name, where it is a company's.
    note
        What was left out or is doubtful; empty if nothing is.
    generation
        See `crmlib.intake.honorifics.Bare`.
    """

    first: str | None
    last: str | None
    company: str | None
    note: str
    generation: str | None = None


def called(text: str, country: str | None = None) -> Called:
    """Read a full name.

    Parameters
    ----------
    text
        A tidy name.
    country
        Where the person lives, as a code of two letters, if it is known.

    Examples
    --------
    >>> called("Dr. Anna Rossi")
    Called(first='Anna', last='Rossi', company=None, note='left out: Dr.', generation=None)
    >>> called("Bottega Rossi S.r.l.").company
    'Bottega Rossi S.r.l.'
    >>> called("Gabriel García López", "ES")[:2], called("Gabriel García López").note
    (('Gabriel', 'García López'), 'doubtful: which words are the family name')
    >>> called("李 小龍")[:2]
    ('小龍', '李')
    """
    if company(text):
        return Called(None, None, text, "a company")
    bare, titles, which = without_titles(text)
    notes = [f"left out: {titles}"] if titles else []
    words = bare.split()
    if len(words) == 1 and titles and plain(bare) not in listed():
        return Called(None, bare, None, notes[0], which)  # Dr. Rossi
    first, last = split_name(bare)
    if len(words) == 2 and all(map(_east_asian, words)):  # noqa: PLR2004 - the family name and the given one
        first, last = words[1], words[0]
    middle = words[1:-1] if "," not in bare else []
    if middle and last == words[-1] and not any(plain(word) in listed() or len(plain(word)) < 2 for word in middle):  # noqa: PLR2004 - an initial
        if country in _TWO_FAMILIES:
            first, last = " ".join(words[:-2]), " ".join(words[-2:])
        elif not any(particle(word) for word in middle):
            notes.append("doubtful: which words are the family name")
    return Called(first, last, None, "; ".join(notes), which)


def names(
    text: Mapping[str, pd.Series[str]],
    senders: pd.Series[str],
    country: pd.Series[str],
    rules: policy.Intake,
    notes: Notes,
) -> dict[str, pd.Series[str]]:
    """Return first names, last names, generations and companies, from their own columns or else from the full name.

    Parameters
    ----------
    text
        The columns as tidy text.
    senders
        Names beside mail addresses, for rows that have none else.
    country
        Codes of countries, as far as they were given.
    rules
        Which names stand for none.
    notes
        Where it is noted what was left out.
    """
    whole = (text["first_name"].fillna("") + " " + text["last_name"].fillna("")).str.strip().replace("", None)
    nobody = passing(whole, lambda value: no_name(value, rules))
    which = mapped(text["generation"], generation).astype("str")
    unread = flag(text["generation"].notna() & which.isna(), "does not tell a parent from a child: left out")
    notes.add("generation", text["generation"], which, unread)
    first = _there(text["first_name"], "first_name", nobody | passing(text["first_name"], _no_first), notes)
    last = _there(text["last_name"], "last_name", nobody | passing(text["last_name"], _marks), notes)
    first, suffixes = _bare(first, "first_name", notes)
    which = which.fillna(suffixes)
    last, suffixes = _bare(last, "last_name", notes)
    which = which.fillna(suffixes)
    firm = _there(text["company"], "company", passing(text["company"], lambda value: no_name(value, rules)), notes)
    # a company's name in the columns of a person's
    whole = first.fillna("") + " " + last.fillna("")
    firms = whole.str.strip().where(passing(last, _ends_as_company)).where(firm.isna())
    notes.add("last_name", last, firms, flag(firms.notna(), "a company"))
    firm, first, last = firm.fillna(firms), first.mask(firms.notna()), last.mask(firms.notna())
    full = text["full_name"].fillna(senders).where(first.isna() & last.isna() & firm.isna())
    full = _there(full, "full_name", passing(full, lambda value: no_name(value, rules)), notes)
    codes = country.astype(object).where(country.notna(), None)
    read = full.astype(object)
    read[:] = [None if pd.isna(name) else called(name, code) for name, code in zip(full, codes, strict=True)]
    notes.add("full_name", full, full, part(read, 3))
    first, last, firm = first.fillna(part(read, 0)), last.fillna(part(read, 1)), firm.fillna(part(read, 2))
    return {"first_name": mapped(first, cased).astype("str"), "last_name": mapped(last, cased).astype("str"),
            "generation": which.fillna(part(read, 4)).astype("str"), "company": firm.astype("str")}  # fmt: skip


def _no_first(text: str) -> bool:
    """Tell whether a first name is a word for none, whatever family name stands beside it."""
    return _marks(text) or text.casefold() in _NO_FIRST


def _there(column: pd.Series[str], name: str, none: pd.Series[bool], notes: Notes) -> pd.Series[str]:
    """Return a column, empty where it stands for none."""
    none = none & column.notna()
    notes.add(name, column, column.mask(none), flag(none, "stands for no name: left out"))
    return column.mask(none)


def _bare(column: pd.Series[str], name: str, notes: Notes) -> tuple[pd.Series[str], pd.Series[str]]:
    """Return a column of names without titles, and the generations that they told."""
    stripped = mapped(column, _stripped)
    notes.add(name, column, part(stripped, 0), part(stripped, 1))
    return part(stripped, 0), part(stripped, 2)


def _stripped(text: str) -> tuple[str | None, str, str | None]:
    """Return a name without titles, what was left out, and the generation."""
    if company(text):
        return text, "", None
    bare, titles, which = without_titles(text)
    alone = without_titles(f"{bare} Rossi")  # a title alone in its column
    if alone.name == "Rossi" and alone.titles:
        return None, f"left out: {text}", which
    behind = without_titles(f"Anna Maria {bare}")
    if behind.titles and behind.name.startswith("Anna Maria ") and len(behind.name) > len("Anna Maria "):
        left_out = " ".join(filter(None, (titles, behind.titles)))
        return behind.name.removeprefix("Anna Maria "), f"left out: {left_out}", which or behind.generation
    return bare, f"left out: {titles}" if titles else "", which


def _marks(text: str) -> bool:
    """Tell whether a family name is nothing but marks, or a word for none that nobody is called."""
    return not any(mark.isalpha() for mark in text) or bool(re.fullmatch(r"n[./]\s?[ad]\.?", text.casefold()))


def _ends_as_company(text: str) -> bool:
    return bool(text) and company(f"X {text}")


def _east_asian(word: str) -> bool:
    return all(unicodedata.name(mark, "").startswith(_EAST_ASIAN) for mark in word)
