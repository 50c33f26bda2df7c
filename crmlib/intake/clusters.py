"""Which records are one person: joined one by one, each join told, none against a name or an account."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from crmlib.intake.spellings import Likeness, Names

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
    company
        Its name, where it is a company's record.
    number
        Its telephone number, where its country is certain.
    birth_date
        Its digits.
    generation
        Which of several people of one name it is; see `crmlib.intake.honorifics.Bare`.
    """

    first: str | None
    last: str | None
    account: bool = False
    company: str | None = None
    number: str | None = None
    birth_date: str | None = None
    generation: str | None = None


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
    accounts, or a company and a person, into one, where a person has said that two records are not one, and where two
    are left for a person to decide. So nobody is merged by way of a third: two people who share a phone stay two,
    whoever else shares it with both.

    Parameters
    ----------
    who
        The records.
    names
        What is known of first names.
    apart
        Pairs of records that are not one person.
    """

    def __init__(self, who: dict[str, Who], names: Names, apart: Iterable[tuple[str, str]] = ()) -> None:
        self.who = who
        self.names = names
        self.keys: dict[str, set[str]] = {}
        self.places: dict[str, set[str]] = {}
        self.joins: list[Join] = []
        self._group = {record: record for record in who}
        self._members = {record: [record] for record in who}
        self._apart: dict[str, set[str]] = {}
        self._held: dict[str, set[str]] = {}
        for left, right in apart:
            _note(self._apart, left, right)

    def group(self, record: str) -> str:
        """Return the group of a record, named after one of its members."""
        return self._group[record]

    def hold(self, left: str, right: str) -> None:
        """Leave it to a person whether two records are one.

        Parameters
        ----------
        left, right
            Records.
        """
        _note(self._held, left, right)

    def met(self, left: str, right: str) -> bool:
        """Tell whether the groups of two records share a mailbox or a telephone.

        Parameters
        ----------
        left, right
            Records.
        """
        ours, theirs = (
            {key for member in self._members[self._group[record]] for key in self.keys.get(member, ())}
            for record in (left, right)
        )
        return not ours.isdisjoint(theirs)

    def decided_apart(self, left: str, right: str) -> bool:
        """Tell whether a person has said that the groups of two records are not one.

        Parameters
        ----------
        left, right
            Records.
        """
        return self._noted(self._apart, self._members[self._group[left]], self._members[self._group[right]])

    def why_not(self, left: str, right: str, *, surnames: bool = False, names: bool = True) -> str:
        """Return why the groups of two records cannot be one person; empty if they can.

        Parameters
        ----------
        left, right
            Records.
        surnames
            Whether different family names speak against it.
        names
            Whether different first names do.
        """
        ours, theirs = self._members[self._group[left]], self._members[self._group[right]]
        if self._noted(self._apart, ours, theirs):
            return "decided apart"
        if self._noted(self._held, ours, theirs):
            return "left to review"
        if any(self.who[record].account for record in ours) and any(self.who[record].account for record in theirs):
            return "two accounts"
        pairs = list(product(*(dict.fromkeys(self.who[record] for record in side) for side in (ours, theirs))))
        # whoever has changed the family name is found under either
        surnames = surnames and not any(self._one_family(*pair) for pair in pairs)
        reasons = (self.differ(*pair, surnames=surnames) for pair in pairs)
        return next((reason for reason in reasons if reason and (names or reason != "first names differ")), "")

    def _one_family(self, one: Who, other: Who) -> bool:
        return one.last is not None and other.last is not None and self.families_fit(one, other)

    def differ(self, one: Who, other: Who, *, surnames: bool = False) -> str:
        """Return what in two records' names says that they are two; empty if nothing does.

        Parameters
        ----------
        one, other
            What two records say of themselves.
        surnames
            Whether different family names speak against it.
        """
        if one.company is not None or other.company is not None:
            if one.company == other.company:
                return ""
            return "a company" if one.company is None or other.company is None else "companies differ"
        if one.generation is not None and other.generation is not None and one.generation != other.generation:
            return "generations differ"
        if not self.crossed(one, other):
            if self.alike(one, other) == "different":
                return "first names differ"
            if surnames and not self.families_fit(one, other):
                return "surnames differ"
        return ""

    def alike(self, one: Who, other: Who) -> Likeness:
        """Return how alike two records' first names are; one that is missing may be any.

        Parameters
        ----------
        one, other
            What two records say of themselves.
        """
        if one.first is None or other.first is None:
            return "short"
        return self.names.alike(one.first, other.first)

    def two_names(self, one: Who, other: Who) -> bool:
        """Tell whether two records' first names are known ones, and different, so that nobody need be asked.

        Parameters
        ----------
        one, other
            What two records say of themselves.
        """
        if one.first is None or other.first is None:
            return False
        return self.names.alike(one.first, other.first) == "different" and self.names.known(one.first, other.first)

    def families_fit(self, one: Who, other: Who) -> bool:
        """Tell whether two records' family names may be one; one that is missing may be any.

        Parameters
        ----------
        one, other
            What two records say of themselves.
        """
        return one.last is None or other.last is None or self.names.families_fit(one.last, other.last)

    def crossed(self, one: Who, other: Who) -> bool:
        """Tell whether first and last name may stand the wrong way round in one of two records.

        Parameters
        ----------
        one, other
            What two records say of themselves.
        """
        if one.first is None or one.last is None or other.first is None or other.last is None:
            return False
        near = {"same", "typo"}
        return self.names.alike(one.first, other.last) in near and self.names.alike(one.last, other.first) in near

    def join(self, join: Join, *, sure: bool = False, surnames: bool = False, names: bool = True) -> str:
        """Make one group of two, unless they are one already or cannot be; return why not.

        Parameters
        ----------
        join
            The merge.
        sure
            A person decided it: names and accounts are not asked.
        surnames
            Whether different family names speak against it.
        names
            Whether different first names do.
        """
        left, right = self._group[join.left], self._group[join.right]
        if left == right:
            return ""
        reason = "" if sure else self.why_not(join.left, join.right, surnames=surnames, names=names)
        if reason:
            return reason
        if len(self._members[left]) < len(self._members[right]):
            left, right = right, left
        for record in self._members[right]:
            self._group[record] = left
        self._members[left] += self._members.pop(right)
        self.joins.append(join)
        return ""

    @staticmethod
    def _noted(pairs: dict[str, set[str]], ours: list[str], theirs: list[str]) -> bool:
        if not pairs:
            return False
        there = set(theirs)
        return any(not there.isdisjoint(pairs.get(record, ())) for record in ours)


def _note(pairs: dict[str, set[str]], left: str, right: str) -> None:
    pairs.setdefault(left, set()).add(right)
    pairs.setdefault(right, set()).add(left)
