"""What a preset changes in how columns are read: facts that stand once, guests, sums of columns, rows left out.

The expressions are for DuckDB and Spark alike.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from crmlib.engine import MONEY
from crmlib.shop.platforms import chosen, first_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from crmlib.shop.ledger import Ledger
    from crmlib.shop.platforms import Preset
    from crmlib.shop.raw import Raw

__all__ = ["WHOLE", "Reader", "arranged", "by_preset", "is_of_the_order", "leave_out_others", "time_of_day"]

#: What stands for a refund of all, whatever the order cost.
WHOLE = 10**13


@dataclass(frozen=True)
class Reader:
    """How an engine reads a column of the source.

    Attributes
    ----------
    text
        As text, null where there is nothing.
    money
        As an amount, null where it cannot be read.
    literal
        How the engine spells text.
    """

    text: Callable[[str], str]
    money: Callable[[str], str]
    literal: Callable[[str], str]

    def blank(self, source: str) -> str:
        """Return the SQL condition for a column that holds nothing."""
        return f"coalesce(lower({self.text(source)}), 'nan') = 'nan'"

    def among(self, source: str, values: Sequence[str]) -> str:
        """Return the SQL condition for a column that holds one of some values, in any case."""
        words = ", ".join(self.literal(value.lower()) for value in values)
        return f"coalesce(lower({self.text(source)}), '') in ({words})"


def by_preset(raw: Raw, asked: Any, columns: Mapping[str, str | None], ledger: Ledger) -> Raw:
    """Return a table with the preset that it is read by, if any, and say which.

    Parameters
    ----------
    raw
        The table of orders.
    asked
        As for `crmlib.open_shop`.
    columns
        The caller's word on which column is which: it goes before the preset's.
    ledger
        Where it is said.
    """
    preset = chosen(asked, raw.names, raw.label)
    if preset is None:
        return raw
    mapping = {name: source for name, source in preset.mapping(raw.names).items() if name not in columns}
    if {"quantity", "unit_price"} <= columns.keys():
        mapping.pop("amount", None)  # whoever names both means their product
    taken = ", ".join(f"{name} = {source!r}" for name, source in mapping.items() if name != source)
    note = f" {preset.note}" if preset.note else ""
    ledger.statements.append(f"This is {preset.title}{f': {taken}' if taken else ''}.{note}")
    return replace(raw, preset=preset, columns={**mapping, **raw.columns})


def _of_preset(name: str, raw: Raw, found: Mapping[str, str]) -> Preset | None:
    """Return the preset, where it is what a column was found by, so that what it says of the column holds."""
    if raw.preset is None or found.get(name) != raw.preset.mapping(raw.names).get(name):
        return None
    return raw.preset


def arranged(typed: Mapping[str, str], raw: Raw, found: Mapping[str, str], reader: Reader) -> dict[str, str]:
    """Return the SQL expressions of columns with what the preset says of them.

    Parameters
    ----------
    typed
        Name in crmlib -> expression.
    raw
        The table.
    found
        Name in crmlib -> name in the table.
    reader
        How the engine reads a column.
    """
    result = dict(typed)
    if raw.preset is None:
        return result
    if preset := _of_preset("amount", raw, found):
        result["amount"] = _amount(result["amount"], found["amount"], preset, raw.names, reader)
        if "amount" in preset.of_the_order or preset.continued:
            # a row that only gives an order back states no amount, and need not
            gone = [f" or {one}" for one in _given_back_whole(preset, raw.names, reader)]
            result["stated"] = f"not {reader.blank(found['amount'])}{''.join(gone)}"
    if preset := _of_preset("refunded", raw, found):
        result["refunded"] = _refunded(result.get("refunded"), preset, raw.names, reader)
    if (preset := _of_preset("customer_id", raw, found)) and (guest := first_of(preset.guests, raw.names)):
        # a telephone number has the apostrophe that keeps it from being computed
        plain = f"regexp_replace(lower({reader.text(guest)}), {reader.literal(chr(94) + chr(39))}, '')"
        result["customer_id"] = f"coalesce({result['customer_id']}, {plain})"
    for name, columns in raw.preset.given_back.items():
        if _of_preset(name, raw, found) and (instead := first_of(columns, raw.names)):
            other = f"lower({reader.text(instead)})" if name == "customer_id" else reader.text(instead)
            result[name] = (
                f"case when {result['amount']} < 0 then coalesce({other}, {result[name]}) else {result[name]} end"
            )
    if "status" in result and (preset := _of_preset("status", raw, found)):
        result["status"] = _status(result["status"], preset, raw.names, reader)
    return result


def _amount(amount: str, source: str, preset: Preset, names: Sequence[str], reader: Reader) -> str:
    """Return the amount: nothing where a line repeats no fact of its order, with what is added and taken from it."""
    if "amount" in preset.of_the_order or preset.continued:
        amount = f"case when {reader.blank(source)} then cast(0 as {MONEY}) else {amount} end"
    for column, sign in [*((column, "+") for column in preset.plus), *((column, "-") for column in preset.minus)]:
        if other := first_of([column], names):
            more = reader.money(other) if sign == "+" else f"abs({reader.money(other)})"
            amount = f"try_cast({amount} {sign} case when {reader.blank(other)} then 0 else {more} end as {MONEY})"
    return amount


def _status(status: str, preset: Preset, names: Sequence[str], reader: Reader) -> str:
    """Return the status: cancelled and test where another column says so."""
    if off := first_of(preset.cancelled_by, names):
        status = f"case when {reader.blank(off)} then {status} else 'cancelled' end"
    for wanted, values in preset.tests.items():
        if column := first_of([wanted], names):
            status = f"case when {reader.among(column, values)} then 'test' else {status} end"
    return status


def _refunded(refunded: str | None, preset: Preset, names: Sequence[str], reader: Reader) -> str:
    """Return what was given back, all where the row says so without a number."""
    refunded = refunded or f"cast(null as {MONEY})"
    for gone in _given_back_whole(preset, names, reader):
        refunded = f"coalesce({refunded}, case when {gone} then {WHOLE} end)"
    return f"cast({refunded} as {MONEY})"


def _given_back_whole(preset: Preset, names: Sequence[str], reader: Reader) -> list[str]:
    """Return the SQL conditions for rows that give their whole order back."""
    columns = ((first_of([column], names), values) for column, values in preset.given_back_whole.items())
    return [reader.among(column, values) for column, values in columns if column is not None]


def leave_out_others(raw: Raw, found: Mapping[str, str], reader: Reader, ledger: Ledger) -> Raw:
    """Return a table without the rows that are no orders by what the preset says; they are counted with their money.

    Parameters
    ----------
    raw, found, reader
        As for `arranged`.
    ledger
        Where findings go.
    """
    engine = raw.table.engine
    for wanted, values in raw.preset.only.items() if raw.preset else ():
        column = first_of([wanted], raw.names)
        if column is None:
            continue
        kept = f"({reader.blank(column)} or {reader.among(column, values)})"
        money = f"sum({reader.money(found['amount'])})" if "amount" in found else "null"
        others = engine.rows(
            f"select {reader.text(column)}, count(*), {money} from {raw.rows} where not {kept} "
            "group by 1 order by 2 desc, 1"
        )
        for value, rows, amount in others:
            ledger.note(f"rows whose {column} is {value!r}, which is no order: left out", rows, amount, aloud=True)
        if others:
            raw = replace(raw, only=" and ".join(filter(None, (raw.only, kept))))
    return raw


def time_of_day(raw: Raw, found: Mapping[str, str]) -> str | None:
    """Return the column that holds the time of the day, where the preset knows one beside the date.

    Parameters
    ----------
    raw, found
        As for `arranged`.
    """
    preset = _of_preset("order_ts", raw, found)
    return first_of(preset.time_of_day, raw.names) if preset else None


def is_of_the_order(name: str, raw: Raw, found: Mapping[str, str]) -> bool:
    """Say whether what a column holds is a fact of the order.

    Parameters
    ----------
    name
        ``amount`` or ``refunded``.
    raw, found
        As for `arranged`.
    """
    preset = _of_preset(name, raw, found)
    return preset is not None and name in preset.of_the_order
