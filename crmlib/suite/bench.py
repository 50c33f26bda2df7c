"""`crmlib bench`: the measurements in ``benchmarks/``, which stay in the clone beside their results."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from crmlib.errors import RunError
from crmlib.words import did_you_mean

__all__ = ["run", "scripts"]


def scripts(folder: Path | None = None) -> dict[str, Path]:
    """Find the measurements by name.

    Parameters
    ----------
    folder
        Where they are; ``benchmarks/`` of the clone by default.

    Raises
    ------
    RunError
        There is no such folder: crmlib was installed from a wheel.
    """
    folder = Path(__file__).resolve().parents[2] / "benchmarks" if folder is None else folder
    found = {path.stem: path for path in sorted(folder.glob("*.py"))}
    if not found:
        raise RunError(
            "The benchmarks and their results stand in crmlib's repository, not in the installed package: clone it, "
            "and run `crmlib bench` there."
        )
    return found


def run(name: str, options: tuple[str, ...] = ()) -> int:
    """Run a measurement in a process of its own; it writes its table and picture.

    Parameters
    ----------
    name
        Which one.
    options
        What it is told, such as ``--small``.

    Returns
    -------
    int
        Its exit status.

    Raises
    ------
    RunError
        There is no such measurement.
    """
    known = scripts()
    if name not in known:
        raise RunError(f"There is no benchmark {name!r}. {did_you_mean(name, known)}")
    return subprocess.run([sys.executable, str(known[name]), *options], check=False).returncode  # noqa: S603 - our own
