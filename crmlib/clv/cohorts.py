"""One model per cohort or segment, in one call."""

from __future__ import annotations

from typing import Any

import pandas as pd

from crmlib.errors import ModelError

__all__ = ["fit_by"]


def fit_by(summary: Any, by: str, fitter: Any) -> pd.DataFrame:
    """Fit a model to all customers, then one to each group, each search starting from the model of all.

    Parameters
    ----------
    summary
        A table with a row per customer (or unique rows with weights): the fitter's columns, and `by`.
    by
        The column that names each customer's group.
    fitter
        The kind of model, set up but not fitted: ``BetaGeoFitter(penalizer_coef=0.001)``.

    Returns
    -------
    pandas.DataFrame
        A row per group, by the groups' order: customers, model (the fitted model, None where the fit failed),
        the parameters, log_likelihood, and problem: why a group has no model, None where it has one.

    Raises
    ------
    ModelError
        When the column is missing, or all customers together cannot be fitted.

    Examples
    --------
    >>> import pandas as pd
    >>> from crmlib.clv import BetaGeoFitter
    >>> shop = pd.DataFrame(
    ...     {"channel": ["web"] * 4 + ["shop"], "frequency": [0, 1, 2, 5, 0], "recency": [0, 10, 20, 35, 0],
    ...      "T": [39, 39, 39, 39, 39], "weights": [60, 20, 12, 8, 3]}
    ... )
    >>> fits = fit_by(shop, "channel", BetaGeoFitter(penalizer_coef=0.01))
    >>> fits["customers"].to_dict()
    {'shop': 3.0, 'web': 100.0}
    >>> fits.loc["shop", "problem"]
    'Nobody bought again: ...'
    """
    table = summary.to_pandas() if hasattr(summary, "to_pandas") else summary
    if by not in table.columns:
        raise ModelError(f"The summary has no column {by!r}. It has: {', '.join(map(str, table.columns))}.")
    new = type(fitter)
    everybody = new(fitter.penalizer_coef).fit(table)
    fits = []
    for label, group in table.groupby(by, sort=True, observed=True):
        model, problem = new(fitter.penalizer_coef), None
        try:
            model.fit(group, start=everybody)
        except ModelError as error:
            model, problem = None, str(error)
        row: dict[str, Any] = {by: label, "model": model, "problem": problem}
        row["customers"] = float(group["weights"].sum()) if "weights" in group.columns else float(len(group))
        if model is not None:
            row |= model.params_.to_dict() | {"log_likelihood": model.log_likelihood_}
        fits.append(row)
    columns = [by, "customers", "model", *new.parameter_names, "log_likelihood", "problem"]
    return pd.DataFrame(fits).reindex(columns=columns).set_index(by)
