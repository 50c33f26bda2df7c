"""Columns beside the status that say that a row is no order: cancelled_at, is_test, a document's type.

Whatever says so counts, in whichever column it stands; what was taken so is said with its rows and their money. The
expressions are for DuckDB and Spark alike.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import msgspec

from crmlib.shop.ledger import counted
from crmlib.words import NOTHING, bare

if TYPE_CHECKING:
    from collections.abc import Mapping

    from crmlib import policy
    from crmlib.shop.ledger import Ledger
    from crmlib.shop.preset_columns import Reader
    from crmlib.shop.raw import Raw

__all__ = ["Undone", "undone"]

#: What a flag holds where it is not set; some databases write no time as zeros.
_NOT_SET = ("", "0", "0.0", "f", "false", "falso", "n", "no", "not cancelled", *NOTHING)
_ZEROS = "0000-00-00"
_SET = ("1", "1.0", "t", "true", "vero", "y", "yes", "x", "s", "si", "sì")
#: More different values than that are no kinds of documents.
_MOST_KINDS = 200


@dataclass(frozen=True)
class Undone:
    """What columns beside the status say of rows.

    Attributes
    ----------
    cancelled
        A status that rows have by them -> the SQL condition for these rows.
    stands
        A status of rows of which such a column says no, where nothing else is their status: a line that stands,
        whatever became of the rest of its order.
    back
        The SQL conditions for rows of money given back, whatever the sign of their amount.
    column
        The first such column, to be named where none is the status.
    """

    cancelled: dict[str, str] = field(default_factory=dict)
    stands: dict[str, str] = field(default_factory=dict)
    back: list[str] = field(default_factory=list)
    column: str = ""

    def told(self, typed: Mapping[str, str], reader: Reader) -> dict[str, str]:
        """Return the SQL expressions of columns with what these columns say.

        Parameters
        ----------
        typed
            Name in crmlib -> expression.
        reader
            How the engine reads a column.
        """
        result = dict(typed)
        if self.back:
            result["amount"] = (
                f"case when {' or '.join(self.back)} then -abs({typed['amount']}) else {typed['amount']} end"
            )
        if self.cancelled:
            marks = {**self.cancelled, **({} if "status" in typed else self.stands)}
            cases = " ".join(f"when {test} then {reader.literal(mark)}" for mark, test in marks.items())
            result["status"] = f"case {cases} else {typed.get('status', 'cast(null as string)')} end"
        return result

    def names(self, found: Mapping[str, str]) -> dict[str, str]:
        """Return which column is which, with the one that stands for the status.

        Parameters
        ----------
        found
            Name in crmlib -> name in the table.
        """
        return {"status": self.column, **found} if self.cancelled else dict(found)

    def over(self, rules: policy.Orders) -> policy.Orders:
        """Return a policy that knows these statuses.

        Parameters
        ----------
        rules
            What counts as an order.
        """
        if not self.cancelled:
            return rules
        marks = {**dict.fromkeys(self.stands, "sale"), **dict.fromkeys(self.cancelled, "cancelled")}
        return msgspec.structs.replace(rules, status={**marks, **rules.status})


def undone(raw: Raw, found: Mapping[str, str], rules: policy.Orders, reader: Reader, ledger: Ledger) -> Undone:
    """Look for columns that say that a row is no order, where no preset knows the columns.

    Parameters
    ----------
    raw
        The table.
    found
        Name in crmlib -> name in the table: these are something else.
    rules
        Whose lists say which columns, and what their values mean.
    reader
        How the engine reads a column.
    ledger
        Where it is said which rows were taken for money given back.
    """
    result = Undone()
    if raw.preset is not None:
        return result
    flags, tests, kinds = (
        [name for name in raw.names if name not in found.values() and bare(name) in set(map(bare, headings))]
        for headings in (rules.cancelled_columns, rules.test_columns, rules.kind_columns)
    )
    for name in flags:
        zeros = f"{reader.text(name)} like {reader.literal(_ZEROS + '%')}"
        result.cancelled[f"{name} is set"] = f"not ({reader.among(name, _NOT_SET)} or coalesce({zeros}, false))"
        result.stands[f"{name} is not set"] = f"not {reader.blank(name)}"
    for name in tests:
        others = f"not ({reader.among(name, _NOT_SET)} or {reader.among(name, _SET)})"
        if not raw.table.engine.rows(f"select count(*) from {raw.rows} where {others}")[0][0]:
            result.cancelled[f"{name} is set"] = reader.among(name, _SET)
    for name in kinds:
        _by_kind(name, raw, rules, reader, ledger, result)
    first = next(iter([*flags, *tests, *kinds]), "")
    return Undone(result.cancelled, result.stands, result.back, first)


def _by_kind(  # noqa: PLR0917 - what `undone` has, for one column
    name: str, raw: Raw, rules: policy.Orders, reader: Reader, ledger: Ledger, result: Undone
) -> None:
    """Read the kinds of documents: quotes and tests are no orders, credit notes and refunds are money given back."""
    text = reader.text(name)
    counts = raw.table.engine.rows(
        f"select {text}, count(*) from {raw.rows} where {text} is not null group by 1 limit {_MOST_KINDS + 1}"
    )
    if len(counts) > _MOST_KINDS:
        return
    own: dict[str, str] = {bare(word): meaning for word, meaning in rules.status.items()}
    lists = {
        "returned": {*map(bare, (*rules.returned_status, *rules.credit_notes))},
        "cancelled": {*map(bare, rules.cancelled_status)},
    }
    for value, rows in sorted(counts):
        meaning = own.get(bare(value)) or next((kind for kind, words in lists.items() if bare(value) in words), "sale")
        test = reader.among(name, [value])
        if meaning == "returned":
            result.back.append(test)
            ledger.statements.append(f"{name} {value!r} ({counted(rows, None)}) is money given back.")
        elif meaning == "cancelled":
            result.cancelled[f"{name} {value}"] = test
