"""Notebooks on a Dask cluster: the same to ask as `crmlib.suite.workers`, on machines of one's own."""

from __future__ import annotations

import time
from importlib import import_module
from typing import TYPE_CHECKING, Any, Self

from crmlib.errors import MissingExtraError, RunError
from crmlib.suite import executed
from crmlib.suite.execute import execute_on_cluster

if TYPE_CHECKING:
    import concurrent.futures
    from collections.abc import Callable, Iterable, Iterator

    from crmlib.suite.executed import Job

_LOOK_EVERY = 0.1
_CONNECT_SECONDS = 10
_RETRIES = 2


class Cluster:
    """The workers of a Dask scheduler. They must have crmlib, and see the run's folder under the same path.

    Dask gives a notebook to another worker when its worker dies, so nothing is lost; the notebook then begins anew. One
    that takes several workers with it is a failed notebook.

    Parameters
    ----------
    address
        The scheduler's, such as ``tcp://10.0.0.1:8786``.
    """

    def __init__(self, address: str) -> None:
        try:
            distributed: Any = import_module("distributed")  # by name: types are the same with and without it
        except ImportError:
            raise MissingExtraError(
                "A sweep on a cluster needs Dask, which is not installed: pip install 'crmlib[dask]'. Without "
                "--scheduler, the sweep runs on this machine."
            ) from None
        try:
            self._client: Any = distributed.Client(address, timeout=_CONNECT_SECONDS, set_as_default=False)
        except (OSError, ValueError) as error:
            raise RunError(
                f"There is no Dask scheduler at {address}: {' '.join(str(error).split())}. Start one with `dask "
                "scheduler` and `dask worker ADDRESS`, or leave --scheduler out."
            ) from None
        self._executor: concurrent.futures.Executor = self._client.get_executor(pure=False, retries=_RETRIES)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._executor.shutdown(wait=kind is None)  # Dask cancels what it need not wait for
        self._client.close()

    def run(
        self, jobs: Iterable[Job], *, on_start: Callable[[Job], None], on_wait: Callable[[], None]
    ) -> Iterator[tuple[Job, float]]:
        """Run notebooks and give each with its seconds as it ends.

        Parameters
        ----------
        jobs
            What to run.
        on_start
            Is told each notebook as it is handed to the scheduler.
        on_wait
            Is called several times a second.
        """
        waiting: dict[concurrent.futures.Future[float], Job] = {}
        for job in jobs:
            waiting[self._executor.submit(execute_on_cluster, job)] = job
            on_start(job)
        while waiting:
            ended = [future for future in waiting if future.done()]
            for future in ended:
                job = waiting.pop(future)
                yield job, _seconds(job, future)
            on_wait()
            if not ended:
                time.sleep(_LOOK_EVERY)


def _seconds(job: Job, future: concurrent.futures.Future[float]) -> float:
    try:
        return future.result()
    except Exception as error:  # noqa: BLE001 - whatever the cluster says of one notebook must not stop the others
        executed.close_broken(job, type(error).__name__, " ".join(str(error).split()))
        return 0.0
