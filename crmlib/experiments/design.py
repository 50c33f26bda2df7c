"""Before an experiment: how many customers it needs. After it: whether the lot was drawn as planned."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from crmlib import policy as policies
from crmlib.arguments import read_number
from crmlib.errors import CrmlibError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from crmlib.arrays import Floats, Ints
    from crmlib.policy import Policy

__all__ = ["Mismatch", "Sizes", "mismatch", "power", "sample_size", "smallest_change"]

_FEWEST, _MOST = 4, 10**9
_FEWEST_IN_ARM = 2  # a variance needs two
_EXPECTED = 5  # below it, chi-squared calls a sound lot broken several times too often
_TABLES = 200_000  # that are counted one by one
_NODES, _REACH = 200, 12.0  # of Gauss and Legendre, over so many standard deviations


class Sizes(NamedTuple):
    """Customers of each arm."""

    treated: int
    control: int


def power(
    customers: float,
    base: float,
    change: float,
    *,
    sd: float | None = None,
    control_share: float = 0.5,
    policy: Policy | str | dict[str, Any] | None = None,
) -> float:
    """Return how often an experiment finds a change that is there (two-sided).

    Shares by the normal approximation (Fleiss, Levin and Paik, Statistical Methods for Rates and Proportions, 2003) of
    statsmodels; means by the noncentral t distribution, as an integral that stays a number for effects of any size.

    Parameters
    ----------
    customers
        Of both arms together.
    base
        Share or mean of the control.
    change
        Treated less control.
    sd
        Standard deviation of a customer's value; without it, `base` is a share.
    control_share
        Share of the customers that is kept as control.
    policy
        `experiments.alpha`.

    Returns
    -------
    float
        From alpha to 1.

    Raises
    ------
    CrmlibError
        A share is not between 0 and 1, or the sizes are not possible.

    Examples
    --------
    >>> round(power(100, 0.50, 0.25), 2), round(power(40, 0, 1, sd=1), 3)
    (0.74, 0.869)
    """
    from statsmodels.stats.proportion import power_proportions_2indep

    alpha = policies.load(policy).experiments.alpha
    _check(base, change, sd, control_share)
    if not customers >= _FEWEST:
        raise CrmlibError(f"customers={customers}: an experiment needs at least {_FEWEST}.")
    if customers * min(control_share, 1 - control_share) < _FEWEST_IN_ARM * (1 - 1e-9):
        raise CrmlibError(
            f"customers={customers:g}, control_share={control_share:g}: the smaller arm has "
            f"{customers * min(control_share, 1 - control_share):.3g} customers; it needs {_FEWEST_IN_ARM} at least."
        )
    treated = customers * (1 - control_share)
    if sd is None:
        ratio = control_share / (1 - control_share)
        return float(power_proportions_2indep(change, base, treated, ratio=ratio, alpha=alpha).power)
    return _power_of_means(change / sd * math.sqrt(treated * control_share), customers - 2, alpha)


def _power_of_means(shift: float, freedom: float, alpha: float) -> float:
    """Return the power of the two-sided t-test, as the mean over what the standard deviation may turn out to be.

    Given the sample's standard deviation, t is a normal variable: so the noncentral t is an integral of normal tails
    over the density of a chi variable, with no series that could lose its digits where the shift is large.
    """
    from scipy.special import ndtr, stdtrit

    reach = _REACH / math.sqrt(2 * freedom)
    least, most = max(0.0, 1 - reach), 1 + reach
    nodes, weights = _nodes()
    ratio = least + (most - least) * (nodes + 1) / 2  # the sample's standard deviation over the true one
    log = (freedom - 1) * np.log(ratio) - freedom * (ratio**2 - 1) / 2
    weights = weights * np.exp(log - log.max())
    bound = float(stdtrit(freedom, 1 - alpha / 2)) * ratio
    return float(min(weights @ (ndtr(shift - bound) + ndtr(-shift - bound)) / weights.sum(), 1.0))


@cache
def _nodes() -> tuple[Floats, Floats]:
    nodes, weights = np.polynomial.legendre.leggauss(_NODES)
    return nodes, weights


def sample_size(
    base: float,
    change: float,
    *,
    sd: float | None = None,
    control_share: float = 0.5,
    policy: Policy | str | dict[str, Any] | None = None,
) -> Sizes:
    """Return how many customers each arm needs to find a change as often as the policy's power says.

    Parameters
    ----------
    base, change, sd, control_share, policy
        As for `power`.

    Returns
    -------
    Sizes
        treated, control; rounded up.

    Raises
    ------
    CrmlibError
        The change is 0, or a share is not between 0 and 1.

    Examples
    --------
    >>> sample_size(0.50, 0.25, policy={"experiments": {"power": 0.9}})
    Sizes(treated=77, control=77)
    """
    from scipy.optimize import brentq

    _check(base, change, sd, control_share)
    if not change:
        raise CrmlibError("change=0: no experiment is large enough to find a change that is not there.")
    wanted = _wanted(policy)

    def lacking(log_customers: float) -> float:
        size = math.exp(log_customers)
        return power(size, base, change, sd=sd, control_share=control_share, policy=policy) - wanted

    fewest = max(_FEWEST, _FEWEST_IN_ARM / min(control_share, 1 - control_share))
    least, most = math.log(fewest), math.log(max(_MOST, fewest))
    if lacking(most) < 0:
        raise CrmlibError(f"change={change}: more than {_MOST:,} customers would be needed to find it.")
    total = math.exp(brentq(lacking, least, most, xtol=1e-13)) if lacking(least) < 0 else fewest
    return Sizes(*(math.ceil(total * share - 1e-6) for share in (1 - control_share, control_share)))


def smallest_change(
    customers: float,
    base: float,
    *,
    sd: float | None = None,
    control_share: float = 0.5,
    policy: Policy | str | dict[str, Any] | None = None,
) -> float:
    """Return the smallest rise that an experiment of this size finds as often as the policy's power says.

    Parameters
    ----------
    customers, base, sd, control_share, policy
        As for `power`.

    Returns
    -------
    float
        In the unit of `base`.

    Raises
    ------
    CrmlibError
        Not even the largest possible rise would be found.

    Examples
    --------
    >>> round(smallest_change(154, 0.50, policy={"experiments": {"power": 0.9}}), 2)
    0.25
    """
    from scipy.optimize import brentq

    wanted = _wanted(policy)
    _check(base, 0.0, sd, control_share)
    most = 1 - base - 1e-9 if sd is None else 100 * sd

    def lacking(change: float) -> float:
        return power(customers, base, change, sd=sd, control_share=control_share, policy=policy) - wanted

    if not lacking(most) >= 0:
        raise CrmlibError(f"customers={customers}: too few to find any rise from {base} with a power of {wanted:.0%}.")
    return float(brentq(lacking, most * 1e-9, most, xtol=1e-12))


def _wanted(policy: Policy | str | dict[str, Any] | None) -> float:
    """Return the power that is planned for."""
    rules = policies.load(policy).experiments
    if not rules.power > rules.alpha:
        raise CrmlibError(
            f"The policy's experiments.power is {rules.power:g}, its experiments.alpha {rules.alpha:g}: the power must "
            "exceed alpha, for so often a test calls an effect where there is none."
        )
    return rules.power


def _check(base: float, change: float, sd: float | None, control_share: float) -> None:
    for name, value in (("base", base), ("change", change), ("control_share", control_share)):
        read_number(value, name)
    if not 0 < control_share < 1:
        raise CrmlibError(f"control_share={control_share} is no share between 0 and 1.")
    if sd is None and not (0 < base < 1 and 0 < base + change < 1):
        raise CrmlibError(f"base={base}, change={change}: both shares must lie between 0 and 1; a mean needs sd.")
    if sd is not None and not 0 < sd < math.inf:
        raise CrmlibError(f"sd={sd}: a standard deviation is above 0.")


@dataclass(frozen=True)
class Mismatch:
    """Sizes of the arms against the plan.

    Attributes
    ----------
    p_value
        How often a sound lot would be off by so much.
    broken
        True where that is rarer than the policy's `mismatch_alpha`: do not read the experiment, find the fault.
    expected
        Customers by arm, had the plan been kept exactly.
    """

    p_value: float
    broken: bool
    expected: dict[str, float]


def mismatch(
    counts: Mapping[str, int], shares: Mapping[str, float], *, policy: Policy | str | dict[str, Any] | None = None
) -> Mismatch:
    """Check the sizes of the arms against the plan: the sample ratio mismatch.

    By a chi-squared test, and exactly (binomial, multinomial) where an arm expects fewer than five customers.

    Parameters
    ----------
    counts
        Customers by arm.
    shares
        Planned share of each arm; they add up to 1.
    policy
        `experiments.mismatch_alpha`.

    Raises
    ------
    CrmlibError
        Arms and shares do not fit together.

    Examples
    --------
    >>> mismatch({"A": 821_588, "B": 815_482}, {"A": 0.5, "B": 0.5}).broken
    True
    """
    from scipy.stats import chisquare

    if set(counts) != set(shares) or len(counts) < 2:  # noqa: PLR2004 - a lot has two sides
        raise CrmlibError(f"Arms {sorted(counts)} and planned shares {sorted(shares)} must be the same, two at least.")
    if min(shares.values()) <= 0 or not math.isclose(sum(shares.values()), 1, abs_tol=1e-9):
        raise CrmlibError(f"Planned shares must be above 0 and add up to 1, got {dict(shares)}.")
    total = sum(counts.values())
    if total < 1 or min(counts.values()) < 0:
        raise CrmlibError(f"Counts of customers are expected, got {dict(counts)}.")
    expected = {name: total * share for name, share in shares.items()}
    seen = np.array([counts[name] for name in expected], dtype=float)
    planned = np.array([shares[name] for name in expected])
    if min(expected.values()) < _EXPECTED:
        p_value = _exact(np.array([counts[name] for name in expected], dtype=np.int64), planned)
    else:
        p_value = float(chisquare(seen, np.array(list(expected.values()))).pvalue)
    return Mismatch(p_value, p_value < policies.load(policy).experiments.mismatch_alpha, expected)


def _exact(counts: Ints, shares: Floats) -> float:
    """Return the chance of sizes as rare as these, or rarer, if the lot was drawn as planned."""
    from scipy.special import gammaln, xlogy
    from scipy.stats import binomtest

    total = int(counts.sum())
    if len(counts) == 2:  # noqa: PLR2004 - two arms
        return float(binomtest(int(counts[0]), total, float(shares[0])).pvalue)
    if math.comb(total + len(counts) - 1, len(counts) - 1) > _TABLES:
        # too many to count: each arm against all others, and as many chances to be wrong as arms
        each = [binomtest(int(k), total, float(share)).pvalue for k, share in zip(counts, shares, strict=True)]
        return min(1.0, len(counts) * float(min(each)))
    tables = np.array(list(_ways(total, len(counts))), dtype=np.int64)

    def chance(sizes: Ints) -> Floats:
        log: Floats = gammaln(total + 1) + (xlogy(sizes, shares) - gammaln(sizes + 1)).sum(axis=-1)
        return np.exp(log)

    chances = chance(tables)
    return float(min(1.0, chances[chances <= chance(counts) * (1 + 1e-9)].sum()))


def _ways(total: int, arms: int) -> Iterator[tuple[int, ...]]:
    """Yield all sizes of so many arms that add up to the total."""
    if arms == 1:
        yield (total,)
        return
    for first in range(total + 1):
        for rest in _ways(total - first, arms - 1):
            yield (first, *rest)
