"""Who writes to customers, and what each message must carry."""

from __future__ import annotations

import re

import msgspec

from crmlib.errors import PolicyError

__all__ = ["Sender"]

_MAIL = re.compile(r"[^@\s<>,;:\"]+@[^@\s<>,;:\"]+\.[^@\s<>,;:\"]+")
_PATHS = {
    "shop": "/",
    "basket": "/basket",
    "orders": "/account/orders",
    "feedback": "/feedback",
    "referral": "/bring-a-friend",
}
_LINK = re.compile(r"https://[^\s<>\"']+")


class Sender(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Who writes to customers, and what each message must carry.

    The defaults lie under ``.example``, a domain that is kept for examples: nothing reaches anybody.

    Attributes
    ----------
    name, email
        Of the sender.
    reply_to
        Where answers go; `email` if it is empty.
    postal
        Name and place of business, as the law asks for at the foot of advertising mail.
    opt_out_url
        The page that takes an opt-out by one click (RFC 8058); which message it was follows as a query.
    opt_out_mail
        The mailbox that takes an opt-out, for programs that do not click.
    shop_url
        Of the shop; its usual pages lie below: ``basket``, ``account/orders``, ``feedback``, ``bring-a-friend``.
    links
        Where the button of a message leads, if elsewhere: name in the template (``shop``, ``basket``, ``orders``,
        ``feedback``, ``referral``, or a name of your own) -> address.
    """

    name: str = "Your shop"
    email: str = "hello@shop.example"
    reply_to: str = ""
    postal: str = "Your shop, 1 Example Street, Bologna"
    opt_out_url: str = "https://shop.example/opt-out"
    opt_out_mail: str = "opt-out@shop.example"
    shop_url: str = "https://shop.example"
    links: dict[str, str] = {}

    @property
    def addresses(self) -> dict[str, str]:
        """Where each link of a template leads."""
        return {name: f"{self.shop_url}{path}" for name, path in _PATHS.items()} | self.links

    def __post_init__(self) -> None:
        for name in ("name", "postal"):
            if not getattr(self, name).strip() or any(ord(letter) < ord(" ") for letter in getattr(self, name)):
                raise PolicyError(f"policy sender.{name}: write one line of text; a message must say who sends it.")
        for name in ("email", "reply_to", "opt_out_mail"):
            value = getattr(self, name)
            if not _MAIL.fullmatch(value) and (value or name == "email"):
                raise PolicyError(f"policy sender.{name}: {value!r} is no mail address.")
        for name, link in {"opt_out_url": self.opt_out_url, "shop_url": self.shop_url, **self.links}.items():
            # an empty opt-out is refused where a message is made: a shop that only analyses needs none
            if not _LINK.fullmatch(link) and (link or name != "opt_out_url"):
                raise PolicyError(f"policy sender {name}: {link!r} is no https address.")
