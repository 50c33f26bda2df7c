"""The score test with its skewness corrected, and the interval that is its inversion.

A difference d is tested with the variance that the outcomes would have *if d were true*: both arms pooled, so that an
arm without events is no certainty. Events that are rare in a small arm make the difference skew; its third moment
corrects z (Gart and Nam, Biometrics 44, 1988; with strata: Laud, Pharmaceutical Statistics 16, 2017). The interval is
every d that the test does not reject, so the two never disagree. Where nothing is the true difference, mean, variance
and skewness are those of drawing the arms anew by lot, whatever the outcome.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from crmlib.arms.sums import both

if TYPE_CHECKING:
    from crmlib.arms.sums import Sums
    from crmlib.arrays import Floats

__all__ = ["corrected_z", "difference", "interval", "p_value", "standard_error"]

_DOUBLINGS, _HALVINGS = 60, 32
_NOTHING = 1e-12


def difference(sums: Sums) -> Floats:
    """Return treated minus control, weighted over the strata that have both arms; one number per comparison."""
    gap: Floats = (sums.weights * (_mean(sums, 0) - _mean(sums, 1))).sum(axis=-1)
    return gap


def corrected_z(sums: Sums, true: Floats | float = 0.0) -> Floats:
    """Return how far the difference lies from a true one, in standard errors, corrected for skewness.

    Parameters
    ----------
    sums
        The comparisons.
    true
        The difference that is tested.
    """
    gap, variance, third = _moments(sums, np.asarray(true, dtype=float))
    safe = np.where(variance > 0, variance, 1.0)
    # no variance: the difference is as tested, or it cannot be
    impossible = np.where(np.abs(gap) <= _NOTHING, 0.0, np.copysign(np.inf, gap))
    distance = np.where(variance > 0, gap / np.sqrt(safe), impossible)
    skew = np.where(variance > 0, third / (6 * safe**1.5), 0.0)
    # the root of z + skew (z^2 - 1) = distance, written so that no skewness is no special case
    with np.errstate(invalid="ignore"):
        root = np.sqrt(np.maximum(1 + 4 * skew * (distance + skew), 0.0))
        z = 2 * (distance + skew) / (1 + root)
    corrected: Floats = np.where(np.isinf(distance), distance, z)
    return corrected


def p_value(sums: Sums) -> Floats:
    """Return how often chance alone would open such a gap, or a wider one, in either direction."""
    from scipy.special import ndtr

    chance: Floats = 2 * ndtr(-np.abs(corrected_z(sums)))
    return chance


def standard_error(sums: Sums, true: Floats | float = 0.0) -> Floats:
    """Return the standard error that the difference would have if the true one were as given.

    Parameters
    ----------
    sums
        The arms' sums, by stratum.
    true
        The difference that is taken for the truth.
    """
    error: Floats = np.sqrt(_moments(sums, np.asarray(true, dtype=float))[1])
    return error


def interval(sums: Sums, level: float) -> tuple[Floats, Floats]:
    """Return all differences that the test does not reject, by halving.

    Parameters
    ----------
    sums
        The comparisons.
    level
        Of the interval.
    """
    from scipy.special import ndtri

    bound, gap = float(ndtri((1 + level) / 2)), difference(sums)
    step = np.maximum(standard_error(sums), 1e-9) + 1e-9
    if sums.kind != "numbers":  # where nothing happened, an event in the smaller arm is the scale
        biggest = np.divide(both(sums.squares).sum(-1), both(sums.totals).sum(-1), out=np.ones_like(gap),
                            where=both(sums.totals).sum(-1) > 0)  # fmt: skip
        step = np.maximum(step, biggest / np.maximum((sums.customers[0] + sums.customers[1]).sum(-1), 1))
    ends = []
    for sign in (-1.0, 1.0):  # at the low end z is too large, at the high end too small
        near, reach = gap.copy(), step.copy()
        for _ in range(_DOUBLINGS):
            inside = -sign * corrected_z(sums, _within(sums, gap + sign * reach)) < bound
            if not inside.any() or (sums.kind == "shares" and (reach[inside] > 2).all()):  # noqa: PLR2004 - from -1 to 1
                break
            near = np.where(inside, _within(sums, gap + sign * reach), near)
            reach = np.where(inside, 2 * reach, reach)
        far = _within(sums, gap + sign * reach)
        for _ in range(_HALVINGS):
            middle = (near + far) / 2
            inside = -sign * corrected_z(sums, middle) < bound
            near, far = np.where(inside, middle, near), np.where(inside, far, middle)
        ends.append(near)
    return ends[0], ends[1]


def _within(sums: Sums, gap: Floats) -> Floats:
    return np.clip(gap, -1.0, 1.0) if sums.kind == "shares" else gap


def _mean(sums: Sums, arm: int) -> Floats:
    n, total = sums.customers[arm], sums.totals[arm]
    mean: Floats = np.divide(total, n, out=np.zeros_like(n), where=n > 0)
    return mean


def _moments(sums: Sums, true: Floats) -> tuple[Floats, Floats, Floats]:
    """Return the distance of the difference from the true one, its variance and its third moment, strata added up."""
    weights, (n, m) = sums.weights, sums.customers
    delta = np.broadcast_to(true[..., None] if true.ndim else true, weights.shape)
    treated, control = _arm_moments(sums, delta)
    n, m = np.maximum(n, 1.0), np.maximum(m, 1.0)
    total = n + m
    # drawn into the arms by lot from those who are there (Miettinen and Nurminen have the same factor for shares): in
    # strata of two customers the variance is twice that of customers who come anew
    finite = total / np.maximum(total - 1, 1.0)
    gap = difference(sums) - true
    variance = (weights**2 * finite * (treated[0] / n + control[0] / m)).sum(axis=-1)
    third = (weights**3 * (treated[1] / n**2 - control[1] / m**2)).sum(axis=-1)
    return gap, variance, third


def _arm_moments(sums: Sums, delta: Floats) -> tuple[tuple[Floats, Floats], tuple[Floats, Floats]]:
    """Return variance and third moment of one customer's outcome in either arm, if `delta` is the difference."""
    if sums.kind == "shares":
        control = _restricted_share(sums, delta)
        treated = np.clip(control + delta, 0.0, 1.0)
        return _of_share(treated), _of_share(control)
    if sums.kind == "numbers":
        alike = _of_shifted(sums, delta)
        return alike, alike
    control = _restricted_mean(sums, delta)
    treated = np.maximum(control + delta, 0.0)
    spread, skew = _per_mean(sums, (treated, control))
    return (spread * treated, skew * treated), (spread * control, skew * control)


def _of_share(share: Floats) -> tuple[Floats, Floats]:
    variance = share * (1 - share)
    return variance, variance * (1 - 2 * share)


def _restricted_share(sums: Sums, delta: Floats) -> Floats:
    """Return the likeliest share of the control, if the difference is `delta` (Miettinen and Nurminen, 1985)."""
    (n, m), (k, j) = sums.customers, sums.totals
    total = np.maximum(n + m, 1.0)
    cubic = total
    square = (n + 2 * m) * delta - total - k - j
    linear = (m * delta - total - 2 * j) * delta + k + j
    constant = j * delta * (1 - delta)
    q = square**3 / (3 * cubic) ** 3 - square * linear / (6 * cubic**2) + constant / (2 * cubic)
    p = np.sign(q) * np.sqrt(np.maximum(square**2 / (3 * cubic) ** 2 - linear / (3 * cubic), 0.0))
    ratio = np.divide(q, p**3, out=np.ones_like(q), where=p != 0)
    angle = (np.pi + np.arccos(np.clip(ratio, -1.0, 1.0))) / 3
    share: Floats = np.clip(2 * p * np.cos(angle) - square / (3 * cubic), np.maximum(0.0, -delta),
                            np.minimum(1.0, 1 - delta))  # fmt: skip
    return share


def _restricted_mean(sums: Sums, delta: Floats) -> Floats:
    """Return the likeliest mean of the control, if the difference is `delta` and events come by Poisson's law."""
    (n, m), (k, j) = sums.customers, sums.totals
    total = np.maximum(n + m, 1.0)
    half = total * np.abs(delta) - k - j
    rare = np.where(delta >= 0, j, k)  # of the arm with the smaller mean
    root = np.sqrt(np.maximum(half**2 + 4 * total * rare * np.abs(delta), 0.0))
    # the same root in the form that does not cancel
    with np.errstate(divide="ignore", invalid="ignore"):
        small = np.where(half <= 0, (root - half) / (2 * total), 2 * rare * np.abs(delta) / (root + half))
    small = np.nan_to_num(small)
    mean: Floats = np.where(delta >= 0, small, small + np.abs(delta))
    return mean


def _per_mean(sums: Sums, means: tuple[Floats, Floats]) -> tuple[Floats, Floats]:
    """Return variance and third moment as multiples of the mean, both arms pooled around their means."""
    spread, skew, size = (np.zeros_like(means[0]) for _ in range(3))
    for mean, n, total, squares, cubes in zip(
        means, sums.customers, sums.totals, sums.squares, sums.cubes, strict=True
    ):
        safe = np.where(mean > 0, mean, 1.0)
        around = squares - 2 * mean * total + n * mean**2
        cubed = cubes - 3 * mean * squares + 3 * mean**2 * total - n * mean**3
        spread += np.where(mean > 0, around / safe, 0.0)
        skew += np.where(mean > 0, cubed / safe, 0.0)
        size += np.where(mean > 0, n, 0.0)
    size = np.maximum(size, 1.0)
    # a stratum where nothing happened, or to all the same, spreads as events by Poisson's law, of the others' size or 1
    total, squares, cubes = (both(pair).sum(axis=-1, keepdims=True) for pair in (sums.totals, sums.squares, sums.cubes))
    one = np.ones_like(total)
    usual = np.divide(squares, total, out=one.copy(), where=total > 0)
    usual_skew = np.divide(cubes, total, out=one.copy(), where=total > 0)
    alike = _spread_within(sums) <= _NOTHING * both(sums.squares)  # all of an arm alike: spread as both arms together
    pooled, pooled_skew = _of_shifted(sums, np.zeros_like(size))
    nothing = (both(sums.totals) == 0) | (pooled <= _NOTHING * both(sums.squares))
    mean = np.where(nothing, 1.0, both(sums.totals)) / np.maximum(both(sums.customers), 1.0)
    choices = [nothing, alike]
    return (
        np.select(choices, [np.broadcast_to(usual, size.shape), pooled / mean], spread / size),
        np.select(choices, [np.broadcast_to(usual_skew, size.shape), pooled_skew / mean], skew / size),
    )


def _spread_within(sums: Sums) -> Floats:
    """Return the sum of squares around the arms' own means."""
    parts = [q - np.divide(t**2, n, out=np.zeros_like(n), where=n > 0)
             for q, t, n in zip(sums.squares, sums.totals, sums.customers, strict=True)]  # fmt: skip
    within: Floats = parts[0] + parts[1]
    return within


def _of_shifted(sums: Sums, delta: Floats) -> tuple[Floats, Floats]:
    """Return variance and third moment of both arms, the treated shifted back by `delta`."""
    (n, m), (k, j), (k2, j2), (k3, j3) = sums.customers, sums.totals, sums.squares, sums.cubes
    total = np.maximum(n + m, 1.0)
    mean = (k - n * delta + j) / total
    shift = mean + delta  # what is taken off a treated customer
    variance = (k2 - 2 * shift * k + n * shift**2 + j2 - 2 * mean * j + m * mean**2) / total
    third = (k3 - 3 * shift * k2 + 3 * shift**2 * k - n * shift**3 + j3 - 3 * mean * j2 + 3 * mean**2 * j
             - m * mean**3) / total  # fmt: skip
    return np.maximum(variance, 0.0), third
