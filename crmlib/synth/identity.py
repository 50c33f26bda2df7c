"""Names, mail addresses, phone numbers and places that belong to nobody.

Names, Italian towns with their real postcode and province, and English places come from Faker's word lists
(MIT licence); they are drawn here as arrays, because calling Faker once per person would take minutes for a million.

- Mail addresses stand under names that RFC 2606 and RFC 6761 reserve: nothing can ever be delivered.
- British phone numbers stand in Ofcom's ranges for drama. Italy reserves none: Italian-looking numbers start with
  +39 30x, a mobile code that the numbering plan does not assign (libphonenumber: possible, but not valid).
"""

from __future__ import annotations

import random
import unicodedata
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from faker import Faker
from faker.providers.address.it_IT import Provider as ItalianAddress
from faker.providers.person.en_GB import Provider as EnglishPerson
from faker.providers.person.it_IT import Provider as ItalianPerson

from crmlib.synth import columns

if TYPE_CHECKING:
    from crmlib.arrays import Bools, Ints
    from crmlib.synth.people import People


__all__ = ["DOMAINS", "DOTLESS_DOMAIN", "NICKNAMES", "Identity", "draw_identity", "slug"]

DOTLESS_DOMAIN = "gmail.example"
"""The one domain of the shop that ignores dots in the local part, as Gmail does; all of them accept ``+tag``."""

DOMAINS = (
    DOTLESS_DOMAIN,
    "posta.example",
    "mail.example",
    "example.com",
    "example.org",
    "example.net",
    "ufficio.test",
)
"""Mail domains of the shop's people; reserved, see RFC 2606 and RFC 6761."""

_DOMAIN_SHARE = (0.42, 0.20, 0.12, 0.10, 0.07, 0.05, 0.04)

# The most usual Italian first names of adults, with what friends call them; the rest comes from Faker.
NICKNAMES: dict[str, tuple[str, ...]] = {
    "Alessandro": ("Ale", "Sandro"), "Andrea": ("Andre",), "Antonio": ("Tonino", "Nino"), "Carlo": ("Carletto",),
    "Daniele": ("Dani",), "Davide": ("Dado",), "Domenico": ("Mimmo",), "Fabio": (), "Federico": ("Fede", "Chicco"),
    "Francesco": ("Franco", "Checco"), "Giovanni": ("Gianni", "Vanni"), "Giuseppe": ("Beppe", "Pino"),
    "Lorenzo": ("Renzo", "Lollo"), "Luca": (), "Luigi": ("Gigi",), "Marco": (), "Matteo": ("Teo",),
    "Paolo": (), "Roberto": ("Roby",), "Salvatore": ("Totò", "Turi"), "Simone": ("Simo",), "Stefano": ("Ste",),
    "Alessandra": ("Ale", "Sandra"), "Anna": ("Annina",), "Antonella": ("Anto",), "Barbara": ("Babi",),
    "Chiara": ("Chiaretta",), "Cristina": ("Cri",), "Elena": ("Ele",), "Elisabetta": ("Betta",),
    "Federica": ("Fede",), "Francesca": ("Franci",), "Giovanna": ("Gianna",), "Giulia": ("Giuly",), "Laura": (),
    "Lucia": ("Lucy",), "Maria": ("Mary",), "Martina": ("Marti",), "Monica": ("Moni",), "Paola": (),
    "Roberta": ("Roby",), "Sara": (), "Silvia": ("Silvi",), "Valentina": ("Vale",),
    "Alexander": ("Alex",), "Benjamin": ("Ben",), "Daniel": ("Dan",), "James": ("Jim",), "Matthew": ("Matt",),
    "Samuel": ("Sam",), "Thomas": ("Tom",), "William": ("Will", "Bill"), "Catherine": ("Cathy", "Kate"),
    "Elizabeth": ("Liz", "Beth"), "Jennifer": ("Jenny",), "Margaret": ("Maggie",), "Rebecca": ("Becky",),
    "Victoria": ("Vicky",),
}  # fmt: skip
_HOUSEHOLD = 0.02  # share of people who live with another customer or lead, and share the telephone
_WITH_YEAR = 0.35  # share of mail addresses with the year of birth
_USUAL = 0.55  # share of Italians who bear one of the usual names
_ITALIAN_MEN = tuple(NICKNAMES)[:22]
_ITALIAN_WOMEN = tuple(NICKNAMES)[22:44]

_CITIES = (
    ("Milano", "20121", "MI"), ("Roma", "00184", "RM"), ("Torino", "10121", "TO"), ("Napoli", "80121", "NA"),
    ("Bologna", "40121", "BO"), ("Firenze", "50121", "FI"), ("Genova", "16121", "GE"), ("Verona", "37121", "VR"),
    ("Padova", "35121", "PD"), ("Bari", "70121", "BA"), ("Palermo", "90133", "PA"), ("Catania", "95121", "CT"),
)  # fmt: skip
_IN_CITIES = 0.45
_STREETS = ("Via", "Via", "Via", "Viale", "Corso", "Piazza", "Vicolo")

# Ofcom, "telephone numbers for use in TV and radio drama programmes": prefix and digits that follow.
_DRAMA = ("7700900", "1134960", "1144960", "1154960", "1164960", "1174960", "1184960", "1214960", "1314960",
          "1414960", "1514960", "1614960", "2079460", "1914980", "2920180", "1632960")  # fmt: skip
_ITALIAN_PHONES = 10**8  # +39 30x xxxxxxx: ten codes of ten million


@dataclass(frozen=True)
class Identity:
    """Who people are on paper, one Arrow text column each; no blanks and no dirt."""

    first_name: Any
    last_name: Any
    email: Any
    phone: Any  # E.164; null for the British beyond the numbers that Ofcom reserves
    street: Any
    city: Any
    postcode: Any
    province: Any
    country: Any


@dataclass(frozen=True)
class _Pools:
    first: tuple[tuple[str, ...], ...]  # Italian men, women, usual men, usual women, English men, women
    italian_last: tuple[str, ...]
    english_last: tuple[str, ...]
    towns: tuple[tuple[str, str, str], ...]
    places: tuple[tuple[str, str], ...]


@cache
def _pools() -> _Pools:
    towns = [(name, code, province) for code, places in ItalianAddress.cap_city_province.items()
             for name, province in places]  # fmt: skip
    fake = Faker("en_GB")
    fake.seed_instance(2_606)  # a fixed list of made-up English towns, the same in every shop
    return _Pools(
        first=(
            _unique(ItalianPerson.first_names_male), _unique(ItalianPerson.first_names_female),
            _ITALIAN_MEN, _ITALIAN_WOMEN,
            _unique(EnglishPerson.first_names_male), _unique(EnglishPerson.first_names_female),
        ),
        italian_last=_unique(ItalianPerson.last_names),
        english_last=_unique(EnglishPerson.last_names),
        towns=(*_CITIES, *sorted(set(towns))),
        places=tuple((fake.city(), fake.postcode()) for _ in range(300)),
    )  # fmt: skip


def _unique(words: Any) -> tuple[str, ...]:
    return tuple(sorted(set(words)))


def slug(text: str) -> str:
    """Turn a name into what stands in a mail address: lower case, no accents, no spaces.

    Examples
    --------
    >>> slug("Niccolò D'Amico")
    'niccolodamico'
    """
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return "".join(letter for letter in plain if letter.isalnum())


def draw_identity(rng: np.random.Generator, people: People, number: Ints, block: int) -> Identity:
    """Draw names, addresses and numbers.

    Parameters
    ----------
    rng
        Where the randomness comes from.
    people
        Their gender, language and year of birth.
    number
        A number that no other person of the shop has: it keeps phone numbers of different homes apart.
    block
        The number of the block: it keeps mail addresses of different blocks apart.
    """
    pools = _pools()
    size = len(people)
    men = ~people.woman
    usual = rng.random(size) < _USUAL
    kind = np.where(people.english, 4, np.where(usual, 2, 0)) + np.where(men, 0, 1)
    all_first = [name for pool in pools.first for name in pool]
    starts = np.cumsum([0, *(len(pool) for pool in pools.first)])
    lengths = np.diff(starts)
    first = starts[kind] + (rng.random(size) * lengths[kind]).astype(np.int64)
    all_last = [*pools.italian_last, *pools.english_last]
    split = len(pools.italian_last)
    last = np.where(
        people.english,
        split + (rng.random(size) * len(pools.english_last)).astype(np.int64),
        # Some family names are far more usual than others: the square makes the first ones of a shuffled list so.
        _shuffled(split)[(rng.random(size) ** 1.6 * split).astype(np.int64)],
    )
    home = _households(rng, people)
    last, number = last[home], number[home]
    first_name, last_name = columns.labels(all_first, first), columns.labels(all_last, last)
    slugs = [slug(name) for name in all_first], [slug(name) for name in all_last]
    places = [*_places(rng, people, pools), _streets(rng, people, pools)]
    city, postcode, province, country, street = (column.take(pa.array(home)) for column in places)
    return Identity(
        first_name=first_name,
        last_name=last_name,
        email=_emails(rng, people, slugs, (first, last), block),
        phone=_phones(people, number),
        street=street,
        city=city,
        postcode=postcode,
        province=province,
        country=country,
    )  # fmt: skip


def _households(rng: np.random.Generator, people: People) -> Ints:
    """Return whose home each person lives in: mostly their own, else that of another who bears their name.

    Two people at one address, with one family name and one telephone, are two people: the trap of merging contacts.
    """
    size = len(people)
    other = rng.integers(0, size, size)
    joins = (rng.random(size) < _HOUSEHOLD) & (people.english == people.english[other])
    return np.where(joins, other, np.arange(size))


@cache
def _shuffled(count: int) -> Ints:
    order = list(range(count))
    random.Random(2_606).shuffle(order)  # noqa: S311 - a fixed order of names, nothing secret
    return np.array(order, dtype=np.int64)


def _emails(
    rng: np.random.Generator,
    people: People,
    pools: tuple[list[str], list[str]],
    codes: tuple[Ints, Ints],
    block: int,
) -> Any:
    """Write addresses in several patterns; where the address is taken already, a number makes it another."""
    size = len(people)
    pattern = rng.choice(4, size, p=[0.5, 0.2, 0.2, 0.1])
    name, family = (columns.labels(pool, code) for pool, code in zip(pools, codes, strict=True))
    initial = columns.labels([text[0] for text in pools[0]], codes[0])
    left = _where(pattern == 1, initial, _where(pattern == 3, family, name))  # noqa: PLR2004 - see the list below
    right = _where(pattern == 3, name, family)  # noqa: PLR2004
    # 0 anna.rossi, 1 arossi, 2 anna_rossi, 3 rossi.anna; a third add their year of birth
    between = columns.labels(("", ".", "_"), np.array([1, 0, 2, 1])[pattern])
    years = [f"{year:02d}" for year in range(100)]
    year = columns.labels(["", *years], np.where(rng.random(size) < _WITH_YEAR, 1 + people.birth_year % 100, 0))
    domain = columns.labels(DOMAINS, rng.choice(len(DOMAINS), size, p=_DOMAIN_SHARE))
    local = pc.binary_join_element_wise(left, between, right, year, "")
    taken = _rank(pc.binary_join_element_wise(local, domain, "@").dictionary_encode().indices.to_numpy())
    number = 1000 * block + taken
    tail = _where(number > 0, pc.binary_join_element_wise("_", pc.cast(pa.array(number), pa.string()), ""), "")
    return pc.binary_join_element_wise(local, tail, "@", domain, "")


def _rank(kind: Ints) -> Ints:
    """Count, for each row, the rows of its kind that stand before it."""
    order = np.argsort(kind, kind="stable")
    ordered = kind[order]
    starts = np.flatnonzero(np.concatenate([[True], ordered[1:] != ordered[:-1]]))
    rank = np.empty(len(kind), dtype=np.int64)
    rank[order] = np.arange(len(kind)) - np.repeat(starts, np.diff(np.append(starts, len(kind))))
    return rank


def _phones(people: People, number: Ints) -> Any:
    # Permutations: the factors have no divisor in common with the counts, so no two homes share a number.
    italian = (number * 61_803_399 + 12_345_678) % _ITALIAN_PHONES
    reserved = len(_DRAMA) * 1000
    british = np.where(number < reserved, number * 7_919 % reserved, -1)
    rest = columns.ids("", np.where(british < 0, -1, british % 1000), 3)
    drama = pc.binary_join_element_wise("+44", columns.labels(_DRAMA, british // 1000), rest, "")
    return _where(people.english, drama, columns.ids("+3930", italian, 8))


def _places(rng: np.random.Generator, people: People, pools: _Pools) -> tuple[Any, Any, Any, Any]:
    size = len(people)
    big = (rng.random(size) ** 1.7 * len(_CITIES)).astype(np.int64)
    small = rng.integers(len(_CITIES), len(pools.towns), size)
    town = np.where(rng.random(size) < _IN_CITIES, big, small)
    place = np.where(people.english, len(pools.towns) + rng.integers(0, len(pools.places), size), town)
    names = [*(town_[0] for town_ in pools.towns), *(place_[0] for place_ in pools.places)]
    codes = [*(town_[1] for town_ in pools.towns), *(place_[1] for place_ in pools.places)]
    provinces = [town_[2] for town_ in pools.towns]
    return (
        columns.labels(names, place),
        columns.labels(codes, place),
        columns.labels(provinces, np.where(people.english, -1, place)),
        columns.labels(("IT", "GB"), people.english.astype(np.int64)),
    )


def _streets(rng: np.random.Generator, people: People, pools: _Pools) -> Any:
    size = len(people)
    house = pc.cast(pa.array(1 + (rng.random(size) ** 2 * 150).astype(np.int64)), pa.string())
    family = columns.labels(pools.italian_last, rng.integers(0, len(pools.italian_last), size))
    road = columns.labels(pools.english_last, rng.integers(0, len(pools.english_last), size))
    kind = columns.labels(_STREETS, rng.integers(0, len(_STREETS), size))
    italian = pc.binary_join_element_wise(kind, family, house, " ")
    english = pc.binary_join_element_wise(house, road, "Road", " ")
    return _where(people.english, english, italian)


def _where(test: Bools, yes: Any, no: Any) -> Any:
    return pc.if_else(pa.array(test), yes, no)
