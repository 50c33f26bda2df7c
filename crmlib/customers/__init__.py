"""What is known of each customer, and who may be contacted: one room for every question about a person.

It reads a shop's tables and must not know what is done about a customer: queues, plans and messages ask here. The
profile of a customer needs the analyses, so it is made in `crmlib.profiles`, on a floor above them, and shown here.

>>> from crmlib import customers, open_shop
>>> shop = open_shop("cdnow-sample")
Opened cdnow-sample: ...
>>> customers.profile(shop, columns=["orders", "last_order"]).head(2).reset_index()
  customer_id  orders last_order
0       00004       4 1997-12-12
1       00018       1 1997-01-04
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from crmlib.faces import lazy

if TYPE_CHECKING:
    from crmlib.customers.consent import may_contact
    from crmlib.profiles import coverage, dictionary, profile

__all__ = ["coverage", "dictionary", "may_contact", "profile"]

__getattr__ = lazy(__name__, __file__)


def __dir__() -> list[str]:
    return sorted(__all__)
