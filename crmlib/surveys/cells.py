"""What stands in one field of an export: a mark with or without its label, several answers in one, a moment.

>>> mark("10 - Extremely likely")
10
"""

from __future__ import annotations

import re
import unicodedata
from datetime import datetime, timedelta, timezone
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import tzinfo

__all__ = ["day_before_month", "mark", "moment", "parts", "plain", "shortened"]

_NUMBER = r"[+-]?[0-9]{1,6}(?:[.,][0-9]{1,6})?"
# the label holds no digit, so that "2 or 3", "9/10" and "1-3" are no marks
_BEFORE = re.compile(rf"({_NUMBER})(?:\s*[-\u2013\u2014:=.()]+\s*[^0-9]*|\s+[^\W\d][^0-9]*)?")
_AFTER = re.compile(r"[^0-9]*[^\W\d][^0-9]*?\s*[-\u2013\u2014:=(]\s*([0-9]{1,6})\)?")

_MOMENT = re.compile(
    r"(\d{1,4})([-/.])(\d{1,2})\2(\d{4}|\d{1,2})"
    r"(?:,?[ T]\s*(\d{1,2})[:.](\d{2})(?:[:.](\d{2})(?:[.,]\d+)?)?\s*(?:([ap])\.?m\.?)?\s*(\S*))?",
    re.ASCII | re.IGNORECASE,
)
_OFFSET = re.compile(r"(?:GMT|UTC)?([+-])(\d{1,2}):?(\d{2})?", re.ASCII)
# from UTC; BST, CST and IST mean more than one zone, and are read where they are the account's own
_HOURS = {
    0: "Z UTC GMT WET",
    1: "WEST CET MEZ",
    2: "CEST MESZ EET OEZ",
    3: "EEST OESZ",
    -4: "EDT",
    -5: "EST CDT",
    -6: "MDT",
    -7: "MST PDT",
    -8: "PST",
}
_ZONES = {name: hours for hours, names in _HOURS.items() for name in names.split()}
_LONGEST = 100  # letters; no mark and no time is longer, and patterns are slow on essays
_YEAR, _DAY_OR_MONTH, _MONTHS = 4, 2, 12  # digits, digits, and how many there are


@lru_cache(4096)
def plain(text: str) -> str:
    """Reduce a heading or an option to its words: tags, stars, case and spaces do not count."""
    words = re.sub(r"[\W_]+", " ", re.sub(r"<[^<>]*>", " ", unicodedata.normalize("NFKC", text))).strip().casefold()
    return words or text.strip().casefold()


def shortened(text: str) -> str:
    """Return a cell as a message shows it: somebody's essay would hide what is said of it."""
    return repr(text if len(text) <= _LONGEST else f"{text[:_LONGEST]}...")


def mark(text: str) -> int:
    """Return a mark, whether its label stands behind it, before it, or not at all.

    Examples
    --------
    >>> mark("0 - Not at all likely"), mark("Per niente probabile - 0"), mark("8,0")
    (0, 0, 8)
    >>> mark("9/10")
    Traceback (most recent call last):
    ValueError: '9/10' is no mark
    """
    cell = text.strip()
    match = (_BEFORE.fullmatch(cell) or _AFTER.fullmatch(cell)) if len(cell) <= _LONGEST else None
    if match is None:
        raise ValueError(f"{shortened(cell)} is no mark")
    number = float(match[1].replace(",", "."))
    if not number.is_integer():
        raise ValueError(f"{cell!r} lies between two marks")
    return int(number)


def parts(text: str, options: Sequence[str]) -> list[str]:
    """Take several answers in one field apart, by the options that were offered.

    An option may hold the comma or the semicolon that also stands between two. What is no option is somebody's own
    words, and stays whole.

    Examples
    --------
    >>> parts("Delivery, and parcels, Prices, too slow, too dear", ["Prices", "Delivery, and parcels"])
    ['Prices', 'Delivery, and parcels', 'too slow, too dear']
    """
    any_option = "|".join(re.escape(option) for option in sorted(options, key=len, reverse=True))
    between = r"\s*(?:[,;]\s*|$)"
    by_words = {option.casefold(): option for option in options}
    chosen, own, start, position = set(), [], 0, 0
    while position < len(text):
        option = re.compile(rf"({any_option}){between}", re.IGNORECASE).match(text, position) if options else None
        if option is not None:
            own.append(text[start:position])
            chosen.add(by_words[option[1].casefold()])
            start = position = option.end()
        else:
            position = re.compile(r"[^,;]*(?:[,;]\s*|$)").match(text, position).end()  # type: ignore[union-attr] # always
    own.append(text[start:])
    words = [each for each in (each.strip(" \t\r\n,;") for each in own) if each]
    return [*(option for option in options if option in chosen), *words]


def day_before_month(texts: Iterable[str]) -> tuple[str, bool | None]:
    """Tell from a whole column whether dates such as 03/04/2026 begin with the day.

    Examples
    --------
    >>> day_before_month(["03/04/2026 10.00", "20/04/2026 18.01"])
    ('03/04/2026 10.00', True)
    """
    read = (_MOMENT.fullmatch(text.strip()) for text in texts if len(text) <= _LONGEST)
    dates = [date for date in read if date and len(date[1]) <= _DAY_OR_MONTH]
    days, months = ([date[0] for date in dates if int(date[part]) > _MONTHS] for part in (1, 3))
    if days and months:
        raise ValueError(f"{days[0]!r} begins with the day, {months[0]!r} with the month")
    return dates[0][0] if dates else "", bool(days) if days or months else None


def moment(text: str, *, day_first: bool | None = None, local: tzinfo | None = None) -> datetime:
    """Return a moment, with its zone if the text names one; ``local`` is the zone whose own names are understood.

    Examples
    --------
    >>> str(moment("2026/03/01 11:30:00 PM GMT+3")), str(moment("01/03/2026 19.07", day_first=True))
    ('2026-03-01 23:30:00+03:00', '2026-03-01 19:07:00')
    """
    match = _MOMENT.fullmatch(text.strip()) if len(text) <= _LONGEST else None
    if match is None:
        raise ValueError(f"{shortened(text)} is no time that can be read")
    first, _, second, third, hour, minute, seconds, half, name = match.groups()
    if len(first) == _YEAR:
        year, month, day = first, second, third
    else:
        year, month, day = (third, second, first) if day_first else (third, first, second)
    hours = int(hour or 0)
    try:
        if half:
            hours = datetime.strptime(f"{hour} {half.upper()}M", "%I %p").hour  # noqa: DTZ007 - an hour alone
        read = datetime(  # noqa: DTZ001 - its zone follows
            int(year) + 2000 * (len(year) < _YEAR), int(month), int(day), hours, int(minute or 0), int(seconds or 0)
        )
        return read.replace(tzinfo=_zone(name.upper(), read, local)) if name else read
    except ValueError as error:
        raise ValueError(f"{text!r} is no time that can be read ({error})") from error


def _zone(name: str, read: datetime, local: tzinfo | None) -> tzinfo:
    if name in _ZONES:
        return timezone(timedelta(hours=_ZONES[name]))
    if local is not None and read.replace(tzinfo=local).tzname() == name:
        return local
    offset = _OFFSET.fullmatch(name)
    if offset is None:
        raise ValueError(f"the zone {name!r} is not known: say timezone='...', the account's")
    sign, hours, minutes = offset.groups()
    return timezone((1 if sign == "+" else -1) * timedelta(hours=int(hours), minutes=int(minutes or 0)))
