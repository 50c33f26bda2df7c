"""The day on which sequences begin: who enters on it though what sets them off lies behind."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import numpy as np

from crmlib.actions.moments import DAY, moments
from crmlib.churn.signals import flags
from crmlib.days import as_day

if TYPE_CHECKING:
    import pandas as pd

    from crmlib.actions.sequences import Trigger
    from crmlib.policy import Policy
    from crmlib.shop import Shop

__all__ = ["since_begin"]

_SILENCES = ("no_login", "no_purchase")


def since_begin(shop: Shop, trigger: Trigger, rules: Policy, happened: pd.DataFrame, begins: int) -> pd.DataFrame:
    """Leave out what happened before sequences began, and add those who are in its state when they begin.

    Parameters
    ----------
    shop
        As it is known for the queue.
    trigger
        Of the sequence.
    rules
        Windows and thresholds.
    happened
        Moments: customer_id, us, since_us.
    begins
        The start of the first day, in microseconds since 1970.

    Returns
    -------
    pandas.DataFrame
        The same columns, by customer and time. Who has been silent for long enough by that day, or whose latest answer
        is low, has a moment at its start.
    """
    import pandas as pd

    later = happened[happened["us"] >= begins]
    if trigger.event not in {*_SILENCES, "low_score"}:
        return later
    day = as_day(str(np.datetime64(begins // DAY, "D")))
    eve = day - timedelta(days=1)
    then = shop if shop.as_of <= eve else shop.on(eve)
    if trigger.event == "low_score":
        seen = flags(then, policy=rules)
        unhappy = seen[seen["low_score"].fillna(value=False).astype(bool)]
        since = begins - unhappy["days_since_score"].astype("int64") * DAY - DAY
        ongoing = pd.DataFrame({"customer_id": unhappy["customer_id"], "us": begins, "since_us": since})
    else:
        # of each customer the silence that goes on counts from the latest sign of life
        table = moments(then, trigger.event, rules, days=trigger.days).to_pandas()
        latest = table.sort_values(["customer_id", "since_us"], kind="stable").drop_duplicates(
            "customer_id", keep="last"
        )
        ongoing = latest[latest["us"] < begins].assign(us=begins)
    both = pd.concat([ongoing[["customer_id", "us", "since_us"]], later], ignore_index=True)
    return both.sort_values(["customer_id", "us"], kind="stable").drop_duplicates(["customer_id", "us"], keep="last")
