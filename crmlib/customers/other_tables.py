"""Statements about contact in tables that are about something else: customers, contacts, mails, any other."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np

from crmlib.customers.answers import channel_of_role, states_permission, turn_flags, undecided_of
from crmlib.customers.reading import NEVER_WANTED, WHO, Reading, Topic, answers_of, as_statements, texts, when_of
from crmlib.text.consent import (
    CHANNELS,
    EVERY,
    PURPOSES,
    Kind,
    Sense,
    answer_within,
    bits,
    column_role,
    is_status,
    sense,
    tokens,
    words,
)
from crmlib.text.consent_cells import cell
from crmlib.text.consent_remarks import channels_refused_in, is_remark
from crmlib.text.spelling import plain

if TYPE_CHECKING:
    import pandas as pd

    from crmlib.arrays import Bools


__all__ = ["mails", "profile", "remarks"]


def profile(reading: Reading, kind: Kind) -> list[pd.DataFrame]:
    """Read what customers or contacts have beside their names: boxes for and against, by the words in their headings.

    A contact's box that is not ticked is no objection; words that say that somebody left are. Other tables are read for
    these only; those of what people chose, for each no.

    Parameters
    ----------
    reading
        The table.
    kind
        What it is.
    """
    who = reading.who()
    if kind == "customers":
        who[["contact_id", "email", "phone"]] = None
    elif kind == "contacts":
        who["customer_id"] = None
    turn_flags(reading)
    none = np.zeros(len(reading), dtype=np.int64)
    nothing = Topic(none, none, none.astype(bool), none.astype(bool), "")
    senses = [
        (name, sense(name) or _privacy(name) or Sense(channels=channel_of_role(name)))
        for name in reading.roles.get("", ())
    ]
    senses = [(name, meaning) for name, meaning in senses if name in reading.columns]
    chose = kind in {"customers", "preferences"}  # a no is one, there; elsewhere a box that nobody ticked
    asked = [(name, meaning) for name, meaning in senses if _is_about_contact(reading, name, meaning, kind)]
    undecided = undecided_of(reading, asked)
    parts = [_left(reading, who, name, nothing, kind) for name in reading.columns if _may_say_so(reading, name, kind)]
    parts += [_remarks(reading, who, name, nothing) for name in reading.columns if is_remark(name)]
    parts += [_ticked(reading, who, name, nothing) for name, meaning in senses
              if meaning == Sense() and answer_within(name) < 0]  # fmt: skip
    for name, meaning in asked:
        told = meaning.answer < 0 and kind not in {"others", "preferences"}
        # a state may be one of many words; of another answer that is not understood somebody must be asked
        strict = (told or (kind == "customers" and not is_status(name))) and not meaning.gone
        answers = answers_of(reading, name, meaning.answer, strict=strict)
        topic = nothing.with_name(meaning, name)
        against = answers.against
        if not chose and meaning.answer >= 0:
            against = against & (reading.facts(name).answer < 0)
        parts.append(as_statements(reading, who, topic, against, answers.time, against=True))
        sure = kind == "customers" and meaning.channels and meaning.purposes and not meaning.doubtful
        stands = states_permission(answers, undecided[meaning.channels, meaning.purposes]) & bool(sure)
        parts.append(as_statements(reading, who, topic, stands, answers.time, against=False))
    return [part[part[[*WHO[:4]]].notna().any(axis=1)] for part in parts]


def _privacy(name: str) -> Sense | None:
    """Return what a column called privacy or gdpr alone is about: a no in it is one, a yes no permission."""
    return Sense(answer=1, there=True, gone=True) if tokens(name) and tokens(name) <= {"privacy", "gdpr"} else None


#: A column of more different values than that holds no states.
_MOST_STATES = 500


def _may_say_so(reading: Reading, name: str, kind: Kind) -> bool:
    """Tell whether a column may hold a word by which somebody left: a state or a tag; of people, any without a role."""
    if is_status(name):
        return True
    if kind in {"others", "contacts"} or (column_role(name) not in {None, "purpose"}):
        return False
    return bool(
        reading.data[name].dtype == object or str(reading.data[name].dtype) in {"str", "string", "category"}
    ) and (reading.data[name].nunique() <= _MOST_STATES)


def _left(reading: Reading, who: pd.DataFrame, name: str, nothing: Topic, kind: Kind) -> pd.DataFrame:
    """Read states or tags for words that say that somebody left: unsubscribed, not cancelled."""
    import pandas as pd

    code, distinct = pd.factorize(reading.data[name].astype(object), use_na_sentinel=True)
    meanings = [*(_leaving(value, kind, of_people=is_status(name)) for value in distinct), Sense()]
    rows = np.array([meaning.answer < 0 for meaning in meanings])[code]
    channels, purposes = (
        np.array([getattr(meaning, part) for meaning in meanings])[code] for part in ("channels", "purposes")
    )
    topic = nothing.joined(channels, purposes, rows, name)
    own = sense(name)
    topic = topic if own is None else topic.with_name(own, name)
    return as_statements(reading, who, topic, rows, when_of(reading, strict=False), against=True)


def _leaving(value: Any, kind: Kind, *, of_people: bool) -> Sense:
    """Return what the first words of a value say about leaving, if they say anything about it."""
    if kind == "preferences" and plain(value) in NEVER_WANTED:
        return Sense(answer=-1)
    for part in [str(value), *re.split(r"[,;|]", str(value))]:
        meaning = sense(part)
        if meaning is None or meaning.answer >= 0:
            continue
        gone = meaning.gone and of_people and kind in {"customers", "contacts"}
        if gone or not meaning.there or kind == "preferences":
            return meaning
    return Sense()


def _remarks(reading: Reading, who: pd.DataFrame, name: str, nothing: Topic) -> pd.DataFrame:
    """Read running text in which somebody asks to be left alone."""
    import pandas as pd

    code, distinct = pd.factorize(reading.data[name].astype(object), use_na_sentinel=True)
    channels = np.array([*(channels_refused_in(str(value)) for value in distinct), 0], dtype=np.int64)[code]
    topic = nothing.joined(channels, np.zeros_like(channels), channels > 0, name)
    since = when_of(reading, strict=False)
    for other in reading.columns:  # a ticket says when it was opened
        if isinstance(reading.data[other].dtype, np.dtype) and reading.data[other].dtype.kind == "M":
            since = np.where(np.isnat(since), reading.facts(other).time, since)
    return as_statements(reading, who, topic, channels > 0, since, against=True)


def remarks(reading: Reading, kind: Kind) -> list[pd.DataFrame]:  # noqa: ARG001 - all readers are called alike
    """Read a table about something else for running text in which somebody asks to be left alone.

    Parameters
    ----------
    reading
        The table.
    kind
        What it is: all readers are called alike.
    """
    none = np.zeros(len(reading), dtype=np.int64)
    nothing = Topic(none, none, none.astype(bool), none.astype(bool), "")
    who = reading.who()
    parts = [_remarks(reading, who, name, nothing) for name in reading.columns if is_remark(name)]
    return [part[part[[*WHO[:4]]].notna().any(axis=1)] for part in parts]


def _ticked(reading: Reading, who: pd.DataFrame, name: str, nothing: Topic) -> pd.DataFrame:
    """Read a column that is about leaving and about something else that nobody knows: a tick or a time in it counts."""
    facts = reading.facts(name)
    return as_statements(reading, who, nothing, facts.states("yes", "time"), facts.time, against=True)


def _strong(reading: Reading, name: str) -> Bools:
    """Tell where a value's words are about contact wherever they stand: unsubscribed, not cancelled."""
    import pandas as pd

    def is_strong(value: Any) -> bool:
        meaning = cell(value, reading.zone).sense
        return meaning.answer < 0 and not meaning.there

    code, distinct = pd.factorize(reading.data[name].astype(object), use_na_sentinel=True)
    strong = np.array([*map(is_strong, distinct), False])
    return strong[code]


def _complains(reading: Reading, name: str) -> Bools:
    """Tell where a mail was answered by a complaint: of any other table that would say nothing of contact."""
    known = {*map(plain, words()["tables"]["mails"]["words"])}
    there = reading.data[name].map(lambda value: plain(value) in known, na_action="ignore")
    complains: Bools = there.fillna(value=False).astype(bool).to_numpy()
    return complains


def _is_about_contact(reading: Reading, name: str, meaning: Sense, kind: Kind) -> bool:
    """Tell whether a column of customers is about contacting them, and not about their account."""
    if meaning == Sense():
        return False
    ours = meaning.channels & EVERY or meaning.purposes & bits(PURPOSES, "marketing", "soft_spam")
    if meaning.gone:
        return kind in {"customers", "contacts", "preferences"}
    if meaning.answer:
        return bool(ours) if meaning.there else not meaning.purposes or bool(ours)
    if meaning.channels and meaning.purposes:
        return bool(ours)
    about = bool(meaning.channels & EVERY or meaning.purposes == bits(PURPOSES, "marketing"))
    return about and _holds_answers(reading, name)


def _holds_answers(reading: Reading, name: str) -> bool:
    """Tell whether a column that is called as a channel or a purpose holds answers, and not addresses or counts.

    One answer is enough, whatever other words stand beside it: a no counts, and a word that is not understood is said.
    """
    facts = reading.facts(name)
    answers = facts.states("yes", "no") | (facts.answer != 0)
    known = answers | facts.states("missing") | facts.open
    if known.all():
        return True
    others = texts(reading.data[name][~known].drop_duplicates())
    return bool(answers.any() and not others.str.contains(r"\d|@").any())


def mails(reading: Reading, kind: Kind) -> list[pd.DataFrame]:  # noqa: ARG001 - all readers are called alike
    """Read who left through a link in a mail: an objection to advertising by mail.

    Parameters
    ----------
    reading
        The table.
    kind
        What it is: all readers are called alike.
    """
    who, parts = reading.who(), []
    size = len(reading)
    for name, facts in reading.facts_of("status"):
        channels = np.where(facts.channels == 0, bits(CHANNELS, "email"), facts.channels)
        purposes = np.where(facts.purposes == 0, bits(PURPOSES, "marketing", "soft_spam"), facts.purposes)
        no = np.zeros(size, dtype=bool)
        topic = Topic(channels, purposes, no, no, name)
        since = when_of(reading, strict=False)
        rows = (facts.answer < 0) & (_strong(reading, name) | _complains(reading, name))
        rows &= who[["customer_id", "contact_id", "email", "phone"]].notna().any(axis=1).to_numpy()
        parts.append(as_statements(reading, who, topic, rows, since, against=True))
    return parts
