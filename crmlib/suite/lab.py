"""`crmlib lab`: the notebooks in JupyterLab; from an installed crmlib, a copy that the user may change."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from crmlib.errors import require_extra
from crmlib.files import digest, json_text, write_whole
from crmlib.suite.shelf import notebooks_folder

COPY = "crm-notebooks"
_COPIED = ".copied-by-crmlib.json"


@dataclass(frozen=True)
class Copied:
    """What copying the notebooks did.

    Attributes
    ----------
    written
        Notebooks that were copied, or brought up to date.
    kept
        Notebooks that the user has changed, and that were left as they are.
    """

    written: list[str]
    kept: list[str]


def is_clone(notebooks: Path) -> bool:
    """Say whether the notebooks stand in a clone, where their authors work on them in place.

    Examples
    --------
    >>> is_clone(Path("somewhere/crmlib/notebooks"))
    False
    """
    return (notebooks.parent / "pyproject.toml").is_file()


def copy_notebooks(to: Path, notebooks: Path | None = None) -> Copied:
    """Copy the notebooks to a folder; what the user changed there is never overwritten."""
    notebooks = notebooks_folder() if notebooks is None else notebooks
    note = to / _COPIED
    try:
        before: dict[str, str] = json.loads(note.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        before = {}
    after = dict(before)
    written, kept = [], []
    for source in sorted(notebooks.rglob("*.ipynb")):
        name = source.relative_to(notebooks).as_posix()
        if any(part.startswith(".") for part in Path(name).parts):
            continue
        content, target = source.read_bytes(), to / name
        if target.exists() and target.read_bytes() != content and digest(target.read_bytes()) != before.get(name):
            kept.append(name)
            continue
        if not target.exists() or target.read_bytes() != content:
            write_whole(target, content)
            written.append(name)
        after[name] = digest(content)
    if after != before:
        write_whole(note, json_text(after))
    return Copied(written, kept)


def start(folder: Path, options: tuple[str, ...] = ()) -> int:
    """Start JupyterLab on a folder, and give its exit status when it ends."""
    require_extra("course", "Opening notebooks", "jupyterlab")
    # Ctrl-C reaches JupyterLab itself, which asks before it stops.
    process = subprocess.Popen([sys.executable, "-m", "jupyterlab", str(folder), *options])  # noqa: S603
    while True:
        try:
            return process.wait()
        except KeyboardInterrupt:
            continue
