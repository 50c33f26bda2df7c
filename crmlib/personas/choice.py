"""How many personas, and how sure? A criterion for each number, and whether another sample would give the same ones.

Any method finds groups in anything, and in a cloud whose traits rise and fall together it finds them surely. So a
number counts only if its groups fit better than none, and clearly better than in tables without groups.
"""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from crmlib.errors import CrmlibError
from crmlib.personas.encoding import learn, table
from crmlib.personas.groupless import groupless as tables_without_groups
from crmlib.personas.mixture import bic, one_class
from crmlib.personas.model import fit

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from crmlib.arrays import Floats
    from crmlib.personas.model import Personas

__all__ = ["Choice", "agreement", "choose", "shuffled", "stability"]

#: How often customers of one kind may be called several.
_ALPHA = 0.05
_FEWEST, _AGAIN = 5, 3  # tables: from how many a range is read, and in how many personas are found again


_GRADIENT = (
    "traits go together, but customers of one kind, whose traits rise and fall together, fit as well. That is a "
    "gradient, or groups too near each other for so few customers and columns: use a score along it, or cut it and say "
    "that the cut is yours."
)


class Choice(pd.DataFrame):
    """Numbers of personas compared.

    Attributes
    ----------
    recommended
        The number that the table speaks for; 1 means that there are no personas here.
    notes
        Why, and what to mind.
    """

    _metadata = ("recommended", "notes")
    recommended: int = 1
    notes: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return "\n".join([super().__repr__(), *self.notes])

    def _repr_html_(self) -> str | None:
        html = super()._repr_html_()  # type: ignore[misc] # pandas-stubs leave it out
        return None if html is None else str(html) + "".join(f"<p>{escape(note)}</p>" for note in self.notes)


def choose(
    features: pd.DataFrame,
    numbers: Iterable[int] = range(2, 9),
    method: str = "mixture",
    *,
    scale: Mapping[str, str] | None = None,
    seed: int = 0,
    repeats: int = 5,
    groupless: int = 9,
    most: int = 1500,
) -> Choice:
    """Compare numbers of personas, none among them.

    Parameters
    ----------
    features
        From `crmlib.personas.features`, or as for `crmlib.personas.fit`.
    numbers
        Which to try. 1, everybody alike, always stands beside them.
    method
        ``mixture`` or ``k-prototypes``.
    scale
        As for `crmlib.personas.fit`.
    seed
        Of the sample, the starts, the repeats and the tables without groups.
    repeats
        Bootstrap samples for the stability.
    groupless
        How many tables without groups the same number is looked for in: 5 or more, or 0 for no comparison. More of
        them see weaker groups.
    most
        At most so many customers, drawn at random: the number shows in a sample as well.

    Returns
    -------
    Choice
        A DataFrame of k, criterion (BIC of the mixture, less is better; silhouette of k-prototypes, more is better),
        stability (mean adjusted Rand index), low, high (of the repeats), noise_low, noise_high (the stability in three
        of the tables without groups), smallest (share of the smallest persona). Its ``recommended`` is the best number
        by the criterion, or 1. Its ``notes`` say why.

    Raises
    ------
    CrmlibError
        As `crmlib.personas.fit`; or fewer than five tables without groups, which make no range.

    Notes
    -----
    The number with the best criterion is recommended if that is better than the best of all numbers in tables without
    groups (beyond the 95 % prediction limit for another such table); otherwise 1. A table without groups has the same
    values in each column, and columns that go together in pairs as these do, in customers of one kind (a Gaussian
    copula). So neither groups that a single column makes nor a gradient, along which traits rise and fall together,
    count as personas. A cloud that is bent, or hollow, may: those it cannot tell from groups. And answers of two or
    three levels hardly tell groups from a gradient.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> kind = np.repeat([0, 9], 60)
    >>> kinds = pd.DataFrame({"a": rng.normal(kind, 1), "b": rng.normal(kind, 1), "c": rng.normal(kind, 1)})
    >>> choose(kinds, [2, 3], repeats=2).recommended, choose(shuffled(kinds), [2, 3], repeats=2).recommended
    (2, 1)
    """
    if groupless in range(1, _FEWEST):
        raise CrmlibError(f"groupless={groupless}: the range of tables needs {_FEWEST} of them or more; 0 for none.")
    some = _sample(table(features), most, seed)
    encoding = learn(some, scale)
    stated = {number.name: number.scale for number in encoding.numbers}
    used = some.drop(columns=list(encoding.left_out))
    alike = tables_without_groups(used, tables=groupless, seed=seed)
    rows = [_one(some, method, stated)]
    chance = {}
    for k in sorted({int(number) for number in numbers} - {1}):
        personas = fit(some, k, method, scale=stated, seed=seed)
        scores = _found_again(some, personas, repeats, stated)
        by_chance = [(one, fit(one, k, method, scale=stated, seed=seed)) for one in alike]
        chance[k] = np.array([p.criterion(one) for one, p in by_chance])
        # one sample of each: what matters is the range over the tables
        again = [_found_again(one, p, 1, stated).mean() for one, p in by_chance[:_AGAIN]]
        rows.append(
            {
                "k": k,
                "criterion": personas.criterion(some),
                "stability": scores.mean(),
                "low": scores.min(),
                "high": scores.max(),
                "noise_low": min(again, default=np.nan),
                "noise_high": max(again, default=np.nan),
                "smallest": personas.labels.value_counts(normalize=True).min(),
            }
        )
    result = Choice(rows)
    result.recommended, result.notes = _recommended(result, chance, method)
    return result


def _one(some: pd.DataFrame, method: str, scale: Mapping[str, str]) -> dict[str, float]:
    """Return the row of k = 1: its BIC, or the silhouette of a single group, which is 0."""
    encoding = learn(some, scale)
    numbers, codes = encoding.scaled(some), encoding.coded(some)
    criterion = bic(one_class(encoding, numbers, codes), numbers, codes) if method == "mixture" else 0.0
    empty = dict.fromkeys(("stability", "low", "high", "noise_low", "noise_high"), np.nan)
    return {"k": 1, "criterion": criterion, **empty, "smallest": 1.0}


def _recommended(rows: pd.DataFrame, chance: Mapping[int, Floats], method: str) -> tuple[int, tuple[str, ...]]:
    """Return the number that the table speaks for, and why."""
    sign, name = (-1, "BIC") if method == "mixture" else (1, "silhouette")
    fit_of = sign * rows["criterion"]
    best = int(np.argmax(fit_of))
    k, row = int(rows["k"][best]), rows.loc[best]
    if k == 1:
        why = f"no number has a better {name} than k = 1, so nothing that tells customers apart goes together."
        return 1, (f"There are no personas here: {why}",)
    if fit_of[best] <= _limit([sign * each for each in chance.values()]):
        return 1, (f"There are no personas here: {_GRADIENT}",)
    compared = not np.isnan(row["noise_low"])
    by_noise = f" (without groups: {row['noise_low']:.2f} to {row['noise_high']:.2f})" if compared else ""
    notes = [f"k = {k}: the best {name}, stability {row['stability']:.2f}{by_noise}."]
    if not compared:
        notes.append("It was not held against tables without groups, so it may be a gradient cut into slices.")
    elif row["stability"] < row["noise_low"]:
        notes.append(
            f"k = {k} is found again less surely than in tables without groups: there are groups, perhaps fewer."
        )
    stablest = int(rows["k"][int(np.nanargmax(rows["stability"]))])
    if stablest != k:
        notes.append(f"{name} and stability disagree: k = {stablest} is found again most surely.")
    if k == rows["k"].max():
        notes.append(f"k = {k} is the end of the range: try more.")
    return k, tuple(notes)


def _limit(chance: list[Floats]) -> float:
    """Return what the best of all numbers stays below in another table without groups, 19 times in 20."""
    from scipy.stats import t

    best = np.max(chance, axis=0)
    if not len(best):
        return -np.inf
    error = best.std(ddof=1) * np.sqrt(1 + 1 / len(best))
    return float(best.mean() + t.ppf(1 - _ALPHA, len(best) - 1) * error)


def stability(
    features: pd.DataFrame,
    k: int,
    method: str = "mixture",
    *,
    scale: Mapping[str, str] | None = None,
    seed: int = 0,
    repeats: int = 5,
) -> pd.Series:
    """Find the personas again in bootstrap samples, and measure how far the customers are grouped alike.

    Parameters
    ----------
    features, k, method, scale, seed
        As for `crmlib.personas.fit`.
    repeats
        Samples with replacement, each as large as the table.

    Returns
    -------
    pandas.Series
        For each sample the adjusted Rand index of its personas and those of the whole table, over all customers:
        1 is the same grouping, 0 what chance gives.
    """
    ordered = table(features).sort_index()
    return _found_again(ordered, fit(ordered, k, method, scale=scale, seed=seed), repeats, scale)


def _found_again(
    ordered: pd.DataFrame, reference: Personas, repeats: int, scale: Mapping[str, str] | None
) -> pd.Series:
    rng = np.random.default_rng(reference.seed)
    scores = []
    for repeat in range(repeats):
        rows = rng.integers(len(ordered), size=len(ordered))
        drawn = ordered.iloc[rows].reset_index(drop=True)
        again = fit(drawn, reference.k, reference.method, scale=scale, seed=reference.seed + repeat + 1, starts=2)
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
