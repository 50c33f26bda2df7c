"""Recency, frequency, monetary value: scores, codes, segments, and movements between them.

Equal values get equal scores: a score is one plus the number of cut-points below the value (for recency, where less is
better, five less that number), so the order of the rows cannot matter. Orders of pandas give pandas; orders on an
engine stay there.

>>> import pandas as pd
>>> orders = pd.DataFrame({
...     "customer_id": ["ann", "ann", "bob"],
...     "order_ts": pd.to_datetime(["2024-01-01", "2024-03-01", "2024-02-01"]),
...     "amount": [20.0, 30.0, 10.0],
... })
>>> score(orders, as_of="2024-03-31")[["customer_id", "recency_days", "frequency", "monetary", "code"]]
  customer_id  recency_days  frequency  monetary code
0         ann            30          2      50.0  555
1         bob            59          1      10.0  111
"""

from __future__ import annotations

import csv
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any, overload

import msgspec

from crmlib import engine
from crmlib import policy as policies
from crmlib.days import as_day, until
from crmlib.errors import SchemaError
from crmlib.segment_maps import CODES, best_first, read_map
from crmlib.shop.required import require

if TYPE_CHECKING:
    from datetime import date

    import pandas as pd

    from crmlib.engine import Table
    from crmlib.policy import Policy

    Frame = pd.DataFrame | Table

__all__ = ["SEGMENTS", "CutPoints", "cut_points", "migration", "score", "segment_map", "segment_names", "segments"]

#: The eleven segments of the maps that come with crmlib, from the best to the lost.
SEGMENTS = (
    "Champions",
    "Loyal",
    "PotentialLoyalist",
    "New",
    "Promising",
    "NeedAttention",
    "AboutToSleep",
    "AtRisk",
    "CannotLose",
    "Hibernating",
    "Lost",
)
_MEASURES = ("recency_days", "frequency", "monetary")
#: Shares of the customers that lie below the cut-points.
_FIFTHS = (0.2, 0.4, 0.6, 0.8)
Edges = tuple[float, float, float, float]


class CutPoints(msgspec.Struct, frozen=True, kw_only=True):
    """The four cut-points of each measure: reuse them to score later orders on the same scale.

    Attributes
    ----------
    recency_days, frequency, monetary
        Rising: days, orders, money in the shop's currency.
    """

    recency_days: Edges
    frequency: Edges
    monetary: Edges

    def to_pandas(self) -> pd.DataFrame:
        """Return them as a table: one row a measure, the cut-points as columns, rising."""
        import pandas as pd

        return pd.DataFrame(
            [getattr(self, name) for name in _MEASURES],
            index=pd.Index(_MEASURES, name="measure"),
            columns=["cut 1", "cut 2", "cut 3", "cut 4"],
        )


@cache
def _shipped_maps() -> list[dict[str, str]]:
    """Read the maps that come with crmlib: one row per code."""
    with (files("crmlib") / "rfm_maps.csv").open(encoding="utf-8") as text:
        return list(csv.DictReader(text))


def _segments_by_code(rules: Policy) -> dict[str, str]:
    """Return the policy's map: code -> segment, for all 125."""
    if rules.rfm.own_map:
        own = read_map(rules.rfm.segment_map).segments
        return {code: own[code] for code in CODES}
    return {row["code"]: row[rules.rfm.segment_map] for row in _shipped_maps()}


def _numbered_map(rules: Policy) -> Any:
    """Return the map as `rfm_scores` joins it, in Arrow: to import pandas takes longer than a million scores do."""
    import pyarrow as pa

    of_code = _segments_by_code(rules)
    numbers = pa.array([int(code) for code in of_code], pa.int32())
    return pa.table({"number": numbers, "code": list(of_code), "segment": list(of_code.values())})


def _no_units() -> Any:
    """Return what `rfm_segments` takes for units where the source has no order lines."""
    import pyarrow as pa

    # one row of no segment: not every engine takes a table without rows
    return pa.table({"segment": pa.array([None], pa.string()), "units": pa.array([None], pa.float64())})


def segment_map(policy: Policy | str | None = None) -> pd.DataFrame:
    """Return the map from the 125 codes to segments.

    Parameters
    ----------
    policy
        Whose ``rfm.segment_map`` says which map: ``classic``, ``descriptive``, or a file of the shop's own.

    Returns
    -------
    pandas.DataFrame
        code, segment.

    Raises
    ------
    PolicyError
        The shop's own file is no map: a code is missing or there twice, a segment is blank, and so on. The message
        names the row and the column.

    Examples
    --------
    >>> segment_map().query("code == '555'")["segment"].item()
    'Champions'
    >>> [segment_map(name).query("code == '155'")["segment"].item() for name in ("standard", "texts")]
    ['CannotLose', 'AtRisk']
    """
    import pandas as pd

    of_code = _segments_by_code(policies.load(policy))
    return pd.DataFrame({"code": list(of_code), "segment": list(of_code.values())}, dtype="str")


def segment_names(policy: Policy | str | None = None) -> tuple[str, ...]:
    """Return the segments of a map, best first.

    Parameters
    ----------
    policy
        As for `segment_map`. Of a map of the shop's own, a segment ranks by the mean of the three digits over its
        codes.

    Examples
    --------
    >>> segment_names("texts") == SEGMENTS
    True
    """
    rules = policies.load(policy).rfm
    return read_map(rules.segment_map).order if rules.own_map else SEGMENTS


@overload
def score(
    orders: pd.DataFrame,
    *,
    as_of: date | str,
    policy: Policy | str | None = None,
    cut_points: CutPoints | None = None,
) -> pd.DataFrame: ...
@overload
def score(
    orders: Table,
    *,
    as_of: date | str,
    policy: Policy | str | None = None,
    cut_points: CutPoints | None = None,
) -> Table: ...
def score(
    orders: Frame,
    *,
    as_of: date | str,
    policy: Policy | str | None = None,
    cut_points: CutPoints | None = None,
) -> Frame:
    """Score each customer from 1 to 5 on recency, frequency and monetary value, and name the segment.

    Parameters
    ----------
    orders
        customer_id, order_ts, amount; one row an order, net of returns.
    as_of
        The day from which recency is counted; later orders do not count.
    policy
        Whose ``rfm`` says how cut-points are found, and which map names the segments.
    cut_points
        Cut-points found before, to score on the same scale; found anew by default.

    Returns
    -------
    pandas.DataFrame or Table
        customer_id, recency_days, frequency (orders), monetary (sum of amounts), r, f, m (1 to 5, 5 is best), code
        (the three digits), segment. Who has not bought by that day is not scored.

    Raises
    ------
    SchemaError
        A column is missing, or nobody had bought by that day.
    """
    rules = policies.load(policy)
    measures = _measures(orders, as_of)
    points = cut_points or _find(measures, rules)
    values = {f"{name}_{i}": float(edge) for name in _MEASURES for i, edge in enumerate(getattr(points, name), 1)}
    return engine.run("rfm_scores", tables={"measures": measures, "segment_map": _numbered_map(rules)}, **values)


def cut_points(orders: Frame, *, as_of: date | str, policy: Policy | str | None = None) -> CutPoints:
    """Find the cut-points that `score` would use.

    Parameters
    ----------
    orders, as_of, policy
        As for `score`. With the method ``quantile`` they are the customers' fifths, linearly interpolated; with
        ``fixed``, the policy's own.

    Examples
    --------
    >>> import pandas as pd
    >>> orders = pd.DataFrame({"customer_id": range(5), "order_ts": pd.Timestamp("2024-01-01"), "amount": range(5)})
    >>> cut_points(orders, as_of="2024-01-31").monetary
    (0.8, 1.6, 2.4, 3.2)
    """
    return _find(_measures(orders, as_of), policies.load(policy))


def _measures(orders: Frame, as_of: date | str) -> Frame:
    require(orders, "orders", ("customer_id", "order_ts", "amount"))
    day = as_day(as_of)
    measures = engine.run("rfm_measures", tables={"orders": orders}, as_of=day, until=until(day))
    if not len(measures):
        raise SchemaError(f"orders: nobody had bought by {day}. Choose a later as_of.")
    return measures


def _find(measures: Frame, rules: Policy) -> CutPoints:
    if rules.rfm.method == "fixed":
        return CutPoints(**{name: getattr(rules.rfm, name) for name in _MEASURES})
    points = engine.run("rfm_cut_points", tables={"measures": measures}, shares=list(_FIFTHS))
    if isinstance(points, engine.Table):
        [row] = points.engine.rows(f"select {', '.join(_MEASURES)} from {points.name}")
    else:
        row = tuple(points[list(_MEASURES)].iloc[0])
    edges = {
        name: tuple(round(float(edge), 10) for edge in values) for name, values in zip(_MEASURES, row, strict=True)
    }
    return msgspec.convert(edges, CutPoints)


@overload
def segments(scores: pd.DataFrame, *, lines: Frame | None = None, as_of: date | str | None = None) -> pd.DataFrame: ...
@overload
def segments(scores: Table, *, lines: Frame | None = None, as_of: date | str | None = None) -> Table: ...
def segments(scores: Frame, *, lines: Frame | None = None, as_of: date | str | None = None) -> Frame:
    """Summarise the customers by segment, best first.

    Parameters
    ----------
    scores
        From `score`.
    lines
        Order lines (customer_id, order_ts, quantity) for units per order; without them that column is empty.
    as_of
        The day up to which lines count; needed with lines.

    Returns
    -------
    pandas.DataFrame or Table
        segment, customers, customer_share, value (sum of monetary), value_share, orders, average_order_value,
        quantity_per_order (units), median_recency_days. Shares are of 1.

    Examples
    --------
    >>> import pandas as pd
    >>> scores = pd.DataFrame({
    ...     "customer_id": ["a", "b", "c"], "segment": ["Champions", "Lost", "Lost"], "monetary": [90.0, 6.0, 4.0],
    ...     "frequency": [3, 1, 1], "recency_days": [2, 300, 400],
    ... })
    >>> segments(scores)[["segment", "customers", "value_share", "average_order_value"]]
         segment  customers  value_share  average_order_value
    0  Champions          1          0.9                 30.0
    1       Lost          2          0.1                  5.0
    """
    require(scores, "scores", ("customer_id", "segment", "monetary", "frequency", "recency_days"))
    units: Any = None
    if lines is None:
        units = _no_units()
    else:
        require(lines, "lines", ("customer_id", "order_ts", "quantity"), may_be_empty=("quantity",))
        if as_of is None:
            raise SchemaError("segments: with lines, say up to which day they count: as_of=...")
        units = engine.run("rfm_units", tables={"scores": scores, "lines": lines}, until=until(as_day(as_of)))
    found = engine.run("rfm_segments", tables={"scores": scores, "units": units})
    return found if isinstance(found, engine.Table) else _best_first(found)


@overload
def migration(before: pd.DataFrame, after: Frame) -> pd.DataFrame: ...
@overload
def migration(before: Table, after: Frame) -> Table: ...
def migration(before: Frame, after: Frame) -> Frame:
    """Count the customers' movements between two scorings.

    Parameters
    ----------
    before, after
        From `score`, at two dates; score both with one set of cut-points to see movement and not a moved scale.

    Returns
    -------
    pandas.DataFrame or Table
        From pandas: one row a segment before, one column a segment after, numbers of customers; the row ``(new)``
        holds who had not bought before. From tables of the engine: before, after, customers, with nulls for those.

    Examples
    --------
    >>> import pandas as pd
    >>> before = pd.DataFrame({"customer_id": ["a", "b"], "segment": ["Champions", "Loyal"]})
    >>> after = pd.DataFrame({"customer_id": ["a", "b", "c"], "segment": ["Loyal", "Loyal", "New"]})
    >>> migration(before, after)
    after      Loyal  New
    before
    Champions      1    0
    Loyal          1    0
    (new)          0    1
    """
    for name, scores in (("before", before), ("after", after)):
        require(scores, name, ("customer_id", "segment"))
    counts = engine.run("rfm_migration", tables={"before": before, "after": after})
    if isinstance(counts, engine.Table):
        return counts
    counts = counts.assign(before=counts["before"].fillna("(new)"), after=counts["after"].fillna("(gone)"))
    matrix = counts.pivot_table(index="before", columns="after", values="customers", aggfunc="sum", fill_value=0)
    return matrix.reindex(index=best_first(matrix.index), columns=best_first(matrix.columns))


def _best_first(table: pd.DataFrame) -> pd.DataFrame:
    return table.set_index("segment").loc[best_first(table["segment"])].reset_index()
