"""Excel workbooks (``.xlsx``): a sheet is a table, and nothing in it is guessed.

Text stays text, so ids keep their zeros. A column of dates is a column of times, one of numbers a column of numbers; a
column that holds several kinds is text, each value as a person would write it.
"""

from __future__ import annotations

import re
import zipfile
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

from crmlib.errors import SourceError, require_extra
from crmlib.shop.dictionary import table_called
from crmlib.shop.raw import Raw
from crmlib.sources.headers import refuse_repeated
from crmlib.sources.unpacking import check_sizes

if TYPE_CHECKING:
    from pathlib import Path

    import pyarrow as pa

    from crmlib.engine import DuckDB
    from crmlib.shop.raw import Reading

__all__ = ["ENDING", "sheets"]

ENDING = ".xlsx"
_LARGEST = 2**63
_ORDERS = {"orders", "order_lines"}
_ERROR = re.compile(rb'<c\b[^>]*?\br="([A-Z]+)(\d+)"[^>]*?\bt="e"[^>]*?>.*?<v>([^<]*)</v>', re.DOTALL)


def sheets(file: Path, engine: DuckDB, reading: Reading, name: str | None = None) -> dict[str, Raw]:
    """Read the sheets of a workbook that hold anything.

    Parameters
    ----------
    file
        The workbook.
    engine
        Where the tables go.
    reading
        How numbers and dates are written where a column holds text, too.
    name
        What the table is called, where the workbook is one of several files: it has one sheet then.

    Returns
    -------
    dict
        One sheet under `name`, or as orders. Of several, one is called orders: each is a table then.

    Raises
    ------
    SourceError
        It cannot be read, or no one can tell which sheet holds the orders.
    """
    require_extra("excel", f"Reading {file.name}", "python_calamine")
    rows = {sheet: cells for sheet, cells in _cells(file).items() if any(value != "" for row in cells for value in row)}
    if not rows:
        raise SourceError(f"{file.name}: no sheet holds anything.")
    if len(rows) == 1:
        ((sheet, cells),) = rows.items()
        return {name or "orders": _table(file, sheet, cells, engine, reading)}
    listed = ", ".join(map(repr, rows))
    if name is not None:
        raise SourceError(f"{file.name} has {len(rows)} sheets with data: {listed}. In a folder a file is one table: "
                          "save each as a file of its own.")  # fmt: skip
    called = {sheet: table_called(sheet) for sheet in rows}
    if not _ORDERS & set(called.values()) or len(set(called.values())) < len(called):
        raise SourceError(
            f"{file.name} has {len(rows)} sheets with data: {listed}. Call the one with the orders 'orders' (each "
            "sheet is a table then), or save it as a workbook of its own."
        )
    return {called[sheet]: _table(file, sheet, cells, engine, reading) for sheet, cells in rows.items()}


def _cells(file: Path) -> dict[str, list[list[Any]]]:
    from python_calamine import CalamineError, CalamineWorkbook

    try:
        with zipfile.ZipFile(file) as archive:
            check_sizes(archive, file.name)
            errors = _errors(archive)
        with CalamineWorkbook.from_path(file) as book:
            cells = {name: book.get_sheet_by_name(name).to_python(skip_empty_area=False) for name in book.sheet_names}
    except (zipfile.BadZipFile, CalamineError, KeyError, ET.ParseError, OSError) as error:
        raise SourceError(
            f"{file.name} cannot be read as an Excel workbook ({error}). Is it protected by a password, or of an older "
            "kind? Open it, and save it as .xlsx or .csv."
        ) from error
    for sheet, wrong in errors.items():
        for row, column, text in wrong:
            if sheet in cells and row < len(cells[sheet]) and column < len(cells[sheet][row]):
                cells[sheet][row][column] = text  # left empty, an error would say that there is nothing
    return cells


def _errors(archive: zipfile.ZipFile) -> dict[str, list[tuple[int, int, str]]]:
    """Return the cells whose formula failed, by sheet: row and column from 0, and what stands there."""
    main = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
    link = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
    targets = {
        each.get("Id"): each.get("Target", "")
        for each in ET.fromstring(archive.read("xl/_rels/workbook.xml.rels"))  # noqa: S314 - expat expands no entities that a workbook may have; sizes are checked
    }
    result = {}
    for sheet in ET.fromstring(archive.read("xl/workbook.xml")).iter(f"{main}sheet"):  # noqa: S314 - as above
        target = targets.get(sheet.get(link), "").removeprefix("/")
        path = target if target.startswith("xl/") else f"xl/{target}"
        if path not in archive.namelist():
            continue
        content = archive.read(path)
        if b't="e"' in content:
            result[sheet.get("name", "")] = [
                (int(row) - 1, _number_of(letters.decode()), text.decode())
                for letters, row, text in _ERROR.findall(content)
            ]
    return result


def _number_of(letters: str) -> int:
    """Return the number of a column, from 0.

    Examples
    --------
    >>> _number_of("A"), _number_of("AB")
    (0, 27)
    """
    number = 0
    for letter in letters:
        number = 26 * number + ord(letter) - ord("A") + 1
    return number - 1


def _table(file: Path, sheet: str, cells: list[list[Any]], engine: DuckDB, reading: Reading) -> Raw:
    import pyarrow as pa

    label = f"{file.name}, sheet {sheet!r}"
    head = next(index for index, row in enumerate(cells) if any(value != "" for value in row))
    body = cells[head + 1 :]
    while body and all(value == "" for value in body[-1]):
        body.pop()
    columns: dict[str, pa.Array] = {}
    names = [_header(value) for value in cells[head]]
    refuse_repeated([name for name in names if name], label)
    for index, name in enumerate(names):
        values = [row[index] if index < len(row) and row[index] != "" else None for row in body]
        if not name and any(value is not None for value in values):
            row = head + 2 + next(number for number, value in enumerate(values) if value is not None)
            raise SourceError(
                f"{label}, row {row}: {values[row - head - 2]!r} stands in a column without a name. Row {head + 1} "
                "names the columns, one by one, with nothing above it."
            )
        if name:
            columns[name] = _column(values, reading)
    return Raw(label, engine.add(pa.table(columns)), first_row=head + 2, reading=reading)


def _header(value: Any) -> str:
    return _text(value, None) if value != "" else ""


def _column(values: list[Any], reading: Reading) -> pa.Array:
    import pyarrow as pa

    kinds = {type(value) for value in values if value is not None}
    if kinds and kinds <= {date, datetime}:
        moments = [datetime(value.year, value.month, value.day) if type(value) is date else value for value in values]  # noqa: DTZ001 - cells have no zone
        return pa.array(moments, type=pa.timestamp("us"))
    if kinds and kinds <= {int, float}:
        whole = all(value is None or (float(value).is_integer() and abs(value) < _LARGEST) for value in values)
        return pa.array([value if value is None or not whole else int(value) for value in values])
    return pa.array([None if value is None else _text(value, reading) for value in values], type=pa.string())


def _text(value: Any, reading: Reading | None) -> str:
    """Write a cell as a person would, in the way in which the shop's text is read."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        text = str(int(value)) if value.is_integer() else repr(value)
        return text.replace(".", ",") if reading is not None and reading.decimal == "," else text
    if isinstance(value, date):  # a datetime, too
        if reading is not None and reading.date_format is not None:
            return value.strftime(reading.date_format)
        return str(value)
    if isinstance(value, time | timedelta):
        return str(value)
    return str(value)
