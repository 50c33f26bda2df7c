"""Lists as files: Parquet, CSV that no spreadsheet runs, Excel."""

from __future__ import annotations

import io
import re
import tempfile
import zipfile
from contextlib import closing, redirect_stdout
from typing import TYPE_CHECKING, Any

from crmlib.csv_out import defused, write_csv
from crmlib.errors import CrmlibError, SourceError, require_extra
from crmlib.files import json_text, whole, write_whole
from crmlib.lists.columns import DAY, KEY, customer_list
from crmlib.words import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import pyarrow as pa

    from crmlib.lists.columns import CustomerList
    from crmlib.shop import Shop

__all__ = ["ENDINGS", "ListFile", "check_file", "leave_customers", "write_customers"]

ENDINGS = (".csv", ".parquet", ".xlsx")
_MOST_ROWS_OF_EXCEL = 1_048_575  # and one of headings
_SHEETS = ("customers", "columns")
#: What may begin a formula is no letter and no digit; the few such cells are looked at one by one.
_SUSPECT = "^[^0-9A-Za-z]"


class ListFile:
    """A file that takes a list.

    Parameters
    ----------
    path
        Ending in .csv, .parquet or .xlsx.
    """

    def __init__(self, path: Path) -> None:
        self.path = path.expanduser()

    def check(self) -> None:
        """Refuse a file that cannot be written, or that holds something else than such a list.

        Raises
        ------
        SourceError
            It cannot be written; the message says why, and what to do.
        MissingExtraError
            Excel is asked for, and nothing here writes it.
        """
        check_file(self.path, ENDINGS, _is_list)
        if self.path.suffix.lower() == ".xlsx":
            require_extra("excel", "Writing Excel", "openpyxl")

    def write(self, customers: CustomerList) -> str:
        """Write the list, and for CSV its columns' meanings beside it; a list that is there is replaced.

        Parameters
        ----------
        customers
            The list.

        Returns
        -------
        str
            Where it is, for people.
        """
        if self.path.suffix.lower() == ".csv":
            meanings = self.path.with_name(f"{self.path.stem}_columns.csv")
            _write_csv(customers.table, self.path)
            with whole(meanings) as part:
                write_csv(customers.columns, part)
            return f"{self.path} (what the columns mean: {meanings.name})"
        if self.path.suffix.lower() == ".parquet":
            _write_parquet(customers, self.path)
            return str(self.path)
        _write_excel(customers, self.path)
        return f"{self.path} (what the columns mean: its second sheet)"


_OF_A_RUN = ("customers.parquet", "customers.csv", "customers_columns.csv")


def write_customers(shop: Shop, folder: Path) -> list[Path]:
    """Write customers.parquet and customers.csv, one row per customer, to a folder.

    Parameters
    ----------
    shop
        Whose customers.
    folder
        Where the files go, with customers_columns.csv, which says what the columns mean.

    Returns
    -------
    list of Path
        The files.
    """
    customers = customer_list(shop)
    for name in _OF_A_RUN[:2]:
        ListFile(folder / name).write(customers)
    return [folder / name for name in _OF_A_RUN]


def leave_customers(source: str, as_of: str, folder: Path) -> str:
    """Write the customers of a source to the folder of a run, and say so, or why not.

    Parameters
    ----------
    source
        As for `crmlib.open_shop`; the tables of a cluster stay there.
    as_of
        The day.
    folder
        The run's.

    Returns
    -------
    str
        A sentence for the console.
    """
    from crmlib.sources import open_shop, resolved

    for name in _OF_A_RUN:  # an earlier run's list is not this run's
        (folder / name).unlink(missing_ok=True)
    if resolved(source).source.on_cluster:
        return "Customers: on the cluster; `crmlib score` brings them here."
    try:
        # what opening has to say was said when the run began
        with redirect_stdout(io.StringIO()), closing(open_shop(source, as_of=as_of)) as shop:
            write_customers(shop, folder)
    except CrmlibError as error:
        return f"Customers: no list, for it cannot be made. {error}"
    return "Customers: one row each in customers.csv and customers.parquet, beside the report."


def check_file(path: Path, endings: tuple[str, ...], is_ours: Callable[[Path], bool]) -> None:
    """Refuse a file that cannot be written, or that holds something else than what is to be written.

    Parameters
    ----------
    path
        The file.
    endings
        Those that it may have.
    is_ours
        Says whether what is there may be replaced.

    Raises
    ------
    SourceError
        It cannot be written; the message says why, and what to do.
    """
    ending = path.suffix.lower()
    if ending not in endings:
        hint = (
            did_you_mean(ending, endings) if ending else f"Write {' or '.join(path.name + each for each in endings)}."
        )
        raise SourceError(f"--out {path}: a list is written as {' or '.join(endings)}. {hint}")
    if path.is_dir():
        raise SourceError(f"--out {path} is a folder. Name a file in it: {path / 'list'}{endings[0]}.")
    try:
        folder = next(folder for folder in path.absolute().parents if folder.exists())
        with tempfile.TemporaryFile(dir=folder):
            pass
        there = path.exists()
    except OSError as error:
        why = f"nothing can be written there ({error.strerror or error})"
        raise SourceError(f"--out {path}: {why}. Choose another folder.") from None
    if there and not is_ours(path):
        raise SourceError(
            f"--out {path}: the file is there, and is no such list of crmlib's. Name another, or move that one away."
        )


def _is_list(path: Path) -> bool:
    """Say whether a file holds a list that may be replaced: one with its two keys in front."""
    try:
        if path.suffix.lower() == ".parquet":
            import pyarrow.parquet as pq

            return [str(name) for name in pq.read_schema(path).names[:2]] == [KEY, DAY]
        if path.suffix.lower() == ".csv":
            with path.open(encoding="utf-8-sig") as lines:
                return lines.readline(200).replace('"', "").split(",")[:2] == [KEY, DAY]
        with zipfile.ZipFile(path) as parts:
            sheets = re.findall(r'<sheet [^>]*name="([^"]*)"', parts.read("xl/workbook.xml").decode())
            return tuple(sheets) == _SHEETS
    except Exception:  # noqa: BLE001 - a file of any content may be there; what cannot be read is not ours
        return False


def _write_csv(table: pa.Table, path: Path) -> None:
    import pyarrow as pa
    from pyarrow import csv

    guarded = [
        _guarded(column)
        if pa.types.is_string(column.type)
        else column.cast(pa.timestamp("s"))
        if pa.types.is_timestamp(column.type)
        else column
        for column in table.columns
    ]
    with whole(path) as part, part.open("wb") as file:
        file.write(b"\xef\xbb\xbf")  # the mark by which spreadsheets know UTF-8
        csv.write_csv(pa.table(guarded, names=table.column_names), file)


def _guarded(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return a column of text as `crmlib.csv_out.defused` leaves each of its cells."""
    import pyarrow as pa
    from pyarrow import compute

    suspect = compute.fill_null(compute.match_substring_regex(column, _SUSPECT), fill_value=False)
    cells = compute.filter(column, suspect)
    if not len(cells):
        return column
    return compute.replace_with_mask(
        column.combine_chunks(), suspect.combine_chunks(), pa.array(map(defused, cells.to_pylist()), column.type)
    )


def _write_parquet(customers: CustomerList, path: Path) -> None:
    import pyarrow.parquet as pq

    about = json_text(customers.columns.to_dict("records"))
    with whole(path) as part:
        pq.write_table(customers.table.replace_schema_metadata({"crmlib_columns": about}), part)


def _write_excel(customers: CustomerList, path: Path) -> None:
    from openpyxl import Workbook

    if customers.table.num_rows > _MOST_ROWS_OF_EXCEL:
        raise SourceError(
            f"--out {path}: a sheet of Excel takes {_MOST_ROWS_OF_EXCEL:,} customers, and these are "
            f"{customers.table.num_rows:,}. Write .csv or .parquet."
        )
    book = Workbook(write_only=True)
    sheet = book.create_sheet(_SHEETS[0])
    sheet.freeze_panes = "B2"
    sheet.append(customers.table.column_names)
    for batch in customers.table.to_batches(max_chunksize=10_000):
        for row in zip(*(column.to_pylist() for column in batch.columns), strict=True):
            sheet.append([_cell(value) for value in row])
    sheet = book.create_sheet(_SHEETS[1])
    sheet.append(list(customers.columns.columns))
    for row in customers.columns.itertuples(index=False):
        sheet.append([_cell(value) for value in row])
    content = io.BytesIO()
    book.save(content)
    write_whole(path, _without_clock(content.getvalue()))


def _cell(value: Any) -> Any:
    """Return a value as a cell of Excel takes it: no formula, and none of the characters that XML lacks."""
    from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

    return defused(ILLEGAL_CHARACTERS_RE.sub(" ", value)) if isinstance(value, str) else value


def _without_clock(workbook: bytes) -> bytes:
    """Return a workbook without the moment of its making: the same list gives the same bytes."""
    result = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(workbook)) as old, zipfile.ZipFile(result, "w", zipfile.ZIP_DEFLATED) as new:
        for entry in old.infolist():
            data = old.read(entry)
            if entry.filename == "docProps/core.xml":
                data = re.sub(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", b"1980-01-01T00:00:00Z", data)
            named = zipfile.ZipInfo(entry.filename, (1980, 1, 1, 0, 0, 0))
            named.compress_type = zipfile.ZIP_DEFLATED
            new.writestr(named, data)
    return result.getvalue()
