"""HubSpot: contacts as CSV, and as batches for its API.

Limits are those of HubSpot's CRM API v3: a batch upsert takes 100 contacts, known by their mail address, each address
once. All values are text; a time is ISO 8601 in UTC. The fields that begin with ``crm_`` have to be made in HubSpot
once, as contact properties; the manifest lists them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from crmlib.actions.exports.files import File, batches, csv_files, utc
from crmlib.actions.exports.people import FIELDS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from crmlib.actions.exports.people import Person

__all__ = ["KNOWN_BY", "hubspot", "upserts"]

#: Contacts are known by their mail address.
KNOWN_BY = "email"
_INPUTS = 100
_BYTES = 5_000_000  # far below what the API takes; 100 contacts are some tens of kilobytes
_ROWS = 50_000
_COLUMNS = {"email": "Email", "firstname": "First Name", "lastname": "Last Name", "phone": "Phone Number",
            "country": "Country/Region", "hs_language": "Preferred language"}  # fmt: skip


def hubspot(people: Sequence[Person], zone: str) -> Iterator[File]:
    """Write what HubSpot takes.

    Parameters
    ----------
    people
        Of a gated queue.
    zone
        The shop's time zone, in which the queue is dated.
    """
    columns = [*_COLUMNS.values(), *FIELDS]
    rows = [{_COLUMNS.get(name, name): value for name, value in _properties(person, zone).items()} for person in people]
    yield from csv_files(rows, columns, "contacts", most=_ROWS, purpose="contacts, for the page that imports files")
    for number, (some, body) in enumerate(upserts(people, zone), 1):
        yield File(f"upsert-{number:04d}.json", body, len(some), "POST /crm/v3/objects/contacts/batch/upsert")


def upserts(people: Sequence[Person], zone: str) -> Iterator[tuple[list[Any], bytes]]:
    """Give the requests that create or update the contacts: the inputs of each, and its body.

    Parameters
    ----------
    people, zone
        As for `hubspot`.
    """
    inputs = (
        {
            "id": person.email,
            "idProperty": "email",
            "objectWriteTraceId": person.customer_id,
            "properties": {name: value for name, value in _properties(person, zone).items() if value},
        }
        for person in people
    )
    return batches(inputs, lambda some: {"inputs": some}, most=_INPUTS, most_bytes=_BYTES)


def _properties(person: Person, zone: str) -> dict[str, str]:
    return {
        "email": person.email,
        "firstname": person.first_name,
        "lastname": person.last_name,
        "phone": person.phone,
        "country": person.country,
        "hs_language": person.language,
        **person.fields(),
        "crm_due": utc(person.entries[0]["due_ts"], zone),
    }
