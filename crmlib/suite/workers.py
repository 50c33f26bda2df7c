"""Notebooks side by side in worker processes, such that the death of one worker is the failure of one notebook.

What a worker does is a function of one task: to run a notebook, by default; to grade a submission, for grading.
"""

from __future__ import annotations

import concurrent.futures
import multiprocessing
from concurrent.futures.process import BrokenProcessPool
from typing import TYPE_CHECKING, Any, Self

from crmlib.suite import executed
from crmlib.suite.execute import execute, start_worker

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from crmlib.suite.executed import Job

_LOOK_EVERY = 0.1


class Workers:
    """As many workers as notebooks may run at once.

    Each is an executor of one process: a shared pool gives up all that it runs when one of its processes dies.

    Parameters
    ----------
    count
        How many notebooks may run at once.
    work
        What a worker does with a task; it must be a function that the worker can import.
    broken
        Is called here with a task whose worker has died, and gives what stands for its result.
    """

    def __init__(
        self, count: int, work: Callable[[Any], Any] = execute, broken: Callable[[Any], Any] | None = None
    ) -> None:
        self._work = work
        self._broken = broken or _close_broken
        self._idle = [_new_worker() for _ in range(count)]
        self._busy: dict[concurrent.futures.Future[Any], tuple[Any, concurrent.futures.Executor]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        executors = [*self._idle, *(worker for _, worker in self._busy.values())]
        if kind is not None:
            # Interrupted: each worker takes its kernel with it when it is told to end.
            for process in multiprocessing.active_children():
                process.terminate()
        for executor in executors:
            executor.shutdown(wait=True, cancel_futures=True)

    def run(
        self, jobs: Iterable[Any], *, on_start: Callable[[Any], None], on_wait: Callable[[], None]
    ) -> Iterator[tuple[Any, Any]]:
        """Run notebooks and give each with its result (its seconds) as it ends; a broken worker is replaced.

        Parameters
        ----------
        jobs
            What to run, in order.
        on_start
            Is told each notebook as it starts.
        on_wait
            Is called several times a second.
        """
        waiting = list(jobs)
        while waiting or self._busy:
            while waiting and self._idle:
                worker, job = self._idle.pop(), waiting.pop(0)
                on_start(job)
                self._busy[worker.submit(self._work, job)] = (job, worker)
            ended, _ = concurrent.futures.wait(
                self._busy, timeout=_LOOK_EVERY, return_when=concurrent.futures.FIRST_COMPLETED
            )
            on_wait()
            for future in ended:
                job, worker = self._busy.pop(future)
                yield job, self._result(job, worker, future)

    def _result(self, job: Any, worker: concurrent.futures.Executor, future: concurrent.futures.Future[Any]) -> Any:
        try:
            result = future.result()
        except BrokenProcessPool:
            worker.shutdown(wait=False)
            self._idle.append(_new_worker())
            return self._broken(job)
        self._idle.append(worker)
        return result


def _close_broken(job: Job) -> float:
    executed.close_broken(job, "WorkerDied", "the process that ran the notebook was killed (out of memory?)")
    return 0.0


def _new_worker() -> concurrent.futures.Executor:
    return concurrent.futures.ProcessPoolExecutor(
        max_workers=1, mp_context=multiprocessing.get_context("spawn"), initializer=start_worker
    )
