"""Values of the tables beside the orders, where they are text: words as crmlib writes them, numbers, yes and no.

A column that has its type already is read as it is, at no cost.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from crmlib.engine import MONEY, DuckDB
from crmlib.errors import SchemaError
from crmlib.shop import lines as order_lines
from crmlib.shop.ids import is_text
from crmlib.text.spelling import plain

if TYPE_CHECKING:
    from crmlib import policy
    from crmlib.shop.ledger import Ledger
    from crmlib.shop.raw import Raw
    from crmlib.shop.schema import Column

__all__ = ["Cells", "refuse_unread"]

_YES = ("true", "t", "yes", "y", "1", "x", "si", "sì", "s", "vero")
_NO = ("false", "f", "no", "n", "0", "falso")
_NUMBERS = (
    *("TINYINT", "SMALLINT", "INT", "BIGINT", "HUGEINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT"),
    *("DOUBLE", "FLOAT", "DECIMAL"),
)
_SHOWN = 5
_MEND = "Mend it, leave the cell empty, or say which column it is."
#: Answers of a profile: what cannot be read of them is for the lesson on quality to find.
_AS_TYPED = {"birth_year", "loyalty_card"}
#: More different words than that are no vocabulary.
_MOST_WORDS = 1_000


@dataclass(frozen=True)
class Cells:
    """The values of one column.

    Attributes
    ----------
    raw, source
        The table, and the column's name in it.
    column
        The name as the engine quotes it.
    rules
        Whose ``missing`` words stand for no value.
    """

    raw: Raw
    source: str
    column: str
    rules: policy.Orders

    def read(self, about: Column, ledger: Ledger | None) -> str:
        """Return the SQL that reads the values as what they are about.

        Parameters
        ----------
        about
            What is known of the column.
        ledger
            Where words that are not understood are noted.

        Raises
        ------
        SchemaError
            A text is no number, or neither yes nor no.
        """
        kind = self.raw.table.types[self.source]
        if about.kind == "yes/no" and kind.upper().startswith(_NUMBERS):
            return f"({self.column} <> 0)"
        if about.values:  # a column of nothing has any type
            return self._word(about, ledger)
        if not is_text(kind) or about.name in _AS_TYPED:
            return self.column
        if about.kind in {"number", "money"}:
            return self._checked(self._number(about.kind), f"is not a number, as {about.name} must be. {_MEND}")
        if about.kind == "yes/no":
            return self._checked(self._flag(), f"is neither yes nor no, as {about.name} must be. {_MEND}")
        return self.column

    @property
    def _table(self) -> str:
        return self.raw.label.removeprefix("table ")  # findings are the same on every engine

    @property
    def _text(self) -> str:
        """The SQL for the text, null where there is none or a word stands for none."""
        trimmed = f"nullif(trim(cast({self.column} as string)), '')"
        words = ", ".join(self.raw.table.engine.literal(word.lower()) for word in self.rules.missing)
        return f"case when lower({trimmed}) in ({words}) then null else {trimmed} end" if words else trimmed

    def _number(self, kind: str) -> str:
        target = MONEY if kind == "money" else "double"
        text = f"translate({self._text}, '€$£¥ ', '')" if kind == "money" else f"({self._text})"
        if not isinstance(self.raw.table.engine, DuckDB):
            return f"try_cast({text} as {target})"
        number = f"try_cast({order_lines.digits(text, 'VARCHAR', self.raw)} as {target})"
        return f"case when isfinite(cast({number} as double)) then {number} end"

    def _flag(self) -> str:
        yes, no = (", ".join(map(self.raw.table.engine.literal, words)) for words in (_YES, _NO))
        text = f"lower({self._text})"
        return f"case when {text} in ({yes}) then true when {text} in ({no}) then false end"

    def _checked(self, read: str, why: str) -> str:
        refuse_unread(self.raw, self.source, self._text, read, why)
        return read

    def _word(self, about: Column, ledger: Ledger | None) -> str:
        """Return the SQL that writes words as crmlib does; nothing is done where all are written so."""
        counts = self.raw.table.engine.rows(
            f"select cast({self.column} as string), count(*) from {self.raw.table.name} "
            f"where {self.column} is not null group by 1 limit {_MOST_WORDS}"
        )
        spelled = {plain(word): word for word in about.values}
        spelled |= {plain(other): word for word, others in about.values.items() for other in others}
        meant = {text: spelled[plain(text)] for text, _ in counts if plain(text) in spelled}
        if "delivered" in meant.values() and "sent" not in meant.values():
            meant = {text: "sent" if word == "delivered" else word for text, word in meant.items()}
        if ledger is not None:
            missing = {plain(word) for word in ("", *self.rules.missing)}
            strange = {text: count for text, count in counts if text not in meant and plain(text) not in missing}
            if about.others and meant:
                strange = {}
            shown = ", ".join(map(repr, sorted(strange)[:_SHOWN])) + (", ..." if len(strange) > _SHOWN else "")
            ledger.note(
                f"{self._table}, column {self.source!r}: {about.name} that is not one of "
                f"{', '.join(about.values)}, left as it is: {shown}", sum(strange.values()), aloud=True,
            )  # fmt: skip
            total = len(self.raw.table) if about.name == "event" and "sent" not in meant.values() else 0
            if total:
                ledger.note(f"{self._table}: no row says that a mail was sent, so caps on contacts see none of them",
                            total, aloud=True)  # fmt: skip
        others = {text: word for text, word in meant.items() if text != word and "\\" not in text}
        if not others:
            return self.column
        literal = self.raw.table.engine.literal
        cases = " ".join(f"when {literal(text)} then {literal(word)}" for text, word in sorted(others.items()))
        text = f"cast({self.column} as string)"
        return f"case {text} {cases} else {text} end"


def refuse_unread(raw: Raw, source: str, text: str, read: str, why: str) -> None:
    """Refuse a column in which a text cannot be read, naming the first.

    Parameters
    ----------
    raw, source
        The table, and the column's name in it.
    text
        The SQL for the text, null where there is none.
    read
        The SQL that reads it, null where that cannot be done.
    why
        What is wrong with it, and what to do.
    """
    engine = raw.table.engine
    wrong = f"from {raw.table.name} where {text} is not null and {read} is null"
    count = engine.rows(f"select count(*) {wrong}")[0][0]
    if not count:
        return
    more = "" if count == 1 else f" {count:,} rows are like that."
    if not isinstance(engine, DuckDB):
        value = engine.rows(f"select {text} {wrong} limit 1")[0][0]
        raise SchemaError(f"{raw.label}, column {source!r}: {value!r} {why}{more}")
    rows = f"select row_number() over () as number, {text} as content, {read} as value from {raw.table.name}"
    number, content = engine.rows(
        f"select number, content from ({rows}) where content is not null and value is null order by number limit 1"
    )[0]
    raise SchemaError(f"{raw.label}, row {number - 1 + raw.first_row}, column {source!r}: {content!r} {why}{more}")
