"""How well found groups agree with the true ones, pair by pair."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import pandas as pd

from crmlib.errors import SchemaError

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Pairwise", "pairwise"]


class Pairwise(NamedTuple):
    """Pairs of records, counted.

    Attributes
    ----------
    precision
        Share of the pairs put together that belong together; 1 where none was put together.
    recall
        Share of the pairs that belong together that were put together; 1 where none belongs.
    found, true, both
        How many pairs were put together, how many belong together, and how many are both.
    """

    precision: float
    recall: float
    found: int
    true: int
    both: int


def pairwise(
    found: Mapping[str, str] | pd.Series[str],
    truth: Mapping[str, str] | pd.Series[str],
    *,
    side: Mapping[str, str] | pd.Series[str] | None = None,
) -> Pairwise:
    """Compare groups of records with the true ones: every two records of one group are a pair.

    Parameters
    ----------
    found
        Record -> the group it was put into.
    truth
        Record -> the group it belongs to; records that are not in it are left out.
    side
        Record -> its side, such as contact or account; given, only pairs across sides count.

    Raises
    ------
    SchemaError
        No record is in both.

    Examples
    --------
    >>> pairwise({"a": "1", "b": "1", "c": "1"}, {"a": "x", "b": "x", "c": "y"})
    Pairwise(precision=0.333..., recall=1.0, found=3, true=1, both=1)
    >>> pairwise({"a": "1", "b": "1", "c": "1"}, {"a": "x", "b": "x", "c": "x"}, side={"a": "s", "b": "s", "c": "t"})
    Pairwise(precision=1.0, recall=1.0, found=2, true=2, both=2)
    """
    table = pd.DataFrame({"found": pd.Series(found), "truth": pd.Series(truth)}).dropna()
    if table.empty:
        raise SchemaError("pairwise: no record is in both. Give the same record ids to found and truth.")
    counts = _pairs(table)
    if side is not None:
        table["side"] = pd.Series(side).reindex(table.index)
        for _, one in table.groupby("side"):
            counts = tuple(all_ - own for all_, own in zip(counts, _pairs(one), strict=True))
    together, belong, both = counts
    return Pairwise(both / together if together else 1.0, both / belong if belong else 1.0, together, belong, both)


def _pairs(table: pd.DataFrame) -> tuple[int, ...]:
    """Count the pairs within found groups, within true groups, and within both."""
    sizes = (table.groupby(by).size() for by in (["found"], ["truth"], ["found", "truth"]))
    return tuple(int((size * (size - 1) // 2).sum()) for size in sizes)
