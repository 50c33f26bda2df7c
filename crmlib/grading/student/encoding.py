"""An answer as it travels in an output of the notebook: plain JSON all through.

Tables travel as JSON, too, column by column: whoever grades must read what a hostile notebook wrote, and a limit on
a JSON text holds, where a compressed binary format would have to be opened first (docs/decisions/0029).
"""

from __future__ import annotations

import copy
import json
import math
import sys
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import msgspec

from crmlib.errors import CrmlibError, ExerciseError
from crmlib.grading.spec.recorded import SIZE_LIMIT, VERSION
from crmlib.grading.student.describing import describe, is_drawn
from crmlib.notebook.recording import as_frame, to_json

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    import pandas as pd

__all__ = ["encode"]

_FIGURE_POINTS = 20_000
_ERROR_SHOWN = 200


def encode(question: str, value: Any, *, inputs: Iterable[Any] | None = None) -> dict[str, Any]:
    """Give the payload that an answer travels as.

    Parameters
    ----------
    question, value, inputs
        As for `crmlib.grading.answer`.

    Raises
    ------
    ExerciseError
        The value is too large, holds itself, or has a name twice. What is of no type that an answer can hold travels
        as words that describe it, so that whoever asked for something else can say so.

    Examples
    --------
    >>> encode("q1", [1, 2])
    {'version': 1, 'question': 'q1', 'kind': 'value', 'value': [1, 2]}
    """
    if not isinstance(question, str):
        raise ExerciseError(f'answer({question!r}, ...): the question comes first, as text, such as answer("q1", ...).')
    if inputs is not None and callable(value) and as_frame(value) is None:
        kind, stored = "outputs", [_output(question, value, copy.deepcopy(one)) for one in inputs]
    else:
        kind, stored = _stored(question, value)
    payload = {"version": VERSION, "question": question, "kind": kind, "value": stored}
    size = len(json.dumps(payload))
    if size > SIZE_LIMIT:
        raise ExerciseError(
            f"The answer to {question} takes {size / 1e6:,.1f} MB; an answer may take {SIZE_LIMIT / 1e6:,.0f} MB. "
            "Hand in what the question asks for: one row a customer, say, instead of one row an order."
        )
    return payload


def _stored(question: str, value: Any) -> tuple[str, Any]:
    library = type(value).__module__.partition(".")[0]
    axes = _axes(value)
    if axes is not None:
        return "figure", [_drawn(one, question) for one in axes]
    if is_drawn(value):
        return "value", _json(value, question)
    try:
        if library == "pandas" and type(value).__name__ == "Series":
            return "series", {"index": _listed(question, value.index), "values": _column(question, value)["values"]}
        frame = as_frame(value)
        if frame is not None:
            return "table", _table(question, frame)
        if library == "numpy" and getattr(value, "ndim", None):
            return "array", {"shape": list(value.shape), "values": _json(_flat(value), question)}
        if isinstance(value, msgspec.Struct):  # a plan of contacts
            value = msgspec.to_builtins(value)
        return "value", _json(_plain(value), question)
    except ExerciseError:
        raise
    except RecursionError:
        raise ExerciseError(f"The answer to {question} holds itself: hand in a plain list or dict.") from None
    except CrmlibError as error:
        said = str(error).replace("The record", "The answer to").replace("Record numbers", "Hand in numbers")
        raise ExerciseError(said) from None


def _plain(value: Any) -> Any:
    """Turn what is nearly a list into one, and money into a number."""
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, (set, frozenset)):
        return _sorted([_plain(one) for one in value])
    if isinstance(value, (list, tuple, range)) or type(value).__name__ in {"dict_keys", "dict_values", "Index"}:
        return [_plain(one) for one in value]
    if isinstance(value, dict):
        return {key: _plain(one) for key, one in value.items()}
    if type(value).__module__.partition(".")[0] == "pandas" and hasattr(value, "tolist"):
        return value.tolist()
    return value


def _sorted(values: list[Any]) -> list[Any]:
    """Sort what had no order: numbers by their size, and what cannot be compared by its text."""
    try:
        return sorted(values)
    except TypeError:
        return sorted(values, key=str)


def _json(value: Any, question: str) -> Any:
    """Give a value as JSON; what an answer cannot hold travels as words that describe it."""
    if is_drawn(value):
        return {"$other": describe(value)}
    return to_json(value, question, describe)


def _flat(array: Any) -> list[Any]:
    """Give the values of a numpy array; times as pandas has them, for numpy's own are bare counts of nanoseconds."""
    if array.dtype.kind not in "mM":
        return list(array.ravel().tolist())
    import pandas as pd

    return list(pd.Series(array.ravel()).tolist())


def _listed(question: str, values: Any) -> list[Any]:
    stored: list[Any] = _json([_plain(one) for one in values.tolist()], question)
    return stored


def _table(question: str, frame: pd.DataFrame) -> dict[str, Any]:
    frame = _with_index(frame)
    names = [str(name) for name in frame.columns]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise ExerciseError(f"The answer to {question} has two columns named {twice[0]!r}: rename one of them.")
    columns = [{"name": name, **_column(question, frame.iloc[:, place])} for place, name in enumerate(names)]
    return {"rows": len(frame), "columns": columns}


def _with_index(frame: pd.DataFrame) -> pd.DataFrame:
    """Make columns of an index that says something: one with a name, or of text."""
    there = {str(name) for name in frame.columns}
    levels = range(frame.index.nlevels)
    keep = [
        level
        for level in levels
        if (name := frame.index.names[level]) not in there
        and (name is not None or frame.index.get_level_values(level).dtype.kind not in "iu")
    ]
    dropped = [level for level in levels if level not in keep]
    if dropped:
        frame = frame.reset_index(level=dropped, drop=True) if keep else frame.reset_index(drop=True)
    return frame.reset_index() if keep else frame


def _column(question: str, column: pd.Series[Any]) -> dict[str, Any]:
    import pandas as pd

    if isinstance(column.dtype, pd.CategoricalDtype):
        column = column.astype(object)
    values: list[Any] = column.tolist()
    missing: list[bool] = column.isna().tolist()
    stored: list[Any]
    if pd.api.types.is_bool_dtype(column.dtype):
        kind, stored = "truth", [None if gone else bool(one) for one, gone in zip(values, missing, strict=True)]
    elif pd.api.types.is_integer_dtype(column.dtype):
        kind, stored = "integer", [None if gone else int(one) for one, gone in zip(values, missing, strict=True)]
    elif pd.api.types.is_float_dtype(column.dtype):
        kind, stored = "number", [_float(one, gone=gone) for one, gone in zip(values, missing, strict=True)]
    else:
        stored = [None if gone else _json(_plain(one), question) for one, gone in zip(values, missing, strict=True)]
        kind = "mixed"
    return {"type": kind, "values": stored}


def _float(value: Any, *, gone: bool) -> Any:
    if gone:
        return None
    return float(value) if math.isfinite(value) else {"$float": str(float(value))}


def _output(question: str, function: Callable[..., Any], given: Any) -> dict[str, Any]:
    try:
        if isinstance(given, dict):
            result = function(**given)
        elif isinstance(given, (list, tuple)):
            result = function(*given)
        else:
            result = function(given)
        kind, stored = _stored(question, result)
    except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever fails, fails at this input only
        said = " ".join(f"{type(error).__name__}: {error}".split())
        return {"error": said[:_ERROR_SHOWN]}
    return {"kind": kind, "value": stored}


def _axes(value: Any) -> Sequence[Any] | None:
    """Give the axes of a figure, of axes, or of an array of axes; None for anything else."""
    if "matplotlib" not in sys.modules:
        return None
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    if isinstance(value, Figure):
        return list(value.axes)
    if isinstance(value, Axes):
        return [value]
    ravelled = list(value.flat) if type(value).__module__ == "numpy" and getattr(value, "ndim", None) else value
    if isinstance(ravelled, (list, tuple)) and ravelled and all(isinstance(one, Axes) for one in ravelled):
        return ravelled
    return None


def _drawn(axes: Any, question: str) -> dict[str, Any]:
    """Give what axes show: their words, and the data of lines, bars, points and maps."""
    series: list[list[Any]] = [
        *([list(map(_number, line.get_xdata())), list(map(_number, line.get_ydata()))] for line in axes.lines),
        *([[_number(one) for one in bars.datavalues]] for bars in axes.containers if hasattr(bars, "datavalues")),
        *([[_number(one) for one in axis] for axis in points.get_offsets().T] for points in _points(axes)),
        *([[_number(one) for one in drawn.get_array().ravel()]] for drawn in _maps(axes)),
    ]
    count = sum(len(one) for parts in series for one in parts)
    if count > _FIGURE_POINTS:
        raise ExerciseError(
            f"The figure of {question} draws {count:,} numbers; {_FIGURE_POINTS:,} are enough. Draw a summary."
        )
    suptitle = getattr(axes.figure, "_suptitle", None)
    titles = [axes.get_title(loc=place) for place in ("center", "left", "right")]
    return {
        "title": next((one for one in titles if one.strip()), "" if suptitle is None else suptitle.get_text()),
        "xlabel": axes.get_xlabel(),
        "ylabel": axes.get_ylabel(),
        "series": series,
    }


def _points(axes: Any) -> list[Any]:
    from matplotlib.collections import PathCollection

    return [one for one in axes.collections if isinstance(one, PathCollection)]


def _maps(axes: Any) -> list[Any]:
    from matplotlib.collections import QuadMesh

    meshes = [one for one in axes.collections if isinstance(one, QuadMesh) and one.get_array() is not None]
    return [*meshes, *(one for one in axes.images if one.get_array() is not None)]


def _number(value: Any) -> Any:
    import numpy as np

    if np.ma.is_masked(value):
        return None
    if isinstance(value, np.datetime64):
        return to_json(value, "figure")
    try:
        number = float(value)
    except (TypeError, ValueError):
        return str(value)[:_ERROR_SHOWN]
    return number if math.isfinite(number) else {"$float": str(number)}
