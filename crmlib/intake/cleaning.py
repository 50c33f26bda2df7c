"""Raw contacts -> clean contacts, with what was mended, and with the rows that are no contacts kept aside."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pandas as pd

from crmlib import policy as policies
from crmlib.intake import addresses, phones, places
from crmlib.intake.names import split_name
from crmlib.intake.reading import FILE, ROW, Rows, read_contacts
from crmlib.intake.tidying import cased, tidy
from crmlib.schema import TABLES
from crmlib.sources import Reading

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

__all__ = ["Cleaned", "clean_contacts", "clean_rows"]

_NAMES = [column.name for column in TABLES["contacts"]]
_KEYS = ("email_key", "phone_key")
_YES = {"yes", "y", "true", "t", "1", "x", "on", "si", "sì", "s", "vero", "checked", "ok"}
_NO = {"no", "n", "false", "f", "0", "off", "falso", "unchecked"}
#: Columns in the order in which clean contacts have them.
_ORDER = [*(name for name in _NAMES if name != "full_name"), *_KEYS]


@dataclass(frozen=True)
class Cleaned:
    """What `clean_contacts` returns.

    Attributes
    ----------
    contacts
        Clean contacts, one row each: our columns, then ``email_key`` and ``phone_key`` (equal for all spellings of one
        mailbox or number), any other column as it was, and ``source_file`` and ``source_row``.
    rejects
        Rows that are no contacts: ``source_file``, ``source_row``, reason, content.
    log
        What was mended, left out or is doubtful (numbers that their country has not assigned): contact_id, column, was,
        became, note.
    matched
        Columns that were recognised by a usual spelling: our name -> name in the source.
    """

    contacts: pd.DataFrame
    rejects: pd.DataFrame
    log: pd.DataFrame
    matched: dict[str, str] = field(default_factory=dict)

    def __repr__(self) -> str:
        taken = ", ".join(f"{name} = {source!r}" for name, source in self.matched.items())
        return (
            f"Rows: {len(self.contacts) + len(self.rejects):,}; contacts: {len(self.contacts):,}; "
            f"rejected: {len(self.rejects):,}; values noted: {len(self.log):,}."
            + (f"\nColumns taken: {taken}." if taken else "")
        )


def clean_contacts(
    contacts: Any,
    *,
    columns: Mapping[str, str] | None = None,
    policy: policies.Policy | str | Path | dict[str, Any] | None = None,
    encoding: str = "utf-8",
    date_format: str | None = None,
) -> Cleaned:
    """Clean contacts from a DataFrame, a CSV or Parquet list, or a table of a database.

    Names are cased, mail addresses brought to small letters and checked, phones written in E.164, towns and postcodes
    tidied. A value that cannot be read is left out and logged; a row that tells of nobody (neither name nor reachable
    address nor phone) or that is broken as a row goes to the rejects, so rows in = contacts + rejects.

    Parameters
    ----------
    contacts
        A DataFrame, a path or glob of lists, ``duckdb:///file?table=name`` or ``sqlite:///file?table=name``.
    columns
        Which column is which, where it is not called so and not spelled in a usual way (English or Italian):
        our name -> name in the source.
    policy
        Definitions of the business; see `crmlib.policy.Intake`.
    encoding
        Of text files.
    date_format
        As for `datetime.strptime`; ISO 8601 by default.

    Returns
    -------
    Cleaned
        Contacts, rejects and a log.

    Raises
    ------
    CrmlibError
        The list as a whole cannot be read; the message says where and what to do.

    Examples
    --------
    >>> import pandas as pd
    >>> raw = pd.DataFrame({"Nome": ["ANNA", None], "Cognome": ["D'AMICO", None], "Cellulare": ["300 1234567", "?"]})
    >>> cleaned = clean_contacts(raw)
    >>> cleaned
    Rows: 2; contacts: 1; rejected: 1; values noted: 1.
    Columns taken: first_name = 'Nome', last_name = 'Cognome', phone = 'Cellulare'.
    >>> cleaned.contacts[["first_name", "last_name", "phone"]].to_dict("records")
    [{'first_name': 'Anna', 'last_name': "D'Amico", 'phone': '+393001234567'}]
    >>> cleaned.rejects["reason"].tolist()
    ['nothing tells who it is: no name, no mail address that can be reached, no telephone number']
    """
    rules = policies.load(policy)
    rows = read_contacts(contacts, dict(columns or {}), Reading(encoding, ".", date_format))
    return clean_rows(rows, rules, date_format)


def clean_rows(rows: Rows, rules: policies.Policy, date_format: str | None = None) -> Cleaned:
    """Clean contacts that have been read.

    Parameters
    ----------
    rows
        The rows.
    rules
        Definitions of the business.
    date_format
        Of times that stand as text.
    """
    raw = rows.table.reset_index(drop=True)
    long = _too_long(raw, rules.intake.longest_field)
    sound = raw[long.isna()].reset_index(drop=True)
    clean, notes = _values(sound, rules, date_format)
    who = clean[["first_name", "last_name", "email", "phone"]].notna().any(axis=1)
    clean["contact_id"] = _ids(clean)
    again = _repeated(clean, sound)
    refused = pd.Series(None, index=clean.index, dtype="str")
    refused[again] = "the contact_id stands in another row, which says more"
    refused[~who] = "nothing tells who it is: no name, no mail address that can be reached, no telephone number"
    rejects = pd.concat(
        [
            rows.rejects,
            _rejected(raw[long.notna()], long.dropna()),
            _rejected(sound[refused.notna()], refused.dropna()),
        ],
        ignore_index=True,
    ).sort_values([FILE, ROW], ignore_index=True)
    log = _log(notes, clean["contact_id"], refused.isna())
    kept = clean[refused.isna()].reset_index(drop=True)
    return Cleaned(kept, rejects, log, rows.matched)


def _too_long(raw: pd.DataFrame, longest: int) -> pd.Series[str]:
    """Return why a row is no list's row, or null."""
    found = pd.Series(None, index=raw.index, dtype="str")
    for name in raw.columns:
        if raw[name].dtype == "str" or raw[name].dtype == object:
            size = raw[name].astype("str").str.len().fillna(0).astype("int64")
            over = size > longest
            found = found.mask(
                over, f"column {name}: a field of " + size.astype("str") + f" characters; {longest} are allowed"
            )
    return found


@dataclass
class _Notes:
    """What happened to values: column, row, was, became, note."""

    rows: list[tuple[int, str, str, str | None, str]] = field(default_factory=list)

    def add(self, column: str, was: pd.Series[Any], became: pd.Series[Any], note: pd.Series[str]) -> None:
        """Note the rows that have a note."""
        for place in note.index[note.fillna("") != ""]:
            value = became[place]
            self.rows.append((int(place), column, str(was[place]), None if pd.isna(value) else str(value), note[place]))


def _values(sound: pd.DataFrame, rules: policies.Policy, date_format: str | None) -> tuple[pd.DataFrame, _Notes]:
    """Clean each column; contact ids follow."""
    notes = _Notes()
    text = {name: _text(sound, name) for name in _NAMES if name != "received_ts"}
    for name in ("first_name", "last_name", "full_name", "city"):
        if name in sound:
            raw = _as_text(sound[name])
            mended = raw.str.contains("[\u00c2\u00c3]", na=False) & (raw.str.strip() != text[name])
            notes.add(name, raw, text[name], _flag(mended, "misread encoding: mended"))
    clean = pd.DataFrame(index=sound.index)
    clean["contact_id"] = text["contact_id"]
    clean["received_ts"] = _times(sound, rules.orders.timezone, date_format, notes)
    clean["channel"] = text["channel"]
    first, last = _names(text)
    clean["first_name"], clean["last_name"] = first, last
    emails = _mapped(text["email"], lambda value: addresses.address(value, rules.intake))
    clean["email"] = _part(emails, 0)
    notes.add("email", text["email"], clean["email"], _part(emails, 2))
    codes = _country(text, notes)
    where = [None if pd.isna(code) else str(code) for code in codes]
    posts = _pairs(text["postcode"], where, places.postcode)
    clean["phone"] = None
    codes = codes.fillna(_part(posts, 1))
    where = [None if pd.isna(code) else str(code) for code in codes]
    numbers = _pairs(text["phone"], where, lambda value, code: phones.phone(value, code, rules.intake))
    clean["phone"] = _part(numbers, 0)
    notes.add("phone", text["phone"], clean["phone"], _part(numbers, 2))
    clean["city"] = _mapped(text["city"], lambda value: cased(value, place=True)).astype("str")
    clean["postcode"] = _part(posts, 0)
    notes.add("postcode", text["postcode"], clean["postcode"], _part(posts, 2))
    clean["country"] = codes
    for name in ("event_name", "list_name", "mailbox", "subject", "request_text"):
        clean[name] = text[name].str.lower() if name == "mailbox" else text[name]
    clean["marketing_consent"] = _ticks(text["marketing_consent"], notes)
    clean["email_key"], clean["phone_key"] = _part(emails, 1), _part(numbers, 1)
    clean = clean[_ORDER].copy()
    for name in sound.columns:
        if name not in {*_ORDER, "full_name", FILE, ROW}:
            clean[name] = sound[name]
    clean[FILE], clean[ROW] = sound[FILE].astype("str"), sound[ROW].astype("int64")
    return clean, notes


def _flag(rows: pd.Series[bool], note: str) -> pd.Series[str]:
    """Return the note for the rows that are meant, and no text for the others."""
    return rows.map({True: note, False: ""})


def _as_text(column: pd.Series[Any]) -> pd.Series[str]:
    """Return values as text; whole numbers that pandas made floats of as whole numbers."""
    if pd.api.types.is_float_dtype(column):
        return column.map(
            lambda value: f"{value:.0f}" if float(value).is_integer() else str(value), na_action="ignore"
        ).astype("str")
    return column.astype("str")


def _text(sound: pd.DataFrame, name: str) -> pd.Series[str]:
    """Return a column as tidy text, empty as null; a column that is not there as nulls."""
    if name not in sound:
        return pd.Series(None, index=sound.index, dtype="str")
    return _mapped(_as_text(sound[name]), lambda value: tidy(value) or None).astype("str")


def _mapped(column: pd.Series[Any], change: Callable[[str], Any]) -> pd.Series[Any]:
    """Change each distinct text once."""
    known = {value: change(value) for value in column.dropna().unique()}
    return column.map(lambda value: known[value], na_action="ignore").astype(object)


def _pairs(
    column: pd.Series[str], where: Sequence[str | None], change: Callable[[str, str | None], Any]
) -> pd.Series[Any]:
    """Change each distinct pair of text and country once."""
    known: dict[tuple[str, str | None], Any] = {}
    pairs = [None if pd.isna(value) else (str(value), code) for value, code in zip(column, where, strict=True)]
    for pair in dict.fromkeys(pairs):
        if pair is not None:
            known[pair] = change(*pair)
    found = [None if pair is None else known[pair] for pair in pairs]
    return pd.Series(found, index=column.index, dtype=object)


def _part(column: pd.Series[Any], number: int) -> pd.Series[str]:
    return column.map(lambda value: value[number], na_action="ignore").astype("str")


def _names(text: Mapping[str, pd.Series[str]]) -> tuple[pd.Series[str], pd.Series[str]]:
    """Return first and last names, from their own columns or else from the full name."""
    first, last = text["first_name"], text["last_name"]
    full = text["full_name"].where(first.isna() & last.isna())
    parts = _mapped(full, split_name)
    first, last = first.fillna(_part(parts, 0)), last.fillna(_part(parts, 1))
    return _mapped(first, cased).astype("str"), _mapped(last, cased).astype("str")


def _country(text: Mapping[str, pd.Series[str]], notes: _Notes) -> pd.Series[str]:
    known = _mapped(text["country"], places.country).astype("str")
    unknown = _flag(text["country"].notna() & known.isna(), "no country that is known")
    notes.add("country", text["country"], known, unknown)
    return known


def _times(sound: pd.DataFrame, zone: str, date_format: str | None, notes: _Notes) -> pd.Series[pd.Timestamp]:
    if "received_ts" not in sound:
        return pd.Series(pd.NaT, index=sound.index, dtype="datetime64[us]")
    column = sound["received_ts"]
    if not pd.api.types.is_datetime64_any_dtype(column):
        text = _text(sound, "received_ts")
        read = pd.to_datetime(text, format=date_format or "ISO8601", errors="coerce", utc=date_format is None)
        if date_format is None:
            # a time without zone is the shop's own, one with a zone is brought to it
            aware = text.str.contains(r"(?:Z|[+-]\d\d:?\d\d)$", na=False)
            read = read.dt.tz_localize(None).where(~aware, read.dt.tz_convert(zone).dt.tz_localize(None))
        unread = _flag(text.notna() & read.isna(), "no date; say how it is written: date_format=...")
        notes.add("received_ts", text, read, unread)
        column = read
    elif column.dt.tz is not None:
        column = column.dt.tz_convert(zone).dt.tz_localize(None)
    return column.astype("datetime64[us]")


def _ticks(text: pd.Series[str], notes: _Notes) -> pd.Series[Any]:
    """Return whether the box was ticked; what is neither yes nor no is no answer, and no consent."""
    words = {**dict.fromkeys(_YES, True), **dict.fromkeys(_NO, False)}
    ticks = text.str.lower().map(words).astype("boolean")
    unread = _flag(text.notna() & ticks.isna(), "neither yes nor no: taken as no answer")
    notes.add("marketing_consent", text, ticks, unread)
    return ticks


def _ids(clean: pd.DataFrame) -> pd.Series[str]:
    """Give contacts without an id one that follows from who they are, so that the same list gives the same ids."""
    missing = clean["contact_id"].isna()
    if not missing.any():
        return clean["contact_id"]
    rows = clean[missing]
    name = rows["first_name"].fillna("") + " " + rows["last_name"].fillna("") + " " + rows["postcode"].fillna("")
    who = rows["email_key"].fillna(rows["phone_key"]).fillna(name.str.casefold())
    said = rows.drop(columns=[FILE, ROW, "contact_id"])
    content = pd.Series([joined(row) for row in said.to_dict("records")], index=rows.index, dtype="str")
    # equals are numbered by what they say, not by where they stand
    order = pd.DataFrame({"who": who, "content": content}).sort_values(["who", "content"])
    number = order.groupby("who").cumcount()
    made = (who + "|" + number.reindex(who.index).astype("str")).map(_checksum)
    return clean["contact_id"].fillna(made)


def _checksum(text: str) -> str:
    return f"X{hashlib.sha256(text.encode()).hexdigest()[:16]}"


def _repeated(clean: pd.DataFrame, sound: pd.DataFrame) -> pd.Series[bool]:
    """Tell which rows repeat an id; the fullest stays, whatever the order of rows."""
    if not clean["contact_id"].duplicated().any():
        return pd.Series(data=False, index=clean.index)
    twice = clean["contact_id"].duplicated(keep=False)
    content = pd.Series(
        [joined(row) for row in sound[twice].drop(columns=[FILE, ROW]).to_dict("records")], index=sound.index[twice]
    )
    order = pd.DataFrame(
        {"id": clean["contact_id"][twice], "filled": -clean[twice].notna().sum(axis=1), "content": content}
    )
    order = order.sort_values(["id", "filled", "content"])
    again = pd.Series(data=False, index=clean.index)
    again[order.index[order["id"].duplicated()]] = True
    return again


def joined(values: Mapping[Any, Any]) -> str:
    """Return a row's fields as one text, so that a rejected row is not lost."""
    return "; ".join(f"{name}={value}" for name, value in values.items() if not pd.isna(value))


def _rejected(rows: pd.DataFrame, reasons: pd.Series[str]) -> pd.DataFrame:
    content = [joined(row) for row in rows.drop(columns=[FILE, ROW]).to_dict("records")]
    return pd.DataFrame(
        {
            FILE: rows[FILE].astype("str"),
            ROW: rows[ROW].astype("int64"),
            "reason": reasons.astype("str"),
            "content": pd.Series(content, index=rows.index, dtype="str"),
        }
    )


def _log(notes: _Notes, ids: pd.Series[str], kept: pd.Series[bool]) -> pd.DataFrame:
    rows = [(ids[place], column, was, became, note) for place, column, was, became, note in notes.rows if kept[place]]
    return pd.DataFrame(rows, columns=["contact_id", "column", "was", "became", "note"]).astype("str")
