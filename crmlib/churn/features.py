"""What was known of each customer at a cut-off, and what came after it: features and outcomes, kept apart.

Features come from the shop as it was on the cut-off (`Shop.on`), where nothing of later days is: not even the return
of an earlier order. Outcomes come from the shop as it is now.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from crmlib import engine
from crmlib import policy as policies
from crmlib.churn.signals import SIGNALS, flags
from crmlib.days import as_day, until
from crmlib.errors import CrmlibError, ModelError, SchemaError
from crmlib.shop.observed import as_known_on, day_of, scores

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import date

    import pandas as pd

    from crmlib.policy import Policy
    from crmlib.shop import Shop

__all__ = ["OUTCOMES", "examples", "features", "leaks", "origins"]

#: Columns of `examples` that come after the cut-off: a model that reads one of them cheats.
OUTCOMES = ("left_us", "orders_ahead", "spend_ahead")
_RECENT = 90


def features(
    shop: Shop,
    *,
    as_of: date | str | None = None,
    policy: Policy | str | dict[str, Any] | None = None,
    recent_days: int = _RECENT,
) -> pd.DataFrame:
    """Describe each active customer by what was known on a day.

    Parameters
    ----------
    shop
        Orders are enough; logins, email_events, surveys and tickets add columns where they are.
    as_of
        The cut-off; the shop's own day by default. For an earlier one the shop is looked at as it was then (`Shop.on`):
        in today's shop, orders are net of returns that came later.
    policy
        Whose ``churn.active_days`` says who is still a customer; the shop's own by default.
    recent_days
        What counts as recent.

    Returns
    -------
    pandas.DataFrame
        One row a customer who ordered within active_days, sorted, customer_id as index. All numbers; missing where the
        customer never did it:

        - days_since_order, days_since_first_order, orders, mean_gap_days, silence_ratio (days since the last order by
          mean gap), mean_order_value, last_order_value, recent_orders, recent_spend;
        - days_since_login, recent_logins, latest_logins (in the last third of the recent days);
        - recent_mails, recent_opens, recent_clicks; score (the latest), answers; tickets, recent_tickets.

    Raises
    ------
    SchemaError
        Nobody was active on that day.

    Examples
    --------
    >>> from crmlib import open_shop
    >>> features(open_shop("cdnow-sample"), as_of="1997-09-30").shape
    Opened cdnow-sample: ...
    (719, 9)
    """
    rules = policies.load(policy or shop.policy).churn
    day = day_of(shop, as_of)
    shop = as_known_on(shop, day)
    values = {"as_of": day, "until": until(day), "recent_days": recent_days, "active_days": rules.active_days}
    bought = engine.run("churn_history", tables={"orders": shop.orders}, **values)
    table = bought.to_pandas().set_index("customer_id").sort_index()
    if table.empty:
        raise SchemaError(
            f"orders: nobody had ordered in the {rules.active_days} days up to {day}. Choose a later day, or more "
            "churn.active_days."
        )
    place = table.columns.get_loc("mean_gap_days")
    # who bought twice within days is not silent after a week
    ratio = table["days_since_order"] / table["mean_gap_days"].clip(lower=1)
    table.insert(int(place) + 1, "silence_ratio", ratio)  # type: ignore[arg-type]
    for query, name, key in (
        ("churn_logins", "logins", "logins"),
        ("churn_mails", "email_events", "events"),
        ("churn_answers", "surveys", "answers"),
        ("churn_tickets", "tickets", "tickets"),
    ):
        if name in shop.tables:
            source = scores(shop) if name == "surveys" else getattr(shop, name)
            more = engine.run(query, tables={key: source}, **values).to_pandas().set_index("customer_id")
            counted = [column for column in more if not column.startswith("days_") and column != "score"]
            table = table.join(more)
            table[counted] = table[counted].fillna(0.0)
    return table.astype(float)


def outcomes(shop: Shop, customers: pd.Index, *, at: date | str, horizon_days: int) -> pd.DataFrame:
    """Return what customers did in the days after a cut-off.

    Parameters
    ----------
    shop
        As it is known now.
    customers
        Whose outcomes.
    at
        The cut-off; the days after it count.
    horizon_days
        How many of them.

    Returns
    -------
    pandas.DataFrame
        left_us (1: no order in those days), orders_ahead, spend_ahead; customer_id as index.

    Raises
    ------
    CrmlibError
        The horizon reaches beyond what is known: who has not bought yet may still do so.
    """
    day = as_day(at)
    end = day + timedelta(days=horizon_days)
    if end > shop.as_of:
        raise CrmlibError(
            f"{horizon_days} days after {day} end on {end}, and the shop is known up to {shop.as_of}: who has not "
            f"bought yet may still do so. The latest cut-off is {shop.as_of - timedelta(days=horizon_days)}."
        )
    tables = {"orders": shop.orders}
    found = engine.run("churn_outcomes", tables=tables, after=until(day), until=until(end)).to_pandas()
    ahead = found.set_index("customer_id").reindex(customers).fillna(0.0)
    ahead.insert(0, "left_us", (ahead["orders_ahead"] == 0).astype(int))
    return ahead


def examples(
    shop: Shop,
    cutoffs: Sequence[date | str],
    *,
    horizon_days: int | None = None,
    policy: Policy | str | dict[str, Any] | None = None,
    build: Callable[[Shop], pd.DataFrame] | None = None,
) -> pd.DataFrame:
    """Put features at cut-offs beside what came after each: what models learn from and are judged by.

    Parameters
    ----------
    shop
        As it is known now.
    cutoffs
        Days, from `origins` or your own.
    horizon_days
        How many days after a cut-off count; the policy's ``churn.horizon_days`` by default.
    policy
        The shop's own by default.
    build
        Makes the features of a shop, one row a customer; `features` by default.

    Returns
    -------
    pandas.DataFrame
        customer_id, at (the cut-off); the features; for the baselines p_alive (from MBG/NBD, missing where nobody
        bought twice) and the three signals; the outcomes `OUTCOMES`, last.
    """
    import pandas as pd

    rules = policies.load(policy or shop.policy)
    horizon = horizon_days or rules.churn.horizon_days
    parts = []
    for cutoff in cutoffs:
        day = as_day(cutoff)
        then = shop.on(day)
        table = (build or (lambda known: features(known, policy=rules)))(then)
        after = outcomes(shop, table.index, at=day, horizon_days=horizon)
        seen = flags(then, policy=rules).set_index("customer_id")[list(SIGNALS)]
        table = table.join(seen.reindex(table.index))
        table["p_alive"] = _p_alive(then, day).reindex(table.index)
        parts.append(table.join(after).reset_index().assign(at=pd.Timestamp(day)))
    found = pd.concat(parts, ignore_index=True)
    first = ["customer_id", "at"]
    return found[[*first, *(name for name in found if name not in {*first, *OUTCOMES}), *OUTCOMES]]


def origins(shop: Shop, count: int, *, horizon_days: int) -> list[date]:
    """Return cut-offs a horizon apart, the last a horizon before the last order, earliest first.

    Parameters
    ----------
    shop
        Its orders say where the last horizon ends.
    count
        How many.
    horizon_days
        How far apart.

    Raises
    ------
    CrmlibError
        The history is too short for so many.

    Examples
    --------
    >>> from crmlib import open_shop
    >>> [str(day) for day in origins(open_shop("cdnow-sample"), 2, horizon_days=90)]
    Opened cdnow-sample: ...
    ['1998-01-01', '1998-04-01']
    """
    import pandas as pd

    times = engine.run("order_span", tables={"orders": shop.orders}).to_pandas().iloc[0]
    first, last = as_day(times["first_ts"]), as_day(times["last_ts"])
    days = [last - timedelta(days=horizon_days * number) for number in range(count, 0, -1)]
    if not days or horizon_days < 1 or days[0] <= first:
        fit = max(0, (pd.Timestamp(last) - pd.Timestamp(first)).days - 1) // max(1, horizon_days)
        raise CrmlibError(
            f"{count} cut-offs {horizon_days} days apart do not fit between {first} and {last}; {fit} do. Use fewer, "
            "or a shorter horizon."
        )
    return days


def leaks(build: Callable[[Shop, date], pd.DataFrame], shop: Shop, at: date | str) -> list[str]:
    """Find features that know what came after the cut-off.

    The same features are made twice, from all that is known now and from the shop as it was on the cut-off. What
    differs has looked ahead.

    Parameters
    ----------
    build
        Makes features from a shop and a cut-off, customer_id as index.
    shop
        As it is known now, a good while after the cut-off.
    at
        The cut-off.

    Returns
    -------
    list of str
        The columns that differ, and ``(rows)`` if other customers are there; empty if nothing leaks.

    Examples
    --------
    >>> from crmlib import open_shop
    >>> shop = open_shop("cdnow-sample")
    Opened cdnow-sample: ...
    >>> leaks(lambda shop, at: features(shop, as_of=at), shop, "1997-09-30")
    []
    >>> leaks(lambda shop, at: shop.orders.to_pandas().groupby("customer_id")[["amount"]].sum(), shop, "1997-09-30")
    ['amount']
    """
    day = as_day(at)
    now, then = build(shop, day), build(shop.on(day), day)
    both = now.index.intersection(then.index)
    rows = [] if len(now) == len(then) == len(both) else ["(rows)"]
    columns = [name for name in now if name in then]
    gone = [str(name) for name in now if name not in then]
    one, two = now.loc[both], then.loc[both]
    differ = [str(name) for name in columns if not one[name].equals(two[name])]
    return [*differ, *gone, *rows]


def _p_alive(shop: Shop, day: date) -> pd.Series:
    """Return the probability that each customer is still there, by MBG/NBD fitted to what was known."""
    import warnings

    import numpy as np
    import pandas as pd

    from crmlib import clv
    from crmlib.errors import ModelWarning

    summary = clv.summarize(shop.orders, as_of=day).to_pandas().set_index("customer_id")
    history: Any = [summary[name] for name in ("frequency", "recency", "T")]
    try:
        with warnings.catch_warnings():
            # extreme parameters make P(alive) a poor baseline, which the scores will say
            warnings.simplefilter("ignore", ModelWarning)
            model = clv.ModifiedBetaGeoFitter().fit(*history)
            alive = np.asarray(model.conditional_probability_alive(*history), dtype=float)
    except ModelError:
        alive = np.full(len(summary), np.nan)
    return pd.Series(alive, index=summary.index)
