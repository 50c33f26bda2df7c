"""Rows that are mail among the rows of a list: a mail exists even if nobody can be read off it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pandas as pd

from crmlib.intake.message_text import header_text, message_text
from crmlib.intake.senders import senders
from crmlib.intake.tidying import tidy

if TYPE_CHECKING:
    from crmlib import policy as policies
    from crmlib.intake.reading import Rows

__all__ = [
    "FORM",
    "PERSONAL",
    "SHARED",
    "apart",
    "channel_of",
    "mail_rows",
    "mailbox_of",
    "readable",
    "unread_mails",
    "without_excess",
]

#: What a channel says of a mail. Any other word for mail leaves it to the mailbox.
SHARED, PERSONAL, FORM, MAIL = "generic_mailbox", "personal_mail", "web_form", "mail"
_CHANNELS = {
    **dict.fromkeys(("genericmailbox", "genericmail", "sharedmailbox", "sharedinbox", "infomailbox", "casellacondivisa",
                     "casellagenerica", "casellageneric", "mailgenerica"), SHARED),
    **dict.fromkeys(("personalmail", "personalemail", "personalmailbox", "mailpersonale", "emailpersonale",
                     "casellapersonale", "postapersonale"), PERSONAL),
    **dict.fromkeys(("webform", "form", "contactform", "onlineform", "websiteform", "formcontatti", "formweb", "modulo",
                     "moduloweb", "modulocontatti", "modulodicontatto", "moduloonline"), FORM),
    **dict.fromkeys(("mail", "mails", "email", "emails", "posta", "postaelettronica", "inbox", "mailbox", "casella",
                     "eml", "mbox", "imap", "smtp"), MAIL),
}  # fmt: skip
_TEXTS = ("subject", "request_text")


def channel_of(channel: Any) -> str | None:
    """Return what a channel says of a mail: `SHARED`, `PERSONAL`, `FORM` or ``mail``; ``None`` where it is no mail's.

    Parameters
    ----------
    channel
        As typed.

    Examples
    --------
    >>> channel_of("Generic-Mailbox"), channel_of("e-mail"), channel_of("csv_list")
    ('generic_mailbox', 'mail', None)
    """
    return None if pd.isna(channel) else _CHANNELS.get(re.sub(r"[\W_]", "", str(channel).casefold()))


def mail_rows(raw: pd.DataFrame) -> pd.Series[bool]:
    """Tell which rows are mail: their channel says so, or a mailbox got them, or they have a text and no channel.

    Parameters
    ----------
    raw
        Rows as they came, columns under our names.
    """
    nothing = pd.Series(None, index=raw.index, dtype=object)
    columns = {name: raw.get(name, nothing).astype(object) for name in ("channel", "mailbox", *_TEXTS)}
    said = {name: column.notna() & (column.astype("str").str.strip() != "") for name, column in columns.items()}
    by_channel = columns["channel"].map(lambda value: channel_of(value) is not None, na_action="ignore")
    texts = said["subject"] | said["request_text"]
    return (by_channel.eq(other=True) | said["mailbox"] | (texts & ~said["channel"])).astype(bool)


def without_excess(raw: pd.DataFrame, mail: pd.Series[bool], longest: int) -> tuple[pd.DataFrame, pd.Series[str]]:
    """Return rows whose mails have no field beyond measure, texts aside; and what was left out of each.

    Parameters
    ----------
    raw, mail
        Rows, and which of them are mail.
    longest
        Characters that a field may have.
    """
    notes = pd.Series("", index=raw.index, dtype="str")
    result = raw
    typed = [name for name in raw.columns if raw[name].dtype == "str" or raw[name].dtype == object]
    for name in typed if mail.any() else []:
        if name in {"request_text", "attachments"}:
            continue
        size = raw[name].astype("str").str.len().fillna(0).astype("int64")
        over = mail & (size > longest)
        if over.any():
            result = result.copy() if result is raw else result
            short = raw[name].astype("str").str.slice(0, longest)
            result[name] = raw[name].astype(object).mask(over, short.astype(object) if name == "subject" else None)
            what = "cut" if name == "subject" else "left out"
            notes = notes.mask(over, notes + f"; {name} of " + size.astype("str") + f" characters {what}")
    return result, notes.str.removeprefix("; ")


def readable(raw: pd.Series[Any], name: str, longest: int) -> tuple[pd.Series[str], pd.Series[str]]:
    """Return texts or subjects as one reads them, with their lines, and what was done to each.

    Parameters
    ----------
    raw
        As they came.
    name
        ``subject`` or ``request_text``.
    longest
        Characters of a text that are kept.
    """
    texts: dict[str, tuple[str | None, str]] = {}
    for value in raw.dropna().unique():
        if name == "subject":
            texts[value] = header_text(value) or None, ""
        else:
            text, note = message_text(value, longest)
            texts[value] = mended(text) or None, note
    pairs = [(None, "") if pd.isna(value) else texts[value] for value in raw]
    return (
        pd.Series([text for text, _ in pairs], index=raw.index, dtype="str"),
        pd.Series([note for _, note in pairs], index=raw.index, dtype="str"),
    )


def mended(text: str) -> str:
    """Return a text, line by line without misread letters."""
    return "\n".join(tidy(line) if re.search("[\u00c2-\u00f4]", line) else line for line in text.split("\n"))


def mailbox_of(text: str, rules: policies.Intake) -> tuple[str | None, str]:
    """Return the mailbox in a field, one that is everybody's first, and a note of the others.

    Parameters
    ----------
    text
        As typed, with names or several addresses.
    rules
        Which mailboxes are everybody's.

    Examples
    --------
    >>> from crmlib.policy import Intake
    >>> mailbox_of("Bottega <Info@bottega.example>, sales@bottega.example", Intake())
    ('info@bottega.example', 'a second mailbox: sales@bottega.example')
    """
    from crmlib.customers.addresses import is_generic

    boxes = list(dict.fromkeys(person.email.lower() for person in senders(text)))
    if not boxes:
        return tidy(text).lower() or None, ""
    boxes.sort(key=lambda box: not is_generic(box, rules))
    return boxes[0], "".join(f"a second mailbox: {box}" for box in boxes[1:2])


def apart(clean: pd.DataFrame, mail: pd.Series[bool]) -> tuple[pd.Series[str], pd.Series[bool]]:
    """Tell mails of one id apart: the same mail twice is a duplicate, another mail gets an id of its own.

    Parameters
    ----------
    clean
        Clean rows with their ids.
    mail
        Which of them are mail.

    Returns
    -------
    tuple
        The ids, and which rows are a mail that is there already.
    """
    ids = clean["contact_id"].copy()
    again = pd.Series(data=False, index=clean.index)
    twice = mail & ids.duplicated(keep=False)
    if not twice.any():
        return ids, again
    rows = clean.loc[twice, ["contact_id", "email_key", "subject", "request_text"]].fillna("")
    rows["bare"] = rows["request_text"].map(lambda text: re.sub(r"\s+", "", text).casefold())
    rows["size"] = rows["bare"].str.len()
    # the fullest first, by what it says: the order of rows does not matter
    rows = rows.assign(size=-rows["size"]).sort_values(["contact_id", "size", "bare", "email_key", "subject"])
    for name, group in rows.groupby("contact_id", sort=False):
        stays: list[Any] = []
        for row in group.assign(place=group.index).itertuples():
            place: Any = row.place
            if any(_same_mail(row, other) for other in stays):
                again[place] = True
                continue
            stays.append(row)
            if len(stays) > 1 or not mail.reindex(clean.index[clean["contact_id"] == name]).all():
                ids[place] = f"{name}#{len(stays)}"
    return ids, again


def _same_mail(row: Any, other: Any) -> bool:
    """Say whether a row is a mail that is there already, perhaps with less of its text."""
    same_sender = not row.email_key or not other.email_key or row.email_key == other.email_key
    return same_sender and (row.bare in other.bare if row.bare else row.subject == other.subject or not row.subject)


def unread_mails(rows: Rows, *, everything: object) -> pd.DataFrame:
    """Return the mails that could not be read, as rows that were rejected; where not all rows are mail, none is known.

    Parameters
    ----------
    rows
        Rows as they came.
    everything
        Whether all rows that could be read are mail.
    """
    if not (rows.are_mail or everything) or rows.rejects.empty:
        return pd.DataFrame()
    names = rows.rejects["source_file"] + ", " + rows.rejects["source_row"].astype("str")
    return rows.rejects[["source_file", "source_row", "reason"]].assign(contact_id=names, as_what="rejected")
