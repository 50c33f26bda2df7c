"""The preloaded process inside the sandbox: it forks a process for each run, which enters namespaces of its own.

It has imported what notebooks import, and has never run, read or parsed anything of a student's: a run's notebook
comes as an open file that only the forked process reads, and its outputs leave through a pipe of its own. What the
process does between the fork and the first cell is all in `_confine`.

Started as ``python -m crmlib.grading.sandbox.zygote FD``, where FD is a socket to the trusted side.
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import gc
import importlib
import json
import os
import random
import resource
import select
import signal
import socket
import struct
import sys
from pathlib import Path
from typing import Any, NoReturn

from crmlib.grading.sandbox.frames import is_run

__all__ = ["main"]

PRELOADED = (
    "numpy",
    "pandas",
    "pyarrow",
    "pyarrow.parquet",
    "duckdb",
    "scipy.optimize",
    "scipy.special",
    "scipy.stats",
    "matplotlib.pyplot",
    "matplotlib.backends.backend_agg",
    "seaborn",
    "IPython.display",
    "ipywidgets",
    "crmlib",
    "crmlib.clv",
    "crmlib.engine",
    "crmlib.grading",
    "crmlib.personas",
    "crmlib.plots",
    "crmlib.rfm",
    "crmlib.shop",
)

_CLONE_NEWNS, _CLONE_NEWIPC, _CLONE_NEWUSER = 0x00020000, 0x08000000, 0x10000000
_CLONE_NEWPID, _CLONE_NEWNET = 0x20000000, 0x40000000
_MS_RDONLY, _MS_NOSUID, _MS_NODEV, _MS_NOEXEC, _MS_BIND, _MS_REC = 1, 2, 4, 8, 4096, 16384
_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE, _PR_CAPBSET_DROP, _PR_SET_NO_NEW_PRIVS = 1, 4, 24, 38
_CAPABILITY_VERSION = 0x20080522
_LAST_CAPABILITY = 63
_SIOCSIFFLAGS, _IFF_UP = 0x8914, 1
_MESSAGE = 65_536

_libc = ctypes.CDLL(None, use_errno=True)


def _call(name: str, *arguments: Any) -> None:
    if getattr(_libc, name)(*arguments) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{name}: {os.strerror(number)}")


def _mount(kind: str, source: str, target: str, flags: int, options: str = "") -> None:
    """Call mount(2)."""
    _call("mount", source.encode(), target.encode(), kind.encode(), flags, options.encode() or None)


def _write(path: str, text: str) -> None:
    Path(path).write_text(text, encoding="ascii")


def _raise_loopback() -> None:
    """Let the run's processes talk to one another, as they can in any other sandbox; there is nobody else."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, _SIOCSIFFLAGS, struct.pack("16sh22x", b"lo", _IFF_UP))


def _give_up_capabilities() -> None:
    for capability in range(_LAST_CAPABILITY + 1):
        _libc.prctl(_PR_CAPBSET_DROP, capability, 0, 0, 0)  # those that the kernel does not know fail, rightly
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION, 0)
    _call("capset", header, (ctypes.c_uint32 * 6)())
    _call("prctl", _PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)


def _opened_below(folder: str) -> dict[str, int]:
    """Open what is mounted below a folder, such that it can be mounted again once the folder is covered."""
    lines = Path("/proc/self/mountinfo").read_text(encoding="utf-8").splitlines()
    places = sorted(line.split()[4].encode().decode("unicode_escape") for line in lines)
    found: dict[str, int] = {}
    for place in places:
        if place.startswith(f"{folder}/") and not any(place.startswith(f"{other}/") for other in found):
            found[place] = os.open(place, os.O_PATH | os.O_CLOEXEC)
    return found


def _confine(task: dict[str, Any]) -> None:
    """Enter namespaces of one's own: the process that comes back is in all of them, without any capability.

    Three processes take part. The first makes the namespaces; the second, process 1 in them, gathers dead processes
    and ends with the first; the third comes back. When it ends, the second does, and the kernel kills all others.
    """
    user = os.getuid()
    _call("unshare", _CLONE_NEWUSER | _CLONE_NEWNS | _CLONE_NEWPID | _CLONE_NEWIPC | _CLONE_NEWNET)
    _write("/proc/self/setgroups", "deny")
    _write("/proc/self/uid_map", f"{user} {user} 1")
    _write("/proc/self/gid_map", f"{user} {user} 1")
    _raise_loopback()
    if task["shop"]:
        _mount("", task["shop"], "/data/shop", _MS_BIND)
    below = _opened_below("/tmp")  # noqa: S108 - a clone may stand there; the box's own /tmp covers it
    for folder, size in (("/store", 0), ("/dev/shm", task["shared_memory"]), ("/tmp", task["tmp"])):  # noqa: S108
        flags = _MS_NOSUID | _MS_NODEV | (_MS_RDONLY if size == 0 else 0)
        _mount("tmpfs", "tmpfs", folder, flags, f"size={size or 4096},mode=1777")
    for place, handle in below.items():
        Path(place).mkdir(parents=True)
        _mount("", f"/proc/self/fd/{handle}", place, _MS_BIND | _MS_REC)  # read-only, as what it is a view of
        os.close(handle)
    _follow(_fork(), die_with_parent=True)
    _mount("proc", "proc", "/proc", _MS_NOSUID | _MS_NODEV | _MS_NOEXEC)
    _write("/proc/sys/user/max_user_namespaces", "0")
    _give_up_capabilities()
    _follow(_fork(), die_with_parent=False)
    for name, value in task["limits"].items():
        resource.setrlimit(getattr(resource, f"RLIMIT_{name}"), (value, value))
    Path(task["work"]).mkdir()
    os.chdir(task["work"])


def _fork() -> int:
    with contextlib.suppress(OSError):
        return os.fork()
    os._exit(71)


def _follow(child: int, *, die_with_parent: bool) -> None:
    """In the parent: wait for the child, and end as it did. In the child: come back."""
    if child == 0:
        if die_with_parent:
            _call("prctl", _PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        return
    _libc.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)  # what the notebook starts may not look into this process
    os.closerange(0, resource.getrlimit(resource.RLIMIT_NOFILE)[0])
    while True:
        ended, status = os.wait()
        if ended == child:
            os._exit(os.waitstatus_to_exitcode(status) & 0xFF)  # killed by signal n: 256 - n


def _run(task: dict[str, Any], notebook: int, outputs: int) -> NoReturn:
    """Run a notebook in the process just forked."""
    try:
        _confine(task)
        with os.fdopen(notebook, "rb") as file:
            cells = json.load(file)["cells"]
        random.seed()
        sys.modules["numpy"].random.seed()
        gc.enable()
        from crmlib.grading.sandbox.shell import run_cells

        run_cells(cells, [number for number, cell in enumerate(cells) if is_run(cell)], outputs)
    except BaseException as error:  # noqa: BLE001 - nothing may come back into the zygote's loop
        with contextlib.suppress(BaseException):
            reason = f"{type(error).__name__}: {error}"
            os.write(outputs, json.dumps({"type": "broken", "reason": reason[:300]}).encode() + b"\n")
        os._exit(70)
    os._exit(0)


def _threads() -> int:
    return len(list(Path("/proc/self/task").iterdir()))


def _preload() -> list[str]:
    missing = []
    for name in PRELOADED:
        try:
            importlib.import_module(name)
        except ImportError as error:
            missing.append(f"{name}: {error}")
    from crmlib.grading.sandbox.shell import make_shell, warm_up

    warm_up(make_shell())
    return missing


def main(control: socket.socket) -> None:
    """Serve runs, one at a time, until the trusted side closes the socket.

    Parameters
    ----------
    control
        Where runs are asked for, each with two open files: the notebook to read, the pipe to write to.
    """
    missing = _preload()
    gc.collect()
    gc.freeze()  # what is loaded stays shared with the forks, as nothing marks it
    gc.disable()
    control.send(json.dumps({"ready": True, "threads": _threads(), "missing": missing}).encode())
    while True:
        message, files, _, _ = socket.recv_fds(control, _MESSAGE, 2)
        if not message:
            return
        task = json.loads(message)
        if "run" not in task:
            continue  # the end of a run that has ended meanwhile
        if _threads() != 1:  # a lock that another thread holds would be held for ever in the fork
            for file in files:
                os.close(file)
            control.send(json.dumps({"refused": "the preloaded process has more than one thread"}).encode())
            continue
        child = os.fork()
        if child == 0:
            control.close()
            _run(task["run"], *files)
        for file in files:
            os.close(file)
        control.send(json.dumps({"ended": _wait(child, control)}).encode())


def _wait(child: int, control: socket.socket) -> int:
    """Wait for the run to end, or for the word to end it; give its exit status."""
    ended = os.pidfd_open(child)
    try:
        ready, _, _ = select.select([ended, control.fileno()], [], [])
        if ended not in ready:
            control.recv(_MESSAGE)  # the only word there is: stop; or the trusted side is gone
            os.kill(child, signal.SIGKILL)
    finally:
        os.close(ended)
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status)


if __name__ == "__main__":
    with socket.socket(fileno=int(sys.argv[1])) as channel:
        main(channel)
