"""Klaviyo: profiles as CSV, as bulk import jobs, and the consent as jobs of its own.

Limits and fields are those of Klaviyo's API of 2026-10-15: a bulk import takes 10,000 profiles and 5 MB, 100 KB each; a
bulk subscription takes 1,000 profiles. A profile says who somebody is; that mail may be sent to it is another request.
The subscription lifts earlier opt-outs on the platform, so it holds nobody but those whose marketing permission is in
force in the shop, each with the time when it was given. Who may only be written to as an own customer (soft spam) is
not subscribed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from crmlib.actions.exports.files import File, batches, csv_files, utc
from crmlib.actions.exports.people import FIELDS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from crmlib.actions.exports.people import Person

__all__ = ["KNOWN_BY", "import_jobs", "klaviyo", "subscription_jobs"]

#: Profiles are known by any of email, phone number and external id.
KNOWN_BY = ""
_PROFILES, _BYTES = 10_000, 5_000_000
_SUBSCRIBED = 1_000
_SUBSCRIPTIONS = {"email", "sms", "whatsapp"}  # a call has no subscription
_LOCALES = {("it", "IT"): "it-IT", ("en", "GB"): "en-GB"}
_COLUMNS = ("Email", "Phone Number", "External ID", "First Name", "Last Name", "Country", "Locale", *FIELDS)


def klaviyo(people: Sequence[Person], zone: str) -> Iterator[File]:
    """Write what Klaviyo takes.

    Parameters
    ----------
    people
        Of a gated queue.
    zone
        The shop's time zone, in which the queue is dated.
    """
    rows = [
        {
            "Email": person.email,
            "Phone Number": person.phone,
            "External ID": person.customer_id,
            "First Name": person.first_name,
            "Last Name": person.last_name,
            "Country": person.country,
            "Locale": _locale(person),
            **_properties(person, zone),
        }
        for person in people
    ]
    yield from csv_files(
        rows, _COLUMNS, "profiles", most=_PROFILES, purpose="profiles, for the page that imports lists"
    )
    for number, (some, body) in enumerate(import_jobs(people, zone), 1):
        yield File(f"import-{number:03d}.json", body, len(some), "POST /api/profile-bulk-import-jobs")
    for number, (some, body) in enumerate(subscription_jobs(people, zone), 1):
        yield File(f"subscribe-{number:03d}.json", body, len(some), "POST /api/profile-subscription-bulk-create-jobs")


def import_jobs(people: Sequence[Person], zone: str) -> Iterator[tuple[list[Any], bytes]]:
    """Give the requests that import the profiles: the profiles in each, and its body.

    Parameters
    ----------
    people, zone
        As for `klaviyo`.
    """
    profiles = (
        {
            "type": "profile",
            "attributes": {
                **_identity(person),
                "external_id": person.customer_id,
                **_said({"first_name": person.first_name, "last_name": person.last_name, "locale": _locale(person)}),
                **({"location": {"country": person.country}} if person.country else {}),
                "properties": _properties(person, zone),
            },
        }
        for person in people
    )
    return batches(
        profiles,
        lambda some: {"data": {"type": "profile-bulk-import-job", "attributes": {"profiles": {"data": some}}}},
        most=_PROFILES,
        most_bytes=_BYTES,
    )


def subscription_jobs(people: Sequence[Person], zone: str) -> Iterator[tuple[list[Any], bytes]]:
    """Give the requests that carry the consent over: the profiles in each, and its body.

    Parameters
    ----------
    people, zone
        As for `klaviyo`.
    """
    profiles = (
        {
            "type": "profile",
            "attributes": {
                **_said(
                    {
                        "email": person.email if "email" in person.agreed else "",
                        "phone_number": person.phone if set(person.agreed) & {"sms", "whatsapp"} else "",
                    }
                ),
                "subscriptions": {
                    way: {"marketing": {"consent": "SUBSCRIBED", "consented_at": utc(given, zone)}}
                    for way, given in person.agreed.items()
                    if way in _SUBSCRIPTIONS
                },
            },
        }
        for person in people
        if set(person.agreed) & _SUBSCRIPTIONS
    )
    return batches(
        profiles,
        lambda some: {
            "data": {
                "type": "profile-subscription-bulk-create-job",
                "attributes": {
                    "custom_source": "crmlib",
                    "profiles": {"data": some},
                    "historical_import": True,
                },
            }
        },
        most=_SUBSCRIBED,
        most_bytes=_BYTES,
    )


def _identity(person: Person) -> dict[str, str]:
    return _said({"email": person.email, "phone_number": person.phone})


def _properties(person: Person, zone: str) -> dict[str, str]:
    fields = person.fields()
    return fields | {"crm_due": utc(person.entries[0]["due_ts"], zone)}


def _said(values: dict[str, str]) -> dict[str, str]:
    """Leave out what is empty: it would wipe what the platform knows."""
    return {name: value for name, value in values.items() if value}


def _locale(person: Person) -> str:
    return _LOCALES.get((person.language, person.country), person.language)
