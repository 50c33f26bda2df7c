"""What a table held at the end of a day: rows that had come to be, and of those only what was known.

A row comes to be at its first time (a survey when it is sent, a permission when it is given). What happened to it later
(the answer, the withdrawal) is empty until it has happened, and so is what came with it (the score).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from crmlib.days import until
from crmlib.engine import DuckDB
from crmlib.errors import SchemaError
from crmlib.shop import lines as order_lines
from crmlib.shop import spark_lines
from crmlib.shop.ids import as_written, is_text, words_for
from crmlib.shop.values import Cells, refuse_unread
from crmlib.text.consent import kind_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import date

    from crmlib import policy
    from crmlib.engine import Table
    from crmlib.shop.ledger import Ledger
    from crmlib.shop.raw import Raw
    from crmlib.shop.recognition import Taken

__all__ = ["known_by"]

#: The columns of consents in crmlib's own form.
_CONSENTS = {"consent_id", "customer_id", "contact_id", "channel", "purpose", "given_ts", "source", "withdrawn_ts"}
_IDS = {"customer_id", "order_id", "product_id"}
#: What happens to a row after it has come to be -> the columns that are known only then.
_LATER = {"answered_ts": ("score", "comment"), "withdrawn_ts": (), "closed_ts": (), "delivered_ts": ()}
_NO_TIME = (
    "is not a time. Write it as 2024-12-31 18:30:00, give date_format, or rename the column if it holds something else."
)
#: Tables without a time of their own -> the table, and the id, that dates their rows.
_DATED_BY = {"session_zones": ("sessions", "session_id")}


@dataclass(frozen=True)
class _Spelling:
    """What the engines spell differently here."""

    as_id: Callable[[str, str], str]
    as_time: Callable[[str, str, Raw, policy.Orders], str]


_HERE = _Spelling(order_lines.as_id, order_lines.as_time)
_ON_SPARK = _Spelling(
    spark_lines.as_id,
    lambda column, kind, _, rules: spark_lines.as_time(column, kind, rules.timezone),
)


def known_by(
    name: str,
    tables: Mapping[str, Raw],
    taken: Mapping[str, Taken],
    day: date,
    rules: policy.Orders,
    *,
    ledger: Ledger | None = None,
) -> Table:
    """Return a source's table as it was known at the end of a day, its ids as text so that they join with the orders'.

    Parameters
    ----------
    name
        Which table.
    tables
        All of the source's.
    taken
        What the columns of each were taken for.
    day
        Inclusive. A table that has no time passes whole; a session's zones go with the session.
    rules
        Whose ``timezone`` is the shop's. Text in a column ``..._ts`` is read as the orders' times are.
    ledger
        Where values that are not understood are noted.

    Returns
    -------
    Table
        The rows whose first time is not after the day; later times that are, and what came with them, are null.

    Raises
    ------
    SchemaError
        A text in a column ``..._ts`` is no time, or one in a column of numbers no number; the message names table, row
        and column.
    """
    columns = _columns_of(name, tables[name], taken[name], day, rules)
    engine = columns.raw.table.engine
    read = ", ".join(f"{columns.read(column, ledger)} as {columns.quote(column)}" for column in columns.types)
    known = ", ".join(f"{columns.known(column)} as {columns.quote(column)}" for column in columns.types)
    rows = f"select {read} from {columns.quote(columns.raw.table.name)}"
    dated_by, key = _DATED_BY.get(name, ("", ""))
    if columns.start is None and dated_by in tables:
        dated = known_by(
            dated_by, tables, taken, day, rules
        )  # held until the query has run: a table goes with its object
        return engine.table(f"select {known} from ({rows}) as known where {columns.is_among(key, dated)}")
    return engine.table(f"select {known} from ({rows}) as known{columns.where_started()}")


@dataclass(frozen=True)
class _Columns:
    """A table's columns, and what of each is known at the end of a day.

    Attributes
    ----------
    raw, taken, rules
        The table, what its columns were taken for, and whose time zone it is read in.
    types, times
        The columns with their types; those that say when something happened.
    spelling, end
        What the engine spells differently; the end of the day, spelled so.
    of_consent
        Whether its rows say who may be contacted: an objection counts from its own time on, whatever else its row
        holds, so only rows that cannot hold one end with the day.
    """

    raw: Raw
    taken: Taken
    rules: policy.Orders
    types: Mapping[str, str]
    times: Sequence[str]
    spelling: _Spelling
    end: str
    of_consent: bool

    def quote(self, name: str) -> str:
        """Return a name in the engine's quotes."""
        return self.raw.table.engine.quoted(name)

    @property
    def start(self) -> str | None:
        """The time at which a row comes to be."""
        return next((column for column in self.times if column not in _LATER), None)

    def where_started(self) -> str:
        """Return the SQL for the rows that had come to be by the day; nothing where no time tells."""
        if self.start is None:
            return ""
        start = self.quote(self.start)
        started = f" where {start} < {self.end} or {start} is null"
        if not self.of_consent:
            return started
        return f"{started} or {self.quote('withdrawn_ts')} < {self.end}" if self._gives_and_withdraws else ""

    @property
    def _gives_and_withdraws(self) -> bool:
        """Whether it is a table of consents in crmlib's own form, with both times in one row."""
        return self.of_consent and {"given_ts", "withdrawn_ts"} <= set(self.times) <= set(self.types) <= _CONSENTS

    def is_among(self, key: str, table: Table) -> str:
        """Return the SQL condition for rows whose key is in another table."""
        return f"{self.quote(key)} in (select {self.quote(key)} from {self.quote(table.name)})"

    def read(self, column: str, ledger: Ledger | None) -> str:
        """Return the SQL that reads a column: times as times, ids as text, words as crmlib writes them."""
        if column in self.times:
            return self._time(column)
        source = self.quote(self.taken.names[column])
        if column in _IDS:
            text = self.spelling.as_id(source, self.types[column])
            words = words_for(column, self.rules)
            return as_written(
                text, self.types[column], words, self.raw.table.engine.literal, may_be_mailbox=column == "customer_id"
            )
        about = self.taken.schema.column(column) if self.taken.schema and not self.of_consent else None
        if about is None:
            return source
        return Cells(self.raw, self.taken.names[column], source, self.rules).read(about, ledger)

    def reads(self, column: str) -> bool:
        """Tell whether each value of a column of times is one."""
        source = self.taken.names[column]
        if _is_time(self.types[column]):
            return True
        text = order_lines.as_id(self.quote(source), self.types[column])
        time = self.spelling.as_time(self.quote(source), self.types[column], self.raw, self.rules)
        wrong = f"select count(*) from {self.raw.table.name} where {text} is not null and {time} is null"
        return not self.raw.table.engine.rows(wrong)[0][0]

    def _time(self, column: str) -> str:
        source = self.taken.names[column]
        text = self.spelling.as_time(self.quote(source), self.types[column], self.raw, self.rules)
        if column == "month" and is_text(self.types[column]) and isinstance(self.raw.table.engine, DuckDB):
            month = f"trim({self.quote(source)})"
            alone = rf"regexp_full_match({month}, '\d{{4}}-\d\d')"
            text = f"case when {alone} then try_cast(concat({month}, '-01') as timestamp) else {text} end"
        _refuse_unreadable(self.raw, source, text)
        return text

    def known(self, column: str) -> str:
        """Return the SQL for what is known of a column that has been read."""
        event = next((event for event in self.times if column == event or column in _LATER.get(event, ())), None)
        if event in _LATER:
            return self._once_happened(column, event)
        if column == "given_ts" and self._gives_and_withdraws:  # kept for its withdrawal, the row tells no later grant
            return self._once_happened(column, column)
        if column == "first_response_hours" and self.start:
            return self._once_answered(column, self.start)
        return self.quote(column)

    def _once_happened(self, column: str, event: str) -> str:
        """Return the SQL for a later event, or what comes with it: empty until it has happened."""
        return f"case when {self.quote(event)} < {self.end} then {self.quote(column)} end"

    def _once_answered(self, column: str, start: str) -> str:
        """Return the SQL for hours that pass after the start: empty until they have passed."""
        hours = f"24 * day_index({self.quote(start)}) + extract(hour from {self.quote(start)}) + {column}"
        return f"case when {hours} < 24 * day_index({self.end}) then {column} end"


def _columns_of(name: str, raw: Raw, taken: Taken, day: date, rules: policy.Orders) -> _Columns:
    kinds = raw.table.types
    types = {column: kinds[source] for column, source in taken.names.items()}
    of_consent = kind_of(name) in {"consents", "objections"}
    times = _times(types, taken)
    _refuse_text(raw, times, types)
    spelling = _HERE if isinstance(raw.table.engine, DuckDB) else _ON_SPARK
    columns = _Columns(raw, taken, rules, types, times, spelling, raw.table.engine.moment(until(day)), of_consent)
    if not of_consent:
        return columns
    # a yes, a never, a date in words: what it says of a consent is read with the consent, which names what it cannot
    return replace(columns, times=[column for column in times if columns.reads(column)])


def _times(types: Mapping[str, str], taken: Taken) -> list[str]:
    """Return the columns that say when something happened; where no name tells, the first of a time type."""
    known = {column.name for column in taken.schema.columns if column.kind == "timestamp"} if taken.schema else set()
    named = [column for column in types if column.endswith("_ts") or column in known]
    typed = [column for column, kind in types.items() if _is_time(kind)]
    return named or typed[:1]


def _is_time(kind: str) -> bool:
    return kind.upper().startswith(("TIMESTAMP", "DATE"))


def _refuse_text(raw: Raw, times: list[str], types: Mapping[str, str]) -> None:
    """On a cluster, times have a type: rows have no numbers there, so that a bad one could not be named."""
    for column in times:
        if not isinstance(raw.table.engine, DuckDB) and not _is_time(types[column]):
            raise SchemaError(
                f"{raw.label}, column {column!r}: a time cannot be of the type {types[column]}. Make it a timestamp "
                f"first: df.withColumn({column!r}, to_timestamp({column!r}))."
            )


def _refuse_unreadable(raw: Raw, column: str, read: str) -> None:
    """Name the first value of a text column that is no time."""
    if _is_time(raw.table.types[column]):
        return
    text = order_lines.as_id(raw.table.engine.quoted(column), raw.table.types[column])
    refuse_unread(raw, column, text, read, _NO_TIME)
