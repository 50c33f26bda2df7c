"""How many parts a short message takes: each is paid.

>>> segments("Ciao Anna, ci manchi!"), segments("Ciao Anna, ci manchi \u2615")
(1, 1)
>>> segments("x" * 161), segments("\u2615" * 71)
(2, 2)
"""

from __future__ import annotations

__all__ = ["segments"]

# the letters of 3GPP TS 23.038; those of the second row take two places
_BASIC = set(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿"
    "abcdefghijklmnopqrstuvwxyzäöñüà"
)
_DOUBLE = set("^{}\\[~]|€\f")
_ONE, _MANY = 160, 153  # of 7 bits; a message in parts gives some room to their order
_ONE_WIDE, _MANY_WIDE = 70, 67  # of 16 bits


def segments(text: str) -> int:
    """Return in how many parts a short message is sent (3GPP TS 23.038 and 23.040).

    One letter outside the basic alphabet, such as an accent that Italian writes on a capital, makes all of them wide.

    Parameters
    ----------
    text
        The message.
    """
    if set(text) <= _BASIC | _DOUBLE:
        size = sum(2 if letter in _DOUBLE else 1 for letter in text)
        return 1 if size <= _ONE else -(-size // _MANY)
    size = len(text.encode("utf-16-be")) // 2
    return 1 if size <= _ONE_WIDE else -(-size // _MANY_WIDE)
