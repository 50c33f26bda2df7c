"""Spark in this process, and orders that are the same for both engines."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

from crmlib.engine.spark import Spark, quiet
from tests.spark_cluster import SETTINGS, cluster

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pyspark.sql import SparkSession

    from crmlib.shop import Shop
    from tests.spark_cluster import Cluster

#: How many orders both engines answer on: ties are everywhere in the fewer ones, too.
ROWS = [pytest.param(100_000, id="1e5"), pytest.param(1_000_000, id="1e6", marks=pytest.mark.full)]


def make_orders(rows: int, seed: int = 1) -> pd.DataFrame:
    """Draw orders with ties everywhere: few prices, times on the hour, customers of one order and of hundreds."""
    chance = np.random.default_rng(seed)
    customers = rows // 7
    who = np.minimum(chance.pareto(1.2, rows) * customers / 50, customers - 1).astype(int)
    steady = chance.random(rows) < 0.7
    who[steady] = chance.integers(0, customers, int(steady.sum()))
    hours = chance.integers(0, 730 * 24, rows)
    amount = chance.choice([4.99, 9.9, 19.95, 19.95, 50, 129.01], rows)
    amount[::97] *= -1
    amount[::101] = 0
    return pd.DataFrame(
        {
            "customer_id": np.char.add("c", who.astype(str)),
            "order_id": np.char.mod("%08d", np.arange(rows)),
            "order_ts": pd.Timestamp("2023-01-01") + pd.to_timedelta(hours, unit="h"),
            "amount": amount,
            "product_id": np.char.add("p", chance.integers(0, 50, rows).astype(str)),
            "quantity": chance.integers(1, 4, rows),
        }
    )


@pytest.fixture(scope="session")
def spark(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SparkSession]:
    with quiet():
        from pyspark.sql import SparkSession

        # a zone of its own, so that whatever leans on the session's zone shows
        settings = {
            **SETTINGS,
            "spark.sql.session.timeZone": "America/New_York",
            "spark.driver.memory": "2g",
            "spark.sql.warehouse.dir": str(tmp_path_factory.mktemp("warehouse")),
        }
        builder = SparkSession.builder.master("local[2]").appName("crmlib tests")
        for name, value in settings.items():
            builder = builder.config(name, value)
        session = builder.getOrCreate()
    session.sparkContext.setLogLevel("ERROR")
    yield session
    session.stop()


@pytest.fixture(scope="session")
def on_spark(spark: SparkSession) -> Spark:
    return Spark(spark)


@pytest.fixture(scope="session", params=ROWS)
def orders_file(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("orders") / "orders.parquet"
    make_orders(request.param).to_parquet(path)
    return path


@pytest.fixture(scope="session")
def cdnow_file(cdnow_sample: Shop, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("cdnow") / "orders.parquet"
    cdnow_sample.orders.to_pandas().to_parquet(path)
    return path


@pytest.fixture(scope="session")
def two_workers() -> Iterator[Cluster]:
    with cluster(workers=2) as running:
        yield running
