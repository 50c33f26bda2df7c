"""What each customer's coming purchases are worth today."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from crmlib import policy as policies
from crmlib.clv.discounted import DAYS_PER_MONTH, PERIODS, discounted_purchases, monthly
from crmlib.clv.inputs import SEASON, read_period
from crmlib.clv.questions import check_history, require_period
from crmlib.errors import ModelError
from crmlib.shop.required import require

if TYPE_CHECKING:
    from datetime import date

    from crmlib.clv.season import Season
    from crmlib.clv.summary import Period
    from crmlib.policy import Policy

__all__ = ["value"]


def value(
    summary: pd.DataFrame,
    purchases: Any,
    spend: Any,
    *,
    period: Period | None = None,
    season: Season | None = None,
    as_of: date | str | None = None,
    policy: Policy | str | None = None,
) -> pd.DataFrame:
    """Return each customer's discounted lifetime value over the policy's horizon.

    Parameters
    ----------
    summary
        customer_id, frequency, recency, T, monetary_value, from `summarize`.
    purchases
        A fitted BG/NBD, MBG/NBD or Pareto/NBD.
    spend
        A fitted Gamma-Gamma.
    period
        The summary's unit, where neither its column ``period`` nor the fit says so; they must agree.
    season, as_of
        For a summary by `Season.summarize`: that season, and the summary's day, as it matters which months are ahead.
    policy
        Whose ``clv`` says how many months ahead and at which annual discount; which share of revenue is margin, too, or
        else its ``money`` does.

    Returns
    -------
    pandas.DataFrame
        customer_id; expected_purchases over the horizon; expected_spend a purchase, revenue in the shop's currency;
        cltv, the margin of those purchases, each month's discounted from its end.

    Raises
    ------
    SchemaError
        The summary lacks a column.
    ModelError
        A history that `fit` would refuse; or summary, model and `period` are not of one unit, or nobody says which.

    Notes
    -----
    cltv = margin x expected_spend x sum over months i of (E[Y(t_i)] - E[Y(t_(i-1))]) / (1 + annual_discount)^(i / 12),
    with t_i = i x 30.4375 days (on the season's clock, where there is one). E[Y] is the model's conditional
    expectation, expected_spend Gamma-Gamma's.
    """
    require(summary, "summary", ("customer_id", "frequency", "recency", "T", "monetary_value"))
    definitions = policies.load(policy)
    rules, margin = definitions.clv, definitions.margin_of("clv")
    unit = _unit(summary, purchases, period)
    if unit is None:
        raise ModelError(
            "How long is a period of this summary? crmlib.clv.summarize writes it into the column 'period'; otherwise "
            'say period="D" or "W".'
        )
    history = [summary[name].to_numpy(dtype=float) for name in ("frequency", "recency", "T")]
    check_history(history[0], history[1], history[2], index=pd.Index(summary["customer_id"]))
    months, rate = rules.horizon_months, (1 + rules.annual_discount) ** (1 / 12) - 1
    ahead = _months_ahead(unit, months, season, as_of)
    if ahead is None:
        discounted = discounted_purchases(purchases, *history, months=months, discount_rate=rate, period=unit)
        horizon = months * DAYS_PER_MONTH / PERIODS[unit]
    else:
        discounted = purchases.sum_of_purchases(ahead, monthly(months, rate), *history)
        horizon = ahead[-1]
    each = spend.conditional_expected_average_profit(history[0], summary["monetary_value"].to_numpy(dtype=float))
    return summary[["customer_id"]].assign(
        expected_purchases=purchases.predict(horizon, *history),
        expected_spend=each,
        cltv=margin * each * discounted,
    )


def _unit(summary: pd.DataFrame, purchases: Any, period: Period | None) -> str | None:
    """Return the unit that summary, model and caller agree on."""
    written = read_period(summary)
    if written is not None and period is not None and written != period:
        raise ModelError(f"The summary is in periods of {written!r}, value was asked in {period!r}: leave out period.")
    return require_period(purchases.period_, written or period, type(purchases).__name__)


def _months_ahead(unit: str, months: int, season: Season | None, as_of: date | str | None) -> list[float] | None:
    """Return when each month ends on the season's clock; nothing where the summary is on no such clock."""
    if (season is None) != (unit != SEASON):
        raise ModelError(
            "The summary is on a season's clock: which months are ahead? Say season= (the one that summarised it) and "
            "as_of= (its day)."
            if season is None
            else f"The summary is in periods of {unit!r}, not on a season's clock: make it by Season.summarize, and "
            "fit to that."
        )
    if season is None:
        return None
    if as_of is None:
        raise ModelError("Which months are ahead? Say as_of=, the day of the summary.")
    return season.months_ahead(as_of, months)
