"""Times as people and programs write them, brought to the shop's zone; and what to propose where none reads them."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import duckdb

from crmlib.engine import literal, quote
from crmlib.errors import SchemaError
from crmlib.shop.ids import as_id

if TYPE_CHECKING:
    from crmlib import policy
    from crmlib.shop.raw import Raw

__all__ = ["EPOCHS", "as_time", "date_hint"]

#: Names of ``date_format`` for times that are counted from 1970 on, with how many of the unit a second has.
EPOCHS = {"epoch_s": 1, "epoch_ms": 1_000, "epoch_us": 1_000_000}
#: From 1980 to 2100, as seconds: numbers beyond may be anything.
_FIRST, _LAST = 315_532_800, 4_133_980_800
_UNITS = {"epoch_s": "seconds", "epoch_ms": "milliseconds", "epoch_us": "microseconds"}

_DAYS = ("%d/%m/%Y", "%m/%d/%Y", "%d.%m.%Y", "%d-%m-%Y", "%m-%d-%Y", "%d/%m/%y", "%m/%d/%y", "%d.%m.%y", "%Y.%m.%d",
         "%d %b %Y", "%d %B %Y", "%b %d, %Y", "%B %d, %Y", "%b %d %Y", "%d-%b-%Y", "%d-%b-%y",
         "%a %d %b %Y")  # fmt: skip
_HOURS = ("", " %H:%M", " %H:%M:%S", " %I:%M %p", " %I:%M:%S %p", ", %H:%M", ", %H:%M:%S", ", %I:%M:%S %p",
          "T%H:%M:%S", " %H:%M %z", " %H:%M:%S %z", " %H:%M:%S%z", "T%H:%M:%S%z",
          " %H.%M", " %H.%M.%S")  # fmt: skip
#: How dates are often written, to be proposed when one cannot be read; first those that stand alone.
_GUESSES = (*(day + hour for hour in _HOURS for day in _DAYS), "%Y%m%d", "%Y%m%d%H%M%S", "%Y%m%d %H:%M:%S",
            "%Y-%m-%d %I:%M:%S %p", "%Y-%m-%d %I:%M %p", "%a, %d %b %Y %H:%M:%S %z")  # fmt: skip


def as_time(column: str, kind: str, raw: Raw, rules: policy.Orders) -> str:
    """Return an SQL expression for a time in the shop's zone, null where it cannot be read.

    Parameters
    ----------
    column
        The column, quoted.
    kind
        Its SQL type.
    raw
        Its table, which says how text is to be read.
    rules
        Whose ``timezone`` it is brought to.
    """
    zone = literal(rules.timezone)
    preset = raw.preset
    form = raw.reading.date_format
    text = as_id(column, kind)
    if kind == "TIMESTAMP WITH TIME ZONE" or kind.startswith("TIMESTAMPTZ"):  # the latter: nanoseconds
        time = f"timezone({zone}, {column})"
    elif kind.startswith(("TIMESTAMP", "DATE")):
        time = _from_zone(f"try_cast({column} as timestamp)", zone, raw)  # a date may lie beyond all moments
    elif form is not None:
        time = _formatted(text, form, raw, zone)
    elif preset is not None and preset.date_formats:
        forms = (_formatted(text, each, raw, zone) for each in preset.date_formats)
        time = f"coalesce({_iso(text, zone, raw)}, {', '.join(forms)})"
    else:
        time = _iso(text, zone, raw)
    # neither infinity, nor what Python's dates cannot hold
    return f"case when isfinite({time}) and year({time}) between 1 and 9998 then {time} end"


def _from_zone(time: str, zone: str, raw: Raw) -> str:
    """Return a time that says no zone in the shop's, where the preset knows in which zone it was written."""
    if raw.preset is None or not raw.preset.timezone:
        return time
    return f"timezone({zone}, timezone({literal(raw.preset.timezone)}, {time}))"


def _formatted(text: str, form: str, raw: Raw, zone: str) -> str:
    if form in EPOCHS:
        # by way of whole numbers, for a table of pandas may hold them as floats
        number = f"try_cast(round(try_cast({text} as double) * {1_000_000 // EPOCHS[form]}) as bigint)"
        return f"timezone({zone}, make_timestamptz({number}))"
    read = f"try_strptime({text}, {literal(form)})"
    try:
        kind = raw.table.engine.rows(f"select typeof(try_strptime('', {literal(form)}))")[0][0]
    except duckdb.Error as error:
        raise SchemaError(
            f"date_format={form!r}: {str(error).splitlines()[0]}. It is written as for datetime.strptime, such as "
            f"'%d/%m/%Y' or '%Y-%m-%d %H:%M:%S'; or it is one of {', '.join(EPOCHS)}."
        ) from error
    # with %z it reads instants
    if kind == "TIMESTAMP WITH TIME ZONE":
        return f"timezone({zone}, {read})"
    return _from_zone(f"cast({read} as timestamp)", zone, raw)


def _iso(text: str, zone: str, raw: Raw) -> str:
    # only these forms: by itself the engine reads 24-12-31 as the year 24, and 10:00 PM as ten in the morning
    day, time = r"\d{4}[-/]\d{1,2}[-/]\d{1,2}", r"\d{1,2}:\d\d(:\d\d(\.\d+)?)?"
    instant = rf"{day}[ T]{time} ?(Z|UTC|GMT|[+-]\d\d(:?\d\d)?)"
    # the engine reads an offset only where no blank is before it, and of hours and minutes only with a colon
    plain = f"regexp_replace(regexp_replace({text}, ' ?(Z|UTC|GMT)$', '+00'), ' ?([+-]\\d\\d):?(\\d\\d)?$', '\\1:\\2')"
    return (
        f"case when regexp_full_match({text}, '{day}([ T]{time})?') "
        f"then {_from_zone(f'try_cast({text} as timestamp)', zone, raw)} "
        f"when regexp_full_match({text}, '{instant}') "
        f"then timezone({zone}, try_cast(rtrim({plain}, ':') as timestamptz)) end"
    )


def date_hint(value: Any, source: str, raw: Raw) -> str:
    """Return what to do about a value that is not a date.

    Parameters
    ----------
    value
        What stands there.
    source
        Its column, whose other values a proposal must read too.
    raw
        Its table.
    """
    text = str(value).strip()
    if raw.reading.date_format is not None:
        return f"It was read as date_format={raw.reading.date_format!r}." + _counted_from_1970(text, "; it may be {}.")
    all_of_them = [form for form in _GUESSES if _reads(form, text) and _reads_all(form, source, raw)]
    if counted := _counted_from_1970(text, "These are {}"):
        return counted
    if not all_of_them:
        return (
            "Dates are read as 2024-12-31 or 2024-12-31 18:30:00. Mend it, or say how dates are written by "
            "open_shop(..., date_format=...), as for datetime.strptime."
        )
    shown = " or ".join(f"date_format={form!r}" for form in all_of_them[:2])
    return f"Say how dates are written: open_shop(..., {shown})."


def _reads(form: str, text: str) -> bool:
    try:
        datetime.strptime(text, form)  # noqa: DTZ007 - only whether the form fits is asked
    except ValueError:
        return False
    return True


def _reads_all(form: str, source: str, raw: Raw) -> bool:
    """Say whether a form reads every value of a column."""
    text = as_id(quote(source), raw.table.types[source])
    unread = f"{text} is not null and try_strptime({text}, {literal(form)}) is null"
    rows: int = raw.table.engine.rows(f"select count(*) from {quote(raw.table.name)} where {unread}")[0][0]
    return rows == 0


def _counted_from_1970(text: str, sentence: str) -> str:
    """Name the unit of a number that counts from 1970 to a year in which shops sell; nothing for any other text."""
    digits = re.fullmatch(r"(\d{9,17})(\.0*)?", text)
    for form, a_second in EPOCHS.items():
        seconds = int(digits[1]) / a_second if digits else 0
        if _FIRST <= seconds < _LAST:
            when = datetime.fromtimestamp(int(seconds), UTC)
            way_out = f"open_shop(..., date_format={form!r})"
            return sentence.format(f"{_UNITS[form]} since 1970: {when:%Y-%m-%d %H:%M:%S} UTC. Read them so: {way_out}.")
    return ""
