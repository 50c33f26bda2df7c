"""Features as the numbers and codes that clustering methods take, the same for new customers as for the first ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import numpy as np

from crmlib.errors import SchemaError
from crmlib.schema import require

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

__all__ = ["Answer", "Encoding", "Number", "learn"]

#: Rates and amounts are skewed, so their logarithms count; of shares the square roots (Hellinger's distance).
_LOGS = ("orders_per_year", "visits_per_year", "average_order_value")
_ROOTS = ("category_", "zone_")


class Number(msgspec.Struct, frozen=True):
    """A numeric feature: its name, and the mean and standard deviation of its scaled values."""

    name: str
    mean: float
    deviation: float


class Answer(msgspec.Struct, frozen=True):
    """A feature of a few levels, in order if it is ordinal."""

    name: str
    levels: tuple[str, ...]
    ordered: bool


class Encoding(msgspec.Struct, frozen=True):
    """How features become numbers and codes.

    Attributes
    ----------
    numbers, answers
        The features that are used. One that is empty or the same for everyone tells nothing and is left out.
    """

    numbers: tuple[Number, ...]
    answers: tuple[Answer, ...]

    def scaled(self, features: pd.DataFrame) -> NDArray[np.float64]:
        """Return the numeric features, standardised; missing ones are NaN."""
        names = [number.name for number in self.numbers]
        require(features, "features", names, may_be_empty=names)
        columns = [(_scaled(features[n.name]) - n.mean) / n.deviation for n in self.numbers]
        return np.column_stack([np.empty((len(features), 0)), *columns])

    def coded(self, features: pd.DataFrame) -> NDArray[np.int64]:
        """Return the answers as codes from 0; -1 is a missing one, or one never seen before."""
        names = [answer.name for answer in self.answers]
        require(features, "features", names, may_be_empty=names)
        columns = [_codes(features[answer.name], answer.levels) for answer in self.answers]
        return np.column_stack([np.empty((len(features), 0), dtype=np.int64), *columns])


def learn(features: pd.DataFrame) -> Encoding:
    """Learn the scales and levels from features.

    Parameters
    ----------
    features
        From `crmlib.personas.features`: floats, ordered and unordered categories, booleans.

    Raises
    ------
    SchemaError
        A column is of another kind.
    """
    numbers: list[Number] = []
    answers: list[Answer] = []
    for name in features.columns:
        column = features[name]
        if column.dtype.name in {"boolean", "bool", "category"}:
            seen = set(column.dropna().astype(str))
            order = column.cat.categories.astype(str) if column.dtype.name == "category" else ["False", "True"]
            levels = tuple(level for level in order if level in seen)
            ordered = bool(column.dtype.name == "category" and column.cat.ordered)
            if len(levels) > 1:
                answers.append(Answer(str(name), levels, ordered))
        elif column.dtype.kind == "f":
            scaled = _scaled(column)
            known = scaled[~np.isnan(scaled)]
            if len(known) and known.std() > 1e-12 * (1 + abs(known.mean())):  # less is rounding
                numbers.append(Number(str(name), float(known.mean()), float(known.std())))
        else:
            raise SchemaError(
                f"features: column {name!r} is {column.dtype}. Use float, category, ordered category or boolean."
            )
    return Encoding(tuple(numbers), tuple(answers))


def _scaled(column: pd.Series) -> NDArray[np.float64]:
    values = column.to_numpy(dtype=np.float64, na_value=np.nan)
    if column.name in _LOGS:
        return np.asarray(np.log1p(np.maximum(values, 0)))
    roots = str(column.name).startswith(_ROOTS)
    return np.asarray(np.sqrt(np.maximum(values, 0)) if roots else values)


def _codes(column: pd.Series, levels: tuple[str, ...]) -> NDArray[np.int64]:
    places = {level: place for place, level in enumerate(levels)}
    said = column.astype("object").where(column.notna(), None)
    return np.array([places.get(str(answer), -1) for answer in said], dtype=np.int64)
