"""Spark for the tests, as on a real cluster: a master and workers, or a Connect server; gone at the end."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

#: Quick to start rather than quick for long: it halves what the tests cost.
_JAVA = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"
#: For everything that is started here, and for what connects to it: small, quiet, and nothing beyond loopback.
SETTINGS = {
    "spark.driver.extraJavaOptions": _JAVA,
    "spark.executor.extraJavaOptions": _JAVA,
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.sql.shuffle.partitions": "2",
    "spark.executor.memory": "1g",
    "spark.driver.memory": "1g",
    "spark.driver.host": "127.0.0.1",
    "spark.driver.bindAddress": "127.0.0.1",
}


class Cluster(NamedTuple):
    """A master with its workers.

    Attributes
    ----------
    url
        ``spark://127.0.0.1:port``.
    environment
        What a program that connects to it needs in its environment.
    workers
        Their processes.
    folder
        Where all of them are at home.
    """

    url: str
    environment: dict[str, str]
    workers: list[subprocess.Popen[bytes]]
    folder: Path


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return int(listening.getsockname()[1])


def kill(process: subprocess.Popen[bytes]) -> None:
    """End a process and all that it has started, without a word."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


@contextlib.contextmanager
def cluster(workers: int = 2) -> Iterator[Cluster]:
    """Start a standalone master and workers of one core each."""
    with _home() as (folder, environment):
        processes: list[subprocess.Popen[bytes]] = []

        def start(name: str, part: str, *options: str) -> None:
            processes.append(
                _start(folder, environment, name, f"org.apache.spark.deploy.{part}", *options, "--webui-port", "0")
            )

        try:
            port = free_port()
            url = f"spark://127.0.0.1:{port}"
            start("master", "master.Master", "--host", "127.0.0.1", "--port", str(port))
            for i in range(workers):  # they ask for their master until it is there
                start(
                    f"worker{i}", "worker.Worker", "--host", "127.0.0.1", "-c", "1", "-m", "2g",
                    "-d", str(folder / "work"), url,
                )  # fmt: skip
            _wait_for(folder / "master.log", "elected leader")
            for i in range(workers):
                _wait_for(folder / f"worker{i}.log", "registered with master")
            yield Cluster(url, environment, processes[1:], folder)
        finally:
            for process in processes:
                kill(process)


@contextlib.contextmanager
def connect_server() -> Iterator[Cluster]:
    """Start a Connect server that computes by itself, in one process with two threads."""
    with _home() as (folder, environment):
        port = free_port()
        process = _start(
            folder, environment, "connect", "org.apache.spark.deploy.SparkSubmit", "--master", "local[2]",
            "--class", "org.apache.spark.sql.connect.service.SparkConnectServer",
            "--conf", f"spark.connect.grpc.binding.port={port}",
            "--conf", "spark.connect.grpc.binding.address=127.0.0.1", "spark-internal",
        )  # fmt: skip
        try:
            _wait_for(folder / "connect.log", "Spark Connect server started at")
            yield Cluster(f"sc://127.0.0.1:{port}", environment, [], folder)
        finally:
            kill(process)


@contextlib.contextmanager
def _home() -> Iterator[tuple[Path, dict[str, str]]]:
    """Make a folder for logs, spilled data and settings; what Spark writes where it stands lands there, too."""
    spec = find_spec("pyspark")
    assert spec is not None
    assert spec.origin is not None
    folder = Path(tempfile.mkdtemp(prefix="crmlib-spark-"))
    try:
        (folder / "spark-defaults.conf").write_text("".join(f"{name} {value}\n" for name, value in SETTINGS.items()))
        yield (
            folder,
            {
                **os.environ,
                "SPARK_HOME": str(Path(spec.origin).parent),
                "SPARK_CONF_DIR": str(folder),
                "SPARK_LOCAL_DIRS": str(folder),
                "SPARK_LOCAL_IP": "127.0.0.1",
                "SPARK_DAEMON_JAVA_OPTS": _JAVA,
            },
        )
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _start(
    folder: Path, environment: dict[str, str], name: str, program: str, *options: str
) -> subprocess.Popen[bytes]:
    setpriv = shutil.which("setpriv")  # so that it goes even if these tests are killed
    bound = [setpriv, "--pdeathsig", "KILL", "--"] if setpriv else []
    with (folder / f"{name}.log").open("wb") as log:
        return subprocess.Popen(
            [*bound, Path(environment["SPARK_HOME"]) / "bin" / "spark-class", program, *options],
            env=environment, cwd=folder, stdout=log, stderr=log,
            start_new_session=True,  # its executors go with it
        )  # fmt: skip


def _wait_for(log: Path, text: str, seconds: float = 120) -> None:
    end = time.monotonic() + seconds
    while text not in (said := log.read_text(errors="replace")):
        assert time.monotonic() < end, f"{log.name} never said {text!r}:\n{said[-2000:]}"
        time.sleep(0.1)
