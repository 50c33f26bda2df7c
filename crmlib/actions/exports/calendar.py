"""iCalendar: alerts to the staff. A call is an event of its own; what is sent by itself is one event a day and step."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from crmlib.actions.exports.files import File, in_utc
from crmlib.errors import require_extra
from crmlib.files import checksum

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    import icalendar

    from crmlib.actions.exports.people import Person

__all__ = ["KNOWN_BY", "calendar"]

#: Entries are known by their own ids.
KNOWN_BY = ""
_EVENTS = 2_000


def calendar(people: Sequence[Person], zone: str) -> Iterator[File]:
    """Write events, RFC 5545: for each call whom to call, at which number and why.

    Parameters
    ----------
    people
        Of a gated queue.
    zone
        The shop's time zone, in which the queue is dated.
    """
    require_extra("calendar", "An export as a calendar", "icalendar")
    import icalendar

    calls = [(entry["due_ts"], entry, person) for person in people for entry in person.entries]
    events = [_call(when, entry, person, zone) for when, entry, person in calls if entry["channel"] == "phone"]
    sent: dict[tuple[Any, ...], list[Any]] = {}
    for when, entry, _ in calls:
        if entry["channel"] != "phone":
            key = (when.normalize(), entry["sequence"], entry["version"], entry["step"], entry["channel"])
            sent.setdefault(key, []).append(when)
    events += [_sent(key, whens, zone) for key, whens in sent.items()]
    events.sort(key=lambda event: (event.start.isoformat(), str(event["uid"])))
    for number, start in enumerate(range(0, len(events), _EVENTS), 1):
        made = icalendar.Calendar()
        made.add("prodid", "-//crmlib//queue//EN")
        made.add("version", "2.0")
        part = events[start : start + _EVENTS]
        for event in part:
            made.add_component(event)
        yield File(f"alerts-{number:03d}.ics", made.to_ical(), len(part), "alerts to the staff, for a calendar")


def _call(when: datetime, entry: dict[str, Any], person: Person, zone: str) -> icalendar.Event:
    name = f"{person.first_name} {person.last_name}".strip() or person.customer_id
    said = (
        f"{entry['reason']}\nNumber: {person.phone}\nSequence: {entry['sequence']}/{entry['version']}/{entry['step']}"
    )
    if entry["code"]:
        said += f"\nOffer: {entry['discount']:.0%} with {entry['code']}"
    return _event(str(entry["entry_id"]), when, f"Call {name}", said, zone, minutes=15)


def _sent(key: tuple[Any, ...], whens: list[Any], zone: str) -> icalendar.Event:
    day, sequence, version, step, channel = key
    said = f"{len(whens)} go out by {channel}, the first at {min(whens):%H:%M}, the last at {max(whens):%H:%M}."
    place = f"{day:%Y-%m-%d}/{sequence}/{version}/{step}/{channel}"
    return _event(place, min(whens), f"{sequence}: {step}, {len(whens)} by {channel}", said, zone, minutes=30)


def _event(uid: str, when: Any, title: str, said: str, zone: str, *, minutes: int) -> icalendar.Event:
    import icalendar
    import pandas as pd

    # in UTC: a calendar shows it by its own clock, and no table of time zones is needed in the file
    start = in_utc(when, zone)
    event = icalendar.Event()
    event.add("uid", f"{checksum(uid)[:32]}@crmlib")
    event.add("dtstamp", start.to_pydatetime())  # the same queue, the same bytes
    event.add("dtstart", start.to_pydatetime())
    event.add("dtend", (start + pd.Timedelta(minutes=minutes)).to_pydatetime())
    event.add("summary", title)
    event.add("description", said)
    return event
