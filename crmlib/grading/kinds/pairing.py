"""Which row of an answer stands for which of the reference, and how a column that differs is told to a student."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from crmlib.grading.kinds.grids import shown
from crmlib.grading.kinds.sameness import NOTHING, alike, comparable, rank

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from crmlib.grading.kinds.grids import Grid
    from crmlib.grading.spec.questions import Field

__all__ = ["Column", "Pairing", "by_key", "by_place", "difference", "sorted_rows"]


@dataclass(frozen=True)
class Pairing:
    """Which row of an answer stands for which of the reference.

    Attributes
    ----------
    rows
        A pair for each expected row, the first of it None where the answer has no such row.
    findings
        What is wrong with the rows as such.
    whole
        Whether the rows are those that are expected, no more and no fewer.
    stop
        Why nothing can be compared; empty if it can.
    """

    rows: list[tuple[int | None, int]]
    findings: list[str]
    whole: bool = True
    stop: str = ""


def by_key(fields: Mapping[str, Field], key: Sequence[str], theirs: Grid, right: Grid) -> Pairing:
    """Pair rows by the columns that tell them apart, whatever their order."""
    absent = [name for name in key if name not in theirs.columns]
    if absent:
        return Pairing([], [], stop=f"Without the column {absent[0]} the rows cannot be told apart.")
    their_keys, right_keys = _keys(fields, key, theirs), _keys(fields, key, right)
    row_of = {values: row for row, values in enumerate(their_keys)}
    if len(row_of) < len(their_keys):
        return Pairing([], [], stop="Rows stand in the table more than once: one row for each is asked for.")
    rows = [(row_of.get(values), row) for row, values in enumerate(right_keys)]
    expected = set(right_keys)
    extra = [row for row, values in enumerate(their_keys) if values not in expected]
    missing = sum(row is None for row, _ in rows)
    findings = []
    if extra:
        more = f" (and {len(extra) - 1:,} more)" if len(extra) > 1 else ""
        findings.append(
            f"{theirs.places[extra[0]]}{more} should not be in the table.{_look_alike(their_keys[extra[0]])}"
        )
    if missing:
        findings.append(f"{missing:,} of {len(rows):,} expected rows are missing.")
    return Pairing(rows, findings, whole=not (extra or missing))


def _look_alike(key: tuple[Any, ...]) -> str:
    letters = (letter for part in key if isinstance(part, str) for letter in part)
    strange = next((letter for letter in letters if not letter.isascii()), "")
    return f" It holds a letter that is no plain one (U+{ord(strange):04X})." if strange else ""


def _keys(fields: Mapping[str, Field], key: Sequence[str], columns: Grid) -> list[tuple[Any, ...]]:
    parts = [[comparable(fields[name], value) for value in columns.columns[name]] for name in key]
    # What is of another type than the key can match nothing, itself included.
    return [
        tuple(("?", row) if value is NOTHING else value for value in values)
        for row, values in enumerate(zip(*parts, strict=True))
    ]


def by_place(order_theirs: Sequence[int], order_right: Sequence[int], what: str) -> Pairing:
    """Pair rows one after the other."""
    theirs, right = len(order_theirs), len(order_right)
    rows = [(order_theirs[n] if n < theirs else None, order_right[n]) for n in range(right)]
    if theirs == right:
        return Pairing(rows, [])
    more = "too many" if theirs > right else "too few"
    if theirs > right:  # what is too much makes as many wrong as there are too many
        rows += [(row, -1) for row in order_theirs[right:]]
    return Pairing(rows, [f"There are {more} {what}: {theirs:,}."], whole=False)


def sorted_rows(fields: Mapping[str, Field], columns: Grid) -> list[int]:
    """Sort rows whose order is no part of the answer."""
    # Text first: numbers may be off by a rounding, and would then stand elsewhere.
    ordered = sorted(fields.items(), key=lambda item: item[1].type == "number")
    there = [(field, columns.columns[name]) for name, field in ordered if name in columns.columns]
    return sorted(
        range(columns.rows), key=lambda row: [rank(comparable(field, values[row])) for field, values in there]
    )


@dataclass(frozen=True)
class Column:
    """One column of both sides."""

    name: str
    field: Field
    theirs: Grid
    right: Grid

    def wrong(self, rows: list[tuple[int | None, int]]) -> list[int | None]:
        """Give the answer's rows that differ, in their order; None for one that is not there."""
        return list(self._wrong(rows))

    def _wrong(self, rows: list[tuple[int | None, int]]) -> Iterator[int | None]:
        theirs, right = self.theirs.columns[self.name], self.right.columns[self.name]
        for here, there in rows:
            if here is None or there < 0 or here in self.theirs.failures or not self._alike(theirs[here], right[there]):
                yield here

    def _alike(self, theirs: Any, right: Any) -> bool:
        return alike(self.field, comparable(self.field, theirs), comparable(self.field, right))


def difference(what: str, column: Column, wrong: list[int | None], total: int) -> str:
    """Say how a column differs, with the student's own value and never the expected one."""
    first = next((row for row in wrong if row is not None and row not in column.theirs.failures), None)
    if first is None:
        failed = sum(row in column.theirs.failures for row in wrong)
        if failed:
            return f"{what}: at {failed} of {total:,} inputs the function gives no output."
        return f"{what}: {len(wrong):,} of {total:,} values are missing."
    yours = f"yours, {shown(column.theirs.columns[column.name][first])}, is not right"
    if total == 1:
        return f"{what}: {yours}."
    return f"{what}: {len(wrong):,} of {total:,} values differ; the first is at {column.theirs.places[first]}: {yours}."
