"""What a run remembers, so that `--resume` runs again only what it must."""

from __future__ import annotations

import contextlib
import importlib.metadata
import json
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crmlib.errors import RunError
from crmlib.files import digest, json_text, write_whole

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from crmlib.suite.executed import Job

STATE_FOLDER = ".state"


def key_of(notebook: Path, parameters: Mapping[str, Any], depends_on: str) -> str:
    """Identify a notebook's result by all that it depends on: its source, its parameters, the rest."""
    return digest(notebook.read_bytes(), json.dumps(parameters, sort_keys=True, default=str), depends_on)


def code_fingerprint() -> str:
    """Identify the code that notebooks run on: crmlib's own files, Python, and the packages crmlib asks for.

    Examples
    --------
    >>> code_fingerprint() == code_fingerprint()
    True
    """
    package = Path(__file__).resolve().parents[1]
    kinds = {".py", ".sql", ".toml", ".csv"}
    files = sorted(
        p for p in package.rglob("*") if p.suffix in kinds and p.relative_to(package).parts[0] != "notebooks"
    )
    own = [part for p in files for part in (p.relative_to(package).as_posix(), p.read_bytes())]
    return digest(sys.version, *_versions(), *own)


def _versions() -> list[str]:
    with contextlib.suppress(importlib.metadata.PackageNotFoundError):
        names = [re.split(r"[^A-Za-z0-9._-]", line)[0] for line in importlib.metadata.requires("crmlib") or []]
        installed = {d.metadata["Name"].lower(): d.version for d in importlib.metadata.distributions()}
        return [f"{name} {installed.get(name.lower(), '-')}" for name in sorted(names)]
    return []


def is_done(job: Job) -> bool:
    """Say whether a notebook's executed file is there, ran to its end, and still is what this run would make."""
    try:
        state = json.loads(job.state.read_text(encoding="utf-8"))
        content = job.output.read_bytes()
    except (OSError, ValueError):
        return False
    return bool(state == {"key": job.key, "notebook": digest(content)})


def mark_done(job: Job) -> None:
    """Remember that a notebook is done; called only when its executed file is in place."""
    write_whole(job.state, json_text({"key": job.key, "notebook": digest(job.output.read_bytes())}))


def forget(job: Job) -> None:
    """Forget what is known of a notebook that is about to run."""
    for leftover in (job.state, job.progress, job.part):
        leftover.unlink(missing_ok=True)


@contextlib.contextmanager
def only_run_in(folder: Path) -> Iterator[None]:
    """Hold a run's folder for oneself; the system lets go of it, however the process ends."""
    place = folder / STATE_FOLDER
    place.mkdir(parents=True, exist_ok=True)
    with (place / "lock").open("w") as lock:
        try:
            import fcntl
        except ImportError:  # Windows has no such lock: the reader of the docs is asked not to run twice
            yield
            return
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise RunError(
                f"Another `crmlib run` is writing to {folder}: wait for it, or choose another --out."
            ) from None
        yield
