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

    from crmlib.policy import Policy
    from crmlib.shop import Shop

__all__ = ["CHANNELS", "may_contact"]

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

    Examples
    --------
    >>> from crmlib import open_shop
    >>> may_contact(open_shop("shop")).sum().to_dict()
    Opened shop: ...
    {'email': 2749, 'sms': 1306, 'whatsapp': 1035, 'phone': 469, 'soft_spam': 1512}
    """
    import pandas as pd

    names = [*CHANNELS, "soft_spam"]
    if "consents" not in shop.tables:
        return pd.DataFrame(columns=names, index=pd.Index([], name="customer_id", dtype="str"), dtype=bool)
    wanted = dict.fromkeys(("customer_id", "channel", "purpose"), "varchar")
    consents = columns_of(shop, "consents", wanted | dict.fromkeys(("given_ts", "withdrawn_ts"), "timestamp"))
    rules = policies.load(policy or shop.policy).intake
    found = engine.run(
        "churn_consents",
        tables={"consents": consents},
        until=until(day_of(shop, as_of)),
        restores=int(rules.later_grant == "restores"),
    ).to_pandas()
    wide = found.pivot_table(index="customer_id", columns=["purpose", "channel"], values="in_force", aggfunc="min")
    never = pd.Series(float("nan"), index=wide.index)
    allowed = {channel: wide.get(("marketing", channel), never) == 1 for channel in CHANNELS}
    objected = wide.get(("marketing", "email"), never) == 0
    allowed["soft_spam"] = (wide.get(("soft_spam", "email"), never) == 1) & ~objected
    return pd.DataFrame(allowed, index=wide.index)
