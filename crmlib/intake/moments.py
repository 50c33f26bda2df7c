"""When a row came in: dates as lists, databases and mails write them."""

from __future__ import annotations

import re
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["times"]


def times(
    sound: pd.DataFrame, zone: str, date_format: str | None, note: Callable[..., None]
) -> pd.Series[pd.Timestamp]:
    """Return when rows came in, by the shop's clock.

    Parameters
    ----------
    sound
        Rows with ``received_ts`` as text or as times; without it, nothing is known.
    zone
        The shop's time zone.
    date_format
        Of times that stand as text; ISO 8601 or as mails write them by default.
    note
        Takes the column, what it was, what it became, and a note for each row.
    """
    if "received_ts" not in sound:
        return pd.Series(pd.NaT, index=sound.index, dtype="datetime64[us]")
    column = sound["received_ts"]
    if not pd.api.types.is_datetime64_any_dtype(column):
        text = column.astype("str").str.strip()
        text = text.mask(text == "")
        read = pd.to_datetime(text, format=date_format or "ISO8601", errors="coerce", utc=date_format is None)
        if date_format is None:
            # a time without zone is the shop's own, one with a zone is brought to it
            aware = text.str.contains(r"(?:Z|[+-]\d\d:?\d\d)$", na=False)
            read = read.dt.tz_localize(None).where(~aware, read.dt.tz_convert(zone).dt.tz_localize(None))
            read = read.fillna(_as_in_mail(text[read.isna()], zone))
        unread = (text.notna() & read.isna()).map({True: "no date; say how it is written: date_format=...", False: ""})
        note("received_ts", text, read, unread)
        column = read
    elif column.dt.tz is not None:
        column = column.dt.tz_convert(zone).dt.tz_localize(None)
    return column.astype("datetime64[us]")


def _as_in_mail(text: pd.Series[str], zone: str) -> pd.Series[pd.Timestamp]:
    """Return the times that stand as mails write them: Mon, 02 Nov 2026 10:00:00 +0100."""
    moments = {}
    for value in text.dropna().unique():
        try:
            moment = parsedate_to_datetime(value) if re.search(r"[A-Za-z]{3}", value) else None
            if moment is not None and moment.tzinfo is not None:
                moment = moment.astimezone(ZoneInfo(zone)).replace(tzinfo=None)
            moments[value] = pd.NaT if moment is None else pd.Timestamp(moment)
        except (ValueError, TypeError, IndexError, OverflowError):
            moments[value] = pd.NaT
    return text.map(moments, na_action="ignore").astype("datetime64[us]")
