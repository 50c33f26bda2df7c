"""A shop: its tables as of one day, and how they came to be from a source's raw rows.

It must not know where the rows come from, nor what is asked of them.
"""

from __future__ import annotations

from crmlib.shop.shop import MissingTableError, Shop

__all__ = ["MissingTableError", "Shop"]
