"""What customers do not tell: parameters on a limit, and directions in which the likelihood is flat."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from crmlib.arrays import Bools, Floats

__all__ = ["flat_message", "flat_parameters", "limit_message", "meaning"]

_ROUNDING = 1e-9
"""Curvature below this share of the largest is rounding."""
_KNOWN = 1e-4
"""Curvature times customers below this: a log of a parameter is not known to 100, so the parameter is not known."""
_PART = 0.05
_NOBODY = 1e-4
_TINY = 1e-2


def flat_parameters(names: Sequence[str], hessian: Floats, free: Bools, customers: float) -> list[str]:
    """Name the parameters that may move together without the likelihood noticing.

    Examples
    --------
    >>> flat_parameters(("alpha", "beta"), np.array([[1.0, -1.0], [-1.0, 1.0]]), np.array([True, True]), 1000)
    ['alpha', 'beta']
    """
    places = np.flatnonzero(free)
    if not len(places):
        return []
    curvature, directions = np.linalg.eigh(hessian[np.ix_(places, places)])
    flat = (curvature <= _ROUNDING * np.abs(curvature).max()) | (curvature * customers <= _KNOWN)
    part = np.abs(directions[:, flat]).max(axis=1, initial=0.0)
    return [names[int(place)] for place, share in zip(places, part, strict=True) if share > _PART]


def meaning(parameters: dict[str, float], held: Sequence[str], scale: float) -> str:
    """Say what it means for customers that parameters ended on a limit; time is measured in units of 1 / scale.

    Examples
    --------
    >>> meaning({"r": 0.9, "alpha": 60.0, "a": 1e-5, "b": 1e5}, ["a", "b"], 0.01)
    'nobody is seen to leave: P(alive) is 1 for all repeat buyers'
    """
    of = parameters
    sentences = []
    if {"a", "b"} <= of.keys() and {"a", "b"} & set(held):
        nobody = of["a"] / (of["a"] + of["b"]) < _NOBODY
        at_once = f"{of['a'] / (of['a'] + of['b']):.0%} leave at the first chance, the others never"
        apart = at_once if max(of["a"], of["b"]) < _TINY else "all customers leave with much the same chance"
        sentences.append(_NOBODY_LEAVES if nobody else apart)
    if {"s", "beta"} <= of.keys() and {"s", "beta"} & set(held):
        nobody = min(of["s"], of["s"] / (of["beta"] * scale)) < _NOBODY
        sentences.append(_NOBODY_LEAVES if nobody else "all customers leave at much the same rate")
    if "r" in of and {"r", "alpha"} & set(held):
        sentences.append("all customers buy at much the same rate" if of["r"] > 1 else "hardly anybody buys again")
    if set(of) == {"alpha", "beta"}:
        sentences.append("all customers leave with the same chance at every renewal")
    return "; ".join(sentences)


_NOBODY_LEAVES = "nobody is seen to leave: P(alive) is 1 for all repeat buyers"


def limit_message(who: str, held: Mapping[str, float], what: str, *, huge: bool) -> str:
    """Say which parameters ended on a limit, what that means, and what may settle them."""
    values = ", ".join(f"{name} = {value:.3g}" for name, value in held.items())
    way_out = " or penalizer_coef=0.001" if huge else ""
    return (
        f"{who}: these customers do not tell how large {' and '.join(held)} should be ({values}, where the search "
        f"stopped): {what}. The likelihood hardly changes beyond. Predictions for such customers hold, but these "
        f"parameters mean nothing alone and have no standard error. More customers, a longer time{way_out} may settle "
        "them."
    )


def flat_message(who: str, names: Sequence[str]) -> str:
    """Say that parameters may move together unnoticed."""
    return (
        f"{who}: these customers do not tell {' and '.join(names)} apart: they may move together without the "
        "likelihood noticing, and where the search stopped is chance. So are predictions beyond what was seen. More "
        "customers, a longer time or other histories may settle them."
    )
