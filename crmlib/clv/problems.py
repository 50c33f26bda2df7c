"""What can go wrong with a model, in the caller's terms."""

from __future__ import annotations

from crmlib.clv import peer
from crmlib.errors import ModelError

__all__ = ["ConvergenceError"]


class ConvergenceError(ModelError, peer.ConvergenceError):  # type: ignore[misc]
    """The search for the parameters ended away from an optimum.

    Also lifetimes' own `ConvergenceError` and a `ValueError`, so that code written for lifetimes catches it.
    """
