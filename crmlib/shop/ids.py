"""Ids as people write them: words that stand for nobody, and what spreadsheets put around text to keep it text.

The expressions are for DuckDB and Spark alike, but for `as_id`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from crmlib import policy

__all__ = ["BLANKS", "GUARDED", "as_id", "as_written", "guarded", "is_text", "words_for"]

#: The finding: how many rows have such a guard.
GUARDED = "rows whose ids a spreadsheet guards, as '00123 does: read without"

#: What shows nothing at an id's ends: blanks, tabs and line ends of all kinds, marks without a width.
BLANKS = (
    " \t\n\r\v\f\x1c\x1d\x1e\x1f\x85\xa0\u1680"
    + "".join(map(chr, range(0x2000, 0x200C)))
    + ("\u2028\u2029\u202f\u205f\u2060\u3000\ufeff")
)
#: What a spreadsheet would take for a number or run as a formula, so that text gets an apostrophe before it.
_NUMBER_OR_FORMULA = "0123456789=+-@"


def words_for(name: str, rules: policy.Orders) -> Sequence[str]:
    """Return the words that stand for no id in a column."""
    return (*rules.missing, *rules.nobody) if name == "customer_id" else rules.missing


def is_text(kind: str) -> bool:
    """Tell whether a column's SQL type is text."""
    return kind.upper().startswith(("VARCHAR", "CHAR", "STRING", "ENUM"))


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
    if kind != "VARCHAR":
        return f"nullif(trim(cast({column} as varchar)), '')"
    # ten times as fast as trim() with a list of letters
    return f"nullif(regexp_replace({column}, '^[{BLANKS}]+|[{BLANKS}]+$', '', 'g'), '')"


def as_written(
    text: str, kind: str, words: Sequence[str], literal: Callable[[str], str], *, may_be_mailbox: bool = False
) -> str:
    """Return an SQL expression for an id without a spreadsheet's guard; null where a word stands for none.

    Parameters
    ----------
    text
        The expression that reads the id as text.
    kind
        The column's SQL type: only text is guarded.
    words
        What stands for no id.
    literal
        How the engine spells text: see `crmlib.engine.Engine.literal`.
    may_be_mailbox
        Whether an id that is a mail address is brought to small letters: one mailbox is one customer.
    """
    numbers = [word for word in words if word[-1:].isdigit()]
    none = f"when {' or '.join(f'{text} = {literal(word)}' for word in numbers)} then null " if numbers else ""
    if not is_text(kind):
        return f"case {none}else {text} end" if none else text
    rest = f"case when contains({text}, '@') then lower({text}) else {text} end" if may_be_mailbox else text
    listed = literal(f"|{'|'.join(word.lower() for word in words if word not in numbers)}|")
    # most ids end in a digit, and begin with no guard: they are through with the first question
    return (
        f"case {none}when right({text}, 1) between '0' and '9' and {text} >= '0' then {text} "
        f"when contains({listed}, concat('|', lower({text}), '|')) then null "
        f"when {_in_formula(text, literal)} then nullif(trim(substr({text}, 3, length({text}) - 3)), '') "
        f"when {_behind_apostrophe(text, literal)} then nullif(trim(substr({text}, 2)), '') else {rest} end"
    )


def guarded(text: str, kind: str, literal: Callable[[str], str]) -> str:
    """Return an SQL condition for an id with a spreadsheet's guard; empty where none can have one.

    Parameters
    ----------
    text, kind, literal
        As for `as_written`.
    """
    if not is_text(kind):
        return ""
    return f"(({_in_formula(text, literal)} or {_behind_apostrophe(text, literal)}) and {text} < '>')"


def _in_formula(text: str, literal: Callable[[str], str]) -> str:
    """Return an SQL condition for an id such as ="00123"."""
    form = literal('="%"')
    return f"{text} like {form}"


def _behind_apostrophe(text: str, literal: Callable[[str], str]) -> str:
    """Return an SQL condition for an id such as '00123."""
    form = literal("'_%")
    return f"({text} like {form} and contains({literal(_NUMBER_OR_FORMULA)}, substr({text}, 2, 1)))"
