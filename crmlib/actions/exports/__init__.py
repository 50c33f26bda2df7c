"""Exports: a queue as files that Klaviyo, HubSpot, Mautic, a spreadsheet or a calendar take.

Each export is gated again on the shop's own day, holds no more of a person than its messages need, and comes with a
manifest: what each file holds, its checksum, and how many were held back and why.

>>> sorted(FORMATS)
['calendar', 'hubspot', 'klaviyo', 'mautic', 'plain']
"""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from crmlib import policy as policies
from crmlib.actions.exports import calendar as _calendar
from crmlib.actions.exports import hubspot as _hubspot
from crmlib.actions.exports import klaviyo as _klaviyo
from crmlib.actions.exports import mautic as _mautic
from crmlib.actions.exports import plain as _plain
from crmlib.actions.exports.files import File, csv_file, csv_files, write_folder
from crmlib.actions.exports.people import FIELDS, Outgoing, Person, outgoing
from crmlib.actions.gates import HELD
from crmlib.errors import CrmlibError, PluginError, SourceError
from crmlib.files import safe_name
from crmlib.plugins import STOPS, Registry, place_of
from crmlib.words import did_you_mean

if TYPE_CHECKING:
    import pandas as pd

    from crmlib.policy import Policy
    from crmlib.shop import Shop

__all__ = [
    "FIELDS",
    "FORMATS",
    "Export",
    "File",
    "Outgoing",
    "Person",
    "csv_file",
    "csv_files",
    "export",
    "export_format",
    "export_formats",
    "outgoing",
]

Writer = Callable[[tuple[Person, ...], str], Iterable[File]]
Own = TypeVar("Own", bound=Writer)
#: Format -> what writes its files, and what its platform knows people by: those that come with crmlib.
FORMATS: dict[str, tuple[Writer, str]] = {
    "klaviyo": (_klaviyo.klaviyo, _klaviyo.KNOWN_BY),
    "hubspot": (_hubspot.hubspot, _hubspot.KNOWN_BY),
    "mautic": (_mautic.mautic, _mautic.KNOWN_BY),
    "plain": (_plain.plain, _plain.KNOWN_BY),
    "calendar": (_calendar.calendar, _calendar.KNOWN_BY),
}
_LONGEST_NAME = 100
_MANIFEST, _HELD_FILE = "manifest.json", "held.csv"
_REGISTRY: Registry[tuple[Writer, str]] = Registry("export format", built_in=FORMATS)


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


def export_format(*, known_by: str = "") -> Callable[[Own], Own]:
    """Make a function an export format, under its own name.

    Parameters
    ----------
    known_by
        ``email`` where the platform knows people by their mail address: then whoever has none is held back, and of two
        accounts with one address only the first goes out. Without it, each address gets a message once, and an account
        may go out with a part of its entries.

    Returns
    -------
    Callable
        A decorator. The function takes the people who may be written to, each a `Person` with the entries that are due,
        and the shop's time zone; it yields a `File` each. It is called after all gates: who has not consented, or may
        not be written to now, is not among the people.

    Raises
    ------
    PluginError
        The name is taken, or `known_by` is neither.

    Examples
    --------
    >>> export_format(known_by="phone")
    Traceback (most recent call last):
    crmlib.errors.PluginError: export format: known_by='phone'. Write 'email', or leave it out.
    """
    if known_by not in {"", "email"}:
        raise PluginError(f"export format: known_by={known_by!r}. Write 'email', or leave it out.")

    def register(write: Own) -> Own:
        if not inspect.isfunction(write):
            raise PluginError("export format: @actions.export_format(...) stands above a function.")
        _REGISTRY.add(write.__name__, (write, known_by), module=write.__module__)
        return write

    return register


def export_formats(shop: Shop | None = None) -> tuple[str, ...]:
    """Return the names of the formats there are: crmlib's, the session's, and the shop's own.

    Parameters
    ----------
    shop
        Whose ``shop.toml`` may name files with formats; without it, none of those.

    Examples
    --------
    >>> export_formats()
    ('klaviyo', 'hubspot', 'mautic', 'plain', 'calendar')
    """
    return tuple(_REGISTRY.of(() if shop is None else shop.plugins))


def check_format(name: str, shop: Shop | None = None) -> None:
    """Refuse the name of a format that there is not.

    Parameters
    ----------
    name
        Of the format.
    shop
        As for `export_formats`.

    Raises
    ------
    CrmlibError
        There is none of that name; the message names the nearest.
    """
    there = export_formats(shop)
    if name not in there:
        raise CrmlibError(f"There is no format {name!r}. {did_you_mean(name, there)}")


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
        ``klaviyo``, ``hubspot``, ``mautic``, ``plain`` (one row an entry), ``calendar`` (alerts to the staff), or one
        of the user's own (see `export_format`).
    policy
        The shop's by default.

    Returns
    -------
    Export
        Beside the platform's files the folder holds ``held.csv`` and ``manifest.json``.

    Raises
    ------
    CrmlibError
        An unknown format, a folder that holds something, a queue that is none, a format of the user's own that stops
        or yields what is no file. Nothing is written then.
    """
    import pandas as pd

    check_format(format, shop)
    target = Path(folder)
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise SourceError(f"{target} is not empty. Name a new folder: files of two exports must not be mixed.")
    rules = policies.load(policy or shop.policy)
    write, known_by = _REGISTRY.of(shop.plugins)[format]
    # the gates are here and not in the formats: whatever a format does, it sees nobody who did not pass them
    found = outgoing(entries, shop, policy=rules, once=known_by)
    files = _written(write, found.people, rules.orders.timezone)
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


def _written(write: Writer, people: tuple[Person, ...], zone: str) -> list[File]:
    """Return the files of a format; of a user's own, say in words what is wrong with it."""
    if write.__module__.partition(".")[0] == "crmlib":
        return list(write(people, zone))
    name = write.__name__
    try:
        files: list[Any] = list(write(people, zone))
    except CrmlibError:
        raise
    except STOPS as error:
        raise PluginError(f"{place_of(write, error)} The export format {name!r} stopped there; mend it.") from error
    where = f"{place_of(write)}: the export format {name!r}"
    taken = {_MANIFEST, _HELD_FILE}
    for file in files:
        if wrong := _what_is_wrong(file):
            raise PluginError(
                f"{where} yields {wrong}. Yield crmlib.actions.exports.File(name, content, rows, purpose)."
            )
        if safe_name(file.name, also=" ._()+-", ends=" .", most=_LONGEST_NAME) != file.name or _is_device(file.name):
            raise PluginError(f"{where} writes to {file.name!r}. Name a file in the export's folder, such as 'a.csv'.")
        if file.name.casefold() in taken:
            raise PluginError(f"{where} writes {file.name!r} twice, or in place of crmlib's own file. Rename it.")
        taken.add(file.name.casefold())
    return files


def _what_is_wrong(file: Any) -> str:
    """Say what is wrong with what a user's format yields; empty for nothing."""
    if not isinstance(file, File):
        return f"a {type(file).__name__}"
    for name, wanted in (("name", str), ("content", bytes), ("rows", int), ("purpose", str)):
        value: Any = getattr(file, name)  # annotations bind no user's code
        if name == "content" and isinstance(value, str):
            return "text, not bytes: encode it"
        if not isinstance(value, wanted) or isinstance(value, bool):
            return f"a File whose {name} is {type(value).__name__}, not {wanted.__name__}"
    return ""


def _is_device(name: str) -> bool:
    """Say whether Windows takes a name for one of its devices, whatever stands behind the first dot."""
    return re.fullmatch(r"con|prn|aux|nul|com\d|lpt\d", name.partition(".")[0].strip().casefold()) is not None
