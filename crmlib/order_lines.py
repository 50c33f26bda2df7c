"""A source's rows as order lines, each with a customer, an order, a time and an amount; or an error that says where."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

import duckdb

from crmlib.engine import MONEY, Table, literal, quote
from crmlib.errors import SchemaError
from crmlib.schema import TABLES, Column, did_you_mean, match_columns

if TYPE_CHECKING:
    from collections.abc import Mapping

    from crmlib import policy
    from crmlib.ledger import Ledger
    from crmlib.sources import Raw

__all__ = ["as_id", "found_columns", "lines"]

#: How dates are often written, to be proposed when one cannot be read.
_GUESSES = ("%d/%m/%Y", "%m/%d/%Y", "%d/%m/%Y %H:%M", "%m/%d/%Y %H:%M", "%d/%m/%Y %H:%M:%S", "%m/%d/%Y %H:%M:%S",
            "%d.%m.%Y", "%d-%m-%Y", "%Y%m%d", "%d/%m/%y", "%m/%d/%y", "%d %b %Y", "%d %B %Y")  # fmt: skip


@dataclass(frozen=True)
class _Plan:
    """How a source is read: its columns, and an SQL expression for each of ours (null where a value is unreadable)."""

    raw: Raw
    found: Mapping[str, str]
    typed: Mapping[str, str]


def lines(raw: Raw, rules: policy.Orders, columns: Mapping[str, str], ledger: Ledger) -> Table:
    """Type and check a source's rows: one row for each order or order line, with an id, a time and an amount.

    Parameters
    ----------
    raw
        The rows as the source has them.
    rules
        What counts as an order.
    columns
        The caller's word on which column is which.
    ledger
        Where findings go.

    Returns
    -------
    Table
        customer_id, order_id, order_ts, amount, and product_id, quantity, unit_price where the source has them.

    Raises
    ------
    SchemaError
        A column is missing or could be meant twice, or a value cannot be read; the message names file, column, row.
    """
    engine = raw.table.engine
    found = found_columns(raw, columns, ledger)
    types = raw.table.types
    typed = _typed(raw, found, types, rules)
    duplicates = rules.duplicate_rows == "drop"
    kept = ", ".join(map(quote, raw.names))  # not the file: a row may repeat one of another file
    rows = f"(select distinct {kept} from {quote(raw.table.name)})" if duplicates else quote(raw.table.name)
    picked = ", ".join(f"{expression} as {name}" for name, expression in typed.items())
    table = engine.table(f"select {picked} from {rows}")
    read = len(raw.table)
    if not read:
        raise SchemaError(f"{raw.label}: there are column names but no rows. Export it again, with its orders.")
    ledger.note("rows read", read)
    ledger.note("rows that repeat another in every column: dropped", read - len(table))
    return _checked(table, _Plan(raw, found, typed), rules, ledger)


def found_columns(raw: Raw, columns: Mapping[str, str], ledger: Ledger) -> dict[str, str]:
    """Match the columns; report what was recognised by its spelling; insist on those that orders need.

    Parameters
    ----------
    raw, columns, ledger
        As for `lines`.

    Returns
    -------
    dict
        Name in crmlib -> name in the source.
    """
    found = match_columns(raw.names, TABLES["order_lines"], mapped={**raw.columns, **columns}, place=raw.label)
    ledger.matched.update(
        {name: source for name, source in found.items() if name != source and name not in {**raw.columns, **columns}}
    )
    ledger.numbered = "order_id" not in found
    missing = [column for column in TABLES["orders"] if column.name not in found and column.name != "order_id"]
    if {"quantity", "unit_price"} <= found.keys():
        missing = [column for column in missing if column.name != "amount"]
    if missing:
        raise SchemaError(_missing(missing, raw))
    return found


def _missing(missing: list[Column], raw: Raw) -> str:
    first = missing[0]
    wanted = " and ".join(f"{column.name} ({column.meaning})" for column in missing)
    hint = did_you_mean(first.name, raw.names)
    if hint.startswith("There"):
        hint = f"Its columns are: {', '.join(raw.names)}."
    return f"{raw.label}: no column for {wanted}. {hint} Say which it is: columns={{{first.name!r}: '...'}}."


def _typed(raw: Raw, found: Mapping[str, str], types: Mapping[str, str], rules: policy.Orders) -> dict[str, str]:
    """Return an SQL expression for each column; what cannot be read becomes null, to be found by `_checked`."""
    kinds = {column.name: column.kind for column in TABLES["order_lines"]}
    readers = {"id": _id, "timestamp": as_time, "money": _money, "number": _number, "text": _text}
    typed = {name: readers[kinds[name]](quote(source), types[source], raw, rules) for name, source in found.items()}
    if "amount" not in typed:
        typed["amount"] = f"try_cast({typed['quantity']} * {typed['unit_price']} as {MONEY})"
    if "order_id" not in typed:
        # without ids, each row is an order of its own, numbered in the source's order
        number = f"{raw.rows_before} + row_number() over ()"
        typed["order_id"] = f"concat('row-', lpad(cast({number} as varchar), 12, '0'))"
    conditions = []
    if "status" in typed and rules.cancelled_status:
        values = ", ".join(literal(value.lower()) for value in rules.cancelled_status)
        conditions.append(f"coalesce(lower({typed.pop('status')}) in ({values}), false)")
    if rules.cancelled_prefix and "order_id" in found:
        conditions.append(f"coalesce(starts_with({typed['order_id']}, {literal(rules.cancelled_prefix)}), false)")
    typed.pop("status", None)
    first = ("customer_id", "order_id", "order_ts", "amount")
    typed = {name: typed[name] for name in (*first, *(name for name in typed if name not in first))}
    return {**typed, "cancelled": " or ".join(conditions) or "false"}


def _id(column: str, kind: str, raw: Raw, rules: policy.Orders) -> str:  # noqa: ARG001 - one signature for all kinds
    return as_id(column, kind)


def as_id(column: str, kind: str) -> str:
    """Return an SQL expression for an id as text, null where there is none.

    Parameters
    ----------
    column
        The column, quoted.
    kind
        Its SQL type.
    """
    if kind in {"DOUBLE", "FLOAT"}:
        # pandas turns whole numbers with gaps into floats: 12345.0 is the customer 12345
        return (
            f"case when isfinite({column}) then case when {column} = floor({column}) and abs({column}) < 1e18 "
            f"then cast(cast({column} as bigint) as varchar) else cast({column} as varchar) end end"
        )
    return f"nullif(trim(cast({column} as varchar)), '')"


def as_time(column: str, kind: str, raw: Raw, rules: policy.Orders) -> str:
    """Return an SQL expression for a time in the shop's zone, null where it cannot be read.

    Parameters
    ----------
    column
        The column, quoted.
    kind
        Its SQL type.
    raw
        Its table, which says how text is to be read.
    rules
        Whose ``timezone`` it is brought to.
    """
    zone = literal(rules.timezone)
    if kind == "TIMESTAMP WITH TIME ZONE":
        time = f"timezone({zone}, {column})"
    elif kind.startswith(("TIMESTAMP", "DATE")):
        time = f"cast({column} as timestamp)"
    elif raw.reading.date_format is not None:
        time = _formatted(as_id(column, kind), raw.reading.date_format, raw, zone)
    else:
        time = _iso(as_id(column, kind), zone)
    # neither infinity, nor what Python's dates cannot hold
    return f"case when isfinite({time}) and year({time}) between 1 and 9998 then {time} end"


def _formatted(text: str, form: str, raw: Raw, zone: str) -> str:
    read = f"try_strptime({text}, {literal(form)})"
    try:
        kind = raw.table.engine.rows(f"select typeof(try_strptime('', {literal(form)}))")[0][0]
    except duckdb.Error as error:
        raise SchemaError(
            f"date_format={form!r}: {str(error).splitlines()[0]}. It is written as for datetime.strptime, such as "
            "'%d/%m/%Y' or '%Y-%m-%d %H:%M:%S'."
        ) from error
    # with %z it reads instants
    return f"timezone({zone}, {read})" if kind == "TIMESTAMP WITH TIME ZONE" else f"cast({read} as timestamp)"


def _iso(text: str, zone: str) -> str:
    # only these forms: by itself the engine reads 24-12-31 as the year 24, and 10:00 PM as ten in the morning
    day, time = r"\d{4}[-/]\d{1,2}[-/]\d{1,2}", r"\d{1,2}:\d\d(:\d\d(\.\d+)?)?"
    instant = rf"{day}[ T]{time} ?(Z|UTC|[+-]\d\d(:?\d\d)?)"
    return (
        f"case when regexp_full_match({text}, '{day}([ T]{time})?') then try_cast({text} as timestamp) "
        f"when regexp_full_match({text}, '{instant}') "
        f"then timezone({zone}, try_cast(regexp_replace({text}, ' ?(Z|UTC)$', '+00') as timestamptz)) end"
    )


def _money(column: str, kind: str, raw: Raw, rules: policy.Orders) -> str:  # noqa: ARG001 - as above
    return f"try_cast({_digits(column, kind, raw)} as {MONEY})"


def _number(column: str, kind: str, raw: Raw, rules: policy.Orders) -> str:  # noqa: ARG001 - as above
    number = f"try_cast({_digits(column, kind, raw)} as double)"
    return f"case when isfinite({number}) then {number} end"


def _digits(column: str, kind: str, raw: Raw) -> str:
    if kind == "BOOLEAN":
        return "null"
    if kind.startswith("ENUM"):
        column = f"cast({column} as varchar)"
    elif kind != "VARCHAR":
        return column
    if raw.reading.decimal == ",":
        # points group thousands only where they stand before three digits; elsewhere the value is not a number
        return (
            f"case when regexp_matches(trim({column}), '^[+-]?(\\d{{1,3}}(\\.\\d{{3}})+|\\d+)?(,\\d+)?$') "
            f"then replace(replace(trim({column}), '.', ''), ',', '.') end"
        )
    return (
        f"case when regexp_matches(trim({column}), '^[+-]?\\d{{1,3}}(,\\d{{3}})+(\\.\\d+)?$') "
        f"then replace(trim({column}), ',', '') else trim({column}) end"
    )


def _text(column: str, kind: str, raw: Raw, rules: policy.Orders) -> str:  # noqa: ARG001 - as above
    return f"trim(cast({column} as varchar))"


def _checked(table: Table, plan: _Plan, rules: policy.Orders, ledger: Ledger) -> Table:
    """Refuse what could not be read, leave out cancellations and, if the policy says so, rows without a customer."""
    engine = table.engine
    counts = engine.rows(
        "select count(*) filter (order_ts is null), count(*) filter (amount is null), "
        "count(*) filter (order_id is null), "
        "count(*) filter (customer_id is null), sum(amount) filter (customer_id is null), "
        "count(*) filter (cancelled and customer_id is not null), "
        f"sum(amount) filter (cancelled and customer_id is not null) from {quote(table.name)}"
    )[0]
    undated, unpaid, unnamed, nobody, nobody_amount, cancelled, cancelled_amount = counts
    if undated:
        raise SchemaError(_unreadable("order_ts", undated, plan))
    if unpaid:
        raise SchemaError(_unreadable("amount", unpaid, plan))
    for name in {"quantity", "unit_price"} & plan.found.keys():
        _check_number(name, plan)
    if unnamed:
        raise SchemaError(_unreadable("order_id", unnamed, plan))
    if nobody and rules.missing_customer == "error":
        raise SchemaError(_unreadable("customer_id", nobody, plan))
    ledger.note("rows without a customer: dropped", nobody, nobody_amount)
    ledger.note("cancelled rows: dropped", cancelled, cancelled_amount)
    return engine.table(
        f"select * exclude (cancelled) from {quote(table.name)} where not cancelled and customer_id is not null"
    )


def _check_number(name: str, plan: _Plan) -> None:
    """Refuse what stands in a column of numbers and is none; an empty field is unknown, which may be."""
    source = plan.found[name]
    text = f"coalesce(trim(cast({quote(source)} as varchar)), '')"
    read = f"case when {text} = '' then 0 else {plan.typed[name]} end"
    table = plan.raw.table
    count = table.engine.rows(f"select count(*) from {quote(table.name)} where {read} is null")[0][0]
    if count:
        file, row, value = _first(plan.raw, read, source)
        more = "" if count == 1 else f" {count:,} rows are like that."
        raise SchemaError(
            f"{file}, row {row}, column {source!r}: {value!r} is not a number.{more} "
            + _amount_hint(str(value), plan.raw, "A number is written such as 3 or 2.5, without words.")
        )


def _unreadable(name: str, count: int, plan: _Plan) -> str:
    """Say where the first value that cannot be read stands, and what to do."""
    raw = plan.raw
    source = plan.found.get(name) or _culprit(plan)
    file, row, value = _first(raw, plan.typed[name], source)
    place = f"{file}, row {row}, column {source!r}"
    more = "" if count == 1 else f" {count:,} rows are like that."
    if name == "customer_id":
        return (
            f"{place}: an order without a customer.{more} Fill it in, or leave such rows out: "
            "policy={'orders': {'missing_customer': 'drop'}}."
        )
    if name == "order_id":
        return f"{place}: an order without an id.{more} Fill it in, or leave the column out of the file."
    if name == "order_ts" and (value is None or not str(value).strip()):
        return f"{place}: there is no date.{more} Fill it in, or leave the row out."
    if name == "order_ts":
        return f"{place}: {value!r} is not a date.{more} {_date_hint(value, raw)}"
    if value is None or not str(value).strip():
        return f"{place}: there is no amount.{more} Write 0 where nothing was paid, or leave the row out."
    hint = "An amount is a number such as 12.50, without currency sign or words. Mend it in the file."
    return f"{place}: {value!r} is not an amount.{more} {_amount_hint(str(value), raw, hint)}"


def _culprit(plan: _Plan) -> str:
    """Return which column of quantity times price cannot be read; the price, where only their product is too large."""
    table = plan.raw.table
    quantities = f"select count(*) from {quote(table.name)} where {plan.typed['quantity']} is null"
    return plan.found["quantity" if table.engine.rows(quantities)[0][0] else "unit_price"]


def _first(raw: Raw, expression: str, source: str) -> tuple[str, int, Any]:
    """Find the first row where an expression is null: its file, its number in the user's count, its value."""
    engine = raw.table.engine
    file = quote(raw.file_column) if raw.file_column else "''"
    found = engine.rows(
        f"select file, row, value from (select {file} as file, {quote(source)} as value, "
        f"row_number() over (partition by {file} order by nr) as row, {expression} is null as bad "
        f"from (select *, row_number() over () as nr from {quote(raw.table.name)})) "
        "where bad order by file, row limit 1"
    )[0]
    label = found[0].replace("\\", "/").rsplit("/", 1)[-1] or raw.label
    return label, found[1] + raw.first_row - 1, found[2]


def _date_hint(value: Any, raw: Raw) -> str:
    if raw.reading.date_format is not None:
        return f"It was read as date_format={raw.reading.date_format!r}."
    fitting = []
    for form in _GUESSES:
        try:
            datetime.strptime(str(value).strip(), form)  # noqa: DTZ007 - only whether the form fits is asked
        except ValueError:
            continue
        fitting.append(form)
    if not fitting:
        return (
            "Dates are read as 2024-12-31 or 2024-12-31 18:30:00. Mend it, or say how dates are written: "
            "open_shop(..., date_format='%d/%m/%Y')."
        )
    shown = " or ".join(f"date_format={form!r}" for form in fitting[:2])
    return f"Say how dates are written: open_shop(..., {shown})."


def _amount_hint(value: str, raw: Raw, otherwise: str) -> str:
    if "," in value and raw.reading.decimal == "." and not any(mark.isalpha() for mark in value):
        return "If the comma is the decimal mark, say so: open_shop(..., decimal=',')."
    if "." in value and raw.reading.decimal == "," and not any(mark.isalpha() for mark in value):
        return "It was read with decimal=','; if the point is the decimal mark, leave that out."
    return otherwise
