"""Which pairs a person should look at."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

import pandas as pd

from crmlib.intake.clusters import Clusters, Join

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["review", "strong_pairs"]

_COMPARED = ["given", "family", "generation", "company", "email", "phone", "city", "postcode", "street", "birth_date"]
_MOST = 50  # records that say the same of which every pair is listed; of more, each beside the first


def strong_pairs(clusters: Clusters, table: pd.DataFrame) -> Iterator[Join]:
    """Yield the pairs that agree in so much that a person should see them, unless they are one already.

    Parameters
    ----------
    clusters
        The people.
    table
        Records.
    """
    yield from _agreeing(clusters, table, ["email", "phone"], "exact email and phone", 0.5)
    yield from _agreeing(clusters, table, ["company", "mailbox"], "same company and mailbox", 0.5)
    yield from _agreeing(clusters, table, ["company", "phone"], "same company and phone", 0.5)
    named = table[table[["given", "family", "company"]].notna().any(axis=1)]
    yield from _agreeing(clusters, named.fillna(dict.fromkeys(_COMPARED, "")), _COMPARED, "identical", 0.0)


def _agreeing(clusters: Clusters, table: pd.DataFrame, columns: list[str], reason: str, score: float) -> Iterator[Join]:
    there = table.dropna(subset=columns)
    twice = there[there.duplicated(columns, keep=False)]
    for _, group in twice.groupby(columns, sort=True)["record_id"]:
        people = list({clusters.group(record): record for record in reversed(list(group))}.values())[::-1]
        pairs = combinations(people, 2) if len(people) <= _MOST else ((people[0], other) for other in people[1:])
        for left, right in pairs:
            one, other = clusters.who[left].number, clusters.who[right].number
            if "phone" not in columns or one is None or other is None or one == other:
                yield Join(left, right, reason, score)


def review(
    doubtful: Iterable[Join], clusters: Clusters, probability: pd.DataFrame, most: int
) -> tuple[pd.DataFrame, int]:
    """List the pairs that are still open, each pair of people once, the likeliest first.

    Parameters
    ----------
    doubtful
        Pairs.
    clusters
        The people.
    probability
        left, right, probability of the pairs that were scored.
    most
        How long the list may be.

    Returns
    -------
    pandas.DataFrame, int
        left_id, right_id, reason, score; and how many pairs were left off.
    """
    pairs = [pair for pair in doubtful if clusters.group(pair.left) != clusters.group(pair.right)]
    known = _known(pairs, probability)
    rows: dict[frozenset[str], tuple[str, str, str, float]] = {}
    for pair in sorted(pairs, key=lambda pair: (-_score(pair, known), pair.left, pair.right, pair.reason)):
        people = frozenset((clusters.group(pair.left), clusters.group(pair.right)))
        if people not in rows and not clusters.decided_apart(pair.left, pair.right):
            rows[people] = (pair.left, pair.right, pair.reason, _score(pair, known))
    frame = pd.DataFrame(list(rows.values())[:most], columns=["left_id", "right_id", "reason", "score"])
    types = {"left_id": "str", "right_id": "str", "reason": "str", "score": "float64"}
    return frame.astype(types), max(len(rows) - most, 0)


def _known(pairs: list[Join], probability: pd.DataFrame) -> dict[tuple[str, str], float]:
    """Return the probabilities of the pairs that are asked about."""
    asked = pd.DataFrame([sorted((pair.left, pair.right)) for pair in pairs], columns=["left", "right"], dtype="str")
    scored = asked.drop_duplicates().merge(probability, on=["left", "right"])
    return {(left, right): float(value) for left, right, value in scored.itertuples(index=False)}


def _score(pair: Join, known: dict[tuple[str, str], float]) -> float:
    """Return a pair's probability; where it was not scored, what it came with."""
    left, right = sorted((pair.left, pair.right))
    return pair.score if pair.reason.endswith("shared") else known.get((left, right), pair.score)
