"""What stands around a name and is no part of it: titles, suffixes, and the legal form of a company."""

from __future__ import annotations

import re
from typing import NamedTuple

from crmlib.intake.spellings import listed
from crmlib.intake.tidying import plain

__all__ = ["Bare", "bare_company", "company", "generation", "without_titles"]

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
#: Words after a name that tell a parent from a child of the same name; Roman numerals in capitals alone.
_GENERATIONS = {
    **dict.fromkeys(("jr", "jnr", "jun", "junior", "juniore", "figlio", "figlia", "fils"), "younger"),
    **dict.fromkeys(("sr", "snr", "sen", "senior", "seniore", "padre", "madre", "père"), "elder"),
}
_NUMERALS = {"II": "second", "III": "third", "IV": "fourth"}
#: Of these, names as well: suffixes only with a mark (a dot, brackets, a comma before them).
_MARKED = {"jun", "sen"}
#: The same, and in capitals behind a family name: Rachel Anne Senior is called so.
_MARKED_OR_BEHIND_A_FAMILY = set(_GENERATIONS) - {"jr", "jnr", "junior", "sr", "snr"} - _MARKED
_AND = {"e", "ed", "et", "und", "and", "y", "&"}
#: Other words after a name.
_SUFFIXES = {*_GENERATIONS, "phd", "md", "esq", "mba", "dds"}
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
    generation
        Which of several people of that name it is, where a suffix says so: ``younger`` (Jr.), ``elder`` (Sr.),
        ``second`` (II), ``third`` or ``fourth``.
    """

    name: str
    titles: str
    generation: str | None = None


def without_titles(text: str) -> Bare:
    """Take titles off the front of a name and suffixes off its end; the last word is always left.

    Parameters
    ----------
    text
        A tidy name.

    Examples
    --------
    >>> without_titles("Prof. Dott.ssa Anna Rossi"), without_titles("John Smith, Jr.")
    (Bare(name='Anna Rossi', titles='Prof. Dott.ssa', generation=None),
    Bare(name='John Smith', titles='Jr.', generation='younger'))
    >>> without_titles("Don Rossi").titles, without_titles("Dr.").titles
    ('', '')
    >>> without_titles("Mario Rossi (padre)").generation
    'elder'
    """
    words = _GLUED.sub(lambda match: f"{match[0]} " if _solid(match[0]) in _TITLES else match[0], text).split()
    taken: list[str] = []
    while len(words) > 1 and _is_title(words):
        taken.append(words.pop(0))
    behind: list[str] = []
    while len(words) > 1 and _is_suffix(words):
        behind.insert(0, words.pop())
        words[-1] = words[-1].rstrip(",") or words[-1]
    comma = next((number for number, word in enumerate(words[:-1]) if word.endswith(",")), 0)
    if comma and _is_suffix(["", *words[: comma + 1]]):  # Smith Jr., John
        behind.insert(0, words.pop(comma).rstrip(","))
        words[comma - 1] += ","
    return Bare(" ".join(words), " ".join([*taken, *behind]), next(filter(None, map(generation, behind)), None))


def generation(suffix: str) -> str | None:
    """Return which of several people of one name a suffix means; see `Bare`.

    Parameters
    ----------
    suffix
        One word, as it is written or as it is returned.

    Examples
    --------
    >>> generation("Jr."), generation("III"), generation("Ph.D.")
    ('younger', 'third', None)
    """
    word = suffix.strip("()., ")
    if word in {*_NUMERALS.values(), *_GENERATIONS.values()}:
        return word
    return _NUMERALS.get(word) or _GENERATIONS.get(_solid(word))


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
    return re.sub(r"[.,'()\u2019\u2010-]", "", word).casefold()


def _is_title(words: list[str]) -> bool:
    solid = _solid(words[0])
    if solid in _TITLES_WITH_DOT:
        return words[0].endswith(".") or (solid in {"ing", "arch", "ms", "sir", "lady"} and len(words) > 2)  # noqa: PLR2004 - two names follow
    return solid in _TITLES


def _is_suffix(words: list[str]) -> bool:
    last = words[-1].strip("().,")
    if last in _NUMERALS or (words[-2].endswith(",") and last.upper() in _NUMERALS):
        return len(words) > 2 or words[-2].endswith(",")  # noqa: PLR2004 - two names before
    solid, before = _solid(last), words[-2]
    if solid not in _SUFFIXES or _solid(before) in _AND:  # Rossi e figlio
        return False
    marked = last != words[-1].rstrip(",") or before.endswith(",")
    if solid in _MARKED and not marked:
        return False
    if solid in _MARKED_OR_BEHIND_A_FAMILY and not (marked or last.islower() or plain(before) not in listed()):
        return False
    return len(words) > 2 or words[-1].endswith(".")  # noqa: PLR2004 - two names before


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
