"""What an order leaves, what messages and service cost, and what an offer takes off: each once, for all analyses."""

from __future__ import annotations

from typing import Annotated

import msgspec

from crmlib.errors import PolicyError

__all__ = ["Money"]

Cost = Annotated[float, msgspec.Meta(ge=0, le=1e9)]


class Money(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """What an order leaves, what messages and service cost, and what an offer takes off, in the shop's currency.

    Attributes
    ----------
    margin
        Share of an order's value that stays with the shop, before any discount.
    discount
        Share of an order that an offer takes off. It lies below the margin: at or beyond it, no extra order pays.
    redeemed
        Share of the orders that use the code of an offer: an assumption, until it is counted.
    email_cost, sms_cost, whatsapp_cost, phone_cost
        Price of one message by channel, of the kind that providers list for Italy; a call is a few minutes of
        somebody's work.
    return_cost
        What one return costs, beside the money given back.
    ticket_cost
        What answering one request for help costs.
    """

    margin: Annotated[float, msgspec.Meta(gt=0, le=1)] = 0.30
    discount: Annotated[float, msgspec.Meta(ge=0, lt=1)] = 0.10
    redeemed: Annotated[float, msgspec.Meta(ge=0, le=1)] = 0.50
    email_cost: Cost = 0.02
    sms_cost: Cost = 0.07
    whatsapp_cost: Cost = 0.06
    phone_cost: Cost = 2.50
    return_cost: Cost = 8.0
    ticket_cost: Cost = 5.0

    def check_offer(self) -> None:
        """Refuse an offer that no number of orders can pay for.

        Raises
        ------
        PolicyError
            The discount is not less than the margin.

        Examples
        --------
        >>> Money(discount=0.4).check_offer()
        Traceback (most recent call last):
        crmlib.errors.PolicyError: a discount of 0.40 is not less than the margin of 0.30 ...
        """
        if self.discount >= self.margin:
            raise PolicyError(
                f"a discount of {self.discount:.2f} is not less than the margin of {self.margin:.2f} "
                "(money.discount and money.margin of the policy): no number of extra orders pays."
            )
