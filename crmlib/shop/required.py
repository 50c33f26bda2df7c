"""What a function asks of the table that it is handed: that it is one, its columns, and a value in each row."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from crmlib.errors import SchemaError
from crmlib.words import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["require"]


def require(table: Any, label: str, names: Sequence[str], *, may_be_empty: Sequence[str] = ()) -> None:
    """Refuse a table that lacks a column, naming the likeliest of what is there, or a DataFrame that lacks a value.

    Parameters
    ----------
    table
        Anything with ``columns``.
    label
        How the error names it.
    names
        The columns it must have.
    may_be_empty
        Those among them whose values may be missing.

    Raises
    ------
    SchemaError
        A column is missing, or a value in a DataFrame (tables of the engine were checked when they were made).

    Examples
    --------
    >>> import pandas as pd
    >>> require(pd.DataFrame(columns=["customer", "order_ts"]), "orders", ["customer_id"])
    Traceback (most recent call last):
    crmlib.errors.SchemaError: orders: there is no column 'customer_id'. Did you mean 'customer'? ...
    """
    if not hasattr(table, "columns"):
        raise SchemaError(f"{label}: expected a table, got a {type(table).__name__}. Give a DataFrame or shop.orders.")
    there = [str(name) for name in table.columns]
    missing = [name for name in names if name not in there]
    if missing:
        raise SchemaError(
            f"{label}: there is no column {missing[0]!r}. {did_you_mean(missing[0], there)} "
            "crmlib.open_shop brings any orders into this form."
        )
    if hasattr(table, "iloc"):
        for name in names:
            empty = table[name].isna().to_numpy()
            if name not in may_be_empty and empty.any():
                raise SchemaError(
                    f"{label}, row {empty.argmax()}, column {name!r}: there is no value. Fill it in, or leave the row "
                    "out."
                )
