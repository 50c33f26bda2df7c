"""What goes wrong on the way to Spark is said in one line, and nothing waits without end."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from crmlib import open_shop
from crmlib.errors import CrmlibError, SourceError
from crmlib.sources.spark import SparkCluster
from tests.spark_cluster import cluster, free_port

if TYPE_CHECKING:
    from pathlib import Path

    from pyspark.sql import SparkSession

    from crmlib.engine.spark import Spark

SALES = pd.DataFrame(
    {"customer_id": ["a"], "order_id": ["1"], "order_ts": pd.to_datetime(["2024-01-05"]), "amount": [1.0]}
)


def refused(source: Any, **options: Any) -> str:
    with pytest.raises(CrmlibError) as caught:
        open_shop(source, **options)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.needs("python:pyspark")
@pytest.mark.parametrize("scheme", ["spark", "sc"])
def test_a_port_where_nobody_listens(scheme: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "grpc_proxy"):
        monkeypatch.delenv(name, raising=False)
    url = f"{scheme}://127.0.0.1:{free_port()}"
    told = refused(f"{url}/;token=secret?table=t" if scheme == "sc" else f"{url}?table=t")
    assert told.startswith(f"{url}: nobody answers there (Connection refused). Look at host and port;")


@pytest.mark.needs("python:pyspark")
def test_one_of_several_masters_is_enough() -> None:
    from crmlib.engine.connecting import _refuse_silent_port

    with socket.create_server(("127.0.0.1", 0)) as listening:
        _refuse_silent_port(f"spark://127.0.0.1:{free_port()},127.0.0.1:{listening.getsockname()[1]}")
    with pytest.raises(SourceError, match="nobody answers"):
        _refuse_silent_port(f"spark://127.0.0.1:{free_port()},127.0.0.1:{free_port()}")


@pytest.mark.full
@pytest.mark.needs("java", "python:pyspark")
def test_a_column_that_is_there_twice(spark: SparkSession, on_spark: Spark) -> None:
    frame = spark.table(on_spark.lend(SALES).name)
    twice = frame.withColumnRenamed("order_id", "Customer_ID")
    assert "'customer_id' and 'Customer_ID' differ only by case" in refused(twice)


@pytest.mark.full
@pytest.mark.needs("java", "python:pyspark")
def test_a_file_that_is_gone_when_it_is_read(spark: SparkSession, tmp_path: Path) -> None:
    SALES.to_parquet(tmp_path / "sales.parquet", coerce_timestamps="us")
    frame = spark.read.option("inferTimestampNTZEnabled", value=True).parquet(str(tmp_path))
    (tmp_path / "sales.parquet").unlink()
    assert refused(frame).startswith("Spark stopped. ")


@pytest.mark.full
@pytest.mark.needs("java", "python:pyspark")
def test_nanoseconds_in_a_file_of_a_cluster(
    spark: SparkSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "nanoseconds.parquet"
    table = pa.Table.from_pandas(SALES)
    place = table.column_names.index("order_ts")
    pq.write_table(table.set_column(place, "order_ts", table["order_ts"].cast(pa.timestamp("ns"))), path)
    monkeypatch.setattr("crmlib.sources.spark.session", lambda _: spark)
    told = refused(f"spark://somewhere:7077?table={path}")
    assert told.startswith(f"{path}: Spark cannot read it. ")
    assert "coerce_timestamps='us'" in told


@pytest.mark.full
@pytest.mark.needs("java", "python:pyspark")
def test_every_table_of_a_cluster_is_in_its_fingerprint(
    spark: SparkSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from crmlib.sources import Reading, Wanted

    monkeypatch.setattr("crmlib.sources.spark.session", lambda _: spark)
    people = pd.DataFrame({"customer_id": ["a"], "country": ["IT"]})
    SALES.to_parquet(tmp_path / "orders.parquet", coerce_timestamps="us")
    tables = {name: str(tmp_path / f"{name}.parquet") for name in ("orders", "customers")}
    prints = []
    for country in ("IT", "IT", "DE"):
        people.assign(country=country).to_parquet(tmp_path / "customers.parquet")
        spark.catalog.clearCache()
        prints.append(SparkCluster("spark://somewhere:7077").fingerprint(Reading(), Wanted(tables=tables)))
    assert prints[0] == prints[1] != prints[2]


@pytest.mark.full
@pytest.mark.needs("java", "python:pyspark")
def test_a_cluster_without_workers(tmp_path: Path) -> None:
    SALES.to_parquet(tmp_path / "sales.parquet", coerce_timestamps="us")
    with cluster(workers=0) as empty:
        done = subprocess.run(
            [sys.executable, "-m", "crmlib", "data", "describe", f"{empty.url}?table={tmp_path / 'sales.parquet'}"],
            env={**empty.environment, "CRMLIB_SPARK_WAIT": "5"}, cwd=empty.folder,
            capture_output=True, text=True, check=False, timeout=120,
        )  # fmt: skip
    assert done.returncode == 2, done.stderr[-2000:]
    assert f"{empty.url}: the master answers, but no worker had a core for us within 5 seconds." in done.stderr
    assert "Traceback" not in done.stderr


def test_the_time_to_wait_is_a_number(monkeypatch: pytest.MonkeyPatch) -> None:
    from crmlib.engine.connecting import _refuse_no_worker

    monkeypatch.setitem(os.environ, "CRMLIB_SPARK_WAIT", "soon")
    with pytest.raises(SourceError, match="CRMLIB_SPARK_WAIT='soon' is not a number of seconds"):
        _refuse_no_worker(None, "spark://127.0.0.1:7077")  # type: ignore[arg-type] # it does not come so far


@pytest.mark.full
@pytest.mark.needs("java", "python:pyspark")
def test_names_and_texts_come_back_as_they_went_in(on_spark: Spark) -> None:
    texts = ("it's", r"\N", "a\\", "'", 'a "b"', "line\nend", "è €", "a`b")
    columns = ", ".join(f"{on_spark.literal(text)} as {on_spark.quoted(text)}" for text in texts)
    table = on_spark.arrow(f"select {columns}")
    assert tuple(table.column_names) == texts
    assert tuple(table.to_pylist()[0].values()) == texts
    assert on_spark.rows(f"select {on_spark.null('varchar')} || 'a', {on_spark.null('timestamp')}") == [(None, None)]
