"""Who may be contacted, through which channel and for what: the one place where that is decided.

Whatever a shop holds about it is read by `crmlib.customers.statements`: consents, lists of those who left, boxes in
customers, mails that were answered by an unsubscription. A permission counts for the customer whose id or address it
names, and for nobody else. An objection counts for everybody whom its id or address may mean, and for all who share the
mailbox or the telephone. `may_contact` and `permissions` look it up; `judge` says for each person why not, or on what
grounds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from crmlib import engine
from crmlib import policy as policies
from crmlib.customers.held import Words, words_of
from crmlib.days import until
from crmlib.shop.observed import day_of
from crmlib.text.consent import CHANNELS, PURPOSES

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date, datetime

    import pandas as pd
    from numpy.typing import NDArray

    from crmlib.engine import Table
    from crmlib.policy import Policy
    from crmlib.shop import Shop

__all__ = [
    "CHANNELS",
    "GROUNDS",
    "WHY",
    "agreed",
    "findings",
    "has_consents",
    "judge",
    "may_contact",
    "objecting_contacts",
    "permissions",
]

#: Why somebody is held back.
WHY = {
    "again_too_soon": "The trigger came again before the sequence may be entered again.",
    "condition": "A condition of the sequence or of the step does not hold.",
    "exited": "An event that ends the sequence came after its trigger.",
    "sent": "This very entry was sent before.",
    "expired": "It was due before the day on which it was looked at.",
    "no_consent": "The person never allowed it, and no exception covers the channel.",
    "withdrawn": "The person allowed it once and has withdrawn that, or has objected.",
    "no_contract": "There is no contract in force that a service message could be about.",
    "not_own_customer": "Soft spam goes to own customers only.",
    "no_opt_out_offered": "Soft spam needs an opt-out that was offered when the address was given.",
    "not_similar": "Soft spam is about goods similar to those that were bought.",
    "control": "Kept out at random, so that the effect can be measured.",
    "cap": "Enough contacts within the days of the policy's cap.",
    "sequence_cap": "Enough contacts within the days of the sequence's own cap.",
}
#: On what grounds somebody may be contacted.
GROUNDS = {
    "consent": "marketing consent in force",
    "soft_spam": "own customer, similar goods, opt-out offered",
    "contract": "about an order of theirs",
}


#: Statements without a time: a permission is older than any objection, an objection newer than any permission.
_FIRST, _LAST = np.iinfo(np.int64).min, np.iinfo(np.int64).max


def may_contact(
    shop: Shop, *, as_of: date | str | None = None, policy: Policy | str | dict[str, Any] | None = None
) -> pd.DataFrame:
    """Say through which channels each customer may get marketing.

    Parameters
    ----------
    shop
        Whatever it holds about consent (see docs/how-to/consent.md); where it holds nothing, nobody may be contacted.
    as_of
        The day; the shop's own by default.
    policy
        Whose ``intake.later_grant`` says whether a permission given after a withdrawal counts; strictly, it does not.

    Returns
    -------
    pandas.DataFrame
        customer_id as index; email, sms, whatsapp, phone: a marketing permission in force. soft_spam: mail to one's own
        customers about similar goods, unless they withdrew anything about mail. Who is not listed may not be contacted.
        Whoever objected under another record of the same mailbox or telephone has objected.

    Raises
    ------
    SchemaError
        Something about consent cannot be read with certainty; the message names table, row, column and value.

    Examples
    --------
    >>> from crmlib import open_shop
    >>> may_contact(open_shop("shop")).sum().to_dict()
    Opened shop: ...
    {'email': 2718, 'sms': 1306, 'whatsapp': 1035, 'phone': 468, 'soft_spam': 1486}

    An objection is about the mailbox, so it counts for all who have it:

    >>> import pandas as pd
    >>> day = pd.Timestamp("2024-01-01")
    >>> shop = open_shop({
    ...     "orders": pd.DataFrame({"customer_id": ["ann"], "order_ts": [day], "amount": [10]}),
    ...     "customers": pd.DataFrame({"customer_id": ["ann", "ann2"], "email": ["Ann@x.example", "<ann@x.example>"]}),
    ...     "consents": pd.DataFrame({"customer_id": ["ann", "ann2"], "channel": "E-Mail", "purpose": "newsletter",
    ...                               "status": ["subscribed", "unsubscribed"]}),
    ... })
    Opened ...
    >>> may_contact(shop)["email"].to_dict()
    {'ann': False, 'ann2': False}
    """
    rules = policies.load(policy or shop.policy)
    stands = _standing(
        words_of(shop, rules), until(day_of(shop, as_of)), rules, heard=as_of is None and not shop.day_is_told
    )
    allowed = {channel: stands[f"marketing_{channel}"] == 1 for channel in CHANNELS}
    allowed["soft_spam"] = (stands["soft_spam_email"] == 1) & (stands["marketing_email"] != 0)
    import pandas as pd

    return pd.DataFrame(allowed, index=stands.index)


def permissions(shop: Shop, people: Table, rules: Policy) -> pd.DataFrame:
    """Look up what people allow, as it was known on the shop's day.

    Parameters
    ----------
    shop
        Whatever it holds about consent; where it holds nothing, nobody allows anything.
    people
        customer_id, each once.
    rules
        Whose ``intake.later_grant`` says whether a permission that was given after a withdrawal counts.

    Returns
    -------
    pandas.DataFrame
        customer_id as index; ``service_email`` and so on, purpose and channel: 1 in force, 0 withdrawn, missing if it
        was never given; days_since_order.
    """
    end = until(shop.as_of)
    tables = {"people": people, "orders": shop.orders}
    silent = engine.run("customers_last_order", tables=tables, as_of=shop.as_of, until=end)
    bought = silent.to_pandas().set_index("customer_id")
    stands = _standing(words_of(shop, rules), end, rules, heard=not shop.day_is_told)
    return bought.join(stands)


def agreed(shop: Shop, customers: Iterable[str], rules: Policy) -> dict[tuple[str, str], pd.Timestamp]:
    """Return since when customers allow marketing, by customer and channel, where that is in force and has a time.

    Parameters
    ----------
    shop
        As it is known on its day.
    customers
        Whose.
    rules
        As for `permissions`.
    """
    words, end = words_of(shop, rules), until(shop.as_of)
    stands = _standing(words, end, rules, heard=not shop.day_is_told)
    grants = _known(words.grants, end)
    grants = grants[grants["customer_id"].isin(set(customers)) & grants["since"].notna()]
    result: dict[tuple[str, str], pd.Timestamp] = {}
    for place, channel in enumerate(CHANNELS):
        rows = grants[_about(grants, place, PURPOSES.index("marketing"))]
        in_force = stands.index[stands[f"marketing_{channel}"] == 1]
        last = rows[rows["customer_id"].isin(in_force)].groupby("customer_id")["since"].max()
        result |= {(str(customer), channel): when for customer, when in last.items()}
    return result


def objecting_contacts(shop: Shop, rules: Policy) -> dict[str, set[str]]:
    """Return which contacts objected to marketing, under whatever record of their mailbox or telephone, by channel.

    Parameters
    ----------
    shop
        Its contacts, as known on its day.
    rules
        How addresses are read.
    """
    words, end = words_of(shop, rules), until(shop.as_of)
    rows = _known(words.contacts, end) if shop.day_is_told else words.contacts
    marketing = PURPOSES.index("marketing")
    return {
        channel: set(rows.loc[_about(rows, place, marketing), "contact_id"]) for place, channel in enumerate(CHANNELS)
    }


def has_consents(shop: Shop) -> bool:
    """Tell whether a shop holds anything that speaks for contacting somebody.

    Parameters
    ----------
    shop
        Whose.
    """
    return bool(len(words_of(shop, shop.policy).grants))


def findings(shop: Shop, *, policy: Policy | str | dict[str, Any] | None = None) -> pd.DataFrame:
    """Say which statements about consent reach nobody, or do not count, and why.

    Parameters
    ----------
    shop
        Whatever it holds about consent.
    policy
        How addresses are read; the shop's own by default.

    Returns
    -------
    pandas.DataFrame
        finding, rows, example.

    Examples
    --------
    >>> import pandas as pd
    >>> from crmlib import open_shop
    >>> orders = pd.DataFrame({"customer_id": ["K1"], "order_ts": "2024-01-01", "amount": 10})
    >>> shop = open_shop({"orders": orders, "consents": pd.DataFrame({
    ...     "customer_id": ["k1", "K9"], "channel": "email", "purpose": "marketing", "status": "granted"})})
    Opened ...
    >>> findings(shop)
                                                 finding  rows example
    0  permissions of nobody in customers, orders or ...     1      K9
    1  permissions whose id is spelled otherwise than...     1      k1
    """
    import pandas as pd

    words = words_of(shop, policies.load(policy or shop.policy))
    rows = [(text, len(examples), min(examples)) for text, examples in sorted(words.left_out().items())]
    return pd.DataFrame(rows, columns=["finding", "rows", "example"])


def _known(rows: pd.DataFrame, end: datetime) -> pd.DataFrame:
    """Return what was known at an instant: stated before it, and not ended."""
    stands = rows["since"].isna() | (rows["since"] < end)
    if "ends" in rows:
        stands &= rows["ends"].isna() | (rows["ends"] >= end)
    return rows[stands]


def _about(rows: pd.DataFrame, channel: int, purpose: int) -> NDArray[np.bool_]:
    chosen = (rows["channels"].to_numpy() >> channel) & (rows["purposes"].to_numpy() >> purpose) & 1
    return chosen.astype(bool)


def _standing(words: Words, end: datetime, rules: Policy, *, heard: bool) -> pd.DataFrame:
    """Return what stands for each customer at an instant: purpose_channel 1 in force, 0 withdrawn, missing never given.

    Where the day was derived from the orders, objections after it are `heard`: people leave after the last order, too.

    With ``intake.later_grant = "restores"`` the latest statement counts, and at the same moment the objection.
    """
    import pandas as pd

    grants = _known(words.grants, end)
    objections = words.objections if heard else _known(words.objections, end)
    index = pd.Index(sorted({*grants["customer_id"], *objections["customer_id"]}), name="customer_id", dtype="str")
    restores = rules.intake.later_grant == "restores"
    sides = []
    for rows, without in ((grants, _FIRST), (objections, _LAST)):
        since = rows["since"].to_numpy(dtype="datetime64[us]")
        time = np.where(np.isnat(since), without, since.astype(np.int64))
        sides.append((rows, index.get_indexer(rows["customer_id"]), time))
    columns = {}
    for number, purpose in enumerate(PURPOSES):
        for place, channel in enumerate(CHANNELS):
            has, last = [], []
            for (rows, code, time), least in zip(sides, (_FIRST, _FIRST), strict=True):
                chosen = _about(rows, place, number)
                there, latest = np.zeros(len(index), dtype=bool), np.full(len(index), least)
                there[code[chosen]] = True
                np.maximum.at(latest, code[chosen], time[chosen])
                has.append(there)
                last.append(latest)
            out = has[1] & ~(has[0] & (last[0] > last[1])) if restores else has[1]
            columns[f"{purpose}_{channel}"] = np.where(out, 0.0, np.where(has[0], 1.0, np.nan))
    return pd.DataFrame(columns, index=index)


def judge(
    allowed: pd.DataFrame, purpose: str, channel: str, similar: NDArray[np.bool_], rules: Policy
) -> tuple[NDArray[np.object_], NDArray[np.object_]]:
    """Say whether each person may be contacted through a channel for a purpose.

    Parameters
    ----------
    allowed
        From `permissions`, one row a contact.
    purpose, channel
        Of the contact.
    similar
        Whether what it is about is similar to what the person bought.
    rules
        Whose ``contact`` holds the conditions of soft spam.

    Returns
    -------
    tuple
        For each row: why not (a key of `WHY`, or empty), and on what grounds (a key of `GROUNDS`, or empty).
    """
    marketing = allowed[f"marketing_{channel}"].to_numpy(dtype=float)
    why = np.full(len(allowed), "", dtype=object)
    ground = np.full(len(allowed), "consent", dtype=object)
    if purpose == "service":
        contract = allowed[f"service_{channel}"].to_numpy(dtype=float)
        why[np.isnan(contract)] = "no_contract"
        why[contract == 0] = "withdrawn"
        ground[:] = "contract"
    elif purpose == "marketing":
        why[np.isnan(marketing)] = "no_consent"
        why[marketing == 0] = "withdrawn"
    else:
        soft = allowed[f"soft_spam_{channel}"].to_numpy(dtype=float)
        silent = allowed["days_since_order"].to_numpy(dtype=float)
        longest = rules.contact.own_customer_days
        asked = np.isnan(marketing)  # whoever consented needs no exception
        ground[asked] = "soft_spam"
        why[asked & ~similar] = "not_similar"
        why[asked & np.isnan(soft)] = "no_opt_out_offered"
        why[asked & (np.isnan(silent) | (silent > (np.inf if longest is None else longest)))] = "not_own_customer"
        if channel not in rules.contact.soft_spam_channels:
            why[asked] = "no_consent"
        why[(marketing == 0) | (soft == 0)] = "withdrawn"
    ground[why != ""] = ""
    return why, ground
