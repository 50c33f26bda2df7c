"""From a source's raw tables to a shop's: orders first, the others as they were known on the day."""

from __future__ import annotations

from datetime import date, timedelta
from functools import cache, partial
from typing import TYPE_CHECKING, Any, NamedTuple

from crmlib.days import until
from crmlib.engine import DuckDB, Table
from crmlib.errors import SchemaError
from crmlib.shop.codes import codes_apart, with_codes
from crmlib.shop.doubts import doubt_late_returns
from crmlib.shop.known import known_by
from crmlib.shop.ledger import Ledger, counted
from crmlib.shop.lines import lines
from crmlib.shop.netting import orders
from crmlib.shop.preset_columns import by_preset
from crmlib.shop.recognition import called, columns_by_table, taken
from crmlib.shop.refunds import refunds_as_rows
from crmlib.shop.schema import TABLES
from crmlib.shop.spark_lines import typed_lines
from crmlib.shop.tidying import tidied
from crmlib.text.consent import kind_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from crmlib import policy
    from crmlib.shop.raw import Raw
    from crmlib.shop.recognition import Taken

__all__ = ["ShopTables", "shop_tables"]


class ShopTables(NamedTuple):
    """The tables of a shop.

    Attributes
    ----------
    tables
        By name; ``orders`` is always there.
    as_of
        The day on which they are looked at.
    ledger
        What was found and done on the way in.
    later
        Where the day was derived: what gives the tables that tell who may be contacted, with what was said after it.
        They are read when somebody first asks, for most who open a shop contact nobody.
    """

    tables: dict[str, Table]
    as_of: date
    ledger: Ledger
    later: dict[str, Callable[[], Table]] | None


def shop_tables(
    raw: Mapping[str, Raw],
    rules: policy.Orders,
    columns: Mapping[str, Any],
    as_of: date | None,
    *,
    preset: Any = False,
) -> ShopTables:
    """Return a shop's tables as they were known by the end of a day.

    Parameters
    ----------
    raw
        The source's tables; one is called orders or order_lines.
    rules
        What counts as an order.
    columns
        The caller's word on columns, see `crmlib.shop.recognition.columns_by_table`.
    as_of
        The day; the one after the last order by default.
    preset
        As for `crmlib.open_shop`.

    Raises
    ------
    SchemaError
        No table holds the orders, a value in one cannot be read, or no order is left.
    """
    ledger = Ledger()
    chosen = columns_by_table(columns)
    raw = called(raw, chosen, ledger)
    main = next((name for name in ("orders", "order_lines") if name in raw), None)
    if main is None:
        there = f"there are: {', '.join(raw)}" if raw else "there is none at all"
        raise SchemaError(
            f"There is no table called orders or order_lines; {there}. Name the one that holds the orders so, or open "
            f"it by itself.{_parts(raw)}"
        )
    own_lines = chosen.get("order_lines") or {}
    of_orders = {**(own_lines if main == "order_lines" else {}), **(chosen["orders"] or {})}
    raw = {**raw, main: by_preset(raw[main], preset, of_orders, ledger)}
    if (known := raw[main].preset) is not None:
        rules = known.over(rules)
    rows, codes = codes_apart(_lines(raw[main], rules, of_orders, ledger))
    matched = {
        name: taken(name, table, chosen.get(name) or {})
        for name, table in raw.items()
        if name not in {main, "order_lines"}
    }
    returns = _returns(raw, matched, rules, ledger)
    if known is not None or "refunded" in rows.columns:
        rows = refunds_as_rows(rows.engine.computed(rows), returns, ledger)
    last = rows.engine.rows(f"select max(order_ts) from {rows.name} where amount >= 0")[0][0]
    if last is None:
        raise SchemaError(f"{raw[main].label}: no order is left once cancelled rows and returns are out.")
    told = as_of is not None
    as_of = as_of or _derived_day(rows, returns, raw[main].label, rules, ledger)
    rows = _up_to(rows, as_of, ledger)
    returns = _up_to(returns, as_of, None) if returns is not None else None
    netted = orders(rows, returns, rules, ledger)
    if not len(netted):
        raise SchemaError(f"{raw[main].label}: there is no order up to {as_of}; the last is of {last.date()}.")
    ledger.note("orders", len(netted), netted.engine.rows(f"select sum(amount) from {netted.name}")[0][0])
    _doubt_customer_0(netted, ledger)
    _doubt_case(netted, ledger)
    tables = {"orders": netted, **with_codes(netted, codes, until(as_of))}
    if main == "order_lines" or _has_lines(rows, netted):
        tables["order_lines"] = rows
    for name, table in raw.items():
        if name == "order_lines" and main == "orders":
            tables[name] = _up_to(_without_refunds(_lines(table, rules, own_lines, Ledger())), as_of, None)
        elif name not in tables and name != main:
            tables[name] = known_by(name, raw, matched, as_of, rules, ledger=ledger)
            matched[name].note(name, table.label, ledger)
    return ShopTables(tables, as_of, ledger, _heard_later(raw, matched, tables, rules, told=told))


#: Later than anything that anybody said.
_LAST_DAY = date(9998, 12, 31)


def _heard_later(
    raw: Mapping[str, Raw],
    matched: Mapping[str, Taken],
    tables: Mapping[str, Table],
    rules: policy.Orders,
    *,
    told: bool,
) -> dict[str, Callable[[], Table]] | None:
    """Return what gives the tables in which people say who may be contacted, whenever; none where the day is told."""
    if told:
        return None
    undated = {None, "customers", "contacts"}  # nobody says there when it was said
    heard = [name for name in tables if name in matched and (kind_of(name) not in undated or name in _TEXTS)]
    # each holds its own raw table and no other: a table goes with its object
    return {name: cache(partial(known_by, name, {name: raw[name]}, matched, _LAST_DAY, rules)) for name in heard}


#: Tables in whose texts somebody may ask to be left alone.
_TEXTS = {"surveys", "tickets"}


def _has_lines(rows: Table, netted: Table) -> bool:
    """Tell whether the orders' rows are lines of them."""
    return bool({"product_id", "quantity"} & set(rows.columns)) or len(rows) > len(netted)


def _parts(names: Iterable[str]) -> str:
    """Return a hint at a glob, where the orders seem to stand in several files."""
    parts = [name for name in names if name.startswith("order")]
    return " If they are one table in several files, open them by a glob: 'folder/order*.csv'." * (len(parts) > 1)


#: A date is alone that lies so many days after all others, and so many times as many as ever passed between those;
#: and that so few orders have. Of few orders one is alone that lies years after them.
_ALONE_DAYS, _ALONE_TIMES, _ALONE_SHARE = 180, 10, 0.001
_FEW, _YEARS_OF_DAYS = 3, 5 * 365


def _derived_day(rows: Table, returns: Table | None, label: str, rules: policy.Orders, ledger: Ledger) -> date:
    """Return the day after the last order, and say what was given back later."""
    day = _day_after(rows, label, rules, ledger)
    doubt_late_returns([rows, returns], day, ledger)
    return day


def _day_after(rows: Table, label: str, rules: policy.Orders, ledger: Ledger) -> date:
    """Return the day after the last order, but for orders that are dated far after all others."""
    days = rows.engine.rows(
        f"select cast(order_ts as date), count(*), sum(amount) from {rows.name} where amount >= 0 group by 1 order by 1"
    )
    last = _last_of_many([(day, count) for day, count, _ in days])
    later = [(day, count, amount) for day, count, amount in days if day > last]
    if not later or rules.lone_dates == "keep":
        newest: date = days[-1][0]
        return newest + timedelta(days=1)
    count, amount = sum(row[1] for row in later), sum(row[2] for row in later)
    first = later[0][0]
    question = f"dated {first} or later, {(first - last).days:,} days after all others, which end on {last}"
    answer = "If they are right, say so: policy={'orders': {'lone_dates': 'keep'}}"
    if rules.lone_dates == "error":
        raise SchemaError(f"{label}: {counted(count, float(amount))}, {question}. Mend the dates. {answer}.")
    ledger.note(f"{question}: left out. {answer}", count, amount, aloud=True)
    return last + timedelta(days=1)


def _last_of_many(days: Sequence[tuple[date, int]]) -> date:
    """Return the last day that is not far after all others.

    Examples
    --------
    >>> week = [(date(2024, 1, day), 3) for day in range(1, 8)]
    >>> _last_of_many([*week, (date(2042, 1, 5), 1)])
    datetime.date(2024, 1, 7)
    >>> _last_of_many([(date(2024, 1, 1), 1), (date(2042, 1, 5), 1)])
    datetime.date(2042, 1, 5)
    """
    runs: list[list[tuple[date, int]]] = [[days[0]]]
    for day in days[1:]:
        if (day[0] - runs[-1][-1][0]).days >= _ALONE_DAYS:
            runs.append([])
        runs[-1].append(day)
    counts = [sum(count for _, count in run) for run in runs]
    most = counts.index(max(counts))
    usual = max(
        ((after[0] - before[0]).days for before, after in zip(runs[most], runs[most][1:], strict=False)), default=0
    )
    end = most
    while end + 1 < len(runs):
        gap = (runs[end + 1][0][0] - runs[end][-1][0]).days
        many = counts[most] >= (_FEW if gap >= _YEARS_OF_DAYS else _ALONE_TIMES)
        few = many and sum(counts[end + 1 :]) <= max(1, _ALONE_SHARE * sum(counts))
        if few and gap >= _ALONE_TIMES * usual:
            return runs[end][-1][0]
        end += 1
    return days[-1][0]


#: Customer 0 is doubted from so many orders on, if that is so many times as many as the next customer has.
_MANY, _TIMES = 20, 5


def _doubt_customer_0(netted: Table, ledger: Ledger) -> None:
    """Say where customer 0 has far more orders than any other: many shops book their guests so."""
    engine = netted.engine
    count, amount = engine.rows(f"select count(*), sum(amount) from {netted.name} where customer_id = '0'")[0]
    if count < _MANY:
        return
    others = f"select count(*) as orders from {netted.name} where customer_id <> '0' group by customer_id"
    if count >= _TIMES * (engine.rows(f"select max(orders) from ({others}) as each_one")[0][0] or 0):
        ledger.note(
            "orders of customer '0', far more than of any other. If these are guests, say so: "
            "policy={'orders': {'nobody': ['guest', '0'], 'missing_customer': 'drop'}}",
            count,
            amount,
            aloud=True,
        )


def _doubt_case(netted: Table, ledger: Ledger) -> None:
    """Say which ids differ from another's in case only: one customer in two spellings, perhaps."""
    engine = netted.engine
    for other in ("upper", "lower"):  # where all are of one case, none can differ by it
        if not engine.rows(f"select count(*) from {netted.name} where {other}(customer_id) <> customer_id")[0][0]:
            return
    ids = f"select min(customer_id) as example from {netted.name} group by upper(customer_id)"
    twice = f"{ids} having min(customer_id) <> max(customer_id)"
    count, example = engine.rows(f"select count(*), min(example) from ({twice}) as twice")[0]
    ledger.note(
        f"customers whose ids differ in case only, such as {example!r}: each spelling is a customer of its own. Write "
        "each id in one way if they are one",
        count,
        aloud=True,
    )


def _lines(raw: Raw, rules: policy.Orders, columns: Mapping[str, str | None], ledger: Ledger) -> Table:
    """Read a source's rows as its engine does: Spark's have types already, others may have to be tidied first."""
    if not isinstance(raw.table.engine, DuckDB):
        return typed_lines(raw, rules, columns, ledger)
    before = ledger.copy()
    try:
        return lines(raw, rules, columns, ledger)
    except SchemaError:
        mended = tidied(raw, columns, rules)
        if mended is None:
            raise
    ledger.reset(before)
    for text, count in mended.notes.items():
        ledger.note(text, count, aloud=True)
    return lines(mended.raw, rules, columns, ledger)


def _without_refunds(rows: Table) -> Table:
    """Leave out what was given back: the orders, which are a table of their own, are net of it."""
    columns = [name for name in rows.columns if name != "refunded"]
    return rows if columns == rows.columns else rows.engine.table(f"select {', '.join(columns)} from {rows.name}")


def _up_to(rows: Table, as_of: date, ledger: Ledger | None) -> Table:
    """Leave out what had not happened yet."""
    known = rows.engine.query("order_known", {"rows": rows}, until=until(as_of))
    if ledger is not None:
        ledger.note(f"rows after {as_of}: left out", len(rows) - len(known))
    return known


def _returns(
    raw: Mapping[str, Raw], matched: Mapping[str, Taken], rules: policy.Orders, ledger: Ledger
) -> Table | None:
    """Read a table of returns, if there is one, as negative lines of the orders they belong to."""
    if "returns" not in raw or not len(raw["returns"].table):
        return None
    taken_as = matched["returns"].names
    names = {"order_ts" if name == "return_ts" else name: source for name, source in taken_as.items()}
    known = {column.name for column in TABLES["order_lines"]}
    columns = {name: names.get(name) for name in known}
    own = Ledger()
    rows = _lines(raw["returns"], rules, columns, own)
    # without ids, a return is an order of its own, which falls on the customer's latest before it
    order_id = "concat('return-', order_id) as order_id" if own.numbered else "order_id"
    returns = rows.engine.table(f"select customer_id, {order_id}, order_ts, -abs(amount) as amount from {rows.name}")
    if ledger.no_sales is None:
        return returns
    gone = f"select concat_ws(chr(31), customer_id, order_id) from {ledger.no_sales.name}"
    idle = f"concat_ws(chr(31), customer_id, order_id) in ({gone})"
    count, amount = rows.engine.rows(f"select count(*), sum(amount) from {returns.name} where {idle}")[0]
    ledger.note("returns of orders that are no sale: left out", count, amount, aloud=True)
    return rows.engine.table(f"select * from {returns.name} where not {idle}")
