"""Contacts that arrive on a schedule: the same list twice adds nothing, and an arrival is taken whole or not at all."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import duckdb
import pandas as pd

from crmlib.days import as_day
from crmlib.errors import SourceError
from crmlib.files import checksum
from crmlib.intake.reading import FILE, ROW

if TYPE_CHECKING:
    from datetime import date

    from crmlib.intake.cleaning import Cleaned

__all__ = ["Added", "ContactStore"]


class Added(NamedTuple):
    """What an arrival changed.

    Attributes
    ----------
    new, updated, unchanged
        Contacts that were not there, that say something else now, and that are as they were.
    rejected
        Rejects that were not there.
    """

    new: int
    updated: int
    unchanged: int
    rejected: int


class ContactStore:
    """A DuckDB file with all contacts and rejects that came in, and a line for each arrival that changed something.

    Parameters
    ----------
    path
        The file; it is made with the first arrival.

    Examples
    --------
    >>> import pandas as pd, tempfile
    >>> from crmlib.intake import clean_contacts
    >>> store = ContactStore(Path(tempfile.mkdtemp()) / "contacts.duckdb")
    >>> monday = clean_contacts(pd.DataFrame({"email": ["anna@example.org"], "phone": [None]}))
    >>> store.add(monday, on="2026-06-01")
    Added(new=1, updated=0, unchanged=0, rejected=0)
    >>> store.add(monday, on="2026-06-08")
    Added(new=0, updated=0, unchanged=1, rejected=0)
    >>> changed = pd.DataFrame({"email": ["anna@example.org"], "phone": ["3001234567"]})
    >>> store.add(clean_contacts(changed), on="2026-06-15")
    Added(new=0, updated=1, unchanged=0, rejected=0)
    >>> store.contacts()["phone"].tolist()
    ['+393001234567']
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)

    def add(self, cleaned: Cleaned, *, on: str | date) -> Added:
        """Take in a list. Contacts are known by their ids; those that the list does not name stay.

        Parameters
        ----------
        cleaned
            Of `crmlib.intake.clean_contacts`.
        on
            The day of the arrival.

        Raises
        ------
        SourceError
            The file is no store, or another process has it open.
        """
        day = as_day(on)
        contacts = cleaned.contacts.assign(content=_content(cleaned.contacts, [FILE, ROW]))
        rejects = cleaned.rejects.assign(content_id=_content(cleaned.rejects, [ROW])).drop_duplicates("content_id")
        connection = self._open(read_only=False)
        try:
            connection.register("contacts_in", contacts)
            connection.register("rejects_in", rejects)
            connection.begin()
            for table in ("contacts", "rejects"):
                connection.execute(f"create table if not exists {table} as select * from {table}_in limit 0")
            connection.execute(
                "create table if not exists arrivals "
                "(arrived date, new bigint, updated bigint, unchanged bigint, rejected bigint)"
            )
            added = Added(*_counts(connection))
            if added.new or added.updated:
                # lists differ in their further columns: the table gets those of all
                connection.execute(
                    "create or replace table contacts as select * from contacts "
                    "where contact_id not in (select contact_id from contacts_in) "
                    "union all by name select * from contacts_in order by contact_id"
                )
            connection.execute(
                "insert into rejects select * from rejects_in where content_id not in (select content_id from rejects)"
            )
            if added.new or added.updated or added.rejected:
                connection.execute("insert into arrivals values ($1, $2, $3, $4, $5)", [day, *added])
            connection.commit()
        finally:
            # what was not committed is undone
            connection.close()
        return added

    def contacts(self) -> pd.DataFrame:
        """Return all contacts, as `crmlib.intake.merge_contacts` takes them."""
        return self._read("select * exclude (content) from contacts order by contact_id")

    def rejects(self) -> pd.DataFrame:
        """Return all rejects."""
        return self._read(f"select * exclude (content_id) from rejects order by {FILE}, {ROW}")

    def arrivals(self) -> pd.DataFrame:
        """Return one row for each arrival that changed something."""
        return self._read("select * from arrivals order by rowid")

    def _read(self, text: str) -> pd.DataFrame:
        if not self.path.is_file():
            raise SourceError(f"There is no contact store {str(self.path)!r} yet: ContactStore.add makes it.")
        connection = self._open(read_only=True)
        try:
            return connection.execute(text).df()
        finally:
            connection.close()

    def _open(self, *, read_only: bool) -> duckdb.DuckDBPyConnection:
        try:
            return duckdb.connect(str(self.path), read_only=read_only)
        except duckdb.Error as error:
            told = str(error).splitlines()[0]
            raise SourceError(f"{self.path} cannot be opened as a contact store: {told}") from error


def _counts(connection: duckdb.DuckDBPyConnection) -> tuple[int, ...]:
    row = connection.execute(
        "select count(*) filter (k.contact_id is null), count(*) filter (k.content <> i.content), "
        "count(*) filter (k.content = i.content), "
        "(select count(*) from rejects_in where content_id not in (select content_id from rejects)) "
        "from contacts_in i left join contacts k using (contact_id)"
    ).fetchone()
    return tuple(map(int, row or (0, 0, 0, 0)))


def _content(table: pd.DataFrame, without: list[str]) -> pd.Series[str]:
    """Return a checksum of what each row says, whatever columns without a value it has besides."""
    said = table.drop(columns=without)
    sums = [
        checksum(json.dumps({name: str(value) for name, value in row.items() if not pd.isna(value)}, sort_keys=True))
        for row in said.to_dict("records")
    ]  # fmt: skip
    return pd.Series(sums, index=table.index, dtype="str")
