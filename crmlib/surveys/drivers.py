"""Drivers: which moments go with a higher or a lower score, with everything else held equal."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd

from crmlib import engine
from crmlib import policy as policies
from crmlib.days import as_day, until
from crmlib.errors import CrmlibError, ModelError, ModelWarning, SchemaError
from crmlib.regression import NO_ANSWER, encode, in_direction, join_names, require_rank, separating
from crmlib.shop.required import require

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

    from crmlib.arrays import Bools, Floats, Ints
    from crmlib.policy import Policy
    from crmlib.shop import Shop

__all__ = ["drivers", "experience"]

_FEW = 30
_NAMED = 4
_ALONE = 1e-9
"""What is left of one customer's answers beside the others', where that customer alone settles an estimate."""
_COLUMNS = ("estimate", "low", "high", "p_value", "n", "share", "at_stake")


def experience(
    shop: Shop, surveys: pd.DataFrame, *, as_of: date | str | None = None, policy: Policy | str | None = None
) -> pd.DataFrame:
    """Return what each customer had gone through when the survey came, as factors for `drivers`.

    Parameters
    ----------
    shop
        Its CSAT surveys, tickets and returns count, where it has them.
    surveys
        survey_id, customer_id, order_id, sent_ts, answered_ts, as from `crmlib.surveys.asked`.
    as_of
        Nothing after this day counts; the shop's own by default.
    policy
        Whose ``surveys`` says which CSAT answers are satisfied, and how many hours make a reply slow; the shop's own
        by default.

    Returns
    -------
    pandas.DataFrame
        One row a survey, as in `surveys`:

        - ``csat_...``, one column a touchpoint: the customer's latest answer about it before this one, satisfied or
          unsatisfied; missing where there is none;
        - ``request``: help asked for about this order before the survey: none, quick reply, slow reply;
        - ``request_delivery``: it was about the delivery;
        - ``returned``: something of the order had come back.

    Examples
    --------
    >>> from crmlib import open_shop, surveys
    >>> shop = open_shop("shop")
    Opened shop: ...
    >>> experience(shop, surveys.asked(shop))["request"].value_counts().idxmax()
    'none'
    """
    require(surveys, "surveys", ["survey_id", "customer_id", "order_id", "sent_ts"], may_be_empty=["order_id"])
    rules = policies.load(policy or shop.policy).surveys
    end = until(as_day(as_of or shop.as_of))
    home = shop.orders.engine
    keys = home.add(surveys[["survey_id", "customer_id", "order_id", "sent_ts", "answered_ts"]])
    found = pd.DataFrame(index=pd.Index(surveys["survey_id"], name="survey_id"))
    if "surveys" in shop.tables:
        moments = engine.run("survey_asked", tables={"surveys": shop.surveys}, kind="csat", until=end)
        known = home.table(f"select * from {moments.name} where answered_ts < {home.moment(end)}")
        answers = engine.run("survey_moments", tables={"surveys": keys, "moments": known}).to_pandas()
        wide = answers.pivot_table(index="survey_id", columns="touchpoint", values="score", aggfunc="first")
        for touchpoint in wide:
            score = wide[touchpoint].astype(float).reindex(found.index)
            satisfied = np.where(score > rules.csat_scale - rules.csat_top, "satisfied", "unsatisfied")
            said = pd.Series(satisfied, index=found.index).where(score.notna())
            found[f"csat_{touchpoint}"] = said.astype(pd.CategoricalDtype(["satisfied", "unsatisfied"]))
    if "tickets" in shop.tables and {"order_id", "opened_ts", "topic", "first_response_hours"} <= set(
        shop.tickets.columns
    ):
        tables = {"surveys": keys, "tickets": shop.tickets}
        asked = engine.run("survey_tickets", tables=tables, hours=rules.reply_hours).to_pandas()
        counts = asked.set_index("survey_id").reindex(found.index, fill_value=0)
        kinds = ["none", "quick reply", "slow reply"]
        kind = np.select([counts["tickets"] == 0, counts["slow"] == 0], kinds[:2], default=kinds[2])
        found["request"] = pd.Categorical(kind, categories=kinds)
        found["request_delivery"] = counts["about_delivery"] > 0
    if "returns" in shop.tables and {"order_id", "return_ts"} <= set(shop.returns.columns):
        back = engine.run("survey_returns", tables={"surveys": keys, "returns": shop.returns}).to_pandas()
        found["returned"] = found.index.isin(back["survey_id"])
    return found.set_axis(surveys.index)


def drivers(
    scores: Iterable[Any],
    factors: pd.DataFrame,
    *,
    customers: Iterable[Any] | None = None,
    model: Literal["linear", "ordinal"] = "linear",
    confidence: float = 0.95,
    fewest: int = 10,
) -> pd.DataFrame:
    """Estimate what goes with a higher or lower score, each factor with the others held equal.

    Parameters
    ----------
    scores
        The answers; rows without one are left out.
    factors
        One row an answer: categories (the first level is what the others are compared with; a missing one is a level
        of its own, ``no answer``), booleans (against false), numbers (per unit).
    customers
        The customer of each row: several answers of one customer then count as related. Errors come from leaving each
        customer (without: each answer) out in turn, and the intervals from t with customers minus one degrees.
    model
        ``linear``: least squares; estimates are marks of the scale. ``ordinal``: proportional odds, which does not
        take the marks as evenly spaced; estimates are log-odds of a higher answer.
    confidence
        Of the intervals.
    fewest
        A level that fewer answers have is left out of the table; it stays in the model.

    Returns
    -------
    pandas.DataFrame
        One row a level, named ``factor: level``: estimate, low, high, p_value, n (answers that have it), share (of the
        answers of which the factor is known), at_stake (share x estimate: how far the mean score lies lower, or
        higher, for it, if the others are like those of which it is known). Lowest at_stake first: what pulls the
        score down most. Share and at_stake are missing for numbers and for ``no answer``; low, high and p_value where
        one customer alone has the level, for nobody else can confirm the estimate.

    Raises
    ------
    ModelError
        Too few answers, all alike, or factors that cannot be told apart, or (``ordinal``) that sort the answers
        without an exception; the message names them.
    SchemaError
        Rows do not match, a score is not a number, or a number is missing.

    Warns
    -----
    ModelWarning
        Fewer than 30 customers have a level, or are without it.

    Notes
    -----
    An estimate is an association. Those who asked for help had a reason to; help did not make them unhappy.

    Examples
    --------
    >>> late = pd.DataFrame({"late": [True] * 30 + [False] * 30})
    >>> drivers([5, 6] * 15 + [8, 9] * 15, late)[["estimate", "n"]].round(2)
          estimate   n
    late      -3.0  30
    """
    if not isinstance(factors, pd.DataFrame):
        raise SchemaError(
            "drivers: factors is a table, one row per answer. Scores come first: drivers(scores, factors)."
        )
    marks = _marks(scores)
    if len(marks) != len(factors):
        raise SchemaError(f"factors: {len(factors)} rows for {len(marks)} answers. Give one for each.")
    if model not in {"linear", "ordinal"}:
        raise CrmlibError(f"model={model!r} is not known. Use 'linear' or 'ordinal'.")
    there = ~np.isnan(marks)
    y = marks[there]
    design = _design(factors, there)
    if len(y) <= design.shape[1] + 2 or len(np.unique(y)) == 1:
        raise ModelError(
            f"drivers: {len(y)} answers, {len(np.unique(y))} different, are too few for {design.shape[1]} factors. "
            "Take fewer factors, or wait for more answers."
        )
    require_rank(design, "factors")
    groups = _groups(customers, there)
    fit = _linear if model == "linear" else _ordinal
    table = fit(y, design, groups, confidence)
    counted = [column for column in design if set(np.unique(design[column])) <= {0.0, 1.0}]
    table["n"] = len(y)
    table.loc[counted, "n"] = design[counted].sum().astype(int)
    unknown = {name: float(design.get(f"{name}: {NO_ANSWER}", pd.Series([0.0])).sum()) for name in map(str, factors)}
    known = [len(y) - unknown.get(str(name).partition(": ")[0], 0.0) for name in design]
    levels = design.columns.isin(counted) & ~design.columns.str.endswith(f": {NO_ANSWER}")
    table["share"] = (design.sum() / known).where(levels)
    table["at_stake"] = table["estimate"] * table["share"]
    table = table[table["n"] >= fewest].sort_values("at_stake", kind="stable")
    _warn_of_few(design[[str(name) for name in table.index]], groups, clustered=customers is not None)
    return table[list(_COLUMNS)]


def _marks(scores: Iterable[Any]) -> Floats:
    """Return the answers as numbers, NaN where there is none."""
    values = pd.Series(list(scores), dtype=object)
    marks = pd.to_numeric(values, errors="coerce").astype(float)
    wrong = (marks.isna() & values.notna()) | np.isinf(marks)
    if wrong.any():
        row = int(wrong.to_numpy().argmax())
        raise SchemaError(f"drivers: the score in row {row} is {values[row]!r}, not a number. Scores come first.")
    return np.asarray(marks, dtype=np.float64)


def _groups(customers: Iterable[Any] | None, there: Bools) -> Ints:
    """Return the customer of each answer as a number; each answer is a customer of its own where none is known."""
    if customers is None:
        return np.arange(there.sum())
    names = np.asarray(list(customers), dtype=object)
    if names.shape != there.shape:
        raise SchemaError(f"drivers: {names.size} customers for {there.size} answers. Give one for each.")
    codes, seen = pd.factorize(names[there])
    unknown = codes < 0
    codes[unknown] = len(seen) + np.arange(unknown.sum())
    if len(np.unique(codes)) < 2:  # noqa: PLR2004 - what one customer says is no sample
        raise ModelError("drivers: all answers are of one customer, so nothing can be said of customers.")
    return np.unique(codes, return_inverse=True)[1]


def _design(factors: pd.DataFrame, there: Bools) -> pd.DataFrame:
    """Return a column a level; levels that nobody or everybody has are left out, for they tell nothing."""
    design = encode(factors, "factors", missing="level", among=there).numbers
    design = design.loc[:, design.max() > design.min()]
    if not design.shape[1]:
        raise ModelError("factors: no factor differs between the answers, so nothing can be compared.")
    return design


def _warn_of_few(design: pd.DataFrame, groups: Ints, *, clustered: bool) -> None:
    """Warn of levels that few customers have, or few have not: their intervals are narrower than they say."""
    whose = "customers" if clustered else "answers"
    few = []
    for name in design.columns[~design.columns.str.endswith(f": {NO_ANSWER}")]:
        values = design[name].to_numpy()
        flag = set(np.unique(values)) <= {0.0, 1.0}
        sides = [np.unique(groups[values == side]).size for side in (1.0, 0.0)] if flag else [np.unique(groups).size]
        if min(sides) < _FEW:
            few.append(f"{name} ({min(sides)} {whose} {'have it' if sides[0] == min(sides) else 'are without it'})")
    if few:
        more = f" and {len(few) - _NAMED} more" if len(few) > _NAMED else ""
        warnings.warn(
            f"drivers: {', '.join(few[:_NAMED])}{more}: with fewer than {_FEW} {whose} to a side chance makes more "
            "drivers than it should, about one in twelve instead of one in twenty. Read such rows as questions.",
            ModelWarning,
            stacklevel=3,
        )


def _linear(y: Floats, design: pd.DataFrame, groups: Ints, confidence: float) -> pd.DataFrame:
    """Fit by least squares; errors by leaving each customer out in turn (jackknife), and t of customers minus one."""
    x = np.column_stack([np.ones(len(y)), design.to_numpy()])
    scale = np.sqrt((x**2).mean(axis=0))
    x = x / scale
    inverse = np.linalg.inv(x.T @ x)
    estimate = inverse @ (x.T @ y)
    residual = y - x @ estimate
    order = np.argsort(groups, kind="stable")
    ends = np.flatnonzero(np.diff(groups[order])) + 1
    without = np.empty((len(ends) + 1, x.shape[1]))
    for number, rows in enumerate(np.split(order, ends)):
        own = x[rows]
        kept = np.eye(len(rows)) - own @ inverse @ own.T
        if np.linalg.eigvalsh(kept)[0] > _ALONE:
            without[number] = estimate - inverse @ (own.T @ np.linalg.solve(kept, residual[rows]))
        else:  # without this customer something cannot be told
            rest = np.delete(np.arange(len(y)), rows)
            without[number] = _rest(x[rest], y[rest])
    spread = without - without.mean(axis=0)
    count = len(without)
    error = np.sqrt((count - 1) / count * (spread**2).sum(axis=0))
    return _table((estimate / scale)[1:], (error / scale)[1:], count - 1, confidence, design)


def _rest(x: Floats, y: Floats) -> Floats:
    """Fit the rest; NaN for what the rest says nothing of."""
    estimate, _, _, _ = np.linalg.lstsq(x, y, rcond=_ALONE)
    _, sizes, directions = np.linalg.svd(x, full_matrices=True)
    lost = directions[(sizes <= _ALONE * sizes[0]).argmax() if (sizes <= _ALONE * sizes[0]).any() else len(sizes) :]
    estimate[(np.abs(lost) > _ALONE).any(axis=0)] = np.nan
    return np.asarray(estimate)


def _ordinal(y: Floats, design: pd.DataFrame, groups: Ints, confidence: float) -> pd.DataFrame:
    """Fit proportional odds; errors clustered by customer, and t of customers minus one."""
    from statsmodels.miscmodels.ordinal_model import OrderedModel

    marks = pd.factorize(y, sort=True)[0]
    _require_overlap(marks, design)
    many, count = design.shape[1], groups.max() + 1
    how: dict[str, Any] = {"cov_type": "cluster", "cov_kwds": {"groups": groups}} if count < len(y) else {}
    result = OrderedModel(marks, design.to_numpy(), distr="logit").fit(method="bfgs", maxiter=500, disp=False, **how)
    return _table(np.asarray(result.params)[:many], np.asarray(result.bse)[:many], count - 1, confidence, design)


def _require_overlap(marks: Ints, design: pd.DataFrame) -> None:
    """Refuse factors that sort the answers without an exception: no finite estimate exists."""
    values = design.to_numpy()
    spread = (values - values.mean(axis=0)) / values.std(axis=0)
    distinct = np.unique(np.column_stack([marks, spread]), axis=0)
    mark, spread, top = distinct[:, 0].astype(int), distinct[:, 1:], marks.max()
    thresholds = np.eye(top)
    below, above = mark < top, mark > 0
    direction = separating(
        np.vstack(
            [
                np.column_stack([-spread[below], thresholds[mark[below]]]),
                np.column_stack([spread[above], -thresholds[mark[above] - 1]]),
            ]
        )
    )
    if direction is not None:
        names = join_names(in_direction(design, direction[: spread.shape[1]]))
        raise ModelError(
            f"factors: {names} sort the answers without an exception, so no finite estimate exists. Leave them out, or "
            "use model='linear'."
        )


def _table(estimates: Floats, errors: Floats, degrees: int, confidence: float, design: pd.DataFrame) -> pd.DataFrame:
    """Put estimates, intervals and p-values together; without an error there is neither interval nor p-value."""
    from scipy.stats import t

    if not 0 < confidence < 1:
        raise CrmlibError(f"confidence={confidence!r}: say 0.95 for 95 %.")
    half = t.ppf((1 + confidence) / 2, degrees) * errors
    sizes = np.divide(np.abs(estimates), errors, out=np.full(len(errors), np.inf), where=errors > 0)
    p_values = np.where(np.isnan(errors), np.nan, 2 * t.sf(sizes, degrees))
    return pd.DataFrame(
        {"estimate": estimates, "low": estimates - half, "high": estimates + half, "p_value": p_values},
        index=design.columns,
    )
