"""Spark Connect: the same answers through a real Connect server, whose client needs no Java."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from crmlib import clv, rfm
from crmlib.clv import BetaGeoFitter
from tests.spark_cluster import connect_server

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from crmlib.shop import Shop
    from tests.spark_cluster import Cluster

pytestmark = [pytest.mark.needs("java", "python:pyspark", "python:grpc"), pytest.mark.full]

#: In a process of its own, for one process is either a client or a driver.
PROGRAM = """
import sys, warnings
warnings.simplefilter("error")
import crmlib
from crmlib import clv, rfm
from crmlib.errors import SourceError
from crmlib.shop.manifest import checksum
url, path = sys.argv[1:]
try:
    crmlib.open_shop(f"{url}/;user_id=ann?table=nosuch")
except SourceError as error:
    print(error)
shop = crmlib.open_shop(f"{url}/;user_id=ann?table={path}")
scores = rfm.score(shop.orders, as_of=shop.as_of)
segments = rfm.segments(scores).to_pandas()
model = clv.BetaGeoFitter().fit(clv.summarize(shop.orders, as_of=shop.as_of, period="W"))
few = shop.sample_orders(customers=3).to_pandas()["customer_id"].unique().tolist()
print("ANSWER", checksum(shop.orders), segments["customers"].tolist(), [f'{p:.5g}' for p in model.params_], few)
shop.close()
"""


@pytest.fixture(scope="module")
def server() -> Iterator[Cluster]:
    with connect_server() as running:
        yield running


def test_a_connect_server_gives_the_same_answer(server: Cluster, cdnow_sample: Shop, cdnow_file: Path) -> None:
    from crmlib.shop.manifest import checksum

    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, server.url, str(cdnow_file)],
        cwd=server.folder, capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    refused, *_, answer = done.stdout.splitlines()
    assert refused.startswith("nosuch: Spark cannot read it. ")
    shop = cdnow_sample
    scores = rfm.score(shop.orders, as_of=shop.as_of)
    model = BetaGeoFitter().fit(clv.summarize(shop.orders, as_of=shop.as_of, period="W"))
    expected = [
        "ANSWER",
        checksum(shop.orders),
        rfm.segments(scores).to_pandas()["customers"].tolist(),
        [f"{p:.5g}" for p in model.params_],
        shop.sample_orders(customers=3).to_pandas()["customer_id"].unique().tolist(),
    ]
    assert answer == " ".join(map(str, expected))
