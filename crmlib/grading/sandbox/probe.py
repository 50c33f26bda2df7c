"""Whether this machine can run submissions safely; if it cannot, what to do about it."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass

from crmlib.errors import GradingError
from crmlib.grading.sandbox.box import BARE_ENVIRONMENT, Box, missing_programs
from crmlib.grading.sandbox.limits import Cgroup

__all__ = ["Probe", "probe"]

_ANSWER = "inside"
_WITHIN = 30
_PACKAGES = {"bwrap": "bubblewrap", "prlimit": "util-linux", "setpriv": "util-linux", "unshare": "util-linux"}
_INSTEAD = "Or grade submissions that you trust with --sandbox none: the gradebook will say so."


@dataclass(frozen=True)
class Probe:
    """What a probe found.

    Attributes
    ----------
    version
        Of bubblewrap.
    cgroup
        Whether a control group bounds the memory and the processes of a run as a whole.
    """

    version: str
    cgroup: bool

    def __str__(self) -> str:
        whole = (
            "memory and processes bounded as a whole"
            if self.cgroup
            else ("no control group can be made here, so memory and processes are bounded for each process only")
        )
        return f"{self.version}; {whole}"


def probe() -> Probe:
    """Start a program in the sandbox, and find whether a control group can be made.

    Returns
    -------
    Probe
        What the gradebook says about the sandbox.

    Raises
    ------
    GradingError
        The sandbox does not work here; the message says why, and what to do.
    """
    _require_programs()
    cgroup = Cgroup.make(memory_mb=64)
    try:
        ended = subprocess.run(  # noqa: S603 - our own command
            Box(cgroup=cgroup).command(["/bin/echo", _ANSWER]),
            env=BARE_ENVIRONMENT,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_WITHIN,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise GradingError(f"bubblewrap did not start within {_WITHIN} seconds. {_INSTEAD}") from None
    finally:
        if cgroup:
            cgroup.remove()
    if ended.returncode != 0 or ended.stdout.strip() != _ANSWER:
        raise GradingError(f"{_why(ended.stderr)} {_INSTEAD}")
    said = subprocess.run(["bwrap", "--version"], capture_output=True, text=True, check=False)  # noqa: S607 - on the PATH
    return Probe(version=said.stdout.strip(), cgroup=cgroup is not None)


def _require_programs() -> None:
    if not sys.platform.startswith("linux"):
        raise GradingError(f"The sandbox needs Linux; this is {sys.platform}. {_INSTEAD}")
    missing = missing_programs()
    if missing:
        packages = " ".join(dict.fromkeys(_PACKAGES.get(name, name) for name in missing))
        raise GradingError(
            f"The sandbox needs {', '.join(missing)}, which is not installed. On Debian and Ubuntu: "
            f"apt install {packages}. {_INSTEAD}"
        )


def _why(said: str) -> str:
    """Explain why bubblewrap did not start, from what it said.

    Examples
    --------
    >>> _why("bwrap: setting up uid map: Permission denied")[:52]
    'bubblewrap may not make namespaces for users here (b'
    """
    text = " ".join(said.split())[-300:] or "it said nothing"
    if "Unknown option" in text:
        return f"bubblewrap is too old ({text}): version 0.8 or later is needed."
    if any(part in text for part in ("uid map", "new namespace", "No permissions", "Operation not permitted")):
        return (
            f"bubblewrap may not make namespaces for users here ({text}). On Ubuntu 24.04 and later, AppArmor forbids "
            "them unless it has a profile for bwrap: copy /usr/share/apparmor/extra-profiles/bwrap-userns-restrict to "
            "/etc/apparmor.d and reload AppArmor (package apparmor-profiles). In a container, allow user namespaces."
        )
    return f"bubblewrap does not start here: {text}."
