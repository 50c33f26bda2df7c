"""What every regression asks of its columns: numbers, one rule for what is missing, and an answer that exists.

A missing value is looked for before categories become numbers: afterwards it cannot be told from the first level.
A regression has no finite answer where a column is made up of others, or where a column parts the outcomes without
an exception (separation). Both are said in the caller's column names, before anything is estimated.
"""

from __future__ import annotations

import numbers
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd

from crmlib.errors import ModelError, SchemaError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crmlib.arrays import Bools, Floats

__all__ = [
    "Design",
    "encode",
    "join_names",
    "read_learnt",
    "read_numbers",
    "require_rank",
    "separating",
    "separation_of_two",
]

Missing = Literal["leave out", "refuse", "level"]
NO_ANSWER = "no answer"
MOST_LEVELS = 300
"""More levels than that are names or numbers, not kinds."""
FEW_LEVELS = 10
ROWS_PER_LEVEL = 3
SAME = 1e-6
"""A column of which less than this share is left beside the others is made up of them."""
NAMED = 4


@dataclass(frozen=True)
class Design:
    """A table as numbers.

    Attributes
    ----------
    numbers
        One row per row in use, one column per number, flag or level (but the first); by position.
    rows
        Which rows of the table are in use.
    source
        The table's column that each column stands for.
    """

    numbers: pd.DataFrame
    rows: Bools
    source: dict[str, str]


def encode(
    table: pd.DataFrame,
    what: str,
    *,
    missing: Missing = "leave out",
    separator: str = ": ",
    every_level: bool = False,
    among: Bools | None = None,
) -> Design:
    """Turn a table of numbers, booleans and categories into columns of numbers.

    Parameters
    ----------
    table
        One row per customer or answer.
    what
        What the table is to its caller, for messages.
    missing
        ``leave out`` rows with a missing value, ``refuse`` them, or take it for a ``level`` of its own (categories
        only: a missing number is refused). Empty text is missing.
    separator
        Between a column's name and a level.
    every_level
        Keep the first level's column, too: for shares rather than a regression.
    among
        Rows that count at all.

    Raises
    ------
    SchemaError
        A column occurs twice, holds dates or what is infinite, or lacks a value that may not be missing.
    ModelError
        A column of text has too many levels, or no row is complete.

    Examples
    --------
    >>> seen = pd.DataFrame({"plan": ["a", None, "b", "a"], "price": [5, 9, 9, 7]})
    >>> encode(seen, "covariates").numbers.to_dict("list")
    {'plan: b': [0.0, 1.0, 0.0], 'price': [5.0, 9.0, 7.0]}
    """
    names = _names(table, what)
    if not names:
        raise SchemaError(f"{what}: there is no column.")
    columns = {name: _read(what, name, table.iloc[:, position]) for position, name in enumerate(names)}
    among = np.ones(len(table), dtype=bool) if among is None else np.asarray(among, dtype=bool)
    rows = _complete(columns, among, what, missing)
    if not rows.any():
        raise ModelError(f"{what}: no row is complete. Leave out the columns that are mostly missing.")
    result: dict[str, Floats] = {}
    source: dict[str, str] = {}
    for name, values in columns.items():
        present = values[rows]
        if present.dtype == float:
            result[name], source[name] = present.to_numpy(), name
            continue
        levels = _levels(what, name, table.iloc[:, names.index(name)], present)
        text = present.fillna(NO_ANSWER).to_numpy()
        if present.isna().any() and NO_ANSWER not in levels:
            levels.append(NO_ANSWER)
        for level in levels if every_level else levels[1:]:
            column = f"{name}{separator}{level}"
            result[column], source[column] = (text == level).astype(float), name
    return Design(pd.DataFrame(result, index=np.arange(rows.sum())), rows, source)


def _complete(columns: dict[str, pd.Series], among: Bools, what: str, missing: Missing) -> Bools:
    """Return the rows in use, or refuse what is missing."""
    rows = among.copy()
    for name, values in columns.items():
        lacking = values.isna().to_numpy() & among
        if not lacking.any():
            continue
        row = int(lacking.argmax())
        if missing == "leave out":
            rows &= ~lacking
        elif missing == "refuse":
            raise SchemaError(
                f"{what}, column {name!r}: values are missing, first in row {row}. What is not known of all cannot "
                "weight or compare anyone: fill it in, or leave the column out."
            )
        elif values.dtype == float:
            raise SchemaError(f"{what}, row {row}, column {name!r}: there is no number. Fill it in, or leave it out.")
    return rows


def _read(what: str, name: str, column: pd.Series) -> pd.Series:
    """Return a column as floats, or as text with None for what is missing."""
    values = column.reset_index(drop=True)
    if pd.api.types.is_datetime64_any_dtype(values.dtype) or pd.api.types.is_timedelta64_dtype(values.dtype):
        raise SchemaError(f"{what}, column {name!r}: it holds dates. Turn them into a number, such as days since then.")
    present = values.notna().to_numpy()
    if isinstance(values.dtype, pd.CategoricalDtype) or not _are_numbers(values, present):
        text = values.astype(object).map(str, na_action="ignore").astype(object)
        return text.where(present & (text.astype(str).str.strip() != "").to_numpy(), None)
    floats = pd.Series(np.full(len(values), np.nan))
    floats[present] = values[present].astype(float).to_numpy()
    endless = np.isinf(floats.to_numpy())
    if endless.any():
        raise SchemaError(
            f"{what}, row {int(endless.argmax())}, column {name!r}: {floats[int(endless.argmax())]} is not a number to "
            "reckon with (the log of 0, or a division by 0?). Repair it, or leave the column out."
        )
    return floats


def _are_numbers(values: pd.Series, present: Bools) -> bool:
    if pd.api.types.is_numeric_dtype(values.dtype):  # booleans as well
        return not pd.api.types.is_complex_dtype(values.dtype)
    if values.dtype != object:
        return False
    return all(isinstance(value, numbers.Real) or type(value).__name__ == "Decimal" for value in values[present])


def _levels(what: str, name: str, column: pd.Series, present: pd.Series) -> list[str]:
    """Return the levels in use, in the category's order, and refuse what is no category."""
    used = present.dropna().unique()
    count = len(used)
    if count > MOST_LEVELS or (count > FEW_LEVELS and count * ROWS_PER_LEVEL > len(present)):
        raise ModelError(
            f"{what}: column {name!r} has {count} levels for {len(present)} rows: is it a number kept as text, or a "
            "name? Turn it into numbers, join its levels to a few kinds, or leave it out."
        )
    if isinstance(column.dtype, pd.CategoricalDtype):
        order = {str(level): place for place, level in enumerate(column.cat.categories)}
        return sorted(used, key=lambda level: order[level])
    return sorted(used)


def read_numbers(table: pd.DataFrame, what: str) -> Floats:
    """Return a table of numbers as floats, missing ones as NaN, whatever clothes they wear.

    Parameters
    ----------
    table
        One row per customer.
    what
        What the table is to its caller, for messages.

    Raises
    ------
    SchemaError
        A column occurs twice, or holds dates or what is infinite.
    ModelError
        A column is text.

    Examples
    --------
    >>> read_numbers(pd.DataFrame({"id": ["7590-V", "5575-G"]}), "the examples")
    Traceback (most recent call last):
    crmlib.errors.ModelError: the examples: column 'id' is text, with 2 levels for 2 rows: ...
    """
    names = _names(table, what)
    columns = []
    for position, name in enumerate(names):
        values = _read(what, name, table.iloc[:, position])
        if values.dtype != float:
            raise ModelError(
                f"{what}: column {name!r} is text, with {values.nunique()} levels for {len(values)} rows: is it a "
                "number kept as text, or a name? Give numbers (pandas.get_dummies makes them of a few kinds), or leave "
                "it out."
            )
        columns.append(values.to_numpy())
    return np.column_stack(columns) if columns else np.empty((len(table), 0))


def read_learnt(features: pd.DataFrame, names: Sequence[str]) -> Floats:
    """Return the features that a model learnt from as numbers, in its order.

    Parameters
    ----------
    features
        One row per customer.
    names
        The columns that the model learnt from.

    Raises
    ------
    SchemaError
        One of them is missing; or as for `read_numbers`.

    Examples
    --------
    >>> read_learnt(pd.DataFrame({"x": [1]}), ["y"])
    Traceback (most recent call last):
    crmlib.errors.SchemaError: features: there is no column 'y', from which the model learnt.
    """
    missing = [name for name in names if name not in features]
    if missing:
        raise SchemaError(f"features: there is no column {missing[0]!r}, from which the model learnt.")
    return read_numbers(features[list(names)], "the features")


def _names(table: pd.DataFrame, what: str) -> list[str]:
    """Return the columns' names as text, and refuse one that occurs twice."""
    names = [str(name) for name in table.columns]
    twice = [name for position, name in enumerate(names) if name in names[:position]]
    if twice:
        raise SchemaError(f"{what}: the column {twice[0]!r} occurs twice. Give each column a name of its own.")
    return names


def require_rank(design: pd.DataFrame, what: str) -> None:
    """Refuse a column that is made up of the ones before it, or that does not vary.

    Parameters
    ----------
    design
        The columns, as numbers.
    what
        Whose they are, for the message.

    Examples
    --------
    >>> require_rank(pd.DataFrame({"web": [1.0, 0, 0], "shop": [0.0, 1, 1]}), "covariates")
    Traceback (most recent call last):
    crmlib.errors.ModelError: covariates: 'shop' always goes with 'web', so ...
    """
    values = design.to_numpy(dtype=float)
    size, count = values.shape
    if size <= count:
        raise ModelError(f"{what}: {size} rows are too few for {count} columns. Leave some out, or wait for more rows.")
    spread = values.std(axis=0)
    flat = np.flatnonzero(~(spread > SAME**2 * np.abs(values).max(axis=0)))
    if len(flat):
        raise ModelError(f"{what}: {design.columns[flat[0]]!r} does not vary. Leave it out.")
    standard = np.column_stack([np.ones(size), (values - values.mean(axis=0)) / spread]) / np.sqrt(size)
    left = np.abs(np.diag(np.linalg.qr(standard, mode="r")))
    made_up = np.flatnonzero(left < SAME)
    if not len(made_up):
        return
    place = int(made_up[0])
    shares = np.linalg.lstsq(standard[:, :place], standard[:, place], rcond=None)[0]
    others = [str(design.columns[index - 1]) for index in range(1, place) if abs(shares[index]) > SAME]
    raise ModelError(
        f"{what}: {str(design.columns[place - 1])!r} always goes with {join_names(others)}, so its share cannot be "
        "told apart: it is made up of them. Leave one of them out."
    )


def separating(differences: Any) -> Floats | None:
    """Return a direction in which a likelihood rises for ever, or None where it has a highest point.

    Parameters
    ----------
    differences
        A row per term of the likelihood (dense or sparse), which never falls in a direction v if the row times v is 0
        or more, and rises for ever where it is more (Albert and Anderson, Biometrika 71, 1984).

    Examples
    --------
    >>> separating(np.array([[1.0, 0.0], [1.0, 1.0]])).tolist()
    [1.0, 1.0]
    >>> separating(np.array([[1.0, 0.0], [-1.0, 0.0], [0.0, 1.0], [0.0, -1.0]])) is None
    True
    """
    from scipy.optimize import linprog

    total = np.asarray(differences.sum(axis=0)).ravel()
    zeros = np.zeros(differences.shape[0])
    answer = linprog(-total, A_ub=-differences, b_ub=zeros, bounds=(-1, 1), method="highs")
    if answer.x is None:
        return None
    rises = differences @ answer.x
    return np.asarray(answer.x) if rises.max(initial=0.0) > 1e-3 and rises.min() > -SAME else None  # noqa: PLR2004


def separation_of_two(design: pd.DataFrame, outcome: Bools) -> tuple[list[str], Bools, Bools] | None:
    """Say which columns part a yes from a no, and which rows are then certain to be no, and to be yes.

    Parameters
    ----------
    design
        The columns, as numbers.
    outcome
        Two values.

    Examples
    --------
    >>> vip, answered = pd.DataFrame({"vip": [0.0, 0, 1, 1]}), np.array([True, False, False, False])
    >>> names, certain_no, _ = separation_of_two(vip, answered)
    >>> names, certain_no.tolist()
    (['vip'], [False, False, True, True])
    """
    values = design.to_numpy(dtype=float)
    spread = values.std(axis=0)
    standard = np.column_stack([np.ones(len(values)), (values - values.mean(axis=0)) / np.where(spread > 0, spread, 1)])
    distinct = np.unique(np.column_stack([standard, outcome]), axis=0)
    signs = np.where(distinct[:, -1] > 0, 1.0, -1.0)
    direction = separating(distinct[:, :-1] * signs[:, None])
    if direction is None:
        return None
    score = standard @ direction
    return in_direction(design, direction[1:]), score < -SAME, score > SAME


def in_direction(design: pd.DataFrame, direction: Floats) -> list[str]:
    """Name the columns that have part in a direction."""
    return [str(name) for name, part in zip(design.columns, direction, strict=True) if abs(part) > SAME]


def join_names(names: list[str]) -> str:
    """Return names as a sentence has them.

    Examples
    --------
    >>> join_names(["a", "b", "c"])
    "'a', 'b' and 'c'"
    """
    shown = [repr(name) for name in names[:NAMED]]
    if len(names) > NAMED:
        return f"{', '.join(shown)} and {len(names) - NAMED} more"
    return " and ".join(filter(None, [", ".join(shown[:-1]), *shown[-1:]])) or "the constant"
