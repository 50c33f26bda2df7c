"""How often, when and on what grounds a person may be contacted."""

from __future__ import annotations

import re
from typing import Annotated, Literal

import msgspec

from crmlib.errors import PolicyError

__all__ = ["CLOCK", "Contact"]

#: A time of day as people write it: 09:30.
CLOCK = re.compile(r"([01]\d|2[0-3]):[0-5]\d")


class Contact(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Frequency caps, quiet hours, and the conditions of soft spam.

    Attributes
    ----------
    most, within_days
        Nobody gets more than `most` contacts within so many days, over all sequences. Service messages (about an order
        or a ticket) count for nothing here and are never held back by it.
    quiet_from, quiet_until
        Nothing is sent from the first clock time to the second, in the shop's time zone; the same time twice is no
        quiet at all. What falls into it waits for its end.
    quiet_weekdays
        Days on which nothing is sent, 0 = Monday to 6 = Sunday.
    soft_spam_channels
        Channels of the exception for own customers: mail only, by Italy's article 130 (4) of the privacy code.
    similar_goods
        What is similar to what was bought: all that the ``shop`` sells, or only the ``category`` bought from.
    own_customer_days
        How long after the last order somebody is still one's own customer; without limit by default.
    interest_days
        Days without an order after which a visit counts as one that ended without.
    delivery_days
        Days from order to delivery, where the source does not say when things were delivered.
    language
        Of messages to those who speak none of the languages that messages are written in.
    grounds
        What columns of the shop's own table of customers were given for, by column: ``contract``, ``marketing``,
        ``profiling`` (used for those alone who allow profiling) or ``none``. Nobody is chosen for a contact by a column
        of which nothing says what it was given for.
    """

    most: Annotated[int, msgspec.Meta(ge=0)] = 3
    within_days: Annotated[int, msgspec.Meta(ge=1)] = 7
    quiet_from: str = "20:00"
    quiet_until: str = "09:00"
    quiet_weekdays: tuple[Annotated[int, msgspec.Meta(ge=0, le=6)], ...] = ()
    soft_spam_channels: tuple[Literal["email", "sms", "whatsapp", "phone"], ...] = ("email",)
    similar_goods: Literal["shop", "category"] = "shop"
    own_customer_days: Annotated[int, msgspec.Meta(ge=1)] | None = None
    interest_days: Annotated[float, msgspec.Meta(ge=0, le=365)] = 1
    delivery_days: Annotated[float, msgspec.Meta(ge=0, le=365)] = 4
    language: Literal["en", "it"] = "en"
    grounds: dict[str, Literal["contract", "marketing", "profiling", "none"]] = {}

    def __post_init__(self) -> None:
        for name in ("quiet_from", "quiet_until"):
            if not CLOCK.fullmatch(getattr(self, name)):
                raise PolicyError(
                    f"policy contact.{name}: {getattr(self, name)!r} is no time of day such as '20:00' or '09:30'."
                )
        if len(set(self.quiet_weekdays)) == 7:  # noqa: PLR2004 - the days of a week
            raise PolicyError("policy contact.quiet_weekdays: with all seven days quiet, nothing is ever sent.")
