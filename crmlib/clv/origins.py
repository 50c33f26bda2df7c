"""Models judged on several holdouts, and whether the differences between them are more than luck.

An *origin* is a day on which we pretend to stand: models are fitted to what came up to it, and judged by the days that
follow. One origin tells how a model did at one time of one year; several tell whether it does so again.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from crmlib.clv.adapters import fit_model
from crmlib.clv.history import history, past, span
from crmlib.clv.protocol import SEEN, LearnsFromPast, Model, PredictsSpend
from crmlib.clv.scores import baselines, poisson_deviance, scorecard
from crmlib.clv.summary import holdout
from crmlib.days import as_day
from crmlib.errors import CrmlibError
from crmlib.shop.required import require

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import ArrayLike

    from crmlib import engine
    from crmlib.arrays import Floats
    from crmlib.clv.summary import Period

__all__ = ["MEASURES", "Rolling", "compare", "rolling"]

#: What `Rolling.differences` compares: the table, and how one error counts.
MEASURES = {
    "mae": ("purchases", "absolute"),
    "rmse": ("purchases", "squared"),
    "deviance": ("purchases", "deviance"),
    "spend_mae": ("spend", "absolute"),
    "spend_rmse": ("spend", "squared"),
}
_LOSSES: dict[str, Callable[[Floats, Floats], Floats]] = {
    "absolute": lambda actual, predicted: np.abs(predicted - actual),
    "squared": lambda actual, predicted: (predicted - actual) ** 2,
    "deviance": poisson_deviance,
}
_BLOCK = 4_000_000  # bootstrap weights held at once


@dataclass(frozen=True)
class Rolling:
    """What models predicted at each origin, and what came.

    Attributes
    ----------
    scores
        One row an origin and model or baseline: `crmlib.clv.scorecard`'s, and the errors of the spend.
    purchases, spend
        origin, customer_id, actual, and a column a model: one row an origin and customer.
    """

    scores: pd.DataFrame
    purchases: pd.DataFrame
    spend: pd.DataFrame

    @classmethod
    def of_split(cls, split: pd.DataFrame, predictions: Mapping[str, ArrayLike]) -> Rolling:
        """Hold predictions of one holdout, so that differences and a verdict can be asked of it.

        Parameters
        ----------
        split, predictions
            As for `crmlib.clv.scorecard`; the split with customer_id.
        """
        require(split, "split", ("customer_id", "frequency_holdout"))
        scores = scorecard(split, predictions).rename_axis("model").reset_index().assign(origin="the holdout")
        who = {"origin": "the holdout", "customer_id": split["customer_id"].to_numpy()}
        actual = split["frequency_holdout"].to_numpy(dtype=float)
        answers = {name: np.asarray(values, dtype=float) for name, values in predictions.items()}
        purchases = pd.DataFrame({**who, "actual": actual, **answers, **baselines(split)})
        return cls(scores, purchases, pd.DataFrame({**who, "actual": np.nan}))

    def differences(
        self, against: str, *, measure: str = "rmse", refits: int = 500, level: float = 0.95, seed: int = 1
    ) -> pd.DataFrame:
        """Compare each model's error with one model's, on customers drawn again and again.

        The bootstrap is paired: each draw of customers judges all models. So luck that meets all of them alike, such as
        one customer who bought forty times, does not widen the interval. A customer keeps all origins.

        Parameters
        ----------
        against
            The model to compare with.
        measure
            One of `MEASURES`; the mean over the origins.
        refits
            How many draws.
        level
            Of the intervals.
        seed
            Of the draws.

        Returns
        -------
        pandas.DataFrame
            One row a model, best first: error, difference (below 0: better than `against`), low, high.
        """
        if measure not in MEASURES:
            raise CrmlibError(f"measure={measure!r} is not known. There are: {', '.join(MEASURES)}.")
        name, kind = MEASURES[measure]
        table: pd.DataFrame = getattr(self, name)
        names = [model for model in table.columns[3:] if table[model].notna().all()]
        if against not in names:
            raise CrmlibError(f"There is no model {against!r} with {name}. There are: {', '.join(names)}.")
        predicted, actual = table[names].to_numpy(dtype=float), table[["actual"]].to_numpy(dtype=float)
        losses = _LOSSES[kind](actual, predicted)
        customers, who = np.unique(table["customer_id"].to_numpy().astype(str), return_inverse=True)
        origins, when = np.unique(table["origin"].to_numpy(), return_inverse=True)
        # by customer: for each origin the losses of each model, then whether the customer was there
        sums = np.zeros((customers.size, origins.size, len(names) + 1))
        sums[who, when] = np.column_stack([losses, np.ones(len(table))])
        root = np.sqrt if kind == "squared" else np.asarray
        point = _means(np.ones((1, customers.size)), sums, root)[0]
        drawn = np.vstack(
            [_means(weights, sums, root) for weights in _draws(customers.size, refits, np.random.default_rng(seed))]
        )
        reference = names.index(against)
        gaps = drawn - drawn[:, [reference]]
        low, high = np.quantile(gaps, [(1 - level) / 2, (1 + level) / 2], axis=0)
        found = {"error": point, "difference": point - point[reference], "low": low, "high": high}
        return pd.DataFrame(found, index=pd.Index(names, name="model")).sort_values("error", kind="stable")


def _draws(customers: int, refits: int, rng: np.random.Generator) -> Any:
    """Yield how often each customer is drawn, a block of refits at a time."""
    block = max(1, _BLOCK // customers)
    for begin in range(0, refits, block):
        size = min(block, refits - begin)
        drawn = rng.integers(customers, size=(size, customers))
        yield np.stack([np.bincount(row, minlength=customers) for row in drawn]).astype(float)


def _means(weights: Floats, sums: Floats, root: Any) -> Floats:
    """Return each draw's error by model: the mean over the origins."""
    totals = np.tensordot(weights, sums, axes=1)
    return np.asarray(root(totals[:, :, :-1] / np.maximum(totals[:, :, -1:], 1)).mean(axis=1))


def rolling(
    orders: pd.DataFrame | engine.Table,
    models: Mapping[str, Model],
    *,
    origins: int | Sequence[date | str] = 3,
    horizon_days: int = 90,
    period: Period = "D",
) -> Rolling:
    """Fit models at several days, and judge them by what came within the horizon after each.

    Parameters
    ----------
    orders
        customer_id, order_ts, amount.
    models
        Name to model, by `crmlib.clv.protocol`. Each origin gets a copy of its own, fitted to nothing yet.
    origins
        The days; or how many, then they lie a horizon apart, the last a horizon before the last order.
    horizon_days
        How many days after each origin count.
    period
        ``"D"`` or ``"W"``: what histories are counted in.

    Returns
    -------
    Rolling

    Raises
    ------
    CrmlibError
        An origin leaves no history or no horizon, a model lacks `fit` or `predict`, or answers in the wrong shape.

    Examples
    --------
    >>> import crmlib
    >>> from crmlib import clv
    >>> shop = crmlib.open_shop("cdnow-sample")
    Opened cdnow-sample: ...
    >>> models = {"BG/NBD": clv.BuyTillYouDie(clv.BetaGeoFitter())}
    >>> judged = clv.rolling(shop.orders, models, origins=["1997-09-30"], horizon_days=273)
    >>> float(judged.scores.query("model == 'BG/NBD'")["rmse"].iloc[0].round(2))
    1.61
    """
    candidates: Mapping[str, Any] = models
    for name, model in candidates.items():
        if not isinstance(model, Model):
            lacking = [method for method in ("fit", "predict") if not hasattr(model, method)]
            raise CrmlibError(f"{name}: a model needs {' and '.join(lacking)}. See crmlib.clv.protocol.")
    first, last = span(orders)
    days = _days(origins, first, last, horizon_days)
    scores, purchases, spend = [], [], []
    for day in days:
        split, seen, predicted, money = _judge(orders, models, first, day, horizon_days=horizon_days, period=period)
        card = scorecard(split, predicted)
        missed = {name: predictions - seen["spend_ahead"].to_numpy() for name, predictions in money.items()}
        card["spend_mae"] = pd.Series({name: np.abs(error).mean() for name, error in missed.items()}, dtype=float)
        card["spend_rmse"] = pd.Series(
            {name: np.sqrt((error**2).mean()) for name, error in missed.items()}, dtype=float
        )
        scores.append(card.rename_axis("model").reset_index().assign(origin=day.isoformat()))
        who = {"origin": day.isoformat(), "customer_id": seen["customer_id"]}
        guesses = baselines(split)
        purchases.append(pd.DataFrame({**who, "actual": seen["purchases_ahead"], **predicted, **guesses}))
        spend.append(pd.DataFrame({**who, "actual": seen["spend_ahead"], **money}))
    table = pd.concat(scores, ignore_index=True)
    table = table[["origin", *(name for name in table.columns if name != "origin")]]
    return Rolling(table, pd.concat(purchases, ignore_index=True), pd.concat(spend, ignore_index=True))


def _judge(
    orders: Any, models: Mapping[str, Model], first: date, day: date, *, horizon_days: int, period: Period
) -> tuple[pd.DataFrame, pd.DataFrame, dict[str, Floats], dict[str, Floats]]:
    end = day + timedelta(days=horizon_days)
    split: Any = holdout(orders, calibration_end=day, observation_end=end, period=period)
    split = (split if isinstance(split, pd.DataFrame) else split.to_pandas()).reset_index(drop=True)
    seen = history(orders, at=day, end=end, period=period)
    summary = seen[list(SEEN)]
    wanted = any(isinstance(model, LearnsFromPast) for model in models.values())
    earlier = past(orders, first=first, at=day, horizon_days=horizon_days, period=period) if wanted else None
    ahead = float(seen["periods_ahead"].iloc[0])
    purchases, spend = {}, {}
    for name, own in copy.deepcopy(dict(models)).items():  # together: what two models share, their copies share
        # copies, so that a model that writes into its summary misleads no other one
        fit_model(own, summary.copy(), earlier)
        purchases[name] = _answer(name, own.predict(summary.copy(), ahead), len(summary))
        if isinstance(own, PredictsSpend):
            spend[name] = _answer(f"{name} (spend)", own.predict_spend(summary.copy(), ahead), len(summary))
    return split, seen, purchases, spend


def _answer(name: str, answer: Any, customers: int) -> Floats:
    predicted = np.asarray(answer, dtype=float)
    if predicted.shape != (customers,):
        raise CrmlibError(f"{name}: the predictions have the shape {predicted.shape} for {customers} customers.")
    if not np.isfinite(predicted).all():
        raise CrmlibError(f"{name}: {np.count_nonzero(~np.isfinite(predicted))} predictions are not numbers.")
    return predicted


def _days(origins: int | Sequence[date | str], first: date, last: date, horizon_days: int) -> list[date]:
    step = timedelta(days=horizon_days)
    if isinstance(origins, int):
        days = [last - number * step for number in range(origins, 0, -1)]
    else:
        days = [as_day(day) for day in origins]
    if not days or horizon_days < 1:
        raise CrmlibError("rolling needs at least one origin, and a horizon of at least a day.")
    for day in days:
        if not first < day <= last - step:
            raise CrmlibError(
                f"The origin {day} does not fit: orders go from {first} to {last}, so with {horizon_days} days ahead "
                f"an origin lies after {first} and not after {last - step}. Use fewer origins or a shorter horizon."
            )
    return days


def compare(
    models: Mapping[str, Model],
    orders: pd.DataFrame | engine.Table,
    *,
    against: str | None = None,
    origins: int | Sequence[date | str] = 3,
    horizon_days: int = 90,
    period: Period = "D",
    refits: int = 500,
    seed: int = 1,
) -> pd.DataFrame:
    """Judge models on rolling holdouts, with 95 % intervals on the differences between them.

    Parameters
    ----------
    models, orders, origins, horizon_days, period
        As for `rolling`.
    against
        The model to compare with; the first one by default.
    refits, seed
        As for `Rolling.differences`.

    Returns
    -------
    pandas.DataFrame
        One row a measure and model or baseline: measure, model, error, difference, low, high. A difference below 0
        favours the model; an interval that holds 0 leaves it open.

    Examples
    --------
    >>> import crmlib
    >>> from crmlib import clv
    >>> shop = crmlib.open_shop("cdnow-sample")
    Opened cdnow-sample: ...
    >>> models = {name: clv.BuyTillYouDie(fitter()) for name, fitter in
    ...           {"BG/NBD": clv.BetaGeoFitter, "MBG/NBD": clv.ModifiedBetaGeoFitter}.items()}
    >>> found = clv.compare(models, shop.orders, origins=1, horizon_days=273, refits=50)
    >>> found.query("measure == 'rmse'")["model"].tolist()[-1]
    'last period'
    """
    judged = rolling(orders, models, origins=origins, horizon_days=horizon_days, period=period)
    against = next(iter(models)) if against is None else against
    tables = []
    for measure, (name, _) in MEASURES.items():
        if against in getattr(judged, name).columns:
            found = judged.differences(against, measure=measure, refits=refits, seed=seed).reset_index()
            tables.append(found.assign(measure=measure)[["measure", *found.columns]])
    return pd.concat(tables, ignore_index=True)
