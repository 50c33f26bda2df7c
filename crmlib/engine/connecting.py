"""Connecting to Spark: what goes wrong there is said in one line, and nothing waits without end."""

from __future__ import annotations

import contextlib
import os
import socket
import tempfile
import threading
import warnings
from concurrent.futures import Future
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from crmlib.errors import MissingExtraError, SourceError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pyspark.sql import SparkSession

__all__ = ["in_one_line", "quiet", "session"]


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Keep Spark's word on pandas 3 to itself: everything here goes by Arrow, nothing by pandas.

    Examples
    --------
    >>> with quiet():
    ...     warnings.warn("PySpark does not yet fully support pandas >= 3.0.0.", FutureWarning)
    """
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "PySpark does not yet fully support pandas", FutureWarning)
        yield


def session(url: str) -> SparkSession:
    """Connect to a cluster.

    Parameters
    ----------
    url
        ``spark://host:port``, ``local[2]``, or ``sc://host:port`` for Spark Connect.

    Raises
    ------
    MissingExtraError
        pyspark is not installed.
    """
    try:
        with quiet():
            from pyspark.sql import SparkSession
    except ImportError as error:
        raise MissingExtraError(
            f'Spark needs the package pyspark ({error}). Install it: pip install "crmlib[spark]"'
        ) from error
    builder = SparkSession.builder.appName("crmlib")
    _refuse_silent_port(url)
    with quiet(), in_one_line(url.partition(";")[0]):
        if url.startswith("sc://"):
            return builder.remote(url).getOrCreate()
        is_new = _starts_anew()
        for name, value in (_unsaid() if is_new else {}).items():
            builder = builder.config(name, value)
        spark = builder.master(url).getOrCreate()
        if is_new:
            _refuse_no_worker(spark, url)
        return spark


@contextlib.contextmanager
def in_one_line(label: str = "") -> Iterator[None]:
    """Say in one line what Spark says in a hundred.

    Parameters
    ----------
    label
        What was being read or asked, where it has a name.

    Raises
    ------
    SourceError
        Spark stopped; its own error is the cause.

    Examples
    --------
    >>> with in_one_line("sales.orders"):
    ...     pass
    """
    from pyspark.errors import PySparkException

    try:
        yield
    except Exception as error:
        # py4j need not be there: a client of Spark Connect does without
        if not isinstance(error, PySparkException) and not type(error).__module__.startswith("py4j."):
            raise
        java = getattr(error, "java_exception", None)
        text = str(error if java is None else java.toString())
        line = next((part.strip() for part in text.splitlines() if part.strip()), type(error).__name__)
        advice = next((advice for sign, advice in _ADVICE.items() if sign in text), "")
        what = f"{label}: Spark cannot read it." if label else "Spark stopped."
        raise SourceError(f"{what} {line}{advice}") from error


#: What Spark says -> what to do about it.
_ADVICE = {
    "(NANOS": (
        " Spark reads times in microseconds. Write the file so: df.to_parquet(..., coerce_timestamps='us', "
        "allow_truncated_timestamps=True)."
    )
}
#: Seconds within which a port answers.
_ANSWERS = 10
#: Seconds within which a cluster has a core for us, unless the environment's ``CRMLIB_SPARK_WAIT`` says otherwise.
_WAIT = 120


def _refuse_silent_port(url: str) -> None:
    """Refuse an address where nobody answers; Spark itself would ask for a minute, and then print a traceback."""
    scheme, _, rest = url.partition("://")
    usual = {"spark": 7077, "sc": 15002}.get(scheme)
    if usual is None or (scheme == "sc" and any(os.environ.get(name) for name in _PROXIES)):
        return
    told = ""
    for address in rest.partition("/")[0].partition(";")[0].split(","):
        parts = urlsplit(f"//{address}")
        try:
            with socket.create_connection((parts.hostname or "", parts.port or usual), timeout=_ANSWERS):
                return
        except (OSError, ValueError) as error:
            told = getattr(error, "strerror", None) or str(error)
    raise SourceError(
        f"{scheme}://{rest.partition('/')[0].partition(';')[0]}: nobody answers there ({told}). Look at host and port; "
        f"{'a standalone master' if scheme == 'spark' else 'a Connect server'} usually listens on {usual}."
    )


#: What sends gRPC by way of another machine.
_PROXIES = ("grpc_proxy", "https_proxy", "http_proxy", "GRPC_PROXY", "HTTPS_PROXY", "HTTP_PROXY")


def _refuse_no_worker(spark: SparkSession, url: str) -> None:
    """Refuse a cluster that has no core for us within a time; Spark would wait for ever, without a word."""
    if not url.startswith("spark://"):
        return
    text = os.environ.get("CRMLIB_SPARK_WAIT") or str(_WAIT)
    if not text.isdecimal():
        raise SourceError(f"CRMLIB_SPARK_WAIT={text!r} is not a number of seconds. Set it to 120, say, or unset it.")
    outcome: Future[Any] = Future()

    def work() -> None:
        try:
            outcome.set_result(spark.range(1).count())
        except BaseException as error:  # noqa: BLE001 - it is raised below
            outcome.set_exception(error)

    threading.Thread(target=work, name="crmlib first job", daemon=True).start()
    try:
        outcome.result(timeout=int(text))
    except TimeoutError:
        spark.stop()
        raise SourceError(
            f"{url}: the master answers, but no worker had a core for us within {text} seconds. Start a worker, or "
            "wait until another application is done; CRMLIB_SPARK_WAIT=600 waits longer."
        ) from None


def _starts_anew() -> bool:
    """Say whether no application runs in this process yet."""
    from pyspark import SparkContext

    return SparkContext._active_spark_context is None  # noqa: SLF001 - no public way to ask without starting one


def _unsaid() -> dict[str, str]:
    """Return settings for what is about to start, save those that spark-defaults.conf makes."""
    from pyspark import SparkConf, SparkContext

    SparkContext._ensure_initialized(gateway=_java())  # noqa: SLF001 - starts Java, which reads the file
    # a catalogue of one's own has its data elsewhere; without one, Spark makes an empty folder where it stands
    warehouse = {"spark.sql.warehouse.dir": str(Path(tempfile.gettempdir()) / "crmlib-spark-warehouse")}
    said = SparkConf()
    return {name: value for name, value in warehouse.items() if not said.contains(name)}


def _java() -> Any:
    """Start Java. What it says of itself (logger, progress) stays out of notebooks, unless it does not start."""
    from pyspark.errors import PySparkRuntimeError
    from pyspark.java_gateway import launch_gateway

    with tempfile.TemporaryFile() as said:
        try:
            return launch_gateway(popen_kwargs={"stdout": said, "stderr": said})  # type: ignore[no-untyped-call]
        except (PySparkRuntimeError, OSError) as error:
            said.seek(0)
            told = said.read().decode(errors="replace").strip() or str(error)
            raise SourceError(
                f"Spark's Java does not start: {told[-600:]} Spark needs Java 17 or later: see `java -version`."
            ) from error
