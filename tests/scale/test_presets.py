"""Exports of platforms on Spark: the same orders and findings as here, from tables whose columns have types."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import pandas as pd
import pytest

import crmlib
from crmlib.shop.platforms import named
from tests.exports import EXPORTS

if TYPE_CHECKING:
    from pathlib import Path

    from pyspark.sql import SparkSession

    from tests.exports import Export

pytestmark = [pytest.mark.full, pytest.mark.needs("java", "python:pyspark")]

_MONEY = {"amount", "refunded", "unit_price", "quantity"}
ROME = {"orders": {"timezone": "Europe/Rome"}}


def typed(export: Export, preset: str) -> pd.DataFrame:
    """Return an export with its times and its money typed, as who keeps it on a cluster has it; all else is text."""
    mark = max(",;\t", key=export.text.splitlines()[0].count)
    frame = pd.read_csv(io.StringIO(export.text), sep=mark, dtype=str)
    known = named(preset)
    columns = known.mapping([str(name) for name in frame.columns])
    for name in _MONEY & columns.keys():
        frame[columns[name]] = frame[columns[name]].str.replace(export.more.get("decimal", "."), ".").astype(float)
    for column in [*known.plus, *known.minus]:
        if column in frame:
            frame[column] = frame[column].astype(float)
    time = columns["order_ts"]
    if known.time_of_day:
        frame[time] = pd.to_datetime(frame[time], dayfirst=True).dt.date
    elif frame[time].str.fullmatch(r"\d+").all() and known.date_formats == ("epoch_us",):
        frame[time] = frame[time].astype("int64")
    elif frame[time].str.contains(r"[+]\d| UTC$").any():
        frame[time] = pd.to_datetime(frame[time], utc=True, format="mixed").astype("datetime64[us, UTC]")
    else:
        form = export.more.get("date_format") or (known.date_formats or ("ISO8601",))[0]
        frame[time] = pd.to_datetime(frame[time], format=form if preset != "prestashop-grid" else "mixed")
        frame[time] = frame[time].astype("datetime64[us]")
    return frame


@pytest.mark.parametrize("name", EXPORTS)
def test_an_export_is_the_same_on_both_engines(name: str, spark: SparkSession, tmp_path: Path) -> None:
    file = tmp_path / f"{name}.parquet"
    typed(EXPORTS[name], name if name == "prestashop-grid" else name.partition("-")[0]).to_parquet(file)
    here, there = (crmlib.open_shop(source, policy=ROME) for source in (file, spark.read.parquet(str(file))))
    held = {
        order: (customer, str(moment)[:19], round(amount, 2))
        for customer, order, moment, amount in there.orders.to_pandas().itertuples(index=False)
    }
    assert held == EXPORTS[name].orders
    pd.testing.assert_frame_equal(there.quality(), here.quality())
