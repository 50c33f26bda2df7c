"""A table about consent while it is read: whom each row is about, what it is about, since when, and the answer."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from crmlib.errors import SchemaError
from crmlib.text.consent import CHANNELS, EVERY, PURPOSES, Sense, column_role, names
from crmlib.text.consent_cells import Cell, cell, is_missing, looks_dated
from crmlib.text.spelling import plain, seen

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd
    from numpy.typing import NDArray

    from crmlib.arrays import Bools, Ints, Times


__all__ = [
    "NEVER",
    "NEVER_WANTED",
    "NO_ANSWER",
    "NO_TIME",
    "WHO",
    "Answers",
    "Facts",
    "Reading",
    "Topic",
    "answers_of",
    "as_statements",
    "texts",
    "topic_of",
    "when_of",
]

#: Who a row is about.
WHO = ("customer_id", "contact_id", "email", "phone", "country")
NEVER = np.datetime64("NaT", "us")
NEVER_WANTED = {"never", "mai"}
_SHOWN = 40
_LOOKED_UP = 10
_NOT_UNDERSTOOD = {
    "channel": f"is no channel that is known. Write {', '.join(CHANNELS)} or all. See docs/how-to/consent.md.",
    "purpose": f"is no purpose that is known. Write {', '.join(PURPOSES)} or all. See docs/how-to/consent.md.",
    "status": "is no answer that is known. Write granted, withdrawn or pending. See docs/how-to/consent.md.",
}
NO_TIME = "is not a time. Write it as 2024-12-31 18:30:00."
NO_ANSWER = (
    "is neither a time nor an answer. Write a time such as 2024-12-31 (or give date_format), yes or no, or leave it "
    "empty; see docs/how-to/consent.md."
)


def texts(column: pd.Series[Any]) -> pd.Series[str]:
    """Return ids, addresses or numbers as text, as they were written; whole floats without their point.

    Parameters
    ----------
    column
        Of any type.
    """
    import pandas as pd

    code, distinct = pd.factorize(column.astype(object), use_na_sentinel=True)
    shown = np.array([*map(_text, distinct), None], dtype=object)
    return pd.Series(shown[code], index=column.index, dtype=object)


def _text(value: Any) -> str | None:
    text = f"{value:.0f}" if isinstance(value, float) and value.is_integer() else str(value)
    # words for "missing" are short: most ids and addresses need not be looked up
    return None if len(text) < _LOOKED_UP and is_missing(text) else text


class Facts(NamedTuple):
    """What the cells of a column state, row by row."""

    kind: NDArray[np.str_]
    time: Times
    channels: Ints
    purposes: Ints
    answer: Ints
    open: Bools
    doubtful: Bools
    every: Bools

    def states(self, *kinds: str) -> Bools:
        """Tell where a cell is of one of some kinds."""
        """Tell where a cell is of one of some kinds."""
        return np.isin(self.kind, kinds)


@dataclass
class Reading:
    """A table while it is read."""

    data: pd.DataFrame
    table: str
    zone: str
    _facts: dict[str, Facts] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.data = self.data.reset_index(drop=True)
        self.data.columns = self.data.columns.astype("str")
        self.columns = [name for name in self.data.columns if not self._empty(name)]
        self.roles: dict[str, list[str]] = {}
        for name in self.data.columns:
            self.roles.setdefault(column_role(name) or "", []).append(name)

    def __len__(self) -> int:
        return len(self.data)

    def _empty(self, name: str) -> bool:
        return bool(self.data[name].isna().all())

    def facts(self, name: str) -> Facts:
        """Read each distinct value of a column once."""
        if name not in self._facts:
            import pandas as pd

            column = self.data[name]
            if isinstance(column.dtype, np.dtype) and column.dtype.kind == "M":
                return self._facts.setdefault(name, _of_times(column.to_numpy(dtype="datetime64[us]")))
            code, distinct = pd.factorize(column.astype(object), use_na_sentinel=True)
            cells = [*(cell(value, self.zone) for value in distinct), Cell("missing")]
            senses = [each.sense for each in cells]
            columns = (
                np.array([each.kind for each in cells]),
                np.array([NEVER if each.time is None else np.datetime64(each.time, "us") for each in cells],
                         dtype="datetime64[us]"),
                *(np.array([getattr(each, part) for each in senses]) for part in
                  ("channels", "purposes", "answer", "open", "doubtful", "every")),
            )  # fmt: skip
            self._facts[name] = Facts(*(values[code] for values in columns))
        return self._facts[name]

    def facts_of(self, role: str) -> list[tuple[str, Facts]]:
        """Read the columns of a role that hold anything."""
        return [(name, self.facts(name)) for name in self.roles.get(role, ()) if name in self.columns]

    def who(self) -> pd.DataFrame:
        """Return whom each row is about: `WHO`."""
        import pandas as pd

        table = pd.DataFrame(index=self.data.index, columns=list(WHO), dtype=object)
        for role in WHO:
            for name in self.roles.get(role, ()):
                table[role] = _both(table[role], texts(self.data[name])) if role in {"email", "phone"} else (
                    table[role].where(table[role].notna(), texts(self.data[name]))
                )  # fmt: skip
        for name in self.roles.get("address", ()):
            text = texts(self.data[name])
            mail = text.map(lambda value: value is not None and bool(re.search(r"@|\sat\s|\[at\]", seen(value))))
            table["email"] = _both(table["email"], text.where(mail.astype(bool), None))
            table["phone"] = _both(table["phone"], text.where(~mail.astype(bool), None))
        return table.where(table.notna(), None)

    def refuse(self, wrong: Bools, column: str, why: str) -> None:
        """Raise an error about the first row that is wrong.

        Parameters
        ----------
        wrong
            Rows.
        column
            Whose value is shown.
        why
            What is wrong with it, and what to do.
        """
        if not wrong.any():
            return
        place = int(wrong.argmax())
        value = self.data[column].iloc[place] if column in self.data else None
        who = next((f", {role} {text!r}" for role, text in self.who().iloc[place].items() if text is not None), "")
        shown = "" if cell(value, self.zone).kind == "missing" else f" {str(value)[:_SHOWN]!r}"
        raise SchemaError(f"{self.table}, row {place + 1}{who}, column {column!r}:{shown} {why}")


def _of_times(times: Times) -> Facts:
    none = np.zeros(len(times), dtype=np.int64)
    kind = np.where(np.isnat(times), "missing", "time")
    return Facts(kind, times, none, none, none, none.astype(bool), none.astype(bool), none.astype(bool))


def _both(first: pd.Series[Any], second: pd.Series[Any]) -> pd.Series[Any]:
    """Join two texts: a row may name two addresses."""
    joined = first.where(second.isna(), second)
    both = first.notna() & second.notna() & (first != second)
    return joined.mask(both, first.astype("str") + "; " + second.astype("str"))


class Topic(NamedTuple):
    """What rows are about, as far as they say."""

    channels: Ints
    purposes: Ints
    doubtful: Bools
    at_odds: Bools
    #: The columns that say so, to be named in errors.
    column: str

    def with_name(self, meaning: Sense, name: str) -> Topic:
        """Add what a column's name says.

        Parameters
        ----------
        meaning
            What the name says.
        name
            The name.
        """
        channels, purposes = (np.full(len(self.channels), part) for part in (meaning.channels, meaning.purposes))
        return self.joined(channels, purposes, np.full(len(self.channels), meaning.doubtful), name)

    def joined(self, channels: Ints, purposes: Ints, doubtful: Bools, name: str) -> Topic:
        """Add what another column says.

        Parameters
        ----------
        channels, purposes, doubtful
            What the column says, row by row.
        name
            The column.
        """
        """Add what another column says."""
        odds = _odds(self.channels, channels) | _odds(self.purposes, purposes)
        return Topic(self.channels | channels, self.purposes | purposes, self.doubtful | doubtful,
                      self.at_odds | odds, name)  # fmt: skip


def _odds(one: Ints, other: Ints) -> Bools:
    """Tell where two columns name different channels, or purposes."""
    odds: Bools = (one != 0) & (other != 0) & (one != other)
    return odds


def topic_of(reading: Reading, *, strict: bool) -> Topic:
    """Read what rows are about from the columns of channel, purpose and status.

    Parameters
    ----------
    reading
        The table.
    strict
        Whether a value that is not understood is an error.
    """
    size = len(reading)
    none = np.zeros(size, dtype=np.int64)
    topic = Topic(none, none, none.astype(bool), none.astype(bool), "channel")
    for role in ("channel", "purpose", "status"):
        for name, facts in reading.facts_of(role):
            if strict:
                reading.refuse(facts.states("unknown"), name, _NOT_UNDERSTOOD[role])
                if role != "status":
                    nothing = (facts.channels == 0) & (facts.purposes == 0) & (facts.answer == 0)
                    nothing &= ~facts.open & ~facts.every & ~facts.states("missing")
                    reading.refuse(nothing, name, _NOT_UNDERSTOOD[role])
            every = np.where(facts.every, EVERY, 0)
            channels = facts.channels | (every if role != "purpose" else 0)
            purposes = facts.purposes | (every if role != "channel" else 0)
            topic = topic.joined(channels, purposes, facts.doubtful, name)
    return topic


def when_of(reading: Reading, *, strict: bool) -> Times:
    """Return the time of rows that have one beside those of given and withdrawn.

    Parameters
    ----------
    reading
        The table.
    strict
        Whether a value that is no time is an error.
    """
    found = np.full(len(reading), NEVER)
    order = {name: place for place, name in enumerate(names("when"))}
    columns = sorted(reading.facts_of("when"), key=lambda each: order[plain(each[0])])
    for name, facts in columns:
        if strict:
            reading.refuse(~facts.states("time", "missing"), name, NO_TIME)
        found = np.where(np.isnat(found), facts.time, found)
    return found


class Answers(NamedTuple):
    """What a column of answers states: for, against, or open; and since when."""

    yes: Bools
    against: Bools
    open: Bools
    time: Times


def answers_of(reading: Reading, name: str, answer: int, *, strict: bool) -> Answers:
    """Read a column whose name is about an answer: opt_in, withdrawn_ts, newsletter.

    Parameters
    ----------
    reading
        The table.
    name
        The column.
    answer
        What its name says: for, against or neither.
    strict
        Whether a value that is not understood is an error.
    """
    facts = reading.facts(name)
    time, yes, no = facts.states("time"), facts.states("yes"), facts.states("no")
    against = facts.answer < 0
    if answer < 0:
        if strict:  # a date in words says that somebody left, whenever that was
            against |= facts.states("unknown") & _told(reading, name, lambda value: looks_dated(str(value)))
            wrong = (facts.states("unknown") | (facts.states("words") & ~facts.open)) & ~against
            reading.refuse(wrong, name, NO_ANSWER)
        else:
            against |= facts.states("unknown")  # nobody writes into such a column without a reason
        nobody = np.zeros(len(reading), dtype=bool)
        undecided = facts.open & ~_told(reading, name, lambda value: plain(value) in NEVER_WANTED)  # never withdrawn
        return Answers(nobody, time | yes | against, undecided, facts.time)
    granted = facts.answer > 0
    if answer == 0:  # of a newsletter "never" is an answer; of a consent, that nobody has given any
        against |= _told(reading, name, lambda value: plain(value) in NEVER_WANTED)
    if strict:
        reading.refuse(facts.states("unknown") | (facts.states("words") & ~against & ~granted & ~facts.open), name,
                       NO_ANSWER)  # fmt: skip
    return Answers(time | yes | granted, no | against, facts.open, facts.time)


def _told(reading: Reading, name: str, test: Callable[[Any], bool]) -> Bools:
    """Tell where a value of a column passes a test; each distinct one is asked once."""
    import pandas as pd

    code, distinct = pd.factorize(reading.data[name].astype(object), use_na_sentinel=True)
    passes: Bools = np.array([*map(test, distinct), False], dtype=bool)[code]
    return passes


def as_statements(
    reading: Reading, who: pd.DataFrame, topic: Topic, rows: Bools, since: Times, *, against: bool,
    ends: Times | None = None,
) -> pd.DataFrame:  # fmt: skip
    """Make statements of some rows.

    Parameters
    ----------
    reading
        The table.
    who
        Whom each row is about.
    topic
        What about.
    rows
        Those that state something.
    since
        From when on.
    against
        Whether they are objections.
    ends
        When permissions end, if they do.
    """
    at = np.flatnonzero(rows)
    channels, purposes = topic.channels[at], topic.purposes[at]
    if against:
        channels, purposes = np.where(channels == 0, EVERY, channels), np.where(purposes == 0, EVERY, purposes)
    return who.iloc[at].assign(
        table=reading.table, row=at + 1, channels=channels, purposes=purposes, against=against, since=since[at],
        ends=np.full(len(at), NEVER) if ends is None else ends[at],
    )  # fmt: skip
