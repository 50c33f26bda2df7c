"""Which records are one person: joined one by one, each join told, none against a name or an account."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from crmlib.intake.names import could_be_one

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Clusters", "Join", "Who"]


@dataclass(frozen=True)
class Who:
    """What a record says of who it is.

    Attributes
    ----------
    first, last
        Names as `crmlib.intake.tidying.plain` has them.
    account
        Whether it is a customer's account.
    """

    first: str | None
    last: str | None
    account: bool


@dataclass(frozen=True)
class Join:
    """One merge.

    Attributes
    ----------
    left, right
        The records by which two groups were joined.
    reason
        ``exact email``, ``exact phone``, ``probabilistic`` or ``decided``.
    score
        Probability that they are one person; 1 for what is exact or decided.
    """

    left: str
    right: str
    reason: str
    score: float


class Clusters:
    """Groups of records that are one person each.

    A join is refused where any first name of one group differs clearly from any of the other, where it would put two
    accounts into one person, and where a person has said that two records are not one. So nobody is merged by way of
    a third: two people who share a phone stay two, whoever else shares it with both.

    Parameters
    ----------
    who
        The records.
    typos
        See `crmlib.policy.Intake.name_typos`.
    apart
        Pairs of records that are not one person.
    """

    def __init__(self, who: dict[str, Who], typos: int, apart: Iterable[tuple[str, str]] = ()) -> None:
        self.who = who
        self.joins: list[Join] = []
        self._typos = typos
        self._group = {record: record for record in who}
        self._members = {record: [record] for record in who}
        self._apart: dict[str, set[str]] = {}
        for left, right in apart:
            self._apart.setdefault(left, set()).add(right)
            self._apart.setdefault(right, set()).add(left)

    def group(self, record: str) -> str:
        """Return the group of a record, named after one of its members."""
        return self._group[record]

    def why_not(self, left: str, right: str) -> str:
        """Return why the groups of two records cannot be one person; empty if they can.

        Parameters
        ----------
        left, right
            Records.
        """
        ours, theirs = self._members[self._group[left]], self._members[self._group[right]]
        if self._apart:
            kept = set(theirs)
            if any(not kept.isdisjoint(self._apart.get(record, ())) for record in ours):
                return "decided apart"
        if any(self.who[record].account for record in ours) and any(self.who[record].account for record in theirs):
            return "two accounts"
        for one in dict.fromkeys(self.who[record] for record in ours):
            for other in dict.fromkeys(self.who[record] for record in theirs):
                if self._differ(one, other):
                    return "first names differ"
        return ""

    def _differ(self, one: Who, other: Who) -> bool:
        if one.first is None or other.first is None or could_be_one(one.first, other.first, self._typos):
            return False
        if one.last is None or other.last is None:
            return True
        # first and last name may stand the wrong way round in one of them
        crossed = could_be_one(one.first, other.last, self._typos) and could_be_one(one.last, other.first, self._typos)
        return not crossed

    def join(self, join: Join, *, sure: bool = False) -> str:
        """Make one group of two, unless they are one already or cannot be; return why not.

        Parameters
        ----------
        join
            The merge.
        sure
            A person decided it: names and accounts are not asked.
        """
        left, right = self._group[join.left], self._group[join.right]
        if left == right:
            return ""
        reason = self.why_not(join.left, join.right)
        if reason and not sure:
            return reason
        if len(self._members[left]) < len(self._members[right]):
            left, right = right, left
        for record in self._members[right]:
            self._group[record] = left
        self._members[left] += self._members.pop(right)
        self.joins.append(join)
        return ""
