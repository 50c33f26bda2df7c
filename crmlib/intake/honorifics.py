"""What stands around a name and is no part of it: titles, suffixes, and the legal form of a company."""

from __future__ import annotations

import re
from typing import NamedTuple

__all__ = ["Bare", "bare_company", "company", "without_titles"]

#: Words before a name, without their dots. They are titles with a dot or without.
_TITLES = {
    *("dr", "drssa", "dott", "dottssa", "dottor", "dottore", "dottoressa", "prof", "profssa", "professor", "professore",
      "professoressa", "mr", "mrs", "miss", "mx", "sig", "sigra", "sigrina", "signa", "signor", "signore", "signora",
      "signorina", "avv", "ingg", "ing", "geom", "gentma", "gentmo", "spettle", "egr", "gentile", "herr", "frau",
      "monsieur", "madame", "mme", "mlle", "mademoiselle", "senor", "senora", "senorita", "sra", "srta", "dipling",
      "doctor", "reverend"),
}  # fmt: skip
#: The same, but only with a dot or before two further words: somebody is called so as well.
_TITLES_WITH_DOT = {
    "ms",
    "m",
    "sr",
    "arch",
    "rag",
    "on",
    "cav",
    "comm",
    "rev",
    "hon",
    "sir",
    "lady",
    "ing",
    "don",
    "fr",
}
#: Words after a name. Roman numerals are suffixes in capitals alone.
_SUFFIXES = {"jr", "sr", "junior", "phd", "md", "esq", "mba", "dds"}
_NUMERALS = {"II", "III", "IV"}
#: Legal forms without dots and spaces, as they end the name of a company.
_FORMS = {
    *("srl", "srls", "spa", "sapa", "sas", "snc", "scarl", "scrl", "scpa", "onlus", "ltd", "limited", "llc", "llp",
      "inc", "incorporated", "corp", "corporation", "plc", "gmbh", "ohg", "gbr", "ug", "sarl", "sasu", "eurl", "bvba",
      "slu", "sau", "pty", "aps", "oyj", "sro", "kft", "doo", "ditta", "& co", "gmbh & co", "& figli", "& sons",
      "e figli",
      "& c", "& cie"),
}  # fmt: skip
#: Legal forms that are names as well: only in capitals behind other letters, or with their dots.
_SHORT_FORMS = {"sa", "ag", "kg", "ab", "as", "oy", "bv", "nv", "sl", "se", "lp", "co", "sc", "ss"}
#: "Dr.Anna" is one word and two.
_GLUED = re.compile(r"(?:\b(?:[Dd]ott|[Pp]rof|[Dd]r|[Ss]ig)\.(?:ssa|ra|na)|\b[^\W\d]+\.(?!(?:ssa|ra|na)\b))(?=[^\W\d])")
_LONGEST_FORM = 3  # words


class Bare(NamedTuple):
    """A name without what stands around it.

    Attributes
    ----------
    name
        What is left.
    titles
        What was taken off, in its order; empty if nothing was.
    """

    name: str
    titles: str


def without_titles(text: str) -> Bare:
    """Take titles off the front of a name and suffixes off its end; the last word is always left.

    Parameters
    ----------
    text
        A tidy name.

    Examples
    --------
    >>> without_titles("Prof. Dott.ssa Anna Rossi"), without_titles("John Smith, Jr.")
    (Bare(name='Anna Rossi', titles='Prof. Dott.ssa'), Bare(name='John Smith', titles='Jr.'))
    >>> without_titles("Don Rossi"), without_titles("Dr.")
    (Bare(name='Don Rossi', titles=''), Bare(name='Dr.', titles=''))
    """
    words = _GLUED.sub(lambda match: f"{match[0]} " if _solid(match[0]) in _TITLES else match[0], text).split()
    taken: list[str] = []
    while len(words) > 1 and _is_title(words):
        taken.append(words.pop(0))
    behind: list[str] = []
    while len(words) > 1 and _is_suffix(words):
        behind.insert(0, words.pop())
        words[-1] = words[-1].rstrip(",") or words[-1]
    return Bare(" ".join(words), " ".join([*taken, *behind]))


def company(text: str) -> bool:
    """Tell whether a name is a company's: it ends with, or begins with, a legal form.

    Parameters
    ----------
    text
        A tidy name.

    Examples
    --------
    >>> company("Bottega Rossi S.r.l."), company("Acme Inc"), company("Maria Sa"), company("Nestlé SA")
    (True, True, False, True)
    """
    return _form(text) is not None


def bare_company(text: str) -> str:
    """Return the name of a company without its legal form.

    Parameters
    ----------
    text
        A tidy name.

    Examples
    --------
    >>> bare_company("Bottega Rossi S.r.l."), bare_company("Bottega Rossi srl")
    ('Bottega Rossi', 'Bottega Rossi')
    """
    words = text.split()
    size = _form(text) or 0
    bare = " ".join(words[: len(words) - size]).rstrip(" ,")
    if not size or not bare:
        return text
    return bare_company(bare)  # GmbH & Co. KG


def _solid(word: str) -> str:
    return re.sub(r"[.,'\u2019\u2010-]", "", word).casefold()


def _is_title(words: list[str]) -> bool:
    solid = _solid(words[0])
    if solid in _TITLES_WITH_DOT:
        return words[0].endswith(".") or (solid in {"ing", "arch", "ms", "sir", "lady"} and len(words) > 2)  # noqa: PLR2004 - two names follow
    return solid in _TITLES


def _is_suffix(words: list[str]) -> bool:
    last = words[-1].rstrip(".,")
    if last in _NUMERALS or (words[-2].endswith(",") and last.upper() in _NUMERALS):
        return len(words) > 2 or words[-2].endswith(",")  # noqa: PLR2004 - two names before
    return _solid(last) in _SUFFIXES and (len(words) > 2 or words[-1].endswith("."))  # noqa: PLR2004 - as above


def _form(text: str) -> int | None:
    """Return how many words at the end are a legal form."""
    words = text.split()
    for size in range(min(_LONGEST_FORM, len(words) - 1), 0, -1):
        tail = words[-size:]
        joined, spaced = _solid("".join(tail)), " ".join(map(_solid, tail))
        if joined in _FORMS or spaced in _FORMS:
            return size
        if joined in _SHORT_FORMS and (
            all(re.fullmatch(r"(?:\w\.)+\w?", word) for word in tail)
            or ("".join(tail).isupper() and not text.isupper())
        ):
            return size
    return None
