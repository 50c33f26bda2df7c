"""What a value in a table about consent says: nothing, yes, no, a time, words that are understood, or none of these."""

from __future__ import annotations

import re
from datetime import date, datetime
from functools import cache
from typing import Any, Literal, NamedTuple
from zoneinfo import ZoneInfo

from crmlib.text.consent import Sense, sense, words
from crmlib.text.spelling import plain, seen
from crmlib.words import NOTHING

__all__ = ["Cell", "cell", "is_missing", "looks_dated"]

_CellKind = Literal["missing", "yes", "no", "time", "words", "unknown"]
_DAY = r"(\d{4})[-/](\d{1,2})[-/](\d{1,2})"
_TIME = re.compile(
    rf"{_DAY}(?:[ T](\d{{1,2}}):(\d\d)(?::(\d\d)(?:\.(\d{{1,9}}))?)?\s?(Z|UTC|[+-]\d\d(?::?\d\d)?)?)?", re.IGNORECASE
)


#: What databases write for a time that never comes.
_NO_END = re.compile(r"\+?infinity|9999-\d\d-\d\d.*", re.IGNORECASE)
_MONTHS = (
    "jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|"
    "nov(?:ember)?|dec(?:ember)?|gen(?:naio)?|febbraio|marzo|aprile|mag(?:gio)?|giu(?:gno)?|lug(?:lio)?|ago(?:sto)?|"
    "set(?:tembre)?|ott(?:obre)?|novembre|dic(?:embre)?"
)
#: A date in some form, with or without a time of day and a day of the week.
_DATED = re.compile(
    rf"(?:(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*,?\s+)?(?:\d{{1,4}}[-/.]\d{{1,2}}[-/.]\d{{1,4}}"
    rf"|\d{{1,2}}(?:st|nd|rd|th|°|º)?[\s-]+(?:of\s+)?(?:{_MONTHS})\b\.?,?[\s-]*\d{{2,4}}"
    rf"|\b(?:{_MONTHS})\b\.?\s+(?:\d{{1,2}}(?:st|nd|rd|th)?,?\s+)?\d{{4}}|\b\d{{4,14}}\b|\b\d{{1,2}}/\d{{4}}\b)"
    r"(?:,?[\sT]*(?:at\s+|ore\s+|alle\s+)?\d{1,2}[:.]\d\d(?:[:.]\d\d(?:\.\d+)?)?\s*(?:am|pm)?\s*(?:z|utc|gmt|[+-]\d\d:?\d\d)?)?",
    re.IGNORECASE,
)
_LONGEST = 80


class Cell(NamedTuple):
    """What a value says: its kind, the time (in the shop's zone, without zone), the sense of its words."""

    kind: _CellKind
    time: datetime | None = None
    sense: Sense = Sense()


@cache
def _values() -> dict[str, _CellKind]:
    kinds: dict[_CellKind, str] = {"yes": "yes", "no": "no", "missing": "missing"}
    known: dict[str, _CellKind] = {
        plain(word): kind for kind, name in kinds.items() for word in words()["values"][name]
    }
    return {**{plain(word): "missing" for word in NOTHING}, **known}


def cell(value: Any, zone: str) -> Cell:
    """Return what a value says.

    Parameters
    ----------
    value
        Of any type.
    zone
        The shop's, to which times with a zone are brought.

    Examples
    --------
    >>> cell("Sì", "Europe/Rome").kind, cell(0.0, "Europe/Rome").kind, cell("revocato", "Europe/Rome").sense.answer
    ('yes', 'no', -1)
    >>> cell("2024-02-01 23:30:00 +0000", "Europe/Rome").time
    datetime.datetime(2024, 2, 2, 0, 30)
    """
    if value is None or value != value:  # noqa: PLR0124 - NaN and NaT
        return Cell("missing")
    if hasattr(value, "item") and not isinstance(value, datetime):
        value = value.item()
    if isinstance(value, bool | int | float):
        return Cell("no" if value == 0 else "yes" if value == 1 else "unknown")
    if isinstance(value, date):
        return Cell("time", _at(value, zone))
    return _text_cell(seen(str(value)), zone)


def _text_cell(text: str, zone: str) -> Cell:
    if kind := _values().get(plain(re.sub(r"^([01])\.0$", r"\1", text))):  # 1.0: a spreadsheet's yes
        return Cell(kind)
    if re.fullmatch(r"0+[-/]0+[-/]0+(?:[ T][0:.]+)?", text):  # what some databases write for no time
        return Cell("missing")
    if _NO_END.fullmatch(text):
        return Cell("missing")
    if match := _TIME.fullmatch(text):
        time = _read(match, zone)
        return Cell("unknown") if time is None else Cell("time", time)
    meaning = sense(text)
    if meaning is None and len(text) <= _LONGEST and (rest := _DATED.sub(" ", text).strip()) not in {"", text}:
        meaning = sense(rest)  # unsubscribed on 3/2/2024
        meaning = meaning if meaning is not None and meaning.answer < 0 else None
    return Cell("unknown") if meaning is None else Cell("words", None, meaning)


def looks_dated(text: str) -> bool:
    """Tell whether a text is a date in words, which cannot be read in two ways.

    Parameters
    ----------
    text
        A value.

    Examples
    --------
    >>> looks_dated("1 febbraio 2024"), looks_dated("Thu, 01 Feb 2024 10:00:00 +0100"), looks_dated("Feb 2024")
    (True, True, True)
    >>> looks_dated("February"), looks_dated("03/02/24"), looks_dated("45323"), looks_dated("second of a month")
    (False, False, False, False)
    """
    shown = seen(text).casefold()
    rest = _DATED.sub("", shown)
    return rest != shown and not rest.strip(" ,.;()") and bool(re.search(r"[a-z]{3}", shown))


def is_missing(text: str) -> bool:
    """Tell whether a text stands for no value.

    Parameters
    ----------
    text
        A value.

    Examples
    --------
    >>> is_missing("N/A"), is_missing("\u200b"), is_missing("K1")
    (True, True, False)
    """
    return _values().get(plain(text)) == "missing"


def _at(value: date, zone: str) -> datetime:
    """Return a date or time as a time of the shop's clock."""
    if not isinstance(value, datetime):
        return datetime(value.year, value.month, value.day)  # noqa: DTZ001 - the shop's clock has no zone
    whole = datetime(value.year, value.month, value.day, value.hour, value.minute, value.second, value.microsecond,
                     tzinfo=value.tzinfo)  # fmt: skip
    return whole if whole.tzinfo is None else whole.astimezone(ZoneInfo(zone)).replace(tzinfo=None)


def _read(match: re.Match[str], zone: str) -> datetime | None:
    year, month, day, hour, minute, second, fraction, offset = match.groups()
    sign = (offset or "").upper()
    if sign in {"Z", "UTC"}:
        sign = "+00:00"
    elif sign:
        sign = f"{sign[:3]}:{sign[3:].strip(':') or '00'}"
    text = f"{year}-{int(month):02d}-{int(day):02d}T{int(hour or 0):02d}:{minute or '00'}:{second or '00'}"
    try:
        return _at(datetime.fromisoformat(f"{text}.{(fraction or '0')[:6]:0<6}{sign}"), zone)
    except (ValueError, OverflowError):
        return None
