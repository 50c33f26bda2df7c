"""Features as the numbers and codes that clustering methods take, the same for new customers as for the first ones.

What a column is called means nothing: its kind is that of its type, its scale follows from its values or is stated.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, get_args

import msgspec
import numpy as np
import pandas as pd

from crmlib.errors import SchemaError
from crmlib.shop.required import require
from crmlib.words import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Mapping

    from crmlib.arrays import Floats, Ints

__all__ = ["Answer", "Encoding", "Number", "Scale", "learn", "table"]

Scale = Literal["linear", "root", "log"]
SCALES: tuple[Scale, ...] = get_args(Scale)
#: Values more skewed than this are counted by their roots or logarithms, where those are less skewed.
_SKEWED_SHARE, _SKEWED_AMOUNT = 1.0, 0.5
_SMALL = 0.5


class Number(msgspec.Struct, frozen=True):
    """A numeric feature.

    Attributes
    ----------
    name
        Of the column.
    mean, deviation
        Of its scaled values.
    scale
        ``linear``; ``root``, for shares (Hellinger's distance); ``log``, for amounts and counts.
    unit
        What the logarithm takes as 1: log(1 + value / unit).
    """

    name: str
    mean: float
    deviation: float
    scale: Scale = "linear"
    unit: float = 1.0


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
    left_out
        The names of those.
    """

    numbers: tuple[Number, ...]
    answers: tuple[Answer, ...]
    left_out: tuple[str, ...] = ()

    def scaled(self, features: pd.DataFrame) -> Floats:
        """Return the numeric features, standardised; missing ones are NaN."""
        names = [number.name for number in self.numbers]
        require(features, "features", names, may_be_empty=names)
        columns = [(_scaled(features[n.name], n.scale, n.unit) - n.mean) / n.deviation for n in self.numbers]
        return np.column_stack([np.empty((len(features), 0)), *columns])

    def coded(self, features: pd.DataFrame) -> Ints:
        """Return the answers as codes from 0; -1 is a missing one, or one never seen before."""
        names = [answer.name for answer in self.answers]
        require(features, "features", names, may_be_empty=names)
        columns = [_codes(features[answer.name], answer.levels) for answer in self.answers]
        return np.column_stack([np.empty((len(features), 0), dtype=np.int64), *columns])


def table(features: Any) -> pd.DataFrame:
    """Return features as a table with names as text.

    Parameters
    ----------
    features
        A DataFrame.

    Raises
    ------
    SchemaError
        It is something else, or two columns have one name.
    """
    if not isinstance(features, pd.DataFrame):
        raise SchemaError(
            f"features: expected a DataFrame, got {type(features).__name__}. Give one row a customer, a name to each "
            "column: pandas.DataFrame(..., columns=[...])."
        )
    named = features if all(isinstance(name, str) for name in features.columns) else features.rename(columns=str)
    if not named.columns.is_unique:
        twice = named.columns[named.columns.duplicated()][0]
        raise SchemaError(f"features: two columns are called {twice!r}. Give each a name of its own.")
    return named


def learn(features: pd.DataFrame, scale: Mapping[str, str] | None = None) -> Encoding:
    """Learn the scales and levels from features.

    Parameters
    ----------
    features
        From `crmlib.personas.features`, or others: numbers, ordered and unordered categories, booleans.
    scale
        Of numbers, by column: ``linear``, ``root`` or ``log``. The others' follow from their values.

    Raises
    ------
    SchemaError
        A column is of another kind, or holds what its scale cannot take.
    """
    stated = dict(scale or {})
    for name, word in stated.items():
        if name not in features:
            raise SchemaError(f"scale: there is no column {name!r}. {did_you_mean(name, list(features.columns))}")
        if word not in SCALES:
            raise SchemaError(f"scale: {name!r} is {word!r}. Use {', '.join(map(repr, SCALES))}.")
    numbers: list[Number] = []
    answers: list[Answer] = []
    left_out: list[str] = []
    for name in features.columns:
        column = features[name]
        if column.dtype.name in {"boolean", "bool", "category"}:
            answer = _answer(name, column)
            answers += [answer] if len(answer.levels) > 1 else []
            left_out += [name] if len(answer.levels) < 2 else []  # noqa: PLR2004 - one level tells nobody apart
        elif column.dtype.kind in "fiu":
            number = _number(name, column, stated.get(name))
            numbers += [number] if number else []
            left_out += [] if number else [name]
        else:
            raise SchemaError(
                f"features: column {name!r} is {column.dtype}. Use numbers, category, ordered category or boolean."
            )
    return Encoding(tuple(numbers), tuple(answers), tuple(left_out))


def _answer(name: str, column: pd.Series) -> Answer:
    seen = set(column.dropna().astype(str))
    order = column.cat.categories.astype(str) if column.dtype.name == "category" else ["False", "True"]
    levels = tuple(level for level in order if level in seen)
    return Answer(name, levels, bool(column.dtype.name == "category" and column.cat.ordered))


def _number(name: str, column: pd.Series, stated: str | None) -> Number | None:
    """Return how a column's numbers count; nothing if they are the same for everyone."""
    values = _values(column)
    known = values[~np.isnan(values)]
    if not len(known) or known.std() <= 1e-12 * (1 + abs(known.mean())):  # less is rounding
        return None
    positive = known[known > 0]
    # amounts are counted in ones, unless most of them are far below it, as millions are
    unit = float(np.quantile(positive, 0.05)) if len(positive) and np.median(positive) < _SMALL else 1.0
    scale: Any = stated or _fitting(known, unit)
    scaled = _scaled(column, scale, unit)
    scaled = scaled[~np.isnan(scaled)]
    return Number(name, float(scaled.mean()), float(scaled.std()), scale, unit)


def _fitting(known: Floats, unit: float) -> Scale:
    """Return the scale that makes values least skewed, the plain one where they hardly are or some lie below 0."""
    if known.min() < 0:
        return "linear"
    if known.max() <= 1:
        return "root" if _skew(known) > _SKEWED_SHARE else "linear"
    logs = np.log1p(known / unit)
    return "log" if _skew(known) > _SKEWED_AMOUNT and abs(_skew(logs)) < _skew(known) else "linear"


def _skew(values: Floats) -> float:
    deviation = values - values.mean()
    spread = float(np.sqrt(np.mean(deviation**2)))
    return float(np.mean((deviation / spread) ** 3)) if spread > 0 else 0.0


def _values(column: pd.Series) -> Floats:
    values = column.to_numpy(dtype=np.float64, na_value=np.nan)
    endless = np.isinf(values)
    if endless.any():
        row = column.index[int(endless.argmax())]
        raise SchemaError(
            f"features: column {column.name!r}, row {row!r}: {values[endless][0]} is no number. "
            "Leave it empty (None) if it is not known."
        )
    return values


def _scaled(column: pd.Series, scale: Scale, unit: float) -> Floats:
    values = _values(column)
    if scale == "linear":
        return values
    below = values < 0
    if below.any():
        row = column.index[int(below.argmax())]
        raise SchemaError(
            f"features: column {column.name!r}, row {row!r}: {values[below][0]:g} is below 0, and the column counts by "
            f"its {'logarithm' if scale == 'log' else 'root'}. Fit with scale={{{str(column.name)!r}: 'linear'}}."
        )
    return np.asarray(np.log1p(values / unit) if scale == "log" else np.sqrt(values))


def _codes(column: pd.Series, levels: tuple[str, ...]) -> Ints:
    places = {level: place for place, level in enumerate(levels)}
    said = column.astype("object").where(column.notna(), None)
    return np.array([places.get(str(answer), -1) for answer in said], dtype=np.int64)
