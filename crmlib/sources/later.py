"""What a database holds from a day on, and whether what it held before is as it was."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING

from crmlib.schema import TABLES, match_columns
from crmlib.sources.addresses import address
from crmlib.sources.raw import Raw, Reading, Wanted, moment, undated
from crmlib.sources.servers import ORDERS, Server, connect, database_name, loaded, queries

if TYPE_CHECKING:
    from crmlib.engine import DuckDB

__all__ = ["Later", "read_later"]


@dataclass(frozen=True)
class Later:
    """A database's orders in three: what is known, days that are over, and the last day.

    Attributes
    ----------
    name
        A short name.
    tables
        All tables but the orders, whole; of the orders the last day.
    days_over
        Orders from `since` up to `settled`, exclusive; none where no day is over.
    last_day
        Orders from `settled` on, and those without a date.
    since
        From when on days were read; None where all were.
    settled
        The start of the last day, by the database's clock, as ISO text; None where days cannot be told apart.
    tally
        Number and checksum of all orders before it.
    why
        Why all were read although the caller knew some; nothing otherwise.
    """

    name: str
    tables: dict[str, Raw]
    days_over: Raw | None
    last_day: Raw
    since: str | None
    settled: str | None
    tally: tuple[int, str]
    why: str


def read_later(
    url: str, engine: DuckDB, reading: Reading, wanted: Wanted, *, since: str | None, tally: tuple[int, str]
) -> Later:
    """Read a database's orders from a moment on, if those before it are as they were; all of them otherwise.

    Parameters
    ----------
    url, engine, reading, wanted
        As for `crmlib.sources.servers.read_server`.
    since
        Orders before this moment are known; None reads all.
    tally
        Number and checksum of the known ones, as this function gave them.
    """
    place = address(url)
    with contextlib.closing(connect(place)) as server:
        asked = queries(server, place, reading, wanted)
        main = next(name for name in ORDERS if name in asked)
        label, text = asked[main]
        orders = f"({text}) as crmlib_orders"

        def load(condition: str) -> Raw:
            part = f"select * from {orders}{condition and f' where {condition}'}"
            return Raw(label, loaded(engine, server, part, place, label), reading=reading)

        column, settled, why = _last_day(server, orders, reading, wanted, label)
        days_over = None
        if settled is None:
            since, tally, last_day = None, (0, "0"), load("")
        else:
            start = moment(settled)
            if since is not None:
                why = _difference(server, orders, f"{column} < {moment(datetime.fromisoformat(since))}", tally)
            if why or since is None:
                since, tally, between = None, (0, "0"), f"{column} < {start}"
            else:
                between = f"{column} >= {moment(datetime.fromisoformat(since))} and {column} < {start}"
            counted = server.tally(f"select * from {orders} where {between}")
            if counted[0]:
                days_over = load(between)
            tally = (tally[0] + counted[0], str(int(tally[1]) + int(counted[1])))
            last_day = load(f"{column} >= {start} or {column} is null")
        tables = {
            name: Raw(told, loaded(engine, server, query, place, told), reading=reading)
            for name, (told, query) in asked.items()
            if name != main
        }
    name = database_name(place)
    moment_text = None if settled is None else settled.isoformat()
    return Later(name, {main: last_day, **tables}, days_over, last_day, since, moment_text, tally, why)


def _last_day(
    server: Server, orders: str, reading: Reading, wanted: Wanted, label: str
) -> tuple[str, datetime | None, str]:
    """Find the column of times, and the start of the last day; or say why the days cannot be told apart."""
    found = match_columns(
        list(server.columns(orders, reading.decimal)), TABLES["order_lines"], mapped=wanted.columns, place=label
    )
    if "order_ts" not in found or found["order_ts"] not in server.moments(orders):
        return "", None, "the database does not keep the order's time as a time"
    if "order_id" not in found:
        return "", None, "orders without ids are numbered in turn"
    column = server.quoted(found["order_ts"])
    last = server.rows(f"select max({column}) from {orders} where not ({undated(column)})")[0][0]
    if not isinstance(last, date):  # a datetime is one
        return column, None, "it holds no order yet"
    return column, datetime(last.year, last.month, last.day), ""  # noqa: DTZ001 - the database's own clock


def _difference(server: Server, orders: str, known: str, tally: tuple[int, str]) -> str:
    """Say how what is known differs from what is there now; nothing where it does not."""
    now = server.tally(f"select * from {orders} where {known}")
    if now[0] != tally[0]:
        return f"there are {now[0]:,} rows where {tally[0]:,} were kept: some came late or went"
    return "" if now == tuple(tally) else "rows that were kept have changed"
