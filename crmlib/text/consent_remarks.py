"""Running text in which somebody asks to be left alone: notes about a person, replies, comments."""

from __future__ import annotations

import re
from functools import cache

from crmlib.text.consent import EVERY, sense, tokens, words
from crmlib.text.spelling import plain, seen

__all__ = ["channels_refused_in", "is_remark", "telling_words"]


def is_remark(name: str) -> bool:
    """Tell whether a column holds running text.

    Parameters
    ----------
    name
        Of the column.

    Examples
    --------
    >>> is_remark("Notes"), is_remark("notional")
    (True, False)
    """
    columns = _columns()
    return plain(name) in columns or bool(tokens(name) & columns)


@cache
def _columns() -> frozenset[str]:
    return frozenset(map(plain, words()["tables"]["remarks"]["columns"]))


def channels_refused_in(text: str) -> int:
    """Return the channels by which somebody wants to hear no more, by a running text; 0 where it does not say so.

    Parameters
    ----------
    text
        Any text.

    Examples
    --------
    >>> channels_refused_in("Please UNSUBSCRIBE me!"), channels_refused_in("Chiede di non essere più contattata.")
    (15, 15)
    >>> channels_refused_in("the bus stop is near"), channels_refused_in("do not call before ten")
    (0, 8)
    """
    shown = f" {' '.join(_spoken(text))} "
    channels = {refused for phrase, refused in _phrases().items() if phrase in shown}
    whole = sense(text)
    if whole is not None and whole.answer < 0 and not whole.there:
        channels.add(whole.channels & EVERY or EVERY)
    result = 0
    for each in channels:
        result |= each
    return result


@cache
def _phrases() -> dict[str, int]:
    """Return each phrase of a remark, its words with a space around, and the channels that it is about."""
    result = {}
    for phrase in words()["people"]["remarks"]:
        meaning = sense(phrase)
        result[f" {' '.join(_spoken(phrase))} "] = (meaning.channels & EVERY if meaning else 0) or EVERY
    return result


@cache
def telling_words() -> tuple[str, ...]:
    """Return letters of which any remark that counts holds some: a first, cheap look at many texts.

    Examples
    --------
    >>> "contact" in telling_words()
    True
    """
    letters = {max(re.split(r"[^a-z]+", phrase.lower()), key=len) for phrase in words()["people"]["remarks"]}
    single = {plain(word) for word in words()["answers"]["against"] if word.isascii() and word.isalpha()}
    short = {word for word in letters if not any(other != word and other in word for other in letters)}
    return tuple(sorted(short | {word for word in single if not any(other in word for other in short)}))


def _spoken(text: str) -> list[str]:
    """Return the words of a text, plain; what an apostrophe joins is one."""
    return [word for token in re.split(r"[^\w'\u2019]+|_", seen(text)) if (word := plain(token))]
