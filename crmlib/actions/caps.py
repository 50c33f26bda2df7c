"""Frequency caps: at most so many contacts of one person within so many days, over all sequences and within each.

Contacts are taken in the order in which they are due, and each is allowed if the caps leave room for it. All people
are gone through at once, first contacts first, so the time it takes grows with the busiest person's contacts only.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence as Several

    from crmlib.arrays import Bools, Ints

__all__ = ["Limit", "within_caps"]

_NEVER = np.iinfo(np.int64).min // 2


@dataclass(frozen=True)
class Limit:
    """At most `most` contacts within `within_us` microseconds, of those that `counts`; it holds back those it `binds`.

    Attributes
    ----------
    counts, binds
        Which contacts it counts, and which it may hold back: one flag a contact.
    most
        Of them.
    within_us
        A contact exactly so long ago counts no more.
    """

    counts: Bools
    binds: Bools
    most: int
    within_us: int


def within_caps(who: Ints, us: Ints, happened: Bools, limits: Several[Limit]) -> Ints:
    """Say which contacts the caps leave room for.

    Parameters
    ----------
    who
        Person of each contact, numbered from 0.
    us
        When it is due, in microseconds. Contacts come in the order in which they have precedence where they are due at
        the same time.
    happened
        Contacts that were made already: they count, and are not judged.
    limits
        The caps.

    Returns
    -------
    numpy.ndarray
        For each contact -1, or the number of the first limit that holds it back.

    Examples
    --------
    >>> who, us = np.array([0, 0, 0, 1]), np.array([10, 20, 30, 30])
    >>> every = np.ones(4, dtype=bool)
    >>> within_caps(who, us, ~every, [Limit(every, every, most=1, within_us=15)]).tolist()
    [-1, 0, -1, -1]
    """
    held = np.full(len(who), -1, dtype=np.int64)
    if not len(who) or not limits:
        return held
    order = np.lexsort((np.arange(len(who)), us, who))
    ranked = who[order]
    first = np.flatnonzero(np.append(True, ranked[1:] != ranked[:-1]))
    sizes = np.diff(np.append(first, len(ranked)))
    rank = np.arange(len(ranked)) - np.repeat(first, sizes)
    by_rank = order[np.argsort(rank, kind="stable")]
    ends = np.cumsum(np.bincount(rank))
    # the times of each person's last contacts, the oldest first: where the oldest of `most` is out, there is room
    latest = [np.full((int(who.max()) + 1, limit.most), _NEVER) for limit in limits]
    for start, end in zip(np.append(0, ends[:-1]), ends, strict=True):
        now = by_rank[start:end]
        judged = ~happened[now]
        for place, limit in enumerate(limits):
            bound = judged & limit.binds[now] & (held[now] < 0)
            full = latest[place][who[now], 0] > us[now] - limit.within_us if limit.most else np.ones(len(now), bool)
            held[now[bound & full]] = place
        made = now[held[now] < 0]
        for place, limit in enumerate(limits):
            if limit.most:
                counted = made[limit.counts[made]]
                times = latest[place][who[counted]]
                latest[place][who[counted]] = np.column_stack([times[:, 1:], us[counted]])
    return held
