"""Customers who look alike are one row with a weight.

A model of purchase counts sees a customer as frequency, recency and T only. A million customers watched for
two years in weeks are some ten thousand such rows, and a billion are hardly more: the likelihood is summed
over the unique rows, each times its weight, and the fit costs what the unique rows cost. Logs and special
functions are taken once per distinct value of a column, not once per row.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from crmlib.arrays import Floats, Ints

__all__ = [
    "Levels",
    "Pairs",
    "Rows",
    "blocks",
    "collapse",
    "combine",
    "pairs",
    "unique_rows",
]


DENSE = 4096
"""Whole numbers in so short a range are their own codes, however few the rows."""
TABLE = 1 << 16
"""A table of so many possible pairs is looked up in, however few the rows: it stays in the processor's cache."""
BLOCK = 1 << 13
"""Rows are worked on in blocks whose intermediate columns stay in the cache, and in memory that is at hand already."""
LARGEST_KEY = 2**62


@dataclass(frozen=True)
class Levels:
    """A column as its distinct values (ascending) and, for each row, the place of its value among them.

    Whole numbers of a short range keep every number of the range as a value, used or not: that is quicker.
    """

    distinct: Floats
    codes: Ints

    @property
    def column(self) -> Floats:
        """The column as it was."""
        return self.distinct[self.codes]

    @classmethod
    def of(cls, column: Floats) -> Levels:
        """Factorise a column without NaN.

        Examples
        --------
        >>> import numpy as np
        >>> levels = Levels.of(np.array([2.5, 0.5, 2.5]))
        >>> levels.distinct.tolist(), levels.codes.tolist()
        ([0.5, 2.5], [1, 0, 1])
        """
        low, high = column.min(), column.max()
        if high - low < max(DENSE, column.size):
            whole = column.astype(np.int64)
            if (whole == column).all():
                if low:
                    whole -= int(low)
                return cls(np.arange(int(low), int(high) + 1, dtype=float), whole)
        codes, values = pd.factorize(column, sort=True)
        return cls(np.asarray(values, dtype=float), np.asarray(codes, dtype=np.int64))


@dataclass(frozen=True)
class Rows:
    """Unique rows with weights.

    Attributes
    ----------
    columns
        Name to `Levels`, in the order of the model's arguments.
    weights
        How many customers each row stands for.
    """

    columns: Mapping[str, Levels]
    weights: Floats

    @property
    def customers(self) -> float:
        """How many customers the rows stand for."""
        return float(self.weights.sum())

    def __len__(self) -> int:
        return self.weights.size

    def to_pandas(self) -> pd.DataFrame:
        """Return the rows as a table, with a column `weights`."""
        table = {name: levels.column for name, levels in self.columns.items()}
        return pd.DataFrame(table | {"weights": self.weights})

    def weighted(self, weights: Floats) -> Rows:
        """Return the same rows with other weights; rows of weight zero cost nothing."""
        return self.take(np.flatnonzero(weights), weights)

    def every(self, stride: int) -> Rows:
        """Return every so many-th row: a sample that spreads over the whole table, as the rows are sorted."""
        return self.take(np.arange(0, len(self), stride), self.weights)

    def take(self, places: Ints, weights: Floats) -> Rows:
        """Return some of the rows."""
        columns = {name: replace(levels, codes=levels.codes[places]) for name, levels in self.columns.items()}
        return Rows(columns, weights[places])


def unique_rows(columns: Mapping[str, Floats], weights: Floats | None = None) -> Rows:
    """Collapse columns to their unique rows, sorted, with the number of customers (or the weight) of each.

    Examples
    --------
    >>> import numpy as np
    >>> rows = unique_rows({"frequency": np.array([2.0, 0, 2]), "T": np.array([9.0, 5, 9])})
    >>> rows.to_pandas().values.tolist()
    [[0.0, 5.0, 1.0], [2.0, 9.0, 2.0]]
    """
    levels = [Levels.of(column) for column in columns.values()]
    key, sizes = _key(levels)
    span = int(np.prod([float(size) for size in sizes]))
    if span <= 4 * key.size:  # few possible rows: count them where they stand
        tally = np.bincount(key, weights=weights, minlength=span)
        unique = np.flatnonzero(tally)
        counts = tally[unique].astype(float)
    elif weights is None:
        key = np.sort(key)
        starts = np.flatnonzero(np.concatenate(([True], key[1:] != key[:-1])))
        unique = key[starts]
        counts = np.diff(np.append(starts, key.size)).astype(float)
    else:
        order = np.argsort(key, kind="stable")
        key = key[order]
        starts = np.flatnonzero(np.concatenate(([True], key[1:] != key[:-1])))
        unique = key[starts]
        counts = np.add.reduceat(weights[order].astype(float), starts)
    codes = _codes(unique, sizes)
    return Rows(
        {name: Levels(level.distinct, code) for name, level, code in zip(columns, levels, codes, strict=True)},
        counts,
    )


def _key(levels: Sequence[Levels]) -> tuple[Ints, list[int]]:
    """Return one whole number per row that stands for all its columns, and the number of values of each column."""
    sizes = [level.distinct.size for level in levels]
    if float(np.prod([float(size) for size in sizes])) > LARGEST_KEY:
        raise OverflowError(f"{sizes} distinct values a column are more combinations than a 64-bit key can hold")
    key = levels[0].codes
    for level in levels[1:]:
        key = key * level.distinct.size + level.codes
    return key, sizes


def _codes(key: Ints, sizes: Sequence[int]) -> list[Ints]:
    """Undo `_key`."""
    codes: list[Ints] = []
    for size in reversed(sizes[1:]):
        key, code = np.divmod(key, size)
        codes.append(code)
    return [key, *reversed(codes)]


@dataclass(frozen=True)
class Pairs:
    """The distinct pairs of two columns: compute once per pair, then spread over the rows.

    Attributes
    ----------
    first, second
        The distinct pairs.
    key
        For each row, where its pair's value stands in a `table`.
    """

    first: Floats
    second: Floats
    key: Ints
    _unique: Ints
    _span: int

    @property
    def place(self) -> Ints:
        """For each row, the place of its pair among the distinct ones."""
        if not self._span:
            return self.key
        table = np.empty(self._span, dtype=np.int64)
        table[self._unique] = np.arange(self._unique.size)
        return table[self.key]

    def table(self, values: Floats) -> Floats:
        """Return the pairs' values such that ``table[key]`` are those of the rows."""
        if not self._span:
            return values
        table = np.empty(self._span)
        table[self._unique] = values
        return table

    def spread(self, values: Floats) -> Floats:
        """Return for each row the value of its pair."""
        return self.table(values).take(self.key)


def pairs(first: Floats, second: Floats) -> Pairs:
    """Find the distinct pairs of two columns.

    Examples
    --------
    >>> import numpy as np
    >>> found = pairs(np.array([1.0, 0, 1]), np.array([9.0, 7, 9]))
    >>> found.first.tolist(), found.second.tolist()
    ([0.0, 1.0], [7.0, 9.0])
    >>> found.spread(found.first + found.second).tolist()
    [10.0, 7.0, 10.0]
    """
    one, two = Levels.of(first), Levels.of(second)
    key, sizes = _key([one, two])
    span = sizes[0] * sizes[1]
    if span <= 4 * key.size + TABLE:
        seen = np.zeros(span, dtype=bool)
        seen[key] = True
        unique = np.flatnonzero(seen)
    else:
        unique, key = np.unique(key, return_inverse=True)
        span = 0
    a, b = _codes(unique, sizes)
    return Pairs(one.distinct[a], two.distinct[b], key, unique, span)


def blocks(rows: int) -> Iterator[slice]:
    """Cut rows into blocks.

    Examples
    --------
    >>> list(blocks(10_000))
    [slice(0, 8192, None), slice(8192, 16384, None)]
    """
    return (slice(begin, begin + BLOCK) for begin in range(0, rows, BLOCK))


def collapse(summary: Any, columns: Sequence[str] = ("frequency", "recency", "T")) -> pd.DataFrame:
    """Collapse a summary to its unique rows with weights.

    Parameters
    ----------
    summary
        A pandas table with a row per customer, or with rows that already carry `weights` (then these are
        added up), or anything with `.to_pandas()`. A table of an engine is grouped there (crmlib/sql/clv_collapse.sql):
        only unique rows travel.
    columns
        What makes two customers alike. Gamma-Gamma needs ``("frequency", "monetary_value")``.

    Returns
    -------
    pandas.DataFrame
        `columns` and `weights` (customers), sorted by `columns`; and period, where the summary names its unit.

    Raises
    ------
    ModelError
        When a column is missing or holds what the models cannot use.

    Examples
    --------
    >>> import pandas as pd
    >>> summary = pd.DataFrame({"frequency": [0, 0, 2], "recency": [0, 0, 30], "T": [39, 39, 39]})
    >>> collapse(summary).values.tolist()
    [[0.0, 0.0, 39.0, 2.0], [2.0, 30.0, 39.0, 1.0]]
    """
    from crmlib.clv.inputs import read_summary

    data = read_summary(summary, columns)
    table = unique_rows(data.columns, data.weights).to_pandas()
    return table if data.period is None else table.assign(period=data.period)


def combine(*summaries: Any, columns: Sequence[str] = ("frequency", "recency", "T")) -> pd.DataFrame:
    """Collapse several summaries, weighted or not, into one: yesterday's unique rows plus today's customers.

    Parameters
    ----------
    *summaries
        Tables with the columns, and with ``weights`` where a row stands for several customers.
    columns
        What makes two customers alike.

    Examples
    --------
    >>> import pandas as pd
    >>> old = pd.DataFrame({"frequency": [0], "recency": [0], "T": [39], "weights": [1000]})
    >>> new = pd.DataFrame({"frequency": [0, 1], "recency": [0, 9], "T": [39, 39]})
    >>> combine(old, new).values.tolist()
    [[0.0, 0.0, 39.0, 1001.0], [1.0, 9.0, 39.0, 1.0]]
    """
    return collapse(pd.concat([collapse(summary, columns) for summary in summaries], ignore_index=True), columns)
