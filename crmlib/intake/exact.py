"""Records that share a mailbox or a phone."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING, Literal

from crmlib.intake.clusters import Clusters, Join, Who

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd

    from crmlib import policy

__all__ = ["join_by_key"]

#: Whether two records of one key are one person: yes; a person should be asked; no.
_Fit = Literal["one", "ask", "two"]


def join_by_key(clusters: Clusters, table: pd.DataFrame, key: str, rules: policy.Intake) -> tuple[list[Join], set[str]]:
    """Join records with the same key, within the people who can be told apart by their names.

    A key that several people share (a family's phone) joins each person's own records; a record without a name, or
    with an initial, that could be any of them is left for review, and so are different family names on one key.

    Parameters
    ----------
    clusters
        Where the joins go.
    table
        Records, the earliest first.
    key
        ``email`` or ``phone``.
    rules
        How many people a key may have.

    Returns
    -------
    list of Join, set of str
        What is left for a person to decide; and the values that more people than the policy allows share, which say
        nothing.
    """
    doubtful: list[Join] = []
    everybodys: set[str] = set()
    shared = table[table[key].notna() & table[key].duplicated(keep=False)]
    for value, group in shared.groupby(key, sort=True)["record_id"]:
        pairs = _join_group(clusters, list(group), f"exact {key}", rules.shared_key_people)
        if pairs is None:
            everybodys.add(str(value))
        doubtful += pairs or []
    return doubtful, everybodys


def _join_group(clusters: Clusters, group: list[str], reason: str, most: int) -> list[Join] | None:
    """Join the records of one key; return the doubtful pairs, or ``None`` if it is a switchboard's."""
    records: dict[Who, list[str]] = {}
    for record in group:
        who = clusters.who[record]
        number = who.number if reason == "exact phone" else None
        part = Who(who.first, who.last, company=who.company, number=number, generation=who.generation)
        records.setdefault(part, []).append(record)
    said = list(records)
    fits: dict[frozenset[Who], _Fit] = {frozenset(pair): _fit(clusters, *pair) for pair in combinations(said, 2)}
    near = {who: [other for other in said if other != who and fits[frozenset((who, other))] == "one"] for who in said}
    vague = {
        who
        for who in said
        if any(
            fits[frozenset(pair)] == "two" or not clusters.families_fit(*pair) for pair in combinations(near[who], 2)
        )
    }
    certain = [who for who in said if who not in vague]
    if _people(certain, near) > most:
        return None
    for who in certain:
        same = [record for other in near[who] if other not in vague for record in records[other][:1]]
        for record in [*records[who][1:], *same]:
            clusters.join(Join(records[who][0], record, reason, 1.0), surnames=True)
    asked = [pair for pair in combinations(certain, 2) if fits[frozenset(pair)] == "ask"]
    renamed = _renamed(clusters, records, asked)
    for one, other in renamed:
        clusters.join(Join(records[one][0], records[other][0], reason, 1.0))
    return [
        *_asked(clusters, records, [pair for pair in asked if pair not in renamed], reason),
        *_ambiguous(clusters, records, {who: near[who] for who in said if who in vague}, reason),
    ]


def _renamed(clusters: Clusters, records: dict[Who, list[str]], pairs: list[tuple[Who, Who]]) -> list[tuple[Who, Who]]:
    """Return the pairs in which one person has changed the family name: all the rest is the same.

    They share mailbox and telephone, or the mailbox and town or postcode; a telephone of the house alone may be two
    people's of the same first name. Where a third family name stands on the key, it is nobody's own.
    """
    families: list[Who] = []
    for who in records:
        if who.last is not None and not any(clusters.families_fit(who, other) for other in families):
            families.append(who)
    if len(families) != 2:  # noqa: PLR2004 - before and after
        return []
    return [
        (one, other)
        for one, other in pairs
        if one.company is None
        and other.company is None
        and not clusters.families_fit(one, other)
        and one.first is not None
        and other.first is not None
        and clusters.alike(one, other) in {"same", "typo"}
        and any(_own(clusters, left, right) for left in records[one] for right in records[other])
    ]


def _own(clusters: Clusters, left: str, right: str) -> bool:
    """Tell whether two records share what one person has alone: two keys, or a mailbox and the place."""
    shared = clusters.keys[left] & clusters.keys[right]
    near = clusters.places.get(left, set()) & clusters.places.get(right, set())
    return len(shared) > 1 or (bool(near) and any("@" in key for key in shared))


def _asked(
    clusters: Clusters, records: dict[Who, list[str]], pairs: list[tuple[Who, Who]], reason: str
) -> Iterator[Join]:
    """Yield the pairs whose names differ, and hold those that no probability may join."""
    for one, other in pairs:
        join = Join(records[one][0], records[other][0], f"{reason}, names differ", 0.5)
        if one.company or other.company or not clusters.families_fit(one, other):
            clusters.hold(join.left, join.right)
        yield join


def _ambiguous(
    clusters: Clusters, records: dict[Who, list[str]], near: dict[Who, list[Who]], reason: str
) -> Iterator[Join]:
    """Yield the records that could be any of several people, with each of them, and hold them."""
    for who, others in near.items():
        people = list({clusters.group(records[other][0]): records[other][0] for other in others}.values())
        for number, record in enumerate(records[who]):
            for person in [*people, *records[who][:number]]:
                if clusters.group(person) != clusters.group(record):
                    clusters.hold(person, record)
                    yield Join(person, record, f"{reason}, shared", 1 / len(people))


def _people(certain: list[Who], near: dict[Who, list[Who]]) -> int:
    """Return how many people there are among those who can be told apart."""
    left, count = set(certain), 0
    while left:
        count += 1
        reached = [left.pop()]
        while reached:
            further = [other for other in near[reached.pop()] if other in left]
            left -= set(further)
            reached += further
    return count


def _fit(clusters: Clusters, one: Who, other: Who) -> _Fit:
    if one.number is not None and other.number is not None and one.number != other.number:
        return "two"  # both were written in full, under two countries
    reason = clusters.differ(one, other, surnames=True)
    if reason in {"a company", "surnames differ"}:
        return "ask"
    if reason:
        return "two"
    if one.company is not None or clusters.crossed(one, other) or clusters.alike(one, other) != "spelling":
        return "one"
    return "ask"
