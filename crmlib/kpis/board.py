"""All key figures on one table, beside those of the period before."""

from __future__ import annotations

import math
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from crmlib.errors import CrmlibError, ModelError, ModelWarning, SchemaError
from crmlib.kpis import acquisition, decomposition, interaction, lifetime, retention, segments, uncertainty
from crmlib.kpis.period import Period

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date

    import pandas as pd

    from crmlib.kpis.kpi import Kpi
    from crmlib.policy import Policy
    from crmlib.shop import Shop

    Found = dict[str, Kpi]

__all__ = ["KPIS", "dashboard"]

#: Every key figure of the dashboard, family by family.
KPIS = (
    *("new_customers", "database_growth", "cac"),
    *("retention_rate", "churn_rate", "repeat_purchase_rate", "cltv"),
    *interaction.RATES,
    *("revenue", "average_order_value", "quantity_per_order"),
    *("revenue_growth", "growth_acquisition", "growth_development", "growth_churn"),
)
_SINGLE: dict[str, Callable[..., Kpi]] = {
    "new_customers": acquisition.new_customers,
    "database_growth": acquisition.database_growth,
    "cac": acquisition.cac,
    "repeat_purchase_rate": retention.repeat_purchase_rate,
    "cltv": lifetime.cltv,
    "quantity_per_order": segments.quantity_per_order,
}


def dashboard(
    shop: Shop,
    as_of: date | str | None = None,
    previous: date | str | None = None,
    *,
    policy: Policy | str | dict[str, Any] | None = None,
    only: tuple[str, ...] = KPIS,
) -> pd.DataFrame:
    """Put all key figures of a period beside those of the equally long period before it.

    Parameters
    ----------
    shop
        Orders alone are enough; figures whose table or column is missing are left out, and which ones is printed.
    as_of
        The period's last day; the shop's own by default.
    previous
        The day before its first, on which the period before ended; the policy's ``kpis.period_days`` earlier by
        default.
    policy
        The shop's own by default.
    only
        Some of `KPIS`; ``cltv`` takes longer than all others together, for models are fitted.

    Returns
    -------
    pandas.DataFrame
        kpi, family, unit (``share`` is of 1); value; previous: the same figure as it would have been told on that day,
        missing where there was nothing to count yet; change = value - previous; low, high: interval of the value;
        change_low, change_high: interval of the change (square and add of the two values' intervals, periods taken as
        independent, see `crmlib.kpis.uncertainty.change`); numerator, denominator. What was left out, and why, is
        in ``.attrs["left_out"]``.

    Raises
    ------
    CrmlibError
        The days are in the wrong order, or `only` names no key figure.

    Examples
    --------
    >>> from crmlib import open_shop
    >>> found = dashboard(open_shop("cdnow-sample"), only=("retention_rate", "cac")).round(3)
    Opened cdnow-sample: ...
    Left out: cac (no table marketing_spend).
    >>> found[["kpi", "value", "previous", "change", "low", "high"]]
                  kpi  value  previous  change    low   high
    0  retention_rate  0.716     0.752  -0.036  0.678  0.751
    """
    import pandas as pd

    unknown = [name for name in only if name not in KPIS]
    if unknown:
        raise CrmlibError(f"only: no key figure {', '.join(map(repr, unknown))}. There are: {', '.join(KPIS)}.")
    period = Period.of(shop, as_of, previous, policy)
    now, left_out = _figures(period, only)
    earlier, told = _earlier(period, tuple(now))
    rows = []
    for name, figure in now.items():
        before = earlier.get(name)
        bounds = uncertainty.change(_known(figure), _known(before)) if before else (math.nan, math.nan)
        value_before = before.value if before else math.nan
        rows.append(figure.row() | {
            "previous": value_before, "change": figure.value - value_before,
            "change_low": bounds[0], "change_high": bounds[1],
        })  # fmt: skip
    columns = ["kpi", "family", "unit", "value", "previous", "change", "low", "high", "change_low", "change_high",
               "numerator", "denominator"]  # fmt: skip
    table = pd.DataFrame(rows, columns=columns)
    table.attrs["left_out"] = left_out
    if left_out:
        told = [f"Left out: {', '.join(f'{name} ({why})' for name, why in left_out.items())}.", *told]
    for line in told:
        print(line)  # noqa: T201 - what is missing is always said
    return table


def _known(figure: Kpi) -> tuple[float, tuple[float, float]]:
    return figure.value, (figure.low, figure.high)


def _figures(period: Period, names: tuple[str, ...]) -> tuple[Found, dict[str, str]]:
    """Return the figures that the shop's tables allow, in the order of `KPIS`, and why others are left out."""
    found: Found = {}
    left_out: dict[str, str] = {}
    arguments = (period.shop, period.as_of, period.previous)
    groups: list[tuple[tuple[str, ...], Callable[[], Found]]] = [
        *(((name,), lambda name=name: {name: _SINGLE[name](*arguments, policy=period.policy)}) for name in _SINGLE),
        (("retention_rate", "churn_rate"), lambda: retention.both_rates(period)),
        (("revenue", "average_order_value"), lambda: segments.sales(period)),
        (tuple(interaction.RATES), lambda: interaction.rates(period)),
        (tuple(each for each in KPIS if "growth_" in each or each == "revenue_growth"),
         lambda: decomposition.revenue_growth(*arguments, policy=period.policy)),
    ]  # fmt: skip
    for members, count in groups:
        wanted = [name for name in members if name in names]
        if not wanted:
            continue
        try:
            figures = count()
        # where warnings are errors (a headless run), a model that is not to be trusted must not hide the others
        except (SchemaError, ModelError, ModelWarning) as error:
            table = getattr(error, "name", None)  # of a table that is missing
            left_out |= dict.fromkeys(wanted, f"no table {table}" if table else str(error).rstrip("."))
            continue
        found |= {name: figures[name] for name in wanted}
    return {name: found[name] for name in KPIS if name in found}, {
        name: left_out[name] for name in KPIS if name in left_out
    }


def _earlier(period: Period, names: tuple[str, ...]) -> tuple[Found, list[str]]:
    """Return the figures of the period before, as they would have been told then, and what is to be said of them."""
    days = period.as_of - period.previous
    orders = period.shop.orders
    first = orders.engine.rows(f"select min(order_ts) from {orders.name}")[0][0].date()
    if first > period.previous:
        return {}, [f"Nothing to compare with: the first order is of {first}, after {period.previous}."]
    told = []
    if first > period.previous - days + timedelta(days=1):
        told = [f"The period before begins before the first order, of {first}: what it counts and sums is too low."]
    try:
        then = period.shop.on(period.previous)
    except SchemaError:  # orders that were all given back by then
        return {}, [f"Nothing to compare with: no order was left on {period.previous}."]
    before = Period(then, period.previous - days, period.previous, period.policy)
    return _figures(before, names)[0], told
