"""Key results of a notebook, recorded where they are computed and read back from the executed file.

`record` leaves an output with a mimetype of its own in the notebook. Its payload is plain JSON: scalars, lists and
dicts as they are, what JSON lacks under a ``$`` key, tables as Parquet bytes in base64. Nothing is pickled, so
reading a notebook that somebody else has run executes none of their code.
"""

from __future__ import annotations

import base64
import binascii
import datetime as dt
import io
import json
import math
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crmlib.errors import CrmlibError
from crmlib.words import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import pandas as pd

__all__ = ["MIMETYPE", "Unrecordable", "read_payloads", "read_records", "record", "running_shell"]

MIMETYPE = "application/vnd.crmlib.record+json"
VERSION = 1
SIZE_LIMIT = 20_000_000  # bytes of one record: a notebook stays a file that a browser can open
#: What a recorded number counts or measures.
UNITS = ("count", "share", "money", "days", "p_value", "points", "factor", "per_100", "per_1000", "number")
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")
_SHOWN = 80


@dataclass(frozen=True)
class Unrecordable:
    """Stands for a value that JSON cannot hold, where a caller of `to_json` describes such values.

    Attributes
    ----------
    text
        What it was, in words: ``a time span``.

    Examples
    --------
    >>> from_json(to_json([1, object()], "q1", describe=lambda value: type(value).__name__))
    [1, Unrecordable(text='object')]
    """

    text: str


def record(
    name: str,
    value: Any,
    *,
    label: str = "",
    unit: str = "",
    interval: tuple[float, float] | list[float] | None = None,
    key: bool = False,
) -> None:
    """Record a key result of the notebook under a name.

    The runner collects what was recorded into ``results.json`` and ``tables/``; `read_records` reads it back.
    Recorded twice in one run, a name holds its last value. Outside a notebook the result is only printed; in one it
    shows nothing, for the cell beside it says the result in words.

    Parameters
    ----------
    name
        Letters, digits, ``_``, ``.`` and ``-``; it becomes a file name for a table.
    value
        A number, text, truth value, date or None; a list or dict of them; or a table: a DataFrame, a Series, an
        Arrow table, or anything else that has ``.to_pandas()``.
    label
        What people call it; ``crmlib/text/records.toml`` has the labels of the notebooks that ship.
    unit
        One of `UNITS`, such as ``share`` or ``money``.
    interval
        The lower and the upper end of its interval, in the unit of the value.
    key
        Whether it stands among the key figures of the report's front page.

    Raises
    ------
    CrmlibError
        The name, the value or what is said of it cannot be recorded.

    Examples
    --------
    >>> record("customers", 2357)
    customers = 2357
    >>> record("repeat_rate", 0.455, unit="share", interval=(0.441, 0.469), key=True)
    repeat_rate = 0.455
    """
    payload, fallback = _payload(name, value)
    if about := _about(name, label=label, unit=unit, interval=interval, key=key):
        payload["about"] = about
    if running_shell() is None:
        sys.stdout.write(fallback + "\n")
        return
    from IPython.display import publish_display_data

    publish_display_data({MIMETYPE: payload, "text/plain": ""})  # type: ignore[no-untyped-call]


def _about(name: str, *, label: str, unit: str, interval: Any, key: bool) -> dict[str, Any]:
    """Return what is said of a record, without what is not said."""
    if unit and unit not in UNITS:
        raise CrmlibError(f"The record {name!r} has the unit {unit!r}. {did_you_mean(unit, UNITS)}")
    ends = None
    if interval is not None:
        ends = to_json([float(end) for end in interval], name)
        if len(ends) != 2:  # noqa: PLR2004 - an interval has two ends
            raise CrmlibError(f"The record {name!r} has an interval of {len(ends)} numbers: write (lower, upper).")
    said = {"label": label, "unit": unit, "interval": ends, "key": bool(key)}
    return {field: value for field, value in said.items() if value}


def running_shell() -> Any:
    """Return the IPython shell that runs this code, without importing IPython; None outside of one.

    Examples
    --------
    >>> running_shell() is None
    True
    """
    return sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None


def read_records(notebook: Path | str | Mapping[str, Any]) -> dict[str, Any]:
    """Collect what a notebook recorded when it was run.

    Parameters
    ----------
    notebook
        An executed notebook: its path, or its content as a dict (an nbformat node is one).

    Returns
    -------
    dict
        Name to value in the order of recording; tables are DataFrames. A name recorded twice holds its last value.

    Examples
    --------
    >>> output = {"output_type": "display_data", "data": {MIMETYPE: _payload("customers", 2357)[0]}}
    >>> read_records({"cells": [{"cell_type": "code", "outputs": [output]}]})
    {'customers': 2357}
    """
    return {name: decode(payload) for name, payload in read_payloads(notebook).items()}


def read_payloads(notebook: Path | str | Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Collect the records of an executed notebook as they were stored, name to payload, tables still encoded.

    Examples
    --------
    >>> read_payloads({"cells": []})
    {}
    """
    content = _load(notebook) if isinstance(notebook, (str, Path)) else notebook
    found: dict[str, dict[str, Any]] = {}
    for cell in content.get("cells", []):
        for output in cell.get("outputs", []):
            if MIMETYPE in output.get("data", {}):
                payload = _checked(output["data"][MIMETYPE])
                found.pop(payload["name"], None)  # a repeated name takes its place among the last ones
                found[payload["name"]] = payload
    return found


def decode(payload: Mapping[str, Any]) -> Any:
    """Give the value that a payload stands for.

    Examples
    --------
    >>> decode({"version": 1, "name": "day", "kind": "value", "value": {"$date": "1998-07-01"}})
    datetime.date(1998, 7, 1)
    """
    if payload["kind"] == "value":
        return from_json(payload["value"])
    import pandas as pd

    return pd.read_parquet(io.BytesIO(parquet_bytes(payload)))


def parquet_bytes(payload: Mapping[str, Any]) -> bytes:
    """Give the Parquet file that a recorded table travels as.

    Examples
    --------
    >>> import pandas as pd
    >>> parquet_bytes(_payload("t", pd.DataFrame({"a": [1]}))[0])[:4]
    b'PAR1'
    """
    try:
        return base64.b64decode(payload["value"]["parquet"], validate=True)
    except (binascii.Error, KeyError, TypeError, ValueError) as error:
        raise CrmlibError(f"The record {payload['name']!r} is damaged: its table cannot be read ({error}).") from None


def _load(path: Path | str) -> dict[str, Any]:
    try:
        content: dict[str, Any] = json.loads(Path(path).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise CrmlibError(f"There is no notebook {path}.") from None
    except ValueError as error:
        raise CrmlibError(f"{path} is not a notebook: {error}.") from None
    return content


def _checked(payload: Any) -> dict[str, Any]:
    known = {"version", "name", "kind", "value"}
    if not isinstance(payload, dict) or set(payload) - {"rows", "columns", "about"} != known:
        raise CrmlibError("A record in the notebook is damaged: run the notebook again.")
    if payload["version"] != VERSION:
        raise CrmlibError(
            f"The record {payload['name']!r} has version {payload['version']!r}; this crmlib reads version "
            f"{VERSION}. Run the notebook again with this crmlib."
        )
    _check_name(payload["name"])
    if payload["kind"] not in {"value", "table"} or not isinstance(payload.get("about", {}), dict):
        raise CrmlibError(f"The record {payload['name']!r} is damaged: run the notebook again.")
    return dict(payload)


def _check_name(name: Any) -> None:
    if not isinstance(name, str) or not _NAME.fullmatch(name) or ".." in name:
        raise CrmlibError(
            f"{name!r} cannot name a record: use letters, digits, '_', '.' and '-', such as 'repeat_rate'."
        )


def _payload(name: str, value: Any) -> tuple[dict[str, Any], str]:
    _check_name(name)
    frame = as_frame(value)
    payload: dict[str, Any] = {"version": VERSION, "name": name}
    if frame is None:
        stored = to_json(value, name)
        payload |= {"kind": "value", "value": stored}
        size = len(json.dumps(stored))
        shown = str(value)
    else:
        stored = {"parquet": _to_parquet(frame, name)}
        payload |= {
            "kind": "table",
            "rows": len(frame),
            "columns": [str(c) for c in frame.columns],
            "value": stored,
        }
        size = len(stored["parquet"])
        rows, columns = frame.shape
        shown = f"table, {rows:,} row{'s' * (rows != 1)}, {columns} column{'s' * (columns != 1)}"
    if size > SIZE_LIMIT:
        raise CrmlibError(
            f"The record {name!r} takes {size / 1e6:,.1f} MB; a record may take {SIZE_LIMIT / 1e6:,.0f} MB. "
            "Record a summary, and write the whole table to a file."
        )
    text = " ".join(shown.split())
    return payload, f"{name} = {text if len(text) <= _SHOWN else text[: _SHOWN - 1] + '…'}"


def as_frame(value: Any) -> pd.DataFrame | None:
    """Give what comes from a table library as a DataFrame; None for anything else.

    Examples
    --------
    >>> as_frame(3) is None
    True
    """
    # Only what comes from a table library, or is built on one, needs pandas: plain values must not pay for its import.
    libraries = {kind.__module__.partition(".")[0] for kind in type(value).__mro__}
    if "pandas" not in libraries and not hasattr(value, "to_pandas"):
        return None
    import pandas as pd

    table = value.to_pandas() if hasattr(value, "to_pandas") else value
    if isinstance(table, pd.Series):
        return table.to_frame("value" if table.name is None else table.name)
    return table if isinstance(table, pd.DataFrame) else None


def _to_parquet(frame: pd.DataFrame, name: str) -> str:
    import pyarrow as pa
    import pyarrow.parquet as pq

    buffer = io.BytesIO()
    try:
        pq.write_table(pa.Table.from_pandas(frame), buffer, compression="zstd")
    except (pa.ArrowException, TypeError, ValueError) as error:
        raise CrmlibError(
            f"The table {name!r} cannot be recorded: {' '.join(str(error).split())}. "
            "Give every column one type (df['column'].astype(...)) and every column a different name."
        ) from None
    return base64.b64encode(buffer.getvalue()).decode("ascii")


def to_json(value: Any, name: str, describe: Callable[[Any], str] | None = None) -> Any:  # noqa: PLR0911 - one line a type
    """Give a value as plain JSON, what JSON lacks under a ``$`` key; `from_json` reads it back.

    Parameters
    ----------
    value
        The value.
    name
        What an error calls it.
    describe
        Says in words what a value is that cannot be recorded; without it such a value is an error.

    Raises
    ------
    CrmlibError
        A key of a dict cannot be recorded, or a value, and nothing describes it.

    Examples
    --------
    >>> to_json([1, float("inf")], "rates")
    [1, {'$float': 'inf'}]
    """
    if type(value).__module__ == "numpy":
        value = _without_numpy(value)
    if value is None or type(value).__name__ in {"NaTType", "NAType"}:
        return None
    if isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else {"$float": str(value)}
    if isinstance(value, dt.datetime):
        return {"$datetime": value.isoformat()}
    if isinstance(value, dt.date):
        return {"$date": value.isoformat()}
    if isinstance(value, (list, tuple)):
        return [to_json(item, name, describe) for item in value]
    if isinstance(value, dict):
        converted = {_key(key, name): to_json(item, name, describe) for key, item in value.items()}
        return {"$dict": converted} if any(key.startswith("$") for key in converted) else converted
    if describe is not None:
        return {"$other": describe(value)}
    raise CrmlibError(
        f"The record {name!r} holds a {type(value).__name__}, which cannot be recorded. Record numbers, text, "
        "dates, lists and dicts of them, or a table; turn the rest into one of these, such as float(x) or str(x)."
    )


def _key(key: Any, name: str) -> str:
    if isinstance(key, (str, int, dt.date)) or type(key).__module__ == "numpy":
        return str(key)
    raise CrmlibError(f"The record {name!r} has the key {key!r} in a dict: use text.")


def _without_numpy(value: Any) -> Any:
    if value.dtype.kind in "mM" and value.ndim == 0:
        import pandas as pd

        return pd.Timestamp(value) if value.dtype.kind == "M" else value
    return value.tolist()


def from_json(value: Any) -> Any:
    """Give the value that `to_json` stored.

    Examples
    --------
    >>> from_json([1, {"$float": "inf"}])
    [1, inf]
    """
    if isinstance(value, list):
        return [from_json(item) for item in value]
    if not isinstance(value, dict):
        return value
    if len(value) == 1:
        ((key, inner),) = value.items()
        if key == "$dict":
            return {k: from_json(v) for k, v in inner.items()}
        if key in _READERS:
            return _READERS[key](inner)
    return {k: from_json(v) for k, v in value.items()}


_READERS: dict[str, Callable[[str], Any]] = {
    "$float": float,
    "$date": dt.date.fromisoformat,
    "$datetime": dt.datetime.fromisoformat,
    "$other": lambda text: Unrecordable(str(text)),
}
