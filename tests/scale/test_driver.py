"""Nothing per order comes to the driver: the rows of every answer are counted while notebook 03 runs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import jupytext
import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest

from crmlib import sources as shops

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

# at full scale; before it, test_spark_shop sees that a model gets only unique rows
pytestmark = [pytest.mark.needs("java", "python:pyspark"), pytest.mark.full]

SOURCES = Path(__file__).parents[2] / "notebooks" / "src"
CUSTOMERS = 3_000


@pytest.fixture(scope="module")
def orders() -> pd.DataFrame:
    """Draw some twenty orders a customer, so that customers and orders cannot be taken for each other."""
    chance = np.random.default_rng(3)
    who = np.repeat(np.arange(CUSTOMERS), 1 + chance.geometric(0.05, CUSTOMERS) * (chance.random(CUSTOMERS) < 0.8))
    came, stayed = chance.integers(0, 300, CUSTOMERS), chance.integers(30, 420, CUSTOMERS)
    days = came[who] + np.floor(chance.random(len(who)) * stayed[who])
    return pd.DataFrame(
        {
            "customer_id": np.char.mod("c%04d", who),
            "order_id": np.char.mod("%07d", np.arange(len(who))),
            "order_ts": pd.Timestamp("2023-01-01") + pd.to_timedelta(days, unit="D"),
            "amount": np.round(chance.gamma(2.0, 20.0, len(who)) + 1, 2),
        }
    )


@pytest.fixture
def brought(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Count the rows of whatever pyspark hands to Python."""
    from pyspark.sql.classic.dataframe import DataFrame

    counts: list[int] = []

    def counted(name: str) -> None:
        real = getattr(DataFrame, name)

        def method(self: Any, *arguments: Any, **options: Any) -> Any:
            found = real(self, *arguments, **options)
            counts.append(len(found))
            return found

        monkeypatch.setattr(DataFrame, name, method)

    for name in ("collect", "toArrow", "toPandas", "take", "tail"):
        counted(name)
    return counts


@pytest.fixture
def opened_on_spark(
    spark: SparkSession, orders: pd.DataFrame, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> pd.DataFrame:
    """Have notebooks open these orders where they are, on Spark; and return them."""
    orders.to_parquet(tmp_path / "orders.parquet")
    frame = spark.read.option("inferTimestampNTZEnabled", value=True).parquet(str(tmp_path / "orders.parquet"))
    real = shops.open_shop
    monkeypatch.setattr(shops, "open_shop", lambda _, **options: real(frame, **options))
    return orders


def test_no_answer_has_a_row_for_each_order(opened_on_spark: pd.DataFrame, brought: list[int]) -> None:
    with mpl.rc_context({"backend": "agg"}):
        namespace: dict[str, Any] = {}
        for cell in jupytext.read(SOURCES / "03_rfm.py").cells:
            if cell.cell_type == "code":
                exec(cell.source, namespace)  # noqa: S102 - our own notebook
            if "parameters" in cell.metadata.get("tags", []):
                namespace.update(source="spark", fast=True, interactive=False)
    assert (
        CUSTOMERS <= max(brought) < len(opened_on_spark) / 6
    )  # the customers, or the orders of a few of them to look at
