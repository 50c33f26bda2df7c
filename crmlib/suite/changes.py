"""What changed since an earlier run on the same source: key figures with intervals, and movements between segments.

The earlier run tells its day; what was true then is counted anew from what was known then, so both days are counted by
one policy and one version of crmlib.
"""

from __future__ import annotations

import contextlib
import io
import json
import math
from contextlib import closing
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import pandas as pd

    from crmlib.shop import Shop
    from crmlib.suite.opened import Data

__all__ = ["COLUMNS", "Earlier", "changes_since", "earlier_run", "of_records", "write_changes"]

#: What may be read off two runs without fitting a model.
_LEFT_OUT = {"cltv"}
#: Figures that a notebook records under the same name and by the same definition, whatever days a run looks at.
_RECORDED = {"repeat_purchase_rate": "07_campaigns_kpis"}
COLUMNS = ("kind", "name", "unit", "before", "now", "change", "low", "high", "p_value")


@dataclass(frozen=True)
class Earlier:
    """An earlier run on the same source.

    Attributes
    ----------
    folder
        Of the run.
    as_of
        Its day.
    """

    folder: str
    as_of: date


def earlier_run(out: Path, data: Data) -> Earlier | None:
    """Find the latest earlier run on a source: in the folder that a run writes to, or in one beside it.

    Parameters
    ----------
    out
        Where the run writes to.
    data
        What it runs on.
    """
    here = date.fromisoformat(data.as_of)
    runs = []
    for file in [out / "results.json", *sorted(out.parent.glob("*/results.json"))]:
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
            results = json.loads(file.read_text(encoding="utf-8"))
            day = date.fromisoformat(results["as_of"])
            if results["source"] == data.asked and day < here:
                runs.append((day, file.parent == out, Earlier(file.parent.name, day)))
    return max(runs, key=lambda run: run[:2])[2] if runs else None


def changes_since(data: Data, earlier: Earlier) -> pd.DataFrame:
    """Compare a shop with itself on the day of an earlier run.

    Parameters
    ----------
    data
        The shop.
    earlier
        The earlier run.

    Returns
    -------
    pandas.DataFrame
        kind (``figure`` or ``movement``), name, unit, before, now, change; low and high, the interval of the change;
        p_value, how often chance alone brings such a change. A figure is of the days since the earlier run, beside as
        many days before. A movement, such as ``Champions -> Loyal``, counts customers in ``now``; ``(new)`` holds who
        had not bought before.
    """
    from crmlib.sources import open_shop

    with contextlib.redirect_stdout(io.StringIO()):  # what is to be said of the shop was said when it was opened
        shop = open_shop(data.source, as_of=data.as_of)
        with closing(shop):
            return compared(shop, earlier.as_of)


def compared(shop: Shop, day: date) -> pd.DataFrame:
    """Compare a shop with itself on an earlier day; see `changes_since`.

    Parameters
    ----------
    shop
        The shop.
    day
        Before that of the shop.
    """
    import pandas as pd

    return pd.DataFrame([*_figures(shop, day), *_movements(shop, day)], columns=list(COLUMNS))


def _figures(shop: Shop, day: date) -> list[dict[str, Any]]:
    from crmlib import kpis

    names = [name for name in kpis.figure_names(shop) if name not in _LEFT_OUT]
    board = kpis.dashboard(shop, shop.as_of, day, only=names)
    return [
        {
            "kind": "figure", "name": row["kpi"], "unit": row["unit"], "before": row["previous"], "now": row["value"],
            "change": row["change"], "low": row["change_low"], "high": row["change_high"], "p_value": row["p_value"],
        }
        for row in board.to_dict("records")
    ]  # fmt: skip


def _movements(shop: Shop, day: date) -> list[dict[str, Any]]:
    from crmlib import rfm
    from crmlib.errors import SchemaError

    try:
        then = shop.on(day)
    except SchemaError:  # no order was left on that day
        return []
    ruler = rfm.cut_points(then.orders, as_of=day, policy=shop.policy)  # one ruler: people move, not the scale
    before, after = (
        rfm.score(each.orders, as_of=each.as_of, policy=shop.policy, cut_points=ruler).to_pandas()
        for each in (then, shop)
    )
    moves = rfm.migration(before, after)
    return [
        {"kind": "movement", "name": f"{origin} -> {target}", "unit": "customers", "now": int(count)}
        for origin, row in moves.iterrows()
        for target, count in row.items()
        if count and origin != target
    ]


def write_changes(table: pd.DataFrame, earlier: Earlier, out: Path) -> dict[str, Any]:
    """Write the changes as ``tables/changes.csv``, and return them for the results.

    Parameters
    ----------
    table
        From `changes_since`.
    earlier
        The earlier run.
    out
        The folder of this run.
    """
    from crmlib.csv_out import write_csv

    (out / "tables").mkdir(exist_ok=True)
    write_csv(table, out / "tables" / "changes.csv")
    rows = [{name: _plain(value) for name, value in row.items()} for row in table.to_dict("records")]
    return {"since": earlier.as_of.isoformat(), "folder": earlier.folder, "file": "tables/changes.csv", "rows": rows}


def of_records(changes: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the changes of what a notebook records, as `crmlib.suite.front.changes_of` takes them.

    Parameters
    ----------
    changes
        From `write_changes`.
    """
    return [
        {**row, "notebook": _RECORDED[row["name"]], "record": row["name"], "since": changes["since"]}
        for row in changes["rows"]
        if row["name"] in _RECORDED
    ]


def _plain(value: Any) -> Any:
    """Return a value as JSON holds it: what is not there is null."""
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        return None
    return value
