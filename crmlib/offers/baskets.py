"""Baskets: which products, or which categories, each order held."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from crmlib import engine
from crmlib import policy as policies
from crmlib.days import as_day, until
from crmlib.errors import SchemaError

if TYPE_CHECKING:
    from datetime import date

    import pandas as pd

    from crmlib.policy import Policy
    from crmlib.shop import Shop

__all__ = ["baskets"]


def baskets(
    shop: Shop,
    level: Literal["product", "category"] = "product",
    *,
    as_of: date | str | None = None,
    policy: Policy | str | dict[str, Any] | None = None,
) -> pd.DataFrame:
    """List what each order held, each item once however many pieces there were.

    Parameters
    ----------
    shop
        With order lines that name products; for categories with products, too.
    level
        What counts as an item.
    as_of
        The last day to look at; the shop's own by default.
    policy
        `personas.category` names the column of the category; the shop's own by default.

    Returns
    -------
    pandas.DataFrame
        One row an order and item, sorted: customer_id, order_id, order_ts, item.

    Raises
    ------
    SchemaError
        The shop keeps no order lines with products, or no category of a product.

    Examples
    --------
    >>> from crmlib import open_shop
    >>> baskets(open_shop("shop"), "category")["item"].nunique()
    Opened shop: ...
    8
    """
    if "order_lines" not in shop.tables or "product_id" not in shop.order_lines.columns:
        raise SchemaError(
            f"The shop {shop.name!r} has no order lines that name products (a table order_lines with product_id), so "
            "nothing is known of what is bought together."
        )
    if level == "category":
        named = policies.load(policy or shop.policy).personas.category
        wanted = list(dict.fromkeys((*named, "category")))
        there = shop.products.columns if "products" in shop.tables else []
        name = next((column for column in wanted if column in there), None)
        if name is None:
            raise SchemaError(
                f"The shop {shop.name!r} has no products with a category; looked for {', '.join(wanted)}. "
                "Take level='product', or name the column in policy personas.category."
            )
        items = f"select product_id, {shop.products.engine.quoted(name)} as item from {shop.products.name}"
    else:
        items = f"select distinct product_id, product_id as item from {shop.order_lines.name}"
    tables = {"lines": shop.order_lines, "products": shop.order_lines.engine.table(items)}
    found = engine.run("offers_baskets", tables=tables, until=until(as_day(as_of or shop.as_of))).to_pandas()
    return found.sort_values(["order_ts", "order_id", "item"], kind="stable", ignore_index=True)
