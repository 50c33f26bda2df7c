"""What is compared of two records, and which pairs of records are looked at."""

from __future__ import annotations

from itertools import combinations
from typing import NamedTuple

import pandas as pd

__all__ = ["LEVELS", "Level", "blocks", "compared", "solid"]


class Level(NamedTuple):
    """How far two values agree.

    Attributes
    ----------
    condition
        SQL; a later level is of pairs that meet no earlier one.
    match
        The share of one person's pairs that are at this level, before the archive says otherwise.
    chance
        The share of two people's pairs that are.
    frequencies
        The column whose values' own frequencies say how often two people agree by chance.
    """

    condition: str
    match: float
    chance: float
    frequencies: str | None = None


def _typo(name: str) -> str:
    return f"abs(length({name}_l) - length({name}_r)) < 2 and damerau_levenshtein({name}_l, {name}_r) < 2"


def _alike(name: str, least: float) -> str:
    return f"jaro_winkler_similarity({name}_l, {name}_r) >= {least}"


#: First and last name stand the wrong way round in one of two records. It is a level of the given name; the family name
#: then says nothing further.
_CROSSED = (
    "(given_l <> given_r and jaro_winkler_similarity(given_l, family_r) >= 0.9"
    " and jaro_winkler_similarity(family_l, given_r) >= 0.9)"
)

#: The closest level first; the last holds the rest.
LEVELS: dict[str, tuple[Level, ...]] = {
    "given": (
        Level("given_l = given_r", 0.80, 0.02, "given"),
        Level(_CROSSED, 0.01, 0.0001),
        Level("list_has_any(forms_l, forms_r)", 0.06, 0.002),
        Level(_alike("given", 0.92), 0.05, 0.003),
        Level(_alike("given", 0.8), 0.04, 0.01),
        Level("else", 0.04, 0.9649),
    ),
    "family": (
        Level("family_l = family_r", 0.85, 0.005, "family"),
        Level(_alike("family", 0.92), 0.07, 0.001),
        Level(_alike("family", 0.8), 0.03, 0.006),
        Level("else", 0.05, 0.988),
    ),
    "email": (
        Level("email_l = email_r", 0.80, 0.0001, "email"),
        Level("local_l = local_r and regexp_matches(local_l, '[0-9]')", 0.02, 0.0005),
        Level("provider_l = provider_r and damerau_levenshtein(local_l, local_r) < 2", 0.03, 0.0005),
        Level("else", 0.15, 0.9989),
    ),
    "phone": (
        Level("phone_l = phone_r", 0.88, 0.0001, "phone"),
        Level(_typo("phone"), 0.02, 0.0001),
        Level("else", 0.10, 0.9998),
    ),
    # town and postcode are one comparison, for who shares the one mostly shares the other
    "place": (
        Level("place_l = place_r", 0.60, 0.003),
        Level("postcode_l = postcode_r and levenshtein(city_l, city_r) <= 2", 0.08, 0.0005),
        Level(f"city_l = city_r and {_typo('postcode')}", 0.07, 0.0005),
        Level("postcode_l = postcode_r", 0.08, 0.002),
        Level("city_l = city_r", 0.08, 0.01),
        Level(f"levenshtein(city_l, city_r) <= 2 and {_typo('postcode')}", 0.02, 0.0005),
        Level(f"levenshtein(city_l, city_r) <= 2 or ({_typo('postcode')})", 0.02, 0.02),
        Level("else", 0.05, 0.9635),
    ),
    "street": (
        Level("street_l = street_r", 0.70, 0.001, "street"),
        Level("levenshtein(street_l, street_r) <= 2", 0.12, 0.001),
        Level(_alike("street", 0.9), 0.05, 0.008),
        Level("else", 0.13, 0.99),
    ),
    "birth_date": (
        Level("birth_date_l = birth_date_r", 0.90, 0.0001, "birth_date"),
        Level(_typo("birth_date"), 0.05, 0.001),
        Level("else", 0.05, 0.9989),
    ),
}
#: The columns of each comparison, the one that it cannot do without first.
_COLUMNS = {"place": ("postcode", "city"), "email": ("email", "local", "provider"), "given": ("given", "forms")}
_NULLS = {
    "family": f"family_l is null or family_r is null or coalesce({_CROSSED}, false)",
    "place": "(postcode_l is null or postcode_r is null) and (city_l is null or city_r is null)",
    # two numbers written in full, under two countries, whose rest is the same: no evidence either way
    "phone": "phone_l is null or phone_r is null or (phone_l = phone_r and number_l <> number_r)",
}
#: What stands in a column alone, and is rarely shared by two people.
_ALONE = ("email", "local", "phone", "birth_date", "street")
_TOGETHER = ("given", "family", "postcode", "city", "street", "birth_date")
#: The beginnings of names, for those whose ends are mistyped.
_BEGINNINGS = (
    ("family", 4, "given", 3), ("family", 3, "postcode", 9), ("given", 3, "postcode", 9), ("family", 4, "city", 9),
    ("family", 1, "birth_date", 10),
)  # fmt: skip
#: Names the wrong way round: a column of the one record and a column of the other.
_CROSSES = (("given", "family"), ("family", "given"))
_PER_RECORD = 20  # pairs to look at: what is left of the rules beyond that is too coarse for this archive
_AT_LEAST = 200_000


class _Part(NamedTuple):
    """One condition of a rule: a column of the one record equals a column of the other, so many letters of it."""

    left: str
    right: str
    size: int = 0


def solid(table: pd.DataFrame) -> pd.DataFrame:
    """Return records with names in one piece, for a blank is left out or typed into a word as any letter is.

    Parameters
    ----------
    table
        Records.
    """
    columns = ("given", "family", "city", "place")
    return table.assign(**{name: table[name].str.replace(" ", "") for name in columns})


def compared(table: pd.DataFrame) -> list[str]:
    """Return the comparisons for which the records have anything.

    Parameters
    ----------
    table
        Records.
    """
    return [name for name in LEVELS if any(table[column].notna().any() for column in _COLUMNS.get(name, (name,))[:2])]


def null(name: str) -> str:
    """Return the condition that a comparison has nothing to go by.

    Parameters
    ----------
    name
        Of `LEVELS`.
    """
    return _NULLS.get(name, f"{name}_l is null or {name}_r is null")


def blocks(table: pd.DataFrame) -> list[str]:
    """Return the rules, as SQL, of which a pair must meet one to be looked at: the most selective first.

    A rule is two fields that agree, or one that few people share. How many pairs each gives hangs on the archive; those
    that give too many are left out.

    Parameters
    ----------
    table
        Records.
    """
    there = {name for name in {*_ALONE, *_TOGETHER} if table[name].notna().any()}
    rules = [[_Part(name, name)] for name in _ALONE]
    rules += [[_Part(name, name), _Part(other, other)] for name, other in combinations(_TOGETHER, 2)]
    rules += [[_Part(name, name, size), _Part(other, other, long)] for name, size, other, long in _BEGINNINGS]
    rules += [[_Part(*cross), _Part(place, place)] for cross in _CROSSES for place in ("postcode", "city")]
    rules += [[_Part(*cross) for cross in _CROSSES]]
    rules = [rule for rule in rules if {name for part in rule for name in part[:2]} <= there]
    sized = sorted((_pairs(table, rule), number) for number, rule in enumerate(rules))
    budget = max(_PER_RECORD * len(table), _AT_LEAST)
    taken = []
    for count, number in sized:
        if not 0 < count <= budget:
            continue
        budget -= count
        taken.append(" and ".join(map(_equal, rules[number])))
    return taken


def _pairs(table: pd.DataFrame, rule: list[_Part]) -> int:
    """Return how many pairs meet a rule."""
    ours = _sizes(table, [(part.left, part.size) for part in rule])
    if all(part.left == part.right for part in rule):
        return int((ours * (ours - 1) // 2).sum())
    theirs = _sizes(table, [(part.right, part.size) for part in rule])
    return int((ours * theirs).dropna().sum())


def _sizes(table: pd.DataFrame, columns: list[tuple[str, int]]) -> pd.Series[int]:
    """Return how many records have each combination of values."""
    parts = {
        str(number): table[name].str[:size] if size else table[name] for number, (name, size) in enumerate(columns)
    }
    return pd.DataFrame(parts).dropna().groupby(list(parts)).size()


def _equal(part: _Part) -> str:
    if part.size:
        return f"substr(l.{part.left}, 1, {part.size}) = substr(r.{part.right}, 1, {part.size})"
    return f"l.{part.left} = r.{part.right}"
