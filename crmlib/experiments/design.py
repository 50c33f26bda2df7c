"""Before an experiment: how many customers it needs. After it: whether the lot was drawn as planned."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from crmlib import policy as policies
from crmlib.errors import CrmlibError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from crmlib.policy import Policy

__all__ = ["Mismatch", "Sizes", "mismatch", "power", "sample_size", "smallest_change"]

_FEWEST, _MOST = 4, 10**9


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

    Shares by the normal approximation (Fleiss, Levin and Paik, Statistical Methods for Rates and Proportions, 2003),
    means by the noncentral t distribution; both by statsmodels.

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
    from statsmodels.stats.power import TTestIndPower
    from statsmodels.stats.proportion import power_proportions_2indep

    alpha = policies.load(policy).experiments.alpha
    _check(base, change, sd, control_share)
    if not customers >= _FEWEST:
        raise CrmlibError(f"customers={customers}: an experiment needs at least {_FEWEST}.")
    treated = customers * (1 - control_share)
    ratio = control_share / (1 - control_share)
    if sd is None:
        found = power_proportions_2indep(change, base, treated, ratio=ratio, alpha=alpha)
        return float(found.power)
    return float(TTestIndPower().power(change / sd, treated, alpha, ratio=ratio))


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
    wanted = policies.load(policy).experiments.power

    def lacking(log_customers: float) -> float:
        size = math.exp(log_customers)
        return power(size, base, change, sd=sd, control_share=control_share, policy=policy) - wanted

    least, most = math.log(_FEWEST), math.log(_MOST)
    if lacking(most) < 0:
        raise CrmlibError(f"change={change}: more than {_MOST:,} customers would be needed to find it.")
    total = math.exp(brentq(lacking, least, most, xtol=1e-10)) if lacking(least) < 0 else float(_FEWEST)
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

    wanted = policies.load(policy).experiments.power
    most = 1 - base - 1e-9 if sd is None else 100 * sd

    def lacking(change: float) -> float:
        return power(customers, base, change, sd=sd, control_share=control_share, policy=policy) - wanted

    if lacking(most) < 0:
        raise CrmlibError(f"customers={customers}: too few to find any rise from {base} with a power of {wanted:.0%}.")
    return float(brentq(lacking, most * 1e-9, most, xtol=1e-12))


def _check(base: float, change: float, sd: float | None, control_share: float) -> None:
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
    """Check the sizes of the arms against the plan: the sample ratio mismatch, by a chi-squared test.

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
    p_value = float(chisquare(seen, np.array(list(expected.values()))).pvalue)
    return Mismatch(p_value, p_value < policies.load(policy).experiments.mismatch_alpha, expected)
