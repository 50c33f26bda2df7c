"""The dirt of real archives: typos, case, nicknames, aliases, phone formats, broken encodings."""

from __future__ import annotations

from bisect import bisect_right
from itertools import accumulate
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from crmlib.synth.identity import DOTLESS_DOMAIN, NICKNAMES

if TYPE_CHECKING:
    from collections.abc import Callable

    from crmlib.arrays import Bools


__all__ = ["alias", "broken_address", "format_phone", "mojibake", "nickname", "shout", "soil", "typo"]

# How people and spreadsheets write +39 300 1234567.
_PHONES: tuple[Callable[[str, str], str], ...] = (
    lambda prefix, rest: prefix + rest,
    lambda prefix, rest: f"{prefix} {rest[:3]} {rest[3:6]} {rest[6:]}",
    lambda prefix, rest: f"00{prefix[1:]}{rest}",
    lambda prefix, rest: f"({prefix}) {rest[:3]}-{rest[3:]}",
    lambda prefix, rest: rest if prefix == "+39" else f"0{rest}",
    lambda prefix, rest: f"{rest[:3]}/{rest[3:]}" if prefix == "+39" else f"0{rest[:4]} {rest[4:]}",
    lambda prefix, rest: f"{rest[:3]} {rest[3:]}" if prefix == "+39" else f"(0{rest[:3]}) {rest[3:]}",
    lambda prefix, rest: f"{prefix[1:]}{rest}.0",  # a spreadsheet took it for a number
)
_PHONE_EDGES = tuple(accumulate((0.34, 0.17, 0.08, 0.06, 0.19, 0.06, 0.07, 0.03)))


def soil(rng: np.random.Generator, column: Any, rows: Bools, change: Callable[[str, float], str]) -> Any:
    """Change the texts of some rows of an Arrow column; nulls stay.

    Parameters
    ----------
    rng
        Gives `change` a number between 0 and 1 for each row.
    column
        Texts.
    rows
        Which rows to change.
    change
        Takes the text and the number.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> soil(rng, pa.array(["ab", None, "cd"]), np.array([True, True, False]), lambda text, _: text.upper()).to_pylist()
    ['AB', None, 'cd']
    """
    where = np.flatnonzero(rows)
    if len(where) == 0:
        return column
    chance = rng.random(len(where))
    found = column.take(pa.array(where)).to_pylist()
    changed = [None if text is None else change(text, draw) for text, draw in zip(found, chance, strict=True)]
    position = np.arange(len(column))
    position[where] = len(column) + np.arange(len(where))
    return pa.concat_arrays([column, pa.array(changed, type=pa.string())]).take(pa.array(position))


def format_phone(phone: str, draw: float) -> str:
    """Write an E.164 number in one of the ways people do.

    Examples
    --------
    >>> format_phone("+393001234567", 0.40)
    '+39 300 123 4567'
    >>> format_phone("+393001234567", 0.99)
    '393001234567.0'
    """
    style = bisect_right(_PHONE_EDGES, draw)
    return _PHONES[min(style, len(_PHONES) - 1)](phone[:3], phone[3:])


def typo(text: str, draw: float) -> str:
    """Drop, double or swap one letter.

    Examples
    --------
    >>> typo("Ferrari", 0.1), typo("Ferrari", 0.5), typo("Ferrari", 0.9)
    ('Ferari', 'Ferrrari', 'Ferrrai')
    """
    if len(text) < 3:  # noqa: PLR2004 - too short to be misspelt and still be known
        return text
    kind, rest = divmod(draw * 3, 1)
    place = 1 + int(rest * (len(text) - 2))
    if kind == 0:
        return text[:place] + text[place + 1 :]
    if kind == 1:
        return text[:place] + text[place] + text[place:]
    return text[:place] + text[place + 1] + text[place] + text[place + 2 :]


def shout(text: str, draw: float) -> str:
    """Change the case, and at times leave a space around."""
    changed = text.upper() if draw < 0.5 else text.lower()  # noqa: PLR2004 - half and half
    return f" {changed}" if draw % 0.1 < 0.02 else changed  # noqa: PLR2004 - one in five


def nickname(name: str, draw: float) -> str:
    """Return what friends call a person, if the name has such a form.

    Examples
    --------
    >>> nickname("Giuseppe", 0.0), nickname("Adelasia", 0.0)
    ('Beppe', 'Adelasia')
    """
    known = NICKNAMES.get(name, ())
    return known[int(draw * len(known))] if known else name


def alias(address: str, draw: float) -> str:
    """Return another address of the same mailbox: a ``+tag``, or dots where they do not count.

    Examples
    --------
    >>> alias("anna.rossi@gmail.example", 0.1), alias("anna.rossi@posta.example", 0.1)
    ('annarossi@gmail.example', 'anna.rossi+shop@posta.example')
    """
    local, _, domain = address.partition("@")
    if domain == DOTLESS_DOMAIN and draw < 0.6:  # noqa: PLR2004
        plain = local.replace(".", "")
        place = 1 + int(draw / 0.6 * (len(plain) - 1))
        return f"{plain}@{domain}" if "." in local else f"{plain[:place]}.{plain[place:]}@{domain}"
    return f"{local}+{('shop', 'promo', 'news')[int(draw * 3)]}@{domain}"


def broken_address(address: str, draw: float) -> str:
    """Return an address that no mail can reach: no sign, no domain, or a misspelt one."""
    local, _, domain = address.partition("@")
    broken = (
        f"{local}{domain}",
        f"{local}@",
        f"{local} at {domain}",
        f"{local}@@{domain}",
        f"{local}@{domain},",
    )
    return broken[int(draw * len(broken))]


def mojibake(text: str, _draw: float) -> str:
    """Return UTF-8 read as Windows-1252, as lists that passed through a spreadsheet have it.

    Examples
    --------
    >>> mojibake("Niccolò", 0)
    'NiccolÃ²'
    """
    return text.encode("utf-8").decode("cp1252", errors="replace")
