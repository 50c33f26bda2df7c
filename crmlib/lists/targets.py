"""Where a list goes: a file, or a table of a database; refused before anything is read where it cannot."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from crmlib.errors import SourceError
from crmlib.lists.databases import SCHEMES, DatabaseTable
from crmlib.lists.files import ListFile
from crmlib.sources.source import scheme_of
from crmlib.words import did_you_mean

if TYPE_CHECKING:
    from crmlib.lists.columns import CustomerList

__all__ = ["Target", "check_apart", "target_of"]


class Target(Protocol):
    """What takes a list."""

    def check(self) -> None:
        """Raise a SourceError where nothing can be written."""

    def write(self, customers: CustomerList) -> str:
        """Write the list; return where it is, for people."""


def target_of(out: str, source: str = "") -> Target:
    """Return what ``--out`` names.

    Parameters
    ----------
    out
        A file that ends in .csv, .parquet or .xlsx, or ``sqlite:///file``, ``duckdb:///file`` or
        ``postgresql://user@host/database``, with ``?table=`` for a table of another name than crmlib_customers.
    source
        Where the orders come from, so that no list is taken for one of its tables.

    Raises
    ------
    SourceError
        It is neither, or the list would be read as one of the shop's tables the next time.

    Examples
    --------
    >>> type(target_of("scores.csv")).__name__, type(target_of("sqlite:///shop.db")).__name__
    ('ListFile', 'DatabaseTable')
    >>> target_of("postgre://host/shop")
    Traceback (most recent call last):
    crmlib.errors.SourceError: --out postgre://: lists are written to no such database. Did you mean 'postgresql'? ...
    """
    scheme = scheme_of(out)
    if scheme in SCHEMES:
        return DatabaseTable(out)
    if scheme:
        raise SourceError(
            f"--out {scheme}://: lists are written to no such database. {did_you_mean(scheme, SCHEMES)} Or name a file."
        )
    target = ListFile(Path(out))
    check_apart(target.path, source)
    return target


def check_apart(file: Path, source: str) -> None:
    """Refuse a file in the folder that the orders are read from.

    Parameters
    ----------
    file
        To be written.
    source
        Of the orders; only a folder matters.

    Raises
    ------
    SourceError
        The file lies in that folder, or below it.
    """
    folder = Path(source).expanduser().resolve()
    if source and folder.is_dir() and folder in file.resolve().parents:
        raise SourceError(
            f"--out {file} is in the folder that the orders are read from, and would be taken for one of its tables "
            "the next time. Choose another folder."
        )
