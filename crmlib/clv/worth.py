"""What each customer's coming purchases are worth today."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from crmlib import policy as policies
from crmlib.clv.discounted import DAYS_PER_MONTH, discounted_purchases
from crmlib.clv.summary import PERIOD_DAYS, Period
from crmlib.schema import require

if TYPE_CHECKING:
    import pandas as pd

    from crmlib.policy import Policy

__all__ = ["value"]


def value(
    summary: pd.DataFrame,
    purchases: Any,
    spend: Any,
    *,
    period: Period = "D",
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
        The summary's unit.
    policy
        Whose ``clv`` says how many months ahead, at which annual discount, and which share of revenue is margin.

    Returns
    -------
    pandas.DataFrame
        customer_id; expected_purchases over the horizon; expected_spend a purchase, revenue in the shop's currency;
        cltv, the margin of those purchases, each month's discounted from its end.

    Notes
    -----
    cltv = margin x expected_spend x sum over months i of (E[Y(t_i)] - E[Y(t_(i-1))]) / (1 + annual_discount)^(i / 12),
    with t_i = i x 30.4375 days. E[Y] is the model's conditional expectation, expected_spend Gamma-Gamma's.
    """
    require(summary, "summary", ("customer_id", "frequency", "recency", "T", "monetary_value"))
    rules = policies.load(policy).clv
    history = [summary[name].to_numpy(dtype=float) for name in ("frequency", "recency", "T")]
    discounted = discounted_purchases(
        purchases,
        *history,
        months=rules.horizon_months,
        discount_rate=(1 + rules.annual_discount) ** (1 / 12) - 1,
        period=period,
    )
    horizon = rules.horizon_months * DAYS_PER_MONTH / PERIOD_DAYS[period]
    each = spend.conditional_expected_average_profit(history[0], summary["monetary_value"].to_numpy(dtype=float))
    return summary[["customer_id"]].assign(
        expected_purchases=purchases.predict(horizon, *history),
        expected_spend=each,
        cltv=rules.margin * each * discounted,
    )
