"""Random numbers that depend on the seed and on the block of customers, never on how the work is split.

Customers are simulated in blocks of a fixed size. Each block, and each theme within it, draws from a Philox stream
of its own, spawned from the seed: so a block gives the same rows whether it is made alone, first or last, and
adding a draw to one theme does not move another.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from crmlib.arrays import Floats, Ints

__all__ = ["BLOCK", "THEMES", "choose", "stream"]

BLOCK = 20_000
"""Customers to a block. Part of the definition of a shop: changing it changes every shop above one block."""

THEMES = ("catalogue", "people", "life", "baskets", "visits", "mail", "service", "surveys", "contacts", "consent",
          "future")  # fmt: skip
"""The themes that draw separately. Append only: the position is the stream's key."""


def stream(seed: int, theme: str, block: int = 0) -> np.random.Generator:
    """Return the generator of one theme in one block.

    Examples
    --------
    >>> a, b = stream(7, "people", 3), stream(7, "people", 3)
    >>> bool(a.random() == b.random())
    True
    >>> bool(stream(7, "people", 3).random() == stream(7, "people", 4).random())
    False
    """
    key = np.random.SeedSequence(seed, spawn_key=(THEMES.index(theme), block))
    return np.random.Generator(np.random.Philox(key))


def choose(rng: np.random.Generator, weights: Floats, rows: Ints) -> Ints:
    """Draw one option per row, each row by its own line of `weights`.

    Parameters
    ----------
    rng
        Where the randomness comes from.
    weights
        One line of option weights per kind; they need not sum to one.
    rows
        The kind of each row.

    Examples
    --------
    >>> choose(stream(1, "people"), np.array([[0.0, 1.0], [1.0, 0.0]]), np.array([0, 1, 0])).tolist()
    [1, 0, 1]
    """
    edges = np.cumsum(weights / weights.sum(axis=1, keepdims=True), axis=1)[:, :-1]
    draws = rng.random(len(rows))
    option = np.zeros(len(rows), dtype=np.int64)
    for column in range(edges.shape[1]):
        option += draws >= edges[rows, column]
    return option
