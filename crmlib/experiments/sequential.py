"""Looking before the end: what it does to false alarms, and the bounds that allow it.

Who tests each day at 5 % and stops at the first "significant" finds far more than 5 % false alarms. A group sequential
plan spends the 5 % over the planned looks instead (Lan and DeMets, Biometrika 70, 1983): at each look, the bound is
such that a false alarm up to that look is as rare as what the plan lets it spend so far.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from crmlib import arms
from crmlib import policy as policies
from crmlib.arguments import read_flags, read_floats
from crmlib.errors import CrmlibError

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import ArrayLike

    from crmlib.arrays import Bools, Floats, Ints
    from crmlib.policy import Policy

    Grid = tuple[Floats, Floats, Floats]

__all__ = ["aa_looks", "boundaries", "false_alarms", "looks"]

_MANY = 100  # buyers, by their weight, in the smaller arm: as many as `means` asks for
_GRID = 18  # odd points of Simpson's rule; Jennison and Turnbull, Group Sequential Methods (2000), chapter 19
_NEVER = 8.0  # a z beyond this has a chance of 1e-15: no bound is looked for above it


def boundaries(shares: ArrayLike, *, policy: Policy | str | dict[str, Any] | None = None) -> Floats:
    """Return the bound on abs(z) at each planned look.

    Parameters
    ----------
    shares
        Share of the planned customers that is in at each look: rising, the last at most 1.
    policy
        `experiments.alpha` (two-sided) and `experiments.spending`.

    Returns
    -------
    numpy.ndarray
        Stop at the first look whose abs(z) is at least its bound; infinite where there is next to nothing to spend.

    Raises
    ------
    CrmlibError
        The shares do not rise from above 0 to at most 1.

    Examples
    --------
    >>> boundaries([0.2, 0.4, 0.6, 0.8, 1.0]).round(2).tolist()
    [4.88, 3.36, 2.68, 2.29, 2.03]

    Notes
    -----
    These are spending functions. The constants of the classical designs in Jennison and Turnbull's tables (2.413 for
    Pocock and 2.040 for O'Brien and Fleming, five looks) are other bounds, a little apart.
    """
    from gsdesign import h1, hupdate
    from scipy.optimize import brentq

    rules = policies.load(policy).experiments
    at = _shares(shares)
    # both sides alike: a side spends half of alpha
    spent = np.diff(_spent(at, rules.alpha, rules.spending), prepend=0.0) / 2
    bounds: list[float] = []
    grid: Grid | None = None  # the density of z among those that no look has stopped
    for look, (share, half) in enumerate(zip(at, spent, strict=True)):

        def beyond(low: float, high: float, share: float = share, before: Grid | None = grid, look: int = look) -> Grid:
            if before is None:
                first: Grid = h1(_GRID, 0.0, share, low, high)
                return first
            later: Grid = hupdate(_GRID, 0.0, share, low, high, 0.0, at[look - 1], before)
            return later

        def too_much(bound: float, half: float = half, beyond: Callable[..., Grid] = beyond) -> float:
            """Return the chance to pass the upper bound first at this look, less what may be spent on it."""
            return float(beyond(bound, np.inf)[2].sum() - half)

        bounds.append(float(brentq(too_much, 0.0, _NEVER, xtol=1e-10)) if too_much(_NEVER) < 0 else np.inf)
        inner = min(bounds[-1], _NEVER)
        grid = beyond(-inner, inner)
    return np.array(bounds)


def _shares(shares: ArrayLike) -> Floats:
    at = np.atleast_1d(read_floats(shares, "shares"))
    if at.ndim != 1 or not at.size or not (np.diff(at, prepend=0.0) > 0).all() or at[-1] > 1:
        raise CrmlibError(f"Shares of the looks must rise, from above 0 to at most 1; got {at.tolist()}.")
    return at


def _spent(at: Floats, alpha: float, spending: str) -> Floats:
    """Return the false alarms allowed up to each look: Lan and DeMets' two functions."""
    from scipy.stats import norm

    if spending == "pocock":
        spent: Floats = alpha * np.log1p((np.e - 1) * at)
        return spent
    # of one side, alpha / 2, so that the two sides together spend alpha
    of_both: Floats = 4 * norm.sf(norm.isf(alpha / 4) / np.sqrt(at))
    return of_both


def looks(
    outcome: ArrayLike,
    treated: ArrayLike,
    shares: ArrayLike,
    *,
    policy: Policy | str | dict[str, Any] | None = None,
) -> pd.DataFrame:
    """Read an experiment at each planned look, as its customers came in.

    Parameters
    ----------
    outcome
        One number a customer, in the order in which they came.
    treated
        True or 1 for the treated arm, one a customer.
    shares
        As for `boundaries`, of all customers here.
    policy
        `experiments.alpha` and `experiments.spending`.

    Returns
    -------
    pandas.DataFrame
        One row a look: look (from 1), share, customers, difference, z, p_value (as if it were the only look), naive
        (p_value below alpha), bound, stop (abs(z) at the bound or beyond). The z is that of `crmlib.arms`: both arms
        pooled, and corrected for skewness, so that few events in a small arm are no false alarm. Amounts of which each
        arm has plenty are compared as by `means`, with variances apart.

    Raises
    ------
    CrmlibError
        An arm has fewer than two customers at the first look.

    Examples
    --------
    >>> rng = np.random.default_rng(3)
    >>> treated = rng.integers(0, 2, 2000)
    >>> table = looks(rng.random(2000) < 0.2 + 0.1 * treated, treated, [0.5, 1.0])
    >>> table[["look", "customers", "naive", "stop"]]
       look  customers  naive  stop
    0     1       1000   True  False
    1     2       2000   True   True
    """
    from scipy.stats import norm

    values, arm = read_floats(outcome, "outcome", finite=True), read_flags(treated, "treated")
    if values.shape != arm.shape or values.ndim != 1:
        raise CrmlibError(f"One outcome and one arm a customer are expected, got {values.shape} and {arm.shape}.")
    at = _shares(shares)
    ends = _ends(len(values), at)
    difference, z = (row[0] for row in _z(values, [_sums(values, arm, ends)]))
    p_value, bound = 2 * norm.sf(np.abs(z)), boundaries(at, policy=policy)
    alpha = policies.load(policy).experiments.alpha
    return pd.DataFrame(
        {"look": np.arange(1, len(at) + 1), "share": at, "customers": ends, "difference": difference, "z": z,
         "p_value": p_value, "naive": p_value < alpha, "bound": bound, "stop": np.abs(z) >= bound}
    )  # fmt: skip


def _ends(count: int, at: Floats) -> Ints:
    ends = np.floor(at * count + 1e-9).astype(np.int64)
    if not ends[0] or (np.diff(ends) < 1).any():
        raise CrmlibError(f"{count} customers are too few for {len(at)} looks.")
    return ends


def _sums(values: Floats, treated: Bools, ends: Ints) -> Floats:
    """Return customers, sums, squares and cubes up to each look, of the treated and of the control: (4, 2, looks)."""
    powers = np.stack([np.ones_like(values), values, values**2, values**3])
    both = np.cumsum(powers, axis=1)[:, ends - 1]
    own = np.cumsum(powers * treated, axis=1)[:, ends - 1]
    sums: Floats = np.stack([own, both - own], axis=1)
    if sums[0].min() < 2:  # noqa: PLR2004 - one customer is an anecdote
        raise CrmlibError("An arm has fewer than two customers at a look. Begin to look later.")
    return sums


def _z(values: Floats, rows: list[Floats]) -> tuple[Floats, Floats]:
    """Return differences and their z at each look, a row per allotment of arms."""
    from crmlib.arms.sums import kind_of

    stacked = np.stack(rows)[..., None]  # one stratum
    sums = arms.Sums(kind_of(values), *((stacked[:, power, 0], stacked[:, power, 1]) for power in range(4)))
    difference, z = arms.difference(sums), arms.corrected_z(sums)
    if sums.kind == "shares":
        return difference, z
    # where each arm can carry a normal of its own, variances apart, as `means` has them
    parts = [
        (q - t**2 / n)[..., 0] / ((n - 1) * n)[..., 0]
        for n, t, q in zip(sums.customers, sums.totals, sums.squares, strict=True)
    ]
    error = np.sqrt(np.maximum(parts[0] + parts[1], 0.0))
    apart = np.divide(difference, error, out=z.copy(), where=error > 0)
    many: Floats = np.where((sums.events >= _MANY) & (error > 0), apart, z)
    return difference, many


def aa_looks(outcome: ArrayLike, shares: ArrayLike, *, runs: int = 1000, treated: float = 0.5, seed: int = 1) -> Floats:
    """Run experiments in which nothing is done: the same customers, with arms drawn by lot.

    Parameters
    ----------
    outcome
        One number a customer of a real campaign. Each run draws new arms and a new order of arrival, so whatever it
        finds is a false alarm.
    shares
        As for `boundaries`.
    runs
        How many experiments.
    treated
        Chance of a customer to fall into the treated arm.
    seed
        Of the lots.

    Returns
    -------
    numpy.ndarray
        z, a row a run and a column a look.

    Examples
    --------
    >>> z = aa_looks(np.arange(1000) % 10 == 0, [0.5, 1.0], runs=200)
    >>> z.shape, bool((abs(z[:, 1]) > 1.96).mean() < 0.12)
    ((200, 2), True)
    """
    values = read_floats(outcome, "outcome", finite=True)
    ends = _ends(len(values), _shares(shares))
    rng = np.random.default_rng(seed)
    rows = [_sums(rng.permutation(values), rng.random(len(values)) < treated, ends) for _ in range(runs)]
    return _z(values, rows)[1]


def false_alarms(z: Floats, shares: ArrayLike, *, policy: Policy | str | dict[str, Any] | None = None) -> pd.DataFrame:
    """Count the experiments without effect that have called one, look after look.

    Parameters
    ----------
    z
        From `aa_looks`.
    shares
        The same as there.
    policy
        `experiments.alpha` and `experiments.spending`.

    Returns
    -------
    pandas.DataFrame
        One row a look: look, share, once (share of runs that call an effect at this look alone), naive (at this look or
        an earlier one, each tested at alpha), planned (the same by `boundaries`).

    Examples
    --------
    >>> false_alarms(np.array([[2.2, 0.1], [0.0, 2.1]]), [0.5, 1.0])
       look  share  once  naive  planned
    0     1    0.5   0.5    0.5      0.0
    1     2    1.0   0.5    1.0      0.5
    """
    from scipy.stats import norm

    at, sizes = _shares(shares), np.abs(z)
    called = sizes >= norm.isf(policies.load(policy).experiments.alpha / 2)
    by_plan = sizes >= boundaries(at, policy=policy)
    return pd.DataFrame(
        {"look": np.arange(1, len(at) + 1), "share": at, "once": called.mean(axis=0),
         "naive": np.maximum.accumulate(called, axis=1).mean(axis=0),
         "planned": np.maximum.accumulate(by_plan, axis=1).mean(axis=0)}
    )  # fmt: skip
