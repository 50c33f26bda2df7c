"""Mautic: contacts as CSV, their columns named by Mautic's field aliases.

As Mautic's manual asks: UTF-8, tags joined by ``|``, times as ``YYYY-MM-DD hh:mm:ss``, files of a thousand contacts.
The fields that begin with ``crm_`` have to be made in Mautic once, as custom fields; the manifest lists them. Times are
of the shop's clock, which is what Mautic reads if its time zone is the shop's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from crmlib.actions.exports.files import csv_files
from crmlib.actions.exports.people import FIELDS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from crmlib.actions.exports.files import File
    from crmlib.actions.exports.people import Person

__all__ = ["KNOWN_BY", "mautic"]

#: Contacts are known by their mail address.
KNOWN_BY = "email"
_ROWS = 1_000
_COUNTRIES = {"IT": "Italy", "GB": "United Kingdom"}  # Mautic lists countries by their English names
_COLUMNS = ("email", "firstname", "lastname", "mobile", "country", "preferred_locale", "tags", *FIELDS)


def mautic(people: Sequence[Person], zone: str) -> Iterator[File]:  # noqa: ARG001 - all formats are called alike
    """Write what Mautic takes.

    Parameters
    ----------
    people
        Of a gated queue.
    zone
        The shop's time zone, in which the queue is dated and Mautic reads it.
    """
    rows = [
        {
            "email": person.email,
            "firstname": person.first_name,
            "lastname": person.last_name,
            "mobile": person.phone,
            "country": _COUNTRIES.get(person.country, ""),
            "preferred_locale": person.language,
            "tags": "|".join(_tags(person)),
            **person.fields(),
        }
        for person in people
    ]
    yield from csv_files(rows, _COLUMNS, "contacts", most=_ROWS, purpose="contacts, for the page that imports contacts")


def _tags(person: Person) -> list[str]:
    """Name each step that is due, once: a campaign in Mautic starts from a tag."""
    return list(dict.fromkeys(f"{each['sequence']}-v{each['version']}-{each['step']}" for each in person.entries))
