"""Who answers, who keeps silent, and how far weights can mend it.

Weights mend what can be seen of everyone who was asked: a group that answers less counts more. What silence itself
depends on, beyond that, no weight can see. `tilted` asks how much it would matter.
"""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd

from crmlib import engine
from crmlib import policy as policies
from crmlib.arguments import read_flags
from crmlib.days import as_day, until
from crmlib.errors import CrmlibError, ModelError, ModelWarning, SchemaError
from crmlib.intervals import wilson
from crmlib.regression import encode, join_names, separation_of_two
from crmlib.shop.required import require

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

    from numpy.typing import ArrayLike

    from crmlib.arrays import Bools, Floats
    from crmlib.policy import Policy
    from crmlib.shop import Shop

__all__ = ["known_of_asked", "response_bias", "response_rates", "response_weights", "tilted"]

#: Tables whose events say that a customer is still there, with their times.
_EVENTS = {"orders": "order_ts", "logins": "login_ts", "tickets": "opened_ts", "returns": "return_ts"}
_AFTER = ("orders", "logins")
_NO_PENALTY = 1e9


def response_rates(surveys: pd.DataFrame, by: str | None = None, *, confidence: float = 0.95) -> pd.DataFrame:
    """Say how many of those who were asked answered.

    Parameters
    ----------
    surveys
        score, missing where nobody answered, as from `crmlib.surveys.asked`.
    by
        A column, such as ``touchpoint`` or ``form``; everyone together by default.
    confidence
        Of Wilson's interval.

    Returns
    -------
    pandas.DataFrame
        asked, answered, rate, low, high (shares of 1); one row a group.

    Examples
    --------
    >>> sent = pd.DataFrame({"form": ["card", "card", "mail"], "score": [9, None, 7]})
    >>> response_rates(sent, "form")["rate"].to_dict()
    {'card': 0.5, 'mail': 1.0}
    """
    require(surveys, "surveys", ["score", *([by] if by else [])], may_be_empty=["score", *([by] if by else [])])
    if not len(surveys):
        raise ModelError("surveys: nobody was asked, so there is no rate.")
    group = surveys[by] if by else pd.Series("all", index=surveys.index)
    table = surveys["score"].notna().groupby(group, observed=True).agg(["size", "sum"]).astype(int)
    table = table.set_axis(["asked", "answered"], axis=1)
    ends = [wilson(hits, n, confidence) for n, hits in zip(table["asked"], table["answered"], strict=True)]
    return table.assign(
        rate=table["answered"] / table["asked"], low=[low for low, _ in ends], high=[high for _, high in ends]
    ).rename_axis(None)


def known_of_asked(
    shop: Shop, surveys: pd.DataFrame, *, as_of: date | str | None = None, policy: Policy | str | None = None
) -> pd.DataFrame:
    """Return what the shop knows of everyone who was asked, whether they answered or not.

    Parameters
    ----------
    shop
        Its orders, logins, tickets and returns count, where it has them.
    surveys
        survey_id, customer_id, sent_ts, as from `crmlib.surveys.asked`.
    as_of
        Nothing after this day counts; the shop's own by default.
    policy
        Whose ``surveys.reaction_days`` says how long after the survey events count; the shop's own by default.

    Returns
    -------
    pandas.DataFrame
        One row a survey, as in `surveys`: counts of ``..._before`` it was sent and, of orders and logins,
        ``..._after``; ``seen_again`` says whether there was any of these after it: yes, no, or too early to
        say.

    Examples
    --------
    >>> from crmlib import open_shop, surveys
    >>> shop = open_shop("shop")
    Opened shop: ...
    >>> list(known_of_asked(shop, surveys.asked(shop)))
    ['orders_before', 'orders_after', 'logins_before', 'logins_after', 'tickets_before', 'returns_before', 'seen_again']
    """
    require(surveys, "surveys", ["survey_id", "customer_id", "sent_ts"])
    rules = policies.load(policy or shop.policy).surveys
    day = as_day(as_of or shop.as_of)
    found: dict[str, Any] = {}
    keys = shop.orders.engine.add(surveys[["survey_id", "customer_id", "sent_ts"]])
    for name, time in _EVENTS.items():
        if name not in shop.tables or not {"customer_id", time} <= set(getattr(shop, name).columns):
            continue
        table = getattr(shop, name)
        events = table.engine.table(f"select customer_id, {time} as event_ts from {table.name}")
        counts = engine.run(
            "survey_events",
            tables={"surveys": keys, "events": events},
            until=until(day),
            days=rules.reaction_days,
        ).to_pandas()
        counts = counts.set_index("survey_id").reindex(surveys["survey_id"], fill_value=0).astype(int)
        found[f"{name}_before"] = counts["n_before"].to_numpy()
        if name in _AFTER:
            found[f"{name}_after"] = counts["n_after"].to_numpy()
    known = pd.DataFrame(found, index=surveys.index)
    over = (pd.Timestamp(day) - surveys["sent_ts"].dt.normalize()).dt.days >= rules.reaction_days
    seen = known[[f"{name}_after" for name in _AFTER if f"{name}_after" in known]].sum(axis=1) > 0
    known["seen_again"] = pd.Categorical(
        np.select([seen, over], ["yes", "no"], default="too early"), categories=["yes", "no", "too early"]
    )
    return known


def response_bias(known: pd.DataFrame, answered: ArrayLike) -> pd.DataFrame:
    """Compare those who answered with those who kept silent, in what is known of both.

    Parameters
    ----------
    known
        One row a survey: numbers, booleans, categories; as from `known_of_asked`.
    answered
        Whether each was answered.

    Returns
    -------
    pandas.DataFrame
        answered, silent (means; shares for the levels of a category), difference (standardised: over the standard
        deviation, so that units go away; beyond 0.1 is commonly called a difference). The largest difference first.

    Examples
    --------
    >>> response_bias(pd.DataFrame({"orders": [1, 3, 1, 1]}), [True, True, False, False])[["answered", "silent"]]
            answered  silent
    orders       2.0     1.0
    """
    said = _said(answered, len(known))
    table = encode(known, "known", missing="refuse", every_level=True).numbers
    means = pd.DataFrame({"answered": table[said].mean(), "silent": table[~said].mean()})
    spread = np.sqrt((table[said].var(ddof=0) + table[~said].var(ddof=0)) / 2)
    means["difference"] = (means["answered"] - means["silent"]) / spread.where(spread > 0)
    return means.sort_values("difference", key=np.abs, ascending=False, kind="stable")


def response_weights(
    known: pd.DataFrame,
    answered: ArrayLike,
    *,
    method: Literal["logistic", "cells"] = "logistic",
    largest: float = 5.0,
) -> Floats:
    """Weight those who answered such that they stand for everyone who was asked.

    Parameters
    ----------
    known
        One row a survey, what is known of everyone: numbers, booleans, categories; as from `known_of_asked`.
    answered
        Whether each was answered.
    method
        ``logistic``: one over the probability to answer, from a logistic regression; counts enter by their
        logarithm. ``cells``: post-stratification; all columns together are the cells, and a cell's weight is its
        share of those asked over its share of those who answered.
    largest
        A weight above so many times the mean one is cut to that: few should not speak for many.

    Returns
    -------
    numpy.ndarray
        A weight for each row, of mean 1 among those who answered; 0 for the silent.

    Raises
    ------
    ModelError
        Nobody answered; or, for ``cells``, nobody in some cell.
    SchemaError
        Something is not known of everyone: it cannot weight anyone (``cells`` takes missing as a cell of its own).

    Warns
    -----
    ModelWarning
        There are kinds of customers of whom nobody answered.

    Notes
    -----
    The weights are right if, among customers who look alike in `known`, silence does not depend on the answer ("missing
    at random"). That can never be checked on the answers alone. See `tilted` for what follows if it fails.

    Examples
    --------
    >>> known = pd.DataFrame({"buyer": ["often", "often", "once", "once", "once", "once"]})
    >>> response_weights(known, [True, True, True, False, False, True], method="cells")
    array([0.66666667, 0.66666667, 1.33333333, 0.        , 0.        , 1.33333333])
    """
    said = _said(answered, len(known))
    if not largest > 1:
        raise CrmlibError(f"largest={largest!r} is above 1: no answer can count less than the mean at most.")
    if method == "cells":
        odds = _cells(known, said)
    elif method == "logistic":
        odds = 1 / _chance(known, said)
    else:
        raise CrmlibError(f"method={method!r} is not known. Use 'logistic' or 'cells'.")
    weights = np.where(said, odds, 0.0)
    while weights.max() > (1 + 1e-6) * largest * weights[said].mean():  # what is cut lowers the mean
        weights = np.minimum(weights, largest * weights[said].mean())
    return np.asarray(weights / weights[said].mean())


def tilted(weights: ArrayLike, scores: Iterable[Any], tilt: float, *, response_rate: float) -> Floats:
    """Ask what follows if silence depends on the answer itself: who would answer low keeps silent more often.

    Parameters
    ----------
    weights
        From `response_weights`, or ones: above 0 for those who answered.
    scores
        The answers, missing for the silent.
    tilt
        By how much the log-odds of answering rise with each mark: 0 changes nothing; 0.2 says that who would answer
        5 has e^(-0.2 * 4) = 0.45 times the odds of who would answer 9. No data can tell it: try a range.
    response_rate
        The share of those asked who answered.

    Returns
    -------
    numpy.ndarray
        Weights of mean 1 among those who answered; 0 for the silent.

    Notes
    -----
    An exponential tilt (A. Rotnitzky, J. Robins and D. Scharfstein, Journal of the American Statistical Association 93,
    1998): with log-odds a + tilt * mark, each answer stands for itself and for exp(-(a + tilt * mark)) of the silent.
    The a differs between kinds of customers (tenths of the weights, for a weight sums up what is known), and is set
    such that the answers of each kind stand for as many people as before.

    Examples
    --------
    >>> tilted([1, 1], [2, 10], 0.2, response_rate=0.5).round(2)
    array([1.33, 0.67])
    """
    marks = pd.to_numeric(pd.Series(list(scores))).to_numpy(dtype=float, na_value=np.nan)
    weight = np.asarray(weights, dtype=float)
    if marks.shape != weight.shape:
        raise SchemaError(f"scores: {marks.size} for {weight.size} weights. Give one for each row.")
    if not 0 < response_rate < 1:
        raise ModelError(
            f"response_rate={response_rate!r} lies between 0 and 1. If all answered there is nothing to tilt."
        )
    said = (weight > 0) & ~np.isnan(marks)
    if not said.any():
        raise ModelError("scores: there is no answer to weight.")
    stands_for = weight[said] / weight[said].mean() / response_rate  # people behind each answer: 1 or more
    silent = np.maximum(stands_for - 1, 1e-6)
    away = np.exp(-tilt * (marks[said] - marks[said].mean()))
    # the silent of a kind are shared out among the answers of that kind; kinds are tenths of the weights
    kind = np.digitize(stands_for, np.unique(np.quantile(stands_for, np.linspace(0.1, 0.9, 9))))
    silent_of_kind, away_of_kind = np.bincount(kind, silent), np.bincount(kind, silent * away)
    shared = silent * away * silent_of_kind[kind] / away_of_kind[kind]
    result = np.zeros_like(weight)
    result[said] = 1 + shared
    return np.asarray(result / result[said].mean())


def _said(answered: ArrayLike, size: int) -> Bools:
    said = read_flags(answered, "answered")
    if said.shape != (size,):
        raise SchemaError(f"answered: {said.size} for {size} rows. Give one for each row.")
    if not said.any():
        raise ModelError("answered: nobody answered, so nobody can stand for the others.")
    return said


def _chance(known: pd.DataFrame, said: Bools) -> Floats:
    """Estimate the probability to answer."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
    from threadpoolctl import threadpool_limits

    table = encode(known, "known", missing="refuse").numbers
    if said.all():
        return np.ones(len(said))
    for name, dtype in zip(map(str, known.columns), known.dtypes, strict=True):
        if pd.api.types.is_integer_dtype(dtype) and (table[name] >= 0).all():  # a count
            table[name] = np.log1p(table[name])
    varies = table.loc[:, table.max() > table.min()]
    if varies.empty:
        return np.full(len(said), said.mean())
    _warn_of_silence(varies, said)
    with threadpool_limits(1):
        model = make_pipeline(StandardScaler(), LogisticRegression(C=_NO_PENALTY, max_iter=1000))
        chance = model.fit(varies, said).predict_proba(varies)[:, 1]
    return np.asarray(np.maximum(chance, 1e-6))


def _warn_of_silence(table: pd.DataFrame, said: Bools) -> None:
    """Warn of kinds of customers of whom nobody answered: no weight lets another kind speak for them."""
    parted = separation_of_two(table, said)
    if parted is None:
        return
    names, silent, _ = parted
    if silent.any():
        warnings.warn(
            f"known: by {join_names(names)} it is certain that {int(silent.sum())} of {len(said)} customers do not "
            "answer, for nobody like them did. No weight lets others stand for them: the weights speak for the rest. "
            "Join levels, leave the column out, or say whom the result is about.",
            ModelWarning,
            stacklevel=4,
        )


def _cells(known: pd.DataFrame, said: Bools) -> Floats:
    """Return how many who were asked each answer of a cell stands for."""
    cell = known.astype(object).where(known.notna(), "(missing)").groupby(list(known.columns), sort=False).ngroup()
    all_of = np.bincount(cell)
    heard = np.bincount(cell, weights=said)
    silent = np.flatnonzero(heard == 0)
    if len(silent):
        row = known.iloc[int((cell == silent[0]).to_numpy().argmax())].to_dict()
        raise ModelError(
            f"nobody answered among the {all_of[silent[0]]} with {row}, so nobody can stand for them. Join them with "
            "another cell, or use method='logistic'."
        )
    return np.asarray((all_of / heard)[cell])
