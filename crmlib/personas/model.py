"""One interface over the clustering methods: fit, assign new customers, save and load."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal, get_args

import msgspec
import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from crmlib.errors import CrmlibError, SourceError
from crmlib.files import write_whole
from crmlib.personas.encoding import Encoding, learn, table
from crmlib.personas.mixture import Mixture, bic, fit_mixture, posterior
from crmlib.personas.prototypes import Prototypes, distances, fit_prototypes, pairwise
from crmlib.words import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Mapping

    from crmlib.arrays import Ints

__all__ = ["METHODS", "Method", "Personas", "fit", "load"]

Method = Literal["k-prototypes", "mixture"]
METHODS: tuple[Method, ...] = get_args(Method)
_VERSION = 2
_SILHOUETTE_ROWS = 1500


class _Saved(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the file holds: nothing of any single customer."""

    version: int
    seed: int
    encoding: Encoding
    parameters: Mixture | Prototypes


@dataclass(frozen=True)
class Personas:
    """Personas found in features; the largest is number 1.

    Attributes
    ----------
    encoding
        How features become numbers and codes.
    parameters
        Of the method.
    seed
        With which they were found.
    labels
        The persona of each customer it was fitted on; empty after `load`, as the file holds no customers.
    """

    encoding: Encoding
    parameters: Mixture | Prototypes
    seed: int
    labels: pd.Series = field(default_factory=lambda: pd.Series(dtype="int64", name="persona"), compare=False)

    def __repr__(self) -> str:
        scales = ", ".join(f"{n.name} ({n.scale})" for n in self.encoding.numbers)
        answers = ", ".join(answer.name for answer in self.encoding.answers)
        left = ", ".join(self.encoding.left_out)
        return "\n".join(
            [
                f"Personas: {self.k} by {self.method}, seed {self.seed}.",
                *([f"Numbers: {scales}."] if scales else []),
                *([f"Answers: {answers}."] if answers else []),
                *([f"Left out, empty or the same for everyone: {left}."] if left else []),
            ]
        )

    @property
    def method(self) -> Method:
        """``k-prototypes`` or ``mixture``."""
        return "mixture" if isinstance(self.parameters, Mixture) else "k-prototypes"

    @property
    def k(self) -> int:
        """How many personas there are."""
        found = self.parameters.means if isinstance(self.parameters, Mixture) else self.parameters.centres
        return len(found)

    def assign(self, features: pd.DataFrame) -> pd.Series:
        """Give customers, new ones too, their persona: the likeliest, or the nearest.

        Parameters
        ----------
        features
            With the columns it was fitted on; others are ignored. A missing answer, or one never seen before, is
            treated as missing answers were.

        Returns
        -------
        pandas.Series
            Number of the persona, from 1, by the index of features.
        """
        features = table(features)
        numbers, codes = self.encoding.scaled(features), self.encoding.coded(features)
        if isinstance(self.parameters, Mixture):
            place = posterior(self.parameters, numbers, codes)[1].argmax(axis=1)
        else:
            place = distances(self.parameters, self.encoding, numbers, codes).argmin(axis=1)
        return pd.Series(place + 1, index=features.index, name="persona")

    def probabilities(self, features: pd.DataFrame) -> pd.DataFrame | None:
        """Return how likely each persona is for each customer.

        Parameters
        ----------
        features
            As for `assign`.

        Returns
        -------
        pandas.DataFrame or None
            One column a persona, rows add up to 1; None for k-prototypes, which knows only near and far.
        """
        if not isinstance(self.parameters, Mixture):
            return None
        features = table(features)
        numbers, codes = self.encoding.scaled(features), self.encoding.coded(features)
        chances = pd.DataFrame(posterior(self.parameters, numbers, codes)[1], index=features.index)
        chances.columns = pd.RangeIndex(1, self.k + 1, name="persona")
        return chances

    def criterion(self, features: pd.DataFrame) -> float:
        """Say how well the personas fit: BIC for the mixture (less is better), silhouette for k-prototypes (more is).

        Parameters
        ----------
        features
            What it was fitted on. The silhouette compares pairs, so it takes 1,500 customers at most.
        """
        features = table(features)
        if isinstance(self.parameters, Mixture):
            return bic(self.parameters, self.encoding.scaled(features), self.encoding.coded(features))
        from sklearn.metrics import silhouette_score

        some = features.iloc[_spread(len(features), _SILHOUETTE_ROWS)]
        labels = self.assign(some)
        if labels.nunique() < 2:  # noqa: PLR2004 - one cluster has no neighbour
            return 0.0
        between = pairwise(self.parameters, self.encoding, self.encoding.scaled(some), self.encoding.coded(some))
        np.fill_diagonal(between, 0.0)
        return float(silhouette_score(between, labels, metric="precomputed"))

    def save(self, path: str | Path) -> None:
        """Write the parameters as JSON: no code, and no customer.

        Parameters
        ----------
        path
            The file.
        """
        saved = _Saved(_VERSION, self.seed, self.encoding, self.parameters)
        write_whole(Path(path), msgspec.json.format(msgspec.json.encode(saved), indent=1))


def fit(
    features: pd.DataFrame,
    k: int,
    method: str = "mixture",
    *,
    scale: Mapping[str, str] | None = None,
    seed: int = 0,
    starts: int = 3,
) -> Personas:
    """Find k personas in features.

    Parameters
    ----------
    features
        From `crmlib.personas.features`, or any table of numbers, categories and booleans with one row a customer.
        Neither the order of the rows nor the names of the columns matter. A column that is empty or the same for
        everyone is left out; printing the personas says which.
    k
        How many.
    method
        ``mixture`` or ``k-prototypes``.
    scale
        How numbers count, by column: ``linear``, ``root`` or ``log``. By default values that are never below 0 and
        skewed (above 0.5) count by their logarithm, shares (never above 1, skewed above 1) by their root, all others as
        they are. The
        choice is kept with the personas, and is the same for new customers.
    seed, starts
        The best of so many random starts is kept.

    Raises
    ------
    CrmlibError
        Too few customers for k personas, no usable column, a value that is no number or that its scale cannot take, or
        an unknown method.

    Examples
    --------
    >>> table = pd.DataFrame({"orders_per_year": [1.0, 1.2, 0.9, 9.0, 9.5], "device": pd.Categorical(list("mmmdd"))})
    >>> fit(table, 2).labels.tolist()
    [1, 1, 1, 2, 2]
    """
    if method not in METHODS:
        raise CrmlibError(f"There is no method {method!r}. {did_you_mean(method, METHODS)}")
    features = table(features)
    if k < 2 or len(features) < 2 * k:  # noqa: PLR2004 - a persona is at least two customers, beside another persona
        raise CrmlibError(
            f"personas: {k} personas of {len(features)} customers. Ask for 2 or more, and bring 2 customers for each."
        )
    if not features.index.is_unique:
        raise CrmlibError("personas: features hold a customer twice. Use one row a customer, the customer as index.")
    ordered = features.sort_index()
    encoding = learn(ordered, scale)
    numbers, codes = encoding.scaled(ordered), encoding.coded(ordered)
    if not encoding.numbers and not encoding.answers:
        raise CrmlibError("personas: no feature differs between customers, so there is nothing to tell them apart by.")
    fitting = fit_mixture if method == "mixture" else fit_prototypes
    # one thread: on matrices this small, threads wait for each other far longer than they work
    with threadpool_limits(1):
        parameters = fitting(encoding, numbers, codes, k, seed=seed, starts=starts)
    found = Personas(encoding, parameters, seed)
    return Personas(encoding, parameters, seed, found.assign(features))


def load(path: str | Path) -> Personas:
    """Read personas that `Personas.save` wrote.

    Parameters
    ----------
    path
        The file.

    Raises
    ------
    SourceError
        It is not there, or holds something else.
    """
    try:
        saved = msgspec.json.decode(Path(path).read_bytes(), type=_Saved)
    except (OSError, msgspec.MsgspecError) as error:
        raise SourceError(f"{path} holds no personas that crmlib saved: {error}") from error
    if saved.version != _VERSION:
        raise SourceError(f"{path} was written by another version of crmlib ({saved.version}). Fit the personas anew.")
    return Personas(saved.encoding, saved.parameters, saved.seed)


def _spread(rows: int, most: int) -> Ints:
    """Return the places of at most so many rows, spread evenly."""
    return np.unique(np.linspace(0, rows - 1, min(rows, most)).astype(np.int64))
