"""Codes as people type them: upper or lower case, with blanks, two in one cell."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection

__all__ = ["code_of", "codes_in"]

_BETWEEN = re.compile(r"[,;|/&+\n]")


def code_of(text: str) -> str:
    """Return a code as it is compared: in capitals, without blanks.

    Parameters
    ----------
    text
        As somebody typed it.

    Examples
    --------
    >>> code_of(" riattva 10 ")
    'RIATTVA10'
    """
    return re.sub(r"[\s\u200b\ufeff]", "", unicodedata.normalize("NFKC", text)).upper()


def codes_in(text: str, known: Collection[str] = ()) -> list[str]:
    """Return the codes of a cell, each once.

    Parameters
    ----------
    text
        One code, or several with a comma, semicolon, bar, slash, plus or ampersand between them; blanks part codes
        where all the parts are known.
    known
        Codes that were sent, as `code_of` gives them; one that holds such a mark itself stays whole.

    Examples
    --------
    >>> codes_in("riattva10, Spring5"), codes_in("RIATTVA 10")
    (['RIATTVA10', 'SPRING5'], ['RIATTVA10'])
    >>> codes_in("A1 B2", {"A1", "B2"}), codes_in("2+1", {"2+1"})
    (['A1', 'B2'], ['2+1'])
    """
    if code_of(text) in known:
        return [code_of(text)]
    codes = []
    for part in _BETWEEN.split(text):
        words = [code_of(word) for word in part.split()]
        codes += words if len(words) > 1 and set(words) <= set(known) else [code_of(part)]
    return [code for code in dict.fromkeys(codes) if code]
