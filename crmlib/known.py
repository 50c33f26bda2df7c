"""What a table held at the end of a day: rows that had come to be, and of those only what was known.

A row comes to be at its first time (a survey when it is sent, a permission when it is given). What happened to it later
(the answer, the withdrawal) is empty until it has happened, and so is what came with it (the score).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from crmlib import order_lines, spark_lines
from crmlib.days import until
from crmlib.engine import DuckDB, quote
from crmlib.errors import SchemaError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import date

    from crmlib import policy
    from crmlib.engine import Table
    from crmlib.sources import Raw

__all__ = ["known_by"]

_IDS = {"customer_id", "order_id", "product_id"}
#: What happens to a row after it has come to be -> the columns that are known only then.
_LATER = {"answered_ts": ("score", "comment"), "withdrawn_ts": (), "closed_ts": (), "delivered_ts": ()}
#: Tables without a time of their own -> the table, and the id, that dates their rows.
_DATED_BY = {"session_zones": ("sessions", "session_id")}


@dataclass(frozen=True)
class _Spelling:
    """What the engines spell differently here."""

    quote: Callable[[str], str]
    as_id: Callable[[str, str], str]
    as_time: Callable[[str, str, Raw, policy.Orders], str]


_HERE = _Spelling(quote, order_lines.as_id, order_lines.as_time)
_ON_SPARK = _Spelling(
    spark_lines.quoted,
    spark_lines.as_id,
    lambda column, kind, _, rules: spark_lines.as_time(column, kind, rules.timezone),
)


def known_by(name: str, tables: Mapping[str, Raw], day: date, rules: policy.Orders) -> Table:
    """Return a source's table as it was known at the end of a day, its ids as text so that they join with the orders'.

    Parameters
    ----------
    name
        Which table.
    tables
        All of the source's.
    day
        Inclusive. A table that has no time passes whole; a session's zones go with the session.
    rules
        Whose ``timezone`` is the shop's. Text in a column ``..._ts`` is read as the orders' times are.

    Returns
    -------
    Table
        The rows whose first time is not after the day; later times that are, and what came with them, are null.

    Raises
    ------
    SchemaError
        A text in a column ``..._ts`` is no time; the message names table, row and column.
    """
    raw = tables[name]
    spelling = _HERE if isinstance(raw.table.engine, DuckDB) else _ON_SPARK
    quote, end = spelling.quote, raw.table.engine.moment(until(day))
    types = {column: kind for column, kind in raw.table.types.items() if column in raw.names}
    times = _times(types)
    _refuse_text(raw, times, types)
    typed = {
        column: spelling.as_id(quote(column), kind) if column in _IDS else quote(column)
        for column, kind in types.items()
    }
    for column in times:
        typed[column] = spelling.as_time(quote(column), types[column], raw, rules)
        _refuse_unreadable(raw, column, typed[column])
    rows = f"select {', '.join(f'{text} as {quote(column)}' for column, text in typed.items())} from "
    rows += quote(raw.table.name)
    picked = {column: quote(column) for column in typed}
    for column in filter(times.__contains__, _LATER):
        for other in (column, *filter(types.__contains__, _LATER[column])):
            picked[other] = f"case when {quote(column)} < {end} then {quote(other)} end"
    start = next((column for column in times if column not in _LATER), None)
    if start and "first_response_hours" in types:
        hours = f"24 * day_index({quote(start)}) + extract(hour from {quote(start)}) + first_response_hours"
        picked["first_response_hours"] = f"case when {hours} < 24 * day_index({end}) then first_response_hours end"
    where = "" if start is None else f" where {quote(start)} < {end} or {quote(start)} is null"
    if name in _DATED_BY and start is None and _DATED_BY[name][0] in tables:
        whole, key = _DATED_BY[name]
        dated = known_by(whole, tables, day, rules)
        where = f" where {quote(key)} in (select {quote(key)} from {quote(dated.name)})"
    columns = ", ".join(f"{text} as {quote(column)}" for column, text in picked.items())
    return raw.table.engine.table(f"select {columns} from ({rows}) as known{where}")


def _times(types: Mapping[str, str]) -> list[str]:
    """Return the columns that say when something happened; where no name ends in _ts, the first of a time type."""
    named = [column for column in types if column.endswith("_ts")]
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
    text = order_lines.as_id(quote(column), raw.table.types[column])
    rows = f"select row_number() over () as place, {text} as said, {read} as time from {quote(raw.table.name)}"
    found = raw.table.engine.rows(
        f"select place, said from ({rows}) where said is not null and time is null order by place limit 1"
    )
    if found:
        place, said = found[0]
        raise SchemaError(
            f"{raw.label}, row {place - 1 + raw.first_row}, column {column!r}: {said!r} is not a time. Write it as "
            "2024-12-31 18:30:00, give date_format, or rename the column if it holds something else."
        )
