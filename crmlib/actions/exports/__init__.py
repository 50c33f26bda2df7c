"""Exports: a queue as files that Klaviyo, HubSpot, Mautic, a spreadsheet or a calendar take.

Each export is gated again on the shop's own day, holds no more of a person than its messages need, and comes with a
manifest: what each file holds, its checksum, and how many were held back and why.

>>> sorted(FORMATS)
['calendar', 'hubspot', 'klaviyo', 'mautic', 'plain']
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crmlib import policy as policies
from crmlib.actions.exports import calendar as _calendar
from crmlib.actions.exports import hubspot as _hubspot
from crmlib.actions.exports import klaviyo as _klaviyo
from crmlib.actions.exports import mautic as _mautic
from crmlib.actions.exports import plain as _plain
from crmlib.actions.exports.files import File, csv_file, write_folder
from crmlib.actions.exports.people import FIELDS, Outgoing, Person, outgoing
from crmlib.actions.gates import HELD
from crmlib.errors import CrmlibError, SourceError
from crmlib.schema import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import pandas as pd

    from crmlib.policy import Policy
    from crmlib.shop import Shop

__all__ = ["FIELDS", "FORMATS", "Export", "File", "Outgoing", "Person", "export", "outgoing"]

#: Format -> what writes its files, and what its platform knows people by.
FORMATS: dict[str, tuple[Callable[[tuple[Person, ...], str], Iterator[File]], str]] = {
    "klaviyo": (_klaviyo.klaviyo, _klaviyo.KNOWN_BY),
    "hubspot": (_hubspot.hubspot, _hubspot.KNOWN_BY),
    "mautic": (_mautic.mautic, _mautic.KNOWN_BY),
    "plain": (_plain.plain, _plain.KNOWN_BY),
    "calendar": (_calendar.calendar, _calendar.KNOWN_BY),
}
_MANIFEST, _HELD_FILE = "manifest.json", "held.csv"


@dataclass(frozen=True)
class Export:
    """What was written.

    Attributes
    ----------
    folder
        Where.
    files
        One row a file: name, purpose, rows, bytes, sha256.
    people, entries
        How many go out.
    held
        Who does not, and why.
    """

    folder: Path
    files: pd.DataFrame
    people: int
    entries: int
    held: pd.DataFrame


def export(
    entries: Any,
    shop: Shop,
    folder: str | Path,
    *,
    format: str = "plain",  # noqa: A002 - what people call it
    policy: Policy | str | dict[str, Any] | None = None,
) -> Export:
    """Write a queue as the files that a platform takes.

    Parameters
    ----------
    entries
        What `crmlib.actions.queue` returns, or the DataFrame of its entries.
    shop
        As it is known on the day when the queue goes out. Consents are looked up again: who has opted out since the
        queue was made is not in any file.
    folder
        Where to write; it must be new or empty, so that no file of an earlier day is sent again with these.
    format
        ``klaviyo``, ``hubspot``, ``mautic``, ``plain`` (one row an entry) or ``calendar`` (alerts to the staff).
    policy
        The shop's by default.

    Returns
    -------
    Export
        Beside the platform's files the folder holds ``held.csv`` and ``manifest.json``.

    Raises
    ------
    CrmlibError
        An unknown format, a folder that holds something, a queue that is none.
    """
    import pandas as pd

    if format not in FORMATS:
        raise CrmlibError(f"There is no format {format!r}. {did_you_mean(format, FORMATS)}")
    target = Path(folder)
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise SourceError(f"{target} is not empty. Name a new folder: files of two exports must not be mixed.")
    rules = policies.load(policy or shop.policy)
    write, known_by = FORMATS[format]
    found = outgoing(entries, shop, policy=rules, once=known_by)
    files = list(write(found.people, rules.orders.timezone))
    held = found.held.astype(object).where(found.held.notna(), None)
    rows = [dict(zip(HELD, row, strict=True)) for row in held[list(HELD)].itertuples(index=False, name=None)]
    files.append(File(_HELD_FILE, csv_file(rows, HELD), len(rows), "who was held back, and why: not for the platform"))
    told = [file.told() for file in files]
    manifest = {
        "format": format,
        "as_of": str(shop.as_of),
        "timezone": rules.orders.timezone,
        "people": len(found.people),
        "entries": len(found.entries),
        "held": {str(why): int(count) for why, count in found.held["why"].value_counts().sort_index().items()},
        "fields": FIELDS,
        "files": told,
    }
    text = json.dumps(manifest, indent=1, ensure_ascii=False) + "\n"
    write_folder(target, {**{file.name: file.content for file in files}, _MANIFEST: text.encode()})
    return Export(target, pd.DataFrame(told), len(found.people), len(found.entries), found.held)
