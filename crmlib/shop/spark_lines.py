"""A Spark table's rows as order lines: `crmlib.shop.lines` for columns that have types already.

Text is not parsed here: who keeps 10^9 orders keeps them typed. What has the wrong type or no value is refused with
the table's and the column's name; rows have no numbers on a cluster, so none is named.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from crmlib.engine import MONEY
from crmlib.engine.spark import literal, quoted
from crmlib.errors import SchemaError
from crmlib.shop.carried import carried
from crmlib.shop.dates import EPOCHS
from crmlib.shop.facts import Place, odd_date, settled
from crmlib.shop.ids import BLANKS, GUARDED, as_written, guarded, words_for
from crmlib.shop.lines import found_columns
from crmlib.shop.preset_columns import Reader, arranged, is_of_the_order, leave_out_others, time_of_day
from crmlib.shop.schema import TABLES
from crmlib.shop.totals import stated_once, totals_once
from crmlib.shop.undone import undone

if TYPE_CHECKING:
    from collections.abc import Mapping

    from crmlib import policy
    from crmlib.engine import Table
    from crmlib.shop.ledger import Ledger
    from crmlib.shop.raw import Raw

__all__ = ["as_id", "as_time", "typed_lines"]

_WHOLE = ("tinyint", "smallint", "int", "bigint")
_NUMBERS = (*_WHOLE, "float", "double", "decimal")
_TYPES = {
    "id": (*_NUMBERS, "string", "varchar", "char"),
    "timestamp": ("timestamp", "timestamp_ntz", "date"),
    "money": _NUMBERS,
    "number": _NUMBERS,
    "text": ("string", "varchar", "char"),
}
_ADVICE = {
    "id": "An id is text or a whole number.",
    "timestamp": "Make it a timestamp first: df.withColumn({source!r}, to_timestamp({source!r})).",
    "money": "Make it a number first: df.withColumn({source!r}, df[{source!r}].cast('decimal(18, 4)')).",
    "number": "Make it a number first: df.withColumn({source!r}, df[{source!r}].cast('double')).",
    "text": "It holds words, such as 'cancelled'.",
}
#: For a value that is not there: what to do about it.
_EMPTY = {
    "order_ts": "an order without a time. Fill it in, or leave such rows out.",
    "amount": "an order without an amount, or one that is no number of money. Write 0 where nothing was paid, or leave "
    "such rows out.",
    "order_id": "an order without an id. Fill it in, or leave the column out of the table.",
    "customer_id": "an order without a customer. Fill it in, or leave such rows out: "
    "policy={'orders': {'missing_customer': 'drop'}}.",
}


def typed_lines(raw: Raw, rules: policy.Orders, columns: Mapping[str, str | None], ledger: Ledger) -> Table:
    """Check a Spark table's rows: one row for each order or order line, with an id, a time and an amount.

    Parameters
    ----------
    raw
        The table.
    rules
        What counts as an order.
    columns
        The caller's word on which column is which.
    ledger
        Where findings go.

    Returns
    -------
    Table
        As from `crmlib.shop.lines.lines`.

    Raises
    ------
    SchemaError
        A column is missing, could be meant twice, or is of a type that cannot hold it; or a value is missing.
    """
    engine = raw.table.engine
    found = found_columns(raw, columns, ledger)
    reader = _reader(raw)
    raw = leave_out_others(raw, found, reader, ledger)
    beside = undone(raw, found, rules, reader, ledger)
    typed = beside.told(_typed(raw, found, rules, reader), reader)
    found, rules = beside.names(found), beside.over(rules)
    rows = f"(select distinct * from {raw.rows})" if rules.duplicate_rows == "drop" else raw.rows
    table = engine.table(f"select {', '.join(f'{said} as {column}' for column, said in typed.items())} from {rows}")
    read = len(raw.table)
    if not read:
        raise SchemaError(f"{raw.label}: the table has no rows.")
    ledger.note("rows read", read)
    if rules.duplicate_rows == "drop":
        kept = engine.rows(f"select count(*) from {raw.rows}")[0][0]
        ledger.note("rows that repeat another in every column: dropped", kept - len(table))
    return _checked(table, raw, found, rules, ledger)


def _reader(raw: Raw) -> Reader:
    types = raw.table.types
    return Reader(
        text=lambda source: as_id(quoted(source), types[source]),
        money=lambda source: f"try_cast({quoted(source)} as {MONEY})",
        literal=literal,
    )


def _typed(raw: Raw, found: Mapping[str, str], rules: policy.Orders, reader: Reader) -> dict[str, str]:
    """Return an SQL expression for each of our columns, null where there is no value."""
    kinds = {column.name: column.kind for column in TABLES["order_lines"]}
    types = raw.table.types
    typed: dict[str, str] = {}
    for name, source in found.items():
        kind, held = kinds[name], types[source]
        if kind == "timestamp" and (time := _special_time(source, held, raw, found, rules)):
            typed[name] = time
            continue
        if held.partition("(")[0] not in _TYPES[kind]:
            advice = _ADVICE[kind].format(source=source)
            raise SchemaError(f"{raw.label}, column {source!r}: {name} cannot be of the type {held}. {advice}")
        column = quoted(source)
        typed[name] = {
            "id": as_id(column, held),
            "timestamp": as_time(column, held, rules.timezone),
            "money": f"try_cast({column} as {MONEY})",
            "number": f"cast({column} as double)",
            "text": f"trim({column})",
        }[kind]
        if kind == "id":
            typed[name] = as_written(
                typed[name], held, words_for(name, rules), literal, may_be_mailbox=name == "customer_id"
            )
    if "amount" not in typed:
        typed["amount"] = f"try_cast({typed['quantity']} * {typed['unit_price']} as {MONEY})"
    typed = arranged(typed, raw, found, reader)
    if "order_id" not in typed:
        # without ids, each row is an order of its own; numbered within its customer, the same on every computation
        place = (
            f"row_number() over (partition by {typed['customer_id']} order by {typed['order_ts']}, {typed['amount']})"
        )
        typed["order_id"] = f"concat('row-', {typed['customer_id']}, '-', lpad(cast({place} as string), 12, '0'))"
    cancelled = "false"
    if rules.cancelled_prefix and "order_id" in found:
        cancelled = f"coalesce(startswith({typed['order_id']}, {literal(rules.cancelled_prefix)}), false)"
    ids = [name for name in ("customer_id", "order_id") if name in found]
    guards = [guarded(as_id(quoted(found[name]), types[found[name]]), types[found[name]], literal) for name in ids]
    first = ("customer_id", "order_id", "order_ts", "amount")
    typed = {name: typed[name] for name in (*first, *(name for name in typed if name not in first))}
    return {
        **typed,
        "guarded": f"coalesce({' or '.join(filter(None, guards)) or 'false'}, false)",
        "cancelled": cancelled,
    }


def _special_time(source: str, held: str, raw: Raw, found: Mapping[str, str], rules: policy.Orders) -> str:
    """Return the time of a column that counts from 1970, or is of another zone than the shop; nothing for others."""
    preset = raw.preset
    forms = [raw.reading.date_format] if raw.reading.date_format else list(preset.date_formats) if preset else []
    epoch = next((form for form in forms if form in EPOCHS), None)
    if epoch and held.partition("(")[0] in _NUMBERS:
        micros = f"cast({quoted(source)} as decimal(38, 6)) * {1_000_000 // EPOCHS[epoch]}"
        return as_time(f"timestamp_micros(cast({micros} as bigint))", "timestamp", rules.timezone)
    clock = time_of_day(raw, found)
    if clock is not None and held == "date":
        moment = f"concat(cast({quoted(source)} as string), ' ', cast({quoted(clock)} as string))"
        return f"try_cast({moment} as timestamp_ntz)"
    if preset is not None and preset.timezone and held in {"timestamp_ntz", "date"}:
        zones = f"{literal(preset.timezone)}, {literal(rules.timezone)}"
        return f"convert_timezone({zones}, cast({quoted(source)} as timestamp_ntz))"
    return ""


def as_id(column: str, kind: str) -> str:
    """Return a Spark expression for an id as text, null where there is none.

    Parameters
    ----------
    column
        The column, quoted.
    kind
        Its type.
    """
    if kind in {"float", "double"}:
        # whole numbers with gaps become floats on their way through pandas: 12345.0 is the customer 12345
        whole = f"{column} = floor({column}) and abs({column}) < 1e18"
        text = f"case when {whole} then cast(cast({column} as bigint) as string) else cast({column} as string) end"
        return f"case when not isnan({column}) then {text} end"
    return f"nullif(trim(both {literal(BLANKS)} from cast({column} as string)), '')"


def as_time(column: str, kind: str, zone: str) -> str:
    """Return a Spark expression for a time in a zone.

    Parameters
    ----------
    column
        The column, quoted.
    kind
        Its type: an instant (``timestamp``), or a time or date that stands as it is.
    zone
        The shop's.
    """
    if kind != "timestamp":
        return f"cast({column} as timestamp_ntz)"
    # by way of the microseconds: the session's own zone may know an hour twice
    seconds = f"cast(unix_micros({column}) as decimal(20, 0)) / 1000000"
    universal = f"timestamp_ntz '1970-01-01 00:00:00' + make_dt_interval(0, 0, 0, {seconds})"
    return f"convert_timezone('UTC', {literal(zone)}, {universal})"


def _counts(table: Table, rules: policy.Orders) -> tuple[Any, ...]:
    """Return how many rows have no value or cannot be used, column by column."""
    return table.engine.rows(
        "select count(*) filter (where order_ts is null), count(*) filter (where amount is null), "
        "count(*) filter (where order_id is null and customer_id is not null), "
        "count(*) filter (where customer_id is null), sum(amount) filter (where customer_id is null), "
        f"count(*) filter (where guarded), count(*) filter (where {odd_date(rules)}), "
        "count(*) filter (where cancelled and customer_id is not null), "
        f"sum(amount) filter (where cancelled and customer_id is not null) from {table.name}"
    )[0]


def _checked(table: Table, raw: Raw, found: Mapping[str, str], rules: policy.Orders, ledger: Ledger) -> Table:
    """Refuse what has no value, leave out cancellations and, if the policy says so, rows without a customer."""
    counts = _counts(table, rules)
    lacking = [name for name, count in (("order_ts", counts[0]), ("customer_id", counts[3])) if count]
    if lacking and "order_id" in found:
        table = carried(table, lacking)
        counts = _counts(table, rules)
    undated, unpaid, unnamed, nobody, nobody_amount, guards, odd, cancelled, cancelled_amount = counts
    bad = {"order_ts": undated, "amount": unpaid, "order_id": unnamed}
    if rules.missing_customer == "error":
        bad["customer_id"] = nobody
    for name, count in bad.items():
        if count:
            source = found.get(name) or f"{found['quantity']} * {found['unit_price']}"
            raise SchemaError(f"{raw.label}, column {source!r}, {count:,} row{'s' * (count != 1)}: {_EMPTY[name]}")
    if odd and rules.odd_dates == "error":
        raise SchemaError(
            f"{raw.label}, column {found['order_ts']!r}, {odd:,} row{'s' * (odd != 1)}: a time that is not between the "
            f"years {rules.first_year} and {rules.last_year}. Leave such rows out: policy={{'orders': {{'odd_dates': "
            "'drop'}}; or say when the shop began: policy={'orders': {'first_year': ...}}."
        )
    ledger.note(GUARDED, guards, aloud=True)
    ledger.note("rows without a customer: dropped", nobody, nobody_amount, aloud=True)
    ledger.note("rows whose id marks a cancellation: dropped", cancelled, cancelled_amount, aloud=True)
    place = Place(raw.label, found)
    if "stated" in table.columns:
        table = stated_once(table, place, ledger, once=is_of_the_order("amount", raw, found))
    return totals_once(settled(table, place, rules, ledger), place, rules, ledger)
