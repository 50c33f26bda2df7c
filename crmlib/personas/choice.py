"""How many personas, and how sure? A criterion for each number, and whether another sample would give the same ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from crmlib.errors import CrmlibError
from crmlib.personas.model import fit

if TYPE_CHECKING:
    from collections.abc import Iterable

    from crmlib.personas.model import Personas

__all__ = ["agreement", "choose", "shuffled", "stability"]


def choose(
    features: pd.DataFrame,
    numbers: Iterable[int] = range(2, 9),
    method: str = "mixture",
    *,
    seed: int = 0,
    repeats: int = 5,
    most: int = 1500,
) -> pd.DataFrame:
    """Compare numbers of personas.

    Parameters
    ----------
    features
        From `crmlib.personas.features`.
    numbers
        Which to try.
    method
        ``mixture`` or ``k-prototypes``.
    seed
        Of the sample, the starts and the repeats.
    repeats
        Bootstrap samples for the stability.
    most
        At most so many customers, drawn at random: the number shows in a sample as well.

    Returns
    -------
    pandas.DataFrame
        k, criterion (BIC of the mixture, less is better; silhouette of k-prototypes, more is better), stability
        (mean adjusted Rand index), low, high (of the repeats), smallest (share of the smallest persona).
    """
    some = _sample(features, most, seed)
    rows = []
    for k in numbers:
        personas = fit(some, k, method, seed=seed)
        scores = _found_again(some, personas, repeats)
        rows.append(
            {
                "k": k,
                "criterion": personas.criterion(some),
                "stability": scores.mean(),
                "low": scores.min(),
                "high": scores.max(),
                "smallest": personas.labels.value_counts(normalize=True).min(),
            }
        )
    return pd.DataFrame(rows)


def stability(features: pd.DataFrame, k: int, method: str = "mixture", *, seed: int = 0, repeats: int = 5) -> pd.Series:
    """Find the personas again in bootstrap samples, and measure how far the customers are grouped alike.

    Parameters
    ----------
    features, k, method, seed
        As for `crmlib.personas.fit`.
    repeats
        Samples with replacement, each as large as the table.

    Returns
    -------
    pandas.Series
        For each sample the adjusted Rand index of its personas and those of the whole table, over all customers:
        1 is the same grouping, 0 what chance gives.
    """
    ordered = features.sort_index()
    return _found_again(ordered, fit(ordered, k, method, seed=seed), repeats)


def _found_again(ordered: pd.DataFrame, reference: Personas, repeats: int) -> pd.Series:
    rng = np.random.default_rng(reference.seed)
    scores = []
    for repeat in range(repeats):
        rows = rng.integers(len(ordered), size=len(ordered))
        drawn = ordered.iloc[rows].reset_index(drop=True)
        again = fit(drawn, reference.k, reference.method, seed=reference.seed + repeat + 1, starts=2)
        scores.append(agreement(reference.labels, again.assign(ordered)))
    return pd.Series(scores, name="stability")


def shuffled(features: pd.DataFrame, *, seed: int = 0) -> pd.DataFrame:
    """Shuffle each column by itself: every column is as before, and nothing goes together any more.

    Parameters
    ----------
    features
        Any table.
    seed
        Of the shuffling.

    Examples
    --------
    >>> table = pd.DataFrame({"a": [1.0, 2.0, 3.0], "b": [1.0, 2.0, 3.0]})
    >>> noise = shuffled(table, seed=1)
    >>> sorted(noise["b"]) == sorted(table["b"])
    True
    """
    rng = np.random.default_rng(seed)
    return pd.DataFrame(
        {name: column.iloc[rng.permutation(len(column))].array for name, column in features.items()},
        index=features.index,
    )


def agreement(one: pd.Series, other: pd.Series) -> float:
    """Return the adjusted Rand index of two groupings of the same customers: 1 the same, 0 as by chance.

    Parameters
    ----------
    one, other
        Group by customer; names of groups do not matter.

    Raises
    ------
    CrmlibError
        They have no customer in common.

    Examples
    --------
    >>> agreement(pd.Series({"ann": 1, "bob": 1, "cy": 2}), pd.Series({"cy": "x", "bob": "y", "ann": "y"}))
    1.0
    """
    from sklearn.metrics import adjusted_rand_score

    both = pd.concat([one.rename("one"), other.rename("other")], axis=1, join="inner")
    if not len(both):
        raise CrmlibError("personas: the two groupings have no customer in common.")
    return float(adjusted_rand_score(both["one"], both["other"]))


def _sample(features: pd.DataFrame, most: int, seed: int) -> pd.DataFrame:
    ordered = features.sort_index()
    if len(ordered) <= most:
        return ordered
    rows = np.random.default_rng(seed).choice(len(ordered), most, replace=False)
    return ordered.iloc[np.sort(rows)]
