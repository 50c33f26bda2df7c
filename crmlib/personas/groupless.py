"""Tables without groups: customers of one kind, whose traits go together as they do in the table at hand.

Amounts that rise together make any method cut the cloud into slices: many, few, none. So the table to beat is not one
in which nothing goes together, but one in which everything does as far as one kind of customers can: a Gaussian copula,
with each column's own values.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.stats import norm, rankdata

if TYPE_CHECKING:
    from crmlib.arrays import Floats

__all__ = ["groupless"]

_DRAWS, _ROUNDS = 4000, 8  # in which the correlations behind the columns are found
_MOST = 0.995
_BINARY = 2


def groupless(features: pd.DataFrame, *, tables: int = 1, seed: int = 0) -> list[pd.DataFrame]:
    """Draw tables of as many customers who are all of one kind.

    Each column holds the same values as before, and what is missing stays missing. Columns go together in pairs as
    before (rank correlation; the levels of an answer without order stand in the order in which they differ most in the
    other columns). But there are no groups: more of one trait is only ever more or less of another.

    Parameters
    ----------
    features
        As for `crmlib.personas.fit`.
    tables
        How many.
    seed
        Of the draws.

    Examples
    --------
    >>> apart = pd.DataFrame({"a": [0.0, 0.1, 0.2, 9.0, 9.1, 9.2] * 50, "b": [0, 1, 2, 10, 11, 12] * 50})
    >>> alike = groupless(apart, seed=1)[0]
    >>> bool(alike.corr(method="spearman").loc["a", "b"] > 0.8), sorted(alike["a"]) == sorted(apart["a"])
    (True, True)
    >>> bool(((apart["a"] > 5) == (apart["b"] > 5)).all()), bool(((alike["a"] > 5) == (alike["b"] > 5)).all())
    (True, False)
    """
    ranks = _ranks(features)
    scores = np.column_stack([_scores(column) for column in ranks.T])
    values = [np.sort(column[~np.isnan(column)]) for column in ranks.T]
    rng = np.random.default_rng(seed)
    root = _root(_behind(_correlations(scores, ~np.isnan(ranks)), values, rng))
    return [_drawn(features, ranks, rng.normal(size=ranks.shape) @ root) for _ in range(tables)]


def _drawn(features: pd.DataFrame, ranks: Floats, latent: Floats) -> pd.DataFrame:
    """Return the table whose columns are sorted as the latent ones are."""
    columns = {}
    for place, (name, column) in enumerate(features.items()):
        known = np.flatnonzero(~np.isnan(ranks[:, place]))
        ascending = known[np.argsort(ranks[known, place], kind="stable")]
        source = np.arange(len(column))
        source[known[np.argsort(latent[known, place])]] = ascending
        columns[name] = column.array.take(source)
    return pd.DataFrame(columns, index=features.index)


def _ranks(features: pd.DataFrame) -> Floats:
    """Return each column as numbers whose order means something; NaN where missing."""
    ranks = np.full(features.shape, np.nan)
    nominal = []
    for place, (_, column) in enumerate(features.items()):
        if column.dtype.name != "category":
            ranks[:, place] = column.to_numpy(dtype=float, na_value=np.nan)
            continue
        codes = column.cat.codes.to_numpy()
        ranks[:, place] = np.where(codes < 0, np.nan, codes)
        if not column.cat.ordered and len(column.cat.categories) > _BINARY:
            nominal.append(place)
    indicators = {place: _indicators(ranks[:, place]) for place in nominal}
    ordered = [_scores(column)[:, None] for place, column in enumerate(ranks.T) if place not in indicators]
    for place in nominal:
        answers = [table for other, table in indicators.items() if other != place]
        if ordered or answers:
            ranks[:, place] = _in_order(ranks[:, place], indicators[place], np.hstack([*ordered, *answers]))
    return ranks


def _in_order(codes: Floats, levels: Floats, others: Floats) -> Floats:
    """Return the levels' places in the direction in which they differ most in the other columns."""
    spread = others.std(axis=0)
    standard = (others - others.mean(axis=0)) / np.where(spread > 0, spread, 1.0)
    weights = np.sqrt(np.maximum(levels.sum(axis=0), 1.0))
    along = np.linalg.svd((levels.T @ standard) / weights[:, None], full_matrices=False)[0][:, 0] / weights
    place = np.argsort(np.argsort(along, kind="stable"))
    return np.where(np.isnan(codes), np.nan, place[np.nan_to_num(codes).astype(np.int64)])


def _indicators(codes: Floats) -> Floats:
    known = ~np.isnan(codes)
    table = np.zeros((len(codes), int(np.nanmax(codes, initial=0)) + 1))
    table[np.flatnonzero(known), codes[known].astype(np.int64)] = 1.0
    return table


def _scores(column: Floats) -> Floats:
    """Return normal scores, of mean 0 and deviation 1; 0 where missing, or where all are the same."""
    known = ~np.isnan(column)
    scores = np.zeros(len(column))
    if known.any() and np.ptp(column[known]) > 0:
        normal = norm.ppf((rankdata(column[known]) - 0.5) / known.sum())
        scores[known] = (normal - normal.mean()) / normal.std()
    return scores


def _correlations(scores: Floats, known: Floats) -> Floats:
    """Return the correlation of each pair of columns over the customers of whom both are known."""
    both = known.astype(float).T @ known.astype(float)
    correlations: Floats = np.clip((scores.T @ scores) / np.maximum(both, 1.0), -_MOST, _MOST)
    np.fill_diagonal(correlations, 1.0)
    return correlations


def _behind(wanted: Floats, values: list[Floats], rng: np.random.Generator) -> Floats:
    """Return the correlations of latent columns that give the wanted ones: ties and few levels hide a part of them."""
    steps = [_scores(column) if len(column) else np.zeros(1) for column in values]
    draws = rng.normal(size=(_DRAWS, len(values)))
    latent = wanted.copy()
    for _ in range(_ROUNDS):
        below = norm.cdf(draws @ _root(latent))
        seen = [
            step[np.minimum((share * len(step)).astype(np.int64), len(step) - 1)]
            for step, share in zip(steps, below.T, strict=True)
        ]
        with np.errstate(invalid="ignore"):  # a column that is the same for everyone correlates with nothing
            found = np.nan_to_num(np.corrcoef(np.atleast_2d(seen))).reshape(latent.shape)
        latent = np.clip(latent + wanted - found, -_MOST, _MOST)
        np.fill_diagonal(latent, 1.0)
    return latent


def _root(correlations: Floats) -> Floats:
    """Return what turns independent columns into correlated ones of deviation 1; the nearest where none exists."""
    size, directions = np.linalg.eigh(correlations)
    root = np.sqrt(np.maximum(size, 1e-9))[:, None] * directions.T
    return np.asarray(root / np.sqrt((root**2).sum(axis=0)))
