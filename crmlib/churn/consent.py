"""Who may be contacted, and how: marketing permissions in force on a day."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from crmlib import engine
from crmlib import policy as policies
from crmlib.churn.observed import columns_of, day_of
from crmlib.days import until

if TYPE_CHECKING:
    from datetime import date

    import pandas as pd

    from crmlib.engine import Table
    from crmlib.policy import Policy
    from crmlib.shop import Shop

__all__ = ["CHANNELS", "consents_of", "may_contact"]

CHANNELS = ("email", "sms", "whatsapp", "phone")


def may_contact(
    shop: Shop, *, as_of: date | str | None = None, policy: Policy | str | dict[str, Any] | None = None
) -> pd.DataFrame:
    """Say through which channels each customer may get marketing.

    Parameters
    ----------
    shop
        Its table ``consents``; without one, nobody may be contacted.
    as_of
        The day; the shop's own by default.
    policy
        Whose ``intake.later_grant`` says whether a permission given after a withdrawal counts; strictly, it does not.

    Returns
    -------
    pandas.DataFrame
        customer_id as index; email, sms, whatsapp, phone: a marketing permission in force. soft_spam: mail to one's own
        customers about similar goods, unless they withdrew anything about mail. Who is not listed may not be contacted.
        Whoever objected to mail under another record of the same mailbox has objected (see `consents_of`).

    Examples
    --------
    >>> from crmlib import open_shop
    >>> may_contact(open_shop("shop")).sum().to_dict()
    Opened shop: ...
    {'email': 2721, 'sms': 1306, 'whatsapp': 1035, 'phone': 469, 'soft_spam': 1490}
    """
    import pandas as pd

    names = [*CHANNELS, "soft_spam"]
    if "consents" not in shop.tables:
        return pd.DataFrame(columns=names, index=pd.Index([], name="customer_id", dtype="str"), dtype=bool)
    rules = policies.load(policy or shop.policy).intake
    found = engine.run(
        "churn_consents",
        tables={"consents": consents_of(shop)},
        until=until(day_of(shop, as_of)),
        restores=int(rules.later_grant == "restores"),
    ).to_pandas()
    wide = found.pivot_table(index="customer_id", columns=["purpose", "channel"], values="in_force", aggfunc="min")
    never = pd.Series(float("nan"), index=wide.index)
    allowed = {channel: wide.get(("marketing", channel), never) == 1 for channel in CHANNELS}
    objected = wide.get(("marketing", "email"), never) == 0
    allowed["soft_spam"] = (wide.get(("soft_spam", "email"), never) == 1) & ~objected
    return pd.DataFrame(allowed, index=wide.index)


def consents_of(shop: Shop, *, where: str = "true") -> Table:
    """Return what was said for each customer: under their own account, and the objections of their mailbox.

    A person may have a second account, or have come in as a contact first. An opt-out given there is about the
    mailbox, so it counts for all who have it.

    Parameters
    ----------
    shop
        Its consents; customers and contacts_raw, where it has them, say whose mailbox is whose.
    where
        A condition on customer_id, to look at some people only.

    Returns
    -------
    Table
        customer_id, channel, purpose, given_ts, withdrawn_ts.

    Examples
    --------
    >>> import pandas as pd
    >>> from crmlib import open_shop
    >>> day = pd.Timestamp("2024-01-01")
    >>> shop = open_shop({
    ...     "orders": pd.DataFrame({"customer_id": ["ann"], "order_ts": [day], "amount": [10]}),
    ...     "customers": pd.DataFrame({"customer_id": ["ann", "ann2"], "email": ["Ann@x.example", "ann@x.example"]}),
    ...     "consents": pd.DataFrame({"customer_id": ["ann", "ann2"], "channel": "email", "purpose": "marketing",
    ...                               "given_ts": day, "withdrawn_ts": [pd.NaT, day]}),
    ... })
    Opened ...
    >>> may_contact(shop)["email"].to_dict()
    {'ann': False, 'ann2': False}
    """
    times = dict.fromkeys(("given_ts", "withdrawn_ts"), "timestamp")
    said = columns_of(
        shop, "consents", dict.fromkeys(("customer_id", "contact_id", "channel", "purpose"), "varchar") | times
    )
    picked = "customer_id, channel, purpose, given_ts, withdrawn_ts"
    own = f"select {picked} from {said.name} where {where}"
    if "customers" not in shop.tables or "email" not in shop.customers.columns:
        return said.engine.table(own)
    tables = {
        "consents": said,
        "customers": columns_of(shop, "customers", {"customer_id": "varchar", "email": "varchar"}),
        "contacts": columns_of(shop, "contacts_raw", {"contact_id": "varchar", "email": "varchar"}),
    }
    objections = engine.run("churn_objections", tables=tables)
    theirs = (
        f"select customer_id, 'email' as channel, purpose, given_ts, withdrawn_ts from {objections.name} where {where}"
    )
    return said.engine.table(f"{own} union all {theirs}")
