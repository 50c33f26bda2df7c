"""Newton's method for the small likelihoods of customer models: gradient and Hessian in closed form.

The models have two to four parameters, so a step costs one pass over the unique rows and a 4x4 decomposition.
Newton needs five to ten passes where a quasi-Newton method needs thirty, and the Hessian it ends on is the
one that standard errors need. Convergence is judged by the gradient, never by a step that happened to be
small.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from crmlib.clv.problems import ConvergenceError

if TYPE_CHECKING:
    from collections.abc import Callable

    from crmlib.arrays import Bools, Floats

    Objective = Callable[[Floats], tuple[float, Floats, Floats]]

__all__ = ["Optimum", "covariance", "in_logs", "minimise"]

LONGEST_STEP = 2.0
"""In logs: no parameter changes by more than a factor of 7.4 in one step."""
SETTLED = 1e-6
"""A further step would change no parameter by more than this share."""
ROUNDING = 1e-10
"""A mean gradient below this is rounding error: where a long step would follow, the objective is flat."""
FLAT = 0.1
"""A parameter that such a step would change by more is one that the data do not settle."""
SUFFICIENT = 1e-4
"""Armijo's constant: the share of the promised decrease that a step must bring."""


@dataclass(frozen=True)
class Optimum:
    """Where the objective is smallest.

    Attributes
    ----------
    x, value, gradient, hessian
        The point, and the objective's value, gradient and Hessian there.
    steps
        How many Newton steps it took.
    free
        False where the data do not settle a parameter: it ended on its limit with the objective still falling beyond
        it, or where the objective is flat.
    """

    x: Floats
    value: float
    gradient: Floats
    hessian: Floats
    steps: int
    free: Bools


def minimise(
    objective: Objective,
    start: Floats,
    *,
    lower: Floats,
    upper: Floats,
    tol: float = 1e-7,
    max_steps: int = 200,
) -> Optimum:
    """Minimise a smooth function within limits.

    Each step is Newton's in the directions where the objective curves upwards; where it curves downwards the
    step goes downhill by the same length. Parameters on a limit stay there while the objective falls beyond
    it.

    Parameters
    ----------
    objective
        Returns value, gradient and Hessian.
    start, lower, upper
        The first point and the limits; the first point is moved inside the limits.
    tol
        The largest absolute entry of the gradient at the optimum.
    max_steps
        Give up after so many steps.

    Returns
    -------
    Optimum

    Raises
    ------
    ConvergenceError
        When the gradient is still larger than `tol` and no step brings the objective further down.

    Examples
    --------
    >>> import numpy as np
    >>> def bowl(x):
    ...     return float(np.cosh(x - 1).sum()), np.sinh(x - 1), np.diag(np.cosh(x - 1))
    >>> wide = np.full(2, 9.0)
    >>> minimise(bowl, np.zeros(2), lower=-wide, upper=wide).x.round(6).tolist()
    [1.0, 1.0]
    >>> minimise(bowl, np.zeros(2), lower=-wide, upper=np.array([0.5, 9])).free.tolist()
    [False, True]
    """
    x = np.clip(np.asarray(start, dtype=float), lower, upper)
    value, gradient, hessian = objective(x)
    if not np.isfinite(value):
        raise ConvergenceError(
            f"The search cannot start at {_show(x)} (logs of the scaled parameters): the likelihood is not "
            "finite there. Leave out initial_params, or start from a fitted model: fit(..., start=model)."
        )
    for count in range(max_steps):
        free = ~(((x <= lower) & (gradient > 0)) | ((x >= upper) & (gradient < 0)))
        slope = float(np.abs(gradient[free]).max(initial=0.0))
        step = _step(gradient, hessian, free)
        length = float(np.abs(step).max(initial=0.0))
        if slope <= ROUNDING or (slope <= tol and length <= SETTLED):
            return Optimum(x, value, gradient, hessian, count, free & (np.abs(step) <= FLAT))
        step = _within(gradient, hessian, free, lower - x, upper - x)
        better = _search(objective, x, value, gradient, step, lower, upper)
        if better is None:  # a limit cut the step short: downhill, each parameter by itself, always leads down
            step = np.where(free, -gradient / (np.abs(np.diag(hessian)) + ROUNDING), 0.0)
            step *= min(1.0, LONGEST_STEP / float(np.abs(step).max()))
            better = _search(objective, x, value, gradient, step, lower, upper)
        if better is None:
            if slope <= tol:
                return Optimum(x, value, gradient, hessian, count, free)
            break
        x, value, gradient, hessian = better
    raise ConvergenceError(
        f"The model did not converge: the log-likelihood still changes by {slope:.2g} per customer and unit "
        f"of the parameters' logs (tolerance {tol:.2g}) after {count + 1} steps, at {_show(x)}. Give it a "
        "penalizer_coef (0.001 first, then 0.01), start from a fitted model (fit(..., start=model)), or "
        "look for customers whose frequency is far beyond all others."
    )


def _within(gradient: Floats, hessian: Floats, free: Bools, lower: Floats, upper: Floats) -> Floats:
    """Return a Newton step, not too long, that ends inside the limits.

    The parameter that would pass its limit first goes just there, and the others go where that leaves them best.
    Cutting it alone would lead off the valley in which parameters move together: the search would creep along.
    """
    moving, step = free.copy(), np.zeros_like(gradient)
    while moving.any():
        slope = gradient + hessian[:, ~moving] @ step[~moving]
        step[moving] = _step(slope, hessian, moving)[moving]
        step[moving] *= min(1.0, LONGEST_STEP / float(np.abs(step[moving]).max(initial=LONGEST_STEP)))
        inside = np.clip(step, lower, upper)
        past = moving & (inside != step)
        if not past.any():
            break
        first = int(np.argmin(np.where(past, inside / np.where(past, step, 1.0), np.inf)))
        step[first] = inside[first]
        moving[first] = False
    return step


def _step(gradient: Floats, hessian: Floats, free: Bools) -> Floats:
    step = np.zeros_like(gradient)
    if free.any():
        curvature, directions = np.linalg.eigh(hessian[np.ix_(free, free)])
        size = np.maximum(np.abs(curvature), 1e-14 + 1e-13 * np.abs(curvature).max())
        step[free] = -directions @ ((directions.T @ gradient[free]) / size)
    return step


def _search(  # noqa: PLR0917
    objective: Objective,
    x: Floats,
    value: float,
    gradient: Floats,
    step: Floats,
    lower: Floats,
    upper: Floats,
) -> tuple[Floats, float, Floats, Floats] | None:
    """Return the first point along the step, halving it, that brings the objective down enough."""
    noise = 1e-13 * (1 + abs(value))
    share = 1.0
    while share > 1e-8:  # noqa: PLR2004
        trial = np.clip(x + share * step, lower, upper)
        new_value, new_gradient, new_hessian = objective(trial)
        promised = SUFFICIENT * float(gradient @ (trial - x))
        if np.isfinite(new_value) and new_value <= value + min(promised, 0.0) + noise:
            return trial, new_value, new_gradient, new_hessian
        share *= 0.5
    return None


def in_logs(parameters: Floats, gradient: Floats, hessian: Floats) -> tuple[Floats, Floats]:
    """Carry gradient and Hessian from the parameters over to their logs.

    Examples
    --------
    >>> import numpy as np
    >>> g, h = in_logs(np.array([2.0]), np.array([12.0]), np.array([[12.0]]))  # x**3 at x = 2
    >>> g.tolist(), h.tolist()  # exp(3 y) at y = log 2: 3 * 8 and 9 * 8
    ([24.0], [[72.0]])
    """
    scaled = parameters * gradient
    return scaled, np.outer(parameters, parameters) * hessian + np.diag(scaled)


def covariance(parameters: Floats, hessian: Floats, customers: float, free: Bools) -> Floats:
    """Return the covariance of the parameters, from the Hessian of the mean negative log-likelihood in their logs.

    The inverse Hessian over the number of customers is the covariance of the logs; the delta method
    multiplies entry i, j by both parameters. (lifetimes 0.11.3 multiplies by one of them twice, which is
    right on the diagonal only.) A parameter on its limit has no standard error: its row and column are NaN.

    Examples
    --------
    >>> import numpy as np
    >>> hessian = np.array([[2.0, 0.0], [0.0, 4.0]])
    >>> covariance(np.array([1.0, 2.0]), hessian, 100, np.array([True, True])).tolist()
    [[0.005, 0.0], [0.0, 0.01]]
    """
    result = np.full(hessian.shape, np.nan)
    if free.any():
        inside = np.ix_(free, free)
        try:
            inverse = np.linalg.inv(hessian[inside])
        except np.linalg.LinAlgError:
            return result
        if np.diag(inverse).min() > 0:
            inverse = (inverse + inverse.T) / 2
            result[inside] = np.outer(parameters[free], parameters[free]) * inverse / customers
    return result


def _show(x: Floats) -> str:
    return "(" + ", ".join(f"{value:.4g}" for value in x) + ")"
