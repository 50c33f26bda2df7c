"""The three churn signals: no login, no purchase, a low score.

What is not known is no signal, and is not "all is well" either:

- A source without logins (or surveys) has missing flags, never False.
- Who never logged in, or never bought, is judged by the policy; who never answered has no low score.
"""

from __future__ import annotations

import operator
from typing import TYPE_CHECKING, Any

import numpy as np

from crmlib import engine
from crmlib import policy as policies
from crmlib.churn.windows import of_customers
from crmlib.customers.consent import CHANNELS, may_contact
from crmlib.days import until
from crmlib.shop.observed import as_known_on, columns_of, day_of, scores

if TYPE_CHECKING:
    from datetime import date

    import pandas as pd

    from crmlib.engine import Table
    from crmlib.policy import Policy
    from crmlib.shop import Shop

__all__ = ["OPERATORS", "SIGNALS", "judge_signals", "last_seen", "signals"]

#: The signals, and the column that says how many days ago what they watch was last seen.
SIGNALS = {"no_login": "days_since_login", "no_purchase": "days_since_order", "low_score": "days_since_score"}
#: How the policy writes a comparison -> the comparison.
OPERATORS = {">": operator.gt, ">=": operator.ge, "<": operator.lt, "<=": operator.le}


def signals(
    shop: Shop, *, as_of: date | str | None = None, policy: Policy | str | dict[str, Any] | None = None
) -> pd.DataFrame:
    """Flag the customers who show signs of leaving.

    Parameters
    ----------
    shop
        Orders are enough; logins, surveys and customers are used where they are.
    as_of
        The day from which days are counted; the shop's own by default.
    policy
        Whose ``churn`` holds windows, thresholds, operators and rules for what is missing; the shop's own by default.

    Returns
    -------
    pandas.DataFrame
        One row a customer known by that day, sorted:

        - customer_id; no_login, no_purchase, low_score (missing where the source cannot say);
        - days_since_login, days_since_order, days_since_score, score (missing where there was none);
        - login_window, purchase_window (days);
        - may_email, may_sms, may_whatsapp, may_phone: whether marketing is allowed there, see `may_contact`.

    Raises
    ------
    CrmlibError
        Nobody had bought by that day, or it is later than the shop's own.

    Examples
    --------
    >>> import pandas as pd
    >>> from crmlib import open_shop
    >>> sales = pd.DataFrame({"customer_id": ["ann", "bob"], "order_ts": ["2024-01-01", "2024-03-01"], "amount": 10})
    >>> found = signals(open_shop(sales, as_of="2024-03-02"))
    Opened dataframe: ...
    >>> found[["customer_id", "no_login", "no_purchase", "days_since_order"]]
      customer_id no_login  no_purchase  days_since_order
    0         ann     <NA>         True                 61.0
    1         bob     <NA>        False                  1.0
    """
    day = day_of(shop, as_of)
    shop = as_known_on(shop, day)
    found = flags(shop, policy=policy)
    allowed = may_contact(shop, policy=policy).reindex(found["customer_id"], fill_value=False)
    allowed["email"] |= allowed.pop("soft_spam") & found["days_since_order"].notna().to_numpy()
    for channel in CHANNELS:
        found[f"may_{channel}"] = allowed[channel].to_numpy()
    return found


def flags(
    shop: Shop, *, policy: Policy | str | dict[str, Any] | None, seen: pd.DataFrame | None = None
) -> pd.DataFrame:
    """Return the signals of a shop's own day, without what may be done about them.

    Parameters
    ----------
    shop, policy
        As for `signals`.
    seen
        What `last_seen` returns, where it is at hand.
    """
    rules = policies.load(policy or shop.policy).churn
    found = last_seen(shop).to_pandas() if seen is None else seen
    days = [str(name) for name in found if str(name).startswith("days_")]
    found = found.astype(dict.fromkeys([*days, "score"], "float64")).sort_values("customer_id", ignore_index=True)
    who = found["customer_id"]
    found["login_window"] = of_customers(shop, who, of="logins", policy=policy) if "logins" in shop.tables else np.nan
    found["purchase_window"] = of_customers(shop, who, of="purchases", policy=policy)
    found["no_login"] = _too_long(found, "no_login", rules.never_logged_in, rules.days_operator)
    found["no_purchase"] = _too_long(found, "no_purchase", rules.never_bought, rules.days_operator)
    low = OPERATORS[rules.score_operator](found["score"], rules.low_score)
    if rules.score_lasts_days is not None:
        low &= found["days_since_score"] <= rules.score_lasts_days
    found["low_score"] = low.astype("boolean")
    for flag, table in (("no_login", "logins"), ("low_score", "surveys")):
        if table not in shop.tables:
            found[flag] = found[flag].where(who.isna())
    return found[["customer_id", *SIGNALS, *SIGNALS.values(), "score", "login_window", "purchase_window"]]


def last_seen(shop: Shop) -> Table:
    """Return how long ago each customer logged in, bought and answered, as it was known on the shop's day.

    Parameters
    ----------
    shop
        Logins, answers and registrations that it lacks are missing.
    """
    tables = {
        "orders": shop.orders,
        "people": columns_of(shop, "customers", {"customer_id": "varchar", "registered_ts": "timestamp"}),
        "logins": columns_of(shop, "logins", {"customer_id": "varchar", "login_ts": "timestamp"}),
        "answers": scores(shop),
    }
    return engine.run("churn_last_seen", tables=tables, as_of=shop.as_of, until=until(shop.as_of))


def judge_signals(examples: pd.DataFrame) -> pd.DataFrame:
    """Say what each signal catches of those who left, and how often it is right.

    Parameters
    ----------
    examples
        From `crmlib.churn.examples`: the signals at a cut-off, and who left after it.

    Returns
    -------
    pandas.DataFrame
        One row a signal that the source can give, and ``any``: caught, the share of those who left that had it
        (recall); right, the share of those with it that left (precision; missing if nobody had it); flagged, the share
        of all that had it.

    Examples
    --------
    >>> import pandas as pd
    >>> seen = pd.DataFrame({"no_login": [True, False, None, True], "left_us": [1, 1, 0, 0]})
    >>> judge_signals(seen.assign(no_purchase=None, low_score=None)).loc["no_login"].tolist()
    [0.5, 0.5, 0.5]
    """
    import pandas as pd

    left = examples["left_us"].to_numpy() == 1
    known = {name: examples[name].astype("boolean") for name in SIGNALS if examples[name].notna().any()}
    shown = {name: flag.fillna(value=False).to_numpy(dtype=bool) for name, flag in known.items()}
    if len(shown) > 1:
        shown["any"] = np.logical_or.reduce(list(shown.values()))
    rows = {
        name: {
            "caught": flag[left].mean() if left.any() else np.nan,
            "right": left[flag].mean() if flag.any() else np.nan,
            "flagged": flag.mean(),
        }
        for name, flag in shown.items()
    }
    return pd.DataFrame(rows).T


def _too_long(found: pd.DataFrame, signal: str, never: str, sign: str) -> pd.Series:
    """Compare the days since something with its window; the rule `never` settles those who never did it."""
    silent, window = found[SIGNALS[signal]], found[f"{signal.removeprefix('no_')}_window"]
    missing = silent.isna()
    if never == "since_registration":
        silent = silent.fillna(found["days_since_registration"])
    flags: pd.Series = OPERATORS[sign](silent, window).astype("boolean")
    if never != "since_registration":
        flags = flags.mask(missing, never == "signal")
    return flags
