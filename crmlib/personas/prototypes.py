"""K-prototypes, fitted by kmodes: each persona is a typical customer, with means of numbers and the usual answers.

A customer goes to the nearest prototype: squared distance on the numbers, plus gamma for each nominal answer that
differs. Ordinal answers count by their rank, yes and no as 1 and 0, all standardised. A missing number is put at
the mean; a missing nominal answer counts as an answer of its own, because the method has no other place for it: those
who say nothing look alike to it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import numpy as np
from scipy.spatial.distance import cdist

from crmlib.errors import CrmlibError

if TYPE_CHECKING:
    from crmlib.arrays import Floats, Ints
    from crmlib.personas.encoding import Encoding


__all__ = ["Prototypes", "distances", "fit_prototypes", "pairwise"]


class Prototypes(msgspec.Struct, frozen=True, tag="k-prototypes"):
    """The typical customers.

    Attributes
    ----------
    centres
        Of each persona, the mean of each standardised number.
    modes
        Of each persona, the code of the most usual level of each nominal answer; -1 is no answer.
    gamma
        What one differing answer weighs.
    ranks
        Mean and standard deviation of the ranks of each ordinal or yes-no answer.
    """

    centres: list[list[float]]
    modes: list[list[int]]
    gamma: float
    ranks: list[tuple[float, float]]


def fit_prototypes(encoding: Encoding, numbers: Floats, codes: Ints, k: int, *, seed: int, starts: int) -> Prototypes:
    """Fit k prototypes.

    kmodes starts from random centres and is slow to leave poor ones. It gets the centres of k-means on the numbers
    instead (the best of `starts`), and moves on from there.

    Parameters
    ----------
    encoding
        What the columns hold.
    numbers, codes
        From the encoding: NaN and -1 where missing.
    k
        Prototypes.
    seed, starts
        Of k-means.

    Raises
    ------
    CrmlibError
        There are no numbers or no nominal answers, or fewer than k different customers.
    """
    from kmodes.kprototypes import KPrototypes
    from sklearn.cluster import KMeans

    ranks = _ranks(encoding, codes)
    points, said = _split(encoding, numbers, codes, ranks)
    if not points.shape[1] or not said.shape[1]:
        missing = "nominal answers" if points.shape[1] else "numbers"
        raise CrmlibError(f"k-prototypes needs numbers and nominal answers; there are no {missing}. Use 'mixture'.")
    if len(np.unique(np.hstack([points, said]), axis=0)) <= k:
        raise CrmlibError(f"personas: there are no more than {k} different customers. Use a smaller k.")
    start = KMeans(k, n_init=starts, random_state=seed).fit(points)
    # kmodes numbers the levels of each column from 0, in the order of their values
    values = [np.unique(column) for column in said.T]
    dense = np.column_stack([np.searchsorted(v, column) for v, column in zip(values, said.T, strict=True)])
    modes = np.array([[_mode(column[start.labels_ == label]) for column in dense.T] for label in range(k)])
    model = KPrototypes(k, init=[start.cluster_centers_, modes], n_init=1, random_state=seed)
    model.fit(np.hstack([points, dense]), categorical=list(range(points.shape[1], points.shape[1] + said.shape[1])))
    centres, modes = np.hsplit(np.asarray(model.cluster_centroids_, dtype=float), [points.shape[1]])
    order = np.argsort(-np.bincount(model.labels_, minlength=k), kind="stable")
    return Prototypes(
        centres[order].tolist(),
        [[int(v[int(code)]) for v, code in zip(values, row, strict=True)] for row in modes[order]],
        float(model.gamma),
        ranks,
    )


def distances(prototypes: Prototypes, encoding: Encoding, numbers: Floats, codes: Ints) -> Floats:
    """Return each customer's distance to each prototype.

    Parameters
    ----------
    prototypes
        From `fit_prototypes`.
    encoding, numbers, codes
        The encoding it was fitted with, and what it makes of the customers.
    """
    points, said = _split(encoding, numbers, codes, prototypes.ranks)
    differing = (said[:, None, :] != np.asarray(prototypes.modes)[None]).sum(axis=2)
    return np.asarray(cdist(points, np.asarray(prototypes.centres), "sqeuclidean") + prototypes.gamma * differing)


def pairwise(prototypes: Prototypes, encoding: Encoding, numbers: Floats, codes: Ints) -> Floats:
    """Return the distances between customers, measured as k-prototypes does: for the silhouette.

    Parameters
    ----------
    prototypes, encoding, numbers, codes
        As for `distances`.
    """
    points, said = _split(encoding, numbers, codes, prototypes.ranks)
    differing = said.shape[1] * cdist(said, said, "hamming")
    return np.asarray(cdist(points, points, "sqeuclidean") + prototypes.gamma * differing)


def _ranks(encoding: Encoding, codes: Ints) -> list[tuple[float, float]]:
    found = []
    for answer, column in zip(encoding.answers, codes.T, strict=True):
        if _is_rank(answer.ordered, answer.levels):
            known = column[column >= 0]
            found.append((float(known.mean()), float(known.std())))
    return found


def _is_rank(ordered: bool, levels: tuple[str, ...]) -> bool:  # noqa: FBT001 - the field of an Answer
    return ordered or levels == ("False", "True")


def _split(encoding: Encoding, numbers: Floats, codes: Ints, ranks: list[tuple[float, float]]) -> tuple[Floats, Ints]:
    """Return numbers and ranks without gaps, and the nominal answers."""
    is_rank = np.array([_is_rank(answer.ordered, answer.levels) for answer in encoding.answers], dtype=bool)
    ranked = codes[:, is_rank].astype(float)
    scale = np.asarray(ranks, dtype=float).reshape(-1, 2)
    # 0 is the mean of what is standardised
    ranked = np.where(ranked < 0, 0.0, (ranked - scale[:, 0]) / scale[:, 1])
    return np.hstack([np.nan_to_num(numbers), ranked]), codes[:, ~is_rank]


def _mode(column: Ints) -> int:
    return int(np.bincount(column).argmax())
