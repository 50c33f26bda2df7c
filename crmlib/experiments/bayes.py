"""A Bayesian view of two shares: how likely the treated arm is better, and what choosing it may cost."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from crmlib import policy as policies
from crmlib.errors import CrmlibError

if TYPE_CHECKING:
    from crmlib.arrays import Floats
    from crmlib.policy import Policy

__all__ = ["Belief", "beta_binomial"]

_NODES = 400  # of Gauss and Legendre, along the quantiles of one share


@dataclass(frozen=True)
class Belief:
    """What the data let one believe of two shares.

    Attributes
    ----------
    difference
        Expected treated less control.
    low, high
        Credible interval: the difference lies in it with the probability `level`, given the prior.
    better
        Probability that the treated share is the higher.
    loss_if_treated, loss_if_control
        Share that is given away, in expectation, by choosing that arm: where it is the worse one, by how much.
    level
        Of the interval.
    """

    difference: float
    low: float
    high: float
    better: float
    loss_if_treated: float
    loss_if_control: float
    level: float


def beta_binomial(
    successes: tuple[int, int],
    totals: tuple[int, int],
    *,
    prior: tuple[float, float] = (1.0, 1.0),
    policy: Policy | str | dict[str, Any] | None = None,
) -> Belief:
    """Compare two shares, each with a beta prior, by integrals rather than by draws: the same figures every time.

    With a prior Beta(a, b) and k of n, a share is Beta(a + k, b + n - k). The expected loss is Stucchio's (Bayesian A/B
    Testing at VWO, 2015).

    Parameters
    ----------
    successes, totals
        As for `crmlib.experiments.proportions`: treated, control.
    prior
        a and b of both arms; (1, 1) holds all shares for equally likely. A shop that knows its rates says so here:
        (20, 480) is what 500 earlier mails with 20 orders taught.
    policy
        `experiments.alpha` gives the interval's level.

    Raises
    ------
    CrmlibError
        An arm is empty, has more successes than customers, or the prior is not above 0.

    Examples
    --------
    >>> belief = beta_binomial((30, 20), (400, 400))
    >>> round(belief.better, 3), round(belief.loss_if_treated, 4)
    (0.926, 0.0006)
    """
    from scipy.optimize import brentq
    from scipy.special import betainc, betaincinv

    if not min(prior) > 0:
        raise CrmlibError(f"prior={prior}: both numbers of a beta distribution are above 0.")
    for name, count, total in zip(("treated", "control"), successes, totals, strict=True):
        if not 0 <= count <= total or total < 1:
            raise CrmlibError(
                f"{name}: {count} of {total} is no share; an arm needs customers, and at most all did it."
            )
    level = 1 - policies.load(policy).experiments.alpha
    shapes = [(prior[0] + k, prior[1] + n - k) for k, n in zip(successes, totals, strict=True)]
    (a, b), (c, d) = shapes
    nodes, weights = np.polynomial.legendre.leggauss(_NODES)
    places, weights = (nodes + 1) / 2, weights / 2

    @cache
    def quantiles(one: float, two: float) -> Floats:
        found: Floats = betaincinv(one, two, places)
        return found

    def below(shape: tuple[float, float], other: tuple[float, float], shift: float = 0.0) -> float:
        """Return the probability that a share of one shape is at most that of the other plus a shift."""
        return float(weights @ betainc(*shape, np.clip(quantiles(*other) + shift, 0, 1)))

    better = below((c, d), (a, b))
    treated, control = a / (a + b), c / (c + d)
    # E[max(control - treated, 0)]: x times its density is a beta density with one more success
    lost = control * below((a, b), (c + 1, d)) - treated * (1 - below((c, d), (a + 1, b)))

    def end(wanted: float) -> float:
        return float(brentq(lambda shift: below((a, b), (c, d), shift) - wanted, -1, 1, xtol=1e-9))

    gap = treated - control
    return Belief(gap, end((1 - level) / 2), end((1 + level) / 2), better, max(lost, 0.0), max(lost + gap, 0.0), level)
