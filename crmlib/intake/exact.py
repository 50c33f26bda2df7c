"""Records that share a mailbox or a phone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crmlib.intake.clusters import Clusters, Join

if TYPE_CHECKING:
    import pandas as pd

    from crmlib import policy

__all__ = ["join_by_key"]


def join_by_key(clusters: Clusters, table: pd.DataFrame, key: str, rules: policy.Intake) -> list[Join]:
    """Join records with the same key, within the people who can be told apart by their first names.

    A key that several people share (a family's phone) joins each person's own records; a record without a name could
    be any of them, and is left for review.

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
    list of Join
        What is left for a person to decide.
    """
    doubtful: list[Join] = []
    shared = table[table[key].notna() & table[key].duplicated(keep=False)]
    for _, group in shared.groupby(key, sort=True)["record_id"]:
        doubtful += _join_group(clusters, list(group), f"exact {key}", rules.shared_key_people)
    return doubtful


def _join_group(clusters: Clusters, group: list[str], reason: str, most: int) -> list[Join]:
    """Join the records of one key; return the doubtful pairs."""
    named = [record for record in group if clusters.who[record].first is not None]
    nameless = [record for record in group if clusters.who[record].first is None]
    people: list[str] = []  # the first record of each
    for record in named:
        if all(clusters.why_not(person, record) for person in people):
            people.append(record)
    if len(people) > most:
        return []
    for record in named:
        fits = [person for person in people if not clusters.why_not(person, record)]
        if fits:
            clusters.join(Join(fits[0], record, reason, 1.0))
    people = list({clusters.group(person): person for person in people}.values())
    if not people:
        people, nameless = nameless[:1], nameless[1:]
    doubtful = []
    for record in nameless:
        if len(people) == 1 and not clusters.join(Join(people[0], record, reason, 1.0)):
            continue
        if all(clusters.group(record) != clusters.group(person) for person in people):
            doubtful += [Join(person, record, f"{reason}, shared", 1 / len(people)) for person in people]
    return doubtful
