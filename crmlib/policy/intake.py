"""How contacts are cleaned and merged."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from crmlib.errors import PolicyError

__all__ = ["Intake"]

Share = Annotated[float, msgspec.Meta(ge=0, le=1)]


class Intake(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """How contacts are cleaned, which of them are one person, and which mailboxes are everybody's.

    Attributes
    ----------
    phone_regions
        ISO codes of the countries whose numbers people write without a prefix, the likeliest first.
    unassigned_phones
        ``keep`` takes numbers of a possible length that their country has not assigned (new ranges, numbers made
        for fiction); ``drop`` takes valid ones only.
    plus_tags
        Whether ``anna+shop@example.com`` reaches the mailbox ``anna@example.com``.
    dotless_domains
        Providers that ignore the dots before the ``@``.
    same_domains
        Domains that are another name of a provider: the other name -> its name.
    generic_mailboxes
        What stands before the ``@`` of addresses that belong to nobody in particular. Mail to them becomes a ticket;
        as a contact's own address they do not show that two contacts are one person.
    longest_field
        A text longer than so many characters is no field of a contact: its row is rejected.
    name_typos
        How many letters of a first name may be wrong. Beyond that, short forms and initials aside, two first names
        differ clearly, and contacts whose first names do are never merged, whatever else they share.
    shared_key_people
        A phone or mailbox that more people than this use is a switchboard's: it merges nobody.
    merge_from
        Probability from which a pair that shares neither mailbox nor phone is merged.
    review_from
        Probability from which a person is asked.
    later_grant
        What a permission does that was given after a withdrawal: ``stays_out`` leaves the person opted out, the
        strictest reading; ``restores`` takes it.
    stale_days
        A record that nobody has touched for more than so many days is stale.
    """

    phone_regions: tuple[str, ...] = ("IT", "GB")
    unassigned_phones: Literal["keep", "drop"] = "keep"
    plus_tags: bool = True
    dotless_domains: tuple[str, ...] = ("gmail.com", "gmail.example")
    same_domains: dict[str, str] = msgspec.field(default_factory=lambda: {"googlemail.com": "gmail.com"})
    generic_mailboxes: tuple[str, ...] = (
        *("info", "clienti", "commerciale", "vendite", "ordini", "assistenza", "amministrazione", "segreteria"),
        *("contact", "contacts", "hello", "office", "orders", "sales", "service", "shop", "support", "help"),
    )
    longest_field: Annotated[int, msgspec.Meta(ge=100)] = 10_000
    name_typos: Annotated[int, msgspec.Meta(ge=0, le=3)] = 1
    shared_key_people: Annotated[int, msgspec.Meta(ge=1)] = 6
    merge_from: Share = 0.95
    review_from: Share = 0.5
    later_grant: Literal["stays_out", "restores"] = "stays_out"
    stale_days: Annotated[int, msgspec.Meta(ge=1)] = 730

    def __post_init__(self) -> None:
        if self.review_from > self.merge_from:
            raise PolicyError(
                f"policy intake.review_from: {self.review_from} is above intake.merge_from ({self.merge_from}). "
                "The doubtful band lies below what is merged."
            )
        for region in self.phone_regions:
            if not (len(region) == 2 and region.isascii() and region.isupper()):  # noqa: PLR2004 - ISO 3166-1 alpha-2
                raise PolicyError(f"policy intake.phone_regions: {region!r} is no ISO 3166 code such as 'IT' or 'GB'.")
