"""How one answer compares with one reference."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Outcome"]


@dataclass(frozen=True)
class Outcome:
    """How one answer compares with one reference.

    Attributes
    ----------
    share
        Of the question's points, from 0 to 1.
    findings
        What failed.
    """

    share: float
    findings: list[str]
