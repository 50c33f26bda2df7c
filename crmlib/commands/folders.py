"""Folders that commands write to: one rule for all, checked before anything is read.

A folder is made, or it is empty, or the same command made it before. What is somebody else's is left alone.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import click

from crmlib.errors import RunError

__all__ = ["OutFolder", "check_out"]


class OutFolder(click.ParamType[Path]):
    """The type of ``--out``.

    Parameters
    ----------
    marks
        Names of what the command leaves in a folder, by which it knows its own; none where the folder must be new.
    """

    name = "directory"

    def __init__(self, *marks: str) -> None:
        self.marks = marks

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Path:  # noqa: ARG002 - click's
        """Return the folder, or refuse it.

        Parameters
        ----------
        value
            What was typed.
        param, ctx
            As click gives them.
        """
        path = Path(value)
        check_out(path, self.marks)
        return path

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[Any]:  # noqa: ARG002 - click's
        """Let the shell name folders.

        Parameters
        ----------
        ctx, param
            As click gives them.
        incomplete
            What was typed so far.
        """
        from click.shell_completion import CompletionItem

        return [CompletionItem(incomplete, type="dir")]


def check_out(folder: Path, marks: tuple[str, ...] = ()) -> None:
    """Refuse a folder that cannot be written to, or that holds what is somebody else's.

    Parameters
    ----------
    folder
        There or not.
    marks
        Names of what the command leaves in a folder of its own.

    Raises
    ------
    RunError
        It is a file, cannot be made or written to, or is neither empty nor the command's own.
    """
    try:
        if folder.exists() and not folder.is_dir():
            raise RunError(f"--out {folder} is a file. Name a folder.")
        made = _make(folder)
        try:
            _try_to_write(folder)
        finally:
            for each in reversed(made):
                each.rmdir()
        content = [] if made else sorted(each.name for each in folder.iterdir())
    except OSError as error:
        why = (error.strerror or type(error).__name__).lower()
        raise RunError(f"--out {folder} cannot be written to ({why}). Name another folder.") from None
    if content and not any(mark in content for mark in marks):
        own = ", or one that the same command wrote to before" if marks else ""
        raise RunError(f"--out {folder} is not empty: it holds {content[0]}. Name a new folder{own}.")


def _make(folder: Path) -> list[Path]:
    """Make a folder and those above it, and return those that were made, the outermost first."""
    missing = []
    for each in (folder, *folder.parents):
        if each.exists():
            break
        missing.append(each)
    made: list[Path] = []
    try:
        for each in reversed(missing):
            each.mkdir()
            made.append(each)
    except OSError:
        for each in reversed(made):
            each.rmdir()
        raise
    return made


def _try_to_write(folder: Path) -> None:
    """Write a file and remove it: rights on a share are not what they look like."""
    file = folder / f".crmlib-{os.getpid()}"
    file.touch()
    file.unlink()
