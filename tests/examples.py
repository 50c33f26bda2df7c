"""How many examples a property is tried on: fewer before a commit than at full scale."""

from __future__ import annotations

from hypothesis import settings

#: What the profile `thorough` has, which the tests at full scale run with.
ALL = 100


def share(count: int) -> int:
    """Give as many of a property's own number of examples as the profile's number is of `ALL`."""
    return max(1, count * settings().max_examples // ALL)
