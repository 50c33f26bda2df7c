"""A Spark table's rows as order lines: `crmlib.order_lines` for columns that have types already.

Text is not parsed here: who keeps 10^9 orders keeps them typed. What has the wrong type or no value is refused with
the table's and the column's name; rows have no numbers on a cluster, so none is named.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from crmlib.engine import MONEY, literal
from crmlib.errors import SchemaError
from crmlib.order_lines import found_columns
from crmlib.schema import TABLES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from crmlib import policy
    from crmlib.engine import Table
    from crmlib.ledger import Ledger
    from crmlib.sources import Raw

__all__ = ["as_id", "as_time", "quoted", "typed_lines"]

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


def typed_lines(raw: Raw, rules: policy.Orders, columns: Mapping[str, str], ledger: Ledger) -> Table:
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
        As from `crmlib.order_lines.lines`.

    Raises
    ------
    SchemaError
        A column is missing, could be meant twice, or is of a type that cannot hold it; or a value is missing.
    """
    engine, name = raw.table.engine, raw.table.name
    found = found_columns(raw, columns, ledger)
    typed = _typed(raw, found, rules)
    rows = f"(select distinct * from {name})" if rules.duplicate_rows == "drop" else name
    table = engine.table(f"select {', '.join(f'{said} as {column}' for column, said in typed.items())} from {rows}")
    read = len(raw.table)
    if not read:
        raise SchemaError(f"{raw.label}: the table has no rows.")
    ledger.note("rows read", read)
    ledger.note("rows that repeat another in every column: dropped", read - len(table))
    return _checked(table, raw, found, rules, ledger)


def quoted(identifier: str) -> str:
    """Return an SQL identifier as Spark quotes it.

    Examples
    --------
    >>> quoted("Order Date")
    '`Order Date`'
    """
    return "`" + identifier.replace("`", "``") + "`"


def _typed(raw: Raw, found: Mapping[str, str], rules: policy.Orders) -> dict[str, str]:
    """Return an SQL expression for each of our columns, null where there is no value."""
    kinds = {column.name: column.kind for column in TABLES["order_lines"]}
    types = raw.table.types
    typed: dict[str, str] = {}
    for name, source in found.items():
        kind, held = kinds[name], types[source]
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
    if "amount" not in typed:
        typed["amount"] = f"try_cast({typed['quantity']} * {typed['unit_price']} as {MONEY})"
    if "order_id" not in typed:
        # without ids, each row is an order of its own; numbered within its customer, the same on every computation
        place = (
            f"row_number() over (partition by {typed['customer_id']} order by {typed['order_ts']}, {typed['amount']})"
        )
        typed["order_id"] = f"concat('row-', {typed['customer_id']}, '-', lpad(cast({place} as string), 12, '0'))"
    conditions = []
    status = typed.pop("status", None)
    if status and rules.cancelled_status:
        values = ", ".join(literal(value.lower()) for value in rules.cancelled_status)
        conditions.append(f"coalesce(lower({status}) in ({values}), false)")
    if rules.cancelled_prefix and "order_id" in found:
        conditions.append(f"coalesce(startswith({typed['order_id']}, {literal(rules.cancelled_prefix)}), false)")
    first = ("customer_id", "order_id", "order_ts", "amount")
    typed = {name: typed[name] for name in (*first, *(name for name in typed if name not in first))}
    return {**typed, "cancelled": " or ".join(conditions) or "false"}


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
    return f"nullif(trim(cast({column} as string)), '')"


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


def _checked(table: Table, raw: Raw, found: Mapping[str, str], rules: policy.Orders, ledger: Ledger) -> Table:
    """Refuse what has no value, leave out cancellations and, if the policy says so, rows without a customer."""
    counts = table.engine.rows(
        "select count(*) filter (where order_ts is null), count(*) filter (where amount is null), "
        "count(*) filter (where order_id is null and customer_id is not null), "
        "count(*) filter (where customer_id is null), sum(amount) filter (where customer_id is null), "
        "count(*) filter (where cancelled and customer_id is not null), "
        f"sum(amount) filter (where cancelled and customer_id is not null) from {table.name}"
    )[0]
    undated, unpaid, unnamed, nobody, nobody_amount, cancelled, cancelled_amount = counts
    bad = {"order_ts": undated, "amount": unpaid, "order_id": unnamed}
    if rules.missing_customer == "error":
        bad["customer_id"] = nobody
    for name, count in bad.items():
        if count:
            source = found.get(name) or f"{found['quantity']} * {found['unit_price']}"
            raise SchemaError(f"{raw.label}, column {source!r}, {count:,} row{'s' * (count != 1)}: {_EMPTY[name]}")
    ledger.note("rows without a customer: dropped", nobody, nobody_amount)
    ledger.note("cancelled rows: dropped", cancelled, cancelled_amount)
    kept = ", ".join(column for column in table.columns if column != "cancelled")
    return table.engine.table(f"select {kept} from {table.name} where not cancelled and customer_id is not null")
