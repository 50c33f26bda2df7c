"""A latent-class mixture, fitted by StepMix: each persona has its own mean of every number and shares of every answer.

Given the persona, features are taken to be independent. Numbers have variance 1 within a persona: a free variance runs
after the spikes that shares of few purchases have, and its BIC asks for ever more classes. A missing answer is left out
of the likelihood (full information maximum likelihood): it neither helps nor harms any persona.
"""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np
from scipy.special import logsumexp

from crmlib.errors import CrmlibError

if TYPE_CHECKING:
    from crmlib.arrays import Floats, Ints
    from crmlib.personas.encoding import Encoding


__all__ = ["Mixture", "bic", "fit_mixture", "one_class", "posterior"]

#: EM stops when the mean log-likelihood of a customer rises by less. Shares within .1 % of the end are enough here.
_TOLERANCE = 1e-3
_ROUNDS = 500
#: At the start each customer is so far from certainly in the cluster of k-means, so that no share starts at 0.
_DOUBT = 0.1
#: Least share of an answer, as in StepMix: what no training customer of a class said is unlikely, not impossible.
_LEAST = 1e-15


class Mixture(msgspec.Struct, frozen=True, tag="mixture"):
    """The parameters of a mixture.

    Attributes
    ----------
    weights
        Share of each persona.
    means
        Of each persona, each number's mean (standardised).
    shares
        Of each persona, for each answer, the share of each level.
    """

    weights: list[float]
    means: list[list[float]]
    shares: list[list[list[float]]]


def fit_mixture(encoding: Encoding, numbers: Floats, codes: Ints, k: int, *, seed: int, starts: int) -> Mixture:
    """Fit a mixture of k classes by expectation-maximisation.

    Parameters
    ----------
    encoding
        What the columns hold.
    numbers, codes
        From the encoding: NaN and -1 where missing.
    k
        Classes.
    seed, starts
        The best of so many random starts is kept.

    Raises
    ------
    CrmlibError
        A class ran empty: there are too few customers for k classes.
    """
    blocks, measurement = _blocks(encoding, numbers, codes)
    step = _step_mix(_guess(blocks))(
        n_components=k,
        measurement=measurement,
        n_init=starts,
        abs_tol=_TOLERANCE,
        max_iter=_ROUNDS,
        random_state=seed,
        progress_bar=0,
    )
    try:
        # a class that runs empty divides by 0: said below, in words
        with np.errstate(all="ignore"):
            step.fit(np.hstack(list(blocks.values())))
        mixture = _mixture(step.get_parameters(), encoding, numbers, k)
    except ValueError as error:
        raise _too_many(k, len(numbers)) from error
    flat = np.concatenate([mixture.weights, np.ravel(mixture.means), *_flat(mixture)])
    if not np.isfinite(flat).all():
        raise _too_many(k, len(numbers))
    return mixture


def one_class(encoding: Encoding, numbers: Floats, codes: Ints) -> Mixture:
    """Return the mixture of a single class: everybody is alike, and features go together by chance.

    Parameters
    ----------
    encoding, numbers, codes
        As for `fit_mixture`.
    """
    shares = [
        (np.bincount(column[column >= 0], minlength=len(answer.levels)) / (column >= 0).sum()).tolist()
        for answer, column in zip(encoding.answers, codes.T, strict=True)
    ]
    return Mixture([1.0], [np.nanmean(numbers, axis=0).tolist() if numbers.shape[1] else []], [shares])


def posterior(mixture: Mixture, numbers: Floats, codes: Ints) -> tuple[Floats, Floats]:
    """Return each customer's log-likelihood, and the probability of each persona.

    Parameters
    ----------
    mixture
        From `fit_mixture`.
    numbers, codes
        From the encoding it was fitted with.
    """
    known = ~np.isnan(numbers)
    log = np.tile(np.log(mixture.weights), (len(numbers), 1))
    for persona, means in enumerate(mixture.means):
        distance = np.where(known, numbers - np.asarray(means), 0.0)
        log[:, persona] -= 0.5 * (np.log(2 * np.pi) * known.sum(axis=1) + (distance**2).sum(axis=1))
        for column, shares in enumerate(mixture.shares[persona]):
            # code -1, a missing answer, finds the 0 at the end
            log[:, persona] += np.append(np.log(np.clip(shares, _LEAST, 1.0)), 0.0)[codes[:, column]]
    total = logsumexp(log, axis=1)
    return total, np.exp(log - total[:, None])


def bic(mixture: Mixture, numbers: Floats, codes: Ints) -> float:
    """Return the Bayesian information criterion: misfit plus a price for each parameter. Less is better.

    Parameters
    ----------
    mixture, numbers, codes
        As for `posterior`.
    """
    k = len(mixture.weights)
    free = sum(len(shares) - 1 for shares in mixture.shares[0])
    parameters = (k - 1) + k * (numbers.shape[1] + free)
    return float(parameters * np.log(len(numbers)) - 2 * posterior(mixture, numbers, codes)[0].sum())


def _blocks(encoding: Encoding, numbers: Floats, codes: Ints) -> tuple[dict[str, Floats], dict[str, dict[str, Any]]]:
    """Return the columns as StepMix takes them, and say of each block what it is.

    StepMix is much faster on numbers without gaps, and on answers that are already indicators of one width; so
    columns that are alike make a block.
    """
    gaps = np.isnan(numbers).any(axis=0)
    blocks: dict[str, Floats] = {}
    measurement: dict[str, dict[str, Any]] = {}
    for name, model, columns in (("full", "gaussian_unit", ~gaps), ("gaps", "gaussian_unit_nan", gaps)):
        if columns.any():
            blocks[name] = numbers[:, columns]
            measurement[name] = {"model": model, "n_columns": int(columns.sum())}
    for width, places in _by_width(encoding).items():
        indicators = np.full((len(codes), len(places), width), np.nan)
        for place, column in enumerate(places):
            said = codes[:, column] >= 0
            indicators[said, place] = np.eye(width)[codes[said, column]]
        blocks[f"levels_{width}"] = indicators.reshape(len(codes), -1)
        measurement[f"levels_{width}"] = {
            "model": "categorical_nan",
            "n_columns": width * len(places),
            "integer_codes": False,
            "max_n_outcomes": width,
            "total_outcomes": width * len(places),
        }
    return blocks, measurement


def _mixture(parameters: dict[str, Any], encoding: Encoding, numbers: Floats, k: int) -> Mixture:
    """Read StepMix's parameters back into the order of the columns, the largest persona first."""
    found = parameters["measurement"]
    gaps = np.isnan(numbers).any(axis=0)
    means = np.zeros((k, numbers.shape[1]))
    for name, columns in (("full", ~gaps), ("gaps", gaps)):
        if columns.any():
            means[:, columns] = found[name]["means"]
    shares: list[list[list[float]]] = [[[] for _ in encoding.answers] for _ in range(k)]
    for width, places in _by_width(encoding).items():
        levels = np.asarray(found[f"levels_{width}"]["pis"]).reshape(k, len(places), width)
        for place, column in enumerate(places):
            for persona in range(k):
                shares[persona][column] = levels[persona, place].tolist()
    weights = np.asarray(parameters["weights"])
    order = np.argsort(-weights, kind="stable")
    return Mixture(weights[order].tolist(), means[order].tolist(), [shares[place] for place in order])


def _by_width(encoding: Encoding) -> dict[int, list[int]]:
    """Return the places of the answers by their number of levels."""
    widths: dict[int, list[int]] = {}
    for place, answer in enumerate(encoding.answers):
        widths.setdefault(len(answer.levels), []).append(place)
    return widths


def _flat(mixture: Mixture) -> list[list[float]]:
    return [levels for shares in mixture.shares for levels in shares]


def _too_many(k: int, customers: int) -> CrmlibError:
    return CrmlibError(
        f"personas: {customers:,} customers do not fill {k} classes: one ran empty. Use a smaller k or fewer features."
    )


def _guess(blocks: dict[str, Floats]) -> Floats:
    """Return the columns with every gap filled by the column's mean: good enough to start from."""
    table = np.hstack(list(blocks.values()))
    means = np.nanmean(table, axis=0)
    return np.where(np.isnan(table), means, table)


def _step_mix(guess: Floats) -> Any:
    """Return StepMix, started from the clusters of k-means.

    Its own start, random memberships, needs dozens of tries to find the best optimum; and its k-means takes no gaps.
    """
    from sklearn.cluster import KMeans

    with warnings.catch_warnings():
        # StepMix 3.0 has a docstring with "\_" in it, which Python reports when it first compiles the file
        warnings.simplefilter("ignore")
        from stepmix.stepmix import StepMix

    class Started(StepMix):  # type: ignore[misc] # StepMix is not typed
        def _initialize_parameters(self, X: Floats, random_state: np.random.RandomState) -> None:
            clusters = KMeans(self.n_components, n_init=5, random_state=random_state).fit(guess).labels_
            member = np.full((len(X), self.n_components), _DOUBT / self.n_components)
            member[np.arange(len(X)), clusters] += 1 - _DOUBT
            self.log_resp_ = np.log(member)
            self.weights_ = np.full(self.n_components, 1 / self.n_components)
            self._initialize_parameters_measurement(X, random_state)

    return Started
