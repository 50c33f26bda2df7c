"""What all spellings of a text have in common: no invisible marks, one case, letters and digits alone."""

from __future__ import annotations

import re
import unicodedata

__all__ = ["plain", "seen"]

#: Letters that show nothing, beside those that Unicode calls format characters.
_BLANK = re.compile("[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\ufe00-\ufe0f\uffa0]")


def seen(text: str) -> str:
    r"""Return what a reader sees of a text: compatible letters as plain ones, no invisible marks, single spaces.

    Parameters
    ----------
    text
        Any text.

    Examples
    --------
    >>> seen("\u00a0\uff21nn@example.org\u200b ")
    'Ann@example.org'
    """
    if text.isascii() and text.isprintable():
        return " ".join(text.split())
    plain = unicodedata.normalize("NFKC", _BLANK.sub("", text))
    # what shows as nothing goes; what breaks a line, or moves the next letter, is a space
    kinds = ((mark, unicodedata.category(mark)) for mark in plain)
    shown = "".join(" " if kind == "Cc" else mark for mark, kind in kinds if kind != "Cf")
    return " ".join(shown.split())


def plain(text: object) -> str:
    r"""Return what all spellings of a word have in common.

    Parameters
    ----------
    text
        A word, or several.

    Examples
    --------
    >>> plain(" E-Mail\u200b"), plain("\uff33Ì"), plain("Finalità"), plain("✓")
    ('email', 'si', 'finalita', '✓')
    """
    shown = seen(str(text))
    small = shown.casefold()
    letters = "".join(filter(str.isalnum, small if small.isascii() else unicodedata.normalize("NFKD", small)))
    return letters or shown
