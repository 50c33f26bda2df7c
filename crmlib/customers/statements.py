"""What each row of a table states about contacting somebody: for or against, which channels and purposes, since when.

What speaks for counts only if it is understood as a whole. What speaks against counts however little it says: without
a channel it is about all channels, without a purpose about all purposes, without a time it has always been so. A row of
a table of consents that is neither is an error that names it.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from crmlib.customers.answers import channel_of_role, states_permission, turn_flags, undecided_of
from crmlib.customers.other_tables import mails, profile, remarks
from crmlib.customers.reading import (
    NEVER,
    NO_ANSWER,
    NO_TIME,
    WHO,
    Reading,
    Topic,
    answers_of,
    as_statements,
    texts,
    topic_of,
    when_of,
)
from crmlib.errors import SchemaError
from crmlib.text.consent import Kind, Sense, sense, table_channels
from crmlib.text.consent_cells import cell

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import pandas as pd

    from crmlib.arrays import Bools, Times


__all__ = ["COLUMNS", "Statement", "each", "statements"]

#: The columns of statements: the table and its row, who, what as bits, for or against, since when (empty: not known),
#: and when a permission ends.
COLUMNS = (*WHO, "table", "row", "channels", "purposes", "against", "since", "ends")


class Statement(NamedTuple):
    """One row of statements: see `COLUMNS`."""

    customer_id: str | None
    contact_id: str | None
    email: str | None
    phone: str | None
    country: str | None
    table: str
    row: int
    channels: int
    purposes: int
    against: bool
    since: Any
    ends: Any


def each(stated: pd.DataFrame) -> Iterator[Statement]:
    """Yield statements one by one.

    Parameters
    ----------
    stated
        From `statements`.
    """
    columns = (stated[name].tolist() if name not in {"since", "ends"} else list(stated[name]) for name in COLUMNS)
    return itertools.starmap(Statement, zip(*columns, strict=True))


def statements(data: pd.DataFrame, table: str, zone: str, kind: Kind = "consents") -> pd.DataFrame:
    """Read what the rows of a table state.

    Parameters
    ----------
    data
        The table, as it is.
    table
        Its name.
    zone
        The shop's time zone.
    kind
        What it is.

    Returns
    -------
    pandas.DataFrame
        `COLUMNS`, one row per statement.

    Raises
    ------
    SchemaError
        A column or a value of a table of consents is not understood, or a row names nobody.

    Examples
    --------
    >>> import pandas as pd
    >>> rows = pd.DataFrame({"cliente": ["K1", "K2"], "canale": "E-Mail", "scopo": "promozioni",
    ...                      "stato": ["revocato", "concesso"], "data": ["2024-01-01", "2024-02-01"]})
    >>> statements(rows, "consensi", "Europe/Rome")[["customer_id", "channels", "purposes", "against"]]
      customer_id  channels  purposes  against
    0          K1         1         2     True
    1          K2         1         2    False
    """
    if not len(data):
        return _collected([])
    reading = Reading(data, table, zone)
    readers = {"consents": _consents, "objections": _objections, "mails": mails, "remarks": remarks}
    parts = readers.get(kind, profile)(reading, kind)
    return _collected([part for part in parts if len(part)])


def _consents(reading: Reading, kind: Kind) -> list[pd.DataFrame]:
    """Read a table of consents: nothing in it may be misunderstood."""
    turn_flags(reading)
    senses = _signed(reading)
    who = reading.who()
    _refuse_nobody(reading, who)
    topic, when = _named_by(reading, topic_of(reading, strict=True)), when_of(reading, strict=True)
    size = len(reading)
    open_, ends = np.zeros(size, dtype=bool), np.full(size, NEVER)
    for name, facts in reading.facts_of("confirmed"):
        reading.refuse(facts.states("unknown", "words"), name, NO_ANSWER)
        open_ |= facts.states("no", "missing")
    for name, facts in reading.facts_of("expires"):
        reading.refuse(~facts.states("time", "missing"), name, NO_TIME)
        ends = np.fmin(ends, facts.time)
    yes, no = np.zeros(size, dtype=bool), np.zeros(size, dtype=bool)
    given, withdrawn = np.full(size, NEVER), np.full(size, NEVER)
    for role in ("channel", "purpose", "status"):
        for _, facts in reading.facts_of(role):
            yes |= (facts.answer > 0) | (facts.states("yes") & (role == "status"))
            no |= (facts.answer < 0) | (facts.states("no") & (role == "status"))
            open_ |= facts.open
    status = [facts for _, facts in reading.facts_of("status")]
    silent = np.any([facts.states("missing") for facts in status], axis=0) if status else np.zeros(size, dtype=bool)
    undecided = undecided_of(reading, senses)
    general = [(name, meaning) for name, meaning in senses if not meaning.channels and not meaning.purposes]
    for name, meaning in general:
        answers = answers_of(reading, name, meaning.answer, strict=True)
        open_ |= answers.open
        if meaning.answer < 0:
            withdrawn = np.fmin(withdrawn, answers.time)
            no |= answers.against & np.isnat(answers.time)
        else:
            given = np.fmax(given, answers.time)
            yes |= answers.yes & (np.isnat(answers.time) | ~undecided[0, 0])
            no |= answers.against
    since = np.where(np.isnat(withdrawn), when, withdrawn)
    parts = [
        as_statements(reading, who, topic, no | ~np.isnat(withdrawn), since, against=True),
        _granted(reading, who, topic, yes & ~no & ~open_ & ~silent, np.where(np.isnat(given), when, given),
                 ends=np.fmin(ends, withdrawn)),
    ]  # fmt: skip
    parts += remarks(reading, kind)
    for name, meaning in senses:
        if not meaning.channels and not meaning.purposes:
            continue
        answers = answers_of(reading, name, meaning.answer, strict=True)
        own = topic.with_name(meaning, name)
        since = np.where(np.isnat(answers.time), when, answers.time)
        parts.append(as_statements(reading, who, own, answers.against, since, against=True))
        stands = states_permission(answers, undecided[meaning.channels, meaning.purposes]) & ~open_
        parts.append(_granted(reading, who, own, stands, since, ends=np.fmin(ends, withdrawn)))
    if not _against_can_be_said(reading, senses) and any(len(part) for part in parts[1:]):
        raise SchemaError(
            f"{reading.table}: no column says who has withdrawn. Add withdrawn_ts, empty where nobody has, or a status "
            "(granted, withdrawn). docs/how-to/consent.md lists the names that are understood."
        )
    return parts


def _against_can_be_said(reading: Reading, senses: list[tuple[str, Sense]]) -> bool:
    """Tell whether a table of consents has any place for an objection."""
    if "status" in reading.roles or any(meaning.answer < 0 for _, meaning in senses):
        return True
    flags = any(reading.facts(name).states("yes", "no", "words").any() for name, _ in senses if name in reading.columns)
    topics = [facts for role in ("channel", "purpose") for _, facts in reading.facts_of(role)]
    return flags or any((facts.answer != 0).any() for facts in topics)


def _signed(reading: Reading) -> list[tuple[str, Sense]]:
    """Return the columns whose names are understood by their words; refuse those that are not understood at all."""
    understood, strange = [], []
    for name in reading.roles.get("", ()):
        meaning = sense(name) or (Sense(channels=channel_of_role(name)) if channel_of_role(name) else None)
        if meaning is None or meaning.open or meaning.every:
            strange.append(name)
        else:
            understood.append((name, meaning))
    strange = [name for name in strange if name in reading.columns]
    if strange:
        raise SchemaError(
            f"{reading.table}: the column {strange[0]!r} is not understood, and may hold objections. Give it a name "
            "that docs/how-to/consent.md lists, or take it out of the table."
        )
    return [(name, meaning) for name, meaning in understood if name in reading.columns or meaning.answer < 0]


def _refuse_nobody(reading: Reading, who: pd.DataFrame) -> None:
    for name in reading.roles.get("customer_id", ())[1:]:
        other = texts(reading.data[name])
        reading.refuse((other.notna() & (other != who["customer_id"])).to_numpy(), name, "is another customer than the "
                       "row's first id. Leave one of the two columns out.")  # fmt: skip
    nobody = who[["customer_id", "contact_id", "email", "phone"]].isna().all(axis=1).to_numpy()
    if not any(reading.roles.get(role) for role in (*WHO[:4], "address")):
        raise SchemaError(
            f"{reading.table}: no column says whose row it is. Name one customer_id, contact_id, email or phone."
        )
    if not nobody.any():
        return
    blank = reading.data[nobody].map(lambda value: cell(value, reading.zone).kind == "missing").all(axis=1)
    wrong = nobody.copy()
    wrong[nobody] = ~blank.to_numpy()
    if wrong.any():
        column = next(name for role in (*WHO[:4], "address") for name in reading.roles.get(role, ()))
        reading.refuse(
            wrong, column, "there is nobody in this row. Name a customer, a contact, an address or a number."
        )


def _granted(
    reading: Reading, who: pd.DataFrame, topic: Topic, rows: Bools, since: Times, *, ends: Times
) -> pd.DataFrame:
    """Make permissions of some rows, or refuse them: a permission is for a channel and a purpose, both certain.

    One that was withdrawn later is no permission any more: what it lacks is not asked for.
    """
    certain = (topic.channels != 0) & (topic.purposes != 0) & ~topic.at_odds & ~topic.doubtful
    rows = rows & (certain | np.isnat(ends))
    for part, role, lacks in (
        (topic.channels, "channel", "A permission counts only for a channel: name it, or all."),
        (topic.purposes, "purpose", "A permission counts only for what it was given for: marketing, service, ..."),
    ):
        column = next(iter(reading.roles.get(role, [topic.column])))
        reading.refuse(rows & (part == 0), column, f"there is no {role}. {lacks}")
    reading.refuse(rows & topic.at_odds, topic.column, "names another channel or purpose than the rest of its row.")
    reading.refuse(
        rows & topic.doubtful,
        _doubtful(reading, rows) or topic.column,
        "may mean more than one channel: enough for an objection, too little for a permission. Write email, sms, "
        "whatsapp or phone.",
    )
    return as_statements(reading, who, topic, rows, since, against=False, ends=ends)


def _doubtful(reading: Reading, rows: Bools) -> str | None:
    """Return the column whose value may mean more than one channel."""
    columns = [each for role in ("channel", "purpose", "status") for each in reading.facts_of(role)]
    return next((name for name, facts in columns if (facts.doubtful & rows).any()), None)


def _objections(reading: Reading, kind: Kind) -> list[pd.DataFrame]:  # noqa: ARG001 - all readers are called alike
    """Read a list of those who said no: whoever is on it has said so, whatever else its columns say."""
    who = reading.who()
    _refuse_nobody(reading, who)
    topic = _named_by(reading, topic_of(reading, strict=False))
    since = np.full(len(reading), NEVER)
    for name in reading.roles.get("", ()):
        signed = sense(name)
        if signed is not None and signed.answer < 0 and name in reading.columns:
            since = np.fmin(since, reading.facts(name).time)
    since = np.where(np.isnat(since), when_of(reading, strict=False), since)
    somebody = who[["customer_id", "contact_id", "email", "phone"]].notna().any(axis=1).to_numpy()
    return [as_statements(reading, who, topic, somebody, since, against=True)]


def _named_by(reading: Reading, topic: Topic) -> Topic:
    """Take what no column says from the table's name, as in sms_optouts. An empty cell says less than no column."""
    meaning = Sense(channels=table_channels(reading.table))
    meaning = meaning if meaning.channels else sense(reading.table) or meaning
    channels, purposes = topic.channels, topic.purposes
    if "channel" not in reading.roles:
        channels = np.where(channels == 0, meaning.channels, channels)
    if "purpose" not in reading.roles:
        purposes = np.where(purposes == 0, meaning.purposes, purposes)
    return topic._replace(channels=channels, purposes=purposes)


def _collected(parts: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Put statements together, with the types that they have even if there are none."""
    import pandas as pd

    types: dict[str, Any] = {
        **dict.fromkeys((*WHO, "table"), object),
        **dict.fromkeys(("row", "channels", "purposes"), "int64"),
        "against": bool,
        **dict.fromkeys(("since", "ends"), "datetime64[us]"),
    }
    empty = pd.DataFrame({name: pd.Series(dtype=kind) for name, kind in types.items()})
    whole = pd.concat(parts, ignore_index=True) if parts else empty
    return whole[list(COLUMNS)].astype(types)
