"""Who is exported: the people of a queue, gated once more, each once, with no more about them than is needed."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from crmlib import policy as policies
from crmlib.actions.gates import HELD, gate
from crmlib.actions.recipients import recipients, without_address
from crmlib.customers.addresses import address
from crmlib.customers.consent import agreed as agreed_since
from crmlib.errors import SchemaError
from crmlib.words import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd

    from crmlib.policy import Policy
    from crmlib.shop import Shop

__all__ = ["COLUMNS", "FIELDS", "Outgoing", "Person", "outgoing"]

#: The columns of a queue that an export reads.
COLUMNS = ("entry_id", "customer_id", "sequence", "version", "step", "due_ts", "channel", "purpose", "template",
           "language", "offer", "discount", "code", "trigger_ts", "reason")  # fmt: skip

#: What a platform gets to know of a queue, as fields of a profile: of the next entry, then of all of them. The names
#: are short enough for Mautic, which allows 25 letters.
FIELDS = {
    "crm_customer_id": "the shop's own name of the customer",
    "crm_due": "when the next message is due",
    "crm_sequence": "its sequence",
    "crm_version": "the sequence's version",
    "crm_step": "its step",
    "crm_channel": "its channel",
    "crm_template": "its template",
    "crm_offer": "what kind of offer it makes, if any",
    "crm_discount": "the share that it takes off, 0.1 = 10 %",
    "crm_code": "the code that redeems it",
    "crm_entries": "how many messages are due in all",
    "crm_queue": "all of them: when, sequence/version/step, channel",
}


@dataclass(frozen=True)
class Person:
    """One person of a queue.

    Attributes
    ----------
    customer_id
        In the shop.
    email, phone
        Where a message of this queue goes; empty if none goes there, though the shop may know it.
    first_name, last_name, language, country
        As far as they are known.
    entries
        Of the queue, the earliest first; each as a dict.
    agreed
        Channel -> when the marketing permission was given, of the channels by which an advert goes out. Who gets one as
        an own customer only (soft spam), without such a permission, has none.
    """

    customer_id: str
    email: str
    phone: str
    first_name: str
    last_name: str
    language: str
    country: str
    entries: tuple[dict[str, Any], ...]
    agreed: dict[str, pd.Timestamp] = field(default_factory=dict)

    def fields(self, *, time: str = "%Y-%m-%d %H:%M:%S") -> dict[str, str]:
        """Return what a platform gets to know of the queue: see `FIELDS`.

        Parameters
        ----------
        time
            How a time is written, as `strftime` has it.
        """
        first = self.entries[0]
        return {
            "crm_customer_id": self.customer_id,
            "crm_due": f"{first['due_ts']:{time}}",
            "crm_sequence": first["sequence"],
            "crm_version": str(first["version"]),
            "crm_step": first["step"],
            "crm_channel": first["channel"],
            "crm_template": first["template"],
            "crm_offer": first["offer"],
            "crm_discount": f"{first['discount']:g}" if first["discount"] else "",
            "crm_code": first["code"],
            "crm_entries": str(len(self.entries)),
            "crm_queue": "; ".join(
                f"{entry['due_ts']:%Y-%m-%d %H:%M} {entry['sequence']}/{entry['version']}/{entry['step']} "
                f"{entry['channel']}"
                for entry in self.entries
            ),
        }


@dataclass(frozen=True)
class Outgoing:
    """A queue that may go out.

    Attributes
    ----------
    people
        In the order of their customer_id.
    entries
        What goes out.
    held
        What does not, and why: a key of `crmlib.actions.WHY` or `crmlib.actions.recipients.NOT_SENT`.
    """

    people: tuple[Person, ...]
    entries: pd.DataFrame
    held: pd.DataFrame


def outgoing(
    entries: Any, shop: Shop, *, policy: Policy | str | dict[str, Any] | None = None, once: str = ""
) -> Outgoing:
    """Gate a queue again, on the shop's day, and gather it by person.

    Of two accounts with one mailbox or telephone the first goes out, in the order of their ids; what would go to the
    same address for the other is held back.

    Parameters
    ----------
    entries
        A queue, or the DataFrame of its entries.
    shop
        As it is known when the queue goes out: who has opted out since the queue was made is held back here.
    policy
        The shop's by default.
    once
        ``email`` where the platform knows people by their mail address: whoever has none is held back, and an account
        goes out whole or not at all.

    Raises
    ------
    SchemaError
        A column of the queue is missing, or an entry is there twice.
    """
    import pandas as pd

    rules = policies.load(policy or shop.policy)
    queue = _checked(getattr(entries, "entries", entries))
    allowed, refused = gate(queue, shop, policy=rules)
    called = allowed.loc[allowed["channel"] != "email", "customer_id"]
    people = recipients(shop, allowed["customer_id"], policy=rules, phone_of=called)
    there, nowhere = without_address(allowed, people)
    held = [refused.reindex(columns=HELD), nowhere]
    there, also = _once(there, people, rules, whole=once == "email")
    held.append(also)
    there = there.sort_values(["customer_id", "due_ts", "entry_id"], kind="stable").reset_index(drop=True)
    parts = [part for part in held if len(part)]
    back = pd.concat(parts, ignore_index=True) if parts else held[0].iloc[:0]
    back = back.sort_values(["customer_id", "due_ts", "sequence", "step"], kind="stable").reset_index(drop=True)
    advertised = there.loc[there["purpose"] != "service", "customer_id"].unique()
    agreed = agreed_since(shop, advertised, rules)
    return Outgoing(tuple(_people(there, people, agreed, always_mail=once == "email")), there, back)


def _checked(queue: Any) -> pd.DataFrame:
    import pandas as pd

    queue = pd.DataFrame(queue if isinstance(queue, pd.DataFrame) else queue.to_pandas())
    for name in COLUMNS:
        if name not in queue.columns:
            raise SchemaError(
                f"queue: there is no column {name!r}. {did_you_mean(name, list(queue.columns))} Hand over what "
                "`crmlib.actions.queue` returns."
            )
    twice = queue["entry_id"].duplicated()
    if twice.any():
        raise SchemaError(
            f"queue: the entry {queue.loc[twice, 'entry_id'].iloc[0]!r} is there twice. Drop one of them."
        )
    due = pd.to_datetime(queue["due_ts"])
    return pd.DataFrame(queue.assign(due_ts=due, customer_id=queue["customer_id"].astype("str")))


def _once(
    entries: pd.DataFrame, people: pd.DataFrame, rules: Policy, *, whole: bool
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Hold back what would go to an address that an earlier account has; where people are known by mail, all of it."""
    import pandas as pd

    some = people[people.index.isin(entries["customer_id"])]
    boxes = some["email"].map(lambda text: address(text, rules.intake).key if text else None)
    calls = entries["channel"] != "email"
    asked = [("mail address", boxes, entries if whole else entries[~calls])]
    asked.append(("telephone", some["phone"].where(some["phone"] != "", None), entries[calls]))
    parts, stays = [], pd.Series(data=True, index=entries.index)
    for kind, known, rows in asked:
        rows = rows[stays[rows.index]]  # noqa: PLW2901 - those that are still there
        key = rows["customer_id"].map(known)
        first = rows.assign(key=key)[key.notna()].groupby("key")["customer_id"].min()
        owner = key.map(first)
        nobody = owner.isna() & (whole and kind == "mail address")
        out = nobody | (owner.notna() & (owner != rows["customer_id"]))
        held = rows[out].copy()
        held["why"] = ["no_address" if gone else "same_address" for gone in nobody[out]]
        held["detail"] = [
            f"The account {who} has the same {kind}, and each is written to once."
            if isinstance(who, str)
            else "The platform knows people by their mail address, and the shop has none of this customer."
            for who in owner[out]
        ]
        parts.append(held.reindex(columns=HELD))
        stays[rows.index[out]] = False
    filled = [part for part in parts if len(part)]
    return entries[stays], pd.concat(filled, ignore_index=True) if filled else parts[0]


def _people(
    entries: pd.DataFrame, people: pd.DataFrame, agreed: dict[tuple[str, str], pd.Timestamp], *, always_mail: bool
) -> Iterator[Person]:
    from itertools import groupby

    known = people.to_dict("index")
    texts = entries.astype(object).where(entries.notna(), None)
    rows = (dict(zip(texts.columns, row, strict=True)) for row in texts.itertuples(index=False, name=None))
    for customer, group in groupby(rows, key=lambda row: row["customer_id"]):
        own = tuple(
            {**row, **{name: row[name] or "" for name in ("step", "offer", "code", "language")}} for row in group
        )
        who = known[customer]
        ways = {entry["channel"] for entry in own}
        marketed = {entry["channel"] for entry in own if entry["purpose"] != "service"}
        yield Person(
            customer_id=str(customer),
            email=who["email"] if always_mail or "email" in ways else "",
            phone=who["phone"] if ways - {"email"} else "",
            **{name: who[name] for name in ("first_name", "last_name", "language", "country")},
            entries=own,
            agreed={way: agreed[customer, way] for way in sorted(marketed) if (customer, way) in agreed},
        )
