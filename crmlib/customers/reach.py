"""Whom a statement about consent is for: a permission narrowly, by the very id or address; an objection widely.

An objection reaches everybody whom its id or address may mean, and all who share the mailbox or the telephone.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from crmlib.customers.points import Points, alike, shown_id
from crmlib.customers.statements import each
from crmlib.errors import SchemaError
from crmlib.text.consent import CHANNELS, EVERY, bits

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pandas as pd

    from crmlib.customers.statements import Statement
    from crmlib.shop import Shop

__all__ = ["WHAT", "Ids", "link", "reached_by_objections", "reached_by_permissions"]

_EMAIL, _PHONES = bits(CHANNELS, "email"), bits(CHANNELS, "sms", "whatsapp", "phone")
WHAT = ["channels", "purposes", "since"]


class Ids:
    """The customers' ids: as they are, as they are seen, and what those that may be one have in common."""

    def __init__(self, shop: Shop, points: Points) -> None:
        self._shop = shop
        self._by_look: dict[str, set[str]] = defaultdict(set)
        self._by_likeness: dict[str, set[str]] = {}
        self._whole = False
        self._add(point.customer for point in points.rows if point.customer is not None and point.sent_to)

    def _add(self, ids: Iterable[str]) -> None:
        for one in ids:
            self._by_look[shown_id(one)].add(one)

    def seen(self, text: str) -> set[str]:
        """Return the customers whose id looks like this one."""
        look = shown_id(text)
        if look not in self._by_look and not self._whole:
            orders = self._shop.orders
            self._add(str(row[0]) for row in orders.engine.rows(f"select distinct customer_id from {orders.name}"))
            self._whole = True
        return self._by_look.get(look, set())

    def meant(self, text: str) -> set[str]:
        """Return the customers whom an id may mean: those whose id looks like it, else those whose id is like it."""
        if same := self.seen(text):
            return same
        if not self._by_likeness:
            likeness: dict[str, set[str]] = defaultdict(set)
            for ids in self._by_look.values():
                for one in ids:
                    likeness[alike(one)].add(one)
            self._by_likeness = dict(likeness)
        return self._by_likeness.get(alike(text), set())


def link(stated: pd.DataFrame, points: Points, ids: Ids) -> None:
    """Take in whose address is whose by the tables of consents.

    Parameters
    ----------
    stated
        What tables of consents state.
    points
        Who has which address; added to.
    ids
        The customers' ids.
    """
    named = stated["customer_id"].notna() | stated["contact_id"].notna()
    reached = stated["email"].notna() | stated["phone"].notna()
    for row in set(each(stated.loc[named & reached].assign(row=0, table="", since=None, ends=None))):
        customers = ids.meant(row.customer_id) if row.customer_id is not None else set()
        known = {points.rows[place].contact for place in points.contacts_meant(row.contact_id or "")}
        contacts = (known or {row.contact_id}) if row.contact_id is not None else set()
        for customer in customers:
            points.link(customer, None, row.email, (row.phone, row.country))
        for contact in contacts:
            points.link(None, contact, row.email, (row.phone, row.country))


def reached_by_permissions(
    stated: pd.DataFrame, points: Points, ids: Ids, unused: dict[str, list[str]]
) -> pd.DataFrame:
    """Say whom each permission is for: narrowly, by the very id or the very address.

    Parameters
    ----------
    stated
        Permissions.
    points
        Who has which address.
    ids
        The customers' ids.
    unused
        Where it is noted what counts for nobody.
    """
    import pandas as pd

    rows: list[tuple[str, int, int, Any, Any]] = []
    by_id = stated["customer_id"].notna() & stated["email"].isna() & stated["phone"].isna()
    most = stated.loc[by_id, ["customer_id", *WHAT, "ends"]]
    other = {one: ids.seen(one) - {one} for one in most["customer_id"].unique()}
    looks = most["customer_id"].map(lambda one: bool(other[one])).astype(bool)
    others = stated[~by_id | looks.reindex(stated.index, fill_value=False)]
    for row in each(others):
        if row.customer_id is None:
            for customer, channels in _by_address(row, points).items():
                rows.append((customer, channels, row.purposes, row.since, row.ends))
            continue
        channels = _at_own_address(row, points)
        if not channels:
            unused.setdefault("permissions given for another address than the customer's", []).append(row.customer_id)
        named = sorted({row.customer_id, *ids.seen(row.customer_id)})
        rows += [(customer, channels, row.purposes, row.since, row.ends) for customer in named]
    return pd.concat([most, _frame(rows, "customer_id", ends=True)], ignore_index=True) if rows else most


def _at_own_address(row: Statement, points: Points) -> int:
    """Leave out the channels for which a permission names another address than the customer's own."""
    channels = int(row.channels)
    own = [points.rows[place] for place in points.by_customer.get(shown_id(row.customer_id or ""), ())]
    own = [point for point in own if point.sent_to]
    if row.email is not None and channels & _EMAIL:
        there = {points.email(each.email) for each in own if each.email is not None}
        if there and points.email(row.email) not in there - {None}:
            channels &= ~_EMAIL
    if row.phone is not None and channels & _PHONES:
        there = {points.phone(each.phone, each.country) for each in own if each.phone is not None}
        countries = {each.country for each in own} if row.country is None else {row.country}
        if there and not {points.phone(row.phone, country) for country in countries} & (there - {None}):
            channels &= ~_PHONES
    return channels


def _by_address(row: Statement, points: Points) -> dict[str, int]:
    """Return the customers whose very address a permission names, and the channels for which that is enough."""
    result: dict[str, int] = defaultdict(int)
    for kind in ("email", "phone"):
        text = getattr(row, kind)
        if text is None:
            continue
        if kind == "email":
            wanted, reached = points.email(text), _EMAIL
            near = points.with_box(points.boxes(text))
            same = [points.rows[place] for place in near if points.email(points.rows[place].email or "") == wanted]
        else:
            near, reached = points.with_number(text, row.country), _PHONES
            same = [
                own
                for place in near
                if (own := points.rows[place]).phone is not None
                and points.phone(own.phone, own.country) == points.phone(text, row.country or own.country)
            ]
        customers = {own.customer for own in same if own.customer is not None and own.sent_to}
        for customer in customers:
            # by another channel it is theirs only if the address is nobody else's
            result[customer] |= int(row.channels) & (EVERY if len(customers) == 1 else reached)
    return {customer: channels for customer, channels in result.items() if channels}


def reached_by_objections(stated: pd.DataFrame, points: Points, ids: Ids) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Say for whom each objection counts: whom its id or address may mean, and all who share the mailbox or telephone.

    Returns objections by customer, and by contact.

    Parameters
    ----------
    stated
        Objections.
    points
        Who has which address.
    ids
        The customers' ids.
    """
    spread = _Spread(points)
    for row in map(_with_mailbox, each(stated)):
        what = (row.channels, row.purposes, row.since)
        places = _places(row, points, ids)
        spread.add(places, what)
        if row.customer_id is not None:
            spread.customers |= {(customer, *what) for customer in (row.customer_id, *ids.meant(row.customer_id))}
        if row.contact_id is not None:
            spread.contacts.add((row.contact_id, *what))
        spread.remember([*(points.rows[place] for place in places), row], what)
    spread.share()
    return _frame(spread.customers, "customer_id"), _frame(spread.contacts, "contact_id")


def _with_mailbox(row: Statement) -> Statement:
    """Take an id that is a mail address for the mailbox that it names."""
    return row._replace(email=row.customer_id) if row.email is None and "@" in (row.customer_id or "") else row


class _Spread:
    """Objections on their way from whoever made them to all whom they reach."""

    def __init__(self, points: Points) -> None:
        self.points = points
        self.customers: set[tuple[str, int, int, Any]] = set()
        self.contacts: set[tuple[str, int, int, Any]] = set()
        self._boxes: dict[str, set[tuple[int, int, Any]]] = defaultdict(set)
        self._numbers: dict[tuple[str, str | None], set[tuple[int, int, Any]]] = defaultdict(set)

    def add(self, places: Iterable[int], what: tuple[int, int, Any]) -> None:
        """Take an objection in for some rows of customers and contacts."""
        for own in (self.points.rows[place] for place in places):
            if own.customer is not None:
                self.customers.add((own.customer, *what))
            if own.contact is not None:
                self.contacts.add((own.contact, *what))

    def remember(self, own: Iterable[Any], what: tuple[int, int, Any]) -> None:
        """Note the mailboxes and telephones of whoever objects, as far as the objection is about them."""
        channels, purposes, since = what
        for point in own:
            if channels & _EMAIL and point.email is not None:
                for key in self.points.boxes(point.email):
                    self._boxes[key].add((_EMAIL, purposes, since))
            if channels & _PHONES and point.phone is not None:
                self._numbers[point.phone, point.country].add((channels & _PHONES, purposes, since))

    def share(self) -> None:
        """Bring what was noted to all who have the mailbox or the telephone."""
        for key, several in self._boxes.items():
            places = self.points.with_box([key])
            for what in several:
                self.add(places, what)
        for (text, country), several in self._numbers.items():
            places = self.points.with_number(text, country)
            for what in several:
                self.add(places, what)


def _places(row: Statement, points: Points, ids: Ids) -> set[int]:
    """Return the rows of customers and contacts that an objection names, by id or by address."""
    places: set[int] = set()
    if row.customer_id is not None:
        for customer in ids.meant(row.customer_id):
            places.update(points.by_customer.get(shown_id(customer), ()))
    if row.contact_id is not None:
        places.update(points.contacts_meant(row.contact_id))
    read = row.customer_id is not None or row.contact_id is not None
    if row.email is not None:
        keys = points.boxes(row.email)
        places |= points.with_box(keys)
        read |= bool(keys)
    if row.phone is not None:
        places |= points.with_number(row.phone, row.country)
        read |= bool(points.numbers(row.phone, row.country, objects=True))
    if not read:
        raise SchemaError(
            f"{row.table}, row {row.row}: {row.email or row.phone!r} objects, and cannot be read as a mail address or "
            "a telephone number. Put it right: nobody could be held back for it."
        )
    return places


def _frame(rows: Iterable[tuple[Any, ...]], who: str, *, ends: bool = False) -> pd.DataFrame:
    import pandas as pd

    columns = [who, *WHAT, *(["ends"] if ends else [])]
    types: dict[str, Any] = {
        who: object,
        "channels": "int64",
        "purposes": "int64",
        "since": "datetime64[us]",
        "ends": "datetime64[us]",
    }
    frame = pd.DataFrame(list(rows), columns=columns)
    return frame.astype({name: types[name] for name in columns})
