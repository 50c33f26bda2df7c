"""The front page: the shop and its days, what to know first, what to do, and what was left out and why."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from crmlib.suite.figures import Figure, written
from crmlib.suite.pictures import picture
from crmlib.text import label, report_words, segment_name

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from crmlib.suite.chapters import Chapter, Decision

__all__ = [
    "Change",
    "KeyFigure",
    "Since",
    "Unlock",
    "changes_of",
    "decisions",
    "key_figures",
    "long_date",
    "period",
    "shop_name",
    "since",
    "unlocks",
]

MOST_FIGURES = 10
MOST_MOVES = 5
#: Units of key figures that are called otherwise here.
_UNITS = {"currency": "money", "units": "number"}


@dataclass(frozen=True)
class Change:
    """How a figure moved since the run before.

    Attributes
    ----------
    text
        By how much, with its sign and unit.
    interval
        From where to where; empty where none is known.
    since
        The day of the run before, in words.
    """

    text: str
    interval: str
    since: str


@dataclass(frozen=True)
class KeyFigure:
    """A figure of the front page.

    Attributes
    ----------
    figure
        What it says.
    picture
        SVG, or empty.
    chapter
        Where it comes from.
    change
        Since the run before, where there was one.
    """

    figure: Figure
    picture: str
    chapter: Chapter
    change: Change | None


@dataclass(frozen=True)
class Since:
    """What changed since the run before.

    Attributes
    ----------
    day
        Of the run before, in words.
    figures
        Of each key figure: what it is, its value in as many days before, its value since, the change.
    moves
        From which segment to which, and how many customers, most first.
    file
        All of it as a table, relative to the report.
    """

    day: str
    figures: Sequence[tuple[str, str, str, Change]]
    moves: Sequence[tuple[str, str]]
    file: str


@dataclass(frozen=True)
class Unlock:
    """A table or a column that the shop lacks, and what it would bring."""

    need: str
    brings: Sequence[str]


def decisions(chapters: Sequence[Chapter]) -> list[tuple[Decision, list[Chapter]]]:
    """Return what to do, each decision once, with the chapters that come to it.

    Parameters
    ----------
    chapters
        In their order.
    """
    by_text: dict[Decision, list[Chapter]] = {}
    for chapter in chapters:
        for decision in chapter.decisions:
            by_text.setdefault(decision, []).append(chapter)
    return list(by_text.items())


def shop_name(source: str) -> str:
    """Return what to call a shop of which only the source is known.

    Parameters
    ----------
    source
        As it was given.

    Examples
    --------
    >>> shop_name("cdnow"), shop_name("/data/my_orders.2026.csv"), shop_name("mario/shop.toml")
    ('cdnow', 'my orders.2026', 'mario')
    >>> shop_name("postgresql://host/sales?table=orders"), shop_name("exports/*.csv")
    ('sales', 'exports')
    """
    parts = [part for part in re.split(r"[/\\]", re.split(r"[?#;]", source)[0]) if part and part != "."]
    last = parts[-1] if parts else source
    if (last == "shop.toml" or "*" in last) and len(parts) > 1:
        last = parts[-2]
    stem = last.rsplit(".", 1)[0] if "." in last.strip(".") else last
    return stem.replace("_", " ").strip() or source


def long_date(day: str, language: str) -> str:
    """Write a day in words.

    Parameters
    ----------
    day
        In ISO format; a time of day is left out.
    language
        Of the month.

    Examples
    --------
    >>> long_date("1998-07-01", "en"), long_date("1998-07-01T12:00:00", "it")
    ('1 July 1998', '1 luglio 1998')
    """
    date = dt.date.fromisoformat(day[:10])
    return f"{date.day} {report_words(language)['months'].split(', ')[date.month - 1]} {date.year}"


def period(results: Mapping[str, Any], language: str) -> str:
    """Say from which day to which the orders go; without orders, as of which day.

    Parameters
    ----------
    results
        What ``results.json`` holds.
    language
        Of the words.

    Examples
    --------
    >>> period({"orders": {"first_order": "2024-07-01T09:00:00", "last_order": "2026-06-30T20:00:00"}}, "en")
    '1 July 2024 to 30 June 2026'
    """
    orders = results.get("orders") or {}
    ends = [orders.get(name) for name in ("first_order", "last_order")]
    if not all(isinstance(end, str) for end in ends):
        return long_date(results["as_of"], language)
    first, last = (long_date(str(end), language) for end in ends)
    return first if first == last else f"{first} {report_words(language)['to']} {last}"


def key_figures(
    chapters: Sequence[Chapter], changes: Sequence[Mapping[str, Any]], *, language: str, currency: str
) -> list[KeyFigure]:
    """Return the figures of the front page: those that notebooks call key, in turn from each chapter.

    Parameters
    ----------
    chapters
        In their order.
    changes
        Rows of what changed since the run before, see `changes_of`.
    language, currency
        Of the words and of money.
    """
    moved = changes_of(changes, language=language, currency=currency)
    turns = max((len(chapter.key_figures) for chapter in chapters), default=0)
    chosen = [
        (chapter, chapter.key_figures[turn])
        for turn in range(turns)
        for chapter in chapters
        if turn < len(chapter.key_figures)
    ][:MOST_FIGURES]
    order = {chapter.name: position for position, chapter in enumerate(chapters)}
    chosen.sort(key=lambda pair: order[pair[0].name])
    return [
        KeyFigure(figure, picture(figure), chapter, moved.get((chapter.name, figure.name)))
        for chapter, figure in chosen
    ]


def changes_of(
    rows: Sequence[Mapping[str, Any]], *, language: str, currency: str = ""
) -> dict[tuple[str, str], Change]:
    """Set the changes since the run before in words.

    This is where a comparison of two runs meets the report: ``results["changes"]`` is a list of such rows.

    Parameters
    ----------
    rows
        Each with ``notebook``, ``record``, ``change`` (now less before, a number), and where known ``low`` and ``high``
        (the ends of its interval), ``unit`` (one of `crmlib.notebook.recording.UNITS`) and ``since`` (the day of the
        run before, in ISO format).
    language, currency
        Of the words and of money.

    Returns
    -------
    dict
        (notebook, record) to `Change`.

    Examples
    --------
    >>> row = {"notebook": "07_campaigns_kpis", "record": "rate", "change": 0.012, "low": 0.001, "high": 0.023}
    >>> changes_of([{**row, "unit": "share", "since": "2026-06-01"}], language="en")["07_campaigns_kpis", "rate"]
    Change(text='+1.2 points', interval='+0.1 points to +2.3 points', since='1 June 2026')
    """
    return {
        (str(row["notebook"]), str(row["record"])): _change(row, language, currency)
        for row in rows
        if isinstance(row.get("change"), (int, float))
    }


def since(results: Mapping[str, Any], *, language: str, currency: str = "") -> Since | None:
    """Set what changed since the run before in words; None where there is no earlier run.

    Parameters
    ----------
    results
        What ``results.json`` holds; its ``since`` is from `crmlib.suite.changes.write_changes`.
    language, currency
        Of the words and of money.
    """
    told = results.get("since")
    if not told:
        return None
    figures, moves = [], []
    for row in told["rows"]:
        if row["kind"] == "movement":
            moves.append((row["now"], str(row["name"])))
        elif isinstance(row.get("change"), (int, float)):
            unit = _UNITS.get(row["unit"], row["unit"])
            before, now = (written(row[name], unit, language, currency) for name in ("before", "now"))
            name = label(f"kpi_{row['name']}", language)
            figures.append((name, before, now, _change({**row, "unit": unit}, language, currency)))
    moves.sort(key=lambda move: (-move[0], move[1]))
    most = [(_moved(name, language), f"{count:,.0f}") for count, name in moves[:MOST_MOVES]]
    return Since(long_date(told["since"], language), figures, most, told["file"])


def _moved(name: str, language: str) -> str:
    return " → ".join(segment_name(end, language) for end in name.split(" -> "))


def _change(row: Mapping[str, Any], language: str, currency: str) -> Change:
    unit = str(row.get("unit", ""))
    change, low, high = (_signed(row.get(name), unit, language, currency) for name in ("change", "low", "high"))
    day = long_date(str(row["since"]), language) if row.get("since") else ""
    return Change(change, f"{low} {report_words(language)['to']} {high}" if low and high else "", day)


def _signed(value: Any, unit: str, language: str, currency: str) -> str:
    if not isinstance(value, (int, float)) or isinstance(value, bool):
        return ""
    if unit == "share":  # a change of a share is in points of a hundred, not in per cent of it
        value, unit = 100 * value, "points"
    text = written(value, unit, language, currency)
    return text if value < 0 else f"+{text}"


def unlocks(chapters: Sequence[Chapter]) -> list[Unlock]:
    """Return which tables and columns would bring what was left out, those that bring most first.

    Parameters
    ----------
    chapters
        In their order.
    """
    brings: dict[str, list[str]] = {}
    for chapter in chapters:
        for skipped in chapter.left_out:
            for need in skipped.needs:
                listed = brings.setdefault(need, [])
                if chapter.title not in listed:
                    listed.append(chapter.title)
    return [Unlock(need, titles) for need, titles in sorted(brings.items(), key=lambda item: (-len(item[1]), item[0]))]
