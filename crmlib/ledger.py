"""What happened to a source's rows on their way into a shop, for its quality report."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import msgspec

__all__ = ["Finding", "Ledger"]


class Finding(msgspec.Struct, frozen=True):
    """One line of a shop's quality report.

    Attributes
    ----------
    finding
        What was found, and what was done about it.
    rows
        How many rows, orders or customers.
    amount
        The money in them, in the shop's currency; ``None`` where it does not apply.
    """

    finding: str
    rows: int
    amount: float | None = None


@dataclass
class Ledger:
    """What was read, dropped, netted and taken for what, in the order in which it happened.

    Attributes
    ----------
    findings
        Counts for the quality report.
    matched
        Columns that were recognised by a usual spelling, not named by the caller: name here -> name in the source.
    numbered
        Whether the source has no order ids, so that each row became an order.
    """

    findings: list[Finding] = field(default_factory=list)
    matched: dict[str, str] = field(default_factory=dict)
    numbered: bool = False

    def note(self, finding: str, rows: int, amount: Any = None) -> None:
        """Add a line to the quality report, unless it counts nothing.

        Parameters
        ----------
        finding, rows, amount
            As in `Finding`.
        """
        if rows:
            self.findings.append(Finding(finding, int(rows), None if amount is None else float(amount)))
