"""Drivers: which moments go with a higher or a lower score, with everything else held equal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd

from crmlib import engine
from crmlib import policy as policies
from crmlib.days import as_day, until
from crmlib.errors import CrmlibError, ModelError, SchemaError
from crmlib.schema import require

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

    from crmlib.policy import Policy
    from crmlib.shop import Shop

__all__ = ["drivers", "experience"]

_NO_ANSWER = "no answer"
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
        The customer of each row: several answers of one customer then count as related (standard errors clustered
        by customer). Robust ones (HC3) otherwise.
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
        score down most. Share and at_stake are missing for numbers and for ``no answer``.

    Raises
    ------
    ModelError
        Too few answers, all alike, or factors that cannot be told apart; the message names them.
    SchemaError
        Rows do not match, or a number is missing.

    Notes
    -----
    An estimate is an association. Those who asked for help had a reason to; help did not make them unhappy.

    Examples
    --------
    >>> late = pd.DataFrame({"late": [True] * 20 + [False] * 20})
    >>> drivers([5, 6] * 10 + [8, 9] * 10, late)[["estimate", "n"]].round(2)
          estimate   n
    late      -3.0  20
    """
    marks = pd.to_numeric(pd.Series(list(scores), dtype=object)).astype(float).to_numpy()
    if len(marks) != len(factors):
        raise SchemaError(f"factors: {len(factors)} rows for {len(marks)} answers. Give one for each.")
    there = ~np.isnan(marks)
    design = _design(factors.reset_index(drop=True)[there])
    y = marks[there]
    if len(y) <= design.shape[1] + 2 or len(np.unique(y)) == 1:
        raise ModelError(
            f"drivers: {len(y)} answers, {len(np.unique(y))} different, are too few for {design.shape[1]} factors. "
            "Take fewer factors, or wait for more answers."
        )
    _tell_apart(design)
    groups = None if customers is None else pd.factorize(np.asarray(list(customers), dtype=object)[there])[0]
    fit = _linear if model == "linear" else _ordinal
    if model not in {"linear", "ordinal"}:
        raise CrmlibError(f"model={model!r} is not known. Use 'linear' or 'ordinal'.")
    table = fit(y, design, groups, confidence)
    counted = [column for column in design if set(np.unique(design[column])) <= {0.0, 1.0}]
    table["n"] = len(y)
    table.loc[counted, "n"] = design[counted].sum().astype(int)
    unknown = {name: float(design.get(f"{name}: {_NO_ANSWER}", pd.Series([0.0])).sum()) for name in map(str, factors)}
    known = [len(y) - unknown.get(str(name).partition(": ")[0], 0.0) for name in design]
    levels = design.columns.isin(counted) & ~design.columns.str.endswith(f": {_NO_ANSWER}")
    table["share"] = (design.sum() / known).where(levels)
    table["at_stake"] = table["estimate"] * table["share"]
    table = table[table["n"] >= fewest].sort_values("at_stake", kind="stable")
    return table[list(_COLUMNS)]


def _design(factors: pd.DataFrame) -> pd.DataFrame:
    """Return a column a level; levels that nobody or everybody has are left out, for they tell nothing."""
    columns: dict[str, pd.Series] = {}
    for name in factors:
        values = factors[name]
        if pd.api.types.is_bool_dtype(values.dtype):
            columns[f"{name}"] = values.astype(float)
        elif pd.api.types.is_numeric_dtype(values.dtype):
            if values.isna().any():
                row = int(values.isna().to_numpy().argmax())
                raise SchemaError(
                    f"factors, row {row}, column {name!r}: there is no number. Fill it in, or leave it out."
                )
            columns[f"{name}"] = values.astype(float)
        else:
            said = values.astype("category")
            levels = [*said.cat.categories, *([_NO_ANSWER] if said.isna().any() else [])]
            text = said.astype(object).where(said.notna(), _NO_ANSWER)
            for level in levels[1:]:
                columns[f"{name}: {level}"] = (text == level).astype(float)
    design = pd.DataFrame(columns, index=factors.index)
    design = design.loc[:, design.max() > design.min()]
    if not design.shape[1]:
        raise ModelError("factors: no factor differs between the answers, so nothing can be compared.")
    return design


def _tell_apart(design: pd.DataFrame) -> None:
    """Refuse columns that are made up of others."""
    held = np.ones((len(design), 1))
    for name in design:
        more = np.column_stack([held, design[name]])
        if np.linalg.matrix_rank(more) == held.shape[1]:
            raise ModelError(
                f"factors: {name!r} always goes with the ones before it, so its share cannot be told apart."
            )
        held = more


def _linear(y: np.ndarray, design: pd.DataFrame, groups: Any, confidence: float) -> pd.DataFrame:
    import statsmodels.api as sm

    how: dict[str, Any] = {"cov_type": "HC3"}
    if groups is not None:
        how = {"cov_type": "cluster", "cov_kwds": {"groups": groups}}
    result = sm.OLS(y, sm.add_constant(design.to_numpy())).fit(**how)
    return _table(result.params[1:], result.conf_int(alpha=1 - confidence)[1:], result.pvalues[1:], design)


def _ordinal(y: np.ndarray, design: pd.DataFrame, groups: Any, confidence: float) -> pd.DataFrame:
    from statsmodels.miscmodels.ordinal_model import OrderedModel

    how: dict[str, Any] = {} if groups is None else {"cov_type": "cluster", "cov_kwds": {"groups": groups}}
    result = OrderedModel(pd.factorize(y, sort=True)[0], design.to_numpy(), distr="logit").fit(
        method="bfgs", maxiter=500, disp=False, **how
    )
    many = design.shape[1]
    ends = np.asarray(result.conf_int(alpha=1 - confidence))[:many]
    return _table(np.asarray(result.params)[:many], ends, np.asarray(result.pvalues)[:many], design)


def _table(estimates: np.ndarray, ends: np.ndarray, p_values: np.ndarray, design: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame(
        {"estimate": estimates, "low": ends[:, 0], "high": ends[:, 1], "p_value": p_values}, index=design.columns
    )
