"""The tables beside the orders: what crmlib reads of each, in which spellings it is recognised, and what it is for.

The schema is data, in ``dictionary.toml``. docs/how-to/tables.md is made from it, and `crmlib.shop.recognition` reads
tables by it.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

from crmlib.shop.schema import TABLES, Column
from crmlib.text.spelling import plain

__all__ = ["DICTIONARY", "TableSchema", "table_called"]


@dataclass(frozen=True)
class TableSchema:
    """A table that crmlib reads.

    Attributes
    ----------
    name
        Its name in crmlib.
    meaning
        What one of its rows is.
    spellings
        Usual names elsewhere.
    columns
        What is read of it.
    one_of
        Of these groups of columns one must be there.
    open
        Whether columns of other names are of use, too: as answers of a profile, or in conditions.
    """

    name: str
    meaning: str
    spellings: tuple[str, ...]
    columns: tuple[Column, ...]
    one_of: tuple[tuple[str, ...], ...] = ()
    open: bool = False

    def column(self, name: str) -> Column | None:
        """Return a column by its name in crmlib."""
        return next((column for column in self.columns if column.name == name), None)


def _spellings(table: str, column: str) -> str:
    names = next(known.spellings for known in TABLES[table] if known.name == column)
    # a contact is nobody who bought: in tables beside the orders its id is not a customer's
    return ", ".join(name for name in names if name != "contactid")


def _split(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _read() -> dict[str, TableSchema]:
    book = tomllib.loads((files("crmlib.shop") / "dictionary.toml").read_text(encoding="utf-8"))
    shared = {
        "customer": _spellings("orders", "customer_id"),
        "order": _spellings("orders", "order_id"),
        "product": _spellings("order_lines", "product_id"),
    }

    def column(name: str, about: dict[str, Any]) -> Column:
        clear, _, vague = about.get("names", "").format(**shared).partition(";")
        words = book["words"].get(name, {}) if about.get("words") else {}
        return Column(
            name,
            about["kind"],
            about["holds"],
            _split(clear),
            _split(vague),
            required=about.get("required", False),
            use=about.get("use", ""),
            values={word: _split(others) for word, others in words.items()},
            others=about.get("others", False),
        )

    return {
        name: TableSchema(
            name,
            table["meaning"],
            _split(table["called"]),
            tuple(column(*entry) for entry in table["columns"].items()),
            tuple(map(tuple, table.get("one_of", ()))),
            table.get("open", False),
        )
        for name, table in book["tables"].items()
    }


#: By name; ``orders`` and ``order_lines`` stand in `crmlib.shop.schema`.
DICTIONARY = _read()
_ORDERS = {
    "orders": ("order", "ordini", "ordine"),
    "order_lines": ("order line", "order items", "order item", "line items", "righe ordine", "righe ordini"),
}
_CALLED = {
    plain(spelled): name
    for name, spellings in {**_ORDERS, **{name: table.spellings for name, table in DICTIONARY.items()}}.items()
    for spelled in (name, *spellings)
}


def table_called(name: str) -> str:
    """Return the name in crmlib of a table that is called so elsewhere; the name itself, where nothing is known of it.

    Parameters
    ----------
    name
        Of a file, a table of a database, or a key of a dict.

    Examples
    --------
    >>> table_called("Email Events"), table_called("clienti"), table_called("weather")
    ('email_events', 'customers', 'weather')
    """
    return _CALLED.get(plain(name), name)
