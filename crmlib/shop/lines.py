"""A source's rows as order lines, each with a customer, an order, a time and an amount; or an error that says where."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from crmlib.engine import MONEY, Table, literal, quote
from crmlib.errors import SchemaError
from crmlib.shop.carried import carried
from crmlib.shop.dates import as_time, date_hint
from crmlib.shop.facts import Place, negative, odd_date, settled
from crmlib.shop.ids import GUARDED, as_id, as_written, guarded, words_for
from crmlib.shop.preset_columns import Reader, arranged, is_of_the_order, leave_out_others, time_of_day
from crmlib.shop.raw import shown_time
from crmlib.shop.schema import TABLES, Column, match_columns
from crmlib.shop.totals import stated_once, totals_once
from crmlib.shop.undone import undone
from crmlib.text.consent import column_role
from crmlib.words import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Mapping

    from crmlib import policy
    from crmlib.shop.ledger import Ledger
    from crmlib.shop.raw import Raw

__all__ = ["as_id", "as_time", "digits", "found_columns", "lines"]


@dataclass(frozen=True)
class _Plan:
    """How a source is read: its columns, and an SQL expression for each of ours (null where a value is unreadable)."""

    raw: Raw
    found: Mapping[str, str]
    typed: Mapping[str, str]


def lines(raw: Raw, rules: policy.Orders, columns: Mapping[str, str | None], ledger: Ledger) -> Table:
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
    reader = _reader(raw, types, rules)
    raw = leave_out_others(raw, found, reader, ledger)
    beside = undone(raw, found, rules, reader, ledger)
    typed = beside.told(_typed(raw, found, types, rules, reader), reader)
    found, rules = beside.names(found), beside.over(rules)
    duplicates = rules.duplicate_rows == "drop"
    kept = ", ".join(map(quote, raw.names))  # not the file: a row may repeat one of another file
    rows = f"(select distinct {kept} from {raw.rows})" if duplicates else raw.rows
    picked = ", ".join(f"{expression} as {name}" for name, expression in typed.items())
    table = engine.table(f"select {picked} from {rows}")
    read = len(raw.table)
    if not read:
        raise SchemaError(f"{raw.label}: there are column names but no rows. Export it again, with its orders.")
    ledger.note("rows read", read)
    if duplicates:
        ledger.note("rows that repeat another in every column: dropped", _count(raw.rows, raw) - len(table))
    return _checked(table, _Plan(raw, found, typed), rules, ledger)


def _count(rows: str, raw: Raw) -> int:
    count: int = raw.table.engine.rows(f"select count(*) from {rows}")[0][0]
    return count


def found_columns(raw: Raw, columns: Mapping[str, str | None], ledger: Ledger) -> dict[str, str]:
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
    mapped = {**raw.columns, **columns}
    # of an export that is known nothing is guessed
    wanted = [column for column in TABLES["order_lines"] if raw.preset is None or column.name in mapped]
    found = match_columns(raw.names, wanted, mapped=mapped, place=raw.label)
    if columns.get("quantity") and columns.get("unit_price") and not mapped.get("amount"):
        found.pop("amount", None)  # what the caller names goes before what would be guessed
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
    hint += f" {raw.preset.hint}" if raw.preset and raw.preset.hint else ""
    mailbox = next((name for name in raw.names if column_role(name) == "email"), None)
    if first.name == "customer_id" and mailbox is not None:
        return (
            f"{raw.label}: no column for {wanted}. {hint} If a customer is a mail address, say so: "
            f"columns={{'customer_id': {mailbox!r}}}."
        )
    return f"{raw.label}: no column for {wanted}. {hint} Say which it is: columns={{{first.name!r}: '...'}}."


def _reader(raw: Raw, types: Mapping[str, str], rules: policy.Orders) -> Reader:
    return Reader(
        text=lambda source: as_id(quote(source), types[source]),
        money=lambda source: _money(quote(source), types[source], raw, rules),
        literal=literal,
    )


def _typed(
    raw: Raw, found: Mapping[str, str], types: Mapping[str, str], rules: policy.Orders, reader: Reader
) -> dict[str, str]:
    """Return an SQL expression for each column; what cannot be read becomes null, to be found by `_checked`."""
    kinds = {column.name: column.kind for column in TABLES["order_lines"]}
    readers = {"id": _id, "timestamp": as_time, "money": _money, "number": _number, "text": _text}
    typed = {name: readers[kinds[name]](quote(source), types[source], raw, rules) for name, source in found.items()}
    if time := time_of_day(raw, found):
        day = found["order_ts"]
        moment = f"case when {reader.text(day)} is not null then concat_ws(' ', {quote(day)}, {quote(time)}) end"
        typed["order_ts"] = as_time(moment, "VARCHAR", raw, rules)
    for name in ("customer_id", "order_id", "product_id"):
        if name in found:
            words, is_customer = words_for(name, rules), name == "customer_id"
            typed[name] = as_written(typed[name], types[found[name]], words, literal, may_be_mailbox=is_customer)
    if "amount" not in typed:
        typed["amount"] = f"try_cast({typed['quantity']} * {typed['unit_price']} as {MONEY})"
    typed = arranged(typed, raw, found, reader)
    if "order_id" not in typed:
        # without ids, each row is an order of its own, numbered in the source's order
        typed["order_id"] = "concat('row-', lpad(cast(row_number() over () as varchar), 12, '0'))"
    cancelled = "false"
    if rules.cancelled_prefix and "order_id" in found:
        cancelled = f"coalesce(starts_with({typed['order_id']}, {literal(rules.cancelled_prefix)}), false)"
    ids = [found[name] for name in ("customer_id", "order_id") if name in found]
    guards = [guarded(as_id(quote(source), types[source]), types[source], literal) for source in ids]
    first = ("customer_id", "order_id", "order_ts", "amount")
    typed = {name: typed[name] for name in (*first, *(name for name in typed if name not in first))}
    is_guarded = f"coalesce({' or '.join(filter(None, guards)) or 'false'}, false)"
    return {**typed, "guarded": is_guarded, "cancelled": cancelled}


def _id(column: str, kind: str, raw: Raw, rules: policy.Orders) -> str:  # noqa: ARG001 - one signature for all kinds
    return as_id(column, kind)


def _money(column: str, kind: str, raw: Raw, rules: policy.Orders) -> str:  # noqa: ARG001 - as above
    return f"try_cast({digits(column, kind, raw)} as {MONEY})"


def _number(column: str, kind: str, raw: Raw, rules: policy.Orders) -> str:  # noqa: ARG001 - as above
    number = f"try_cast({digits(column, kind, raw)} as double)"
    return f"case when isfinite({number}) then {number} end"


def digits(column: str, kind: str, raw: Raw) -> str:
    """Return an SQL expression for a number as the engine reads it, whatever its decimal mark.

    Parameters
    ----------
    column
        The column, quoted.
    kind
        Its SQL type.
    raw
        Its table, which says how text is to be read.
    """
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
    counts = _counts(table, rules)
    lacking = [name for name, count in (("order_ts", counts[0]), ("customer_id", counts[3])) if count]
    if lacking and "order_id" in plan.found and not (counts[0] and _unread("order_ts", plan)):
        table = carried(table, lacking)
        counts = _counts(table, rules)
        of_orders = replace(plan, typed={**plan.typed, **{name: _of_order(name, plan) for name in lacking}})
    else:
        of_orders = plan
    undated, unpaid, unnamed, nobody, nobody_amount, guards, odd, cancelled, cancelled_amount = counts
    if undated:
        raise SchemaError(_unreadable("order_ts", undated, of_orders))
    if unpaid:
        raise SchemaError(_unreadable("amount", unpaid, plan))
    for name in {"quantity", "unit_price", "refunded"} & plan.found.keys():
        _check_number(name, plan)
    if unnamed:
        raise SchemaError(_unreadable("order_id", unnamed, plan))
    if nobody and rules.missing_customer == "error":
        raise SchemaError(_unreadable("customer_id", nobody, of_orders))
    if odd and rules.odd_dates == "error":
        _refuse(odd_date(rules, plan.typed["order_ts"]), "order_ts", _odd_date(rules), plan)
    if rules.negative_quantity == "error" and {"quantity", "amount"} <= plan.found.keys():
        _refuse(negative(plan.typed["quantity"], plan.typed["amount"]), "quantity", _NEGATIVE, plan)
    ledger.note(GUARDED, guards, aloud=True)
    ledger.note("rows without a customer: dropped", nobody, nobody_amount, aloud=True)
    ledger.note("rows whose id marks a cancellation: dropped", cancelled, cancelled_amount, aloud=True)
    place = Place(plan.raw.label, plan.found)
    if "stated" in plan.typed:
        table = stated_once(table, place, ledger, once=is_of_the_order("amount", plan.raw, plan.found))
    return totals_once(settled(table, place, rules, ledger), place, rules, ledger)


def _counts(table: Table, rules: policy.Orders) -> tuple[Any, ...]:
    """Return how many rows cannot be read or used, column by column."""
    return table.engine.rows(
        "select count(*) filter (order_ts is null), count(*) filter (amount is null), "
        "count(*) filter (order_id is null), "
        "count(*) filter (customer_id is null), sum(amount) filter (customer_id is null), "
        f"count(*) filter (guarded), count(*) filter ({odd_date(rules)}), "
        "count(*) filter (cancelled and customer_id is not null), "
        f"sum(amount) filter (cancelled and customer_id is not null) from {quote(table.name)}"
    )[0]


def _of_order(name: str, plan: _Plan) -> str:
    """Return a column with what its order's other lines say, as `carried` does: to name a row only, for it is slow."""
    who, fact, order = plan.typed["customer_id"], plan.typed[name], f"over (partition by {plan.typed['order_id']})"
    return f"coalesce({fact}, case when min({who}) {order} = max({who}) {order} then min({fact}) {order} end)"


def _unread(name: str, plan: _Plan) -> bool:
    """Say whether a column holds something that could not be read."""
    source = plan.found[name]
    text = as_id(quote(source), plan.raw.table.types[source])
    return _count(f"{plan.raw.rows} where {text} is not null and {plan.typed[name]} is null", plan.raw) > 0


_NEGATIVE = (
    "{value} in a row with a positive amount.{more} Mend it, or say what such rows are: "
    "policy={{'orders': {{'negative_quantity': 'return'}}}}, or 'sale'."
)


def _odd_date(rules: policy.Orders) -> str:
    return (
        f"{{value}} is not between the years {rules.first_year} and {rules.last_year}, in which a shop can have sold."
        "{more} Mend it; or leave such rows out, policy={{'orders': {{'odd_dates': 'drop'}}}}; or say when it began: "
        "policy={{'orders': {{'first_year': ...}}}}."
    )


def _refuse(wrong: str, name: str, sentence: str, plan: _Plan) -> None:
    """Refuse rows that were read well and cannot be meant so, naming the first."""
    table, source = plan.raw.table, plan.found[name]
    count = table.engine.rows(f"select count(*) from {plan.raw.rows} where {wrong}")[0][0]
    if count:
        file, row, value = _first(plan.raw, f"case when {wrong} then null else 1 end", source)
        more = "" if count == 1 else f" {count:,} rows are like that."
        place = f"{file}, row {row}, column {source!r}: "
        raise SchemaError(place + sentence.format(value=repr(value) if isinstance(value, str) else value, more=more))


def _check_number(name: str, plan: _Plan) -> None:
    """Refuse what stands in a column of numbers and is none; an empty field is unknown, which may be."""
    source = plan.found[name]
    text = f"coalesce(trim(cast({quote(source)} as varchar)), '')"
    read = f"case when {text} = '' then 0 else {plan.typed[name]} end"
    table = plan.raw.table
    count = table.engine.rows(f"select count(*) from {plan.raw.rows} where {read} is null")[0][0]
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
    if name in {"customer_id", "order_id"} and isinstance(value, str) and value.strip():
        place = f"{place}: {value.strip()!r} stands for none"
    if name == "customer_id":
        return (
            f"{place}: an order without a customer.{more} Fill it in, or leave such rows out: "
            "policy={'orders': {'missing_customer': 'drop'}}."
        )
    if name == "order_id":
        return f"{place}: an order without an id.{more} Fill it in, or leave the column out of the {raw.medium}."
    if name == "order_ts" and (value is None or not str(value).strip()):
        return f"{place}: there is no date.{more} Fill it in, or leave the row out."
    if name == "order_ts":
        return f"{place}: {value!r} is not a date.{more} {date_hint(value, source, raw)}"
    if value is None or not str(value).strip():
        return f"{place}: there is no amount.{more} Write 0 where nothing was paid, or leave the row out."
    hint = f"An amount is a number such as 12.50, without currency sign or words. Mend it in the {raw.medium}."
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
    row = quote(raw.row_column) if raw.row_column else f"row_number() over (partition by {file} order by nr)"
    only = f" and {raw.only}" if raw.only else ""
    found = engine.rows(
        f"select file, row, value from (select {file} as file, {quote(source)} as value, "
        f"{row} as row, {expression} is null{only} as bad "
        f"from (select *, row_number() over () as nr from {quote(raw.table.name)})) "
        "where bad order by file, row limit 1"
    )[0]
    label = found[0].replace("\\", "/").rsplit("/", 1)[-1] or raw.label
    return label, found[1] + raw.first_row - 1, shown_time(found[2])


def _amount_hint(value: str, raw: Raw, otherwise: str) -> str:
    if value.strip().startswith("(") and value.strip().endswith(")"):
        return "If parentheses mean money given back, say so: policy={'orders': {'parentheses': 'return'}}."
    if "," in value and raw.reading.decimal == "." and not any(mark.isalpha() for mark in value):
        return "If the comma is the decimal mark, say so: open_shop(..., decimal=',')."
    if "." in value and raw.reading.decimal == "," and not any(mark.isalpha() for mark in value):
        return "It was read with decimal=','; if the point is the decimal mark, leave that out."
    return otherwise
