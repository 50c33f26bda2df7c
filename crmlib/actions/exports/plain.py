"""Plain CSV: one row an entry of the queue, with where it goes; for any other program, and for a person to read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crmlib.actions.exports.files import csv_files
from crmlib.actions.exports.people import COLUMNS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from crmlib.actions.exports.files import File
    from crmlib.actions.exports.people import Person

__all__ = ["KNOWN_BY", "plain"]

#: Entries are known by their own ids.
KNOWN_BY = ""
_ROWS = 100_000
_TIMES = ("due_ts", "trigger_ts")


def plain(people: Sequence[Person], zone: str) -> Iterator[File]:  # noqa: ARG001 - all formats are called alike
    """Write the entries, the earliest first.

    Parameters
    ----------
    people
        Of a gated queue.
    zone
        The shop's time zone, in which the queue is dated.
    """
    rows = [
        {
            **entry,
            **{name: f"{entry[name]:%Y-%m-%d %H:%M:%S}" for name in _TIMES if entry[name] is not None},
            "address": person.email if entry["channel"] == "email" else person.phone,
            "first_name": person.first_name,
            "last_name": person.last_name,
        }
        for person in people
        for entry in person.entries
    ]
    rows.sort(key=lambda row: (row["due_ts"], row["entry_id"]))
    columns = [*COLUMNS, "address", "first_name", "last_name"]
    yield from csv_files(rows, columns, "queue", most=_ROWS, purpose="one row an entry, times by the shop's clock")
