"""What a fitted model expects beside what happened: over time, by number of purchases, and for one customer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from crmlib import engine
from crmlib.clv.inputs import SEASON
from crmlib.clv.summary import days_of
from crmlib.days import as_day, until
from crmlib.errors import CrmlibError, ModelError
from crmlib.shop.required import require

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from numpy.typing import ArrayLike

    from crmlib.arrays import Floats
    from crmlib.clv.season import Season
    from crmlib.clv.summary import Period

__all__ = ["alive_history", "frequencies", "tracking"]

WEEK = 7


def tracking(
    orders: pd.DataFrame | engine.Table,
    models: Mapping[str, Any],
    *,
    calibration_end: date | str,
    observation_end: date | str,
    period: Period = "D",
    season: Season | None = None,
) -> pd.DataFrame:
    """Return the repeat purchases of each week, as they were and as models expect them.

    Parameters
    ----------
    orders
        customer_id, order_ts, amount. Customers who came after the calibration are left out.
    models
        Name to fitted model, fitted to the calibration's summary in this period.
    calibration_end
        The last day that the models have seen.
    observation_end
        The last day shown; the last week may be cut short by it and is then left out.
    period
        ``"D"`` or ``"W"``: the period of the models.
    season
        For models that were fitted to `Season.summarize`: that season, with days as period.

    Returns
    -------
    pandas.DataFrame
        week, counted from the first purchase of all; held_out, whether it lies after the calibration; actual, and one
        column a model.

    Raises
    ------
    ModelError
        A model was fitted in another unit.

    Examples
    --------
    >>> import crmlib
    >>> from crmlib import clv
    >>> shop = crmlib.open_shop("cdnow-sample")
    Opened cdnow-sample: ...
    >>> summary = clv.summarize(shop.orders, as_of="1997-09-30").to_pandas()
    >>> models = {"BG/NBD": clv.BetaGeoFitter().fit(summary)}
    >>> found = clv.tracking(shop.orders, models, calibration_end="1997-09-30", observation_end="1998-06-30")
    >>> len(found), round(float(found["BG/NBD"].sum() / found["actual"].sum()), 1)
    (78, 1.0)
    """
    require(orders, "orders", ("customer_id", "order_ts"))
    seen, end = as_day(calibration_end), as_day(observation_end)
    if end < seen:
        raise CrmlibError(f"The observation ends on {end}, which is before the calibration's end, {seen}.")
    days = days_of(period)
    if season is not None and days != 1:
        raise ModelError("A season's clock goes by days: leave out period.")
    for model in models.values():
        fitted, counted = getattr(model, "period_", None), period if season is None else SEASON
        if fitted not in {None, counted}:
            raise ModelError(
                f"The {type(model).__name__} was fitted in periods of {fitted!r}, the orders are counted in {counted!r}"
                ": say period= or season= as for its summary."
            )
    found: Any = engine.run(
        "clv_arrivals", tables={"orders": orders}, calibration_end=seen, until=until(end), period_days=days
    )
    arrivals = (found if isinstance(found, pd.DataFrame) else found.to_pandas()).sort_values("period")
    if arrivals.empty:
        raise CrmlibError(f"orders: nobody had bought by {seen}. Choose a later calibration_end.")
    start = int(arrivals["period"].iloc[0])
    last = (_day_number(end) + 4) // days - 1  # the last period that is over
    steps = WEEK // days
    weeks = max(last - start + 1, 0) // steps
    edges = start + steps * np.arange(weeks + 1)
    counted = arrivals[arrivals["period"] < edges[-1]]
    actual = np.histogram(counted["period"], bins=edges, weights=counted["repeats"])[0]
    boundary = (_day_number(seen) + 3) // days
    newcomers = arrivals[arrivals["newcomers"] > 0]
    # a week's purchases end with its last period: the age then is that period less the one of the first purchase
    first, ends = newcomers["period"].to_numpy(dtype=float), edges.astype(float) - 1
    if season is not None:
        first, ends = season.clock(_dates(first)), season.clock(_dates(ends))
    ages = np.maximum(ends[None, :] - first[:, None], 0)
    lengths, where = np.unique(ages, return_inverse=True)
    table = {"week": np.arange(1, weeks + 1), "held_out": edges[1:] - 1 > boundary, "actual": actual}
    for name, model in models.items():
        each = np.asarray(model.expected_number_of_purchases_up_to_time(lengths.astype(float)), dtype=float)
        total = newcomers["newcomers"].to_numpy() @ each[where.reshape(ages.shape)]
        table[name] = np.diff(total)
    return pd.DataFrame(table)


def _dates(periods: Floats) -> pd.DatetimeIndex:
    """Return the days of periods that are a day long."""
    return pd.DatetimeIndex((periods.astype(int) - 3).astype("datetime64[D]"))


def _day_number(day: date) -> int:
    return int(np.datetime64(day, "D").astype(int))


def frequencies(model: Any, T: ArrayLike, *, most: int = 7, seed: int = 1, copies: int = 10) -> pd.Series:
    """Return how many customers a fitted model expects with 0, 1, 2, ... repeat purchases at their present age.

    Customers of the same ages are simulated from the model's story: a rate, a moment or chance of leaving, a count.

    Parameters
    ----------
    model
        A fitted BG/NBD, MBG/NBD or Pareto/NBD.
    T
        The customers' ages, in periods of the fit.
    most
        The last number holds more purchases, too.
    seed
        Of the simulation.
    copies
        How often each customer is simulated; the counts are means.

    Examples
    --------
    >>> from crmlib.clv import BetaGeoFitter
    >>> model = BetaGeoFitter().with_params({"r": 0.2426, "alpha": 4.4135, "a": 0.7929, "b": 2.4258})
    >>> frequencies(model, [39.0] * 1000, most=2).round(-1).tolist()
    [580.0, 200.0, 220.0]
    """
    age = np.tile(np.asarray(T, dtype=float), copies)
    rng = np.random.default_rng(seed)
    names = tuple(model.params_.index)
    rate = rng.gamma(model.params_["r"], 1 / model.params_["alpha"], age.size)
    if names == ("r", "alpha", "s", "beta"):
        leaves = rng.exponential(
            1 / np.maximum(rng.gamma(model.params_["s"], 1 / model.params_["beta"], age.size), 1e-12)
        )
        count = rng.poisson(rate * np.minimum(age, leaves))
    elif names == ("r", "alpha", "a", "b"):
        chance = np.maximum(rng.beta(model.params_["a"], model.params_["b"], age.size), 1e-9)
        first_chance = "Modified" in type(model).__name__  # MBG/NBD: the first purchase may be the last
        count = np.minimum(rng.poisson(rate * age), rng.geometric(chance) - int(first_chance))
    else:
        raise ModelError(f"{type(model).__name__} has no story of repeat purchases that can be played through.")
    counts = np.bincount(np.minimum(count, most), minlength=most + 1) / copies
    return pd.Series(counts, index=pd.RangeIndex(most + 1, name="frequency"), name="customers")


def alive_history(model: Any, purchases: ArrayLike, *, until_age: int) -> Floats:
    """Return one customer's probability to be alive at each age, given what was known then.

    Parameters
    ----------
    model
        A fitted model.
    purchases
        The customer's ages at the purchases, in periods; the first is 0.
    until_age
        The last age.

    Returns
    -------
    numpy.ndarray
        P(alive) at the ages 0, 1, ..., `until_age`.

    Examples
    --------
    >>> from crmlib.clv import BetaGeoFitter
    >>> model = BetaGeoFitter().with_params({"r": 0.2426, "alpha": 4.4135, "a": 0.7929, "b": 2.4258})
    >>> alive_history(model, [0, 5, 9], until_age=30)[[8, 9, 30]].round(2).tolist()
    [0.68, 0.81, 0.34]
    """
    times = np.unique(np.asarray(purchases, dtype=float))
    if not times.size or times[0] != 0:
        raise ModelError("purchases are ages since the first purchase, so the first of them is 0.")
    age = np.arange(until_age + 1, dtype=float)
    known = np.searchsorted(times, age, side="right") - 1
    return np.asarray(model.alive_at(known.astype(float), times[known], age), dtype=float)
