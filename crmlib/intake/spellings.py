"""Whether two names could be one person's: the same, a short form, a typing error, another spelling, or two names."""

from __future__ import annotations

import re
from collections import Counter
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Literal

from rapidfuzz.distance import OSA, JaroWinkler

from crmlib.intake.names import forms, given_names
from crmlib.intake.tidying import plain

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Likeness", "Names", "listed"]

#: How alike two first names are, the most alike first. ``same``, ``short`` (a part of the name or an initial) and
#: ``typo`` may be joined by a key; ``spelling`` by a probability or a person alone; ``different`` by a person alone.
Likeness = Literal["same", "short", "typo", "spelling", "different"]

_ORDER: tuple[Likeness, ...] = ("same", "short", "typo", "spelling", "different")
_LISTS = ("it_IT", "en_GB", "en_US", "en_IE", "en_NZ", "de_DE", "de_CH", "fr_FR", "fr_BE", "es_ES", "nl_NL", "sv_SE")
#: Usual first names that are in none of the lists.
_FURTHER = {"brando", "cary", "enza", "gill", "ginevra", "ilario", "len", "loren", "mae", "monia", "nello", "piera",
            "rod", "savino", "sveva"}  # fmt: skip
_FAMILIES = 4  # a first name that so many families give is a name, in no list or not
_SELDOM = 0.05  # ... unless it is that much rarer than the name that it looks like
_ALIKE = 0.8  # Jaro-Winkler from which two unlisted names may be spellings of one
_VERY_ALIKE = 0.9  # the same for family names, and for names that are both known
_BEGINNING = 3  # letters of a name that begins another, and letters that the other has besides
_SHORTEST = 4  # letters; in a shorter name one letter is too much of it
#: Letters that sound alike, longest first: what is left is how a name sounds, roughly.
_SOUNDS = (("sch", "s"), ("ph", "f"), ("ck", "c"), ("qu", "c"), ("ch", "c"), ("th", "t"), ("gh", "g"), ("dj", "d"),
           ("dz", "z"), ("w", "f"), ("v", "f"), ("k", "c"), ("q", "c"), ("x", "cs"), ("y", "i"), ("j", "i"), ("h", ""),
           ("z", "s"))  # fmt: skip


class Names:
    """First names, with what is known of them: lists of usual names, and how often each occurs in the archive.

    Parameters
    ----------
    people
        The first and last name of each record, as `crmlib.intake.tidying.plain` has them.
    typos
        See `crmlib.policy.Intake.name_typos`.

    Examples
    --------
    >>> names = Names([], typos=1)
    >>> names.alike("beppe", "giuseppe"), names.alike("gulia", "giulia"), names.alike("luca", "lucia")
    ('same', 'typo', 'different')
    >>> names.alike("kristina", "cristina"), names.alike("a", "anna"), names.alike("james robert", "robert")
    ('spelling', 'short', 'spelling')
    >>> names.families_fit("garcia lopez", "garcia"), names.families_fit("rossi", "bianchi")
    (True, False)
    """

    def __init__(self, people: Iterable[tuple[str | None, str | None]], typos: int) -> None:
        families: dict[str, set[str]] = {}
        for first, last in people:
            if first is not None and last is not None:
                families.setdefault(first, set()).add(last)
        self._often = Counter({first: len(names) for first, names in families.items() if len(names) >= _FAMILIES})
        self._typos = typos
        self.alike = cache(self._alike)
        self.families_fit = cache(self._families_fit)

    def known(self, left: str, right: str) -> bool:
        """Tell whether both are names of their own, rather than one a misspelling of the other.

        Parameters
        ----------
        left, right
            First names, as `crmlib.intake.tidying.plain` has them.
        """
        if " " in left + right:
            return all(self.known(word, word) for word in {*left.split(), *right.split()})
        usual = listed()
        ours, theirs = left in usual, right in usual
        if ours and theirs:
            return True
        most = max(self._often[left], self._often[right])
        return (ours or self._often[left] > _SELDOM * most) and (theirs or self._often[right] > _SELDOM * most)

    def _alike(self, left: str, right: str) -> Likeness:
        ours, theirs = left.split(), right.split()
        if not ours or not theirs:
            return "different"
        if _same(left, right):
            return "same"
        if 1 in {len(left), len(right)}:
            return "short" if left[0] == right[0] else "different"
        if len(ours) == len(theirs) == 1:
            return self._one_name(left, right)
        return self._several(ours, theirs)

    def _several(self, ours: list[str], theirs: list[str]) -> Likeness:
        """Compare names of several words: one of two given names is often left out."""
        if set(ours) <= set(theirs) or set(theirs) <= set(ours):
            return "short" if ours[0] == theirs[0] else "spelling"
        if len(ours) > 1 and len(theirs) > 1:
            return max((self._alike(one, other) for one, other in zip(ours, theirs, strict=False)), key=_ORDER.index)
        if self._alike(ours[0], theirs[0]) in {"same", "typo"}:
            return "short"
        near = any(self._alike(one, other) != "different" for one in ours for other in theirs)
        return "spelling" if near or self._sounds_alike(" ".join(ours), " ".join(theirs), known=True) else "different"

    def _one_name(self, left: str, right: str) -> Likeness:
        known = self.known(left, right)
        if not known and self._mistyped(left, right):
            return "typo"
        shorter, longer = sorted((left, right), key=len)
        # Alex and Alexandra, but not Daniel and Daniela
        begins = longer.startswith(shorter) and len(shorter) >= _BEGINNING and len(longer) - len(shorter) >= _BEGINNING
        return "spelling" if begins or self._sounds_alike(left, right, known=known) else "different"

    def _mistyped(self, left: str, right: str) -> bool:
        if left[0] != right[0] or max(len(left), len(right)) < _SHORTEST:
            return False  # people seldom mistype the letter that they begin with
        if _hers_and_his(left, right):
            return False
        return OSA.distance(left, right, score_cutoff=self._typos) <= self._typos

    def _sounds_alike(self, left: str, right: str, *, known: bool) -> bool:
        ours, theirs = _sound(left), _sound(right)
        if ours == theirs:
            return True
        if _hers_and_his(left, right):
            return False
        likeness = max(JaroWinkler.similarity(left, right), JaroWinkler.similarity(ours, theirs))
        if not known:
            return likeness >= _ALIKE
        bones = [re.sub("[aeiou]", "", sound) for sound in (ours, theirs)]
        return likeness >= _VERY_ALIKE and bones[0] == bones[1] and OSA.distance(ours, theirs) > 1

    def _families_fit(self, left: str, right: str) -> bool:
        """Tell whether two family names could be one: spelled otherwise, or one of two."""
        ours, theirs = left.split(), right.split()
        if left.replace(" ", "") == right.replace(" ", "") or set(ours) <= set(theirs) or set(theirs) <= set(ours):
            return True
        if _german(left) == _german(right) or _sound(left) == _sound(right):
            return True
        if max(len(left), len(right)) < _SHORTEST:
            return False
        return OSA.distance(left, right) <= self._typos or JaroWinkler.similarity(left, right) >= _VERY_ALIKE


@cache
def listed() -> frozenset[str]:
    """Return usual first names: those of Faker's lists, and those that have a short form."""
    found = set(given_names()) | _FURTHER
    for language in _LISTS:
        lists = vars(import_module(f"faker.providers.person.{language}").Provider)
        for kind in ("first_names", "first_names_male", "first_names_female"):
            found |= {plain(name) for name in lists.get(kind, ())}
    return frozenset(found)


def _same(left: str, right: str) -> bool:
    return (
        bool(forms(left) & forms(right))
        or left.replace(" ", "") == right.replace(" ", "")
        or _german(left) == _german(right)
    )


def _hers_and_his(left: str, right: str) -> bool:
    """Tell whether two names differ in their last vowels alone, as Paolo and Paola, Luigi and Luigia do.

    Vowels that changed places are a slip: Talia, Talai.
    """
    if sorted(left) == sorted(right):
        return False
    return left[-1] in "aeio" and right[-1] in "aeio" and left.rstrip("aeiou") == right.rstrip("aeiou")


def _german(name: str) -> str:
    """Return a name with umlauts written as single letters."""
    return re.sub("([aou])e", r"\1", name)


@cache
def _sound(name: str) -> str:
    text = _german(name)
    for letters, sound in _SOUNDS:
        text = text.replace(letters, sound)
    return re.sub(r"(.)\1+", r"\1", text)
