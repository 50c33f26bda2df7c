"""What one run may use: limits on each of its processes, and on all of them together where the machine lets us."""

from __future__ import annotations

import contextlib
import math
import os
import secrets
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Self

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["FILES", "PROCESSES", "Cgroup", "Limits", "cell_seconds", "per_process", "prlimit_options"]

PROCESSES = 128  # threads count: a kernel has a dozen, DuckDB one for each processor
FILES = 512
FILE_BYTES = 128 * 2**20
TMP_BYTES = 256 * 2**20
SHARED_MEMORY_BYTES = 64 * 2**20
_MIB = 2**20
_CELLS_SHARE = 4
_CELL_AT_LEAST = 10
_REMOVE_WITHIN = 2.0


class Limits(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """What one run of a submission may use.

    Attributes
    ----------
    seconds
        By the clock on the wall, from the first cell to the last. Runs that are begun again without a broken cell
        take twice as long at most, all together.
    memory_mb
        Address space.
    output_mb
        The executed notebook, outputs and all.
    """

    seconds: Annotated[float, msgspec.Meta(gt=0)] = 120
    memory_mb: Annotated[int, msgspec.Meta(ge=64)] = 4096
    output_mb: Annotated[int, msgspec.Meta(ge=1)] = 20


def cell_seconds(limits: Limits) -> float:
    """Return how long one cell may take: a share of the run, and never so little that a busy machine fails it.

    Parameters
    ----------
    limits
        The exercise's.

    Examples
    --------
    >>> cell_seconds(Limits(seconds=120)), cell_seconds(Limits(seconds=20)), cell_seconds(Limits(seconds=3))
    (30.0, 10, 3)
    """
    return max(limits.seconds / _CELLS_SHARE, min(limits.seconds, _CELL_AT_LEAST))


def per_process(limits: Limits) -> dict[str, int]:
    """Give the limits of each process of a run, by the names that `resource` and `prlimit` share.

    CPU time is twice the time on the wall, since queries run on more than one thread.

    Parameters
    ----------
    limits
        The exercise's.

    Examples
    --------
    >>> per_process(Limits(seconds=60))["CPU"]
    120
    """
    return {
        "AS": limits.memory_mb * _MIB,
        "CPU": math.ceil(2 * limits.seconds),
        "NPROC": PROCESSES,
        "FSIZE": FILE_BYTES,
        "NOFILE": FILES,
        "CORE": 0,
    }


def prlimit_options(limits: Limits) -> list[str]:
    """Give the same limits as options of the program ``prlimit``.

    Examples
    --------
    >>> prlimit_options(Limits())[1]
    '--cpu=240'
    """
    return [f"--{name.lower()}={value}" for name, value in per_process(limits).items()]


class Cgroup:
    """A control group that bounds the memory and the processes of a sandbox as a whole.

    Limits of single processes add up: a hundred processes of 4 GB each are within them.

    Parameters
    ----------
    folders
        Where the group is: one folder, or one for each controller (version 1).
    """

    def __init__(self, folders: list[Path]) -> None:
        self._folders = folders

    @classmethod
    def make(cls, memory_mb: int, processes: int = 2 * PROCESSES) -> Self | None:
        """Make a group below, or beside, the one that this process is in.

        Parameters
        ----------
        memory_mb
            Of all processes together, files in memory included.
        processes
            How many there may be, threads included.

        Returns
        -------
        Cgroup or None
            None where this user may not make one.
        """
        name = f"crmlib-{os.getpid()}-{secrets.token_hex(4)}"
        values = {"memory": str(memory_mb * _MIB), "pids": str(processes)}
        for places in _candidates():
            made: list[Path] = []
            _sweep(places)
            try:
                for folder, controllers in places.items():
                    own = folder / name
                    own.mkdir()
                    made.append(own)
                    for controller in controllers:
                        _limit(own, controller, values[controller])
            except OSError:
                cls(made).remove()
                continue
            return cls(made)
        return None

    @property
    def doors(self) -> list[Path]:
        """The files that a process writes its id to in order to enter."""
        return [folder / "cgroup.procs" for folder in self._folders]

    def out_of_memory(self) -> int:
        """Count the processes that were killed because the group's memory ran out."""
        for folder in self._folders:
            for name in ("memory.events", "memory.oom_control"):
                with contextlib.suppress(OSError):
                    for line in (folder / name).read_text(encoding="ascii").splitlines():
                        key, _, value = line.partition(" ")
                        if key == "oom_kill":
                            return int(value)
        return 0

    def remove(self) -> None:
        """Remove the group, once its processes are gone."""
        give_up = time.monotonic() + _REMOVE_WITHIN
        for folder in self._folders:
            while folder.exists() and time.monotonic() < give_up:
                with contextlib.suppress(OSError):
                    folder.rmdir()
                    break
                time.sleep(0.01)


def _sweep(places: Iterable[Path]) -> None:
    """Remove the groups of runners that were killed before they could."""
    for place in places:
        for group in place.glob("crmlib-*-*"):
            owner = group.name.split("-")[1]
            if not Path("/proc", owner).exists():
                with contextlib.suppress(OSError):
                    group.rmdir()


def _limit(group: Path, controller: str, value: str) -> None:
    name = {"memory": ("memory.max", "memory.limit_in_bytes"), "pids": ("pids.max",)}[controller]
    files = [group / one for one in name if (group / one).exists()]
    if not files:
        raise FileNotFoundError(f"{group} has no controller {controller!r}")
    files[0].write_text(value, encoding="ascii")
    with contextlib.suppress(OSError):  # no swap, where it is counted: a full memory ends the run, it does not crawl
        (group / "memory.swap.max").write_text("0", encoding="ascii")


def _candidates() -> Iterator[dict[Path, tuple[str, ...]]]:
    """Yield places where a group might be made: folder to the controllers that it is to bound there."""
    root = Path("/sys/fs/cgroup")
    try:
        lines = Path("/proc/self/cgroup").read_text(encoding="utf-8").splitlines()
    except OSError:
        return
    own = {names: path.lstrip("/") for _, names, path in (line.split(":", 2) for line in lines)}
    if (root / "cgroup.controllers").exists() and "" in own:  # version 2
        here = root / own[""]
        yield {here: ("memory", "pids")}
        if here != root:
            yield {here.parent: ("memory", "pids")}
    elif {"memory", "pids"} <= own.keys():  # version 1
        yield {root / "memory" / own["memory"]: ("memory",), root / "pids" / own["pids"]: ("pids",)}
