"""Facts of an order that stand on any of its lines, and what they decide: which lines are sales.

The queries are for DuckDB and Spark alike. Most sources have none of these columns; then nothing is computed here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from crmlib.engine import MONEY
from crmlib.errors import SchemaError
from crmlib.shop.ledger import counted
from crmlib.words import NOTHING, bare

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from crmlib import policy
    from crmlib.engine import Table
    from crmlib.shop.ledger import Ledger

__all__ = ["Place", "negative", "odd_date", "settled"]

#: Columns that end here: what they say has been done.
_FACTS = ("status", "currency", "guarded", "cancelled")
#: How a status is said to have been taken.
_TAKEN = {"sale": "a sale", "cancelled": "no sale", "returned": "given back"}
_NEGATIVE = (
    "{} of a negative quantity and a positive amount. Mend them, or say what they are: "
    "policy={{'orders': {{'negative_quantity': 'return'}}}}, or 'sale'."
)
#: How many values a sentence names.
_NAMED = 8


@dataclass(frozen=True)
class Place:
    """Where lines come from, for errors.

    Attributes
    ----------
    label
        The source's.
    found
        Which column is which: name in crmlib -> name in the source.
    """

    label: str
    found: Mapping[str, str]

    def column(self, name: str) -> str:
        """Return how errors name a column."""
        return f"{self.label}, column {self.found[name]!r}"


@dataclass(frozen=True)
class _Value:
    """A value of a column of few values, with its rows and their money."""

    text: str
    rows: int
    amount: float

    def __str__(self) -> str:
        return f"{self.text!r} ({counted(self.rows, self.amount)})"


def settled(table: Table, place: Place, rules: policy.Orders, ledger: Ledger) -> Table:
    """Leave out lines without a customer, and those that are no sale by what their order says.

    Parameters
    ----------
    table
        Checked lines, with ``cancelled`` and the facts that the source has.
    place
        Where they come from.
    rules
        What counts as an order.
    ledger
        Where findings go.

    Raises
    ------
    SchemaError
        A status that is not known, or several currencies of which the policy takes none.
    """
    counting = "customer_id is not null and not cancelled"
    odd = odd_date(rules)
    counts = [f"count(*) filter (where {odd})", f"sum(amount) filter (where {odd})"]
    if "quantity" in table.columns and rules.negative_quantity != "sale":
        counts += [f"count(*) filter (where {negative()})", f"sum(amount) filter (where {negative()})"]
    rows, amount, *backwards = table.engine.rows(f"select {', '.join(counts)} from {table.name} where {counting}")[0]
    ledger.note(f"rows of before {rules.first_year} or after {rules.last_year}: dropped", rows, amount, aloud=True)
    counting += f" and not {odd}" if rows else ""
    if backwards and backwards[0]:
        if rules.negative_quantity == "error":
            raise SchemaError(f"{place.column('quantity')}: {_NEGATIVE.format(counted(*backwards))}")
        finding = "rows of a negative quantity and a positive amount: taken as given back"
        ledger.note(finding, *backwards, aloud=True)
        table = _given_back(table)
    facts = [name for name in _FACTS if name in table.columns]
    kept = ", ".join(column for column in table.columns if column not in facts)
    if "currency" in table.columns:
        table = _in_one_currency(table, counting, place, rules, ledger)
    if "status" not in table.columns:
        return table.engine.table(f"select {kept} from {table.name} where {counting}")
    standing = _standing(table, counting, place, rules, ledger)
    rows = table.engine.table(f"select {kept}, {standing} as standing from {table.name} where {counting}")
    return _sales(rows, kept, ledger)


def odd_date(rules: policy.Orders, time: str = "order_ts") -> str:
    """Return the SQL condition for times in years in which no shop has sold."""
    return (
        f"({time} < timestamp '{rules.first_year:04d}-01-01 00:00:00' "
        f"or {time} >= timestamp '{rules.last_year + 1:04d}-01-01 00:00:00')"
    )


def negative(quantity: str = "quantity", amount: str = "amount") -> str:
    """Return the SQL condition for rows whose quantity says return, and whose amount says sale."""
    return f"({quantity} < 0 and {amount} > 0)"


def _given_back(table: Table) -> Table:
    picked = ", ".join(
        f"case when {negative()} then -amount else amount end as amount" if name == "amount" else name
        for name in table.columns
    )
    return table.engine.table(f"select {picked} from {table.name}")


def _in_one_currency(table: Table, counting: str, place: Place, rules: policy.Orders, ledger: Ledger) -> Table:
    """Leave one currency: the only one, or the policy's and what it has rates for. A line without has its order's."""
    values = _values(table, "currency", counting)
    codes = {value.text: value.text.strip().upper() for value in values}
    there = list(dict.fromkeys(codes.values()))
    wanted = rules.currency.strip().upper() or (there[0] if len(there) == 1 else "")
    if there and not wanted:
        raise SchemaError(_several([_together(code, values, codes) for code in there], place))
    if wanted:
        ledger.currency = wanted
        ledger.statements.append(f"Money is in {wanted}.")
    if set(there) <= {wanted}:
        return table
    rates = {code.strip().upper(): rate for code, rate in rules.rates.items()} | {wanted: 1.0}
    engine = table.engine
    literal = engine.literal
    cases = " ".join(f"when {literal(text)} then {literal(code)}" for text, code in codes.items())
    spelled = engine.table(f"select *, case currency {cases} end as code from {table.name}")
    carried = _carried(spelled, "code")
    for code in there:
        if code != wanted:
            rows, amount = engine.rows(
                f"select count(*), sum(amount) from {carried.name} where {counting} and code = {literal(code)}"
            )[0]
            done = f"changed into {wanted} at {rates[code]:g}" if code in rates else "left out"
            ledger.note(f"rows in {code}: {done}", rows, amount, aloud=True)
    factor = " ".join(f"when {literal(code)} then cast({rate!r} as decimal(18, 8))" for code, rate in rates.items())
    changed = {
        name: f"cast({name} * case coalesce(code, {literal(wanted)}) {factor} end as {MONEY}) as {name}"
        for name in ("amount", "unit_price", "refunded")
    }
    picked = ", ".join(changed.get(name, name) if rules.rates else name for name in table.columns)
    known = ", ".join(map(literal, rates))
    return engine.table(f"select {picked} from {carried.name} where coalesce(code, {literal(wanted)}) in ({known})")


def _carried(table: Table, column: str) -> Table:
    """Fill a fact where a line has none with the only one that its order has."""
    engine = table.engine
    orders = engine.table(
        f"select customer_id, order_id, min({column}) as fact from {table.name} "
        f"group by customer_id, order_id having min({column}) = max({column})"
    )
    columns = ", ".join(f"line.{name}" for name in table.columns if name != column)
    return engine.table(
        f"select {columns}, coalesce(line.{column}, facts.fact) as {column} from {table.name} as line "
        f"left join {orders.name} as facts "
        "on line.customer_id = facts.customer_id and line.order_id = facts.order_id"
    )


def _together(code: str, values: Sequence[_Value], codes: Mapping[str, str]) -> _Value:
    """Sum the spellings of a currency."""
    same = [value for value in values if codes[value.text] == code]
    return _Value(code, sum(value.rows for value in same), sum(value.amount for value in same))


def _several(values: Sequence[_Value], place: Place) -> str:
    first = values[0].text
    shown = " and ".join(map(str, values[:_NAMED]))
    return (
        f"{place.column('currency')}: {shown} cannot be added. Take one of them: "
        f"policy={{'orders': {{'currency': {first!r}}}}}; or say, too, what one unit of each other is worth in it: "
        f"policy={{'orders': {{'currency': {first!r}, 'rates': {{{values[1].text!r}: ...}}}}}}."
    )


def _standing(table: Table, counting: str, place: Place, rules: policy.Orders, ledger: Ledger) -> str:
    """Return the SQL that reads a status: 0 no sale, 1 given back, 2 a sale; null where the line has none."""
    values = _values(table, "status", counting)
    taken = {value.text: _taken(value.text, rules) for value in values}
    unknown = [value for value in values if taken[value.text] is None]
    if unknown and rules.unknown_status == "error":
        raise SchemaError(_unknown(unknown, place))
    for value in unknown:
        taken[value.text] = "sale" if rules.unknown_status == "sale" else "cancelled"
    for value in values:
        ledger.note(f"status {value.text!r}: {_TAKEN[taken[value.text] or 'sale']}", value.rows, value.amount)
    named = [f"{value} is {_TAKEN[taken[value.text] or 'sale']}" for value in values]
    if named:
        more = f"; {len(named) - _NAMED} more in quality()" if len(named) > _NAMED else ""
        ledger.statements.append(f"Status: {'; '.join(named[:_NAMED])}{more}.")
    literal = table.engine.literal
    cases = [
        f"when status in ({', '.join(literal(text) for text, kind in taken.items() if kind == meaning)}) then {code}"
        for code, meaning in enumerate(("cancelled", "returned", "sale"))
        if meaning in taken.values()
    ]
    return f"case {' '.join(cases)} end" if cases else "cast(null as integer)"


def _values(table: Table, column: str, counting: str) -> list[_Value]:
    """Return a column's values with their rows and money, the commonest first; what is empty is none."""
    found = table.engine.rows(
        f"select {column}, count(*), sum(amount) from {table.name} "
        f"where {counting} and {column} is not null group by {column} order by 2 desc, 1"
    )
    return [_Value(text, rows, float(amount or 0)) for text, rows, amount in found if not _is_empty(text)]


def _is_empty(text: str) -> bool:
    return bare(text) in {"", *map(bare, NOTHING)}


def _taken(text: str, rules: policy.Orders) -> str | None:
    """Return what a status means, ``None`` where nobody has said it."""
    own: dict[str, Any] = {_spelled(word): meaning for word, meaning in rules.status.items()}
    lists: Sequence[tuple[str, Sequence[str]]] = (
        ("cancelled", rules.cancelled_status),
        ("returned", rules.returned_status),
        ("sale", rules.sale_status),
    )
    word = _spelled(text)
    if word in own:
        return str(own[word])
    return next((meaning for meaning, words in lists if word in map(_spelled, words)), None)


def _spelled(text: str) -> str:
    """Return what spellings of a status share: WooCommerce puts wc- before its own."""
    return bare(text.strip().casefold().removeprefix("wc-"))


def _unknown(values: Sequence[_Value], place: Place) -> str:
    shown = ", ".join(map(str, values[:_NAMED])) + (f" and {len(values) - _NAMED} more" * (len(values) > _NAMED))
    return (
        f"{place.column('status')}: {shown}: nobody has said whether such orders are sales. Say so: "
        f"policy={{'orders': {{'status': {{{values[0].text!r}: 'sale'}}}}}}, or 'cancelled', or 'returned'; "
        "for all that are left, policy={'orders': {'unknown_status': 'drop'}}, or 'sale'."
    )


def _sales(rows: Table, kept: str, ledger: Ledger) -> Table:
    """Carry each order's status to its lines that have none, and leave out what is no sale."""
    engine = rows.engine
    if not engine.rows(f"select count(*) from {rows.name} where standing < 2")[0][0]:
        return engine.table(f"select {kept} from {rows.name}")
    # a line that gives money back stands where nothing of its order does: it lowers the order that it belongs to
    orders = engine.table(
        "select customer_id, order_id, min(standing) as standing, "
        "max(case when amount >= 0 then 1 else 0 end) as bought, "
        "max(case when amount >= 0 and standing = 2 then 1 else 0 end) as stands "
        f"from {rows.name} group by customer_id, order_id having min(standing) < 2"
    )
    ledger.no_sales = engine.table(f"select customer_id, order_id from {orders.name} where bought = 1 and stands = 0")
    columns = ", ".join(f"line.{column}" for column in kept.split(", "))
    judged = engine.table(
        f"select {columns}, case when line.amount < 0 and facts.bought = 0 and facts.standing = 1 then 2 "
        "when line.amount < 0 and facts.bought = 1 and facts.stands = 0 then facts.standing "
        "else coalesce(line.standing, facts.standing, 2) end as standing "
        f"from {rows.name} as line left join {orders.name} as facts "
        "on line.customer_id = facts.customer_id and line.order_id = facts.order_id"
    )
    cancelled, cancelled_amount, returned, returned_amount = engine.rows(
        "select count(*) filter (where standing = 0), sum(amount) filter (where standing = 0), "
        "count(*) filter (where standing = 1), sum(amount) filter (where standing = 1) "
        f"from {judged.name}"
    )[0]
    ledger.note("cancelled rows: dropped", cancelled, cancelled_amount, aloud=True)
    ledger.note("rows whose status says they were given back: dropped", returned, returned_amount, aloud=True)
    return engine.table(f"select {kept} from {judged.name} where standing = 2")
