"""What counts as an order."""

from __future__ import annotations

from typing import Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from crmlib.errors import PolicyError

__all__ = ["Orders"]

_MACHINE_ZONES = {"localtime", "posixrules", "Factory"}


class Orders(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """What counts as an order, and when it happened.

    Attributes
    ----------
    timezone
        The shop's own zone, an IANA name. Timestamps that carry a zone are brought to it, those that carry none are
        taken to be in it; days begin at its midnight.
    same_day
        ``keep`` counts each order; ``merge`` makes one purchase of a customer's orders of one day.
    returns
        ``net`` subtracts a return (a negative amount, or a row of the table ``returns``) from its order, or from the
        customer's latest order before it; ``ignore`` drops returns and leaves the orders as they were.
    fully_returned
        Whether an order that was given back whole still counts as a purchase of amount 0.
    zero_amount
        Whether an order of amount 0 (a gift, a voucher) counts as a purchase.
    missing_customer
        ``error`` names the first row without a customer; ``drop`` leaves such rows out and counts them.
    duplicate_rows
        ``drop`` leaves out rows that repeat another in every column. Two equal lines of one order may both be
        real, so the default is ``keep``.
    cancelled_status
        Values of a column ``status`` that mean the order was cancelled, in lower case.
    cancelled_prefix
        Order ids that begin so are cancellations; empty for none.
    """

    timezone: str = "UTC"
    same_day: Literal["keep", "merge"] = "keep"
    returns: Literal["net", "ignore"] = "net"
    fully_returned: Literal["drop", "keep"] = "drop"
    zero_amount: Literal["keep", "drop"] = "keep"
    missing_customer: Literal["error", "drop"] = "error"
    duplicate_rows: Literal["keep", "drop"] = "keep"
    cancelled_status: tuple[str, ...] = ("cancelled", "canceled", "void", "voided", "annullato")
    cancelled_prefix: str = ""

    def __post_init__(self) -> None:
        try:
            if self.timezone in _MACHINE_ZONES:
                raise ValueError  # noqa: TRY301 - a name that means another zone on another machine
            ZoneInfo(self.timezone)
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:
            raise PolicyError(
                f"policy orders.timezone: {self.timezone!r} is not a time zone. Use an IANA name such as "
                "'Europe/Rome' or 'UTC'."
            ) from error
