"""Raw contacts -> clean contacts, with what was mended, and with the rows that are no contacts kept aside."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pandas as pd

from crmlib import policy as policies
from crmlib.customers import addresses
from crmlib.files import checksum
from crmlib.intake.mail_rows import apart, mail_rows, mailbox_of, readable, unread_mails, without_excess
from crmlib.intake.moments import times
from crmlib.intake.naming import names
from crmlib.intake.notes import Notes, flag, mapped, part, passing
from crmlib.intake.placeholders import no_mailbox
from crmlib.intake.reading import FILE, ROW, Rows, read_contacts
from crmlib.intake.tidying import cased, tidy
from crmlib.intake.whereabouts import whereabouts
from crmlib.shop.schema import TABLES
from crmlib.sources import Reading
from crmlib.text.consent_cells import cell
from crmlib.words import NOTHING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

__all__ = ["Cleaned", "clean_contacts", "clean_rows"]

_NAMES = [column.name for column in TABLES["contacts"]]
_KEYS = ("email_key", "phone_key", "phone_guessed")
#: Na and Nat are names, too.
_NONE = {*NOTHING, "unknown", "sconosciuto"} - {"na", "nat"}
_NO_BIRTH = {"1900-01-01", "1970-01-01", "0001-01-01", "1899-12-30", "1901-01-01"}
_MONTHS = 12
_FORMULA = re.compile(r"=\s*\"([^\"]*)\"")
_GUARDED = re.compile(r"'(?=[\d=+@-])")
#: Columns in the order in which clean contacts have them.
_ORDER = [*(name for name in _NAMES if name != "full_name"), *_KEYS]


@dataclass(frozen=True)
class Cleaned:
    """What `clean_contacts` returns.

    Attributes
    ----------
    contacts
        Clean contacts, one row each: our columns, then ``email_key`` and ``phone_key`` (equal for all spellings of one
        mailbox or number), ``phone_guessed`` (whether the number's country was), any other column as it was, and
        ``source_file`` and ``source_row``.
    rejects
        Rows that are no contacts: ``source_file``, ``source_row``, reason, content.
    log
        What was mended, left out or is doubtful (numbers that their country has not assigned): contact_id, column, was,
        became, note.
    matched
        Columns that were recognised by a usual spelling: our name -> name in the source.
    mail
        The mails among the rejects, clean: ``as_what`` says whether one is a ``duplicate``, is ``rejected``, or, where
        it is empty, only has no sender. `tickets_from_mail` files them.
    """

    contacts: pd.DataFrame
    rejects: pd.DataFrame
    log: pd.DataFrame
    matched: dict[str, str] = field(default_factory=dict)
    mail: pd.DataFrame = field(default_factory=pd.DataFrame)

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
    """Clean contacts from a DataFrame, a CSV or Parquet list, a table of a database, or mail.

    Names are cased, mail addresses brought to small letters and checked, phones written in E.164, towns and postcodes
    tidied. A value that cannot be read is left out and logged; a row that tells of nobody (neither name nor reachable
    address nor phone) or that is broken as a row goes to the rejects, so rows in = contacts + rejects.

    Parameters
    ----------
    contacts
        A DataFrame, a path or glob of lists, ``duckdb:///file?table=name`` or ``sqlite:///file?table=name``; or mail:
        an ``.eml`` or ``.mbox`` file, a folder of them, or messages of Python's `email`.
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
    rows = read_contacts(contacts, dict(columns or {}), Reading(encoding, ".", date_format), rules.intake)
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
    mail = mail_rows(raw)
    raw, excess = without_excess(raw, mail, rules.intake.longest_field)
    long = _too_long(raw, rules.intake.longest_field).mask(mail)
    sound, mail = raw[long.isna()].reset_index(drop=True), mail[long.isna()].reset_index(drop=True)
    clean, notes = _values(rows, sound, rules, date_format)
    excess = excess[long.isna()].reset_index(drop=True)
    notes.add("the mail", excess.mask(excess != "", "too long"), excess, excess)
    who = clean[["first_name", "last_name", "company", "email", "phone"]].notna().any(axis=1)
    clean["contact_id"] = _ids(clean)
    clean["contact_id"], twice = apart(clean, mail)
    again = _repeated(clean[~twice], sound[~twice]).reindex(clean.index, fill_value=False)
    refused = pd.Series(None, index=clean.index, dtype="str")
    refused[again] = "the contact_id stands in another row, which says more"
    refused[~who] = "nothing tells who it is: no name, no mail address that can be reached, no telephone number"
    refused[twice] = "the same mail stands in another row, which says as much"
    rejects = pd.concat(
        [
            rows.rejects,
            _rejected(raw[long.notna()], long.dropna()),
            _rejected(sound[refused.notna()], refused.dropna()),
        ],
        ignore_index=True,
    ).sort_values([FILE, ROW], ignore_index=True)
    log = _log(notes, clean["contact_id"], refused.isna() | mail)
    kept = clean[refused.isna()].reset_index(drop=True)
    what = pd.Series(None, index=clean.index, dtype="str").mask(again, "rejected").mask(twice, "duplicate")
    aside = clean.assign(as_what=what, reason=refused.where(twice | again))[refused.notna() & mail]
    sender = _as_text(sound["email"]).reindex(aside.index) if "email" in sound else None
    parts: Any = [aside.assign(sender=sender), unread_mails(rows, everything=len(mail) and mail.all())]
    aside = pd.concat(parts)
    return Cleaned(kept, rejects, log, rows.matched, aside.reset_index(drop=True))


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


def _values(
    rows: Rows, sound: pd.DataFrame, rules: policies.Policy, date_format: str | None
) -> tuple[pd.DataFrame, Notes]:
    """Clean each column; contact ids follow."""
    notes = Notes()
    text = {name: _text(sound, name) for name in _NAMES if name != "received_ts"}
    for name in ("first_name", "last_name", "full_name", "city"):
        if name in sound:
            raw = _as_text(sound[name])
            mended = raw.str.contains("[\u00c2\u00c3]", na=False) & (raw.str.strip() != text[name])
            notes.add(name, raw, text[name], flag(mended, "misread encoding: mended"))
    for name in ("city", "postcode", "country", "street", "birth_date"):
        text[name] = text[name].mask(passing(text[name], _none))
    clean = pd.DataFrame(index=sound.index)
    clean["contact_id"] = text["contact_id"]
    clean["received_ts"] = times(sound, rules.orders.timezone, date_format, notes.add)
    clean["channel"] = text["channel"]
    guessed = sound.get("phone_guessed")
    where = whereabouts(text, guessed, rows.matched.get("postcode", ""), rules.intake, notes)
    emails = mapped(text["email"], lambda value: addresses.address(value, rules.intake))
    senders = mapped(text["email"].where(part(emails, 0).notna()), _sender).astype("str")
    for name, column in names(text, senders, where["country"], rules.intake, notes).items():
        clean[name] = column
    clean["email"], clean["phone"] = part(emails, 0), where["phone"]
    notes.add("email", text["email"], clean["email"], part(emails, 2))
    nobody = passing(clean["email"], lambda value: no_mailbox(value, rules.intake))
    notes.add("email", text["email"], clean["email"], flag(nobody, "stands for no mailbox: joins nobody"))
    clean["street"] = mapped(text["street"], lambda value: cased(value, place=True)).astype("str")
    clean["city"] = mapped(text["city"], lambda value: cased(value, place=True)).astype("str")
    clean["postcode"], clean["country"] = where["postcode"], where["country"]
    clean["birth_date"] = _births(text["birth_date"], date_format, notes)
    for name in ("event_name", "list_name"):
        clean[name] = text[name]
    boxes = mapped(text["mailbox"], lambda value: mailbox_of(value, rules.intake))
    clean["mailbox"] = part(boxes, 0)
    notes.add("mailbox", text["mailbox"], clean["mailbox"], part(boxes, 1))
    for name in ("subject", "request_text"):
        typed = _as_text(sound[name]) if name in sound else text[name]
        clean[name], undone = readable(typed, name, rules.intake.longest_message)
        notes.add(name, typed.str.slice(0, 200), clean[name].str.slice(0, 200), undone)
    clean["marketing_consent"] = _ticks(text["marketing_consent"], notes)
    clean["email_key"], clean["phone_key"] = part(emails, 1), where["phone_key"]
    clean["phone_guessed"] = where["phone_guessed"]
    clean = clean[_ORDER].copy()
    for name in sound.columns:
        if name not in {*_ORDER, "full_name", FILE, ROW}:
            clean[name] = sound[name]
    clean[FILE], clean[ROW] = sound[FILE].astype("str"), sound[ROW].astype("int64")
    return clean, notes


def _none(value: str) -> bool:
    """Tell whether a value is a word for none."""
    return value.casefold() in _NONE or not any(mark.isalnum() for mark in value)


def _sender(value: str) -> str | None:
    """Return the name that stands beside a mail address."""
    match = re.fullmatch(r"[\"']?([^\"'<>@]*[^\W\d_][^\"'<>@]*?)[\"']?\s*<[^<>]+>", value.strip())
    return match[1].strip() if match else None


def _births(text: pd.Series[str], date_format: str | None, notes: Notes) -> pd.Series[str]:
    """Return dates of birth as ISO 8601 writes them; one that is no date stays, for it is compared digit by digit."""
    iso = pd.to_datetime(text.str.slice(0, 10), format="ISO8601", errors="coerce")
    if date_format is not None:
        iso = pd.to_datetime(text, format=date_format, errors="coerce").fillna(iso)
    parts = text.str.extract(r"^(\d{1,2})[./-](\d{1,2})[./-](\d{4})$")
    day_first = pd.to_datetime(parts[2] + "-" + parts[1] + "-" + parts[0], format="%Y-%m-%d", errors="coerce")
    # the fourth of May or the fifth of April: which, the list does not say
    sure = pd.to_numeric(parts[0], errors="coerce") > _MONTHS
    written = iso.fillna(day_first.where(sure)).dt.strftime("%Y-%m-%d").astype("str")
    default = written.isin(_NO_BIRTH)
    notes.add("birth_date", text, written.mask(default), flag(default, "a form's default: left out"))
    unread = text.notna() & written.isna()
    notes.add("birth_date", text, text, flag(unread, "no date that can be read: compared as it stands"))
    return written.fillna(text).mask(default).astype("str")


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
    return mapped(_as_text(sound[name]), lambda value: tidy(_unwrapped(value)) or None).astype("str")


def _unwrapped(value: str) -> str:
    """Take off what a spreadsheet puts around text to keep it text: an apostrophe before it, or a formula around it."""
    match = _FORMULA.fullmatch(value.strip())
    value = match[1] if match else value
    return value.strip()[1:] if _GUARDED.match(value.strip()) else value


def _ticks(text: pd.Series[str], notes: Notes) -> pd.Series[Any]:
    """Return whether the box was ticked; what is neither yes nor no is no answer, and no consent."""
    ticks = mapped(text, _tick).astype("boolean")
    unread = flag(text.notna() & ticks.isna(), "neither yes nor no: taken as no answer")
    notes.add("marketing_consent", text, ticks, unread)
    return ticks


def _tick(value: str) -> bool | None:
    read = cell(value, "UTC")
    if read.kind in {"yes", "no"}:
        return read.kind == "yes"
    if read.sense.answer or read.sense.open:
        return read.sense.answer > 0 and not read.sense.open
    return None


def _ids(clean: pd.DataFrame) -> pd.Series[str]:
    """Give contacts without an id one that follows from who they are, so that the same list gives the same ids."""
    missing = clean["contact_id"].isna()
    if not missing.any():
        return clean["contact_id"]
    rows = clean[missing]
    name = (
        rows["first_name"].fillna(rows["company"]).fillna("")
        + " "
        + rows["last_name"].fillna("")
        + " "
        + rows["postcode"].fillna("")
    )
    who = rows["email_key"].fillna(rows["phone_key"]).fillna(name.str.casefold())
    said = rows.drop(columns=[FILE, ROW, "contact_id", "phone_guessed"])
    content = pd.Series([joined(row) for row in said.to_dict("records")], index=rows.index, dtype="str")
    # equals are numbered by what they say, not by where they stand
    order = pd.DataFrame({"who": who, "content": content}).sort_values(["who", "content"])
    number = order.groupby("who").cumcount()
    numbered = who + "|" + number.reindex(who.index).astype("str")
    return clean["contact_id"].fillna(numbered.map(lambda text: f"X{checksum(text)[:16]}"))


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


def _log(notes: Notes, ids: pd.Series[str], kept: pd.Series[bool]) -> pd.DataFrame:
    rows = [(ids[place], column, was, became, note) for place, column, was, became, note in notes.rows if kept[place]]
    return pd.DataFrame(rows, columns=["contact_id", "column", "was", "became", "note"]).astype("str")
