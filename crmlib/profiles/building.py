"""One row per customer: all that a shop knows of each, and what follows from it."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from crmlib import policy as policies
from crmlib.errors import ModelError
from crmlib.profiles.fields import FIELDS, chosen
from crmlib.profiles.known import PERSONAL, Known
from crmlib.shop.observed import as_known_on, day_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import date

    import pandas as pd

    from crmlib.policy import Policy
    from crmlib.profiles.forecast import Forecast
    from crmlib.shop import Shop

__all__ = ["profile"]


def profile(
    shop: Shop,
    as_of: date | str | None = None,
    *,
    columns: Iterable[str] | None = None,
    groups: Iterable[str] | None = None,
    policy: Policy | str | dict[str, Any] | None = None,
) -> pd.DataFrame:
    """Put together what is known of each customer on a day, and what follows from it.

    Parameters
    ----------
    shop
        Orders are enough; accounts, logins, surveys, consents, mails, visits and order lines are used where they are.
    as_of
        The day; the shop's own by default.
    columns
        Only these, by name: those of `dictionary` under whatever name, and columns of the shop's own table of
        customers. Models are fitted only where a column needs them.
    groups
        Only these groups of columns (see the column ``group`` of `dictionary`); with `columns`, both.
    policy
        The business's definitions; the shop's own by default.

    Returns
    -------
    pandas.DataFrame
        One row per customer known by that day, with an account or an order, sorted, customer_id as index. The columns
        are those of `dictionary`. What the shop's tables cannot give is there and empty; its ``attrs`` say why:

        - ``as_of``, the day, and ``policy``, the horizons: horizon_months of expected purchases and lifetime value,
          horizon_days of the risk;
        - ``missing``, by column: why it is empty for all;
        - ``notes``: how well the risk was foreseen (``churn_risk``: auc, brier and so on), the model's parameters
          (``value``), the personas (``persona``).

    Raises
    ------
    CrmlibError
        There is no such column or group, or the day is later than the shop's.

    Examples
    --------
    >>> from crmlib import customers, open_shop
    >>> shop = open_shop("cdnow-sample")
    Opened cdnow-sample: ...
    >>> table = customers.profile(shop, "1997-09-30", groups=["orders", "value"])
    >>> table[["orders", "p_alive", "cltv"]].head(2).round(2).reset_index()
      customer_id  orders  p_alive   cltv
    0       00004       3     0.71  11.29
    1       00018       1     0.39   2.01
    >>> table.attrs["policy"]["horizon_months"]
    12
    """
    rules = policies.load(policy or shop.policy)
    day = day_of(shop, as_of)
    shop = as_known_on(shop, day)
    own = [name for name in shop.customers.columns if name not in PERSONAL] if "customers" in shop.tables else []
    wanted = chosen(columns, groups, own)
    known = Known(shop, rules, day - timedelta(days=rules.churn.horizon_days))
    values = _computed(known, wanted)
    return _table(known, wanted, values, rules)


def _computed(known: Known, wanted: list[str]) -> dict[str, Any]:
    """Return the columns that were asked for, and perhaps others of their groups; those without values are left out."""
    values: dict[str, Any] = {}
    groups = dict.fromkeys(FIELDS[name].group for name in wanted if name in FIELDS)
    for group in groups:
        if group in _FORECASTS:
            continue
        values |= _MAKERS[group](known)
    forecasts = {name for group in groups if group in _FORECASTS for name in _FORECASTS[group]} & set(wanted)
    if forecasts:
        from crmlib.profiles.forecast import Forecast

        values |= _foreseen(known, Forecast(known.bought, known.rules), forecasts)
    if own := [name for name in wanted if name not in FIELDS]:
        values |= known.own(own)
    return values


def _persona(known: Known) -> dict[str, Any]:
    from crmlib.profiles.personas import persona

    return persona(known)


def _offer(known: Known) -> dict[str, Any]:
    from crmlib.profiles.offers import next_offer

    return next_offer(known)


_MAKERS: dict[str, Callable[[Known], dict[str, Any]]] = {
    "account": Known.account,
    "orders": Known.orders,
    "money": Known.money,
    "gaps": Known.gaps,
    "redemptions": Known.redemptions,
    "logins": Known.logins,
    "scores": Known.scores,
    "signals": Known.signals,
    "rfm": Known.rfm,
    "journey": Known.journey,
    "consent": Known.consent,
    "contacts": Known.contacts,
    "persona": _persona,
    "offer": _offer,
}
_FORECASTS = {
    group: tuple(field.name for field in FIELDS.values() if field.group == group) for group in ("value", "churn")
}


def _foreseen(known: Known, forecast: Forecast, wanted: set[str]) -> dict[str, Any]:
    """Ask the models; what they cannot answer is left out, with the reason."""
    values: dict[str, Any] = {}

    def ask(*columns: str, answer: Callable[[], Any]) -> None:
        if not wanted & set(columns):
            return
        try:
            answers = answer()
        except ModelError as error:
            known.absent(str(error), *columns)
            return
        values.update(zip(columns, answers if len(columns) > 1 else [answers], strict=True))

    ask("p_alive", answer=forecast.alive)
    ask("expected_purchases", answer=forecast.expected_purchases)
    ask("expected_spend", answer=forecast.expected_spend)
    if "value_at_risk" in wanted:
        wanted = wanted | {"churn_risk", "cltv"}
    ask("cltv", answer=forecast.cltv)
    ask("cltv_low", "cltv_high", answer=forecast.interval)
    ask("churn_risk", answer=forecast.risk)
    if {"churn_risk", "cltv"} <= set(values):
        values["value_at_risk"] = values["churn_risk"] * values["cltv"]
    else:
        known.absent(known.missing.get("cltv") or known.missing.get("churn_risk", ""), "value_at_risk")
    if values:
        params = {name: float(value) for name, value in forecast.purchases.params_.items()}
        known.notes["value"] = {"model": "MBG/NBD, Gamma-Gamma", "parameters": params}
    if "churn_risk" in values:
        try:
            known.notes["churn_risk"] = {"cut_off": str(known.cut), **forecast.quality()}
        except ModelError as error:
            known.notes["churn_risk"] = {"cut_off": str(known.cut), "not_judged": str(error)}
    return values


def _table(known: Known, wanted: list[str], values: dict[str, Any], rules: Policy) -> pd.DataFrame:
    import numpy as np
    import pandas as pd

    size = len(known.index)
    data = {}
    for name in wanted:
        column = values.get(name, np.nan)
        if isinstance(column, bool | float):
            column = np.full(size, column)
        data[name] = _typed(column, FIELDS[name].kind) if name in FIELDS else column.array
    table = pd.DataFrame(data, index=known.index, columns=wanted)
    asked = {name: reason for name, reason in known.missing.items() if name in data}
    horizons = {"horizon_months": rules.clv.horizon_months, "horizon_days": rules.churn.horizon_days}
    table.attrs = {
        "as_of": str(known.shop.as_of), "policy": horizons, "missing": asked, "notes": dict(known.notes),
    }  # fmt: skip
    return table


def _typed(column: Any, kind: str) -> Any:
    """Return a column as its kind is kept: counts and days are whole even where some are missing."""
    import pandas as pd

    values = pd.Series(column).reset_index(drop=True)
    if kind == "integer":
        return values.astype("Float64").astype("Int64").array
    if kind == "number":
        return values.astype("float64").array
    if kind == "time":
        return pd.to_datetime(values).astype("datetime64[us]").array
    if kind == "yes/no":
        flags = values.astype("boolean")
        return flags.array if flags.isna().any() else flags.astype(bool).array
    return values.astype("str").where(values.notna()).array
