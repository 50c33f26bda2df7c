"""What happened to a source's rows on their way into a shop, for its quality report."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import msgspec

from crmlib import words

if TYPE_CHECKING:
    from crmlib.engine import Table

__all__ = ["Finding", "Ledger", "counted"]


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
    doubts
        Those findings that take money out of the orders, or cast doubt on it: they are said when the shop is opened.
    statements
        What else is said then: sentences of their own.
    currency
        What the orders' money is in, where the source or the policy says so; else empty.
    no_sales
        Orders that are none by their status: what was given back of them lowers no other order.
    """

    findings: list[Finding] = field(default_factory=list)
    matched: dict[str, str] = field(default_factory=dict)
    numbered: bool = False
    doubts: list[Finding] = field(default_factory=list)
    statements: list[str] = field(default_factory=list)
    currency: str = ""
    no_sales: Table | None = None

    def note(self, finding: str, rows: int, amount: Any = None, *, aloud: bool = False) -> None:
        """Add a line to the quality report, unless it counts nothing.

        Parameters
        ----------
        finding, rows, amount
            As in `Finding`.
        aloud
            Whether it is said when the shop is opened, too.
        """
        if rows:
            line = Finding(finding, int(rows), None if amount is None else float(amount))
            self.findings.append(line)
            if aloud:
                self.doubts.append(line)

    def copy(self) -> Ledger:
        """Return a ledger that holds the same and can be changed by itself."""
        return Ledger(
            list(self.findings),
            dict(self.matched),
            self.numbered,
            list(self.doubts),
            list(self.statements),
            self.currency,
            self.no_sales,
        )

    def reset(self, before: Ledger) -> None:
        """Forget what was noted since.

        Parameters
        ----------
        before
            From `copy`.
        """
        self.findings, self.matched, self.numbered = before.findings, before.matched, before.numbered
        self.doubts, self.statements = before.doubts, before.statements
        self.currency, self.no_sales = before.currency, before.no_sales

    def summary(self, most: int = 5) -> list[str]:
        """Return what is said when the shop is opened: the findings with most money in them first.

        Parameters
        ----------
        most
            How many lines at most; the last says how many are left out, where there are more.
        """
        ranked = sorted(self.doubts, key=lambda line: (-abs(line.amount or 0), -line.rows))
        shown = ranked if len(ranked) <= most else ranked[: most - 1]
        lines = [f"- {counted(line.rows, line.amount)}: {line.finding}." for line in shown]
        left = len(ranked) - len(shown)
        return [*lines, *([f"- {left} findings more: see quality()."] if left else [])]


def counted(rows: int, amount: float | None) -> str:
    """Return a number of rows with the money in them.

    Examples
    --------
    >>> counted(1, 35), counted(1200, None)
    ('1 row, 35.00', '1,200 rows')
    """
    money = "" if amount is None else f", {amount:,.2f}"
    return f"{words.counted(rows, 'row')}{money}"
