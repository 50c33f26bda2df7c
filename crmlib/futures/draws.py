"""Common random numbers: what fate holds for a customer in a week, whatever the plan.

Each theme of each week has a Philox stream of its own, keyed by the seed, and gives every customer as many numbers,
used or not. So two plans differ only where they act: one who is treated alike under both lives the same life in both.
Counts come by inversion, which moves with its mean and only upwards: a lift adds orders to those that would have come.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from crmlib.synth.chance import THEMES

if TYPE_CHECKING:
    from crmlib.arrays import Floats, Ints


__all__ = ["SLOTS", "Draws", "poisson_inverse"]

SLOTS = 4
"""Orders of a customer in a week with fates of their own; a fifth shares that of the first."""

_THEMES = ("orders", "logins", "login_time", "time", "value", "late", "problem", "ticket", "quick", "mood", "redeem",
           "answers", "answer", "opens", "unsubscribes", "control", "wait")  # fmt: skip


class Draws:
    """The numbers of one week.

    Parameters
    ----------
    seed
        Of the future.
    week
        From 0.
    size
        Customers.

    Examples
    --------
    >>> a, b = Draws(1, 0, 5), Draws(1, 0, 5)
    >>> _ = b.each("logins")
    >>> bool((a.each("orders") == b.each("orders")).all())
    True
    """

    def __init__(self, seed: int, week: int, size: int) -> None:
        self._key = (seed, week)
        self._size = size
        self._slots: dict[str, tuple[np.random.Generator, list[Floats]]] = {}

    def each(self, theme: str) -> Floats:
        """Return one uniform number for every customer.

        Parameters
        ----------
        theme
            What it decides.
        """
        return self._stream(theme).random(self._size)

    def slots(self, theme: str, customer: Ints, slot: Ints) -> Floats:
        """Return the uniform numbers of single events.

        Parameters
        ----------
        theme
            What they decide.
        customer
            Whose events.
        slot
            The customer's how manieth of the week, from 0.
        """
        stream, rows = self._slots.get(theme) or self._slots.setdefault(theme, (self._stream(theme), []))
        place = slot % SLOTS
        found = np.empty(len(customer))
        for number in range(int(place.max(initial=-1)) + 1):
            if number == len(rows):  # the rows come one after another: those that nobody asks for are not drawn
                rows.append(stream.random(self._size))
            mine = place == number
            found[mine] = rows[number][customer[mine]]
        return found

    def _stream(self, theme: str) -> np.random.Generator:
        seed, week = self._key
        key = np.random.SeedSequence(seed, spawn_key=(THEMES.index("future"), _THEMES.index(theme), week))
        return np.random.Generator(np.random.Philox(key))


def poisson_inverse(uniform: Floats, mean: Floats) -> Ints:
    """Return Poisson counts by inversion: the same number gives no fewer at a higher mean.

    Parameters
    ----------
    uniform
        Numbers in [0, 1).
    mean
        Of each count.

    Examples
    --------
    >>> poisson_inverse(np.array([0.5, 0.5, 0.5]), np.array([0.1, 1.0, 5.0])).tolist()
    [0, 1, 5]
    """
    count = np.zeros(len(uniform), dtype=np.int64)
    chance = np.exp(-mean)
    left = np.flatnonzero(uniform >= chance)
    below, chance = chance[left], chance[left]
    while len(left):
        count[left] += 1
        chance = chance * mean[left] / count[left]
        below = below + chance
        more = (uniform[left] >= below) & (chance > 0)
        left, below, chance = left[more], below[more], chance[more]
    return count
