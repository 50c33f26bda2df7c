"""The gates before every queue and export: consent, soft spam, quiet hours, frequency caps.

A queue that was made earlier passes them again on the day when it is exported: who has opted out since is held back.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from crmlib import engine
from crmlib import policy as policies
from crmlib.actions.caps import Limit, within_caps
from crmlib.actions.moments import DAY
from crmlib.actions.quiet import after_quiet, waits
from crmlib.customers.consent import CHANNELS, WHY, judge, permissions
from crmlib.days import until
from crmlib.errors import SchemaError
from crmlib.shop.observed import as_known_on, columns_of, day_of
from crmlib.shop.required import require

if TYPE_CHECKING:
    from datetime import date

    import pandas as pd

    from crmlib.arrays import Bools, Ints, Objects
    from crmlib.engine import Table
    from crmlib.policy import Policy
    from crmlib.shop import Shop

__all__ = ["Gated", "consented", "gate"]

PURPOSES = ("service", "marketing", "soft_spam")
HELD = ["customer_id", "sequence", "version", "step", "due_ts", "channel", "why", "detail"]


class Gated(NamedTuple):
    """What `gate` returns.

    Attributes
    ----------
    allowed
        The entries that may be sent, as they came in; those due in quiet hours wait for their end.
    held
        Those held back: customer_id, sequence, version, step, due_ts, channel, why (a key of
        `crmlib.customers.consent.WHY`), detail.
    """

    allowed: pd.DataFrame
    held: pd.DataFrame


def gate(
    entries: pd.DataFrame,
    shop: Shop,
    *,
    as_of: date | str | None = None,
    policy: Policy | str | dict[str, Any] | None = None,
    sent: pd.DataFrame | None = None,
) -> Gated:
    """Let through the entries that may be sent as things stand on a day, and say why the others may not.

    Parameters
    ----------
    entries
        Of a queue: customer_id, sequence, version, step, due_ts, channel, purpose; category (joined by bars) where it
        is about some only.
    shop
        Its consents, orders, and mails that were sent.
    as_of
        The day on which they are looked at; the shop's own by default. What was due before it has expired.
    policy
        Whose ``contact`` holds caps, quiet hours and the conditions of soft spam; the shop's own by default.
    sent
        Entries that were sent before, which count for the caps: customer_id, due_ts, purpose. The shop's own mails
        (email_events) count anyway.

    Returns
    -------
    Gated
        The allowed and the held. What is allowed passes the same gate again.

    Raises
    ------
    SchemaError
        A column is missing, or there is a purpose or channel that nobody could have allowed.

    Examples
    --------
    >>> import pandas as pd
    >>> from crmlib import open_shop
    >>> orders = pd.DataFrame({"customer_id": ["ann", "bob"], "order_ts": "2024-05-01", "amount": 10})
    >>> consents = pd.DataFrame({"customer_id": ["ann"], "channel": "email", "purpose": "marketing",
    ...                          "given_ts": pd.Timestamp("2024-01-01"), "withdrawn_ts": pd.NaT})
    >>> shop = open_shop({"orders": orders, "consents": consents}, as_of="2024-05-31")
    Opened ...
    >>> entries = pd.DataFrame({"customer_id": ["ann", "bob"], "sequence": "news", "version": 1, "step": "first",
    ...                         "due_ts": pd.Timestamp("2024-06-01 10:00"), "channel": "email", "purpose": "marketing"})
    >>> passed = gate(entries, shop)
    >>> passed.allowed["customer_id"].tolist(), passed.held[["customer_id", "why"]].to_numpy().tolist()
    (['ann'], [['bob', 'no_consent']])
    """
    require(entries, "entries", ("customer_id", "sequence", "version", "step", "due_ts", "channel", "purpose"))
    _known(entries, "channel", CHANNELS)
    _known(entries, "purpose", PURPOSES)
    day = day_of(shop, as_of)
    shop = as_known_on(shop, day)
    rules = policies.load(policy or shop.policy)
    entries = entries.reset_index(drop=True)
    if entries.empty:
        return Gated(entries, held_rows(entries, np.array([], dtype=object)))
    due = after_quiet(microseconds(entries["due_ts"]), waits(rules.contact))
    entries = entries.assign(due_ts=timestamps(due))
    people, code = people_of(shop, entries["customer_id"])
    why = _not_allowed(entries, shop, people, code, rules)
    why[due < microseconds_of(day)] = "expired"
    free = np.flatnonzero(why == "")
    order = free[_order(entries.iloc[free])]
    why[order] = capped(shop, people, code[order], entries.iloc[order], rules, sent=sent)
    stays = why == ""
    return Gated(entries[stays].reset_index(drop=True), held_rows(entries[~stays], why[~stays]))


def consented(entries: pd.DataFrame, shop: Shop, rules: Policy) -> Gated:
    """Let through the entries that their customers allow on the shop's day, whenever they are due and however many.

    Parameters
    ----------
    entries, shop, rules
        As in `gate`.
    """
    require(entries, "entries", ("customer_id", "channel", "purpose"))
    _known(entries, "channel", CHANNELS)
    _known(entries, "purpose", PURPOSES)
    entries = entries.reset_index(drop=True).assign(customer_id=entries["customer_id"].astype("str").to_numpy())
    if entries.empty:
        return Gated(entries, held_rows(entries, np.array([], dtype=object)))
    people, code = people_of(shop, entries["customer_id"])
    why = _not_allowed(entries, shop, people, code, rules)
    stays = why == ""
    return Gated(entries[stays].reset_index(drop=True), held_rows(entries[~stays], why[~stays]))


def _not_allowed(entries: pd.DataFrame, shop: Shop, people: Table, code: Ints, rules: Policy) -> Objects:
    """Return why each entry's customer does not allow it; an empty text where they do."""
    import pandas as pd

    allowed = permissions(shop, people, rules).reindex(people.to_pandas()["customer_id"])
    why = np.full(len(entries), "", dtype=object)
    category = entries["category"] if "category" in entries else pd.Series("", index=entries.index)
    kinds = pd.MultiIndex.from_arrays([entries["purpose"], entries["channel"], category.fillna("")])
    for purpose, channel, about in kinds.unique().sort_values():
        rows = np.flatnonzero(kinds == (purpose, channel, about))
        alike = similar_goods(shop, tuple(about.split("|")) if about else (), entries["customer_id"].iloc[rows], rules)
        why[rows] = judge(allowed.iloc[code[rows]], purpose, channel, alike, rules)[0]
    return why


def capped(
    shop: Shop,
    people: Table,
    code: Ints,
    entries: pd.DataFrame,
    rules: Policy,
    *,
    sent: pd.DataFrame | None,
    own: tuple[tuple[str, int, int], ...] = (),
) -> Objects:
    """Hold back what the caps leave no room for.

    Parameters
    ----------
    shop, people, rules
        As in `gate`.
    code
        Of each entry, the place of its customer among the people.
    entries
        In the order of precedence.
    sent
        See `gate`.
    own
        Sequences with a cap of their own: name, how many, in how many days.

    Returns
    -------
    numpy.ndarray
        For each entry ``cap``, ``sequence_cap``, or an empty text.
    """
    import pandas as pd

    if entries.empty:
        return np.array([], dtype=object)
    ids = pd.Index(people.to_pandas()["customer_id"])
    us = microseconds(entries["due_ts"])
    longest = max(rules.contact.within_days, *(days for _, _, days in own), 1)
    wanted = {"customer_id": "varchar", "event": "varchar", "event_ts": "timestamp"}
    events = columns_of(shop, "email_events", wanted)
    since = timestamps(np.array([us.min() - longest * DAY]))[0].to_pydatetime()
    tables = {"events": events, "people": people}
    mails = shop.orders.engine.query("actions_mailed", tables, since=since, until=until(shop.as_of)).to_pandas()
    before = [pd.DataFrame({"customer_id": mails["customer_id"], "us": mails["us"], "sequence": "",
                            "purpose": "marketing"})]  # fmt: skip
    if sent is not None and len(sent):
        require(sent, "sent", ("customer_id", "due_ts", "purpose"))
        named = sent.get("sequence", "")
        before.append(pd.DataFrame({"customer_id": sent["customer_id"].astype("str"), "sequence": named,
                                    "us": microseconds(sent["due_ts"]), "purpose": sent["purpose"]}))  # fmt: skip
    past = pd.concat(before, ignore_index=True)
    place = ids.get_indexer(past["customer_id"])
    past, place = past[place >= 0], place[place >= 0]
    happened = np.append(np.ones(len(past), dtype=bool), np.zeros(len(entries), dtype=bool))
    purpose = np.append(past["purpose"].to_numpy(dtype=object), entries["purpose"].to_numpy(dtype=object))
    sequence = np.append(past["sequence"].to_numpy(dtype=object), entries["sequence"].to_numpy(dtype=object))
    counts = purpose != "service"
    limits = [Limit(counts, counts, rules.contact.most, rules.contact.within_days * DAY)]
    limits += [Limit(sequence == name, sequence == name, most, days * DAY) for name, most, days in own]
    found = within_caps(np.append(place, code), np.append(past["us"].to_numpy(dtype=np.int64), us), happened, limits)
    why = np.where(found < 0, "", np.where(found == 0, "cap", "sequence_cap")).astype(object)
    return why[len(past) :]


def similar_goods(shop: Shop, categories: tuple[str, ...], customers: pd.Series, rules: Policy) -> Bools:
    """Say for whom a message is about goods similar to those bought.

    Parameters
    ----------
    shop, rules
        As in `gate`.
    categories
        Which it is about; empty: the whole range, which is similar only where the policy says ``shop``.
    customers
        Ids.
    """
    if rules.contact.similar_goods == "shop":
        return np.ones(len(customers), dtype=bool)
    if not categories:
        return np.zeros(len(customers), dtype=bool)
    return customers.isin(_bought_category(shop, categories)).to_numpy(dtype=bool)


def held_rows(entries: pd.DataFrame, why: Objects, told: Objects | None = None) -> pd.DataFrame:
    """Make the table of those held back.

    Parameters
    ----------
    entries
        Columns as in `gate`.
    why
        A key of `WHY` each.
    told
        What is to be said of each instead of the key's sentence, where it is not empty.
    """
    import pandas as pd

    held = entries.reindex(columns=[name for name in HELD if name not in {"why", "detail"}])
    reasons = pd.Series(why, index=entries.index, dtype="str")
    detail = reasons.map(WHY)
    if told is not None:
        detail = detail.mask(told != "", pd.Series(told, index=entries.index, dtype="str"))
    held = held.assign(why=reasons, detail=detail.astype("str"))
    order = ["due_ts", "sequence", "customer_id", "step", "why"]
    return held.sort_values(order, na_position="first", kind="stable", ignore_index=True)[HELD]


def people_of(shop: Shop, customers: pd.Series) -> tuple[Table, Ints]:
    """Bring people to the engine, each once and sorted, and say which one each row is about.

    Parameters
    ----------
    shop
        Where they go.
    customers
        Ids, one a row.
    """
    import pandas as pd

    code, ids = pd.factorize(customers.astype("str"), sort=True)
    table = shop.orders.engine.add(pd.DataFrame({"customer_id": pd.Series(ids, dtype="str")}))
    return table, code.astype(np.int64)


def microseconds(times: pd.Series) -> Ints:
    """Return times as whole microseconds since 1970."""
    return times.to_numpy(dtype="datetime64[us]").astype(np.int64)


def timestamps(us: Ints) -> pd.DatetimeIndex:
    """Return times of microseconds since 1970."""
    import pandas as pd

    return pd.DatetimeIndex(us.astype("datetime64[us]"))


def microseconds_of(day: date) -> int:
    """Return the start of a day in microseconds since 1970."""
    return int(np.datetime64(day, "us").astype(np.int64))


def _order(entries: pd.DataFrame) -> Ints:
    """Put entries in an order that does not depend on that of the rows."""
    names = [name for name in ("due_ts", "sequence", "step", "customer_id", "entry_id") if name in entries]
    return entries[names].reset_index(drop=True).sort_values(names, kind="stable").index.to_numpy(dtype=np.int64)


def _known(entries: pd.DataFrame, column: str, there: tuple[str, ...]) -> None:
    strange = ~entries[column].isin(there)
    if strange.any():
        place = int(strange.to_numpy().argmax())
        raise SchemaError(
            f"entries, row {place}, column {column!r}: {entries[column].iloc[place]!r} is none of {', '.join(there)}."
        )


def _bought_category(shop: Shop, categories: tuple[str, ...]) -> set[str]:
    """Return the customers who bought something of these categories."""
    names = [name for name in (*shop.policy.personas.category, "category") if "products" in shop.tables]
    column = next((name for name in names if name in shop.products.columns), None)
    if column is None or "order_lines" not in shop.tables or "product_id" not in shop.order_lines.columns:
        raise SchemaError(
            f"policy contact.similar_goods = 'category' needs order_lines and products with a column "
            f"{' or '.join(shop.policy.personas.category)}, and the shop {shop.name!r} lacks them. Use 'shop'."
        )
    products = shop.products
    items = products.engine.table(f"select product_id, {products.engine.quoted(column)} as item from {products.name}")
    tables = {"lines": shop.order_lines, "products": items}
    bought = engine.run("personas_categories", tables=tables, until=until(shop.as_of)).to_pandas()
    return set(bought.loc[bought["item"].isin(categories), "customer_id"])
