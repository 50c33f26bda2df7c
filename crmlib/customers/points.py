"""Whose mailbox and whose telephone: the customers and contacts of a shop, and who of them shares what."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from crmlib import policy
from crmlib.customers.addresses import address, mailbox_keys, number_keys, phone, region
from crmlib.customers.reading import texts
from crmlib.text.consent import column_role, kind_of
from crmlib.text.spelling import plain, seen

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pandas as pd

    from crmlib.engine import Table
    from crmlib.shop import Shop

__all__ = ["NO_PEOPLE", "Points", "alike", "as_held", "columns_for", "joined", "points_of", "shown_id"]

_REACHED = ("email", "phone", "country")
_ROLES = ("customer_id", "contact_id", *_REACHED)
#: Tables of things, and of what people did: nobody's address stands there.
NO_PEOPLE = {"orders", "order_lines", "products", "sessions", "session_zones", "logins", "campaigns", "assignments",
             "marketing_spend", "returns", "surveys", "tickets", "email_events"}  # fmt: skip
#: So many last digits of a number are compared before it is read, for reading takes long.
_TAIL = 4


class _Point(NamedTuple):
    """One row of customers or contacts, and where it is reached."""

    customer: str | None
    contact: str | None
    email: str | None
    phone: str | None
    country: str | None
    #: Whether a message would go there; else it is only linked to them by a table of consents, or is their id.
    sent_to: bool = True


def shown_id(text: str) -> str:
    """Return an id as it is seen: without spaces around, or marks that show nothing."""
    return seen(text) if not text.isascii() or text != text.strip() else text


def alike(text: str) -> str:
    """Return what ids that may be one have in common: 007 and 7, k1 and K1.

    Parameters
    ----------
    text
        An id.

    Examples
    --------
    >>> alike("007") == alike("7.0"), alike(" k-1"), alike("000")
    (True, 'k1', '0')
    """
    letters = plain(re.sub(r"\.0+$", "", text.strip()))
    return letters.lstrip("0") or "0"


def columns_for(columns: Iterable[str], role: str) -> list[str]:
    """Return the columns of a role, the one that is called so first.

    Parameters
    ----------
    columns
        Of a table.
    role
        Such as ``email``.
    """
    return sorted((name for name in columns if column_role(name) == role), key=lambda name: name != role)


@dataclass
class Points:
    """The rows of customers and contacts.

    Parameters
    ----------
    rows
        Each with its ids and addresses as they were typed.
    rules
        How addresses are read.
    """

    rows: list[_Point]
    rules: policy.Intake
    by_customer: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    by_contact: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    _boxes: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    _tails: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))

    _key: bytes = b""

    def __post_init__(self) -> None:
        self._key = msgspec.json.encode(self.rules)
        rows, self.rows = self.rows, []
        for row in rows:
            self._index(row)

    def _index(self, row: _Point) -> None:
        place = len(self.rows)
        self.rows.append(row)
        if row.customer is not None:
            self.by_customer[shown_id(row.customer)].append(place)
        if row.contact is not None:
            self.by_contact[shown_id(row.contact)].append(place)
        if row.email is not None:
            for key in self.boxes(row.email):
                self._boxes[key].append(place)
        if row.phone is not None:
            for tail in _tails(row.phone):
                self._tails[tail].append(place)

    def contacts_meant(self, text: str) -> list[int]:
        """Return the contacts whom an id may mean: those whose id looks like it, else those whose id is like it."""
        if same := self.by_contact.get(shown_id(text)):
            return same
        likeness = alike(text)
        return [place for each, places in self.by_contact.items() if alike(each) == likeness for place in places]

    def boxes(self, text: str) -> frozenset[str]:
        """Return the mailboxes of a text, in the form for objections."""
        return _boxes_of(text, self._key)

    def numbers(self, text: str, country: str | None, *, objects: bool) -> frozenset[str]:
        """Return the telephone numbers of a text, in the form for objections.

        Parameters
        ----------
        text, country
            As typed.
        objects
            Whether it is the number of an objection.
        """
        return _numbers_of(text, country, self._key, objects)

    def link(
        self, customer: str | None, contact: str | None, email: str | None, number: tuple[str | None, str | None]
    ) -> None:
        """Take in that an address is somebody's, though no message would go there.

        Parameters
        ----------
        customer, contact
            Whose.
        email
            A mail address.
        number
            A telephone number, and its country.
        """
        self._index(_Point(customer, contact, email, *number, sent_to=False))

    def with_box(self, keys: Iterable[str]) -> set[int]:
        """Return the rows that have one of these mailboxes."""
        return {place for key in keys for place in self._boxes.get(key, ())}

    def with_number(self, text: str, country: str | None) -> set[int]:
        """Return the rows that may have one of the numbers of a text.

        Parameters
        ----------
        text, country
            As typed.
        """
        keys = self.numbers(text, country, objects=True)
        near = {place for tail in _tails(text) for place in self._tails.get(tail, ())}
        return {
            place
            for place in near
            if (own := self.rows[place]).phone is not None
            and keys & self.numbers(own.phone, own.country, objects=False)
        }

    def email(self, text: str) -> str | None:
        """Return the address that a message would go to."""
        return address(text, self.rules).email

    def phone(self, text: str, country: str | None) -> str | None:
        """Return the number that a message would go to.

        Parameters
        ----------
        text, country
            As typed.
        """
        return phone(text, region(country), self.rules).phone


def _tails(text: str) -> set[str]:
    """Return the last digits of each number that a text may hold."""
    parts = re.split(r"[^\d\s().+\-]+", seen(text))
    digits = [re.sub(r"\D", "", part) for part in (*parts, text)]
    return {each[-_TAIL:] for each in digits if len(each) >= _TAIL} | {
        each.removesuffix("0")[-_TAIL:] for each in digits if len(each) > _TAIL and each.endswith("0")
    }


@lru_cache(maxsize=8)
def _decoded(rules: bytes) -> policy.Intake:
    return msgspec.json.decode(rules, type=policy.Intake)


@lru_cache(maxsize=200_000)
def _boxes_of(text: str, rules: bytes) -> frozenset[str]:
    return mailbox_keys(text, _decoded(rules))


@lru_cache(maxsize=50_000)
def _numbers_of(text: str, country: str | None, rules: bytes, objects: bool) -> frozenset[str]:  # noqa: FBT001 - a key of the cache
    return number_keys(text, region(country), _decoded(rules), objects=objects)


def as_held(table: Table, where: str = "") -> pd.DataFrame:
    """Return the rows of a table in the order in which it holds them, times with their zone.

    Parameters
    ----------
    table
        Of a shop.
    where
        A clause that chooses rows.
    """
    frame: pd.DataFrame = table.engine.arrow(f"select * from {table.name}{where}").to_pandas()
    return frame


def points_of(shop: Shop, rules: policy.Intake) -> Points:
    """Read where the customers and contacts of a shop are reached.

    Parameters
    ----------
    shop
        Its ``customers``, ``contacts_raw`` and any other table with ids and addresses, whatever the columns' names.
    rules
        How addresses are read.
    """
    rows: list[_Point] = []
    for name in shop.tables:
        if name in NO_PEOPLE or kind_of(name) in {"consents", "objections"}:
            continue
        table = getattr(shop, name)
        chosen = {role: columns_for(table.columns, role) for role in _ROLES}
        own = name == "customers"
        if not (own or ((chosen["customer_id"] or chosen["contact_id"]) and (chosen["email"] or chosen["phone"]))):
            continue
        data = as_held(table)
        parts = {role: joined(data, columns if role in _REACHED else columns[:1]) for role, columns in chosen.items()}
        for customer, contact, email, number, country in zip(*parts.values(), strict=True):
            if not own and email is None and number is None:
                continue
            contact_too = None if own else contact
            customer_too = None if name == "contacts_raw" else customer
            rows.append(_Point(customer_too, contact_too, email, number, country, sent_to=own))
    # where ids are mail addresses, they are mailboxes too
    ids = shop.orders.engine.rows(f"select distinct customer_id from {shop.orders.name} where customer_id like '%@%'")
    rows += [_Point(str(row[0]), None, str(row[0]), None, None, sent_to=False) for row in sorted(ids)]
    rows += [row._replace(email=row.customer, phone=None, sent_to=False) for row in rows if "@" in (row.customer or "")]
    return Points(rows, rules)


def joined(data: pd.DataFrame, columns: list[str]) -> list[Any]:
    """Return the text of each row; of several columns, what each adds.

    Parameters
    ----------
    data
        The table.
    columns
        Of one role.
    """
    if not columns:
        return [None] * len(data)
    first, *others = (texts(data[name]).tolist() for name in columns)
    for other in others:
        first = [
            one or two if one is None or two is None or one == two else f"{one}; {two}"
            for one, two in zip(first, other, strict=True)
        ]
    return first
