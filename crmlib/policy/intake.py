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
        as a contact's own address they do not show that two contacts are one person. Dots, dashes and what follows
        them do not matter: ``info-it`` and ``customer.care`` count as ``info`` and ``customercare``.
    own_domains
        Domains of the shop itself. What a colleague forwards is the mail of whoever wrote it first. Without any, those
        who share the mailbox's domain are colleagues.
    placeholder_mailboxes
        What stands before the ``@``, without marks and numbers, of addresses that stand for none: they join nobody.
    placeholder_phones
        Numbers that stand for none, without the country's prefix, beside one digit repeated and digits in a row.
    placeholder_names
        Words that stand for no name where they are the whole of it, in small letters without marks.
    longest_field
        A text longer than so many characters is no field of a contact: its row is rejected.
    longest_message
        The text of a mail is cut after so many characters, and that is noted; the mail is never rejected for it.
    name_typos
        How many letters of a first name may be wrong. Beyond that, short forms and initials aside, two first names
        differ clearly, and contacts whose first names do are never merged, whatever else they share.
    shared_key_people
        A phone or mailbox that more people than this use is a switchboard's: it merges nobody.
    merge_from
        Probability from which a pair that shares neither mailbox nor phone is merged.
    review_from
        Probability from which a person is asked.
    longest_review
        So many pairs at most are listed for a person to decide, the likeliest; how many were left off is said.
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
        *(
            "resi",
            "reso",
            "rimborsi",
            "servizioclienti",
            "assistenzaclienti",
            "contatti",
            "spedizioni",
            "negozio",
            "reclami",
        ),
        *("customercare", "customerservice", "customersupport", "care", "returns", "refunds", "billing", "enquiries"),
        *("helpdesk", "team", "mail", "fatture", "fatturazione", "postvendita", "aftersales", "complaints", "feedback"),
    )
    own_domains: tuple[str, ...] = ()
    placeholder_mailboxes: tuple[str, ...] = (
        *("noemail", "nomail", "none", "na", "nd", "null", "nil", "test", "testtest", "noreply", "donotreply"),
        *("unknown", "nobody", "noone", "nessuno", "nessuna", "nonha", "nonhamail", "senzamail", "senzaemail"),
        *("sconosciuto", "anonimo", "anonymous", "fake", "dummy", "example", "email", "asd", "asdf", "qwerty"),
        *("xx", "xxx", "xxxx", "aa", "aaa", "aaaa", "abc", "keine", "inconnu"),
    )
    placeholder_phones: tuple[str, ...] = ("1234567", "12345678")
    placeholder_names: tuple[str, ...] = (
        *("na", "nd", "nn", "nan", "none", "null", "nil", "no name", "noname", "unknown", "anonymous", "nobody"),
        *("test", "prova", "xx", "xxx", "xxxx", "aaa", "asd", "asdf", "abc", "sconosciuto", "anonimo", "nessuno"),
        *("cliente", "customer", "guest", "ospite", "nome", "cognome", "name", "surname", "first", "last"),
        *("undefined", "blank", "vuoto", "empty", "ref", "value"),
    )
    longest_field: Annotated[int, msgspec.Meta(ge=100)] = 10_000
    longest_message: Annotated[int, msgspec.Meta(ge=1000)] = 100_000
    name_typos: Annotated[int, msgspec.Meta(ge=0, le=3)] = 1
    shared_key_people: Annotated[int, msgspec.Meta(ge=1)] = 6
    merge_from: Share = 0.95
    review_from: Share = 0.5
    longest_review: Annotated[int, msgspec.Meta(ge=1)] = 5_000
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
