"""The box that a submission runs in: a bubblewrap command, and for root the step that drops to nobody before it.

What is inside: the system's programs and libraries, Python with its packages, crmlib, and the folders that a run is
given, all read-only; a small /tmp and /dev/shm in memory. What is not: a network, the home folder, the repository
with its exercises, other processes, any environment but our own.
"""

from __future__ import annotations

import os
import shutil
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from crmlib.grading.sandbox import limits as bounds

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from crmlib.grading.sandbox.limits import Cgroup

__all__ = ["BARE_ENVIRONMENT", "DATA", "STORE", "Box", "inside_environment"]

PACKAGE = Path(__file__).resolve().parents[2]  # crmlib, wherever it is installed
DATA = "/data/shop"  # where a run sees its shop
STORE = "/store"  # where the preloaded process keeps all shops, out of the runs' sight
LIBRARY = "/opt/crmlib"
WORK = "/tmp/work"  # noqa: S108 - inside the box, where /tmp belongs to one run
NOBODY = 65534
BARE_ENVIRONMENT = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}  # of bwrap itself: it can be read inside, in /proc/1

# Real root is free of the limit on processes, so root becomes nobody before bwrap starts. As nobody cannot see
# folders such as /root, they are first bound to where everybody can, in a mount namespace that ends with the run.
_STAGE = """set -e
for door in $1; do echo $$ > "$door"; done
folders=$2
shift 2
if [ "$folders" -gt 0 ]; then
  mount -t tmpfs -o mode=0755,size=64k stage /mnt
  number=0
  while [ "$number" -lt "$folders" ]; do
    mkdir "/mnt/$number"
    mount --bind "$1" "/mnt/$number"
    shift
    number=$((number + 1))
  done
fi
exec "$@"
"""


@dataclass(frozen=True)
class Box:
    """How to start a program in the sandbox.

    Attributes
    ----------
    mounts
        Path inside the box to folder outside it; read-only.
    folders
        Empty folders to have inside, as places to mount on.
    nested
        Whether the program may make namespaces of its own.
    cgroup
        The control group that it is to enter, if there is one.
    environment
        What is set inside beside `inside_environment`.
    """

    mounts: Mapping[str, Path] = field(default_factory=dict)
    folders: Sequence[str] = ()
    nested: bool = False
    cgroup: Cgroup | None = None
    environment: Mapping[str, str] = field(default_factory=dict)

    def command(self, program: Sequence[str]) -> list[str]:
        """Give the command line that starts a program in the box.

        Start it with `BARE_ENVIRONMENT`, for what bwrap is given can be read inside.

        Parameters
        ----------
        program
            The program and its arguments, as seen inside.

        Examples
        --------
        >>> "--unshare-all" in Box().command(["true"])
        True
        """
        mounts = dict(sorted({**_own_mounts(), **self.mounts}.items()))
        doors = " ".join(str(door) for door in self.cgroup.doors) if self.cgroup else ""
        if os.geteuid() != 0:
            wrapped = [*self._bwrap({inside: str(path) for inside, path in mounts.items()}), *program]
            return ["/bin/sh", "-c", _STAGE, "sh", doors, "0", *wrapped] if doors else wrapped
        staged = {inside: f"/mnt/{number}" for number, inside in enumerate(mounts)}
        outside = [str(path) for path in mounts.values()]
        nobody = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", "--inh-caps=-all"]
        stage = ["/bin/sh", "-c", _STAGE, "sh", doors, str(len(outside)), *outside]
        private = ["unshare", "--mount", "--propagation", "private", "--"]
        return [*private, *stage, *nobody, *self._bwrap(staged), *program]

    def _bwrap(self, mounts: Mapping[str, str]) -> list[str]:
        command = ["bwrap", "--unshare-all", "--unshare-user", "--die-with-parent", "--new-session"]
        if not self.nested:
            command += ["--disable-userns"]
        command += ["--clearenv", "--cap-drop", "ALL", "--uid", "1000", "--gid", "1000", "--hostname", "grader"]
        command += [*_system(), "--proc", "/proc", "--dev", "/dev"]
        command += ["--size", str(bounds.SHARED_MEMORY_BYTES), "--tmpfs", "/dev/shm"]  # noqa: S108 - inside the box
        command += ["--size", str(bounds.TMP_BYTES), "--tmpfs", "/tmp", "--dir", WORK]  # noqa: S108 - inside the box
        for inside, outside in mounts.items():
            command += ["--ro-bind", outside, inside]
        for masked in _masked():
            command += ["--tmpfs", masked, "--remount-ro", masked]
        for folder in self.folders:
            command += ["--dir", folder]
        command += ["--remount-ro", "/dev", "--remount-ro", "/", "--chdir", WORK]
        for name, value in {**inside_environment(), **self.environment}.items():
            command += ["--setenv", name, value]
        return [*command, "--"]


def inside_environment() -> dict[str, str]:
    """Give what the environment inside the box always holds.

    Examples
    --------
    >>> inside_environment()["HOME"]
    '/tmp/work'
    """
    return {
        "PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin",
        "HOME": WORK,
        "USER": "student",
        "LOGNAME": "student",
        "LANG": "C.UTF-8",
        "TZ": "UTC",
        "TMPDIR": "/tmp",  # noqa: S108 - inside the box
        "MPLCONFIGDIR": "/tmp/matplotlib",  # noqa: S108 - inside the box
        "PYTHONPATH": LIBRARY,
        "PYTHONNOUSERSITE": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
        "JUPYTER_PLATFORM_DIRS": "1",
        "JE_ARROW_MALLOC_CONF": "background_thread:false",  # a process with a second thread cannot be forked safely
    }


def _own_mounts() -> dict[str, Path]:
    """Give the folders of Python and of crmlib: path inside to path outside."""
    mounts = {f"{LIBRARY}/crmlib": PACKAGE}
    for prefix in (sys.base_prefix, sys.prefix):
        if not Path(prefix).is_relative_to("/usr"):
            mounts[prefix] = Path(prefix)
    return mounts


def _masked() -> list[str]:
    """Name folders of an installed crmlib that a submission must not see: the exercises hold their solutions."""
    if not (PACKAGE / "exercises").is_dir():
        return []
    places = [f"{LIBRARY}/crmlib/exercises"]
    if PACKAGE.is_relative_to(sys.prefix):
        places.append(str(PACKAGE / "exercises"))
    return places


def _system() -> list[str]:
    options = ["--ro-bind", "/usr", "/usr"]
    for name in ("bin", "sbin", "lib", "lib32", "lib64"):
        path = Path("/", name)
        if path.is_symlink():
            options += ["--symlink", str(path.readlink()).lstrip("/"), str(path)]
        elif path.is_dir():
            options += ["--ro-bind", str(path), str(path)]
    for name in ("/etc/ld.so.cache", "/etc/alternatives", "/etc/fonts"):
        options += ["--ro-bind-try", name, name]
    return options


def missing_programs() -> list[str]:
    """Name the programs that the sandbox needs and that are not there.

    Examples
    --------
    >>> isinstance(missing_programs(), list)
    True
    """
    needed = ["bwrap", "prlimit"]
    if os.geteuid() == 0:
        needed += ["setpriv", "unshare", "mount"]
    return [name for name in needed if shutil.which(name, path=BARE_ENVIRONMENT["PATH"]) is None]
