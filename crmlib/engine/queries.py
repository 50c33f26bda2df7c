"""The text of queries: read from ``crmlib/sql/``, with names and values quoted."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

__all__ = ["MONEY", "literal", "quote", "sql"]

#: Money is a decimal: integer minor units underneath, so that sums do not depend on the order of rows.
MONEY = "decimal(18, 4)"


@cache
def sql(name: str) -> str:
    """Return the text of the query ``crmlib/sql/<name>.sql``.

    Parameters
    ----------
    name
        The file's name without its ending.

    Examples
    --------
    >>> print(sql("rfm_measures").splitlines()[0])
    -- Recency, frequency and monetary value of each customer as of a day (inclusive).
    """
    return (files("crmlib") / "sql" / f"{name}.sql").read_text(encoding="utf-8")


def quote(identifier: str) -> str:
    """Return an SQL identifier in double quotes.

    Examples
    --------
    >>> print(quote('5" disk'))
    "5"" disk"
    """
    return '"' + identifier.replace('"', '""') + '"'


def literal(text: str) -> str:
    """Return text as an SQL literal.

    Examples
    --------
    >>> literal("it's")
    "'it''s'"
    """
    return "'" + text.replace("'", "''") + "'"
