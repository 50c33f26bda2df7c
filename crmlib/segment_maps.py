"""Segment maps of a shop's own: a CSV file that leads from the 125 codes to segments of any names.

A file is read each time that it is asked for, so a change counts at once; what is wrong with it is one error that names
file, row and column. A segment that is called as one of crmlib's keeps that one's translations and playbook.
"""

from __future__ import annotations

import codecs
import csv
import io
import re
import unicodedata
from collections import defaultdict
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING

from crmlib.errors import PolicyError
from crmlib.text import LANGUAGES, add_segments, known_segments
from crmlib.words import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["CODES", "SegmentMap", "best_first", "read_map"]

#: The codes, 111 to 555.
CODES = tuple("".join(digits) for digits in product("12345", repeat=3))
#: Names that tables have for what is no segment.
_RESERVED = {"(new)", "(gone)", "none"}
_SEPARATORS = (",", ";", "\t")
_MOST_BYTES = 1_000_000
_SHOWN = 3
#: Orders of own maps, the latest read first: tables of segments do not say which map they are of.
_ORDERS: list[tuple[str, ...]] = []


@dataclass(frozen=True)
class SegmentMap:
    """A map that was read.

    Attributes
    ----------
    segments
        Code -> segment, for all 125.
    order
        The segments, best first: by the mean of the three digits over the segment's codes. A map that uses only
        crmlib's own names keeps their order.
    """

    segments: dict[str, str]
    order: tuple[str, ...]


def read_map(file: str | Path) -> SegmentMap:
    """Read a map, and remember what its segments are called and how they rank.

    Parameters
    ----------
    file
        A CSV file with the columns code and segment, and segment_it (or of another language) for translations.
        Commas, semicolons or tabs, with or without a byte order mark: as spreadsheets write it.

    Raises
    ------
    PolicyError
        The file is not there or is no such map; the message names file, row and column, and says what to do.
    """
    file = Path(file)
    segments: dict[str, str] = {}
    rows: dict[str, int] = {}
    spelled: dict[str, tuple[str, int]] = {}
    names: dict[str, dict[str, tuple[str, int]]] = defaultdict(dict)
    for number, row in _rows(file):
        code, segment = row["code"], row["segment"]
        where = f"{file.name}, row {number}"
        if code not in CODES:
            raise PolicyError(
                f"{where}, column 'code': {code!r} is no code. Write three digits from 1 to 5, such as 555."
            )
        if code in rows:
            raise PolicyError(f"{where}, column 'code': {code} stands in row {rows[code]} already. Remove one of them.")
        _check_name(segment, f"{where}, column 'segment'")
        first, row_of_first = spelled.setdefault(_plain(segment), (segment, number))
        if segment != first:
            raise PolicyError(
                f"{where}, column 'segment': {segment!r} is written {first!r} in row {row_of_first}. Write it one way."
            )
        rows[code], segments[code] = number, segment
        for language in LANGUAGES:
            _translate(segment, language, row.get(f"segment_{language}", ""), number, names[segment], file)
    if missing := [code for code in CODES if code not in rows]:
        shown = ", ".join(missing[:_SHOWN]) + (f" and {len(missing) - _SHOWN} more" if len(missing) > _SHOWN else "")
        raise PolicyError(
            f"{file.name}, column 'code': {len(missing)} of the {len(CODES)} codes are not there: {shown}. Add a row "
            "for each."
        )
    known = known_segments()
    for language in LANGUAGES:
        _check_that_names_differ(segments.values(), language, known, names, file)
    order = _order(segments, list(known))
    add_segments({
        segment: {language: name for language, (name, _) in words.items()}
        for segment, words in names.items() if segment not in known
    })  # fmt: skip
    if order in _ORDERS:
        _ORDERS.remove(order)
    _ORDERS.insert(0, order)
    return SegmentMap(segments, order)


def best_first(names: Iterable[str]) -> list[str]:
    """Sort segments best first, as crmlib's or the map that was read last ranks them; what is no segment goes last.

    Parameters
    ----------
    names
        Of segments.

    Examples
    --------
    >>> best_first(["Lost", "(new)", "Champions"])
    ['Champions', 'Lost', '(new)']
    """
    wanted = list(names)
    segments = {name for name in wanted if name not in _RESERVED}
    known = tuple(known_segments())
    # a table of crmlib's own names is in crmlib's order, whatever was read
    order = known if segments <= set(known) else next((own for own in _ORDERS if segments <= set(own)), known)
    place = {name: rank for rank, name in enumerate(order)}
    return sorted(wanted, key=lambda name: (place.get(name, len(place)), name in _RESERVED, name))


def _order(segments: dict[str, str], known: list[str]) -> tuple[str, ...]:
    codes = defaultdict(list)
    for code, segment in segments.items():
        codes[segment].append([int(digit) for digit in code])
    if set(codes) <= set(known):
        return tuple(name for name in known if name in codes)
    # of equals, who bought last is the better one
    worth = {name: (fmean(map(sum, digits)), fmean(each[0] for each in digits)) for name, digits in codes.items()}
    return tuple(sorted(worth, key=lambda name: (-worth[name][0], -worth[name][1], name)))


def _check_name(segment: str, where: str) -> None:
    if not segment:
        raise PolicyError(f"{where}: it is blank. Name the segment of this code.")
    if segment in _RESERVED or not segment.isprintable():
        raise PolicyError(f"{where}: {segment!r} cannot be the name of a segment. Choose another.")
    known = {_plain(name): name for name in known_segments()}
    own = known.get(_plain(segment), segment)
    if own != segment:
        raise PolicyError(
            f"{where}: {segment!r} is written {own!r} in crmlib. Write that, and its translations and playbook are "
            "taken; or choose a name that is not so like it."
        )


def _plain(name: str) -> str:
    return re.sub(r"[\s_-]", "", name).casefold()


def _translate(  # noqa: PLR0917 - a cell, and where it stands
    segment: str, language: str, name: str, number: int, names: dict[str, tuple[str, int]], file: Path
) -> None:
    """Note a segment's name in a language; the same one in all rows, and crmlib's own where crmlib has one."""
    if not name:
        return
    where = f"{file.name}, row {number}, column 'segment_{language}'"
    if not name.isprintable():
        raise PolicyError(f"{where}: {name!r} cannot be the name of a segment. Choose another.")
    known = known_segments().get(segment)
    if known is not None and name != known[language]:
        raise PolicyError(
            f"{where}: crmlib calls {segment} {known[language]!r}, here it is {name!r}. Leave the cell empty, or give "
            "the segment a name of your own."
        )
    first, row = names.setdefault(language, (name, number))
    if first != name:
        raise PolicyError(f"{where}: {segment} is {first!r} in row {row}, here it is {name!r}. Write one of them.")


def _check_that_names_differ(
    segments: Iterable[str],
    language: str,
    known: dict[str, dict[str, str]],
    names: dict[str, dict[str, tuple[str, int]]],
    file: Path,
) -> None:
    """Refuse two segments of one name in a language: a figure would show two bars that nobody can tell apart."""
    segment_of: dict[str, str] = {}
    for segment in dict.fromkeys(segments):
        own, _ = names[segment].get(language, (segment, 0))
        name = known[segment][language] if segment in known else own
        other = segment_of.setdefault(_plain(name), segment)
        if other != segment:
            raise PolicyError(
                f"{file.name}, column 'segment_{language}': {other} and {segment} are both called {name!r}. Rename one "
                "of them."
            )


def _rows(file: Path) -> Iterator[tuple[int, dict[str, str]]]:
    """Give the rows that are not empty, with their numbers as a spreadsheet shows them."""
    text = _text(file)
    first = (text.splitlines() or [""])[0]
    separator = max(_SEPARATORS, key=first.count)
    # line breaks stay as they are: one inside a name must be seen, not vanish
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    try:
        header = [name.strip().casefold() for name in next(rows, [])]
        _check_header(header, first, file)
        for row in rows:
            cells = [cell.strip() for cell in row]
            if not any(cells):
                continue
            if len(cells) != len(header):
                raise PolicyError(
                    f"{file.name}, row {rows.line_num}: {len(cells)} cells, where the first row names {len(header)} "
                    "columns. Put a name that holds the separator in double quotes."
                )
            yield rows.line_num, dict(zip(header, cells, strict=True))
    except csv.Error as error:
        raise PolicyError(f"{file.name}, row {rows.line_num}: {error}. Save it as CSV once more.") from error


def _check_header(header: list[str], first: str, file: Path) -> None:
    where = f"{file.name}, row 1"
    for name in ("code", "segment"):
        if name not in header:
            raise PolicyError(
                f"{where}: there is no column {name!r}; the row is {first[:60]!r}. Its first row names the columns, "
                "parted by commas: code,segment."
            )
    twice = next((name for name in header if name and header.count(name) > 1), None)
    if twice is not None:
        raise PolicyError(f"{where}: the column {twice!r} stands there twice. Remove one of them.")
    languages = [f"segment_{language}" for language in LANGUAGES]
    for name in header:
        if name.startswith("segment_") and name not in languages:
            raise PolicyError(f"{where}: no labels are in the language of {name!r}. {did_you_mean(name, languages)}")


def _text(file: Path) -> str:
    try:
        size = file.stat().st_size
        content = file.read_bytes() if size <= _MOST_BYTES else b""
    except OSError as error:
        raise PolicyError(
            f"policy rfm.segment_map: {str(file)!r} cannot be read: {error.strerror}. Name a CSV file with the columns "
            "code and segment; in a .toml file its path is seen from that file's folder."
        ) from error
    if size > _MOST_BYTES:
        raise PolicyError(
            f"{file.name}: {size:,} bytes are no segment map, which has {len(CODES)} rows. Name another file."
        )
    # Excel's "Unicode text" is UTF-16
    encoding = "utf-16" if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) else "utf-8-sig"
    try:
        # macOS writes an accent beside its letter, others both in one: they are the same name
        return unicodedata.normalize("NFC", content.decode(encoding))
    except UnicodeDecodeError as error:
        row = content.count(b"\n", 0, error.start) + 1
        raise PolicyError(f"{file.name}, row {row}: it is not text in UTF-8. Save it as CSV in UTF-8.") from error
