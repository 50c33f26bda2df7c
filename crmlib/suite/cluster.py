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
_WORKERLESS_SECONDS = 60


class Cluster:
    """The workers of a Dask scheduler. They must have crmlib, and see the run's folder under the same path.

    Dask gives a notebook to another worker when its worker dies, so nothing is lost; the notebook then begins anew. One
    that takes several workers with it is a failed notebook.

    Parameters
    ----------
    address
        The scheduler's, such as ``tcp://10.0.0.1:8786``.
    work
        What a worker does with a task: to run a notebook, by default.
    broken
        Is called here with a task that failed and the error, and gives what stands for its result.
    patience
        So many seconds the scheduler may be without a worker; a minute by default.
    """

    def __init__(
        self,
        address: str,
        work: Callable[[Any], Any] = execute_on_cluster,
        broken: Callable[[Any, Exception], Any] | None = None,
        patience: float | None = None,
    ) -> None:
        self._work, self._address = work, address
        self._patience = _WORKERLESS_SECONDS if patience is None else patience
        self._broken = broken or _close_broken
        try:
            distributed: Any = import_module("distributed")  # by name: types are the same with and without it
        except ImportError:
            raise MissingExtraError(
                "Work on a cluster needs Dask, which is not installed: pip install 'crmlib[dask]'. Without "
                "--scheduler, it is done on this machine."
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
        self, jobs: Iterable[Any], *, on_start: Callable[[Any], None], on_wait: Callable[[], None]
    ) -> Iterator[tuple[Any, Any]]:
        """Run notebooks and give each with its result (its seconds) as it ends.

        Parameters
        ----------
        jobs
            What to run.
        on_start
            Is told each notebook as it is handed to the scheduler.
        on_wait
            Is called several times a second.

        Raises
        ------
        RunError
            For a minute there has been no worker that could go on: Dask itself would wait without end.
        """
        waiting: dict[concurrent.futures.Future[Any], Any] = {}
        for job in jobs:
            waiting[self._executor.submit(self._work, job)] = job
            on_start(job)
        at_work = time.monotonic()
        while waiting:
            ended = [future for future in waiting if future.done()]
            for future in ended:
                job = waiting.pop(future)
                yield job, self._result(job, future)
            on_wait()
            if not ended:
                time.sleep(_LOOK_EVERY)
            if self._client.scheduler_info()["workers"]:
                at_work = time.monotonic()
            elif waiting and time.monotonic() - at_work > self._patience:
                raise RunError(
                    f"The Dask scheduler at {self._address} has had no worker for {self._patience:g} seconds. Start "
                    f"one: dask worker {self._address}. What is done is kept: the same command goes on from here."
                )

    def _result(self, job: Any, future: concurrent.futures.Future[Any]) -> Any:
        try:
            return future.result()
        except Exception as error:  # noqa: BLE001 - whatever the cluster says of one notebook must not stop the others
            return self._broken(job, error)


def _close_broken(job: Job, error: Exception) -> float:
    executed.close_broken(job, type(error).__name__, " ".join(str(error).split()))
    return 0.0
