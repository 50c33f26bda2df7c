"""Recorded results in words: label, value with its unit, interval, and a small picture."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from crmlib.notebook.recording import UNITS
from crmlib.text import record_words, report_words

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Figure", "figure_of", "shown", "written"]

#: Names under which notebooks record an estimate with its ends.
_ESTIMATES = ("estimate", "score", "difference", "value")
_ENDS = ("low", "high")
_SMALLEST_P = 0.001
_LARGE = 10  # numbers from here on need two decimals at most
_LARGE_MONEY = 100  # from here on cents no longer matter


@dataclass(frozen=True)
class Figure:
    """A recorded result as a reader meets it.

    Attributes
    ----------
    label
        What it is called.
    text
        The value with its unit.
    interval
        From where to where, in words; empty without one.
    unit
        One of `crmlib.notebook.recording.UNITS`, or empty.
    key
        Whether it belongs on the front page.
    number
        The value, where it is one number: for the picture.
    ends
        The ends of its interval.
    table
        The file of a table, relative to the report.
    parts
        Of a value with several parts: each with its own text.
    name
        Under which it was recorded.
    """

    label: str
    text: str
    interval: str = ""
    unit: str = ""
    key: bool = False
    number: float | None = None
    ends: tuple[float, float] | None = None
    table: str = ""
    parts: tuple[tuple[str, str], ...] = field(default=())
    name: str = ""

    @property
    def csv(self) -> str:
        """The same table for a spreadsheet."""
        return self.table.removesuffix(".parquet") + ".csv" if self.table else ""


def figure_of(
    notebook: str, name: str, value: Any, about: Mapping[str, Any], *, language: str = "en", currency: str = ""
) -> Figure:
    """Set a recorded result in words.

    Parameters
    ----------
    notebook, name
        Where it was recorded, and under which name.
    value
        As ``results.json`` holds it.
    about
        What the notebook said of it: label, unit, interval, key. What it did not say, ``records.toml`` may.
    language
        Of the words.
    currency
        Of money; empty where the shop names none.

    Examples
    --------
    >>> figure = figure_of("03_rfm", "share", 0.455, {"unit": "share", "interval": [0.441, 0.469], "key": True})
    >>> figure.label, figure.text, figure.interval
    ('Share', '45.5 %', '44.1 % to 46.9 %')
    """
    label, unit = record_words(notebook, name, language)
    label = about.get("label") or label
    unit = about["unit"] if about.get("unit") in UNITS else unit
    words = report_words(language)
    common: dict[str, Any] = {"name": name, "label": label, "unit": unit, "key": about.get("key") is True}
    if isinstance(value, dict) and "$table" in value:
        return Figure(text=shown(value, language)[0], table=str(value["$table"]), **common)
    ends = _ends(about.get("interval"))
    if isinstance(value, dict) and (estimate := _estimate(value)) is not None:
        ends = ends or _ends([value[end] for end in _ENDS])
        value = estimate
    if isinstance(value, dict) and not {"$float", "$date", "$datetime"} & set(value):
        parts = tuple((_readable(key), written(part, unit, language, currency)) for key, part in _sorted(value))
        return Figure(text="; ".join(f"{key}: {text}" for key, text in parts), parts=parts, **common)
    number = float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else None
    between = ""
    if ends is not None and number is not None:
        low, high = (written(end, unit, language, currency) for end in ends)
        between = f"{low} {words['to']} {high}"
    return Figure(
        text=written(value, unit, language, currency),
        interval=between,
        number=number if number is None or math.isfinite(number) else None,
        ends=ends,
        **common,
    )


def _ends(interval: Any) -> tuple[float, float] | None:
    good = (
        isinstance(interval, list)
        and len(interval) == 2  # noqa: PLR2004 - an interval has two ends
        and all(isinstance(end, (int, float)) and not isinstance(end, bool) for end in interval)
    )
    return (float(interval[0]), float(interval[1])) if good else None


def _estimate(value: Mapping[str, Any]) -> Any:
    """Return the estimate of a value that says itself where its interval ends; None for others."""
    if not all(isinstance(value.get(end), (int, float)) for end in _ENDS):
        return None
    return next((value[name] for name in _ESTIMATES if isinstance(value.get(name), (int, float))), None)


def _sorted(value: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """Return the parts of a value, an estimate before its ends and the lower end before the upper."""
    inner = value["$dict"] if set(value) == {"$dict"} else value
    first = [name for name in (*_ESTIMATES, *_ENDS) if name in inner]
    return [(name, inner[name]) for name in (*first, *(key for key in inner if key not in first))]


def _readable(name: str) -> str:
    return name.replace("_", " ")


def written(value: Any, unit: str = "", language: str = "en", currency: str = "") -> str:
    r"""Write a number with its unit; anything else as `shown` does.

    Parameters
    ----------
    value
        As ``results.json`` holds it.
    unit
        One of `crmlib.notebook.recording.UNITS`, or empty.
    language
        Of the words.
    currency
        Of money.

    Examples
    --------
    >>> written(0.6939, "share"), written(1354.2, "money", "en", "EUR"), written(3.5e-16, "p_value")
    ('69.4 %', '1,354 EUR', '< 0.001')
    >>> written(121, "days"), written(28.25, "points"), written(0.838, "factor")
    ('121 days', '28.2 points', '0.84 times')
    """
    if isinstance(value, list):
        return ", ".join(written(item, unit, language, currency) for item in value)
    if not isinstance(value, (int, float)) or isinstance(value, bool) or not math.isfinite(value):
        return shown(value, language)[0]
    words = report_words(language)
    digits = 0 if abs(value) >= _LARGE_MONEY else 2
    forms = {
        "share": f"{100 * value:,.1f} %",
        "money": f"{value:,.{digits}f} {currency}".rstrip(),
        "p_value": f"< {_SMALLEST_P}" if value < _SMALLEST_P else f"{value:.3f}",
        "days": f"{value:,.0f} {words['days']}",
        "points": f"{value:,.1f} {words['points']}",
        "factor": f"{value:,.2f} {words['times']}",
        "per_100": f"{value:,.1f} {words['per_100']}",
        "per_1000": f"{value:,.1f} {words['per_1000']}",
        "count": f"{value:,.0f}",
    }
    return forms.get(unit) or shown(value, language)[0]


def shown(value: Any, language: str = "en") -> tuple[str, str]:
    """Write a recorded result for people: its text, and the file it links to if it is a table.

    Parameters
    ----------
    value
        As ``results.json`` holds it.
    language
        Of the words.

    Examples
    --------
    >>> shown(23570), shown(0.2426), shown({"$date": "1998-07-01"}), shown({"$float": "nan"})
    (('23,570', ''), ('0.2426', ''), ('1998-07-01', ''), ('—', ''))
    """
    words = report_words(language)
    if isinstance(value, dict) and "$table" in value:
        rows = words["row"] if value["rows"] == 1 else words["rows"]
        return f"{words['table']}, {value['rows']:,} {rows}", str(value["$table"])
    return _plain(value, words), ""


def _plain(value: Any, words: Mapping[str, str]) -> str:  # noqa: PLR0911 - one line a type
    if isinstance(value, dict) and len(value) == 1 and next(iter(value)) in {"$date", "$datetime", "$float"}:
        value = next(iter(value.values()))
    if value is None or value == "nan":
        return "—"
    if isinstance(value, bool):
        return words["yes" if value else "no"]
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:,.2f}" if abs(value) >= _LARGE else f"{value:.4g}"
    if isinstance(value, list):
        return ", ".join(_plain(item, words) for item in value)
    if isinstance(value, dict):
        return "; ".join(f"{key}: {_plain(item, words)}" for key, item in _sorted(value))
    return str(value)
