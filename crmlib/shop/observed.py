"""What a shop was known to hold on a day, and what stands in for a table that it lacks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crmlib.days import as_day
from crmlib.errors import CrmlibError, SchemaError

if TYPE_CHECKING:
    from datetime import date

    from crmlib.engine import Table
    from crmlib.shop import Shop

__all__ = ["as_known_on", "columns_of", "day_of", "nobody", "scores"]


def day_of(shop: Shop, as_of: date | str | None) -> date:
    """Return the day to look from: the shop's own, or an earlier one.

    Parameters
    ----------
    shop
        Whose own day it is at the latest: of later days nothing is known, and a silence in them would be made up.
    as_of
        The day wanted.

    Raises
    ------
    CrmlibError
        It is later than the shop's.

    Examples
    --------
    >>> from crmlib import open_shop
    >>> day_of(open_shop("cdnow-sample"), "1997-12-31")
    Opened cdnow-sample: ...
    datetime.date(1997, 12, 31)
    """
    day = as_day(as_of or shop.as_of)
    if day > shop.as_of:
        raise CrmlibError(
            f"as_of={str(day)!r} is later than the shop's own day, {shop.as_of}: nobody knows who bought in between. "
            "Open a shop with later orders, or choose an earlier day."
        )
    return day


def as_known_on(shop: Shop, day: date) -> Shop:
    """Return the shop as it was on a day; itself, if that is its own.

    Parameters
    ----------
    shop
        As it is known now, where orders are net of returns that came later.
    day
        From `day_of`.
    """
    return shop if day == shop.as_of else shop.on(day)


def columns_of(shop: Shop, name: str, wanted: dict[str, str], where: str = "true") -> Table:
    """Return some columns of a table; an empty table where the shop lacks it, nulls where the table lacks a column.

    Parameters
    ----------
    shop
        Whose table.
    name
        The table.
    wanted
        Columns and their SQL types, for those that are not there.
    where
        A condition on the rows.
    """
    engine = shop.orders.engine
    there = getattr(shop, name).columns if name in shop.tables else []
    picked = ", ".join(
        engine.quoted(column) if column in there else f"{engine.null(kind)} as {engine.quoted(column)}"
        for column, kind in wanted.items()
    )
    if name not in shop.tables:
        return engine.table(f"select {picked} from {shop.orders.name} where false")
    return engine.table(f"select {picked} from {getattr(shop, name).name} where {where}")


def scores(shop: Shop) -> Table:
    """Return the answers on a scale up to ten: customer_id, answered_ts, score.

    Parameters
    ----------
    shop
        Whose surveys. Where they have a ``kind``, those of kind nps count; a ``scale`` says which go up to ten.
    """
    there = shop.surveys.columns if "surveys" in shop.tables else []
    rules = ["kind = 'nps'"] if "kind" in there else []
    rules += ["scale in ('0-10', '1-10')"] if "scale" in there else []
    when = "answered_ts" if "answered_ts" in there else "sent_ts"
    wanted = {"customer_id": "varchar", when: "timestamp", "score": "double"}
    table = columns_of(shop, "surveys", wanted, " and ".join(rules) or "true")
    return table.engine.table(f"select customer_id, {when} as answered_ts, score from {table.name}")


def nobody(day: date) -> SchemaError:
    """Say that nobody had bought by a day."""
    return SchemaError(f"orders: nobody had bought by {day}. Choose a later as_of.")
