"""Words of comments in Italian and English -> terms that are equal for all spellings of one word.

Accents, repeated letters, endings and superlatives fall away by rule and by Snowball's stemmer; a negation binds to the
word that it negates; signs and emoticons are terms. What is shown is the spelling that people use most.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter, defaultdict
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

import snowballstemmer  # type: ignore[import-untyped] # it has no types

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

__all__ = ["Terms"]

_STEMMERS = {"it": "italian", "en": "english"}


def _set_of(words: str) -> set[str]:
    return set(words.split())


#: Words that turn the one after them round.
_NEGATIONS = {
    "it": _set_of("non mai nessun nessuno nessuna senza né niente nulla neanche nemmeno neppure"),
    "en": _set_of("not never no without nobody nothing none cannot nor"),
}
#: The same as people type them in a hurry.
_HURRIED = {
    "it": dict.fromkeys(_set_of("nn"), "non"),
    "en": dict.fromkeys(
        _set_of("dont doesnt didnt isnt arent wasnt werent wont cant couldnt wouldnt shouldnt hasnt havent hadnt aint"),
        "not",
    ),
}
#: Between a negation and its word: "non è molto buono", "not very good", "non ho avuto problemi", "not yet arrived".
_BETWEEN = {
    "it": _set_of(
        "è e' era sono molto tanto proprio stato stata più avuto un una uno il la i gli le lo ho hai ha abbiamo hanno "
        "avere mi ti ci si vi me te ve alcun alcuno alcuna ancora affatto mica"
    ),
    "en": _set_of(
        "very really a an the any been be is was are so that quite had have has get got i even yet ever all at single "
        "too"
    ),
}
_ELIDED = _set_of("l un dell all nell sull dall d c s m t v n quell quest com dov")
_MODIFIERS = re.compile("[\ufe0e\ufe0f\u200d\u20e3\U0001f3fb-\U0001f3ff\U000e0020-\U000e007f]")
#: Unicode's Extended_Pictographic, signs of text (digits, # and *, (c)) aside; flags are two letters.
_SIGN = (
    "[\u203c\u2049\u2139\u2194-\u21aa\u231a-\u2328\u2388\u23cf-\u23fa\u25aa-\u25fe\u2600-\u27bf\u2934\u2935\u2b05-\u2b55\u3030"
    "\u303d\u3297\u3299\U0001f000-\U0001f1e5\U0001f200-\U0001faff\U0001fb00-\U0001fbff]|[\U0001f1e6-\U0001f1ff]{2}"
)
_EMOTICONS = {
    r"[:=;][\-o^']?[)\]D3]+": ":-)",
    r"[:=][\-o^']?[(\[]+|[:=]'\(": ":-(",
    r"<3+": "<3",
    r"</3": "</3",
    r"[:=][\-^]?[/\\|]": ":-/",
    r"[xX]D+\b": ":-)",
    r"\^[_.]?\^": ":-)",
    r"[:=][\-^]?[pP]\b": ":-p",
    r"[(\[]+[\-^]?[:=]": ":-(",
}
_EMOTICON = "|".join(f"(?:{pattern})" for pattern in _EMOTICONS)
_TOKEN = re.compile(
    rf"(?P<sign>{_SIGN})|(?P<link>https?://\S+|www\.\S+)|(?P<emoticon>(?<![\w/])(?:{_EMOTICON}))|"
    r"(?P<money>[€$£]\s?\d+(?:[.,]\d+)*|\d+(?:[.,]\d+)*\s?[%€$£])|(?P<number>\d+(?:[.,:]\d+)*)|"
    r"(?P<word>[^\W\d_]+(?:['\u2019\u02bc`][^\W\d_]+)*)|(?P<end>[.!?;,:\n])"
)
_RUN = re.compile(r"([^\W\d_])\1{2,}")
#: Superlatives: the stemmer leaves them apart. (lentissima: lento; also velocissimamente)
_SUPERLATIVE = re.compile(r"^(\w{3,}?)(h?)issim(?:[oaie]|amente)$")
_VOWELS = "aeiou"
_NOT = "\u00ac"


class _Word(NamedTuple):
    """A word of a comment: what it counts as alone, and beside its neighbours."""

    alone: str
    beside: str
    written: str = ""


class Terms:
    """The terms of comments, equal for all spellings of a word, and how each is shown.

    Attributes
    ----------
    comments
        The words of each comment, clause by clause.
    """

    def __init__(self, texts: Iterable[str], language: str, stops: Iterable[str]) -> None:
        self._language = language
        self._stops = {form for word in stops for form in (word, _folded(word))}
        self._spellings: dict[str, Counter[str]] = defaultdict(Counter)
        self.comments = [self._read(text) for text in texts]

    def counted(self, *, pairs: bool) -> list[list[str]]:
        """Return the terms of each comment, to count them: words, and words with their negation, and pairs.

        Parameters
        ----------
        pairs
            Whether a word with its negation, and two words in a row, are terms as well.
        """
        return [
            [word.alone for clause in comment for word in clause if word.alone]
            + (self._negated(comment) + self._pairs(comment) if pairs else [])
            for comment in self.comments
        ]

    def meant(self, *, pairs: bool) -> list[list[str]]:
        """Return the terms of each comment, for what they mean: a negated word is another word.

        Parameters
        ----------
        pairs
            Whether two words in a row are a term as well.
        """
        return [
            [word.beside for clause in comment for word in clause if word.alone]
            + (self._pairs(comment) if pairs else [])
            for comment in self.comments
        ]

    def shown(self, term: str) -> str:
        """Return a term in the spelling that occurs most often."""
        return self._usual(term)

    def _negated(self, comment: list[list[_Word]]) -> list[str]:
        return [word.beside for clause in comment for word in clause if word.alone and word.beside != word.alone]

    def _pairs(self, comment: list[list[_Word]]) -> list[str]:
        pairs = []
        for clause in comment:
            for first, second in pairwise(clause):
                if second.alone and first.beside != second.beside:  # a number goes with what follows it
                    pairs.append(f"{first.beside} {second.beside}")
                    self._spellings[pairs[-1]][f"{first.written} {second.written}"] += 1
        return pairs

    def _usual(self, part: str) -> str:
        spellings = self._spellings.get(part)
        # of equally usual ones the accented, for it is the right one, then the shorter
        return min(spellings, key=lambda x: (-spellings[x], x.isascii(), len(x), x)) if spellings else part

    def _read(self, text: str) -> list[list[_Word]]:
        """Return the words of a text, clause by clause."""
        clauses: list[list[_Word]] = [[]]
        negation: list[str] = []
        for token in _TOKEN.finditer(unicodedata.normalize("NFC", _MODIFIERS.sub("", text))):
            kind, written = str(token.lastgroup), token[0]
            if kind == "word":
                negation = self._word(written.lower(), negation, clauses[-1])
            elif kind == "end":
                self._leave(negation, clauses[-1])
                negation = []
                clauses.append([])
            elif kind == "sign":
                self._add(written, written, clauses[-1])
            elif kind == "emoticon":
                sign = next(sign for pattern, sign in _EMOTICONS.items() if re.fullmatch(pattern, written))
                self._add(sign, sign, clauses[-1])
            elif kind == "number":
                clauses[-1].append(_Word("", written, written))
            elif kind == "money":
                self._add(written.replace(" ", ""), written.replace(" ", ""), clauses[-1])
        self._leave(negation, clauses[-1])
        return [clause for clause in clauses if clause]

    def _word(self, word: str, negation: list[str], clause: list[_Word]) -> list[str]:
        """Take a word, and return the negation that waits for the next one, with what stands between."""
        for part in self._parts(word):
            folded = _folded(part)
            if part in _NEGATIONS[self._language]:
                negation = negation or [part]  # "non ... mai" is one negation
            elif negation and part in _BETWEEN[self._language]:
                negation = [negation[0], part]
            elif folded not in self._stops and part not in self._stops and len(folded) > 1:
                self._add(self._stem(folded), part, clause, negation[0] if negation else "")
                negation = []
        return negation

    def _parts(self, word: str) -> list[str]:
        """Part elided articles from their words, and a negation from its verb."""
        pieces = re.split("['\u2019\u02bc`]", word)
        if len(pieces) == 1:
            return [_HURRIED[self._language].get(word, word)]
        if self._language == "it":
            return [piece for piece in pieces if piece not in _ELIDED]
        head, tail = pieces[0], pieces[-1]
        if tail == "t":
            return ["not"]  # don't, isn't, won't: an auxiliary and a negation
        return [head] if tail in {"s", "m", "re", "ve", "ll", "d"} else pieces

    def _leave(self, negation: list[str], clause: list[_Word]) -> None:
        """Keep a negation that no word follows: "mai più", "never"; not the second of "non rispondono mai"."""
        if negation and not any(word.alone != word.beside and word.alone for word in clause):
            self._add(_folded("".join(negation)), " ".join(negation), clause)

    def _add(self, stem: str, spelling: str, clause: list[_Word], negation: str = "") -> None:
        self._spellings[stem][spelling] += 1
        beside, written = (f"{_NOT}{stem}", f"{negation} {spelling}") if negation else (stem, spelling)
        if negation:
            self._spellings[beside][written] += 1
        clause.append(_Word(stem, beside, written))

    def _stem(self, word: str) -> str:
        if self._language == "it" and (match := _SUPERLATIVE.match(word)):
            word = f"{match[1]}o"
        stem = _stemmer(self._language)(word)
        if self._language == "it" and stem == word and len(word) > 3 and word[0] in _VOWELS and word[-1] in _VOWELS:  # noqa: PLR2004 - alto and alti, but not era
            return word[:-1]  # Snowball leaves short words that begin with a vowel
        return stem


@cache
def _stemmer(language: str) -> Callable[[str], str]:
    stemmer = snowballstemmer.stemmer(_STEMMERS[language])

    @cache
    def stem(word: str) -> str:
        """Return a stem, that of the stem as well: ottim and ottimo are one."""
        return str(stemmer.stemWord(word))

    return stem


def _folded(word: str) -> str:
    """Return a word in small letters without accents, and without letters repeated for emphasis."""
    bare = "".join(mark for mark in unicodedata.normalize("NFKD", word.lower()) if not unicodedata.combining(mark))
    return _RUN.sub(r"\1", bare)
