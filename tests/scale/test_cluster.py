"""A real cluster on this machine: a master and two workers, one of which is killed on the way."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest

from crmlib import clv, rfm
from crmlib.clv import BetaGeoFitter

if TYPE_CHECKING:
    from collections.abc import Iterator

    from crmlib.shop import Shop

pytestmark = [pytest.mark.needs("java"), pytest.mark.slow]

#: What an analyst would write; it stops half-way, with the orders on the cluster, until it is told to go on.
PROGRAM = """
import sys, crmlib
from crmlib import clv, rfm
from crmlib.shop import fingerprint
url, path = sys.argv[1:]
shop = crmlib.open_shop(url, tables={"orders": path})
assert len(fingerprint(f"{url}?table={path}")) == 64
print("HALF-WAY", flush=True)
sys.stdin.readline()
scores = rfm.score(shop.orders, as_of=shop.as_of)
segments = rfm.segments(scores).to_pandas()
model = clv.BetaGeoFitter().fit(clv.summarize(shop.orders, as_of=shop.as_of, period="W"))
print("ANSWER", len(scores), segments["customers"].tolist(), [f'{p:.5g}' for p in model.params_], flush=True)
"""


class Cluster(NamedTuple):
    url: str
    environment: dict[str, str]
    workers: list[subprocess.Popen[bytes]]


def free_port() -> int:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return int(listening.getsockname()[1])


def wait_for(log: Path, text: str, seconds: float = 90) -> None:
    end = time.monotonic() + seconds
    while text not in (log.read_text(errors="replace") if log.exists() else ""):
        assert time.monotonic() < end, f"{log.name} never said {text!r}:\n{log.read_text(errors='replace')[-2000:]}"
        time.sleep(0.1)


@pytest.fixture
def cdnow_file(cdnow: Shop, tmp_path: Path) -> Path:
    path = tmp_path / "orders.parquet"
    cdnow.orders.to_pandas().to_parquet(path)
    return path


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    spec = find_spec("pyspark")
    if spec is None or spec.origin is None:
        pytest.skip("pyspark is not installed")
    home, folder, port = Path(spec.origin).parent, tmp_path_factory.mktemp("cluster"), free_port()
    url = f"spark://127.0.0.1:{port}"
    environment = {
        **os.environ,
        "SPARK_HOME": str(home),
        "SPARK_LOCAL_IP": "127.0.0.1",
        "SPARK_LOCAL_DIRS": str(folder),
    }
    environment["SPARK_CONF_DIR"] = str(folder)
    (folder / "spark-defaults.conf").write_text(
        "spark.ui.enabled false\nspark.ui.showConsoleProgress false\nspark.sql.shuffle.partitions 2\n"
        "spark.executor.memory 1g\nspark.driver.memory 1g\n"
    )

    def start(name: str, part: str, *options: str) -> subprocess.Popen[bytes]:
        with (folder / f"{name}.log").open("wb") as log:
            command = [str(home / "bin" / "spark-class"), f"org.apache.spark.deploy.{part}", *options]
            # a session of its own: its executors go with it
            return subprocess.Popen(
                command, env=environment, cwd=folder, stdout=log, stderr=log, start_new_session=True
            )

    processes = []
    try:
        processes.append(
            start("master", "master.Master", "--host", "127.0.0.1", "--port", str(port), "--webui-port", "0")
        )
        wait_for(folder / "master.log", "ALIVE")
        options = ("--host", "127.0.0.1", "-c", "1", "-m", "2g", "--webui-port", "0", "-d", str(folder), url)
        processes += [start(f"worker{i}", "worker.Worker", *options) for i in range(2)]
        for i in range(2):
            wait_for(folder / f"worker{i}.log", "registered with master")
        yield Cluster(url, environment, processes[1:])
    finally:
        for process in processes:
            kill(process)


def kill(process: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def test_a_worker_dies_and_the_answer_is_right(cluster: Cluster, cdnow: Shop, cdnow_file: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM, cluster.url, str(cdnow_file)],
        env=cluster.environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    ) as program:  # fmt: skip
        assert program.stdout is not None
        said = []
        for line in program.stdout:
            said.append(line)
            if "HALF-WAY" in line:
                break
        else:
            pytest.fail(program.communicate()[1][-3000:])
        kill(cluster.workers[0])
        out, err = program.communicate("go on\n", timeout=300)
        assert "ANSWER" in out, err[-3000:]
    scores = rfm.score(cdnow.orders, as_of=cdnow.as_of)
    segments = rfm.segments(scores).to_pandas()
    model = BetaGeoFitter().fit(clv.summarize(cdnow.orders, as_of=cdnow.as_of, period="W"))
    expected = ["ANSWER", len(scores), segments["customers"].tolist(), [f"{p:.5g}" for p in model.params_]]
    assert out.splitlines()[-1] == " ".join(map(str, expected))
