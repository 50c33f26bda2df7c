"""All key figures on one table, beside those of the period before."""

from __future__ import annotations

import math
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from crmlib.errors import CrmlibError, ModelError, ModelWarning, SchemaError
from crmlib.kpis import uncertainty
from crmlib.kpis.changes import changed, with_chance
from crmlib.kpis.figures import FIGURES, Figure, in_order
from crmlib.kpis.period import Period

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import date

    import pandas as pd

    from crmlib.kpis.figures import Counting
    from crmlib.kpis.kpi import Kpi
    from crmlib.policy import Policy
    from crmlib.shop import Shop

    Found = dict[str, Kpi]

__all__ = ["dashboard"]


def dashboard(
    shop: Shop,
    as_of: date | str | None = None,
    previous: date | str | None = None,
    *,
    policy: Policy | str | dict[str, Any] | None = None,
    only: Iterable[str | Callable[..., Any]] | None = None,
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
        Some of `crmlib.kpis.figure_names`, by name or as the functions themselves; all by default. ``cltv`` takes
        longer than all others together, for models are fitted.

    Returns
    -------
    pandas.DataFrame
        kpi, family, unit (``share`` is of 1); value; previous: the same figure as it would have been told on that day,
        missing where there was nothing to count yet; change = value - previous; low, high: interval of the value;
        change_low, change_high: interval of the change (square and add of the two values' intervals, periods taken as
        independent, see `crmlib.kpis.uncertainty.change`); numerator, denominator; p_value: how often chance alone
        brings such a change; same_as: the figure above of which this is the mirror (churn of retention); p_adjusted:
        the p-value once all distinct figures that were asked are counted (Holm). What was left out, and why, is in
        ``.attrs["left_out"]``; how many changes chance alone would bring, in ``.attrs["by_chance"]``.

    Raises
    ------
    CrmlibError
        The days are in the wrong order, `only` names no key figure, or one of the user's own stops.

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

    figures = _chosen(shop, only)
    period = Period.of(shop, as_of, previous, policy)
    now, left_out = _figures(period, figures)
    earlier, told = _earlier(period, [each for each in figures if each.name in now])
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
    table = with_chance(pd.DataFrame(rows, columns=columns), level=period.policy.kpis.level)
    table.attrs["left_out"] = left_out
    table.attrs["by_chance"] = changed(table)[1]
    if left_out:
        told = [f"Left out: {', '.join(f'{name} ({why})' for name, why in left_out.items())}.", *told]
    for line in told:
        print(line)  # noqa: T201 - what is missing is always said
    return table


def _known(figure: Kpi) -> tuple[float, tuple[float, float]]:
    return figure.value, (figure.low, figure.high)


def _chosen(shop: Shop, only: Iterable[str | Callable[..., Any]] | None) -> list[Figure]:
    """Return the figures that are asked for, in the order of a dashboard."""
    there = FIGURES.of(shop.plugins)
    if only is None:
        return [there[name] for name in in_order(there.values())]
    chosen: dict[str, Figure] = {}
    unknown = []
    for each in (only,) if isinstance(only, str) else only:
        name = each if isinstance(each, str) else getattr(each, "name", getattr(each, "__name__", repr(each)))
        if isinstance(each, Figure):
            chosen[name] = each
        elif name in there:
            chosen[name] = there[name]
        else:
            unknown.append(name)
    if unknown:
        raise CrmlibError(
            f"only: no key figure {', '.join(map(repr, unknown))}. There are: {', '.join(in_order(there.values()))}."
        )
    rest = [each for name, each in chosen.items() if name not in there]  # of a file that this shop does not name
    return [chosen[name] for name in in_order([*(there[name] for name in there if name in chosen), *rest])]


def _figures(period: Period, figures: list[Figure]) -> tuple[Found, dict[str, str]]:
    """Return the figures that the shop's tables allow, in their order, and why others are left out."""
    found: Found = {}
    left_out: dict[str, str] = {}
    together: dict[Counting, list[str]] = {}  # several figures may come out of one count
    for each in figures:
        together.setdefault(each.count, []).append(each.name)
    for count, names in together.items():
        try:
            counted = count(period)
        # where warnings are errors (a headless run), a model that is not to be trusted must not hide the others
        except (SchemaError, ModelError, ModelWarning) as error:
            table = getattr(error, "name", None)  # of a table that is missing
            left_out |= dict.fromkeys(names, f"no table {table}" if table else str(error).rstrip("."))
            continue
        found |= {name: counted[name] for name in names}
    names = [each.name for each in figures]
    return {name: found[name] for name in names if name in found}, {
        name: left_out[name] for name in names if name in left_out
    }


def _earlier(period: Period, figures: list[Figure]) -> tuple[Found, list[str]]:
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
    return _figures(before, figures)[0], told
