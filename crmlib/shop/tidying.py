"""Amounts as spreadsheets write them, and rows without any value: looked at only where a table cannot be read as it is.

A currency sign, parentheses for money given back and blanks between thousands are read where the whole column is
written so; where a column is at odds with itself, nothing is guessed.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from crmlib.engine import MONEY, literal, quote
from crmlib.errors import SchemaError
from crmlib.shop.ledger import counted
from crmlib.shop.lines import digits
from crmlib.shop.schema import TABLES, match_columns

if TYPE_CHECKING:
    from collections.abc import Mapping

    from crmlib import policy
    from crmlib.shop.raw import Raw

__all__ = ["Tidied", "tidied"]

_ROW = "crmlib row"
#: Signs and codes before or behind a number: €10.50, 10.50 EUR, R$ 5, CHF 5.
_SIGN = r"(?:[A-Z]{0,2}\p{Sc}|[A-Z]{3}|kr\.?|zł|Kč|lei|Fr\.)"
_GAPS = " \u00a0\u202f'\u2019"


class Tidied(NamedTuple):
    """A table that can be read, and what was done for it.

    Attributes
    ----------
    raw
        The table, which keeps its row numbers.
    notes
        What was done -> in how many rows.
    """

    raw: Raw
    notes: dict[str, int]


def tidied(raw: Raw, columns: Mapping[str, str | None], rules: policy.Orders) -> Tidied | None:
    """Return a table of orders without blank rows and with amounts as plain numbers; ``None`` if that changes nothing.

    Parameters
    ----------
    raw
        The table, on DuckDB.
    columns
        The caller's word on which column is which.
    rules
        Whose ``parentheses`` says what these mean.

    Raises
    ------
    SchemaError
        The amounts are written with signs of several currencies.
    """
    found = match_columns(raw.names, TABLES["order_lines"], mapped={**raw.columns, **columns}, place=raw.label)
    notes: dict[str, int] = {}
    engine, table = raw.table.engine, quote(raw.table.name)
    blank = " and ".join(f"coalesce(trim(cast({quote(name)} as varchar)), '') = ''" for name in raw.names)
    empty = engine.rows(f"select count(*) from {table} where {blank}")[0][0]
    if empty == len(raw.table):
        return None
    if empty:
        notes["rows without any value: left out"] = empty
    changed = {}
    for name in ("amount", "unit_price"):
        if name in found and raw.table.types[found[name]] == "VARCHAR":
            plain = _plain(raw, found[name], rules, notes)
            if plain:
                changed[found[name]] = plain
    if not notes:
        return None
    replaced = ", ".join(f"{expression} as {quote(name)}" for name, expression in changed.items())
    file = f"partition by {quote(raw.file_column)} " if raw.file_column else ""
    number = f"row_number() over ({file}order by nr) as {quote(_ROW)}"
    numbered = f"select *, {number} from (select *, row_number() over () as nr from {table})"
    picked = f"* exclude (nr){f' replace ({replaced})' if replaced else ''}"
    rows = engine.table(f"select {picked} from ({numbered}) where not ({blank}) order by nr")
    return Tidied(replace(raw, table=rows, row_column=_ROW), notes)


def _plain(raw: Raw, name: str, rules: policy.Orders, notes: dict[str, int]) -> str:
    """Return the SQL for the amounts of a column as plain numbers; nothing where they are so, or cannot be made so."""
    engine, table = raw.table.engine, quote(raw.table.name)
    text = f"trim({quote(name)}, {literal(_GAPS)})"
    there = f"{table} where {text} <> ''"
    if not _unread(raw, text, there):
        return ""
    sign = f"regexp_extract({text}, {literal(_SIGN)})"
    counts = dict(engine.rows(f"select {sign}, count(*) from {there} group by 1 order by 2 desc, 1"))
    signs = [each for each in counts if each]
    if len(signs) > 1:
        listed = ", ".join(f"{each} ({counted(counts[each], None)})" for each in signs[:5])
        raise SchemaError(
            f"{raw.label}, column {name!r}: amounts in several currencies: {listed}. They cannot be added: leave the "
            "rows of one currency, or put it into a column of its own."
        )
    unsigned = f"{there} and {sign} = '' and not regexp_full_match({text}, '0*[.,]?0*')"
    if signs and engine.rows(f"select count(*) from {unsigned}")[0][0]:
        return ""  # some with a sign and some without may be two currencies
    bracketed, minus = engine.rows(
        f"select count(*) filter ({text} like '%(%)%'), count(*) filter ({text} like '%-%') from {there}"
    )[0]
    usual = not minus and bracketed < sum(counts.values()) and (bracketed > 1 or signs)
    if bracketed and (rules.parentheses == "error" or (rules.parentheses == "usual" and not usual)):
        return ""  # nothing tells that parentheses mean money given back
    bare = f"trim(replace({text}, {literal(signs[0])}, ''), {literal(_GAPS)})" if signs else text
    bare = rf"regexp_replace({bare}, '^([-+]?)[{_gaps()}]*\(?[{_gaps()}]*(.*?)[{_gaps()}]*\)?$', "
    bare = f"concat(case when {text} like '%(%)%' then '-' else '' end, {bare} '\\1\\2'))"
    grouped = rf"[-+]?\d{{1,3}}([{_gaps()}]\d{{3}})+([.,]\d+)?"
    closed = f"regexp_replace({bare}, '[{_gaps()}]', '', 'g')"
    bare = f"case when regexp_full_match({bare}, '{grouped}') then {closed} else {bare} end"
    gaps = engine.rows(f"select count(*) from {there} and regexp_matches({text}, '\\d[{_gaps()}]\\d')")[0][0]
    if _unread(raw, f"({bare})", there):
        return ""
    done = {
        f"amounts written with {''.join(signs)!r} in {name!r}: read without": counts[signs[0]] if signs else 0,
        f"amounts in parentheses in {name!r}: read as money given back": bracketed,
        f"amounts with blanks between thousands in {name!r}: read without": gaps,
    }
    notes.update({text: count for text, count in done.items() if count})
    return bare


def _gaps() -> str:
    """Return blanks and apostrophes as they stand in a class of a pattern in an SQL literal."""
    return _GAPS.replace("'", "''")


def _unread(raw: Raw, text: str, there: str) -> int:
    """Count the values that are no amount."""
    read = f"try_cast({digits(text, 'VARCHAR', raw)} as {MONEY})"
    count: int = raw.table.engine.rows(f"select count(*) from {there} and {read} is null")[0][0]
    return count
